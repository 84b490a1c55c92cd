//! Every page in a real browser: Chromium, driven by tests/clients/pages.mjs, with scripts switched off but for axe-core, which
//! must find nothing. The phone, the clock and the mail are this side's; the script asks for them, a line of JSON each.
//!
//! `SCEAU_SCREENSHOTS=FOLDER` keeps a picture of each page (scripts/screenshots).

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::browser::{authorize_path, encode};
use crate::common::phone::{EMAIL, PIN, Phone};
use crate::common::{Bench, REDIRECT};
use protocol::approval::Decision;
use protocol::login::{Approved, LoginChallenge};
use serde_json::{Value, json};

/// A client whose redirect URI answers, so that a browser arrives somewhere.
fn client() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!("http://{}/oidc-callback", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 8192]);
            let page = "<!DOCTYPE html><html lang=\"en\"><title>Client</title><h1>Arrived</h1>";
            let length = page.len();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {length}\r\n");
            let _ = stream.write_all(format!("{head}connection: close\r\n\r\n{page}").as_bytes());
        }
    });
    uri
}

/// What the script asks, and the answer.
fn answer(bench: &Bench, phone: &mut Phone<'_>, sheet: &str, asked: &Value) -> Value {
    let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
    match asked["ask"].as_str().unwrap() {
        "claim" => {
            let challenge: LoginChallenge = phone.claim(&text("handle")).ok();
            json!({ "notice": challenge.notice, "client": challenge.statement.client_name, "claims": challenge.statement.claims })
        }
        "approve" => {
            let challenge: LoginChallenge = phone.claim(&text("handle")).ok();
            match phone.approve(&challenge, PIN).ok() {
                Approved::Qr { release_code } => json!({ "code": release_code }),
                Approved::Link { resume_url } => json!({ "url": resume_url }),
                Approved::Asked => panic!("a page waits"),
            }
        }
        "refuse" => {
            let challenge: LoginChallenge = phone.claim(&text("handle")).ok();
            json!({ "status": phone.refuse(&challenge, Decision::NotMe).status })
        }
        "advance" => {
            bench.clock.advance(asked["seconds"].as_i64().unwrap());
            json!({})
        }
        "mailed" => json!({ "code": bench.mailed_code(&text("to")) }),
        "sheet" => json!({ "code": sheet }),
        other => panic!("{other}"),
    }
}

#[test]
fn every_page_works_in_a_real_browser_without_scripts_and_axe_finds_nothing() {
    let uri = client();
    let bench = Bench::with(|config| {
        let config = config.replace(REDIRECT, &uri);
        format!("{config}[pages]\noperator = \"Exemple SA\"\nsupport = \"mailto:support@fi.example\"\n")
    });
    let (mut phone, sealed) = Phone::enrol(&bench, 1, &bench.passport());
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients");
    let installed = Path::new(folder).join("node_modules/axe-core").is_dir();
    assert!(installed, "run scripts/test, or: npm ci --prefix tests/clients");
    let authorize = authorize_path("eidas2").replace(&encode(REDIRECT), &encode(&uri));
    let mut script = Command::new("node")
        .current_dir(folder)
        .args(["pages.mjs", &bench.url, &format!("{}{authorize}", bench.url), EMAIL])
        .args(std::env::var("SCEAU_SCREENSHOTS"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut to, from) = (script.stdin.take().unwrap(), BufReader::new(script.stdout.take().unwrap()));
    let mut done = Vec::new();
    for line in from.lines() {
        let asked: Value = serde_json::from_str(&line.unwrap()).unwrap();
        match asked["done"].as_str() {
            Some(story) => done.push(story.to_owned()),
            None => writeln!(to, "{}", answer(&bench, &mut phone, &sealed.recovery_code, &asked)).unwrap(),
        }
    }
    assert!(script.wait().unwrap().success(), "after {done:?}");
    let stories = [
        "information",
        "qr",
        "attributes",
        "wrong code",
        "link",
        "two tabs",
        "back",
        "cancel",
        "refused",
        "expired",
        "landing",
        "account",
        "corrections",
        "recovery",
    ];
    assert_eq!(done, stories);
}
