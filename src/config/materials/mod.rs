//! What the files that a configuration names hold: keys, trust, texts. Reading it finds every mistake but those of
//! the database and the network.

mod clients;
mod engines;
mod enrolment;
mod theme;
mod trust;
mod values;

use std::path::Path;
use std::sync::Arc;

use attestation::AttestationPolicy;
use clock::UnixTime;
use crypto::hkdf_sha256;
use face::{FacePolicy, LocalEngine};
use identity::EnrolmentPolicy;
use jose::{Algorithm, SigningKey};
use oidc::Clients;
use protocol::enrolment::ConsentText;
use storage::StorageKeys;

pub use theme::{Theme, ThemeFile};

use super::values::{key_bytes, secret, server_certificate, signing_key};
use super::{Config, Mistake, Mistakes, Secret};
use crate::client_keys::ClientKeys;
use crate::face_engines::FaceEngines;
use crate::oidc_keys::SigningKeys;
use crate::trust::Trust;

/// A text to consent to.
#[derive(Clone, Debug)]
pub struct ConsentDocument {
    /// As the app gets it.
    pub entry: ConsentText,
    /// The text.
    pub text: String,
}

/// What the files hold.
pub struct Materials {
    /// The address of the database.
    pub database: Secret<String>,
    /// The keys of the storage.
    pub storage_keys: StorageKeys,
    /// The keys of ID tokens.
    pub oidc_keys: SigningKeys,
    /// Makes pairwise subjects; the same in every server of one configuration.
    pub pairwise_key: Secret<[u8; 32]>,
    /// The keys of our own statements: the first signs.
    pub statement_keys: Vec<SigningKey>,
    /// The clients.
    pub clients: Clients,
    /// The keys that their tokens are encrypted to.
    pub client_keys: ClientKeys,
    /// Authenticates the nonces of signed requests; the same in every server of one configuration.
    pub nonce_key: Secret<[u8; 32]>,
    /// Whose documents are trusted.
    pub trust: Trust,
    /// The face engines.
    pub engines: FaceEngines,
    /// The built-in engine.
    pub built_in: Option<LocalEngine>,
    /// What is asked of their results.
    pub face_policy: FacePolicy,
    /// Which phones are accepted.
    pub attestation: AttestationPolicy,
    /// Who may enrol.
    pub enrolment: EnrolmentPolicy,
    /// The texts to consent to, in order.
    pub consents: Vec<ConsentDocument>,
    /// The password of the mail server.
    pub mail_password: Option<Secret<String>>,
    /// Roots, DER, that its certificate may lead to beside the usual ones.
    pub mail_roots: Vec<Vec<u8>>,
    /// The deployer's theme.
    pub theme: Theme,
    /// TLS of the listener.
    pub tls: Option<Arc<rustls::ServerConfig>>,
}

/// Collects mistakes, so that one run finds them all.
struct Reader<'a> {
    config: &'a Config,
    mistakes: Vec<Mistake>,
}

impl Materials {
    /// Reads everything that a configuration names.
    ///
    /// # Errors
    /// Every mistake that was found.
    pub fn read(config: &Config, now: UnixTime) -> Result<Self, Mistakes> {
        let mut reader = Reader { config, mistakes: Vec::new() };
        let materials = reader.materials(now);
        match materials {
            Some(materials) if reader.mistakes.is_empty() => Ok(materials),
            _ => Err(Mistakes(reader.mistakes)),
        }
    }
}

impl Reader<'_> {
    fn wrong(&mut self, key: impl Into<String>, text: impl ToString) {
        self.mistakes.push(Mistake::new(key, text));
    }

    fn noted<T>(&mut self, result: Result<T, Mistake>) -> Option<T> {
        result.map_err(|mistake| self.mistakes.push(mistake)).ok()
    }

    fn materials(&mut self, now: UnixTime) -> Option<Materials> {
        let tls = self.listener();
        let database = self.required(
            "database.url",
            &self.config.database.url,
            self.config.database.url_file.as_deref(),
        );
        let kek = self.storage_key(
            "keys.encryption",
            &self.config.keys.encryption,
            self.config.keys.encryption_file.as_deref(),
        );
        let lookup = self.storage_key(
            "keys.lookup",
            &self.config.keys.lookup,
            self.config.keys.lookup_file.as_deref(),
        );
        if kek.is_some() && kek == lookup {
            self.wrong("keys.lookup", "equals keys.encryption");
        }
        let previous = self.previous_keks(kek);
        let oidc_keys = self.oidc_keys();
        let statement_keys = self.signing_keys("keys.statement_files", &self.config.keys.statement_files);
        let shared = |keys: &SigningKeys| {
            keys.iter().any(|key| statement_keys.iter().any(|other| other.kid() == key.kid()))
        };
        if oidc_keys.as_ref().is_some_and(shared) {
            self.wrong("keys.statement_files", "a key of keys.oidc_signing_files");
        }
        self.check_values();
        let (clients, client_keys) = (self.clients(), self.client_keys());
        self.check_algorithms(oidc_keys.as_ref());
        let trust = self.trust();
        let (engines, built_in) = (self.engines(&statement_keys), self.built_in());
        let attestation = self.attestation(now);
        let consents = self.consents();
        let (mail_password, mail_roots) = self.mail();
        let theme = self.theme();
        let nonce_key = hkdf_sha256(&lookup?, b"", b"sceau/nonce/v1", 32);
        let pairwise_key = hkdf_sha256(&lookup?, b"", b"sceau/pairwise-key/v1", 32);
        Some(Materials {
            pairwise_key: Secret::new(pairwise_key.as_slice().try_into().ok()?),
            database: self.database_address(database?),
            storage_keys: StorageKeys::new(kek?, lookup?).with_previous(&previous),
            oidc_keys: oidc_keys?,
            statement_keys,
            clients: clients?,
            client_keys,
            nonce_key: Secret::new(nonce_key.as_slice().try_into().ok()?),
            trust: trust?,
            engines: engines?,
            built_in,
            face_policy: FacePolicy {
                min_similarity: self.config.face.min_similarity,
                borderline_similarity: self.config.face.borderline_similarity,
                max_age: self.config.face.max_age,
                accept_demo: self.config.is_demo(),
            },
            attestation,
            enrolment: self.enrolment(&consents),
            consents,
            mail_password,
            mail_roots,
            theme,
            tls,
        })
    }

    /// The issuer identifier (OpenID Connect Discovery 1.0, section 3) and the listener; its TLS.
    fn listener(&mut self) -> Option<Arc<rustls::ServerConfig>> {
        let issuer = self.config.issuer.as_str();
        let listen = self.config.server.listen;
        let loopback = self.config.issuer_is_loopback();
        if !(issuer.starts_with("https://") || loopback && self.config.is_demo()) {
            self.wrong(
                "issuer",
                "must begin with https:// (http:// on a loopback host is for the demo environment)",
            );
        }
        if issuer.ends_with('/') || issuer.contains(['?', '#', '@']) || issuer.split('/').count() != 3 {
            self.wrong(
                "issuer",
                "must be scheme and host only, without slash, path, query or fragment at its end",
            );
        }
        if let Some(url) = &self.config.server.app_url
            && !(url.starts_with("https://") || (self.config.is_demo() && super::is_loopback_http(url)))
        {
            self.wrong("server.app_url", "must begin with https://");
        }
        if self.config.server.tls.is_none() && !listen.ip().is_loopback() {
            self.wrong("server.listen", "without server.tls it must be a loopback address");
        }
        if self.config.metrics.as_ref().is_some_and(|metrics| metrics.listen == listen) {
            self.wrong("metrics.listen", "is the address of server.listen");
        }
        let tls = self.config.server.tls.as_ref()?;
        let (chain, key) = (self.config.path(&tls.certificate_file), self.config.path(&tls.key_file));
        let read = server_certificate(&chain, &key);
        self.noted(read.map_err(|(key, text)| Mistake::new(format!("server.tls{key}"), text)))
    }

    /// A relative path of SQLite begins at the file's folder, like every other path of the configuration.
    fn database_address(&self, address: Secret<String>) -> Secret<String> {
        match address.expose().strip_prefix("sqlite:") {
            Some(path) if !path.starts_with(['/', ':']) => {
                Secret::new(format!("sqlite:{}", self.config.path(Path::new(path)).display()))
            }
            _ => address,
        }
    }

    fn secret(
        &mut self,
        key: &str,
        inline: &Option<Secret<String>>,
        file: Option<&Path>,
    ) -> Option<Secret<String>> {
        let file = file.map(|file| self.config.path(file));
        let found = secret(key, inline.as_ref(), file.as_deref());
        self.noted(found).flatten()
    }

    fn required(
        &mut self,
        key: &str,
        inline: &Option<Secret<String>>,
        file: Option<&Path>,
    ) -> Option<Secret<String>> {
        if inline.is_none() && file.is_none() {
            self.wrong(key, format!("missing: give it or {key}_file"));
        }
        self.secret(key, inline, file)
    }

    fn storage_key(
        &mut self,
        key: &str,
        inline: &Option<Secret<String>>,
        file: Option<&Path>,
    ) -> Option<[u8; 32]> {
        let secret = self.required(key, inline, file)?;
        let bytes = key_bytes(secret.expose());
        if bytes.is_none() {
            self.wrong(key, "must be 32 bytes in hexadecimal or base64");
        }
        bytes
    }

    fn previous_keks(&mut self, kek: Option<[u8; 32]>) -> Vec<[u8; 32]> {
        let files = self.config.keys.previous_encryption_files.iter();
        let files: Vec<_> = files.map(|file| self.config.path(file)).collect();
        let mut previous = Vec::new();
        for (i, file) in files.iter().enumerate() {
            let key = format!("keys.previous_encryption_files.{i}");
            let bytes = secret(&key, None, Some(file)).map(|text| text.and_then(|t| key_bytes(t.expose())));
            match bytes {
                Err(mistake) => self.wrong(key, mistake.text),
                Ok(None) => self.wrong(key, "must be 32 bytes in hexadecimal or base64"),
                Ok(same) if same == kek => self.wrong(key, "equals keys.encryption"),
                Ok(other) => previous.extend(other),
            }
        }
        previous
    }

    fn oidc_keys(&mut self) -> Option<SigningKeys> {
        const KEY: &str = "keys.oidc_signing_files";
        let files: Vec<_> =
            self.config.keys.oidc_signing_files.iter().map(|file| self.config.path(file)).collect();
        if files.is_empty() {
            self.wrong(KEY, "needs at least one file");
            return None;
        }
        let read = SigningKeys::read(&files);
        read.map_err(|wrong| wrong.into_iter().for_each(|(i, text)| self.wrong(format!("{KEY}.{i}"), text)))
            .ok()
    }

    /// Every client's tokens can be signed as it asks.
    fn check_algorithms(&mut self, keys: Option<&SigningKeys>) {
        let Some(keys) = keys else { return };
        for (i, client) in self.config.clients.iter().enumerate() {
            let algorithm = client.signing_algorithm;
            if keys.signing(algorithm, UnixTime(i64::MAX)).is_none() {
                let text = format!("no key for {} in keys.oidc_signing_files", algorithm.name());
                self.wrong(format!("clients.{i}.signing_algorithm"), text);
            }
        }
    }

    fn signing_keys(&mut self, key: &str, files: &[std::path::PathBuf]) -> Vec<SigningKey> {
        if files.is_empty() {
            self.wrong(key, "needs at least one file");
        }
        let mut keys = Vec::new();
        for (i, file) in files.iter().enumerate() {
            match signing_key(&self.config.path(file)) {
                Ok(signing) if signing.algorithm() == Algorithm::Es256 => keys.push(signing),
                Ok(_) => self.wrong(format!("{key}.{i}"), "must be a P-256 key"),
                Err(text) => self.wrong(format!("{key}.{i}"), text),
            }
        }
        keys
    }
}
