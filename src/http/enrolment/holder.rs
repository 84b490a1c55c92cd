//! The person is the holder: the signed result of a face engine, and our own signed decision. With the decision the
//! portrait and everything of the face are erased, in one transaction.

use clock::UnixTime;
use crypto::sha256;
use face::{Expectation, verify_engine_result};
use identity::{EvidenceKind, HolderDecision, Step};
use lds::FileId;
use protocol::Base64;
use protocol::enrolment::{CheckLine, Consents, FaceDecision, FaceResult, FaceSession};
use rand_core::Rng as _;
use serde::{Deserialize, Serialize};
use verification::HolderEvidence;

use super::call::{Call, blocking};
use super::document::{Case, lines, require, step_missing};
use super::opening::missing;
use super::words;
use crate::ApiError;
use crate::http::signed::Answer;

/// How long a capture session waits for its result, in seconds.
const LIFE: i64 = 600;

/// Content of [`EvidenceKind::FaceSession`]: a session, or that the one before has had its result.
#[derive(Serialize, Deserialize)]
enum Session {
    Open { nonce: String, expires_at: UnixTime },
    Closed,
}

/// Opens a capture session, for a document that is genuine.
#[utoipa::path(post, path = "/v1/enrolments/{id}/face", tag = "holder", params(("id" = String, Path)),
    responses((status = 200, body = FaceSession)))]
pub(super) async fn begin(mut call: Call) -> Result<Answer, ApiError> {
    require(&call, &[Step::Consents, Step::Files, Step::Chip]).await?;
    let consents: Consents =
        call.evidence(EvidenceKind::Consents).ok_or_else(|| step_missing(Step::Consents))?;
    let asked = call.state.consents.iter().any(|document| document.entry.name == "face");
    if asked && !consents.given.iter().any(|consent| consent.name == "face") {
        return Err(ApiError::new("consent.missing(face)"));
    }
    if call.enrolment.evidence.latest(EvidenceKind::HolderDecision).is_some() {
        return Err(ApiError::new("enrolment.closed").detail("the holder is decided"));
    }
    let case = Case::of(&call);
    let portrait_sha256 = blocking(move || portrait_sha256(&case)).await?;
    let mut nonce = [0; 32];
    call.state.rng().fill_bytes(&mut nonce);
    let (nonce, expires_at) = (Base64(nonce.to_vec()).to_string(), call.now.plus(LIFE));
    let session = Session::Open { nonce: nonce.clone(), expires_at };
    call.keep(EvidenceKind::FaceSession, serde_json::to_vec(&session).map_err(ApiError::internal)?).await?;
    Answer::json(&FaceSession {
        capture_nonce: nonce,
        portrait_sha256: portrait_sha256.into(),
        engines: call.state.engines.ids().map(str::to_owned).collect(),
        expires_at,
    })
}

/// Judges an engine's result. It closes its session, right or wrong.
#[utoipa::path(put, path = "/v1/enrolments/{id}/face", tag = "holder", params(("id" = String, Path)),
    request_body = FaceResult, responses((status = 200, body = FaceDecision)))]
pub(super) async fn decide(mut call: Call) -> Result<Answer, ApiError> {
    let FaceResult { result } = call.json()?;
    let session: Option<Session> = call.evidence(EvidenceKind::FaceSession);
    let Some(Session::Open { nonce, expires_at }) = session else {
        return Err(ApiError::new("face.expired").detail("no session is open"));
    };
    let limit = call.state.config.limits.face_answers;
    if !call.state.database.count_face_answer(&call.enrolment.id, limit).await? {
        return Err(ApiError::new("enrolment.attempts"));
    }
    let closed = serde_json::to_vec(&Session::Closed).map_err(ApiError::internal)?;
    call.keep(EvidenceKind::FaceSession, closed).await?;
    if call.now >= expires_at {
        return Err(ApiError::new("face.expired"));
    }
    let mut id = [0; 16];
    call.state.rng().fill_bytes(&mut id);
    let decision_id = hex::encode(id);
    let (case, name) = (Case::of(&call), decision_id.clone());
    let (statement, report) = blocking(move || judge(&case, &result, &nonce, &name)).await?;
    call.state.database.record_holder_decision(&call.enrolment, statement.as_bytes(), call.now).await?;
    call.reload().await?;
    let mut checks = lines(&report, &call);
    checks.retain(|line| line.id.starts_with("face."));
    let text = words::portrait_erased(call.language);
    checks.push(CheckLine { id: "face.erased".into(), result: "passed".into(), text });
    Answer::json(&FaceDecision { decision_id, checks, missing: missing(&call).await? })
}

/// SHA-256 of the image inside the authenticated EF.DG2 of a genuine document.
fn portrait_sha256(case: &Case) -> Result<[u8; 32], ApiError> {
    let document = case.genuine()?;
    let portrait = document.document().dg2().and_then(|dg2| dg2.content().faces.first());
    portrait.map(|face| sha256(&face.image)).ok_or_else(|| step_missing(Step::Files))
}

/// From the engine's words to our own signed decision.
fn judge(
    case: &Case,
    result: &str,
    nonce: &str,
    decision_id: &str,
) -> Result<(String, verification::Report), ApiError> {
    let (state, issuer) = (&case.state, case.state.config.issuer.as_str());
    let expected = Expectation {
        capture_nonce: nonce,
        portrait_sha256: portrait_sha256(case)?,
        enrolment_id: &case.evidence.enrolment_id,
        audience: issuer,
    };
    let matched = verify_engine_result(result, &state.engines, &state.face_policy, &expected, case.at)
        .map_err(verification::Rejection::Face)?;
    let inspected = case.genuine()?.match_holder(HolderEvidence::Face(matched.clone()), &state.face_policy);
    inspected.outcome?;
    let file = |file| case.file(file).ok_or_else(|| step_missing(Step::Files));
    let decision = HolderDecision::by_face(&matched, file(FileId::Sod)?, file(FileId::Dg(2))?);
    Ok((decision.sign(&state.statement_key, issuer, decision_id, case.at), inspected.report))
}
