//! EF.SOD, the document security object (Doc 9303-10 4.6.2): a CMS SignedData over the hashes of all data groups.
//!
//! ```text
//! LDSSecurityObject ::= SEQUENCE {
//!   version                LDSSecurityObjectVersion,        -- v0(0), v1(1)
//!   hashAlgorithm          DigestAlgorithmIdentifier,
//!   dataGroupHashValues    SEQUENCE SIZE (2..16) OF DataGroupHash,
//!   ldsVersionInfo         LDSVersionInfo OPTIONAL }        -- if v1
//! DataGroupHash     ::= SEQUENCE { dataGroupNumber INTEGER, dataGroupHashValue OCTET STRING }
//! LDSVersionInfo    ::= SEQUENCE { ldsVersion PrintableString, unicodeVersion PrintableString }
//! ```

use std::collections::BTreeMap;

use crypto::HashAlgorithm;

use crate::FileId;
use crate::cms::{self, SignedData};
use crate::error::Result;
use crate::tlv::{self, Element, Oid, Reader, tag};

pub use crate::cms::{SignerIdentifier, SignerInfo};

/// eContentType of Doc 9303: id-icao-mrtd-security-ldsSecurityObject.
pub const OID_LDS_SECURITY_OBJECT: &str = "2.23.136.1.1.1";

const FILE: &str = "EF.SOD";
const VERSION: &str = "version of the LDS security object";
const NUMBER: &str = "data group number";

/// EF.SOD as parsed: neither its signature nor its signer has been looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sod {
    /// The signed content.
    pub lds_security_object: LdsSecurityObject,
    /// The exact bytes of the LDS security object, which the messageDigest attribute is the digest of.
    pub econtent_raw: Vec<u8>,
    /// eContentType; some States use others than [`OID_LDS_SECURITY_OBJECT`].
    pub econtent_type: Oid,
    /// Certificates in the SOD, DER: normally the DSC.
    pub certificates: Vec<Vec<u8>>,
    /// Who signed, and the signature.
    pub signer: SignerInfo,
    /// The version of SignedData: 3 by Doc 9303-10 Table 37.
    pub cms_version: u64,
    /// The digest algorithms that SignedData announces.
    pub digest_algorithms: Vec<Oid>,
    /// It is BER, with indefinite lengths or strings in pieces, where the standard demands DER.
    pub is_ber: bool,
}

/// The hashes of the data groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LdsSecurityObject {
    /// 0, or 1 with [`LdsVersionInfo`].
    pub version: u8,
    /// The hash function of all data groups.
    pub hash_algorithm: HashAlgorithm,
    /// Hash by number of the data group.
    pub hashes: BTreeMap<u8, Vec<u8>>,
    /// Version 1 only.
    pub lds_version: Option<LdsVersionInfo>,
}

/// The signed copy of the versions in EF.COM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LdsVersionInfo {
    /// Such as `0108`.
    pub lds_version: String,
    /// Such as `040000`.
    pub unicode_version: String,
}

impl Sod {
    /// Reads EF.SOD, with its outer tag 77. BER is read too: what is signed is then DER again, as RFC 5652 5.4 says of
    /// the signed attributes. Offsets of errors count in the bytes so rewritten.
    ///
    /// # Errors
    /// It is not a CMS SignedData with one signer over an LDS security object.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let (sod, is_ber) = tlv::read_ber(FILE, bytes, Self::read)?;
        Ok(Self { is_ber, ..sod })
    }

    fn read(bytes: &[u8]) -> Result<Self> {
        let mut outer = tlv::read_file(FileId::Sod, bytes)?.children()?;
        let content_info = outer.expect(tag::SEQUENCE)?;
        outer.finish()?;
        let signed = SignedData::from_content_info(&content_info)?;
        let lds_security_object = LdsSecurityObject::parse_at(&signed.econtent, signed.econtent_offset)?;
        Ok(Self {
            lds_security_object,
            econtent_raw: signed.econtent,
            econtent_type: signed.econtent_type,
            certificates: signed.certificates,
            signer: signed.signer,
            cms_version: signed.version,
            digest_algorithms: signed.digest_algorithms,
            is_ber: false,
        })
    }
}

impl LdsSecurityObject {
    /// Reads an LDS security object.
    ///
    /// # Errors
    /// Not the structure above, a version other than 0 and 1, version 0 with [`LdsVersionInfo`], a data group out of 1 to 16
    /// or twice.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        Self::parse_at(bytes, 0)
    }

    fn parse_at(bytes: &[u8], offset: usize) -> Result<Self> {
        let mut reader = Reader::at(FILE, bytes, offset);
        let object = reader.expect(tag::SEQUENCE)?;
        reader.finish()?;
        let mut fields = object.children()?;
        let version_element = fields.required(tag::INTEGER, VERSION)?;
        let version = match version_element.unsigned()? {
            0 => 0,
            1 => 1,
            _ => return Err(version_element.malformed(VERSION)),
        };
        let hash_algorithm = cms::hash_algorithm(&fields.expect(tag::SEQUENCE)?)?;
        let hashes = hashes(&fields.expect(tag::SEQUENCE)?)?;
        let lds_version = fields.optional(tag::SEQUENCE)?.map(|e| version_info(&e)).transpose()?;
        fields.finish()?;
        if version == 0 && lds_version.is_some() {
            return Err(version_element.malformed(VERSION));
        }
        Ok(Self { version, hash_algorithm, hashes, lds_version })
    }

    /// The DER encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let hashes: Vec<Vec<u8>> = self
            .hashes
            .iter()
            .map(|(n, hash)| {
                let number = tlv::encode_unsigned(u64::from(*n));
                tlv::encode_all(tag::SEQUENCE, &[number, tlv::encode(tag::OCTET_STRING, hash)])
            })
            .collect();
        let hash_oid = tlv::encode_oid(self.hash_algorithm.oid());
        let mut parts = vec![
            tlv::encode_unsigned(u64::from(self.version)),
            tlv::encode_all(tag::SEQUENCE, &[hash_oid, tlv::encode(tag::NULL, &[])]),
            tlv::encode_all(tag::SEQUENCE, &hashes),
        ];
        if let Some(info) = &self.lds_version {
            let lds = tlv::encode(tag::PRINTABLE_STRING, info.lds_version.as_bytes());
            let unicode = tlv::encode(tag::PRINTABLE_STRING, info.unicode_version.as_bytes());
            parts.push(tlv::encode_all(tag::SEQUENCE, &[lds, unicode]));
        }
        tlv::encode_all(tag::SEQUENCE, &parts)
    }
}

/// A hash of another length than its function's is nobody's, and found so when it is compared.
fn hashes(sequence: &Element<'_>) -> Result<BTreeMap<u8, Vec<u8>>> {
    let mut out = BTreeMap::new();
    let mut reader = sequence.children()?;
    while !reader.is_empty() {
        let mut pair = reader.expect(tag::SEQUENCE)?.children()?;
        let number = pair.required(tag::INTEGER, NUMBER)?;
        let hash = pair.expect(tag::OCTET_STRING)?;
        pair.finish()?;
        let n = number.unsigned().ok().and_then(|n| u8::try_from(n).ok()).filter(|n| (1..=16).contains(n));
        let n = n.ok_or_else(|| number.malformed(NUMBER))?;
        if out.insert(n, hash.value.to_vec()).is_some() {
            return Err(number.malformed("data group hashes: one stands twice"));
        }
    }
    Ok(out)
}

fn version_info(sequence: &Element<'_>) -> Result<LdsVersionInfo> {
    let mut fields = sequence.children()?;
    let mut next =
        || -> Result<String> { Ok(crate::text::decode(fields.expect(tag::PRINTABLE_STRING)?.value)) };
    let info = LdsVersionInfo { lds_version: next()?, unicode_version: next()? };
    fields.finish()?;
    Ok(info)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    const HASH_OID: &str = "2.16.840.1.101.3.4.2.1";

    fn object(version: u8) -> LdsSecurityObject {
        let info = LdsVersionInfo { lds_version: "0108".into(), unicode_version: "040000".into() };
        LdsSecurityObject {
            version,
            hash_algorithm: HashAlgorithm::Sha256,
            hashes: [(1, vec![1; 32]), (2, vec![2; 32])].into(),
            lds_version: (version == 1).then_some(info),
        }
    }

    fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
        tlv::encode_all(tag::SEQUENCE, parts)
    }

    fn attribute(oid: &str, value: Vec<u8>) -> Vec<u8> {
        sequence(&[tlv::encode_oid(oid), tlv::encode(tag::SET, &value)])
    }

    fn signed_attributes() -> Vec<u8> {
        [
            attribute(cms::OID_CONTENT_TYPE, tlv::encode_oid(OID_LDS_SECURITY_OBJECT)),
            attribute(cms::OID_SIGNING_TIME, tlv::encode(tag::UTC_TIME, b"140601120000Z")),
            attribute(cms::OID_MESSAGE_DIGEST, tlv::encode(tag::OCTET_STRING, &[7; 32])),
        ]
        .concat()
    }

    fn issuer_and_serial() -> Vec<u8> {
        sequence(&[sequence(&[]), vec![2, 2, 0, 0x99]])
    }

    fn signer_info(sid: Vec<u8>, attributes: &[u8]) -> Vec<u8> {
        sequence(&[
            tlv::encode_unsigned(1),
            sid,
            sequence(&[tlv::encode_oid(HASH_OID)]),
            tlv::encode(0xA0, attributes),
            sequence(&[tlv::encode_oid("1.2.840.10045.4.3.2")]),
            tlv::encode(tag::OCTET_STRING, &[9; 8]),
        ])
    }

    fn sod(econtent: &[u8], signer_infos: &[Vec<u8>]) -> Vec<u8> {
        let content = tlv::encode(0xA0, &tlv::encode(tag::OCTET_STRING, econtent));
        let signed_data = sequence(&[
            tlv::encode_unsigned(3),
            tlv::encode(tag::SET, &sequence(&[tlv::encode_oid(HASH_OID)])),
            sequence(&[tlv::encode_oid(OID_LDS_SECURITY_OBJECT), content]),
            tlv::encode(0xA0, &sequence(&[])),
            tlv::encode_all(tag::SET, signer_infos),
        ]);
        let content_info =
            sequence(&[tlv::encode_oid(cms::OID_SIGNED_DATA), tlv::encode(0xA0, &signed_data)]);
        tlv::encode(0x77, &content_info)
    }

    fn specimen() -> Vec<u8> {
        sod(&object(0).encode(), &[signer_info(issuer_and_serial(), &signed_attributes())])
    }

    #[test]
    fn both_versions_are_read_with_the_exact_bytes_of_what_is_signed() {
        for version in [0, 1] {
            let econtent = object(version).encode();
            let sod = Sod::parse(&sod(&econtent, &[signer_info(issuer_and_serial(), &signed_attributes())]))
                .unwrap();
            assert_eq!(sod.lds_security_object, object(version));
            assert_eq!(sod.econtent_raw, econtent);
            assert_eq!(sod.econtent_type, Oid::new(OID_LDS_SECURITY_OBJECT));
            assert_eq!(sod.certificates, [vec![0x30, 0]]);
            assert_eq!(sod.signer.signed_attrs_der, Some(tlv::encode(tag::SET, &signed_attributes())));
            assert_eq!(sod.signer.message_digest, Some(vec![7; 32]));
            assert_eq!(sod.signer.content_type, Some(Oid::new(OID_LDS_SECURITY_OBJECT)));
            assert_eq!(sod.signer.signing_time.unwrap().to_string(), "2014-06-01T12:00:00Z");
            assert_eq!(sod.signer.signature, [9; 8]);
            let sid = SignerIdentifier::IssuerAndSerial { issuer_der: vec![0x30, 0], serial: vec![0, 0x99] };
            assert_eq!(sod.signer.sid, sid);
        }
    }

    #[test]
    fn a_missing_part_is_named() {
        let (number, hash) = (tlv::encode_unsigned(1), tlv::encode(tag::OCTET_STRING, &[1; 32]));
        let (version, algorithm) = (tlv::encode_unsigned(0), sequence(&[tlv::encode_oid(HASH_OID)]));
        let hashes = |pair: &[Vec<u8>]| sequence(&[sequence(pair)]);
        let code = |parts: &[Vec<u8>]| LdsSecurityObject::parse(&sequence(parts)).map_err(|e| e.code());
        let whole = hashes(&[number.clone(), hash.clone()]);
        assert!(code(&[version.clone(), algorithm.clone(), whole.clone()]).is_ok());
        let missing = |what: &str| Err(format!("lds.missing(EF.SOD: {what})"));
        assert_eq!(code(&[algorithm.clone(), whole.clone()]), missing(VERSION));
        assert_eq!(code(&[version.clone(), whole.clone()]), missing("hash algorithm"));
        assert_eq!(
            code(&[version.clone(), algorithm.clone(), hashes(std::slice::from_ref(&hash))]),
            missing(NUMBER)
        );
        let negative = hashes(&[tlv::encode(tag::INTEGER, &[0xFF]), hash]);
        let malformed = |what: &str| Err(format!("lds.malformed(EF.SOD: {what})"));
        assert_eq!(code(&[version.clone(), algorithm.clone(), negative]), malformed(NUMBER));
        // ldsVersionInfo is of version 1.
        let text = |text: &str| tlv::encode(tag::PRINTABLE_STRING, text.as_bytes());
        let info = sequence(&[text("0108"), text("040000")]);
        assert_eq!(code(&[version, algorithm, whole, info]), malformed(VERSION));
    }

    #[test]
    fn a_signer_is_named_by_its_key_identifier_too() {
        let signer = signer_info(tlv::encode(0x80, &[5; 20]), &signed_attributes());
        let sod = Sod::parse(&sod(&object(0).encode(), &[signer])).unwrap();
        assert_eq!(sod.signer.sid, SignerIdentifier::SubjectKeyIdentifier(vec![5; 20]));
    }

    #[test]
    fn two_signers_are_refused() {
        let signer = signer_info(issuer_and_serial(), &signed_attributes());
        let error = Sod::parse(&sod(&object(0).encode(), &[signer.clone(), signer])).unwrap_err();
        assert!(matches!(error, Error::Malformed { what: "set of signers: more than one", .. }), "{error}");
    }

    #[test]
    fn a_signed_attribute_that_stands_twice_is_refused() {
        let twice = [
            signed_attributes(),
            attribute(cms::OID_MESSAGE_DIGEST, tlv::encode(tag::OCTET_STRING, &[8; 32])),
        ]
        .concat();
        let error =
            Sod::parse(&sod(&object(0).encode(), &[signer_info(issuer_and_serial(), &twice)])).unwrap_err();
        assert!(error.to_string().contains("one stands twice"), "{error}");
    }

    #[test]
    fn a_data_group_hash_that_stands_twice_is_refused() {
        let pair = sequence(&[tlv::encode_unsigned(1), tlv::encode(tag::OCTET_STRING, &[1; 32])]);
        let with = |hashes: &[Vec<u8>]| {
            let algorithm = sequence(&[tlv::encode_oid(HASH_OID)]);
            LdsSecurityObject::parse(&sequence(&[tlv::encode_unsigned(0), algorithm, sequence(hashes)]))
        };
        assert!(with(std::slice::from_ref(&pair)).is_ok());
        let error = with(&[pair.clone(), pair]).unwrap_err();
        assert!(error.to_string().contains("one stands twice"), "{error}");
    }

    #[test]
    fn a_number_above_16_is_refused() {
        let mut seventeen = object(0);
        seventeen.hashes.insert(17, vec![0; 32]);
        assert!(matches!(
            LdsSecurityObject::parse(&seventeen.encode()),
            Err(Error::Malformed { what: "data group number", .. })
        ));
    }

    #[test]
    fn ber_is_read_and_told_and_what_is_signed_is_der() {
        let der = Sod::parse(&specimen()).unwrap();
        assert!(!der.is_ber);
        let indefinite = |tag: u8, content: &[u8]| [&[tag, 0x80], content, &[0, 0]].concat();
        let econtent = object(0).encode();
        let (first, second) = econtent.split_at(20);
        let octets = |piece: &[u8]| tlv::encode(tag::OCTET_STRING, piece);
        let pieces = indefinite(0x24, &[octets(first), octets(second)].concat());
        let signer = [
            tlv::encode_unsigned(1),
            issuer_and_serial(),
            sequence(&[tlv::encode_oid(HASH_OID)]),
            indefinite(0xA0, &signed_attributes()),
            sequence(&[tlv::encode_oid("1.2.840.10045.4.3.2")]),
            octets(&[9; 8]),
        ];
        let encapsulated = [tlv::encode_oid(OID_LDS_SECURITY_OBJECT), indefinite(0xA0, &pieces)].concat();
        let signed_data = [
            tlv::encode_unsigned(3),
            tlv::encode(tag::SET, &sequence(&[tlv::encode_oid(HASH_OID)])),
            indefinite(0x30, &encapsulated),
            indefinite(0xA0, &sequence(&[])),
            indefinite(0x31, &indefinite(0x30, &signer.concat())),
        ];
        let content = indefinite(0xA0, &indefinite(0x30, &signed_data.concat()));
        let content_info = indefinite(0x30, &[tlv::encode_oid(cms::OID_SIGNED_DATA), content].concat());
        let ber = Sod::parse(&tlv::encode(0x77, &content_info)).unwrap();
        assert_eq!(ber, Sod { is_ber: true, ..der });
    }

    #[test]
    fn ber_that_is_cut_is_refused() {
        let bytes = [0x77, 4, 0x30, 0x80, 5, 0];
        assert_eq!(Sod::parse(&bytes), Err(Error::Truncated { file: "EF.SOD", offset: 2 }));
    }

    #[test]
    fn thousands_of_data_group_hashes_certificates_and_attributes_are_refused() {
        let pair = |n| sequence(&[tlv::encode_unsigned(n), tlv::encode(tag::OCTET_STRING, &[1; 32])]);
        let pairs: Vec<Vec<u8>> = (1..5000).map(pair).collect();
        let algorithm = sequence(&[tlv::encode_oid(HASH_OID)]);
        let many = sequence(&[tlv::encode_unsigned(0), algorithm, sequence(&pairs)]);
        let error = LdsSecurityObject::parse(&many).unwrap_err();
        assert!(matches!(error, Error::Malformed { what: "data group number", .. }), "{error}");

        let attributes: Vec<u8> = (0..5000)
            .flat_map(|n| attribute(&format!("1.2.3.{n}"), tlv::encode_unsigned(n)))
            .chain(signed_attributes())
            .collect();
        let signer = signer_info(issuer_and_serial(), &attributes);
        let error = Sod::parse(&sod(&object(0).encode(), &[signer])).unwrap_err();
        assert!(matches!(error, Error::Malformed { what: "signed attributes: too many", .. }), "{error}");
    }

    #[test]
    fn errors_inside_the_signed_content_have_their_offset_in_the_file() {
        let mut object = object(0).encode();
        object[0] = 0x31;
        let signer = signer_info(issuer_and_serial(), &signed_attributes());
        let file = sod(&object, &[signer]);
        let at = file.windows(object.len()).position(|w| w == object).unwrap();
        let expected = Error::UnexpectedTag { file: "EF.SOD", offset: at, expected: 0x30, found: 0x31 };
        assert_eq!(Sod::parse(&file), Err(expected));
    }

    #[test]
    fn no_prefix_and_no_flipped_byte_panics() {
        let bytes = specimen();
        for end in 0..bytes.len() {
            assert!(Sod::parse(&bytes[..end]).is_err(), "{end}");
            let mut flipped = bytes.clone();
            flipped[end] ^= 0xFF;
            let _ = Sod::parse(&flipped);
        }
    }
}
