//! Document signers met before: parsed, their keys prepared, and which signatures over them were tried.
//!
//! What is remembered are facts of arithmetic over bytes: this key made this signature, or did not. Whether anybody is trusted, distrusted, valid or revoked is no such fact and is judged anew each time, with the
//! store and the time of the inspection; so nothing here can turn a refusal into an acceptance, whatever the store
//! becomes. A document signer enters only once a path to a trusted certificate was found, so strangers fill nothing.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use crypto::{PublicKey, SignatureNotes};

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
    signed: Option<SignatureNotes>,
}

impl Trials {
    /// Whether the signature of `certificate` is right under `key`, which is that of `issuer`. Who issued one document
    /// signer issues others: its key is prepared.
    pub(crate) fn signed(
        &mut self,
        certificate: &Certificate,
        issuer: &Certificate,
        key: &PublicKey,
    ) -> bool {
        let same = |trial: &&Trial| trial.certificate == certificate.sha256 && trial.issuer == issuer.sha256;
        if let Some(trial) = self.0.iter().find(same) {
            return trial.signed.is_some();
        }
        let signed = certificate.signed.verify(key).ok();
        if signed.is_some() {
            key.prepare();
        }
        if self.0.len() < MAX_TRIALS {
            let trial = Trial { certificate: certificate.sha256, issuer: issuer.sha256, signed };
            Arc::make_mut(&mut self.0).push(trial);
        }
        signed.is_some()
    }

    /// A signature that is right has no NULL in its DigestInfo.
    pub(crate) fn without_null(&self) -> bool {
        self.0.iter().filter_map(|trial| trial.signed).any(|notes| notes.digest_info_without_null)
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
pub(crate) struct KnownSigners(RwLock<[HashMap<Place, Signer>; 2]>);

/// The end of a certificate, which is of its signature: where it is looked for, to be compared whole.
type Place = [u8; 32];

fn place(der: &[u8]) -> Place {
    der.last_chunk().copied().unwrap_or_default()
}

impl fmt::Debug for KnownSigners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KnownSigners({})", self.len())
    }
}

impl KnownSigners {
    /// The document signer with this certificate. Whoever is asked for again signs many documents: its key is prepared.
    pub(crate) fn get(&self, der: &[u8]) -> Option<Signer> {
        let place = place(der);
        let (signer, is_young) = {
            let [young, old] = &*self.0.read().unwrap_or_else(PoisonError::into_inner);
            match young.get(&place) {
                Some(signer) => (signer.clone(), true),
                None => (old.get(&place)?.clone(), false),
            }
        };
        if signer.certificate.der != der {
            return None;
        }
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
            young.get(&place(&signer.certificate.der)).is_some_and(|known| {
                known.certificate.sha256 == signer.certificate.sha256
                    && known.trials.0.len() >= signer.trials.0.len()
            })
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
        young.insert(place(&signer.certificate.der), signer.clone());
    }

    pub(crate) fn len(&self) -> usize {
        let [young, old] = &*self.0.read().unwrap_or_else(PoisonError::into_inner);
        old.keys().filter(|place| !young.contains_key(*place)).count() + young.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clock::UnixTime;
    use test_passports::{State, StateBuilder};

    fn state() -> State {
        StateBuilder::new(UnixTime(1_780_000_000)).build()
    }

    fn signer(serial: u64) -> Signer {
        let der = state().with_dsc(|dsc| dsc.serial = serial).dsc.certificate;
        Signer::new(Arc::new(Certificate::parse(&der).unwrap()))
    }

    #[test]
    fn the_number_of_document_signers_is_bounded_and_who_is_asked_for_stays() {
        let known = KnownSigners::default();
        let first = signer(1);
        known.remember(&first);
        let mut other = (*signer(2).certificate).clone();
        for n in 0..3 * GENERATION {
            let tail = other.der.len() - 8;
            other.der[tail..].copy_from_slice(&n.to_be_bytes());
            known.remember(&Signer::new(Arc::new(other.clone())));
            assert!(known.len() <= 2 * GENERATION);
            if n % 1000 == 0 {
                assert!(known.get(&first.certificate.der).is_some(), "{n}");
            }
        }
        assert!(known.get(&signer(2).certificate.der).is_none());
    }

    #[test]
    fn a_certificate_with_the_same_end_is_another_one() {
        let known = KnownSigners::default();
        let first = signer(1);
        known.remember(&first);
        let mut other = first.certificate.der.clone();
        other[20] ^= 1;
        assert!(known.get(&other).is_none());
        assert!(known.get(&first.certificate.der).is_some());
        assert!(known.get(&[]).is_none());
    }

    #[test]
    fn a_trial_is_made_once_whatever_came_of_it() {
        let (state, other) = (state(), StateBuilder::new(UnixTime(1_780_000_000)).named("XXA", "XA").build());
        let [dsc, csca, wrong] = [&state.dsc, &state.csca, &other.csca]
            .map(|authority| Certificate::parse(&authority.certificate).unwrap());
        let mut trials = Trials::default();
        let (right_key, wrong_key) = (csca.public_key().unwrap(), wrong.public_key().unwrap());
        assert!(trials.signed(&dsc, &csca, right_key));
        assert!(!trials.signed(&dsc, &wrong, wrong_key));
        // With the keys exchanged the answers are those remembered: nothing was computed.
        assert!(trials.signed(&dsc, &csca, wrong_key));
        assert!(!trials.signed(&dsc, &wrong, right_key));
        assert_eq!(trials.0.len(), 2);
    }
}
