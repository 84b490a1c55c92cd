//! X.509 certificates of the document PKI (Doc 9303-12 7.1), read leniently: what deviates from the profile is judged
//! later, and what is signed is taken from the original bytes.

use std::ops::Range;
use std::sync::OnceLock;

use clock::UnixTime;
use crypto::{PublicKey, SignatureNotes, SignatureScheme, sha256};
use lds::tlv::{self, Reader, tag};
use x509_parser::prelude::{FromDer as _, ParsedExtension, X509Certificate, X509Extension, X509Name};

use crate::fields::{Fields, MissingPart};
use crate::name::Name;
use crate::profile::{self, Finding, Role};

/// The longest certificate that is parsed, in bytes; real ones have less than 4096.
const MAX_CERTIFICATE: usize = 32 * 1024;
const DOCUMENT_TYPE_LIST: &str = "2.23.136.1.1.6.2";
const SUBJECT_KEY_IDENTIFIER: &str = "2.5.29.14";
const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
const NAME_CHANGE: &str = "2.23.136.1.1.6.1";
/// extKeyUsage of a signer of master lists (Doc 9303-12 7.1.1).
pub(crate) const MASTER_LIST_SIGNING: &str = "2.23.136.1.1.3";
/// extKeyUsage of a signer of deviation lists (Doc 9303-12 7.1.1).
pub(crate) const DEVIATION_LIST_SIGNING: &str = "2.23.136.1.1.8";

/// Extensions that may be critical: they are looked at, or restrict nothing that matters here.
const KNOWN_EXTENSIONS: [&str; 10] = [
    SUBJECT_KEY_IDENTIFIER,
    "2.5.29.15", // keyUsage
    "2.5.29.16", // privateKeyUsagePeriod
    "2.5.29.17", // subjectAltName
    "2.5.29.18", // issuerAltName
    "2.5.29.19", // basicConstraints
    "2.5.29.32", // certificatePolicies
    EXTENDED_KEY_USAGE,
    NAME_CHANGE,
    DOCUMENT_TYPE_LIST,
];

/// A certificate, its signature not yet looked at.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    pub(crate) der: Vec<u8>,
    pub(crate) sha256: [u8; 32],
    pub(crate) subject: Name,
    pub(crate) issuer: Name,
    /// Where the issuer's Name stands in `der`.
    issuer_at: Range<usize>,
    /// The subject's countryName as it is written.
    pub(crate) subject_country_raw: Option<String>,
    /// Contents of the INTEGER without leading zeros.
    pub(crate) serial: Vec<u8>,
    pub(crate) subject_key_id: Option<Vec<u8>>,
    pub(crate) authority_key_id: Option<Vec<u8>>,
    pub(crate) not_before: UnixTime,
    pub(crate) not_after: UnixTime,
    pub(crate) key_usage: Option<KeyUsage>,
    /// The purposes of extKeyUsage, dotted; `None`: it is not there.
    pub(crate) extended_key_usage: Option<Vec<String>>,
    /// basicConstraints with cA TRUE.
    pub(crate) is_ca: bool,
    /// pathLenConstraint: how many CAs of other names may stand below.
    pub(crate) path_length: Option<u32>,
    /// nameChange is there: the CSCA had another name before (Doc 9303-12 7.1.1.5).
    pub(crate) name_change: bool,
    /// documentTypeList, if there is one.
    pub(crate) document_types: Option<Vec<String>>,
    /// The first critical extension that is not known.
    pub(crate) unknown_critical: Option<String>,
    /// The signature's algorithm inside is the one outside, which is not signed (RFC 5280 4.1.1.2).
    pub(crate) algorithms_agree: bool,
    pub(crate) spki_der: Vec<u8>,
    pub(crate) signed: Signed,
    /// What [`Certificate::public_key`] read.
    key: OnceLock<Result<PublicKey, crypto::Error>>,
    /// What [`Certificate::signer_findings`] found.
    signer_findings: OnceLock<Vec<Finding>>,
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
    scheme: Result<SignatureScheme, crypto::Error>,
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
            scheme: SignatureScheme::from_algorithm_identifier(algorithm.raw, None),
            signature: bits.to_vec(),
        })
    }

    pub(crate) fn scheme(&self) -> Result<SignatureScheme, crypto::Error> {
        self.scheme.clone()
    }

    /// The signature may be one of this key: kind and length are right. It costs nothing.
    pub(crate) fn fits(&self, key: &PublicKey) -> bool {
        !matches!(key, PublicKey::Rsa(key) if self.signature.len() != key.modulus_len())
    }

    /// What its form lacks, if it is right.
    pub(crate) fn verify(&self, key: &PublicKey) -> Result<SignatureNotes, crypto::Error> {
        self.scheme()?.verify_noting(key, &self.message, &self.signature)
    }
}

impl Certificate {
    /// Reads a certificate.
    ///
    /// # Errors
    /// The part that is missing or malformed.
    pub(crate) fn parse(der: &[u8]) -> Result<Self, MissingPart> {
        if der.len() > MAX_CERTIFICATE {
            return Err("length");
        }
        let fields = Fields::from_der(der)?;
        let signed = Signed::from_der("certificate", der).map_err(|_| "signature-value")?;
        let (_, parsed) = X509Certificate::from_der(der).map_err(|_| "certificate")?;
        let validity = parsed.validity();
        let mut certificate = Self {
            der: der.to_vec(),
            sha256: sha256(der),
            subject: Name::new(parsed.subject()),
            issuer: Name::new(parsed.issuer()),
            issuer_at: fields.issuer_at,
            subject_country_raw: country_as_written(parsed.subject()),
            serial: trim_serial(parsed.tbs_certificate.raw_serial()).to_vec(),
            subject_key_id: None,
            authority_key_id: None,
            not_before: UnixTime(validity.not_before.timestamp()),
            not_after: UnixTime(validity.not_after.timestamp()),
            key_usage: None,
            extended_key_usage: None,
            is_ca: false,
            path_length: None,
            name_change: false,
            algorithms_agree: fields.algorithms_agree,
            document_types: None,
            unknown_critical: None,
            spki_der: parsed.public_key().raw.to_vec(),
            signed,
            key: OnceLock::new(),
            signer_findings: OnceLock::new(),
        };
        for extension in parsed.extensions() {
            certificate.read_extension(extension);
        }
        Ok(certificate)
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
            ParsedExtension::BasicConstraints(constraints) => {
                self.is_ca = constraints.ca;
                self.path_length = constraints.path_len_constraint;
            }
            _ if oid == EXTENDED_KEY_USAGE => self.extended_key_usage = Some(purposes(extension.value)),
            _ if oid == NAME_CHANGE => self.name_change = true,
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

    /// The key, read once: that of a group or of a long modulus costs as much as a verification.
    pub(crate) fn public_key(&self) -> Result<&PublicKey, crypto::Error> {
        let read = || PublicKey::from_spki_der(&self.spki_der).map(|(key, _)| key);
        self.key.get_or_init(read).as_ref().map_err(Clone::clone)
    }

    /// What is not by the profile of document signers, looked for once.
    pub(crate) fn signer_findings(&self) -> &[Finding] {
        self.signer_findings.get_or_init(|| profile::findings(self, Role::DocumentSigner))
    }

    /// This Name, in DER, is its issuer's.
    pub(crate) fn is_issued_by(&self, name_der: &[u8]) -> bool {
        self.der.get(self.issuer_at.clone()) == Some(name_der)
            || Name::from_der(name_der).is_some_and(|name| name == self.issuer)
    }

    /// Its signature is right under the key of `issuer`.
    pub(crate) fn is_signed_by(&self, issuer: &Self) -> bool {
        issuer.public_key().is_ok_and(|key| self.signed.fits(key) && self.signed.verify(key).is_ok())
    }

    /// Issuer and subject are one.
    pub(crate) fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }

    /// A CSCA's own key under its own signature, or under that of its predecessor (Doc 9303-12 4.2): it adds no level
    /// to a path, whatever it is called now.
    pub(crate) fn adds_no_level(&self) -> bool {
        self.is_self_issued() || self.name_change
    }

    /// It is for this purpose and no other.
    pub(crate) fn is_only_for(&self, purpose: &str) -> bool {
        self.extended_key_usage.as_deref().is_some_and(|purposes| purposes == [purpose])
    }

    /// The same key, however it is written.
    pub(crate) fn has_key_of(&self, other: &Self) -> bool {
        self.spki_der == other.spki_der
            || matches!((self.public_key(), other.public_key()), (Ok(one), Ok(two)) if one == two)
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

fn country_as_written(name: &X509Name<'_>) -> Option<String> {
    let country = name.iter_country().next()?;
    Some(String::from_utf8_lossy(country.as_slice()).into_owned())
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
/// ExtKeyUsageSyntax ::= SEQUENCE SIZE (1..MAX) OF OBJECT IDENTIFIER
/// ```
/// RFC 5280 4.2.1.12. What cannot be read is no purpose.
fn purposes(value: &[u8]) -> Vec<String> {
    let mut out = Vec::new();
    if let Ok(mut list) = tlv::read_one("certificate", value, tag::SEQUENCE).and_then(|list| list.children())
    {
        while let Ok(purpose) = list.expect(tag::OID) {
            out.extend(purpose.oid().map(|oid| oid.to_string()));
        }
    }
    out
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
