//! Deviation lists and defect lists of a [`TrustBase`].

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clock::UnixTime;
use crypto::sha256;
use lds::{DefectList, DeviationList};
use serde::{Deserialize, Serialize};

use crate::signed_list::SignedList;
use crate::{ListError, TrustBase, TrustStore, Vouched};

/// The newest deviation or defect list of a publisher.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptList {
    /// SHA-256 of the file, in hex.
    pub sha256: String,
    /// When it was signed.
    pub signed_at: UnixTime,
    /// When it was imported.
    pub imported_at: UnixTime,
    /// How many deviations, or document signers with defects, it tells of.
    pub entries: usize,
    /// SHA-256 of the pinned CSCA that stands behind it, in hex.
    pub pin: String,
    /// The file, base64.
    pub file: String,
}

impl TrustBase {
    /// Takes in a deviation list behind which a pinned CSCA stands. True: it is new. It tells of documents of that
    /// CSCA's State.
    ///
    /// # Errors
    /// As [`import_master_list`](Self::import_master_list).
    pub fn import_deviation_list(
        &mut self,
        der: &[u8],
        pins: &BTreeSet<[u8; 32]>,
        at: UnixTime,
    ) -> Result<bool, ListError> {
        let list = DeviationList::parse(der).map_err(|error| ListError::Malformed(error.to_string()))?;
        let vouched = SignedList::from(&list).verify(pins, &self.store(), at)?;
        let new = keep(&mut self.deviation_lists, der, list.deviations.len(), vouched, at)?;
        self.changed_at = if new { at } else { self.changed_at };
        Ok(new)
    }

    /// Takes in a defect list behind which a pinned CSCA stands. True: it is new.
    ///
    /// # Errors
    /// As [`import_master_list`](Self::import_master_list).
    pub fn import_defect_list(
        &mut self,
        der: &[u8],
        pins: &BTreeSet<[u8; 32]>,
        at: UnixTime,
    ) -> Result<bool, ListError> {
        let list = DefectList::parse(der).map_err(|error| ListError::Malformed(error.to_string()))?;
        let vouched = SignedList::from(&list).verify(pins, &self.store(), at)?;
        let new = keep(&mut self.defect_lists, der, list.defects.len(), vouched, at)?;
        self.changed_at = if new { at } else { self.changed_at };
        Ok(new)
    }

    /// Adds the lists to a store. What cannot be read is left out: it was read when it came.
    pub(crate) fn add_lists(&self, store: &mut TrustStore) {
        let file = |kept: &KeptList| STANDARD.decode(&kept.file).unwrap_or_default();
        for (publisher, kept) in &self.deviation_lists {
            let _ = store.add_deviation_list(&file(kept), publisher);
        }
        for (publisher, kept) in &self.defect_lists {
            let _ = store.add_defect_list(&file(kept), publisher);
        }
    }
}

/// A newer list takes the place of an older one of its publisher. True: it is new.
fn keep(
    lists: &mut BTreeMap<String, KeptList>,
    der: &[u8],
    entries: usize,
    vouched: Vouched,
    at: UnixTime,
) -> Result<bool, ListError> {
    let id = hex::encode(sha256(der));
    match lists.get(&vouched.publisher) {
        Some(newest) if newest.sha256 == id => return Ok(false),
        Some(newest) if newest.signed_at > vouched.signed_at => {
            return Err(ListError::Older(newest.signed_at));
        }
        _ => {}
    }
    let kept = KeptList {
        sha256: id,
        signed_at: vouched.signed_at,
        imported_at: at,
        entries,
        pin: hex::encode(vouched.pin),
        file: STANDARD.encode(der),
    };
    lists.insert(vouched.publisher, kept);
    Ok(true)
}
