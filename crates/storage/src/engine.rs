//! The two engines, and the macros that run one body on either.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rand_core::CryptoRng;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, SqlSafeStr as _};

use crate::Error;
use crate::keys::{StorageKeys, Vault};
use crate::writer::Writer;

/// Read-only connections beside SQLite's writer.
const SQLITE_READERS: u32 = 4;
/// Connections to PostgreSQL: 16 beat 64.
const POSTGRES_CONNECTIONS: u32 = 16;

const SQLITE_MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "initial", include_str!("../../../migrations/sqlite/0001_initial.sql")),
    (2, "trace", include_str!("../../../migrations/sqlite/0002_trace.sql")),
    (3, "standards", include_str!("../../../migrations/sqlite/0003_standards.sql")),
    (4, "account", include_str!("../../../migrations/sqlite/0004_account.sql")),
    (6, "face and desk", include_str!("../../../migrations/sqlite/0006_face_and_desk.sql")),
];
const POSTGRES_MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "initial", include_str!("../../../migrations/postgres/0001_initial.sql")),
    (2, "trace", include_str!("../../../migrations/postgres/0002_trace.sql")),
    (3, "standards", include_str!("../../../migrations/postgres/0003_standards.sql")),
    (4, "account", include_str!("../../../migrations/postgres/0004_account.sql")),
    (6, "face and desk", include_str!("../../../migrations/postgres/0006_face_and_desk.sql")),
];

/// The storage. Clones share it.
#[derive(Clone)]
pub struct Database {
    pub(crate) engine: Engine,
    pub(crate) vault: Arc<Vault>,
    /// Logins in the table, as far as this process knows: exact after each clean-up.
    pub(crate) logins: Arc<AtomicI64>,
}

#[derive(Clone)]
pub(crate) enum Engine {
    Sqlite { writer: Writer, readers: SqlitePool },
    Postgres(PgPool),
}

/// Names the error type of a body, for the compiler.
pub(crate) async fn fallible<T>(body: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    body.await
}

/// Runs a body of several statements in one transaction; `?` and `Err` roll it back. `$c` is the connection. It runs
/// in a task of its own, for a client that hangs up drops its handler.
macro_rules! transaction {
    ($database:expr, |$c:ident| $body:block) => {
        match &$database.engine {
            $crate::engine::Engine::Sqlite { writer, .. } => {
                writer.run(move |$c: &mut sqlx::SqliteConnection| Box::pin(async move { $body })).await
            }
            $crate::engine::Engine::Postgres(pool) => {
                let pool = pool.clone();
                let work = async move {
                    let mut transaction = pool.begin().await?;
                    let answer = {
                        let $c: &mut sqlx::PgConnection = &mut transaction;
                        $crate::engine::fallible(async move { $body }).await
                    }?;
                    transaction.commit().await?;
                    Ok(answer)
                };
                tokio::spawn(work).await.unwrap_or(Err($crate::Error::Closed))
            }
        }
    };
}

/// Runs a body that writes with one statement: PostgreSQL needs no BEGIN and COMMIT around it.
macro_rules! statement {
    ($database:expr, |$c:ident| $body:block) => {
        match &$database.engine {
            $crate::engine::Engine::Sqlite { writer, .. } => {
                writer.run(move |$c: &mut sqlx::SqliteConnection| Box::pin(async move { $body })).await
            }
            $crate::engine::Engine::Postgres(pool) => {
                let pool = pool.clone();
                let work = async move {
                    let mut connection = pool.acquire().await?;
                    let $c: &mut sqlx::PgConnection = &mut connection;
                    $crate::engine::fallible(async move { $body }).await
                };
                tokio::spawn(work).await.unwrap_or(Err($crate::Error::Closed))
            }
        }
    };
}

/// Runs a body that only reads.
macro_rules! read {
    ($database:expr, |$c:ident| $body:block) => {
        match &$database.engine {
            $crate::engine::Engine::Sqlite { readers, .. } => {
                $crate::engine::fallible(async {
                    let mut connection = readers.acquire().await?;
                    let $c: &mut sqlx::SqliteConnection = &mut connection;
                    $crate::engine::fallible(async move { $body }).await
                })
                .await
            }
            $crate::engine::Engine::Postgres(pool) => {
                $crate::engine::fallible(async {
                    let mut connection = pool.acquire().await?;
                    let $c: &mut sqlx::PgConnection = &mut connection;
                    $crate::engine::fallible(async move { $body }).await
                })
                .await
            }
        }
    };
}

/// Runs a body that reads several times and must see one state of the database.
macro_rules! snapshot {
    ($database:expr, |$c:ident| $body:block) => {
        match &$database.engine {
            $crate::engine::Engine::Sqlite { readers, .. } => {
                $crate::engine::fallible(async {
                    let mut transaction = readers.begin().await?;
                    let $c: &mut sqlx::SqliteConnection = &mut transaction;
                    $crate::engine::fallible(async move { $body }).await
                })
                .await
            }
            $crate::engine::Engine::Postgres(pool) => {
                $crate::engine::fallible(async {
                    let mut transaction =
                        pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
                    let $c: &mut sqlx::PgConnection = &mut transaction;
                    $crate::engine::fallible(async move { $body }).await
                })
                .await
            }
        }
    };
}

pub(crate) use {read, snapshot, statement, transaction};

impl Database {
    /// Opens the storage: `sqlite:PATH` (made if absent) or `postgres://..`, and brings its tables up to date.
    ///
    /// # Errors
    /// [`Error::Address`], [`Error::Database`].
    pub async fn connect(
        address: &str,
        keys: StorageKeys,
        rng: impl CryptoRng + Send + 'static,
    ) -> Result<Self, Error> {
        let engine = match address.split(':').next() {
            Some("sqlite") => open_sqlite(address).await?,
            Some("postgres" | "postgresql") => open_postgres(address).await?,
            _ => return Err(Error::Address),
        };
        let vault = Arc::new(Vault::new(keys, Box::new(rng)));
        let database = Self { engine, vault, logins: Arc::default() };
        database.logins.store(database.count_logins().await?, Ordering::Relaxed);
        Ok(database)
    }
}

async fn open_sqlite(address: &str) -> Result<Engine, Error> {
    let options = SqliteConnectOptions::from_str(address)?
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("secure_delete", "ON")
        .pragma("trusted_schema", "OFF")
        .busy_timeout(Duration::from_secs(10))
        .statement_cache_capacity(256)
        .disable_statement_logging();
    let mut connection = options.connect().await?;
    migrator(SQLITE_MIGRATIONS).run(&mut connection).await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(SQLITE_READERS)
        .connect_with(options.create_if_missing(false).read_only(true))
        .await?;
    Ok(Engine::Sqlite { writer: Writer::start(connection), readers })
}

async fn open_postgres(address: &str) -> Result<Engine, Error> {
    let options = PgConnectOptions::from_str(address)?.application_name("sceau").disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(Duration::from_secs(10))
        .connect_with(options)
        .await?;
    migrator(POSTGRES_MIGRATIONS).run(&pool).await?;
    Ok(Engine::Postgres(pool))
}

fn migrator(files: &'static [(i64, &'static str, &'static str)]) -> Migrator {
    let migration = |(version, name, sql): &(i64, &'static str, &'static str)| {
        Migration::new(*version, (*name).into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(files.iter().map(migration).collect())
}
