use std::collections::BTreeMap;

use identity::LoginState;
use identity::login::LoginKind;

use super::{NOW, TestDatabase, on_both_engines};
use crate::{ClaimOutcome, Created, Error, Login, NewLogin, NewToken, RedeemOutcome, ReleaseOutcome};

on_both_engines!(
    a_login_goes_from_the_page_to_the_claims,
    sixteen_redemptions_of_one_code_make_one_token_and_then_revoke_it,
    of_sixteen_phones_one_claims,
    two_hundred_and_forty_logins_and_sixteen_workers,
    the_handle_settles_the_kind,
    three_wrong_release_codes_refuse_the_login,
    nothing_is_released_in_another_browser,
    a_code_lives_thirty_seconds_and_serves_its_client_only,
    a_token_is_used_once_and_lives_sixty_seconds,
    a_grant_holds_account_and_phone_as_they_are_at_that_moment,
    each_redemption_has_one_line_in_the_log,
    lines_that_cannot_be_written_stay_due,
    an_approval_needs_the_phone_that_claimed_and_its_time,
    a_phone_revoked_after_its_claim_approves_nothing,
    an_answer_written_from_outside_or_moved_to_another_identity_is_noticed,
    the_cap_answers_full,
    a_row_stays_under_one_kilobyte,
    expired_logins_are_deleted_in_batches,
);

pub(super) fn new(id: &str) -> NewLogin {
    NewLogin {
        id: id.to_owned(),
        client_id: "fc".to_owned(),
        link_handle: format!("link-{id}").into_bytes(),
        qr_handle: format!("qr-{id}").into_bytes(),
        browser_secret: format!("browser-{id}").into_bytes(),
        request: b"request".to_vec(),
        context: b"context".to_vec(),
        created_at: NOW,
        expires_at: NOW.plus(480),
    }
}

async fn claim(db: &TestDatabase, handle: &str, device: &str) -> ClaimOutcome {
    db.claim_login(handle.as_bytes(), device, "i", b"challenge", NOW.plus(180), NOW).await.unwrap()
}

/// A login `id` approved by the phone `d`, with the release code 123456.
async fn approved(db: &TestDatabase, id: &str) {
    db.insert_identity("i").await;
    assert_eq!(db.create_login(new(id), 1000).await, Ok(Created::Stored));
    assert!(matches!(claim(db, &format!("qr-{id}"), "d").await, ClaimOutcome::Claimed(_)));
    let claimed = db.load_login(id).await.unwrap().unwrap();
    assert_eq!(db.approve_login(&claimed, b"answer", b"123456", b"history", NOW).await, Ok(true));
}

async fn release(db: &TestDatabase, id: &str, code: &str) -> ReleaseOutcome {
    let browser = format!("browser-{id}");
    db.release_login(id, browser.as_bytes(), LoginKind::Qr, code.as_bytes(), NOW).await.unwrap()
}

/// A login `id` with the code `code-ID` issued.
pub(super) async fn issued(db: &TestDatabase, id: &str) {
    approved(db, id).await;
    assert_eq!(release(db, id, "123456").await, ReleaseOutcome::Released);
    let (browser, code) = (format!("browser-{id}"), format!("code-{id}"));
    assert!(db.issue_code(id, browser.as_bytes(), code.as_bytes(), NOW).await.unwrap().is_some());
}

async fn a_login_goes_from_the_page_to_the_claims(db: TestDatabase) {
    issued(&db, "l").await;
    assert_eq!(db.issue_code("l", b"browser-l", b"other", NOW).await, Ok(None), "issued once");
    let RedeemOutcome::Redeemed(grant) =
        db.redeem_code(b"code-l", "fc", NewToken::once(b"token"), NOW).await.unwrap()
    else {
        panic!("not redeemed")
    };
    assert_eq!(grant.answer.as_deref(), Some(b"answer".as_slice()));
    assert_eq!((grant.login_id.as_str(), grant.device_id.as_deref()), ("l", Some("d")));
    let grant = db.use_access_token(b"token", None, NOW).await.unwrap().unwrap();
    assert_eq!((grant.request.as_slice(), grant.client_id.as_str()), (b"request".as_slice(), "fc"));
    let login = db.load_login("l").await.unwrap().unwrap();
    assert_eq!((login.state, login.kind), (LoginState::Delivered, Some(LoginKind::Qr)));
    let history = db.connections_of("i", 10).await.unwrap();
    assert_eq!((history.len(), history[0].content.as_slice()), (1, b"history".as_slice()));
}

async fn sixteen_redemptions_of_one_code_make_one_token_and_then_revoke_it(db: TestDatabase) {
    issued(&db, "l").await;
    let tries = (0..16).map(|n| {
        let db = db.database.clone();
        tokio::spawn(async move {
            db.redeem_code(b"code-l", "fc", NewToken::once(format!("token-{n}").as_bytes()), NOW).await
        })
    });
    let mut outcomes = Vec::new();
    for task in tries.collect::<Vec<_>>() {
        outcomes.push(task.await.unwrap().unwrap());
    }
    let redeemed = outcomes.iter().filter(|o| matches!(o, RedeemOutcome::Redeemed(_))).count();
    let reused = outcomes.iter().filter(|o| **o == RedeemOutcome::Reused).count();
    assert_eq!((redeemed, reused), (1, 15));
    for n in 0..16 {
        assert_eq!(
            db.use_access_token(format!("token-{n}").as_bytes(), None, NOW).await,
            Ok(None),
            "revoked"
        );
    }
    assert_eq!(db.load_login("l").await.unwrap().unwrap().state, LoginState::Revoked);
}

async fn of_sixteen_phones_one_claims(db: TestDatabase) {
    db.create_login(new("l"), 10).await.unwrap();
    let tries = (0..16).map(|n| {
        let db = db.database.clone();
        tokio::spawn(async move {
            db.claim_login(b"qr-l", &format!("d{n}"), "i", b"challenge", NOW.plus(180), NOW).await
        })
    });
    let mut claimed = 0;
    for task in tries.collect::<Vec<_>>() {
        match task.await.unwrap().unwrap() {
            ClaimOutcome::Claimed(_) => claimed += 1,
            other => assert_eq!(other, ClaimOutcome::Taken),
        }
    }
    assert_eq!(claimed, 1);
}

async fn two_hundred_and_forty_logins_and_sixteen_workers(db: TestDatabase) {
    for n in 0..240 {
        db.create_login(new(&format!("l{n}")), 1000).await.unwrap();
    }
    let workers = (0..16).map(|worker| {
        let db = db.database.clone();
        tokio::spawn(async move {
            let mut mine = Vec::new();
            for n in 0..240 {
                let (handle, device) = (format!("link-l{n}"), format!("d{worker}"));
                let outcome = db
                    .claim_login(handle.as_bytes(), &device, "i", b"challenge", NOW.plus(180), NOW)
                    .await
                    .unwrap();
                if matches!(outcome, ClaimOutcome::Claimed(_)) {
                    mine.push(n);
                }
            }
            mine
        })
    });
    let mut owners = BTreeMap::<i32, i32>::new();
    for worker in workers.collect::<Vec<_>>() {
        for n in worker.await.unwrap() {
            *owners.entry(n).or_default() += 1;
        }
    }
    assert_eq!(owners.len(), 240);
    assert!(owners.values().all(|count| *count == 1));
}

async fn the_handle_settles_the_kind(db: TestDatabase) {
    for (id, handle, kind) in [("a", "link-a", LoginKind::Link), ("b", "qr-b", LoginKind::Qr)] {
        db.create_login(new(id), 10).await.unwrap();
        let ClaimOutcome::Claimed(login) = claim(&db, handle, "d").await else { panic!("not claimed") };
        assert_eq!(login.kind, Some(kind));
        assert_eq!(db.logins_of_device("d", NOW).await.unwrap().len(), if id == "a" { 1 } else { 2 });
    }
    assert!(matches!(claim(&db, "qr-b", "d").await, ClaimOutcome::Claimed(_)), "the same phone again");
    assert_eq!(claim(&db, "link-b", "e").await, ClaimOutcome::Taken);
    assert_eq!(claim(&db, "qr-x", "d").await, ClaimOutcome::NotFound);
    let late = db.claim_login(b"qr-b", "d", "i", b"c", NOW.plus(600), NOW.plus(480)).await.unwrap();
    assert_eq!(late, ClaimOutcome::NotFound);
}

async fn three_wrong_release_codes_refuse_the_login(db: TestDatabase) {
    approved(&db, "l").await;
    assert_eq!(release(&db, "l", "000000").await, ReleaseOutcome::Wrong(2));
    assert_eq!(release(&db, "l", "000000").await, ReleaseOutcome::Wrong(1));
    assert_eq!(release(&db, "l", "000000").await, ReleaseOutcome::Refused);
    assert_eq!(release(&db, "l", "123456").await, ReleaseOutcome::NotReady);
    assert_eq!(db.load_login("l").await.unwrap().unwrap().state, LoginState::Refused);
    approved(&db, "m").await;
    assert_eq!(release(&db, "m", "000000").await, ReleaseOutcome::Wrong(2));
    assert_eq!(release(&db, "m", "000000").await, ReleaseOutcome::Wrong(1));
    assert_eq!(release(&db, "m", "123456").await, ReleaseOutcome::Released, "the third try may be right");
}

async fn nothing_is_released_in_another_browser(db: TestDatabase) {
    approved(&db, "l").await;
    let outcome = db.release_login("l", b"browser-x", LoginKind::Qr, b"123456", NOW).await.unwrap();
    assert_eq!(outcome, ReleaseOutcome::NotReady);
    let outcome = db.release_login("l", b"browser-l", LoginKind::Link, b"123456", NOW).await.unwrap();
    assert_eq!(outcome, ReleaseOutcome::NotReady, "another kind");
    assert_eq!(db.issue_code("l", b"browser-l", b"code", NOW).await, Ok(None), "not released");
    assert_eq!(db.cancel_login("l", b"browser-x").await, Ok(false));
    assert_eq!(release(&db, "l", "123456").await, ReleaseOutcome::Released);
    assert_eq!(db.issue_code("l", b"browser-x", b"code", NOW).await, Ok(None));
    assert_eq!(db.cancel_login("l", b"browser-l").await, Ok(false), "answered");
}

async fn a_code_lives_thirty_seconds_and_serves_its_client_only(db: TestDatabase) {
    issued(&db, "l").await;
    let redeem = async |client: &str, at| {
        db.redeem_code(b"code-l", client, NewToken::once(b"token"), at).await.unwrap()
    };
    assert_eq!(redeem("other", NOW).await, RedeemOutcome::Invalid);
    assert_eq!(redeem("fc", NOW.plus(30)).await, RedeemOutcome::Invalid);
    assert!(matches!(redeem("fc", NOW.plus(29)).await, RedeemOutcome::Redeemed(_)));
    assert_eq!(
        db.redeem_code(b"code-x", "fc", NewToken::once(b"token-x"), NOW).await,
        Ok(RedeemOutcome::Invalid)
    );
}

async fn a_token_is_used_once_and_lives_sixty_seconds(db: TestDatabase) {
    for (id, at, used) in [("l", 59, true), ("m", 60, false)] {
        issued(&db, id).await;
        let (code, token) = (format!("code-{id}"), format!("token-{id}"));
        db.redeem_code(code.as_bytes(), "fc", NewToken::once(token.as_bytes()), NOW).await.unwrap();
        let first = db.use_access_token(token.as_bytes(), None, NOW.plus(at)).await.unwrap();
        assert_eq!(first.is_some(), used);
        assert_eq!(db.use_access_token(token.as_bytes(), None, NOW).await.unwrap().is_some(), !used, "once");
    }
}

async fn a_grant_holds_account_and_phone_as_they_are_at_that_moment(db: TestDatabase) {
    let stored = super::account::enrol(&db, "e", "L898902C3", "phone").await.unwrap().identity_id;
    db.insert_identity("other").await;
    let grant = async |id: &'static str| {
        assert_eq!(db.create_login(new(id), 1000).await, Ok(Created::Stored));
        let (qr, device) = (format!("qr-{id}"), "phone");
        let claim = db.claim_login(qr.as_bytes(), device, &stored, b"challenge", NOW.plus(180), NOW).await;
        let Ok(ClaimOutcome::Claimed(claimed)) = claim else { panic!("{id}") };
        assert_eq!(db.approve_login(&claimed, b"answer", b"123456", b"history", NOW).await, Ok(true));
        assert_eq!(release(&db, id, "123456").await, ReleaseOutcome::Released);
        let (browser, code) = (format!("browser-{id}"), format!("code-{id}"));
        assert!(db.issue_code(id, browser.as_bytes(), code.as_bytes(), NOW).await.unwrap().is_some());
    };
    let redeem = async |id: &'static str| {
        let (code, token) = (format!("code-{id}"), format!("token-{id}"));
        match db.redeem_code(code.as_bytes(), "fc", NewToken::once(token.as_bytes()), NOW).await.unwrap() {
            RedeemOutcome::Redeemed(grant) => *grant,
            other => panic!("{other:?}"),
        }
    };
    for id in ["l", "m", "n"] {
        grant(id).await;
    }
    let first = redeem("l").await;
    assert_eq!(first.account, db.load_account(&stored).await.unwrap());
    assert!(first.account.is_some() && first.phone_counts);
    db.run("UPDATE device SET active = 0 WHERE id = 'phone'").await;
    let userinfo = db.use_access_token(b"token-l", None, NOW).await.unwrap().unwrap();
    assert!(!userinfo.phone_counts, "revoked since the exchange");
    db.run("UPDATE device SET active = 1, identity_id = 'other' WHERE id = 'phone'").await;
    assert!(!redeem("m").await.phone_counts, "it stands for somebody else");
    assert_eq!(db.erase_identity(&stored, vec![], NOW).await, Ok(true));
    let erased = redeem("n").await;
    assert_eq!((erased.account, erased.phone_counts), (None, false));
}

async fn each_redemption_has_one_line_in_the_log(db: TestDatabase) {
    for n in 0..20 {
        let id = format!("l{n}");
        issued(&db, &id).await;
        let (code, token) = (format!("code-{id}"), format!("token-{id}"));
        let redeemed =
            db.redeem_code(code.as_bytes(), "fc", NewToken::once(token.as_bytes()), NOW.plus(n)).await;
        assert!(matches!(redeemed, Ok(RedeemOutcome::Redeemed(_))));
    }
    let late = NOW.plus(100_000);
    assert_eq!(db.delete_expired_logins(late, 100).await, Ok(0), "not before its line is written");
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let db = db.database.clone();
            let level = |answer: &[u8]| String::from_utf8_lossy(answer).into_owned();
            tokio::spawn(async move { db.log_redemptions(level, 4).await.unwrap() })
        })
        .collect();
    let mut written = 0;
    for task in tasks {
        written += task.await.unwrap();
    }
    assert_eq!(written, 20);
    let lines = db.audit_lines(0, 100).await.unwrap();
    let mut named: Vec<_> = lines.iter().map(|line| line.event.subject.clone()).collect();
    named.sort();
    named.dedup();
    assert_eq!((lines.len(), named.len()), (20, 20));
    assert!(
        lines
            .iter()
            .all(|l| (l.event.code.as_str(), l.event.detail.as_str()) == ("login.redeemed", "fc answer"))
    );
    assert_eq!((lines[0].at, lines[19].at), (NOW, NOW.plus(19)), "the time of the exchange, in order");
    assert_eq!(db.verify_audit().await.map(|head| head.sequence), Ok(20));
    assert_eq!(db.delete_expired_logins(late, 100).await, Ok(20));
}

async fn lines_that_cannot_be_written_stay_due(db: TestDatabase) {
    issued(&db, "l").await;
    db.redeem_code(b"code-l", "fc", NewToken::once(b"token"), NOW).await.unwrap();
    let write = async || db.log_redemptions(|_| "eidas2".into(), 10).await;
    db.run("ALTER TABLE audit_log RENAME TO audit_gone").await;
    assert!(write().await.is_err());
    db.run("ALTER TABLE audit_gone RENAME TO audit_log").await;
    assert_eq!((write().await, write().await), (Ok(1), Ok(0)));
    assert_eq!(db.verify_audit().await.map(|head| head.sequence), Ok(1));
}

async fn an_approval_needs_the_phone_that_claimed_and_its_time(db: TestDatabase) {
    db.insert_identity("i").await;
    db.create_login(new("l"), 10).await.unwrap();
    let approve = async |device: &str, at| {
        let login = db.load_login("l").await.unwrap().unwrap();
        let claimed = Login { device_id: Some(device.to_owned()), ..login };
        db.approve_login(&claimed, b"a", b"123456", b"h", at).await
    };
    assert_eq!(approve("d", NOW).await, Ok(false), "not claimed");
    claim(&db, "qr-l", "d").await;
    assert_eq!(approve("e", NOW).await, Ok(false), "another phone");
    assert_eq!(approve("d", NOW.plus(180)).await, Ok(false), "the challenge is over");
    assert_eq!(db.refuse_login("l", "e", b"h", NOW).await, Ok(false));
    assert_eq!(approve("d", NOW.plus(179)).await, Ok(true));
    assert_eq!(approve("d", NOW).await, Ok(false), "once");
    assert_eq!(db.refuse_login("l", "d", b"h", NOW).await, Ok(false));
}

async fn a_phone_revoked_after_its_claim_approves_nothing(db: TestDatabase) {
    db.insert_identity("i").await;
    db.create_login(new("l"), 10).await.unwrap();
    claim(&db, "qr-l", "d").await;
    let claimed = db.load_login("l").await.unwrap().unwrap();
    let approve = async || db.approve_login(&claimed, b"a", b"123456", b"h", NOW).await;
    db.run("UPDATE device SET active = 0 WHERE id = 'd'").await;
    assert_eq!(approve().await, Ok(false));
    assert_eq!(db.connections_of("i", 10).await.unwrap().len(), 0, "nothing in the person's history");
    db.run("UPDATE device SET active = 1 WHERE id = 'd'").await;
    assert_eq!(approve().await, Ok(true));
}

async fn an_answer_written_from_outside_or_moved_to_another_identity_is_noticed(db: TestDatabase) {
    let sealed = Err(Error::Sealed("answer to a login"));
    for (id, sql) in [
        ("l", "UPDATE login SET answer = code_hash WHERE id = 'l'"),
        ("m", "UPDATE login SET identity_id = 'victim' WHERE id = 'm'"),
        ("n", "UPDATE login SET answer = (SELECT answer FROM login WHERE id = 'o') WHERE id = 'n'"),
    ] {
        issued(&db, id).await;
        if id == "n" {
            issued(&db, "o").await;
        }
        db.run(sql).await;
        let (code, token) = (format!("code-{id}"), format!("token-{id}"));
        let redeemed = db.redeem_code(code.as_bytes(), "fc", NewToken::once(token.as_bytes()), NOW).await;
        assert_eq!(redeemed.map(drop), sealed, "{id}");
    }
}

async fn the_cap_answers_full(db: TestDatabase) {
    assert_eq!(db.create_login(new("a"), 2).await, Ok(Created::Stored));
    assert_eq!(db.create_login(new("b"), 2).await, Ok(Created::Stored));
    assert_eq!(db.create_login(new("c"), 2).await, Ok(Created::Full));
    assert_eq!(db.delete_expired_logins(NOW.plus(10_000), 1).await, Ok(1));
    assert_eq!(db.create_login(new("c"), 2).await, Ok(Created::Stored));
    assert_eq!(db.create_login(new("c"), 9).await, Err(Error::Conflict));
}

async fn a_row_stays_under_one_kilobyte(db: TestDatabase) {
    let request = |len| NewLogin { request: vec![b'x'; len], context: Vec::new(), ..new("l") };
    let max = crate::login::MAX_REQUEST;
    assert_eq!(db.create_login(request(max + 1), 10).await, Err(Error::TooLong("authorization request")));
    assert_eq!(db.create_login(request(max), 10).await, Ok(Created::Stored));
}

async fn expired_logins_are_deleted_in_batches(db: TestDatabase) {
    for id in ["a", "b", "c"] {
        db.create_login(new(id), 10).await.unwrap();
    }
    let end = NOW.plus(480);
    assert_eq!(db.delete_expired_logins(end, 10).await, Ok(0), "kept a while, to notice a code used twice");
    assert_eq!(db.delete_expired_logins(end.plus(120), 2).await, Ok(2));
    assert_eq!(db.delete_expired_logins(end.plus(120), 2).await, Ok(1));
}
