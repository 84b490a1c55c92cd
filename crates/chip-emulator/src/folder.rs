//! A passport in a folder: its files as `EF_DG1.bin` and so on (`Datagroup1.bin` of the BSI's reference set too), its
//! private keys beside them, and in `chip.toml` what only the chip knows.
//!
//! `DG14_sk.pkcs8` is a private key of Chip Authentication, PKCS#8 in DER; further ones have any word after `DG14_sk_`.
//! EF.DG14 says which number and which ciphers go with it, by its public key; a key that is none of EF.DG14's stands for
//! those of its group, as in a clone. `CardSecurity_sk.pkcs8` are those of the master file, by EF.CardSecurity.
//! `DG15_sk.pkcs8` is the key of Active Authentication. `EF_ATR_INFO.bin` is EF.ATR/INFO.
//!
//! ```toml
//! bac = false                                     # else: if it offers no PACE
//! can = "500540"
//! mrz = ["L898902C", "690806", "940623"]          # else that of EF.DG1
//! active_authentication_hash = "SHA-1"            # else that of EF.DG14, or SHA-256
//! faults = ["tag-lost=20"]
//! [[pace]]                                        # else those of EF.CardAccess, which is made of these if it is absent
//! oid = "0.4.0.127.0.7.2.2.4.2.2"
//! parameters = 13
//! ```
//!
//! Every line may be absent, and so may the file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crypto::{EcPrivateKey, HashAlgorithm, RsaPrivateKey, SessionCipher, SignatureScheme};
use emrtd::chip_authentication::{ChipPrivateKey, ChipPublicKey};
use emrtd::pace::PaceOffer;
use emrtd::{Can, MrzKey};
use lds::security_info::{ChipAuthenticationInfo, ChipAuthenticationPublicKeyInfo, PaceInfo};
use lds::{CardAccess, CardSecurity, Dg1, Dg14, FileId, tlv};
use serde::{Deserialize, Serialize};

use crate::{AaKey, CaKey, ChipContents, Fault};

/// What only the chip knows.
pub const CHIP_FILE: &str = "chip.toml";
const ATR_INFO_FILE: &str = "EF_ATR_INFO.bin";
const CA_KEYS: &str = "DG14_sk";
const MASTER_FILE_CA_KEYS: &str = "CardSecurity_sk";
const AA_KEY: &str = "DG15_sk";
const KEY_SUFFIX: &str = ".pkcs8";

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
    /// The folder has no EF_DG1.bin, and chip.toml no MRZ.
    #[error("{}: neither EF.DG1 nor an MRZ in {CHIP_FILE}", .0.display())]
    NoMrz(PathBuf),
    /// `chip.toml` or a private key is not what it should be.
    #[error("{0}: {1}")]
    Chip(String, String),
}

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct ChipFile {
    #[serde(skip_serializing_if = "Option::is_none")]
    bac: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    can: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mrz: Option<[String; 3]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active_authentication_hash: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pace: Vec<Pace>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pace {
    oid: String,
    parameters: u8,
}

impl ChipContents {
    /// Reads a folder. Files with other names are left alone.
    ///
    /// # Errors
    /// See [`FolderError`].
    pub fn read_folder(folder: &Path) -> Result<Self, FolderError> {
        let mut files = BTreeMap::new();
        let mut keys = BTreeMap::new();
        for entry in fs::read_dir(folder).map_err(at(folder))? {
            let path = entry.map_err(at(folder))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            let read = || fs::read(&path).map_err(at(&path));
            if let Some(id) = FileId::from_name(&name) {
                files.insert(id, read()?);
            } else if let Some(stem) = name.strip_suffix(KEY_SUFFIX) {
                keys.insert(stem.to_owned(), read()?);
            }
        }
        let chip = read_chip_file(&folder.join(CHIP_FILE))?;
        if !chip.pace.is_empty() && !files.contains_key(&FileId::CardAccess) {
            files.insert(FileId::CardAccess, card_access(&chip.pace));
        }
        let mrz_key = match (&chip.mrz, files.get(&FileId::Dg(1))) {
            (Some([number, birth, expiry]), _) => MrzKey::new(number, birth, expiry).map_err(wrong)?,
            (None, Some(dg1)) => MrzKey::from(&Dg1::parse(dg1)?.mrz),
            (None, None) => return Err(FolderError::NoMrz(folder.to_owned())),
        };
        let pace = files.get(&FileId::CardAccess).map(|bytes| ways_of_pace(bytes)).transpose()?;
        let mut contents = Self { pace: pace.unwrap_or_default(), ..Self::new(files, mrz_key) };
        contents.bac = chip.bac.unwrap_or(contents.pace.is_empty());
        contents.can = chip.can.map(|digits| Can::new(&digits)).transpose().map_err(wrong)?;
        contents.faults =
            chip.faults.iter().map(|text| text.parse::<Fault>()).collect::<Result<_, _>>().map_err(wrong)?;
        let atr_info = folder.join(ATR_INFO_FILE);
        contents.atr_info =
            atr_info.exists().then(|| fs::read(&atr_info).map_err(at(&atr_info))).transpose()?;
        contents.read_keys(&keys, chip.active_authentication_hash.as_deref())?;
        Ok(contents)
    }

    fn read_keys(&mut self, keys: &BTreeMap<String, Vec<u8>>, hash: Option<&str>) -> Result<(), FolderError> {
        let dg14 =
            self.files.get(&FileId::Dg(14)).and_then(|bytes| Dg14::parse(bytes).ok()).unwrap_or_default();
        let signed = self.files.get(&FileId::CardSecurity).and_then(|bytes| CardSecurity::parse(bytes).ok());
        let master_file = Dg14::new(signed.map(|file| file.security_infos).unwrap_or_default());
        for (name, der) in keys {
            if name.starts_with(CA_KEYS) {
                self.ca_keys.extend(ca_keys(name, der, &dg14)?);
            } else if name.starts_with(MASTER_FILE_CA_KEYS) {
                self.master_file_ca_keys.extend(ca_keys(name, der, &master_file)?);
            } else if name == AA_KEY {
                self.aa_key = Some(aa_key(der, aa_hash(hash, &dg14)?)?);
            }
        }
        Ok(())
    }

    /// Writes a folder, made if absent: the files, the keys and `chip.toml`. Habits are not kept.
    ///
    /// # Errors
    /// [`FolderError::Io`].
    pub fn write_folder(&self, folder: &Path) -> Result<(), FolderError> {
        fs::create_dir_all(folder).map_err(at(folder))?;
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.join(name);
            fs::write(&path, bytes).map_err(at(&path))
        };
        for (id, bytes) in &self.files {
            write(&id.file_name(), bytes)?;
        }
        self.atr_info.iter().try_for_each(|bytes| write(ATR_INFO_FILE, bytes))?;
        for (name, keys) in [(CA_KEYS, &self.ca_keys), (MASTER_FILE_CA_KEYS, &self.master_file_ca_keys)] {
            // One key may go with several ciphers.
            let ders: BTreeSet<Vec<u8>> = keys.iter().map(|key| key.key.to_pkcs8_der().to_vec()).collect();
            for (number, der) in ders.iter().enumerate() {
                let number = if number == 0 { String::new() } else { format!("_{number}") };
                write(&format!("{name}{number}{KEY_SUFFIX}"), der)?;
            }
        }
        if let Some(key) = &self.aa_key {
            let der = match key {
                AaKey::Rsa { key, .. } => key.to_pkcs8_der(),
                AaKey::Ec { key, .. } => key.to_pkcs8_der(),
            };
            write(&format!("{AA_KEY}{KEY_SUFFIX}"), &der)?;
        }
        let chip = ChipFile {
            bac: Some(self.bac),
            can: self.can.as_ref().map(|can| can.digits().to_owned()),
            active_authentication_hash: self.aa_key.as_ref().map(|key| key.hash().name().to_owned()),
            faults: self.faults.iter().map(ToString::to_string).collect(),
            ..ChipFile::default()
        };
        write(CHIP_FILE, toml::to_string(&chip).map_err(wrong)?.as_bytes())
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    let path = path.to_owned();
    |error| FolderError::Io { path, error }
}

fn wrong(error: impl ToString) -> FolderError {
    FolderError::Chip(CHIP_FILE.to_owned(), error.to_string())
}

fn wrong_key(name: &str, error: impl ToString) -> FolderError {
    FolderError::Chip(format!("{name}{KEY_SUFFIX}"), error.to_string())
}

/// EF.CardAccess: `SET { SEQUENCE { OID, INTEGER 2, INTEGER parameters } .. }` (Doc 9303-11 9.2.1).
fn card_access(ways: &[Pace]) -> Vec<u8> {
    let info = |way: &Pace| {
        let numbers = [tlv::encode_unsigned(2), tlv::encode_unsigned(way.parameters.into())].concat();
        tlv::encode_all(tlv::tag::SEQUENCE, &[tlv::encode_oid(&way.oid), numbers])
    };
    tlv::encode_all(tlv::tag::SET, &ways.iter().map(info).collect::<Vec<_>>())
}

fn ways_of_pace(card_access: &[u8]) -> Result<Vec<PaceInfo>, FolderError> {
    let access = CardAccess::parse(card_access)?;
    Ok(access.pace().filter(|info| PaceOffer::from_info(info).is_some()).cloned().collect())
}

fn read_chip_file(path: &Path) -> Result<ChipFile, FolderError> {
    match fs::read_to_string(path) {
        Ok(text) => {
            let chip: ChipFile = toml::from_str(&text).map_err(wrong)?;
            let dotted = |way: &Pace| tlv::Oid::from_dotted(&way.oid).is_some();
            if chip.pace.iter().all(dotted) { Ok(chip) } else { Err(wrong("pace: an oid that is none")) }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(ChipFile::default()),
        Err(error) => Err(at(path)(error)),
    }
}

/// The key with each number and cipher that the SecurityInfos give it.
fn ca_keys(name: &str, der: &[u8], infos: &Dg14) -> Result<Vec<CaKey>, FolderError> {
    let key = ChipPrivateKey::from_pkcs8_der(der).map_err(|error| wrong_key(name, error))?;
    let own = key.public_key();
    let public = |info: &ChipAuthenticationPublicKeyInfo| ChipPublicKey::from_info(info);
    let known = infos.public_keys.iter().any(|info| public(info).as_ref() == Some(&own));
    let fits = |theirs: ChipPublicKey| match known {
        true => theirs == own,
        false => theirs.group_name() == own.group_name(),
    };
    let mut keys = Vec::new();
    for info in infos.public_keys.iter().filter(|info| public(info).is_some_and(fits)) {
        let only = infos.public_keys.len() == 1;
        let goes = |way: &&ChipAuthenticationInfo| {
            way.agreement == info.agreement && (way.key_id == info.key_id || (way.key_id.is_none() && only))
        };
        let with = |cipher| CaKey { key_id: info.key_id, cipher, key: key.clone() };
        if infos.chip_authentication.is_empty() {
            keys.push(with(SessionCipher::TripleDes));
        }
        keys.extend(infos.chip_authentication.iter().filter(goes).map(|way| with(way.cipher)));
    }
    Ok(keys)
}

fn aa_hash(named: Option<&str>, dg14: &Dg14) -> Result<HashAlgorithm, FolderError> {
    if let Some(name) = named {
        let hash = HashAlgorithm::all().find(|hash| hash.name() == name);
        return hash.ok_or_else(|| wrong(format!("unknown hash {name}")));
    }
    let oid = dg14.active_authentication.as_ref().map(|info| info.signature_algorithm_oid.to_string());
    let scheme = oid.and_then(|oid| SignatureScheme::from_plain_ecdsa_oid(&oid).ok());
    Ok(scheme.map_or(HashAlgorithm::Sha256, |scheme| scheme.hash()))
}

fn aa_key(der: &[u8], hash: HashAlgorithm) -> Result<AaKey, FolderError> {
    match EcPrivateKey::from_pkcs8_der(der) {
        Ok(key) => Ok(AaKey::Ec { key, hash }),
        Err(_) => {
            let key = RsaPrivateKey::from_pkcs8_der(der).map_err(|error| wrong_key(AA_KEY, error))?;
            Ok(AaKey::Rsa { key, hash })
        }
    }
}
