//! The register as an operator sees it: names and states, no person.

use clock::UnixTime;
use identity::IdentityState;

use crate::engine::read;
use crate::{Database, Error};

pub(crate) const LIST: &str = "SELECT id, state, enrolled_at, used_at FROM identity \
     WHERE id > $1 AND (state = $2 OR $2 = -1) ORDER BY id LIMIT $3";

/// An identity without its holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Its name.
    pub id: String,
    /// Where it stands.
    pub state: IdentityState,
    /// When it was enrolled, or renewed.
    pub enrolled_at: UnixTime,
    /// When it was last used.
    pub used_at: UnixTime,
}

impl Database {
    /// Up to `limit` identities whose names follow `after`, in the order of their names; of one state, or of all.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn identities(
        &self,
        state: Option<IdentityState>,
        after: &str,
        limit: i64,
    ) -> Result<Vec<Registered>, Error> {
        let state = state.map_or(-1, IdentityState::number);
        let rows: Vec<(String, i64, i64, i64)> = read!(self, |c| {
            Ok(sqlx::query_as(LIST).bind(after).bind(state).bind(limit).fetch_all(&mut *c).await?)
        })?;
        let registered = |(id, state, enrolled_at, used_at)| {
            let state = IdentityState::from_number(state).ok_or(Error::Unknown("state of an identity"))?;
            Ok(Registered { id, state, enrolled_at: UnixTime(enrolled_at), used_at: UnixTime(used_at) })
        };
        rows.into_iter().map(registered).collect()
    }
}
