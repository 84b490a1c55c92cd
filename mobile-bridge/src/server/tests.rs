use protocol::codes::{Language, Problem};

use super::*;
use crate::testing::{Http, Phone, ok};

fn signer(phone: &Arc<Phone>) -> Signer {
    Signer {
        keys: phone.clone(),
        device_id: phone.id(),
        nonce: "nonce".into(),
        bearer: Some("secret".into()),
        counter: Arc::new(Numbers::default()),
    }
}

#[test]
fn plain_http_is_for_loopback_only() {
    assert!(Server::new("https://fi.example", "fr").is_ok());
    assert!(Server::new("http://localhost:8080", "fr").is_ok());
    assert!(Server::new("http://127.0.0.1:8080", "fr").is_ok());
    assert!(Server::new("http://fi.localhost:8080", "fr").is_ok());
    assert!(Server::new("http://fi.example", "fr").is_err());
    assert!(Server::new("http://localhost.example", "fr").is_err());
    assert!(Server::new("http://127.0.0.1@fi.example", "fr").is_err());
}

#[test]
fn every_request_is_signed_and_numbered() {
    let phone = Phone::new(1);
    let http = Http::start(|_| ok(&7));
    let server = Server::new(&http.url, "en").unwrap();
    let signer = signer(&phone);
    for method in ["GET", "POST", "PUT", "DELETE"] {
        let body = (method == "PUT").then_some("body");
        assert_eq!(server.signed::<_, u8>(&signer, method, "/v1/a?b=c", body.as_ref()), Ok(7), "{method}");
    }
    let received = http.received();
    for (number, request) in (1..).zip(&received) {
        assert_eq!(request.verify(&phone), Ok(()), "{}", request.method);
        assert_eq!(request.sequence(), number);
        assert_eq!(request.header("authorization"), "Bearer secret");
        assert_eq!(request.header("accept-language"), "en");
        assert_eq!(request.header(IDEMPOTENCY_HEADER).is_empty(), request.method == "GET");
    }
    assert_eq!(received.len(), 4);
    assert_eq!(received[2].body, b"\"body\"");
    assert_ne!(received[1].header(IDEMPOTENCY_HEADER), received[2].header(IDEMPOTENCY_HEADER));
}

#[test]
fn a_request_that_the_network_lost_is_sent_again_with_the_same_bytes() {
    let phone = Phone::new(1);
    let mut lost = 2;
    let http = Http::start(move |_| {
        lost -= 1;
        if lost >= 0 { None } else { ok(&7) }
    });
    let server = Server::new(&http.url, "en").unwrap();
    assert_eq!(server.signed::<_, u8>(&signer(&phone), "POST", "/v1/a", Some(&"body")), Ok(7));
    let received = http.received();
    assert_eq!(received.len(), 3);
    for again in &received[1..] {
        assert_eq!((&again.body, &again.headers), (&received[0].body, &received[0].headers));
    }
}

#[test]
fn a_network_that_stays_away_is_told_after_three_tries() {
    let http = Http::start(|_| None);
    let server = Server::new(&http.url, "en").unwrap();
    let error = server.plain::<u8>("POST", "/v1/a").unwrap_err();
    assert_eq!((error.code(), http.received().len()), ("network", 3));
}

fn busy(retry_after: Option<i64>) -> String {
    let problem = Problem { retry_after, ..Problem::new("server.unavailable", 503, Language::En) };
    serde_json::to_string(&problem).unwrap()
}

#[test]
fn a_request_that_is_still_under_way_is_asked_for_again_with_the_same_bytes() {
    let phone = Phone::new(1);
    let mut unfinished = 2;
    let http = Http::start(move |_| {
        unfinished -= 1;
        if unfinished >= 0 { Some((503, busy(Some(0)))) } else { ok(&7) }
    });
    let server = Server::new(&http.url, "en").unwrap();
    assert_eq!(server.signed::<_, u8>(&signer(&phone), "POST", "/v1/a", Some(&"body")), Ok(7));
    let received = http.received();
    assert_eq!(received.len(), 3);
    for again in &received[1..] {
        assert_eq!((&again.body, &again.headers), (&received[0].body, &received[0].headers));
    }
}

#[test]
fn a_server_that_stays_busy_is_told_after_three_tries_and_one_that_names_no_time_at_once() {
    for (retry_after, sent) in [(Some(0), 3), (Some(-1), 3), (None, 1)] {
        let http = Http::start(move |_| Some((503, busy(retry_after))));
        let server = Server::new(&http.url, "en").unwrap();
        let error = server.plain::<u8>("POST", "/v1/a").unwrap_err();
        assert_eq!((error.code(), http.received().len()), ("server.unavailable", sent), "{retry_after:?}");
    }
}

#[test]
fn no_server_makes_a_phone_wait_long() {
    let pause = |status: u16, retry_after| {
        let response = Response::builder().status(status);
        answer(response.body(ureq::Body::builder().data(busy(retry_after))).unwrap()).unwrap_err().1
    };
    assert_eq!(pause(503, Some(1)), Some(Duration::from_secs(1)));
    assert_eq!(pause(503, Some(i64::MAX)), Some(Duration::from_secs(MAX_PAUSE)));
    assert_eq!(pause(429, Some(1)), None, "too many requests: not at once");
}

#[test]
fn a_refusal_is_told_with_its_code_and_sent_once() {
    let problem = Problem::new("nfc.tag-lost", 422, Language::En);
    let body = serde_json::to_string(&problem).unwrap();
    let http = Http::start(move |_| Some((422, body.clone())));
    let server = Server::new(&http.url, "en").unwrap();
    let expected = BridgeError::Refused {
        code: "nfc.tag-lost".into(),
        text: problem.title,
        status: 422,
        retry: "read-again".into(),
    };
    assert_eq!(server.plain::<u8>("POST", "/v1/a"), Err(expected));
    assert_eq!(http.received().len(), 1);
}

#[test]
fn an_answer_that_is_not_ours_is_not_understood() {
    for (status, body) in [(500, "oops"), (302, ""), (200, "no JSON"), (200, "")] {
        let http = Http::start(move |_| Some((status, body.to_owned())));
        let server = Server::new(&http.url, "en").unwrap();
        assert_eq!(server.plain::<u8>("GET", "/v1/a").unwrap_err().code(), "protocol", "{status} {body}");
    }
}

#[test]
fn an_answer_without_end_is_cut_off() {
    let body = "1".repeat(usize::try_from(MAX_ANSWER).unwrap() + 1);
    let http = Http::start(move |_| Some((200, body.clone())));
    let server = Server::new(&http.url, "en").unwrap();
    assert_eq!(server.plain::<serde_json::Value>("GET", "/v1/a").unwrap_err().code(), "protocol");
    assert_eq!(http.received().len(), 1);
}
