//! A right provider is accepted; each wrong answer, with one thing wrong, is refused for its own reason.

mod pages;
mod provider;

use std::collections::BTreeMap;
use std::sync::Arc;

use clock::{FixedClock, UnixTime};
use openidconnect::url::{Url, form_urlencoded};
use openidconnect::{ClaimsVerificationError, SignatureVerificationError};
use provider::{CLIENT, Fault, NOW, Provider, SECRET};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use serde_json::{Value, json};

use crate::{Acr, Broker, BrokerConfig, BrokerError, Check, EncryptionKey, Login, ScriptedLogin};

fn config(provider: &Provider) -> BrokerConfig {
    BrokerConfig {
        issuer_of_fi: provider.issuer(),
        client_id: CLIENT.into(),
        client_secret: SECRET.into(),
        base_url: "http://127.0.0.1:9000".into(),
        acr: Acr::Eidas2,
        agreed: vec![Acr::Eidas2],
        encryption: None,
    }
}

fn broker_of(config: BrokerConfig) -> (Broker, FixedClock) {
    let clock = FixedClock::at(UnixTime(NOW));
    let broker = Broker::new(config, Arc::new(clock.clone()), ChaCha20Rng::seed_from_u64(1)).unwrap();
    (broker, clock)
}

fn url_of(callback: &[(&str, String)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(callback).finish();
    format!("http://127.0.0.1:9000/oidc-callback?{query}")
}

/// A login with a changed callback, `wait` seconds after its beginning.
fn login_with(
    fault: Fault,
    wait: i64,
    change: impl FnOnce(&mut Vec<(&'static str, String)>),
) -> Result<Login, BrokerError> {
    let provider = Provider::start(fault);
    let (broker, clock) = broker_of(config(&provider));
    let login = ScriptedLogin::begin(&broker)?;
    let mut callback = provider.approve(login.authorize_url());
    change(&mut callback);
    clock.advance(wait);
    login.finish(&url_of(&callback))
}

fn login(fault: Fault) -> Result<Login, BrokerError> {
    login_with(fault, 0, |_| ())
}

fn refusal(fault: Fault) -> BrokerError {
    login(fault).unwrap_err()
}

fn id_token(members: Value) -> Fault {
    Fault { id_token: members, ..Fault::default() }
}

fn userinfo(members: Value) -> Fault {
    Fault { userinfo: members, ..Fault::default() }
}

#[test]
fn a_right_provider_is_accepted_with_every_check() {
    let login = login(Fault::default()).unwrap();
    assert_eq!(login.acr, Acr::Eidas2);
    assert_eq!(login.amr, ["pop", "pin"]);
    assert_eq!(login.claims.pairs()[2], ("birthdate", "1974-08-12"));
    assert_eq!(login.checks, Check::ALL);
    assert!(!format!("{login:?} {:?}", login.claims).contains("Eriksson"));
}

#[test]
fn where_encryption_is_agreed_both_tokens_are_nested_or_refused() {
    let key = || Arc::new(EncryptionKey::generate(&mut ChaCha20Rng::seed_from_u64(2)).unwrap());
    let (ours, other) =
        (key(), Arc::new(EncryptionKey::generate(&mut ChaCha20Rng::seed_from_u64(4)).unwrap()));
    let log_in = |id_token_to: Option<&Arc<EncryptionKey>>, userinfo_to: Option<&Arc<EncryptionKey>>| {
        let fault = Fault {
            id_token_to: id_token_to.cloned(),
            userinfo_to: userinfo_to.cloned(),
            ..Fault::default()
        };
        let provider = Provider::start(fault);
        let (broker, _) = broker_of(BrokerConfig { encryption: Some(ours.clone()), ..config(&provider) });
        let login = ScriptedLogin::begin(&broker)?;
        let callback = provider.approve(login.authorize_url());
        login.finish(&url_of(&callback))
    };
    assert_eq!(log_in(Some(&ours), Some(&ours)).unwrap().checks, Check::ALL);
    for (id_token, userinfo, code) in [
        (None, Some(&ours), "Y020026"),
        (Some(&other), Some(&ours), "Y020026"),
        (Some(&ours), None, "Y020027"),
        (Some(&ours), Some(&other), "Y020027"),
    ] {
        assert_eq!(log_in(id_token, userinfo).unwrap_err().code(), code);
    }
}

#[test]
fn the_register_answers_by_the_end_of_the_given_name() {
    let named = |name: &str| login(userinfo(json!({ "given_name": name })));
    for (suffix, code, status) in
        [("E010008", "Y010008", 403), ("E010011", "Y010011", 504), ("E010015", "Y010015", 403)]
    {
        let error = named(&format!("Anna_{suffix}")).unwrap_err();
        assert_eq!((error.code(), error.status()), (code, status));
    }
    assert!(named("Anna_E010001").is_ok() && named("Anna E010008").is_ok());
}

#[test]
fn the_authorization_request_has_exactly_the_eight_parameters_of_franceconnect() {
    let provider = Provider::start(Fault::default());
    let (broker, _) = broker_of(config(&provider));
    let url = Url::parse(&broker.begin().unwrap().authorize_url).unwrap();
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let query: BTreeMap<&str, &str> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(pairs.len(), 8);
    assert_eq!(query["client_id"], CLIENT);
    assert_eq!(query["response_type"], "code");
    assert_eq!(query["redirect_uri"], "http://127.0.0.1:9000/oidc-callback");
    assert_eq!(query["scope"], "openid profile email preferred_username birthplace birthcountry");
    assert_eq!(query["acr_values"], "eidas2");
    assert_eq!(query["prompt"], "login");
    for name in ["state", "nonce"] {
        assert_eq!(query[name].len(), 64);
        assert!(query[name].bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
    }
    assert_ne!(query["state"], query["nonce"]);
}

#[test]
fn the_code_is_exchanged_by_client_secret_post_without_pkce() {
    let provider = Provider::start(Fault::default());
    let (broker, _) = broker_of(config(&provider));
    let login = ScriptedLogin::begin(&broker).unwrap();
    login.finish(&url_of(&provider.approve(login.authorize_url()))).unwrap();
    let forms = provider.forms();
    let names: BTreeMap<_, _> = forms[0].iter().collect();
    assert_eq!(forms.len(), 1);
    assert_eq!(
        names.keys().map(|n| n.as_str()).collect::<Vec<_>>(),
        ["client_id", "client_secret", "code", "grant_type", "redirect_uri"]
    );
}

#[test]
fn a_callback_is_this_browsers() {
    let wrong = login_with(Fault::default(), 0, |callback| callback[1].1.push('0'));
    assert_eq!(wrong, Err(BrokerError::StateWrong));
    let missing = login_with(Fault::default(), 0, |callback| drop(callback.remove(1)));
    assert_eq!(missing, Err(BrokerError::StateMissing));
    let without_code = login_with(Fault::default(), 0, |callback| drop(callback.remove(0)));
    assert_eq!(without_code, Err(BrokerError::CodeMissing));
}

#[test]
fn a_callback_names_the_provider_that_announces_to() {
    let missing = |callback: &mut Vec<(&str, String)>| drop(callback.remove(2));
    assert_eq!(login_with(Fault::default(), 0, missing), Err(BrokerError::IssuerMissing));
    let wrong = login_with(Fault::default(), 0, |callback| callback[2].1.push('/'));
    assert_eq!(wrong, Err(BrokerError::IssuerWrong));
    let metadata = json!({ "authorization_response_iss_parameter_supported": null });
    let silent = Fault { metadata, ..Fault::default() };
    assert!(!login_with(silent, 0, missing).unwrap().checks.contains(&Check::Issuer));
}

#[test]
fn a_refusal_is_told_apart_from_a_wrong_answer_only_after_state_and_iss() {
    let refused =
        |callback: &mut Vec<(&'static str, String)>| callback[0] = ("error", "access_denied".into());
    let denied = BrokerError::Provider("access_denied".into());
    assert_eq!(login_with(Fault::default(), 0, refused), Err(denied));
    let forged = login_with(Fault::default(), 0, |callback| {
        refused(callback);
        callback[1].1.push('0');
    });
    assert_eq!(forged, Err(BrokerError::StateWrong));
    let mixed_up = login_with(Fault::default(), 0, |callback| {
        refused(callback);
        callback[2].1 = "https://other.example".into();
    });
    assert_eq!(mixed_up, Err(BrokerError::IssuerWrong));
}

#[test]
fn ten_minutes_do_not_slide() {
    let late = |wait| login_with(id_token(json!({ "exp": NOW + 1000 })), wait, |_| ());
    assert!(late(599).is_ok());
    assert_eq!(late(600), Err(BrokerError::SessionOver));
}

#[test]
fn an_id_token_counts_until_its_last_second_without_tolerance() {
    assert!(login_with(Fault::default(), 59, |_| ()).is_ok());
    let expired = login_with(Fault::default(), 60, |_| ());
    assert!(matches!(expired, Err(BrokerError::IdToken(ClaimsVerificationError::Expired(_)))));
}

#[test]
fn an_id_token_is_of_this_request_provider_and_client() {
    let of = |members| match refusal(id_token(members)) {
        BrokerError::IdToken(error) => error,
        error => panic!("{error}"),
    };
    assert!(matches!(of(json!({ "nonce": "0".repeat(64) })), ClaimsVerificationError::InvalidNonce(_)));
    assert!(matches!(of(json!({ "nonce": null })), ClaimsVerificationError::InvalidNonce(_)));
    assert!(matches!(of(json!({ "iss": "https://fi.example" })), ClaimsVerificationError::InvalidIssuer(_)));
    assert!(matches!(of(json!({ "aud": "other" })), ClaimsVerificationError::InvalidAudience(_)));
    assert!(matches!(of(json!({ "aud": [CLIENT, "other"] })), ClaimsVerificationError::InvalidAudience(_)));
    assert_eq!(refusal(id_token(json!({ "azp": "other" }))), BrokerError::AuthorizedParty);
    assert_eq!(
        refusal(id_token(json!({ "at_hash": "AAAAAAAAAAAAAAAAAAAAAA" }))),
        BrokerError::AccessTokenHash
    );
}

#[test]
fn an_id_token_of_an_unpublished_key_is_refused() {
    let error = refusal(Fault { id_token_key: true, ..Fault::default() });
    let BrokerError::IdToken(ClaimsVerificationError::SignatureVerification(error)) = error else {
        panic!("{error}")
    };
    assert!(matches!(error, SignatureVerificationError::CryptoError(_)));
}

#[test]
fn the_level_is_the_one_asked_or_above_and_agreed() {
    let of = |acr: Value| refusal(id_token(json!({ "acr": acr })));
    let low = |answered: &str| BrokerError::AcrTooLow { asked: Acr::Eidas2, answered: answered.into() };
    assert_eq!(of(json!("eidas1")), low("eidas1"));
    assert_eq!(of(json!("gold")), low("an unknown level"));
    assert_eq!(of(json!("eidas3")), BrokerError::AcrNotAgreed(Acr::Eidas3));
    assert_eq!(of(Value::Null), BrokerError::AcrMissing);
}

#[test]
fn userinfo_is_signed_by_the_provider_for_this_client_and_subject() {
    let of = |fault| refusal(fault).to_string();
    let signature = of(Fault { userinfo_key: true, ..Fault::default() });
    assert_eq!(signature, "userinfo: the signature is wrong");
    let plain = of(Fault { plain_userinfo: true, ..Fault::default() });
    assert_eq!(plain, "userinfo: the answer is not application/jwt");
    assert_eq!(refusal(userinfo(json!({ "sub": "subject-2" }))), BrokerError::UserinfoSubject);
    assert_eq!(of(userinfo(json!({ "iss": "https://fi.example" }))), "userinfo: iss is not the provider's");
    assert_eq!(of(userinfo(json!({ "aud": "other" }))), "userinfo: aud is another client");
    assert_eq!(of(userinfo(json!({ "aud": null }))), "userinfo: aud is another client");
    assert_eq!(of(userinfo(json!({ "exp": NOW }))), "userinfo: not valid now");
    assert_eq!(refusal(userinfo(json!({ "nbf": NOW }))), BrokerError::NotBefore("userinfo"));
    assert_eq!(refusal(id_token(json!({ "nbf": NOW }))), BrokerError::NotBefore("ID token"));
}

#[test]
fn each_claim_keeps_its_rule() {
    for (member, value) in [
        ("given_name", json!("")),
        ("family_name", json!("x".repeat(257))),
        ("birthdate", json!("1977-00-03")),
        ("gender", json!("other")),
        ("birthcountry", json!("FRA")),
        ("birthplace", json!("")),
        ("email", json!("anna@localhost")),
    ] {
        assert_eq!(refusal(userinfo(json!({ member: value }))), BrokerError::Claim(member));
        assert_eq!(refusal(userinfo(json!({ member: null }))), BrokerError::Claim(member));
    }
    let both = json!({ "sub": "sujet-é" });
    let subject = Fault { id_token: both.clone(), userinfo: both, ..Fault::default() };
    assert_eq!(refusal(subject), BrokerError::Subject);
}

#[test]
fn born_abroad_needs_no_commune() {
    let abroad = json!({ "birthcountry": "99104", "birthplace": "", "preferred_username": null });
    let claims = login(userinfo(abroad)).unwrap().claims;
    assert_eq!((&*claims.birthplace, claims.preferred_username), ("", None));
}

#[test]
fn redirects_of_the_provider_are_not_followed() {
    let error = refusal(Fault { redirect_token: true, ..Fault::default() });
    assert_eq!(error.code(), "Y020026");
}

#[test]
fn a_wrong_secret_and_a_wrong_issuer_are_told_by_name() {
    let provider = Provider::start(Fault::default());
    let (broker, _) = broker_of(BrokerConfig { client_secret: "x".repeat(32), ..config(&provider) });
    let login = ScriptedLogin::begin(&broker).unwrap();
    let refused = login.finish(&url_of(&provider.approve(login.authorize_url())));
    assert_eq!(refused, Err(BrokerError::Token("invalid_client".into())));
    let metadata = json!({ "issuer": "https://fi.example" });
    let provider = Provider::start(Fault { metadata, ..Fault::default() });
    assert!(matches!(broker_of(config(&provider)).0.begin(), Err(BrokerError::Discovery(_))));
}

#[test]
fn the_level_asked_must_be_agreed() {
    let provider = Provider::start(Fault::default());
    let config = BrokerConfig { acr: Acr::Eidas3, ..config(&provider) };
    let clock = Arc::new(FixedClock::at(UnixTime(NOW)));
    let refused = Broker::new(config, clock, ChaCha20Rng::seed_from_u64(1)).err();
    assert_eq!(refused, Some(BrokerError::Config("the level asked is not agreed")));
}
