//! The back channel: a code becomes a token, a token becomes claims. One statement each, which also reads whose login it
//! was and whether that person and phone still count.

use clock::UnixTime;
use identity::login::TOKEN_LIFE;

use super::hash;
use crate::account::Account;
use crate::audit::append_lines;
use crate::engine::{statement, transaction};
use crate::{AuditEvent, Database, Error, NewToken};

/// What a [`Grant`] is made of; identity and device as they are at this moment.
macro_rules! grant {
    () => {
        "id, client_id, request, device_id, identity_id, answer, \
         (SELECT subject FROM identity WHERE identity.id = login.identity_id), \
         (SELECT state FROM identity WHERE identity.id = login.identity_id), \
         (SELECT version FROM identity WHERE identity.id = login.identity_id), \
         (SELECT sealed FROM identity WHERE identity.id = login.identity_id), \
         (SELECT enrolled_at FROM identity WHERE identity.id = login.identity_id), \
         (SELECT used_at FROM identity WHERE identity.id = login.identity_id), \
         (SELECT COUNT(*) FROM device WHERE device.id = login.device_id \
          AND device.identity_id = login.identity_id AND device.active = 1)"
    };
}
pub(super) use grant;

pub(crate) const REDEEM: &str = concat!(
    "UPDATE login SET state = 5, token_hash = $3, token_expires_at = $4, log_due = $5, \
     token_key = $6, token_reusable = $7 \
     WHERE code_hash = $1 AND client_id = $2 AND state = 4 AND code_expires_at > $5 RETURNING ",
    grant!()
);
pub(crate) const REVOKE: &str =
    "UPDATE login SET state = 9 WHERE code_hash = $1 AND state IN (5, 6) RETURNING id";
pub(crate) const REVOKED: &str = "SELECT id FROM login WHERE code_hash = $1 AND state = 9";
pub(crate) const USERINFO: &str = concat!(
    "UPDATE login SET state = 6 WHERE token_hash = $1 AND (state = 5 OR state = 6 AND token_reusable = 1) \
     AND token_expires_at > $2 AND COALESCE(token_key, $4) = $3 RETURNING ",
    grant!()
);
pub(crate) const TAKE_DUE: &str = "UPDATE login SET log_due = NULL WHERE id IN \
     (SELECT id FROM login WHERE log_due IS NOT NULL ORDER BY log_due, id LIMIT $1) AND log_due IS NOT NULL \
     RETURNING id, client_id, identity_id, answer, token_expires_at";

/// A login whose code or token was just used, with the person and the phone behind it at that moment.
#[derive(Clone, PartialEq, Eq)]
pub struct Grant {
    /// The login's name.
    pub login_id: String,
    /// The client.
    pub client_id: String,
    /// The accepted request.
    pub request: Vec<u8>,
    /// The phone that approved.
    pub device_id: Option<String>,
    /// What was approved, as the server wrote it.
    pub answer: Option<Vec<u8>>,
    /// The account; `None`: erased.
    pub account: Option<Account>,
    /// The phone is not revoked, and stands for this account.
    pub phone_counts: bool,
}

impl std::fmt::Debug for Grant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Grant({})", self.login_id)
    }
}

/// What a code meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedeemOutcome {
    /// It is used up; the token counts from now.
    Redeemed(Box<Grant>),
    /// It was used before: its token is revoked.
    Reused,
    /// No such code for this client, or its 30 seconds are over.
    Invalid,
}

/// The columns of `grant!()`, in order.
pub(super) type Row = (
    String,
    String,
    Vec<u8>,
    Option<String>,
    Option<String>,
    Option<Vec<u8>>,
    Option<String>,
    Option<i64>,
    Option<i64>,
    Option<Vec<u8>>,
    Option<i64>,
    Option<i64>,
    i64,
);

impl Database {
    /// Exchanges a code, once, and stores the access token's hash in the same statement. A second use revokes the
    /// token (RFC 6749, 4.1.2). The audit log is due a line, which [`Database::log_redemptions`] writes.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn redeem_code(
        &self,
        code: &[u8],
        client_id: &str,
        token: NewToken<'_>,
        now: UnixTime,
    ) -> Result<RedeemOutcome, Error> {
        let (code, client, secret) = (hash(code), client_id.to_owned(), hash(token.secret));
        let (key, reusable) = (token.key.map(|key| key.to_vec()), i64::from(token.reusable));
        let (again, until) = (code.clone(), now.plus(TOKEN_LIFE).0);
        let row: Option<Row> = statement!(self, |c| {
            let query = sqlx::query_as(REDEEM).bind(code).bind(client).bind(secret).bind(until).bind(now.0);
            let query = query.bind(key).bind(reusable);
            Ok(query.fetch_optional(&mut *c).await?)
        })?;
        if let Some(row) = row {
            return Ok(RedeemOutcome::Redeemed(Box::new(self.redeemed(row)?)));
        }
        let reused: bool = transaction!(self, |c| {
            let revoked = sqlx::query(REVOKE).bind(again.clone()).fetch_optional(&mut *c).await?.is_some();
            Ok(revoked || sqlx::query(REVOKED).bind(again).fetch_optional(&mut *c).await?.is_some())
        })?;
        Ok(if reused { RedeemOutcome::Reused } else { RedeemOutcome::Invalid })
    }

    /// Uses an access token, once unless it is reusable; `key` is the thumbprint of the key that it came with, which must be
    /// the one that it is bound to, or none if it is bound to none. `None`: unknown, used, revoked, with another key, or
    /// its time is over.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn use_access_token(
        &self,
        access_token: &[u8],
        key: Option<&[u8; 32]>,
        now: UnixTime,
    ) -> Result<Option<Grant>, Error> {
        let token = hash(access_token);
        let key = key.map(|key| key.to_vec()).unwrap_or_default();
        let row: Option<Row> = statement!(self, |c| {
            let query = sqlx::query_as(USERINFO).bind(token).bind(now.0).bind(key).bind(Vec::<u8>::new());
            Ok(query.fetch_optional(&mut *c).await?)
        })?;
        row.map(|row| self.grant(row)).transpose()
    }

    /// What a code or a poll was just exchanged for: the audit log is due a line.
    pub(super) fn redeemed(&self, row: Row) -> Result<Grant, Error> {
        self.line_due.notify_one();
        self.grant(row)
    }

    fn grant(&self, row: Row) -> Result<Grant, Error> {
        let (
            login_id,
            client_id,
            request,
            device_id,
            identity_id,
            sealed,
            subject,
            state,
            version,
            content,
            at,
            used,
            phones,
        ) = row;
        let open = |sealed: Vec<u8>| self.open_answer(&login_id, identity_id.as_deref(), &sealed);
        let answer = sealed.map(open).transpose()?;
        let account = match (&identity_id, subject, state, version, at, used) {
            (Some(id), Some(subject), Some(state), Some(version), Some(at), Some(used)) => {
                self.account(id, (subject, state, version, content, at, used))?
            }
            _ => None,
        };
        Ok(Grant { login_id, client_id, request, device_id, answer, account, phone_counts: phones == 1 })
    }

    /// Waits until a code was redeemed by this process.
    pub async fn wait_for_redemption(&self) {
        self.line_due.notified().await;
    }

    /// Writes the audit lines of codes that were redeemed, up to `batch` of them in one transaction; returns how many.
    /// The line's detail is the client and what `level` reads in the answer that was approved. The rows wait for it: no
    /// line is lost with a process, and of several processes one writes it.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn log_redemptions(&self, level: fn(&[u8]) -> String, batch: i64) -> Result<usize, Error> {
        let database = self.clone();
        transaction!(self, |c| {
            type Due = (String, String, Option<String>, Option<Vec<u8>>, i64);
            append_lines!(c, {
                let mut due: Vec<Due> = sqlx::query_as(TAKE_DUE).bind(batch).fetch_all(&mut *c).await?;
                due.sort_by(|a, b| (a.4, &a.0).cmp(&(b.4, &b.0)));
                let line = |(id, client, identity, sealed, until): Due| {
                    let answer = sealed.and_then(|s| database.open_answer(&id, identity.as_deref(), &s).ok());
                    let detail = format!("{client} {}", level(&answer.unwrap_or_default()));
                    (UnixTime(until).plus(-TOKEN_LIFE), AuditEvent::new("login.redeemed", &id, &detail))
                };
                due.into_iter().map(line).collect::<Vec<_>>()
            })
        })
    }
}
