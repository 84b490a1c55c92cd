//! Logins that a client asks for without a browser.

use identity::LoginState;
use identity::login::{ASKED_PER_HOUR, NUMBER_TRIES};

use super::{NOW, TestDatabase, on_both_engines};
use crate::{Asked, ClaimOutcome, Error, Login, NewAsked, NewToken, PollOutcome, RedeemOutcome};

on_both_engines!(
    an_answer_becomes_one_token_and_a_second_poll_revokes_it,
    of_sixteen_requests_one_waits,
    a_person_is_asked_a_few_times_an_hour_by_one_client,
    whoever_was_not_meant_is_left_alone_for_a_day,
    a_poll_tells_what_became_of_it,
    the_first_phone_that_answers_settles_it,
    no_handle_no_browser_and_no_code_leads_to_it,
);

fn asked(id: &str) -> NewAsked {
    NewAsked {
        id: id.to_owned(),
        client_id: "fc".to_owned(),
        identity_id: "i".to_owned(),
        poll_secret: format!("poll-{id}").into_bytes(),
        request: b"request".to_vec(),
        challenge: b"challenge".to_vec(),
        challenge_expires_at: NOW.plus(180),
        created_at: NOW,
        expires_at: NOW.plus(190),
    }
}

async fn ask(db: &TestDatabase, id: &str) -> Asked {
    db.ask(asked(id), ASKED_PER_HOUR, 1000).await.unwrap()
}

/// It waits, as the phone `d` of its person answers it.
async fn waiting(db: &TestDatabase, id: &str) -> Login {
    db.insert_identity("i").await;
    assert_eq!(ask(db, id).await, Asked::Stored);
    let [login] = &db.asked_of("i", NOW).await.unwrap()[..] else { panic!("not one") };
    assert_eq!((login.state, login.device_id.as_deref()), (LoginState::Claimed, None));
    Login { device_id: Some("d".to_owned()), ..login.clone() }
}

async fn poll(db: &TestDatabase, id: &str, at: i64) -> PollOutcome {
    let secret = format!("poll-{id}");
    db.poll(secret.as_bytes(), "fc", NewToken::once(b"token"), 5, NOW.plus(at)).await.unwrap()
}

async fn an_answer_becomes_one_token_and_a_second_poll_revokes_it(db: TestDatabase) {
    let login = waiting(&db, "l").await;
    assert_eq!(db.approve_login(&login, b"answer", b"", b"history", NOW).await, Ok(true));
    assert_eq!(db.approve_login(&login, b"answer", b"", b"history", NOW).await, Ok(false), "once");
    let PollOutcome::Redeemed(login) = poll(&db, "l", 1).await else { panic!("not redeemed") };
    assert_eq!((login.answer.as_deref(), login.device_id.as_deref()), (Some(&b"answer"[..]), Some("d")));
    assert_eq!(poll(&db, "l", 2).await, PollOutcome::Reused);
    assert_eq!(db.use_access_token(b"token", None, NOW.plus(2)).await, Ok(None));
    assert_eq!(poll(&db, "l", 3).await, PollOutcome::Reused);
    assert_eq!(db.log_redemptions(|_| "eidas2".into(), 10).await, Ok(1));
    let line = &db.audit_lines_of("l").await.unwrap()[0];
    assert_eq!(
        (line.event.code.as_str(), line.event.detail.as_str(), line.at),
        ("login.redeemed", "fc eidas2", NOW.plus(1))
    );
}

async fn of_sixteen_requests_one_waits(db: TestDatabase) {
    db.insert_identity("i").await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..16 {
        let database = db.database.clone();
        tasks.spawn(async move { database.ask(asked(&n.to_string()), 1000, 1000).await.unwrap() });
    }
    let outcomes = tasks.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Asked::Stored).count(), 1, "{outcomes:?}");
    assert_eq!(db.asked_of("i", NOW).await.unwrap().len(), 1);
}

async fn a_person_is_asked_a_few_times_an_hour_by_one_client(db: TestDatabase) {
    for n in 0..ASKED_PER_HOUR {
        let id = n.to_string();
        let login = waiting(&db, &id).await;
        assert_eq!(ask(&db, "more").await, Asked::Waits, "one at a time");
        assert_eq!(db.refuse_login(&login.id, "d", b"history", NOW).await, Ok(true));
    }
    assert_eq!(ask(&db, "more").await, Asked::TooMany);
    let other = NewAsked { client_id: "other".to_owned(), ..asked("other") };
    assert_eq!(db.ask(other, ASKED_PER_HOUR, 1000).await, Ok(Asked::Stored), "another client");
    let full = NewAsked { client_id: "third".to_owned(), ..asked("third") };
    assert_eq!(db.ask(full, ASKED_PER_HOUR, 0).await, Ok(Asked::Full));
    let hour = 3600 - NOW.0.rem_euclid(3600);
    let later = NewAsked { created_at: NOW.plus(hour), ..asked("later") };
    assert_eq!(db.ask(later, ASKED_PER_HOUR, 1000).await, Ok(Asked::Stored), "the next hour");
    let long = NewAsked { request: vec![0; 641], ..asked("long") };
    assert_eq!(db.ask(long, 5, 1000).await, Err(Error::TooLong("authentication request")));
}

async fn whoever_was_not_meant_is_left_alone_for_a_day(db: TestDatabase) {
    db.insert_identity("i").await;
    db.stop_asking("fc", "i", NOW).await.unwrap();
    let at = async |id: &str, client: &str, seconds: i64| {
        let (created_at, client_id) = (NOW.plus(seconds), client.to_owned());
        db.ask(NewAsked { created_at, client_id, ..asked(id) }, 5, 1000).await.unwrap()
    };
    assert_eq!(at("a", "fc", 86_399).await, Asked::TooMany);
    assert_eq!(at("b", "other", 0).await, Asked::Stored, "another client");
    assert_eq!(at("c", "fc", 86_400).await, Asked::Stored);
}

async fn a_poll_tells_what_became_of_it(db: TestDatabase) {
    let login = waiting(&db, "l").await;
    assert_eq!(poll(&db, "l", 5).await, PollOutcome::Waiting);
    assert_eq!(poll(&db, "l", 9).await, PollOutcome::TooOften);
    assert_eq!(poll(&db, "l", 14).await, PollOutcome::Waiting);
    assert_eq!(poll(&db, "l", 190).await, PollOutcome::Expired);
    assert_eq!(poll(&db, "unknown", 5).await, PollOutcome::Unknown);
    let other = db.poll(b"poll-l", "other", NewToken::once(b"token"), 5, NOW).await;
    assert_eq!(other, Ok(PollOutcome::Unknown), "another client's");
    for left in (0..NUMBER_TRIES).rev() {
        assert_eq!(db.count_binding_number("l", NUMBER_TRIES).await, Ok(Some(left)));
    }
    assert_eq!(db.count_binding_number("l", NUMBER_TRIES).await, Ok(None));
    assert_eq!(db.refuse_login(&login.id, "d", b"history", NOW).await, Ok(true));
    assert_eq!(poll(&db, "l", 20).await, PollOutcome::Refused);
    // An answer in time, fetched too late.
    let login = waiting(&db, "late").await;
    assert_eq!(db.approve_login(&login, b"answer", b"", b"history", NOW.plus(179)).await, Ok(true));
    assert_eq!(poll(&db, "late", 190).await, PollOutcome::Expired);
}

async fn the_first_phone_that_answers_settles_it(db: TestDatabase) {
    let login = waiting(&db, "l").await;
    let late = db.approve_login(&login, b"answer", b"", b"history", NOW.plus(180)).await;
    assert_eq!(late, Ok(false), "past its time");
    let unknown = Login { device_id: Some("e".to_owned()), ..login.clone() };
    assert_eq!(
        db.approve_login(&unknown, b"answer", b"", b"history", NOW).await,
        Ok(false),
        "no phone of ours"
    );
    assert_eq!(db.approve_login(&login, b"answer", b"", b"history", NOW).await, Ok(true));
    assert_eq!(db.refuse_login("l", "d", b"history", NOW).await, Ok(false));
    assert!(db.asked_of("i", NOW).await.unwrap().is_empty());
    assert_eq!(db.connections_of("i", 10).await.unwrap().len(), 1);
}

async fn no_handle_no_browser_and_no_code_leads_to_it(db: TestDatabase) {
    let login = waiting(&db, "l").await;
    for guess in [&b""[..], b"l", b"poll-l", b"challenge", &login.browser_digest] {
        let claimed = db.claim_login(guess, "d", "i", b"c", NOW.plus(180), NOW).await.unwrap();
        assert_eq!(claimed, ClaimOutcome::NotFound);
        assert_eq!(db.cancel_login("l", guess).await, Ok(false));
    }
    assert_eq!(db.approve_login(&login, b"answer", b"", b"history", NOW).await, Ok(true));
    assert_eq!(db.issue_code("l", b"", b"code", NOW).await, Ok(None));
    let as_code = db.redeem_code(b"poll-l", "fc", NewToken::once(b"token"), NOW).await;
    assert_eq!(as_code, Ok(RedeemOutcome::Invalid));
    assert!(matches!(poll(&db, "l", 1).await, PollOutcome::Redeemed(_)), "and that used nothing up");
}
