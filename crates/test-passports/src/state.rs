use std::collections::BTreeMap;

use clock::UnixTime;
use crypto::{Curve, HashAlgorithm};

use crate::certificate::{CRL_SIGN, CertificateBuilder, DIGITAL_SIGNATURE, KEY_CERT_SIGN, Name};
use crate::crl::CrlBuilder;
use crate::{PrivateKey, Signer};

const YEAR: i64 = 31_557_600;

/// A key with its certificate.
#[derive(Clone, Debug)]
pub struct CertificateAuthority {
    /// The key.
    pub signer: Signer,
    /// What the certificate was made from.
    pub template: CertificateBuilder,
    /// The certificate.
    pub certificate: Vec<u8>,
}

/// A State: its CSCA and one document signer.
#[derive(Clone, Debug)]
pub struct State {
    /// The State's code in the MRZ, such as `UTO`.
    pub code: String,
    /// The country signing CA.
    pub csca: CertificateAuthority,
    /// The document signer.
    pub dsc: CertificateAuthority,
}

/// Makes a [`State`].
#[derive(Clone, Debug)]
pub struct StateBuilder {
    at: UnixTime,
    code: String,
    country: String,
    csca: Signer,
    dsc: Signer,
    document_types: Vec<String>,
}

impl StateBuilder {
    /// Utopia with ECDSA keys and explicit parameters, as at the time `at`: the CSCA is three years old then and the
    /// document signer two; both are valid for ten years more.
    #[must_use]
    pub fn new(at: UnixTime) -> Self {
        Self {
            at,
            code: "UTO".into(),
            country: "UT".into(),
            csca: Signer::new(PrivateKey::ec_explicit(Curve::P256, "CSCA UTO"), HashAlgorithm::Sha256),
            dsc: Signer::new(PrivateKey::ec_explicit(Curve::P256, "DSC UTO"), HashAlgorithm::Sha256),
            document_types: Vec::new(),
        }
    }

    /// Another State: its code in the MRZ and its two letters in certificates. Its keys become its own.
    #[must_use]
    pub fn named(mut self, code: &str, country: &str) -> Self {
        self.code = code.into();
        self.country = country.into();
        let key = |role: &str| PrivateKey::ec_explicit(Curve::P256, &format!("{role} {code}"));
        self.csca = Signer::new(key("CSCA"), HashAlgorithm::Sha256);
        self.dsc = Signer::new(key("DSC"), HashAlgorithm::Sha256);
        self
    }

    /// The CSCA's key and scheme.
    #[must_use]
    pub fn csca(mut self, signer: Signer) -> Self {
        self.csca = signer;
        self
    }

    /// The document signer's key and scheme.
    #[must_use]
    pub fn dsc(mut self, signer: Signer) -> Self {
        self.dsc = signer;
        self
    }

    /// The documentTypeList of the document signer; none by default.
    #[must_use]
    pub fn document_types(mut self, types: &[&str]) -> Self {
        self.document_types = types.iter().map(|t| (*t).to_owned()).collect();
        self
    }

    /// Makes the certificates.
    #[must_use]
    pub fn build(self) -> State {
        let name = |common_name: &str| Name {
            country: self.country.clone(),
            organization: "Government".into(),
            common_name: common_name.into(),
        };
        let (csca_name, csca_spki) = (name("CSCA"), self.csca.key.spki_der());
        let csca = CertificateBuilder {
            serial: 1,
            issuer: csca_name.clone(),
            subject: csca_name.clone(),
            not_before: self.at.plus(-3 * YEAR),
            not_after: self.at.plus(12 * YEAR),
            spki_der: csca_spki.clone(),
            issuer_spki_der: csca_spki.clone(),
            path_length: Some(0),
            key_usage: vec![KEY_CERT_SIGN, CRL_SIGN],
            document_types: Vec::new(),
            unknown_critical_extension: false,
            replaced: BTreeMap::new(),
            more_extensions: Vec::new(),
        };
        let dsc = CertificateBuilder {
            serial: 0x1001,
            issuer: csca_name,
            subject: name("Document Signer 1"),
            not_before: self.at.plus(-2 * YEAR),
            not_after: self.at.plus(10 * YEAR),
            spki_der: self.dsc.key.spki_der(),
            issuer_spki_der: csca_spki,
            path_length: None,
            key_usage: vec![DIGITAL_SIGNATURE],
            document_types: self.document_types,
            unknown_critical_extension: false,
            replaced: BTreeMap::new(),
            more_extensions: Vec::new(),
        };
        let dsc_certificate = dsc.sign(&self.csca);
        let csca_certificate = csca.sign(&self.csca);
        State {
            code: self.code,
            csca: CertificateAuthority { signer: self.csca, template: csca, certificate: csca_certificate },
            dsc: CertificateAuthority { signer: self.dsc, template: dsc, certificate: dsc_certificate },
        }
    }
}

impl State {
    /// The same State with a changed CSCA certificate.
    #[must_use]
    pub fn with_csca(mut self, change: impl FnOnce(&mut CertificateBuilder)) -> Self {
        change(&mut self.csca.template);
        self.csca.certificate = self.csca.template.sign(&self.csca.signer);
        self
    }

    /// The same State with a changed document signer certificate.
    #[must_use]
    pub fn with_dsc(mut self, change: impl FnOnce(&mut CertificateBuilder)) -> Self {
        change(&mut self.dsc.template);
        self.dsc.certificate = self.dsc.template.sign(&self.csca.signer);
        self
    }

    /// A CRL of the CSCA of the time `at`, valid for 90 days, that revokes these serial numbers.
    #[must_use]
    pub fn crl(&self, at: UnixTime, revoked: &[u64]) -> Vec<u8> {
        self.crl_builder(at, revoked).sign(&self.csca.signer)
    }

    /// What [`crl`](Self::crl) is made from.
    #[must_use]
    pub fn crl_builder(&self, at: UnixTime, revoked: &[u64]) -> CrlBuilder {
        CrlBuilder {
            issuer: self.csca.template.subject.clone(),
            this_update: at,
            next_update: at.plus(90 * 86_400),
            revoked: revoked.to_vec(),
            number: 1,
        }
    }

    /// A link certificate: the new CSCA `next`, signed by this one (Doc 9303-12 4.2).
    #[must_use]
    pub fn link_to(&self, next: &Self) -> Vec<u8> {
        let mut link = next.csca.template.clone();
        link.serial = 2;
        link.issuer = self.csca.template.subject.clone();
        link.issuer_spki_der = self.csca.signer.key.spki_der();
        link.sign(&self.csca.signer)
    }
}
