use std::collections::BTreeMap;
use std::fmt;

use chip_emulator::{AaKey, CaKey, ChipContents};
use crypto::{Curve, EcPrivateKey, HashAlgorithm, SessionCipher};
use lds::security_info::PaceInfo;
use lds::{FileId, Mrz};

use crate::security_object::{SecurityObjectBuilder, SignerName};
use crate::{PrivateKey, Signer, State};

/// The Chip Authentication that a specimen offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChipAuthentication {
    /// The curve of the key.
    pub curve: Curve,
    /// The cipher of ChipAuthenticationInfo. `None`: there is a key and no ChipAuthenticationInfo, as in French
    /// passports of 2017; the protocol is then 3DES.
    pub cipher: Option<SessionCipher>,
    /// The key is written with explicit curve parameters.
    pub explicit: bool,
    /// The key's id.
    pub key_id: Option<u64>,
}

/// The Active Authentication that a specimen offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActiveAuthentication {
    /// RSA with 1024 bits and SHA-1.
    Rsa1024,
    /// RSA with 2048 bits and SHA-256.
    Rsa2048,
    /// ECDSA with SHA-256.
    Ec(Curve),
}

/// A private key of Chip Authentication.
#[derive(Clone, Debug)]
pub struct ChipKey {
    /// The key's id in DG14.
    pub key_id: Option<u64>,
    /// The cipher of the new session.
    pub cipher: SessionCipher,
    /// The key.
    pub key: EcPrivateKey,
}

/// A made-up eMRTD: what is on the chip, what only the chip knows, and who signed.
#[derive(Clone)]
pub struct Specimen {
    /// All files: EF.COM, EF.SOD, data groups, EF.CardAccess if PACE is offered.
    pub files: BTreeMap<FileId, Vec<u8>>,
    /// Private keys of Chip Authentication.
    pub ca_keys: Vec<ChipKey>,
    /// The private key of Active Authentication.
    pub aa_key: Option<Signer>,
    /// What EF.CardAccess offers.
    pub pace: Option<(SessionCipher, Curve)>,
    /// The MRZ.
    pub mrz: Mrz,
    /// The CSCA certificate.
    pub csca_der: Vec<u8>,
    /// The document signer certificate.
    pub dsc_der: Vec<u8>,
}

/// A specimen holds private keys and a person's data, made up or not.
impl fmt::Debug for Specimen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Specimen({:?}, ..)", self.files.keys())
    }
}

impl Specimen {
    /// What EF.SOD is made from, for the files as they are now.
    #[must_use]
    pub fn security_object(&self, state: &State, version: u8, hash: HashAlgorithm) -> SecurityObjectBuilder {
        let template = &state.dsc.template;
        let name = SignerName::IssuerAndSerial(template.issuer.der(), template.serial);
        SecurityObjectBuilder::new(&self.files, hash, version, &state.dsc.certificate, name)
    }

    /// Replaces EF.SOD.
    pub fn sign_with(&mut self, security_object: &SecurityObjectBuilder, signer: &Signer) {
        self.files.insert(FileId::Sod, security_object.sign(signer));
    }

    /// The chip for the emulator: files and private keys. It takes BAC if it offers no PACE.
    #[must_use]
    pub fn chip_contents(&self) -> ChipContents {
        let ca_key =
            |key: &ChipKey| CaKey { key_id: key.key_id, cipher: key.cipher, key: key.key.clone().into() };
        let aa_key = |signer: &Signer| match &signer.key {
            PrivateKey::Rsa(key) => Some(AaKey::Rsa { key: key.clone(), hash: signer.hash }),
            PrivateKey::Ec { key, .. } => Some(AaKey::Ec { key: key.clone(), hash: signer.hash }),
            PrivateKey::Dsa(_) => None,
        };
        ChipContents {
            ca_keys: self.ca_keys.iter().map(ca_key).collect(),
            aa_key: self.aa_key.as_ref().and_then(aa_key),
            pace: self
                .pace
                .iter()
                .map(|(cipher, curve)| PaceInfo::ecdh_generic(*cipher, curve.parameter_id()))
                .collect(),
            bac: self.pace.is_none(),
            ..ChipContents::new(self.files.clone(), (&self.mrz).into())
        }
    }

    /// A file; empty if the specimen has it not.
    #[must_use]
    pub fn file(&self, id: FileId) -> &[u8] {
        self.files.get(&id).map_or(&[], Vec::as_slice)
    }
}
