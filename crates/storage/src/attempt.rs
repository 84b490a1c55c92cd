//! Attempts of a chip's proof: opened by the server, closed by the first answer, right or wrong (docs/protocols.md 3.3).

use clock::UnixTime;
use identity::EvidenceKind;

use crate::engine::transaction;
use crate::enrolment::append_evidence;
use crate::{Database, Error, NewEvidence, OpenedEnrolment};

pub(crate) const CLOSE_OPEN: &str =
    "UPDATE chip_attempt SET closed_at = $3 WHERE enrolment_id = $1 AND kind = $2 AND closed_at IS NULL";
pub(crate) const OPEN: &str = "INSERT INTO chip_attempt (id, enrolment_id, kind, expires_at, closed_at) \
     VALUES ($1, $2, $3, $4, NULL)";
pub(crate) const CLOSE: &str = "UPDATE chip_attempt SET closed_at = $4 WHERE id = $1 AND enrolment_id = $2 \
     AND kind = $3 AND closed_at IS NULL AND expires_at > $4 RETURNING id";
pub(crate) const STATE: &str =
    "SELECT closed_at FROM chip_attempt WHERE id = $1 AND enrolment_id = $2 AND kind = $3";

/// What the chip is to prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptKind {
    /// Chip Authentication.
    ChipAuthentication,
    /// Active Authentication.
    ActiveAuthentication,
}

impl AttemptKind {
    fn evidence(self) -> (EvidenceKind, EvidenceKind) {
        match self {
            Self::ChipAuthentication => (EvidenceKind::CaAttempt, EvidenceKind::CaResponses),
            Self::ActiveAuthentication => (EvidenceKind::AaAttempt, EvidenceKind::AaSignature),
        }
    }

    fn number(self) -> i64 {
        match self {
            Self::ChipAuthentication => 1,
            Self::ActiveAuthentication => 2,
        }
    }
}

/// An attempt to open.
pub struct NewAttempt {
    /// What the chip is to prove.
    pub kind: AttemptKind,
    /// Its random name.
    pub id: String,
    /// What was asked, as evidence.
    pub content: Vec<u8>,
    /// Until when its answer may come.
    pub expires_at: UnixTime,
}

/// What opening an attempt meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenOutcome {
    /// It is open; those of its kind before it are closed.
    Opened,
    /// Too many answers were judged already.
    TooMany,
}

/// What an answer meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseOutcome {
    /// It closed the attempt and is stored.
    Closed,
    /// The attempt was closed before.
    AlreadyClosed,
    /// The attempt's time is over.
    Expired,
    /// This enrolment has no such attempt.
    Unknown,
}

impl Database {
    /// Opens an attempt. Attempts that bring no answer, such as a lost tag, do not count; `limit` answers do.
    ///
    /// # Errors
    /// As [`Self::append_evidence`].
    pub async fn open_attempt(
        &self,
        enrolment: &OpenedEnrolment,
        attempt: NewAttempt,
        limit: i64,
        now: UnixTime,
    ) -> Result<OpenOutcome, Error> {
        if enrolment.chip_answers >= limit {
            return Ok(OpenOutcome::TooMany);
        }
        let (id, kind) = (enrolment.id.clone(), attempt.kind);
        let piece = NewEvidence::new(kind.evidence().0, attempt.content);
        let sealed = self.seal_evidence(enrolment, vec![piece], now)?;
        transaction!(self, |c| {
            append_evidence!(c, id, sealed, 0_i64, 0_i64, now);
            sqlx::query(CLOSE_OPEN).bind(id.clone()).bind(kind.number()).bind(now.0).execute(&mut *c).await?;
            let query =
                sqlx::query(OPEN).bind(attempt.id).bind(id).bind(kind.number()).bind(attempt.expires_at.0);
            query.execute(&mut *c).await?;
            Ok(OpenOutcome::Opened)
        })
    }

    /// Closes an attempt by its first answer and stores the answer as evidence, in one transaction.
    ///
    /// # Errors
    /// As [`Self::append_evidence`]; then the attempt is still open.
    pub async fn close_attempt(
        &self,
        enrolment: &OpenedEnrolment,
        kind: AttemptKind,
        attempt: &str,
        content: &[u8],
        now: UnixTime,
    ) -> Result<CloseOutcome, Error> {
        let (id, attempt) = (enrolment.id.clone(), attempt.to_owned());
        let sealed =
            self.seal_evidence(enrolment, vec![NewEvidence::new(kind.evidence().1, content)], now)?;
        transaction!(self, |c| {
            let query =
                sqlx::query(CLOSE).bind(attempt.clone()).bind(id.clone()).bind(kind.number()).bind(now.0);
            if query.fetch_optional(&mut *c).await?.is_none() {
                let query = sqlx::query_as(STATE).bind(attempt).bind(id).bind(kind.number());
                let state: Option<(Option<i64>,)> = query.fetch_optional(&mut *c).await?;
                return Ok(match state {
                    None => CloseOutcome::Unknown,
                    Some((None,)) => CloseOutcome::Expired,
                    Some((Some(_),)) => CloseOutcome::AlreadyClosed,
                });
            }
            append_evidence!(c, id, sealed, 1_i64, 0_i64, now);
            Ok(CloseOutcome::Closed)
        })
    }
}
