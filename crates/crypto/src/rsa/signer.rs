//! RSA signatures by a key of a running server: made by `ring`, whose private operation takes the same time for every
//! key and message (docs/adr/0012-rs256-and-rotation.md). [`super::RsaPrivateKey`] is not for that.

use std::fmt;
use std::sync::Arc;

use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, PublicKeyComponents};
use ring::signature::RSA_PKCS1_SHA256;

use crate::{Error, RsaPublicKey};

/// A private key of 2048 to 4096 bits that signs RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, 8.2).
#[derive(Clone)]
pub struct RsaSigner(Arc<KeyPair>);

impl RsaSigner {
    /// Reads PKCS#8, unencrypted.
    ///
    /// # Errors
    /// [`Error::RsaKey`]: no RSA key, of another length, or inconsistent.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, Error> {
        let key =
            KeyPair::from_pkcs8(der).map_err(|_| Error::RsaKey("not an RSA key of 2048 to 4096 bits"))?;
        Ok(Self(Arc::new(key)))
    }

    /// The public key.
    ///
    /// # Panics
    /// Never: `ring` takes stricter keys than [`RsaPublicKey`].
    #[must_use]
    pub fn public_key(&self) -> RsaPublicKey {
        let parts = PublicKeyComponents::<Vec<u8>>::from(self.0.public());
        RsaPublicKey::from_components(&parts.n, &parts.e).expect("a key that ring took")
    }

    /// The signature, of the modulus' length.
    ///
    /// # Panics
    /// Never: the buffer has that length, and the padding of this scheme asks for no randomness.
    #[must_use]
    pub fn sign_pkcs1v15_sha256(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.0.public().modulus_len()];
        let signed = self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature);
        signed.expect("a buffer of the modulus' length");
        signature
    }
}

impl fmt::Debug for RsaSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaSigner(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HashAlgorithm, RsaPrivateKey};
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    /// The scheme has one signature for a key and message: two implementations must agree on every byte.
    #[test]
    fn it_signs_what_the_other_implementation_signs() {
        let key = RsaPrivateKey::generate(2048, &mut ChaCha20Rng::seed_from_u64(1)).unwrap();
        let signer = RsaSigner::from_pkcs8_der(&key.to_pkcs8_der()).unwrap();
        let signature = signer.sign_pkcs1v15_sha256(b"message");
        assert_eq!(signature, key.sign_pkcs1v15(HashAlgorithm::Sha256, b"message").unwrap());
        let public = signer.public_key();
        assert_eq!(public, key.public_key());
        assert!(public.verify_pkcs1v15(HashAlgorithm::Sha256, b"message", &signature).is_ok());
        assert!(public.verify_pkcs1v15(HashAlgorithm::Sha256, b"massage", &signature).is_err());
    }

    #[test]
    fn short_and_other_keys_are_refused() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let short = RsaPrivateKey::generate(1024, &mut rng).unwrap();
        let ec = crate::EcPrivateKey::generate(crate::Curve::P256, &mut rng);
        for der in [&short.to_pkcs8_der()[..], &ec.to_pkcs8_der()[..], b""] {
            assert!(matches!(RsaSigner::from_pkcs8_der(der), Err(Error::RsaKey(_))));
        }
    }
}
