//! The two keys of a phone together.

use clock::UnixTime;
use crypto::EcPublicKey;

use crate::key::{Role, verify_key};
use crate::{AttestationPolicy, Error};

/// A phone whose two hardware keys are attested. Only [`verify_android`] and [`crate::verify_app_attest`] make one:
/// ```compile_fail,E0451
/// fn forge(device: attestation::AttestedDevice) -> attestation::AttestedDevice {
///     attestation::AttestedDevice { demo: false, ..device }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestedDevice {
    device_key: EcPublicKey,
    pin_hardening_key: EcPublicKey,
    app_id_sha256: Option<[u8; 32]>,
    demo: bool,
}

impl AttestedDevice {
    pub(crate) fn ios(
        device_key: EcPublicKey,
        app_id_sha256: [u8; 32],
        pin_hardening_key: EcPublicKey,
        demo: bool,
    ) -> Self {
        Self { device_key, pin_hardening_key, app_id_sha256: Some(app_id_sha256), demo }
    }

    /// The key that signs: possession.
    #[must_use]
    pub fn device_key(&self) -> &EcPublicKey {
        &self.device_key
    }

    /// The key that hardens the PIN, by ECDH only.
    #[must_use]
    pub fn pin_hardening_key(&self) -> &EcPublicKey {
        &self.pin_hardening_key
    }

    /// iOS: SHA-256 of the id of the app that the device key signs assertions for. An Android key signs what it is given.
    #[must_use]
    pub fn app_id_sha256(&self) -> Option<[u8; 32]> {
        self.app_id_sha256
    }

    /// Attested under a demo root.
    #[must_use]
    pub fn is_demo(&self) -> bool {
        self.demo
    }
}

/// Verifies the chains of both keys, each leaf first, over the server's challenge. The challenge is used once: the
/// caller closes it. Possession of the device key (step 14) is proved by the signature on the request that brings
/// the chains.
///
/// # Errors
/// The first step that fails for the device key, then for the pin hardening key, then for both together.
pub fn verify_android(
    device_chain: &[Vec<u8>],
    pin_chain: &[Vec<u8>],
    challenge: &[u8],
    policy: &AttestationPolicy,
    at: UnixTime,
) -> Result<AttestedDevice, Error> {
    let device = verify_key(Role::Device, device_chain, challenge, policy, at)?;
    let pin = verify_key(Role::PinHardening, pin_chain, challenge, policy, at)?;
    if device.key == pin.key {
        return Err(Error::SameKey);
    }
    let one_phone = device.root_of_trust == pin.root_of_trust
        && device.os_patch_level == pin.os_patch_level
        && device.application == pin.application
        && device.demo == pin.demo;
    if !one_phone {
        return Err(Error::TwoDevices);
    }
    Ok(AttestedDevice {
        device_key: device.key,
        pin_hardening_key: pin.key,
        app_id_sha256: None,
        demo: device.demo,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Bench;
    use crate::demo_root::KeyProfile;

    #[test]
    fn a_device_holds_the_two_attested_keys() {
        let bench = Bench::new();
        let device = bench.verify().unwrap();
        assert_eq!(device.device_key(), &bench.keys[0].public_key());
        assert_eq!(device.pin_hardening_key(), &bench.keys[1].public_key());
        assert_eq!(device.app_id_sha256(), None);
    }

    #[test]
    fn one_key_in_both_places_is_refused() {
        let mut bench = Bench::new();
        bench.keys[1] = bench.keys[0].clone();
        assert_eq!(bench.verify(), Err(Error::SameKey));
    }

    #[test]
    fn keys_of_two_phones_are_refused() {
        let changes: [fn(&mut KeyProfile); 3] = [
            |key| key.root_of_trust.as_mut().unwrap().hash[0] ^= 1,
            |key| key.root_of_trust.as_mut().unwrap().key[0] ^= 1,
            |key| key.os_patch_level += 1,
        ];
        for change in changes {
            let mut bench = Bench::new();
            change(&mut bench.pin);
            assert_eq!(bench.verify(), Err(Error::TwoDevices));
        }
    }

    #[test]
    fn keys_of_two_of_our_apps_are_refused() {
        let mut bench = Bench::new();
        bench.pin.application.package_name = "fr.example.sceau.beta".into();
        bench.policy.applications.push(bench.pin.application.clone());
        assert_eq!(bench.verify(), Err(Error::TwoDevices));
    }
}
