//! Another key-encryption key: rows that lie under an earlier one are sealed anew, while servers run.
//!
//! Those that live long are: identities, documents, phones, histories, and what waits for a phone or for a mail server.
//! Logins, sessions and evidence die within the time that the earlier key must be kept anyway (docs/operating.md).

use crate::engine::{read, statement};
use crate::keys::Table;
use crate::{Database, Error};

/// Rows that are read at once.
const BATCH: i64 = 500;

pub(crate) const IDENTITIES: &str = "SELECT id, version, sealed FROM identity \
     WHERE id > $1 AND sealed IS NOT NULL ORDER BY id LIMIT $2";
pub(crate) const DOCUMENTS: &str = "SELECT id, version, sealed FROM document \
     WHERE id > $1 AND sealed IS NOT NULL ORDER BY id LIMIT $2";
pub(crate) const PIN_KEYS: &str = "SELECT id, CAST(0 AS BIGINT), sealed_pin_key FROM device \
     WHERE id > $1 AND sealed_pin_key IS NOT NULL ORDER BY id LIMIT $2";
pub(crate) const RESPONSES: &str = "SELECT id, request_sequence, sealed_response FROM device \
     WHERE id > $1 AND sealed_response IS NOT NULL ORDER BY id LIMIT $2";
pub(crate) const CONNECTIONS: &str = "SELECT id, CAST(0 AS BIGINT), sealed FROM connection \
     WHERE id > $1 ORDER BY id LIMIT $2";
pub(crate) const MAILS: &str = "SELECT id, CAST(0 AS BIGINT), sealed FROM outbox \
     WHERE id > $1 ORDER BY id LIMIT $2";
// A row that was changed or deleted meanwhile lies under the key in force, or nowhere.
pub(crate) const SET_IDENTITY: &str = "UPDATE identity SET sealed = $3 WHERE id = $1 AND sealed = $2";
pub(crate) const SET_DOCUMENT: &str = "UPDATE document SET sealed = $3 WHERE id = $1 AND sealed = $2";
pub(crate) const SET_PIN_KEY: &str =
    "UPDATE device SET sealed_pin_key = $3 WHERE id = $1 AND sealed_pin_key = $2";
pub(crate) const SET_RESPONSE: &str =
    "UPDATE device SET sealed_response = $3 WHERE id = $1 AND sealed_response = $2";
pub(crate) const SET_CONNECTION: &str = "UPDATE connection SET sealed = $3 WHERE id = $1 AND sealed = $2";
pub(crate) const SET_MAIL: &str = "UPDATE outbox SET sealed = $3 WHERE id = $1 AND sealed = $2";

const TABLES: [(Table, &str, &str); 6] = [
    (Table::Identity, IDENTITIES, SET_IDENTITY),
    (Table::Document, DOCUMENTS, SET_DOCUMENT),
    (Table::PinKey, PIN_KEYS, SET_PIN_KEY),
    (Table::DeviceResponse, RESPONSES, SET_RESPONSE),
    (Table::Connection, CONNECTIONS, SET_CONNECTION),
    (Table::Mail, MAILS, SET_MAIL),
];

/// What was found and done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Rows looked at.
    pub seen: u64,
    /// Rows that lay under an earlier key, and were sealed anew.
    pub resealed: u64,
    /// Rows that no key opens: of a key that is not named, or changed by somebody.
    pub unreadable: u64,
}

impl Database {
    /// Seals every row that lies under an earlier key-encryption key under the one in force. It may be stopped and begun
    /// again, and run beside servers that have both keys. `progress` is told after each batch.
    ///
    /// # Errors
    /// Trouble of the storage.
    pub async fn reseal(&self, mut progress: impl FnMut(Resealed)) -> Result<Resealed, Error> {
        let mut done = Resealed::default();
        for (table, list, set) in TABLES {
            let mut after = String::new();
            loop {
                let from = after.clone();
                let rows: Vec<(String, i64, Vec<u8>)> = read!(self, |c| {
                    Ok(sqlx::query_as(list).bind(from).bind(BATCH).fetch_all(&mut *c).await?)
                })?;
                let Some((last, ..)) = rows.last() else { break };
                after.clone_from(last);
                for (id, version, sealed) in rows {
                    done.seen += 1;
                    match self.vault.reseal(table, &id, version, &sealed) {
                        Ok(None) => {}
                        Ok(Some(anew)) => {
                            statement!(self, |c| {
                                sqlx::query(set).bind(id).bind(sealed).bind(anew).execute(&mut *c).await?;
                                Ok(())
                            })?;
                            done.resealed += 1;
                        }
                        Err(_) => done.unreadable += 1,
                    }
                }
                progress(done);
            }
        }
        Ok(done)
    }
}
