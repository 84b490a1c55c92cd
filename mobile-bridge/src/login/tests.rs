use clock::UnixTime;
use protocol::Base64;
use protocol::approval::{DeviceStatement, LoginKind};

use super::*;
use crate::testing::{self, Http, Phone, Received, ok};

const ISSUER: &str = "https://fi.example";
const PIN: &str = "135790";

/// The server's own record of the login.
fn record(phone: &Phone, kind: LoginKind) -> Approval {
    Approval {
        issuer: ISSUER.into(),
        login_id: "l1".into(),
        kind,
        decision: Decision::Refuse,
        client_id: "fc".into(),
        client_name: "FranceConnect".into(),
        acr: "eidas2".into(),
        claims: vec!["email".into(), "sub".into()],
        consent_version: "1".into(),
        request_digest: Base64(vec![1; 32]),
        browser_digest: Base64(vec![2; 32]),
        binding_number: None,
        device_id: phone.id(),
        server_challenge: Base64(vec![3; 32]),
        issued_at: UnixTime(1000),
        expires_at: UnixTime(1180),
    }
}

fn challenge(statement: Approval) -> LoginChallenge {
    LoginChallenge {
        statement,
        browser: "Firefox on Linux".into(),
        started_at: UnixTime(990),
        same_network: true,
        notice: "FranceConnect shows the service.".into(),
    }
}

/// A server with one login, and a client of it.
fn start(phone: &Arc<Phone>, statement: Approval) -> (Http, Arc<LoginClient>) {
    let challenge = challenge(statement);
    let kind = challenge.statement.kind;
    let mut nonces = 0;
    let http = Http::start(move |request: &Received| match request.path.as_str() {
        "/v1/nonces" => {
            nonces += 1;
            ok(&Nonce { nonce: format!("nonce {nonces}"), now: UnixTime(1000) })
        }
        "/v1/logins" => ok(&Logins { logins: vec![challenge.clone()] }),
        "/v1/logins/claim" => ok(&challenge),
        "/v1/logins/l1/approve" if kind == LoginKind::Qr => {
            ok(&Approved::Qr { release_code: "123456".into() })
        }
        "/v1/logins/l1/approve" if kind == LoginKind::Asked => ok(&Approved::Asked),
        "/v1/logins/l1/approve" => ok(&Approved::Link { resume_url: "https://fi.example/r".into() }),
        "/v1/logins/l1/refuse" => Some((204, String::new())),
        _ => None,
    });
    let client = LoginClient::new(&http.url, "en", ISSUER, phone.clone(), phone.clone(), phone.clone());
    (http, client.unwrap())
}

/// The server's check of the newest answer.
fn judged(http: &Http, phone: &Phone, kind: LoginKind) -> (DeviceStatement, Option<Base64>) {
    let answer: Answer = http.signed().last().unwrap().json();
    let proof = DeviceProof::from_header(&answer.device_proof).unwrap();
    let key = phone.device.public_key();
    let statement = answer.statement.check_device(&record(phone, kind), &key.into(), proof, UnixTime(1001));
    (statement.unwrap(), answer.pin_signature)
}

#[test]
fn an_approval_carries_both_signatures_over_the_servers_own_record() {
    let phone = Phone::new(1);
    for kind in [LoginKind::Qr, LoginKind::Link] {
        let (http, client) = start(&phone, record(&phone, kind));
        let request = client.claim("h1").unwrap();
        assert_eq!((request.client_name.as_str(), request.kind.as_str()), ("FranceConnect", kind.as_str()));
        let approved = client.approve(&request.login_id, PIN).unwrap();
        assert!(matches!(approved, ApprovedLogin::ReleaseCode { .. }) == (kind == LoginKind::Qr));
        let (statement, pin_signature) = judged(&http, &phone, kind);
        let pin_key = phone.pin_key(PIN, ISSUER);
        assert!(statement.check_pin(&pin_key, &pin_signature.unwrap().0).is_ok());
    }
}

/// docs/protocols.md, 6.3: the number is what the person typed; the list does not tell it.
#[test]
fn a_login_that_a_client_asked_for_needs_its_two_digits() {
    let phone = Phone::new(1);
    let (http, client) = start(&phone, record(&phone, LoginKind::Asked));
    let request = client.pending().unwrap().remove(0);
    assert_eq!(request.kind, "asked");
    assert!(matches!(client.approve("l1", PIN), Err(BridgeError::Usage { .. })), "without a number");
    client.approve_asked("l1", PIN, " 42 ").unwrap();
    let answer: Answer = http.signed().last().unwrap().json();
    assert_eq!(answer.statement.binding_number.as_deref(), Some("42"));
    let shown = Approval { binding_number: Some("42".into()), ..record(&phone, LoginKind::Asked) };
    let proof = DeviceProof::from_header(&answer.device_proof).unwrap();
    let key = phone.device.public_key();
    let statement = answer.statement.check_device(&shown, &key.into(), proof, UnixTime(1001)).unwrap();
    assert!(statement.check_pin(&phone.pin_key(PIN, ISSUER), &answer.pin_signature.unwrap().0).is_ok());
    let (_http, client) = start(&phone, record(&phone, LoginKind::Qr));
    client.claim("h1").unwrap();
    assert!(matches!(client.approve_asked("l1", PIN, "42"), Err(BridgeError::Usage { .. })), "for a QR code");
}

#[test]
fn a_wrong_pin_makes_a_signature_that_only_the_server_can_tell() {
    let phone = Phone::new(1);
    let (http, client) = start(&phone, record(&phone, LoginKind::Qr));
    client.claim("h1").unwrap();
    client.approve("l1", "135791").unwrap();
    let (statement, pin_signature) = judged(&http, &phone, LoginKind::Qr);
    let checked = statement.check_pin(&phone.pin_key(PIN, ISSUER), &pin_signature.unwrap().0);
    assert_eq!(checked.err(), Some(protocol::Error::Signature));
}

#[test]
fn a_refusal_carries_no_pin_signature() {
    let phone = Phone::new(1);
    let (http, client) = start(&phone, record(&phone, LoginKind::Link));
    client.claim("h1").unwrap();
    for (not_me, decision) in [(false, Decision::Refuse), (true, Decision::NotMe)] {
        client.refuse("l1", not_me).unwrap();
        let (statement, pin_signature) = judged(&http, &phone, LoginKind::Link);
        assert_eq!((statement.refusal(), pin_signature), (Ok(decision), None));
    }
}

#[test]
fn every_request_has_its_own_nonce_and_the_phones_next_number() {
    let phone = Phone::new(1);
    let (http, client) = start(&phone, record(&phone, LoginKind::Qr));
    client.pending().unwrap();
    client.claim("h1").unwrap();
    client.approve("l1", PIN).unwrap();
    let signed = http.signed();
    let numbers: Vec<u64> = signed.iter().map(Received::sequence).collect();
    assert_eq!(numbers, [41, 42, 43]);
    for (i, request) in (1..).zip(&signed) {
        assert_eq!(request.verify(&phone), Ok(()));
        assert_eq!(request.header("sceau-nonce"), format!("nonce {i}"));
    }
}

#[test]
fn requests_of_many_threads_arrive_in_their_order() {
    let phone = Phone::new(1);
    let (http, client) = start(&phone, record(&phone, LoginKind::Qr));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| client.pending().unwrap());
        }
    });
    let numbers: Vec<u64> = http.signed().iter().map(Received::sequence).collect();
    assert_eq!(numbers, (41..49).collect::<Vec<_>>());
}

#[test]
fn a_handle_is_claimed_bare_or_in_its_url() {
    let phone = Phone::new(1);
    let (http, client) = start(&phone, record(&phone, LoginKind::Qr));
    for text in ["h1", "https://fi.example/app/h1", " https://fi.example/app/h1?lang=en\n"] {
        client.claim(text).unwrap();
        assert_eq!(http.signed().last().unwrap().json::<Claim>().handle, "h1", "{text}");
    }
}

#[test]
fn a_statement_for_another_device_or_issuer_is_neither_shown_nor_signed() {
    let phone = Phone::new(1);
    let change: [fn(&mut Approval); 2] =
        [|a| a.device_id = "x".into(), |a| a.issuer = "https://fj.example".into()];
    for change in change {
        let mut statement = record(&phone, LoginKind::Qr);
        change(&mut statement);
        let (http, client) = start(&phone, statement);
        assert_eq!(client.claim("h1").unwrap_err().code(), "protocol");
        assert_eq!(client.approve("l1", PIN).err().unwrap().code(), "usage");
        assert_eq!(http.signed().len(), 1);
    }
}

#[test]
fn a_pin_of_another_form_is_not_sent() {
    let phone = Phone::new(1);
    let (http, client) = start(&phone, record(&phone, LoginKind::Qr));
    client.claim("h1").unwrap();
    for pin in ["", "12345", "111111", "12345a"] {
        assert_eq!(client.approve("l1", pin).err().unwrap().code(), "usage", "{pin}");
    }
    assert_eq!(http.signed().len(), 1);
}

#[test]
fn a_counter_that_cannot_be_kept_stops_the_request() {
    struct Full;
    impl RequestCounter for Full {
        fn next_number(&self) -> Result<u64, crate::KeyError> {
            Err(crate::KeyError::Failed { reason: "no space left".into() })
        }
    }
    let phone = Phone::new(1);
    let http = Http::start(|_| testing::ok(&Nonce { nonce: "n".into(), now: UnixTime(1000) }));
    let client =
        LoginClient::new(&http.url, "en", ISSUER, phone.clone(), phone.clone(), Arc::new(Full)).unwrap();
    assert_eq!(client.claim("h1").unwrap_err().code(), "key");
    assert!(http.signed().is_empty());
}
