//! The two hardware keys that the platform brings (docs/protocols.md, section 1).

use crypto::{Curve, EcPrivateKey, EcPublicKey, HashAlgorithm};
use protocol::pin::Pin;
use protocol::{Base64, DeviceProof, app_attest};
use zeroize::Zeroizing;

use crate::BridgeError;

/// Why a key, or the counter beside it, did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum KeyError {
    /// What the platform said.
    #[error("{reason}")]
    Failed {
        /// Its words.
        reason: String,
    },
}

/// Both keys, made for one challenge and attested together.
#[derive(Clone, Debug, uniffi::Enum)]
pub enum Attestation {
    /// Android Key Attestation of both keys.
    Android {
        /// The app's version, as in its package.
        app_version: String,
        /// Attestation chain of the device key, leaf first, DER.
        device_chain: Vec<Vec<u8>>,
        /// Attestation chain of the pin hardening key, leaf first, DER.
        pin_hardening_chain: Vec<Vec<u8>>,
    },
    /// App Attest of the device key, over [`app_attest_client_data_hash`].
    Ios {
        /// The app's version, as in its bundle.
        app_version: String,
        /// What `attestKey` gave.
        attestation: Vec<u8>,
        /// The pin hardening key in the Secure Enclave: uncompressed SEC 1 point on P-256.
        pin_hardening_key: Vec<u8>,
    },
}

/// A signature by the device key.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum DeviceSignature {
    /// ECDSA with SHA-256: r || s, 64 bytes (Android gives DER: convert).
    Ecdsa {
        /// r || s.
        signature: Vec<u8>,
    },
    /// App Attest: what `generateAssertion` gave for the SHA-256 of the message.
    Assertion {
        /// The assertion, CBOR.
        assertion: Vec<u8>,
    },
}

/// The device key: signs without prompting.
#[uniffi::export(with_foreign)]
pub trait DeviceKeys: Send + Sync {
    /// Makes both keys in hardware and has them attested over `challenge`. Keys of an earlier enrolment are
    /// replaced when this one is sealed.
    ///
    /// # Errors
    /// The platform's words.
    fn attest(&self, challenge: Vec<u8>) -> Result<Attestation, KeyError>;

    /// The device key as an uncompressed SEC 1 point, once it was made.
    ///
    /// # Errors
    /// There is none yet.
    fn device_key(&self) -> Result<Vec<u8>, KeyError>;

    /// A signature by the device key over `message`.
    ///
    /// # Errors
    /// The platform's words.
    fn sign(&self, message: Vec<u8>) -> Result<DeviceSignature, KeyError>;
}

/// The pin hardening key: ECDH and nothing else.
#[uniffi::export(with_foreign)]
pub trait PinHardeningKey: Send + Sync {
    /// ECDH of the hardware key with `point` (uncompressed SEC 1 on P-256): the x coordinate, 32 bytes.
    ///
    /// # Errors
    /// The platform's words.
    fn agree(&self, point: Vec<u8>) -> Result<Vec<u8>, KeyError>;
}

/// Counts the requests of an enrolled device through its life: the server takes each number once, and no lower one
/// after it.
#[uniffi::export(with_foreign)]
pub trait RequestCounter: Send + Sync {
    /// The number of the next request: above all before it, and kept safe **before** it is given, so that a crash
    /// never gives one twice. The first is 1.
    ///
    /// # Errors
    /// The platform's words.
    fn next_number(&self) -> Result<u64, KeyError>;
}

/// What an app on iOS gives to `attestKey` as `clientDataHash`: it binds the pin hardening key (uncompressed SEC 1 point)
/// to the server's challenge and to the device key.
#[uniffi::export]
#[must_use]
pub fn app_attest_client_data_hash(challenge: &[u8], pin_hardening_key: &[u8]) -> Vec<u8> {
    crypto::sha256(&app_attest::client_data(challenge, pin_hardening_key)).to_vec()
}

/// The device key (uncompressed SEC 1 point on P-256) in what `attestKey` gave. An app on iOS keeps it: App Attest tells
/// only its digest, the key id.
///
/// # Errors
/// [`BridgeError::Usage`]: this is no attestation object.
#[uniffi::export]
pub fn app_attest_device_key(attestation: &[u8]) -> Result<Vec<u8>, BridgeError> {
    let object = app_attest::AttestationObject::from_cbor(attestation);
    let key = object.and_then(|object| object.device_key());
    key.map(|key| key.to_sec1()).map_err(|error| BridgeError::usage(&error.to_string()))
}

/// The device key's proof over `message`.
pub(crate) fn prove(keys: &dyn DeviceKeys, message: Vec<u8>) -> Result<DeviceProof, KeyError> {
    Ok(match keys.sign(message)? {
        DeviceSignature::Ecdsa { signature } => DeviceProof::Ecdsa(Base64(signature)),
        DeviceSignature::Assertion { assertion } => DeviceProof::AppAttest(Base64(assertion)),
    })
}

/// The name of a device.
pub(crate) fn device_id(sec1: &[u8]) -> Result<String, KeyError> {
    EcPublicKey::from_sec1(Curve::P256, sec1)
        .map(|key| protocol::device_id(&key))
        .map_err(|_| KeyError::Failed { reason: "the device key is not a point on P-256".to_owned() })
}

/// The PIN key of a device. It lives as long as the call that needs it.
pub(crate) fn pin_key(
    hardening: &dyn PinHardeningKey,
    pin: &str,
    issuer: &str,
    device_id: &str,
) -> Result<EcPrivateKey, BridgeError> {
    let shared = Zeroizing::new(hardening.agree(Pin::new(pin)?.point()?)?);
    Ok(protocol::pin::pin_key(&shared, issuer, device_id)?)
}

/// r || s of ECDSA with SHA-256.
pub(crate) fn sign(key: &EcPrivateKey, message: &[u8]) -> Base64 {
    Base64(key.sign(HashAlgorithm::Sha256, message).to_plain(Curve::P256))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Phone;
    use protocol::DeviceKey;
    use protocol::app_attest::{Assertion, AttestationObject};

    const APP: [u8; 32] = [7; 32];

    /// A phone of iOS: its device key signs assertions.
    struct Iphone(std::sync::Arc<Phone>);

    impl DeviceKeys for Iphone {
        fn attest(&self, challenge: Vec<u8>) -> Result<Attestation, KeyError> {
            self.0.attest(challenge)
        }

        fn device_key(&self) -> Result<Vec<u8>, KeyError> {
            self.0.device_key()
        }

        fn sign(&self, message: Vec<u8>) -> Result<DeviceSignature, KeyError> {
            let assertion = Assertion::sign(&self.0.device, APP, 1, &message).to_cbor();
            Ok(DeviceSignature::Assertion { assertion })
        }
    }

    #[test]
    fn each_platform_proves_in_its_own_way() {
        let phone = Phone::new(1);
        let key = phone.device.public_key();
        let android = DeviceKey::Ecdsa(key.clone());
        let ios = DeviceKey::AppAttest { key, app_id_sha256: APP };
        let by_android = prove(phone.as_ref(), b"message".to_vec()).unwrap();
        let by_ios = prove(&Iphone(phone.clone()), b"message".to_vec()).unwrap();
        assert_eq!(by_android.verify(&android, b"message"), Ok(()));
        assert_eq!(by_ios.verify(&ios, b"message"), Ok(()));
        assert!(by_android.verify(&ios, b"message").is_err() && by_ios.verify(&android, b"message").is_err());
    }

    #[test]
    fn an_app_on_ios_learns_its_device_key_from_the_attestation() {
        let point = Phone::new(1).device_key().unwrap();
        let (x, y) = (&point[1..33], &point[33..]);
        let cose = [b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20", x, b"\x22\x58\x20", y].concat();
        let authenticator_data = [&[0; 87][..], &cose].concat();
        let object = AttestationObject { certificates: vec![], authenticator_data };
        assert_eq!(app_attest_device_key(&object.to_cbor()).unwrap(), point);
        assert_eq!(app_attest_device_key(b"").unwrap_err().code(), "usage");
    }
}
