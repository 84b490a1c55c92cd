//! `sceau keys new`: the key files that a configuration names.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use clap::Subcommand;
use crypto::{Curve, EcPrivateKey};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

#[derive(Subcommand)]
pub(super) enum Keys {
    /// Makes encryption.key, lookup.key, oidc-signing.pem and statement.pem in a folder; never overwrites one.
    New {
        /// The folder, made if absent.
        folder: PathBuf,
    },
}

impl Keys {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let Self::New { folder } = self;
        for file in new_keys(&folder, &mut super::serve::system_rng())? {
            println!("{}", file.display());
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Makes the four key files of a server in a folder and returns their paths.
///
/// # Errors
/// The folder cannot be written, or one of the files is there.
pub fn new_keys(folder: &Path, rng: &mut impl CryptoRng) -> anyhow::Result<Vec<PathBuf>> {
    const SECRETS: [&str; 2] = ["encryption.key", "lookup.key"];
    const SIGNING: [&str; 2] = ["oidc-signing.pem", "statement.pem"];
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    // All or none: keys of two times do not stand beside each other.
    let mut paths = SECRETS.iter().chain(&SIGNING).map(|name| folder.join(name));
    if let Some(path) = paths.find(|path| path.exists()) {
        anyhow::bail!("{}: is there already", path.display());
    }
    let mut files = Vec::new();
    for name in SECRETS {
        let mut key = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *key);
        let text = Zeroizing::new(hex::encode(*key) + "\n");
        files.push(write_secret(folder.join(name), &text)?);
    }
    for name in SIGNING {
        let key = EcPrivateKey::generate(Curve::P256, rng);
        files.push(write_secret(folder.join(name), &pem(&key.to_pkcs8_der()))?);
    }
    Ok(files)
}

/// A private key in PEM (RFC 7468, section 10).
#[must_use]
pub fn pem(pkcs8_der: &[u8]) -> Zeroizing<String> {
    let encoded = Zeroizing::new(BASE64_STANDARD.encode(pkcs8_der));
    let mut text = Zeroizing::new("-----BEGIN PRIVATE KEY-----\n".to_owned());
    for line in encoded.as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text.push_str("-----END PRIVATE KEY-----\n");
    text
}

/// Writes a new file that only its owner can read.
pub(super) fn write_secret(path: PathBuf, text: &str) -> anyhow::Result<PathBuf> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.with_context(|| path.display().to_string())?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    #[test]
    fn keys_are_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        assert_eq!(new_keys(folder.path(), &mut rng).unwrap().len(), 4);
        assert!(new_keys(folder.path(), &mut rng).is_err());
        std::fs::remove_file(folder.path().join("encryption.key")).unwrap();
        assert!(new_keys(folder.path(), &mut rng).is_err());
        assert!(!folder.path().join("encryption.key").exists(), "none is made beside those of another time");
    }
}
