//! The versions of a [`TrustBase`] in a folder: `trust-000001.json` and so on. Each change writes a new one; none is
//! changed or removed, so a decision of the past can be judged with the trust of its day.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{TrustBase, TrustError};

const PREFIX: &str = "trust-";
const SUFFIX: &str = ".json";

/// A folder with the versions of a trust base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustFolder(PathBuf);

impl TrustFolder {
    /// The folder `path`; it need not be there.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The numbers of the versions, the oldest first.
    ///
    /// # Errors
    /// [`TrustError::File`]: the folder is there and cannot be read.
    pub fn versions(&self) -> Result<Vec<u64>, TrustError> {
        if !self.0.exists() {
            return Ok(Vec::new());
        }
        let mut versions = Vec::new();
        for entry in fs::read_dir(&self.0).map_err(|error| failed(&self.0, &error))? {
            let name = entry.map_err(|error| failed(&self.0, &error))?.file_name();
            let number: Option<u64> =
                name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?.parse().ok());
            versions.extend(number);
        }
        versions.sort_unstable();
        Ok(versions)
    }

    /// The newest version and its number; an empty base and 0 if there is none. Whoever wants to know whether it is
    /// time to load again asks [`versions`](Self::versions).
    ///
    /// # Errors
    /// [`TrustError::File`].
    pub fn newest(&self) -> Result<(u64, TrustBase), TrustError> {
        match self.versions()?.last() {
            None => Ok((0, TrustBase::default())),
            Some(number) => self.load(*number).map(|base| (*number, base)),
        }
    }

    /// A version.
    ///
    /// # Errors
    /// [`TrustError::File`].
    pub fn load(&self, number: u64) -> Result<TrustBase, TrustError> {
        let path = self.path(number);
        let bytes = fs::read(&path).map_err(|error| failed(&path, &error))?;
        serde_json::from_slice(&bytes).map_err(|error| failed(&path, &error))
    }

    /// Writes the next version after `number`, the one that `base` came from, and gives its number. If somebody else
    /// wrote one meanwhile it fails, and nothing is lost.
    ///
    /// # Errors
    /// [`TrustError::File`].
    pub fn save(&self, base: &TrustBase, number: u64) -> Result<u64, TrustError> {
        fs::create_dir_all(&self.0).map_err(|error| failed(&self.0, &error))?;
        let path = self.path(number + 1);
        let json = serde_json::to_vec_pretty(base).map_err(|error| failed(&path, &error))?;
        let draft = self.0.join(format!(".{PREFIX}{:06}.{}", number + 1, std::process::id()));
        fs::write(&draft, json).map_err(|error| failed(&draft, &error))?;
        // A link is made whole or not at all, and not over a file that is there.
        let linked = fs::hard_link(&draft, &path);
        fs::remove_file(&draft).map_err(|error| failed(&draft, &error))?;
        linked.map_err(|error| failed(&path, &error))?;
        Ok(number + 1)
    }

    fn path(&self, number: u64) -> PathBuf {
        self.0.join(format!("{PREFIX}{number:06}{SUFFIX}"))
    }
}

fn failed(path: &Path, error: &dyn std::fmt::Display) -> TrustError {
    TrustError::File { path: path.to_owned(), reason: error.to_string() }
}
