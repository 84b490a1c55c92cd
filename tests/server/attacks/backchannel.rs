//! People asked on their phones without a browser here (CIBA Core 1.0, poll mode; docs/protocols.md, 6.1, 6.3).

use identity::IdentityState;
use protocol::approval::{Approval, Decision};
use protocol::login::Logins;
use serde_json::Value;

use super::Change::{Again, Set, Without};
use super::*;
use crate::account::{identity_of, set_state};
use crate::common::browser::claims;

const CIBA: &str = "ciba";
const GRANT: &str = "urn:openid:params:grant-type:ciba";

/// A client that may ask people, beside the broker.
fn ciba_bench() -> Bench {
    let client = |id: &str| {
        format!(
            "[[clients]]\nid = \"{id}\"\nname = \"A bank\"\nredirect_uris = [\"{REDIRECT}\"]\nacr = [\"eidas1\", \"eidas2\"]\n\
             authentication = \"client_secret_post\"\nsecret = \"{SECRET}\"\npolicy = {{ ciba = true }}\n"
        )
    };
    Bench::with(|config| config + &client(CIBA) + &client(OTHER))
}

/// An ID token of a login with this client: what names the person.
fn hint(bench: &Bench, phone: &mut Phone<'_>, client: &str) -> String {
    let code = code(bench, phone, &request(client, &[]));
    let tokens = Raw::form("/token", form(&code, &[Set("client_id", client)])).send(bench).json();
    tokens["id_token"].as_str().unwrap().to_owned()
}

fn ask(bench: &Bench, hint: &str, changes: &[Change<'_>]) -> Page {
    let base = [
        ("client_id", CIBA),
        ("client_secret", SECRET),
        ("scope", "openid profile"),
        ("acr_values", "eidas2"),
        ("binding_message", "42"),
        ("id_token_hint", hint),
    ];
    Raw::form("/bc-authorize", changed(&base, changes)).send(bench)
}

fn id_of(page: &Page) -> String {
    assert_eq!(page.status, 200, "{}", page.body);
    page.json()["auth_req_id"].as_str().unwrap().to_owned()
}

fn poll(bench: &Bench, id: &str, changes: &[Change<'_>]) -> Page {
    let base = [("grant_type", GRANT), ("auth_req_id", id), ("client_id", CIBA), ("client_secret", SECRET)];
    Raw::form("/token", changed(&base, changes)).send(bench)
}

fn refused(page: &Page, status: u16, error: &str) -> Result<(), String> {
    is("error", page.json()["error"].as_str(), Some(error))?;
    is("status", page.status, status)?;
    is("cache-control", header(page, "cache-control"), "no-store")
}

fn waiting(phone: &mut Phone<'_>) -> Vec<LoginChallenge> {
    phone.login_call("GET", "/v1/logins", &()).ok::<Logins>().logins
}

/// The person types a number and her PIN.
fn answer(
    phone: &mut Phone<'_>,
    challenge: &LoginChallenge,
    number: Option<&str>,
    pin: &str,
) -> (u16, String) {
    let statement = Approval {
        decision: Decision::Approve,
        binding_number: number.map(str::to_owned),
        ..challenge.statement.clone()
    };
    let signed = phone.answer(&statement, pin);
    let reply = phone.login_call("POST", &format!("/v1/logins/{}/approve", statement.login_id), &signed);
    (reply.status, reply.body["code"].as_str().or(reply.body["kind"].as_str()).unwrap_or_default().to_owned())
}

#[test]
fn a_person_is_asked_by_the_token_that_names_her_and_by_nothing_else() {
    let (bench, mut report) = (ciba_bench(), Report::default());
    let (mut phone, _) = Phone::enrol(&bench, 1, &bench.passport());
    let mine = hint(&bench, &mut phone, CIBA);
    let others = hint(&bench, &mut phone, OTHER);
    let tampered = format!("eyJhbGciOiJub25lIn0.{}.", mine.split('.').nth(1).unwrap());
    let subject = claims(&mine)["sub"].as_str().unwrap().to_owned();
    let foreign = |key: u64, iss: &str, sub: &str| {
        jose::sign(&client_key(key), None, &serde_json::json!({"iss": iss, "aud": CIBA, "sub": sub}))
    };
    let forged = foreign(1, &bench.url, &subject);
    #[rustfmt::skip]
    let lines: [(&'static str, &str, Vec<Change<'_>>, u16, &str); 22] = [
        ("BC-001", "CIBA 7.2: no hint", vec![Without("id_token_hint")], 400, "invalid_request"),
        ("BC-002", "CIBA 7.2: two hints", vec![Set("login_hint", "anna@example.org")], 400, "invalid_request"),
        ("BC-003", "protocols 6.1: no free login_hint", vec![Without("id_token_hint"), Set("login_hint", &subject)], 400, "unknown_user_id"),
        ("BC-004", "protocols 6.1", vec![Without("id_token_hint"), Set("login_hint_token", &mine)], 400, "unknown_user_id"),
        ("BC-005", "another client's token", vec![Set("id_token_hint", &others)], 400, "unknown_user_id"),
        ("BC-006", "8725 3.1: alg none", vec![Set("id_token_hint", &tampered)], 400, "unknown_user_id"),
        ("BC-007", "CIBA 7.1: another signer", vec![Set("id_token_hint", &forged)], 400, "unknown_user_id"),
        ("BC-008", "protocols 6.3: two digits", vec![Without("binding_message")], 400, "invalid_binding_message"),
        ("BC-009", "protocols 6.3", vec![Set("binding_message", "4")], 400, "invalid_binding_message"),
        ("BC-010", "protocols 6.3", vec![Set("binding_message", "421")], 400, "invalid_binding_message"),
        ("BC-011", "protocols 6.3: no words", vec![Set("binding_message", "Your parcel: press 1")], 400, "invalid_binding_message"),
        ("BC-012", "protocols 6.3: ASCII digits", vec![Set("binding_message", "\u{0664}\u{0662}")], 400, "invalid_binding_message"),
        ("BC-013", "CIBA 7.1: openid is needed", vec![Set("scope", "profile")], 400, "invalid_scope"),
        ("BC-014", "CIBA 7.1", vec![Without("scope")], 400, "invalid_scope"),
        ("BC-015", "CIBA 7.1", vec![Set("requested_expiry", "0")], 400, "invalid_request"),
        ("BC-016", "CIBA 7.1", vec![Set("requested_expiry", "soon")], 400, "invalid_request"),
        ("BC-017", "CIBA 7.1.1: signed requests are not offered", vec![Set("request", "a.b.c")], 400, "invalid_request"),
        ("BC-018", "6749 3.1", vec![Again("scope", "openid")], 400, "invalid_request"),
        ("BC-019", "CIBA 7.1: the client proves itself", vec![Set("client_secret", "wrong")], 401, "invalid_client"),
        ("BC-020", "per client policy", vec![Set("client_id", CLIENT)], 400, "unauthorized_client"),
        ("BC-021", "Core Unmet Authentication Requirements", vec![Set("acr_values", "eidas3")], 400, "unmet_authentication_requirements"),
        ("BC-022", "CIBA 7: our own pages are no client", vec![Set("client_id", "sceau")], 401, "invalid_client"),
    ];
    for (id, source, changes, status, error) in lines {
        report.check(id, source, refused(&ask(&bench, &mine, &changes), status, error));
    }
    report.check("BC-023", "9110 15.5.6", is("status", Raw::get("/bc-authorize").send(&bench).status, 405));
    report.check("BC-024", "none of that reached the phone", is("waiting", waiting(&mut phone).len(), 0));
    report.end(24);
}

#[test]
fn an_answer_is_the_persons_and_becomes_tokens_once() {
    let (bench, mut report) = (ciba_bench(), Report::default());
    let (mut phone, _) = Phone::enrol(&bench, 1, &bench.passport());
    let hint = hint(&bench, &mut phone, CIBA);
    let asked = ask(&bench, &hint, &[]);
    let id = id_of(&asked);
    report.check("BC-030", "CIBA 7.3", is("interval", asked.json()["interval"].as_i64(), Some(5)));
    report.check("BC-031", "CIBA 7.3", is("expires_in", asked.json()["expires_in"].as_i64(), Some(190)));
    report.check("BC-032", "CIBA 7.3: 128 bits", is("long", id.len() >= 22, true));
    bench.clock.advance(5);
    report.check("BC-033", "CIBA 11", refused(&poll(&bench, &id, &[]), 400, "authorization_pending"));
    report.check("BC-034", "CIBA 11: at once again", refused(&poll(&bench, &id, &[]), 400, "slow_down"));
    let theirs = poll(&bench, &id, &[Set("client_id", OTHER)]);
    report.check("BC-035", "CIBA 11: another client's", refused(&theirs, 400, "invalid_grant"));
    report.check("BC-036", "CIBA 11", refused(&poll(&bench, "x", &[]), 400, "invalid_grant"));
    report.check(
        "BC-037",
        "CIBA 10.1",
        refused(&poll(&bench, &id, &[Without("auth_req_id")]), 400, "invalid_request"),
    );
    let as_code = [Set("grant_type", "authorization_code"), Set("code", &id), Set("redirect_uri", "")];
    report.check("BC-038", "it is no code", refused(&poll(&bench, &id, &as_code), 400, "invalid_grant"));

    let challenge = waiting(&mut phone).remove(0);
    let shown = &challenge.statement;
    report.check(
        "BC-040",
        "protocols 6.3: the number is not told",
        is("number", shown.binding_number.as_deref(), None),
    );
    report.check("BC-041", "protocols 6.4: the client is", is("name", shown.client_name.as_str(), "A bank"));
    let mut answer = |number, pin| answer(&mut phone, &challenge, number, pin);
    let wrong = (403, "login.number".to_owned());
    report.check(
        "BC-042",
        "protocols 6.3: another number",
        is("answer", answer(Some("24"), PIN), wrong.clone()),
    );
    report.check("BC-043", "protocols 6.3: none", is("answer", answer(None, PIN), wrong));
    bench.clock.advance(5);
    report.check("BC-044", "CIBA 11", refused(&poll(&bench, &id, &[]), 400, "authorization_pending"));
    report.check("BC-045", "typed", is("answer", answer(Some("42"), PIN), (200, "asked".to_owned())));
    let twice = answer(Some("42"), PIN);
    report.check("BC-046", "once", is("answer", twice, (410, "login.expired".to_owned())));

    let tokens = poll(&bench, &id, &[]);
    report.check("BC-050", "CIBA 10.1.1", is("status", tokens.status, 200));
    let tokens = tokens.json();
    let id_token = claims(tokens["id_token"].as_str().unwrap());
    report.check("BC-051", "Core 2: aud", is("aud", id_token["aud"].as_str(), Some(CIBA)));
    report.check("BC-052", "the person who was named", is("sub", &id_token["sub"], &claims(&hint)["sub"]));
    report.check("BC-053", "contract: acr", is("acr", id_token["acr"].as_str(), Some("eidas2")));
    report.check("BC-054", "auth_time", is("auth_time", id_token["auth_time"].as_i64(), Some(bench.now().0)));
    let token = tokens["access_token"].as_str().unwrap();
    let userinfo = || Raw::get("/userinfo").with("authorization", format!("Bearer {token}")).send(&bench);
    let said = claims(&userinfo().body);
    report.check("BC-055", "Core 5.4", is("given_name", said["given_name"].is_string(), true));
    report.check("BC-056", "what was not asked", is("email", said.get("email"), None::<&Value>));
    report.check("BC-057", "6749 4.1.2: once", refused(&poll(&bench, &id, &[]), 400, "invalid_grant"));
    report.check("BC-058", "the second use revokes", is("status", userinfo().status, 401));
    report.end(25);
}

#[test]
fn nobody_is_bothered() {
    let (bench, mut report) = (ciba_bench(), Report::default());
    let (mut phone, _) = Phone::enrol(&bench, 1, &bench.passport());
    let hint = hint(&bench, &mut phone, CIBA);
    let first = id_of(&ask(&bench, &hint, &[]));
    let denied = |page: &Page| refused(page, 403, "access_denied");
    report.check("BC-060", "protocols 6.1: one at a time", denied(&ask(&bench, &hint, &[])));
    // Three wrong numbers end it.
    let challenge = waiting(&mut phone).remove(0);
    for number in ["00", "01", "02"] {
        let said = answer(&mut phone, &challenge, Some(number), PIN);
        assert_eq!(said, (403, "login.number".to_owned()));
    }
    let late = answer(&mut phone, &challenge, Some("42"), PIN);
    report.check(
        "BC-061",
        "protocols 6.3: 3 wrong cancel",
        is("answer", late, (410, "login.expired".to_owned())),
    );
    report.check("BC-062", "CIBA 11", refused(&poll(&bench, &first, &[]), 400, "access_denied"));
    // A refusal by the device key.
    let second = id_of(&ask(&bench, &hint, &[]));
    let challenge = waiting(&mut phone).remove(0);
    assert_eq!(phone.refuse(&challenge, Decision::Refuse).status, 204);
    report.check("BC-063", "CIBA 11", refused(&poll(&bench, &second, &[]), 400, "access_denied"));
    // No answer.
    let third = id_of(&ask(&bench, &hint, &[Set("requested_expiry", "60")]));
    let challenge = waiting(&mut phone).remove(0);
    bench.clock.advance(50);
    report.check("BC-064", "its time is over on the phone", is("waiting", waiting(&mut phone).len(), 0));
    let late = answer(&mut phone, &challenge, Some("42"), PIN);
    report.check("BC-065", "protocols 6.4", is("answer", late, (410, "login.expired".to_owned())));
    bench.clock.advance(10);
    report.check("BC-066", "CIBA 11", refused(&poll(&bench, &third, &[]), 400, "expired_token"));
    // Another person's phone neither sees nor answers it.
    let passport = bench.builder().names("PETRE", "JEAN").document_number("D23145890").build(&bench.utopia);
    let (mut other, _) = Phone::enrol(&bench, 2, &passport);
    id_of(&ask(&bench, &hint, &[]));
    report.check("BC-067", "whose it is", is("waiting", waiting(&mut other).len(), 0));
    let challenge = waiting(&mut phone).remove(0);
    let stranger = answer(&mut other, &challenge, Some("42"), PIN);
    report.check("BC-068", "whose it is", is("answer", stranger, (404, "login.not-found".to_owned())));
    // "It was not me": this client asks her nothing more.
    assert_eq!(phone.refuse(&challenge, Decision::NotMe).status, 204);
    report.check("BC-069", "it was not me", denied(&ask(&bench, &hint, &[])));
    bench.clock.advance(86_399);
    report.check("BC-070", "for a day", denied(&ask(&bench, &hint, &[])));
    bench.clock.advance(1);
    // Five in an hour.
    let since_the_hour = bench.now().0 % 3600;
    bench.clock.advance(3600 - since_the_hour);
    for _ in 0..5 {
        id_of(&ask(&bench, &hint, &[Set("requested_expiry", "30")]));
        bench.clock.advance(30);
    }
    report.check("BC-071", "protocols 6.1: 5 an hour", denied(&ask(&bench, &hint, &[])));
    bench.clock.advance(3600);
    report.check("BC-072", "in the next hour", is("status", ask(&bench, &hint, &[]).status, 200));
    report.end(13);
}

#[test]
fn an_account_that_is_blocked_is_not_asked_and_gets_nothing() {
    let (bench, mut report) = (ciba_bench(), Report::default());
    let (mut phone, _) = Phone::enrol(&bench, 1, &bench.passport());
    let hint = hint(&bench, &mut phone, CIBA);
    let id = id_of(&ask(&bench, &hint, &[]));
    let challenge = waiting(&mut phone).remove(0);
    assert_eq!(answer(&mut phone, &challenge, Some("42"), PIN).0, 200);
    let identity = identity_of(&bench, &phone);
    set_state(&bench, &identity, IdentityState::Active, IdentityState::Blocked);
    report.check(
        "BC-080",
        "blocked between answer and poll",
        refused(&poll(&bench, &id, &[]), 400, "invalid_grant"),
    );
    report.check("BC-081", "blocked before", refused(&ask(&bench, &hint, &[]), 400, "unknown_user_id"));
    report.end(2);
}
