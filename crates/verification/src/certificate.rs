//! X.509 certificates of the document PKI (Doc 9303-12 7.1), read leniently: what deviates from the profile is judged
//! later, and what is signed is taken from the original bytes.

use clock::UnixTime;
use crypto::{PublicKey, SignatureScheme, sha256};
use lds::tlv::{self, Reader, tag};
use x509_parser::prelude::{FromDer as _, ParsedExtension, X509Certificate, X509Extension};

use crate::name::Name;

/// The longest certificate that is parsed, in bytes; real ones have less than 4096.
const MAX_CERTIFICATE: usize = 32 * 1024;
const DOCUMENT_TYPE_LIST: &str = "2.23.136.1.1.6.2";
const SUBJECT_KEY_IDENTIFIER: &str = "2.5.29.14";

/// Extensions that may be critical: they are looked at, or restrict nothing that matters here.
const KNOWN_EXTENSIONS: [&str; 10] = [
    SUBJECT_KEY_IDENTIFIER,
    "2.5.29.15",        // keyUsage
    "2.5.29.16",        // privateKeyUsagePeriod
    "2.5.29.17",        // subjectAltName
    "2.5.29.18",        // issuerAltName
    "2.5.29.19",        // basicConstraints
    "2.5.29.32",        // certificatePolicies
    "2.5.29.37",        // extKeyUsage
    "2.23.136.1.1.6.1", // nameChange
    DOCUMENT_TYPE_LIST,
];

/// A certificate, its signature not yet looked at.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    pub(crate) der: Vec<u8>,
    pub(crate) sha256: [u8; 32],
    pub(crate) subject: Name,
    pub(crate) issuer: Name,
    /// Contents of the INTEGER without leading zeros.
    pub(crate) serial: Vec<u8>,
    pub(crate) subject_key_id: Option<Vec<u8>>,
    pub(crate) authority_key_id: Option<Vec<u8>>,
    pub(crate) not_before: UnixTime,
    pub(crate) not_after: UnixTime,
    pub(crate) key_usage: Option<KeyUsage>,
    /// extKeyUsage is there.
    pub(crate) extended_key_usage: bool,
    /// basicConstraints with cA TRUE.
    pub(crate) is_ca: bool,
    /// documentTypeList, if there is one.
    pub(crate) document_types: Option<Vec<String>>,
    /// The first critical extension that is not known.
    pub(crate) unknown_critical: Option<String>,
    spki_der: Vec<u8>,
    pub(crate) signed: Signed,
}

/// The bits of keyUsage that matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyUsage {
    pub(crate) digital_signature: bool,
    pub(crate) key_cert_sign: bool,
}

/// The bytes that are signed, and their signature: of certificates and of CRLs.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    message: Vec<u8>,
    algorithm_der: Vec<u8>,
    signature: Vec<u8>,
}

impl Signed {
    /// Takes `SEQUENCE { toBeSigned, AlgorithmIdentifier, BIT STRING }` apart.
    pub(crate) fn from_der(file: &'static str, der: &[u8]) -> Result<Self, lds::Error> {
        let mut fields = tlv::read_one(file, der, tag::SEQUENCE)?.children()?;
        let message = fields.expect(tag::SEQUENCE)?;
        let algorithm = fields.expect(tag::SEQUENCE)?;
        let signature = fields.expect(0x03)?;
        fields.finish()?;
        let Some((0, bits)) = signature.value.split_first() else {
            return Err(signature.malformed("signature"));
        };
        Ok(Self {
            message: message.raw.to_vec(),
            algorithm_der: algorithm.raw.to_vec(),
            signature: bits.to_vec(),
        })
    }

    pub(crate) fn scheme(&self) -> Result<SignatureScheme, crypto::Error> {
        SignatureScheme::from_algorithm_identifier(&self.algorithm_der, None)
    }

    pub(crate) fn verify(&self, key: &PublicKey) -> Result<(), crypto::Error> {
        self.scheme()?.verify(key, &self.message, &self.signature)
    }
}

impl Certificate {
    /// Reads a certificate; `None` if it is none.
    pub(crate) fn parse(der: &[u8]) -> Option<Self> {
        if der.len() > MAX_CERTIFICATE {
            return None;
        }
        let signed = Signed::from_der("certificate", der).ok()?;
        let (rest, parsed) = X509Certificate::from_der(der).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let validity = parsed.validity();
        let mut certificate = Self {
            der: der.to_vec(),
            sha256: sha256(der),
            subject: Name::new(parsed.subject()),
            issuer: Name::new(parsed.issuer()),
            serial: trim_serial(parsed.tbs_certificate.raw_serial()).to_vec(),
            subject_key_id: None,
            authority_key_id: None,
            not_before: UnixTime(validity.not_before.timestamp()),
            not_after: UnixTime(validity.not_after.timestamp()),
            key_usage: None,
            extended_key_usage: false,
            is_ca: false,
            document_types: None,
            unknown_critical: None,
            spki_der: parsed.public_key().raw.to_vec(),
            signed,
        };
        for extension in parsed.extensions() {
            certificate.read_extension(extension);
        }
        Some(certificate)
    }

    fn read_extension(&mut self, extension: &X509Extension<'_>) {
        let oid = extension.oid.to_id_string();
        match extension.parsed_extension() {
            ParsedExtension::AuthorityKeyIdentifier(identifier) => {
                self.authority_key_id = identifier.key_identifier.as_ref().map(|id| id.0.to_vec());
            }
            ParsedExtension::KeyUsage(usage) => {
                self.key_usage = Some(KeyUsage {
                    digital_signature: usage.digital_signature(),
                    key_cert_sign: usage.key_cert_sign(),
                });
            }
            ParsedExtension::BasicConstraints(constraints) => self.is_ca = constraints.ca,
            ParsedExtension::ExtendedKeyUsage(_) => self.extended_key_usage = true,
            _ if oid == SUBJECT_KEY_IDENTIFIER => {
                self.subject_key_id = Some(key_identifier(extension.value).to_vec());
            }
            _ if oid == DOCUMENT_TYPE_LIST => self.document_types = Some(document_types(extension.value)),
            _ => {}
        }
        if extension.critical && !KNOWN_EXTENSIONS.contains(&oid.as_str()) {
            self.unknown_critical.get_or_insert(oid);
        }
    }

    pub(crate) fn public_key(&self) -> Result<PublicKey, crypto::Error> {
        PublicKey::from_spki_der(&self.spki_der).map(|(key, _)| key)
    }

    /// Its signature is right under the key of `issuer`.
    pub(crate) fn is_signed_by(&self, issuer: &Self) -> bool {
        issuer.public_key().is_ok_and(|key| self.signed.verify(&key).is_ok())
    }

    /// It names the key of `issuer` as the one that signed it.
    pub(crate) fn names_key_of(&self, issuer: &Self) -> bool {
        self.authority_key_id.is_some() && self.authority_key_id == issuer.subject_key_id
    }

    pub(crate) fn is_valid_at(&self, at: UnixTime) -> bool {
        self.not_before <= at && at <= self.not_after
    }

    /// It may issue certificates. Trusted CSCAs are not asked: who stands in the list is a CA.
    pub(crate) fn may_issue(&self) -> bool {
        self.is_ca && self.key_usage.is_none_or(|usage| usage.key_cert_sign)
    }
}

/// A serial number without leading zeros, for comparisons.
pub(crate) fn trim_serial(serial: &[u8]) -> &[u8] {
    let first = serial.iter().position(|byte| *byte != 0).unwrap_or(serial.len());
    serial.get(first..).unwrap_or_default()
}

/// The OCTET STRING of a key identifier. Three Lithuanian CSCAs carry its bytes without tag and length.
fn key_identifier(value: &[u8]) -> &[u8] {
    tlv::read_one("certificate", value, tag::OCTET_STRING).map_or(value, |element| element.value)
}

/// ```text
/// DocumentTypeListSyntax ::= SEQUENCE { version INTEGER, docTypeList SET OF DocumentType }
/// DocumentType           ::= PrintableString (SIZE (1..2))
/// ```
/// Doc 9303-12 7.1.1.6. Some certificates have the strings alone, or in a bare SEQUENCE: all strings count, wherever
/// they stand.
fn document_types(value: &[u8]) -> Vec<String> {
    let mut out = Vec::new();
    collect_strings(&mut Reader::new("certificate", value), &mut out);
    out
}

fn collect_strings(reader: &mut Reader<'_>, out: &mut Vec<String>) {
    while let Ok(Some(element)) = reader.next_element() {
        if element.tag == tag::PRINTABLE_STRING {
            out.push(String::from_utf8_lossy(element.value).into_owned());
        } else if let (tag::SEQUENCE | tag::SET, Ok(mut children)) = (element.tag, element.children()) {
            collect_strings(&mut children, out);
        }
    }
}
