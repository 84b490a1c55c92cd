use super::*;
use crate::approved_login::tests::{AT, SECRET, client};
use crate::client_assertion::ASSERTION_TYPE;
use crate::request::tests::request as accepted;
use crate::{ClientAuth, SecretDigest};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use crypto::{Curve, EcPrivateKey};
use identity::Acr;
use jose::SigningKey;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use serde_json::{Value, json};

const ISSUER: &str = "https://fi.example";
const CODE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

fn key() -> SigningKey {
    SigningKey::new(EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(1))).unwrap()
}

/// The broker, which has a secret, and `jwt`, which has a key.
fn clients() -> Clients {
    let uris = vec!["https://jwt.example/cb".to_owned()];
    let auth = ClientAuth::PrivateKeyJwt(vec![key().jwk()].into());
    let jwt = Client::new("jwt", "JWT", uris, auth, vec![Acr::Eidas2]).unwrap();
    Clients::new([client(&Acr::ALL), jwt]).unwrap()
}

/// What the broker sends (FranceConnect's contract, 2.3), some parameters changed; an empty value takes one away.
fn form(changes: &[(&str, &str)]) -> String {
    let mut pairs = vec![
        ("grant_type", "authorization_code"),
        ("code", CODE),
        ("redirect_uri", "https%3A%2F%2Fbroker.example%2Foidc-callback"),
        ("client_id", "fc"),
        ("client_secret", SECRET),
    ];
    for (name, value) in changes {
        pairs.retain(|(n, _)| n != name);
        pairs.push((name, value));
    }
    let pairs =
        pairs.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name}={value}"));
    pairs.collect::<Vec<_>>().join("&")
}

fn parse(form: &str) -> Result<TokenRequest, TokenError> {
    TokenRequest::parse(form.as_bytes(), None)
}

fn code_of(error: Result<impl Sized, TokenError>) -> Option<ErrorCode> {
    error.err().map(|error| error.error)
}

/// The client that a form proves, or the code of the refusal.
fn authenticated(changes: &[(&str, &str)]) -> Result<String, ErrorCode> {
    let clients = clients();
    let request = parse(&form(changes)).map_err(|error| error.error)?;
    let request = request.authenticate(&clients, ISSUER, AT).map_err(|error| error.error)?;
    Ok(request.client().id().to_owned())
}

#[test]
fn the_brokers_form_is_read_and_its_secret_counts() {
    let clients = clients();
    let request = parse(&form(&[])).unwrap().authenticate(&clients, ISSUER, AT).unwrap();
    assert_eq!((request.client().id(), request.assertion()), ("fc", None));
    assert_eq!(request.code().unwrap().as_str(), CODE);
    assert_eq!(request.check_grant(&accepted(), None), Ok(()));
}

#[test]
fn a_form_that_is_malformed_is_an_invalid_request() {
    let long = "x".repeat(8192);
    for (changes, why) in [
        (&[("grant_type", "")][..], "missing"),
        (&[("code", "%")], "encoding"),
        (&[("code", "%00")], "control character"),
        (&[("code", "%ff")], "not UTF-8"),
        (&[("x", &long)], "too long"),
    ] {
        assert_eq!(code_of(parse(&form(changes))), Some(ErrorCode::InvalidRequest), "{why}");
    }
    let twice = form(&[]) + "&code=" + CODE;
    assert_eq!(code_of(parse(&twice)), Some(ErrorCode::InvalidRequest));
    for grant in ["password", "refresh_token", "client_credentials", "Authorization_Code"] {
        assert_eq!(code_of(parse(&form(&[("grant_type", grant)]))), Some(ErrorCode::UnsupportedGrantType));
    }
}

#[test]
fn without_the_clients_own_proof_it_is_an_invalid_client() {
    assert_eq!(authenticated(&[]), Ok("fc".to_owned()));
    let refused = |changes: &[(&str, &str)]| authenticated(changes) == Err(ErrorCode::InvalidClient);
    assert!(refused(&[("client_id", "")]), "without a client");
    assert!(refused(&[("client_id", "nobody")]));
    assert!(refused(&[("client_secret", "")]), "without a secret");
    assert!(refused(&[("client_secret", &SECRET.replace('0', "1"))]), "wrong");
    assert!(refused(&[("client_secret", &SECRET[..31])]));
    assert!(refused(&[("client_id", "jwt")]), "a client without a secret");
}

#[test]
fn another_scheme_in_the_header_proves_nobody() {
    let clients = clients();
    let form = form(&[("client_secret", ""), ("client_id", "")]);
    let request = TokenRequest::parse(form.as_bytes(), Some(b"Bearer x")).unwrap();
    let error = request.authenticate(&clients, ISSUER, AT).unwrap_err();
    assert_eq!((error.error, error.status()), (ErrorCode::InvalidClient, 401));
}

/// RFC 6749, 2.3.1.
#[test]
fn a_secret_in_the_header_proves_the_client_that_is_registered_for_it() {
    let uris = vec!["https://basic.example/cb".to_owned()];
    let secret = "a secret of more than 32 characters: +%";
    let auth = ClientAuth::SecretBasic(vec![SecretDigest::of(secret).unwrap()]);
    let basic = Client::new("https://basic.example", "Basic", uris, auth, vec![Acr::Eidas2]).unwrap();
    let clients = Clients::new([basic, client(&Acr::ALL)]).unwrap();
    let prove = |client_id: &str, header: &str| {
        let form = form(&[("client_secret", ""), ("client_id", client_id)]);
        let request = TokenRequest::parse(form.as_bytes(), Some(header.as_bytes())).unwrap();
        let proved =
            request.authenticate(&clients, ISSUER, AT).map(|request| request.client().id().to_owned());
        proved.map_err(|error| error.error)
    };
    let header = |scheme: &str, id: &str, secret: &str| {
        format!("{scheme} {}", BASE64_STANDARD.encode(format!("{id}:{secret}")))
    };
    let (id, encoded) = ("https%3A%2F%2Fbasic.example", "a+secret+of+more+than+32+characters%3A+%2B%25");
    for scheme in ["Basic", "basic"] {
        assert_eq!(prove("", &header(scheme, id, encoded)).unwrap(), "https://basic.example");
    }
    assert!(prove(id, &header("Basic", id, encoded)).is_ok(), "named twice, alike");
    let refused = Err(ErrorCode::InvalidClient);
    assert_eq!(prove("fc", &header("Basic", id, encoded)), refused, "another in the form");
    assert_eq!(prove("", &header("Basic", id, "wrong")), refused);
    assert_eq!(prove("", &header("Basic", "nobody", encoded)), refused);
    assert_eq!(prove("", &header("Basic", "fc", SECRET)), refused, "registered for the form");
    assert_eq!(prove("", &header("Digest", id, encoded)), refused);
    assert_eq!(prove("", "Basic ////"), refused);
}

#[test]
fn more_than_one_way_to_authenticate_is_refused() {
    assert_eq!(
        code_of(TokenRequest::parse(form(&[]).as_bytes(), Some(b"Basic x"))),
        Some(ErrorCode::InvalidRequest),
        "secret and header"
    );
    let both = [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", "a.b.c")];
    assert_eq!(code_of(parse(&form(&both))), Some(ErrorCode::InvalidRequest), "secret and assertion");
    for one in both {
        let alone = form(&[("client_secret", ""), one]);
        assert_eq!(code_of(parse(&alone)), Some(ErrorCode::InvalidRequest), "{} alone", one.0);
    }
    let saml = [("client_secret", ""), both[1], ("client_assertion_type", "saml2-bearer")];
    assert_eq!(code_of(parse(&form(&saml))), Some(ErrorCode::InvalidRequest));
}

#[test]
fn an_assertion_proves_its_own_client_with_or_without_client_id() {
    let claims =
        |client: &str| json!({"iss": client, "sub": client, "aud": ISSUER, "exp": AT.0 + 60, "jti": "7"});
    let with = |client_id: &str, assertion: &str| {
        let changes = [
            ("client_id", client_id),
            ("client_secret", ""),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", assertion),
        ];
        authenticated(&changes)
    };
    let good = jose::sign(&key(), None, &claims("jwt"));
    assert_eq!(with("jwt", &good), Ok("jwt".to_owned()));
    assert_eq!(with("", &good), Ok("jwt".to_owned()));
    assert_eq!(with("fc", &good), Err(ErrorCode::InvalidClient), "another client_id");
    let other = jose::sign(&key(), None, &claims("fc"));
    assert_eq!(with("", &other), Err(ErrorCode::InvalidClient), "a client without keys");
    assert_eq!(with("jwt", &other), Err(ErrorCode::InvalidClient), "about another client");
    assert_eq!(with("jwt", "a.b.c"), Err(ErrorCode::InvalidClient));
    assert_eq!(with("", "a.b.c"), Err(ErrorCode::InvalidClient));
    let clients = clients();
    let sent = [("client_id", ""), ("client_secret", ""), ("client_assertion_type", ASSERTION_TYPE)];
    let form = form(&[&sent[..], &[("client_assertion", &good)]].concat());
    let request = parse(&form).unwrap().authenticate(&clients, ISSUER, AT).unwrap();
    let used = UsedAssertion { jti: "7".into(), expires_at: AT.plus(60) };
    assert_eq!(request.assertion(), Some(&used));
}

/// The code of a form, and what its grant meets.
fn grant(changes: &[(&str, &str)], accepted: &AcceptedRequest) -> Option<&'static str> {
    let clients = clients();
    let request = parse(&form(changes)).unwrap().authenticate(&clients, ISSUER, AT).unwrap();
    let error = request.check_grant(accepted, None).err()?;
    assert_eq!(error.error, ErrorCode::InvalidGrant);
    Some(error.description)
}

#[test]
fn the_redirect_uri_is_that_of_the_authorization_request() {
    let refused = Some("redirect_uri is not that of the authorization request");
    assert_eq!(grant(&[("redirect_uri", "https://broker.example/oidc-callback")], &accepted()), None);
    assert_eq!(grant(&[("redirect_uri", "https://broker.example/oidc-callback/")], &accepted()), refused);
    assert_eq!(grant(&[("redirect_uri", "")], &accepted()), refused);
}

#[test]
fn the_verifier_fits_the_challenge() {
    let refused = Some("code_verifier does not fit the code_challenge");
    let pkce = AcceptedRequest { code_challenge: Some(crypto::sha256(VERIFIER.as_bytes())), ..accepted() };
    assert_eq!(grant(&[("code_verifier", VERIFIER)], &pkce), None);
    assert_eq!(grant(&[("code_verifier", &VERIFIER.replace('d', "e"))], &pkce), refused);
    assert_eq!(grant(&[], &pkce), refused, "without a verifier");
    assert_eq!(grant(&[("code_verifier", VERIFIER)], &accepted()), refused, "without a challenge");
    let short = &VERIFIER[..42];
    let short_pkce = AcceptedRequest { code_challenge: Some(crypto::sha256(short.as_bytes())), ..accepted() };
    assert_eq!(grant(&[("code_verifier", short)], &short_pkce), refused, "shorter than RFC 7636 has it");
}

#[test]
fn a_code_serves_the_client_that_it_was_given_to() {
    let other = AcceptedRequest { client_id: "jwt".into(), ..accepted() };
    assert_eq!(grant(&[], &other), Some("the code was given to another client"));
}

/// RFC 9449, 10.
#[test]
fn a_code_that_is_bound_to_a_key_needs_that_key() {
    let clients = clients();
    let bound = AcceptedRequest { dpop_key: Some([1; 32]), ..accepted() };
    let request = parse(&form(&[])).unwrap().authenticate(&clients, ISSUER, AT).unwrap();
    let refused = Err(no_grant("the code is bound to another key"));
    assert_eq!(request.check_grant(&bound, Some(&[1; 32])), Ok(()));
    assert_eq!(request.check_grant(&bound, Some(&[2; 32])), refused);
    assert_eq!(request.check_grant(&bound, None), refused);
    assert_eq!(request.check_grant(&accepted(), Some(&[2; 32])), Ok(()), "not bound before");
}

/// CIBA is for the clients whose policy has it.
#[test]
fn the_grant_of_ciba_is_not_for_every_client() {
    let asked = form(&[("grant_type", "urn%3Aopenid%3Aparams%3Agrant-type%3Aciba"), ("auth_req_id", "x")]);
    let request = parse(&asked).unwrap();
    assert_eq!(code_of(request.authenticate(&clients(), ISSUER, AT)), Some(ErrorCode::UnauthorizedClient));
    let policy = crate::Policy { backchannel: true, ..Default::default() };
    let clients = Clients::new([client(&Acr::ALL).with_policy(policy).unwrap()]).unwrap();
    let request = parse(&asked).unwrap().authenticate(&clients, ISSUER, AT).unwrap();
    assert_eq!((request.grant(), request.auth_req_id()), (Grant::Backchannel, Ok("x".into())));
}

#[test]
fn a_code_that_is_missing_or_never_ours_is_told_apart() {
    let clients = clients();
    let code = |changes: &[(&str, &str)]| {
        code_of(parse(&form(changes)).unwrap().authenticate(&clients, ISSUER, AT).unwrap().code())
    };
    assert_eq!(code(&[]), None);
    assert_eq!(code(&[("code", "")]), Some(ErrorCode::InvalidRequest));
    assert_eq!(code(&[("code", "x")]), Some(ErrorCode::InvalidGrant));
}

#[test]
fn the_answer_is_json_with_a_bearer_token() {
    let token = AccessToken::parse(CODE).unwrap();
    let response = TokenResponse::new(&token, "h.p.s".into(), &accepted(), false);
    assert_eq!(
        serde_json::from_slice::<Value>(&response.to_json()).unwrap(),
        json!({
            "access_token": CODE,
            "token_type": "Bearer",
            "expires_in": 60,
            "scope": "openid profile email birth",
            "id_token": "h.p.s",
        })
    );
    assert_eq!(format!("{response:?}"), "TokenResponse(..)");
}

#[test]
fn a_rotating_secret_counts_beside_the_old_one() {
    let (old, new) = (SecretDigest::of(SECRET).unwrap(), SecretDigest::of(&"n".repeat(32)).unwrap());
    let uris = vec!["https://b.example/cb".to_owned()];
    let client =
        Client::new("fc", "FC", uris, ClientAuth::SecretPost(vec![new, old]), vec![Acr::Eidas2]).unwrap();
    let clients = Clients::new([client]).unwrap();
    for secret in [SECRET, &"n".repeat(32)] {
        let request = parse(&form(&[("client_secret", secret)])).unwrap();
        assert!(request.authenticate(&clients, ISSUER, AT).is_ok());
    }
}
