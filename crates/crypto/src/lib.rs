//! The cryptography of passports: hashes, signature schemes chosen by OID, elliptic-curve groups, RSA, the session
//! ciphers of secure messaging, and the few primitives that Sceau uses for itself.
//!
//! It knows no passport: bytes and OIDs go in, a verified signature or an error comes out. A signature scheme is one
//! line of the table in [`scheme`], a curve one line of the table in [`curve`].
//!
//! Private RSA operations exist for specimens and the chip emulator only; the server makes none
//! (docs/adr/0001-cryptography.md).

pub mod aead;
pub mod curve;
mod dh;
mod dsa;
pub mod ec;
mod ed25519;
mod hash;
pub mod iso9796_2;
pub mod jwa;
pub mod pad;
pub mod rsa;
pub mod scheme;
pub mod session;
pub mod spki;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

pub use aead::AeadKey;
pub use curve::Curve;
pub use dh::{DhElement, DhGroup, DhPrivateKey, DhPublicKey, DhScalar};
pub use dsa::DsaPublicKey;
pub use ec::{EcPoint, EcPrivateKey, EcPublicKey, EcdsaSignature, Scalar};
pub use ed25519::Ed25519PublicKey;
pub use hash::{HashAlgorithm, sha256};
pub use rsa::{RsaPrivateKey, RsaPublicKey, RsaSigner};
pub use scheme::{SignatureNotes, SignatureScheme};
pub use session::{SessionCipher, SessionKey};
pub use spki::{PublicKey, SpkiNotes};

/// Why a primitive refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A structure is not the DER it should be.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// An algorithm that is not in the table, by its OID or name.
    #[error("unsupported algorithm {0}")]
    UnsupportedAlgorithm(String),
    /// Explicit curve parameters that are not exactly a known curve's.
    #[error("curve parameters are not those of a known curve")]
    UnknownCurve,
    /// A point that is not on its curve, or the point at infinity.
    #[error("not a point of the curve")]
    InvalidPoint,
    /// A scalar that is zero or not below the order.
    #[error("scalar out of range")]
    InvalidScalar,
    /// An RSA modulus or exponent out of bounds.
    #[error("RSA key out of bounds: {0}")]
    RsaKey(&'static str),
    /// A DSA key whose numbers have other sizes than those of the standard, or lie outside its group.
    #[error("DSA key out of bounds: {0}")]
    DsaKey(&'static str),
    /// A group or a public number of Diffie-Hellman out of bounds.
    #[error("DH key out of bounds: {0}")]
    DhKey(&'static str),
    /// The key is of another kind than the scheme needs, or of another curve.
    #[error("the key does not fit")]
    KeyMismatch,
    /// The signature does not verify.
    #[error("wrong signature")]
    Signature,
    /// Padding, length or authentication tag of a ciphertext is wrong.
    #[error("wrong ciphertext")]
    Ciphertext,
}

/// HMAC with SHA-256 (RFC 2104).
#[must_use]
pub fn hmac_sha256(key: &[u8], data: &[u8]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256>>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(data);
    mac.finalize().into_bytes().into()
}

/// HKDF with SHA-256 (RFC 5869). `len` is at most 255 * 32 bytes.
///
/// # Panics
/// If `len` is larger.
#[must_use]
pub fn hkdf_sha256(ikm: &[u8], salt: &[u8], info: &[u8], len: usize) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(vec![0; len]);
    Hkdf::<Sha256>::new(Some(salt), ikm).expand(info, &mut out).expect("len is at most 255 blocks");
    out
}

/// Compares in a time that depends on the lengths only.
#[must_use]
pub fn ct_eq(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// The operating system's random numbers. Only composition roots (`main`, the phone bridge) call it; everything else
/// takes a generator as a parameter.
#[must_use]
pub fn os_rng() -> impl rand_core::CryptoRng {
    rand_core::UnwrapErr(getrandom::SysRng)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    #[test]
    fn hmac_is_that_of_rfc_4231() {
        let mac = hmac_sha256(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(hex::encode(mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    /// RFC 5869, A.1.
    #[test]
    fn hkdf_is_that_of_rfc_5869() {
        let salt: Vec<u8> = (0..=0x0c).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        let okm = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865";
        assert_eq!(hex::encode(hkdf_sha256(&[0x0b; 22], &salt, &info, 42)), okm);
    }

    #[test]
    fn a_prefix_is_not_equal() {
        assert!(ct_eq(b"abc", b"abc"));
        assert!(!ct_eq(b"abc", b"abd"));
        assert!(!ct_eq(b"abc", b"ab"));
    }
}
