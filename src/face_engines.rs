//! The face engines of the configuration: whose results count, by which keys, and where the back channel of each is.
//!
//! Keys are pinned: they stand in files, and nothing that an engine says adds one. A file that was changed is read again, so
//! that an engine changes its key without a restart; one that cannot be read leaves the keys as they were, and is told.

mod back_channel;

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use face::{Engine, EngineRegistry};
use jose::{JwkSet, SigningKey};

pub use back_channel::{BackChannel, Fetched, Trouble};
pub use protocol::challenge::BUILT_IN;

/// The engines.
pub struct FaceEngines {
    sources: Vec<Source>,
    built_in: Option<Engine>,
    current: RwLock<Current>,
}

/// An engine, as it is configured.
#[derive(Clone)]
pub struct Source {
    /// The engine; its keys are those of the file.
    pub engine: Engine,
    /// The file with its keys, a JWK set.
    pub jwks_file: PathBuf,
    /// Its back channel, if it has one.
    pub back_channel: Option<BackChannel>,
}

struct Current {
    registry: Arc<EngineRegistry>,
    broken: bool,
}

impl FaceEngines {
    /// Reads the keys of the engines. `statement_keys` are our own: the built-in engine, if it is there, signs with them.
    ///
    /// # Errors
    /// What is wrong with a file, or with the engines together.
    pub fn open(sources: Vec<Source>, built_in: bool, statement_keys: &[SigningKey]) -> Result<Self, String> {
        let built_in = built_in.then(|| Engine {
            id: BUILT_IN.to_owned(),
            versions: vec![face::VERSION.to_owned()],
            keys: statement_keys.iter().map(SigningKey::jwk).collect(),
            // Its challenge is a hurdle that no laboratory has tested: never eidas3 by it.
            certificates: Vec::new(),
            demo: false,
        });
        let registry = Arc::new(read(&sources, built_in.as_ref())?);
        Ok(Self { sources, built_in, current: RwLock::new(Current { registry, broken: false }) })
    }

    /// The engines with the keys that count now.
    #[must_use]
    pub fn registry(&self) -> Arc<EngineRegistry> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).registry.clone()
    }

    /// The back channel of an engine.
    #[must_use]
    pub fn back_channel(&self, engine_id: &str) -> Option<&BackChannel> {
        self.sources.iter().find(|source| source.engine.id == engine_id)?.back_channel.as_ref()
    }

    /// Reads the keys again.
    pub fn refresh(&self) {
        let read = read(&self.sources, self.built_in.as_ref());
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok(registry) if *current.registry == registry => current.broken = false,
            Ok(registry) => {
                tracing::info!("keys of face engines changed");
                *current = Current { registry: Arc::new(registry), broken: false };
            }
            Err(error) => {
                if !current.broken {
                    tracing::error!(%error, "keys of face engines cannot be read; those before go on");
                }
                current.broken = true;
            }
        }
    }
}

fn read(sources: &[Source], built_in: Option<&Engine>) -> Result<EngineRegistry, String> {
    let engine = |source: &Source| -> Result<Engine, String> {
        Ok(Engine { keys: read_keys(&source.jwks_file)?.keys, ..source.engine.clone() })
    };
    let mut engines = sources.iter().map(engine).collect::<Result<Vec<_>, _>>()?;
    engines.extend(built_in.cloned());
    EngineRegistry::new(engines).map_err(|error| error.to_string())
}

/// Reads a JWK set.
///
/// # Errors
/// With the file's name.
pub fn read_keys(file: &Path) -> Result<JwkSet, String> {
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let bytes = std::fs::read(file).map_err(|error| told(&error))?;
    JwkSet::from_json(&bytes).map_err(|error| told(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto::{Curve, EcPrivateKey};
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    fn keys(seeds: &[u64]) -> String {
        let key = |seed: &u64| {
            let mut rng = ChaCha20Rng::seed_from_u64(*seed);
            SigningKey::new(EcPrivateKey::generate(Curve::P256, &mut rng)).unwrap().jwk()
        };
        serde_json::to_string(&JwkSet::from(seeds.iter().map(key).collect::<Vec<_>>())).unwrap()
    }

    #[test]
    fn changed_keys_count_at_the_next_look_and_a_broken_file_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("engine.jwks");
        let engine = Engine {
            id: "e".into(),
            versions: vec!["1".into()],
            keys: vec![],
            certificates: vec![],
            demo: false,
        };
        let source = Source { engine, jwks_file: file.clone(), back_channel: None };
        assert!(FaceEngines::open(vec![source.clone()], false, &[]).err().unwrap().contains("engine.jwks"));
        std::fs::write(&file, keys(&[1])).unwrap();
        let engines = FaceEngines::open(vec![source], false, &[]).unwrap();
        let first = engines.registry();
        engines.refresh();
        assert_eq!(engines.registry(), first);
        for broken in ["{", r#"{"keys": []}"#] {
            std::fs::write(&file, broken).unwrap();
            engines.refresh();
            assert_eq!(engines.registry(), first, "{broken}");
        }
        std::fs::write(&file, keys(&[1, 2])).unwrap();
        engines.refresh();
        assert_ne!(engines.registry(), first);
    }
}
