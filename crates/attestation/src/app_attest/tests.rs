use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::*;
use crate::bench::{APP_ID, AT, Bench, strict};
use crate::demo_root::AppAttestProfile;
use crate::demo_root::factory::Factory;
use crate::{AttestationPolicy, TrustAnchor};

const CLIENT_DATA: &[u8] = b"challenge and pin hardening key";

fn profile() -> AppAttestProfile {
    AppAttestProfile::new(CLIENT_DATA, APP_ID, AT)
}

fn parts(bench: &Bench, profile: &AppAttestProfile) -> (Vec<Vec<u8>>, Vec<u8>) {
    bench.root.app_attest(&bench.keys[0].public_key(), profile)
}

fn judge(bench: &Bench, (certificates, data): &(Vec<Vec<u8>>, Vec<u8>)) -> Result<AttestedDevice, Error> {
    let pin = bench.keys[1].public_key();
    verify_app_attest(certificates, data, CLIENT_DATA, pin, &bench.policy, AT)
}

/// The verdict on a phone that claims something else.
fn phone(change: impl FnOnce(&mut AppAttestProfile)) -> Result<(), Error> {
    let (bench, mut profile) = (Bench::new(), profile());
    change(&mut profile);
    judge(&bench, &parts(&bench, &profile)).map(drop)
}

/// The verdict of a server that demands something else.
fn server(change: impl FnOnce(&mut AttestationPolicy)) -> Result<(), Error> {
    let mut bench = Bench::new();
    change(&mut bench.policy);
    judge(&bench, &parts(&bench, &profile())).map(drop)
}

#[test]
fn a_genuine_attestation_gives_both_keys_and_the_app() {
    let bench = Bench::new();
    let device = judge(&bench, &parts(&bench, &profile())).unwrap();
    assert_eq!(device.device_key(), &bench.keys[0].public_key());
    assert_eq!(device.pin_hardening_key(), &bench.keys[1].public_key());
    assert_eq!(device.app_id_sha256(), Some(sha256(APP_ID.as_bytes())));
    assert!(device.is_demo());
}

#[test]
fn step_1_the_chain_leads_to_a_trusted_root_and_is_valid() {
    assert_eq!(server(|policy| policy.app_attest.anchors.clear()), Err(Error::Root));
    assert_eq!(server(|policy| policy.app_attest.anchors = vec![TrustAnchor::apple()]), Err(Error::Root));
    assert_eq!(server(|policy| policy.environment = Environment::Production), Err(Error::DemoRoot));
    assert_eq!(phone(|profile| profile.not_before = AT.plus(1)), Err(Error::Validity(0)));
    assert_eq!(phone(|profile| profile.not_before = AT.plus(-3 * 86_400)), Ok(()));
    assert_eq!(phone(|profile| profile.not_before = AT.plus(-3 * 86_400 - 1)), Err(Error::Validity(0)));
    // An intermediate that is over.
    let old = Bench::with_factory(|factory: &mut Factory| factory.certificates[1].not_after = AT.plus(-1));
    assert_eq!(judge(&old, &parts(&old, &profile())), Err(Error::Validity(2)));
    // One that may not issue.
    let leaf = Bench::with_factory(|factory: &mut Factory| factory.certificates[0].ca = false);
    assert_eq!(judge(&leaf, &parts(&leaf, &profile())), Err(Error::Issuer(0)));
    // The name of the root and another key.
    let bench = Bench::new();
    let whole = parts(&bench, &profile());
    for number in [0, 1] {
        assert_eq!(judge(&bench, &(whole.0[..number].to_vec(), whole.1.clone())), Err(Error::Chain));
    }
    let without_last = (whole.0[..2].to_vec(), whole.1.clone());
    assert_eq!(judge(&bench, &without_last), Err(Error::Root));
}

#[test]
fn every_flipped_byte_of_certificates_and_authenticator_data_is_noticed() {
    let bench = Bench::new();
    let whole = parts(&bench, &profile());
    for i in 0..whole.0.len() {
        for byte in 0..whole.0[i].len() {
            let mut changed = whole.clone();
            changed.0[i][byte] ^= 1;
            assert!(judge(&bench, &changed).is_err(), "certificate {i}, byte {byte}");
        }
    }
    for byte in 0..whole.1.len() {
        let mut changed = whole.clone();
        changed.1[byte] ^= 1;
        assert_eq!(judge(&bench, &changed), Err(Error::Challenge), "byte {byte}");
    }
}

#[test]
fn steps_2_to_4_another_challenge_or_pin_hardening_key_is_refused() {
    assert_eq!(phone(|profile| profile.client_data.push(0)), Err(Error::Challenge));
    // A chain of Android has no nonce.
    let bench = Bench::new();
    let [mut android, _] = bench.chains();
    android.pop();
    assert_eq!(judge(&bench, &(android, parts(&bench, &profile()).1)), Err(Error::ExtensionMissing));
}

#[test]
fn steps_5_to_9_each_claim_is_compared() {
    assert_eq!(phone(|profile| profile.credential_id = Some([0; 32])), Err(Error::Credential));
    assert_eq!(phone(|profile| profile.app_id.push('x')), Err(Error::Application));
    assert_eq!(server(|policy| policy.app_attest.app_ids.clear()), Err(Error::Application));
    assert_eq!(phone(|profile| profile.counter = 1), Err(Error::Counter));
    assert_eq!(phone(|profile| profile.aaguid = *b"appattestdevelo\0"), Err(Error::Development));
    // For development: in the demo environment only, see the samples.
    assert_eq!(phone(|profile| profile.aaguid = *DEVELOPMENT), Ok(()));
}

#[test]
fn one_key_in_both_places_is_refused() {
    let bench = Bench::new();
    let (certificates, data) = parts(&bench, &profile());
    let same = bench.keys[0].public_key();
    let verdict = verify_app_attest(&certificates, &data, CLIENT_DATA, same, &bench.policy, AT);
    assert_eq!(verdict, Err(Error::SameKey));
}

/// Phones' own attestations, by the fields that their collectors published.
#[test]
fn shared_samples_of_real_phones_are_judged() {
    let Ok(shared) = std::env::var("SCEAU_SHARED") else {
        println!("skipped: SCEAU_SHARED is not set");
        return;
    };
    let mut count = 0;
    for file in std::fs::read_dir(std::path::Path::new(&shared).join("attestation/apple")).unwrap() {
        let path = file.unwrap().path();
        let sample: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let Some(object) = sample["attestation_b64"].as_str() else { continue };
        let (certificates, data) = split(&BASE64_STANDARD.decode(object).unwrap());
        let challenge = BASE64_STANDARD.decode(sample["challenge_b64"].as_str().unwrap()).unwrap();
        let at = UnixTime::from_rfc3339(sample["leaf_not_before"].as_str().unwrap()).unwrap().plus(3600);
        let judge = |challenge: &[u8], change: fn(&mut AttestationPolicy), at| {
            let mut policy =
                AttestationPolicy { environment: Environment::Demo, ..strict(vec![TrustAnchor::apple()]) };
            policy.app_attest.app_ids = vec![sample["app_id"].as_str().unwrap().to_owned()];
            change(&mut policy);
            let pin = Bench::new().keys[1].public_key();
            verify_app_attest(&certificates, &data, challenge, pin, &policy, at)
        };
        let device = judge(&challenge, |_| {}, at).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let key_id = BASE64_STANDARD.decode(sample["key_id"].as_str().unwrap()).unwrap();
        assert_eq!(sha256(&device.device_key().to_sec1())[..], key_id, "{path:?}");
        assert!(!device.is_demo());
        assert_eq!(judge(b"another", |_| {}, at), Err(Error::Challenge), "{path:?}");
        assert_eq!(judge(&challenge, |p| p.app_attest.app_ids[0].push('x'), at), Err(Error::Application));
        // All were made by apps under development.
        let production = judge(&challenge, |p| p.environment = Environment::Production, at);
        assert_eq!(production, Err(Error::Development), "{path:?}");
        let late = UnixTime::from_rfc3339(sample["leaf_not_after"].as_str().unwrap()).unwrap().plus(1);
        assert_eq!(judge(&challenge, |_| {}, late), Err(Error::Validity(0)), "{path:?}");
        count += 1;
    }
    assert_eq!(count, 5);
}

/// Certificates and authenticator data of an object, by the CBOR heads of real ones: the room `protocol` reads them in
/// earnest.
fn split(object: &[u8]) -> (Vec<Vec<u8>>, Vec<u8>) {
    let behind = |text: &[u8], from: usize| {
        from + object[from..].windows(text.len()).position(|part| part == text).unwrap() + text.len()
    };
    let take = |at: &mut usize| {
        let (head, length) = match object[*at] {
            0x58 => (2, usize::from(object[*at + 1])),
            0x59 => (3, usize::from(object[*at + 1]) << 8 | usize::from(object[*at + 2])),
            other => panic!("no byte string: {other:#x}"),
        };
        let start = *at + head;
        *at = start + length;
        object[start..*at].to_vec()
    };
    let mut at = behind(b"x5c", 0) + 1;
    let certificates = (0..2).map(|_| take(&mut at)).collect();
    let mut at = behind(b"authData", at);
    (certificates, take(&mut at))
}
