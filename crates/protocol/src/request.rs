//! The signature on every request of a phone (docs/protocols.md, section 1).
//!
//! The device key signs method, path with query, digest of the body, the server's nonce, a sequence number and the
//! idempotency key. A request that was overheard can therefore be neither changed nor sent twice nor moved to
//! another enrolment; a repeat of the very same bytes is answered with the stored answer.

use crate::Error;
use crate::device_key::{DeviceKey, DeviceProof};
use crate::statement::Statement;

/// Header: the device's name, [`crate::device_id`].
pub const DEVICE_HEADER: &str = "sceau-device";
/// Header: the server's nonce, as it was given.
pub const NONCE_HEADER: &str = "sceau-nonce";
/// Header: the sequence number, decimal, greater than that of the request before.
pub const SEQUENCE_HEADER: &str = "sceau-sequence";
/// Header: `ecdsa ` and the signature r || s, or `app-attest ` and the assertion, in base64url.
pub const SIGNATURE_HEADER: &str = "sceau-signature";
/// Header: a value chosen by the phone, one for each POST or PUT; a repeat gets the stored answer.
pub const IDEMPOTENCY_HEADER: &str = "idempotency-key";
/// The longest value of these headers, in characters; an assertion has about 200.
pub const MAX_HEADER_LEN: usize = 400;

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub struct SignedRequest<'a> {
    /// `GET`, `POST`, `PUT` or `DELETE`.
    pub method: &'a str,
    /// Path with query, as it is sent.
    pub path: &'a str,
    /// The body's bytes; empty without one.
    pub body: &'a [u8],
    /// The server's nonce.
    pub nonce: &'a str,
    /// Counts up within an enrolment, and within a device's life.
    pub sequence: u64,
    /// Empty without the header.
    pub idempotency_key: &'a str,
}

impl SignedRequest<'_> {
    /// The canonical bytes.
    #[must_use]
    pub fn signing_bytes(&self) -> Vec<u8> {
        Statement::new("sceau/request/v1")
            .text("method", self.method)
            .text("path", self.path)
            .bytes("body", &crypto::sha256(self.body))
            .text("nonce", self.nonce)
            .number("sequence", i64::try_from(self.sequence).unwrap_or(i64::MAX))
            .text("idempotency-key", self.idempotency_key)
            .finish()
    }

    /// Checks the proof of `device_key` over this request.
    ///
    /// # Errors
    /// [`Error::Signature`].
    pub fn verify(&self, device_key: &DeviceKey, proof: &DeviceProof) -> Result<(), Error> {
        proof.verify(device_key, &self.signing_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Base64;
    use crypto::{Curve, EcPrivateKey, HashAlgorithm};
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    fn sign(key: &EcPrivateKey, request: &SignedRequest<'_>) -> DeviceProof {
        let signature = key.sign(HashAlgorithm::Sha256, &request.signing_bytes());
        DeviceProof::Ecdsa(Base64(signature.to_plain(Curve::P256)))
    }

    #[test]
    fn each_part_of_a_request_changed_alone_is_refused() {
        let key = EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(1));
        let request = SignedRequest {
            method: "PUT",
            path: "/v1/enrolments/1/contact",
            body: b"{}",
            nonce: "n",
            sequence: 7,
            idempotency_key: "k",
        };
        let proof = sign(&key, &request);
        assert_eq!(request.verify(&key.public_key().into(), &proof), Ok(()));
        let changed = [
            SignedRequest { method: "POST", ..request },
            SignedRequest { path: "/v1/enrolments/2/contact", ..request },
            SignedRequest { body: b"{ }", ..request },
            SignedRequest { nonce: "m", ..request },
            SignedRequest { sequence: 8, ..request },
            SignedRequest { idempotency_key: "", ..request },
        ];
        for other in changed {
            assert_eq!(other.verify(&key.public_key().into(), &proof), Err(Error::Signature), "{other:?}");
        }
        let another = EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(2));
        assert_eq!(request.verify(&another.public_key().into(), &proof), Err(Error::Signature));
    }
}
