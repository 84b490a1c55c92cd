//! What remains of an enrolment: an identity, its document, its device (docs/protocols.md, section 1).

use std::collections::BTreeMap;
use std::fmt;

use clock::UnixTime;
use serde::{Deserialize, Serialize};

use crate::{Error, Level, LevelFacts, PivotIdentity};

/// Where an identity stands. The numbers are stored and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityState {
    /// Nothing is sealed yet.
    Pending = 0,
    /// An operator has to look at it first.
    ReviewPending = 1,
    /// It answers logins.
    Active = 2,
    /// The person paused it.
    Paused = 3,
    /// It was reported or found compromised.
    Blocked = 4,
    /// Its term is over.
    Expired = 5,
    /// Its data are gone.
    Erased = 6,
}

impl IdentityState {
    /// All, by number.
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::ReviewPending,
        Self::Active,
        Self::Paused,
        Self::Blocked,
        Self::Expired,
        Self::Erased,
    ];

    /// The number that is stored.
    #[must_use]
    pub fn number(self) -> i64 {
        self as i64
    }

    /// The state of a stored number.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.number() == number)
    }

    /// As it stands in the API and the audit log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::ReviewPending => "review_pending",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Blocked => "blocked",
            Self::Expired => "expired",
            Self::Erased => "erased",
        }
    }

    /// Whether a logged-in state may follow by an operator's or the person's act. A new enrolment with the document
    /// is another way: it wakes what is paused or expired, never what is blocked.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        use IdentityState::{Active, Blocked, Erased, Expired, Paused, Pending, ReviewPending};
        match self {
            Pending => matches!(next, ReviewPending | Active | Erased),
            ReviewPending => matches!(next, Active | Blocked | Erased),
            Active => matches!(next, Paused | Blocked | Expired | Erased),
            Paused => matches!(next, Active | Blocked | Expired | Erased),
            // Expired: its holder gives up her own block, and enrols the document again.
            Blocked => matches!(next, Active | Expired | Erased),
            Expired => matches!(next, Blocked | Erased),
            Erased => false,
        }
    }
}

/// How long an identity lives that nobody uses, in seconds: two years.
pub const IDLE_TERM: i64 = 730 * DAY;
/// How long after its enrolment it has to be proved again, in seconds: five years.
pub const TERM: i64 = 1826 * DAY;
/// How long before either its holder is told, in seconds.
pub const REMINDER: i64 = 30 * DAY;
/// How long after either an expired identity is erased, in seconds.
pub const AFTER_TERM: i64 = 90 * DAY;
const DAY: i64 = 86_400;

/// What is kept of the document, for later compromise of its signer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentRecord {
    /// Code in the MRZ, `P`.
    pub code: String,
    /// Issuing State in the MRZ.
    pub issuing_state: String,
    /// Document number.
    pub number: String,
    /// Last day of validity, `YYYY-MM-DD`.
    pub expires: String,
    /// SHA-256 of the document signer certificate.
    pub dsc: [u8; 32],
    /// SHA-256 of the CSCA certificate.
    pub csca: [u8; 32],
    /// Digest of the trust store in force.
    pub trust_digest: [u8; 32],
    /// Version of the verification policy in force.
    pub policy_version: String,
    /// One line a check.
    pub report: Vec<String>,
}

impl DocumentRecord {
    /// The text whose keyed hash finds this document: its kind, issuing State and number. A State numbers passports and
    /// permits each for itself; all kinds of passport count as one.
    #[must_use]
    pub fn lookup_key(code: &str, issuing_state: &str, number: &str) -> String {
        let kind = if code.starts_with('P') { "P" } else { code };
        format!("{kind}\n{issuing_state}\n{number}")
    }

    /// The bytes that the storage encrypts.
    #[must_use]
    pub fn to_stored(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads what [`Self::to_stored`] made.
    ///
    /// # Errors
    /// [`Error::Stored`].
    pub fn from_stored(bytes: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(bytes).map_err(|_| Error::Stored("document"))
    }
}

/// A phone: its device key and its PIN key.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceRecord {
    /// Name of the device: thumbprint of its key.
    pub id: String,
    /// The device key, uncompressed SEC 1 point on P-256.
    pub device_key: Vec<u8>,
    /// The PIN key, the same. Encrypted at rest, never returned, never logged.
    pub pin_key: Vec<u8>,
}

/// A consent given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentRecord {
    /// Its version.
    pub version: String,
    /// SHA-256 of its text.
    pub sha256: [u8; 32],
}

/// An identity, as an enrolment makes it. Its subject is given by the storage: random, and the same when the
/// document is enrolled again.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    pub(crate) pivot: PivotIdentity,
    pub(crate) facts: LevelFacts,
    pub(crate) level: Level,
    pub(crate) document: DocumentRecord,
    pub(crate) device: DeviceRecord,
    pub(crate) consents: BTreeMap<String, ConsentRecord>,
    pub(crate) review: bool,
    pub(crate) enrolled_at: UnixTime,
}

impl Identity {
    /// The attributes.
    #[must_use]
    pub fn pivot(&self) -> &PivotIdentity {
        &self.pivot
    }

    /// The facts on which the level stands.
    #[must_use]
    pub fn facts(&self) -> &LevelFacts {
        &self.facts
    }

    /// The highest level that it reaches.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// What is kept of the document.
    #[must_use]
    pub fn document(&self) -> &DocumentRecord {
        &self.document
    }

    /// Whether a person must look at it before it is active: an engine asked for that.
    #[must_use]
    pub fn needs_review(&self) -> bool {
        self.review
    }

    /// The phone.
    #[must_use]
    pub fn device(&self) -> &DeviceRecord {
        &self.device
    }

    /// The consents, by name.
    #[must_use]
    pub fn consents(&self) -> &BTreeMap<String, ConsentRecord> {
        &self.consents
    }

    /// When.
    #[must_use]
    pub fn enrolled_at(&self) -> UnixTime {
        self.enrolled_at
    }
}

macro_rules! silent_debug {
    ($($name:ident),*) => {$(
        /// A placeholder: this is personal data, or a key that must not be seen.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )*};
}
silent_debug!(Identity, DocumentRecord, DeviceRecord);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_states_are_stable() {
        for (number, state) in IdentityState::ALL.into_iter().enumerate() {
            assert_eq!(IdentityState::from_number(number as i64), Some(state));
        }
    }

    #[test]
    fn nothing_returns_from_erased_and_only_an_operator_from_blocked() {
        for next in IdentityState::ALL {
            assert!(!IdentityState::Erased.may_become(next));
        }
        assert!(IdentityState::Blocked.may_become(IdentityState::Active));
        assert!(!IdentityState::Blocked.may_become(IdentityState::Paused));
        assert!(!IdentityState::Expired.may_become(IdentityState::Active), "only a new enrolment");
    }
}
