//! JSON Web Encryption in compact form (RFC 7516), as the broker wants its tokens: a signed token inside an encrypted one.
//!
//! The key of the content is always 32 bytes: A256GCM and A128CBC-HS256 both take that many (RFC 7518, 5).

use crypto::aead::{self, AeadKey};
use crypto::{Curve, EcPrivateKey, EcPublicKey, HashAlgorithm, PublicKey, RsaPrivateKey, jwa};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{Error, Jwk, JwkSet, MAX_LEN, base64url};

/// Bytes of the nonce that AES-GCM takes, and of its tag.
const GCM_NONCE: usize = 12;
const GCM_TAG: usize = 16;

/// How the key of the content reaches the recipient (RFC 7518, 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum KeyManagement {
    /// RSAES-OAEP with SHA-1: for recipients that know nothing newer.
    #[serde(rename = "RSA-OAEP")]
    RsaOaep,
    /// RSAES-OAEP with SHA-256.
    #[serde(rename = "RSA-OAEP-256")]
    RsaOaep256,
    /// Direct agreement of the key on P-256.
    #[serde(rename = "ECDH-ES")]
    EcdhEs,
    /// Agreement of a key on P-256 that wraps the content's.
    #[serde(rename = "ECDH-ES+A256KW")]
    EcdhEsA256Kw,
}

impl KeyManagement {
    /// The value of `alg`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RsaOaep => "RSA-OAEP",
            Self::RsaOaep256 => "RSA-OAEP-256",
            Self::EcdhEs => "ECDH-ES",
            Self::EcdhEsA256Kw => "ECDH-ES+A256KW",
        }
    }

    fn key_type(self) -> &'static str {
        match self {
            Self::RsaOaep | Self::RsaOaep256 => "RSA",
            Self::EcdhEs | Self::EcdhEsA256Kw => "EC",
        }
    }
}

/// How the content is encrypted (RFC 7518, 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ContentEncryption {
    /// AES-256 in Galois/Counter Mode.
    #[serde(rename = "A256GCM")]
    A256Gcm,
    /// AES-128 in CBC mode with HMAC-SHA-256.
    #[serde(rename = "A128CBC-HS256")]
    A128CbcHs256,
}

impl ContentEncryption {
    /// The value of `enc`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::A256Gcm => "A256GCM",
            Self::A128CbcHs256 => "A128CBC-HS256",
        }
    }
}

/// The header as JSON.
#[derive(Serialize, Deserialize)]
struct Header {
    alg: KeyManagement,
    enc: ContentEncryption,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    typ: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cty: Option<String>,
    /// The ephemeral public key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    epk: Option<Jwk>,
    #[serde(default, skip_serializing)]
    apu: serde_json::Value,
    #[serde(default, skip_serializing)]
    apv: serde_json::Value,
    #[serde(default, skip_serializing)]
    zip: serde_json::Value,
    #[serde(default, skip_serializing)]
    crit: serde_json::Value,
}

/// A key that a recipient publishes for encryption, with what it is used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptionKey {
    alg: KeyManagement,
    kid: Option<String>,
    key: PublicKey,
}

impl EncryptionKey {
    /// The key of a recipient's set for an algorithm. What counts is `alg` and `use`, for a broker gives several keys one
    /// `kid`; a key that names no `alg` is second choice, and among equals the first stands.
    ///
    /// # Errors
    /// [`Error::UnknownKey`]: there is none; [`Error::TooLarge`].
    pub fn select(keys: &JwkSet, alg: KeyManagement) -> Result<Self, Error> {
        if keys.keys.len() > crate::MAX_KEYS {
            return Err(Error::TooLarge);
        }
        let fits = |named: bool| {
            let mut fitting = keys.keys.iter().filter(|key| key.is_for_encryption(alg.name()) == Some(named));
            fitting.find_map(|jwk| Self::new(alg, jwk).ok())
        };
        fits(true).or_else(|| fits(false)).ok_or(Error::UnknownKey)
    }

    fn new(alg: KeyManagement, jwk: &Jwk) -> Result<Self, Error> {
        let key = jwk.public_key()?;
        let key_type = match &key {
            PublicKey::Ec(_) => "EC",
            PublicKey::Rsa(_) => "RSA",
            PublicKey::Dsa(_) | PublicKey::Dh(_) => return Err(Error::KeyMismatch),
        };
        let kid = jwk.kid().map(str::to_owned);
        if key_type == alg.key_type() { Ok(Self { alg, kid, key }) } else { Err(Error::KeyMismatch) }
    }

    /// Encrypts a signed token; the header copies the key's `kid` and says `cty: JWT` (RFC 7519, 5.2).
    ///
    /// # Errors
    /// [`Error::KeyMismatch`]: the key's numbers allow nothing.
    ///
    /// # Panics
    /// Never: a header is JSON.
    pub fn encrypt(
        &self,
        enc: ContentEncryption,
        token: &str,
        rng: &mut impl CryptoRng,
    ) -> Result<String, Error> {
        let mut content_key = Zeroizing::new([0; 32]);
        rng.fill_bytes(content_key.as_mut_slice());
        let (epk, encrypted_key) = self.give(enc, &mut content_key, rng)?;
        let header = Header {
            alg: self.alg,
            enc,
            kid: self.kid.clone(),
            typ: Some("JWT".into()),
            cty: Some("JWT".into()),
            epk,
            apu: serde_json::Value::Null,
            apv: serde_json::Value::Null,
            zip: serde_json::Value::Null,
            crit: serde_json::Value::Null,
        };
        let header = base64url::encode(&serde_json::to_vec(&header).expect("a header is JSON"));
        let (iv, ciphertext, tag) =
            encrypt_content(enc, &content_key, header.as_bytes(), token.as_bytes(), rng);
        let [key, iv, ciphertext, tag] = [&encrypted_key[..], &iv, &ciphertext, &tag].map(base64url::encode);
        Ok(format!("{header}.{key}.{iv}.{ciphertext}.{tag}"))
    }

    /// The ephemeral key, and what is sent of the content's key; direct agreement replaces that by the agreed one.
    fn give(
        &self,
        enc: ContentEncryption,
        content_key: &mut Zeroizing<[u8; 32]>,
        rng: &mut impl CryptoRng,
    ) -> Result<(Option<Jwk>, Vec<u8>), Error> {
        match (&self.key, self.alg) {
            (PublicKey::Rsa(key), alg) => {
                let encrypted = key.encrypt_oaep(oaep_hash(alg), content_key.as_slice(), rng);
                encrypted.map(|sent| (None, sent)).map_err(|_| Error::KeyMismatch)
            }
            (PublicKey::Ec(key), alg) => {
                let ephemeral = EcPrivateKey::generate(Curve::P256, rng);
                let epk = Jwk::bare(&ephemeral.public_key());
                let agreed = agree(&ephemeral, key, alg, enc)?;
                if alg == KeyManagement::EcdhEs {
                    *content_key = agreed;
                    return Ok((Some(epk), Vec::new()));
                }
                Ok((Some(epk), jwa::wrap_key(&agreed, content_key).to_vec()))
            }
            (PublicKey::Dsa(_) | PublicKey::Dh(_), _) => Err(Error::KeyMismatch),
        }
    }
}

/// A private key that opens what was encrypted for it: for a broker in tests and demos.
#[derive(Clone)]
pub enum DecryptionKey {
    /// For RSA-OAEP and RSA-OAEP-256.
    Rsa(Box<RsaPrivateKey>),
    /// For ECDH-ES and ECDH-ES+A256KW.
    Ec(EcPrivateKey),
}

impl DecryptionKey {
    /// Decrypts a compact JWE that uses these two algorithms and no others.
    ///
    /// # Errors
    /// [`Error::Decryption`], whatever is wrong with key, tag or padding; [`Error::Header`] and the errors of form.
    pub fn decrypt(
        &self,
        compact: &str,
        (alg, enc): (KeyManagement, ContentEncryption),
        rng: &mut impl CryptoRng,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        if compact.len() > MAX_LEN {
            return Err(Error::TooLarge);
        }
        let parts: Vec<&str> = compact.split('.').collect();
        let [encoded_header, key, iv, ciphertext, tag] = parts.as_slice() else {
            return Err(Error::NotCompact);
        };
        let header: Header = serde_json::from_slice(&base64url::decode(encoded_header, "header")?)
            .map_err(|_| Error::Header)?;
        let extended = [&header.apu, &header.apv, &header.zip, &header.crit].iter().any(|m| !m.is_null());
        if extended || header.alg != alg || header.enc != enc {
            return Err(Error::Header);
        }
        let encrypted_key = base64url::decode(key, "encrypted key")?;
        let content_key = self.content_key(&header, &encrypted_key, rng)?;
        let (iv, ciphertext) = (base64url::decode(iv, "iv")?, base64url::decode(ciphertext, "ciphertext")?);
        let tag = base64url::decode(tag, "tag")?;
        decrypt_content(enc, &content_key, encoded_header.as_bytes(), &iv, &ciphertext, &tag)
            .ok_or(Error::Decryption)
    }

    fn content_key(
        &self,
        header: &Header,
        sent: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<Zeroizing<[u8; 32]>, Error> {
        match (self, header.alg) {
            (Self::Rsa(key), KeyManagement::RsaOaep | KeyManagement::RsaOaep256) => {
                let decrypted = key.decrypt_oaep(oaep_hash(header.alg), sent, rng);
                let decrypted = decrypted.map_err(|_| Error::Decryption)?;
                decrypted.as_slice().try_into().map(Zeroizing::new).map_err(|_| Error::Decryption)
            }
            (Self::Ec(key), alg) if alg.key_type() == "EC" => {
                let epk = header.epk.as_ref().ok_or(Error::Header)?.public_key()?;
                let PublicKey::Ec(epk) = epk else { return Err(Error::Header) };
                let agreed = agree(key, &epk, alg, header.enc)?;
                match alg {
                    KeyManagement::EcdhEs if sent.is_empty() => Ok(agreed),
                    KeyManagement::EcdhEs => Err(Error::Decryption),
                    _ => jwa::unwrap_key(&agreed, sent).map_err(|_| Error::Decryption),
                }
            }
            _ => Err(Error::KeyMismatch),
        }
    }
}

fn oaep_hash(alg: KeyManagement) -> HashAlgorithm {
    if alg == KeyManagement::RsaOaep { HashAlgorithm::Sha1 } else { HashAlgorithm::Sha256 }
}

/// RFC 7518, 4.6.2: `enc` names a key that is used directly, `alg` one that wraps.
fn agree(
    own: &EcPrivateKey,
    other: &EcPublicKey,
    alg: KeyManagement,
    enc: ContentEncryption,
) -> Result<Zeroizing<[u8; 32]>, Error> {
    let secret = own.ecdh(other).map_err(|_| Error::KeyMismatch)?;
    let algorithm = if alg == KeyManagement::EcdhEs { enc.name() } else { alg.name() };
    Ok(jwa::concat_kdf(&secret, algorithm))
}

/// IV, ciphertext, tag. The associated data are the header as it is sent (RFC 7516, 5.1, step 14).
fn encrypt_content(
    enc: ContentEncryption,
    key: &Zeroizing<[u8; 32]>,
    header: &[u8],
    plaintext: &[u8],
    rng: &mut impl CryptoRng,
) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    match enc {
        ContentEncryption::A256Gcm => {
            let mut sealed = aead::seal(&AeadKey(**key), header, plaintext, rng);
            let tag = sealed.split_off(sealed.len() - GCM_TAG);
            let ciphertext = sealed.split_off(GCM_NONCE);
            (sealed, ciphertext, tag)
        }
        ContentEncryption::A128CbcHs256 => {
            let mut iv = [0; 16];
            rng.fill_bytes(&mut iv);
            let (ciphertext, tag) = jwa::encrypt_cbc_hs256(key, &iv, header, plaintext);
            (iv.to_vec(), ciphertext, tag.to_vec())
        }
    }
}

fn decrypt_content(
    enc: ContentEncryption,
    key: &Zeroizing<[u8; 32]>,
    header: &[u8],
    iv: &[u8],
    ciphertext: &[u8],
    tag: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    match enc {
        ContentEncryption::A256Gcm if iv.len() == GCM_NONCE && tag.len() == GCM_TAG => {
            aead::open(&AeadKey(**key), header, &[iv, ciphertext, tag].concat()).ok()
        }
        ContentEncryption::A256Gcm => None,
        ContentEncryption::A128CbcHs256 => {
            jwa::decrypt_cbc_hs256(key, iv.try_into().ok()?, header, ciphertext, tag).ok()
        }
    }
}

#[cfg(test)]
mod tests;
