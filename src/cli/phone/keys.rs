//! The keys of the virtual phone: in software, which a real phone's never are. Their attestation comes from a demo root,
//! so that it says what hardware would say and counts in the demo environment only.

use std::path::Path;

use anyhow::Context as _;
use attestation::Application;
use attestation::demo_root::{DemoRoot, KeyProfile};
use clock::{Clock as _, SystemClock};
use crypto::{Curve, EcPrivateKey, EcPublicKey, HashAlgorithm, sha256};
use mobile_bridge::{Attestation, DeviceKeys, KeyError, PinHardeningKey};
use rand_core::CryptoRng;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;

/// The package name of the virtual phone's app.
pub const APPLICATION: &str = "fr.sceau.virtualphone";
const APP_VERSION: &str = "1.0.0";

/// SHA-256 of the certificate that "signed" the app. No such certificate exists.
#[must_use]
pub fn application_signer() -> [u8; 32] {
    sha256(b"Sceau virtual phone: signed by nobody")
}

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
        let signer_sha256 = vec![application_signer()];
        let application = Application { package_name: APPLICATION.to_owned(), signer_sha256 };
        let now = SystemClock.now();
        let device = KeyProfile::device_key(&challenge, &application, now);
        let hardening = KeyProfile::pin_hardening_key(&challenge, &application, now);
        Ok(Attestation {
            platform: "android".to_owned(),
            app_version: APP_VERSION.to_owned(),
            device_key: self.device_key()?,
            device_chain: root.issue(&self.device.public_key(), &device),
            pin_hardening_chain: root.issue(&self.hardening.public_key(), &hardening),
        })
    }

    fn device_key(&self) -> Result<Vec<u8>, KeyError> {
        Ok(self.device.public_key().to_sec1())
    }

    fn sign(&self, message: Vec<u8>) -> Result<Vec<u8>, KeyError> {
        Ok(self.device.sign(HashAlgorithm::Sha256, &message).to_plain(Curve::P256))
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
    use attestation::{
        AttestationPolicy, Environment, Error, Revocation, SecurityLevel, TrustAnchor, verify_android,
    };
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    fn judge(environment: Environment) -> Result<String, Error> {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let now = SystemClock.now();
        let root = DemoRoot::generate(now, &mut rng);
        let policy = AttestationPolicy {
            anchors: vec![TrustAnchor::demo(root.certificate_der()).unwrap()],
            environment,
            applications: vec![Application {
                package_name: APPLICATION.into(),
                signer_sha256: vec![application_signer()],
            }],
            security_levels: vec![SecurityLevel::TrustedEnvironment],
            require_verified_boot: true,
            require_locked: true,
            min_os_patch_level: None,
            min_vendor_patch_level: None,
            min_boot_patch_level: None,
            revocation: Revocation::NotChecked,
        };
        let keys = Keys::generate(root, &mut rng);
        let made = keys.attest(b"challenge".to_vec()).unwrap();
        let device =
            verify_android(&made.device_chain, &made.pin_hardening_chain, b"challenge", &policy, now)?;
        assert_eq!(device.device_key(), &keys.device.public_key());
        Ok(device.device_id())
    }

    #[test]
    fn both_keys_are_attested_under_the_demo_root_for_demos_only() {
        assert!(judge(Environment::Demo).is_ok());
        assert_eq!(judge(Environment::Production), Err(Error::DemoRoot));
    }

    #[test]
    fn a_phone_that_is_enrolled_attests_nothing() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let mut key = || EcPrivateKey::generate(Curve::P256, &mut rng);
        assert!(Keys::enrolled(key(), key()).attest(b"challenge".to_vec()).is_err());
    }
}
