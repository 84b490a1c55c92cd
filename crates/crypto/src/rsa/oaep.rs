//! RSAES-OAEP (RFC 8017, 7.1): the same hash for label and mask, and an empty label.

use rand_core::CryptoRng;
use sha1::Sha1;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{RsaPrivateKey, RsaPublicKey, RsaUsage};
use crate::{Error, HashAlgorithm};

impl RsaPublicKey {
    /// Encrypts a short message, such as a content encryption key.
    ///
    /// # Errors
    /// [`Error::UnsupportedAlgorithm`]: another hash than SHA-1 and SHA-256; [`Error::KeyMismatch`]: a key for
    /// signatures only; [`Error::RsaKey`]: the message is too long for it.
    pub fn encrypt_oaep(
        &self,
        hash: HashAlgorithm,
        message: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, Error> {
        if self.usage != RsaUsage::Any {
            return Err(Error::KeyMismatch);
        }
        let encrypted = match hash {
            HashAlgorithm::Sha1 => self.key.oaep_encrypt_with_rng::<Sha1, _>(rng, message),
            HashAlgorithm::Sha256 => self.key.oaep_encrypt_with_rng::<Sha256, _>(rng, message),
            other => return Err(Error::UnsupportedAlgorithm(format!("RSAES-OAEP {}", other.name()))),
        };
        encrypted.map_err(|_| Error::RsaKey("too short for the message"))
    }
}

impl RsaPrivateKey {
    /// Decrypts; blinded by `rng`. For the demo broker and tests: how long it takes tells an attacker something
    /// (RUSTSEC-2023-0071).
    ///
    /// # Errors
    /// [`Error::Ciphertext`], whatever is wrong; [`Error::UnsupportedAlgorithm`].
    pub fn decrypt_oaep(
        &self,
        hash: HashAlgorithm,
        ciphertext: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let message = match hash {
            HashAlgorithm::Sha1 => self.0.oaep_decrypt_with_rng::<Sha1, _>(rng, ciphertext),
            HashAlgorithm::Sha256 => self.0.oaep_decrypt_with_rng::<Sha256, _>(rng, ciphertext),
            other => return Err(Error::UnsupportedAlgorithm(format!("RSAES-OAEP {}", other.name()))),
        };
        message.map(Zeroizing::new).map_err(|_| Error::Ciphertext)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

    #[test]
    fn what_is_encrypted_is_decrypted_with_the_same_hash_and_key_only() {
        let mut rng = ChaCha20Rng::seed_from_u64(5);
        let key = RsaPrivateKey::generate(2048, &mut rng).unwrap();
        for (hash, other) in
            [(HashAlgorithm::Sha1, HashAlgorithm::Sha256), (HashAlgorithm::Sha256, HashAlgorithm::Sha1)]
        {
            let sealed = key.public_key().encrypt_oaep(hash, b"key", &mut rng).unwrap();
            assert_eq!(key.decrypt_oaep(hash, &sealed, &mut rng).unwrap().as_slice(), b"key");
            assert_eq!(key.decrypt_oaep(other, &sealed, &mut rng), Err(Error::Ciphertext));
            let flipped = [&[sealed[0] ^ 1], &sealed[1..]].concat();
            assert_eq!(key.decrypt_oaep(hash, &flipped, &mut rng), Err(Error::Ciphertext));
        }
    }

    #[test]
    fn a_message_that_is_too_long_and_an_unknown_hash_are_refused() {
        let mut rng = ChaCha20Rng::seed_from_u64(5);
        let key = RsaPrivateKey::generate(2048, &mut rng).unwrap().public_key();
        assert!(key.encrypt_oaep(HashAlgorithm::Sha256, &[0; 190], &mut rng).is_ok());
        let long = key.encrypt_oaep(HashAlgorithm::Sha256, &[0; 191], &mut rng);
        assert_eq!(long, Err(Error::RsaKey("too short for the message")));
        let hash = key.encrypt_oaep(HashAlgorithm::Sha512, b"", &mut rng);
        assert_eq!(hash, Err(Error::UnsupportedAlgorithm("RSAES-OAEP SHA-512".into())));
    }
}
