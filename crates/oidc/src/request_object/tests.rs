use super::*;
use crate::approved_login::tests::client;
use crate::{AuthorizationRequest, AuthorizeError, Clients, PageError, Policy};
use crypto::{Curve, EcPrivateKey};
use identity::Acr;
use jose::{JwkSet, SigningKey};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use serde_json::json;

const ISSUER: &str = "https://fi.example";
const NOW: UnixTime = UnixTime(1_780_315_200);

fn key(seed: u64) -> SigningKey {
    SigningKey::new(EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(seed))).unwrap()
}

fn claims() -> Value {
    json!({
        "iss": "fc", "aud": ISSUER, "exp": NOW.0 + 300, "nbf": NOW.0, "client_id": "fc", "response_type": "code",
        "redirect_uri": "https://broker.example/oidc-callback", "scope": "openid", "state": "inner", "max_age": 60,
        "claims": {"id_token": {"acr": {"value": "eidas2"}}},
    })
}

fn parse(query: &str, objects: RequestObjects) -> Result<AuthorizationRequest, AuthorizeError> {
    let policy = Policy { request_objects: objects, ..Policy::default() };
    let clients = Clients::new([client(&Acr::ALL).with_policy(policy).unwrap()]).unwrap();
    let keys = JwkSet::default();
    AuthorizationRequest::parse(
        query.as_bytes(),
        &Provider { clients: &clients, issuer: ISSUER, keys: &keys, now: NOW },
    )
}

fn keys() -> JwkSet {
    vec![key(1).jwk()].into()
}

fn sent(claims: &Value) -> Result<AuthorizationRequest, AuthorizeError> {
    let object = jose::sign(&key(1), Some("oauth-authz-req+jwt"), claims);
    parse(&format!("client_id=fc&request={object}"), RequestObjects::Accepted(keys()))
}

/// RFC 9101, 6.3: what stands beside the object does not count.
#[test]
fn the_signed_parameters_alone_count() {
    let object = jose::sign(&key(1), Some("oauth-authz-req+jwt"), &claims());
    let query = format!("client_id=fc&request={object}&scope=openid+email&state=outer&acr_values=eidas3");
    let request = parse(&query, RequestObjects::Required(keys())).unwrap();
    assert_eq!((request.accepted.scope(), request.accepted.state()), ("openid".into(), Some(&b"inner"[..])));
    assert_eq!((request.accepted.acr(), request.max_age), (&[Acr::Eidas2][..], Some(60)));
}

#[test]
fn each_claim_that_is_wrong_alone_is_refused() {
    assert!(sent(&claims()).is_ok());
    let changes: [(&str, Value); 14] = [
        ("iss", json!("other")),
        ("iss", Value::Null),
        ("aud", json!("https://other.example")),
        ("aud", Value::Null),
        ("exp", Value::Null),
        ("exp", json!(NOW.0)),
        ("exp", json!(NOW.0 + 3661)),
        ("nbf", json!(NOW.0 + 61)),
        ("nbf", json!(NOW.0 - 3601)),
        ("iat", json!(NOW.0 + 61)),
        ("client_id", json!("other")),
        ("client_id", Value::Null),
        ("request", json!("a.b.c")),
        ("request_uri", json!("https://b.example")),
    ];
    for (name, value) in changes {
        let mut changed = claims();
        changed[name] = value.clone();
        // Nothing beside the object says where to go.
        assert_eq!(sent(&changed), Err(PageError::RequestObject.into()), "{name}: {value}");
    }
    let several = json!(["https://other.example", ISSUER]);
    let mut changed = claims();
    changed["aud"] = several;
    assert!(sent(&changed).is_ok());
}

#[test]
fn a_signature_that_is_not_the_clients_is_refused() {
    let redirect = "redirect_uri=https://broker.example/oidc-callback&state=outer";
    let outcome = |object: String| match parse(
        &format!("client_id=fc&request={object}&{redirect}"),
        RequestObjects::Accepted(keys()),
    ) {
        Ok(_) => None,
        Err(AuthorizeError::Redirect(error)) => {
            assert_eq!(error.state.as_deref(), Some(&b"outer"[..]));
            Some(error.error)
        }
        Err(error) => panic!("{error}"),
    };
    let refused = Some(ErrorCode::InvalidRequestObject);
    assert_eq!(outcome(jose::sign(&key(1), None, &claims())), None);
    assert_eq!(outcome(jose::sign(&key(2), None, &claims())), refused, "another key");
    assert_eq!(outcome(jose::sign(&key(1), Some("dpop+jwt"), &claims())), refused, "another kind");
    let unsigned = "eyJhbGciOiJub25lIn0.e30.";
    assert_eq!(outcome(unsigned.into()), refused);
    assert_eq!(outcome("x".into()), refused);
}

#[test]
fn the_policy_says_who_signs() {
    let plain =
        "client_id=fc&response_type=code&scope=openid&redirect_uri=https://broker.example/oidc-callback";
    let object = jose::sign(&key(1), None, &claims());
    let code = |query: &str, objects| match parse(query, objects) {
        Err(AuthorizeError::Redirect(error)) => Some(error.error),
        _ => None,
    };
    assert!(parse(plain, RequestObjects::Accepted(keys())).is_ok());
    assert_eq!(code(plain, RequestObjects::Required(keys())), Some(ErrorCode::InvalidRequest));
    let both = format!("{plain}&request={object}");
    assert_eq!(code(&both, RequestObjects::Refused), Some(ErrorCode::RequestNotSupported));
    assert!(parse(&both, RequestObjects::Accepted(keys())).is_ok());
}
