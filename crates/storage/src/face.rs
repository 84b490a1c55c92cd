//! Results of face engines: each counts once.

use clock::UnixTime;
use crypto::sha256;

use crate::engine::statement;
use crate::{Database, Error};

pub(crate) const TAKE: &str = "INSERT INTO face_result (engine_id, result_hash, expires_at) VALUES ($1, $2, $3) \
     ON CONFLICT DO NOTHING RETURNING engine_id";
pub(crate) const DELETE_EXPIRED: &str = "DELETE FROM face_result WHERE expires_at <= $1";

impl Database {
    /// Takes an engine's result (its `jti`) once; `false` if it was seen before. It is kept until `expires_at`.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn take_face_result(
        &self,
        engine_id: &str,
        result_id: &str,
        expires_at: UnixTime,
    ) -> Result<bool, Error> {
        let (engine_id, hash) = (engine_id.to_owned(), sha256(result_id.as_bytes()).to_vec());
        statement!(self, |c| {
            let query = sqlx::query(TAKE).bind(engine_id).bind(hash).bind(expires_at.0);
            Ok(query.fetch_optional(&mut *c).await?.is_some())
        })
    }
}
