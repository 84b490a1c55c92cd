//! Steps 8 to 14: one attested key.

use clock::UnixTime;
use crypto::{Curve, EcPublicKey, PublicKey};

use crate::chain::VerifiedChain;
use crate::key_description::{ApplicationId, AuthorizationList, KeyDescription, RootOfTrust};
use crate::{Application, AttestationPolicy, Error, SecurityLevel};

/// KeyMint's numbers.
pub(crate) mod keymint {
    pub(crate) const PURPOSE_SIGN: u64 = 2;
    pub(crate) const PURPOSE_VERIFY: u64 = 3;
    pub(crate) const PURPOSE_AGREE_KEY: u64 = 6;
    pub(crate) const ALGORITHM_EC: u64 = 3;
    pub(crate) const CURVE_P256: u64 = 1;
    pub(crate) const DIGEST_SHA256: u64 = 4;
    pub(crate) const ORIGIN_GENERATED: u64 = 0;
    pub(crate) const BOOT_STATE_VERIFIED: u64 = 0;
}

/// What the key is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Signs.
    Device,
    /// Does ECDH and nothing else.
    PinHardening,
}

/// A key that passed every step.
pub(crate) struct AttestedKey {
    pub(crate) key: EcPublicKey,
    pub(crate) security_level: SecurityLevel,
    pub(crate) demo: bool,
    pub(crate) root_of_trust: RootOfTrust,
    pub(crate) os_patch_level: u32,
    pub(crate) application: ApplicationId,
}

/// Steps 1 to 14 for one key.
pub(crate) fn verify_key(
    role: Role,
    chain: &[Vec<u8>],
    challenge: &[u8],
    policy: &AttestationPolicy,
    at: UnixTime,
) -> Result<AttestedKey, Error> {
    // 1-7
    let chain = VerifiedChain::verify(chain, policy, at)?;
    let description = KeyDescription::parse(chain.key_description()?)?;
    let hardware = &description.hardware_enforced;
    // 8
    if challenge.is_empty() || !crypto::ct_eq(description.challenge, challenge) {
        return Err(Error::Challenge);
    }
    // 9
    let security_level = security_level(&description, chain.strongbox_issuer, policy)?;
    // 14 before 10: a key of a kind that we do not take is told as such
    let key = match chain.public_key()? {
        PublicKey::Ec(key) if key.curve() == Curve::P256 => key,
        _ => return Err(Error::UnsupportedKey),
    };
    // 10
    check_authorizations(role, hardware)?;
    if hardware.all_applications || description.software_enforced.all_applications {
        return Err(Error::AllApplications);
    }
    // 11
    let root_of_trust = check_root_of_trust(hardware, policy)?;
    // 12
    let os_patch_level = check_patch_levels(hardware, policy)?;
    // 13
    let application = description.software_enforced.application_id.unwrap_or_default();
    check_application(&application, &policy.applications)?;
    Ok(AttestedKey { key, security_level, demo: chain.demo, root_of_trust, os_patch_level, application })
}

/// Step 9.
fn security_level(
    description: &KeyDescription<'_>,
    strongbox_issuer: bool,
    policy: &AttestationPolicy,
) -> Result<SecurityLevel, Error> {
    if description.attestation_security_level != description.keymint_security_level {
        return Err(Error::SecurityLevel("attestation and key differ"));
    }
    let level = match description.attestation_security_level {
        1 => SecurityLevel::TrustedEnvironment,
        2 => SecurityLevel::StrongBox,
        _ => return Err(Error::SecurityLevel("software")),
    };
    if (level == SecurityLevel::StrongBox) != strongbox_issuer {
        return Err(Error::SecurityLevel("the certificate says another"));
    }
    if !policy.security_levels.contains(&level) {
        return Err(Error::SecurityLevel("not accepted by policy"));
    }
    Ok(level)
}

/// Step 10. Every approval and every sealing also needs the PIN key, which the server checks; so neither key must
/// ask the phone for a user authentication, but each must say clearly whether it does.
fn check_authorizations(role: Role, hardware: &AuthorizationList) -> Result<(), Error> {
    use keymint::{
        ALGORITHM_EC, CURVE_P256, DIGEST_SHA256, ORIGIN_GENERATED, PURPOSE_AGREE_KEY, PURPOSE_SIGN,
        PURPOSE_VERIFY,
    };
    if hardware.origin != Some(ORIGIN_GENERATED) {
        return Err(Error::Origin);
    }
    let purposes = &hardware.purposes;
    let purposes_fit = match role {
        Role::Device => {
            purposes.contains(&PURPOSE_SIGN)
                && purposes.iter().all(|p| [PURPOSE_SIGN, PURPOSE_VERIFY].contains(p))
        }
        Role::PinHardening => purposes[..] == [PURPOSE_AGREE_KEY],
    };
    if !purposes_fit {
        return Err(Error::Purpose);
    }
    let digest_fits = role == Role::PinHardening || hardware.digests.contains(&DIGEST_SHA256);
    let curve_fits = hardware.algorithm == Some(ALGORITHM_EC) && hardware.ec_curve == Some(CURVE_P256);
    if !digest_fits || !curve_fits {
        return Err(Error::Algorithm);
    }
    if hardware.no_auth_required == hardware.user_auth_type.is_some() {
        return Err(Error::UserAuthentication);
    }
    Ok(())
}

/// Step 11.
fn check_root_of_trust(
    hardware: &AuthorizationList,
    policy: &AttestationPolicy,
) -> Result<RootOfTrust, Error> {
    let root = hardware.root_of_trust.clone().ok_or(Error::RootOfTrust)?;
    if policy.require_verified_boot && root.verified_boot_state != keymint::BOOT_STATE_VERIFIED {
        return Err(Error::BootState);
    }
    if policy.require_locked && !root.device_locked {
        return Err(Error::Unlocked);
    }
    Ok(root)
}

/// Step 12; the level of the operating system, which must be stated in any case.
fn check_patch_levels(hardware: &AuthorizationList, policy: &AttestationPolicy) -> Result<u32, Error> {
    let levels = [
        ("operating system", hardware.os_patch_level, policy.min_os_patch_level),
        ("vendor", hardware.vendor_patch_level, policy.min_vendor_patch_level),
        ("boot", hardware.boot_patch_level, policy.min_boot_patch_level),
    ];
    for (name, level, least) in levels {
        if least.is_some_and(|least| level.is_none_or(|level| level < u64::from(least))) {
            return Err(Error::PatchLevel(name));
        }
    }
    let os = hardware.os_patch_level.and_then(|level| u32::try_from(level).ok());
    os.ok_or(Error::PatchLevel("operating system"))
}

/// Step 13. Apps that share a user id can use each other's keys, so every package named must be one of ours.
fn check_application(id: &ApplicationId, accepted: &[Application]) -> Result<(), Error> {
    let ours = |package: &Vec<u8>| {
        accepted.iter().any(|application| {
            let signed_by = |digest: &Vec<u8>| application.signer_sha256.iter().any(|s| s[..] == digest[..]);
            application.package_name.as_bytes() == package && id.signatures.iter().all(signed_by)
        })
    };
    let complete = !id.packages.is_empty() && !id.signatures.is_empty();
    if complete && id.packages.iter().all(ours) { Ok(()) } else { Err(Error::Application) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::{Bench, application};
    use crate::demo_root::KeyProfile;
    use crate::demo_root::certificate::{Certificate, TITLE, name};
    use crate::demo_root::factory::leaf;
    use crypto::EcPrivateKey;
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng as _;

    /// The outcome with the device key's claims changed in one place.
    fn device(change: impl FnOnce(&mut KeyProfile)) -> Result<(), Error> {
        let mut bench = Bench::new();
        change(&mut bench.device);
        bench.verify().map(drop)
    }

    /// The outcome with the pin hardening key's claims changed in one place.
    fn pin(change: impl FnOnce(&mut KeyProfile)) -> Result<(), Error> {
        let mut bench = Bench::new();
        change(&mut bench.pin);
        bench.verify().map(drop)
    }

    /// The outcome with the same change on both keys.
    fn both(change: impl Fn(&mut KeyProfile)) -> Result<(), Error> {
        let mut bench = Bench::new();
        change(&mut bench.device);
        change(&mut bench.pin);
        bench.verify().map(drop)
    }

    /// The outcome with the policy changed.
    fn policy(change: impl FnOnce(&mut AttestationPolicy)) -> Result<(), Error> {
        let mut bench = Bench::new();
        change(&mut bench.policy);
        bench.verify().map(drop)
    }

    #[test]
    fn step_8_another_challenge_is_refused_on_either_key() {
        assert_eq!(device(|_| {}), Ok(()));
        assert_eq!(device(|key| key.challenge[0] ^= 1), Err(Error::Challenge));
        assert_eq!(device(|key| key.challenge.clear()), Err(Error::Challenge));
        assert_eq!(pin(|key| key.challenge[0] ^= 1), Err(Error::Challenge));
    }

    #[test]
    fn step_8_an_empty_challenge_never_counts() {
        let mut bench = Bench::new();
        bench.device.challenge.clear();
        let [chain, _] = bench.chains();
        let outcome = verify_key(Role::Device, &chain, &[], &bench.policy, crate::bench::AT);
        assert_eq!(outcome.err(), Some(Error::Challenge));
    }

    #[test]
    fn step_9_software_and_contradictory_levels_are_refused() {
        let levels = |attestation, keymint| {
            both(|key| (key.attestation_security_level, key.keymint_security_level) = (attestation, keymint))
        };
        assert_eq!(levels(1, 1), Ok(()));
        assert_eq!(levels(0, 0), Err(Error::SecurityLevel("software")));
        assert_eq!(levels(3, 3), Err(Error::SecurityLevel("software")));
        assert_eq!(levels(1, 0), Err(Error::SecurityLevel("attestation and key differ")));
        assert_eq!(levels(0, 1), Err(Error::SecurityLevel("attestation and key differ")));
    }

    #[test]
    fn step_9_a_strongbox_claim_must_match_the_certificate() {
        let bench = |title: &str, level| {
            let title = name(&[(5, "0123"), (TITLE, title)]);
            let mut bench = Bench::with_factory(|factory| factory.certificates[0].subject = title);
            for key in [&mut bench.device, &mut bench.pin] {
                (key.attestation_security_level, key.keymint_security_level) = (level, level);
            }
            bench.verify().map(|device| device.security_level())
        };
        let refused = Err(Error::SecurityLevel("the certificate says another"));
        assert_eq!(bench("TEE", 1), Ok(SecurityLevel::TrustedEnvironment));
        assert_eq!(bench("StrongBox", 2), Ok(SecurityLevel::StrongBox));
        assert_eq!(bench("TEE", 2), refused);
        assert_eq!(bench("StrongBox", 1), refused);
    }

    #[test]
    fn step_9_a_level_that_policy_excludes_is_refused() {
        let only = |level| policy(|policy| policy.security_levels = vec![level]);
        assert_eq!(only(SecurityLevel::TrustedEnvironment), Ok(()));
        assert_eq!(only(SecurityLevel::StrongBox), Err(Error::SecurityLevel("not accepted by policy")));
    }

    #[test]
    fn step_10_an_imported_key_is_refused() {
        assert_eq!(device(|key| key.origin = 2), Err(Error::Origin));
        assert_eq!(pin(|key| key.origin = 2), Err(Error::Origin));
    }

    #[test]
    fn step_10_each_key_has_its_purposes_and_no_other() {
        assert_eq!(device(|key| key.purposes = vec![2, 3]), Ok(()));
        for purposes in [vec![], vec![3], vec![2, 6], vec![2, 0], vec![6]] {
            assert_eq!(device(|key| key.purposes = purposes), Err(Error::Purpose));
        }
        for purposes in [vec![], vec![6, 2], vec![2]] {
            assert_eq!(pin(|key| key.purposes = purposes), Err(Error::Purpose));
        }
        let bench = Bench::new();
        let [device, pin] = bench.chains();
        assert_eq!(bench.judge(&pin, &device), Err(Error::Purpose));
    }

    #[test]
    fn step_10_algorithm_curve_and_digest_must_be_stated() {
        assert_eq!(device(|key| key.algorithm = 1), Err(Error::Algorithm));
        assert_eq!(device(|key| key.ec_curve = 2), Err(Error::Algorithm));
        assert_eq!(device(|key| key.digests = vec![2]), Err(Error::Algorithm));
        assert_eq!(pin(|key| key.algorithm = 1), Err(Error::Algorithm));
        assert_eq!(pin(|key| key.ec_curve = 2), Err(Error::Algorithm));
    }

    /// `noAuthRequired` is accepted on the device key since a PIN key is bound.
    #[test]
    fn step_10_a_key_says_whether_it_needs_user_authentication() {
        let auth = |none, kinds| device(|key| (key.no_auth_required, key.user_auth_type) = (none, kinds));
        assert_eq!(auth(true, None), Ok(()));
        assert_eq!(auth(false, Some(2)), Ok(()));
        assert_eq!(auth(false, None), Err(Error::UserAuthentication));
        assert_eq!(auth(true, Some(2)), Err(Error::UserAuthentication));
    }

    #[test]
    fn step_10_a_key_open_to_all_applications_is_refused() {
        assert_eq!(device(|key| key.all_applications = true), Err(Error::AllApplications));
        assert_eq!(pin(|key| key.all_applications = true), Err(Error::AllApplications));
    }

    #[test]
    fn step_11_a_device_without_verified_boot_is_refused() {
        assert_eq!(both(|key| key.root_of_trust = None), Err(Error::RootOfTrust));
        for state in 1..=4 {
            let changed = |key: &mut KeyProfile| key.root_of_trust.as_mut().unwrap().state = state;
            assert_eq!(both(changed), Err(Error::BootState));
        }
        assert_eq!(both(|key| key.root_of_trust.as_mut().unwrap().locked = false), Err(Error::Unlocked));
    }

    #[test]
    fn step_11_a_lenient_policy_takes_an_unlocked_device() {
        let mut bench = Bench::new();
        for key in [&mut bench.device, &mut bench.pin] {
            let boot = key.root_of_trust.as_mut().unwrap();
            (boot.state, boot.locked) = (2, false);
        }
        (bench.policy.require_verified_boot, bench.policy.require_locked) = (false, false);
        assert!(bench.verify().is_ok());
    }

    #[test]
    fn step_12_patch_levels_below_policy_are_refused() {
        assert_eq!(both(|key| key.os_patch_level = 202_606), Err(Error::PatchLevel("operating system")));
        assert_eq!(both(|key| key.vendor_patch_level = 20_260_630), Err(Error::PatchLevel("vendor")));
        assert_eq!(both(|key| key.boot_patch_level = 20_260_630), Err(Error::PatchLevel("boot")));
        assert_eq!(policy(|policy| policy.min_boot_patch_level = None), Ok(()));
    }

    #[test]
    fn step_13_another_app_or_another_signer_is_refused() {
        let package = |name: &str| both(|key| key.application.package_name = name.into());
        assert_eq!(package("fr.example.sceau"), Ok(()));
        assert_eq!(package("fr.example.sceau2"), Err(Error::Application));
        let signers = |list: &[[u8; 32]]| both(|key| key.application.signer_sha256 = list.to_vec());
        assert_eq!(signers(&[]), Err(Error::Application));
        assert_eq!(signers(&[[8; 32]]), Err(Error::Application));
        assert_eq!(signers(&[[7; 32], [8; 32]]), Err(Error::Application));
        assert_eq!(policy(|policy| policy.applications.clear()), Err(Error::Application));
    }

    #[test]
    fn step_13_every_package_of_a_shared_user_id_must_be_ours() {
        let ours = application();
        let id = |names: &[&str]| ApplicationId {
            packages: names.iter().map(|name| name.as_bytes().to_vec()).collect(),
            signatures: vec![vec![7; 32]],
        };
        let check = |names: &[&str]| check_application(&id(names), std::slice::from_ref(&ours));
        assert_eq!(check(&["fr.example.sceau"]), Ok(()));
        assert_eq!(check(&["fr.example.sceau", "fr.example.other"]), Err(Error::Application));
        assert_eq!(check(&[]), Err(Error::Application));
    }

    /// SubjectPublicKeyInfo of ML-DSA-65 (2.16.840.1.101.3.4.3.18), shortened, and of other curves.
    #[test]
    fn step_14_a_key_of_an_unsupported_kind_is_told_as_such() {
        let bench = Bench::new();
        let [device, pin] = bench.chains();
        let outcome = |spki| {
            let issuer = bench.root.attestation_name();
            let certificate =
                Certificate { spki, ..leaf(&bench.keys[0].public_key(), &bench.device, issuer) };
            let mut chain = device.clone();
            chain[0] = certificate.sign(bench.root.attestation_key());
            bench.judge(&chain, &pin).map(drop)
        };
        let spki = |curve| {
            let key = EcPrivateKey::generate(curve, &mut ChaCha20Rng::seed_from_u64(3)).public_key();
            PublicKey::Ec(key).to_spki_der()
        };
        let ml_dsa = hex::decode("3012300b0609608648016503040312030300abcd").unwrap();
        assert_eq!(outcome(spki(Curve::P256)), Ok(()));
        assert_eq!(outcome(spki(Curve::P384)), Err(Error::UnsupportedKey));
        assert_eq!(outcome(ml_dsa), Err(Error::UnsupportedKey));
    }
}
