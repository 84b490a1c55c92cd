//! Chip Authentication Mapping: PACE whose mapping key the chip shows to be bound to its static key
//! (Doc 9303-11, 4.4.3.5).
//!
//! It convinces whoever ran PACE and nobody else: a transcript is as good as the terminal that made it.

use crypto::pad::{pad_method2, unpad_method2};
use crypto::{EcPoint, Scalar, SessionCipher, SessionKey};
use lds::security_info::ChipAuthenticationPublicKeyInfo;
use zeroize::Zeroizing;

use crate::Error;
use crate::chip_authentication::ChipPublicKey;

/// Why a chip's authentication data prove nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PaceCamError {
    /// No data object 8A beside the token.
    #[error("no chip authentication data")]
    DataMissing,
    /// Not whole blocks, wrong padding, or not a number below the order.
    #[error("malformed chip authentication data")]
    DataEncoding,
    /// The data do not lead from any static key to the mapping key.
    #[error("wrong chip authentication data")]
    Data,
    /// The static keys are malformed or of other domain parameters.
    #[error("no public key of the domain parameters of PACE")]
    PublicKey,
    /// EF.CardSecurity or EF.DG14 has no static key.
    #[error("no public key of Chip Authentication")]
    PublicKeyMissing,
}

impl PaceCamError {
    /// The machine code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::DataMissing => "pace-cam.data-missing",
            Self::DataEncoding => "pace-cam.data-encoding",
            Self::Data => "pace-cam.data",
            Self::PublicKey => "pace-cam.public-key",
            Self::PublicKeyMissing => "pace-cam.public-key-missing",
        }
    }
}

/// What a chip said to prove itself in PACE-CAM. It holds a session key.
#[derive(Clone)]
pub struct ChipAuthenticationData {
    mapping_key: EcPoint,
    enc: SessionKey,
    encrypted: Vec<u8>,
}

impl std::fmt::Debug for ChipAuthenticationData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ChipAuthenticationData({:?}, ..)", self.mapping_key)
    }
}

/// The vector: minus one under KSenc (4.4.3.5.1).
fn vector(enc: &SessionKey) -> Result<Vec<u8>, crypto::Error> {
    enc.encrypt_block(&[0xFF; 16])
}

impl ChipAuthenticationData {
    /// The chip's public mapping key, KSenc, and the data object 8A.
    pub(super) fn new(mapping_key: EcPoint, enc: SessionKey, encrypted: Vec<u8>) -> Self {
        Self { mapping_key, enc, encrypted }
    }

    /// 4.4.3.5.2: `PK_map = CA_IC * PK_IC` for one of the static keys, which must be authentic: those of
    /// EF.CardSecurity or EF.DG14.
    ///
    /// # Errors
    /// [`Error::PaceCam`].
    pub fn verify(&self, keys: &[ChipAuthenticationPublicKeyInfo]) -> Result<(), Error> {
        self.proving_key(keys).map(drop).map_err(Error::PaceCam)
    }

    /// As [`Self::verify`] with the keys of EF.CardSecurity; and the key that proves must be one of EF.DG14 too, since
    /// EF.CardSecurity does not say whose document it belongs to.
    ///
    /// # Errors
    /// [`Error::PaceCam`]; [`PaceCamError::PublicKey`]: the chip has a key of one file that the other has not.
    pub fn verify_bound(
        &self,
        card_security: &[ChipAuthenticationPublicKeyInfo],
        dg14: &[ChipAuthenticationPublicKeyInfo],
    ) -> Result<(), Error> {
        let of_document = self.proving_key(dg14);
        match (self.proving_key(card_security), of_document) {
            (Ok(key), Ok(same)) if key == same => Ok(()),
            (Ok(_), _) | (Err(PaceCamError::Data), Ok(_)) => Err(Error::PaceCam(PaceCamError::PublicKey)),
            (Err(error), _) => Err(Error::PaceCam(error)),
        }
    }

    /// The one of these keys that leads to the mapping key.
    fn proving_key(&self, keys: &[ChipAuthenticationPublicKeyInfo]) -> Result<EcPoint, PaceCamError> {
        let number = self.number()?;
        if keys.is_empty() {
            return Err(PaceCamError::PublicKeyMissing);
        }
        let points = keys.iter().filter_map(|key| match ChipPublicKey::from_info(key)? {
            ChipPublicKey::Ec(key) if key.curve() == self.mapping_key.curve() => Some(key.point().clone()),
            _ => None,
        });
        let points: Vec<EcPoint> = points.collect();
        if points.is_empty() {
            return Err(PaceCamError::PublicKey);
        }
        let leads_here = |key: &EcPoint| key.mul(&number).is_ok_and(|point| point == self.mapping_key);
        points.into_iter().find(leads_here).ok_or(PaceCamError::Data)
    }

    /// CA_IC.
    fn number(&self) -> Result<Scalar, PaceCamError> {
        let malformed = |_| PaceCamError::DataEncoding;
        let vector = vector(&self.enc).map_err(malformed)?;
        let padded = self.enc.decrypt_cbc(&vector, &self.encrypted).map_err(malformed)?;
        let block = SessionCipher::Aes128.block_len();
        let number = unpad_method2(&padded, block).map_err(malformed)?;
        let curve = self.mapping_key.curve();
        if number.len() != curve.field_len() {
            return Err(PaceCamError::DataEncoding);
        }
        Scalar::from_bytes(curve, number).map_err(malformed)
    }
}

/// The chip's side: `CA_IC = SK_map / SK_IC`, encrypted.
pub(super) fn encrypt(key: &Scalar, mapping: &Scalar, enc: &SessionKey) -> Result<Vec<u8>, crypto::Error> {
    let number = mapping.divided_by(key)?;
    let padded = Zeroizing::new(pad_method2(number.as_bytes(), SessionCipher::Aes128.block_len()));
    enc.encrypt_cbc(&vector(enc)?, &padded)
}
