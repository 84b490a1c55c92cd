//! CMS SignedData (RFC 5652) as EF.SOD, EF.CardSecurity, master lists, deviation and defect lists use it. Parsed, not verified.
//!
//! ```text
//! ContentInfo ::= SEQUENCE { contentType OID, content [0] EXPLICIT SignedData }
//! SignedData  ::= SEQUENCE { version, digestAlgorithms SET, encapContentInfo, certificates [0] IMPLICIT OPTIONAL,
//!                            crls [1] IMPLICIT OPTIONAL, signerInfos SET }
//! SignerInfo  ::= SEQUENCE { version, sid, digestAlgorithm, signedAttrs [0] IMPLICIT OPTIONAL,
//!                            signatureAlgorithm, signature, unsignedAttrs [1] IMPLICIT OPTIONAL }
//! ```

use clock::UnixTime;
use crypto::HashAlgorithm;

use crate::Error;
use crate::error::Result;
use crate::tlv::{self, Element, Oid, Reader, tag};

/// id-signedData.
pub const OID_SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
/// The signed attribute id-contentType.
pub const OID_CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
/// The signed attribute id-messageDigest.
pub const OID_MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
/// The signed attribute id-signingTime.
pub const OID_SIGNING_TIME: &str = "1.2.840.113549.1.9.5";

const CONTENT_TYPE: Oid = Oid::new(OID_CONTENT_TYPE);
const MESSAGE_DIGEST: Oid = Oid::new(OID_MESSAGE_DIGEST);
const SIGNING_TIME: Oid = Oid::new(OID_SIGNING_TIME);

/// Certificates beside the content: a signer's and those above it.
const MAX_CERTIFICATES: usize = 64;
/// Digest algorithms of all signers.
const MAX_DIGEST_ALGORITHMS: usize = 64;
/// Signed attributes of one signer.
const MAX_ATTRIBUTES: usize = 64;

/// SignedData with its one SignerInfo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedData {
    /// The version of the structure: 3 for the contents of Doc 9303 (RFC 5652 5.1).
    pub version: u64,
    /// digestAlgorithms: known or not. Nothing is verified with them.
    pub digest_algorithms: Vec<Oid>,
    /// eContentType.
    pub econtent_type: Oid,
    /// The exact bytes of eContent: the value of the OCTET STRING, which is what the digest is taken over.
    pub econtent: Vec<u8>,
    /// Where `econtent` begins in the file.
    pub econtent_offset: usize,
    /// The certificates, DER, in the order they stand.
    pub certificates: Vec<Vec<u8>>,
    /// The signer. Doc 9303-10 4.6.2.3 recommends one; a second one is refused.
    pub signer: SignerInfo,
}

/// Which certificate signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignerIdentifier {
    /// By issuer and serial number.
    IssuerAndSerial {
        /// The issuer's Name, DER, exact bytes.
        issuer_der: Vec<u8>,
        /// The contents of the serial number INTEGER, exact bytes.
        serial: Vec<u8>,
    },
    /// By the subject key identifier extension.
    SubjectKeyIdentifier(Vec<u8>),
}

/// SignerInfo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerInfo {
    /// The version of the structure: 1 with issuer and serial number, 3 with a key identifier (RFC 5652 5.3).
    pub version: u64,
    /// Which certificate signed.
    pub sid: SignerIdentifier,
    /// The hash of eContent that the messageDigest attribute carries.
    pub digest_algorithm: HashAlgorithm,
    /// The signature's AlgorithmIdentifier, DER, exact bytes.
    pub signature_algorithm_der: Vec<u8>,
    /// The signed attributes exactly as encoded, but for the first byte: [0] is replaced by the tag of SET (31), as
    /// RFC 5652 5.4 demands for the signature. `None`: the signature is over eContent itself.
    pub signed_attrs_der: Option<Vec<u8>>,
    /// The attribute messageDigest.
    pub message_digest: Option<Vec<u8>>,
    /// The attribute contentType.
    pub content_type: Option<Oid>,
    /// The attribute signingTime.
    pub signing_time: Option<UnixTime>,
    /// The signature.
    pub signature: Vec<u8>,
}

impl SignedData {
    /// Reads a ContentInfo with SignedData; errors will name `file`.
    ///
    /// # Errors
    /// It is not the structure above, it is BER with indefinite lengths, its hash algorithm is unknown, or it has
    /// not exactly one SignerInfo.
    pub fn parse(file: &'static str, bytes: &[u8]) -> Result<Self> {
        Self::from_content_info(&tlv::read_one(file, bytes, tag::SEQUENCE)?)
    }

    /// Reads a signed list of at most `limit` bytes, DER or BER, whose content is of one type; and whether it is BER.
    pub(crate) fn read_list(
        file: &'static str,
        bytes: &[u8],
        content_type: Oid,
        limit: usize,
    ) -> Result<(Self, bool)> {
        if bytes.len() > limit {
            return Err(Error::TooLarge { file, limit });
        }
        tlv::read_ber(file, bytes, |bytes| {
            let content_info = tlv::read_one(file, bytes, tag::SEQUENCE)?;
            let signed = Self::from_content_info(&content_info)?;
            if signed.econtent_type == content_type {
                Ok(signed)
            } else {
                Err(content_info.malformed("content type: another list"))
            }
        })
    }

    pub(crate) fn from_content_info(content_info: &Element<'_>) -> Result<Self> {
        let mut fields = content_info.children()?;
        let content_type = fields.expect(tag::OID)?;
        if content_type.oid()? != const { Oid::new(OID_SIGNED_DATA) } {
            return Err(content_type.malformed("content type"));
        }
        let content = fields.expect(0xA0)?;
        fields.finish()?;
        let mut content = content.children()?;
        let signed_data = content.expect(tag::SEQUENCE)?;
        content.finish()?;
        Self::from_element(&signed_data)
    }

    fn from_element(signed_data: &Element<'_>) -> Result<Self> {
        let mut fields = signed_data.children()?;
        let version = fields.required(tag::INTEGER, "version of SignedData")?.unsigned()?;
        let digest_algorithms = algorithm_oids(&fields.required(tag::SET, "digest algorithms")?)?;
        let (econtent_type, econtent) = encapsulated(&fields.expect(tag::SEQUENCE)?)?;
        let certificates = match fields.optional(0xA0)? {
            Some(set) => raw_children(&set)?,
            None => Vec::new(),
        };
        fields.optional(0xA1)?;
        let signers = fields.expect(tag::SET)?;
        fields.finish()?;
        let mut signer_infos = signers.children()?;
        let signer = SignerInfo::from_element(&signer_infos.expect(tag::SEQUENCE)?)?;
        if !signer_infos.is_empty() {
            return Err(signers.malformed("set of signers: more than one"));
        }
        Ok(Self {
            version,
            digest_algorithms,
            econtent_type,
            econtent: econtent.value.to_vec(),
            econtent_offset: econtent.value_offset(),
            certificates,
            signer,
        })
    }
}

/// eContentType and the OCTET STRING of eContent.
fn encapsulated<'a>(info: &Element<'a>) -> Result<(Oid, Element<'a>)> {
    let mut fields = info.children()?;
    let econtent_type = fields.required(tag::OID, "content type")?.oid()?;
    let mut explicit = fields.expect(0xA0)?.children()?;
    fields.finish()?;
    let econtent = explicit.expect(tag::OCTET_STRING)?;
    explicit.finish()?;
    Ok((econtent_type, econtent))
}

/// The OIDs of a set of AlgorithmIdentifiers.
fn algorithm_oids(set: &Element<'_>) -> Result<Vec<Oid>> {
    let mut reader = set.children()?;
    let mut out = Vec::new();
    while !reader.is_empty() {
        let algorithm = reader.expect(tag::SEQUENCE)?;
        if out.len() == MAX_DIGEST_ALGORITHMS {
            return Err(algorithm.malformed("digest algorithms: too many"));
        }
        out.push(algorithm.children()?.expect(tag::OID)?.oid()?);
    }
    Ok(out)
}

fn raw_children(set: &Element<'_>) -> Result<Vec<Vec<u8>>> {
    let mut reader = set.children()?;
    let mut out = Vec::new();
    while let Some(element) = reader.next_element()? {
        if out.len() == MAX_CERTIFICATES {
            return Err(element.malformed("certificates: too many"));
        }
        out.push(element.raw.to_vec());
    }
    Ok(out)
}

impl SignerInfo {
    fn from_element(signer_info: &Element<'_>) -> Result<Self> {
        let mut fields = signer_info.children()?;
        let version = fields.required(tag::INTEGER, "version of SignerInfo")?.unsigned()?;
        let sid = signer_identifier(&mut fields)?;
        let digest_algorithm = fields.required(tag::SEQUENCE, "digest algorithm of SignerInfo")?;
        let digest_algorithm = hash_algorithm(&digest_algorithm)?;
        let signed_attrs = fields.optional(0xA0)?;
        let signature_algorithm = fields.expect(tag::SEQUENCE)?;
        let signature = fields.required(tag::OCTET_STRING, "signature")?;
        fields.optional(0xA1)?;
        fields.finish()?;
        let mut signer = Self {
            version,
            sid,
            digest_algorithm,
            signature_algorithm_der: signature_algorithm.raw.to_vec(),
            signed_attrs_der: None,
            message_digest: None,
            content_type: None,
            signing_time: None,
            signature: signature.value.to_vec(),
        };
        if let Some(attrs) = signed_attrs {
            signer.read_signed_attrs(&attrs)?;
        }
        Ok(signer)
    }

    /// The signed attributes in the order of DER, if they are not written so. RFC 5652 5.4 has the signer sign them in
    /// that order, whatever he writes; some sign what they write.
    #[must_use]
    pub fn reordered_attrs(&self) -> Option<Vec<u8>> {
        let set = tlv::read_one("signed attributes", self.signed_attrs_der.as_ref()?, tag::SET).ok()?;
        // They were read before: so many are allowed, and each is whole.
        let mut reader = set.children().ok()?;
        let mut attributes = Vec::new();
        while let Some(attribute) = reader.next_element().ok()? {
            attributes.push(attribute.raw);
        }
        if attributes.is_sorted() {
            return None;
        }
        attributes.sort_unstable();
        Some(tlv::encode_all(tag::SET, &attributes))
    }

    fn read_signed_attrs(&mut self, attrs: &Element<'_>) -> Result<()> {
        let mut der = attrs.raw.to_vec();
        if let Some(first) = der.first_mut() {
            *first = 0x31;
        }
        self.signed_attrs_der = Some(der);
        let mut reader = attrs.children()?;
        for _ in 0..MAX_ATTRIBUTES {
            if reader.is_empty() {
                return Ok(());
            }
            let mut attribute = reader.expect(tag::SEQUENCE)?.children()?;
            let oid_element = attribute.expect(tag::OID)?;
            let values = attribute.expect(tag::SET)?;
            attribute.finish()?;
            let duplicate = match oid_element.oid()? {
                CONTENT_TYPE => {
                    self.content_type.replace(single(&values)?.expect(tag::OID)?.oid()?).is_some()
                }
                MESSAGE_DIGEST => {
                    let digest = single(&values)?.expect(tag::OCTET_STRING)?.value.to_vec();
                    self.message_digest.replace(digest).is_some()
                }
                SIGNING_TIME => {
                    self.signing_time.replace(time(&mut single(&values)?, "signing time")?).is_some()
                }
                _ => false,
            };
            if duplicate {
                return Err(oid_element.malformed("signed attributes: one stands twice"));
            }
        }
        if reader.is_empty() { Ok(()) } else { Err(attrs.malformed("signed attributes: too many")) }
    }
}

/// A reader over a set that holds exactly one value.
fn single<'a>(values: &Element<'a>) -> Result<Reader<'a>> {
    let mut reader = values.children()?;
    let one = reader;
    reader.next_element()?;
    if one.is_empty() || !reader.is_empty() {
        return Err(values.malformed("signed attribute: not exactly one value"));
    }
    Ok(one)
}

pub(crate) fn signer_identifier(fields: &mut Reader<'_>) -> Result<SignerIdentifier> {
    if let Some(ski) = fields.optional(0x80)? {
        return Ok(SignerIdentifier::SubjectKeyIdentifier(ski.value.to_vec()));
    }
    issuer_and_serial(&fields.expect(tag::SEQUENCE)?)
}

/// IssuerAndSerialNumber, under whatever tag.
pub(crate) fn issuer_and_serial(element: &Element<'_>) -> Result<SignerIdentifier> {
    let mut pair = element.children()?;
    let issuer = pair.expect(tag::SEQUENCE)?;
    let serial = pair.expect(tag::INTEGER)?;
    pair.finish()?;
    Ok(SignerIdentifier::IssuerAndSerial { issuer_der: issuer.raw.to_vec(), serial: serial.value.to_vec() })
}

/// The hash function of an AlgorithmIdentifier; parameters are not looked at (absent and NULL both occur).
pub(crate) fn hash_algorithm(algorithm_identifier: &Element<'_>) -> Result<HashAlgorithm> {
    let oid_element = algorithm_identifier.children()?.required(tag::OID, "hash algorithm")?;
    hash_of(&oid_element)
}

/// The hash function that an OBJECT IDENTIFIER names.
pub(crate) fn hash_of(element: &Element<'_>) -> Result<HashAlgorithm> {
    let oid = element.oid()?;
    HashAlgorithm::from_oid(oid.as_bytes()).ok_or_else(|| element.unsupported(oid))
}

/// UTCTime (years 1950 to 2049) or GeneralizedTime, both with seconds and `Z` (RFC 5652 11.3).
pub(crate) fn time(reader: &mut Reader<'_>, what: &'static str) -> Result<UnixTime> {
    let (element, century_len) = match reader.optional(tag::UTC_TIME)? {
        Some(element) => (element, 0),
        None => (reader.expect(tag::GENERALIZED_TIME)?, 2),
    };
    let malformed = || element.malformed(what);
    let text = std::str::from_utf8(element.value).map_err(|_| malformed())?;
    let digits =
        text.strip_suffix('Z').filter(|d| d.bytes().all(|b| b.is_ascii_digit())).ok_or_else(malformed)?;
    if digits.len() != 12 + century_len {
        return Err(malformed());
    }
    let full = match century_len {
        0 if digits < "5" => format!("20{digits}"),
        0 => format!("19{digits}"),
        _ => digits.to_owned(),
    };
    let part = |from: usize, to: usize| full.get(from..to).unwrap_or_default();
    let rfc3339 = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(8, 10),
        part(10, 12),
        part(12, 14)
    );
    UnixTime::from_rfc3339(&rfc3339).map_err(|_| malformed())
}
