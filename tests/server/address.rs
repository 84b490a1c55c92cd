//! Limits, and whose they are: an address counts as far as trusted proxies wrote it; bodies end at their limit and
//! requests at their time.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::common::Bench;
use crate::common::browser::{Browser, authorize_path};
use crate::common::phone::{Phone, send};
use protocol::login::LoginChallenge;
use serde_json::Value;
use ureq::http::HeaderMap;

/// An answer: status, headers, body.
type Answer = (u16, HeaderMap, Value);

/// A request that proxies passed on: `from` is what stands in `X-Forwarded-For`, a header for each.
fn ask(bench: &Bench, method: &str, path: &str, from: &[&str]) -> Answer {
    let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).proxy(None);
    let agent: ureq::Agent = config.build().into();
    let request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", bench.url));
    let request = from.iter().fold(request, |request, text| request.header("x-forwarded-for", *text));
    let mut response = agent.run(request.body(()).unwrap()).unwrap();
    let body = response.body_mut().read_to_string().unwrap();
    let body = serde_json::from_str(&body).unwrap_or(Value::Null);
    (response.status().as_u16(), response.headers().clone(), body)
}

fn status(bench: &Bench, path: &str, from: &[&str]) -> u16 {
    ask(bench, "GET", path, from).0
}

/// 429 as a problem document that says when to come again.
fn is_too_many((status, headers, body): Answer, seconds: i64) {
    assert_eq!(status, 429);
    assert_eq!(headers["content-type"], "application/problem+json");
    assert_eq!(headers["retry-after"].to_str().unwrap(), seconds.to_string());
    assert_eq!((&body["code"], &body["status"]), (&"request.rate".into(), &429.into()));
    assert_eq!(body["retry_after"], seconds);
}

/// A server that gives each address two requests at once, and one in ten seconds.
fn stingy(server: &str) -> Bench {
    Bench::with(|config| {
        let config = config.replace("burst = 100000", "burst = 2");
        let config = config.replace("per_minute = 100000", "per_minute = 6");
        config.replace("[server]", &format!("[server]\n{server}"))
    })
}

#[test]
fn past_its_bucket_an_address_is_told_when_to_come_again() {
    let bench = stingy("");
    let config = || ask(&bench, "GET", "/v1/config", &[]);
    assert_eq!((config().0, config().0), (200, 200));
    is_too_many(config(), 10);
    assert_eq!(status(&bench, "/login/0", &[]), 429, "one bucket for all that phones and browsers ask");
    for path in ["/status", "/jwks", "/.well-known/openid-configuration"] {
        assert_eq!(status(&bench, path, &[]), 200, "{path}: what brokers ask is not counted");
    }
    bench.clock.advance(9);
    is_too_many(config(), 1);
    bench.clock.advance(1);
    assert_eq!(config().0, 200);
    is_too_many(config(), 10);
}

#[test]
fn who_is_no_trusted_proxy_cannot_name_another_address() {
    let bench = stingy("trusted_proxies = [\"10.0.0.0/8\"]");
    for n in 1..=2 {
        assert_eq!(status(&bench, "/v1/config", &[&format!("198.51.100.{n}")]), 200);
    }
    assert_eq!(status(&bench, "/v1/config", &["198.51.100.3"]), 429);
}

#[test]
fn behind_trusted_proxies_each_client_has_its_own_bucket() {
    let bench = stingy("trusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\"]");
    let asked = |from: &[&str]| status(&bench, "/v1/config", from);
    let one = "198.51.100.1";
    // What the client itself wrote stands on the left, and counts for nothing.
    assert_eq!((asked(&[one]), asked(&["203.0.113.9, 198.51.100.1"])), (200, 200));
    for spent in
        [&[one][..], &["203.0.113.8, 198.51.100.1"], &["203.0.113.7", one], &["198.51.100.1, 10.0.0.2"]]
    {
        assert_eq!(asked(spent), 429, "{spent:?}");
    }
    assert_eq!(asked(&["198.51.100.2"]), 200, "another client");
    // Of IPv6 a customer has a /64.
    assert_eq!((asked(&["2001:db8:1:2::1"]), asked(&["2001:db8:1:2:ffff::2"])), (200, 200));
    assert_eq!((asked(&["2001:db8:1:2::3"]), asked(&["2001:db8:1:3::1"])), (429, 200));
}

#[test]
fn an_address_opens_so_many_enrolments_an_hour() {
    let bench = Bench::with(|config| {
        let config = config.replace("enrolments_per_hour = 1000", "enrolments_per_hour = 2");
        config.replace("[server]", "[server]\ntrusted_proxies = [\"127.0.0.1\"]")
    });
    let open = |from: &str| ask(&bench, "POST", "/v1/enrolments", &[from]);
    bench.clock.advance(60);
    assert_eq!((open("198.51.100.1").0, open("198.51.100.1").0), (200, 200));
    is_too_many(open("198.51.100.1"), 3540);
    assert_eq!(open("198.51.100.2").0, 200, "another address");
    bench.clock.advance(3540);
    assert_eq!(open("198.51.100.1").0, 200, "another hour");
}

#[test]
fn a_device_key_opens_so_many_enrolments_an_hour_from_any_address() {
    let bench = Bench::with(|config| config.replace("by_device = 1000", "by_device = 2"));
    bench.clock.advance(60);
    let open = |seed| Phone::attested(&bench, seed).1;
    assert_eq!((open(1).status, open(1).status), (200, 200));
    let refused = open(1);
    assert_eq!(refused.refused(), (429, "request.rate"));
    assert_eq!(refused.body["retry_after"], 3540);
    assert_eq!(open(2).status, 200, "another key");
    bench.clock.advance(3540);
    assert_eq!(open(1).status, 200, "another hour");
}

#[test]
fn one_more_login_than_may_wait_goes_back_at_once() {
    let bench = Bench::with(|config| config.replace("[limits]", "[limits]\npending_logins = 2"));
    let browser = Browser::new(&bench);
    for _ in 0..2 {
        browser.login_page("eidas2");
    }
    let full = browser.authorize("eidas2");
    assert_eq!((full.status, full.query("error").as_deref()), (303, Some("temporarily_unavailable")));
    assert_eq!(full.query("state"), Some("5".repeat(64)));
    bench.clock.advance(600);
    bench.runtime.block_on(sceau::housekeeping::once(bench.state())).unwrap();
    browser.login_page("eidas2");
}

#[test]
fn the_phone_is_told_whether_the_browser_is_on_its_network() {
    let bench =
        Bench::with(|config| config.replace("[server]", "[server]\ntrusted_proxies = [\"127.0.0.1\"]"));
    let (mut phone, _) = Phone::enrol(&bench, 1, &bench.passport());
    // The browser comes through a proxy, the phone does not.
    let browser = Browser::new(&bench);
    let challenge: LoginChallenge =
        phone.claim(&browser.login_page("eidas2").attribute("data-qr-handle").unwrap()).ok();
    assert!(challenge.same_network);
    let (begun, headers, _) = ask(&bench, "GET", &authorize_path("eidas2"), &["198.51.100.1"]);
    let (cookie, path) = (headers["set-cookie"].to_str().unwrap(), headers["location"].to_str().unwrap());
    let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
    browser.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
    let page = browser.get(path);
    let challenge: LoginChallenge = phone.claim(&page.attribute("data-qr-handle").unwrap()).ok();
    assert!(begun == 303 && !challenge.same_network);
}

#[test]
fn a_body_beyond_its_limit_is_refused() {
    let bench = Bench::start();
    let mut phone = Phone::open(&bench, 1);
    // JSON: 64 KB; a file of the chip: 256 KB. One byte less is read, and refused for what it holds.
    let too_large = (413, "request.too-large");
    for (method, step, limit) in
        [("PUT", "/consents", 65_536), ("POST", "/seal", 65_536), ("PUT", "/chip/files/EF.SOD", 262_144)]
    {
        let over = phone.request(method, step, &vec![b' '; limit + 1]);
        assert_eq!(phone.send(&over).refused(), too_large, "{step}");
        phone.sequence -= 1;
        let within = phone.call(method, step, &vec![b' '; limit]);
        assert!(matches!(within.status, 400 | 422), "{step}: {within:?}");
    }
    let claim = format!("{}/v1/logins/claim", bench.url);
    assert_eq!(send("POST", &claim, &[], &[b' '; 65_537]).refused(), too_large);
    // The browser's forms, and the broker's, are short. RFC 6749 has no code of its own for it.
    let browser = Browser::new(&bench);
    let login = browser.login_page("eidas2").attribute("data-login-id").unwrap();
    let long = "1".repeat(9000);
    assert_eq!(browser.post(&format!("/login/{login}/release"), &[("code", &long)]).status, 413);
    let token = browser.redeem(&long);
    assert_eq!((token.status, token.json()["error"].as_str()), (400, Some("invalid_request")));
}

#[test]
fn a_body_that_never_ends_is_ended() {
    let bench = Bench::with(|config| config.replace("[limits]", "[limits]\nrequest_seconds = 1"));
    let login = Browser::new(&bench).login_page("eidas2").attribute("data-login-id").unwrap();
    let release = format!("/login/{login}/release");
    for path in ["/token", "/authorize", &release, "/v1/enrolments/0/seal", "/v1/logins/claim"] {
        let mut slow = TcpStream::connect(bench.url.strip_prefix("http://").unwrap()).unwrap();
        slow.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\ncode="
        );
        slow.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        slow.read_to_string(&mut answer).expect("the server closes the connection");
        assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("server.timeout"), "{path}: {answer}");
    }
}
