//! Enrolled phones: the order of their requests, and the failures of their PIN.

use clock::UnixTime;

use crate::engine::{read, statement, transaction};
use crate::keys::Table;
use crate::request::Accepted;
use crate::{Database, Error};

/// Wrong PINs before a device key is suspended.
pub const PIN_TRIES: i64 = 3;

pub(crate) const LOAD: &str = "SELECT identity_id, active, device_key, sealed_pin_key, pin_failures, \
     request_sequence, created_at FROM device WHERE id = $1";
pub(crate) const TAKE_SEQUENCE: &str = "UPDATE device SET request_sequence = $2, request_digest = $3, \
     sealed_response = NULL WHERE id = $1 AND request_sequence < $2 AND active = 1 RETURNING id";
pub(crate) const LAST: &str =
    "SELECT request_digest, sealed_response FROM device WHERE id = $1 AND request_sequence = $2";
pub(crate) const ANSWER: &str =
    "UPDATE device SET sealed_response = $3 WHERE id = $1 AND request_sequence = $2 RETURNING id";
pub(crate) const COUNT_PIN: &str = "UPDATE device SET pin_failures = pin_failures + 1 \
     WHERE id = $1 AND active = 1 AND pin_failures < $2 RETURNING pin_failures";
pub(crate) const PIN_RIGHT: &str =
    "UPDATE device SET pin_failures = 0 WHERE id = $1 AND active = 1 RETURNING id";
pub(crate) const LIFT: &str = "UPDATE device SET pin_failures = 0 WHERE identity_id = $1 AND active = 1";
pub(crate) const REVOKE: &str = "UPDATE device SET active = 0, sealed_pin_key = NULL, sealed_response = NULL \
     WHERE id = $1 AND active = 1 RETURNING id";

/// A phone.
#[derive(Clone, PartialEq, Eq)]
pub struct Device {
    /// Its name.
    pub id: String,
    /// The identity that it stands for.
    pub identity_id: String,
    /// Not revoked.
    pub active: bool,
    /// The device key, uncompressed SEC 1 point on P-256.
    pub device_key: Vec<u8>,
    /// The PIN key, the same; empty once revoked. Never return it, never log it.
    pub pin_key: Vec<u8>,
    /// Wrong PINs since the last right one.
    pub pin_failures: i64,
    /// Sequence of the last request taken.
    pub request_sequence: i64,
    /// When it was enrolled.
    pub created_at: UnixTime,
}

impl Device {
    /// Too many wrong PINs: this key is suspended, never the person or the document.
    #[must_use]
    pub fn is_suspended(&self) -> bool {
        self.pin_failures >= PIN_TRIES
    }
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Device({})", self.id)
    }
}

/// Whether a PIN may be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinTry {
    /// It is counted as wrong until [`Database::pin_was_right`] says otherwise; so many more may follow.
    Allowed {
        /// Tries left if this one is wrong.
        left: i64,
    },
    /// The key is suspended, revoked or unknown.
    Suspended,
}

impl Database {
    /// A phone by its name.
    ///
    /// # Errors
    /// [`Error::Sealed`]; trouble of the storage.
    pub async fn load_device(&self, id: &str) -> Result<Option<Device>, Error> {
        type Row = (String, i64, Vec<u8>, Option<Vec<u8>>, i64, i64, i64);
        let row: Option<Row> =
            read!(self, |c| { Ok(sqlx::query_as(LOAD).bind(id).fetch_optional(&mut *c).await?) })?;
        let Some((identity_id, active, device_key, sealed, pin_failures, request_sequence, created_at)) = row
        else {
            return Ok(None);
        };
        let pin_key = match sealed {
            Some(sealed) => self.vault.open(Table::PinKey, id, 0, &sealed)?,
            None => Vec::new(),
        };
        Ok(Some(Device {
            id: id.to_owned(),
            identity_id,
            active: active == 1,
            device_key,
            pin_key,
            pin_failures,
            request_sequence,
            created_at: UnixTime(created_at),
        }))
    }

    /// Takes a signed request of a phone by its sequence. A repeat of the newest one's very bytes is replayed.
    ///
    /// # Errors
    /// [`Error::Sealed`]; trouble of the storage.
    pub async fn accept_device_request(
        &self,
        id: &str,
        sequence: u64,
        digest: &[u8; 32],
    ) -> Result<Accepted, Error> {
        type Last = Option<(Option<Vec<u8>>, Option<Vec<u8>>)>;
        let sequence = i64::try_from(sequence).map_err(|_| Error::TooLong("sequence"))?;
        let (device, digest) = (id.to_owned(), digest.to_vec());
        let given = digest.clone();
        let last: Option<Last> = transaction!(self, |c| {
            let query = sqlx::query(TAKE_SEQUENCE).bind(device.clone()).bind(sequence).bind(digest);
            if query.fetch_optional(&mut *c).await?.is_some() {
                return Ok(None);
            }
            Ok(Some(sqlx::query_as(LAST).bind(device).bind(sequence).fetch_optional(&mut *c).await?))
        })?;
        Ok(match last {
            None => Accepted::Fresh,
            Some(Some((Some(before), answer))) if before == given => match answer {
                Some(sealed) => {
                    Accepted::Replay(self.vault.open(Table::DeviceResponse, id, sequence, &sealed)?)
                }
                None => Accepted::Unfinished,
            },
            Some(_) => Accepted::OldSequence,
        })
    }

    /// Keeps the answer to a phone's newest request for repeats of its bytes.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn store_device_response(&self, id: &str, sequence: u64, answer: &[u8]) -> Result<(), Error> {
        let sequence = i64::try_from(sequence).map_err(|_| Error::TooLong("sequence"))?;
        let sealed = self.vault.seal(Table::DeviceResponse, id, sequence, answer);
        let id = id.to_owned();
        statement!(self, |c| {
            sqlx::query(ANSWER).bind(id).bind(sequence).bind(sealed).fetch_optional(&mut *c).await?;
            Ok(())
        })
    }

    /// Counts a PIN as wrong **before** its signature is judged, so that parallel guesses share three tries. Call it
    /// only after a valid device signature.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn begin_pin_try(&self, device_id: &str) -> Result<PinTry, Error> {
        let id = device_id.to_owned();
        let count: Option<(i64,)> = statement!(self, |c| {
            Ok(sqlx::query_as(COUNT_PIN).bind(id).bind(PIN_TRIES).fetch_optional(&mut *c).await?)
        })?;
        Ok(count.map_or(PinTry::Suspended, |(failures,)| PinTry::Allowed { left: PIN_TRIES - failures }))
    }

    /// The PIN was right: the count is zero again.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn pin_was_right(&self, device_id: &str) -> Result<(), Error> {
        let id = device_id.to_owned();
        statement!(self, |c| {
            sqlx::query(PIN_RIGHT).bind(id).fetch_optional(&mut *c).await?;
            Ok(())
        })
    }

    /// Ends the suspension of an identity's phones, after recovery.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn lift_suspension(&self, identity_id: &str) -> Result<(), Error> {
        let id = identity_id.to_owned();
        statement!(self, |c| {
            sqlx::query(LIFT).bind(id).execute(&mut *c).await?;
            Ok(())
        })
    }

    /// Revokes a phone for good; its PIN key is deleted. `false`: it was revoked or unknown.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn revoke_device(&self, device_id: &str) -> Result<bool, Error> {
        let id = device_id.to_owned();
        statement!(self, |c| { Ok(sqlx::query(REVOKE).bind(id).fetch_optional(&mut *c).await?.is_some()) })
    }
}
