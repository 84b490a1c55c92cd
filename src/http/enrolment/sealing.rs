//! The end of an enrolment: the PIN key, and the seal. The whole chain is judged again; what holds becomes an account.

use identity::{EvidenceKind, IdentityState, ProvedDocument, SealContext, SealedEnrolment, Step};
use protocol::enrolment::{PinKey, Progress, Seal, Sealed};
use storage::{SealRefusal, Sealing};
use verification::GenuineDocument;

use super::call::{Call, blocking};
use super::document::{Case, require};
use super::opening::progress;
use crate::ApiError;
use crate::http::signed::Answer;
use crate::metrics::EnrolmentOutcome;
use crate::notices;

/// Registers the PIN key, with its proof of possession.
#[utoipa::path(put, path = "/v1/enrolments/{id}/pin", tag = "enrolment", params(("id" = String, Path)),
    request_body = PinKey, responses((status = 200, body = Progress)))]
pub(super) async fn pin(mut call: Call) -> Result<Answer, ApiError> {
    let key: PinKey = call.json()?;
    let (issuer, device) = (&call.state.config.issuer, call.device.id());
    key.verify(issuer, &call.enrolment.id, &device)?;
    call.keep_body(EvidenceKind::PinKey).await?;
    progress(call).await
}

/// Seals the enrolment: both keys signed one transcript of everything that was shown.
#[utoipa::path(post, path = "/v1/enrolments/{id}/seal", tag = "enrolment", params(("id" = String, Path)),
    request_body = Seal, responses((status = 200, body = Sealed)))]
pub(super) async fn seal(call: Call) -> Result<Answer, ApiError> {
    let request: Seal = call.json()?;
    require(&call, Step::ALL.get(..Step::ALL.len() - 1).unwrap_or_default()).await?;
    let case = Case::of(&call);
    let sealed = blocking(move || judge(&case, request)).await?;
    let sealing = Sealing { sealed: &sealed, tell: Some(notices::phone) };
    let stored = match call.state.database.seal_enrolment(sealing, call.now).await {
        Ok(stored) => stored,
        Err(storage::Error::Seal(refusal)) => return Err(refused(refusal)),
        Err(error) => return Err(error.into()),
    };
    call.state.news.notify_one();
    let active = stored.state == IdentityState::Active;
    let outcome = if active { EnrolmentOutcome::Active } else { EnrolmentOutcome::UnderReview };
    call.state.metrics.enrolment(outcome);
    let identity = sealed.identity();
    Answer::json(&Sealed {
        device_id: identity.device().id.clone(),
        state: stored.state.as_str().to_owned(),
        level: identity.level().to_string(),
        replaced: stored.replaced,
        recovery_code: stored.recovery_code,
    })
}

/// The whole chain once more: document, chip, holder, phone, person, transcript.
fn judge(case: &Case, request: Seal) -> Result<SealedEnrolment, ApiError> {
    let state = &case.state;
    let context = SealContext {
        policy: &state.enrolment_policy,
        attestation: &state.attestation,
        own_keys: &state.statement_keys,
        places: state.places,
        // No register of lost and stolen titles is connected, so nobody reaches eidas3 by it.
        document_status_checked: false,
    };
    let proved = proved(&case.genuine()?);
    Ok(identity::seal(&case.evidence, proved, request, context, case.at)?)
}

fn proved(document: &GenuineDocument) -> ProvedDocument {
    let (data, report) = (document.document(), document.report());
    let object = data.security_object();
    ProvedDocument {
        dg1: data.dg1().content().clone(),
        dg11: data.dg11().map(|dg11| dg11.content().clone()),
        dg11_listed: object.data_groups().contains(&11),
        chip_proved: document.chip_proved(),
        weak_algorithm: report.weak_algorithm(),
        dsc: *object.dsc_sha256(),
        csca: *object.anchor_sha256(),
        trust_digest: *object.trust_digest(),
        policy_version: report.policy_version.clone(),
        report: report.checks.iter().map(ToString::to_string).collect(),
    }
}

fn refused(refusal: SealRefusal) -> ApiError {
    match refusal {
        SealRefusal::Closed => ApiError::new("enrolment.closed"),
        SealRefusal::EvidenceChanged => ApiError::new("server.unavailable").retry_after(1),
        SealRefusal::Blocked => ApiError::new("identity-state.blocked"),
        SealRefusal::AnotherPerson => ApiError::new("chip.another-person"),
        SealRefusal::DeviceKnown => ApiError::new("enrolment.seal").detail(refusal),
    }
}
