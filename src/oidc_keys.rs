//! The keys of ID tokens and claims, and their rotation.
//!
//! `keys.oidc_signing_files` names files; beside `NAME.pem` stand its successors `NAME.TIME.pem`, each of which signs from that
//! time on (seconds since 1970). So a new key is published before it signs, no node needs to be told, and an old one is
//! published as long as its file is there: until then logouts take ID tokens that it signed.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use axum::body::Bytes;
use clock::UnixTime;
use jose::{Algorithm, JwkSet, SigningKey};

use crate::config::signing_key;

/// The keys as they were last read.
pub struct SigningKeys {
    /// When each begins to sign; sorted.
    keys: Vec<(UnixTime, SigningKey)>,
    /// Their public parts.
    public: JwkSet,
    /// The same as the answer of `jwks_uri`.
    jwks: Bytes,
}

impl SigningKeys {
    /// Reads the files and their successors.
    ///
    /// # Errors
    /// For each file that is wrong its number and what is wrong.
    pub fn read(files: &[PathBuf]) -> Result<Self, Vec<(usize, String)>> {
        let (mut keys, mut wrong) = (Vec::new(), Vec::new());
        for (i, file) in files.iter().enumerate() {
            let all = successors(file);
            // A first key that was retired needs no file any more.
            let first = (file.exists() || all.is_empty()).then(|| (UnixTime(0), file.clone()));
            for (from, path) in first.into_iter().chain(all) {
                match signing_key(&path) {
                    Ok(key) => keys.push((from, key)),
                    Err(text) => wrong.push((i, text)),
                }
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        // Files that begin at one time sign in the order of the configuration: the first of it is looked at last.
        keys.reverse();
        keys.sort_by_key(|(from, _)| *from);
        let public = JwkSet::from(keys.iter().rev().map(|(_, key)| key.jwk()).collect::<Vec<_>>());
        let jwks = serde_json::to_vec(&public).unwrap_or_default().into();
        Ok(Self { keys, public, jwks })
    }

    /// The key that signs with this algorithm now: the last that has begun.
    #[must_use]
    pub fn signing(&self, algorithm: Algorithm, now: UnixTime) -> Option<&SigningKey> {
        let mut fitting = self.keys.iter().filter(|(_, key)| key.algorithm() == algorithm);
        let begun = fitting.clone().rfind(|(from, _)| *from <= now);
        // Before its time a key signs only if there is no other.
        begun.or_else(|| fitting.next()).map(|(_, key)| key)
    }

    /// The public keys, old and coming ones too.
    #[must_use]
    pub fn public(&self) -> &JwkSet {
        &self.public
    }

    /// The answer of `jwks_uri`.
    #[must_use]
    pub fn jwks(&self) -> Bytes {
        self.jwks.clone()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &SigningKey> {
        self.keys.iter().map(|(_, key)| key)
    }
}

/// The files `NAME.TIME.pem` beside `NAME.pem`, oldest first.
#[must_use]
pub fn successors(file: &Path) -> Vec<(UnixTime, PathBuf)> {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut found: Vec<_> = entries
        .filter_map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let time = name.strip_prefix(&stem)?.strip_prefix('.')?.strip_suffix(".pem")?;
            let digits = !time.is_empty() && time.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| Some((UnixTime(time.parse().ok()?), entry.path()))).flatten()
        })
        .collect();
    found.sort();
    found
}

/// The path of a successor that signs from this time on.
#[must_use]
pub fn successor(file: &Path, from: UnixTime) -> PathBuf {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    file.with_file_name(format!("{stem}.{}.pem", from.0))
}

/// The keys of a running server.
pub struct OidcKeys {
    files: Vec<PathBuf>,
    read: RwLock<Arc<SigningKeys>>,
}

impl OidcKeys {
    /// Takes what was read of these files.
    #[must_use]
    pub fn new(files: Vec<PathBuf>, read: SigningKeys) -> Self {
        Self { files, read: RwLock::new(Arc::new(read)) }
    }

    /// The keys as they are now.
    #[must_use]
    pub fn now(&self) -> Arc<SigningKeys> {
        self.read.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the files again. If one is wrong, everything stays as it was.
    ///
    /// # Errors
    /// What is wrong.
    pub fn refresh(&self) -> Result<(), String> {
        let read = SigningKeys::read(&self.files)
            .map_err(|wrong| wrong.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("; "))?;
        let order = |keys: &SigningKeys| -> Vec<(UnixTime, String)> {
            keys.keys.iter().map(|(from, key)| (*from, key.kid().to_owned())).collect()
        };
        if order(&self.now()) != order(&read) {
            tracing::info!(keys = read.keys.len(), "the keys of ID tokens were read again");
            *self.read.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(read);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{new_keys, rotate};
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    #[test]
    fn a_new_key_is_published_before_it_signs_and_an_old_one_after_it_did() {
        let folder = tempfile::tempdir().unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        new_keys(folder.path(), &mut rng).unwrap();
        let file = folder.path().join("oidc-signing.pem");
        let keys = OidcKeys::new(vec![file.clone()], SigningKeys::read(std::slice::from_ref(&file)).unwrap());
        let kid = |at: i64| keys.now().signing(Algorithm::Es256, UnixTime(at)).unwrap().kid().to_owned();
        let (first, published) = (kid(1000), keys.now().jwks());
        assert_eq!(keys.now().public().keys.len(), 1);

        rotate(&file, UnixTime(1900), UnixTime(0), &mut rng).unwrap();
        assert_eq!(keys.now().jwks(), published, "until it is read again");
        keys.refresh().unwrap();
        assert_eq!(keys.now().public().keys.len(), 2);
        assert_eq!(kid(1899), first);
        assert_ne!(kid(1900), first);

        std::fs::write(folder.path().join("oidc-signing.2000.pem"), "no key").unwrap();
        assert!(keys.refresh().is_err());
        assert_eq!(keys.now().public().keys.len(), 2, "what is wrong changes nothing");
        assert!(keys.now().signing(Algorithm::Rs256, UnixTime(1900)).is_none());
    }

    #[test]
    fn a_first_key_that_was_retired_needs_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        new_keys(folder.path(), &mut rng).unwrap();
        let file = folder.path().join("oidc-signing.pem");
        rotate(&file, UnixTime(100), UnixTime(0), &mut rng).unwrap();
        // 100 signs from 100 on, so the first is out of use since then.
        rotate(&file, UnixTime(300), UnixTime(99), &mut rng).unwrap();
        assert!(file.exists());
        rotate(&file, UnixTime(500), UnixTime(100), &mut rng).unwrap();
        assert!(!file.exists());
        let keys = SigningKeys::read(std::slice::from_ref(&file)).unwrap();
        assert_eq!(keys.public().keys.len(), 3);
        let names: Vec<_> = successors(&file).into_iter().map(|(from, _)| from.0).collect();
        assert_eq!(names, [100, 300, 500]);
    }
}
