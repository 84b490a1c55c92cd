//! Access tokens, as others than the userinfo endpoint look at them: introspection (RFC 7662), revocation (RFC 7009).

use clock::UnixTime;
use crypto::sha256;

use crate::engine::{read, statement};
use crate::{Database, Error};

pub(crate) const STATE: &str = "SELECT identity_id, request, token_expires_at, token_key FROM login \
     WHERE token_hash = $1 AND client_id = $2 AND (state = 5 OR state = 6 AND token_reusable = 1) \
     AND token_expires_at > $3 AND EXISTS (SELECT 1 FROM device WHERE device.id = login.device_id AND device.active = 1)";
pub(crate) const REVOKE: &str =
    "UPDATE login SET state = 9 WHERE token_hash = $1 AND client_id = $2 AND state IN (5, 6) RETURNING id";

/// A token to make: its secret, and what its client's policy makes of it.
#[derive(Clone, Copy)]
pub struct NewToken<'a> {
    /// The token.
    pub secret: &'a [u8],
    /// The thumbprint of the key that it is bound to (RFC 9449).
    pub key: Option<&'a [u8; 32]>,
    /// It reads the claims as often as it is sent.
    pub reusable: bool,
}

impl<'a> NewToken<'a> {
    /// A token that whoever holds it uses once.
    #[must_use]
    pub fn once(secret: &'a [u8]) -> Self {
        Self { secret, key: None, reusable: false }
    }
}

/// A token that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveToken {
    /// The identity.
    pub identity_id: String,
    /// The accepted request.
    pub request: Vec<u8>,
    /// Its end.
    pub expires_at: UnixTime,
    /// The thumbprint of the key that it is bound to.
    pub key: Option<Vec<u8>>,
}

impl Database {
    /// A token of this client, if it still counts: it was not used up, and the phone that approved was not revoked.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn active_token(
        &self,
        access_token: &[u8],
        client_id: &str,
        now: UnixTime,
    ) -> Result<Option<ActiveToken>, Error> {
        type Row = (String, Vec<u8>, i64, Option<Vec<u8>>);
        let row: Option<Row> = read!(self, |c| {
            let query = sqlx::query_as(STATE).bind(sha256(access_token).to_vec()).bind(client_id).bind(now.0);
            Ok(query.fetch_optional(&mut *c).await?)
        })?;
        Ok(row.map(|(identity_id, request, until, key)| ActiveToken {
            identity_id,
            request,
            expires_at: UnixTime(until),
            key,
        }))
    }

    /// Revokes a token of this client. `false`: there was none to revoke.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn revoke_token(&self, access_token: &[u8], client_id: &str) -> Result<bool, Error> {
        let (hash, client) = (sha256(access_token).to_vec(), client_id.to_owned());
        statement!(self, |c| {
            Ok(sqlx::query(REVOKE).bind(hash).bind(client).fetch_optional(&mut *c).await?.is_some())
        })
    }
}
