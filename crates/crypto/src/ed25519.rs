//! Ed25519 signatures of others (RFC 8032): verified, never made.

use ed25519_dalek::{Signature, VerifyingKey};

use crate::Error;

/// A public key of Ed25519.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ed25519PublicKey(VerifyingKey);

impl Ed25519PublicKey {
    /// Reads a key's 32 bytes (RFC 8032, 5.1.5).
    ///
    /// # Errors
    /// [`Error::InvalidPoint`]: no point, or one of the eight of small order, under which one signature fits many messages.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, Error> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| Error::InvalidPoint)?;
        if key.is_weak() { Err(Error::InvalidPoint) } else { Ok(Self(key)) }
    }

    /// The key's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Verifies a signature of 64 bytes, in its one form: a point or number written another way is refused.
    ///
    /// # Errors
    /// [`Error::Signature`].
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        let signature = Signature::from_slice(signature).map_err(|_| Error::Signature)?;
        self.0.verify_strict(message, &signature).map_err(|_| Error::Signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<const N: usize>(text: &str) -> [u8; N] {
        hex::decode(text).unwrap().try_into().unwrap()
    }

    /// RFC 8032, 7.1, test 2.
    #[test]
    fn the_example_of_rfc_8032_verifies_and_each_flipped_bit_does_not() {
        let key = bytes("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
        let signature: [u8; 64] = bytes(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        );
        let read = Ed25519PublicKey::from_bytes(&key).unwrap();
        assert_eq!((read.verify(&[0x72], &signature), read.to_bytes()), (Ok(()), key));
        assert_eq!(read.verify(&[0x73], &signature), Err(Error::Signature));
        assert_eq!(read.verify(&[0x72], &signature[..63]), Err(Error::Signature));
        for bit in 0..512 {
            let mut other = signature;
            other[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(read.verify(&[0x72], &other), Err(Error::Signature), "{bit}");
        }
    }

    #[test]
    fn a_point_of_small_order_is_no_key() {
        let mut neutral = [0; 32];
        neutral[0] = 1;
        assert_eq!(Ed25519PublicKey::from_bytes(&neutral), Err(Error::InvalidPoint));
        assert_eq!(Ed25519PublicKey::from_bytes(&[0; 32]), Err(Error::InvalidPoint));
    }
}
