//! The citizen's account: how it is entered, and what may be done there, by whom.

use crate::common::browser::{Browser, Page};
use crate::common::phone::{EMAIL, PIN, Phone};
use crate::common::{Bench, SECRET};
use crate::login::{enrolled, path};
use identity::IdentityState;
use protocol::approval::Decision;
use protocol::login::{Approved, LoginChallenge};

/// Begins a login to one of our own pages.
pub fn begin(browser: &Browser<'_>, to: &str) -> Page {
    let redirect = browser.post("/session", &[("to", to)]);
    assert_eq!(redirect.status, 303, "{}", redirect.body);
    browser.get(&redirect.location.unwrap())
}

/// Approves a login by its QR code and types the release code; where the browser is led.
pub fn finish(browser: &Browser<'_>, phone: &mut Phone<'_>, page: &Page) -> Page {
    let challenge: LoginChallenge = phone.claim(&page.attribute("data-qr-handle").unwrap()).ok();
    let Approved::Qr { release_code } = phone.approve(&challenge, PIN).ok() else { panic!("no code") };
    browser.post(&format!("{}/release", path(page)), &[("code", &release_code)])
}

/// A browser whose person has entered her account.
pub fn entered<'a>(bench: &'a Bench, phone: &mut Phone<'_>) -> Browser<'a> {
    let browser = Browser::new(bench);
    let page = begin(&browser, "/account");
    let done = finish(&browser, phone, &page);
    assert_eq!(done.location, Some(format!("{}/account", bench.url)), "{}", done.body);
    browser
}

/// The token of a session's forms.
pub fn csrf(browser: &Browser<'_>) -> String {
    let page = browser.get("/account").body;
    let (_, rest) = page.split_once("name=\"csrf\" value=\"").expect("a page of the account");
    rest.split('"').next().unwrap().to_owned()
}

pub fn identity_of(bench: &Bench, phone: &Phone<'_>) -> String {
    let device = bench.runtime.block_on(bench.state().database.load_device(&phone.device_id()));
    device.unwrap().unwrap().identity_id
}

pub fn set_state(bench: &Bench, identity: &str, from: IdentityState, to: IdentityState) {
    let database = &bench.state().database;
    let set = database.set_identity_state(identity, from, to, "identity.state", bench.now());
    assert_eq!(bench.runtime.block_on(set), Ok(true));
}

#[test]
fn a_person_enters_her_account_with_her_phone_and_leaves_it() {
    let bench = Bench::start();
    let mut phone = enrolled(&bench);
    let browser = Browser::new(&bench);
    let entry = browser.get("/account");
    assert!(entry.status == 200 && entry.body.contains("action=\"/session?lang=en\""), "{}", entry.body);

    let page = begin(&browser, "/account");
    let challenge: LoginChallenge = phone.claim(&page.attribute("data-qr-handle").unwrap()).ok();
    let shown = (&challenge.statement.client_id, &challenge.statement.client_name, &challenge.statement.acr);
    assert_eq!(
        shown,
        (&"sceau".to_owned(), &"Sceau".to_owned(), &"eidas2".to_owned()),
        "the highest reached"
    );
    assert_eq!(challenge.statement.claims, ["sub"]);
    assert!(challenge.notice.starts_with("Your account:"), "{}", challenge.notice);
    let done = finish(&browser, &mut phone, &page);
    assert_eq!(done.location, Some(format!("{}/account", bench.url)));
    assert_eq!(done.query("code"), None, "no code is made");
    let cookies: Vec<String> = browser.cookies.borrow().keys().cloned().collect();
    assert_eq!(cookies, ["sceau-session"], "the login's own secret is taken back");

    let account = browser.get("/account");
    assert_eq!(account.status, 200);
    for text in
        ["ERIKSSON", EMAIL, "12 Aug 1974", "Paris", "Sceau</strong>", "approved", &phone.device_id()[..8]]
    {
        assert!(account.body.contains(text), "{text}: {}", account.body);
    }
    assert_eq!(account.headers["cache-control"], "no-store");
    // Nobody else enters by the same page, and the login is used up.
    assert!(!Browser::new(&bench).get("/account").body.contains("ERIKSSON"));
    assert!(browser.get(&path(&page)).status == 403, "its cookie is gone");

    let left = browser.post("/session/end", &[("csrf", &csrf(&browser))]);
    assert_eq!(left.status, 200);
    assert!(browser.cookies.borrow().is_empty());
    assert!(!browser.get("/account").body.contains("ERIKSSON"));
}

#[test]
fn a_session_that_was_ended_does_not_count_though_its_cookie_was_kept() {
    let bench = Bench::start();
    let browser = entered(&bench, &mut enrolled(&bench));
    let kept = browser.cookies.borrow().clone();
    browser.post("/session/end", &[("csrf", &csrf(&browser))]);
    *browser.cookies.borrow_mut() = kept;
    assert!(!browser.get("/account").body.contains("ERIKSSON"));
}

#[test]
fn a_session_ends_by_rest_and_by_age() {
    let bench = Bench::start();
    let browser = entered(&bench, &mut enrolled(&bench));
    for _ in 0..5 {
        bench.clock.advance(599);
        assert!(browser.get("/account").body.contains("ERIKSSON"));
    }
    bench.clock.advance(600);
    assert!(!browser.get("/account").body.contains("ERIKSSON"));
}

#[test]
fn a_form_counts_only_with_its_own_sessions_token() {
    let bench = Bench::start();
    let mut phone = enrolled(&bench);
    let (browser, other) = (entered(&bench, &mut phone), entered(&bench, &mut phone));
    let others = csrf(&other);
    for form in [&[][..], &[("csrf", "")], &[("csrf", others.as_str())]] {
        let refused = browser.post("/session/end", form);
        assert!(refused.status == 403 && refused.body.contains("session.form"), "{}", refused.body);
    }
    assert!(browser.get("/account").body.contains("ERIKSSON"), "nothing was changed");
    // Without a session a form leads to the entrance.
    let outside = Browser::new(&bench).post("/session/end", &[("csrf", &others)]);
    assert!(outside.status == 401 && outside.body.contains("name=\"to\""));
}

#[test]
fn our_own_pages_are_no_client_of_the_endpoints() {
    let bench = Bench::start();
    let browser = Browser::new(&bench);
    let uri = format!("{}/account", bench.url);
    let query = format!("client_id=sceau&redirect_uri={uri}&response_type=code&scope=openid");
    let page = browser.get(&format!("/authorize?{query}"));
    assert!(page.status == 400 && page.body.contains("authorize.unknown-client"), "{}", page.body);
    let form = [
        ("grant_type", "authorization_code"),
        ("code", "c"),
        ("client_id", "sceau"),
        ("client_secret", SECRET),
    ];
    assert_eq!(browser.post("/token", &form).json()["error"], "invalid_client");
    // And a login leads to our own pages only.
    for to in ["", "/", "https://evil.example", "//evil.example", "/account/../x", "/token"] {
        assert_eq!(browser.post("/session", &[("to", to)]).status, 400, "{to}");
    }
}

#[test]
fn a_login_for_a_client_opens_no_session_and_a_refused_one_leads_back() {
    let bench = Bench::start();
    let mut phone = enrolled(&bench);
    let browser = Browser::new(&bench);
    let page = browser.login_page("eidas2");
    assert!(finish(&browser, &mut phone, &page).query("code").is_some());
    assert!(!browser.get("/account").body.contains("ERIKSSON"));

    let page = begin(&browser, "/account");
    let challenge: LoginChallenge = phone.claim(&page.attribute("data-qr-handle").unwrap()).ok();
    phone.refuse(&challenge, Decision::NotMe);
    let back = browser.get(&path(&page));
    assert_eq!(back.query("error").as_deref(), Some("access_denied"));
    let page = browser.get(&back.location.unwrap());
    assert!(page.status == 200 && page.body.contains("did not enter"), "{}", page.body);
    // The refusal stands in the history.
    let browser = entered(&bench, &mut phone);
    assert!(browser.get("/account").body.contains("it was not me"));
}

#[test]
fn a_paused_identity_enters_its_account_and_nothing_else() {
    use IdentityState::{Active, Blocked, Paused};
    let bench = Bench::start();
    let mut phone = enrolled(&bench);
    let identity = identity_of(&bench, &phone);
    let browser = Browser::new(&bench);
    // Claimed before the pause, answered after it.
    let before = browser.login_page("eidas2");
    let challenge: LoginChallenge = phone.claim(&before.attribute("data-qr-handle").unwrap()).ok();
    set_state(&bench, &identity, Active, Paused);
    assert_eq!(phone.approve(&challenge, PIN).refused(), (403, "identity-state.paused"));
    let page = browser.login_page("eidas2");
    let claimed = phone.claim(&page.attribute("data-qr-handle").unwrap());
    assert_eq!(claimed.refused(), (403, "identity-state.paused"));
    assert_eq!(browser.get(&path(&page)).query("error").as_deref(), Some("access_denied"));

    let browser = entered(&bench, &mut phone);
    assert!(browser.get("/account").body.contains("Your identity is paused"));
    set_state(&bench, &identity, Paused, Blocked);
    assert!(!browser.get("/account").body.contains("ERIKSSON"), "blocked: the session is over");
    let page = begin(&browser, "/account");
    let claimed = phone.claim(&page.attribute("data-qr-handle").unwrap());
    assert_eq!(claimed.refused(), (403, "identity-state.blocked"));
}
