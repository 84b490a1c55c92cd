//! What is written reads back, and hostile files give errors, never a panic.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use crypto::SessionCipher;
use lds::dg2::{FaceImage, ImageFormat};
use lds::dg11::FullDate;
use lds::dg16::PersonToNotify;
use lds::security_info::{
    ActiveAuthenticationInfo, CardInfo, ChipAuthenticationDomainParameterInfo, ChipAuthenticationInfo,
    ChipAuthenticationPublicKeyInfo, KeyAgreement, PaceDomainParameterInfo, PaceInfo, PaceMapping,
    RestrictedIdentificationDomainParameterInfo, RestrictedIdentificationInfo, SecurityInfo,
    TerminalAuthenticationInfo,
};
use lds::tlv::Oid;
use lds::{
    CardAccess, Com, DataGroup, Dg1, Dg2, Dg7, Dg11, Dg12, Dg13, Dg14, Dg15, Dg16, Error, FileId, Mrz, tlv,
};

const JPEG: [u8; 8] = [0xFF, 0xD8, 0xFF, 0xE0, 1, 2, 3, 4];

fn face(image: &[u8]) -> FaceImage {
    FaceImage {
        format: ImageFormat::sniff(image).unwrap_or(ImageFormat::Jpeg),
        image: image.to_vec().into(),
        width: 300,
        height: 400,
    }
}

fn dg1() -> Dg1 {
    let text = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10";
    Dg1 { mrz: Mrz::parse(text).expect("the specimen of Doc 9303-4") }
}

fn dg11() -> Dg11 {
    Dg11 {
        full_name: Some("ÉRIKSSON<<ANNA<MARIA".into()),
        other_names: vec!["ERICSSON<<ANNA".into(), "ANNE".into()],
        personal_number: Some("ZE184226B".into()),
        full_date_of_birth: FullDate::parse(b"19740812"),
        place_of_birth: vec!["SAINT-ÉTIENNE".into(), "42".into()],
        address: vec!["1 RUE".into(), "UTOPIA".into()],
        telephone: Some("1612".into()),
        profession: Some("AGENT".into()),
        title: Some("DR".into()),
        personal_summary: Some("S".into()),
        proof_of_citizenship: Some(JPEG.to_vec()),
        other_document_numbers: vec!["A1".into(), "B2".into()],
        custody: Some("C".into()),
    }
}

fn dg12() -> Dg12 {
    Dg12 {
        issuing_authority: Some("UTOPIA".into()),
        date_of_issue: FullDate::parse(b"20240415"),
        other_persons: vec!["ERIKSSON<<PER".into(), "ERIKSSON<<LENA".into()],
        endorsements: Some("NONE".into()),
        tax_exit_requirements: Some("T".into()),
        image_of_front: Some(JPEG.to_vec()),
        image_of_rear: Some(JPEG.to_vec()),
        personalised_at: Some("20240415093000".into()),
        personalisation_system: Some("P1".into()),
    }
}

/// Doc 9303-10 Appendix A.2.4, but for the lengths, which are misprinted there.
fn dg16() -> Dg16 {
    let person = |date: &[u8], name: &str, telephone: &str, address: &str| PersonToNotify {
        date_recorded: FullDate::parse(date),
        name: Some(name.into()),
        telephone: Some(telephone.into()),
        address: address.split('<').map(str::to_owned).collect(),
    };
    Dg16 {
        persons: vec![
            person(b"20020101", "SMITH<<CHARLES<R", "19525551212", "123 MAPLE RD<ANYTOWN<MN<55100"),
            person(b"20020315", "BROWN<<MARY<J", "14155551212", "49 REDWOOD LN<OCEAN BREEZE<CA<94000"),
        ],
    }
}

fn spki() -> Vec<u8> {
    tlv::encode(0x30, &[5, 0])
}

fn dg14() -> Dg14 {
    let mut infos = vec![
        SecurityInfo::ChipAuthentication(ChipAuthenticationInfo::ecdh(SessionCipher::Aes128, Some(7))),
        SecurityInfo::ChipAuthenticationPublicKey(ChipAuthenticationPublicKeyInfo::ecdh(spki(), Some(7))),
        SecurityInfo::ActiveAuthentication(ActiveAuthenticationInfo {
            version: 1,
            signature_algorithm_oid: Oid::new("0.4.0.127.0.7.1.1.4.1.3"),
        }),
        SecurityInfo::TerminalAuthentication(TerminalAuthenticationInfo {
            version: 1,
            ef_cvca_der: Some(spki()),
        }),
        SecurityInfo::Pace(PaceInfo::ecdh_generic(SessionCipher::Aes256, 13)),
        SecurityInfo::PaceDomainParameter(PaceDomainParameterInfo {
            oid: Oid::new("0.4.0.127.0.7.2.2.4.2"),
            domain_parameter_der: spki(),
            parameter_id: Some(32),
        }),
        SecurityInfo::ChipAuthenticationDomainParameter(ChipAuthenticationDomainParameterInfo {
            agreement: KeyAgreement::Ecdh,
            domain_parameter_der: spki(),
            key_id: Some(8),
        }),
        SecurityInfo::RestrictedIdentification(RestrictedIdentificationInfo {
            oid: Oid::new("0.4.0.127.0.7.2.2.5.2.3"),
            version: 1,
            key_id: 2,
            authorized_only: true,
            max_key_len: Some(256),
        }),
        SecurityInfo::RestrictedIdentificationDomainParameter(RestrictedIdentificationDomainParameterInfo {
            agreement: KeyAgreement::Dh,
            domain_parameter_der: spki(),
        }),
        SecurityInfo::CardInfo(CardInfo {
            url: "https://state.example/card".into(),
            optional_der: Some(spki()),
        }),
        SecurityInfo::PrivilegedTerminal(vec![SecurityInfo::ChipAuthentication(
            ChipAuthenticationInfo::ecdh(SessionCipher::Aes256, Some(9)),
        )]),
        SecurityInfo::Unknown {
            oid: Oid::new("1.2.3.4"),
            raw: tlv::encode_all(0x30, &[tlv::encode_oid("1.2.3.4"), vec![5, 0]]),
        },
    ];
    infos.sort_by_key(SecurityInfo::encode);
    Dg14::new(infos)
}

/// A file, and whether bytes read as that file: what it is written again from them.
type Reparse = fn(&[u8]) -> lds::Result<Vec<u8>>;

fn specimens() -> Vec<(FileId, Vec<u8>, Reparse)> {
    let com =
        Com { lds_version: "0107".into(), unicode_version: "040000".into(), data_groups: (1..=16).collect() };
    let access = CardAccess {
        security_infos: vec![SecurityInfo::Pace(PaceInfo::ecdh_generic(SessionCipher::Aes128, 12))],
    };
    vec![
        (FileId::Com, com.encode(), |b| Com::parse(b).map(|v| v.encode())),
        (FileId::CardAccess, access.encode(), |b| CardAccess::parse(b).map(|v| v.encode())),
        (FileId::Dg(1), dg1().encode(), |b| Dg1::parse(b).map(|v| v.encode())),
        (FileId::Dg(2), Dg2 { faces: vec![face(&JPEG), face(&JPEG)] }.encode(), |b| {
            Dg2::parse(b).map(|v| v.encode())
        }),
        (FileId::Dg(7), Dg7 { signatures: vec![JPEG.to_vec(), vec![1]] }.encode(), |b| {
            Dg7::parse(b).map(|v| v.encode())
        }),
        (FileId::Dg(11), dg11().encode(), |b| Dg11::parse(b).map(|v| v.encode())),
        (FileId::Dg(12), dg12().encode(), |b| Dg12::parse(b).map(|v| v.encode())),
        (FileId::Dg(13), Dg13 { content: vec![1, 2, 3] }.encode(), |b| Dg13::parse(b).map(|v| v.encode())),
        (FileId::Dg(14), dg14().encode(), |b| Dg14::parse(b).map(|v| v.encode())),
        (FileId::Dg(15), Dg15 { spki_der: spki() }.encode(), |b| Dg15::parse(b).map(|v| v.encode())),
        (FileId::Dg(16), dg16().encode(), |b| Dg16::parse(b).map(|v| v.encode())),
    ]
}

#[test]
fn what_is_written_reads_back() {
    for (file, bytes, reparse) in specimens() {
        assert_eq!(bytes[0], file.tag(), "{file}");
        assert_eq!(reparse(&bytes).as_deref(), Ok(bytes.as_slice()), "{file}");
    }
    assert_eq!(Dg11::parse(&dg11().encode()), Ok(dg11()));
    assert_eq!(Dg12::parse(&dg12().encode()), Ok(dg12()));
    assert_eq!(Dg14::parse(&dg14().encode()), Ok(dg14()));
    assert_eq!(Dg16::parse(&dg16().encode()), Ok(dg16()));
}

#[test]
fn every_prefix_is_refused_and_no_flipped_byte_panics() {
    for (file, bytes, reparse) in specimens() {
        for end in 0..bytes.len() {
            let error = reparse(&bytes[..end]).expect_err(file.name()).to_string();
            assert!(error.starts_with(file.name()), "{error}");
            for mask in [0x01, 0x80, 0xFF] {
                let mut flipped = bytes.clone();
                flipped[end] ^= mask;
                let _ = reparse(&flipped);
            }
        }
    }
}

#[test]
fn trailing_bytes_are_refused() {
    for (file, bytes, reparse) in specimens() {
        let error = reparse(&[bytes.as_slice(), &[0]].concat()).err();
        assert_eq!(error, Some(Error::TrailingBytes { file: file.name(), offset: bytes.len() }));
    }
}

#[test]
fn a_data_group_under_the_number_of_another_is_refused() {
    let bytes = dg1().encode();
    assert_eq!(DataGroup::parse(1, &bytes), Ok(DataGroup::Dg1(dg1())));
    let expected = Error::UnexpectedTag { file: "EF.DG2", offset: 0, expected: 0x75, found: 0x61 };
    assert_eq!(DataGroup::parse(2, &bytes), Err(expected));
    assert_eq!(DataGroup::parse(13, &[0x6D, 1, 0]), Ok(DataGroup::Dg13(Dg13 { content: vec![0] })));
    assert_eq!(DataGroup::parse(8, &[0x68, 1, 0]), Ok(DataGroup::Other(8)));
}

#[test]
fn an_image_is_told_by_its_signature() {
    let jp2 = [0, 0, 0, 12, b'j', b'P', b' ', b' ', 13, 10, 0x87, 10, 1];
    assert_eq!(ImageFormat::sniff(&JPEG), Some(ImageFormat::Jpeg));
    assert_eq!(ImageFormat::sniff(&jp2), Some(ImageFormat::Jpeg2000));
    assert_eq!(ImageFormat::sniff(&[0xFF, 0x4F, 0xFF, 0x51]), Some(ImageFormat::Jpeg2000));
    let bytes = Dg2 { faces: vec![face(b"\x89PNG")] }.encode();
    assert!(matches!(
        Dg2::parse(&bytes),
        Err(Error::Malformed { file: "EF.DG2", what: "facial record: image", .. })
    ));
}

#[test]
fn a_portrait_in_the_template_of_encrypted_or_constructed_data_is_read() {
    let mut bytes = Dg2 { faces: vec![face(&JPEG)] }.encode();
    let at = bytes.windows(2).position(|w| w == [0x5F, 0x2E]).unwrap();
    bytes[at] = 0x7F;
    assert_eq!(Dg2::parse(&bytes).unwrap().faces, [face(&JPEG)]);
}

#[test]
fn a_portrait_group_without_a_face_is_refused() {
    let bytes = Dg2 { faces: vec![] }.encode();
    let expected = Error::Malformed { file: "EF.DG2", offset: 0, what: "biometric group: no face" };
    assert_eq!(Dg2::parse(&bytes), Err(expected));
}

#[test]
fn a_full_date_of_birth_is_ascii_or_bcd_and_may_be_partly_unknown() {
    let date = |bytes: &[u8]| {
        let field = tlv::encode(0x5F2B, bytes);
        let file = tlv::encode_all(0x6B, &[vec![0x5C, 2, 0x5F, 0x2B], field]);
        Dg11::parse(&file).map(|dg11| dg11.full_date_of_birth.map(|d| (d.year, d.month, d.day)))
    };
    assert_eq!(date(b"19740812"), Ok(Some((1974, 8, 12))));
    assert_eq!(date(&[0x19, 0x74, 0x08, 0x12]), Ok(Some((1974, 8, 12))));
    assert_eq!(date(b"19740800"), Ok(Some((1974, 8, 0))));
    assert_eq!(date(b"1974<<<<"), Ok(Some((1974, 0, 0))));
    assert_eq!(date(b"<<<<<<<<"), Ok(None));
    assert_eq!(date(b"00000812"), Ok(None), "without its year it is no date");
    assert_eq!(date(&[0; 4]), Ok(None));
    for wrong in [&b"19741312"[..], b"19740832", b"19740012", b"740812", &[0x19, 0x7A, 8, 12]] {
        assert!(matches!(date(wrong), Err(Error::Malformed { what: "full date of birth", .. })), "{wrong:?}");
    }
}

#[test]
fn texts_that_are_not_utf8_are_read_as_latin_1() {
    let file = tlv::encode_all(0x6B, &[vec![0x5C, 2, 0x5F, 0x11], tlv::encode(0x5F11, b"ORL\xC9ANS<45")]);
    assert_eq!(Dg11::parse(&file).unwrap().place_of_birth, ["ORLÉANS", "45"]);
}

#[test]
fn security_infos_are_sorted_by_kind() {
    let dg14 = Dg14::parse(&dg14().encode()).unwrap();
    let [offer] = dg14.chip_authentication.as_slice() else { panic!() };
    assert_eq!(offer.oid.to_string(), "0.4.0.127.0.7.2.2.3.2.2");
    assert_eq!((offer.agreement, offer.cipher), (KeyAgreement::Ecdh, SessionCipher::Aes128));
    assert_eq!(offer.key_id, Some(7));
    assert_eq!(dg14.public_keys.len(), 1);
    assert_eq!(dg14.public_keys[0].spki_der, spki());
    assert_eq!(
        dg14.active_authentication.unwrap().signature_algorithm_oid.to_string(),
        "0.4.0.127.0.7.1.1.4.1.3"
    );
    let [pace] = dg14.pace.as_slice() else { panic!() };
    assert_eq!((pace.mapping, pace.parameter_id), (PaceMapping::Generic, Some(13)));
    assert_eq!(dg14.security_infos.len(), 12);
}

#[test]
fn debug_shows_no_personal_data() {
    let shown = format!("{:?} {:?} {:?} {:?}", dg1(), dg11(), dg12(), Dg2 { faces: vec![face(&JPEG)] });
    let dg7 = Dg7 { signatures: vec![JPEG.to_vec()] };
    let shown =
        format!("{shown} {dg7:?} {:?} {:?} {:?}", dg16(), dg16().persons, Dg13 { content: JPEG.to_vec() });
    for word in ["ERIKSSON", "ANNA", "1974", "7408", "UTOPIA", "255", "SMITH", "MAPLE"] {
        assert!(!shown.contains(word), "{word}: {shown}");
    }
}

#[test]
fn a_field_that_stands_twice_is_refused() {
    let field = tlv::encode(0x5F10, b"1");
    for (number, outer) in [(11, 0x6B), (12, 0x6C)] {
        let list = vec![0x5C, 2, 0x5F, 0x10];
        let once = tlv::encode_all(outer, &[list.clone(), field.clone()]);
        assert!(DataGroup::parse(number, &once).is_ok());
        let twice = tlv::encode_all(outer, &[list, field.clone(), field.clone()]);
        let error = DataGroup::parse(number, &twice).unwrap_err();
        assert!(matches!(error, Error::Malformed { what: "field: it stands twice", .. }), "{error}");
    }
    let other_names = vec![vec![0x5C, 2, 0x5F, 0x0F], tlv::encode(0x5F0F, b"A"), tlv::encode(0x5F0F, b"B")];
    let dg11 = Dg11::parse(&tlv::encode_all(0x6B, &other_names)).unwrap();
    assert_eq!(dg11.other_names, ["A", "B"], "names without their template repeat");
}

#[test]
fn the_time_of_personalisation_is_ascii_or_bcd() {
    let time = |bytes: &[u8]| {
        let field = tlv::encode(0x5F55, bytes);
        Dg12::parse(&tlv::encode_all(0x6C, &[vec![0x5C, 2, 0x5F, 0x55], field])).unwrap().personalised_at
    };
    let expected = Some("20240415093000".to_owned());
    assert_eq!(time(b"20240415093000"), expected);
    assert_eq!(time(&[0x20, 0x24, 0x04, 0x15, 0x09, 0x30, 0x00]), expected);
}

#[test]
fn counts_that_do_not_fit_and_counts_too_large_are_refused() {
    let what = |number, bytes: &[u8]| match DataGroup::parse(number, bytes) {
        Err(Error::Malformed { what, .. }) => what,
        other => panic!("{other:?}"),
    };
    let mut dg7 = Dg7 { signatures: vec![vec![1]] }.encode();
    dg7[4] = 2;
    assert_eq!(what(7, &dg7), "number of displayed signatures");
    let ten = Dg7 { signatures: vec![vec![1]; 10] }.encode();
    assert_eq!(what(7, &ten), "displayed signatures: too many");
    let mut persons = dg16().encode();
    let count = persons.windows(3).position(|w| w == [2, 1, 2]).unwrap();
    persons[count + 2] = 3;
    assert_eq!(what(16, &persons), "number of persons");
    let out_of_turn = tlv::encode_all(0x70, &[tlv::encode_unsigned(1), tlv::encode(0xA2, &[])]);
    assert_eq!(what(16, &out_of_turn), "template of a person: out of turn");
    let names = Dg11 { other_names: vec!["A".into(); 256], ..Dg11::default() };
    assert_eq!(Dg11::parse(&names.encode()).unwrap().other_names.len(), 255, "255 are written");
    let address = |parts| Dg11 { address: vec!["A".into(); parts], ..Dg11::default() }.encode();
    assert_eq!(Dg11::parse(&address(64)).unwrap().address.len(), 64);
    assert_eq!(what(11, &address(65)), "list: too long");
    let infos = vec![dg14().security_infos[0].clone(); 65];
    assert_eq!(what(14, &Dg14::new(infos).encode()), "SecurityInfos: too many");
}

#[test]
fn a_file_longer_than_any_chip_is_refused() {
    let long = Dg13 { content: vec![0; tlv::MAX_FILE_LEN] }.encode();
    let expected = Error::TooLarge { file: "EF.DG13", limit: tlv::MAX_FILE_LEN };
    assert_eq!(Dg13::parse(&long), Err(expected));
}
