//! After a whole story - an enrolment, a login, refusals - neither the database nor the log holds anything of the person.
#![allow(clippy::unwrap_used, reason = "a test that meets trouble fails")]

mod common;

use std::io::Write;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use common::Bench;
use common::browser::Browser;
use common::phone::{EMAIL, PIN, Phone};
use lds::FileId;
use protocol::login::{Approved, LoginChallenge};
use tracing_subscriber::fmt::MakeWriter;

/// Collects what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The shortest form that is searched: five digits of a commune.
const SHORTEST: usize = 5;

/// The forms in which a text could stand somewhere: as it is, in hexadecimal digits, in base64 at each of three places.
fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![secret.to_vec(), secret.to_ascii_lowercase(), hex::encode(secret).into_bytes()];
    forms.push(hex::encode_upper(secret).into_bytes());
    for shift in 0..3 {
        let padded = [vec![0; shift], secret.to_vec()].concat();
        // Only the characters that depend on the secret alone.
        let (skip, whole) = ([0, 2, 3][shift], padded.len() / 3 * 4);
        for text in [BASE64_STANDARD_NO_PAD.encode(&padded), BASE64_URL_SAFE_NO_PAD.encode(&padded)] {
            forms.push(text.as_bytes()[skip..whole.max(skip)].to_vec());
        }
    }
    forms.retain(|form| form.len() >= SHORTEST);
    forms
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// Whether a log tells a form. The shortest count where they stand alone: within a longer number or name they are no place.
fn tells(log: &[u8], form: &[u8]) -> bool {
    let alone = |at: usize| {
        let beside = [at.checked_sub(1), Some(at + form.len())].map(|at| at.and_then(|at| log.get(at)));
        !beside.into_iter().flatten().any(u8::is_ascii_alphanumeric)
    };
    let found = log.windows(form.len()).enumerate().filter(|(_, window)| *window == form);
    found.map(|(at, _)| at).any(|at| form.len() > SHORTEST || alone(at))
}

#[test]
fn five_characters_are_told_where_they_stand_alone() {
    for log in ["75107", "place=75107 ", "\"75107\"", "175107 75107"] {
        assert!(tells(log.as_bytes(), b"75107"), "{log}");
    }
    for log in ["", "7510", "175107", "75107a", "x75107"] {
        assert!(!tells(log.as_bytes(), b"75107"), "{log}");
    }
    assert!(tells(b"x740812x", b"740812"), "six are a leak anywhere");
    assert!(forms(b"75107").contains(&b"75107".to_vec()));
}

/// The line that tells a form.
fn around(log: &[u8], form: &[u8]) -> String {
    let lines = log.split(|byte| *byte == b'\n');
    lines.filter(|line| tells(line, form)).map(|line| String::from_utf8_lossy(line)).take(1).collect()
}

#[test]
fn neither_the_database_nor_the_log_holds_anything_of_the_person() {
    let log = Log::default();
    // Without times: their digits could be anybody's.
    let collected = tracing_subscriber::fmt().without_time().with_ansi(false).with_writer(log.clone());
    // All that the server can be made to log; the test's own client is silent.
    collected.with_env_filter("trace,ureq=off,ureq_proto=off").init();
    let bench = Bench::start();
    let passport = bench.passport();
    // An enrolment that becomes an account, a login, a wrong PIN, and an enrolment that stays open after its decision.
    let (mut phone, sealed) = Phone::enrol(&bench, 1, &passport);
    let browser = Browser::new(&bench);
    let page = browser.login_page("eidas2");
    let challenge: LoginChallenge = phone.claim(&page.attribute("data-qr-handle").unwrap()).ok();
    assert_eq!(phone.approve(&challenge, "975310").status, 403);
    let Approved::Qr { release_code } = phone.approve(&challenge, PIN).ok() else { panic!("no code") };
    let path = format!("/login/{}/release", page.attribute("data-login-id").unwrap());
    let code = browser.post(&path, &[("code", &release_code)]).query("code").unwrap();
    let tokens = browser.redeem(&code).json();
    let access_token = tokens["access_token"].as_str().unwrap().to_owned();
    let person = common::browser::claims(&browser.userinfo(&access_token).body);
    assert_eq!(person["email"], EMAIL, "the story was told to its end");
    let open = Phone::up_to_the_seal(&bench, 2, &passport);
    let portrait = lds::Dg2::parse(passport.file(FileId::Dg(2))).unwrap().faces[0].image.to_vec();
    let mrz_lines = &passport.file(FileId::Dg(1))[5..];

    let texts: Vec<Vec<u8>> = [
        "ERIKSSON",
        "Eriksson",
        "ANNA MARIA",
        "ANNA<MARIA",
        "Anna Maria",
        "1974-08-12",
        "19740812",
        "740812",
        passport.mrz.document_number.as_str(),
        EMAIL,
        "anna.eriksson",
        "75107",
        "PARIS",
        PIN,
        code.as_str(),
        access_token.as_str(),
        release_code.as_str(),
        sealed.recovery_code.as_str(),
        open.bearer.as_str(),
    ]
    .into_iter()
    .map(|text| text.as_bytes().to_vec())
    .chain([portrait[..48].to_vec(), portrait[portrait.len() / 2..][..48].to_vec(), mrz_lines[..40].to_vec()])
    .collect();

    let logged = log.0.lock().unwrap().clone();
    assert!(contains(&logged, b"/v1/enrolments/{id}/seal"), "requests were logged");
    let mut stored = Vec::new();
    for file in ["sceau.db", "sceau.db-wal"] {
        stored.extend(std::fs::read(bench.folder.path().join(file)).unwrap_or_default());
    }
    assert!(contains(&stored, sealed.device_id.as_bytes()), "the account is in the files that were searched");
    for text in &texts {
        for form in forms(text) {
            // Five or six characters may stand anywhere in a database by chance; in the log they would be a leak.
            let chance = form.len() <= 6;
            let shown = String::from_utf8_lossy(&form).into_owned();
            assert!(!tells(&logged, &form), "the log holds {shown}: {}", around(&logged, &form));
            assert!(chance || !contains(&stored, &form), "the database holds {shown}");
        }
    }
}
