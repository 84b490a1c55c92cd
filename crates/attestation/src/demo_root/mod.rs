//! A demo root: attestation chains of Android's form, and of App Attest's, for keys that live in software.
//!
//! The virtual phone holds a [`DemoRoot`] and issues chains for its keys; the server is configured with the root's
//! certificate ([`crate::TrustAnchor::demo`]), which counts only in the demo environment. A root is made per
//! deployment, never shipped.

mod app_attest;
pub(crate) mod certificate;
pub(crate) mod factory;
mod profile;

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use clock::UnixTime;
use crypto::{EcPrivateKey, EcPublicKey, PublicKey};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use x509_parser::prelude::{FromDer as _, X509Certificate};
use zeroize::Zeroizing;

use crate::Error;

pub use app_attest::AppAttestProfile;
use factory::Factory;
pub use profile::{DemoBoot, KeyProfile};

/// A demo root with its factory: an intermediate and an attestation key below it. The root's own key is thrown away
/// once both are certified.
#[derive(Clone)]
pub struct DemoRoot {
    /// Attestation key, intermediate, root: DER, in the order of a chain.
    certificates: Vec<Vec<u8>>,
    attestation_key: EcPrivateKey,
    /// The attestation key's Name, DER.
    attestation_name: Vec<u8>,
}

/// The file form.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    certificates: Vec<String>,
    attestation_key: String,
}

impl DemoRoot {
    /// Makes a new root, valid for ten years from the day before `at`.
    pub fn generate(at: UnixTime, rng: &mut impl CryptoRng) -> Self {
        Factory::new(at, rng).certify()
    }

    /// The root's certificate, for [`crate::TrustAnchor::demo`].
    #[must_use]
    pub fn certificate_der(&self) -> &[u8] {
        self.certificates.last().map_or(&[], Vec::as_slice)
    }

    /// The chain for a key, leaf first.
    #[must_use]
    pub fn issue(&self, key: &EcPublicKey, profile: &KeyProfile) -> Vec<Vec<u8>> {
        let leaf = factory::leaf(key, profile, &self.attestation_name).sign(&self.attestation_key);
        [vec![leaf], self.certificates.clone()].concat()
    }

    /// The file form, JSON. It holds the attestation key.
    ///
    /// # Panics
    /// Never: strings are JSON.
    #[must_use]
    pub fn to_json(&self) -> Zeroizing<String> {
        let file = File {
            certificates: self.certificates.iter().map(|der| BASE64_STANDARD.encode(der)).collect(),
            attestation_key: BASE64_STANDARD.encode(&*self.attestation_key.to_pkcs8_der()),
        };
        Zeroizing::new(serde_json::to_string_pretty(&file).expect("strings are JSON"))
    }

    /// Reads the file form.
    ///
    /// # Errors
    /// [`Error::Malformed`], also if the attestation key is not the one certified.
    pub fn from_json(json: &str) -> Result<Self, Error> {
        let malformed = || Error::Malformed("demo root");
        let file: File = serde_json::from_str(json).map_err(|_| malformed())?;
        let decode = |text: &String| BASE64_STANDARD.decode(text).map_err(|_| malformed());
        let certificates = file.certificates.iter().map(decode).collect::<Result<Vec<_>, _>>()?;
        let key = Zeroizing::new(decode(&file.attestation_key)?);
        let attestation_key = EcPrivateKey::from_pkcs8_der(&key).map_err(|_| malformed())?;
        let [der, _, _] = &certificates[..] else {
            return Err(malformed());
        };
        let (_, certificate) = X509Certificate::from_der(der).map_err(|_| malformed())?;
        if PublicKey::Ec(attestation_key.public_key()).to_spki_der() != certificate.public_key().raw {
            return Err(malformed());
        }
        let attestation_name = certificate.subject().as_raw().to_vec();
        Ok(Self { certificates, attestation_key, attestation_name })
    }
}

impl fmt::Debug for DemoRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DemoRoot(..)")
    }
}

#[cfg(test)]
impl DemoRoot {
    pub(crate) fn attestation_name(&self) -> &[u8] {
        &self.attestation_name
    }

    pub(crate) fn attestation_key(&self) -> &EcPrivateKey {
        &self.attestation_key
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::{AT, Bench};
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng as _;

    #[test]
    fn the_file_form_is_read_back_and_attests_the_same() {
        let bench = Bench::new();
        let read = DemoRoot::from_json(&bench.root.to_json()).unwrap();
        assert_eq!(read.certificate_der(), bench.root.certificate_der());
        let key = bench.keys[0].public_key();
        assert_eq!(read.issue(&key, &bench.device), bench.root.issue(&key, &bench.device));
    }

    #[test]
    fn a_file_with_the_key_of_another_root_is_refused() {
        let roots = [1, 2].map(|seed| DemoRoot::generate(AT, &mut ChaCha20Rng::seed_from_u64(seed)));
        let [mut one, two] = roots;
        assert!(DemoRoot::from_json(&one.to_json()).is_ok());
        one.attestation_key = two.attestation_key;
        assert_eq!(DemoRoot::from_json(&one.to_json()).err(), Some(Error::Malformed("demo root")));
        assert_eq!(DemoRoot::from_json("{}").err(), Some(Error::Malformed("demo root")));
    }

    #[test]
    fn roots_of_two_deployments_differ_and_keys_are_not_printed() {
        let roots = [1, 2].map(|seed| DemoRoot::generate(AT, &mut ChaCha20Rng::seed_from_u64(seed)));
        assert_ne!(roots[0].certificate_der(), roots[1].certificate_der());
        assert_eq!(format!("{:?}", roots[0]), "DemoRoot(..)");
    }
}
