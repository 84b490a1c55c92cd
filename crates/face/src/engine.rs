//! Which engines count.

use jose::{Algorithm, Jwk, JwkSet};
use serde::{Deserialize, Serialize};

use crate::Error;

/// A face engine, as it is configured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Engine {
    /// Its id: the issuer of its results.
    pub id: String,
    /// The versions accepted. What an engine's figures are worth is known per version.
    pub versions: Vec<String>,
    /// Its public keys, P-256 (ES256) or Ed25519 (EdDSA), each with a `kid`. A new key is added before the engine signs
    /// with it, an old one removed when no result of it is on its way.
    pub keys: Vec<Jwk>,
    /// What laboratories certified of its attack detection.
    #[serde(default)]
    pub certificates: Vec<Certificate>,
    /// It compares nothing and says so: accepted in the demo environment only.
    #[serde(default)]
    pub demo: bool,
}

/// What a certificate is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attack {
    /// Print, screen, mask in front of the camera (ISO/IEC 30107-3).
    Presentation,
    /// A picture that did not come from the camera (CEN/TS 18099).
    Injection,
}

/// A laboratory's certificate on an engine's attack detection. A result names it; one that is not configured does not
/// count. One of each kind is a condition of eidas3.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// What it is about.
    pub detects: Attack,
    /// The standard of the test, `ISO/IEC 30107-3:2023`.
    pub standard: String,
    /// The level reached, in the laboratory's words, `2` or `substantial`.
    pub level: String,
    /// The certificate's number.
    pub id: String,
}

/// The configured engines, found by the key that signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineRegistry {
    engines: Vec<Engine>,
}

impl EngineRegistry {
    /// Takes the engines of the configuration.
    ///
    /// # Errors
    /// [`Error::Registry`]: an id or `kid` that stands twice, an engine without version or key, a key without `kid`
    /// or that is no public key on P-256 or of Ed25519.
    pub fn new(engines: Vec<Engine>) -> Result<Self, Error> {
        let (mut ids, mut kids) = (Vec::new(), Vec::new());
        for engine in &engines {
            let refuse = |problem| Error::Registry { engine: engine.id.clone(), problem };
            if ids.contains(&engine.id) {
                return Err(refuse("its id stands twice"));
            }
            ids.push(engine.id.clone());
            if engine.versions.is_empty() || engine.keys.is_empty() {
                return Err(refuse("no version or no key"));
            }
            for key in &engine.keys {
                let kid = key.kid().ok_or_else(|| refuse("a key without kid"))?.to_owned();
                if kids.contains(&kid) {
                    return Err(refuse("a kid that stands twice"));
                }
                kids.push(kid);
                if ![Algorithm::Es256, Algorithm::EdDsa].iter().any(|algorithm| key.verifies(*algorithm)) {
                    return Err(refuse("a key that is no public key on P-256 or of Ed25519"));
                }
            }
        }
        Ok(Self { engines })
    }

    /// The ids of the engines, in the order of the configuration.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.engines.iter().map(|engine| engine.id.as_str())
    }

    /// The engine with this key, and the key as a set.
    pub(crate) fn by_kid(&self, kid: &str) -> Option<(&Engine, JwkSet)> {
        self.engines.iter().find_map(|engine| {
            let key = engine.keys.iter().find(|key| key.kid() == Some(kid))?;
            Some((engine, vec![key.clone()].into()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto::{Curve, EcPrivateKey, PublicKey, RsaPrivateKey};
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    fn key(seed: u64) -> Jwk {
        let key = EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(seed)).public_key();
        Jwk::from_public_key(&PublicKey::Ec(key)).unwrap()
    }

    fn engine(id: &str, keys: Vec<Jwk>) -> Engine {
        Engine { id: id.into(), versions: vec!["1".into()], keys, certificates: vec![], demo: false }
    }

    fn problem(engines: Vec<Engine>) -> Option<&'static str> {
        match EngineRegistry::new(engines) {
            Err(Error::Registry { problem, .. }) => Some(problem),
            _ => None,
        }
    }

    #[test]
    fn a_registry_that_contradicts_itself_is_refused() {
        let one = || engine("a", vec![key(1)]);
        assert_eq!(problem(vec![one(), engine("b", vec![key(2), key(3)])]), None);
        assert_eq!(problem(vec![one(), engine("a", vec![key(2)])]), Some("its id stands twice"));
        assert_eq!(problem(vec![one(), engine("b", vec![key(1)])]), Some("a kid that stands twice"));
        assert_eq!(problem(vec![engine("a", vec![])]), Some("no version or no key"));
        assert_eq!(problem(vec![Engine { versions: vec![], ..one() }]), Some("no version or no key"));
        let nameless = serde_json::from_str(r#"{"kty": "EC", "crv": "P-256"}"#).unwrap();
        assert_eq!(problem(vec![engine("a", vec![nameless])]), Some("a key without kid"));
        let rsa = RsaPrivateKey::generate(2048, &mut ChaCha20Rng::seed_from_u64(1)).unwrap().public_key();
        let rsa = Jwk::from_public_key(&PublicKey::Rsa(rsa)).unwrap();
        assert_eq!(
            problem(vec![engine("a", vec![rsa])]),
            Some("a key that is no public key on P-256 or of Ed25519")
        );
    }

    #[test]
    fn engines_are_listed_in_the_order_of_the_configuration() {
        let registry = EngineRegistry::new(vec![engine("b", vec![key(1)]), engine("a", vec![key(2)])]);
        assert_eq!(registry.unwrap().ids().collect::<Vec<_>>(), ["b", "a"]);
    }
}
