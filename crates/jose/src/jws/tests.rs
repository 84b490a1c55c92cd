use super::*;
use crate::MAX_KEYS;
use crypto::RsaPrivateKey;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use serde_json::{Value, json};

const BOTH: [Algorithm; 2] = [Algorithm::Es256, Algorithm::Rs256];

fn key(seed: u64) -> SigningKey {
    let key = EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(seed));
    SigningKey::new(key).unwrap()
}

fn rsa() -> (RsaPrivateKey, Jwk) {
    let key = RsaPrivateKey::generate(2048, &mut ChaCha20Rng::seed_from_u64(1)).unwrap();
    let jwk = Jwk::from_public_key(&PublicKey::Rsa(key.public_key())).unwrap();
    (key, jwk)
}

fn set(keys: &[&SigningKey]) -> JwkSet {
    keys.iter().map(|key| key.jwk()).collect::<Vec<_>>().into()
}

/// The signing input of a header and a payload.
fn input(header: &str, payload: &[u8]) -> String {
    format!("{}.{}", base64url::encode(header.as_bytes()), base64url::encode(payload))
}

/// Signs this very header, whatever it says.
fn signed(key: &SigningKey, header: &str) -> String {
    let input = input(header, b"{}");
    format!("{input}.{}", base64url::encode(&key.sign(input.as_bytes())))
}

/// The outcome for a header that the only key in the set signed.
fn outcome(header: &str) -> Result<(), Error> {
    let key = key(1);
    verify(&signed(&key, header), &set(&[&key]), &BOTH).map(drop)
}

/// RFC 7515, A.3: key, JWS and payload.
#[test]
fn the_es256_example_of_rfc_7515_verifies() {
    let keys: JwkSet = serde_json::from_value(json!({"keys": [{
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }]}))
    .unwrap();
    let jws = "eyJhbGciOiJFUzI1NiJ9\
        .eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ\
        .DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let verified = verify(jws, &keys, &[Algorithm::Es256]).unwrap();
    assert_eq!(
        verified.payload(),
        b"{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}"
    );
    assert_eq!(verified.claims::<Value>().unwrap()["iss"], "joe");
    let other = set(&[&key(1)]);
    assert_eq!(verify(jws, &other, &[Algorithm::Es256]), Err(Error::Signature));
}

/// RFC 7515, A.2: the header and payload of the example, under its key.
#[test]
fn the_rs256_example_of_rfc_7515_verifies() {
    let keys: JwkSet = serde_json::from_value(json!({"keys": [{
        "kty": "RSA", "e": "AQAB",
        "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
    }]}))
    .unwrap();
    let jws = "eyJhbGciOiJSUzI1NiJ9\
        .eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ\
        .cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    assert_eq!(verify(jws, &keys, &[Algorithm::Rs256]).unwrap().claims::<Value>().unwrap()["iss"], "joe");
    assert_eq!(verify(jws, &keys, &[Algorithm::Es256]), Err(Error::AlgorithmNotAllowed(Algorithm::Rs256)));
}

#[test]
fn what_is_signed_is_read_back() {
    let (one, two) = (key(1), key(2));
    let jws = sign(&one, Some("JWT"), &json!({"sub": "x"}));
    let verified = verify(&jws, &set(&[&two, &one]), &[Algorithm::Es256]).unwrap();
    let header =
        Header { alg: Algorithm::Es256, kid: Some(one.kid().to_owned()), typ: Some("JWT".into()), cty: None };
    assert_eq!((verified.header(), &decode_header(&jws).unwrap()), (&header, &header));
    assert_eq!(verified.claims::<Value>().unwrap(), json!({"sub": "x"}));
    assert_eq!(verified.claims::<Vec<u8>>(), Err(Error::Claims));
}

#[test]
fn every_changed_character_is_refused() {
    let key = key(1);
    let (jws, keys) = (sign(&key, None, &json!({"sub": "x"})), set(&[&key]));
    for i in 0..jws.len() {
        let other = if &jws[i..=i] == "A" { "B" } else { "A" };
        let changed = format!("{}{other}{}", &jws[..i], &jws[i + 1..]);
        assert!(verify(&changed, &keys, &BOTH).is_err(), "{i}");
    }
}

#[test]
fn unsigned_and_unknown_algorithms_are_refused() {
    assert_eq!(outcome(r#"{"alg":"ES256"}"#), Ok(()));
    assert_eq!(outcome(r#"{"alg":"none"}"#), Err(Error::Unsigned));
    for alg in ["HS256", "ES384", "es256", "None", ""] {
        let expected = Err(Error::UnsupportedAlgorithm(alg.into()));
        assert_eq!(outcome(&format!(r#"{{"alg":"{alg}"}}"#)), expected);
    }
    let key = key(1);
    let jws = format!("{}.", input(r#"{"alg":"none"}"#, b"{}"));
    assert_eq!(verify(&jws, &set(&[&key]), &BOTH), Err(Error::Unsigned));
    let jws = signed(&key, r#"{"alg":"ES256"}"#);
    assert_eq!(verify(&jws, &set(&[&key]), &[]), Err(Error::AlgorithmNotAllowed(Algorithm::Es256)));
}

/// RFC 7515, 4.1.11; RFC 7797.
#[test]
fn critical_extensions_are_refused() {
    assert_eq!(outcome(r#"{"alg":"ES256","x":1}"#), Ok(()));
    assert_eq!(outcome(r#"{"alg":"ES256","crit":["x"],"x":1}"#), Err(Error::Critical));
    assert_eq!(outcome(r#"{"alg":"ES256","crit":[]}"#), Err(Error::Critical));
    assert_eq!(outcome(r#"{"alg":"ES256","b64":false}"#), Err(Error::Critical));
}

#[test]
fn a_malformed_header_is_refused() {
    for header in ["", "{", "[]", "{}", r#"{"alg":1}"#, r#"{"alg":"ES256","alg":"ES256"}"#] {
        assert_eq!(outcome(header), Err(Error::Header), "{header}");
    }
}

#[test]
fn other_forms_than_three_parts_are_refused() {
    let key = key(1);
    let (jws, keys) = (sign(&key, None, &json!({})), set(&[&key]));
    let (unsigned, _) = jws.rsplit_once('.').unwrap();
    for form in ["", ".", unsigned, &format!("{jws}."), &format!("{jws}.e30"), "{}"] {
        assert_eq!(verify(form, &keys, &BOTH), Err(Error::NotCompact), "{form}");
    }
}

#[test]
fn base64url_that_is_not_canonical_is_refused() {
    let key = key(1);
    let jws = signed(&key, r#"{"alg":"ES256"}"#);
    let parts: Vec<&str> = jws.split('.').collect();
    let join = |parts: [&str; 3]| verify(&parts.join("."), &set(&[&key]), &BOTH).map(drop);
    assert_eq!(join([parts[0], parts[1], parts[2]]), Ok(()));
    // The 64 bytes of a signature leave four bits of the last character unused.
    assert!(parts[2].ends_with(['A', 'Q', 'g', 'w']));
    let bits = format!("{}{}", &parts[2][..85], char::from(parts[2].as_bytes()[85] + 1));
    assert_eq!(join([parts[0], parts[1], &bits]), Err(Error::Base64Url("signature")));
    let padded = format!("{}==", parts[2]);
    assert_eq!(join([parts[0], parts[1], &padded]), Err(Error::Base64Url("signature")));
    assert_eq!(join([parts[0], "e31", parts[2]]), Err(Error::Base64Url("payload")));
    assert_eq!(join([parts[0], "e 30", parts[2]]), Err(Error::Base64Url("payload")));
    let padded = format!("{}=", parts[0]);
    assert_eq!(join([&padded, parts[1], parts[2]]), Err(Error::Base64Url("header")));
}

#[test]
fn a_jws_beyond_the_limit_is_refused() {
    let key = key(1);
    // Three letters more are four characters more; the first one to three letters make up the difference.
    let sized = |letters: usize| sign(&key, None, &"x".repeat(letters));
    let first = (0..3).find(|n| sized(*n).len() % 4 == MAX_LEN % 4).unwrap();
    let letters = first + (MAX_LEN - sized(first).len()) / 4 * 3;
    let (fits, beyond) = (sized(letters), sized(letters + 1));
    assert_eq!(fits.len(), MAX_LEN);
    assert!(verify(&fits, &set(&[&key]), &BOTH).is_ok());
    assert_eq!(verify(&beyond, &set(&[&key]), &BOTH), Err(Error::TooLarge));
    assert_eq!(decode_header(&beyond), Err(Error::TooLarge));
}

#[test]
fn a_key_that_is_unknown_or_not_the_only_one_meant_is_refused() {
    let (one, two) = (key(1), key(2));
    let jws = sign(&one, None, &json!({}));
    let judge = |jws: &str, keys: &JwkSet| verify(jws, keys, &BOTH).map(drop);
    assert_eq!(judge(&jws, &set(&[&one, &two])), Ok(()));
    assert_eq!(judge(&jws, &set(&[&two])), Err(Error::UnknownKey));
    assert_eq!(judge(&jws, &set(&[])), Err(Error::UnknownKey));
    assert_eq!(judge(&jws, &set(&[&one, &one])), Err(Error::AmbiguousKey));
    let nameless = signed(&one, r#"{"alg":"ES256"}"#);
    assert_eq!(judge(&nameless, &set(&[&one])), Ok(()));
    assert_eq!(judge(&nameless, &set(&[&one, &two])), Err(Error::AmbiguousKey));
    let full = |count| vec![two.jwk(); count].into();
    assert_eq!(judge(&jws, &full(MAX_KEYS)), Err(Error::UnknownKey));
    assert_eq!(judge(&jws, &full(MAX_KEYS + 1)), Err(Error::TooLarge));
}

#[test]
fn a_key_of_another_kind_use_or_algorithm_is_refused() {
    let key = key(1);
    let jws = sign(&key, None, &json!({}));
    let judge = |jwk: Value| verify(&jws, &serde_json::from_value(json!({"keys": [jwk]})).unwrap(), &BOTH);
    let jwk = |member: &str, value: Value| {
        let mut jwk = serde_json::to_value(key.jwk()).unwrap();
        jwk[member] = value;
        jwk
    };
    assert!(judge(jwk("use", Value::Null)).is_ok());
    assert!(judge(jwk("alg", Value::Null)).is_ok());
    assert_eq!(judge(jwk("use", json!("enc"))), Err(Error::KeyMismatch));
    assert_eq!(judge(jwk("alg", json!("RS256"))), Err(Error::KeyMismatch));
    let (private, public) = rsa();
    let rsa_jwk = |member: &str| {
        let mut jwk = serde_json::to_value(public.clone().with_kid(key.kid())).unwrap();
        jwk[member] = Value::Null;
        jwk
    };
    assert_eq!(judge(rsa_jwk("alg")), Err(Error::KeyMismatch));
    let input = input(&format!(r#"{{"alg":"RS256","kid":"{}"}}"#, key.kid()), b"{}");
    let signature = private.sign_pkcs1v15(HashAlgorithm::Sha256, input.as_bytes()).unwrap();
    let jws = format!("{input}.{}", base64url::encode(&signature));
    assert!(verify(&jws, &vec![public.with_kid(key.kid())].into(), &BOTH).is_ok());
    assert_eq!(verify(&jws, &set(&[&key]), &BOTH), Err(Error::KeyMismatch));
}

#[test]
fn an_rsa_key_signs_rs256_under_its_own_name() {
    let (private, public) = rsa();
    let key = SigningKey::rs256(RsaSigner::from_pkcs8_der(&private.to_pkcs8_der()).unwrap()).unwrap();
    assert_eq!((key.algorithm(), key.jwk()), (Algorithm::Rs256, public.clone()));
    assert!(key.private_key().is_none());
    let jws = sign(&key, Some("JWT"), &json!({"sub": "x"}));
    let verified = verify(&jws, &vec![public].into(), &[Algorithm::Rs256]).unwrap();
    assert_eq!(
        (verified.header().kid.as_deref(), verified.claims()),
        (Some(key.kid()), Ok(json!({"sub": "x"})))
    );
    let refused = verify(&jws, &set(&[&key]), &[Algorithm::Es256]);
    assert_eq!(refused, Err(Error::AlgorithmNotAllowed(Algorithm::Rs256)));
}

/// CVE-2022-21449, and a signature in DER.
#[test]
fn signatures_of_zeros_of_another_length_or_in_der_are_refused() {
    let key = key(1);
    let input = input(r#"{"alg":"ES256"}"#, b"{}");
    let judge = |signature: &[u8]| {
        verify(&format!("{input}.{}", base64url::encode(signature)), &set(&[&key]), &BOTH).map(drop)
    };
    let signature = key.private_key().unwrap().sign(HashAlgorithm::Sha256, input.as_bytes());
    let plain = signature.to_plain(Curve::P256);
    assert_eq!(judge(&plain), Ok(()));
    for wrong in [&[0; 64][..], &[], &plain[..63], &[&plain[..], &[0]].concat(), &signature.to_der()] {
        assert_eq!(judge(wrong), Err(Error::Signature));
    }
}

#[test]
fn secrets_and_payloads_are_not_printed() {
    let key = key(1);
    assert_eq!(format!("{key:?}"), format!("SigningKey({}, ..)", key.kid()));
    let verified = verify(&sign(&key, None, &json!({"sub": "x"})), &set(&[&key]), &BOTH).unwrap();
    assert!(format!("{verified:?}").ends_with("11 bytes)"));
    let p384 = EcPrivateKey::generate(Curve::P384, &mut ChaCha20Rng::seed_from_u64(1));
    assert_eq!(SigningKey::new(p384).err(), Some(Error::Jwk("curve")));
}

/// Both signers are one key: what `ring` signs our own arithmetic verifies, and the other way round.
#[test]
fn both_signers_of_a_key_make_signatures_of_the_same_key() {
    for seed in 0..20 {
        let key = key(seed);
        let plain = key.sign(b"input");
        assert_eq!(plain.len(), 64);
        assert_ne!(plain, key.sign(b"input"), "the nonce holds randomness");
        let own = key.private_key().unwrap().sign(HashAlgorithm::Sha256, b"input").to_plain(Curve::P256);
        let public = key.jwk().verification_key(Algorithm::Es256).unwrap();
        for signature in [&plain, &own] {
            assert_eq!(verify_signature(&public, b"input", signature), Ok(()));
            assert_eq!(verify_signature(&public, b"other", signature), Err(Error::Signature));
            let ring = ring::signature::UnparsedPublicKey::new(
                &ring::signature::ECDSA_P256_SHA256_FIXED,
                key.private_key().unwrap().public_key().to_sec1(),
            );
            assert!(ring.verify(b"input", signature).is_ok());
        }
    }
}

/// RFC 8037, A.2, A.3 and A.5: key, thumbprint, JWS.
#[test]
fn the_eddsa_example_of_rfc_8037_verifies() {
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    let keys = |jwk: &Value| -> JwkSet { serde_json::from_value(json!({ "keys": [jwk] })).unwrap() };
    let jws = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc\
        .hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let only = [Algorithm::EdDsa];
    assert_eq!(verify(jws, &keys(&jwk), &only).unwrap().payload(), b"Example of Ed25519 signing");
    let point = base64url::decode(jwk["x"].as_str().unwrap(), "x").unwrap().try_into().unwrap();
    let written = Jwk::from_ed25519(&Ed25519PublicKey::from_bytes(&point).unwrap());
    assert_eq!(written.kid(), Some("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"));
    assert!(written.verifies(Algorithm::EdDsa) && !written.verifies(Algorithm::Es256));

    let changed = jws.replace("RXhhbXBsZSBv", "RXhhbXBsZSBw");
    assert_eq!(verify(&changed, &keys(&jwk), &only), Err(Error::Signature));
    assert_eq!(verify(jws, &keys(&jwk), &BOTH), Err(Error::AlgorithmNotAllowed(Algorithm::EdDsa)));
    assert_eq!(verify(jws, &set(&[&key(1)]), &only), Err(Error::KeyMismatch), "a key of another kind");
    let refused = |member: &str, value: &str| {
        let mut other = jwk.clone();
        other[member] = json!(value);
        verify(jws, &keys(&other), &only).map(drop)
    };
    assert_eq!(refused("crv", "X25519"), Err(Error::KeyMismatch));
    assert_eq!(refused("use", "enc"), Err(Error::KeyMismatch));
    assert_eq!(refused("d", "AA"), Err(Error::Jwk("private key")));
    assert_eq!(refused("x", "AA"), Err(Error::Jwk("coordinate length")));
    assert_eq!(refused("x", &base64url::encode(&[0; 32])), Err(Error::Jwk("point")), "of small order");
}
