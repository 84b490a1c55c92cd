//! Durability and isolation of SQLite's group commit.

use identity::EvidenceKind;

use super::{NOW, loaded, open, opened, sqlite};
use crate::engine::transaction;
use crate::{AuditEvent, Database, Error, NewEvidence};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_in_the_files_when_the_process_dies() {
    let db = sqlite().await;
    let enrolment = opened(&db, "e").await;
    db.append_evidence(&enrolment, vec![NewEvidence::new(EvidenceKind::Contact, "one")], NOW).await.unwrap();
    // What a killed process leaves: the files as they are, write-ahead log included, no checkpoint, no close.
    let grave = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(db.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, grave.path().join(path.file_name().unwrap())).unwrap();
    }
    std::fs::remove_file(grave.path().join("sceau.db-shm")).unwrap();
    let risen = open(&format!("sqlite:{}", grave.path().join("sceau.db").display())).await;
    assert_eq!(loaded(&risen, "e").await.evidence.content(EvidenceKind::Contact), Some(b"one".as_slice()));
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
