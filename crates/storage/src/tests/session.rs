use identity::Level;
use identity::login::LoginKind;

use super::{NOW, TestDatabase, on_both_engines};
use crate::session::{SESSION_IDLE, SESSION_LIFE};
use crate::{Created, NewLogin, ReleaseOutcome, Session};

on_both_engines!(
    a_released_login_becomes_one_session,
    a_session_needs_the_browser_and_the_client_of_its_login,
    a_session_ends_by_rest_by_age_and_by_its_holder,
    a_session_ends_with_its_phone_and_its_identity,
    sixteen_browsers_of_one_login_make_one_session,
);

const CLIENT: &str = "sceau";

/// A login `id` to our own pages, released in its browser.
async fn released(db: &TestDatabase, id: &str) -> crate::Login {
    db.insert_identity("i").await;
    let new = NewLogin {
        id: id.to_owned(),
        client_id: CLIENT.to_owned(),
        link_handle: format!("link-{id}").into_bytes(),
        qr_handle: format!("qr-{id}").into_bytes(),
        browser_secret: b"browser".to_vec(),
        request: b"request".to_vec(),
        context: Vec::new(),
        created_at: NOW,
        expires_at: NOW.plus(480),
    };
    assert_eq!(db.create_login(new, 1000).await, Ok(Created::Stored));
    let handle = format!("qr-{id}");
    db.claim_login(handle.as_bytes(), "d", "i", b"challenge", NOW.plus(180), NOW).await.unwrap();
    let claimed = db.load_login(id).await.unwrap().unwrap();
    assert_eq!(db.approve_login(&claimed, b"answer", b"123456", b"history", NOW).await, Ok(true));
    let outcome = db.release_login(id, b"browser", LoginKind::Qr, b"123456", NOW).await;
    assert_eq!(outcome, Ok(ReleaseOutcome::Released));
    claimed
}

fn session() -> Session {
    Session {
        identity_id: "i".into(),
        device_id: "d".into(),
        level: Level::Eidas2,
        authenticated_at: NOW.plus(-5),
    }
}

/// Opens the session `token` of a login `id`.
async fn opened(db: &TestDatabase, id: &str, token: &[u8]) {
    let login = released(db, id).await;
    assert_eq!(db.open_session(&login, b"browser", CLIENT, token, session(), NOW).await, Ok(true));
}

async fn a_released_login_becomes_one_session(db: TestDatabase) {
    let login = released(&db, "l").await;
    assert_eq!(db.open_session(&login, b"browser", CLIENT, b"t", session(), NOW).await, Ok(true));
    assert_eq!(db.use_session(b"t", NOW).await, Ok(Some(session())));
    assert_eq!(db.use_session(b"u", NOW).await, Ok(None));
    assert_eq!(db.open_session(&login, b"browser", CLIENT, b"u", session(), NOW).await, Ok(false), "once");
    assert_eq!(db.issue_code("l", b"browser", b"code", NOW).await, Ok(None), "and no code beside it");
}

async fn a_session_needs_the_browser_and_the_client_of_its_login(db: TestDatabase) {
    let login = released(&db, "l").await;
    let open = async |browser: &[u8], client, session, at| {
        db.open_session(&login, browser, client, b"t", session, at).await.unwrap()
    };
    assert!(!open(b"another", CLIENT, session(), NOW).await);
    assert!(!open(b"browser", "fc", session(), NOW).await);
    assert!(!open(b"browser", CLIENT, session(), NOW.plus(480)).await, "its time is over");
    assert!(open(b"browser", CLIENT, session(), NOW).await);
    let login = released(&db, "m").await;
    let other = Session { device_id: "x".into(), ..session() };
    assert_eq!(db.open_session(&login, b"browser", CLIENT, b"u", other, NOW).await, Ok(false));
}

async fn a_session_ends_by_rest_by_age_and_by_its_holder(db: TestDatabase) {
    opened(&db, "l", b"t").await;
    let lives = async |at| db.use_session(b"t", at).await.unwrap().is_some();
    assert!(!lives(NOW.plus(SESSION_IDLE)).await, "unused for ten minutes");
    for n in 1..SESSION_LIFE / 300 {
        assert!(lives(NOW.plus(n * 300)).await, "{n}");
    }
    assert!(!lives(NOW.plus(SESSION_LIFE)).await, "an hour old");
    db.delete_expired_sessions(NOW.plus(SESSION_LIFE - 1)).await.unwrap();
    assert!(lives(NOW.plus(SESSION_LIFE - 1)).await);
    db.end_session(b"t").await.unwrap();
    assert!(!lives(NOW.plus(SESSION_LIFE - 1)).await);
    opened(&db, "m", b"t").await;
    db.delete_expired_sessions(NOW.plus(SESSION_LIFE)).await.unwrap();
    assert_eq!(db.count("SELECT COUNT(*) FROM session").await, 0);
}

async fn a_session_ends_with_its_phone_and_its_identity(db: TestDatabase) {
    opened(&db, "l", b"t").await;
    let lives = async || db.use_session(b"t", NOW).await.unwrap().is_some();
    db.run("UPDATE identity SET state = 3").await;
    assert!(lives().await, "a paused identity enters its account");
    db.run("UPDATE identity SET state = 4").await;
    assert!(!lives().await, "blocked");
    db.run("UPDATE identity SET state = 2").await;
    assert!(lives().await);
    db.revoke_device("d").await.unwrap();
    assert!(!lives().await, "its phone is revoked");
}

async fn sixteen_browsers_of_one_login_make_one_session(db: TestDatabase) {
    let login = released(&db, "l").await;
    let tasks = (0..16_u8).map(|n| {
        let (db, login) = (db.database.clone(), login.clone());
        tokio::spawn(async move { db.open_session(&login, b"browser", CLIENT, &[n], session(), NOW).await })
    });
    let mut opened = 0;
    for task in tasks.collect::<Vec<_>>() {
        opened += usize::from(task.await.unwrap().unwrap());
    }
    assert_eq!((opened, db.count("SELECT COUNT(*) FROM session").await), (1, 1));
}
