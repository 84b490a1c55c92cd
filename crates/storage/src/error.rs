//! Trouble of the storage itself. What a request may meet (a code used twice, an attempt closed) is an outcome of the
//! method, not an error.

/// The database failed, or holds what it should not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The engine's own message; it holds no values.
    #[error("database: {0}")]
    Database(String),
    /// The address is neither `sqlite:` nor `postgres:`.
    #[error("the database address must begin with sqlite: or postgres:")]
    Address,
    /// A sealed row does not open: wrong key, or changed from outside.
    #[error("a sealed {0} does not open")]
    Sealed(&'static str),
    /// The chain of evidence is broken: a row was changed, moved or removed from outside.
    #[error("the chain of evidence is broken at {0}")]
    Chain(i64),
    /// A row holds a number or text that no version of this program writes.
    #[error("a stored {0} is unknown")]
    Unknown(&'static str),
    /// A value is longer than its column is meant for.
    #[error("{0} is too long")]
    TooLong(&'static str),
    /// The enrolment grew, closed or expired since it was loaded; nothing was written.
    #[error("the enrolment changed meanwhile")]
    Conflict,
    /// A sealed enrolment was not stored; nothing was written.
    #[error("the enrolment was not stored: {0}")]
    Seal(SealRefusal),
    /// The server is stopping.
    #[error("the storage is closed")]
    Closed,
}

/// Why a sealed enrolment makes no account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealRefusal {
    /// The enrolment is not open, or its time is over.
    #[error("it is closed")]
    Closed,
    /// Evidence came after what was judged: judge again.
    #[error("its evidence changed")]
    EvidenceChanged,
    /// The document's identity is blocked: a new enrolment does not wake it.
    #[error("the identity is blocked")]
    Blocked,
    /// The document's number is enrolled for another person.
    #[error("the document is enrolled for another person")]
    AnotherPerson,
    /// The device key belongs to an account already.
    #[error("the device key is known")]
    DeviceKnown,
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error {
            // A constraint's message names table and column, the detail of PostgreSQL would name the value.
            sqlx::Error::Database(database) => Self::Database(database.message().to_owned()),
            sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => Self::Closed,
            other => Self::Database(other.to_string()),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for Error {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        Self::Database(error.to_string())
    }
}
