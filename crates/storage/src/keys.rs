//! What is encrypted or hashed under which key. Both keys come from outside the database.
//!
//! | rows | key | associated data |
//! |---|---|---|
//! | evidence, stored answers of an enrolment | HKDF(KEK, bearer secret) | enrolment, kind, sequence, digest before |
//! | identity, document, device, connection, mail | HKDF(KEK, table) | table, id, version |
//! | change of an account | HKDF(KEK, table) | change, identity, kind |
//! | answer to a login | HKDF(KEK, table) | login, identity: nobody writes an approval into the database |
//! | look-ups (`*_key` columns) | HMAC under the look-up key | purpose |
//!
//! The database holds only the hash of a bearer secret, so evidence dies with the secret, in free pages, write-ahead
//! logs and backups too.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use crypto::aead::{self, AeadKey};
use crypto::{hkdf_sha256, hmac_sha256};
use rand_core::{CryptoRng, Rng};
use zeroize::Zeroizing;

use crate::Error;

/// The key-encryption keys and the key of look-up hashes.
#[derive(Clone)]
pub struct StorageKeys {
    /// The one that seals, then those that only open.
    keks: Vec<[u8; 32]>,
    lookup: [u8; 32],
}

impl StorageKeys {
    /// Two independent random keys.
    #[must_use]
    pub fn new(kek: [u8; 32], lookup: [u8; 32]) -> Self {
        Self { keks: vec![kek], lookup }
    }

    /// The same, which also opens what was sealed under earlier key-encryption keys ([`crate::reseal`]).
    #[must_use]
    pub fn with_previous(mut self, keks: &[[u8; 32]]) -> Self {
        self.keks.extend_from_slice(keks);
        self
    }
}

impl fmt::Debug for StorageKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StorageKeys(..)")
    }
}

/// Keys and randomness at work.
pub(crate) struct Vault {
    keys: StorageKeys,
    /// The keys of tables, once they were derived.
    tables: Mutex<BTreeMap<&'static str, Ring>>,
    rng: Mutex<Box<dyn CryptoRng + Send>>,
}

/// A derived key, and those that the earlier key-encryption keys give: the first seals, any opens.
#[derive(Clone)]
pub(crate) struct Ring(Vec<AeadKey>);

impl Ring {
    /// Opens what was sealed under any of the keys; `what` is for the error.
    pub(crate) fn open(&self, what: &'static str, data: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let opened = self.0.iter().find_map(|key| aead::open(key, data, sealed).ok());
        opened.map(|content| content.to_vec()).ok_or(Error::Sealed(what))
    }

    /// Sealed under the first key.
    fn is_current(&self, data: &[u8], sealed: &[u8]) -> bool {
        self.0.first().is_some_and(|key| aead::open(key, data, sealed).is_ok())
    }
}

/// A table whose rows are sealed under the KEK.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Table {
    Identity,
    Document,
    PinKey,
    DeviceResponse,
    Connection,
    Answer,
    Change,
    Mail,
}

impl Table {
    fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Document => "document",
            Self::PinKey => "pin key",
            Self::DeviceResponse => "device response",
            Self::Connection => "connection",
            Self::Answer => "answer to a login",
            Self::Change => "change",
            Self::Mail => "mail",
        }
    }
}

impl Vault {
    pub(crate) fn new(keys: StorageKeys, rng: Box<dyn CryptoRng + Send>) -> Self {
        Self { keys, tables: Mutex::default(), rng: Mutex::new(rng) }
    }

    /// Random bytes.
    pub(crate) fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
        bytes
    }

    /// A random name of 128 bits in hexadecimal digits.
    pub(crate) fn random_id(&self) -> String {
        hex(&self.random::<16>())
    }

    /// Seals a row's content.
    pub(crate) fn seal(&self, table: Table, id: &str, version: i64, content: &[u8]) -> Vec<u8> {
        self.seal_under(&self.table_keys(table), &row_data(table, id, version), content)
    }

    /// Opens it again.
    pub(crate) fn open(&self, table: Table, id: &str, version: i64, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        self.table_keys(table).open(table.name(), &row_data(table, id, version), sealed)
    }

    /// Seals a row's content anew if it lies under an earlier key; `None`: it does not.
    pub(crate) fn reseal(
        &self,
        table: Table,
        id: &str,
        version: i64,
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>, Error> {
        if self.table_keys(table).is_current(&row_data(table, id, version), sealed) {
            return Ok(None);
        }
        let content = Zeroizing::new(self.open(table, id, version, sealed)?);
        Ok(Some(self.seal(table, id, version, &content)))
    }

    /// The keys of one enrolment's evidence.
    pub(crate) fn enrolment_keys(&self, enrolment_id: &str, bearer: &[u8]) -> Ring {
        self.ring(bearer, &[b"sceau/evidence/v1\0", enrolment_id.as_bytes()].concat())
    }

    /// Seals under the first of derived keys.
    pub(crate) fn seal_under(&self, keys: &Ring, data: &[u8], content: &[u8]) -> Vec<u8> {
        let rng = &mut *self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        aead::seal(&keys.0[0], data, content, rng)
    }

    /// A keyed hash for a look-up; `purpose` keeps equal values in different columns apart.
    pub(crate) fn lookup(&self, purpose: &'static str, value: &[u8]) -> Vec<u8> {
        let message = [purpose.as_bytes(), b"\0", value].concat();
        hmac_sha256(&self.keys.lookup, &message).to_vec()
    }

    fn table_keys(&self, table: Table) -> Ring {
        let derive = || self.ring(b"", &[b"sceau/table/v1\0", table.name().as_bytes()].concat());
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables.entry(table.name()).or_insert_with(derive).clone()
    }

    fn ring(&self, salt: &[u8], info: &[u8]) -> Ring {
        Ring(self.keys.keks.iter().map(|kek| derived(&hkdf_sha256(kek, salt, info, 32))).collect())
    }
}

fn derived(bytes: &[u8]) -> AeadKey {
    let mut key = [0; 32];
    key.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    AeadKey(key)
}

fn row_data(table: Table, id: &str, version: i64) -> Vec<u8> {
    [table.name().as_bytes(), b"\0", id.as_bytes(), b"\0", &version.to_be_bytes()].concat()
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
