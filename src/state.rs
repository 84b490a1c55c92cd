//! What every handler has: configuration, storage, clock, randomness, keys, trust.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use attestation::AttestationPolicy;
use axum::body::Bytes;
use clock::Clock;
use face::{FacePolicy, LocalEngine};
use identity::{CogTable, EnrolmentPolicy};
use jose::{JwkSet, SigningKey};
use oidc::{Client, Clients, ProviderMetadata};
use protocol::codes::Language;
use rand_chacha::ChaCha20Rng;
use rand_core::{CryptoRng, SeedableRng};
use storage::Database;
use tokio::sync::Semaphore;

use crate::client_keys::{ClientKeys, NoKey};
use crate::config::{Config, ConsentDocument, Materials, Mistake, Mistakes, Secret, Theme};
use crate::face_engines::FaceEngines;
use crate::http::limits::Buckets;
use crate::http::own;
use crate::mail::Mailer;
use crate::metrics::Metrics;
use crate::oidc_keys::OidcKeys;
use crate::trust::Trust;

/// Pictures and captures that are worked on at one time.
const FACE_WORK: usize = 2;

/// The state of a server; clones share it.
#[derive(Clone)]
pub struct AppState(Arc<Services>);

impl Deref for AppState {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.0
    }
}

/// What the state holds.
pub struct Services {
    /// The configuration.
    pub config: Config,
    /// The storage.
    pub database: Database,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Whose documents are trusted.
    pub trust: Trust,
    /// The face engines.
    pub engines: FaceEngines,
    /// The built-in engine.
    pub built_in: Option<Arc<LocalEngine>>,
    /// What is asked of their results.
    pub face_policy: FacePolicy,
    /// Permits to decode pictures and to ask the built-in engine: they take memory and time.
    pub face_work: Arc<Semaphore>,
    /// Which phones are accepted.
    pub attestation: AttestationPolicy,
    /// Who may enrol.
    pub enrolment_policy: EnrolmentPolicy,
    /// The texts to consent to, in order.
    pub consents: Vec<ConsentDocument>,
    /// The deployer's theme.
    pub theme: Theme,
    /// The places that may be declared.
    pub places: &'static CogTable,
    /// The clients.
    pub clients: Clients,
    /// Our own pages as a client.
    pub own_client: Clients,
    /// The keys that their tokens are encrypted to.
    pub client_keys: ClientKeys,
    /// Sign ID tokens and userinfo.
    pub oidc_keys: OidcKeys,
    /// Makes pairwise subjects.
    pub pairwise_key: Secret<[u8; 32]>,
    /// The answer of the discovery endpoint.
    pub metadata: Bytes,
    /// Authenticates nonces of signed requests.
    pub nonce_key: Secret<[u8; 32]>,
    /// Signs our own decisions.
    pub statement_key: SigningKey,
    /// Verifies them, older ones too.
    pub statement_keys: JwkSet,
    /// Sends mail.
    pub mailer: Mailer,
    /// Wakes who sends the mail that waits.
    pub news: tokio::sync::Notify,
    /// What happened since the start.
    pub metrics: Metrics,
    /// Requests of each address.
    pub buckets: Buckets,
    rng: Mutex<ChaCha20Rng>,
}

impl AppState {
    /// Opens the storage and puts everything together. `rng` seeds every generator of the server.
    ///
    /// # Errors
    /// [`Mistakes`] of the configuration, of the database or of the mail folder.
    pub async fn open(
        config: Config,
        materials: Materials,
        clock: Arc<dyn Clock>,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<Self, Mistakes> {
        let mistake = |key: &str, error: &dyn std::fmt::Display| Mistakes(vec![Mistake::new(key, error)]);
        let mut rng = ChaCha20Rng::from_rng(rng);
        let storage_rng = ChaCha20Rng::from_rng(&mut rng);
        let database = Database::connect(materials.database.expose(), materials.storage_keys, storage_rng)
            .await
            .map_err(|error| mistake("database", &error))?;
        let mailer = Mailer::new(&config, materials.mail_password.as_ref(), &materials.mail_roots)
            .map_err(|error| mistake("mail", &error))?;
        let mut statement_keys = materials.statement_keys;
        let files = config.keys.oidc_signing_files.iter().map(|file| config.path(file)).collect();
        let oidc_keys = OidcKeys::new(files, materials.oidc_keys);
        let public = |keys: &[SigningKey]| JwkSet::from(keys.iter().map(SigningKey::jwk).collect::<Vec<_>>());
        let own_keys = public(&statement_keys);
        let own_client = own::client(&config.issuer, &mut rng).map_err(|error| mistake("issuer", &error))?;
        let services = Services {
            own_client,
            metadata: ProviderMetadata::new(&config.issuer, &materials.clients).to_json().into(),
            clients: materials.clients,
            client_keys: materials.client_keys,
            oidc_keys,
            pairwise_key: materials.pairwise_key,
            nonce_key: materials.nonce_key,
            buckets: Buckets::new(config.limits.burst, config.limits.per_minute),
            config,
            database,
            clock,
            trust: materials.trust,
            engines: materials.engines,
            built_in: materials.built_in.map(Arc::new),
            face_policy: materials.face_policy,
            face_work: Arc::new(Semaphore::new(FACE_WORK)),
            attestation: materials.attestation,
            enrolment_policy: materials.enrolment,
            consents: materials.consents,
            theme: materials.theme,
            places: CogTable::embedded(),
            statement_key: statement_keys.swap_remove(0),
            statement_keys: own_keys,
            mailer,
            news: tokio::sync::Notify::new(),
            metrics: Metrics::default(),
            rng: Mutex::new(rng),
        };
        Ok(Self(Arc::new(services)))
    }
}

impl Services {
    /// The time now.
    #[must_use]
    pub fn now(&self) -> clock::UnixTime {
        self.clock.now()
    }

    /// Reads again what others change on disk: the trust store, the keys of engines. It blocks.
    pub fn refresh(&self) {
        self.trust.refresh();
        self.engines.refresh();
    }

    /// A client whose logins are known here: one of the configuration, or our own pages.
    #[must_use]
    pub fn client(&self, id: &str) -> Option<&Client> {
        self.own_client.get(id).or_else(|| self.clients.get(id))
    }

    /// A sentence on what a client is, as its configuration has it; empty without one.
    #[must_use]
    pub fn notice(&self, client_id: &str, language: Language) -> String {
        let name = if language == Language::Fr { "fr" } else { "en" };
        self.client_config(client_id).and_then(|client| client.notice.get(name)).cloned().unwrap_or_default()
    }

    /// The version of the consent text that is shown at a client's logins.
    #[must_use]
    pub fn consent_version(&self, client_id: &str) -> &str {
        self.client_config(client_id).map_or("", |client| client.consent_version.as_str())
    }

    /// A token as its client gets it: signed by `sign` with the key of the client's algorithm, encrypted if it asked for that.
    ///
    /// # Errors
    /// What is missing: our key, or the client's.
    pub fn token_for(
        &self,
        client: &Client,
        sign: impl FnOnce(&SigningKey) -> String,
    ) -> Result<String, String> {
        let (algorithm, keys) = (client.policy().signing, self.oidc_keys.now());
        let key =
            keys.signing(algorithm, self.now()).ok_or_else(|| format!("no key for {}", algorithm.name()))?;
        self.encrypted(client, sign(key)).map_err(|error| error.to_string())
    }

    /// A signed token as its client gets it: encrypted, if it asked for that.
    ///
    /// # Errors
    /// [`NoKey`]: no key of the client's is at hand.
    fn encrypted(&self, client: &Client, token: String) -> Result<String, NoKey> {
        let (Some(encryption), Some(key)) = (client.encryption(), self.client_keys.key(client)?) else {
            return Ok(token);
        };
        key.encrypt(encryption.enc, &token, &mut self.rng())
            .map_err(|_| NoKey::NoneForAlgorithm(encryption.alg.name()))
    }

    /// Whether the holder is told by mail of a connection to this client. Of our own pages, never: what is done there is told.
    #[must_use]
    pub fn tells_by_mail(&self, client_id: &str) -> bool {
        self.client_config(client_id).is_some_and(|client| client.notice_by_mail)
    }

    fn client_config(&self, client_id: &str) -> Option<&crate::config::Client> {
        self.config.clients.iter().find(|client| client.id == client_id)
    }

    /// A generator for one request, seeded with 256 bits of the server's.
    #[must_use]
    pub fn rng(&self) -> ChaCha20Rng {
        ChaCha20Rng::from_rng(&mut *self.rng.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
