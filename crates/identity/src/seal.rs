//! The seal: what an enrolment's evidence proves is joined, checked against the transcript that both keys signed, and
//! becomes an identity.

use std::collections::BTreeMap;
use std::fmt;

use clock::UnixTime;
use crypto::{EcPublicKey, sha256};
use lds::dg1::Dg1;
use lds::dg11::Dg11;
use protocol::enrolment::{Consents, Seal};
use protocol::seal::SealTranscript;
use protocol::{device_id, key_thumbprint};

use crate::account::ConsentRecord;
use crate::decision::VerifiedDecision;
use crate::evidence::Gathered;
use crate::{
    ChipPerson, CogTable, DeviceRecord, DocumentRecord, EnrolmentEvidence, EnrolmentPolicy, HolderProof,
    Identity, LevelFacts, PivotIdentity, Rejection, Step,
};

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

/// What the seal is judged by.
#[derive(Clone, Copy, Debug)]
pub struct SealContext<'a> {
    /// What this server accepts.
    pub policy: &'a EnrolmentPolicy,
    /// The places that may be declared.
    pub places: &'a CogTable,
    /// A register said that the title is neither lost nor stolen nor revoked.
    pub document_status_checked: bool,
}

/// What the chip's files and proofs were found to be worth.
pub(crate) struct Chain {
    pub(crate) dg1: Dg1,
    pub(crate) dg11: Option<Dg11>,
    /// Chip or Active Authentication succeeded.
    pub(crate) chip_proved: bool,
    pub(crate) weak_algorithm: bool,
    pub(crate) dsc: [u8; 32],
    pub(crate) csca: [u8; 32],
    pub(crate) trust_digest: [u8; 32],
    pub(crate) policy_version: String,
    pub(crate) report: Vec<String>,
}

/// What the phone's attestation was found to be worth.
pub(crate) struct Keys {
    pub(crate) device_key: EcPublicKey,
    /// Both keys are in hardware, and the hardened key agrees on secrets instead of making MACs.
    pub(crate) hardware: bool,
}

/// What the other rooms proved, and our own decision on the holder.
pub(crate) struct Proved {
    pub(crate) chain: Chain,
    pub(crate) keys: Keys,
    pub(crate) decision: VerifiedDecision,
}

/// Joins what was proved. The order is that of the steps; the first check that fails is told.
pub(crate) fn assemble(
    evidence: &EnrolmentEvidence,
    gathered: &Gathered,
    proved: Proved,
    request: Seal,
    context: SealContext<'_>,
    at: UnixTime,
) -> Result<SealedEnrolment, Rejection> {
    let Proved { chain, keys, decision } = proved;
    let (policy, id) = (context.policy, evidence.enrolment_id.as_str());
    // 1. The holder agreed to the texts in force; to the use of the face, if the face was used.
    let consents = check_consents(policy, &gathered.consents)?;
    let by_face = matches!(decision.decision().proof(), HolderProof::Face | HolderProof::FaceCertified);
    if by_face && policy.consents.contains_key("face") && !consents.contains_key("face") {
        return Err(Rejection::ConsentMissing("face".to_owned()));
    }
    // 2. The person.
    let mrz = &chain.dg1.mrz;
    policy.accepts_document(&mrz.document_code)?;
    let person = ChipPerson::new(&chain.dg1, chain.dg11.as_ref());
    let pivot =
        PivotIdentity::new(&person, &gathered.declaration, &gathered.contact.email, context.places, at)?;
    pivot.birthdate().at_least(policy.minimum_age, at)?;
    // 3. The PIN key is its sender's.
    let device_id = device_id(&keys.device_key);
    let pin_key = gathered.pin_key.verify(&policy.issuer, id, &device_id)?;
    // 4. Both keys signed all of it.
    let record = record(&policy.issuer, id, gathered, &decision, &keys.device_key, &pin_key, &consents);
    request.transcript.verify(&record, &keys.device_key, &pin_key, &request.signatures)?;
    // 5. The level.
    if policy.chip_proof_required && !chain.chip_proved {
        return Err(Rejection::Missing(Step::Chip));
    }
    let expiry = mrz.date_of_expiry.as_expiry();
    let facts = LevelFacts {
        document_authentic: true,
        email_verified: true,
        chip_proved: chain.chip_proved,
        keys_attested: keys.hardware,
        pin_key: true,
        holder: decision.decision().proof(),
        title_unexpired: expiry.is_some_and(|day| at.date() <= day),
        document_status_checked: context.document_status_checked,
        weak_algorithm: chain.weak_algorithm,
    };
    let level = facts.level().ok_or(Rejection::NoLevel)?;
    // 6. The identity.
    let document = DocumentRecord {
        code: mrz.document_code.clone(),
        issuing_state: mrz.issuing_state.clone(),
        number: mrz.document_number.clone(),
        expires: expiry.map(|(y, m, d)| format!("{y:04}-{m:02}-{d:02}")).unwrap_or_default(),
        dsc: chain.dsc,
        csca: chain.csca,
        trust_digest: chain.trust_digest,
        policy_version: chain.policy_version,
        report: chain.report,
    };
    let device =
        DeviceRecord { id: device_id, device_key: keys.device_key.to_sec1(), pin_key: pin_key.to_sec1() };
    let identity = Identity { pivot, facts, level, document, device, consents, enrolled_at: at };
    let evidence_count = evidence.next_sequence();
    Ok(SealedEnrolment { enrolment_id: id.to_owned(), identity, evidence_count })
}

/// Compares the consents given with the texts in force: each required one is there, none is of another text.
fn check_consents(
    policy: &EnrolmentPolicy,
    given: &Consents,
) -> Result<BTreeMap<String, ConsentRecord>, Rejection> {
    let mut records = BTreeMap::new();
    for consent in &given.given {
        let text = policy.consents.get(&consent.name);
        let right = text.filter(|t| t.version == consent.version && t.sha256.as_slice() == consent.sha256.0);
        let text = right.ok_or_else(|| Rejection::ConsentVersion(consent.name.clone()))?;
        let record = ConsentRecord { version: text.version.clone(), sha256: text.sha256 };
        records.insert(consent.name.clone(), record);
    }
    let missing = policy.consents.iter().find(|(name, text)| text.required && !records.contains_key(*name));
    missing.map_or(Ok(records), |(name, _)| Err(Rejection::ConsentMissing(name.clone())))
}

/// The transcript as the server knows it. EF.DG2 is erased: its digest stands in the decision.
fn record(
    issuer: &str,
    enrolment_id: &str,
    gathered: &Gathered,
    decision: &VerifiedDecision,
    device_key: &EcPublicKey,
    pin_key: &EcPublicKey,
    consents: &BTreeMap<String, ConsentRecord>,
) -> SealTranscript {
    let digest = |bytes: &Vec<u8>| sha256(bytes).into();
    let files = gathered.files.iter().map(|(file, bytes)| (file.name().to_string(), digest(bytes)));
    let portrait_file = (lds::FileId::Dg(2).name().to_string(), decision.decision().dg2_sha256().clone());
    let ca = gathered.chip_authentication.as_ref();
    let aa = gathered.active_authentication.as_ref();
    SealTranscript {
        issuer: issuer.to_owned(),
        enrolment_id: enrolment_id.to_owned(),
        files: files.chain([portrait_file]).collect(),
        portrait_digest: decision.decision().portrait_sha256().clone(),
        chip_authentication: ca.map(|answered| answered.attempt.attempt.clone()),
        active_authentication_challenge: aa.map(|answered| answered.attempt.state.clone()),
        holder_decision: decision.id().to_owned(),
        device_key: key_thumbprint(device_key).into(),
        pin_key: key_thumbprint(pin_key).into(),
        consents: consents.iter().map(|(name, c)| (name.clone(), c.version.clone())).collect(),
    }
}

#[cfg(test)]
mod tests;
