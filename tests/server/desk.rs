//! The desk: an agent compares person and portrait, with her own identity; every way to cheat her or the person is refused.

use crate::account::{begin, finish};
use crate::common::Bench;
use crate::common::browser::{Browser, Page};
use crate::common::phone::Phone;
use protocol::enrolment::{Consents, DeskCode, DeskStatus, Sealed, desk_ticket};
use test_passports::Specimen;

/// A server with a desk whose agents are named in a file.
fn bench() -> Bench {
    with_desk("")
}

fn with_desk(more: &str) -> Bench {
    Bench::with(|config| {
        // The file must be there when the server starts; the folder is its working place.
        let desk = format!("[desk]\nagents_file = \"desk-agents\"\n{more}\n[limits]");
        config.replace("[limits]", &desk)
    })
}

/// Names agents in the server's file.
fn name(bench: &Bench, agents: &[&str]) {
    let lines: String = agents.iter().map(|agent| format!("{agent} desk-7\n")).collect();
    std::fs::write(bench.folder.path().join("desk-agents"), lines).unwrap();
}

/// An enrolled person with her own document; the name of her identity.
fn person(bench: &Bench, seed: u64) -> (Phone<'_>, String) {
    let passport = another(bench, seed);
    let (phone, sealed) = Phone::enrol(bench, seed, &passport);
    let device = bench.runtime.block_on(bench.state().database.load_device(&sealed.device_id));
    (phone, device.unwrap().unwrap().identity_id)
}

/// A passport of somebody of her own name.
fn another(bench: &Bench, seed: u64) -> Specimen {
    let number = format!("P{seed:08}");
    let letter = char::from(b'A' + u8::try_from(seed % 26).unwrap());
    bench.builder().document_number(&number).names("MARTIN", &format!("{letter}LICE")).build(&bench.utopia)
}

/// A browser whose person has entered the desk.
fn at_desk<'a>(bench: &'a Bench, phone: &mut Phone<'_>) -> Browser<'a> {
    let browser = Browser::new(bench);
    let page = begin(&browser, "/desk");
    let done = finish(&browser, phone, &page);
    assert_eq!(done.location, Some(format!("{}/desk", bench.url)), "{}", done.body);
    browser
}

/// An agent in her browser.
fn agent(bench: &Bench, seed: u64) -> (Browser<'_>, String) {
    let (mut phone, identity) = person(bench, seed);
    (at_desk(bench, &mut phone), identity)
}

fn csrf(browser: &Browser<'_>) -> String {
    let page = browser.get("/desk").body;
    let (_, rest) = page.split_once("name=\"csrf\" value=\"").unwrap_or_else(|| panic!("{page}"));
    rest.split('"').next().unwrap().to_owned()
}

/// A phone that has refused biometrics and asked for a desk.
fn waiting<'a>(bench: &'a Bench, seed: u64, passport: &Specimen) -> Phone<'a> {
    let mut phone = Phone::open(bench, seed);
    let mut consents: Consents = phone.consents();
    consents.given.retain(|consent| consent.name != "face");
    assert_eq!(phone.json("PUT", "/consents", &consents).status, 200);
    phone.transcript.consents.remove("face");
    phone.verify_email();
    phone.upload_all(passport);
    phone.prove_chip(passport);
    assert_eq!(phone.declare().status, 200);
    assert_eq!(phone.call("POST", "/face", b"").refused(), (422, "consent.missing(face)"));
    assert_eq!(phone.call("POST", "/desk", b"").status, 200);
    phone
}

fn code(phone: &mut Phone<'_>) -> String {
    phone.call("POST", "/desk/code", b"").ok::<DeskCode>().code
}

fn ticket(phone: &Phone<'_>) -> String {
    desk_ticket(&phone.enrolment_id, &phone.bearer)
}

fn view(browser: &Browser<'_>, ticket: &str, code: &str) -> Page {
    browser.post("/desk/portrait", &[("csrf", &csrf(browser)), ("ticket", ticket), ("code", code)])
}

fn decide(browser: &Browser<'_>, ticket: &str, code: &str, finding: &str) -> Page {
    let fields = [
        ("csrf", csrf(browser)),
        ("ticket", ticket.into()),
        ("code", code.into()),
        ("finding", finding.into()),
    ];
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(n, v)| (*n, v.as_str())).chain([("features", "1")]).collect();
    browser.post("/desk/decision", &fields)
}

fn refused(page: &Page) -> (u16, String) {
    (page.status, page.attribute("data-code").unwrap_or_default())
}

fn is_refused(page: &Page, code: &str) {
    assert_eq!(refused(page), (403, code.to_owned()), "{}", page.body);
}

#[test]
fn a_person_who_refuses_biometrics_is_decided_at_a_desk_at_the_same_level() {
    let bench = bench();
    let (browser, identity) = agent(&bench, 1);
    name(&bench, &[&identity]);
    let passport = bench.passport();
    let mut phone = waiting(&bench, 2, &passport);
    let shown = code(&mut phone);
    let page = view(&browser, &ticket(&phone), &shown);
    assert_eq!(page.status, 200);
    assert!(page.body.contains("src=\"data:image/png;base64,iVBOR"), "{}", page.body);
    // Of a directive that stands twice a browser takes the first.
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.matches("img-src").count() == 1 && policy.contains("img-src 'self' data:;"), "{policy}");
    assert!(phone.call("GET", "/desk", b"").ok::<DeskStatus>().decision_id.is_none());
    let confirmed = code(&mut phone);
    let done = decide(&browser, &ticket(&phone), &confirmed, "same");
    assert!(done.status == 200 && done.body.contains("The portrait is erased"), "{}", done.body);
    let status: DeskStatus = phone.call("GET", "/desk", b"").ok();
    phone.transcript.holder_decision = status.decision_id.unwrap();
    let progress = phone.call("GET", "", b"");
    assert!(progress.body["files"].get("EF.DG2").is_none(), "the portrait is gone");
    phone.register_pin();
    let sealed: Sealed = phone.seal().ok();
    assert_eq!((sealed.state.as_str(), sealed.level.as_str()), ("active", "eidas2"));
    let id = phone.enrolment_id.clone();
    assert_eq!(bench.audited(&id, "desk.viewed"), [identity.as_str()]);
    assert_eq!(bench.audited(&id, "desk.same-person"), [format!("{identity} features")]);
}

#[test]
fn the_portrait_is_shown_once_and_only_with_a_fresh_code_of_this_phone() {
    let bench = bench();
    let (browser, identity) = agent(&bench, 1);
    name(&bench, &[&identity]);
    let mut phone = waiting(&bench, 2, &bench.passport());
    let mut other = waiting(&bench, 3, &another(&bench, 9));
    let photographed = ticket(&phone);
    is_refused(&view(&browser, &photographed, "000000"), "desk.code");
    let foreign = code(&mut other);
    is_refused(&view(&browser, &photographed, &foreign), "desk.code");
    let late = code(&mut phone);
    bench.clock.advance(60);
    is_refused(&view(&browser, &photographed, &late), "desk.code");
    let good = code(&mut phone);
    assert_eq!(view(&browser, &photographed, &good).status, 200);
    is_refused(&view(&browser, &photographed, &good), "desk.code");
    let again = code(&mut phone);
    is_refused(&view(&browser, &photographed, &again), "desk.seen");
    // A decision needs a code of its own.
    let page = decide(&browser, &photographed, &again, "same");
    assert!(page.status == 200 && page.body.contains("This code is wrong"), "{}", page.body);
    assert!(!page.body.contains("data:image"), "the portrait is not shown again");
    assert!(phone.call("GET", "/desk", b"").ok::<DeskStatus>().decision_id.is_none());
}

#[test]
fn who_is_no_agent_or_the_person_herself_decides_nothing() {
    let bench = bench();
    let (mut own_phone, own) = person(&bench, 1);
    let stranger = at_desk(&bench, &mut own_phone);
    name(&bench, &[]);
    let page = stranger.get("/desk");
    is_refused(&page, "desk.no-agent");
    assert!(page.body.contains(&own), "she is told the name to give to the operator");
    // An agent who renews her own document at her own desk.
    name(&bench, &[&own]);
    let mut phone = waiting(&bench, 2, &another(&bench, 1));
    let shown = code(&mut phone);
    is_refused(&view(&stranger, &ticket(&phone), &shown), "desk.own");
    assert_eq!(bench.audited(&phone.enrolment_id, "desk.own"), [own.as_str()]);
    // Struck out: at once.
    name(&bench, &[]);
    let page = stranger.post("/desk/portrait", &[("csrf", ""), ("ticket", ""), ("code", "")]);
    assert_eq!(page.status, 403);
    // Without a session there is the way to sign in, and nothing else.
    let nobody = Browser::new(&bench);
    let page = nobody.post("/desk/portrait", &[("ticket", &ticket(&phone)), ("code", &shown)]);
    assert!(page.status == 401 && !page.body.contains("data:image"));
}

#[test]
fn a_ticket_of_nothing_that_waits_is_refused() {
    let bench = bench();
    let (browser, identity) = agent(&bench, 1);
    name(&bench, &[&identity]);
    let passport = bench.passport();
    let mut phone = waiting(&bench, 2, &passport);
    let shown = code(&mut phone);
    let wrong_secret = desk_ticket(&phone.enrolment_id, &"A".repeat(43));
    for wrong in ["", "sceau-desk:", &wrong_secret, &format!("{}/app/x", bench.url)] {
        is_refused(&view(&browser, wrong, &shown), "desk.no-enrolment");
    }
    // One that did not ask for a desk.
    let mut asked_nothing = Phone::up_to_the_seal(&bench, 3, &another(&bench, 7));
    is_refused(&view(&browser, &ticket(&asked_nothing), &shown), "desk.no-enrolment");
    assert_eq!(asked_nothing.call("POST", "/desk/code", b"").refused(), (409, "desk.not-asked"));
    // One who did not see the portrait.
    let blind = decide(&browser, &ticket(&phone), &shown, "same");
    is_refused(&blind, "desk.not-seen");
}

#[test]
fn another_person_ends_the_enrolment() {
    let bench = bench();
    let (browser, identity) = agent(&bench, 1);
    name(&bench, &[&identity]);
    let mut phone = waiting(&bench, 2, &bench.passport());
    let shown = code(&mut phone);
    assert_eq!(view(&browser, &ticket(&phone), &shown).status, 200);
    let done = decide(&browser, &ticket(&phone), "", "other");
    assert!(done.status == 200 && done.body.contains("erased"), "{}", done.body);
    assert_eq!(phone.call("GET", "/desk", b"").refused(), (409, "enrolment.closed"));
    assert_eq!(bench.audited(&phone.enrolment_id, "desk.other-person"), [format!("{identity} features")]);
}

#[test]
fn four_eyes_are_two_agents() {
    let bench = with_desk("four_eyes = true");
    let (first, one) = agent(&bench, 1);
    let (second, two) = agent(&bench, 3);
    name(&bench, &[&one, &two]);
    let mut phone = waiting(&bench, 2, &bench.passport());
    for (browser, last) in [(&first, false), (&second, true)] {
        let shown = code(&mut phone);
        assert_eq!(view(browser, &ticket(&phone), &shown).status, 200);
        let confirmed = code(&mut phone);
        let done = decide(browser, &ticket(&phone), &confirmed, "same");
        assert_eq!(done.status, 200, "{}", done.body);
        let decided = phone.call("GET", "/desk", b"").ok::<DeskStatus>().decision_id.is_some();
        assert_eq!(decided, last);
        if !last {
            // The same agent twice is two eyes.
            let more = code(&mut phone);
            let again = decide(browser, &ticket(&phone), &more, "same");
            assert!(again.body.contains("second agent"), "{}", again.body);
            assert!(phone.call("GET", "/desk", b"").ok::<DeskStatus>().decision_id.is_none());
        }
    }
}
