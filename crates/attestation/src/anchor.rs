//! Roots of attestation chains.

use std::fmt;

use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::Error;

/// Google's two roots for Key Attestation, as published in `roots.json` of android/keyattestation.
const GOOGLE: [&[u8]; 2] = [
    include_bytes!("../roots/google_rsa4096_f92009e853b6b045.pem"),
    include_bytes!("../roots/google_p384_key_attestation_ca1.pem"),
];

/// Apple's root for App Attest, as Apple publishes it ("Apple App Attestation Root CA").
const APPLE: &[u8] = include_bytes!("../roots/apple_app_attestation_root_ca.pem");

/// A trusted root: its name and its public key. Several self-signed certificates of Google's RSA root exist with one
/// key, one of them expired, so neither the certificate's digest nor its dates count.
#[derive(Clone, PartialEq, Eq)]
pub struct TrustAnchor {
    subject: Vec<u8>,
    spki: Vec<u8>,
    demo: bool,
}

impl TrustAnchor {
    /// Google's roots.
    ///
    /// # Panics
    /// Never: a test reads them.
    #[must_use]
    pub fn google() -> Vec<Self> {
        GOOGLE.iter().map(|pem| Self::from_pem(pem).expect("Google's roots are certificates")).collect()
    }

    /// Apple's root for App Attest.
    ///
    /// # Panics
    /// Never: a test reads it.
    #[must_use]
    pub fn apple() -> Self {
        Self::from_pem(APPLE).expect("Apple's root is a certificate")
    }

    /// A demo root: trusted in the demo environment only.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn demo(certificate_der: &[u8]) -> Result<Self, Error> {
        Ok(Self { demo: true, ..Self::from_der(certificate_der)? })
    }

    /// Whether this is a demo root.
    #[must_use]
    pub fn is_demo(&self) -> bool {
        self.demo
    }

    fn from_pem(pem: &[u8]) -> Result<Self, Error> {
        let (_, pem) = parse_x509_pem(pem).map_err(|_| Error::Malformed("root"))?;
        Self::from_der(&pem.contents)
    }

    fn from_der(der: &[u8]) -> Result<Self, Error> {
        let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| Error::Malformed("root"))?;
        if !rest.is_empty() {
            return Err(Error::Malformed("root"));
        }
        let spki = certificate.public_key().raw.to_vec();
        Ok(Self { subject: certificate.subject().as_raw().to_vec(), spki, demo: false })
    }

    /// Whether a certificate has this name and key.
    pub(crate) fn is(&self, certificate: &X509Certificate<'_>) -> bool {
        self.subject == certificate.subject().as_raw() && self.spki == certificate.public_key().raw
    }

    /// Whether a certificate names this root as its issuer.
    pub(crate) fn names_issuer_of(&self, certificate: &X509Certificate<'_>) -> bool {
        self.subject == certificate.issuer().as_raw()
    }

    /// SubjectPublicKeyInfo, DER.
    pub(crate) fn spki(&self) -> &[u8] {
        &self.spki
    }
}

impl fmt::Debug for TrustAnchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key: String = crypto::sha256(&self.spki)[..8].iter().map(|b| format!("{b:02x}")).collect();
        write!(f, "TrustAnchor({key}{})", if self.demo { ", demo" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Digests of the SubjectPublicKeyInfo, as computed when the roots were collected.
    #[test]
    fn googles_roots_are_read() {
        let digest = |anchor: &TrustAnchor| hex::encode(crypto::sha256(&anchor.spki));
        let google = TrustAnchor::google();
        assert_eq!(google.len(), 2);
        assert!(google.iter().all(|anchor| !anchor.is_demo()));
        assert_eq!(digest(&google[0]), "feb2ea7551ee316ed4bb443c8293b884dbfdea40b603ee3e4f4a897e4580fbae");
        assert_eq!(digest(&google[1]), "3ee44512a1af2beb39c889490c60ea3f82e43f5d5a5532f5ab9419f676cd07ec");
    }

    #[test]
    fn apples_root_is_read() {
        let apple = TrustAnchor::apple();
        assert!(!apple.is_demo());
        let digest = hex::encode(crypto::sha256(apple.spki()));
        assert_eq!(digest, "1ae751fd29896d0f1f13fe226c063f445d40d8938acc6245c251ecc0679330bd");
    }

    #[test]
    fn bytes_that_are_not_one_certificate_are_refused() {
        let root = crate::bench::Bench::new().root;
        let der = root.certificate_der();
        assert!(TrustAnchor::demo(der).unwrap().is_demo());
        assert_eq!(TrustAnchor::demo(&[der, &[0]].concat()), Err(Error::Malformed("root")));
        assert_eq!(TrustAnchor::demo(&der[1..]), Err(Error::Malformed("root")));
    }
}
