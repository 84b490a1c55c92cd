//! The one writer of SQLite: a task that owns the only writing connection and commits in groups.
//!
//! Up to 64 jobs share one transaction, and with it one fsync. A job of several statements runs in its own savepoint, so
//! one that fails takes nothing of its neighbours with it; a job of one statement needs none, for a statement that fails
//! undoes itself. A job is answered only after the COMMIT: what was answered is on disk. (A statement alone has its
//! transaction too: the driver does not tell of a commit that fails behind a row that was returned.)

use std::pin::Pin;

use sqlx::SqliteConnection;
use tokio::sync::{mpsc, oneshot};

use crate::Error;

/// Jobs in one transaction.
const GROUP: usize = 64;
/// Jobs that wait; more wait outside.
const QUEUE: usize = 1024;

/// Told whether the commit succeeded; passes the job's answer on.
type Reply = Box<dyn FnOnce(Result<(), Error>) + Send>;
/// Whether the job's own savepoint is to be kept, and its reply.
type Outcome = (bool, Reply);
type BoxFuture<'c, T> = Pin<Box<dyn Future<Output = T> + Send + 'c>>;
type Work = Box<dyn for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Outcome> + Send>;

struct Job {
    /// It writes with one statement.
    is_statement: bool,
    work: Work,
}

/// The way to the writer task; it ends when the last of these is dropped.
#[derive(Clone)]
pub(crate) struct Writer(mpsc::Sender<Job>);

impl Writer {
    /// Starts the task.
    pub(crate) fn start(connection: SqliteConnection) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        tokio::spawn(serve(connection, receiver));
        Self(sender)
    }

    /// Runs one job in its savepoint and returns once it is durable. A caller that goes away stops nothing.
    pub(crate) async fn run<T, F>(&self, body: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, Error>> + Send + 'static,
    {
        self.queue(false, body).await
    }

    /// The same for a job that writes with one statement.
    pub(crate) async fn run_one<T, F>(&self, body: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, Error>> + Send + 'static,
    {
        self.queue(true, body).await
    }

    async fn queue<T, F>(&self, is_statement: bool, body: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, Error>> + Send + 'static,
    {
        let (answer, wait) = oneshot::channel();
        let work: Work = Box::new(move |connection| {
            let work = body(connection);
            Box::pin(async move {
                let result = work.await;
                let keep = result.is_ok();
                let reply: Reply = Box::new(move |committed| {
                    let _ = answer.send(committed.and(result));
                });
                (keep, reply)
            })
        });
        self.0.send(Job { is_statement, work }).await.map_err(|_| Error::Closed)?;
        wait.await.map_err(|_| Error::Closed)?
    }
}

async fn serve(mut connection: SqliteConnection, mut jobs: mpsc::Receiver<Job>) {
    while let Some(first) = jobs.recv().await {
        let mut replies = Vec::new();
        let committed = group(&mut connection, first, &mut jobs, &mut replies).await;
        if committed.is_err() {
            // A failed COMMIT may leave the transaction open.
            let _ = execute(&mut connection, "ROLLBACK").await;
        }
        for reply in replies {
            reply(committed.clone());
        }
    }
}

/// One transaction: the first job and those that wait behind it.
async fn group(
    connection: &mut SqliteConnection,
    first: Job,
    jobs: &mut mpsc::Receiver<Job>,
    replies: &mut Vec<Reply>,
) -> Result<(), Error> {
    execute(connection, "BEGIN IMMEDIATE").await?;
    let mut next = Some(first);
    while let Some(job) = next {
        if job.is_statement {
            replies.push((job.work)(connection).await.1);
        } else {
            execute(connection, "SAVEPOINT job").await?;
            let (keep, reply) = (job.work)(connection).await;
            replies.push(reply);
            if !keep {
                execute(connection, "ROLLBACK TO job").await?;
            }
            execute(connection, "RELEASE job").await?;
        }
        next = if replies.len() < GROUP { jobs.try_recv().ok() } else { None };
    }
    execute(connection, "COMMIT").await
}

async fn execute(connection: &mut SqliteConnection, statement: &'static str) -> Result<(), Error> {
    sqlx::query(statement).execute(connection).await?;
    Ok(())
}
