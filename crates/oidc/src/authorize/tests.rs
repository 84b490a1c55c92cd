use super::*;
use crate::request::tests::request;
use crate::{ClientAuth, SecretDigest};

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
    AcceptedRequest::parse(query(changes).as_bytes(), &clients(), ISSUER)
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
        let error = AcceptedRequest::parse(twice.as_bytes(), &clients(), ISSUER);
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
        ("acr_values", "high", ErrorCode::UnmetAuthenticationRequirements),
        ("prompt", "none", ErrorCode::LoginRequired),
        ("prompt", "none%20login", ErrorCode::InvalidRequest),
        ("prompt", "create", ErrorCode::InvalidRequest),
        ("nonce", "%00", ErrorCode::InvalidRequest),
        ("nonce", &"n".repeat(500), ErrorCode::InvalidRequest),
        ("request", "a.b.c", ErrorCode::RequestNotSupported),
        ("request_uri", "https://b.example/r", ErrorCode::RequestUriNotSupported),
        ("registration", "%7B%7D", ErrorCode::RegistrationNotSupported),
        ("code_challenge", CHALLENGE, ErrorCode::InvalidRequest),
        ("code_challenge_method", "S256", ErrorCode::InvalidRequest),
    ] {
        assert_eq!(refused(&[(name, value)]), code, "{name}={value}");
    }
    let twice = format!("{}&unknown=1&unknown=1", query(&[]));
    let error = AcceptedRequest::parse(twice.as_bytes(), &clients(), ISSUER);
    assert!(matches!(error, Err(AuthorizeError::Redirect(e)) if e.error == ErrorCode::InvalidRequest));
}

/// Which of two states would be the client's?
#[test]
fn a_state_that_is_there_twice_is_not_returned() {
    let twice = format!("{}&state=other", query(&[]));
    match AcceptedRequest::parse(twice.as_bytes(), &clients(), ISSUER) {
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
        ("max_age", "0"),
        ("login_hint", "anne"),
        ("id_token_hint", "x"),
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
fn levels_are_those_that_the_client_may_have_in_the_order_asked() {
    let levels = |values: &str| accepted(&[("acr_values", values)]).acr().to_vec();
    assert_eq!(levels("eidas3%20eidas2"), [Acr::Eidas3, Acr::Eidas2]);
    assert_eq!(levels("eidas1%20eidas2%20eidas2"), [Acr::Eidas2]);
    assert_eq!(levels(""), [Acr::Eidas2], "the lowest that the client may have");
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
