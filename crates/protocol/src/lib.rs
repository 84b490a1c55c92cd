//! What a phone and the server say to each other, and what they sign.
//!
//! Both sides stand on this room and on nothing else of each other: `mobile-bridge` makes these values, the server
//! checks them. It holds
//! - the JSON bodies of the enrolment API ([`enrolment`]) and of the login API ([`login`]);
//! - the device key and its proofs ([`DeviceKey`], [`DeviceProof`], [`app_attest`]);
//! - the signature that every request carries ([`request`]);
//! - the statements that both keys of a phone sign: [`approval::Approval`] of a login and
//!   [`seal::SealTranscript`] of an enrolment. Their checks make [`approval::VerifiedApproval`] and
//!   [`seal::VerifiedSeal`], which nothing else can make;
//! - the PIN key ([`pin`]), derived in the phone and stored nowhere;
//! - the statements over the frames of a face capture ([`capture`]);
//! - the one table of machine codes ([`codes`]): their texts in French and English, what a person can do, and
//!   what a phone may see.

pub mod app_attest;
pub mod approval;
pub mod bytes;
pub mod capture;
pub mod challenge;
pub mod codes;
mod device_key;
pub mod enrolment;
pub mod login;
pub mod pin;
pub mod request;
pub mod seal;
mod statement;

use crypto::{Curve, EcPublicKey};

pub use bytes::{Base64, Digest};
pub use device_key::{DeviceKey, DeviceProof};

/// Why a signed message was refused. The text never says which of two factors failed (2015/1502, 2.2.1).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A field of the statement differs from what the server knows.
    #[error("the signed statement differs from the server's record in {0}")]
    Field(&'static str),
    /// The statement is not valid at this time.
    #[error("the statement is not valid at this time")]
    Expired,
    /// A signature does not verify.
    #[error("a signature is wrong")]
    Signature,
    /// A header or key is malformed.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// The statement says something else than this endpoint is for.
    #[error("this statement does not carry that decision")]
    Decision,
}

/// The name of a device: the SHA-256 of its device key as an uncompressed SEC 1 point, in base64url. On iOS this is App
/// Attest's key id.
#[must_use]
pub fn device_id(device_key: &EcPublicKey) -> String {
    Base64(key_thumbprint(device_key).to_vec()).to_string()
}

/// SHA-256 of a P-256 public key as an uncompressed SEC 1 point.
#[must_use]
pub fn key_thumbprint(key: &EcPublicKey) -> [u8; 32] {
    crypto::sha256(&key.to_sec1())
}

/// Reads a P-256 public key from an uncompressed SEC 1 point.
///
/// # Errors
/// Not 65 bytes of a point on the curve.
pub fn p256_key(sec1: &[u8]) -> Result<EcPublicKey, Error> {
    EcPublicKey::from_sec1(Curve::P256, sec1).map_err(|_| Error::Malformed("public key"))
}
