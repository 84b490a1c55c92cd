//! `sceau keys`: the key files that a configuration names, and the rotation of those that sign ID tokens.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use clap::Subcommand;
use clock::{Clock as _, SystemClock, UnixTime};
use crypto::{Curve, EcPrivateKey, RsaPrivateKey};
use jose::Algorithm;
use rand_core::CryptoRng;
use storage::Database;
use zeroize::Zeroizing;

use crate::config::{Config, Materials, signing_key};
use crate::oidc_keys::{successor, successors};

#[derive(Subcommand)]
pub(super) enum Keys {
    /// Makes encryption.key, lookup.key, oidc-signing.pem and statement.pem in a folder; never overwrites one.
    New {
        /// The folder, made if absent.
        folder: PathBuf,
    },
    /// Makes an RSA key of 3072 bits for clients that ask for RS256; never overwrites one.
    NewRsa {
        /// The file: name it in `keys.oidc_signing_files` after the P-256 key.
        file: PathBuf,
    },
    /// Makes another key-encryption key; never overwrites one.
    NewEncryption {
        /// The file: name it in `keys.encryption_file`, and the one before in `keys.previous_encryption_files`.
        file: PathBuf,
    },
    /// Seals what lies under an earlier key-encryption key under the one in force, beside running servers. Then the earlier one
    /// is needed no longer, but for what dies within a day.
    Reseal {
        /// The configuration file.
        #[arg(long, value_name = "FILE", env = "SCEAU_CONFIG")]
        config: PathBuf,
    },
    /// Makes a successor of each key of ID tokens. It is published within half a minute and signs after the delay; a running
    /// server picks it up by itself. Keys that have not signed for the time of `--keep` are deleted.
    Rotate {
        /// The configuration file.
        #[arg(long, value_name = "FILE", env = "SCEAU_CONFIG")]
        config: PathBuf,
        /// Seconds until the new key signs: longer than clients keep the key set (300).
        #[arg(long, default_value_t = 900)]
        delay: i64,
        /// Days that a key is published after it signed last: a logout takes ID tokens of that age.
        #[arg(long, default_value_t = 30)]
        keep: i64,
    },
}

/// The bits of a new RSA key (ANSSI's guide asks 3072 from 2031 on).
const RSA_BITS: usize = 3072;

impl Keys {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let mut rng = super::serve::system_rng();
        let made = match self {
            Self::New { folder } => new_keys(&folder, &mut rng)?,
            Self::NewEncryption { file } => vec![write_secret(file, &new_secret(&mut rng))?],
            Self::Reseal { config } => return reseal(&config),
            Self::NewRsa { file } => vec![write_secret(file, &pem(&new_rsa(&mut rng)?))?],
            Self::Rotate { config, delay, keep } => {
                anyhow::ensure!(delay >= 0 && keep >= 0, "--delay and --keep are not negative");
                let config = Config::load(&config, std::env::vars())?;
                let now = SystemClock.now();
                let files = config.keys.oidc_signing_files.iter().map(|file| config.path(file));
                let retired = now.plus(-keep.saturating_mul(86_400));
                files
                    .map(|file| rotate(&file, now.plus(delay), retired, &mut rng))
                    .collect::<Result<_, _>>()?
            }
        };
        for file in made {
            println!("{}", file.display());
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// 32 random bytes, in hexadecimal.
fn new_secret(rng: &mut impl CryptoRng) -> Zeroizing<String> {
    let mut key = Zeroizing::new([0; 32]);
    rng.fill_bytes(&mut *key);
    Zeroizing::new(hex::encode(*key) + "\n")
}

fn reseal(config: &Path) -> anyhow::Result<ExitCode> {
    let config = Config::load(config, std::env::vars())?;
    let materials = Materials::read(&config, SystemClock.now())?;
    let work = async {
        let address = materials.database.expose();
        let database = Database::connect(address, materials.storage_keys, super::serve::system_rng()).await?;
        database.reseal(|done| eprint!("\r{} rows, {} sealed anew", done.seen, done.resealed)).await
    };
    let done = tokio::runtime::Runtime::new()?.block_on(work)?;
    eprintln!();
    println!("{} rows, {} sealed anew, {} that no key opens", done.seen, done.resealed, done.unreadable);
    Ok(if done.unreadable == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn new_rsa(rng: &mut impl CryptoRng) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    Ok(RsaPrivateKey::generate(RSA_BITS, rng)?.to_pkcs8_der())
}

/// Makes a successor, of the same kind, of the key in a file: it signs from `from` on. Keys whose own successor signs since
/// `retired` or longer are deleted. Returns the new file.
///
/// # Errors
/// A file cannot be read, written or deleted.
pub fn rotate(
    file: &Path,
    from: UnixTime,
    retired: UnixTime,
    rng: &mut impl CryptoRng,
) -> anyhow::Result<PathBuf> {
    let mut chain = vec![file.to_owned()];
    let later = successors(file);
    chain.extend(later.iter().map(|(_, path)| path.clone()));
    let newest = chain.last().expect("the file itself");
    let algorithm = signing_key(newest).map_err(anyhow::Error::msg)?.algorithm();
    let key = match algorithm {
        Algorithm::Es256 => EcPrivateKey::generate(Curve::P256, rng).to_pkcs8_der(),
        Algorithm::Rs256 => new_rsa(rng)?,
        Algorithm::EdDsa => bail!("keys for EdDSA are not made"),
    };
    let new = write_secret(successor(file, from), &pem(&key))?;
    // Each key ends where the next begins.
    for (old, (end, _)) in chain.iter().zip(&later) {
        if *end <= retired && old.exists() {
            std::fs::remove_file(old).with_context(|| old.display().to_string())?;
        }
    }
    Ok(new)
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
        files.push(write_secret(folder.join(name), &new_secret(rng))?);
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
