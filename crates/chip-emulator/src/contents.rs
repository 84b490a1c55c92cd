use std::collections::BTreeMap;

use crypto::{EcPrivateKey, HashAlgorithm, RsaPrivateKey, SessionCipher};
use emrtd::apdu::{LE_EXTENDED, LE_SHORT};
use emrtd::chip_authentication::{ChipPrivateKey, ChipPublicKey};
use emrtd::{Can, MrzKey, StatusWord};
use lds::security_info::{ChipAuthenticationInfo, PaceInfo};
use lds::tlv::Oid;
use lds::{AtrInfo, FileId};
use rand_core::CryptoRng;

use crate::Fault;

/// A private key of Chip Authentication.
#[derive(Clone, Debug)]
pub struct CaKey {
    /// Its number in EF.DG14.
    pub key_id: Option<u64>,
    /// The cipher of the new session. Triple-DES is commanded by MSE:Set KAT or MSE:Set AT, AES by MSE:Set AT.
    pub cipher: SessionCipher,
    /// The key.
    pub key: ChipPrivateKey,
}

impl CaKey {
    /// The protocol.
    pub(crate) fn oid(&self) -> Oid {
        match self.key.public_key() {
            ChipPublicKey::Ec(_) => ChipAuthenticationInfo::ecdh(self.cipher, self.key_id).oid,
            ChipPublicKey::Dh(_) => ChipAuthenticationInfo::dh(self.cipher, self.key_id).oid,
        }
    }
}

/// The private key of Active Authentication.
#[derive(Clone, Debug)]
pub enum AaKey {
    /// ISO/IEC 9796-2, scheme 1.
    Rsa {
        /// The key.
        key: RsaPrivateKey,
        /// The hash in the trailer.
        hash: HashAlgorithm,
    },
    /// Plain ECDSA.
    Ec {
        /// The key.
        key: EcPrivateKey,
        /// The hash of the challenge.
        hash: HashAlgorithm,
    },
}

impl AaKey {
    pub(crate) fn hash(&self) -> HashAlgorithm {
        match self {
            Self::Rsa { hash, .. } | Self::Ec { hash, .. } => *hash,
        }
    }

    pub(crate) fn sign(&self, challenge: &[u8], rng: &mut impl CryptoRng) -> Result<Vec<u8>, StatusWord> {
        match self {
            Self::Rsa { key, hash } => {
                crypto::iso9796_2::sign(key, *hash, challenge, rng).map_err(|_| StatusWord::CONDITIONS)
            }
            Self::Ec { key, hash } => Ok(key.sign(*hash, challenge).to_plain(key.curve())),
        }
    }
}

/// A chip that gives less at once than a response could hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadLimit {
    /// Asked for more, it says 6700.
    WrongLength(usize),
    /// Asked for more, it says 6Cxx with this many bytes, 1 to 255.
    ExactLength(u8),
    /// Asked for more, it gives this many bytes and says 9000.
    Short(usize),
}

/// What a chip says at the end of a file, asked for more than there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EndOfFile {
    /// What there is, with 6282; with 9000 if it was asked for 256 bytes or more.
    #[default]
    Warning,
    /// What there is, with 9000.
    Normal,
    /// 6B00.
    WrongOffset,
    /// 6Cxx with the number of bytes there are.
    ExactLength,
    /// 6700.
    WrongLength,
    /// 6700 without protection: it ends the session, which the standard does not allow (Doc 9303-11, 9.8.3).
    EndsSession,
}

/// In what chips differ, each within or beside the standard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Habits {
    /// How much it gives at once.
    pub read_limit: Option<ReadLimit>,
    /// What it says at the end of a file.
    pub end_of_file: EndOfFile,
    /// It knows no short file identifiers.
    pub without_short_ids: bool,
    /// It does Chip Authentication with Triple-DES by MSE:Set AT only (Doc 9303-11, 8.5, note 1).
    pub without_kat: bool,
    /// It gives its files to anybody.
    pub unprotected: bool,
}

/// What is in the chip.
#[derive(Clone)]
pub struct ChipContents {
    /// The files. EF.CardAccess is readable by anybody, the others under secure messaging, EF.DG3 and EF.DG4 never.
    pub files: BTreeMap<FileId, Vec<u8>>,
    /// The password of BAC and PACE.
    pub mrz_key: MrzKey,
    /// A second password of PACE.
    pub can: Option<Can>,
    /// EF.ATR/INFO. The lengths that it says are kept to.
    pub atr_info: Option<Vec<u8>>,
    /// Private keys of Chip Authentication in the eMRTD application, whose public keys stand in EF.DG14.
    pub ca_keys: Vec<CaKey>,
    /// Private keys of Chip Authentication in the master file, whose public keys stand in EF.CardSecurity.
    pub master_file_ca_keys: Vec<CaKey>,
    /// The private key of Active Authentication.
    pub aa_key: Option<AaKey>,
    /// Ways of PACE. EF.CardAccess should say the same.
    pub pace: Vec<PaceInfo>,
    /// Whether it takes BAC.
    pub bac: bool,
    /// In what it differs from other chips.
    pub habits: Habits,
    /// What is to go wrong.
    pub faults: Vec<Fault>,
}

impl ChipContents {
    /// Files and a password; BAC only, no keys.
    #[must_use]
    pub fn new(files: BTreeMap<FileId, Vec<u8>>, mrz_key: MrzKey) -> Self {
        Self {
            files,
            mrz_key,
            can: None,
            atr_info: None,
            ca_keys: Vec::new(),
            master_file_ca_keys: Vec::new(),
            aa_key: None,
            pace: Vec::new(),
            bac: true,
            habits: Habits::default(),
            faults: Vec::new(),
        }
    }
}

impl ChipContents {
    /// How long commands and responses may be: what EF.ATR/INFO says, or as long as any.
    pub(crate) fn lengths(&self) -> AtrInfo {
        let any = AtrInfo { max_command: u32::MAX, max_response: LE_EXTENDED + 2 };
        let said = self.atr_info.as_deref().and_then(|file| AtrInfo::parse(file).ok());
        said.map_or(any, |said| AtrInfo { max_response: said.max_response.max(LE_SHORT + 2), ..said })
    }
}

/// Private keys are in it.
impl std::fmt::Debug for ChipContents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ChipContents({:?}, ..)", self.files.keys())
    }
}
