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
        bench.verify().map(drop)
    };
    let refused = Err(Error::SecurityLevel("the certificate says another"));
    assert_eq!(bench("TEE", 1), Ok(()));
    assert_eq!(bench("StrongBox", 2), Ok(()));
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
        let certificate = Certificate { spki, ..leaf(&bench.keys[0].public_key(), &bench.device, issuer) };
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
