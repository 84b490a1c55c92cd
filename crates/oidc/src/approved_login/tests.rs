use super::*;
use crate::request::tests::request;
use crate::{ClientAuth, Scope, SecretDigest};
use crypto::{Curve, EcPrivateKey, HashAlgorithm};
use protocol::Base64;
use protocol::DeviceProof;
use protocol::approval::{Approval, Decision, LoginKind};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

/// When the person approved.
pub(crate) const AT: UnixTime = UnixTime(1_750_000_000);
pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The client of [`request`].
pub(crate) fn client(acr: &[Acr]) -> Client {
    let uris = vec!["https://broker.example/oidc-callback".to_owned()];
    let auth = ClientAuth::SecretPost(vec![SecretDigest::of(SECRET).unwrap()]);
    Client::new("fc", "FranceConnect", uris, auth, acr.to_vec()).unwrap()
}

pub(crate) fn subject(reached: Option<Acr>) -> Subject {
    Subject::new("c0ffee", reached).unwrap()
}

fn approval(request: &AcceptedRequest) -> Approval {
    Approval {
        issuer: "https://fi.example".into(),
        login_id: "login".into(),
        kind: LoginKind::Qr,
        decision: Decision::Approve,
        client_id: "fc".into(),
        client_name: "FranceConnect".into(),
        acr: "eidas2".into(),
        claims: request.claims().into_iter().map(|claim| claim.as_str().to_owned()).collect(),
        consent_version: "1".into(),
        request_digest: Base64(request.request_digest().to_vec()),
        browser_digest: Base64(vec![2; 32]),
        binding_number: None,
        device_id: "device".into(),
        server_challenge: Base64(vec![3; 32]),
        issued_at: AT,
        expires_at: AT.plus(180),
    }
}

/// Signed by both keys of a phone, as every approval is.
fn verified(approval: Approval) -> VerifiedApproval {
    let key = EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(1));
    let sign = |message: &[u8]| key.sign(HashAlgorithm::Sha256, message).to_plain(Curve::P256);
    let proof = DeviceProof::Ecdsa(Base64(sign(&approval.signing_bytes())));
    let pin_signature = sign(&approval.pin_signing_bytes(&proof));
    let signed = approval.clone().check_device(&approval, &key.public_key().into(), proof, AT).unwrap();
    signed.check_pin(&key.public_key(), &pin_signature).unwrap()
}

/// An approval of this request.
pub(crate) fn approved(request: &AcceptedRequest) -> ApprovedLogin {
    ApprovedLogin::new(&verified(approval(request)), request, AT).unwrap()
}

fn changed(change: fn(&mut Approval)) -> Result<ApprovedLogin, Error> {
    let mut approval = approval(&request());
    change(&mut approval);
    ApprovedLogin::new(&verified(approval), &request(), AT)
}

#[test]
fn an_approval_is_taken_with_what_it_says() {
    let approved = approved(&request());
    assert_eq!((approved.login_id(), approved.device_id()), ("login", "device"));
    assert_eq!((approved.acr(), approved.auth_time(), approved.consent_version()), (Acr::Eidas2, AT, "1"));
    assert_eq!(approved.claims(), &request().claims());
    assert_eq!(changed(|a| a.claims.push("sub".into())), Ok(approved), "sub goes with every login");
}

#[test]
fn an_approval_of_another_request_is_refused() {
    assert_eq!(changed(|a| a.client_id = "other".into()), Err(Error::AnotherLogin("client")));
    assert_eq!(changed(|a| a.request_digest.0[31] ^= 1), Err(Error::AnotherLogin("request")));
    assert_eq!(changed(|a| a.request_digest.0.truncate(31)), Err(Error::AnotherLogin("request")));
    assert_eq!(changed(|a| drop(a.claims.pop())), Err(Error::AnotherLogin("claims")), "fewer");
    assert_eq!(
        changed(|a| a.acr = "eidas3".into()),
        Err(Error::AnotherLogin("level")),
        "more than was asked"
    );
    assert_eq!(
        changed(|a| a.acr = "eidas1".into()),
        Err(Error::AnotherLogin("level")),
        "less than was asked"
    );
    assert_eq!(changed(|a| a.acr = "high".into()), Err(Error::Approval("level")));
    assert_eq!(changed(|a| a.claims.push("phone_number".into())), Err(Error::Approval("claim")));
}

#[test]
fn more_claims_than_the_scopes_release_are_refused() {
    let narrow = AcceptedRequest { scopes: [Scope::OpenId, Scope::Email].into(), ..request() };
    let mut approval = approval(&narrow);
    assert!(ApprovedLogin::new(&verified(approval.clone()), &narrow, AT).is_ok());
    approval.claims.push("birthdate".into());
    let refused = ApprovedLogin::new(&verified(approval), &narrow, AT);
    assert_eq!(refused, Err(Error::AnotherLogin("claims")));
}

#[test]
fn the_stored_form_is_read_back_and_nothing_else_is() {
    let openid = AcceptedRequest { scopes: [Scope::OpenId].into(), ..request() };
    for request in [request(), openid] {
        let bytes = approved(&request).to_bytes();
        assert_eq!(ApprovedLogin::from_bytes(&bytes), Ok(approved(&request)));
        let error = Err(Error::Stored("approval"));
        for cut in 0..bytes.len() {
            assert_eq!(ApprovedLogin::from_bytes(&bytes[..cut]), error, "{cut}");
        }
        assert_eq!(ApprovedLogin::from_bytes(&[&bytes[..], &[0]].concat()), error);
        assert_eq!(ApprovedLogin::from_bytes(&[&[2], &bytes[1..]].concat()), error);
    }
}

/// The column holds 640 bytes.
#[test]
fn the_longest_approval_fits_its_column() {
    let mut approval = approval(&request());
    approval.login_id = "f".repeat(32);
    approval.client_id = "c".repeat(128);
    approval.device_id = "d".repeat(43);
    approval.consent_version = "v".repeat(64);
    let request = AcceptedRequest { client_id: "c".repeat(128), ..request() };
    let approved = ApprovedLogin::new(&verified(approval), &request, AT).unwrap();
    assert!(approved.to_bytes().len() <= 640, "{}", approved.to_bytes().len());
}

#[test]
fn the_level_is_answered_only_while_it_is_reached_and_allowed() {
    let (request, approved) = (request(), approved(&request()));
    let level = |allowed: &[Acr], reached| approved.level_for(&client(allowed), &request, &subject(reached));
    assert_eq!(level(&Acr::ALL, Some(Acr::Eidas2)), Ok(Acr::Eidas2));
    assert_eq!(level(&Acr::ALL, Some(Acr::Eidas3)), Ok(Acr::Eidas2), "never more than was approved");
    assert_eq!(level(&Acr::ALL, Some(Acr::Eidas1)), Err(Error::Level), "lost since");
    assert_eq!(level(&Acr::ALL, None), Err(Error::Level));
    assert_eq!(
        level(&[Acr::Eidas1, Acr::Eidas3], Some(Acr::Eidas3)),
        Err(Error::Level),
        "not allowed any more"
    );
}

#[test]
fn an_approval_answers_its_own_request_only() {
    let approved = approved(&request());
    let level = |request: &AcceptedRequest| {
        approved.level_for(&client(&Acr::ALL), request, &subject(Some(Acr::Eidas3)))
    };
    let nonce = AcceptedRequest { nonce: Some("b".into()), ..request() };
    assert_eq!(level(&nonce), Err(Error::AnotherLogin("request")));
    let higher = AcceptedRequest { acr: vec![Acr::Eidas3], ..request() };
    assert_eq!(level(&higher), Err(Error::AnotherLogin("level")), "the digest does not cover acr");
    let other = AcceptedRequest { client_id: "other".into(), ..request() };
    assert_eq!(level(&other), Err(Error::AnotherLogin("client")), "nor the client");
}

/// protocols.md, 6.6.
#[test]
fn a_session_answers_no_more_than_was_approved_and_no_longer_than_it_may() {
    let policy = |sso_seconds| crate::Policy { sso_seconds, ..Default::default() };
    let browser = client(&Acr::ALL).with_policy(policy(600)).unwrap();
    let asked =
        |accepted: AcceptedRequest, prompt, max_age| AuthorizationRequest { accepted, prompt, max_age };
    let login = approved(&request());
    let next = AcceptedRequest { nonce: Some("other".into()), ..request() };
    let again = |request, after| login.again("next", &browser, &request, AT.plus(after));
    let reused = again(asked(next.clone(), Prompt::Any, None), 600).unwrap();
    assert_eq!((reused.login_id(), reused.auth_time(), reused.acr()), ("next", AT, Acr::Eidas2));
    assert!(reused.check_request(&next).is_ok() && reused.check_request(&request()).is_err());
    assert!(again(asked(next.clone(), Prompt::None, Some(60)), 60).is_ok());
    assert_eq!(again(asked(next.clone(), Prompt::Login, None), 1), Err(Error::Session));
    assert_eq!(again(asked(next.clone(), Prompt::Any, None), 601), Err(Error::Session), "over");
    assert_eq!(
        again(asked(next.clone(), Prompt::Any, Some(60)), 61),
        Err(Error::Session),
        "older than max_age"
    );
    assert_eq!(
        again(asked(next.clone(), Prompt::Any, Some(0)), 0),
        Err(Error::Session),
        "max_age=0 is a login"
    );
    assert_eq!(
        again(asked(next.clone(), Prompt::Any, None), -1),
        Err(Error::Session),
        "a clock that went back"
    );
    let never = client(&Acr::ALL);
    let refused = login.again("next", &never, &asked(next.clone(), Prompt::Any, None), AT);
    assert_eq!(refused, Err(Error::Session), "the broker's policy");
    let more = AcceptedRequest { scopes: Scope::ALL.into(), ..next.clone() };
    let less = AcceptedRequest { scopes: [Scope::OpenId].into(), ..next.clone() };
    assert!(again(asked(less, Prompt::Any, None), 1).is_ok());
    let scoped = AcceptedRequest { scopes: [Scope::OpenId].into(), ..request() };
    let narrow = approved(&scoped).again("next", &browser, &asked(more, Prompt::Any, None), AT);
    assert_eq!(narrow, Err(Error::AnotherLogin("claims")));
    let higher = AcceptedRequest { acr: vec![Acr::Eidas3], ..next.clone() };
    assert_eq!(again(asked(higher, Prompt::Any, None), 1), Err(Error::AnotherLogin("level")));
    let elsewhere = AcceptedRequest { client_id: "other".into(), ..next };
    assert_eq!(again(asked(elsewhere, Prompt::Any, None), 1), Err(Error::AnotherLogin("client")));
    let high = ApprovedLogin { acr: Acr::Eidas3, ..login.clone() };
    let wish = AcceptedRequest { acr: vec![Acr::Eidas3], ..request() };
    assert_eq!(high.again("next", &browser, &asked(wish, Prompt::Any, None), AT), Err(Error::Session));
}
