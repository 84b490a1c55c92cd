use std::collections::BTreeMap;

use crypto::{EcPrivateKey, HashAlgorithm, RsaPrivateKey, SessionCipher};
use emrtd::chip_authentication::{ChipPrivateKey, ChipPublicKey};
use emrtd::{Can, MrzKey, StatusWord};
use lds::FileId;
use lds::security_info::{ChipAuthenticationInfo, PaceInfo};
use rand_core::CryptoRng;

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
    /// The protocol, dotted.
    pub(crate) fn oid(&self) -> String {
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
    /// How much it gives at once.
    pub read_limit: Option<ReadLimit>,
}

impl ChipContents {
    /// Files and a password; BAC only, no keys.
    #[must_use]
    pub fn new(files: BTreeMap<FileId, Vec<u8>>, mrz_key: MrzKey) -> Self {
        Self {
            files,
            mrz_key,
            can: None,
            ca_keys: Vec::new(),
            master_file_ca_keys: Vec::new(),
            aa_key: None,
            pace: Vec::new(),
            bac: true,
            read_limit: None,
        }
    }
}

/// Private keys are in it.
impl std::fmt::Debug for ChipContents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ChipContents({:?}, ..)", self.files.keys())
    }
}
