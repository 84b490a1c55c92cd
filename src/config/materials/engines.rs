//! The face engines.

use face::{Engine, LocalEngine, LocalEngineConfig};
use jose::SigningKey;

use super::Reader;
use crate::config::{Mistake, is_loopback_http};
use crate::face_engines::{BackChannel, FaceEngines, Source, read_keys};

/// The fewest characters of the token that an engine is shown.
const MIN_TOKEN: usize = 32;

impl Reader<'_> {
    /// The built-in engine, if it is configured; it loads nothing yet.
    pub(super) fn built_in(&mut self) -> Option<LocalEngine> {
        let face = &self.config.face;
        let built_in = face.built_in.as_ref()?;
        let config = LocalEngineConfig {
            version: built_in.version.clone(),
            accept: face.min_similarity,
            borderline: face.borderline_similarity,
            same_capture: built_in.same_capture,
            threads: built_in.threads,
        };
        self.noted(LocalEngine::new(config).map_err(|error| Mistake::new("face.built_in", error)))
    }

    pub(super) fn engines(&mut self, statement_keys: &[SigningKey]) -> Option<FaceEngines> {
        let mut sources = Vec::new();
        for (i, engine) in self.config.face.engines.iter().enumerate() {
            let key = |name: &str| format!("face.engines.{i}.{name}");
            if engine.demo && !self.config.is_demo() {
                self.wrong(key("demo"), "for the demo environment only");
            }
            let jwks_file = self.config.path(&engine.jwks_file);
            if let Err(error) = read_keys(&jwks_file) {
                self.wrong(key("jwks_file"), error);
                return None;
            }
            let back_channel = self.back_channel(engine, &key);
            let engine = Engine {
                id: engine.id.clone(),
                versions: engine.versions.clone(),
                keys: Vec::new(),
                certificates: engine.certificates.clone(),
                demo: engine.demo,
            };
            sources.push(Source { engine, jwks_file, back_channel });
        }
        let built_in = self.config.face.built_in.is_some();
        let engines = FaceEngines::open(sources, built_in, statement_keys);
        self.noted(engines.map_err(|error| Mistake::new("face.engines", error)))
    }

    fn back_channel(
        &mut self,
        engine: &crate::config::FaceEngine,
        key: &dyn Fn(&str) -> String,
    ) -> Option<BackChannel> {
        let Some(url) = &engine.url else {
            if engine.token.is_some() || engine.token_file.is_some() {
                self.wrong(key("token"), "without url nobody is shown it");
            }
            return None;
        };
        let plain = self.config.is_demo() && is_loopback_http(url);
        if !(url.starts_with("https://") || plain) || url.ends_with('/') || url.contains(['?', '#', '@']) {
            self.wrong(key("url"), "must be an https:// address without slash, query or fragment at its end");
        }
        let token = self.required(&key("token"), &engine.token, engine.token_file.as_deref())?;
        if token.expose().len() < MIN_TOKEN || !token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
            self.wrong(key("token"), "must be 32 visible characters or more");
        }
        Some(BackChannel { url: url.clone(), token })
    }
}
