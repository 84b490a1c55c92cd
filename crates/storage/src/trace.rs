//! Traces of readings that failed, which people sent for support. They hold no data of a chip, and name no enrolment.

use clock::UnixTime;

use crate::engine::statement;
use crate::{Database, Error};

pub(crate) const ADD: &str =
    "INSERT INTO trace (id, received_at, expires_at, outcome, events) VALUES ($1, $2, $3, $4, $5)";
pub(crate) const LIST: &str =
    "SELECT id, received_at, outcome FROM trace WHERE expires_at > $1 ORDER BY received_at DESC, id LIMIT $2";
pub(crate) const LOAD: &str = "SELECT events FROM trace WHERE id = $1 AND expires_at > $2";
pub(crate) const DELETE_EXPIRED: &str = "DELETE FROM trace WHERE id IN \
     (SELECT id FROM trace WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2) AND expires_at <= $1";

/// A line of the list of traces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceSummary {
    /// Its random name, which the person can tell support.
    pub id: String,
    /// When it came.
    pub received_at: UnixTime,
    /// The code with which the reading ended; empty if it did not fail.
    pub outcome: String,
}

impl Database {
    /// Keeps a trace until `expires_at`.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn add_trace(
        &self,
        trace: TraceSummary,
        events: String,
        expires_at: UnixTime,
    ) -> Result<(), Error> {
        statement!(self, |c| {
            let query = sqlx::query(ADD).bind(trace.id).bind(trace.received_at.0).bind(expires_at.0);
            query.bind(trace.outcome).bind(events.into_bytes()).execute(&mut *c).await?;
            Ok(())
        })
    }

    /// The newest traces.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn traces(&self, most: i64, now: UnixTime) -> Result<Vec<TraceSummary>, Error> {
        let rows: Vec<(String, i64, String)> = statement!(self, |c| {
            Ok(sqlx::query_as(LIST).bind(now.0).bind(most).fetch_all(&mut *c).await?)
        })?;
        let summary = |(id, at, outcome)| TraceSummary { id, received_at: UnixTime(at), outcome };
        Ok(rows.into_iter().map(summary).collect())
    }

    /// The events of a trace, as they were sent.
    ///
    /// # Errors
    /// [`Error::Unknown`]: it is no text. Trouble of the storage.
    pub async fn trace(&self, id: &str, now: UnixTime) -> Result<Option<String>, Error> {
        let id = id.to_owned();
        let row: Option<(Vec<u8>,)> = statement!(self, |c| {
            Ok(sqlx::query_as(LOAD).bind(id).bind(now.0).fetch_optional(&mut *c).await?)
        })?;
        row.map(|(events,)| String::from_utf8(events).map_err(|_| Error::Unknown("trace"))).transpose()
    }

    /// Deletes up to `batch` traces whose time is over; returns how many.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn delete_expired_traces(&self, now: UnixTime, batch: i64) -> Result<u64, Error> {
        statement!(self, |c| {
            Ok(sqlx::query(DELETE_EXPIRED).bind(now.0).bind(batch).execute(&mut *c).await?.rows_affected())
        })
    }
}
