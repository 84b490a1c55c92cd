//! Real chains of real phones, which are not committed: read from the folder in `SCEAU_SHARED`. Most come from
//! unlocked test phones, so the policy is an argument.

use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use clock::UnixTime;
use serde_json::Value;
use x509_parser::pem::Pem;

use crate::bench::strict;
use crate::chain::VerifiedChain;
use crate::key::{Role, verify_key};
use crate::key_description::KeyDescription;
use crate::{Application, AttestationPolicy, Environment, Error, Revocation, StatusList, TrustAnchor};

/// SHA-256 of the certificates that signed the apps which collected the samples.
const SIGNERS: [&str; 2] = [
    "103938ee4537e59e8ee792f654504fb8346fc6b346d0bbc4415fc339fcfc8ec1",
    "6cecc50e34ae31bfb5678986d6d6d3736c571ded2f2459527793e1f054eb0c9b",
];
const PACKAGES: [&str; 3] = [
    "com.google.wireless.android.security.attestationverifier.collector",
    "com.google.android.attestation",
    "android.keystore.cts",
];

/// Sample, day of the judgement, outcome by the strict policy, by the lenient one.
#[rustfmt::skip]
const SAMPLES: [(&str, &str, &str, &str); 15] = [
    ("android-keyattestation__akita__sdk34__SB_RSA_NONE", "2024-10-01", "unsupported-key", "unsupported-key"),
    ("android-keyattestation__akita__sdk34__TEE_EC_NONE", "2024-10-01", "algorithm", "algorithm"),
    ("android-keyattestation__akita__sdk34__TEE_RSA_NONE_USERAUTH", "2024-10-01", "unsupported-key", "unsupported-key"),
    ("android-keyattestation__allow_while_on_body", "2025-03-11", "chain", "chain"),
    ("android-keyattestation__blueline__sdk28__SB_RSA_NONE", "2020-09-01", "unsupported-key", "unsupported-key"),
    ("android-keyattestation__blueline__sdk28__TEE_EC_NONE", "2020-09-01", "algorithm", "algorithm"),
    ("android-keyattestation__caiman__sdk36__TEE_EC_RKP", "2025-10-01", "", ""),
    ("android-keyattestation__invalid__tags_not_in_ascending_order", "2024-01-01", "signature", "signature"),
    ("android-keyattestation__marlin__sdk29__TEE_EC_NONE", "2019-11-01", "provisioning", "provisioning"),
    ("android-keyattestation__p256_sha384_intermediate", "2025-01-01", "provisioning", "provisioning"),
    ("android-keyattestation__tegu__sdk36__SB_EC_2026_ROOT", "2026-03-01", "", ""),
    ("android-keyattestation__tegu__sdk37__TEE_TRUSTED_CONF", "2026-07-10", "boot-state", ""),
    ("android-keyattestation__tokay__sdk37__TEE_MLDSA_RKP", "2026-05-01", "unsupported-key", "unsupported-key"),
    ("google-android-key-attestation__EC_SecurityLevel_TEE", "2019-01-01", "boot-state", "application"),
    ("google-android-key-attestation__RSA_SecurityLevel_StrongBox", "2019-01-01", "root", "root"),
];

fn folder() -> Option<PathBuf> {
    let shared = std::env::var("SCEAU_SHARED").ok();
    if shared.is_none() {
        println!("skipped: SCEAU_SHARED is not set");
    }
    Some(PathBuf::from(shared?).join("attestation/android"))
}

fn chain(folder: &std::path::Path, name: &str) -> Vec<Vec<u8>> {
    let pem = std::fs::read(folder.join(format!("{name}.pem"))).unwrap();
    Pem::iter_from_buffer(&pem).map(|pem| pem.unwrap().contents).collect()
}

/// The parse that the collectors published beside a chain.
fn published(folder: &std::path::Path, name: &str) -> Option<Value> {
    let json = std::fs::read(folder.join(format!("{name}.json"))).ok()?;
    Some(serde_json::from_slice(&json).unwrap())
}

fn challenge(description: Option<&Value>) -> Vec<u8> {
    let encoded = description.and_then(|d| d["attestationChallenge"].as_str());
    encoded.map_or(b"abc".to_vec(), |text| BASE64_STANDARD.decode(text).unwrap())
}

fn policy(lenient: bool) -> AttestationPolicy {
    let signer = |hex: &&str| hex::decode(hex).unwrap().try_into().unwrap();
    let signer_sha256: Vec<[u8; 32]> = SIGNERS.iter().map(signer).collect();
    let application =
        |name: &&str| Application { package_name: (*name).to_owned(), signer_sha256: signer_sha256.clone() };
    AttestationPolicy {
        environment: Environment::Production,
        applications: PACKAGES.iter().map(application).collect(),
        require_verified_boot: !lenient,
        require_locked: !lenient,
        min_os_patch_level: None,
        min_vendor_patch_level: None,
        min_boot_patch_level: None,
        ..strict(TrustAnchor::google())
    }
}

fn judge(
    folder: &std::path::Path,
    name: &str,
    policy: &AttestationPolicy,
    at: UnixTime,
) -> Result<String, Error> {
    let challenge = challenge(published(folder, name).as_ref());
    let outcome = verify_key(Role::Device, &chain(folder, name), &challenge, policy, at);
    outcome.map(|key| hex::encode(key.key.to_sec1()))
}

#[test]
fn shared_samples_are_judged_by_a_strict_and_by_a_lenient_policy() {
    let Some(folder) = folder() else { return };
    for (name, day, by_strict, by_lenient) in SAMPLES {
        let at = UnixTime::from_rfc3339(day).unwrap();
        for (lenient, expected) in [(false, by_strict), (true, by_lenient)] {
            let outcome = judge(&folder, name, &policy(lenient), at);
            let code = outcome.err().map_or("", |error| error.code());
            let expected =
                if expected.is_empty() { String::new() } else { format!("device.attestation-{expected}") };
            assert_eq!(code, expected, "{name}, lenient: {lenient}");
        }
    }
}

#[test]
fn shared_descriptions_are_read_as_their_collectors_published_them() {
    let Some(folder) = folder() else { return };
    let mut count = 0;
    for (name, ..) in SAMPLES {
        let Some(expected) = published(&folder, name) else { continue };
        let leaf = chain(&folder, name).swap_remove(0);
        let value = VerifiedChain::leaf_description(&leaf).unwrap();
        assert_same(&KeyDescription::parse(value).unwrap(), &expected, name);
        count += 1;
    }
    assert_eq!(count, 10);
}

fn assert_same(read: &KeyDescription<'_>, expected: &Value, name: &str) {
    let level = |n| ["SOFTWARE", "TRUSTED_ENVIRONMENT", "STRONG_BOX"][usize::try_from(n).unwrap()];
    let base64 = |bytes: &Vec<u8>| Value::from(BASE64_STANDARD.encode(bytes));
    let number = |n: Option<u64>| n.map_or(Value::Null, |n| Value::from(n.to_string()));
    let numbers = |list: &[u64]| match list {
        [] => Value::Null,
        list => list.iter().map(u64::to_string).collect::<Vec<_>>().into(),
    };
    let flag = |set: bool| if set { Value::Bool(true) } else { Value::Null };
    assert_eq!(expected["attestationSecurityLevel"], level(read.attestation_security_level), "{name}");
    assert_eq!(expected["keyMintSecurityLevel"], level(read.keymint_security_level), "{name}");
    let (hardware, list) = (&expected["hardwareEnforced"], &read.hardware_enforced);
    assert_eq!(hardware["purposes"], numbers(&list.purposes), "{name}");
    assert_eq!(hardware["algorithms"], number(list.algorithm), "{name}");
    assert_eq!(hardware["digests"], numbers(&list.digests), "{name}");
    assert_eq!(hardware["ecCurve"], number(list.ec_curve), "{name}");
    assert_eq!(hardware["noAuthRequired"], flag(list.no_auth_required), "{name}");
    assert_eq!(hardware["userAuthType"], number(list.user_auth_type), "{name}");
    assert_eq!((&hardware["origin"], list.origin), (&"GENERATED".into(), Some(0)), "{name}");
    assert_eq!(hardware["osPatchLevel"], number(list.os_patch_level), "{name}");
    assert_eq!(hardware["vendorPatchLevel"], number(list.vendor_patch_level), "{name}");
    assert_eq!(hardware["bootPatchLevel"], number(list.boot_patch_level), "{name}");
    match &list.root_of_trust {
        None => assert_eq!(hardware["rootOfTrust"], Value::Null, "{name}"),
        Some(root) => {
            let expected = &hardware["rootOfTrust"];
            let states = ["VERIFIED", "SELF_SIGNED", "UNVERIFIED", "FAILED"];
            let state = states[usize::try_from(root.verified_boot_state).unwrap()];
            assert_eq!(expected["verifiedBootKey"], base64(&root.verified_boot_key), "{name}");
            assert_eq!(expected["deviceLocked"], root.device_locked, "{name}");
            assert_eq!(expected["verifiedBootState"], state, "{name}");
            let hash = root.verified_boot_hash.as_ref().map_or(Value::Null, base64);
            assert_eq!(expected["verifiedBootHash"], hash, "{name}");
        }
    }
    let (id, expected) = (
        read.software_enforced.application_id.clone().unwrap(),
        &expected["softwareEnforced"]["attestationApplicationId"],
    );
    let packages: Vec<&str> =
        expected["packages"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert_eq!(id.packages, packages.iter().map(|name| name.as_bytes()).collect::<Vec<_>>(), "{name}");
    assert_eq!(expected["signatures"], Value::from(id.signatures.iter().map(base64).collect::<Vec<_>>()));
}

#[test]
fn shared_remote_certificates_end_and_factory_certificates_do_not() {
    let Some(folder) = folder() else { return };
    let judge = |name, day| {
        let code = judge(&folder, name, &policy(true), UnixTime::from_rfc3339(day).unwrap()).err();
        code.map_or("", |error| error.code())
    };
    let (remote, factory) = (SAMPLES[6].0, SAMPLES[5].0);
    assert_eq!(judge(remote, "2025-10-03"), "");
    assert_eq!(judge(remote, "2025-10-04"), "device.attestation-validity");
    assert_eq!(judge(remote, "2025-09-24"), "device.attestation-validity");
    // Beyond its end the factory chain goes on to the key, which names no digest.
    assert_eq!(judge(factory, "2040-01-01"), "device.attestation-algorithm");
    assert_eq!(judge(factory, "2018-07-01"), "device.attestation-validity");
}

#[test]
fn shared_status_list_is_read_and_must_be_there() {
    let Some(folder) = folder() else { return };
    let (name, at) = (SAMPLES[6].0, UnixTime::from_rfc3339("2025-10-01").unwrap());
    let json = std::fs::read(folder.join("google-status-sample.json")).unwrap();
    let list = StatusList::from_json(&json, at).unwrap();
    assert!(list.contains("cc66e9a93713b6e643b26c15879786f7"), "suspended");
    assert!(list.contains("6681152659205225093"), "revoked");
    let required = |list| AttestationPolicy {
        revocation: Revocation::Required { list, max_age: 86_400 },
        ..policy(false)
    };
    assert!(judge(&folder, name, &required(Some(list)), at).is_ok());
    assert_eq!(judge(&folder, name, &required(None), at), Err(Error::StatusUnavailable));
}

#[test]
fn shared_chain_under_a_root_that_is_not_configured_is_refused() {
    let Some(folder) = folder() else { return };
    let at = UnixTime::from_rfc3339("2026-03-01").unwrap();
    let mut policy = policy(false);
    assert!(judge(&folder, SAMPLES[10].0, &policy, at).is_ok());
    policy.anchors.pop();
    assert_eq!(judge(&folder, SAMPLES[10].0, &policy, at), Err(Error::Root));
}
