//! A phone's device key, and how it proves that it signed (docs/protocols.md, section 1).

use crypto::{Curve, EcPublicKey, EcdsaSignature, HashAlgorithm};

use crate::app_attest::Assertion;
use crate::{Base64, Error, p256_key};

/// A device key, as its attestation says what it is. What signs in one way is never believed in the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceKey {
    /// A hardware key that signs what it is given: Android.
    Ecdsa(EcPublicKey),
    /// A key of Apple's App Attest, which signs assertions for one app only: iOS.
    AppAttest {
        /// The key.
        key: EcPublicKey,
        /// SHA-256 of the app's id, `TEAMID.bundle.id`.
        app_id_sha256: [u8; 32],
    },
}

impl DeviceKey {
    /// The key.
    #[must_use]
    pub fn public_key(&self) -> &EcPublicKey {
        match self {
            Self::Ecdsa(key) | Self::AppAttest { key, .. } => key,
        }
    }

    /// The stored form: the uncompressed SEC 1 point, and behind it the digest of the app's id if there is one.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Ecdsa(key) => key.to_sec1(),
            Self::AppAttest { key, app_id_sha256 } => [&key.to_sec1()[..], app_id_sha256].concat(),
        }
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        match bytes.split_last_chunk() {
            Some((point, app_id_sha256)) if bytes.len() == 97 => {
                Ok(Self::AppAttest { key: p256_key(point)?, app_id_sha256: *app_id_sha256 })
            }
            _ => p256_key(bytes).map(Self::Ecdsa),
        }
    }
}

impl From<EcPublicKey> for DeviceKey {
    fn from(key: EcPublicKey) -> Self {
        Self::Ecdsa(key)
    }
}

/// How a device key proves that it signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceProof {
    /// r || s of ECDSA with SHA-256 on P-256.
    Ecdsa(Base64),
    /// An assertion of App Attest: CBOR.
    AppAttest(Base64),
}

impl DeviceProof {
    /// Reads the header form.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn from_header(value: &str) -> Result<Self, Error> {
        let proof = match value.split_once(' ') {
            Some(("ecdsa", signature)) => signature.parse().map(Self::Ecdsa),
            Some(("app-attest", assertion)) => assertion.parse().map(Self::AppAttest),
            _ => return Err(Error::Malformed("signature header")),
        };
        proof.map_err(|_| Error::Malformed("signature header"))
    }

    /// The header form.
    #[must_use]
    pub fn to_header(&self) -> String {
        match self {
            Self::Ecdsa(signature) => format!("ecdsa {signature}"),
            Self::AppAttest(assertion) => format!("app-attest {assertion}"),
        }
    }

    /// Checks the proof over `message`.
    ///
    /// # Errors
    /// [`Error::Signature`], also for a proof that this kind of key does not make.
    pub fn verify(&self, device_key: &DeviceKey, message: &[u8]) -> Result<(), Error> {
        match (self, device_key) {
            (Self::Ecdsa(signature), DeviceKey::Ecdsa(key)) => verify_ecdsa(key, message, &signature.0),
            (Self::AppAttest(assertion), DeviceKey::AppAttest { key, app_id_sha256 }) => {
                let assertion = Assertion::from_cbor(&assertion.0).map_err(|_| Error::Signature)?;
                assertion.verify(key, app_id_sha256, message)
            }
            _ => Err(Error::Signature),
        }
    }
}

/// ECDSA with SHA-256 on P-256, signature as r || s.
pub(crate) fn verify_ecdsa(key: &EcPublicKey, message: &[u8], plain: &[u8]) -> Result<(), Error> {
    let signature = EcdsaSignature::from_plain(Curve::P256, plain).map_err(|_| Error::Signature)?;
    key.verify_prehash(&HashAlgorithm::Sha256.digest(message), &signature).map_err(|_| Error::Signature)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto::EcPrivateKey;
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    const APP: [u8; 32] = [7; 32];

    fn keys() -> (EcPrivateKey, [DeviceKey; 2]) {
        let private = EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(1));
        let key = private.public_key();
        (private, [DeviceKey::Ecdsa(key.clone()), DeviceKey::AppAttest { key, app_id_sha256: APP }])
    }

    #[test]
    fn the_header_forms_are_read_back() {
        for proof in [DeviceProof::Ecdsa(Base64(vec![1; 64])), DeviceProof::AppAttest(Base64(vec![2; 140]))] {
            assert_eq!(DeviceProof::from_header(&proof.to_header()), Ok(proof));
        }
        for other in ["rsa AAAA", "ecdsa", "ecdsa =", "app-attest !"] {
            assert!(DeviceProof::from_header(other).is_err(), "{other}");
        }
    }

    #[test]
    fn the_stored_forms_are_read_back() {
        let (_, keys) = keys();
        for key in &keys {
            assert_eq!(DeviceKey::from_bytes(&key.to_bytes()).as_ref(), Ok(key));
        }
        let stored = keys[1].to_bytes();
        for length in [0, 64, 66, 96] {
            assert!(DeviceKey::from_bytes(&stored[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn each_kind_of_key_takes_its_own_kind_of_proof_only() {
        let (private, [plain, attested]) = keys();
        let signature = private.sign(HashAlgorithm::Sha256, b"message").to_plain(Curve::P256);
        let by_ecdsa = DeviceProof::Ecdsa(Base64(signature));
        let by_assertion =
            DeviceProof::AppAttest(Base64(Assertion::sign(&private, APP, 1, b"message").to_cbor()));
        assert_eq!(by_ecdsa.verify(&plain, b"message"), Ok(()));
        assert_eq!(by_assertion.verify(&attested, b"message"), Ok(()));
        assert_eq!(by_ecdsa.verify(&attested, b"message"), Err(Error::Signature));
        assert_eq!(by_assertion.verify(&plain, b"message"), Err(Error::Signature));
    }
}
