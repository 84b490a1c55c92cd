//! Google's list of revoked attestation certificates.

use std::collections::{BTreeMap, BTreeSet};

use clock::UnixTime;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::Error;

/// The longest list that is read, in bytes.
const MAX_LEN: usize = 8 * 1024 * 1024;

/// The serial numbers of certificates that no longer count. REVOKED and SUSPENDED are treated alike, and so is any
/// other status: a certificate is on the list or it is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusList {
    serials: BTreeSet<String>,
    fetched_at: UnixTime,
}

/// `{"entries": {"SERIAL": {"status": "REVOKED", ..}}}`
#[derive(Deserialize)]
struct Document {
    entries: BTreeMap<String, IgnoredAny>,
}

impl StatusList {
    /// Reads the list as Google publishes it (`https://android.googleapis.com/attestation/status`).
    ///
    /// # Errors
    /// [`Error::Malformed`], also for a serial number that is not hexadecimal.
    pub fn from_json(json: &[u8], fetched_at: UnixTime) -> Result<Self, Error> {
        let malformed = || Error::Malformed("status list");
        if json.len() > MAX_LEN {
            return Err(malformed());
        }
        let document: Document = serde_json::from_slice(json).map_err(|_| malformed())?;
        let serials = document.entries.into_keys().map(|serial| {
            let hex = !serial.is_empty() && serial.bytes().all(|b| b.is_ascii_hexdigit());
            hex.then(|| serial.trim_start_matches('0').to_ascii_lowercase()).ok_or_else(malformed)
        });
        Ok(Self { serials: serials.collect::<Result<_, _>>()?, fetched_at })
    }

    /// When the list was loaded.
    #[must_use]
    pub fn fetched_at(&self) -> UnixTime {
        self.fetched_at
    }

    /// Whether a serial number, in lower-case hexadecimal without leading zeros, is on the list.
    pub(crate) fn contains(&self, serial: &str) -> bool {
        self.serials.contains(serial)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_not_understood_is_refused() {
        let read = |json: &str| StatusList::from_json(json.as_bytes(), UnixTime(0)).map(drop);
        assert_eq!(read(r#"{"entries": {}}"#), Ok(()));
        assert_eq!(read(r#"{"entries": {"0aB": {"status": "REVOKED"}}}"#), Ok(()));
        for json in ["", "[]", "{}", r#"{"entries": {"xyz": {}}}"#, r#"{"entries": {"": {}}}"#] {
            assert_eq!(read(json), Err(Error::Malformed("status list")), "{json}");
        }
    }

    #[test]
    fn a_list_beyond_the_limit_is_refused() {
        let mut json = br#"{"entries": {}}"#.to_vec();
        json.resize(MAX_LEN, b' ');
        assert!(StatusList::from_json(&json, UnixTime(0)).is_ok());
        json.push(b' ');
        assert_eq!(StatusList::from_json(&json, UnixTime(0)), Err(Error::Malformed("status list")));
    }
}
