//! Signed requests of an enrolment: each sequence number once, and the stored answer for a repeat of the same bytes.

use clock::UnixTime;
use crypto::sha256;

use crate::engine::{statement, transaction};
use crate::{Database, Error, OpenedEnrolment};

pub(crate) const REQUEST: &str =
    "SELECT request_digest, sealed FROM enrolment_request WHERE enrolment_id = $1 AND idempotency_key = $2";
pub(crate) const COUNT_REQUESTS: &str = "SELECT COUNT(*) FROM enrolment_request WHERE enrolment_id = $1";
pub(crate) const TAKE_SEQUENCE: &str = "UPDATE enrolment SET request_sequence = $2 \
     WHERE id = $1 AND request_sequence < $2 AND state = 0 AND expires_at > $3 RETURNING id";
pub(crate) const ADD_REQUEST: &str = "INSERT INTO enrolment_request \
     (enrolment_id, idempotency_key, request_digest, sealed) VALUES ($1, $2, $3, NULL) ON CONFLICT DO NOTHING";
pub(crate) const ANSWER: &str = "INSERT INTO enrolment_request \
     (enrolment_id, idempotency_key, request_digest, sealed) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (enrolment_id, idempotency_key) DO UPDATE SET sealed = excluded.sealed \
     WHERE enrolment_request.request_digest = excluded.request_digest";

/// The most answers kept of one enrolment.
const MAX_REQUESTS: i64 = 1000;

/// What a signed request meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It is new: carry it out, then store the answer.
    Fresh,
    /// The same bytes were answered before: this was the answer.
    Replay(Vec<u8>),
    /// The same bytes were taken before and have no answer yet, or never got one.
    Unfinished,
    /// Another request carries this idempotency key.
    Conflict,
    /// Its sequence is not greater than the last.
    OldSequence,
}

impl Database {
    /// Takes a signed request, by its sequence, idempotency key (empty for GET: no answer is kept) and digest.
    ///
    /// # Errors
    /// [`Error::Sealed`]; trouble of the storage.
    pub async fn accept_request(
        &self,
        enrolment: &OpenedEnrolment,
        sequence: u64,
        idempotency_key: &str,
        digest: &[u8; 32],
        now: UnixTime,
    ) -> Result<Accepted, Error> {
        /// Digest of a request, and its answer.
        type Seen = (Vec<u8>, Option<Vec<u8>>);
        let sequence = i64::try_from(sequence).map_err(|_| Error::TooLong("sequence"))?;
        let (id, digest) = (enrolment.id.clone(), digest.to_vec());
        let key = request_key(idempotency_key);
        let (keep, stored_under) = (!idempotency_key.is_empty(), key.clone());
        let seen: Result<Option<Seen>, Accepted> = transaction!(self, |c| {
            let earlier: Option<Seen> =
                sqlx::query_as(REQUEST).bind(id.clone()).bind(key.clone()).fetch_optional(&mut *c).await?;
            if let Some((earlier, sealed)) = earlier {
                return Ok(if earlier == digest {
                    Ok(Some((earlier, sealed)))
                } else {
                    Err(Accepted::Conflict)
                });
            }
            let (kept,): (i64,) = sqlx::query_as(COUNT_REQUESTS).bind(id.clone()).fetch_one(&mut *c).await?;
            if kept >= MAX_REQUESTS {
                return Err(Error::TooLong("enrolment"));
            }
            let taken = sqlx::query(TAKE_SEQUENCE)
                .bind(id.clone())
                .bind(sequence)
                .bind(now.0)
                .fetch_optional(&mut *c)
                .await?;
            if taken.is_none() {
                return Ok(Err(Accepted::OldSequence));
            }
            if keep {
                sqlx::query(ADD_REQUEST).bind(id).bind(key).bind(digest).execute(&mut *c).await?;
            }
            Ok(Ok(None))
        })?;
        Ok(match seen {
            Err(refused) => refused,
            Ok(None) => Accepted::Fresh,
            Ok(Some((_, None))) => Accepted::Unfinished,
            Ok(Some((_, Some(sealed)))) => {
                let data = answer_data(&enrolment.id, &stored_under);
                Accepted::Replay(enrolment.keys.open("answer", &data, &sealed)?)
            }
        })
    }

    /// Keeps the answer to a request for repeats of its bytes. The answer to the request that closed the enrolment is
    /// kept too: a phone that lost it asks again.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn store_response(
        &self,
        enrolment_id: &str,
        bearer: &[u8],
        idempotency_key: &str,
        digest: &[u8; 32],
        answer: &[u8],
    ) -> Result<(), Error> {
        let (id, key, digest) = (enrolment_id.to_owned(), request_key(idempotency_key), digest.to_vec());
        let keys = self.vault.enrolment_keys(enrolment_id, bearer);
        let sealed = self.vault.seal_under(&keys, &answer_data(&id, &key), answer);
        statement!(self, |c| {
            sqlx::query(ANSWER).bind(id).bind(key).bind(digest).bind(sealed).execute(&mut *c).await?;
            Ok(())
        })
    }
}

fn request_key(idempotency_key: &str) -> Vec<u8> {
    sha256(idempotency_key.as_bytes()).to_vec()
}

fn answer_data(id: &str, key: &[u8]) -> Vec<u8> {
    [b"sceau/answer/v1\0", id.as_bytes(), b"\0", key].concat()
}
