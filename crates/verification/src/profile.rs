//! What of a certificate is not as the profile of Doc 9303-12 7.1 says. A finding never refuses for itself: half of the
//! States have some. [`crate::Policy::certificate_profile`] may make those of document signers refuse.

use crypto::{HashAlgorithm, PublicKey};
use lds::tlv::{self, tag};
use serde::{Serialize, Serializer};

use crate::certificate::Certificate;
use crate::fields::{Fields, is_long_before_2050};

/// What a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A country signing CA under its own signature.
    Csca,
    /// A CSCA's key under another key of the State (Doc 9303-12 4.2).
    Link,
    /// A document signer.
    DocumentSigner,
    /// A signer of master lists.
    MasterListSigner,
    /// A signer of deviation lists.
    DeviationListSigner,
}

/// One departure from the profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Finding {
    /// The stable code, such as `aki-missing`.
    pub code: &'static str,
    /// In words.
    pub what: &'static str,
    /// [`crate::Policy::certificate_profile`] may refuse a document signer for it.
    pub gates: bool,
}

/// As its code.
impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code)
    }
}

pub(crate) const fn gate(code: &'static str, what: &'static str) -> Finding {
    Finding { code, what, gates: true }
}

const fn note(code: &'static str, what: &'static str) -> Finding {
    Finding { code, what, gates: false }
}

const VERSION: Finding = gate("version", "it is not of version 3");
const VALIDITY_ENCODING: Finding = gate("validity-encoding", "a year before 2050 has four digits");
const AKI_MISSING: Finding = gate("aki-missing", "it does not name its issuer's key");
const AKI: Finding = gate("aki", "its authority key identifier has no key identifier");
const KEY_USAGE_MISSING: Finding = gate("key-usage-missing", "it has no key usage");
const KEY_USAGE_CRITICAL: Finding = gate("key-usage-not-critical", "its key usage is not critical");
/// Seen only when the signature is verified.
pub(crate) const WITHOUT_NULL: Finding =
    note("digest-info-without-null", "its signature's DigestInfo has no NULL");
/// Of CRLs.
pub(crate) const CRITICAL_EXTENSION: Finding = note(
    "critical-extension",
    "with a critical extension it is no whole list, and revokes and clears nobody",
);
/// Seen only together with the issuer.
pub(crate) const ISSUER_MISMATCH: Finding =
    gate("issuer-mismatch", "its issuer's name is not that of the certificate above");
const CA: Finding = note("basic-constraints", "it is a document signer's and says that it is a CA's");
const KEY_USAGE: Finding = note("key-usage", "its key usage does not fit its role");
const ALGORITHM: Finding =
    note("algorithm-mismatch", "the signature's algorithm inside is not the one outside");
const SERIAL_NEGATIVE: Finding = note("serial-negative", "its serial number is negative");
const SERIAL_ZERO: Finding = note("serial-zero", "its serial number is zero");
const SERIAL_LENGTH: Finding = note("serial-length", "its serial number has more than 20 bytes");
const SKI_MISSING: Finding = note("ski-missing", "it does not identify its key");
const SKI_ENCODING: Finding = note("ski-encoding", "its key identifier is not an OCTET STRING");
const COUNTRY_MISSING: Finding = note("country-missing", "its subject has no country");
const COUNTRY_CASE: Finding = note("country-case", "its country is not in upper case");
const COUNTRY_LENGTH: Finding = note("country-length", "its country has not two letters");
const COUNTRY_DIFFERS: Finding = note("country-differs", "issuer and subject are of different countries");
const BC_MISSING: Finding = note("basic-constraints-missing", "a CA's certificate without basic constraints");
const BC_FALSE: Finding = note("basic-constraints-false", "a CA's certificate that says it is none");
const BC_CRITICAL: Finding = note("basic-constraints-not-critical", "its basic constraints are not critical");
const PATH_MISSING: Finding = note("path-length-missing", "a CA's certificate without path length");
const PATH_LENGTH: Finding = note("path-length", "a CA's certificate whose path length is not zero");
const SHA1: Finding = note("sha1", "it is signed with SHA-1");
const SHORT_KEY: Finding = note("rsa-below-2048", "its RSA modulus has fewer than 2048 bits");
const EXPONENT: Finding = note("rsa-exponent", "its RSA exponent is not 65537");
const EXPLICIT: Finding = note("explicit-curve", "its curve is given by parameters");
const ECDSA_NULL: Finding = note("ecdsa-null", "the algorithm of ECDSA has NULL parameters");
const RSA_NO_NULL: Finding = note("rsa-no-null", "the algorithm of RSA has no NULL parameters");
const CRL_POINT: Finding = note("crl-distribution-point-missing", "it does not say where its CRL is");
const DUPLICATE: Finding = note("extension-twice", "an extension stands twice");
const UNKNOWN_CRITICAL: Finding = note("unknown-critical-extension", "a critical extension is not known");
const NAME_CHANGE: Finding = note("name-change", "its CA had another name before");
const TYPES_ENCODING: Finding = note("document-type-list-encoding", "its document type list is a bare one");

/// Every departure that is looked for, in the order of the certificate's parts.
pub(crate) fn findings(certificate: &Certificate, role: Role) -> Vec<Finding> {
    let Ok(fields) = Fields::from_der(&certificate.der) else { return Vec::new() };
    let mut found = Found(Vec::new());
    found.fields(&fields, certificate);
    found.names(certificate);
    found.key(certificate);
    found.identifiers(&fields, certificate, role);
    found.extensions(&fields, certificate, role);
    found.0
}

struct Found(Vec<Finding>);

impl Found {
    fn when(&mut self, is: bool, finding: Finding) {
        if is {
            self.0.push(finding);
        }
    }

    fn fields(&mut self, fields: &Fields<'_>, certificate: &Certificate) {
        self.when(fields.version != Some(2), VERSION);
        self.when(fields.serial.first().is_none_or(|byte| byte & 0x80 != 0), SERIAL_NEGATIVE);
        self.when(certificate.serial.is_empty(), SERIAL_ZERO);
        self.when(fields.serial.len() > 20, SERIAL_LENGTH);
        self.when(!fields.algorithms_agree, ALGORITHM);
        self.when(fields.validity.into_iter().any(is_long_before_2050), VALIDITY_ENCODING);
        if let Ok(scheme) = certificate.signed.scheme() {
            let ecdsa = scheme.name().contains("ECDSA");
            self.when(scheme.hash() == HashAlgorithm::Sha1, SHA1);
            self.when(ecdsa && fields.null_parameters, ECDSA_NULL);
            self.when(scheme.name().contains("PKCS1") && !fields.null_parameters, RSA_NO_NULL);
        }
    }

    fn names(&mut self, certificate: &Certificate) {
        let subject = certificate.subject.country();
        let raw = certificate.subject_country_raw.as_deref();
        self.when(subject.is_none(), COUNTRY_MISSING);
        self.when(raw.is_some_and(|raw| raw.to_uppercase() != raw), COUNTRY_CASE);
        self.when(raw.is_some_and(|raw| raw.len() != 2), COUNTRY_LENGTH);
        let differs = matches!((subject, certificate.issuer.country()), (Some(one), Some(two)) if one != two);
        self.when(differs, COUNTRY_DIFFERS);
    }

    fn key(&mut self, certificate: &Certificate) {
        match PublicKey::from_spki_der(&certificate.spki_der) {
            Ok((PublicKey::Rsa(key), _)) => {
                self.when(key.bits() < 2048, SHORT_KEY);
                self.when(key.exponent() != [1, 0, 1], EXPONENT);
            }
            Ok((_, notes)) => self.when(notes.explicit_parameters, EXPLICIT),
            Err(_) => {}
        }
    }

    fn identifiers(&mut self, fields: &Fields<'_>, certificate: &Certificate, role: Role) {
        let authority = fields.extension("2.5.29.35");
        // A root need not name itself.
        self.when(authority.is_none() && role != Role::Csca, AKI_MISSING);
        self.when(authority.is_some() && certificate.authority_key_id.is_none(), AKI);
        let subject = fields.extension("2.5.29.14");
        self.when(subject.is_none(), SKI_MISSING);
        let is_octets = |value| tlv::read_one("certificate", value, tag::OCTET_STRING).is_ok();
        self.when(subject.is_some_and(|(_, value)| !is_octets(value)), SKI_ENCODING);
    }

    fn extensions(&mut self, fields: &Fields<'_>, certificate: &Certificate, role: Role) {
        let is_ca = matches!(role, Role::Csca | Role::Link);
        let usage = certificate.key_usage;
        self.when(usage.is_none(), KEY_USAGE_MISSING);
        self.when(fields.extension("2.5.29.15").is_some_and(|(critical, _)| !critical), KEY_USAGE_CRITICAL);
        let fits = usage.is_none_or(|u| if is_ca { u.key_cert_sign } else { u.digital_signature });
        self.when(!fits, KEY_USAGE);
        let constraints = fields.extension("2.5.29.19");
        if is_ca {
            self.when(constraints.is_none(), BC_MISSING);
            self.when(constraints.is_some() && !certificate.is_ca, BC_FALSE);
            self.when(constraints.is_some_and(|(critical, _)| !critical), BC_CRITICAL);
            self.when(certificate.is_ca && certificate.path_length.is_none(), PATH_MISSING);
            self.when(certificate.path_length.is_some_and(|length| length != 0), PATH_LENGTH);
        } else {
            self.when(certificate.is_ca, CA);
        }
        self.when(fields.extension("2.5.29.31").is_none(), CRL_POINT);
        self.when(certificate.name_change, NAME_CHANGE);
        self.when(certificate.unknown_critical.is_some(), UNKNOWN_CRITICAL);
        let list = fields.extension("2.23.136.1.1.6.2").map(|(_, value)| value);
        self.when(list.is_some_and(|v| v.first() != Some(&0x30) || v.get(2) != Some(&2)), TYPES_ENCODING);
        let mut oids: Vec<&String> = fields.extensions.iter().map(|one| &one.0).collect();
        let all = oids.len();
        oids.sort();
        oids.dedup();
        self.when(oids.len() != all, DUPLICATE);
    }
}
