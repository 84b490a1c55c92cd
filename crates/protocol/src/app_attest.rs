//! What Apple's App Attest makes, and what it is made over: attestation objects and assertions, both CBOR, in the forms of
//! `DCAppAttestService` ("Validating Apps That Connect to Your Server"). The chain of an attestation is judged by the room
//! `attestation`.

use ciborium::Value;
use crypto::{EcPrivateKey, EcPublicKey, EcdsaSignature, HashAlgorithm, sha256};

use crate::statement::Statement;
use crate::{Error, p256_key};

/// The longest object that is read, in bytes; those of phones have 5.5 thousand with their receipt.
const MAX_OBJECT: usize = 32 * 1024;
/// Of an assertion: digest of the app's id, flags, counter.
const ASSERTION_DATA: usize = 32 + 1 + 4;
/// Of an attestation, before the key: and AAGUID, length of the credential's id, that id.
const BEFORE_KEY: usize = ASSERTION_DATA + 16 + 2 + 32;
const FORMAT: &str = "apple-appattest";

/// The client data of an attestation. The app gives the SHA-256 of it to `attestKey`, so the attested app says which pin
/// hardening key it made beside the device key; App Attest itself knows no second key.
#[must_use]
pub fn client_data(challenge: &[u8], pin_hardening_key: &[u8]) -> Vec<u8> {
    Statement::new("sceau/app-attest/v1")
        .bytes("challenge", challenge)
        .bytes("pin-hardening-key", pin_hardening_key)
        .finish()
}

/// What `attestKey` gives. Nothing of it is checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationObject {
    /// The device key's certificate, then those above it without the root: DER.
    pub certificates: Vec<Vec<u8>>,
    /// The authenticator data, which holds the device key.
    pub authenticator_data: Vec<u8>,
}

impl AttestationObject {
    /// Reads the object. The receipt in it, which is good for asking Apple about the phone's past, is not read.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn from_cbor(cbor: &[u8]) -> Result<Self, Error> {
        let object = read(cbor)?;
        let statement = field(&object, "attStmt")?;
        if field(&object, "fmt")?.as_text() != Some(FORMAT) {
            return Err(MALFORMED);
        }
        let certificates = field(statement, "x5c")?.as_array().ok_or(MALFORMED)?;
        let certificates = certificates.iter().map(bytes).collect::<Result<_, _>>()?;
        Ok(Self { certificates, authenticator_data: bytes(field(&object, "authData")?)? })
    }

    /// Writes the object, with an empty receipt: for phones in software.
    #[must_use]
    pub fn to_cbor(&self) -> Vec<u8> {
        let certificates = self.certificates.iter().cloned().map(Value::Bytes).collect();
        let statement = map([("x5c", Value::Array(certificates)), ("receipt", Value::Bytes(Vec::new()))]);
        write(&map([
            ("fmt", Value::Text(FORMAT.to_owned())),
            ("attStmt", statement),
            ("authData", Value::Bytes(self.authenticator_data.clone())),
        ]))
    }

    /// The device key that the authenticator data holds, a COSE key on P-256 (RFC 9053, 7.1.1).
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn device_key(&self) -> Result<EcPublicKey, Error> {
        let key = read(self.authenticator_data.get(BEFORE_KEY..).ok_or(MALFORMED)?)?;
        let coordinate = |label: i64| {
            let entries = key.as_map().ok_or(MALFORMED)?;
            let found = entries.iter().find(|(name, _)| *name == Value::from(label));
            found.ok_or(MALFORMED).and_then(|(_, value)| bytes(value))
        };
        p256_key(&[vec![4], coordinate(-2)?, coordinate(-3)?].concat())
    }
}

/// What `generateAssertion` gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion {
    signature: Vec<u8>,
    authenticator_data: Vec<u8>,
}

impl Assertion {
    /// Reads the assertion.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn from_cbor(cbor: &[u8]) -> Result<Self, Error> {
        let object = read(cbor)?;
        let field = |name| bytes(field(&object, name)?);
        Ok(Self { signature: field("signature")?, authenticator_data: field("authenticatorData")? })
    }

    /// The assertion's bytes.
    #[must_use]
    pub fn to_cbor(&self) -> Vec<u8> {
        write(&map([
            ("signature", Value::Bytes(self.signature.clone())),
            ("authenticatorData", Value::Bytes(self.authenticator_data.clone())),
        ]))
    }

    /// Signs as App Attest does, with a key in software: for the virtual phone and tests.
    #[must_use]
    pub fn sign(key: &EcPrivateKey, app_id_sha256: [u8; 32], counter: u32, message: &[u8]) -> Self {
        // Phones set the flag of attested data, and no such data follow.
        let authenticator_data = [&app_id_sha256[..], &[0x40], &counter.to_be_bytes()].concat();
        let signature = key.sign(HashAlgorithm::Sha256, &nonce(&authenticator_data, message)).to_der();
        Self { signature, authenticator_data }
    }

    /// Checks that the key signed `message` for the app. The counter says that it is an assertion (in an attestation it is
    /// 0); it is not remembered, since what is signed holds a nonce of the server and a number that counts once.
    ///
    /// # Errors
    /// [`Error::Signature`].
    pub fn verify(&self, key: &EcPublicKey, app_id_sha256: &[u8; 32], message: &[u8]) -> Result<(), Error> {
        let data =
            <&[u8; ASSERTION_DATA]>::try_from(&self.authenticator_data[..]).map_err(|_| Error::Signature)?;
        if data[..32] != app_id_sha256[..] || data[33..] == [0; 4] {
            return Err(Error::Signature);
        }
        let signature = EcdsaSignature::from_der(&self.signature).map_err(|_| Error::Signature)?;
        let digest = HashAlgorithm::Sha256.digest(&nonce(data, message));
        key.verify_prehash(&digest, &signature).map_err(|_| Error::Signature)
    }
}

/// What is signed; ECDSA hashes it once more.
fn nonce(authenticator_data: &[u8], client_data: &[u8]) -> [u8; 32] {
    sha256(&[authenticator_data, &sha256(client_data)].concat())
}

const MALFORMED: Error = Error::Malformed("App Attest object");

/// One item and nothing behind it.
fn read(mut cbor: &[u8]) -> Result<Value, Error> {
    /// Objects of App Attest are three deep.
    const DEPTH: usize = 8;
    if cbor.len() > MAX_OBJECT {
        return Err(MALFORMED);
    }
    let value = ciborium::de::from_reader_with_recursion_limit(&mut cbor, DEPTH).map_err(|_| MALFORMED)?;
    if cbor.is_empty() { Ok(value) } else { Err(MALFORMED) }
}

fn write(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    // A vector takes everything.
    let _ = ciborium::into_writer(value, &mut out);
    out
}

fn map<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Map(fields.map(|(name, value)| (Value::Text(name.to_owned()), value)).into())
}

/// The field of a map, which stands there once.
fn field<'a>(map: &'a Value, name: &str) -> Result<&'a Value, Error> {
    let entries = map.as_map().ok_or(MALFORMED)?;
    let mut found = entries.iter().filter(|(key, _)| key.as_text() == Some(name));
    match (found.next(), found.next()) {
        (Some((_, value)), None) => Ok(value),
        _ => Err(MALFORMED),
    }
}

fn bytes(value: &Value) -> Result<Vec<u8>, Error> {
    value.as_bytes().cloned().ok_or(MALFORMED)
}

#[cfg(test)]
mod tests;
