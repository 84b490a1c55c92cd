//! Signed lists and EF.CardSecurity, made here piece by piece.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use crypto::HashAlgorithm;
use lds::cms::{OID_MESSAGE_DIGEST, OID_SIGNED_DATA, SignerIdentifier};
use lds::defect_list::{Defect, KnownDefect, OID_DEFECT_LIST};
use lds::deviation_list::{DocumentSigner, OID_DEVIATION_LIST};
use lds::master_list::{CscaMasterList, OID_CSCA_MASTER_LIST};
use lds::security_info::{PaceInfo, SecurityInfo, encode_set};
use lds::tlv::{encode, encode_all, encode_oid, encode_unsigned, tag};
use lds::{CardSecurity, DefectList, DeviationList, Error, MasterList};

const SHA256: &str = "2.16.840.1.101.3.4.2.1";

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    encode_all(tag::SEQUENCE, parts)
}

fn set(parts: &[Vec<u8>]) -> Vec<u8> {
    encode_all(tag::SET, parts)
}

/// SignedData over `content`, with one certificate beside it.
fn signed(content_type: &str, content: &[u8]) -> Vec<u8> {
    let digest = encode(tag::OCTET_STRING, &HashAlgorithm::Sha256.digest(content));
    let attributes = sequence(&[encode_oid(OID_MESSAGE_DIGEST), encode(tag::SET, &digest)]);
    let signer = sequence(&[
        encode_unsigned(3),
        encode(0x80, &[5; 20]),
        sequence(&[encode_oid(SHA256)]),
        encode(0xA0, &attributes),
        sequence(&[encode_oid("1.2.840.10045.4.3.2")]),
        encode(tag::OCTET_STRING, &[9; 8]),
    ]);
    let content = encode(0xA0, &encode(tag::OCTET_STRING, content));
    let signed_data = sequence(&[
        encode_unsigned(3),
        set(&[sequence(&[encode_oid(SHA256)])]),
        sequence(&[encode_oid(content_type), content]),
        encode(0xA0, &sequence(&[])),
        set(&[signer]),
    ]);
    sequence(&[encode_oid(OID_SIGNED_DATA), encode(0xA0, &signed_data)])
}

fn malformed<T: std::fmt::Debug>(result: lds::Result<T>) -> &'static str {
    match result {
        Err(Error::Malformed { what, .. }) => what,
        other => panic!("{other:?}"),
    }
}

fn certificate(n: u64) -> Vec<u8> {
    sequence(&[encode_unsigned(n)])
}

#[test]
fn a_master_list_is_read_with_its_signer() {
    let list = CscaMasterList { certificates: vec![certificate(1), certificate(2)] };
    let content = list.encode();
    let read = MasterList::parse(&signed(OID_CSCA_MASTER_LIST, &content)).unwrap();
    assert_eq!(read.list, list);
    assert_eq!(read.econtent_raw, content);
    assert_eq!(read.signer_certificates, [sequence(&[])]);
    assert_eq!(read.signer.sid, SignerIdentifier::SubjectKeyIdentifier(vec![5; 20]));
    assert_eq!(read.signer.message_digest, Some(HashAlgorithm::Sha256.digest(&content)));
    assert_eq!(CscaMasterList::parse(&content), Ok(list));
}

#[test]
fn another_content_or_version_is_no_master_list() {
    let content = CscaMasterList { certificates: vec![certificate(1)] }.encode();
    let other = signed("2.23.136.1.1.1", &content);
    assert_eq!(malformed(MasterList::parse(&other)), "content type: another list");
    let version = sequence(&[encode_unsigned(1), set(&[certificate(1)])]);
    assert_eq!(malformed(CscaMasterList::parse(&version)), "version of the master list");
    let many = CscaMasterList { certificates: vec![certificate(1); 10_001] }.encode();
    assert_eq!(malformed(CscaMasterList::parse(&many)), "master list: too many certificates");
    let error = CscaMasterList::parse(&vec![0; (16 << 20) + 1]).unwrap_err();
    assert_eq!(error, Error::TooLarge { file: "master list", limit: 16 << 20 });
}

#[test]
fn a_master_list_in_ber_is_read() {
    let content = CscaMasterList { certificates: vec![certificate(1)] }.encode();
    let der = signed(OID_CSCA_MASTER_LIST, &content);
    let inner = lds::tlv::read_one("master list", &der, tag::SEQUENCE).unwrap().value;
    let ber = [&[0x30, 0x80], inner, &[0, 0]].concat();
    assert_eq!(MasterList::parse(&ber), MasterList::parse(&der));
    assert!(MasterList::parse(&ber[..ber.len() - 1]).is_err());
}

#[test]
fn certificates_beside_a_list_are_bounded() {
    let content = CscaMasterList { certificates: vec![certificate(1)] }.encode();
    let der = signed(OID_CSCA_MASTER_LIST, &content);
    let empty = [0xA0, 2, 0x30, 0];
    let at = der.windows(4).rposition(|w| w == empty).unwrap();
    // Rebuilt in BER, so that no length above it has to change.
    let many = encode(0xA0, &[0x30, 0].repeat(65));
    let signed_data = der.windows(5).position(|w| w == [2, 1, 3, 0x31, 0x0D]).unwrap();
    let oid = encode_oid(OID_SIGNED_DATA);
    let ber = [
        &[0x30, 0x80][..],
        &oid,
        &[0xA0, 0x80, 0x30, 0x80],
        &der[signed_data..at],
        &many,
        &der[at + 4..],
        &[0; 6],
    ]
    .concat();
    assert_eq!(malformed(MasterList::parse(&ber)), "certificates: too many");
}

#[test]
fn a_deviation_list_is_read() {
    let time = |text: &[u8]| encode(tag::GENERALIZED_TIME, text);
    let documents = sequence(&[
        encode(0x80, b"P<"),
        encode_all(0xA1, &[sequence(&[]), encode_unsigned(7)]),
        encode_all(0xA4, &[time(b"20180101000000Z"), time(b"20181231000000Z")]),
        encode_all(
            0xA5,
            &[encode(tag::PRINTABLE_STRING, b"BB0000001"), encode(tag::PRINTABLE_STRING, b"B2")],
        ),
    ]);
    let description = sequence(&[
        encode(tag::PRINTABLE_STRING, b"wrong"),
        encode_oid("2.23.136.1.1.7.2.3"),
        encode(0xA0, &encode_unsigned(2)),
        encode(0xA1, &encode_unsigned(3)),
    ]);
    let by_digest = sequence(&[encode(0x83, &[1; 32])]);
    let plain = sequence(&[encode_oid("2.23.136.1.1.7.1")]);
    let list = sequence(&[
        encode_unsigned(0),
        sequence(&[encode_oid(SHA256)]),
        set(&[sequence(&[documents, set(&[description])]), sequence(&[by_digest, set(&[plain])])]),
    ]);
    let list = DeviationList::parse(&signed(OID_DEVIATION_LIST, &list)).unwrap();
    assert_eq!(list.digest_algorithm, Some(HashAlgorithm::Sha256));
    let [first, second] = list.deviations.as_slice() else { panic!() };
    let documents = &first.documents;
    assert_eq!(documents.document_type.as_deref(), Some("P<"));
    let named = SignerIdentifier::IssuerAndSerial { issuer_der: sequence(&[]), serial: vec![7] };
    assert_eq!(documents.signer, Some(DocumentSigner::Identifier(named)));
    let (from, to) = documents.issued.unwrap();
    assert_eq!((from.date(), to.date()), ((2018, 1, 1), (2018, 12, 31)));
    assert_eq!(documents.document_numbers, ["BB0000001", "B2"]);
    assert!(!format!("{documents:?}").contains("BB0000001"));
    let description = &first.descriptions[0];
    assert_eq!(description.description.as_deref(), Some("wrong"));
    assert_eq!(description.parameters_der, Some(encode_unsigned(2)));
    assert_eq!(description.national_use_der, Some(encode_unsigned(3)));
    assert_eq!(second.documents.signer, Some(DocumentSigner::CertificateDigest(vec![1; 32])));
    assert_eq!(second.descriptions[0].deviation_type, "2.23.136.1.1.7.1");
}

#[test]
fn a_deviation_list_of_another_version_or_with_more_is_refused() {
    let wrong = sequence(&[encode_unsigned(1), set(&[])]);
    let read = |list: &[u8]| DeviationList::parse(&signed(OID_DEVIATION_LIST, list));
    assert_eq!(malformed(read(&wrong)), "version of the deviation list");
    let deviation = sequence(&[sequence(&[]), set(&[])]);
    let many = sequence(&[encode_unsigned(0), set(&vec![deviation.clone(); 10_001])]);
    assert_eq!(malformed(read(&many)), "deviation list: too long");
    let extra = sequence(&[encode_unsigned(0), set(&[deviation]), encode_unsigned(1)]);
    assert!(matches!(read(&extra), Err(Error::TrailingBytes { .. })));
}

#[test]
fn a_defect_list_is_read() {
    let by_key = sequence(&[
        encode(0x80, &[6; 20]),
        encode(tag::OCTET_STRING, &[1; 32]),
        set(&[sequence(&[encode_oid("0.4.0.127.0.7.3.1.5.1.1"), encode_unsigned(0)])]),
    ]);
    let list = sequence(&[encode_unsigned(0), encode_oid(SHA256), set(&[by_key])]);
    let read = DefectList::parse(&signed(OID_DEFECT_LIST, &list)).unwrap();
    assert_eq!(read.hash_algorithm, HashAlgorithm::Sha256);
    let known = KnownDefect {
        defect_type: "0.4.0.127.0.7.3.1.5.1.1".into(),
        parameters_der: Some(encode_unsigned(0)),
    };
    let expected = Defect {
        document_signer: SignerIdentifier::SubjectKeyIdentifier(vec![6; 20]),
        certificate_hash: Some(vec![1; 32]),
        known_defects: vec![known],
    };
    assert_eq!(read.defects, [expected]);
    let unknown = sequence(&[encode_unsigned(0), encode_oid("1.2.3"), set(&[])]);
    let error = DefectList::parse(&signed(OID_DEFECT_LIST, &unknown)).unwrap_err();
    assert!(matches!(error, Error::UnsupportedAlgorithm { ref oid, .. } if oid == "1.2.3"), "{error}");
}

#[test]
fn ef_card_security_is_read_and_another_content_refused() {
    let infos = vec![SecurityInfo::Pace(PaceInfo::ecdh_generic(crypto::SessionCipher::Aes128, 13))];
    let content = encode_set(&infos);
    let read = CardSecurity::parse(&signed("0.4.0.127.0.7.3.2.1", &content)).unwrap();
    assert_eq!((read.security_infos, read.econtent_raw), (infos, content.clone()));
    assert_eq!(read.certificates, [sequence(&[])]);
    let other = signed("2.23.136.1.1.1", &content);
    assert_eq!(malformed(CardSecurity::parse(&other)), "content type: not a security object");
    let trailing = signed("0.4.0.127.0.7.3.2.1", &[content, vec![5, 0]].concat());
    assert!(matches!(
        CardSecurity::parse(&trailing),
        Err(Error::TrailingBytes { file: "EF.CardSecurity", .. })
    ));
}
