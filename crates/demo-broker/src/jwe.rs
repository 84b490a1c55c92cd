//! Nested tokens: a signed token inside an encrypted one (RFC 7516; OpenID Connect Core, 10.2), with FranceConnect+'s first
//! choice, RSA-OAEP-256 and A256GCM. Written on RustCrypto alone, so that what our server encrypts is opened by other code.

use std::fmt;

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rand_core::CryptoRng;
use rsa::PrivateKey;
use rsa::traits::PublicKeyParts as _;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::BrokerError;

/// Bits of the key's modulus.
const BITS: usize = 2048;

/// The broker's key, which its provider encrypts to.
pub struct EncryptionKey {
    key: PrivateKey,
    kid: String,
}

/// The key is in it.
impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncryptionKey({}, ..)", self.kid)
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    enc: String,
    kid: Option<String>,
    cty: Option<String>,
    crit: Option<Value>,
    zip: Option<Value>,
}

impl EncryptionKey {
    /// Makes one.
    ///
    /// # Errors
    /// [`BrokerError::Config`]: the generator fails.
    pub fn generate(rng: &mut impl CryptoRng) -> Result<Self, BrokerError> {
        let key = PrivateKey::new(rng, BITS).map_err(|_| BrokerError::Config("no RSA key could be made"))?;
        let digest = Sha256::digest(key.as_public_key().n_bytes());
        let kid = BASE64_URL_SAFE_NO_PAD.encode(digest.get(..8).unwrap_or_default());
        Ok(Self { key, kid })
    }

    /// The public half, as FranceConnect publishes its own.
    #[must_use]
    pub fn jwks(&self) -> Value {
        let public = self.key.as_public_key();
        json!({ "keys": [{
            "kty": "RSA",
            "use": "enc",
            "alg": "RSA-OAEP-256",
            "kid": self.kid,
            "n": BASE64_URL_SAFE_NO_PAD.encode(public.n_bytes()),
            "e": BASE64_URL_SAFE_NO_PAD.encode(public.e_bytes()),
        }] })
    }

    /// Opens an encrypted token.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn open(&self, token: &str) -> Result<String, &'static str> {
        let parts: Vec<&str> = token.splitn(6, '.').collect();
        let [protected, key, nonce, content, tag] = parts[..] else { return Err("not an encrypted token") };
        let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| "not base64url");
        let header: Header =
            serde_json::from_slice(&decode(protected)?).map_err(|_| "its header is malformed")?;
        if (header.alg.as_str(), header.enc.as_str()) != ("RSA-OAEP-256", "A256GCM") {
            return Err("not the algorithms agreed");
        }
        if header.crit.is_some() || header.zip.is_some() {
            return Err("its header asks for more than was agreed");
        }
        if header.cty.is_some_and(|cty| !cty.eq_ignore_ascii_case("JWT")) {
            return Err("its content is no token");
        }
        // If there is a kid it is one of ours; without one every key would be tried.
        if header.kid.is_some_and(|kid| kid != self.kid) {
            return Err("encrypted to another key");
        }
        let wrong = "it does not open";
        let key = self.key.oaep_decrypt::<Sha256>(&decode(key)?).map_err(|_| wrong)?;
        let cipher = Aes256Gcm::new_from_slice(&key).map_err(|_| wrong)?;
        let nonce: [u8; 12] = decode(nonce)?.try_into().map_err(|_| wrong)?;
        let (mut message, tag) = (decode(content)?, decode(tag)?);
        if tag.len() != 16 {
            return Err(wrong);
        }
        message.extend(tag);
        let payload = Payload { msg: &message, aad: protected.as_bytes() };
        let opened = cipher.decrypt(&Nonce::from(nonce), payload).map_err(|_| wrong)?;
        String::from_utf8(opened).map_err(|_| wrong)
    }

    /// The answer of the token endpoint with its ID token opened.
    pub(crate) fn open_id_token(&self, answer: &[u8]) -> Result<Vec<u8>, &'static str> {
        // An error has no ID token, and is told as it is.
        let Ok(mut answer) = serde_json::from_slice::<Value>(answer) else { return Ok(answer.to_vec()) };
        let Some(token) = answer.get("id_token").and_then(Value::as_str) else {
            return serde_json::to_vec(&answer).map_err(|_| "not JSON");
        };
        answer["id_token"] = self.open(token)?.into();
        serde_json::to_vec(&answer).map_err(|_| "not JSON")
    }
}

#[cfg(test)]
impl EncryptionKey {
    /// What a right provider makes of a signed token; `change` sees header and content-encryption key first.
    pub(crate) fn seal(&self, token: &str, change: impl FnOnce(&mut Value)) -> String {
        use rand_chacha::rand_core::SeedableRng as _;

        let mut header = json!({ "alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": self.kid, "cty": "JWT" });
        change(&mut header);
        let protected = BASE64_URL_SAFE_NO_PAD.encode(header.to_string());
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(3);
        let public = self.key.as_public_key();
        let key = public.oaep_encrypt_with_rng::<Sha256, _>(&mut rng, &[5; 32]).unwrap();
        let cipher = Aes256Gcm::new_from_slice(&[5; 32]).unwrap();
        let payload = Payload { msg: token.as_bytes(), aad: protected.as_bytes() };
        let sealed = cipher.encrypt(&Nonce::from([6; 12]), payload).unwrap();
        let (content, tag) = sealed.split_at(sealed.len() - 16);
        let parts = [key.as_slice(), &[6; 12], content, tag].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
        [vec![protected], parts.to_vec()].concat().join(".")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

    #[test]
    fn a_token_opens_with_its_key_and_as_it_was_sealed() {
        let key = EncryptionKey::generate(&mut ChaCha20Rng::seed_from_u64(1)).unwrap();
        let sealed = key.seal("a.b.c", |_| ());
        assert_eq!(key.open(&sealed).as_deref(), Ok("a.b.c"));
        let headers: [(&str, Value); 6] = [
            ("alg", "RSA-OAEP".into()),
            ("enc", "A128CBC-HS256".into()),
            ("kid", "another".into()),
            ("cty", "text".into()),
            ("zip", "DEF".into()),
            ("crit", json!(["exp"])),
        ];
        for (name, value) in headers {
            assert!(key.open(&key.seal("a.b.c", |header| header[name] = value)).is_err(), "{name}");
        }
        // Each part changed alone.
        let parts: Vec<&str> = sealed.split('.').collect();
        for at in 0..5 {
            let mut changed: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
            let last = if changed[at].starts_with('A') { "B" } else { "A" };
            changed[at].replace_range(..1, last);
            assert!(key.open(&changed.join(".")).is_err(), "part {at}");
        }
        for text in ["", "a.b.c", "a.b.c.d", "a.b.c.d.e.f", "...."] {
            assert!(key.open(text).is_err(), "{text}");
        }
    }
}
