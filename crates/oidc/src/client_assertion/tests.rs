use super::*;
use crypto::{Curve, EcPrivateKey};
use jose::SigningKey;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use serde_json::{Value, json};

const NOW: UnixTime = UnixTime(1_750_000_000);
const AUDIENCES: [&str; 2] = ["https://fi.example", "https://fi.example/token"];

fn key(seed: u64) -> SigningKey {
    SigningKey::new(EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(seed))).unwrap()
}

fn claims() -> Value {
    json!({"iss": "c", "sub": "c", "aud": "https://fi.example", "exp": NOW.0 + 60, "iat": NOW.0, "jti": "1"})
}

fn judge(claims: &Value) -> Result<UsedAssertion, &'static str> {
    verify(&jose::sign(&key(1), None, claims), &vec![key(1).jwk()].into(), "c", &AUDIENCES, false, NOW)
}

/// One member changed; `null` takes it away.
fn with(member: &str, value: Value) -> Result<UsedAssertion, &'static str> {
    let mut claims = claims();
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(member)),
        value => claims[member] = value,
    }
    judge(&claims)
}

#[test]
fn an_assertion_is_taken_with_its_name_and_end() {
    assert_eq!(judge(&claims()), Ok(UsedAssertion { jti: "1".into(), expires_at: NOW.plus(60) }));
    assert!(with("iat", Value::Null).is_ok(), "optional");
    assert_eq!(with("exp", json!(NOW.0 as f64 + 59.9)).map(|used| used.expires_at), Ok(NOW.plus(59)));
}

#[test]
fn the_audience_is_the_issuer_or_the_token_endpoint_and_nobody_else() {
    for good in [json!(AUDIENCES[1]), json!(AUDIENCES), json!([AUDIENCES[0]])] {
        assert!(with("aud", good.clone()).is_ok(), "{good}");
    }
    let error = Err("aud must be the issuer or the token endpoint");
    for bad in [
        json!("https://fi.example/"),
        json!("https://fi.example/authorize"),
        json!([]),
        json!(["https://fi.example", "https://other.example"]),
    ] {
        assert_eq!(with("aud", bad.clone()), error, "{bad}");
    }
}

#[test]
fn issuer_and_subject_are_the_client() {
    let error = Err("iss and sub must be the client_id");
    assert_eq!(with("iss", json!("d")), error);
    assert_eq!(with("sub", json!("d")), error);
}

#[test]
fn a_required_claim_that_is_missing_is_refused() {
    for claim in ["iss", "sub", "aud", "exp", "jti"] {
        let refused = with(claim, Value::Null);
        assert_eq!(refused, Err("the assertion lacks a claim: iss, sub, aud, exp, jti"), "{claim}");
    }
    assert_eq!(with("jti", json!("")), Err("jti must have 1 to 256 bytes"));
    assert!(with("jti", json!("x".repeat(256))).is_ok());
    assert_eq!(with("jti", json!("x".repeat(257))), Err("jti must have 1 to 256 bytes"));
}

#[test]
fn an_assertion_lives_a_bounded_time() {
    assert_eq!(with("exp", json!(NOW.0)), Err("the assertion has expired"));
    assert!(with("exp", json!(NOW.0 + 1)).is_ok());
    assert!(with("exp", json!(NOW.0 + MAX_ASSERTION_LIFE + 60)).is_ok());
    assert_eq!(with("exp", json!(NOW.0 + MAX_ASSERTION_LIFE + 61)), Err("exp is too far ahead"));
    assert_eq!(with("exp", json!(1e300)), Err("exp is too far ahead"));
    assert_eq!(with("exp", json!(-1e300)), Err("the assertion has expired"));
    for claim in ["nbf", "iat"] {
        assert!(with(claim, json!(NOW.0 + 60)).is_ok(), "{claim}");
        assert_eq!(with(claim, json!(NOW.0 + 61)), Err("the assertion is from the future"), "{claim}");
    }
}

#[test]
fn another_key_and_another_algorithm_are_refused() {
    let error = Err("the assertion is not signed by a key of the client");
    let keys = vec![key(1).jwk()].into();
    assert_eq!(verify(&jose::sign(&key(2), None, &claims()), &keys, "c", &AUDIENCES, false, NOW), error);
    let encode = |json: &Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
    let unsigned = format!("{}.{}.", encode(&json!({"alg": "none"})), encode(&claims()));
    assert_eq!(verify(&unsigned, &keys, "c", &AUDIENCES, false, NOW), error);
    assert_eq!(verify("", &keys, "c", &AUDIENCES, false, NOW), error);
}

#[test]
fn the_client_is_found_by_its_name_in_the_payload() {
    assert_eq!(unverified_client_id(&jose::sign(&key(1), None, &claims())).as_deref(), Some("c"));
    for bad in ["", "a.b", "a.*.c", "a.e30.c"] {
        assert_eq!(unverified_client_id(bad), None, "{bad}");
    }
}

/// FAPI 2.0, 5.3.2.1.
#[test]
fn a_strict_client_names_the_issuer_alone_and_signs_with_es256() {
    let judge = |aud: Value| {
        let mut claims = claims();
        claims["aud"] = aud;
        let jws = jose::sign(&key(1), None, &claims);
        verify(&jws, &vec![key(1).jwk()].into(), "c", &AUDIENCES, true, NOW).is_ok()
    };
    assert!(judge(json!("https://fi.example")));
    assert!(!judge(json!("https://fi.example/token")));
    assert!(!judge(json!(["https://fi.example"])));
    let rsa = crypto::RsaPrivateKey::generate(2048, &mut ChaCha20Rng::seed_from_u64(1)).unwrap();
    let rsa = SigningKey::rs256(crypto::RsaSigner::from_pkcs8_der(&rsa.to_pkcs8_der()).unwrap()).unwrap();
    let (jws, keys) = (jose::sign(&rsa, None, &claims()), vec![rsa.jwk()].into());
    assert!(verify(&jws, &keys, "c", &AUDIENCES, false, NOW).is_ok());
    assert!(verify(&jws, &keys, "c", &AUDIENCES, true, NOW).is_err());
}
