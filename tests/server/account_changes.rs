//! What a holder may change: by her phone, which shows it; what protects her at once; and without her phone by her sheet.

use crate::account::{csrf, entered, finish};
use crate::common::browser::{Browser, Page};
use crate::common::phone::{EMAIL, PIN, Phone};
use crate::common::{Bench, mails};
use crate::login::path;
use identity::IdentityState;
use protocol::enrolment::Sealed;
use protocol::login::LoginChallenge;

fn enrolled(bench: &Bench) -> (Phone<'_>, Sealed) {
    Phone::enrol(bench, 1, &bench.passport())
}

/// Sends a form of the account.
fn submit(browser: &Browser<'_>, to: &str, fields: &[(&str, &str)]) -> Page {
    let token = csrf(browser);
    browser.post(to, &[fields, &[("csrf", token.as_str())]].concat())
}

/// The login that a form led to.
fn login_of(browser: &Browser<'_>, redirect: &Page) -> Page {
    assert_eq!(redirect.status, 303, "{}", redirect.body);
    let location = redirect.location.clone().unwrap();
    assert!(location.contains("/login/"), "{location}");
    browser.get(&location)
}

/// Approves what a form asked of the phone; where the browser ends.
fn approved(browser: &Browser<'_>, phone: &mut Phone<'_>, redirect: &Page) -> Page {
    let page = login_of(browser, redirect);
    let done = finish(browser, phone, &page);
    match &done.location {
        Some(location) => browser.get(location),
        None => done,
    }
}

/// Sends what waits in the outbox; every mail that was sent to an address and holds this text.
fn sent(bench: &Bench, to: &str, text: &str) -> usize {
    bench.runtime.block_on(sceau::outbox::deliver(bench.state())).unwrap();
    let all = mails(&bench.folder.path().join("mail"));
    all.iter().filter(|mail| mail.contains(&format!("To: {to}")) && mail.contains(text)).count()
}

fn state_of(bench: &Bench, phone: &Phone<'_>) -> IdentityState {
    let database = &bench.state().database;
    bench.runtime.block_on(async {
        let device = database.load_device(&phone.device_id()).await.unwrap().unwrap();
        database.load_account(&device.identity_id).await.unwrap().unwrap().state
    })
}

#[test]
fn a_pause_counts_at_once_and_ends_by_the_phone() {
    let bench = Bench::start();
    let (mut phone, _) = enrolled(&bench);
    let browser = entered(&bench, &mut phone);
    let paused = submit(&browser, "/account/pause", &[]);
    assert_eq!((paused.status, state_of(&bench, &phone)), (303, IdentityState::Paused));
    let page = browser.get(&paused.location.unwrap());
    assert!(page.body.contains("Your identity is paused.") && page.body.contains("/account/resume"));
    assert_eq!(sent(&bench, EMAIL, "You paused your identity"), 1);

    let asked = submit(&browser, "/account/resume", &[]);
    assert_eq!(state_of(&bench, &phone), IdentityState::Paused, "nothing before the phone's approval");
    let page = login_of(&browser, &asked);
    let challenge: LoginChallenge = phone.claim(&page.attribute("data-qr-handle").unwrap()).ok();
    assert!(challenge.notice.starts_with("End of the pause"), "{}", challenge.notice);
    assert!(challenge.notice.contains("only if you have just asked"));
    let back = approved(&browser, &mut phone, &asked);
    assert!(back.body.contains("no longer paused"), "{}", back.body);
    assert_eq!(state_of(&bench, &phone), IdentityState::Active);
    assert_eq!(sent(&bench, EMAIL, "no longer paused"), 1);
    assert_eq!(sent(&bench, EMAIL, "You paused your identity"), 1, "each notice is sent once");
}

#[test]
fn what_a_session_asks_is_not_done_by_another_persons_phone() {
    let bench = Bench::start();
    let (mut phone, _) = enrolled(&bench);
    let browser = entered(&bench, &mut phone);
    submit(&browser, "/account/pause", &[]);
    let other_passport =
        bench.builder().names("PETRE", "JEAN").document_number("D23145890").build(&bench.utopia);
    let (mut other, _) = Phone::enrol(&bench, 2, &other_passport);
    let asked = submit(&browser, "/account/resume", &[]);
    let page = login_of(&browser, &asked);
    let done = finish(&browser, &mut other, &page);
    assert!(done.location.unwrap().contains("done=nothing"));
    assert_eq!(
        (state_of(&bench, &phone), state_of(&bench, &other)),
        (IdentityState::Paused, IdentityState::Active)
    );
}

#[test]
fn a_block_counts_at_once_and_ends_every_session() {
    let bench = Bench::start();
    let (mut phone, _) = enrolled(&bench);
    let (browser, other) = (entered(&bench, &mut phone), entered(&bench, &mut phone));
    assert!(browser.get("/account/block").body.contains("Block now"));
    let blocked = submit(&browser, "/account/block", &[]);
    assert!(blocked.status == 200 && blocked.body.contains("Your identity is blocked"), "{}", blocked.body);
    assert_eq!(state_of(&bench, &phone), IdentityState::Blocked);
    for browser in [browser, other] {
        assert!(!browser.get("/account").body.contains("ERIKSSON"));
    }
    assert_eq!(sent(&bench, EMAIL, "Your identity is blocked"), 1);
}

#[test]
fn another_address_needs_its_code_and_the_phone_and_is_told_to_the_old_one() {
    let bench = Bench::start();
    let (mut phone, _) = enrolled(&bench);
    let browser = entered(&bench, &mut phone);
    let new = "anna@new.example.org";
    for address in ["", "anna", "anna@localhost", "<anna@example.org>"] {
        assert_eq!(submit(&browser, "/account/email", &[("email", address)]).status, 422, "{address}");
    }
    let asked = submit(&browser, "/account/email", &[("email", new)]);
    let page = browser.get(asked.location.as_ref().unwrap());
    assert!(page.body.contains("Six-digit code"), "{}", page.body);
    let to = asked.location.unwrap().split('?').next().unwrap().to_owned();
    let digits = bench.mailed_code(new);
    let wrong = if digits == "000000" { "111111" } else { "000000" };
    assert!(submit(&browser, &to, &[("code", wrong)]).body.contains("This code is wrong"));
    let asked = submit(&browser, &to, &[("code", &digits)]);
    assert!(browser.get("/account").body.contains(EMAIL), "nothing before the phone's approval");
    let page = login_of(&browser, &asked);
    let challenge: LoginChallenge = phone.claim(&page.attribute("data-qr-handle").unwrap()).ok();
    assert!(challenge.notice.contains(new), "the phone shows the new address: {}", challenge.notice);
    let back = approved(&browser, &mut phone, &asked);
    assert!(back.body.contains("Your e-mail address is changed") && back.body.contains(new), "{}", back.body);
    assert_eq!((sent(&bench, EMAIL, "has changed"), sent(&bench, new, "has changed")), (1, 1));
}

#[test]
fn five_wrong_codes_end_a_change_of_address() {
    let bench = Bench::start();
    let (mut phone, _) = enrolled(&bench);
    let browser = entered(&bench, &mut phone);
    let asked = submit(&browser, "/account/email", &[("email", "a@new.example.org")]);
    let to = asked.location.unwrap().split('?').next().unwrap().to_owned();
    let digits = bench.mailed_code("a@new.example.org");
    let wrong = if digits == "000000" { "111111" } else { "000000" };
    for _ in 0..4 {
        assert_eq!(submit(&browser, &to, &[("code", wrong)]).status, 200);
    }
    assert_eq!(submit(&browser, &to, &[("code", wrong)]).status, 410);
    assert_eq!(submit(&browser, &to, &[("code", &digits)]).status, 410);
}

#[test]
fn place_and_spelling_are_corrected_by_the_phone_and_the_letters_are_the_documents() {
    let bench = Bench::start();
    let (mut phone, _) = enrolled(&bench);
    let browser = entered(&bench, &mut phone);
    let page = browser.get("/account/identity?place=paris%2012");
    assert!(page.body.contains("value=\"99100 75112\""), "{}", page.body);
    let fields = |family: &'static str, place: &'static str| {
        [("family_name", family), ("given_name", "ANNA MARIA"), ("preferred_username", ""), ("place", place)]
    };
    // Another name, and a place that the chip's text contradicts.
    for wrong in [fields("DUPONT", ""), fields("ERIKSSON", "99100 69381"), fields("ERIKSSON", "99109")] {
        assert_eq!(submit(&browser, "/account/identity", &wrong).status, 422, "{wrong:?}");
    }
    let asked = submit(&browser, "/account/identity", &fields("Eriksson", "99100 75112"));
    let page = login_of(&browser, &asked);
    let challenge: LoginChallenge = phone.claim(&page.attribute("data-qr-handle").unwrap()).ok();
    assert!(
        challenge.notice.contains("Eriksson") && challenge.notice.contains("75112"),
        "{}",
        challenge.notice
    );
    let back = approved(&browser, &mut phone, &asked);
    assert!(back.body.contains("corrected") && back.body.contains("75112") && back.body.contains("Eriksson"));
    assert_eq!(sent(&bench, EMAIL, "You corrected"), 1);
    // Five in thirty days.
    for _ in 0..4 {
        assert_eq!(submit(&browser, "/account/identity", &fields("ERIKSSON", "")).status, 303);
    }
    assert_eq!(submit(&browser, "/account/identity", &fields("ERIKSSON", "")).status, 429);
}

#[test]
fn a_change_that_the_phone_refuses_or_that_takes_too_long_changes_nothing() {
    let bench = Bench::start();
    let (mut phone, _) = enrolled(&bench);
    let browser = entered(&bench, &mut phone);
    let asked = submit(&browser, "/account/delete", &[]);
    let page = login_of(&browser, &asked);
    let challenge: LoginChallenge = phone.claim(&page.attribute("data-qr-handle").unwrap()).ok();
    assert!(challenge.notice.starts_with("DELETION"));
    phone.refuse(&challenge, protocol::approval::Decision::Refuse);
    let back = browser.get(&path(&page));
    let back = browser.get(&browser.get(&back.location.unwrap()).location.unwrap());
    assert!(back.body.contains("you did not approve"), "{}", back.body);
    assert_eq!(state_of(&bench, &phone), IdentityState::Active);
}

#[test]
fn a_deleted_account_is_gone_and_its_holder_is_told() {
    let bench = Bench::start();
    let (mut phone, _) = enrolled(&bench);
    let (browser, other) = (entered(&bench, &mut phone), entered(&bench, &mut phone));
    assert!(browser.get("/account/delete").body.contains("Delete for ever"));
    let asked = submit(&browser, "/account/delete", &[]);
    let gone = approved(&browser, &mut phone, &asked);
    assert!(gone.status == 200 && gone.body.contains("Your account is deleted"), "{}", gone.body);
    for browser in [&browser, &other] {
        assert!(!browser.get("/account").body.contains("ERIKSSON"));
        assert_eq!(browser.get("/account/export").status, 401);
    }
    assert_eq!(sent(&bench, EMAIL, "Your account is deleted"), 1);
    let page = browser.login_page("eidas2");
    let claimed = phone.claim(&page.attribute("data-qr-handle").unwrap());
    assert_eq!(claimed.refused(), (403, "device-state.unknown"));
}

#[test]
fn no_form_of_the_account_counts_from_another_page_or_without_a_session() {
    let bench = Bench::start();
    let (mut phone, _) = enrolled(&bench);
    let (browser, other) = (entered(&bench, &mut phone), entered(&bench, &mut phone));
    let others = csrf(&other);
    let before = browser.get("/account").body;
    let mailed = codes(&bench);
    let forms = [
        "/account/pause",
        "/account/resume",
        "/account/block",
        "/account/delete",
        "/account/email",
        "/account/email/0123",
        "/account/identity",
        "/session/end",
    ];
    let fields = [("email", "a@new.example.org"), ("code", "123456"), ("family_name", "Eriksson")];
    for to in forms {
        for token in [None, Some(""), Some(others.as_str())] {
            let token: Vec<(&str, &str)> = token.map(|token| ("csrf", token)).into_iter().collect();
            let refused = browser.post(to, &[&fields[..], &token].concat());
            assert_eq!(refused.status, 403, "{to}: {}", refused.body);
        }
        assert_eq!(Browser::new(&bench).post(to, &[("csrf", others.as_str())]).status, 401, "{to}");
        // A form is never a link.
        assert!(matches!(browser.get(to).status, 200 | 405), "{to}");
    }
    assert_eq!(browser.get("/account").body, before, "nothing was changed");
    assert_eq!((state_of(&bench, &phone), codes(&bench)), (IdentityState::Active, mailed));
}

#[test]
fn the_export_holds_what_is_kept_of_the_holder_and_no_key() {
    let bench = Bench::start();
    let (mut phone, sealed) = enrolled(&bench);
    let browser = entered(&bench, &mut phone);
    let export = browser.get("/account/export");
    assert!(export.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
    let json = export.json();
    let claim = |name: &str| {
        let claims = json["identity"]["claims"].as_array().unwrap();
        claims.iter().find(|claim| claim["name"] == name).unwrap().clone()
    };
    assert_eq!(
        (&claim("family_name")["value"], &claim("family_name")["provenance"]),
        (&"ERIKSSON".into(), &"chip".into())
    );
    assert_eq!(
        (&claim("email")["value"], &claim("email")["provenance"]),
        (&EMAIL.into(), &"declared".into())
    );
    assert_eq!(json["documents"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&json["phones"][0]["id"], &json["phones"][0]["active"]),
        (&phone.device_id().into(), &true.into())
    );
    assert_eq!(json["connections"][0]["result"], "approved");
    assert_eq!(json["consents"].as_array().unwrap().len(), 2);
    let pin_key = phone.pin_key(PIN).public_key().to_sec1();
    for secret in [hex::encode(pin_key), sealed.recovery_code] {
        assert!(!export.body.contains(&secret));
    }
    assert_eq!(Browser::new(&bench).get("/account/export").status, 401);
}

/// Asks for something by the recovery sheet; where the code is typed.
fn asked_by_sheet(browser: &Browser<'_>, sheet: &str, what: &str) -> String {
    let asked = browser.post("/recovery", &[("sheet", sheet), ("what", what)]);
    assert_eq!(asked.status, 303, "{}", asked.body);
    asked.location.unwrap().split('?').next().unwrap().to_owned()
}

fn codes(bench: &Bench) -> usize {
    mails(&bench.folder.path().join("mail")).iter().filter(|mail| mail.contains("Your Sceau code")).count()
}

#[test]
fn without_her_phone_a_holder_blocks_by_her_sheet_and_gives_the_block_up_to_enrol_again() {
    let bench = Bench::start();
    let (mut phone, sealed) = enrolled(&bench);
    let browser = Browser::new(&bench);
    let to = asked_by_sheet(&browser, &sealed.recovery_code.to_lowercase(), "block");
    assert!(browser.get(&to).body.contains("If the sheet is right"));
    assert_eq!(state_of(&bench, &phone), IdentityState::Active, "the sheet alone does nothing");
    let digits = bench.mailed_code(EMAIL);
    let wrong = if digits == "000000" { "111111" } else { "000000" };
    assert!(browser.post(&to, &[("code", wrong)]).body.contains("This code is wrong"));
    assert!(browser.post(&to, &[("code", &digits)]).body.contains("Your identity is blocked"));
    assert_eq!(state_of(&bench, &phone), IdentityState::Blocked);
    assert!(!browser.post(&to, &[("code", &digits)]).body.contains("Your identity is blocked"), "once");
    assert_eq!(sent(&bench, EMAIL, "Your identity is blocked"), 1);

    // The same sheet gives the block up: the phone does not come back by it, the document does.
    let to = asked_by_sheet(&browser, &sealed.recovery_code, "unblock");
    let done = browser.post(&to, &[("code", &bench.mailed_code(EMAIL))]);
    assert!(done.body.contains("enrol your document again"), "{}", done.body);
    assert_eq!(state_of(&bench, &phone), IdentityState::Expired);
    let page = browser.login_page("eidas2");
    assert_eq!(
        phone.claim(&page.attribute("data-qr-handle").unwrap()).refused(),
        (403, "device-state.unknown")
    );
    let (again, sealed) = Phone::enrol(&bench, 2, &bench.passport());
    assert!(sealed.replaced);
    assert_eq!(state_of(&bench, &again), IdentityState::Active);
}

#[test]
fn an_operators_block_is_not_given_up_by_a_sheet() {
    let bench = Bench::start();
    let (phone, sealed) = enrolled(&bench);
    let database = &bench.state().database;
    bench.runtime.block_on(async {
        let identity = database.load_device(&phone.device_id()).await.unwrap().unwrap().identity_id;
        let states = (IdentityState::Active, IdentityState::Blocked);
        let by = storage::BlockedBy::Operator;
        assert!(
            database
                .change_state(&identity, states, by, "identity.suspended", vec![], bench.now())
                .await
                .unwrap()
        );
    });
    let before = codes(&bench);
    let browser = Browser::new(&bench);
    let to = asked_by_sheet(&browser, &sealed.recovery_code, "unblock");
    assert!(browser.get(&to).body.contains("If the sheet is right"), "the same page as ever");
    assert_eq!(codes(&bench), before, "no code was mailed");
    assert!(browser.post(&to, &[("code", "000000")]).body.contains("This code is wrong"));
}

#[test]
fn a_sheet_lifts_the_suspension_of_a_phone_and_a_wrong_one_tells_nothing() {
    let bench = Bench::start();
    let (mut phone, sealed) = enrolled(&bench);
    let browser = Browser::new(&bench);
    let page = browser.login_page("eidas2");
    let challenge: LoginChallenge = phone.claim(&page.attribute("data-qr-handle").unwrap()).ok();
    for _ in 0..3 {
        assert_eq!(phone.approve(&challenge, "999991").status, 403);
    }
    assert_eq!(phone.approve(&challenge, PIN).refused(), (403, "device-state.suspended"));
    let before = codes(&bench);
    let to = asked_by_sheet(&browser, "AAAAA-AAAAA-AAAAA-AAAAA", "lift");
    assert!(browser.get(&to).body.contains("If the sheet is right"));
    assert_eq!(codes(&bench), before);
    let to = asked_by_sheet(&browser, &sealed.recovery_code, "lift");
    let done = browser.post(&to, &[("code", &bench.mailed_code(EMAIL))]);
    assert!(done.body.contains("can approve sign-ins again"), "{}", done.body);
    assert_eq!(phone.approve(&challenge, PIN).status, 200);
    // Twenty tries an hour from one address.
    for _ in 0..18 {
        browser.post("/recovery", &[("sheet", "x"), ("what", "block")]);
    }
    assert_eq!(browser.post("/recovery", &[("sheet", "x"), ("what", "block")]).status, 429);
}
