//! What every handler has: configuration, storage, clock, randomness, keys, trust.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use attestation::AttestationPolicy;
use clock::Clock;
use face::{EngineRegistry, FacePolicy};
use identity::{CogTable, EnrolmentPolicy};
use jose::{JwkSet, SigningKey};
use rand_chacha::ChaCha20Rng;
use rand_core::{CryptoRng, SeedableRng};
use storage::Database;
use verification::TrustStore;

use crate::config::{Config, ConsentDocument, Materials, Mistake, Mistakes};
use crate::http::limits::Buckets;
use crate::mail::Mailer;

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
    pub trust: TrustStore,
    /// The face engines.
    pub engines: EngineRegistry,
    /// What is asked of their results.
    pub face_policy: FacePolicy,
    /// Which phones are accepted.
    pub attestation: AttestationPolicy,
    /// Who may enrol.
    pub enrolment_policy: EnrolmentPolicy,
    /// The texts to consent to, in order.
    pub consents: Vec<ConsentDocument>,
    /// The places that may be declared.
    pub places: &'static CogTable,
    /// Signs our own decisions.
    pub statement_key: SigningKey,
    /// Verifies them, older ones too.
    pub statement_keys: JwkSet,
    /// Sends mail.
    pub mailer: Mailer,
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
        let mailer = Mailer::new(&config, materials.mail_password.as_ref())
            .map_err(|error| mistake("mail", &error))?;
        let mut statement_keys = materials.statement_keys;
        let jwks: Vec<_> = statement_keys.iter().map(SigningKey::jwk).collect();
        let services = Services {
            buckets: Buckets::new(config.limits.burst, config.limits.per_minute),
            config,
            database,
            clock,
            trust: materials.trust,
            engines: materials.engines,
            face_policy: materials.face_policy,
            attestation: materials.attestation,
            enrolment_policy: materials.enrolment,
            consents: materials.consents,
            places: CogTable::embedded(),
            statement_key: statement_keys.swap_remove(0),
            statement_keys: jwks.into(),
            mailer,
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

    /// A generator for one request, seeded with 256 bits of the server's.
    #[must_use]
    pub fn rng(&self) -> ChaCha20Rng {
        ChaCha20Rng::from_rng(&mut *self.rng.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
