//! JSON Web Key (RFC 7517), its parameters for EC and RSA (RFC 7518, section 6), its thumbprint (RFC 7638).

use crypto::{Curve, EcPublicKey, Ed25519PublicKey, PublicKey, RsaPublicKey, sha256};
use serde::{Deserialize, Serialize};

use crate::jws::VerificationKey;
use crate::{Algorithm, Error, KeyManagement, MAX_LEN, base64url};

/// The most keys in a set.
pub const MAX_KEYS: usize = 32;
/// RFC 7518, 3.3: "A key of size 2048 bits or larger MUST be used".
const MIN_RSA_BITS: usize = 2048;

/// A public key in JSON. The members are as received; [`Jwk::public_key`] judges them, so that a set may hold keys
/// of kinds that nobody here understands (RFC 7517, section 5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwk {
    kty: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crv: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    y: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    e: Option<String>,
    /// Private members are noticed, never kept.
    #[serde(default, skip_serializing)]
    d: Option<Present>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    key_use: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alg: Option<String>,
}

/// A member whose value is thrown away.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "serde::de::IgnoredAny")]
struct Present;

impl From<serde::de::IgnoredAny> for Present {
    fn from(_: serde::de::IgnoredAny) -> Self {
        Self
    }
}

impl Jwk {
    /// Writes a signing key: P-256 for ES256, or RSA for RS256. Its `kid` is its thumbprint.
    ///
    /// # Errors
    /// [`Error::Jwk`]: a key of another kind.
    pub fn from_public_key(key: &PublicKey) -> Result<Self, Error> {
        let encode = |bytes: &[u8]| Some(base64url::encode(bytes));
        let (jwk, algorithm) = match key {
            PublicKey::Ec(ec) if ec.curve() == Curve::P256 => {
                let point = ec.to_sec1();
                let (x, y) = (encode(&point[1..33]), encode(&point[33..]));
                (
                    Self { kty: "EC".into(), crv: Some("P-256".into()), x, y, ..Self::default() },
                    Algorithm::Es256,
                )
            }
            PublicKey::Ec(_) => return Err(Error::Jwk("curve")),
            PublicKey::Dsa(_) | PublicKey::Dh(_) => return Err(Error::Jwk("kty")),
            PublicKey::Rsa(rsa) => {
                let (n, e) = (encode(&rsa.modulus()), encode(&rsa.exponent()));
                (Self { kty: "RSA".into(), n, e, ..Self::default() }, Algorithm::Rs256)
            }
        };
        let mut jwk = Self { key_use: Some("sig".into()), alg: Some(algorithm.name().into()), ..jwk };
        jwk.kid = Some(jwk.thumbprint()?);
        Ok(jwk)
    }

    /// Writes a key that others encrypt to.
    ///
    /// # Errors
    /// [`Error::Jwk`]: a key of a kind that is no JWK here.
    pub fn for_encryption(key: &PublicKey, alg: KeyManagement) -> Result<Self, Error> {
        let signing = Self::from_public_key(key)?;
        Ok(Self { key_use: Some("enc".into()), alg: Some(alg.name().into()), ..signing })
    }

    /// Writes a key of Ed25519 (RFC 8037, 2). Its `kid` is its thumbprint.
    #[must_use]
    pub fn from_ed25519(key: &Ed25519PublicKey) -> Self {
        let x = base64url::encode(&key.to_bytes());
        let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
        Self {
            kty: "OKP".into(),
            crv: Some("Ed25519".into()),
            x: Some(x),
            kid: Some(base64url::encode(&sha256(canonical.as_bytes()))),
            key_use: Some("sig".into()),
            alg: Some(Algorithm::EdDsa.name().into()),
            ..Self::default()
        }
    }

    /// An ephemeral key on P-256: its coordinates alone.
    pub(crate) fn bare(key: &EcPublicKey) -> Self {
        let point = key.to_sec1();
        let [x, y] = [&point[1..33], &point[33..]].map(|bytes| Some(base64url::encode(bytes)));
        Self { kty: "EC".into(), crv: Some("P-256".into()), x, y, ..Self::default() }
    }

    /// Whether the key may be encrypted to with this `alg`: `Some(true)` if it names it, `Some(false)` if it names none.
    pub(crate) fn is_for_encryption(&self, alg: &str) -> Option<bool> {
        let for_encryption = self.key_use.as_deref().is_none_or(|key_use| key_use == "enc");
        match self.alg.as_deref() {
            _ if !for_encryption => None,
            None => Some(false),
            Some(named) => (named == alg).then_some(true),
        }
    }

    /// The same key under another `kid`.
    #[must_use]
    pub fn with_kid(self, kid: &str) -> Self {
        Self { kid: Some(kid.to_owned()), ..self }
    }

    /// The key's name.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Reads the key: P-256, or RSA of 2048 bits or more.
    ///
    /// # Errors
    /// [`Error::Jwk`] with the member that is wrong, also for a private key; [`Error::Base64Url`].
    pub fn public_key(&self) -> Result<PublicKey, Error> {
        if self.d.is_some() {
            return Err(Error::Jwk("private key"));
        }
        match self.kty.as_str() {
            "EC" => self.ec().map(PublicKey::Ec),
            "RSA" => self.rsa().map(PublicKey::Rsa),
            _ => Err(Error::Jwk("kty")),
        }
    }

    /// The thumbprint with SHA-256, in base64url (RFC 7638, section 3): over the required members only, in
    /// lexicographic order, without white space. They are written anew from the key that was read.
    ///
    /// # Errors
    /// See [`Jwk::public_key`].
    pub fn thumbprint(&self) -> Result<String, Error> {
        let canonical = match self.public_key()? {
            PublicKey::Ec(key) => {
                let point = key.to_sec1();
                let (x, y) = (base64url::encode(&point[1..33]), base64url::encode(&point[33..]));
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
            }
            PublicKey::Rsa(key) => {
                let (e, n) = (base64url::encode(&key.exponent()), base64url::encode(&key.modulus()));
                format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#)
            }
            PublicKey::Dsa(_) | PublicKey::Dh(_) => return Err(Error::Jwk("kty")),
        };
        Ok(base64url::encode(&sha256(canonical.as_bytes())))
    }

    /// Whether the key verifies signatures of this algorithm.
    #[must_use]
    pub fn verifies(&self, algorithm: Algorithm) -> bool {
        self.verification_key(algorithm).is_ok()
    }

    /// The key, if it may verify signatures of this algorithm.
    pub(crate) fn verification_key(&self, algorithm: Algorithm) -> Result<VerificationKey, Error> {
        let names_another = |member: &Option<String>, value| member.as_deref().is_some_and(|m| m != value);
        if names_another(&self.key_use, "sig") || names_another(&self.alg, algorithm.name()) {
            return Err(Error::KeyMismatch);
        }
        if algorithm == Algorithm::EdDsa {
            return self.ed25519().map(VerificationKey::Ed25519);
        }
        let key = self.public_key()?;
        match (&key, algorithm) {
            (PublicKey::Ec(_), Algorithm::Es256) | (PublicKey::Rsa(_), Algorithm::Rs256) => {
                Ok(VerificationKey::Spki(key))
            }
            _ => Err(Error::KeyMismatch),
        }
    }

    /// RFC 8037, 2.
    fn ed25519(&self) -> Result<Ed25519PublicKey, Error> {
        if self.d.is_some() {
            return Err(Error::Jwk("private key"));
        }
        if self.kty != "OKP" || self.crv.as_deref() != Some("Ed25519") {
            return Err(Error::KeyMismatch);
        }
        let x = member(&self.x, "x")?.try_into().map_err(|_| Error::Jwk("coordinate length"))?;
        Ed25519PublicKey::from_bytes(&x).map_err(|_| Error::Jwk("point"))
    }

    /// RFC 7518, 6.2.1: coordinates are of the field's full length.
    fn ec(&self) -> Result<EcPublicKey, Error> {
        if self.crv.as_deref() != Some("P-256") {
            return Err(Error::Jwk("crv"));
        }
        let (x, y) = (member(&self.x, "x")?, member(&self.y, "y")?);
        if x.len() != 32 || y.len() != 32 {
            return Err(Error::Jwk("coordinate length"));
        }
        EcPublicKey::from_sec1(Curve::P256, &[&[4], &x[..], &y].concat()).map_err(|_| Error::Jwk("point"))
    }

    /// RFC 7518, 6.3.1: numbers in the fewest bytes.
    fn rsa(&self) -> Result<RsaPublicKey, Error> {
        let (n, e) = (member(&self.n, "n")?, member(&self.e, "e")?);
        if n.first() == Some(&0) || e.first() == Some(&0) {
            return Err(Error::Jwk("leading zero"));
        }
        let key = RsaPublicKey::from_components(&n, &e).map_err(|_| Error::Jwk("RSA key"))?;
        if key.bits() < MIN_RSA_BITS { Err(Error::Jwk("RSA key too short")) } else { Ok(key) }
    }
}

fn member(value: &Option<String>, name: &'static str) -> Result<Vec<u8>, Error> {
    base64url::decode(value.as_deref().ok_or(Error::Jwk(name))?, name)
}

/// A set of public keys (RFC 7517, section 5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JwkSet {
    /// The keys. [`crate::verify`] refuses a set of more than [`MAX_KEYS`].
    pub keys: Vec<Jwk>,
}

impl JwkSet {
    /// Reads a set that somebody else wrote.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Jwk`].
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        if json.len() > MAX_LEN {
            return Err(Error::TooLarge);
        }
        let set: Self = serde_json::from_slice(json).map_err(|_| Error::Jwk("JSON"))?;
        if set.keys.len() > MAX_KEYS { Err(Error::TooLarge) } else { Ok(set) }
    }

    /// The key that a header means. Without a `kid` there must be one key only.
    pub(crate) fn select(&self, kid: Option<&str>) -> Result<&Jwk, Error> {
        if self.keys.len() > MAX_KEYS {
            return Err(Error::TooLarge);
        }
        let mut meant = self.keys.iter().filter(|key| kid.is_none() || key.kid() == kid);
        let key = meant.next().ok_or(Error::UnknownKey)?;
        if meant.next().is_some() { Err(Error::AmbiguousKey) } else { Ok(key) }
    }
}

impl From<Vec<Jwk>> for JwkSet {
    fn from(keys: Vec<Jwk>) -> Self {
        Self { keys }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto::{EcPrivateKey, RsaPrivateKey};
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
    use serde_json::{Value, json};

    fn rng() -> ChaCha20Rng {
        ChaCha20Rng::seed_from_u64(1)
    }

    fn ec() -> Jwk {
        let key = EcPrivateKey::generate(Curve::P256, &mut rng()).public_key();
        Jwk::from_public_key(&PublicKey::Ec(key)).unwrap()
    }

    fn rsa(bits: usize) -> Jwk {
        let key = RsaPrivateKey::generate(bits, &mut rng()).unwrap().public_key();
        Jwk::from_public_key(&PublicKey::Rsa(key)).unwrap_or_else(|_| panic!("{bits}"))
    }

    /// The key with one member changed.
    fn with(jwk: &Jwk, member: &str, value: Value) -> Jwk {
        let mut json = serde_json::to_value(jwk).unwrap();
        json[member] = value;
        serde_json::from_value(json).unwrap()
    }

    /// RFC 7638, 3.1.
    #[test]
    fn thumbprint_is_that_of_rfc_7638() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let json = json!({"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"});
        let jwk: Jwk = serde_json::from_value(json).unwrap();
        assert_eq!(jwk.thumbprint().unwrap(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn keys_are_read_back_from_json_and_named_by_their_thumbprint() {
        for jwk in [ec(), rsa(2048)] {
            let read: Jwk = serde_json::from_str(&serde_json::to_string(&jwk).unwrap()).unwrap();
            assert_eq!(read, jwk);
            assert_eq!(Jwk::from_public_key(&read.public_key().unwrap()), Ok(jwk.clone()));
            assert_eq!(jwk.kid().map(str::to_owned), jwk.thumbprint().ok());
        }
    }

    #[test]
    fn a_member_that_is_wrong_is_named() {
        let jwk = ec();
        let refused = |member: &str, value: Value| with(&jwk, member, value).public_key().unwrap_err();
        assert_eq!(refused("kty", json!("oct")), Error::Jwk("kty"));
        assert_eq!(refused("crv", json!("P-384")), Error::Jwk("crv"));
        assert_eq!(refused("x", Value::Null), Error::Jwk("x"));
        assert_eq!(refused("y", json!(base64url::encode(&[1; 33]))), Error::Jwk("coordinate length"));
        assert_eq!(refused("y", json!(base64url::encode(&[1; 32]))), Error::Jwk("point"));
        assert_eq!(refused("d", json!("AQ")), Error::Jwk("private key"));
        let padded = jwk.x.clone().unwrap() + "=";
        assert_eq!(refused("x", json!(padded)), Error::Base64Url("x"));
        let rsa = rsa(2048);
        assert!(rsa.public_key().is_ok());
        let zero = base64url::encode(
            &[&[0], &base64url::decode(rsa.n.as_deref().unwrap(), "n").unwrap()[..]].concat(),
        );
        assert_eq!(with(&rsa, "n", json!(zero)).public_key(), Err(Error::Jwk("leading zero")));
        assert_eq!(with(&rsa, "e", json!("Ag")).public_key(), Err(Error::Jwk("RSA key")));
        let short = RsaPrivateKey::generate(1024, &mut rng()).unwrap().public_key();
        assert_eq!(Jwk::from_public_key(&PublicKey::Rsa(short)), Err(Error::Jwk("RSA key too short")));
        let p384 = EcPrivateKey::generate(Curve::P384, &mut rng()).public_key();
        assert_eq!(Jwk::from_public_key(&PublicKey::Ec(p384)), Err(Error::Jwk("curve")));
    }

    #[test]
    fn a_private_member_is_not_kept() {
        let jwk = with(&ec(), "d", json!("c2VjcmV0"));
        assert!(!format!("{jwk:?}").contains("c2VjcmV0"));
        assert!(!serde_json::to_string(&jwk).unwrap().contains("c2VjcmV0"));
    }

    #[test]
    fn a_set_is_bounded_and_may_hold_unknown_kinds() {
        let json = |count| {
            let keys = vec![json!({"kty": "OKP", "crv": "Ed25519", "x": "AA"}); count];
            serde_json::to_vec(&json!({"keys": keys})).unwrap()
        };
        assert_eq!(JwkSet::from_json(&json(MAX_KEYS)).unwrap().keys.len(), MAX_KEYS);
        assert_eq!(JwkSet::from_json(&json(MAX_KEYS + 1)), Err(Error::TooLarge));
        let mut padded = json(1);
        padded.resize(MAX_LEN, b' ');
        assert!(JwkSet::from_json(&padded).is_ok());
        padded.push(b' ');
        assert_eq!(JwkSet::from_json(&padded), Err(Error::TooLarge));
        assert_eq!(JwkSet::from_json(b"[]"), Err(Error::Jwk("JSON")));
    }
}
