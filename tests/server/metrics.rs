//! The counts for the operator, on their own address.

use std::collections::BTreeMap;
use std::net::TcpListener;

use crate::common::Bench;
use crate::common::browser::Browser;
use crate::common::phone::{EMAIL, Phone};
use crate::login::{approved, path};
use protocol::approval::Decision;
use protocol::login::LoginChallenge;

/// The values by name and labels.
fn values(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let value = |line: &str| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.parse().unwrap())
    };
    lines.map(value).collect()
}

#[test]
fn an_operator_reads_counts_that_name_nobody_on_their_own_address() {
    let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let bench = Bench::serve(|config| format!("{config}[metrics]\nlisten = \"{listen}\"\n"));
    let (mut phone, _) = Phone::enrol(&bench, 1, &bench.passport());
    Phone::open(&bench, 2);
    let browser = Browser::new(&bench);

    let page = browser.login_page("eidas2");
    let digits = approved(&mut phone, &page);
    let release = |page, digits: &str| browser.post(&format!("{}/release", path(page)), &[("code", digits)]);
    assert!(release(&page, &digits).query("code").is_some());

    let page = browser.login_page("eidas2");
    let digits = approved(&mut phone, &page);
    let wrong = if digits == "000000" { "111111" } else { "000000" };
    (0..3).for_each(|_| drop(release(&page, wrong)));

    for decision in [Decision::Refuse, Decision::NotMe] {
        let page = browser.login_page("eidas2");
        let challenge: LoginChallenge = phone.claim(&page.attribute("data-qr-handle").unwrap()).ok();
        assert_eq!(phone.refuse(&challenge, decision).status, 204);
    }
    let page = browser.login_page("eidas2");
    browser.post(&format!("{}/cancel", path(&page)), &[]);
    browser.login_page("eidas2");
    assert_eq!(browser.get("/metrics").status, 404, "not where everybody asks");

    let mut answer = ureq::get(format!("http://{listen}/metrics")).call().unwrap();
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.body_mut().read_to_string().unwrap();
    let values = values(&text);
    for (name, value) in [
        ("sceau_logins_total{outcome=\"begun\"}", 6.0),
        ("sceau_logins_total{outcome=\"completed\"}", 1.0),
        ("sceau_logins_total{outcome=\"wrong_code\"}", 1.0),
        ("sceau_logins_total{outcome=\"refused\"}", 1.0),
        ("sceau_logins_total{outcome=\"not_me\"}", 1.0),
        ("sceau_logins_total{outcome=\"cancelled\"}", 1.0),
        ("sceau_logins_total{outcome=\"turned_away\"}", 0.0),
        ("sceau_logins_pending", 1.0),
        ("sceau_enrolments_total{outcome=\"opened\"}", 2.0),
        ("sceau_enrolments_total{outcome=\"active\"}", 1.0),
        ("sceau_requests_total{class=\"authorize\",status=\"303\"}", 6.0),
        ("sceau_requests_total{class=\"none\",status=\"404\"}", 1.0),
        ("sceau_database_up", 1.0),
        ("sceau_trust_attention", 0.0),
    ] {
        assert_eq!(values.get(name), Some(&value), "{name}: {text}");
    }
    assert!(values.contains_key("sceau_outbox_mails") && values.contains_key("sceau_outbox_oldest_seconds"));
    // Each family has its help and its type, once.
    for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let name = line.split(' ').next().unwrap();
        assert_eq!(text.matches(&format!("# HELP {name} ")).count(), 1, "{name}");
    }
    for person in [EMAIL, "ERIKSSON", "127.0.0.1", "broker", &phone.device_id()] {
        assert!(!text.contains(person), "{person}");
    }
    let other = ureq::get(format!("http://{listen}/account")).call();
    assert!(matches!(other, Err(ureq::Error::StatusCode(404))), "{other:?}");
}
