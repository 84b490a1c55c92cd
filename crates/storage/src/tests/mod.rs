//! Every test runs on both engines: on SQLite in a temporary folder, on PostgreSQL in a fresh database of the cluster
//! that `SCEAU_TEST_POSTGRES` names (`scripts/test` starts one). Without it the PostgreSQL half says that it is
//! skipped; in CI it fails.

mod account;
mod audit;
mod backchannel;
mod change;
mod desk;
mod device;
mod dump;
mod enrolment;
mod login;
mod opening;
mod outbox;
mod reseal;
mod schema;
mod session;
mod standards;
mod trace;
mod writer;

use std::sync::atomic::{AtomicU32, Ordering};

use clock::UnixTime;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::engine::{read, transaction};
use crate::{Database, Error, OpenedEnrolment, StorageKeys};

/// The time of every test.
pub(super) const NOW: UnixTime = UnixTime(1_750_000_000);

pub(super) struct TestDatabase {
    pub(super) database: Database,
    pub(super) address: String,
    pub(super) folder: tempfile::TempDir,
}

impl std::ops::Deref for TestDatabase {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.database
    }
}

pub(super) fn keys() -> StorageKeys {
    StorageKeys::new([7; 32], [9; 32])
}

pub(super) async fn open(address: &str) -> Database {
    Database::connect(address, keys(), ChaCha20Rng::seed_from_u64(1)).await.unwrap()
}

pub(super) async fn sqlite() -> TestDatabase {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("sqlite:{}", folder.path().join("sceau.db").display());
    TestDatabase { database: open(&address).await, address, folder }
}

pub(super) async fn postgres() -> Option<TestDatabase> {
    let address = fresh_postgres().await?;
    Some(TestDatabase { database: open(&address).await, address, folder: tempfile::tempdir().unwrap() })
}

/// The address of an empty database.
pub(super) async fn fresh_postgres() -> Option<String> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let Ok(server) = std::env::var("SCEAU_TEST_POSTGRES") else {
        assert!(std::env::var("CI").is_err(), "SCEAU_TEST_POSTGRES must be set in CI");
        eprintln!("SKIPPED on PostgreSQL: SCEAU_TEST_POSTGRES is not set (scripts/test sets it)");
        return None;
    };
    let name = format!("storage_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
    let admin = sqlx::PgPool::connect(&server).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&admin).await.unwrap();
    admin.close().await;
    let mut address: Vec<&str> = server.split('?').collect();
    let base = address[0].rsplit_once('/').unwrap().0;
    let own = format!("{base}/{name}");
    address[0] = &own;
    Some(address.join("?"))
}

/// Makes two tests of each function: one on each engine.
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(crate::tests::sqlite().await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                if let Some(database) = crate::tests::postgres().await {
                    super::$name(database).await;
                }
            })*
        }
    };
}
pub(super) use on_both_engines;

/// Opens an enrolment `id` with the secret `bearer-ID`.
pub(super) async fn opened(database: &Database, id: &str) -> OpenedEnrolment {
    let bearer = format!("bearer-{id}");
    database
        .open_enrolment(id, bearer.as_bytes(), b"challenge", b"192.0.2.1", NOW, NOW.plus(3600))
        .await
        .unwrap();
    loaded(database, id).await
}

/// Loads it again.
pub(super) async fn loaded(database: &Database, id: &str) -> OpenedEnrolment {
    database.load_enrolment(id, format!("bearer-{id}").as_bytes(), NOW).await.unwrap().unwrap()
}

impl Database {
    /// Runs a statement as somebody who got hold of the database.
    pub(super) async fn run(&self, sql: &'static str) {
        let done: Result<(), Error> = transaction!(self, |c| {
            sqlx::query(sql).execute(&mut *c).await?;
            Ok(())
        });
        done.unwrap();
    }

    pub(super) async fn count(&self, sql: &'static str) -> i64 {
        let row: Result<(i64,), Error> =
            read!(self, |c| { Ok(sqlx::query_as(sql).fetch_one(&mut *c).await?) });
        row.unwrap().0
    }

    /// A bare identity, to hang a history on, and its phone `d`.
    pub(super) async fn insert_identity(&self, id: &'static str) {
        let done: Result<(), Error> = transaction!(self, |c| {
            sqlx::query(
                "INSERT INTO identity (id, subject, state, version, person_key, recovery_key, enrolled_at, used_at) \
                 SELECT $1, $1, 2, 1, $2, $2, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM identity WHERE id = $1)",
            )
            .bind(id)
            .bind(id.as_bytes())
            .execute(&mut *c)
            .await?;
            sqlx::query(
                "INSERT INTO device (id, identity_id, active, device_key, pin_failures, request_sequence, created_at) \
                 VALUES ('d', $1, 1, $2, 0, 0, 0) ON CONFLICT DO NOTHING",
            )
            .bind(id)
            .bind(id.as_bytes())
            .execute(&mut *c)
            .await?;
            Ok(())
        });
        done.unwrap();
    }
}
