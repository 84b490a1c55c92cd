//! Enrolments at a desk: the code that the phone shows, who saw the portrait, and what was decided.
//!
//! A row of [`VIEW`] is an agent who saw an enrolment's portrait; it is made before the portrait is sent, so she sees it
//! once. The evidence is opened with the enrolment's bearer secret, which comes by the QR code and is stored nowhere.

use clock::UnixTime;
use crypto::ct_eq;

use crate::audit::append_audit;
use crate::engine::{read, statement, transaction};
use crate::enrolment::{CLOSE, delete_evidence};
use crate::{AuditEvent, Database, Error};

pub(crate) const SHOW: &str = "INSERT INTO desk_code (enrolment_id, code_key, expires_at, tries, shown) \
     VALUES ($1, $2, $3, 0, 1) ON CONFLICT (enrolment_id) DO UPDATE SET code_key = excluded.code_key, \
     expires_at = excluded.expires_at, tries = 0, shown = desk_code.shown + 1 WHERE desk_code.shown < $4 RETURNING shown";
pub(crate) const TRY: &str = "UPDATE desk_code SET tries = tries + 1 \
     WHERE enrolment_id = $1 AND tries < $2 AND expires_at > $3 RETURNING code_key";
pub(crate) const USED: &str =
    "UPDATE desk_code SET expires_at = 0 WHERE enrolment_id = $1 AND expires_at > 0 RETURNING enrolment_id";
pub(crate) const VIEW: &str = "INSERT INTO desk_view (enrolment_id, agent_id, viewed_at, decision, decided_at) \
     SELECT $1, $2, CAST($3 AS BIGINT), NULL, NULL WHERE (SELECT COUNT(*) FROM desk_view WHERE enrolment_id = $1) < $4 \
     ON CONFLICT DO NOTHING RETURNING agent_id";
pub(crate) const DECIDE: &str = "UPDATE desk_view SET decision = $3, decided_at = $4 \
     WHERE enrolment_id = $1 AND agent_id = $2 AND decision IS NULL RETURNING agent_id";
pub(crate) const AGREED: &str =
    "SELECT agent_id FROM desk_view WHERE enrolment_id = $1 AND decision = 1 ORDER BY decided_at, agent_id";

/// What an agent found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeskFinding {
    /// The person present is the person of the portrait. The numbers are stored and never change.
    Same = 1,
    /// She is not.
    Other = 2,
}

impl Database {
    /// Stores the keyed hash of a code that a phone is about to show; the one before counts no more. `false`: too many
    /// were shown.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn show_desk_code(
        &self,
        enrolment_id: &str,
        code: &str,
        expires_at: UnixTime,
        most: i64,
    ) -> Result<bool, Error> {
        let (id, key) = (enrolment_id.to_owned(), self.desk_key(enrolment_id, code));
        statement!(self, |c| {
            let query = sqlx::query(SHOW).bind(id).bind(key).bind(expires_at.0).bind(most);
            Ok(query.fetch_optional(&mut *c).await?.is_some())
        })
    }

    /// Counts a try of the code, then compares; a right one is used up.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn take_desk_code(
        &self,
        enrolment_id: &str,
        code: &str,
        max_tries: i64,
        now: UnixTime,
    ) -> Result<bool, Error> {
        let (id, typed) = (enrolment_id.to_owned(), self.desk_key(enrolment_id, code));
        transaction!(self, |c| {
            let query = sqlx::query_as(TRY).bind(id.clone()).bind(max_tries).bind(now.0);
            let tried: Option<(Vec<u8>,)> = query.fetch_optional(&mut *c).await?;
            if !tried.is_some_and(|(key,)| ct_eq(&key, &typed)) {
                return Ok(false);
            }
            Ok(sqlx::query(USED).bind(id).fetch_optional(&mut *c).await?.is_some())
        })
    }

    /// Notes that an agent sees the portrait; `false`: she saw it before, or `most` agents did.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn view_at_desk(
        &self,
        enrolment_id: &str,
        agent_id: &str,
        most: i64,
        now: UnixTime,
    ) -> Result<bool, Error> {
        let (id, agent) = (enrolment_id.to_owned(), agent_id.to_owned());
        transaction!(self, |c| {
            let query = sqlx::query(VIEW).bind(id.clone()).bind(agent.clone()).bind(now.0).bind(most);
            if query.fetch_optional(&mut *c).await?.is_none() {
                return Ok(false);
            }
            append_audit!(c, now, AuditEvent::new("desk.viewed", &id, &agent));
            Ok(true)
        })
    }

    /// Notes what an agent found who saw the portrait, once; `reasons` go into the log. If she found another person, the
    /// enrolment is closed and all its evidence deleted. `false`: she did not see it, or has decided.
    ///
    /// # Errors
    /// [`Error::Conflict`]: the enrolment is open no more. Trouble of the storage.
    pub async fn decide_at_desk(
        &self,
        enrolment_id: &str,
        agent_id: &str,
        finding: DeskFinding,
        reasons: &str,
        now: UnixTime,
    ) -> Result<bool, Error> {
        let (id, agent) = (enrolment_id.to_owned(), agent_id.to_owned());
        let detail = format!("{agent} {reasons}");
        transaction!(self, |c| {
            let decide = sqlx::query(DECIDE).bind(id.clone()).bind(agent).bind(finding as i64).bind(now.0);
            if decide.fetch_optional(&mut *c).await?.is_none() {
                return Ok(false);
            }
            let code = match finding {
                DeskFinding::Same => "desk.same-person",
                DeskFinding::Other => {
                    let cancelled = identity::EnrolmentState::Cancelled.number();
                    let close = sqlx::query(CLOSE).bind(id.clone()).bind(cancelled);
                    if close.fetch_optional(&mut *c).await?.is_none() {
                        return Err(Error::Conflict);
                    }
                    delete_evidence!(c, id);
                    "desk.other-person"
                }
            };
            append_audit!(c, now, AuditEvent::new(code, &id, &detail));
            Ok(true)
        })
    }

    /// The agents who found that the person present is the person of the portrait, in the order of their decisions.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn agreed_at_desk(&self, enrolment_id: &str) -> Result<Vec<String>, Error> {
        let id = enrolment_id.to_owned();
        let rows: Vec<(String,)> =
            read!(self, |c| { Ok(sqlx::query_as(AGREED).bind(id).fetch_all(&mut *c).await?) })?;
        Ok(rows.into_iter().map(|(agent,)| agent).collect())
    }

    fn desk_key(&self, enrolment_id: &str, code: &str) -> Vec<u8> {
        self.vault.lookup("desk code", [enrolment_id, code].join("\0").as_bytes())
    }
}
