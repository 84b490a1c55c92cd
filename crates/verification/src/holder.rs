//! The person present is the person of the portrait.

use crypto::sha256;
use face::{FacePolicy, MatchedFace};

use crate::{GenuineDocument, Inspection, Rejection, Report};

/// How holder and portrait were compared. Only values that nobody can make up come in.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum HolderEvidence {
    /// A configured engine matched a live capture with a portrait.
    Face(Box<MatchedFace>),
    /// An agent compared the person with a portrait.
    Desk(DeskComparison),
}

/// An agent, or two, saw a portrait and the person, and found that they are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskComparison {
    by: String,
    portrait_sha256: [u8; 32],
}

impl DeskComparison {
    /// The finding of agents whom the caller has authenticated, each for herself, at a desk: `by` names desk and agents.
    /// `portrait_sha256` is of the image that they were shown.
    #[must_use]
    pub fn by_agents(by: &str, portrait_sha256: [u8; 32]) -> Self {
        Self { by: by.to_owned(), portrait_sha256 }
    }

    /// The desk and its agents.
    #[must_use]
    pub fn by(&self) -> &str {
        &self.by
    }

    /// SHA-256 of the portrait's image bytes.
    #[must_use]
    pub fn portrait_sha256(&self) -> &[u8; 32] {
        &self.portrait_sha256
    }
}

impl HolderEvidence {
    fn portrait_sha256(&self) -> &[u8; 32] {
        match self {
            Self::Face(matched) => matched.portrait_sha256(),
            Self::Desk(comparison) => comparison.portrait_sha256(),
        }
    }
}

/// A genuine document in its holder's hands. Only [`GenuineDocument::match_holder`] makes one.
#[derive(Clone, Debug)]
pub struct VerifiedHolder {
    document: GenuineDocument,
    evidence: HolderEvidence,
    report: Report,
}

impl VerifiedHolder {
    /// The document.
    #[must_use]
    pub fn document(&self) -> &GenuineDocument {
        &self.document
    }

    /// How holder and portrait were compared.
    #[must_use]
    pub fn evidence(&self) -> &HolderEvidence {
        &self.evidence
    }

    /// What was checked.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }
}

impl GenuineDocument {
    /// Judges that the evidence is about the portrait of this document, and good enough for the policy:
    ///
    /// 1. The portrait is there.
    /// 2. It is the one that was compared: the first image of DG2.
    /// 3. An engine is one that the policy accepts, with a threshold not below the policy's.
    pub fn match_holder(self, evidence: HolderEvidence, policy: &FacePolicy) -> Inspection<VerifiedHolder> {
        let mut report = self.report().clone();
        let outcome = report.check("face.portrait", self.check_portrait(evidence.portrait_sha256()), |()| {
            "the portrait compared is the document's".to_owned()
        });
        let outcome = outcome.and_then(|()| match &evidence {
            HolderEvidence::Face(matched) => check_engine(matched, policy, &mut report),
            HolderEvidence::Desk(_) => {
                report.check("face.desk", Ok(()), |()| "an agent compared holder and portrait".to_owned())
            }
        });
        let outcome = outcome.map(|()| VerifiedHolder { document: self, evidence, report: report.clone() });
        Inspection { report, outcome }
    }

    fn check_portrait(&self, compared: &[u8; 32]) -> Result<(), Rejection> {
        let dg2 = self.document().dg2().ok_or(Rejection::PortraitErased)?;
        let portrait = dg2.content().faces.first().ok_or(Rejection::PortraitErased)?;
        let equal = sha256(&portrait.image) == *compared;
        equal.then_some(()).ok_or(Rejection::Face(face::Error::PortraitMismatch))
    }
}

fn check_engine(matched: &MatchedFace, policy: &FacePolicy, report: &mut Report) -> Result<(), Rejection> {
    let outcome = check_policy(matched, policy);
    let by = format!("engine {} {}", matched.engine_id(), matched.engine_version());
    if outcome.is_ok() && matched.is_demo() {
        report.deviation("face.match", format!("demo {by} compared nothing"));
        return outcome;
    }
    report.check("face.match", outcome, |()| format!("{by} matched the holder"))
}

fn check_policy(matched: &MatchedFace, policy: &FacePolicy) -> Result<(), Rejection> {
    if matched.is_demo() && !policy.accept_demo {
        return Err(face::Error::DemoEngine.into());
    }
    if matched.threshold() < policy.min_similarity {
        return Err(face::Error::Threshold.into());
    }
    Ok(())
}
