//! What an enrolment collects and in which order (docs/protocols.md, section 1).
//!
//! The server stores **evidence, not verdicts**: each step appends what it received, and [`crate::seal()`] judges
//! all of it again at the end.

use std::collections::{BTreeMap, BTreeSet};

pub use attestation::Environment;
use clock::UnixTime;
use lds::{Dg1, Dg11, FileId};
use protocol::enrolment::Declaration;
use serde::{Deserialize, Serialize};

use crate::{ChipPerson, CogTable, Error, PivotIdentity};

/// Where an enrolment stands. The numbers are stored and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EnrolmentState {
    /// It collects evidence.
    Open = 0,
    /// It became an account.
    Sealed = 1,
    /// The person gave it up.
    Cancelled = 2,
    /// Its time is over.
    Expired = 3,
}

impl EnrolmentState {
    /// All, by number.
    pub const ALL: [Self; 4] = [Self::Open, Self::Sealed, Self::Cancelled, Self::Expired];

    /// The number that is stored.
    #[must_use]
    pub fn number(self) -> i64 {
        self as i64
    }

    /// The state of a stored number.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.number() == number)
    }

    /// As it stands in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Sealed => "sealed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }
}

/// The kind of a piece of evidence. Its number is stored and bound into its encryption; it never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EvidenceKind {
    /// The phone's attestation chains, as they came: 1.
    DeviceAttestation,
    /// The consents given: 2.
    Consents,
    /// The e-mail address: 3.
    Contact,
    /// Its code came back: 4.
    ContactVerified,
    /// A task of Chip Authentication was made: 5.
    CaAttempt,
    /// The chip's answers to it: 6.
    CaResponses,
    /// A challenge of Active Authentication was made: 7.
    AaAttempt,
    /// The chip's signature of it: 8.
    AaSignature,
    /// What the person declares: place of birth, accents: 9.
    Declaration,
    /// A capture session was opened: 10.
    FaceSession,
    /// The decision on the holder, signed by us: 11.
    HolderDecision,
    /// The PIN key with its proof of possession: 12.
    PinKey,
    /// The person goes to a desk: 13.
    DeskRequest,
    /// Frames of one step of a challenge, as they came: 14.
    FaceStep,
    /// A file of the chip: EF.COM 100, EF.SOD 101, EF.CardAccess 102, EF.CardSecurity 103, EF.DG*n* 200 + n.
    File(FileId),
}

impl EvidenceKind {
    /// The number that is stored.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::DeviceAttestation => 1,
            Self::Consents => 2,
            Self::Contact => 3,
            Self::ContactVerified => 4,
            Self::CaAttempt => 5,
            Self::CaResponses => 6,
            Self::AaAttempt => 7,
            Self::AaSignature => 8,
            Self::Declaration => 9,
            Self::FaceSession => 10,
            Self::HolderDecision => 11,
            Self::PinKey => 12,
            Self::DeskRequest => 13,
            Self::FaceStep => 14,
            Self::File(FileId::Com) => 100,
            Self::File(FileId::Sod) => 101,
            Self::File(FileId::CardAccess) => 102,
            Self::File(FileId::CardSecurity) => 103,
            Self::File(FileId::Dg(n)) => 200 + i64::from(n),
        }
    }

    /// The kind of a stored number.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        Some(match number {
            1 => Self::DeviceAttestation,
            2 => Self::Consents,
            3 => Self::Contact,
            4 => Self::ContactVerified,
            5 => Self::CaAttempt,
            6 => Self::CaResponses,
            7 => Self::AaAttempt,
            8 => Self::AaSignature,
            9 => Self::Declaration,
            10 => Self::FaceSession,
            11 => Self::HolderDecision,
            12 => Self::PinKey,
            13 => Self::DeskRequest,
            14 => Self::FaceStep,
            100 => Self::File(FileId::Com),
            101 => Self::File(FileId::Sod),
            102 => Self::File(FileId::CardAccess),
            103 => Self::File(FileId::CardSecurity),
            201..=216 => Self::File(FileId::Dg(u8::try_from(number - 200).ok()?)),
            _ => return None,
        })
    }

    /// What the person gives, and may give anew: the newest counts, and erases the one before.
    #[must_use]
    pub fn is_given_anew(self) -> bool {
        matches!(
            self,
            Self::Consents | Self::Contact | Self::ContactVerified | Self::Declaration | Self::PinKey
        )
    }

    /// Holds the face: erased in the transaction that stores the decision on the holder.
    #[must_use]
    pub fn is_face_data(self) -> bool {
        matches!(self, Self::File(FileId::Dg(2)) | Self::FaceSession | Self::FaceStep)
    }
}

/// A step that the app takes, in the order of [`Step::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// The phone's keys.
    Device,
    /// The consents.
    Consents,
    /// The e-mail address and its code.
    Contact,
    /// EF.SOD, EF.DG1, EF.DG2, EF.DG14, EF.DG15: those that the SOD lists.
    Files,
    /// Every proof that the chip announces.
    Chip,
    /// Place of birth, accents.
    Identity,
    /// Face or desk.
    Face,
    /// The PIN key.
    Pin,
    /// Both signatures over the transcript.
    Seal,
}

impl Step {
    /// All, in order.
    pub const ALL: [Self; 9] = [
        Self::Device,
        Self::Consents,
        Self::Contact,
        Self::Files,
        Self::Chip,
        Self::Identity,
        Self::Face,
        Self::Pin,
        Self::Seal,
    ];

    /// As it stands in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Consents => "consents",
            Self::Contact => "contact",
            Self::Files => "files",
            Self::Chip => "chip",
            Self::Identity => "identity",
            Self::Face => "face",
            Self::Pin => "pin",
            Self::Seal => "seal",
        }
    }
}

/// What is there, as far as it decides which steps are missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Kinds of evidence present.
    pub present: BTreeSet<EvidenceKind>,
    /// Data groups that the authenticated SOD lists; `None` before EF.SOD is authentic.
    pub listed: Option<BTreeSet<u8>>,
    /// DG14 announces Chip Authentication.
    pub chip_authentication_due: bool,
    /// DG15 is listed, so Active Authentication is announced.
    pub active_authentication_due: bool,
}

impl Facts {
    fn has(&self, kind: EvidenceKind) -> bool {
        self.present.contains(&kind)
    }

    fn has_file(&self, n: u8) -> bool {
        self.has(EvidenceKind::File(FileId::Dg(n)))
    }

    /// The files that must still arrive: EF.SOD first, then DG1, DG2 and each of DG11, DG14 and
    /// DG15 that it lists: a person who withholds DG11 would escape what it says of her name and birth. DG2 is
    /// no longer due once the decision on the holder stands, for it is erased then.
    #[must_use]
    pub fn missing_files(&self) -> Vec<FileId> {
        let mut files = Vec::new();
        if !self.has(EvidenceKind::File(FileId::Sod)) {
            files.push(FileId::Sod);
        }
        let decided = self.has(EvidenceKind::HolderDecision);
        let listed = |n: u8| self.listed.as_ref().is_some_and(|l| l.contains(&n));
        for (n, due) in [(1, true), (2, !decided), (11, listed(11)), (14, listed(14)), (15, listed(15))] {
            if due && !self.has_file(n) {
                files.push(FileId::Dg(n));
            }
        }
        files
    }

    fn done(&self, step: Step) -> bool {
        match step {
            Step::Device => self.has(EvidenceKind::DeviceAttestation),
            Step::Consents => self.has(EvidenceKind::Consents),
            Step::Contact => self.has(EvidenceKind::ContactVerified),
            Step::Files => self.listed.is_some() && self.missing_files().is_empty(),
            Step::Chip => {
                self.listed.is_some()
                    && (!self.chip_authentication_due || self.has(EvidenceKind::CaResponses))
                    && (!self.active_authentication_due || self.has(EvidenceKind::AaSignature))
            }
            Step::Identity => self.has(EvidenceKind::Declaration),
            Step::Face => self.has(EvidenceKind::HolderDecision),
            Step::Pin => self.has(EvidenceKind::PinKey),
            Step::Seal => false,
        }
    }
}

/// The steps still missing, in order; `seal` is always the last of them.
#[must_use]
pub fn missing(facts: &Facts) -> Vec<Step> {
    Step::ALL.into_iter().filter(|step| !facts.done(*step)).collect()
}

/// A text that must be, or may be, consented to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentVersion {
    /// The version in force.
    pub version: String,
    /// SHA-256 of its text.
    pub sha256: [u8; 32],
    /// Without it nobody is enrolled.
    pub required: bool,
}

/// What this server accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolmentPolicy {
    /// The issuer identifier that every statement names.
    pub issuer: String,
    /// Production or demo.
    pub environment: Environment,
    /// The youngest age, in years.
    pub minimum_age: u8,
    /// Document codes of the MRZ; a trailing `*` stands for any ending: `P*`, `AR`, `IR`.
    pub accepted_document_codes: Vec<String>,
    /// The consents, by name (`terms`, `privacy`, `face`).
    pub consents: BTreeMap<String, ConsentVersion>,
    /// A document that offers neither AA nor CA is refused, instead of being capped at `eidas1`.
    pub chip_proof_required: bool,
}

impl EnrolmentPolicy {
    /// Whether documents with this MRZ code (without fillers) are accepted.
    ///
    /// # Errors
    /// [`Error::DocumentCode`].
    pub fn accepts_document(&self, code: &str) -> Result<(), Error> {
        let fits = |pattern: &String| match pattern.strip_suffix('*') {
            Some(prefix) => code.starts_with(prefix),
            None => code == pattern,
        };
        match self.accepted_document_codes.iter().any(fits) {
            true => Ok(()),
            false => Err(Error::DocumentCode(code.to_owned())),
        }
    }

    /// The person of an authentic document: its kind is accepted, chip and declaration agree, and the person is old
    /// enough at the time `at`, when the chip was read.
    ///
    /// # Errors
    /// The first rule that is broken, in this order; see [`Error`].
    pub fn identify(
        &self,
        dg1: &Dg1,
        dg11: Option<&Dg11>,
        declared: &Declaration,
        email: &str,
        places: &CogTable,
        at: UnixTime,
    ) -> Result<PivotIdentity, Error> {
        self.accepts_document(&dg1.mrz.document_code)?;
        let pivot = PivotIdentity::new(&ChipPerson::new(dg1, dg11), declared, email, places, at)?;
        pivot.birthdate().at_least(self.minimum_age, at)?;
        Ok(pivot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(facts: &Facts) -> Vec<&'static str> {
        missing(facts).into_iter().map(Step::as_str).collect()
    }

    #[test]
    fn an_empty_enrolment_misses_every_step_in_order() {
        let all: Vec<_> = Step::ALL.into_iter().map(Step::as_str).collect();
        assert_eq!(steps(&Facts::default()), all);
    }

    #[test]
    fn files_and_proofs_are_due_by_what_the_sod_lists() {
        let file = |n| EvidenceKind::File(FileId::Dg(n));
        let mut facts = Facts {
            present: [EvidenceKind::File(FileId::Sod), file(1), file(2)].into(),
            listed: Some([1, 2, 11, 14, 15].into()),
            chip_authentication_due: true,
            active_authentication_due: true,
        };
        assert_eq!(facts.missing_files(), [FileId::Dg(11), FileId::Dg(14), FileId::Dg(15)]);
        facts.present.extend([file(14), file(15)]);
        assert!(missing(&facts).contains(&Step::Files), "what DG11 says cannot be withheld");
        facts.present.insert(file(11));
        assert!(!missing(&facts).contains(&Step::Files));
        facts.present.insert(EvidenceKind::CaResponses);
        assert!(missing(&facts).contains(&Step::Chip), "AA is due too");
        facts.present.insert(EvidenceKind::AaSignature);
        assert!(!missing(&facts).contains(&Step::Chip));
    }

    #[test]
    fn the_portrait_is_not_asked_for_again_after_the_decision() {
        let mut facts = Facts {
            present: [EvidenceKind::File(FileId::Sod), EvidenceKind::File(FileId::Dg(1))].into(),
            listed: Some([1, 2].into()),
            ..Facts::default()
        };
        assert_eq!(facts.missing_files(), [FileId::Dg(2)]);
        facts.present.insert(EvidenceKind::HolderDecision);
        assert!(facts.missing_files().is_empty());
    }

    #[test]
    fn numbers_of_evidence_are_read_back_and_distinct() {
        let kinds: Vec<_> = (0..400).filter_map(|n| EvidenceKind::from_number(n).map(|k| (n, k))).collect();
        assert_eq!(kinds.len(), 14 + 4 + 16);
        for (number, kind) in kinds {
            assert_eq!(kind.number(), number);
        }
    }

    #[test]
    fn document_codes_fit_exactly_or_by_prefix() {
        let policy = EnrolmentPolicy {
            issuer: "https://fi".into(),
            environment: Environment::Demo,
            minimum_age: 18,
            accepted_document_codes: vec!["P*".into(), "AR".into()],
            consents: BTreeMap::new(),
            chip_proof_required: true,
        };
        for good in ["P", "PM", "PP", "AR"] {
            assert_eq!(policy.accepts_document(good), Ok(()), "{good}");
        }
        for bad in ["A", "ARX", "V", "ID", ""] {
            assert_eq!(policy.accepts_document(bad), Err(Error::DocumentCode(bad.into())), "{bad}");
        }
    }
}
