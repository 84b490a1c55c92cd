//! Sessions of our own pages: a login of a person to her account, or to another page of ours, becomes one instead of a
//! code. Only the hash of the browser's secret is kept. A session lives as long as its identity and its phone do.

use clock::UnixTime;
use crypto::sha256;
use identity::Level;

use crate::engine::{read, statement, transaction};
use crate::{Database, Error, Login};

/// The longest life of a session, in seconds.
pub const SESSION_LIFE: i64 = 3600;
/// How long it may rest unused, in seconds.
pub const SESSION_IDLE: i64 = 600;
/// A use is written down when the last one written is this old, in seconds.
const NOTE_EVERY: i64 = 30;

pub(crate) const ENTER: &str = "UPDATE login SET state = 6 WHERE id = $1 AND browser_hash = $2 AND client_id = $3 \
     AND state = 3 AND expires_at > $4 RETURNING id";
pub(crate) const OPEN: &str = "INSERT INTO session \
     (token_hash, identity_id, device_id, level, authenticated_at, used_at, expires_at) \
     SELECT $1, identity.id, device.id, $4, $5, $6, $7 FROM identity JOIN device ON device.identity_id = identity.id \
     WHERE identity.id = $2 AND identity.state IN (2, 3) AND device.id = $3 AND device.active = 1 \
     RETURNING identity_id";
pub(crate) const LOAD: &str = "SELECT session.identity_id, session.device_id, session.level, \
     session.authenticated_at, session.used_at FROM session \
     JOIN identity ON identity.id = session.identity_id JOIN device ON device.id = session.device_id \
     WHERE session.token_hash = $1 AND session.expires_at > $2 AND session.used_at > $3 \
     AND identity.state IN (2, 3) AND device.active = 1";
pub(crate) const TOUCH: &str = "UPDATE session SET used_at = $2 WHERE token_hash = $1 AND used_at < $2";
pub(crate) const END: &str = "DELETE FROM session WHERE token_hash = $1";
pub(crate) const DELETE_EXPIRED: &str = "DELETE FROM session WHERE expires_at <= $1 OR used_at <= $2";

/// A session, loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The identity.
    pub identity_id: String,
    /// The phone that approved.
    pub device_id: String,
    /// The level that it approved.
    pub level: Level,
    /// When it approved.
    pub authenticated_at: UnixTime,
}

impl Database {
    /// Makes a session of a login that was released in this browser: instead of a code, and once. `session` says for
    /// whom, by the login's approval; `client_id` is the client that our own pages are. `false`: it is another browser's
    /// or client's, not released, over, or its identity or phone does not count any more.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn open_session(
        &self,
        login: &Login,
        browser_secret: &[u8],
        client_id: &str,
        token: &[u8],
        session: Session,
        now: UnixTime,
    ) -> Result<bool, Error> {
        let (id, browser, client) = (login.id.clone(), hash(browser_secret), client_id.to_owned());
        let token = hash(token);
        transaction!(self, |c| {
            let query = sqlx::query(ENTER).bind(id).bind(browser).bind(client).bind(now.0);
            if query.fetch_optional(&mut *c).await?.is_none() {
                return Ok(false);
            }
            let query = sqlx::query(OPEN)
                .bind(token)
                .bind(session.identity_id)
                .bind(session.device_id)
                .bind(session.level.as_str())
                .bind(session.authenticated_at.0)
                .bind(now.0)
                .bind(now.0 + SESSION_LIFE);
            Ok(query.fetch_optional(&mut *c).await?.is_some())
        })
    }

    /// The session of a browser's secret, which counts as used now. `None`: unknown, ended, idle or old, or its identity
    /// or phone does not count any more.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn use_session(&self, token: &[u8], now: UnixTime) -> Result<Option<Session>, Error> {
        type Row = (String, String, String, i64, i64);
        let (token, idle) = (hash(token), now.0 - SESSION_IDLE);
        let key = token.clone();
        let row: Option<Row> = read!(self, |c| {
            Ok(sqlx::query_as(LOAD).bind(key).bind(now.0).bind(idle).fetch_optional(&mut *c).await?)
        })?;
        let Some((identity_id, device_id, level, authenticated_at, used_at)) = row else {
            return Ok(None);
        };
        if now.0 - used_at >= NOTE_EVERY {
            let noted: Result<(), Error> = statement!(self, |c| {
                sqlx::query(TOUCH).bind(token).bind(now.0).execute(&mut *c).await?;
                Ok(())
            });
            noted?;
        }
        let level = level.parse().map_err(|_| Error::Unknown("level"))?;
        Ok(Some(Session { identity_id, device_id, level, authenticated_at: UnixTime(authenticated_at) }))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn end_session(&self, token: &[u8]) -> Result<(), Error> {
        let token = hash(token);
        statement!(self, |c| {
            sqlx::query(END).bind(token).execute(&mut *c).await?;
            Ok(())
        })
    }

    /// Deletes the sessions whose time is over.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn delete_expired_sessions(&self, now: UnixTime) -> Result<(), Error> {
        statement!(self, |c| {
            let query = sqlx::query(DELETE_EXPIRED).bind(now.0).bind(now.0 - SESSION_IDLE);
            query.execute(&mut *c).await?;
            Ok(())
        })
    }
}

fn hash(secret: &[u8]) -> Vec<u8> {
    sha256(secret).to_vec()
}
