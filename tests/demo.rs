//! The whole story, as a person sees it: `sceau demo` in a process of its own, a browser, the virtual phone's page.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../src/cli/demo/browser.rs"]
mod browser;

use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use browser::{Browser, Page};

const PIN: &str = "274913";

/// `sceau demo` on free ports, in English.
fn demo(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sceau"));
    command.args(["demo", "--port-fi", "0", "--port-broker", "0", "--port-phone", "0", "--keep"]);
    // A proxy of the environment has no part in it: this one does not exist.
    command.env("HTTP_PROXY", "http://127.0.0.1:9").env("ALL_PROXY", "http://127.0.0.1:9");
    command.arg(folder).args(arguments);
    command
}

fn script(folder: &Path) -> String {
    let output = demo(folder, &["--script"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

fn claim<'a>(output: &'a str, name: &str) -> &'a str {
    output.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap()
}

#[test]
fn a_script_prints_the_claims_and_a_kept_folder_is_the_same_person_again() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("demo");
    let first = script(&folder);
    let claims: Vec<&str> = first.lines().rev().take(10).collect();
    assert_eq!(claims[0], "email anna.eriksson@example.org");
    assert_eq!(claims[9], "acr eidas2");
    assert_eq!(claim(&first, "family_name"), "ERIKSSON");
    assert_eq!(claim(&first, "birthplace"), "35238");
    assert!(first.contains("passed: the chip proved that it is the original (Chip Authentication)"));

    let again = script(&folder);
    assert!(again.contains("The phone of the folder is enrolled already."));
    assert_eq!(claim(&again, "sub"), claim(&first, "sub"));
    let issuer = |output: &str| {
        output.lines().find(|line| line.ends_with("the identity provider")).unwrap().to_owned()
    };
    assert_eq!(issuer(&again), issuer(&first));
}

/// A demo that waits, with what it said to open.
struct Waiting {
    process: Child,
    output: Lines<BufReader<ChildStdout>>,
    broker: String,
    phone: String,
}

impl Waiting {
    fn start(folder: &Path) -> Self {
        let mut process = demo(folder, &[]).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
        let lines: Vec<String> =
            output.by_ref().map_while(Result::ok).take_while(|line| !line.starts_with("Ctrl-C")).collect();
        let after = |mark: &str| {
            let found = lines.iter().find_map(|line| line.split_once(mark));
            found.unwrap_or_else(|| panic!("{lines:?}")).1.trim().trim_end_matches('/').to_owned()
        };
        let (broker, phone) = (after("the demo service:"), after("the virtual phone, beside it:"));
        Self { process, output, broker, phone }
    }

    /// Ctrl-C.
    #[cfg(unix)]
    fn stop(mut self) {
        let killed = Command::new("kill").args(["-INT", &self.process.id().to_string()]).status().unwrap();
        assert!(killed.success());
        assert_eq!(self.output.next().unwrap().unwrap(), "Stopped.");
        assert_eq!(self.process.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A person with a browser and, beside it, the virtual phone.
struct Person<'a> {
    demo: &'a Waiting,
    browser: Browser,
    phone: Browser,
    token: String,
}

impl<'a> Person<'a> {
    fn new(demo: &'a Waiting) -> Self {
        let mut phone = Browser::new();
        let page = phone.get(&format!("{}/", demo.phone)).unwrap();
        let token =
            page.body.split_once("name=\"token\" value=\"").unwrap().1.split('"').next().unwrap().to_owned();
        Self { demo, browser: Browser::new(), phone, token }
    }

    /// A page of the browser, at the end of all redirects.
    fn follow(&mut self, mut page: Page) -> Page {
        while let Some(location) = page.location {
            page = self.browser.get(&location).unwrap();
        }
        page
    }

    fn login_page(&mut self) -> Page {
        let away = self.browser.get(&format!("{}/login", self.demo.broker)).unwrap();
        self.follow(away)
    }

    /// A form of the phone's page, and the page that follows.
    fn tap(&mut self, path: &str, form: &[(&str, &str)]) -> Page {
        let token = self.token.clone();
        let form = [&[("token", token.as_str())], form].concat();
        let page = self.phone.post(&format!("{}{path}", self.demo.phone), &form).unwrap();
        match page.location {
            Some(location) => self.phone.get(&location).unwrap(),
            None => page,
        }
    }

    /// Claims the login that a page shows.
    fn claim(&mut self, page: &Page, handle: &str) -> String {
        let shown = self.tap("/claim", &[("handle", page.attribute(handle).unwrap())]);
        shown.attribute("data-login-id").unwrap().to_owned()
    }
}

#[cfg(unix)]
#[test]
fn a_person_signs_in_with_the_virtual_phone_beside_the_browser() {
    let temporary = tempfile::tempdir().unwrap();
    let demo = Waiting::start(temporary.path());
    let mut person = Person::new(&demo);

    // With the QR code: the code of the phone is typed into the page.
    let page = person.login_page();
    let id = person.claim(&page, "data-qr-handle");
    let wrong = person.tap(&format!("/login/{id}/approve"), &[("pin", "111112")]);
    assert!(wrong.body.contains("login.refused") && wrong.attribute("data-login-id").unwrap() == id);
    let shown = person.tap(&format!("/login/{id}/approve"), &[("pin", PIN)]);
    let code = shown.attribute("data-release-code").unwrap();
    let fi = page.body.split_once("/app/").unwrap().0.rsplit('"').next().unwrap().to_owned();
    let released = person.browser.post(&format!("{fi}/login/{id}/release"), &[("code", code)]).unwrap();
    let identity = person.follow(released);
    assert_eq!((identity.status, identity.attribute("data-acr").unwrap()), (200, "eidas2"));
    assert!(identity.body.contains("data-claim=\"family_name\">ERIKSSON<"));

    // On the same phone: the link goes on in the browser that began, and in no other.
    let page = person.login_page();
    let id = person.claim(&page, "data-link-handle");
    let shown = person.tap(&format!("/login/{id}/approve"), &[("pin", PIN)]);
    let url = shown.attribute("data-resume-url").unwrap();
    assert_eq!(Browser::new().get(url).unwrap().status, 403);
    let resumed = person.browser.get(url).unwrap();
    assert_eq!(person.follow(resumed).attribute("data-acr").unwrap(), "eidas2");

    // Refused: back at the broker's choice, with a banner.
    let page = person.login_page();
    let id = person.claim(&page, "data-qr-handle");
    person.tap(&format!("/login/{id}/refuse"), &[("not_me", "1")]);
    let looked = person.browser.get(&format!("{fi}/login/{id}")).unwrap();
    assert!(person.follow(looked).body.contains("<code>access_denied</code>"));

    // The phone's page answers its own forms only.
    person.token = "another".to_owned();
    assert_eq!(person.tap(&format!("/login/{id}/approve"), &[("pin", PIN)]).status, 403);
    let by_name = demo.phone.replace("127.0.0.1", "localhost");
    assert_eq!(person.phone.get(&format!("{by_name}/")).unwrap().status, 421);
    demo.stop();
}

/// Chromium, driven by playwright-core, without scripts and with the keyboard; scripts/test installs both.
#[test]
fn a_person_signs_in_with_a_real_browser() {
    let temporary = tempfile::tempdir().unwrap();
    let demo = Waiting::start(temporary.path());
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients");
    let installed = Path::new(folder).join("node_modules").is_dir();
    assert!(installed, "run scripts/test, or: npm ci --prefix tests/clients");
    let arguments = ["browser.mjs", &demo.broker, &demo.phone, PIN];
    let output = Command::new("node").current_dir(folder).args(arguments).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let logins: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(logins.len(), 2, "by code, and by link");
    for login in logins {
        assert_eq!(
            (login["family_name"].as_str(), login["acr"].as_str()),
            (Some("ERIKSSON"), Some("eidas2"))
        );
        assert_eq!(login["birthplace"], "35238");
    }
}
