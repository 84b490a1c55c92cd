//! The two hardware keys that the platform brings (docs/protocols.md, section 1).

use crypto::{Curve, EcPrivateKey, EcPublicKey, HashAlgorithm};
use protocol::Base64;
use protocol::pin::Pin;
use zeroize::Zeroizing;

use crate::BridgeError;

/// Why a key, or the counter beside it, did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum KeyError {
    /// What the platform said.
    #[error("{reason}")]
    Failed {
        /// Its words.
        reason: String,
    },
}

/// Both keys, made for one challenge and attested together.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Attestation {
    /// `android`.
    pub platform: String,
    /// The app's version, as in its package.
    pub app_version: String,
    /// The device key: uncompressed SEC 1 point on P-256.
    pub device_key: Vec<u8>,
    /// Attestation chain of the device key, leaf first, DER.
    pub device_chain: Vec<Vec<u8>>,
    /// Attestation chain of the pin hardening key, leaf first, DER.
    pub pin_hardening_chain: Vec<Vec<u8>>,
}

/// The device key: signs without prompting.
#[uniffi::export(with_foreign)]
pub trait DeviceKeys: Send + Sync {
    /// Makes both keys in hardware and has them attested over `challenge`. Keys of an earlier enrolment are
    /// replaced when this one is sealed.
    ///
    /// # Errors
    /// The platform's words.
    fn attest(&self, challenge: Vec<u8>) -> Result<Attestation, KeyError>;

    /// The device key as an uncompressed SEC 1 point, once it was made.
    ///
    /// # Errors
    /// There is none yet.
    fn device_key(&self) -> Result<Vec<u8>, KeyError>;

    /// ECDSA with SHA-256 by the device key over `message`: r || s, 64 bytes (Android and iOS give DER: convert).
    ///
    /// # Errors
    /// The platform's words.
    fn sign(&self, message: Vec<u8>) -> Result<Vec<u8>, KeyError>;
}

/// The pin hardening key: ECDH and nothing else.
#[uniffi::export(with_foreign)]
pub trait PinHardeningKey: Send + Sync {
    /// ECDH of the hardware key with `point` (uncompressed SEC 1 on P-256): the x coordinate, 32 bytes.
    ///
    /// # Errors
    /// The platform's words.
    fn agree(&self, point: Vec<u8>) -> Result<Vec<u8>, KeyError>;
}

/// Counts the requests of an enrolled device through its life: the server takes each number once, and no lower one
/// after it.
#[uniffi::export(with_foreign)]
pub trait RequestCounter: Send + Sync {
    /// The number of the next request: above all before it, and kept safe **before** it is given, so that a crash
    /// never gives one twice. The first is 1.
    ///
    /// # Errors
    /// The platform's words.
    fn next_number(&self) -> Result<u64, KeyError>;
}

/// The name of a device.
pub(crate) fn device_id(sec1: &[u8]) -> Result<String, KeyError> {
    EcPublicKey::from_sec1(Curve::P256, sec1)
        .map(|key| protocol::device_id(&key))
        .map_err(|_| KeyError::Failed { reason: "the device key is not a point on P-256".to_owned() })
}

/// The PIN key of a device. It lives as long as the call that needs it.
pub(crate) fn pin_key(
    hardening: &dyn PinHardeningKey,
    pin: &str,
    issuer: &str,
    device_id: &str,
) -> Result<EcPrivateKey, BridgeError> {
    let shared = Zeroizing::new(hardening.agree(Pin::new(pin)?.point()?)?);
    Ok(protocol::pin::pin_key(&shared, issuer, device_id)?)
}

/// r || s of ECDSA with SHA-256.
pub(crate) fn sign(key: &EcPrivateKey, message: &[u8]) -> Base64 {
    Base64(key.sign(HashAlgorithm::Sha256, message).to_plain(Curve::P256))
}
