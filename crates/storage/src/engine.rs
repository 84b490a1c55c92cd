//! The two engines, and the macros that run one body on either.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rand_core::CryptoRng;
use sqlx::error::DatabaseError;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqlSafeStr as _};
use tokio::sync::Notify;

use crate::Error;
use crate::connections::Connections;
use crate::keys::{StorageKeys, Vault};
use crate::writer::Writer;

/// Read-only connections beside SQLite's writer.
const SQLITE_READERS: usize = 4;
/// How often, and how far apart, a file that another process just makes is tried: ten seconds, as the busy timeout.
const BUSY_TRIES: u32 = 400;
const BUSY_PAUSE: Duration = Duration::from_millis(25);
/// Connections to PostgreSQL: 16 beat 64.
const POSTGRES_CONNECTIONS: usize = 16;
/// Prepared statements that a connection keeps: all that there are.
const STATEMENTS: usize = 256;

const SQLITE_MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "initial", include_str!("../../../migrations/sqlite/0001_initial.sql")),
    (2, "trace", include_str!("../../../migrations/sqlite/0002_trace.sql")),
    (3, "standards", include_str!("../../../migrations/sqlite/0003_standards.sql")),
    (4, "account", include_str!("../../../migrations/sqlite/0004_account.sql")),
    (5, "log_due", include_str!("../../../migrations/sqlite/0005_log_due.sql")),
    (6, "face and desk", include_str!("../../../migrations/sqlite/0006_face_and_desk.sql")),
];
const POSTGRES_MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "initial", include_str!("../../../migrations/postgres/0001_initial.sql")),
    (2, "trace", include_str!("../../../migrations/postgres/0002_trace.sql")),
    (3, "standards", include_str!("../../../migrations/postgres/0003_standards.sql")),
    (4, "account", include_str!("../../../migrations/postgres/0004_account.sql")),
    (5, "log_due", include_str!("../../../migrations/postgres/0005_log_due.sql")),
    (6, "face and desk", include_str!("../../../migrations/postgres/0006_face_and_desk.sql")),
];

/// The storage. Clones share it.
#[derive(Clone)]
pub struct Database {
    pub(crate) engine: Engine,
    pub(crate) vault: Arc<Vault>,
    /// Logins in the table, as far as this process knows: exact after each clean-up.
    pub(crate) logins: Arc<AtomicI64>,
    /// A code was redeemed: the audit log is due a line.
    pub(crate) line_due: Arc<Notify>,
}

#[derive(Clone)]
pub(crate) enum Engine {
    Sqlite { writer: Writer, readers: Connections<SqliteConnection> },
    Postgres(Connections<PgConnection>),
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
            $crate::engine::Engine::Postgres(connections) => {
                let connections = connections.clone();
                let work = async move {
                    let mut lease = connections.take().await?;
                    let outcome = $crate::engine::fallible(async {
                        let mut transaction = sqlx::Connection::begin(&mut lease.connection).await?;
                        let outcome = {
                            let $c: &mut sqlx::PgConnection = &mut transaction;
                            $crate::engine::fallible(async move { $body }).await
                        };
                        match &outcome {
                            Ok(_) => transaction.commit().await?,
                            Err(_) => transaction.rollback().await?,
                        }
                        outcome
                    });
                    let outcome = outcome.await;
                    lease.give_back(outcome)
                };
                tokio::spawn(work).await.unwrap_or(Err($crate::Error::Closed))
            }
        }
    };
}

/// Runs a body that writes with one statement: it needs no transaction around it.
macro_rules! statement {
    ($database:expr, |$c:ident| $body:block) => {
        match &$database.engine {
            $crate::engine::Engine::Sqlite { writer, .. } => {
                writer.run_one(move |$c: &mut sqlx::SqliteConnection| Box::pin(async move { $body })).await
            }
            $crate::engine::Engine::Postgres(connections) => {
                let connections = connections.clone();
                let work = async move {
                    let mut lease = connections.take().await?;
                    let $c: &mut sqlx::PgConnection = &mut lease.connection;
                    let outcome = $crate::engine::fallible(async move { $body }).await;
                    lease.give_back(outcome)
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
                    let mut lease = readers.take().await?;
                    let $c: &mut sqlx::SqliteConnection = &mut lease.connection;
                    let outcome = $crate::engine::fallible(async move { $body }).await;
                    lease.give_back(outcome)
                })
                .await
            }
            $crate::engine::Engine::Postgres(connections) => {
                $crate::engine::fallible(async {
                    let mut lease = connections.take().await?;
                    let $c: &mut sqlx::PgConnection = &mut lease.connection;
                    let outcome = $crate::engine::fallible(async move { $body }).await;
                    lease.give_back(outcome)
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
                    let mut lease = readers.take().await?;
                    let outcome = $crate::engine::fallible(async {
                        let mut transaction = sqlx::Connection::begin(&mut lease.connection).await?;
                        let outcome = {
                            let $c: &mut sqlx::SqliteConnection = &mut transaction;
                            $crate::engine::fallible(async move { $body }).await
                        };
                        transaction.rollback().await?;
                        outcome
                    });
                    let outcome = outcome.await;
                    lease.give_back(outcome)
                })
                .await
            }
            $crate::engine::Engine::Postgres(connections) => {
                $crate::engine::fallible(async {
                    let mut lease = connections.take().await?;
                    let outcome = $crate::engine::fallible(async {
                        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                        let mut transaction =
                            sqlx::Connection::begin_with(&mut lease.connection, begin).await?;
                        let outcome = {
                            let $c: &mut sqlx::PgConnection = &mut transaction;
                            $crate::engine::fallible(async move { $body }).await
                        };
                        transaction.rollback().await?;
                        outcome
                    });
                    let outcome = outcome.await;
                    lease.give_back(outcome)
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
        let database = Self { engine, vault, logins: Arc::default(), line_due: Arc::default() };
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
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging();
    let mut connection = first_connection(&options).await?;
    // The driver's lock around migrations is empty on SQLite: one transaction lets another process wait for the whole.
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    migrator(SQLITE_MIGRATIONS).run(&mut *transaction).await?;
    transaction.commit().await?;
    let readers = options.create_if_missing(false).read_only(true);
    Ok(Engine::Sqlite {
        writer: Writer::start(connection),
        readers: Connections::new(readers, SQLITE_READERS),
    })
}

/// Connects, though another process may be turning the same new file to write-ahead logging: for that SQLite answers busy
/// at once, whatever its busy timeout.
async fn first_connection(options: &SqliteConnectOptions) -> Result<SqliteConnection, Error> {
    for _ in 0..BUSY_TRIES {
        match options.connect().await {
            Err(sqlx::Error::Database(error)) if is_busy(&*error) => tokio::time::sleep(BUSY_PAUSE).await,
            outcome => return Ok(outcome?),
        }
    }
    Ok(options.connect().await?)
}

/// SQLITE_BUSY in any of its extended codes, whose low byte it is.
fn is_busy(error: &dyn DatabaseError) -> bool {
    error.code().and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| code & 0xff == 5)
}

async fn open_postgres(address: &str) -> Result<Engine, Error> {
    let options = PgConnectOptions::from_str(address)?
        .application_name("sceau")
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging();
    let mut connection = options.connect().await?;
    migrator(POSTGRES_MIGRATIONS).run(&mut connection).await?;
    connection.close().await?;
    Ok(Engine::Postgres(Connections::new(options, POSTGRES_CONNECTIONS)))
}

fn migrator(files: &'static [(i64, &'static str, &'static str)]) -> Migrator {
    let migration = |(version, name, sql): &(i64, &'static str, &'static str)| {
        Migration::new(*version, (*name).into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(files.iter().map(migration).collect())
}
