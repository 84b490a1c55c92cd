//! What the standards beyond the broker's contract keep: sessions, pushed requests, tokens bound to a key.

use identity::LoginState;

use super::login::{issued, new};
use super::{NOW, TestDatabase, on_both_engines};
use crate::{Created, Error, NewToken, SsoSession};

on_both_engines!(
    a_session_is_of_one_secret_one_client_and_its_time,
    a_login_by_session_is_released_from_its_beginning,
    a_pushed_request_is_of_one_client_and_used_once,
    a_bound_token_needs_its_key_and_an_unbound_one_none,
    a_reusable_token_reads_as_often_as_it_is_sent,
    a_token_is_seen_and_revoked_by_its_client_only,
);

fn session() -> SsoSession {
    SsoSession { identity_id: "i".into(), device_id: "d".into(), answer: b"answer".to_vec() }
}

async fn a_session_is_of_one_secret_one_client_and_its_time(db: TestDatabase) {
    db.insert_identity("i").await;
    db.keep_session(b"secret", "fc", session(), NOW.plus(60)).await.unwrap();
    let load = async |secret: &[u8], client: &str, at: i64| {
        db.load_session(secret, client, NOW.plus(at)).await.unwrap()
    };
    assert_eq!(load(b"secret", "fc", 59).await, Some(session()));
    assert_eq!(load(b"secret", "fc", 60).await, None);
    assert_eq!(load(b"secret", "other", 0).await, None);
    assert_eq!(load(b"other", "fc", 0).await, None);
    db.delete_expired_sso_sessions(NOW.plus(59)).await.unwrap();
    assert!(load(b"secret", "fc", 0).await.is_some());
    db.drop_session(b"secret").await.unwrap();
    assert_eq!(load(b"secret", "fc", 0).await, None);
    db.keep_session(b"secret", "fc", session(), NOW.plus(60)).await.unwrap();
    db.delete_expired_sso_sessions(NOW.plus(60)).await.unwrap();
    assert_eq!(load(b"secret", "fc", 0).await, None);
}

async fn a_login_by_session_is_released_from_its_beginning(db: TestDatabase) {
    db.insert_identity("i").await;
    assert_eq!(db.begin_by_session(new("s"), session(), b"history", 1).await, Ok(Created::Stored));
    assert_eq!(db.begin_by_session(new("t"), session(), b"history", 1).await, Ok(Created::Full));
    assert_eq!(db.create_login(new("t"), 1).await, Ok(Created::Full), "it is counted like any other");
    let login = db.load_login("s").await.unwrap().unwrap();
    assert_eq!((login.state, login.answer.as_deref()), (LoginState::Released, Some(&b"answer"[..])));
    assert_eq!((login.identity_id.as_deref(), login.device_id.as_deref()), (Some("i"), Some("d")));
    assert_eq!(db.connections_of("i", 10).await.unwrap().len(), 1);
    assert_eq!(db.begin_by_session(new("s"), session(), b"history", 9).await, Err(Error::Conflict));
    assert_eq!(db.connections_of("i", 10).await.unwrap().len(), 1, "nothing half-written");
    assert!(db.issue_code("s", b"browser-s", b"code", NOW).await.unwrap().is_some());
}

async fn a_pushed_request_is_of_one_client_and_used_once(db: TestDatabase) {
    let (uri, other) = ([1; 32], [2; 32]);
    db.push_request(&uri, "fc", b"request".to_vec(), NOW.plus(90)).await.unwrap();
    let load = async |uri: &[u8; 32], client: &str, at: i64| {
        db.pushed_request(uri, client, NOW.plus(at)).await.unwrap()
    };
    for _ in 0..2 {
        assert_eq!(load(&uri, "fc", 89).await, Some(b"request".to_vec()), "until it is used");
    }
    assert_eq!(load(&uri, "fc", 90).await, None);
    assert_eq!(load(&uri, "other", 0).await, None);
    assert_eq!(load(&other, "fc", 0).await, None);
    db.delete_expired_pushed(NOW.plus(90)).await.unwrap();
    assert_eq!(db.take_pushed_request(&uri).await, Ok(true), "a browser that began in time ends later");
    assert_eq!(db.take_pushed_request(&uri).await, Ok(false));
    assert_eq!(load(&uri, "fc", 0).await, None);
}

async fn a_bound_token_needs_its_key_and_an_unbound_one_none(db: TestDatabase) {
    let (key, other) = ([1; 32], [2; 32]);
    issued(&db, "bound").await;
    let token = NewToken { secret: b"bound", key: Some(&key), reusable: true };
    db.redeem_code(b"code-bound", "fc", token, NOW).await.unwrap();
    issued(&db, "plain").await;
    let token = NewToken { secret: b"plain", key: None, reusable: true };
    db.redeem_code(b"code-plain", "fc", token, NOW).await.unwrap();
    let counts = async |token: &[u8], key: Option<&[u8; 32]>| {
        db.use_access_token(token, key, NOW).await.unwrap().is_some()
    };
    assert!(counts(b"bound", Some(&key)).await);
    assert!(!counts(b"bound", Some(&other)).await && !counts(b"bound", None).await);
    assert!(counts(b"plain", None).await);
    assert!(!counts(b"plain", Some(&key)).await);
}

async fn a_reusable_token_reads_as_often_as_it_is_sent(db: TestDatabase) {
    issued(&db, "l").await;
    let token = NewToken { reusable: true, ..NewToken::once(b"token") };
    db.redeem_code(b"code-l", "fc", token, NOW).await.unwrap();
    for _ in 0..3 {
        assert!(db.use_access_token(b"token", None, NOW.plus(59)).await.unwrap().is_some());
    }
    assert!(db.use_access_token(b"token", None, NOW.plus(60)).await.unwrap().is_none());
    db.redeem_code(b"code-l", "fc", NewToken::once(b"second"), NOW).await.unwrap();
    assert!(db.use_access_token(b"token", None, NOW).await.unwrap().is_none(), "the code came twice");
}

async fn a_token_is_seen_and_revoked_by_its_client_only(db: TestDatabase) {
    issued(&db, "l").await;
    db.redeem_code(b"code-l", "fc", NewToken::once(b"token"), NOW).await.unwrap();
    let seen = async |client: &str, at: i64| {
        db.active_token(b"token", client, NOW.plus(at)).await.unwrap().map(|token| token.expires_at)
    };
    assert_eq!(seen("fc", 0).await, Some(NOW.plus(60)));
    assert_eq!(seen("fc", 60).await, None);
    assert_eq!(seen("other", 0).await, None);
    issued(&db, "m").await;
    db.redeem_code(b"code-m", "fc", NewToken::once(b"another"), NOW).await.unwrap();
    assert_eq!(db.revoke_token(b"token", "other").await, Ok(false));
    assert_eq!(db.revoke_token(b"token", "fc").await, Ok(true));
    assert_eq!(db.revoke_token(b"token", "fc").await, Ok(false));
    assert_eq!(seen("fc", 0).await, None);
    assert_eq!(db.use_access_token(b"token", None, NOW).await, Ok(None));
    assert!(db.active_token(b"another", "fc", NOW).await.unwrap().is_some());
    assert_eq!(db.revoke_device("d").await, Ok(true));
    assert_eq!(db.active_token(b"another", "fc", NOW).await, Ok(None), "its phone is revoked");
}
