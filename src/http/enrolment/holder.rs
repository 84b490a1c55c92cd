//! The person is the holder: the signed result of a face engine, brought by the phone or fetched over the back channel, and
//! our own signed decision. With the decision the portrait and everything of the face are erased, in one transaction.

use clock::UnixTime;
use crypto::sha256;
use face::service::NewCapture;
use face::{Challenge, Expectation, MatchedFace, verify_engine_result};
use identity::{EvidenceKind, HolderDecision, Step};
use lds::FileId;
use protocol::enrolment::{
    CheckLine, Consents, FaceBegin, FaceCapture, FaceDecision, FaceResult, FaceSession,
};
use protocol::{Base64, key_thumbprint};
use rand_core::Rng as _;
use serde::{Deserialize, Serialize};
use storage::OpenedEnrolment;
use verification::HolderEvidence;

use super::call::{Call, blocking};
use super::challenge;
use super::document::{Case, lines, require, step_missing};
use super::opening::missing;
use super::words;
use crate::face_engines::{BUILT_IN, Fetched};
use crate::http::signed::Answer;
use crate::{ApiError, AppState};

/// How long a capture session waits for its result, in seconds.
const LIFE: i64 = 600;
/// Seconds until a phone asks again for a result that is not there.
const ASK_AGAIN: i64 = 2;

/// Content of [`EvidenceKind::FaceSession`]: a session, or that the one before has had its result.
#[derive(Serialize, Deserialize)]
pub(super) enum Session {
    Open { nonce: String, expires_at: UnixTime, remote: Option<Remote> },
    Challenge(Challenge),
    Closed,
}

/// A capture that was opened over the back channel.
#[derive(Serialize, Deserialize)]
pub(super) struct Remote {
    engine: String,
    capture: String,
}

/// Opens a capture session, for a document that is genuine.
#[utoipa::path(post, path = "/v1/enrolments/{id}/face", tag = "holder", params(("id" = String, Path)),
    request_body = Option<FaceBegin>, responses((status = 200, body = FaceSession)))]
pub(super) async fn begin(mut call: Call) -> Result<Answer, ApiError> {
    let FaceBegin { engine, face_only } =
        if call.body.is_empty() { FaceBegin::default() } else { call.json()? };
    require_undecided(&call).await?;
    require_face_consent(&call)?;
    let case = Case::of(&call);
    let portrait = blocking(move || portrait(&case)).await?;
    let mut answer = FaceSession {
        capture_nonce: String::new(),
        portrait_sha256: sha256(&portrait).into(),
        device_key_thumbprint: key_thumbprint(call.device.key().public_key()).into(),
        engines: call.state.engines.registry().ids().map(str::to_owned).collect(),
        capture: None,
        challenge: None,
        expires_at: call.now.plus(LIFE),
    };
    let session = if call.state.built_in.is_some() && engine.as_deref() == Some(BUILT_IN) {
        let challenge = challenge::draw(&call, face_only).await?;
        challenge.nonce().clone_into(&mut answer.capture_nonce);
        answer.challenge = Some(challenge::told(&challenge));
        answer.expires_at = challenge.expires_at();
        Session::Challenge(challenge)
    } else {
        let mut nonce = [0; 32];
        call.state.rng().fill_bytes(&mut nonce);
        let (nonce, expires_at) = (Base64(nonce.to_vec()).to_string(), answer.expires_at);
        let opened = open_capture(&call, engine, &nonce, portrait, expires_at).await?;
        let (remote, capture) = opened.unzip();
        (answer.capture_nonce, answer.capture) = (nonce.clone(), capture);
        Session::Open { nonce, expires_at, remote }
    };
    // Frames of a session before are nobody's any more.
    call.state.database.erase_face_capture(&call.enrolment.id).await?;
    call.keep(EvidenceKind::FaceSession, serde_json::to_vec(&session).map_err(ApiError::internal)?).await?;
    Answer::json(&answer)
}

/// The session that is open, or the one that was closed last.
pub(super) fn session(call: &Call) -> Option<Session> {
    call.evidence(EvidenceKind::FaceSession)
}

/// Closes the session.
pub(super) async fn close(call: &mut Call) -> Result<(), ApiError> {
    let closed = serde_json::to_vec(&Session::Closed).map_err(ApiError::internal)?;
    call.keep(EvidenceKind::FaceSession, closed).await
}

/// Takes a result once.
pub(super) async fn take_result(call: &Call, matched: &MatchedFace) -> Result<(), ApiError> {
    let (database, id) = (&call.state.database, matched.result_id());
    match database.take_face_result(matched.engine_id(), id, matched.expires_at()).await? {
        true => Ok(()),
        false => Err(verification::Rejection::Face(face::Error::Replayed).into()),
    }
}

/// The steps before are done, and the holder is not decided yet.
pub(super) async fn require_undecided(call: &Call) -> Result<(), ApiError> {
    require(call, &[Step::Consents, Step::Files, Step::Chip]).await?;
    match call.enrolment.evidence.latest(EvidenceKind::HolderDecision) {
        Some(_) => Err(ApiError::new("enrolment.closed").detail("the holder is decided")),
        None => Ok(()),
    }
}

/// Nothing of a face is compared or captured without consent.
pub(super) fn require_face_consent(call: &Call) -> Result<(), ApiError> {
    let consents: Consents =
        call.evidence(EvidenceKind::Consents).ok_or_else(|| step_missing(Step::Consents))?;
    let asked = call.state.consents.iter().any(|document| document.entry.name == "face");
    if asked && !consents.given.iter().any(|consent| consent.name == "face") {
        return Err(ApiError::new("consent.missing(face)"));
    }
    Ok(())
}

/// Opens the capture at an engine that has a back channel: the portrait goes there.
async fn open_capture(
    call: &Call,
    engine: Option<String>,
    nonce: &str,
    portrait: Vec<u8>,
    expires_at: UnixTime,
) -> Result<Option<(Remote, FaceCapture)>, ApiError> {
    let Some(engine) = engine else { return Ok(None) };
    if !call.state.engines.registry().ids().any(|id| id == engine) {
        return Err(ApiError::new("face.engine"));
    }
    let Some(channel) = call.state.engines.back_channel(&engine) else { return Ok(None) };
    let new = NewCapture {
        audience: call.state.config.issuer.clone(),
        enrolment_id: call.enrolment.id.clone(),
        capture_nonce: nonce.to_owned(),
        device_key_thumbprint: call.device.id(),
        portrait: Base64(portrait).to_string(),
        expires_at,
    };
    let opened = channel.open(new).await;
    let opened = opened.map_err(|trouble| ApiError::new("server.face-engine").detail(trouble))?;
    let remote = Remote { engine, capture: opened.id };
    Ok(Some((remote, FaceCapture { url: opened.url, token: opened.phone_token })))
}

/// The result that the phone brought, or the one at the engine. `None`: the engine refused the capture.
async fn brought_or_fetched(
    call: &Call,
    brought: Option<String>,
    remote: Option<Remote>,
) -> Result<Option<String>, ApiError> {
    let (remote, channel) = match (brought, remote) {
        (Some(result), _) => return Ok(Some(result)),
        (None, None) => return Err(ApiError::new("request.malformed").detail("no result, and none to fetch")),
        (None, Some(remote)) => {
            let channel = call.state.engines.back_channel(&remote.engine);
            (remote.capture, channel.ok_or_else(|| ApiError::new("face.engine"))?)
        }
    };
    let fetched = channel.result(&remote).await;
    match fetched.map_err(|trouble| ApiError::new("server.face-engine").detail(trouble))? {
        Fetched::Signed(result) => Ok(Some(result)),
        Fetched::Refused => Ok(None),
        Fetched::Pending => Err(ApiError::new("face.pending").retry_after(ASK_AGAIN)),
    }
}

/// Judges an engine's result. It closes its session, right or wrong.
#[utoipa::path(put, path = "/v1/enrolments/{id}/face", tag = "holder", params(("id" = String, Path)),
    request_body = FaceResult, responses((status = 200, body = FaceDecision)))]
pub(super) async fn decide(mut call: Call) -> Result<Answer, ApiError> {
    let FaceResult { result } = call.json()?;
    let (nonce, expires_at, remote) = match session(&call) {
        Some(Session::Open { nonce, expires_at, remote }) => (nonce, expires_at, remote),
        Some(Session::Challenge(challenge)) => return challenge::decide(call, challenge).await,
        Some(Session::Closed) | None => {
            return Err(ApiError::new("face.expired").detail("no session is open"));
        }
    };
    let result = brought_or_fetched(&call, result, remote).await?;
    let limit = call.state.config.limits.face_answers;
    if !call.state.database.count_face_answer(&call.enrolment.id, limit).await? {
        return Err(ApiError::new("enrolment.attempts"));
    }
    close(&mut call).await?;
    if call.now >= expires_at {
        return Err(ApiError::new("face.expired"));
    }
    let result = result.ok_or(verification::Rejection::Face(face::Error::Refused))?;
    let case = Case::of(&call);
    let matched = blocking(move || judge(&case, &result, &nonce)).await?;
    take_result(&call, &matched).await?;
    conclude(call, HolderEvidence::Face(Box::new(matched))).await
}

/// The image inside the authenticated EF.DG2 of a genuine document.
pub(in crate::http) fn portrait(case: &Case) -> Result<Vec<u8>, ApiError> {
    let document = case.genuine()?;
    let portrait = document.document().dg2().and_then(|dg2| dg2.content().faces.first());
    portrait.map(|face| face.image.to_vec()).ok_or_else(|| step_missing(Step::Files))
}

/// From the engine's words to a matched face.
pub(super) fn judge(case: &Case, result: &str, nonce: &str) -> Result<MatchedFace, ApiError> {
    let state = &case.state;
    let expected = Expectation {
        capture_nonce: nonce,
        portrait_sha256: sha256(&portrait(case)?),
        enrolment_id: &case.evidence.enrolment_id,
        device_key_thumbprint: case.device_key_thumbprint,
        audience: &state.config.issuer,
    };
    let matched =
        verify_engine_result(result, &state.engines.registry(), &state.face_policy, &expected, case.at);
    Ok(matched.map_err(verification::Rejection::Face)?)
}

/// Makes our own signed decision of what shows that the holder is present, and erases everything of the face.
pub(super) async fn conclude(mut call: Call, evidence: HolderEvidence) -> Result<Answer, ApiError> {
    let (decision_id, report) =
        record_decision(&call.state, &call.enrolment, Case::of(&call), evidence).await?;
    call.reload().await?;
    let mut checks = lines(&report, &call);
    checks.retain(|line| line.id.starts_with("face."));
    let text = words::portrait_erased(call.language);
    checks.push(CheckLine { id: "face.erased".into(), result: "passed".into(), text });
    Answer::json(&FaceDecision { decision_id, checks, missing: missing(&call).await? })
}

/// Signs our decision and records it; in the same transaction everything of the face is erased.
pub(in crate::http) async fn record_decision(
    state: &AppState,
    enrolment: &OpenedEnrolment,
    case: Case,
    evidence: HolderEvidence,
) -> Result<(String, verification::Report), ApiError> {
    let mut id = [0; 16];
    state.rng().fill_bytes(&mut id);
    let (decision_id, at) = (hex::encode(id), case.at);
    let name = decision_id.clone();
    let (statement, report) = blocking(move || sign_decision(&case, evidence, &name)).await?;
    state.database.record_holder_decision(enrolment, statement.as_bytes(), at).await?;
    Ok((decision_id, report))
}

/// The holder of a genuine document, and our signed decision.
fn sign_decision(
    case: &Case,
    evidence: HolderEvidence,
    decision_id: &str,
) -> Result<(String, verification::Report), ApiError> {
    let state = &case.state;
    let inspected = case.genuine()?.match_holder(evidence, &state.face_policy);
    let holder = inspected.outcome?;
    let file = |file| case.file(file).ok_or_else(|| step_missing(Step::Files));
    let (sod, dg2) = (file(FileId::Sod)?, file(FileId::Dg(2))?);
    let decision = match holder.evidence() {
        HolderEvidence::Face(matched) => HolderDecision::by_face(matched, sod, dg2),
        HolderEvidence::Desk(comparison) => {
            let (id, portrait) = (&case.evidence.enrolment_id, *comparison.portrait_sha256());
            HolderDecision::at_desk(comparison.by(), id, case.device_key_thumbprint, sod, dg2, portrait)
        }
        _ => return Err(ApiError::internal("evidence of a kind without a decision")),
    };
    Ok((decision.sign(&state.statement_key, &state.config.issuer, decision_id, case.at), inspected.report))
}
