//! A case in memory, before its files have paths.

use std::collections::BTreeMap;

use clock::UnixTime;
use lds::FileId;

use super::manifest::{Evidence, Importance, Outcome, Policy};
use crate::{Specimen, State, StateBuilder};

/// The time at which all cases are judged, unless they say otherwise.
pub(super) fn at() -> UnixTime {
    UnixTime(1_780_272_000) // 2026-06-01T00:00:00Z
}

/// Utopia.
pub(super) fn utopia() -> State {
    StateBuilder::new(at()).build()
}

#[derive(Clone, Default)]
pub(super) struct TrustDraft {
    pub csca: Vec<Vec<u8>>,
    pub link: Vec<Vec<u8>>,
    pub dsc: Vec<Vec<u8>>,
    pub crl: Vec<Vec<u8>>,
    pub pins: Vec<String>,
}

#[derive(Clone)]
pub(super) struct Draft {
    pub id: &'static str,
    pub description: &'static str,
    pub flags: Vec<&'static str>,
    pub importance: Importance,
    pub reference: &'static str,
    pub at: UnixTime,
    pub files: BTreeMap<FileId, Vec<u8>>,
    pub objects: BTreeMap<&'static str, Vec<u8>>,
    pub trust: TrustDraft,
    pub policy: Policy,
    pub evidence: Option<Evidence>,
    pub result: Outcome,
    pub rejection: Option<&'static str>,
    pub twin: Option<&'static str>,
}

impl Draft {
    /// A valid case: the signed files of a specimen whose own CSCA is trusted.
    pub fn new(id: &'static str, description: &'static str, specimen: &Specimen) -> Self {
        let mut draft = Self::whole(id, description, specimen);
        draft.files.retain(|id, _| !matches!(id, FileId::CardAccess | FileId::Com));
        draft
    }

    /// A valid case: all files of a specimen whose own CSCA is trusted.
    pub fn whole(id: &'static str, description: &'static str, specimen: &Specimen) -> Self {
        Self {
            id,
            description,
            flags: Vec::new(),
            importance: Importance::Medium,
            reference: "ICAO Doc 9303-11 5.1",
            at: at(),
            files: specimen.files.clone(),
            objects: BTreeMap::new(),
            trust: TrustDraft { csca: vec![specimen.csca_der.clone()], ..TrustDraft::default() },
            policy: Policy::default(),
            evidence: None,
            result: Outcome::Valid,
            rejection: None,
            twin: None,
        }
    }

    /// A case without a document.
    pub fn bare(id: &'static str, description: &'static str, evidence: Evidence) -> Self {
        Self { evidence: Some(evidence), ..Self::of_objects(id, description) }
    }

    /// A case about objects that are no files of a chip.
    pub fn of_objects(id: &'static str, description: &'static str) -> Self {
        Self {
            id,
            description,
            flags: Vec::new(),
            importance: Importance::Medium,
            reference: "ICAO Doc 9303-3 4.9",
            at: at(),
            files: BTreeMap::new(),
            objects: BTreeMap::new(),
            trust: TrustDraft::default(),
            policy: Policy::default(),
            evidence: None,
            result: Outcome::Valid,
            rejection: None,
            twin: None,
        }
    }

    pub fn flags(mut self, flags: &[&'static str]) -> Self {
        self.flags.extend(flags);
        self
    }

    pub fn reference(mut self, reference: &'static str) -> Self {
        self.reference = reference;
        self
    }

    pub fn importance(mut self, importance: Importance) -> Self {
        self.importance = importance;
        self
    }

    /// Makes it a negative case.
    pub fn refused(mut self, code: &'static str, twin: &'static str) -> Self {
        self.result = Outcome::Invalid;
        self.rejection = Some(code);
        self.twin = Some(twin);
        self
    }

    /// Makes it a case that policy may refuse with `code`.
    pub fn may_be_refused(mut self, code: &'static str, twin: &'static str) -> Self {
        self.result = Outcome::Acceptable;
        self.rejection = Some(code);
        self.twin = Some(twin);
        self
    }

    /// This valid case under another name, to be changed in one thing and refused with `code`.
    pub fn negative(&self, id: &'static str, description: &'static str, code: &'static str) -> Self {
        let mut case = self.clone().refused(code, self.id);
        case.id = id;
        case.description = description;
        case
    }

    /// Names another twin.
    pub fn twin(mut self, id: &'static str) -> Self {
        self.twin = Some(id);
        self
    }

    /// Replaces a file.
    pub fn file(mut self, id: FileId, bytes: &[u8]) -> Self {
        self.files.insert(id, bytes.to_vec());
        self
    }

    /// Adds or replaces an object.
    pub fn object(mut self, name: &'static str, bytes: &[u8]) -> Self {
        self.objects.insert(name, bytes.to_vec());
        self
    }

    /// Pins a CSCA.
    pub fn pin(mut self, sha256: &str) -> Self {
        self.trust.pins.push(sha256.to_owned());
        self
    }

    /// Withholds a file.
    pub fn without(mut self, id: FileId) -> Self {
        self.files.remove(&id);
        self
    }

    pub fn evidence(mut self, evidence: Evidence) -> Self {
        self.evidence = Some(evidence);
        self
    }

    pub fn trust(mut self, change: impl FnOnce(&mut TrustDraft)) -> Self {
        change(&mut self.trust);
        self
    }
}

/// `bytes` with the byte at `at` changed.
pub(super) fn flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut out = bytes.to_vec();
    out[at] ^= 0x01;
    out
}
