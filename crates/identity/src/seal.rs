//! The seal: what an enrolment's evidence proves is joined, checked against the transcript that both keys signed, and
//! becomes an identity.

use std::collections::BTreeMap;
use std::fmt;

use attestation::AttestationPolicy;
use clock::UnixTime;
use crypto::{EcPublicKey, sha256};
use jose::JwkSet;
use lds::FileId;
use lds::dg1::Dg1;
use lds::dg11::Dg11;
use protocol::enrolment::{Consents, Seal};
use protocol::seal::SealTranscript;
use protocol::{DeviceKey, device_id, key_thumbprint};

use crate::account::ConsentRecord;
use crate::decision::{DecisionSubject, VerifiedDecision};
use crate::device::Device;
use crate::evidence::Gathered;
use crate::{
    CogTable, DeviceRecord, DocumentRecord, EnrolmentEvidence, EnrolmentPolicy, HolderProof, Identity,
    LevelFacts, Rejection, Step,
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
            review: false,
            enrolled_at: UnixTime(0),
        };
        Self { enrolment_id: enrolment_id.to_owned(), identity, evidence_count }
    }

    /// The same, of which an engine said that a person should look at it.
    #[must_use]
    pub fn to_be_reviewed(mut self) -> Self {
        self.identity.review = true;
        self
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
    /// Which phones count.
    pub attestation: &'a AttestationPolicy,
    /// The keys that sign our own decisions on holders.
    pub own_keys: &'a JwkSet,
    /// The places that may be declared.
    pub places: &'a CogTable,
    /// A register said that the title is neither lost nor stolen nor revoked.
    pub document_status_checked: bool,
}

/// The document that was found authentic, and what its chip proved. Made out of what `verification` returns for the
/// files and answers of the evidence ([`EnrolmentEvidence::files`], [`EnrolmentEvidence::chip_authentication`],
/// [`EnrolmentEvidence::active_authentication`]), and of nothing else.
pub struct ProvedDocument {
    /// EF.DG1, under its hash.
    pub dg1: Dg1,
    /// EF.DG11, under its hash, if the document has one.
    pub dg11: Option<Dg11>,
    /// EF.SOD lists EF.DG11.
    pub dg11_listed: bool,
    /// Chip or Active Authentication succeeded.
    pub chip_proved: bool,
    /// Policy let a weak algorithm through.
    pub weak_algorithm: bool,
    /// SHA-256 of the document signer certificate.
    pub dsc: [u8; 32],
    /// SHA-256 of the CSCA certificate.
    pub csca: [u8; 32],
    /// Digest of the trust store in force.
    pub trust_digest: [u8; 32],
    /// Version of the verification policy in force.
    pub policy_version: String,
    /// One line a check. The decision on the holder becomes another.
    pub report: Vec<String>,
}

/// Judges a whole enrolment again and makes its identity. The first check that fails is told.
///
/// # Errors
/// See [`Rejection`].
pub fn seal(
    evidence: &EnrolmentEvidence,
    proved: ProvedDocument,
    request: Seal,
    context: SealContext<'_>,
    at: UnixTime,
) -> Result<SealedEnrolment, Rejection> {
    let gathered = Gathered::new(evidence)?;
    let (policy, id) = (context.policy, evidence.enrolment_id.as_str());
    // 1. The phone's keys are attested; the decision on the holder is ours, about this enrolment, phone and document.
    let challenge = &evidence.challenge;
    let attested =
        Device::verify(&gathered.device, challenge, context.attestation, gathered.device_received_at)?;
    let device_key = attested.key();
    let sod = gathered.files.get(&FileId::Sod).ok_or(Rejection::Missing(Step::Files))?;
    let subject = DecisionSubject {
        issuer: &policy.issuer,
        enrolment_id: id,
        device_key_thumbprint: key_thumbprint(device_key.public_key()),
        sod_sha256: sha256(sod),
    };
    let decision = VerifiedDecision::verify(&gathered.decision, context.own_keys, &subject, at)?;
    // 2. The holder agreed to the texts in force; to the use of the face, if the face was used.
    let consents = check_consents(policy, &gathered.consents)?;
    let by_face = matches!(decision.decision().proof(), HolderProof::Face | HolderProof::FaceCertified);
    if by_face && policy.consents.contains_key("face") && !consents.contains_key("face") {
        return Err(Rejection::ConsentMissing("face".to_owned()));
    }
    // 3. The person, by all that the document says of her.
    if proved.dg11_listed && proved.dg11.is_none() {
        return Err(Rejection::Missing(Step::Files));
    }
    let mrz = &proved.dg1.mrz;
    let (declared, email) = (&gathered.declaration, &gathered.contact.email);
    let pivot = policy.identify(&proved.dg1, proved.dg11.as_ref(), declared, email, context.places, at)?;
    // 4. The PIN key is its sender's.
    let device_id = device_id(device_key.public_key());
    let pin_key = gathered.pin_key.verify(&policy.issuer, id, &device_id)?;
    // 5. Both keys signed all of it.
    let record = record(&policy.issuer, id, &gathered, &decision, device_key, &pin_key, &consents);
    request.transcript.verify(&record, device_key, &pin_key, &request.signatures)?;
    // 6. The level.
    if policy.chip_proof_required && !proved.chip_proved {
        return Err(Rejection::Missing(Step::Chip));
    }
    let expiry = mrz.date_of_expiry.as_expiry();
    let facts = LevelFacts {
        document_authentic: true,
        email_verified: true,
        chip_proved: proved.chip_proved,
        keys_attested: true,
        pin_key: true,
        holder: decision.decision().proof(),
        title_unexpired: expiry.is_some_and(|day| at.date() <= day),
        document_status_checked: context.document_status_checked,
        weak_algorithm: proved.weak_algorithm,
    };
    let level = facts.level().ok_or(Rejection::NoLevel)?;
    // 7. The identity.
    let document = DocumentRecord {
        code: mrz.document_code.clone(),
        issuing_state: mrz.issuing_state.clone(),
        number: mrz.document_number.clone(),
        expires: expiry.map(|(y, m, d)| format!("{y:04}-{m:02}-{d:02}")).unwrap_or_default(),
        dsc: proved.dsc,
        csca: proved.csca,
        trust_digest: proved.trust_digest,
        policy_version: proved.policy_version,
        report: proved.report.into_iter().chain([decision.decision().to_string()]).collect(),
    };
    let device =
        DeviceRecord { id: device_id, device_key: device_key.to_bytes(), pin_key: pin_key.to_sec1() };
    let review = !decision.decision().review().is_empty();
    let identity = Identity { pivot, facts, level, document, device, consents, review, enrolled_at: at };
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
    device_key: &DeviceKey,
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
        device_key: key_thumbprint(device_key.public_key()).into(),
        pin_key: key_thumbprint(pin_key).into(),
        consents: consents.iter().map(|(name, c)| (name.clone(), c.version.clone())).collect(),
    }
}

#[cfg(test)]
mod tests;
