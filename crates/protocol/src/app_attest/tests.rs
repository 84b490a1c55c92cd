use crypto::Curve;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

use super::*;

const APP: [u8; 32] = [7; 32];

fn key() -> EcPrivateKey {
    EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(1))
}

/// An object as a phone makes it, around certificates that are none.
fn object() -> Vec<u8> {
    let point = key().public_key().to_sec1();
    let cose = Value::Map(vec![
        (1.into(), 2.into()),
        (3.into(), (-7).into()),
        ((-1).into(), 1.into()),
        ((-2).into(), Value::Bytes(point[1..33].to_vec())),
        ((-3).into(), Value::Bytes(point[33..].to_vec())),
    ]);
    let head = [&APP[..], &[0x40], &[0; 4], b"appattestdevelop", &[0, 32], &[9; 32]].concat();
    let authenticator_data = [head, write(&cose)].concat();
    AttestationObject { certificates: vec![vec![1], vec![2]], authenticator_data }.to_cbor()
}

#[test]
fn the_device_key_stands_in_the_object() {
    let read = AttestationObject::from_cbor(&object()).unwrap();
    assert_eq!(read.certificates, [[1], [2]]);
    assert_eq!(read.device_key().unwrap(), key().public_key());
    assert_eq!(read.to_cbor(), object());
}

#[test]
fn objects_that_are_cut_or_lengthened_or_of_another_format_are_refused() {
    let whole = object();
    for end in 0..whole.len() {
        assert!(AttestationObject::from_cbor(&whole[..end]).is_err(), "{end} bytes");
    }
    assert!(AttestationObject::from_cbor(&[&whole[..], &[0]].concat()).is_err());
    let format = whole.windows(FORMAT.len()).position(|part| part == FORMAT.as_bytes()).unwrap();
    let mut other = whole.clone();
    other[format] = b'b';
    assert!(AttestationObject::from_cbor(&other).is_err());
    let short = AttestationObject { certificates: vec![], authenticator_data: vec![0; BEFORE_KEY] };
    assert!(short.device_key().is_err());
}

#[test]
fn cbor_that_promises_much_or_nests_deeply_costs_nothing() {
    let hostile: [&[u8]; 5] = [
        // An array, a map, a byte string and a text of 2^63 - 1 items; nesting.
        b"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\xbb\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\x7b\x7f\xff\xff\xff\xff\xff\xff\xff",
        &[0x81; MAX_OBJECT],
    ];
    for cbor in hostile {
        assert_eq!(read(cbor), Err(MALFORMED));
    }
    let mut large = vec![0x59, 0x80, 0x00];
    large.resize(MAX_OBJECT + 1, 0);
    assert_eq!(read(&large), Err(MALFORMED));
}

#[test]
fn a_field_that_stands_twice_is_refused() {
    let assertion = Assertion::sign(&key(), APP, 1, b"message");
    let twice = map([
        ("signature", Value::Bytes(assertion.signature.clone())),
        ("authenticatorData", Value::Bytes(assertion.authenticator_data.clone())),
        ("signature", Value::Bytes(assertion.signature)),
    ]);
    assert_eq!(Assertion::from_cbor(&write(&twice)), Err(MALFORMED));
}

#[test]
fn an_assertion_counts_for_its_key_app_and_message() {
    let (key, message) = (key(), b"message");
    let made = Assertion::from_cbor(&Assertion::sign(&key, APP, 1, message).to_cbor()).unwrap();
    let public = key.public_key();
    assert_eq!(made.verify(&public, &APP, message), Ok(()));
    let other = EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(2)).public_key();
    assert_eq!(made.verify(&other, &APP, message), Err(Error::Signature));
    assert_eq!(made.verify(&public, &[8; 32], message), Err(Error::Signature));
    assert_eq!(made.verify(&public, &APP, b"another"), Err(Error::Signature));
    let changed = |change: fn(&mut Assertion)| {
        let mut changed = made.clone();
        change(&mut changed);
        changed.verify(&public, &APP, message)
    };
    assert_eq!(changed(|a| a.authenticator_data[36] += 1), Err(Error::Signature), "counter");
    assert_eq!(changed(|a| a.authenticator_data[32] ^= 1), Err(Error::Signature), "flags");
    assert_eq!(changed(|a| a.authenticator_data.push(0)), Err(Error::Signature), "length");
    assert_eq!(changed(|a| *a.signature.last_mut().unwrap() ^= 1), Err(Error::Signature), "signature");
    // What an attestation's counter is.
    assert_eq!(Assertion::sign(&key, APP, 0, message).verify(&public, &APP, message), Err(Error::Signature));
}

#[test]
fn client_data_binds_both_keys_to_the_challenge() {
    let of = |challenge: &[u8], key: &[u8]| client_data(challenge, key);
    assert_ne!(of(b"a", b"key"), of(b"b", b"key"));
    assert_ne!(of(b"a", b"key"), of(b"a", b"kez"));
    assert_ne!(of(b"ak", b"ey"), of(b"a", b"key"));
}

/// Phones' own objects and assertions, as their collectors published them.
#[test]
fn shared_samples_of_real_phones_are_read_and_verified() {
    let Ok(shared) = std::env::var("SCEAU_SHARED") else {
        println!("skipped: SCEAU_SHARED is not set");
        return;
    };
    let base64 = |value: &serde_json::Value| {
        base64::Engine::decode(&base64::prelude::BASE64_STANDARD, value.as_str().unwrap()).unwrap()
    };
    let mut assertions = 0;
    for file in std::fs::read_dir(std::path::Path::new(&shared).join("attestation/apple")).unwrap() {
        let path = file.unwrap().path();
        let sample: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        if sample["attestation_b64"].is_null() {
            continue;
        }
        let object = AttestationObject::from_cbor(&base64(&sample["attestation_b64"])).unwrap();
        let key = object.device_key().unwrap();
        assert_eq!(object.certificates.len(), 2, "{path:?}");
        assert_eq!(crate::key_thumbprint(&key)[..], base64(&sample["key_id"]), "{path:?}");
        let made = &sample["assertion"];
        let cbor = base64(&made["assertion_b64"]);
        let assertion = Assertion::from_cbor(&cbor).unwrap();
        assert_eq!(assertion.to_cbor(), cbor, "{path:?}");
        // One collector did not keep what was signed.
        if made["client_data_b64"].is_null() {
            continue;
        }
        let app = sha256(sample["app_id"].as_str().unwrap().as_bytes());
        let client_data = base64(&made["client_data_b64"]);
        assert_eq!(assertion.verify(&key, &app, &client_data), Ok(()), "{path:?}");
        assert_eq!(assertion.verify(&key, &app, b"another"), Err(Error::Signature), "{path:?}");
        assertions += 1;
    }
    assert_eq!(assertions, 4);
}
