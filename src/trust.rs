//! Whom the verifier trusts: the files that the configuration names and the newest version of the store that `sceau trust`
//! keeps, which is read again when there is a newer one.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use clock::UnixTime;
use serde::Serialize;
use verification::{TrustError, TrustFolder, TrustStore};

/// Adds one DER object to a trust store.
pub type Add = fn(&mut TrustStore, &[u8]) -> Result<(), TrustError>;

const DAY: i64 = 86_400;

/// What is trusted now, and where it comes from.
#[derive(Default)]
pub struct Trust {
    files: Vec<(Add, Vec<u8>)>,
    folder: Option<PathBuf>,
    max_age_days: Option<i64>,
    current: RwLock<Current>,
}

#[derive(Clone, Default)]
struct Current {
    store: Arc<TrustStore>,
    version: u64,
    newest_list: Option<UnixTime>,
    /// The newest version could not be read: the one before goes on.
    broken: bool,
}

/// What health says of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrustHealth {
    /// The version of the store; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// Days since the newest list of the store was signed; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_days: Option<i64>,
    /// It is older than the configuration wants, or a newer version could not be read.
    pub attention: bool,
}

impl Trust {
    /// Reads the store beside what the files hold.
    ///
    /// # Errors
    /// [`TrustError`] of the store or of a file's object.
    pub fn open(
        files: Vec<(Add, Vec<u8>)>,
        folder: Option<PathBuf>,
        max_age_days: Option<i64>,
    ) -> Result<Self, TrustError> {
        let trust = Self { files, folder, max_age_days, current: RwLock::default() };
        let current = trust.read()?;
        *trust.current.write().unwrap_or_else(PoisonError::into_inner) = current;
        Ok(trust)
    }

    fn read(&self) -> Result<Current, TrustError> {
        let (version, base) = match &self.folder {
            Some(folder) => TrustFolder::new(folder).newest()?,
            None => Default::default(),
        };
        let mut store = base.store();
        for (add, der) in &self.files {
            add(&mut store, der)?;
        }
        let newest_list = base.lists.values().map(|list| list.signed_at).max();
        Ok(Current { store: Arc::new(store), version, newest_list, broken: false })
    }

    /// The store as it is now. Whoever judges keeps it to the end, whatever comes meanwhile.
    #[must_use]
    pub fn store(&self) -> Arc<TrustStore> {
        self.current().store
    }

    fn current(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the store again if there is a newer version. One that cannot be read changes nothing, and is told.
    pub fn refresh(&self) {
        let Some(folder) = &self.folder else { return };
        let now = self.current();
        let newest =
            TrustFolder::new(folder).versions().map(|versions| versions.last().copied().unwrap_or(0));
        let next = match newest {
            Ok(newest) if newest == now.version && !now.broken => return,
            Ok(_) => self.read(),
            Err(error) => Err(error),
        };
        let next = match next {
            Ok(next) => {
                tracing::info!(version = next.version, "the trust store was read");
                next
            }
            Err(error) => {
                if !now.broken {
                    tracing::error!(%error, version = now.version, "the trust store cannot be read; the version before goes on");
                }
                Current { broken: true, ..now }
            }
        };
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = next;
    }

    /// How it is.
    #[must_use]
    pub fn health(&self, now: UnixTime) -> TrustHealth {
        let current = self.current();
        let age_days = current.newest_list.map(|signed_at| now.since(signed_at) / DAY);
        let old = age_days.zip(self.max_age_days).is_some_and(|(age, most)| age > most);
        let version = self.folder.as_ref().map(|_| current.version);
        TrustHealth { version, age_days, attention: old || current.broken }
    }
}
