//! AES-256-GCM for what Sceau stores.

use std::fmt;

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _};
use rand_core::CryptoRng;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::Error;

const NONCE_LEN: usize = 12;

/// A key. Nonces are random: one key seals fewer than 2^32 messages (NIST SP 800-38D, 8.3).
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct AeadKey(pub [u8; 32]);

/// Encrypts `plaintext` and binds `associated` data: nonce, ciphertext, tag.
pub fn seal(key: &AeadKey, associated: &[u8], plaintext: &[u8], rng: &mut impl CryptoRng) -> Vec<u8> {
    let mut nonce = [0; NONCE_LEN];
    rng.fill_bytes(&mut nonce);
    let payload = Payload { msg: plaintext, aad: associated };
    let sealed = cipher(key).encrypt(&nonce.into(), payload).expect("a message shorter than 64 GiB");
    [&nonce[..], &sealed].concat()
}

/// Decrypts what [`seal`] made with the same key and associated data.
///
/// # Errors
/// [`Error::Ciphertext`].
pub fn open(key: &AeadKey, associated: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let (nonce, message) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(Error::Ciphertext)?;
    let payload = Payload { msg: message, aad: associated };
    cipher(key).decrypt(&(*nonce).into(), payload).map(Zeroizing::new).map_err(|_| Error::Ciphertext)
}

fn cipher(key: &AeadKey) -> Aes256Gcm {
    Aes256Gcm::new(&key.0.into())
}

impl fmt::Debug for AeadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AeadKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    #[test]
    fn a_flipped_bit_or_other_associated_data_is_refused() {
        let key = AeadKey([7; 32]);
        let sealed = seal(&key, b"row 1", b"secret", &mut ChaCha20Rng::seed_from_u64(1));
        assert_eq!(open(&key, b"row 1", &sealed).unwrap().as_slice(), b"secret");
        assert_eq!(open(&key, b"row 2", &sealed), Err(Error::Ciphertext));
        assert_eq!(open(&AeadKey([8; 32]), b"row 1", &sealed), Err(Error::Ciphertext));
        for i in 0..sealed.len() {
            let mut other = sealed.clone();
            other[i] ^= 1;
            assert_eq!(open(&key, b"row 1", &other), Err(Error::Ciphertext));
            assert_eq!(open(&key, b"row 1", &sealed[..i]), Err(Error::Ciphertext));
        }
    }

    /// Test case 14 of the GCM specification (McGrew and Viega): AES-256, all zeros.
    #[test]
    fn the_sealed_form_is_nonce_ciphertext_and_tag() {
        let sealed = [
            &[0; NONCE_LEN][..],
            &hex::decode("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919").unwrap(),
        ]
        .concat();
        assert_eq!(open(&AeadKey([0; 32]), b"", &sealed).unwrap().as_slice(), [0; 16]);
    }

    #[test]
    fn a_key_is_not_printed() {
        assert_eq!(format!("{:?}", AeadKey([42; 32])), "AeadKey(..)");
    }
}
