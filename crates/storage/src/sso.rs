//! Sessions of browsers in which a person logged in to a client (docs/protocols.md, section 6.6). The secret in the cookie is
//! random and stored as SHA-256; what was approved is sealed for it. A session ends with the first change of its identity's
//! state: what a person paused or blocked does not come back when she resumes.

use clock::UnixTime;
use crypto::sha256;

use crate::engine::{read, statement, transaction};
use crate::keys::{Table, hex};
use crate::login::{CONNECT, Created, NewLogin, answered, bind_new};
use crate::{Database, Error};

pub(crate) const KEEP: &str = "INSERT INTO sso_session (secret_hash, client_id, identity_id, device_id, answer, expires_at) \
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
pub(crate) const LOAD: &str = "SELECT identity_id, device_id, answer FROM sso_session \
     WHERE secret_hash = $1 AND client_id = $2 AND expires_at > $3";
pub(crate) const DROP: &str = "DELETE FROM sso_session WHERE secret_hash = $1";
pub(crate) const DELETE_OF: &str = "DELETE FROM sso_session WHERE identity_id = $1";
pub(crate) const DELETE_EXPIRED: &str = "DELETE FROM sso_session WHERE expires_at <= $1";
pub(crate) const BEGIN: &str = "INSERT INTO login (id, state, client_id, link_handle_hash, qr_handle_hash, \
     browser_hash, request, context, created_at, expires_at, device_id, identity_id, answer, release_tries) \
     VALUES ($1, 3, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0) ON CONFLICT DO NOTHING RETURNING id";

/// A session, loaded.
#[derive(Clone, PartialEq, Eq)]
pub struct SsoSession {
    /// The identity.
    pub identity_id: String,
    /// The phone that approved.
    pub device_id: String,
    /// What was approved, as the server wrote it.
    pub answer: Vec<u8>,
}

impl std::fmt::Debug for SsoSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SsoSession(..)")
    }
}

impl Database {
    /// Keeps a session of this browser with one client.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn keep_session(
        &self,
        secret: &[u8],
        client_id: &str,
        session: SsoSession,
        expires_at: UnixTime,
    ) -> Result<(), Error> {
        let (hash, client) = (sha256(secret).to_vec(), client_id.to_owned());
        let answer = self.vault.seal(Table::Answer, &sealed_for(&hash), 0, &session.answer);
        statement!(self, |c| {
            let query = sqlx::query(KEEP)
                .bind(hash)
                .bind(client)
                .bind(session.identity_id)
                .bind(session.device_id)
                .bind(answer)
                .bind(expires_at.0);
            query.execute(&mut *c).await?;
            Ok(())
        })
    }

    /// The session of this browser with a client. `None`: there is none, or its time is over.
    ///
    /// # Errors
    /// [`Error::Sealed`]; trouble of the storage.
    pub async fn load_session(
        &self,
        secret: &[u8],
        client_id: &str,
        now: UnixTime,
    ) -> Result<Option<SsoSession>, Error> {
        let hash = sha256(secret).to_vec();
        let bound = hash.clone();
        let row: Option<(String, String, Vec<u8>)> = read!(self, |c| {
            let query = sqlx::query_as(LOAD).bind(bound).bind(client_id).bind(now.0);
            Ok(query.fetch_optional(&mut *c).await?)
        })?;
        let Some((identity_id, device_id, sealed)) = row else { return Ok(None) };
        let answer = self.vault.open(Table::Answer, &sealed_for(&hash), 0, &sealed)?;
        Ok(Some(SsoSession { identity_id, device_id, answer }))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn drop_session(&self, secret: &[u8]) -> Result<(), Error> {
        let hash = sha256(secret).to_vec();
        statement!(self, |c| {
            sqlx::query(DROP).bind(hash).execute(&mut *c).await?;
            Ok(())
        })
    }

    /// Begins a login that a session answers, unless `cap` logins are in the table: it is released from its beginning. Adds
    /// the line of the person's history.
    ///
    /// # Errors
    /// [`Error::TooLong`], [`Error::Conflict`]; trouble of the storage.
    pub async fn begin_by_session(
        &self,
        new: NewLogin,
        session: SsoSession,
        history: &[u8],
        cap: i64,
    ) -> Result<Created, Error> {
        if self.count_in(&new, cap)? == Created::Full {
            return Ok(Created::Full);
        }
        let bound = answered(&new.id, Some(&session.identity_id));
        let answer = self.vault.seal(Table::Answer, &bound, 0, &session.answer);
        let (line, at) = (self.vault.random_id(), new.created_at.0);
        let sealed = self.vault.seal(Table::Connection, &line, 0, history);
        transaction!(self, |c| {
            let identity = session.identity_id;
            let begin = bind_new!(sqlx::query(BEGIN), new).bind(session.device_id).bind(identity.clone());
            begin.bind(answer).fetch_optional(&mut *c).await?.ok_or(Error::Conflict)?;
            let connect = sqlx::query(CONNECT).bind(line).bind(identity).bind(at).bind(sealed);
            connect.execute(&mut *c).await?;
            Ok(Created::Stored)
        })
    }

    /// Deletes the sessions whose time is over.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn delete_expired_sso_sessions(&self, now: UnixTime) -> Result<(), Error> {
        statement!(self, |c| {
            sqlx::query(DELETE_EXPIRED).bind(now.0).execute(&mut *c).await?;
            Ok(())
        })
    }
}

fn sealed_for(hash: &[u8]) -> String {
    format!("sso {}", hex(hash))
}
