//! The keys of the virtual phone: in software, which a real phone's never are. Their attestation comes from a demo root,
//! so that it says what hardware would say and counts in the demo environment only.

use std::path::Path;

use anyhow::Context as _;
use attestation::demo_root::DemoRoot;
use crypto::{Curve, EcPrivateKey, EcPublicKey, HashAlgorithm};
use mobile_bridge::simulated::simulated_attestation;
use mobile_bridge::{Attestation, DeviceKeys, DeviceSignature, KeyError, PinHardeningKey};
use rand_core::CryptoRng;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;

/// Reads a private key: PKCS#8 in PEM.
pub(in crate::cli) fn read_key(path: &Path) -> anyhow::Result<EcPrivateKey> {
    let at = || path.display().to_string();
    let der = PrivatePkcs8KeyDer::from_pem_file(path).with_context(at)?;
    EcPrivateKey::from_pkcs8_der(der.secret_pkcs8_der()).with_context(at)
}

/// Reads a demo root, as `sceau demo` writes it.
pub(super) fn read_demo_root(path: &Path) -> anyhow::Result<DemoRoot> {
    let json = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    DemoRoot::from_json(&json).with_context(|| path.display().to_string())
}

/// Both keys.
pub(super) struct Keys {
    pub(super) device: EcPrivateKey,
    pub(super) hardening: EcPrivateKey,
    /// Makes attestations; a phone that is enrolled needs none.
    root: Option<DemoRoot>,
}

impl Keys {
    /// New keys, for an enrolment.
    pub(super) fn generate(root: DemoRoot, rng: &mut impl CryptoRng) -> Self {
        let mut key = || EcPrivateKey::generate(Curve::P256, rng);
        Self { device: key(), hardening: key(), root: Some(root) }
    }

    /// The keys of a phone that is enrolled.
    pub(super) fn enrolled(device: EcPrivateKey, hardening: EcPrivateKey) -> Self {
        Self { device, hardening, root: None }
    }
}

fn failed(error: impl ToString) -> KeyError {
    KeyError::Failed { reason: error.to_string() }
}

impl DeviceKeys for Keys {
    fn attest(&self, challenge: Vec<u8>) -> Result<Attestation, KeyError> {
        let root = self.root.as_ref().ok_or_else(|| failed("this phone is enrolled"))?;
        let hardening = self.hardening.public_key().to_sec1();
        simulated_attestation(&root.to_json(), challenge, self.device_key()?, hardening).map_err(failed)
    }

    fn device_key(&self) -> Result<Vec<u8>, KeyError> {
        Ok(self.device.public_key().to_sec1())
    }

    fn sign(&self, message: Vec<u8>) -> Result<DeviceSignature, KeyError> {
        let signature = self.device.sign(HashAlgorithm::Sha256, &message).to_plain(Curve::P256);
        Ok(DeviceSignature::Ecdsa { signature })
    }
}

impl PinHardeningKey for Keys {
    fn agree(&self, point: Vec<u8>) -> Result<Vec<u8>, KeyError> {
        let point = EcPublicKey::from_sec1(Curve::P256, &point).map_err(failed)?;
        self.hardening.ecdh(&point).map(|shared| shared.to_vec()).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    #[test]
    fn a_phone_that_is_enrolled_attests_nothing() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let mut key = || EcPrivateKey::generate(Curve::P256, &mut rng);
        assert!(Keys::enrolled(key(), key()).attest(b"challenge".to_vec()).is_err());
    }
}
