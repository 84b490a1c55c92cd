//! Connections that jobs take turns on.
//!
//! sqlx's own pool asks the server for a sign of life before each use and after it: three round trips for one statement.
//! Here a connection is asked only if it rested, and one whose job did not end well is closed, not given back.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::{ConnectOptions, Connection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::Error;

/// How long a job waits for a connection, and for a new one to be made.
const PATIENCE: Duration = Duration::from_secs(10);
/// A connection that rested longer is asked before its use.
const FRESH: Duration = Duration::from_secs(1);
/// How long it may take to answer; one that rested behind a firewall may never do.
const ANSWER: Duration = Duration::from_secs(2);
/// One that rested longer is closed.
const STALE: Duration = Duration::from_secs(600);

/// Up to so many connections of one kind.
pub(crate) struct Connections<C: Connection>(Arc<Shared<C>>);

struct Shared<C: Connection> {
    options: C::Options,
    permits: Arc<Semaphore>,
    /// The one that was used last is used next: the others rest, and are closed in the end.
    resting: Mutex<Vec<(C, Instant)>>,
}

impl<C: Connection> Clone for Connections<C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<C: Connection> Connections<C> {
    pub(crate) fn new(options: C::Options, most: usize) -> Self {
        let permits = Arc::new(Semaphore::new(most));
        Self(Arc::new(Shared { options, permits, resting: Mutex::default() }))
    }

    /// A connection that answers.
    ///
    /// # Errors
    /// None is free in time, or the server cannot be reached.
    pub(crate) async fn take(&self) -> Result<Lease<C>, Error> {
        let shared = &self.0;
        let late = |_| Error::Database("no connection in time".to_owned());
        let permit = timeout(PATIENCE, shared.permits.clone().acquire_owned()).await.map_err(late)?;
        let permit = permit.map_err(|_| Error::Closed)?;
        while let Some((mut connection, since)) = shared.pop() {
            let rested = since.elapsed();
            let alive = rested < FRESH
                || rested < STALE && matches!(timeout(ANSWER, connection.ping()).await, Ok(Ok(())));
            if alive {
                return Ok(Lease { connection, home: shared.clone(), _permit: permit });
            }
        }
        let connection = timeout(PATIENCE, shared.options.connect()).await.map_err(late)??;
        Ok(Lease { connection, home: shared.clone(), _permit: permit })
    }
}

impl<C: Connection> Shared<C> {
    fn pop(&self) -> Option<(C, Instant)> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

/// A connection at work. Dropped, it is closed: whoever was interrupted left it in an unknown state.
pub(crate) struct Lease<C: Connection> {
    pub(crate) connection: C,
    home: Arc<Shared<C>>,
    _permit: OwnedSemaphorePermit,
}

impl<C: Connection> Lease<C> {
    /// Gives the connection back, unless the database itself failed: an engine's error may leave anything behind.
    pub(crate) fn give_back<T>(self, outcome: Result<T, Error>) -> Result<T, Error> {
        if !matches!(outcome, Err(Error::Database(_) | Error::Closed)) {
            let mut resting = self.home.resting.lock().unwrap_or_else(PoisonError::into_inner);
            resting.push((self.connection, Instant::now()));
        }
        outcome
    }
}
