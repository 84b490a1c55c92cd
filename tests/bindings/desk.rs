//! A server that takes simulated phones, what a tester's program needs of it, and the login that the program approves.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::common::Bench;
use crate::common::browser::Browser;

pub(crate) struct Desk {
    bench: Bench,
}

impl Desk {
    /// The server, and in its folder: `passport`, `demo-root.json`, `face-engine.pem`, `mail`.
    pub(crate) fn open() -> Self {
        let desk = Self { bench: Bench::serve_virtual_phones(|config| config) };
        desk.bench.passport().chip_contents().write_folder(&desk.path("passport")).unwrap();
        desk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.bench.folder.path().join(name)
    }

    /// Runs a program that enrols and then approves the login whose handle it is given; the lines that it printed.
    /// The browser that began the login ends it with the code that the program printed last.
    pub(crate) fn enrol_and_log_in(&self, program: &mut Command) -> Vec<String> {
        program.arg(&self.bench.url).arg(self.bench.folder.path()).arg(env!("CARGO_BIN_EXE_sceau"));
        let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut told: Vec<String> = Vec::new();
        while told.last().is_none_or(|line| !line.starts_with("scan ")) {
            told.push(lines.next().unwrap_or_else(|| panic!("the program ended after {told:#?}")));
        }
        let browser = Browser::new(&self.bench);
        let page = browser.login_page("eidas2");
        writeln!(child.stdin.take().unwrap(), "{}", page.attribute("data-qr-handle").unwrap()).unwrap();
        told.extend(lines);
        assert!(child.wait().unwrap().success(), "{told:#?}");
        let code = told.last().and_then(|line| line.strip_prefix("code ")).expect("a code");
        let login = page.attribute("data-login-id").unwrap();
        let done = browser.post(&format!("/login/{login}/release"), &[("code", code)]);
        assert!(done.query("code").is_some(), "{}", done.body);
        told
    }
}

/// What every language's program says that it did.
pub(crate) fn assert_story(told: &[String]) {
    let line =
        |start: &str| told.iter().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{told:#?}"));
    assert!(line("read ").contains("EF.SOD EF.DG14 EF.DG1 ") && line("read ").contains(" EF.DG2 in "));
    assert!(line("refused ").len() > "refused ".len());
    assert_eq!(line("enrolled "), "enrolled eidas2 active");
    assert!(line("scan ").ends_with("NotFound"));
    assert_eq!(line("login "), "login FranceConnect");
}
