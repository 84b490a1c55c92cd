//! JSON Web Signature in compact form (RFC 7515), with the advice of RFC 8725.

use std::fmt;
use std::sync::Arc;

use crypto::{Curve, EcPrivateKey, EcdsaSignature, Ed25519PublicKey, HashAlgorithm, PublicKey, RsaSigner};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Error, Jwk, JwkSet, base64url};

/// The longest JWS that is looked at, in bytes.
pub const MAX_LEN: usize = 64 * 1024;

/// A signature algorithm (RFC 7518, 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// Ed25519 (RFC 8037, 3.1; RFC 9864 calls it `Ed25519`): verified, never made.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl Algorithm {
    /// The value of `alg`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::EdDsa => "EdDSA",
        }
    }

    pub(crate) fn from_name(name: &str) -> Result<Self, Error> {
        match name {
            "ES256" => Ok(Self::Es256),
            "RS256" => Ok(Self::Rs256),
            "EdDSA" => Ok(Self::EdDsa),
            "none" => Err(Error::Unsigned),
            _ => Err(Error::UnsupportedAlgorithm(name.chars().take(32).collect())),
        }
    }
}

/// The header's members that count here. Keys inside a header (`jwk`, `jku`, `x5c`) never do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The algorithm.
    pub alg: Algorithm,
    /// The key's name.
    pub kid: Option<String>,
    /// The kind of the object.
    pub typ: Option<String>,
    /// The kind of the payload.
    pub cty: Option<String>,
}

/// The header as JSON.
#[derive(Serialize, Deserialize)]
struct RawHeader<'a> {
    alg: std::borrow::Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    typ: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cty: Option<String>,
    #[serde(default, skip_serializing)]
    crit: serde_json::Value,
    /// RFC 7797; counts only with `crit`, and means another signing input.
    #[serde(default, skip_serializing)]
    b64: serde_json::Value,
}

/// A P-256 key that signs ES256, or an RSA key that signs RS256.
#[derive(Clone)]
pub struct SigningKey {
    kid: String,
    key: PrivateKey,
}

#[derive(Clone)]
enum PrivateKey {
    /// Signs by `ring` (docs/adr/0011-tokens-are-signed-by-ring.md).
    Ec(EcPrivateKey, Arc<EcdsaKeyPair>),
    Rsa(RsaSigner),
}

impl PrivateKey {
    fn public_key(&self) -> PublicKey {
        match self {
            Self::Ec(key, _) => PublicKey::Ec(key.public_key()),
            Self::Rsa(key) => PublicKey::Rsa(key.public_key()),
        }
    }
}

impl SigningKey {
    /// Takes a private key for ES256; its `kid` is its thumbprint (RFC 7638).
    ///
    /// # Errors
    /// [`Error::Jwk`]: not on P-256.
    pub fn new(key: EcPrivateKey) -> Result<Self, Error> {
        if key.curve() != Curve::P256 {
            return Err(Error::Jwk("curve"));
        }
        let (private, public) = (key.scalar_bytes(), key.public_key().to_sec1());
        let signer = EcdsaKeyPair::from_private_key_and_public_key(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            &private,
            &public,
            &SystemRandom::new(),
        );
        let signer = Arc::new(signer.map_err(|_| Error::Jwk("private key"))?);
        Self::named(PrivateKey::Ec(key, signer))
    }

    /// Takes a private key for RS256; its `kid` is its thumbprint.
    ///
    /// # Errors
    /// [`Error::Jwk`].
    pub fn rs256(key: RsaSigner) -> Result<Self, Error> {
        Self::named(PrivateKey::Rsa(key))
    }

    fn named(key: PrivateKey) -> Result<Self, Error> {
        let jwk = Jwk::from_public_key(&key.public_key())?;
        Ok(Self { kid: jwk.thumbprint()?, key })
    }

    /// What it signs with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self.key {
            PrivateKey::Ec(..) => Algorithm::Es256,
            PrivateKey::Rsa(_) => Algorithm::Rs256,
        }
    }

    /// ES256 is r and s, 32 bytes each (RFC 7518, 3.4). `ring` derives the nonce from key, message and the system's
    /// randomness; without that randomness it is that of RFC 6979, five times slower.
    fn sign(&self, input: &[u8]) -> Vec<u8> {
        match &self.key {
            PrivateKey::Ec(key, signer) => match signer.sign(&SystemRandom::new(), input) {
                Ok(signature) => signature.as_ref().to_vec(),
                Err(_) => key.sign(HashAlgorithm::Sha256, input).to_plain(Curve::P256),
            },
            PrivateKey::Rsa(key) => key.sign_pkcs1v15_sha256(input),
        }
    }

    /// The name in the header of what this key signs.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The private key of ES256, to store it.
    #[must_use]
    pub fn private_key(&self) -> Option<&EcPrivateKey> {
        match &self.key {
            PrivateKey::Ec(key, _) => Some(key),
            PrivateKey::Rsa(_) => None,
        }
    }

    /// The public key, to publish it.
    ///
    /// # Panics
    /// Never: the key had a JWK when it was taken.
    #[must_use]
    pub fn jwk(&self) -> Jwk {
        Jwk::from_public_key(&self.key.public_key()).expect("a key that was named")
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, ..)", self.kid)
    }
}

/// Signs claims.
///
/// # Panics
/// If the claims are no JSON (a map whose keys are not strings).
#[must_use]
pub fn sign(key: &SigningKey, typ: Option<&str>, claims: &impl Serialize) -> String {
    let header = RawHeader {
        alg: key.algorithm().name().into(),
        kid: Some(key.kid.clone()),
        typ: typ.map(str::to_owned),
        cty: None,
        crit: serde_json::Value::Null,
        b64: serde_json::Value::Null,
    };
    let encode = |json: serde_json::Result<Vec<u8>>| base64url::encode(&json.expect("claims are JSON"));
    let input = format!("{}.{}", encode(serde_json::to_vec(&header)), encode(serde_json::to_vec(claims)));
    format!("{input}.{}", base64url::encode(&key.sign(input.as_bytes())))
}

/// Reads the header of a JWS that is not verified yet: only good to find the key.
///
/// # Errors
/// Everything in [`Error`] that concerns form and header.
pub fn decode_header(compact: &str) -> Result<Header, Error> {
    split(compact).and_then(|parts| header(parts.0))
}

/// A payload whose signature was verified. Only [`verify`] makes one:
/// ```compile_fail,E0451
/// fn forge(verified: jose::Verified) -> jose::Verified {
///     jose::Verified { payload: Vec::new(), ..verified }
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Verified {
    header: Header,
    payload: Vec<u8>,
}

impl Verified {
    pub(crate) fn new(header: Header, payload: Vec<u8>) -> Self {
        Self { header, payload }
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The payload's bytes.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The payload as claims.
    ///
    /// # Errors
    /// [`Error::Claims`].
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.payload).map_err(|_| Error::Claims)
    }
}

/// Without the payload, which may be a person's data.
impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verified({:?}, {} bytes)", self.header, self.payload.len())
    }
}

/// Verifies a compact JWS by one of `keys`, with one of the `allowed` algorithms.
///
/// # Errors
/// See [`Error`]: form first, then header, key, signature.
pub fn verify(compact: &str, keys: &JwkSet, allowed: &[Algorithm]) -> Result<Verified, Error> {
    let (encoded_header, payload, signature) = split(compact)?;
    let header = header(encoded_header)?;
    if !allowed.contains(&header.alg) {
        return Err(Error::AlgorithmNotAllowed(header.alg));
    }
    let (input, _) = compact.rsplit_once('.').ok_or(Error::NotCompact)?;
    let payload = base64url::decode(payload, "payload")?;
    let signature = base64url::decode(signature, "signature")?;
    let key = keys.select(header.kid.as_deref())?.verification_key(header.alg)?;
    verify_signature(&key, input.as_bytes(), &signature)?;
    Ok(Verified { header, payload })
}

/// A key that fits its algorithm.
#[derive(Debug)]
pub(crate) enum VerificationKey {
    /// EC on P-256, or RSA.
    Spki(PublicKey),
    /// Ed25519.
    Ed25519(Ed25519PublicKey),
}

pub(crate) fn verify_signature(key: &VerificationKey, input: &[u8], signature: &[u8]) -> Result<(), Error> {
    let outcome = match key {
        VerificationKey::Spki(PublicKey::Ec(key)) => EcdsaSignature::from_plain(Curve::P256, signature)
            .and_then(|signature| key.verify_prehash(&HashAlgorithm::Sha256.digest(input), &signature)),
        VerificationKey::Spki(PublicKey::Rsa(key)) => {
            key.verify_pkcs1v15(HashAlgorithm::Sha256, input, signature)
        }
        VerificationKey::Spki(PublicKey::Dsa(_) | PublicKey::Dh(_)) => return Err(Error::KeyMismatch),
        VerificationKey::Ed25519(key) => key.verify(input, signature),
    };
    outcome.map_err(|_| Error::Signature)
}

pub(crate) fn split(compact: &str) -> Result<(&str, &str, &str), Error> {
    if compact.len() > MAX_LEN {
        return Err(Error::TooLarge);
    }
    let mut parts = compact.split('.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(header), Some(payload), Some(signature), None) => Ok((header, payload, signature)),
        _ => Err(Error::NotCompact),
    }
}

fn header(encoded: &str) -> Result<Header, Error> {
    let json = base64url::decode(encoded, "header")?;
    let raw: RawHeader<'_> = serde_json::from_slice(&json).map_err(|_| Error::Header)?;
    if !raw.crit.is_null() || !raw.b64.is_null() {
        return Err(Error::Critical);
    }
    let alg = Algorithm::from_name(&raw.alg)?;
    Ok(Header { alg, kid: raw.kid, typ: raw.typ, cty: raw.cty })
}

#[cfg(test)]
mod tests;
