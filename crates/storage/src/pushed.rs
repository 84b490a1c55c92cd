//! Requests that clients pushed (RFC 9126): kept under the SHA-256 of their random URI until their code is issued.

use clock::UnixTime;

use crate::engine::{read, statement};
use crate::{Database, Error};

pub(crate) const PUSH: &str = "INSERT INTO pushed_request (uri_hash, client_id, request, expires_at) \
     VALUES ($1, $2, $3, $4)";
pub(crate) const LOAD: &str =
    "SELECT request FROM pushed_request WHERE uri_hash = $1 AND client_id = $2 AND expires_at > $3";
pub(crate) const TAKE: &str = "DELETE FROM pushed_request WHERE uri_hash = $1 RETURNING client_id";
pub(crate) const DELETE_EXPIRED: &str = "DELETE FROM pushed_request WHERE expires_at <= $1";

/// Rows outlive their time by the life of a login, in seconds: a browser that began in time may end later.
const KEPT_AFTER: i64 = 600;

impl Database {
    /// Keeps a request.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn push_request(
        &self,
        uri_hash: &[u8; 32],
        client_id: &str,
        request: Vec<u8>,
        expires_at: UnixTime,
    ) -> Result<(), Error> {
        let (hash, client) = (uri_hash.to_vec(), client_id.to_owned());
        statement!(self, |c| {
            let query = sqlx::query(PUSH).bind(hash).bind(client).bind(request).bind(expires_at.0);
            query.execute(&mut *c).await?;
            Ok(())
        })
    }

    /// A request that this client pushed. `None`: unknown, used, late, or another client's.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn pushed_request(
        &self,
        uri_hash: &[u8; 32],
        client_id: &str,
        now: UnixTime,
    ) -> Result<Option<Vec<u8>>, Error> {
        let row: Option<(Vec<u8>,)> = read!(self, |c| {
            let query = sqlx::query_as(LOAD).bind(uri_hash.to_vec()).bind(client_id).bind(now.0);
            Ok(query.fetch_optional(&mut *c).await?)
        })?;
        Ok(row.map(|(request,)| request))
    }

    /// Uses a request up: of any number of logins that it began, one gets a code.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn take_pushed_request(&self, uri_hash: &[u8; 32]) -> Result<bool, Error> {
        let hash = uri_hash.to_vec();
        statement!(self, |c| { Ok(sqlx::query(TAKE).bind(hash).fetch_optional(&mut *c).await?.is_some()) })
    }

    /// Deletes those whose time is long over.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn delete_expired_pushed(&self, now: UnixTime) -> Result<(), Error> {
        statement!(self, |c| {
            sqlx::query(DELETE_EXPIRED).bind(now.plus(-KEPT_AFTER).0).execute(&mut *c).await?;
            Ok(())
        })
    }
}
