//! The virtual phone, by its commands, against `sceau serve`: what a tester would type.
#![allow(clippy::unwrap_used, reason = "a test that meets trouble fails")]

mod common;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use chip_emulator::ChipContents;
use common::Bench;
use common::browser::Browser;
use common::chip::ServedChip;
use crypto::{Curve, EcPrivateKey};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

const PIN: &str = "274913";
const EMAIL: &str = "anna@example.org";

/// How a command ended.
struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ended {
    fn last_line(&self) -> &str {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
        self.out.lines().last().unwrap()
    }
}

/// A server that takes virtual phones, and the folder of a tester.
struct Desk {
    bench: Bench,
}

impl Desk {
    fn open() -> Self {
        let change = |config: String| config.replacen("acr =", "policy = { ciba = true }\nacr =", 1);
        Self { bench: Bench::serve_virtual_phones(change) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.bench.folder.path().join(name)
    }

    /// A passport's folder; its chip may be changed.
    fn passport(&self, name: &str, change: impl FnOnce(&mut ChipContents)) -> PathBuf {
        let mut chip = self.bench.passport().chip_contents();
        change(&mut chip);
        chip.write_folder(&self.path(name)).unwrap();
        self.path(name)
    }

    /// The phone enrols; `more` are further arguments, the document among them.
    fn enrol(&self, state: &Path, more: &[&str], typed: &str) -> Ended {
        let mut arguments = vec!["enrol", "--server", &self.bench.url, "--email", EMAIL, "--pin", PIN];
        arguments.extend(["--birth-country", "99100", "--birth-place", "75056"]);
        arguments.extend(more);
        phone(state, &arguments, typed)
    }

    fn enrolled(&self, state: &Path, passport: &Path) -> Ended {
        let mail = self.path("mail");
        self.enrol(state, &["--passport", text(passport), "--mail-folder", text(&mail)], "")
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Runs `sceau phone ..`.
fn phone(state: &Path, arguments: &[&str], typed: &str) -> Ended {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sceau"))
        .arg("phone")
        .args(arguments)
        .args(["--state", text(state)])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let read = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), out: read(output.stdout), err: read(output.stderr) }
}

#[test]
fn a_tester_enrols_a_folder_and_logs_in_by_code_and_by_link() {
    let desk = Desk::open();
    let (passport, state) = (desk.passport("passport", |_| {}), desk.path("phone"));
    let enrolled = desk.enrolled(&state, &passport);
    assert!(enrolled.last_line().contains("recovery sheet, shown once: "));
    for line in [
        "demo environment",
        "channel opened with the MRZ: PACE",
        "EF.DG2: ",
        "proof asked of the chip: Active Authentication",
        "proof asked of the chip: Chip Authentication",
        "passed: the chip proved that it is the original (Chip Authentication)",
        "family_name ERIKSSON (proved by the chip)",
        "birthplace 75056 (declared)",
        "it compares nothing",
        "level: eidas2",
        "state: active",
    ] {
        assert!(enrolled.out.contains(line), "{line} is not in\n{}", enrolled.out);
    }

    let browser = Browser::new(&desk.bench);
    let page = browser.login_page("eidas2");
    let handle = page.attribute("data-qr-handle").unwrap();
    let shown = phone(&state, &["show", &handle, "--json"], "");
    let shown: serde_json::Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!((shown["client_name"].as_str(), shown["kind"].as_str()), (Some("FranceConnect"), Some("qr")));
    let approved = phone(&state, &["approve", &handle, "--pin", PIN], "");
    let digits = approved.last_line();
    assert!(approved.err.contains("asked by: FranceConnect") && digits.len() == 6);
    assert_eq!(approved.out, format!("{digits}\n"), "the answer alone");
    let login = page.attribute("data-login-id").unwrap();
    let done = browser.post(&format!("/login/{login}/release"), &[("code", digits)]);
    let code = done.query("code").expect("a code");

    // The same client asks without a browser here.
    let hint = browser.redeem(&code).json()["id_token"].as_str().unwrap().to_owned();
    let client = [("client_id", common::CLIENT), ("client_secret", common::SECRET)];
    let ask = [("scope", "openid"), ("binding_message", "07"), ("id_token_hint", hint.as_str())];
    let asked = browser.post("/bc-authorize", &[&client[..], &ask].concat()).json();
    assert!(phone(&state, &["asked"], "").out.contains("the two digits that the service shows"));
    let wrong = phone(&state, &["asked", "--pin", PIN, "--number", "70"], "");
    assert!(wrong.code == Some(1) && wrong.err.contains("login.number"), "{}", wrong.err);
    assert_eq!(phone(&state, &["asked", "--pin", PIN, "--number", "07"], "").code, Some(0));
    let id = asked["auth_req_id"].as_str().unwrap();
    let poll = [("grant_type", "urn:openid:params:grant-type:ciba"), ("auth_req_id", id)];
    assert_eq!(browser.post("/token", &[&client[..], &poll].concat()).status, 200);

    let page = browser.login_page("eidas2");
    let url = format!("{}/app/{}", desk.bench.url, page.attribute("data-link-handle").unwrap());
    let approved = phone(&state, &["approve", &url, "--pin", PIN, "--language", "fr"], "");
    assert!(approved.err.contains("demandeur : FranceConnect"));
    let done = browser.get(approved.last_line());
    assert!(done.query("code").is_some(), "{}", done.body);

    for file in fs::read_dir(&state).unwrap() {
        let content = fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(!content.contains(PIN) && !content.contains(EMAIL));
    }
}

#[test]
fn a_refusal_and_a_wrong_pin_are_told_with_their_exit_code() {
    let desk = Desk::open();
    let (passport, state) = (desk.passport("passport", |_| {}), desk.path("phone"));
    desk.enrolled(&state, &passport).last_line();

    let browser = Browser::new(&desk.bench);
    let login = |arguments: &[&str]| {
        let page = browser.login_page("eidas2");
        let handle = page.attribute("data-qr-handle").unwrap();
        let (command, rest) = arguments.split_first().unwrap();
        let ended = phone(&state, &[&[*command, &handle], rest].concat(), "");
        (ended, format!("/login/{}", page.attribute("data-login-id").unwrap()))
    };
    let (wrong, _) = login(&["approve", "--pin", "274914"]);
    assert_eq!(wrong.code, Some(1), "{}", wrong.err);
    assert!(wrong.err.ends_with("\nlogin.refused: The login was not approved.\n"), "{}", wrong.err);
    assert_eq!(wrong.out, "");
    for (arguments, last) in
        [(["refuse"].as_slice(), "refused"), (&["refuse", "--not-me"], "refused: it was not me")]
    {
        let (refused, path) = login(arguments);
        assert_eq!(refused.last_line(), last);
        assert_eq!(browser.get(&path).query("error").as_deref(), Some("access_denied"));
    }
    let (unreachable, _) = login(&["approve", "--pin", PIN, "--server", "http://127.0.0.1:1"]);
    assert_eq!(unreachable.code, Some(2), "{}", unreachable.err);
}

#[test]
fn a_chip_behind_tcp_is_opened_by_bac_with_what_is_printed_and_the_code_is_typed() {
    let desk = Desk::open();
    let document = desk.bench.builder().pace(None).build(&desk.bench.utopia);
    document.chip_contents().write_folder(&desk.path("passport")).unwrap();
    let (chip, state) = (ServedChip::start(&desk.path("passport"), &[]), desk.path("phone"));
    let mrz = &document.mrz;
    let (birth, expiry) = (mrz.date_of_birth.to_string(), mrz.date_of_expiry.to_string());
    let enrol = |number: &str, typed: &str| {
        let document =
            ["--chip", &chip.address, "--mrz-number", number, "--birth", &birth, "--expiry", &expiry];
        desk.enrol(&state, &[&document[..], &["--language", "fr"]].concat(), typed)
    };
    let refused = enrol(&mrz.document_number, "000000\n");
    let taken = enrol(&mrz.document_number, "");
    assert_eq!((refused.code, taken.code), (Some(1), Some(2)), "{}{}", refused.err, taken.err);
    assert_eq!(refused.err, "contact.code: Ce code n'est pas le bon.\n");
    assert!(refused.out.contains("inscription abandonnée") && !state.join("phone.json").exists());

    // The code is known once the mail is there: the test types when it comes.
    let mut child = Command::new(env!("CARGO_BIN_EXE_sceau"));
    child.args(["phone", "enrol", "--server", &desk.bench.url, "--email", "bob@example.org", "--pin", PIN]);
    child.args(["--birth-country", "99100", "--birth-place", "75056", "--language", "fr"]);
    child.args(["--chip", &chip.address, "--mrz-number", &mrz.document_number, "--birth", &birth]);
    child.args(["--expiry", &expiry, "--state", text(&state)]);
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mail = desk.path("mail");
    let arrived = || common::mails(&mail).iter().any(|mail| mail.contains("bob@example.org"));
    assert!((0..200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        arrived()
    }));
    let typed = format!("{}\n", desk.bench.mailed_code("bob@example.org"));
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{out}");
    assert!(out.contains("canal ouvert avec la zone MRZ : BAC") && out.contains("niveau : eidas2"));
    assert!(state.join("phone.json").exists());
}

#[test]
fn a_document_that_does_not_open_and_a_copy_are_refused() {
    let desk = Desk::open();
    let mail = desk.path("mail");
    let other_key = EcPrivateKey::generate(Curve::BrainpoolP256r1, &mut ChaCha20Rng::seed_from_u64(9));
    let copy = desk.passport("copy", |chip| chip.ca_keys[0].key = other_key.into());
    let copied = desk.enrolled(&desk.path("phone"), &copy);
    assert_eq!(copied.code, Some(1), "{}{}", copied.out, copied.err);
    assert!(copied.err.starts_with("ca: "), "a copy is told by its family only: {}", copied.err);
    assert!(copied.out.contains("enrolment given up"));

    let passport = desk.passport("passport", |_| {});
    let more = ["--passport", text(&passport), "--mail-folder", text(&mail), "--mrz-number", "X00000001"];
    let more = [&more[..], &["--birth", "740812", "--expiry", "350614"]].concat();
    let closed = desk.enrol(&desk.path("phone"), &more, "");
    assert_eq!(closed.code, Some(2), "{}{}", closed.out, closed.err);
    assert!(closed.err.contains("nfc.access-denied"), "{}", closed.err);
    assert!(!desk.path("phone/phone.json").exists());
}

#[test]
fn what_cannot_be_right_is_told_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("phone");
    let enrol = |pin: &str, more: &[&str]| {
        let server =
            ["--server", "http://127.0.0.1:1", "--email", EMAIL, "--pin", pin, "--birth-country", "99100"];
        phone(&state, &[&["enrol"], &server[..], more].concat(), "")
    };
    let found = ["--demo-root", "absent", "--face-engine-key", "absent"];
    for (pin, more, expected) in [
        ("111111", ["--passport", "absent"].as_slice(), "The PIN must have six digits"),
        (PIN, &["--passport", "absent"], "absent: No such file"),
        (PIN, &["--chip", "127.0.0.1:1"], "not tcp:HOST:PORT"),
        (PIN, &["--chip", "tcp:127.0.0.1:1", "--passport", "absent"], "cannot be used with"),
        (PIN, &[], "--passport <DIR>|--chip <tcp:HOST:PORT>"),
        (PIN, &["--passport", "absent", "--birth", "740812"], "--mrz-number <N>"),
    ] {
        let ended = enrol(pin, &[&found[..], more].concat());
        assert_eq!(ended.code, Some(2), "{expected}: {}", ended.err);
        assert!(ended.err.contains(expected), "{expected} is not in\n{}", ended.err);
    }
    let ended = enrol(PIN, &["--passport", "absent"]);
    assert!(ended.err.contains("no demo-root.json was found: give --demo-root"), "{}", ended.err);
    assert!(!state.exists());
}

#[test]
fn the_same_document_on_a_new_phone_replaces_the_old_one() {
    let desk = Desk::open();
    let passport = desk.passport("passport", |_| {});
    let (old, new) = (desk.path("old"), desk.path("new"));
    desk.enrolled(&old, &passport).last_line();
    let replaced = desk.enrolled(&new, &passport);
    replaced.last_line();
    assert!(replaced.out.contains("this phone replaces the earlier one"), "{}", replaced.out);
    let page = Browser::new(&desk.bench).login_page("eidas2");
    let handle = page.attribute("data-qr-handle").unwrap();
    let refused = phone(&old, &["approve", &handle, "--pin", PIN], "");
    assert_eq!(refused.code, Some(1), "{}", refused.err);
    assert!(refused.err.starts_with("device-state.unknown: "), "{}", refused.err);
    assert_eq!(phone(&new, &["approve", &handle, "--pin", PIN], "").last_line().len(), 6);
}

#[test]
fn keys_whose_seal_was_not_answered_are_kept_and_log_in() {
    let desk = Desk::open();
    let (passport, state, mail) = (desk.passport("passport", |_| {}), desk.path("phone"), desk.path("mail"));
    let network = common::lossy::losing_answers_to("/seal", &desk.bench.url);
    let mut arguments = vec!["enrol", "--server", &network, "--email", EMAIL, "--pin", PIN];
    arguments.extend(["--birth-country", "99100", "--birth-place", "75056"]);
    arguments.extend(["--passport", text(&passport), "--mail-folder", text(&mail)]);
    let unanswered = phone(&state, &arguments, "");
    assert_eq!(unanswered.code, Some(2), "{}{}", unanswered.out, unanswered.err);
    assert!(unanswered.err.contains("the server did not answer the seal"), "{}", unanswered.err);
    assert!(!unanswered.out.contains("given up") && !state.join("phone.json").exists());
    let kept = unanswered.out.lines().last().unwrap().trim_start_matches([' ', '-']);
    let page = Browser::new(&desk.bench).login_page("eidas2");
    let handle = page.attribute("data-qr-handle").unwrap();
    assert_eq!(phone(Path::new(kept), &["approve", &handle, "--pin", PIN], "").last_line().len(), 6);
}
