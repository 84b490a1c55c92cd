//! Says of two keys what hardware would say of its own.

use attestation::Application;
use attestation::demo_root::{DemoRoot, KeyProfile};
use clock::{Clock as _, SystemClock};
use crypto::{Curve, EcPublicKey, sha256};

use crate::{Attestation, BridgeError};

/// The package name of the app that a simulated attestation names.
pub const APPLICATION: &str = "fr.sceau.virtualphone";
const APP_VERSION: &str = "1.0.0";

/// SHA-256 of the certificate that "signed" the app. No such certificate exists.
#[must_use]
pub fn application_signer() -> [u8; 32] {
    sha256(b"Sceau virtual phone: signed by nobody")
}

/// Attests both keys (uncompressed SEC 1 points on P-256) over the server's challenge, under a demo root as
/// `sceau demo` writes it (`demo-root.json`).
///
/// # Errors
/// [`BridgeError::Usage`]: the text is no demo root, or a key is no point.
#[uniffi::export]
pub fn simulated_attestation(
    demo_root: &str,
    challenge: Vec<u8>,
    device_key: Vec<u8>,
    pin_hardening_key: Vec<u8>,
) -> Result<Attestation, BridgeError> {
    let root = DemoRoot::from_json(demo_root).map_err(|error| BridgeError::usage(&error.to_string()))?;
    let point = |sec1: &[u8]| {
        EcPublicKey::from_sec1(Curve::P256, sec1).map_err(|error| BridgeError::usage(&error.to_string()))
    };
    let (device, hardening) = (point(&device_key)?, point(&pin_hardening_key)?);
    let signer_sha256 = vec![application_signer()];
    let application = Application { package_name: APPLICATION.to_owned(), signer_sha256 };
    let now = SystemClock.now();
    Ok(Attestation::Android {
        app_version: APP_VERSION.to_owned(),
        device_chain: root.issue(&device, &KeyProfile::device_key(&challenge, &application, now)),
        pin_hardening_chain: root
            .issue(&hardening, &KeyProfile::pin_hardening_key(&challenge, &application, now)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use attestation::{
        AppAttestPolicy, AttestationPolicy, Environment, Error, Revocation, SecurityLevel, TrustAnchor,
        verify_android,
    };
    use crypto::EcPrivateKey;
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    fn judge(environment: Environment) -> Result<(), Error> {
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
            app_attest: AppAttestPolicy::default(),
        };
        let mut key = || EcPrivateKey::generate(Curve::P256, &mut rng).public_key();
        let (device, hardening) = (key(), key());
        let json = root.to_json();
        let made = simulated_attestation(&json, b"challenge".into(), device.to_sec1(), hardening.to_sec1());
        let made = made.unwrap();
        let Attestation::Android { device_chain, pin_hardening_chain, .. } = made else { panic!("{made:?}") };
        let verified = verify_android(&device_chain, &pin_hardening_chain, b"challenge", &policy, now)?;
        assert_eq!(verified.device_key(), &device);
        Ok(())
    }

    #[test]
    fn both_keys_are_attested_under_the_demo_root_for_demos_only() {
        assert!(judge(Environment::Demo).is_ok());
        assert_eq!(judge(Environment::Production), Err(Error::DemoRoot));
    }

    #[test]
    fn what_is_no_root_or_no_point_is_refused() {
        let root = DemoRoot::generate(SystemClock.now(), &mut ChaCha20Rng::seed_from_u64(1)).to_json();
        let refused = |root: &str, key: &[u8]| {
            let error = simulated_attestation(root, b"challenge".into(), key.into(), key.into()).unwrap_err();
            assert_eq!(error.code(), "usage");
        };
        refused("{}", &[4; 65]);
        refused(&root, &[4; 65]);
    }
}
