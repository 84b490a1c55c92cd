//! The seal: the whole chain run again over the evidence, in one pure function.

use std::collections::BTreeSet;
use std::fmt;

use clock::UnixTime;
use protocol::Base64;
use serde::{Deserialize, Serialize};

use crate::{EvidenceKind, Identity};

/// A piece of evidence as it was received.
#[derive(Clone, PartialEq, Eq)]
pub struct EvidenceItem {
    /// What it is.
    pub kind: EvidenceKind,
    /// Its place in the chain, from 0.
    pub sequence: i64,
    /// When it was received: challenges are judged at this time.
    pub received_at: UnixTime,
    /// Its bytes; `None` once erased.
    pub content: Option<Vec<u8>>,
}

/// The evidence of one enrolment, opened by the storage with the bearer secret. In memory only.
#[derive(Clone, PartialEq, Eq)]
pub struct EnrolmentEvidence {
    /// The enrolment.
    pub enrolment_id: String,
    /// Every piece, in the order in which it came.
    pub items: Vec<EvidenceItem>,
}

impl EnrolmentEvidence {
    /// The newest piece of a kind that is not erased.
    #[must_use]
    pub fn latest(&self, kind: EvidenceKind) -> Option<&EvidenceItem> {
        self.items.iter().rev().find(|item| item.kind == kind && item.content.is_some())
    }

    /// The newest bytes of a kind.
    #[must_use]
    pub fn content(&self, kind: EvidenceKind) -> Option<&[u8]> {
        self.latest(kind).and_then(|item| item.content.as_deref())
    }

    /// The kinds that are there and not erased.
    #[must_use]
    pub fn present(&self) -> BTreeSet<EvidenceKind> {
        self.items.iter().filter(|item| item.content.is_some()).map(|item| item.kind).collect()
    }

    /// The place that the next piece takes.
    #[must_use]
    pub fn next_sequence(&self) -> i64 {
        self.items.last().map_or(0, |item| item.sequence + 1)
    }
}

/// Content of [`EvidenceKind::CaAttempt`] and [`EvidenceKind::AaAttempt`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChipAttempt {
    /// The attempt.
    pub attempt: String,
    /// Of CA the suspended proof, of AA the challenge.
    pub state: Base64,
    /// Until when its answer may come.
    pub expires_at: UnixTime,
}

/// Content of [`EvidenceKind::CaResponses`] and [`EvidenceKind::AaSignature`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChipAnswer {
    /// The attempt that it answers.
    pub attempt: String,
    /// Of CA one response for each proof command, of AA the signature alone.
    pub responses: Vec<Base64>,
}

/// An enrolment whose whole chain holds. The storage makes an account of it.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedEnrolment {
    pub(crate) enrolment_id: String,
    pub(crate) identity: Identity,
    pub(crate) evidence_count: i64,
}

impl SealedEnrolment {
    /// The enrolment.
    #[must_use]
    pub fn enrolment_id(&self) -> &str {
        &self.enrolment_id
    }

    /// The identity that it makes.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// How many pieces of evidence were judged: if more came meanwhile, it is not stored.
    #[must_use]
    pub fn evidence_count(&self) -> i64 {
        self.evidence_count
    }
}

#[cfg(feature = "test-support")]
impl SealedEnrolment {
    /// A sealed enrolment out of nothing, for the tests of the storage.
    #[must_use]
    pub fn for_tests(enrolment_id: &str, evidence_count: i64, parts: TestParts) -> Self {
        let identity = Identity {
            pivot: parts.pivot,
            facts: parts.facts,
            level: crate::Level::Eidas1,
            document: parts.document,
            device: parts.device,
            consents: parts.consents,
            enrolled_at: UnixTime(0),
        };
        Self { enrolment_id: enrolment_id.to_owned(), identity, evidence_count }
    }
}

/// What [`SealedEnrolment::for_tests`] joins.
#[cfg(feature = "test-support")]
pub struct TestParts {
    /// The attributes.
    pub pivot: crate::PivotIdentity,
    /// The facts.
    pub facts: crate::LevelFacts,
    /// The document.
    pub document: crate::DocumentRecord,
    /// The phone.
    pub device: crate::DeviceRecord,
    /// The consents.
    pub consents: std::collections::BTreeMap<String, crate::account::ConsentRecord>,
}

impl fmt::Debug for SealedEnrolment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedEnrolment({})", self.enrolment_id)
    }
}

/// The number of pieces only: they are personal data.
impl fmt::Debug for EnrolmentEvidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EnrolmentEvidence({}, {} pieces)", self.enrolment_id, self.items.len())
    }
}

impl fmt::Debug for EvidenceItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EvidenceItem({:?}, {})", self.kind, self.sequence)
    }
}
