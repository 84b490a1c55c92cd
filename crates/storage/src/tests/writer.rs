//! Durability and isolation of SQLite's group commit.

use identity::EvidenceKind;

use super::login::issued;
use super::{NOW, TestDatabase, loaded, open, opened, sqlite};
use crate::engine::transaction;
use crate::{AuditEvent, Database, Error, NewEvidence, NewToken};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_in_the_files_when_the_process_dies() {
    let db = sqlite().await;
    let enrolment = opened(&db, "e").await;
    db.append_evidence(&enrolment, vec![NewEvidence::new(EvidenceKind::Contact, "one")], NOW).await.unwrap();
    let (_grave, risen) = killed(&db).await;
    assert_eq!(loaded(&risen, "e").await.evidence.content(EvidenceKind::Contact), Some(b"one".as_slice()));
}

/// The line of a code that was redeemed just before is written by the next process, once.
#[tokio::test(flavor = "multi_thread")]
async fn no_line_of_the_audit_log_is_lost_with_the_process() {
    let db = sqlite().await;
    for id in ["l", "m"] {
        issued(&db, id).await;
        let (code, token) = (format!("code-{id}"), format!("token-{id}"));
        db.redeem_code(code.as_bytes(), "fc", NewToken::once(token.as_bytes()), NOW).await.unwrap();
    }
    let (_grave, risen) = killed(&db).await;
    assert_eq!(risen.audit_lines(0, 10).await, Ok(vec![]));
    let write = async || risen.log_redemptions(|answer| String::from_utf8_lossy(answer).into(), 10).await;
    assert_eq!((write().await, write().await), (Ok(2), Ok(0)));
    let lines = risen.audit_lines(0, 10).await.unwrap();
    let told: Vec<_> = lines.iter().map(|l| (l.event.subject.as_str(), l.event.detail.as_str())).collect();
    assert_eq!(told, [("l", "fc answer"), ("m", "fc answer")]);
    assert_eq!(risen.verify_audit().await.map(|head| head.sequence), Ok(2));
}

/// What a killed process leaves, opened by the next one: the files as they are, write-ahead log included, no checkpoint, no
/// close.
async fn killed(db: &TestDatabase) -> (tempfile::TempDir, Database) {
    let grave = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(db.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, grave.path().join(path.file_name().unwrap())).unwrap();
    }
    std::fs::remove_file(grave.path().join("sceau.db-shm")).unwrap();
    let risen = open(&format!("sqlite:{}", grave.path().join("sceau.db").display())).await;
    (grave, risen)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_fails_takes_nothing_of_its_neighbours_with_it() {
    let db = sqlite().await;
    let tasks = (0..100).map(|n| {
        let db = db.database.clone();
        tokio::spawn(async move {
            if n % 2 == 0 {
                return db.audit(AuditEvent::new("test.line", "s", ""), NOW).await;
            }
            fails(&db).await
        })
    });
    let mut failed = 0;
    for task in tasks.collect::<Vec<_>>() {
        failed += i32::from(task.await.unwrap().is_err());
    }
    assert_eq!(failed, 50);
    assert_eq!(db.verify_audit().await.map(|h| h.sequence), Ok(50));
}

/// Writes, then fails.
async fn fails(db: &Database) -> Result<(), Error> {
    transaction!(db, |c| {
        sqlx::query("UPDATE audit_head SET sequence = 1000 WHERE id = 1").execute(&mut *c).await?;
        Err(Error::Conflict)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connection_is_set_as_promised() {
    let db = sqlite().await;
    let pragma = async |sql| {
        let value: Result<(String,), Error> =
            transaction!(db, |c| { Ok(sqlx::query_as(sql).fetch_one(&mut *c).await?) });
        value.unwrap().0
    };
    assert_eq!(pragma("SELECT journal_mode FROM pragma_journal_mode").await, "wal");
    assert_eq!(pragma("SELECT CAST(synchronous AS TEXT) FROM pragma_synchronous").await, "2");
    assert_eq!(pragma("SELECT CAST(secure_delete AS TEXT) FROM pragma_secure_delete").await, "1");
    assert_eq!(pragma("SELECT CAST(foreign_keys AS TEXT) FROM pragma_foreign_keys").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_address_is_refused() {
    let rng = <rand_chacha::ChaCha20Rng as rand_chacha::rand_core::SeedableRng>::seed_from_u64(1);
    let refused = Database::connect("mysql://x", super::keys(), rng).await.map(drop);
    assert_eq!(refused, Err(Error::Address));
}
