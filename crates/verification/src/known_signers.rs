//! Document signers met before: parsed, their keys prepared, and which signatures over them were tried.
//!
//! What is remembered are facts of arithmetic over bytes that a SHA-256 names: this key made this signature, or did
//! not. Whether anybody is trusted, distrusted, valid or revoked is no such fact and is judged anew each time, with the
//! store and the time of the inspection; so nothing here can turn a refusal into an acceptance, whatever the store
//! becomes. A document signer enters only once a path to a trusted certificate was found, so strangers fill nothing.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use crypto::PublicKey;

use crate::certificate::Certificate;

/// The most document signers of a generation; there are two. The world has some thousands at a time.
const GENERATION: usize = 2048;
/// The most trials that are remembered of a document signer.
const MAX_TRIALS: usize = 64;

/// Which signatures were tried, on the way from a document signer up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trials(Arc<Vec<Trial>>);

#[derive(Clone, Debug)]
struct Trial {
    certificate: [u8; 32],
    issuer: [u8; 32],
    signed: bool,
}

impl Trials {
    /// Whether the signature of `certificate` is right under `key`, which is that of `issuer`.
    pub(crate) fn signed(
        &mut self,
        certificate: &Certificate,
        issuer: &Certificate,
        key: &PublicKey,
    ) -> bool {
        let same = |trial: &&Trial| trial.certificate == certificate.sha256 && trial.issuer == issuer.sha256;
        if let Some(trial) = self.0.iter().find(same) {
            return trial.signed;
        }
        let signed = certificate.signed.verify(key).is_ok();
        if self.0.len() < MAX_TRIALS {
            let trial = Trial { certificate: certificate.sha256, issuer: issuer.sha256, signed };
            Arc::make_mut(&mut self.0).push(trial);
        }
        signed
    }
}

/// A document signer and its trials.
#[derive(Clone, Debug)]
pub(crate) struct Signer {
    pub(crate) certificate: Arc<Certificate>,
    pub(crate) trials: Trials,
}

impl Signer {
    pub(crate) fn new(certificate: Arc<Certificate>) -> Self {
        Self { certificate, trials: Trials::default() }
    }
}

/// The document signers, shared by threads. Of the two generations the older one goes when the younger one is full; who
/// is asked for passes into the younger one.
#[derive(Default)]
pub(crate) struct KnownSigners(RwLock<[HashMap<[u8; 32], Signer>; 2]>);

impl fmt::Debug for KnownSigners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KnownSigners({})", self.len())
    }
}

impl KnownSigners {
    /// The document signer of this SHA-256. Whoever is asked for again signs many documents: its key is prepared.
    pub(crate) fn get(&self, sha256: &[u8; 32]) -> Option<Signer> {
        let (signer, is_young) = {
            let [young, old] = &*self.0.read().unwrap_or_else(PoisonError::into_inner);
            match young.get(sha256) {
                Some(signer) => (signer.clone(), true),
                None => (old.get(sha256)?.clone(), false),
            }
        };
        if !is_young {
            self.put(&signer);
        }
        if let Ok(key) = signer.certificate.public_key() {
            key.prepare();
        }
        Some(signer)
    }

    /// Remembers a document signer, if there is anything new of it.
    pub(crate) fn remember(&self, signer: &Signer) {
        let is_known = {
            let [young, _] = &*self.0.read().unwrap_or_else(PoisonError::into_inner);
            let known = young.get(&signer.certificate.sha256);
            known.is_some_and(|known| known.trials.0.len() >= signer.trials.0.len())
        };
        if !is_known {
            self.put(signer);
        }
    }

    fn put(&self, signer: &Signer) {
        let [young, old] = &mut *self.0.write().unwrap_or_else(PoisonError::into_inner);
        if young.len() >= GENERATION {
            *old = std::mem::take(young);
        }
        young.insert(signer.certificate.sha256, signer.clone());
    }

    pub(crate) fn len(&self) -> usize {
        let [young, old] = &*self.0.read().unwrap_or_else(PoisonError::into_inner);
        old.keys().filter(|sha256| !young.contains_key(*sha256)).count() + young.len()
    }
}
