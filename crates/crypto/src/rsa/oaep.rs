//! RSAES-OAEP (RFC 8017, 7.1): the same hash for label and mask, and an empty label.

use rand_core::CryptoRng;
use sha1::Sha1;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{RsaPrivateKey, RsaPublicKey, RsaUsage, add_mask};
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
        if !matches!(hash, HashAlgorithm::Sha1 | HashAlgorithm::Sha256) {
            return Err(Error::UnsupportedAlgorithm(format!("RSAES-OAEP {}", hash.name())));
        }
        let mut seed = Zeroizing::new(vec![0; hash.output_len()]);
        rng.fill_bytes(&mut seed);
        let encoded = encode(hash, message, &seed, self.modulus_len());
        self.raw_public_op(&encoded.ok_or(Error::RsaKey("too short for the message"))?)
    }
}

/// EME-OAEP encoding (RFC 8017, 7.1.1, step 2), of the modulus' length; `None` if the message is too long. It is done here so
/// that the power is the square and multiply of [`RsaPublicKey::raw_public_op`] (docs/adr/0001-cryptography.md).
fn encode(hash: HashAlgorithm, message: &[u8], seed: &[u8], len: usize) -> Option<Zeroizing<Vec<u8>>> {
    let zeros = len.checked_sub(2 * hash.output_len() + 2)?.checked_sub(message.len())?;
    // DB = lHash || zeros || 1 || M
    let mut block = Zeroizing::new([&hash.digest(b"")[..], &vec![0; zeros], &[1], message].concat());
    let mut masked_seed = Zeroizing::new(seed.to_vec());
    add_mask(hash, seed, &mut block);
    add_mask(hash, &block, &mut masked_seed);
    Some(Zeroizing::new([&[0], &masked_seed[..], &block].concat()))
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

    /// A test vector of RSA Laboratories' `oaep-vect.txt`, example 1.1: 1024 bits, SHA-1, with the seed that was drawn.
    #[test]
    fn the_encoding_is_that_of_the_published_vector() {
        let bytes = |hex: &str| hex::decode(hex).unwrap();
        let modulus = bytes(
            "a8b3b284af8eb50b387034a860f146c4919f318763cd6c5598c8ae4811a1e0abc4c7e0b082d693a5e7fced675cf4668512772c0c\
             bc64a742c6c630f533c8cc72f62ae833c40bf25842e984bb78bdbf97c0107d55bdb662f5c4e0fab9845cb5148ef7392dd3aaff93\
             ae1e6b667bb3d4247616d4f5ba10d4cfd226de88d39f16fb",
        );
        let message = bytes("6628194e12073db03ba94cda9ef9532397d50dba79b987004afefe34");
        let seed = bytes("18b776ea21069d69776a33e96bad48e1dda0a5ef");
        let key = RsaPublicKey::from_components(&modulus, &[1, 0, 1]).unwrap();
        let encoded = encode(HashAlgorithm::Sha1, &message, &seed, 128).unwrap();
        assert_eq!(
            hex::encode(key.raw_public_op(&encoded).unwrap()),
            "354fe67b4a126d5d35fe36c777791a3f7ba13def484e2d3908aff722fad468fb21696de95d0be911c2d3174f8afcc201035f7b6d\
             8e69402de5451618c21a535fa9d7bfc5b8dd9fc243f8cf927db31322d6e881eaa91a996170e657a05a266426d98c88003f8477c1\
             227094a0d9fa1e8c4024309ce1ecccb5210035d47ac72e8a"
        );
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
