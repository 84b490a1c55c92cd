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

use crate::cms::{self, SignedData};
use crate::error::Result;
use crate::tlv::{self, Element, Reader, tag};

pub use crate::cms::{SignerIdentifier, SignerInfo};

/// eContentType of Doc 9303: id-icao-mrtd-security-ldsSecurityObject.
pub const OID_LDS_SECURITY_OBJECT: &str = "2.23.136.1.1.1";

const FILE: &str = "EF.SOD";

/// EF.SOD as parsed: neither its signature nor its signer has been looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sod {
    /// The signed content.
    pub lds_security_object: LdsSecurityObject,
    /// The exact bytes of the LDS security object, which the messageDigest attribute is the digest of.
    pub econtent_raw: Vec<u8>,
    /// eContentType in dotted form; some States use others than [`OID_LDS_SECURITY_OBJECT`].
    pub econtent_type: String,
    /// Certificates in the SOD, DER: normally the DSC.
    pub certificates: Vec<Vec<u8>>,
    /// Who signed, and the signature.
    pub signer: SignerInfo,
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
    /// Reads EF.SOD, with its outer tag 77.
    ///
    /// # Errors
    /// It is not a CMS SignedData with one signer over an LDS security object.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut outer = tlv::read_one(FILE, bytes, 0x77)?.children()?;
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
        })
    }
}

impl LdsSecurityObject {
    /// Reads an LDS security object.
    ///
    /// # Errors
    /// Not the structure above, a version other than 0 and 1, a data group out of 1 to 16 or twice, a hash of the
    /// wrong length.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        Self::parse_at(bytes, 0)
    }

    fn parse_at(bytes: &[u8], offset: usize) -> Result<Self> {
        let mut reader = Reader::at(FILE, bytes, offset);
        let object = reader.expect(tag::SEQUENCE)?;
        reader.finish()?;
        let mut fields = object.children()?;
        let version_element = fields.expect(tag::INTEGER)?;
        let version = match version_element.unsigned()? {
            0 => 0,
            1 => 1,
            _ => return Err(version_element.malformed("version of the LDS security object")),
        };
        let hash_algorithm = cms::hash_algorithm(&fields.expect(tag::SEQUENCE)?)?;
        let hashes = hashes(&fields.expect(tag::SEQUENCE)?, hash_algorithm)?;
        let lds_version = match version {
            1 => fields.optional(tag::SEQUENCE)?.map(|e| version_info(&e)).transpose()?,
            _ => None,
        };
        fields.finish()?;
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

fn hashes(sequence: &Element<'_>, algorithm: HashAlgorithm) -> Result<BTreeMap<u8, Vec<u8>>> {
    let mut out = BTreeMap::new();
    let mut reader = sequence.children()?;
    while !reader.is_empty() {
        let mut pair = reader.expect(tag::SEQUENCE)?.children()?;
        let number = pair.expect(tag::INTEGER)?;
        let hash = pair.expect(tag::OCTET_STRING)?;
        pair.finish()?;
        let n = u8::try_from(number.unsigned()?).ok().filter(|n| (1..=16).contains(n));
        let n = n.ok_or_else(|| number.malformed("data group number"))?;
        if hash.value.len() != algorithm.output_len() {
            return Err(hash.malformed("data group hash"));
        }
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
