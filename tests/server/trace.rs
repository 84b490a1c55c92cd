//! Traces of readings that failed: taken of who agreed, bounded, kept for a while, shown to the operator.

use std::process::Command;

use mobile_bridge::TraceRecorder;
use sceau::housekeeping;

use crate::common::held::{App, Field, Held};
use crate::common::phone::{Phone, Reply};
use crate::common::{Bench, CONFIG};

const LINE: &str = "{\"event\":\"failed\",\"code\":\"nfc.status\"}\n";
const DAY: i64 = 86_400;

/// The text `trace` may be agreed to.
fn asking(config: String) -> String {
    config
        + "[[enrolment.consents]]\nname = \"trace\"\nversion = \"1\"\nfile = \"terms.txt\"\nrequired = false\n"
}

fn send(phone: &mut Phone<'_>, text: &str) -> Reply {
    phone.call("POST", "/trace", text.as_bytes())
}

#[test]
fn a_person_who_agreed_sends_the_trace_of_a_reading_and_the_operator_sees_it() {
    let bench = Bench::serve(asking);
    let held = Held::from(bench.passport());
    let app = App::open(&bench, 1);
    let recorder = TraceRecorder::new();
    app.client.trace(Some(recorder.clone()));
    let error = app.read_from(&held, Field::leaving_after(&held, 30)).unwrap_err();
    assert_eq!(error.code(), "nfc.tag-lost");
    let receipt = app.client.send_trace(recorder.clone()).unwrap();
    let kept_for = receipt.kept_until - bench.now().0;
    assert!((29 * DAY..=31 * DAY).contains(&kept_for), "{kept_for}");

    let sceau = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sceau"));
        let output =
            command.args(arguments).arg("--config").arg(bench.folder.path().join(CONFIG)).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let list = sceau(&["trace", "list"]);
    assert!(list.ends_with(&format!("  {}  nfc.tag-lost\n", receipt.reference)), "{list}");
    let shown = sceau(&["trace", "show", &receipt.reference]);
    assert!(shown.contains("EF.SOD, ") && shown.contains("GENERAL AUTHENTICATE"), "{shown}");
    assert!(shown.contains("ended: nfc.tag-lost\n30 commands, "), "{shown}");
    assert!(!shown.contains(&held.specimen.mrz.document_number) && !shown.contains("ERIKSSON"));
}

#[test]
fn no_trace_is_taken_of_who_did_not_agree() {
    let bench = Bench::start();
    // The text is not even offered; the app does not send, and the server does not take.
    let app = App::open(&bench, 1);
    assert_eq!(app.client.send_trace(TraceRecorder::new()).unwrap_err().code(), "usage");
    let mut phone = Phone::open(&bench, 2);
    assert_eq!(send(&mut phone, LINE).refused(), (422, "consent.missing(trace)"));
    // Nor where none are kept, whatever was agreed to.
    let bench = Bench::with(|config| asking(config) + "[enrolment]\ntrace_days = 0\n");
    let mut phone = Phone::open(&bench, 3);
    assert_eq!(send(&mut phone, LINE).refused(), (422, "consent.missing(trace)"));
}

#[test]
fn a_trace_has_no_room_for_anything_else_and_an_enrolment_sends_three() {
    let bench = Bench::with(asking);
    let mut phone = Phone::open(&bench, 1);
    for text in [
        "P<UTOERIKSSON<<ANNA<MARIA",
        "{\"event\":\"failed\",\"code\":\"P<UTOERIKSSON\"}\n",
        "{\"event\":\"file\",\"name\":\"EF.DG1\",\"length\":93,\"oids\":[\"ERIKSSON\"]}\n",
        "{\"event\":\"command\",\"data\":\"00\"}\n",
    ] {
        assert_eq!(send(&mut phone, text).refused(), (400, "request.malformed"), "{text}");
    }
    assert_eq!(send(&mut phone, &LINE.repeat(2049)).refused(), (400, "request.malformed"));
    assert_eq!(send(&mut phone, &" ".repeat(512 * 1024 + 1)).refused(), (413, "request.too-large"));
    for _ in 0..3 {
        assert_eq!(send(&mut phone, LINE).status, 200);
    }
    assert_eq!(send(&mut phone, LINE).refused(), (429, "enrolment.attempts"));
}

#[test]
fn a_trace_is_forgotten_when_its_time_is_over() {
    let bench = Bench::with(asking);
    let mut phone = Phone::open(&bench, 1);
    let receipt: protocol::enrolment::TraceReceipt = send(&mut phone, LINE).ok();
    let database = &bench.state().database;
    let kept = |reference: &str| bench.runtime.block_on(database.trace(reference, bench.now())).unwrap();
    bench.clock.advance(30 * DAY - 1);
    assert_eq!(kept(&receipt.reference).as_deref(), Some(LINE));
    bench.clock.advance(1);
    assert_eq!(kept(&receipt.reference), None);
    bench.runtime.block_on(housekeeping::once(bench.state())).unwrap();
    // Not even a clock that goes back brings it again.
    bench.clock.advance(-DAY);
    assert_eq!(kept(&receipt.reference), None);
}
