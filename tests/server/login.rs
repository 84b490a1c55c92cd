//! Logins against a running server: the whole way, and each way to take it wrong.

use crate::common::browser::{Browser, Page, authorize_path, encode};
use crate::common::phone::{PIN, Phone};
use crate::common::{Bench, CLIENT, REDIRECT, SECRET};
use protocol::approval::{Approval, Decision};
use protocol::login::{Answer, Approved, LoginChallenge};

/// An enrolled phone.
pub fn enrolled(bench: &Bench) -> Phone<'_> {
    Phone::enrol(bench, 1, &bench.passport()).0
}

/// Claims and approves the login of a page by its QR code; the release code.
pub fn approved(phone: &mut Phone<'_>, page: &Page) -> String {
    let handle = page.attribute("data-qr-handle").unwrap();
    let challenge: LoginChallenge = phone.claim(&handle).ok();
    match phone.approve(&challenge, PIN).ok() {
        Approved::Qr { release_code } => release_code,
        other => panic!("a QR handle gave {other:?}"),
    }
}

pub fn path(page: &Page) -> String {
    format!("/login/{}", page.attribute("data-login-id").unwrap())
}

/// The code at the end of the whole way.
pub fn code(bench: &Bench, phone: &mut Phone<'_>) -> String {
    let browser = Browser::new(bench);
    let page = browser.login_page("eidas2");
    let digits = approved(phone, &page);
    let done = browser.post(&format!("{}/release", path(&page)), &[("code", &digits)]);
    assert_eq!(done.status, 303, "{}", done.body);
    done.query("code").unwrap()
}

#[test]
fn a_login_by_link_goes_on_only_in_the_browser_that_began() {
    let bench = Bench::start();
    let mut phone = enrolled(&bench);
    let browser = Browser::new(&bench);
    let page = browser.login_page("eidas2");
    let challenge: LoginChallenge = phone.claim(&page.attribute("data-link-handle").unwrap()).ok();
    let Approved::Link { resume_url } = phone.approve(&challenge, PIN).ok() else { panic!("no link") };
    let stranger = Browser::new(&bench);
    assert_eq!(stranger.get(&resume_url).status, 403);
    // A release code does not work for a link.
    let release = browser.post(&format!("{}/release", path(&page)), &[("code", "123456")]);
    assert_eq!(release.query("code"), None);
    let done = browser.get(&resume_url);
    assert_eq!(done.status, 303);
    assert!(done.query("code").is_some(), "{:?}", done.location);
}

#[test]
fn an_access_token_reads_the_claims_once_and_for_a_minute() {
    let bench = Bench::start();
    let mut phone = enrolled(&bench);
    let browser = Browser::new(&bench);
    let token = |phone: &mut Phone<'_>| {
        let tokens = browser.redeem(&code(&bench, phone)).json();
        tokens["access_token"].as_str().unwrap().to_owned()
    };
    let first = token(&mut phone);
    assert_eq!((browser.userinfo(&first).status, browser.userinfo(&first).status), (200, 401));
    let second = token(&mut phone);
    bench.clock.advance(60);
    assert_eq!(browser.userinfo(&second).status, 401);
}

#[test]
fn a_code_lives_thirty_seconds_and_is_for_its_client_and_redirect_uri() {
    let bench = Bench::start();
    let mut phone = enrolled(&bench);
    let browser = Browser::new(&bench);
    let late = code(&bench, &mut phone);
    bench.clock.advance(30);
    assert_eq!(browser.redeem(&late).json()["error"], "invalid_grant");
    let fields = [
        ("client_secret", "another secret of forty characters, yes!", 401, "invalid_client"),
        ("redirect_uri", "http://127.0.0.1:1/other", 400, "invalid_grant"),
        ("grant_type", "password", 400, "unsupported_grant_type"),
        ("code", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 400, "invalid_grant"),
        ("code_verifier", "a-verifier-without-a-challenge-of-43-characters", 400, "invalid_grant"),
    ];
    for (field, value, status, error) in fields {
        let code = code(&bench, &mut phone);
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", REDIRECT),
            ("client_id", CLIENT),
            ("client_secret", SECRET),
        ];
        form.retain(|(name, _)| *name != field);
        form.push((field, value));
        let refused = browser.post("/token", &form);
        assert_eq!((refused.status, refused.json()["error"].as_str()), (status, Some(error)), "{field}");
        assert_eq!(refused.headers["cache-control"], "no-store");
    }
}

#[test]
fn each_field_of_the_approval_changed_alone_is_refused() {
    let bench = Bench::start();
    let mut phone = enrolled(&bench);
    let browser = Browser::new(&bench);
    type Change = fn(&mut Approval);
    let change: [(&str, Change); 8] = [
        ("client", |a| a.client_id.push('x')),
        ("name", |a| a.client_name.push('x')),
        ("level", |a| a.acr = "eidas3".into()),
        ("claims", |a| drop(a.claims.pop())),
        ("request", |a| a.request_digest.0[0] ^= 1),
        ("browser", |a| a.browser_digest.0[0] ^= 1),
        ("challenge", |a| a.server_challenge.0[0] ^= 1),
        ("expiry", |a| a.expires_at = a.expires_at.plus(1)),
    ];
    for (name, change) in change {
        let page = browser.login_page("eidas2");
        let challenge: LoginChallenge = phone.claim(&page.attribute("data-qr-handle").unwrap()).ok();
        let mut statement = Approval { decision: Decision::Approve, ..challenge.statement.clone() };
        change(&mut statement);
        let answer = phone.answer(&statement, PIN);
        let path = format!("/v1/logins/{}/approve", challenge.statement.login_id);
        let reply = phone.login_call("POST", &path, &answer);
        assert_eq!(reply.refused(), (403, "login.refused"), "{name}");
        assert_eq!(phone.approve(&challenge, PIN).status, 200, "{name}: the honest one still counts");
    }
}

#[test]
fn the_device_key_alone_or_the_pin_key_alone_approves_nothing() {
    let bench = Bench::start();
    let mut phone = enrolled(&bench);
    let page = Browser::new(&bench).login_page("eidas2");
    let challenge: LoginChallenge = phone.claim(&page.attribute("data-qr-handle").unwrap()).ok();
    let statement = Approval { decision: Decision::Approve, ..challenge.statement.clone() };
    let path = format!("/v1/logins/{}/approve", statement.login_id);
    let whole = phone.answer(&statement, PIN);
    let without_pin = Answer { pin_signature: None, ..whole.clone() };
    assert_eq!(phone.login_call("POST", &path, &without_pin).refused(), (403, "login.refused"));
    let pin_in_both =
        Answer { device_proof: format!("ecdsa {}", whole.pin_signature.clone().unwrap()), ..whole };
    assert_eq!(phone.login_call("POST", &path, &pin_in_both).refused(), (403, "login.refused"));
}

#[test]
fn three_wrong_pins_suspend_the_phone_and_identical_bytes_count_once() {
    let bench = Bench::start();
    let mut phone = enrolled(&bench);
    let browser = Browser::new(&bench);
    let page = browser.login_page("eidas2");
    let challenge: LoginChallenge = phone.claim(&page.attribute("data-qr-handle").unwrap()).ok();
    let statement = Approval { decision: Decision::Approve, ..challenge.statement.clone() };
    let (answer, path) =
        (phone.answer(&statement, "111112"), format!("/v1/logins/{}/approve", statement.login_id));
    let wrong = phone.login_request("POST", &path, &answer);
    for _ in 0..5 {
        assert_eq!(phone.send(&wrong).refused(), (403, "login.refused"), "the same bytes");
    }
    assert_eq!(phone.approve(&challenge, "111113").refused(), (403, "login.refused"));
    assert_eq!(phone.approve(&challenge, PIN).status, 200, "a right PIN resets the count");
    let page = browser.login_page("eidas2");
    let challenge: LoginChallenge = phone.claim(&page.attribute("data-qr-handle").unwrap()).ok();
    for pin in ["111112", "111113", "111114"] {
        assert_eq!(phone.approve(&challenge, pin).refused(), (403, "login.refused"));
    }
    assert_eq!(phone.approve(&challenge, PIN).refused(), (403, "device-state.suspended"));
    let page = browser.login_page("eidas2");
    let reply = phone.claim(&page.attribute("data-qr-handle").unwrap());
    assert_eq!(reply.refused(), (403, "device-state.suspended"));
}

#[test]
fn three_wrong_release_codes_refuse_the_login() {
    let bench = Bench::start();
    let mut phone = enrolled(&bench);
    let browser = Browser::new(&bench);
    let page = browser.login_page("eidas2");
    let digits = approved(&mut phone, &page);
    let wrong = if digits == "000000" { "000001" } else { "000000" };
    let release = format!("{}/release", path(&page));
    for _ in 0..2 {
        let again = browser.post(&release, &[("code", wrong)]);
        assert_eq!(again.query("error"), None);
    }
    let refused = browser.post(&release, &[("code", wrong)]);
    assert_eq!(refused.query("error").as_deref(), Some("access_denied"));
    assert_eq!(browser.post(&release, &[("code", &digits)]).query("code"), None);
}

#[test]
fn another_browser_sees_releases_and_cancels_nothing() {
    let bench = Bench::start();
    let mut phone = enrolled(&bench);
    let (browser, stranger) = (Browser::new(&bench), Browser::new(&bench));
    let page = browser.login_page("eidas2");
    let digits = approved(&mut phone, &page);
    assert_eq!(stranger.get(&path(&page)).status, 403);
    let release = format!("{}/release", path(&page));
    assert_eq!(stranger.post(&release, &[("code", &digits)]).status, 403);
    assert_eq!(stranger.post(&format!("{}/cancel", path(&page)), &[]).status, 403);
    // A browser with a login of its own has another secret.
    let own = stranger.login_page("eidas2");
    assert_eq!(stranger.get(&path(&page)).status, 403);
    assert_eq!(stranger.post(&format!("{}/release", path(&own)), &[("code", &digits)]).query("code"), None);
    assert!(browser.post(&release, &[("code", &digits)]).query("code").is_some());
}

#[test]
fn an_attacker_who_sends_his_own_qr_code_or_link_to_a_victim_gains_nothing() {
    let bench = Bench::start();
    let mut victim = enrolled(&bench);
    let (attacker, victims_browser) = (Browser::new(&bench), Browser::new(&bench));
    // His QR code: the six digits are on the victim's phone, and he has three guesses.
    let page = attacker.login_page("eidas2");
    let digits = approved(&mut victim, &page);
    let waiting = attacker.get(&path(&page));
    assert!(waiting.status == 200 && !waiting.body.contains(&digits), "the page does not know the digits");
    let wrong = if digits == "000000" { "111111" } else { "000000" };
    let release = format!("{}/release", path(&page));
    for _ in 0..2 {
        assert_eq!(attacker.post(&release, &[("code", wrong)]).query("code"), None);
    }
    let ended = attacker.post(&release, &[("code", wrong)]);
    assert_eq!(ended.query("error").as_deref(), Some("access_denied"));
    assert_eq!(attacker.post(&release, &[("code", &digits)]).query("code"), None, "the right one is late");

    // His link: the app returns to the victim's browser, which did not begin; his own tab never goes on.
    let page = attacker.login_page("eidas2");
    let challenge: LoginChallenge = victim.claim(&page.attribute("data-link-handle").unwrap()).ok();
    let Approved::Link { resume_url } = victim.approve(&challenge, PIN).ok() else { panic!("no link") };
    let resume = resume_url.strip_prefix(&bench.url).unwrap();
    let stranger = victims_browser.get(resume);
    assert_eq!((stranger.status, stranger.location), (403, None));
    let waiting = attacker.get(&path(&page));
    assert_eq!((waiting.status, waiting.location), (200, None));
    let id = page.attribute("data-login-id").unwrap();
    for guess in [format!("/login/resume?t={id}."), format!("/login/resume?t={id}.{}", "A".repeat(43))] {
        assert_eq!(attacker.get(&guess).query("code"), None, "{guess}");
    }
    assert_eq!(attacker.post(&format!("{}/release", path(&page)), &[("code", "000000")]).query("code"), None);
}

#[test]
fn whatever_a_browser_asks_for_is_answered_by_a_page() {
    let bench = Bench::start();
    let browser = Browser::new(&bench);
    let login = path(&browser.login_page("eidas2"));
    for (asked, status) in [
        ("/login/%ff".to_owned(), 403),
        ("/login/resume".to_owned(), 403),
        ("/login/resume?t=a&t=b".to_owned(), 403),
        ("/login/none?lang=a&lang=b".to_owned(), 403),
        (format!("{login}?lang=a&lang=b"), 200),
        (format!("{login}?lang=%ff"), 200),
        ("/app/%ff".to_owned(), 200),
        ("/texts/%ff".to_owned(), 404),
    ] {
        is_page(&browser.get(&asked), status, &asked);
    }
    for asked in ["/login/%ff/release", "/login/%ff/cancel"] {
        is_page(&browser.post(asked, &[]), 403, asked);
    }
    let release = format!("{login}/release");
    is_page(&browser.post(&release, &[("code", "1"), ("code", "2")]), 422, "a field twice");
    is_page(&browser.post(&release, &[("code", &"1".repeat(9000))]), 413, "a long form");
}

fn is_page(page: &Page, status: u16, asked: &str) {
    assert_eq!((page.status, page.location.as_deref()), (status, None), "{asked}: {}", page.body);
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8", "{asked}");
    assert!(page.body.contains("<html lang=\"en\""), "{asked}: {}", page.body);
}

#[test]
fn a_forged_cookie_does_not_tell_whether_a_login_exists() {
    let bench = Bench::start();
    let (browser, stranger) = (Browser::new(&bench), Browser::new(&bench));
    let login = browser.login_page("eidas2").attribute("data-login-id").unwrap();
    let forged = |id: &str| {
        stranger.cookies.borrow_mut().insert(format!("sceau-{id}"), "A".repeat(43));
        let page = stranger.get(&format!("/login/{id}"));
        (page.status, page.body)
    };
    let (there, absent) = (forged(&login), forged(&"0".repeat(32)));
    assert_eq!(there.0, 403);
    assert_eq!(there, absent);
}

#[test]
fn the_first_phone_wins_a_login() {
    let bench = Bench::start();
    let mut phone = enrolled(&bench);
    let other_passport =
        bench.builder().document_number("X11111111").names("DUPONT", "JEAN").build(&bench.utopia);
    let (mut other, _) = Phone::enrol(&bench, 2, &other_passport);
    let page = Browser::new(&bench).login_page("eidas2");
    let handle = page.attribute("data-qr-handle").unwrap();
    let challenge: LoginChallenge = phone.claim(&handle).ok();
    assert_eq!(other.claim(&handle).refused(), (409, "login.claimed"));
    assert_eq!(other.claim(&page.attribute("data-link-handle").unwrap()).refused(), (409, "login.claimed"));
    let statement = Approval { decision: Decision::Approve, ..challenge.statement };
    let answer = other.answer(&statement, PIN);
    let path = format!("/v1/logins/{}/approve", statement.login_id);
    assert_eq!(other.login_call("POST", &path, &answer).refused(), (404, "login.not-found"));
}

#[test]
fn a_refusal_returns_the_browser_with_an_error_and_state() {
    let bench = Bench::start();
    let mut phone = enrolled(&bench);
    let browser = Browser::new(&bench);
    for decision in [Decision::Refuse, Decision::NotMe] {
        let page = browser.login_page("eidas2");
        let challenge: LoginChallenge = phone.claim(&page.attribute("data-qr-handle").unwrap()).ok();
        assert_eq!(phone.refuse(&challenge, decision).status, 204);
        let back = browser.get(&path(&page));
        assert_eq!(back.query("error").as_deref(), Some("access_denied"));
        assert_eq!(back.query("state"), Some("5".repeat(64)));
    }
    let page = browser.login_page("eidas2");
    let back = browser.post(&format!("{}/cancel", path(&page)), &[]);
    assert_eq!(back.query("error").as_deref(), Some("access_denied"));
}

#[test]
fn a_level_that_is_not_reached_or_not_allowed_is_an_error_never_a_lower_level() {
    let bench = Bench::with(|config| config.replace(r#"["eidas1", "eidas2"]"#, r#"["eidas2", "eidas3"]"#));
    let mut phone = enrolled(&bench);
    let browser = Browser::new(&bench);
    let refused = browser.authorize("eidas1");
    assert_eq!(refused.query("error").as_deref(), Some("unmet_authentication_requirements"));
    let page = browser.login_page("eidas3");
    let reply = phone.claim(&page.attribute("data-qr-handle").unwrap());
    assert_eq!(reply.refused(), (403, "login.level"));
    assert!(browser.get(&path(&page)).query("error").is_some(), "the browser goes back at once");
}

#[test]
fn a_login_that_waits_too_long_offers_to_start_again() {
    let bench = Bench::start();
    let browser = Browser::new(&bench);
    let page = browser.login_page("eidas2");
    bench.clock.advance(480);
    let over = browser.get(&path(&page));
    assert_eq!(over.status, 200);
    assert!(over.body.contains("error=access_denied") && over.body.contains("Start again"));
}

#[test]
fn a_request_that_cannot_be_trusted_leads_nowhere() {
    let bench = Bench::start();
    let browser = Browser::new(&bench);
    let good = authorize_path("eidas2");
    for (from, to) in [
        ("client_id=broker", "client_id=other"),
        ("oidc-callback", "elsewhere"),
        ("redirect_uri=", "redirect="),
    ] {
        let page = browser.get(&good.replace(from, to));
        assert_eq!((page.status, page.location), (400, None), "{to}");
    }
    for (from, to, error) in [
        ("response_type=code", "response_type=token", "unsupported_response_type"),
        ("scope=openid", "scope=profile", "invalid_scope"),
        ("prompt=login", "prompt=none", "login_required"),
        ("prompt=login", "request=x", "request_not_supported"),
    ] {
        let page = browser.get(&good.replace(from, to));
        assert_eq!((page.status, page.query("error").as_deref()), (303, Some(error)), "{to}");
        assert_eq!(page.query("state"), Some("5".repeat(64)));
    }
}

#[test]
fn pages_forbid_scripts_frames_and_caching() {
    let bench = Bench::start();
    let page = Browser::new(&bench).login_page("eidas2");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    assert!(policy.contains("form-action 'self' http://127.0.0.1:1") && !policy.contains("unsafe"));
    assert_eq!(page.headers["referrer-policy"], "no-referrer");
    assert_eq!(page.headers["cache-control"], "no-store");
    assert!(!page.body.contains("<script"));
}

#[test]
fn discovery_and_keys_are_served_and_show_no_private_part() {
    let bench = Bench::start();
    let browser = Browser::new(&bench);
    let discovery = browser.get("/.well-known/openid-configuration");
    let metadata = discovery.json();
    assert_eq!(metadata["issuer"].as_str(), Some(bench.url.as_str()));
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    assert_eq!(metadata["request_uri_parameter_supported"], false);
    let keys = browser.get(metadata["jwks_uri"].as_str().unwrap());
    assert!(keys.headers["cache-control"].to_str().unwrap().contains("max-age"));
    let key = &keys.json()["keys"][0];
    assert_eq!((key["kty"].as_str(), key["use"].as_str()), (Some("EC"), Some("sig")));
    assert!(key.get("d").is_none());
    assert_eq!(browser.get("/status").status, 200);
}

#[test]
fn the_approval_of_a_phone_that_was_replaced_meanwhile_gives_no_tokens() {
    let bench = Bench::start();
    let passport = bench.passport();
    let (mut phone, _) = Phone::enrol(&bench, 1, &passport);
    let code = code(&bench, &mut phone);
    Phone::enrol(&bench, 2, &passport);
    let refused = Browser::new(&bench).redeem(&code);
    assert_eq!((refused.status, refused.json()["error"].as_str()), (400, Some("invalid_grant")));
}

#[test]
fn a_refusal_sent_to_the_wrong_place_is_no_guess_of_the_pin() {
    let bench = Bench::start();
    let mut phone = enrolled(&bench);
    let page = Browser::new(&bench).login_page("eidas2");
    let challenge: LoginChallenge = phone.claim(&page.attribute("data-qr-handle").unwrap()).ok();
    let refusal = Approval { decision: Decision::Refuse, ..challenge.statement.clone() };
    let path = format!("/v1/logins/{}/approve", refusal.login_id);
    for _ in 0..4 {
        let answer = phone.answer(&refusal, PIN);
        assert_eq!(phone.login_call("POST", &path, &answer).refused(), (403, "login.refused"));
    }
    assert_eq!(phone.approve(&challenge, PIN).status, 200);
    assert_eq!(bench.audited(&phone.device_id(), "login.refused").len(), 4);
}

#[test]
fn a_logout_with_an_id_token_that_expired_leads_back_with_its_state() {
    const OUT: &str = "http://127.0.0.1:1/client/logout-callback";
    let bench = Bench::with(|config| {
        config.replacen("acr =", &format!("post_logout_redirect_uris = [\"{OUT}\"]\nacr ="), 1)
    });
    let code = code(&bench, &mut enrolled(&bench));
    let browser = Browser::new(&bench);
    let id_token = browser.redeem(&code).json()["id_token"].as_str().unwrap().to_owned();
    bench.clock.advance(3600);

    let query = |uri: &str| {
        let uri = encode(uri);
        format!(
            "/logout?id_token_hint={id_token}&post_logout_redirect_uri={uri}&state=s%201&client_id={CLIENT}"
        )
    };
    let out = browser.get(&query(OUT));
    assert_eq!((out.status, out.location.as_deref()), (303, Some(format!("{OUT}?state=s%201").as_str())));
    let elsewhere = browser.get(&query("http://127.0.0.1:1/elsewhere"));
    assert_eq!((elsewhere.status, elsewhere.location), (400, None));
    let here = browser.get("/logout");
    assert_eq!(here.status, 200);
    assert!(here.body.contains("each sign-in is done anew"), "{}", here.body);
}
