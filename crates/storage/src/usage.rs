//! Limits by address, device or client, and client assertions that were seen before.

use clock::UnixTime;
use crypto::sha256;

use crate::engine::{statement, transaction};
use crate::{Database, Error};

pub(crate) const COUNT: &str = "INSERT INTO usage_count (scope, subject_key, since, count, expires_at) \
     VALUES ($1, $2, $3, 1, $4) ON CONFLICT (scope, subject_key, since) \
     DO UPDATE SET count = usage_count.count + 1 WHERE usage_count.count < $5 RETURNING count";
pub(crate) const DELETE_COUNTS: &str = "DELETE FROM usage_count WHERE expires_at <= $1";
pub(crate) const ASSERTION: &str = "INSERT INTO client_assertion (client_id, assertion_hash, expires_at) \
     VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING client_id";
pub(crate) const DELETE_ASSERTIONS: &str = "DELETE FROM client_assertion WHERE expires_at <= $1";

/// What is limited. The numbers are stored and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Enrolments opened from an address.
    EnrolmentByAddress = 1,
    /// Enrolments with a device.
    EnrolmentByDevice = 2,
    /// Logins begun from an address.
    LoginByAddress = 3,
    /// Mails to an address.
    MailByRecipient = 4,
    /// Claims by a device.
    ClaimByDevice = 5,
    /// Tries of a recovery sheet from an address.
    RecoveryByAddress = 6,
    /// Attestations judged in an enrolment.
    AttestationByEnrolment = 7,
    /// Traces sent in an enrolment.
    TraceByEnrolment = 8,
    /// Corrections of an account by its holder.
    CorrectionByIdentity = 9,
    /// Logins that a client asked of a person (CIBA).
    AskedByClient = 11,
    /// A person said that such a login was not hers.
    NotMe = 12,
    /// Reminders that an identity will expire.
    ReminderByIdentity = 13,
}

impl Database {
    /// Counts one use in the window of `window` seconds around `now`; `false` if `limit` are counted already.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn count_use(
        &self,
        scope: Scope,
        subject: &[u8],
        window: i64,
        limit: i64,
        now: UnixTime,
    ) -> Result<bool, Error> {
        if limit < 1 {
            return Ok(false);
        }
        let key = self.vault.lookup("usage", subject);
        let window = window.max(1);
        let since = now.0 - now.0.rem_euclid(window);
        statement!(self, |c| {
            let query =
                sqlx::query(COUNT).bind(scope as i64).bind(key).bind(since).bind(since + window).bind(limit);
            Ok(query.fetch_optional(&mut *c).await?.is_some())
        })
    }

    /// Takes a client's assertion (its `jti`) once; `false` if it was seen before. It is kept until `expires_at`.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn take_client_assertion(
        &self,
        client_id: &str,
        jti: &str,
        expires_at: UnixTime,
    ) -> Result<bool, Error> {
        let (client_id, hash) = (client_id.to_owned(), sha256(jti.as_bytes()).to_vec());
        statement!(self, |c| {
            let query = sqlx::query(ASSERTION).bind(client_id).bind(hash).bind(expires_at.0);
            Ok(query.fetch_optional(&mut *c).await?.is_some())
        })
    }

    /// Deletes counts, assertions and results of engines whose time is over.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn delete_expired_counts(&self, now: UnixTime) -> Result<(), Error> {
        transaction!(self, |c| {
            for statement in [DELETE_COUNTS, DELETE_ASSERTIONS, crate::face::DELETE_EXPIRED] {
                sqlx::query(statement).bind(now.0).execute(&mut *c).await?;
            }
            Ok(())
        })
    }
}
