//! A passport in a folder: its files as `EF_DG1.bin` and so on, and in `chip.json` what only the chip knows.
//!
//! ```json
//! {
//!   "bac": false,
//!   "can": "500540",
//!   "chip_authentication": [{ "key_id": 1, "cipher": "AES-128", "private_key": "base64 of PKCS#8" }],
//!   "active_authentication": { "hash": "SHA-256", "private_key": "base64 of PKCS#8" }
//! }
//! ```
//!
//! Every member may be absent, and so may the file: the chip then has no private key, and takes BAC if it offers no
//! PACE. Ways of PACE are those of EF.CardAccess, the password is that of the MRZ in EF.DG1. Ciphers are `3DES`,
//! `AES-128`, `AES-192` and `AES-256`; hashes are named as in `SHA-256`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use crypto::{EcPrivateKey, HashAlgorithm, RsaPrivateKey, SessionCipher};
use emrtd::chip_authentication::ChipPrivateKey;
use emrtd::pace::PaceOffer;
use emrtd::{Can, MrzKey};
use lds::security_info::PaceInfo;
use lds::{CardAccess, Dg1, FileId};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{AaKey, CaKey, ChipContents};

/// What only the chip knows.
pub const CHIP_FILE: &str = "chip.json";
const CIPHERS: [(SessionCipher, &str); 4] = [
    (SessionCipher::TripleDes, "3DES"),
    (SessionCipher::Aes128, "AES-128"),
    (SessionCipher::Aes192, "AES-192"),
    (SessionCipher::Aes256, "AES-256"),
];

/// Why a folder is no passport.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// A file or the folder cannot be read or written.
    #[error("{}: {error}", .path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file of the chip without which it has no password, or that cannot be read.
    #[error(transparent)]
    Lds(#[from] lds::Error),
    /// The folder has no EF_DG1.bin.
    #[error("{}: no EF.DG1", .0.display())]
    NoMrz(PathBuf),
    /// `chip.json` is not what it should be.
    #[error("{CHIP_FILE}: {0}")]
    Chip(String),
}

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct ChipFile {
    #[serde(skip_serializing_if = "Option::is_none")]
    bac: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    can: Option<String>,
    chip_authentication: Vec<ChipAuthentication>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active_authentication: Option<ActiveAuthentication>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChipAuthentication {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_id: Option<u64>,
    cipher: String,
    private_key: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ActiveAuthentication {
    hash: String,
    private_key: String,
}

impl ChipContents {
    /// Reads a folder. Files with other names are left alone.
    ///
    /// # Errors
    /// See [`FolderError`].
    pub fn read_folder(folder: &Path) -> Result<Self, FolderError> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(folder).map_err(at(folder))? {
            let path = entry.map_err(at(folder))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if let Some(id) = FileId::from_name(name) {
                files.insert(id, fs::read(&path).map_err(at(&path))?);
            }
        }
        let dg1 = files.get(&FileId::Dg(1)).ok_or_else(|| FolderError::NoMrz(folder.to_owned()))?;
        let mrz_key = MrzKey::from(&Dg1::parse(dg1)?.mrz);
        let pace = files.get(&FileId::CardAccess).map(|bytes| ways_of_pace(bytes)).transpose()?;
        let chip = read_chip_file(&folder.join(CHIP_FILE))?;
        let mut contents = Self { pace: pace.unwrap_or_default(), ..Self::new(files, mrz_key) };
        contents.bac = chip.bac.unwrap_or(contents.pace.is_empty());
        contents.can = chip.can.map(|digits| Can::new(&digits)).transpose().map_err(wrong)?;
        contents.ca_keys = chip.chip_authentication.iter().map(ca_key).collect::<Result<_, _>>()?;
        contents.aa_key = chip.active_authentication.as_ref().map(aa_key).transpose()?;
        Ok(contents)
    }

    /// Writes a folder, made if absent: the files and `chip.json`.
    ///
    /// # Errors
    /// [`FolderError::Io`].
    pub fn write_folder(&self, folder: &Path) -> Result<(), FolderError> {
        fs::create_dir_all(folder).map_err(at(folder))?;
        for (id, bytes) in &self.files {
            let path = folder.join(id.file_name());
            fs::write(&path, bytes).map_err(at(&path))?;
        }
        let chip = ChipFile {
            bac: Some(self.bac),
            can: self.can.as_ref().map(|can| can.digits().to_owned()),
            chip_authentication: self.ca_keys.iter().map(ChipAuthentication::from).collect(),
            active_authentication: self.aa_key.as_ref().map(ActiveAuthentication::from),
        };
        let json = serde_json::to_string_pretty(&chip).map_err(wrong)?;
        let path = folder.join(CHIP_FILE);
        fs::write(&path, json + "\n").map_err(at(&path))
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    let path = path.to_owned();
    |error| FolderError::Io { path, error }
}

fn wrong(error: impl ToString) -> FolderError {
    FolderError::Chip(error.to_string())
}

fn ways_of_pace(card_access: &[u8]) -> Result<Vec<PaceInfo>, FolderError> {
    let access = CardAccess::parse(card_access)?;
    Ok(access.pace().filter(|info| PaceOffer::from_info(info).is_some()).cloned().collect())
}

fn read_chip_file(path: &Path) -> Result<ChipFile, FolderError> {
    match fs::read_to_string(path) {
        Ok(json) => serde_json::from_str(&json).map_err(wrong),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(ChipFile::default()),
        Err(error) => Err(at(path)(error)),
    }
}

fn private_key(text: &str) -> Result<Zeroizing<Vec<u8>>, FolderError> {
    BASE64_STANDARD.decode(text).map(Zeroizing::new).map_err(|_| wrong("a private_key that is not base64"))
}

fn ca_key(entry: &ChipAuthentication) -> Result<CaKey, FolderError> {
    let cipher = CIPHERS.iter().find(|(_, name)| *name == entry.cipher);
    let (cipher, _) = cipher.ok_or_else(|| wrong(format!("unknown cipher {}", entry.cipher)))?;
    let key = ChipPrivateKey::from_pkcs8_der(&private_key(&entry.private_key)?).map_err(wrong)?;
    Ok(CaKey { key_id: entry.key_id, cipher: *cipher, key })
}

fn aa_key(entry: &ActiveAuthentication) -> Result<AaKey, FolderError> {
    let hash = HashAlgorithm::all().find(|hash| hash.name() == entry.hash);
    let hash = hash.ok_or_else(|| wrong(format!("unknown hash {}", entry.hash)))?;
    let der = private_key(&entry.private_key)?;
    match EcPrivateKey::from_pkcs8_der(&der) {
        Ok(key) => Ok(AaKey::Ec { key, hash }),
        Err(_) => RsaPrivateKey::from_pkcs8_der(&der).map(|key| AaKey::Rsa { key, hash }).map_err(wrong),
    }
}

impl From<&CaKey> for ChipAuthentication {
    fn from(key: &CaKey) -> Self {
        let cipher = CIPHERS.iter().find(|(cipher, _)| *cipher == key.cipher).map_or("", |(_, name)| name);
        let private_key = BASE64_STANDARD.encode(&*key.key.to_pkcs8_der());
        Self { key_id: key.key_id, cipher: cipher.to_owned(), private_key }
    }
}

impl From<&AaKey> for ActiveAuthentication {
    fn from(key: &AaKey) -> Self {
        let (der, hash) = match key {
            AaKey::Rsa { key, hash } => (key.to_pkcs8_der(), hash),
            AaKey::Ec { key, hash } => (key.to_pkcs8_der(), hash),
        };
        Self { hash: hash.name().to_owned(), private_key: BASE64_STANDARD.encode(&*der) }
    }
}
