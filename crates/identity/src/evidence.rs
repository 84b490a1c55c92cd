//! The evidence of an enrolment, as the storage opens it, and what each piece holds.
//!
//! | kind | content |
//! |---|---|
//! | [`EvidenceKind::DeviceAttestation`], `Consents`, `Contact`, `Declaration`, `PinKey` | the request's JSON body, of [`protocol::enrolment`] |
//! | `ContactVerified` | the [`Contact`] whose code came back |
//! | `CaAttempt`, `AaAttempt` | [`ChipAttempt`] |
//! | `CaResponses`, `AaSignature` | [`ChipAnswer`] |
//! | `FaceSession` | the capture's nonce and times; erased with the portrait |
//! | `FaceStep` | the request's body with the frames; erased when its session ends, and with the portrait |
//! | `DeskRequest` | until when an agent may decide |
//! | `HolderDecision` | our own signed statement, [`crate::decision`] |
//! | `File` | the file's bytes |

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use clock::UnixTime;
use lds::FileId;
use protocol::Base64;
use protocol::enrolment::{Consents, Contact, Declaration, DeviceAttestation, PinKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{EvidenceKind, Rejection, Step};

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
    /// The challenge that both keys of the phone are attested over.
    pub challenge: Vec<u8>,
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

/// What [`crate::seal()`] needs, each piece the newest of its kind.
pub(crate) struct Gathered {
    pub(crate) device: DeviceAttestation,
    pub(crate) device_received_at: UnixTime,
    pub(crate) consents: Consents,
    pub(crate) contact: Contact,
    pub(crate) declaration: Declaration,
    pub(crate) pin_key: PinKey,
    pub(crate) decision: String,
    pub(crate) files: BTreeMap<FileId, Vec<u8>>,
    pub(crate) chip_authentication: Option<Answered>,
    pub(crate) active_authentication: Option<Answered>,
}

/// An attempt, and the answer that closed it.
pub struct Answered {
    /// The attempt.
    pub attempt: ChipAttempt,
    /// The chip's answers.
    pub responses: Vec<Vec<u8>>,
    /// When they came; the attempt's time was not over.
    pub received_at: UnixTime,
}

impl Gathered {
    /// Reads every piece.
    ///
    /// # Errors
    /// [`Rejection::Missing`] with the first step that has no evidence.
    pub(crate) fn new(evidence: &EnrolmentEvidence) -> Result<Self, Rejection> {
        let (device, device_received_at) = read(evidence, EvidenceKind::DeviceAttestation, Step::Device)?;
        let (contact, _) = read::<Contact>(evidence, EvidenceKind::Contact, Step::Contact)?;
        let (verified, _) = read::<Contact>(evidence, EvidenceKind::ContactVerified, Step::Contact)?;
        if contact != verified {
            return Err(Rejection::Missing(Step::Contact));
        }
        let decision =
            evidence.content(EvidenceKind::HolderDecision).ok_or(Rejection::Missing(Step::Face))?;
        Ok(Self {
            device,
            device_received_at,
            consents: read(evidence, EvidenceKind::Consents, Step::Consents)?.0,
            contact,
            declaration: read(evidence, EvidenceKind::Declaration, Step::Identity)?.0,
            pin_key: read(evidence, EvidenceKind::PinKey, Step::Pin)?.0,
            decision: String::from_utf8(decision.to_vec()).map_err(|_| Rejection::Evidence(Step::Face))?,
            files: evidence.files(),
            chip_authentication: evidence.chip_authentication()?,
            active_authentication: evidence.active_authentication()?,
        })
    }
}

impl EnrolmentEvidence {
    /// The newest bytes of each file.
    #[must_use]
    pub fn files(&self) -> BTreeMap<FileId, Vec<u8>> {
        let file = |item: &EvidenceItem| match (item.kind, &item.content) {
            (EvidenceKind::File(file), Some(bytes)) => Some((file, bytes.clone())),
            _ => None,
        };
        self.items.iter().filter_map(file).collect()
    }
}

impl EnrolmentEvidence {
    /// The newest answer of Chip Authentication, with the attempt that it closed.
    ///
    /// # Errors
    /// [`Rejection::Evidence`]: it names no attempt of this enrolment, or came too late.
    pub fn chip_authentication(&self) -> Result<Option<Answered>, Rejection> {
        answered(self, EvidenceKind::CaAttempt, EvidenceKind::CaResponses)
    }

    /// The newest signature of Active Authentication, with the attempt that it closed.
    ///
    /// # Errors
    /// As [`Self::chip_authentication`].
    pub fn active_authentication(&self) -> Result<Option<Answered>, Rejection> {
        answered(self, EvidenceKind::AaAttempt, EvidenceKind::AaSignature)
    }
}

fn read<T: DeserializeOwned>(
    evidence: &EnrolmentEvidence,
    kind: EvidenceKind,
    step: Step,
) -> Result<(T, UnixTime), Rejection> {
    let item = evidence.latest(kind).ok_or(Rejection::Missing(step))?;
    let content = item.content.as_deref().unwrap_or_default();
    serde_json::from_slice(content)
        .map(|value| (value, item.received_at))
        .map_err(|_| Rejection::Evidence(step))
}

/// The newest answer, with the attempt that it names. An attempt without answer is no evidence.
fn answered(
    evidence: &EnrolmentEvidence,
    attempts: EvidenceKind,
    answers: EvidenceKind,
) -> Result<Option<Answered>, Rejection> {
    if evidence.latest(answers).is_none() {
        return Ok(None);
    }
    let (answer, received_at): (ChipAnswer, _) = read(evidence, answers, Step::Chip)?;
    let of_kind = evidence.items.iter().filter(|item| item.kind == attempts);
    let parsed = of_kind.filter_map(|item| serde_json::from_slice(item.content.as_deref()?).ok());
    let attempt: Option<ChipAttempt> =
        parsed.into_iter().find(|attempt: &ChipAttempt| attempt.attempt == answer.attempt);
    let attempt = attempt.ok_or(Rejection::Evidence(Step::Chip))?;
    if received_at >= attempt.expires_at {
        return Err(Rejection::Evidence(Step::Chip));
    }
    let responses = answer.responses.into_iter().map(|response| response.0).collect();
    Ok(Some(Answered { attempt, responses, received_at }))
}
