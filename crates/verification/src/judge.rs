//! The whole chain over raw evidence, in one pure function.

use std::fmt;

use clock::UnixTime;
use lds::FileId;

use crate::{
    AuthenticDocument, AwaitChip, ChipData, ChipProof, GenuineDocument, Inspection, Policy, Rejection,
    Report, TrustStore,
};

/// What was received from a reader, and what this side kept of the steps that it began.
#[derive(Clone, Default)]
pub struct EvidenceSet {
    /// The files.
    pub data: ChipData,
    /// An attempt of Chip Authentication with its answers.
    pub chip_authentication: Option<ChipAuthenticationEvidence>,
    /// A challenge of Active Authentication with its signature.
    pub active_authentication: Option<ActiveAuthenticationEvidence>,
}

/// An attempt of Chip Authentication with its answers.
#[derive(Clone)]
pub struct ChipAuthenticationEvidence {
    /// What [`AwaitChip::suspend`] wrote. It holds keys.
    pub suspended: Vec<u8>,
    /// The chip's raw answers.
    pub responses: Vec<Vec<u8>>,
}

/// A challenge of Active Authentication with its signature.
#[derive(Clone)]
pub struct ActiveAuthenticationEvidence {
    /// The challenge that this side drew.
    pub challenge: Vec<u8>,
    /// The chip's answer.
    pub signature: Vec<u8>,
}

impl fmt::Debug for EvidenceSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EvidenceSet({:?}, ..)", self.data)
    }
}

/// Judges the data of a document, and not its chip.
pub fn judge_data(
    data: &ChipData,
    store: &TrustStore,
    policy: &Policy,
    at: UnixTime,
) -> Inspection<AuthenticDocument> {
    let Some(sod) = data.file(FileId::Sod) else {
        let mut report = Report::new(&policy.version);
        let outcome = report.check("pa.sod", Err(Rejection::SodMissing), |_| String::new());
        return Inspection { report, outcome };
    };
    let mut judged =
        store.authenticate_sod(sod, policy, at).and_then(|object| object.authenticate_document(data));
    if let (Ok(document), Some(file)) = (&mut judged.outcome, data.file(FileId::CardSecurity)) {
        // What is wrong with it stands in the report.
        document.card_security = store.authenticate_card_security(document.security_object(), file).ok();
    }
    judged
}

/// Judges data and chip: the same evidence at the same time gives the same report.
pub fn judge(
    evidence: &EvidenceSet,
    store: &TrustStore,
    policy: &Policy,
    at: UnixTime,
) -> Inspection<GenuineDocument> {
    judge_data(&evidence.data, store, policy, at).and_then(|document| {
        let mut report = document.report().clone();
        match proofs(&document, evidence, &mut report) {
            Ok(proofs) => {
                drop(report);
                document.prove_chip(&proofs)
            }
            Err(rejection) => Inspection { report, outcome: Err(rejection) },
        }
    })
}

/// Judges each answer that was received; the first wrong one refuses.
fn proofs(
    document: &AuthenticDocument,
    evidence: &EvidenceSet,
    report: &mut Report,
) -> Result<Vec<ChipProof>, Rejection> {
    let mut proofs = Vec::new();
    let mut judged = |id: &'static str, proof: Result<ChipProof, Rejection>| {
        // A right answer gets its line when it is judged with the others.
        if let Err(rejection) = &proof {
            report.line(id, crate::CheckResult::Failed, rejection.to_string());
        }
        proof.map(|proof| proofs.push(proof))
    };
    if let Some(received) = &evidence.chip_authentication {
        let step = AwaitChip::resume(&received.suspended);
        judged("ca.proof", step.and_then(|step| step.received(&received.responses)))?;
    }
    if let Some(received) = &evidence.active_authentication {
        judged("aa.proof", active_authentication(document, received))?;
    }
    Ok(proofs)
}

fn active_authentication(
    document: &AuthenticDocument,
    received: &ActiveAuthenticationEvidence,
) -> Result<ChipProof, Rejection> {
    let dg15 = document.dg15().ok_or(Rejection::ChipProofOfAnotherDocument)?;
    document
        .security_object()
        .resume_active_authentication(dg15, document.dg14(), &received.challenge)?
        .received(&received.signature)
}
