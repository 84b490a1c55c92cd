//! X.509 certificates by the profile of Doc 9303-12 7.1.

use std::collections::BTreeMap;

use clock::UnixTime;
use crypto::HashAlgorithm;
use lds::tlv;

use crate::Signer;
use crate::asn1;

/// Key usage digitalSignature.
pub const DIGITAL_SIGNATURE: u8 = 0;
/// Key usage keyCertSign.
pub const KEY_CERT_SIGN: u8 = 5;
/// Key usage cRLSign.
pub const CRL_SIGN: u8 = 6;

/// A distinguished name: country, organisation, common name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// countryName, two letters.
    pub country: String,
    /// organizationName.
    pub organization: String,
    /// commonName.
    pub common_name: String,
}

impl Name {
    /// The Name, DER.
    #[must_use]
    pub fn der(&self) -> Vec<u8> {
        let rdn = |oid: &str, value: Vec<u8>| asn1::set(&[asn1::sequence(&[asn1::oid(oid), value])]);
        asn1::sequence(&[
            rdn("2.5.4.6", asn1::printable(&self.country)),
            rdn("2.5.4.10", asn1::utf8(&self.organization)),
            rdn("2.5.4.3", asn1::utf8(&self.common_name)),
        ])
    }
}

/// A part of a certificate, to be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CertificatePart {
    /// version with its tag.
    Version,
    /// serialNumber.
    Serial,
    /// signature: the algorithm inside.
    Signature,
    /// issuer.
    Issuer,
    /// validity.
    Validity,
    /// subjectPublicKeyInfo.
    PublicKey,
    /// The extension authorityKeyIdentifier.
    AuthorityKeyIdentifier,
    /// The extension keyUsage.
    KeyUsage,
    /// signatureAlgorithm: the one outside.
    SignatureAlgorithm,
    /// signatureValue.
    SignatureValue,
}

/// What a certificate is made from. Every field may be changed to make a wrong one.
#[derive(Clone, Debug)]
pub struct CertificateBuilder {
    /// The serial number.
    pub serial: u64,
    /// Who signs.
    pub issuer: Name,
    /// Who is certified.
    pub subject: Name,
    /// Validity, from.
    pub not_before: UnixTime,
    /// Validity, to.
    pub not_after: UnixTime,
    /// SubjectPublicKeyInfo of the subject.
    pub spki_der: Vec<u8>,
    /// SubjectPublicKeyInfo of the issuer: only its key identifier is used.
    pub issuer_spki_der: Vec<u8>,
    /// basicConstraints with cA TRUE and this path length.
    pub path_length: Option<u8>,
    /// keyUsage bits.
    pub key_usage: Vec<u8>,
    /// documentTypeList (Doc 9303-12 7.1.1.6); left out if empty.
    pub document_types: Vec<String>,
    /// A critical extension that nobody knows.
    pub unknown_critical_extension: bool,
    /// Parts by other bytes than their own; none: the part is missing.
    pub replaced: BTreeMap<CertificatePart, Vec<u8>>,
    /// Further extensions, DER.
    pub more_extensions: Vec<Vec<u8>>,
}

impl CertificateBuilder {
    /// Signs and encodes the certificate.
    #[must_use]
    pub fn sign(&self, signer: &Signer) -> Vec<u8> {
        let tbs = asn1::sequence(&[
            self.part(CertificatePart::Version, || asn1::context(0, &[asn1::integer(2)])),
            self.part(CertificatePart::Serial, || asn1::integer(self.serial)),
            self.part(CertificatePart::Signature, || signer.algorithm_der()),
            self.part(CertificatePart::Issuer, || self.issuer.der()),
            self.part(CertificatePart::Validity, || {
                asn1::sequence(&[asn1::time(self.not_before), asn1::time(self.not_after)])
            }),
            self.subject.der(),
            self.part(CertificatePart::PublicKey, || self.spki_der.clone()),
            asn1::context(3, &[asn1::sequence(&self.extensions())]),
        ]);
        let algorithm = self.part(CertificatePart::SignatureAlgorithm, || signer.algorithm_der());
        let signature = self.part(CertificatePart::SignatureValue, || asn1::bit_string(&signer.sign(&tbs)));
        asn1::sequence(&[tbs, algorithm, signature])
    }

    /// The same with a part by other bytes; by none: without it.
    #[must_use]
    pub fn with(mut self, part: CertificatePart, der: &[u8]) -> Self {
        self.replaced.insert(part, der.to_vec());
        self
    }

    fn part(&self, part: CertificatePart, usual: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
        self.replaced.get(&part).cloned().unwrap_or_else(usual)
    }

    fn extensions(&self) -> Vec<Vec<u8>> {
        let authority = tlv::encode(0x80, &key_identifier(&self.issuer_spki_der));
        let mut out = vec![
            self.part(CertificatePart::AuthorityKeyIdentifier, || {
                extension("2.5.29.35", false, &asn1::sequence(&[authority]))
            }),
            extension("2.5.29.14", false, &asn1::octet_string(&key_identifier(&self.spki_der))),
        ];
        if !self.key_usage.is_empty() {
            out.push(self.part(CertificatePart::KeyUsage, || {
                extension("2.5.29.15", true, &asn1::named_bits(&self.key_usage))
            }));
        }
        if let Some(length) = self.path_length {
            let constraints = asn1::sequence(&[asn1::boolean_true(), asn1::integer(u64::from(length))]);
            out.push(extension("2.5.29.19", true, &constraints));
        }
        if !self.document_types.is_empty() {
            let types: Vec<Vec<u8>> = self.document_types.iter().map(|t| asn1::printable(t)).collect();
            let list = asn1::sequence(&[asn1::integer(0), asn1::set(&types)]);
            out.push(extension("2.23.136.1.1.6.2", false, &list));
        }
        if self.unknown_critical_extension {
            out.push(extension("1.3.6.1.4.1.99999.1", true, &asn1::null()));
        }
        out.extend(self.more_extensions.clone());
        out
    }
}

/// An Extension, DER.
pub(crate) fn extension(oid: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let mut parts = vec![asn1::oid(oid)];
    if critical {
        parts.push(asn1::boolean_true());
    }
    parts.push(asn1::octet_string(value));
    asn1::sequence(&parts)
}

/// The key identifier of our certificates: SHA-1 over the whole SubjectPublicKeyInfo (verifiers only compare it).
#[must_use]
pub fn key_identifier(spki_der: &[u8]) -> Vec<u8> {
    HashAlgorithm::Sha1.digest(spki_der)
}
