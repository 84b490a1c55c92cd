//! What an operator does with the register, by the command, beside a running server.

use std::process::{Command, Output};

use crate::common::browser::Browser;
use crate::common::phone::{EMAIL, Phone};
use crate::common::{Bench, CONFIG, mails};

fn identities(bench: &Bench, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sceau"));
    command.args(["identities", "--config"]).arg(bench.folder.path().join(CONFIG)).args(arguments);
    command.output().unwrap()
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The status and code of a login that this phone claims.
fn claimed(bench: &Bench, phone: &mut Phone<'_>) -> (u16, String) {
    let page = Browser::new(bench).login_page("eidas2");
    let reply = phone.claim(&page.attribute("data-qr-handle").unwrap());
    (reply.status, reply.refused().1.to_owned())
}

/// Waits for the running server to send a notice.
fn told(bench: &Bench, text: &str) {
    for _ in 0..2400 {
        if mails(&bench.folder.path().join("mail")).iter().any(|mail| mail.contains(text)) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(25));
    }
    panic!("nobody was told: {text}");
}

#[test]
fn an_operator_lists_shows_suspends_and_resumes_without_seeing_a_person() {
    let bench = Bench::serve(|config| config);
    let (mut phone, _) = Phone::enrol(&bench, 1, &bench.passport());
    let listed = text(&identities(&bench, &["list"]));
    let (id, rest) = listed.split_once(' ').unwrap();
    assert!(rest.starts_with("active ") && listed.lines().count() == 1, "{listed}");
    assert_eq!(text(&identities(&bench, &["list", "--state", "blocked"])), "");

    let shown = text(&identities(&bench, &["show", id]));
    for part in
        ["state      active", "level      eidas2", "document   P", &phone.device_id(), "enrolment.sealed"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    for person in ["ERIKSSON", "ANNA", EMAIL, "L898902C3"] {
        assert!(!shown.contains(person), "{shown}");
    }

    let done = text(&identities(&bench, &["suspend", id, "--reason", "case 7"]));
    assert_eq!(done, format!("{id} blocked\n"));
    assert_eq!(claimed(&bench, &mut phone), (403, "identity-state.blocked".into()));
    told(&bench, "The service has blocked your identity");
    assert!(text(&identities(&bench, &["show", id])).contains("operator.reason case 7"));
    assert_eq!(
        text(&identities(&bench, &["suspend", id, "--reason", "x"])),
        format!("{id} blocked before\n")
    );

    assert_eq!(text(&identities(&bench, &["resume", id, "--reason", "case 7"])), format!("{id} active\n"));
    assert_eq!(claimed(&bench, &mut phone).0, 200);
    assert!(!identities(&bench, &["resume", id, "--reason", "x"]).status.success(), "it is not blocked");
    assert!(!identities(&bench, &["show", "nobody"]).status.success());
}

#[test]
fn what_waits_for_review_is_decided_and_what_is_compromised_is_found() {
    let bench = Bench::serve(|config| config);
    Phone::enrol(&bench, 1, &bench.passport());
    // Another document of the same person.
    let second = bench.builder().document_number("D23145890").build(&bench.utopia);
    let (mut phone, sealed) = Phone::enrol(&bench, 2, &second);
    assert_eq!(sealed.state, "review_pending");
    assert_eq!(claimed(&bench, &mut phone), (403, "identity-state.review-pending".into()));
    let waiting = text(&identities(&bench, &["list", "--state", "review_pending"]));
    let (id, _) = waiting.split_once(' ').unwrap();
    assert_eq!(
        text(&identities(&bench, &["review", id, "accept", "--reason", "seen"])),
        format!("{id} active\n")
    );
    assert_eq!(claimed(&bench, &mut phone).0, 200);
    assert!(!identities(&bench, &["review", id, "refuse", "--reason", "again"]).status.success());

    let found = text(&identities(&bench, &["affected-by", "--document", "P:UTO:D23145890"]));
    assert_eq!(found, format!("{id}\n"));
    let shown = text(&identities(&bench, &["show", id]));
    let signer = shown.split_once("signer ").unwrap().1.lines().next().unwrap();
    assert_eq!(text(&identities(&bench, &["affected-by", "--dsc", signer])).lines().count(), 2);
    assert_eq!(text(&identities(&bench, &["affected-by", "--csca", signer])), "");
    let both = text(&identities(&bench, &["affected-by", "--dsc", signer, "--suspend", "signer 7"]));
    assert_eq!(both.matches(" blocked").count(), 2);
    assert_eq!(claimed(&bench, &mut phone), (403, "identity-state.blocked".into()));
    assert!(!identities(&bench, &["affected-by"]).status.success(), "by what?");
}

#[test]
fn an_operator_erases_and_sees_whether_mail_goes_out() {
    let bench = Bench::serve(|config| config);
    let (mut phone, _) = Phone::enrol(&bench, 1, &bench.passport());
    let listed = text(&identities(&bench, &["list"]));
    let (id, _) = listed.split_once(' ').unwrap();
    assert!(!identities(&bench, &["erase", id, "--reason", "letter 7"]).status.success(), "not meant");
    let erase = ["erase", id, "--reason", "letter 7", "--for-ever"];
    assert_eq!(text(&identities(&bench, &erase)), format!("{id} erased\n"));
    assert!(!identities(&bench, &erase).status.success(), "once");
    assert_eq!(claimed(&bench, &mut phone), (403, "device-state.unknown".into()));
    assert!(!identities(&bench, &["show", id]).status.success());
    told(&bench, "Your account is deleted");

    let outbox = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sceau"));
        text(&command.args(["outbox", "--config"]).arg(bench.folder.path().join(CONFIG)).output().unwrap())
    };
    // The mail is in the folder a moment before it is out of the box.
    let empty = "waiting 0\ntried   0\noldest  -\nnext    -\n";
    let last = (0..200).map(|_| outbox()).find(|state| state == empty);
    assert!(last.is_some(), "{}", outbox());
}
