//! The audit log: append-only lines of codes, each chained to the line before. No line holds personal data.

use clock::UnixTime;
use crypto::sha256;

use crate::engine::{read, transaction};
use crate::{Database, Error};

pub(crate) const LOCK_HEAD: &str =
    "UPDATE audit_head SET sequence = sequence WHERE id = 1 RETURNING sequence, hash";
pub(crate) const APPEND: &str =
    "INSERT INTO audit_log (sequence, at, code, subject, detail, hash) VALUES ($1, $2, $3, $4, $5, $6)";
pub(crate) const SET_HEAD: &str = "UPDATE audit_head SET sequence = $1, hash = $2 WHERE id = 1";
pub(crate) const HEAD: &str = "SELECT sequence, hash FROM audit_head WHERE id = 1";
pub(crate) const LINES: &str = "SELECT sequence, at, code, subject, detail, hash FROM audit_log WHERE sequence > $1 ORDER BY sequence LIMIT $2";
pub(crate) const LINES_OF: &str = "SELECT sequence, at, code, subject, detail, hash FROM audit_log WHERE subject = $1 ORDER BY sequence LIMIT $2";

/// What happened: a dotted code, the random name of what it happened to, and a detail such as a refusal's full code.
/// Never a name, a number of a document, an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    /// The code, `enrolment.sealed`.
    pub code: String,
    /// Name of the enrolment, identity, device, login or client.
    pub subject: String,
    /// What else there is to know; may be empty.
    pub detail: String,
}

impl AuditEvent {
    /// An event.
    #[must_use]
    pub fn new(code: &str, subject: &str, detail: &str) -> Self {
        Self { code: code.to_owned(), subject: subject.to_owned(), detail: detail.to_owned() }
    }
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLine {
    /// Its number, from 1.
    pub sequence: i64,
    /// When.
    pub at: UnixTime,
    /// What.
    pub event: AuditEvent,
    hash: Vec<u8>,
}

/// The end of the log: export it regularly, since only that shows a tail cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// Number of the last line; 0 for an empty log.
    pub sequence: i64,
    /// Its hash.
    pub hash: Vec<u8>,
}

/// SHA-256 over the hash before and every field behind its length.
pub(crate) fn line_hash(before: &[u8], sequence: i64, at: i64, event: &AuditEvent) -> Vec<u8> {
    let (sequence, at) = (sequence.to_be_bytes(), at.to_be_bytes());
    let fields =
        [before, &sequence, &at, event.code.as_bytes(), event.subject.as_bytes(), event.detail.as_bytes()];
    let mut bytes = b"sceau/audit/v1".to_vec();
    for field in fields {
        bytes.extend_from_slice(&(field.len() as u64).to_be_bytes());
        bytes.extend_from_slice(field);
    }
    sha256(&bytes).to_vec()
}

/// Appends lines inside a transaction, and gives their number. The head's row is locked first, until the commit: `$lines`
/// is evaluated after that, to a vector of times and events.
macro_rules! append_lines {
    ($c:ident, $lines:expr) => {{
        let (mut sequence, mut hash): (i64, Vec<u8>) =
            sqlx::query_as($crate::audit::LOCK_HEAD).fetch_one(&mut *$c).await?;
        let lines: Vec<(clock::UnixTime, $crate::AuditEvent)> = $lines;
        let count = lines.len();
        for (at, event) in lines {
            sequence += 1;
            hash = $crate::audit::line_hash(&hash, sequence, at.0, &event);
            sqlx::query($crate::audit::APPEND)
                .bind(sequence)
                .bind(at.0)
                .bind(event.code)
                .bind(event.subject)
                .bind(event.detail)
                .bind(hash.clone())
                .execute(&mut *$c)
                .await?;
        }
        if count > 0 {
            sqlx::query($crate::audit::SET_HEAD).bind(sequence).bind(hash).execute(&mut *$c).await?;
        }
        Ok(count)
    }};
}
/// Appends a line inside a transaction: last, for others wait for the head's row.
macro_rules! append_audit {
    ($c:ident, $at:expr, $event:expr) => {{
        let appended: Result<usize, $crate::Error> = $crate::audit::append_lines!($c, vec![($at, $event)]);
        appended?;
    }};
}
pub(crate) use {append_audit, append_lines};

type Row = (i64, i64, String, String, String, Vec<u8>);

fn line((sequence, at, code, subject, detail, hash): Row) -> AuditLine {
    AuditLine { sequence, at: UnixTime(at), event: AuditEvent { code, subject, detail }, hash }
}

impl Database {
    /// Appends a line.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn audit(&self, event: AuditEvent, at: UnixTime) -> Result<(), Error> {
        transaction!(self, |c| {
            append_audit!(c, at, event);
            Ok(())
        })
    }

    /// Up to `limit` lines after the line `after`.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn audit_lines(&self, after: i64, limit: i64) -> Result<Vec<AuditLine>, Error> {
        let rows: Vec<Row> =
            read!(self, |c| { Ok(sqlx::query_as(LINES).bind(after).bind(limit).fetch_all(&mut *c).await?) })?;
        Ok(rows.into_iter().map(line).collect())
    }

    /// The first 1,000 lines about one subject.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn audit_lines_of(&self, subject: &str) -> Result<Vec<AuditLine>, Error> {
        let rows: Vec<Row> = read!(self, |c| {
            Ok(sqlx::query_as(LINES_OF).bind(subject).bind(1000_i64).fetch_all(&mut *c).await?)
        })?;
        Ok(rows.into_iter().map(line).collect())
    }

    /// Recomputes the whole chain.
    ///
    /// # Errors
    /// [`Error::Chain`] with the number of the first line that is changed or missing; trouble of the storage.
    pub async fn verify_audit(&self) -> Result<AuditHead, Error> {
        let (sequence, hash): (i64, Vec<u8>) =
            read!(self, |c| { Ok(sqlx::query_as(HEAD).fetch_one(&mut *c).await?) })?;
        let mut end = AuditHead { sequence: 0, hash: Vec::new() };
        while end.sequence < sequence {
            let lines = self.audit_lines(end.sequence, 1000).await?;
            if lines.is_empty() {
                return Err(Error::Chain(end.sequence + 1));
            }
            for line in lines {
                let expected = line_hash(&end.hash, end.sequence + 1, line.at.0, &line.event);
                if line.sequence != end.sequence + 1 || line.hash != expected {
                    return Err(Error::Chain(end.sequence + 1));
                }
                end = AuditHead { sequence: line.sequence, hash: line.hash };
            }
        }
        if end.hash == hash { Ok(end) } else { Err(Error::Chain(sequence)) }
    }
}
