//! The document of an enrolment: its evidence, judged by the checks of `verification`.

use crypto::sha256;
use identity::decision::{DecisionSubject, VerifiedDecision};
use identity::enrolment::{Facts, missing as missing_steps};
use identity::{EnrolmentEvidence, EvidenceKind, Step};
use lds::{Dg1, Dg11, Dg14, Dg15, FileId};
use protocol::enrolment::CheckLine;
use protocol::key_thumbprint;
use verification::{
    ActiveAuthenticationEvidence, AuthenticCardSecurity, AwaitChip, ChipAuthenticationEvidence, ChipData,
    Content, EvidenceSet, GenuineDocument, Inspection, SecurityObject, judge,
};

use super::call::{Call, blocking};
use super::words;
use crate::{ApiError, AppState};

impl From<verification::Rejection> for ApiError {
    fn from(rejection: verification::Rejection) -> Self {
        Self::new(rejection.code())
    }
}

impl From<identity::Rejection> for ApiError {
    fn from(rejection: identity::Rejection) -> Self {
        Self::new(rejection.code())
    }
}

impl From<identity::Error> for ApiError {
    fn from(error: identity::Error) -> Self {
        Self::new(error.code())
    }
}

/// What a handler needs of the document: the evidence and who judges it. Checks take milliseconds, so they run away
/// from the threads that answer.
#[derive(Clone)]
pub(in crate::http) struct Case {
    pub(in crate::http) state: AppState,
    pub(in crate::http) evidence: EnrolmentEvidence,
    pub(in crate::http) at: clock::UnixTime,
    /// Of the enrolment's device key.
    pub(in crate::http) device_key_thumbprint: [u8; 32],
}

impl Case {
    pub(super) fn of(call: &Call) -> Self {
        Self {
            state: call.state.clone(),
            evidence: call.enrolment.evidence.clone(),
            at: call.now,
            device_key_thumbprint: key_thumbprint(call.device.key().public_key()),
        }
    }

    pub(super) fn file(&self, file: FileId) -> Option<&[u8]> {
        self.evidence.content(EvidenceKind::File(file))
    }

    /// EF.SOD, authenticated.
    pub(super) fn security_object(&self) -> Result<SecurityObject, ApiError> {
        let sod = self.file(FileId::Sod).ok_or_else(|| step_missing(Step::Files))?;
        let policy = &self.state.config.verification;
        Ok(self.state.trust.store().authenticate_sod(sod, policy, self.at).outcome?)
    }

    /// A data group that was received, under its hash.
    pub(super) fn group<T: Content>(
        &self,
        object: &SecurityObject,
    ) -> Result<Option<verification::Authentic<T>>, ApiError> {
        let file = self.file(FileId::Dg(T::NUMBER));
        Ok(file.map(|bytes| object.read(bytes.to_vec())).transpose()?)
    }

    /// EF.CardSecurity, if it was received and the State signed it. It is believed in nothing else.
    pub(super) fn card_security(&self, object: &SecurityObject) -> Option<AuthenticCardSecurity> {
        let file = self.file(FileId::CardSecurity)?;
        self.state.trust.store().authenticate_card_security(object, file).ok()
    }

    /// Policy asks for one of the proofs that a document announces, not for all.
    pub(super) fn one_chip_proof_suffices(&self) -> bool {
        self.state.config.verification.one_chip_proof_suffices
    }

    /// EF.DG1 and, if it was received, EF.DG11.
    pub(in crate::http) fn personal_data(&self) -> Result<(Dg1, Option<Dg11>), ApiError> {
        let object = self.security_object()?;
        let dg1 = self.group::<Dg1>(&object)?.ok_or_else(|| step_missing(Step::Files))?;
        let dg11 = self.group::<Dg11>(&object)?;
        Ok((dg1.content().clone(), dg11.map(|dg11| dg11.content().clone())))
    }

    /// Our own decision on the holder, if it was taken.
    pub(super) fn decision(&self) -> Result<Option<VerifiedDecision>, ApiError> {
        let Some(compact) = self.evidence.content(EvidenceKind::HolderDecision) else { return Ok(None) };
        let compact = std::str::from_utf8(compact).map_err(ApiError::internal)?;
        let sod = self.file(FileId::Sod).ok_or_else(|| step_missing(Step::Files))?;
        let subject = DecisionSubject {
            issuer: &self.state.config.issuer,
            enrolment_id: &self.evidence.enrolment_id,
            device_key_thumbprint: self.device_key_thumbprint,
            sod_sha256: sha256(sod),
        };
        Ok(Some(VerifiedDecision::verify(compact, &self.state.statement_keys, &subject, self.at)?))
    }

    /// Judges files and answers of the chip, all of them, again each time.
    pub(super) fn judge(&self) -> Result<Inspection<GenuineDocument>, ApiError> {
        let mut data = ChipData::new(self.evidence.files());
        if let Some(decision) = self.decision()? {
            let digest = decision.decision().dg2_sha256().0.as_slice().try_into();
            data = data.with_erased_dg2(digest.map_err(ApiError::internal)?);
        }
        let ca = self.evidence.chip_authentication()?.map(|answered| ChipAuthenticationEvidence {
            suspended: answered.attempt.state.0,
            responses: answered.responses,
        });
        let aa = self.evidence.active_authentication()?.map(|answered| ActiveAuthenticationEvidence {
            challenge: answered.attempt.state.0,
            signature: answered.responses.into_iter().next().unwrap_or_default(),
        });
        let evidence = EvidenceSet { data, chip_authentication: ca, active_authentication: aa };
        Ok(judge(&evidence, &self.state.trust.store(), &self.state.config.verification, self.at))
    }

    /// The document, if every check passes.
    pub(super) fn genuine(&self) -> Result<GenuineDocument, ApiError> {
        Ok(self.judge()?.outcome?)
    }

    /// The steps still missing. Which files and proofs are due is read from what EF.SOD covers; a wrong answer of the
    /// chip is as good as none.
    fn missing(&self) -> Vec<Step> {
        let mut facts = Facts { present: self.evidence.present(), ..Facts::default() };
        // The address that was verified is the newest one given.
        let content = |kind| self.evidence.content(kind);
        if content(EvidenceKind::Contact) != content(EvidenceKind::ContactVerified) {
            facts.present.remove(&EvidenceKind::ContactVerified);
        }
        if let Ok(object) = self.security_object() {
            facts.listed = Some(object.data_groups());
            let dg14 = self.group::<Dg14>(&object).ok().flatten();
            let announced = dg14.as_ref().is_some_and(|dg14| dg14.content().announces_chip_authentication());
            let master_file = || self.card_security(&object);
            facts.chip_authentication_due =
                announced || master_file().is_some_and(|file| file.announces_chip_authentication());
            facts.active_authentication_due = object.data_groups().contains(&15);
            if !self.chip_authentication_holds() {
                facts.present.remove(&EvidenceKind::CaResponses);
            }
            if !self.active_authentication_holds(&object, dg14.as_ref()) {
                facts.present.remove(&EvidenceKind::AaSignature);
            }
            if self.one_chip_proof_suffices() {
                let ca = facts.present.contains(&EvidenceKind::CaResponses);
                let aa = facts.present.contains(&EvidenceKind::AaSignature);
                facts.chip_authentication_due &= !aa;
                facts.active_authentication_due &= !ca;
            }
        }
        missing_steps(&facts)
    }

    fn chip_authentication_holds(&self) -> bool {
        let Ok(Some(answered)) = self.evidence.chip_authentication() else { return false };
        let step = AwaitChip::resume(&answered.attempt.state.0);
        step.is_ok_and(|step| step.received(&answered.responses).is_ok())
    }

    fn active_authentication_holds(
        &self,
        object: &SecurityObject,
        dg14: Option<&verification::Authentic<Dg14>>,
    ) -> bool {
        let Ok(Some(answered)) = self.evidence.active_authentication() else { return false };
        let Ok(Some(dg15)) = self.group::<Dg15>(object) else { return false };
        let signature = answered.responses.first().map(Vec::as_slice).unwrap_or_default();
        let step = object.resume_active_authentication(&dg15, dg14, &answered.attempt.state.0);
        step.is_ok_and(|step| step.received(signature).is_ok())
    }
}

/// A step that must come before.
pub(super) fn step_missing(step: Step) -> ApiError {
    ApiError::new(format!("enrolment.step-missing({})", step.as_str()))
}

/// Nothing of a person is kept before she agreed to the texts in force.
pub(super) fn require_consents(call: &Call) -> Result<(), ApiError> {
    let given = call.enrolment.evidence.latest(EvidenceKind::Consents);
    given.map(drop).ok_or_else(|| step_missing(Step::Consents))
}

/// The steps still missing.
pub(super) async fn missing(call: &Call) -> Result<Vec<Step>, ApiError> {
    let case = Case::of(call);
    blocking(move || Ok(case.missing())).await
}

/// Refuses a request that comes before one of these steps is done.
pub(super) async fn require(call: &Call, steps: &[Step]) -> Result<(), ApiError> {
    let missing = missing(call).await?;
    match steps.iter().find(|step| missing.contains(step)) {
        Some(step) => Err(step_missing(*step)),
        None => Ok(()),
    }
}

/// A report in sentences.
pub(super) fn lines(report: &verification::Report, call: &Call) -> Vec<CheckLine> {
    let line = |check: &verification::Check| CheckLine {
        id: check.id.to_string(),
        result: check.result.to_string(),
        text: words::text(check, call.language),
    };
    report.checks.iter().map(line).collect()
}
