use super::*;
use crate::request::tests::request;
use crate::{ClientAuth, SecretDigest};
use crypto::{Curve, EcPrivateKey};
use jose::SigningKey;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use serde_json::json;

const ISSUER: &str = "https://fi.example";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn clients() -> Clients {
    let auth = || ClientAuth::SecretPost(vec![SecretDigest::of(&"s".repeat(32)).unwrap()]);
    let uris = |uri: &str| vec![uri.to_owned(), "https://broker.example/oidc-callback?v=1".to_owned()];
    let broker = uris("https://broker.example/oidc-callback");
    let broker = Client::new("fc", "FC", broker, auth(), vec![Acr::Eidas2, Acr::Eidas3]).unwrap();
    let narrow =
        Client::new("narrow", "N", uris("https://narrow.example/cb"), auth(), vec![Acr::Eidas1]).unwrap();
    Clients::new([broker, narrow.with_scopes([Scope::Email])]).unwrap()
}

/// The broker's eight parameters (FranceConnect's contract, 2.2), some changed; an empty value takes one away.
fn query(changes: &[(&str, &str)]) -> String {
    let (state, nonce) = ("5".repeat(64), "a".repeat(64));
    let mut pairs = vec![
        ("client_id", "fc"),
        ("scope", "openid%20profile%20email%20birth"),
        ("response_type", "code"),
        ("redirect_uri", "https%3A%2F%2Fbroker.example%2Foidc-callback"),
        ("acr_values", "eidas2"),
        ("nonce", nonce.as_str()),
        ("state", state.as_str()),
        ("prompt", "login"),
    ];
    for (name, value) in changes {
        pairs.retain(|(n, _)| n != name);
        pairs.push((name, value));
    }
    let pairs =
        pairs.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name}={value}"));
    pairs.collect::<Vec<_>>().join("&")
}

fn parse(changes: &[(&str, &str)]) -> Result<AcceptedRequest, AuthorizeError> {
    judged(changes).map(|request| request.accepted)
}

/// Our own key of ID tokens.
fn our_key() -> SigningKey {
    SigningKey::new(EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(3))).unwrap()
}

fn judged(changes: &[(&str, &str)]) -> Result<AuthorizationRequest, AuthorizeError> {
    raw(&query(changes))
}

fn raw(query: &str) -> Result<AuthorizationRequest, AuthorizeError> {
    let (clients, keys) = (clients(), vec![our_key().jwk()].into());
    let provider = Provider { clients: &clients, issuer: ISSUER, keys: &keys, now: UnixTime(1_780_315_200) };
    AuthorizationRequest::parse(query.as_bytes(), &provider)
}

fn accepted(changes: &[(&str, &str)]) -> AcceptedRequest {
    parse(changes).unwrap_or_else(|error| panic!("{changes:?}: {error}"))
}

fn page_error(changes: &[(&str, &str)]) -> PageError {
    match parse(changes) {
        Err(AuthorizeError::Page(error)) => error,
        other => panic!("{changes:?}: {other:?}"),
    }
}

/// The code of a redirect, which must carry `state` and go to the client.
fn refused(changes: &[(&str, &str)]) -> ErrorCode {
    match parse(changes) {
        Err(AuthorizeError::Redirect(error)) => {
            assert_eq!(error.iss, ISSUER);
            assert!(error.location().starts_with("https://broker.example/oidc-callback?error="));
            assert_eq!(error.state, Some("5".repeat(64).into_bytes()));
            error.error
        }
        other => panic!("{changes:?}: {other:?}"),
    }
}

#[test]
fn the_brokers_request_is_accepted() {
    assert_eq!(accepted(&[]), request());
    let fc_plus = "openid+profile+email+preferred_username+birthplace+birthcountry";
    assert_eq!(accepted(&[("scope", fc_plus)]).claims().len(), 8);
    let with_query = "https%3A%2F%2Fbroker.example%2Foidc-callback%3Fv%3D1";
    assert_eq!(
        accepted(&[("redirect_uri", with_query)]).redirect_uri(),
        "https://broker.example/oidc-callback?v=1"
    );
}

#[test]
fn nothing_is_redirected_before_client_and_redirect_uri_are_trusted() {
    assert_eq!(page_error(&[("client_id", "")]), PageError::UnknownClient);
    assert_eq!(page_error(&[("client_id", "nobody")]), PageError::UnknownClient);
    assert_eq!(page_error(&[("client_id", "%ff")]), PageError::UnknownClient);
    assert_eq!(page_error(&[("redirect_uri", "")]), PageError::RedirectUriMissing);
    for uri in [
        "https://broker.example/oidc-callback/",
        "https://broker.example/oidc-callback?v=2",
        "https://broker.example/OIDC-callback",
        "https://narrow.example/cb",
        "https://evil.example/",
    ] {
        assert_eq!(page_error(&[("redirect_uri", uri)]), PageError::RedirectUriUnknown, "{uri}");
    }
    assert_eq!(page_error(&[("state", "%")]), PageError::Malformed);
    assert_eq!(page_error(&[("state", &"x".repeat(8192))]), PageError::TooLong);
    for name in ["client_id", "redirect_uri"] {
        let twice = format!("{}&{name}=x", query(&[]));
        let error = raw(&twice);
        assert_eq!(error, Err(PageError::Duplicate(name).into()));
    }
}

#[test]
fn each_refusal_after_that_goes_to_the_client_with_its_code() {
    for (name, value, code) in [
        ("response_type", "", ErrorCode::InvalidRequest),
        ("response_type", "token", ErrorCode::UnsupportedResponseType),
        ("response_type", "code%20id_token", ErrorCode::UnsupportedResponseType),
        ("response_mode", "form_post", ErrorCode::InvalidRequest),
        ("scope", "", ErrorCode::InvalidScope),
        ("scope", "profile", ErrorCode::InvalidScope),
        ("acr_values", "eidas1", ErrorCode::UnmetAuthenticationRequirements),
        ("prompt", "none%20login", ErrorCode::InvalidRequest),
        ("prompt", "create", ErrorCode::InvalidRequest),
        ("nonce", "%00", ErrorCode::InvalidRequest),
        ("nonce", &"n".repeat(500), ErrorCode::InvalidRequest),
        ("request", "a.b.c", ErrorCode::RequestNotSupported),
        ("request_uri", "https://b.example/r", ErrorCode::RequestUriNotSupported),
        ("registration", "%7B%7D", ErrorCode::RegistrationNotSupported),
        ("code_challenge", CHALLENGE, ErrorCode::InvalidRequest),
        ("code_challenge_method", "S256", ErrorCode::InvalidRequest),
        ("max_age", "-1", ErrorCode::InvalidRequest),
        ("max_age", "soon", ErrorCode::InvalidRequest),
        ("claims", "%5B%5D", ErrorCode::InvalidRequest),
        ("id_token_hint", "x", ErrorCode::InvalidRequest),
        ("dpop_jkt", "x", ErrorCode::InvalidRequest),
    ] {
        assert_eq!(refused(&[(name, value)]), code, "{name}={value}");
    }
    let twice = format!("{}&unknown=1&unknown=1", query(&[]));
    let error = raw(&twice);
    assert!(matches!(error, Err(AuthorizeError::Redirect(e)) if e.error == ErrorCode::InvalidRequest));
}

/// Which of two states would be the client's?
#[test]
fn a_state_that_is_there_twice_is_not_returned() {
    let twice = format!("{}&state=other", query(&[]));
    match raw(&twice) {
        Err(AuthorizeError::Redirect(error)) => {
            assert_eq!((error.error, error.state), (ErrorCode::InvalidRequest, None));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_openid_connect_lets_a_provider_ignore_is_ignored() {
    let ignored = [
        ("display", "popup"),
        ("ui_locales", "fr"),
        ("claims_locales", "fr"),
        ("login_hint", "anne"),
        ("claims", "%7B%7D"),
        ("extra", "1"),
        ("response_mode", "query"),
        ("scope", "openid%20profile%20email%20birth%20phone"),
    ];
    for (name, value) in ignored {
        assert_eq!(accepted(&[(name, value)]), request(), "{name}");
    }
}

#[test]
fn prompt_and_max_age_say_whether_a_session_may_answer() {
    let prompt = |value: &str| judged(&[("prompt", value)]).unwrap().prompt;
    assert_eq!(prompt("none"), Prompt::None);
    assert_eq!(prompt(""), Prompt::Any);
    for word in ["login", "consent", "select_account", "login%20consent"] {
        assert_eq!(prompt(word), Prompt::Login, "{word}");
    }
    assert_eq!(judged(&[("max_age", "60")]).unwrap().max_age, Some(60));
    assert_eq!(judged(&[]).unwrap().max_age, None);
}

/// OpenID Connect Core, 3.1.2.1: the hint names the one person who may log in.
#[test]
fn a_hint_of_ours_for_this_client_names_a_person() {
    let hint = |issuer: &str, aud: &str| {
        jose::sign(&our_key(), Some("JWT"), &json!({"iss": issuer, "aud": aud, "sub": "c0ffee", "exp": 1}))
    };
    let named = accepted(&[("id_token_hint", &hint(ISSUER, "fc"))]);
    assert!(named.is_for("c0ffee") && !named.is_for("c0ffef"));
    assert!(accepted(&[]).is_for("anybody"));
    for foreign in [hint("https://other.example", "fc"), hint(ISSUER, "narrow")] {
        assert_eq!(refused(&[("id_token_hint", &foreign)]), ErrorCode::InvalidRequest);
    }
    let claims = |sub: &str| format!("%7B%22id_token%22:%7B%22sub%22:%7B%22value%22:%22{sub}%22%7D%7D%7D");
    assert!(accepted(&[("claims", &claims("c0ffee"))]).is_for("c0ffee"));
    let both = [("claims", &claims("other")[..]), ("id_token_hint", &hint(ISSUER, "fc"))];
    assert_eq!(refused(&both), ErrorCode::InvalidRequest, "two people");
}

/// OpenID Connect Core, 5.5.1.1.
#[test]
fn a_level_asked_by_claims_counts_before_acr_values() {
    let asked = |level: &str| {
        let claims = format!(
            "%7B%22id_token%22:%7B%22acr%22:%7B%22essential%22:true,%22values%22:%5B%22{level}%22%5D%7D%7D%7D"
        );
        parse(&[("claims", &claims)]).map(|request| request.acr().to_vec())
    };
    assert_eq!(asked("eidas3").unwrap(), [Acr::Eidas3]);
    assert!(asked("eidas1").is_err(), "not for this client");
}

#[test]
fn a_policy_asks_for_more() {
    let policy = crate::Policy { require_pkce: true, ..Default::default() };
    let outcome = |policy: crate::Policy, more: &str| {
        let client = clients().get("fc").unwrap().clone().with_policy(policy).unwrap();
        let (clients, keys) = (Clients::new([client]).unwrap(), JwkSet::default());
        let provider = Provider { clients: &clients, issuer: ISSUER, keys: &keys, now: UnixTime(0) };
        let query = format!("{}{more}", query(&[]));
        match AuthorizationRequest::parse(query.as_bytes(), &provider) {
            Ok(_) => None,
            Err(AuthorizeError::Redirect(error)) => Some(error.description),
            Err(error) => panic!("{error}"),
        }
    };
    let pkce = format!("&code_challenge={CHALLENGE}&code_challenge_method=S256");
    assert_eq!(outcome(policy.clone(), &pkce), None);
    assert_eq!(outcome(policy, ""), Some("this client must send a code_challenge"));
    let pushed = crate::Policy { require_pushed: true, ..Default::default() };
    assert_eq!(outcome(pushed, ""), Some("this client must push its requests"));
}

/// RFC 9126, 4: the browser brings a name, and what it brings beside that does not count.
#[test]
fn a_pushed_request_is_named_by_client_and_uri() {
    let uri = "urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Ax";
    let reference =
        PushedReference::read(format!("client_id=fc&request_uri={uri}&scope=x").as_bytes()).unwrap();
    let digest = sha256(b"urn:ietf:params:oauth:request_uri:x");
    assert!(reference == Some(PushedReference { client_id: "fc".into(), digest }));
    assert!(PushedReference::read(query(&[]).as_bytes()).unwrap().is_none());
    let foreign = format!("{}&request_uri=https%3A%2F%2Fb.example", query(&[]));
    assert!(PushedReference::read(foreign.as_bytes()).unwrap().is_none());
    assert!(PushedReference::read(format!("request_uri={uri}").as_bytes()).is_err());
    assert!(
        PushedReference::read(format!("client_id=fc&request_uri={uri}&request_uri={uri}").as_bytes())
            .is_err()
    );
}

#[test]
fn levels_are_those_that_the_client_may_have_in_the_order_asked() {
    let levels = |values: &str| accepted(&[("acr_values", values)]).acr().to_vec();
    assert_eq!(levels("eidas3%20eidas2"), [Acr::Eidas3, Acr::Eidas2]);
    assert_eq!(levels("eidas1%20eidas2%20eidas2"), [Acr::Eidas2]);
    assert_eq!(levels(""), [Acr::Eidas2], "the lowest that the client may have");
    assert_eq!(levels("high%20urn:mace:incommon:iap:silver"), [Acr::Eidas2], "no levels of ours");
    assert_eq!(levels("high%20eidas3"), [Acr::Eidas3]);
}

#[test]
fn a_client_may_ask_its_own_scopes_only() {
    let narrow = |scope: &str| {
        let changes = [
            ("client_id", "narrow"),
            ("redirect_uri", "https://narrow.example/cb"),
            ("acr_values", "eidas1"),
            ("scope", scope),
        ];
        parse(&changes).map(|request| request.scope())
    };
    assert_eq!(narrow("openid%20email"), Ok("openid email".to_owned()));
    match narrow("openid%20email%20profile") {
        Err(AuthorizeError::Redirect(error)) => assert_eq!(error.error, ErrorCode::InvalidScope),
        other => panic!("{other:?}"),
    }
}

#[test]
fn pkce_is_s256_or_nothing() {
    let pkce = |challenge: &str, method: &str| {
        parse(&[("code_challenge", challenge), ("code_challenge_method", method)])
    };
    assert!(pkce(CHALLENGE, "S256").unwrap().code_challenge.is_some());
    assert!(pkce(CHALLENGE, "plain").is_err());
    assert!(pkce(&CHALLENGE[..42], "S256").is_err());
    assert!(pkce(&format!("{CHALLENGE}%3D"), "S256").is_err());
}
