//! Logins that a client asks for without a browser here (CIBA Core 1.0; docs/protocols.md, 6.1, 6.3). Such a login is its
//! person's from the beginning: each phone of hers sees it, the first that answers settles it, and the client polls with a
//! secret that is stored as SHA-256. One may wait for a person and client, and few are taken in an hour.

use std::sync::atomic::Ordering;

use clock::UnixTime;
use identity::LoginState;
use identity::login::TOKEN_LIFE;

use super::redemption::{self, Grant, REVOKE, grant};
use super::{Login, MAX_REQUEST, Row, hash, login};
use crate::engine::{read, statement, transaction};
use crate::{Database, Error, NewToken, Scope, usage};

pub(crate) const PERSON: &str = "SELECT id FROM identity WHERE subject = $1";
pub(crate) const WAITS: &str = "SELECT id FROM login WHERE identity_id = $1 AND client_id = $2 AND kind = 3 \
     AND state = 1 AND expires_at > $3 LIMIT 1";
pub(crate) const ASK: &str = "INSERT INTO login (id, state, kind, client_id, link_handle_hash, qr_handle_hash, \
     browser_hash, request, context, created_at, expires_at, identity_id, challenge, challenge_expires_at, code_hash, \
     release_tries) VALUES ($1, 1, 3, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0)";
pub(crate) const OF_PERSON: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM login WHERE identity_id = $1 AND kind = 3 AND state = 1 AND challenge_expires_at > $2 \
     ORDER BY created_at LIMIT 20"
);
pub(crate) const COUNT_NUMBER: &str = "UPDATE login SET binding_tries = binding_tries + 1 \
     WHERE id = $1 AND kind = 3 AND state = 1 AND binding_tries < $2 RETURNING binding_tries";
pub(crate) const POLLED: &str =
    "SELECT state, expires_at, polled_at FROM login WHERE code_hash = $1 AND client_id = $2 AND kind = 3";
pub(crate) const POLL: &str =
    "UPDATE login SET polled_at = $3 WHERE code_hash = $1 AND client_id = $2 AND kind = 3";
pub(crate) const REDEEM_ASKED: &str = concat!(
    "UPDATE login SET state = 5, token_hash = $3, token_expires_at = $4, token_key = $6, token_reusable = $7, \
     log_due = $5 WHERE code_hash = $1 AND client_id = $2 AND kind = 3 AND state = 2 AND expires_at > $5 RETURNING ",
    grant!()
);
pub(crate) const STOP: &str = "INSERT INTO usage_count (scope, subject_key, since, count, expires_at) \
     VALUES ($1, $2, $3, 1, $4) ON CONFLICT DO NOTHING";
pub(crate) const STOPPED: &str =
    "SELECT since FROM usage_count WHERE scope = $1 AND subject_key = $2 AND expires_at > $3 LIMIT 1";

/// A login to ask for.
pub struct NewAsked {
    /// Its name.
    pub id: String,
    /// The client.
    pub client_id: String,
    /// The person.
    pub identity_id: String,
    /// The secret that the client polls with.
    pub poll_secret: Vec<u8>,
    /// The accepted request.
    pub request: Vec<u8>,
    /// The challenge that a phone signs.
    pub challenge: Vec<u8>,
    /// Until when.
    pub challenge_expires_at: UnixTime,
    /// Now.
    pub created_at: UnixTime,
    /// Until when the client may poll.
    pub expires_at: UnixTime,
}

/// What asking a person meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Her phones see it.
    Stored,
    /// Another request of this client waits for her.
    Waits,
    /// This client asked her too often, or she said that it was not her.
    TooMany,
    /// Too many logins wait.
    Full,
}

/// What a poll meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PollOutcome {
    /// The person approved; it is used up, the token counts from now.
    Redeemed(Box<Grant>),
    /// She has not answered.
    Waiting,
    /// The same, and the client asks too often.
    TooOften,
    /// She refused, or typed the wrong number three times.
    Refused,
    /// Its time is over.
    Expired,
    /// It was redeemed before: its token is revoked.
    Reused,
    /// No such login of this client.
    Unknown,
}

impl Database {
    /// The identity of a subject.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn identity_of_subject(&self, subject: &str) -> Result<Option<String>, Error> {
        let row: Option<(String,)> =
            read!(self, |c| { Ok(sqlx::query_as(PERSON).bind(subject).fetch_optional(&mut *c).await?) })?;
        Ok(row.map(|(id,)| id))
    }

    /// Asks a person, if nothing of this client waits for her and fewer than `hourly` were taken in this hour; not beyond
    /// `cap` logins in the table.
    ///
    /// # Errors
    /// [`Error::TooLong`]; trouble of the storage.
    pub async fn ask(&self, new: NewAsked, hourly: i64, cap: i64) -> Result<Asked, Error> {
        if new.request.len() > MAX_REQUEST {
            return Err(Error::TooLong("authentication request"));
        }
        let (now, whom) = (new.created_at.0, self.asked_key(&new.client_id, &new.identity_id));
        let since = now - now.rem_euclid(HOUR);
        if self.logins.fetch_add(1, Ordering::Relaxed) >= cap {
            self.logins.fetch_sub(1, Ordering::Relaxed);
            return Ok(Asked::Full);
        }
        // Nobody holds these: no browser began it, no handle leads to it.
        let [link, qr, browser] = std::array::from_fn(|_| hash(self.vault.random_id().as_bytes()));
        let outcome: Result<Asked, Error> = transaction!(self, |c| {
            let stopped = sqlx::query(STOPPED).bind(Scope::NotMe as i64).bind(whom.clone()).bind(now);
            if stopped.fetch_optional(&mut *c).await?.is_some() {
                return Ok(Asked::TooMany);
            }
            let waits = async |c: &mut _| {
                let query = sqlx::query(WAITS).bind(&new.identity_id).bind(&new.client_id).bind(now);
                Ok::<_, Error>(query.fetch_optional(c).await?.is_some())
            };
            if waits(&mut *c).await? {
                return Ok(Asked::Waits);
            }
            // Whoever asks at the same time waits here for this row, and then sees the login.
            let query = sqlx::query(usage::COUNT).bind(Scope::AskedByClient as i64).bind(whom).bind(since);
            if query.bind(since + HOUR).bind(hourly).fetch_optional(&mut *c).await?.is_none() {
                return Ok(Asked::TooMany);
            }
            if waits(&mut *c).await? {
                return Ok(Asked::Waits);
            }
            let query = sqlx::query(ASK).bind(&new.id).bind(&new.client_id).bind(link).bind(qr).bind(browser);
            let query = query.bind(&new.request).bind(Vec::<u8>::new()).bind(now).bind(new.expires_at.0);
            let query = query.bind(&new.identity_id).bind(&new.challenge).bind(new.challenge_expires_at.0);
            query.bind(hash(&new.poll_secret)).execute(&mut *c).await?;
            Ok(Asked::Stored)
        });
        if !matches!(outcome, Ok(Asked::Stored)) {
            self.logins.fetch_sub(1, Ordering::Relaxed);
        }
        outcome
    }

    /// The logins that wait for a person's answer without a browser, oldest first.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn asked_of(&self, identity_id: &str, now: UnixTime) -> Result<Vec<Login>, Error> {
        let rows: Vec<Row> = read!(self, |c| {
            Ok(sqlx::query_as(OF_PERSON).bind(identity_id).bind(now.0).fetch_all(&mut *c).await?)
        })?;
        rows.into_iter().map(login).collect()
    }

    /// Counts a number that is typed, before it is compared; how many are left after it. `None`: none was left, or it was
    /// answered.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn count_binding_number(&self, login_id: &str, tries: i64) -> Result<Option<i64>, Error> {
        let id = login_id.to_owned();
        let row: Option<(i64,)> = statement!(self, |c| {
            Ok(sqlx::query_as(COUNT_NUMBER).bind(id).bind(tries).fetch_optional(&mut *c).await?)
        })?;
        Ok(row.map(|(typed,)| tries - typed))
    }

    /// A poll of the client: what tokens are made of, once, after the person approved. Two polls are `interval` seconds apart.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn poll(
        &self,
        secret: &[u8],
        client_id: &str,
        token: NewToken<'_>,
        interval: i64,
        now: UnixTime,
    ) -> Result<PollOutcome, Error> {
        let (code, client, secret) = (hash(secret), client_id.to_owned(), hash(token.secret));
        let (key, reusable) = (token.key.map(|key| key.to_vec()), i64::from(token.reusable));
        let until = now.plus(TOKEN_LIFE).0;
        let outcome: Result<redemption::Row, PollOutcome> = transaction!(self, |c| {
            let query = sqlx::query_as(REDEEM_ASKED).bind(code.clone()).bind(client.clone()).bind(secret);
            let query = query.bind(until).bind(now.0).bind(key).bind(reusable);
            if let Some(row) = query.fetch_optional(&mut *c).await? {
                return Ok(Ok(row));
            }
            let polled = sqlx::query_as(POLLED).bind(code.clone()).bind(client.clone());
            let polled: Option<(i64, i64, i64)> = polled.fetch_optional(&mut *c).await?;
            let Some((state, expires_at, polled_at)) = polled else { return Ok(Err(PollOutcome::Unknown)) };
            Ok(Err(match LoginState::from_number(state) {
                Some(LoginState::Refused) => PollOutcome::Refused,
                Some(LoginState::Redeemed | LoginState::Delivered | LoginState::Revoked) => {
                    sqlx::query(REVOKE).bind(code).fetch_optional(&mut *c).await?;
                    PollOutcome::Reused
                }
                _ if expires_at <= now.0 => PollOutcome::Expired,
                _ => {
                    sqlx::query(POLL).bind(code).bind(client).bind(now.0).execute(&mut *c).await?;
                    if now.0 - polled_at < interval { PollOutcome::TooOften } else { PollOutcome::Waiting }
                }
            }))
        })?;
        match outcome {
            Ok(row) => Ok(PollOutcome::Redeemed(Box::new(self.redeemed(row)?))),
            Err(outcome) => Ok(outcome),
        }
    }

    /// The person said that it was not her: this client asks her nothing for a day.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn stop_asking(&self, client_id: &str, identity_id: &str, now: UnixTime) -> Result<(), Error> {
        let whom = self.asked_key(client_id, identity_id);
        statement!(self, |c| {
            let query = sqlx::query(STOP).bind(Scope::NotMe as i64).bind(whom).bind(now.0);
            query.bind(now.0 + DAY).execute(&mut *c).await?;
            Ok(())
        })
    }

    fn asked_key(&self, client_id: &str, identity_id: &str) -> Vec<u8> {
        self.vault.lookup("usage", &[client_id.as_bytes(), b"\0", identity_id.as_bytes()].concat())
    }
}

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
