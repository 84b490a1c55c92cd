use super::*;
use crate::approved_login::tests::{AT, approved, client, subject};
use crate::request::tests::request;
use crypto::{Curve, EcPrivateKey};
use jose::Algorithm;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use serde_json::{Value, json};

fn token(text: &str) -> AccessToken {
    AccessToken::parse(text).unwrap()
}

fn for_login(request: &AcceptedRequest, reached: Acr) -> Result<IdTokenClaims, Error> {
    let (client, subject, token) = (client(&Acr::ALL), subject(Some(reached)), token(&"A".repeat(43)));
    let approved = approved(request);
    IdTokenClaims::for_login("https://fi.example", &client, request, &approved, &subject, &token, AT.plus(20))
}

fn claims(request: &AcceptedRequest) -> Value {
    serde_json::to_value(for_login(request, Acr::Eidas3).unwrap()).unwrap()
}

/// Every member, so that one too many is noticed: `nbf`, or anything about the person.
#[test]
fn an_id_token_says_just_this() {
    assert_eq!(
        claims(&request()),
        json!({
            "iss": "https://fi.example",
            "sub": "c0ffee",
            "aud": "fc",
            "exp": AT.0 + 20 + ID_TOKEN_LIFE,
            "iat": AT.0 + 20,
            "auth_time": AT.0,
            "nonce": "a".repeat(64),
            "acr": "eidas2",
            "amr": ["pop", "pin", "mfa"],
            "at_hash": "DwBzhbb51LfusnSGBa_hqQ",
        })
    );
    assert!((60..=300).contains(&ID_TOKEN_LIFE));
}

#[test]
fn without_a_nonce_in_the_request_there_is_none() {
    let request = AcceptedRequest { nonce: None, ..request() };
    assert_eq!(claims(&request).get("nonce"), None);
}

/// OpenID Connect Core, A.3: the access token and the `at_hash` of the example.
#[test]
fn at_hash_is_the_left_half_of_the_digest() {
    let digest = sha256(b"jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y");
    assert_eq!(BASE64_URL_SAFE_NO_PAD.encode(&digest[..16]), "77QmUPtjPfzWtF2AnpK9RQ");
    assert_eq!(at_hash(&token("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y")), "77QmUPtjPfzWtF2AnpK9RQ");
}

#[test]
fn a_level_lost_since_the_approval_makes_no_token() {
    assert_eq!(for_login(&request(), Acr::Eidas1), Err(Error::Level));
}

#[test]
fn a_token_is_signed_with_es256_under_the_keys_name() {
    let key =
        SigningKey::new(EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(1))).unwrap();
    let jwt = for_login(&request(), Acr::Eidas2).unwrap().sign(&key);
    let verified = jose::verify(&jwt, &vec![key.jwk()].into(), &[Algorithm::Es256]).unwrap();
    assert_eq!(verified.header().kid.as_deref(), Some(key.kid()));
    assert_eq!(verified.claims::<Value>().unwrap(), claims(&request()));
}

#[test]
fn a_subject_is_visible_ascii_of_bounded_length() {
    assert!(Subject::new(&"s".repeat(255), None).is_ok());
    for bad in ["", "a b", "é", &"s".repeat(256)] {
        assert_eq!(Subject::new(bad, None), Err(Error::Stored("subject")), "{bad}");
    }
}

#[test]
fn the_clients_nonce_is_not_printed() {
    assert!(!format!("{:?}", for_login(&request(), Acr::Eidas2).unwrap()).contains("aaa"));
}
