//! Codes sent by mail. A code proves the address; it is never a factor.

use clock::UnixTime;
use crypto::ct_eq;

use crate::engine::{statement, transaction};
use crate::{Database, Error};

pub(crate) const SEND: &str = "INSERT INTO contact_code \
     (enrolment_id, code_key, expires_at, tries, sent, verified_at) VALUES ($1, $2, $3, 0, 1, NULL) \
     ON CONFLICT (enrolment_id) DO UPDATE SET code_key = excluded.code_key, expires_at = excluded.expires_at, \
     tries = 0, sent = contact_code.sent + 1, verified_at = NULL WHERE contact_code.sent < $4 RETURNING sent";
pub(crate) const TRY: &str = "UPDATE contact_code SET tries = tries + 1 WHERE enrolment_id = $1 AND tries < $2 \
     AND expires_at > $3 AND verified_at IS NULL RETURNING code_key, tries";
pub(crate) const VERIFIED: &str = "UPDATE contact_code SET verified_at = $2 WHERE enrolment_id = $1 AND verified_at IS NULL RETURNING enrolment_id";
pub(crate) const STATE: &str =
    "SELECT expires_at, tries, verified_at FROM contact_code WHERE enrolment_id = $1";

/// What sending a code meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeSent {
    /// This code counts now, and no earlier one.
    Stored,
    /// Too many were sent for this enrolment.
    TooMany,
}

/// What a typed code meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeTried {
    /// It is right, and used up.
    Right,
    /// It is wrong; so many tries are left.
    Wrong(i64),
    /// No code waits: none was sent, or it is used up.
    None,
    /// Its time is over.
    Expired,
    /// No try is left.
    Exhausted,
}

impl Database {
    /// Stores the keyed hash of a code that is about to be mailed.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn send_contact_code(
        &self,
        enrolment_id: &str,
        email: &str,
        code: &str,
        expires_at: UnixTime,
        max_sent: i64,
    ) -> Result<CodeSent, Error> {
        let (id, key) = (enrolment_id.to_owned(), self.contact_key(enrolment_id, email, code));
        statement!(self, |c| {
            let query = sqlx::query(SEND).bind(id).bind(key).bind(expires_at.0).bind(max_sent);
            let stored = query.fetch_optional(&mut *c).await?;
            Ok(if stored.is_some() { CodeSent::Stored } else { CodeSent::TooMany })
        })
    }

    /// Counts a try, then compares; a right code is used up. `email` is the address that the enrolment holds now: a
    /// code for another address is wrong.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn try_contact_code(
        &self,
        enrolment_id: &str,
        email: &str,
        code: &str,
        max_tries: i64,
        now: UnixTime,
    ) -> Result<CodeTried, Error> {
        let (id, typed) = (enrolment_id.to_owned(), self.contact_key(enrolment_id, email, code));
        transaction!(self, |c| {
            let query = sqlx::query_as(TRY).bind(id.clone()).bind(max_tries).bind(now.0);
            let tried: Option<(Vec<u8>, i64)> = query.fetch_optional(&mut *c).await?;
            let Some((key, tries)) = tried else {
                let state: Option<(i64, i64, Option<i64>)> =
                    sqlx::query_as(STATE).bind(id).fetch_optional(&mut *c).await?;
                return Ok(match state {
                    None | Some((_, _, Some(_))) => CodeTried::None,
                    Some((expires_at, ..)) if expires_at <= now.0 => CodeTried::Expired,
                    Some(_) => CodeTried::Exhausted,
                });
            };
            if !ct_eq(&key, &typed) {
                return Ok(CodeTried::Wrong(max_tries - tries));
            }
            let verified = sqlx::query(VERIFIED).bind(id).bind(now.0).fetch_optional(&mut *c).await?;
            Ok(if verified.is_some() { CodeTried::Right } else { CodeTried::None })
        })
    }

    fn contact_key(&self, enrolment_id: &str, email: &str, code: &str) -> Vec<u8> {
        self.vault.lookup("contact code", [enrolment_id, email, code].join("\0").as_bytes())
    }
}
