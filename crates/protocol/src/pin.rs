//! The PIN key (docs/protocols.md, section 1).
//!
//! `pin_sk = HKDF(ECDH(H, hash_to_curve(PIN)), issuer || device id)`: H is a hardware key of the phone that does
//! ECDH and nothing else. The phone stores neither the PIN key nor anything made with it, so a copy of the phone's
//! files allows no guess; the server stores the public key encrypted, so a copy of the database allows none either.
//! A known multiple of G in place of the hashed point could be computed from H's public key: hence RFC 9380.

use crypto::{Curve, EcPrivateKey, hkdf_sha256};
use hash2curve::{ExpandMsgXmd, hash_from_bytes};
use p256::NistP256;
use p256::elliptic_curve::sec1::ToSec1Point as _;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::Error;

const DOMAIN: &[u8] = b"SCEAU-V01-CS01-with-P256_XMD:SHA-256_SSWU_RO_";

/// A PIN: six decimal digits. It never leaves the phone.
pub struct Pin(Zeroizing<String>);

impl Pin {
    /// Takes a PIN that a person typed.
    ///
    /// # Errors
    /// Not six decimal digits, or six times the same.
    pub fn new(digits: &str) -> Result<Self, Error> {
        let six = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit());
        let same = digits.bytes().all(|b| Some(b) == digits.bytes().next());
        if six && !same { Ok(Self(Zeroizing::new(digits.to_owned()))) } else { Err(Error::Malformed("PIN")) }
    }

    /// The point that the phone's pin hardening key is to multiply: hash_to_curve of RFC 9380 with the suite
    /// `P256_XMD:SHA-256_SSWU_RO_`, as an uncompressed SEC 1 point.
    ///
    /// # Errors
    /// None for a PIN of six digits.
    pub fn point(&self) -> Result<Vec<u8>, Error> {
        let point = hash_from_bytes::<NistP256, ExpandMsgXmd<Sha256>>(&[self.0.as_bytes()], &[DOMAIN])
            .map_err(|_| Error::Malformed("PIN"))?;
        Ok(point.to_affine().to_sec1_point(false).as_bytes().to_vec())
    }
}

/// Makes the PIN key out of the shared secret of the pin hardening key with [`Pin::point`].
///
/// # Errors
/// None in practice: a derived scalar out of range is derived again with the next counter.
pub fn pin_key(shared_x: &[u8], issuer: &str, device_id: &str) -> Result<EcPrivateKey, Error> {
    (0u8..=255)
        .find_map(|counter| {
            let info = [b"sceau/pin-key/v1".as_slice(), issuer.as_bytes(), device_id.as_bytes(), &[counter]];
            let scalar = hkdf_sha256(shared_x, b"", &info.join(&0u8), 32);
            EcPrivateKey::from_scalar(Curve::P256, &scalar).ok()
        })
        .ok_or(Error::Malformed("shared secret"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto::EcPublicKey;
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    fn derive(hardening: &EcPrivateKey, pin: &str, issuer: &str, device: &str) -> Vec<u8> {
        let point = EcPublicKey::from_sec1(Curve::P256, &Pin::new(pin).unwrap().point().unwrap()).unwrap();
        let shared = hardening.ecdh(&point).unwrap();
        pin_key(&shared, issuer, device).unwrap().public_key().to_sec1()
    }

    #[test]
    fn the_key_depends_on_pin_hardware_key_issuer_and_device() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let one = EcPrivateKey::generate(Curve::P256, &mut rng);
        let two = EcPrivateKey::generate(Curve::P256, &mut rng);
        let key = derive(&one, "135790", "https://fi", "d");
        assert_eq!(key, derive(&one, "135790", "https://fi", "d"));
        assert_ne!(key, derive(&one, "135791", "https://fi", "d"));
        assert_ne!(key, derive(&two, "135790", "https://fi", "d"));
        assert_ne!(key, derive(&one, "135790", "https://fj", "d"));
        assert_ne!(key, derive(&one, "135790", "https://fi", "e"));
    }

    #[test]
    fn a_pin_is_six_digits_that_are_not_all_the_same() {
        for bad in ["", "12345", "1234567", "12345a", "000000", "１２３４５６"] {
            assert!(Pin::new(bad).is_err(), "{bad}");
        }
    }
}
