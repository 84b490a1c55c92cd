//! The built-in engine: a challenge, one signed upload of frames for each step, the judgement (docs/face.md).
//!
//! Frames are evidence like all else: sealed under the enrolment's key, and erased with the session that they belong to,
//! whatever comes of it. The engine's result is signed with our own statement key and then judged as any engine's.

use std::sync::Arc;
use std::time::Duration;

use clock::UnixTime;
use face::{
    Capture, CaptureContext, CapturedStep, Challenge, FaceEngine as _, LocalEngine, Movement, Portrait,
    sign_result,
};
use identity::{EvidenceItem, EvidenceKind};
use protocol::DeviceProof;
use protocol::challenge::{FaceChallenge, FaceStep, FaceStepTaken};
use rand_core::Rng as _;
use tokio::sync::OwnedSemaphorePermit;
use verification::{HolderEvidence, Rejection};

use super::call::{Call, blocking};
use super::document::Case;
use super::holder::{Session, close, conclude, judge, portrait, session, take_result};
use crate::face_engines::BUILT_IN;
use crate::http::signed::{Answer, json};
use crate::{ApiError, AppState};

/// The longest frame, in bytes of its JPEG file.
const MAX_FRAME: usize = 200 * 1024;
/// The longest request of a step: three frames in base64, and what is signed of them.
pub(super) const MAX_STEP: usize = 3 * MAX_FRAME * 4 / 3 + 16 * 1024;
/// How long a capture waits for its turn to be judged.
const WAIT: Duration = Duration::from_secs(8);

/// Draws a challenge. Each counts against the captures of the enrolment: nobody draws until an order is convenient.
pub(super) async fn draw(call: &Call, face_only: bool) -> Result<Challenge, ApiError> {
    let limit = call.state.config.limits.face_answers;
    if !call.state.database.count_face_answer(&call.enrolment.id, limit).await? {
        return Err(ApiError::new("enrolment.attempts"));
    }
    let movement = if face_only { Movement::FaceOnly } else { Movement::Head };
    Ok(Challenge::draw(movement, call.now, &mut call.state.rng()))
}

/// What the phone is asked.
pub(super) fn told(challenge: &Challenge) -> FaceChallenge {
    FaceChallenge {
        steps: challenge.steps().to_vec(),
        max_frames_per_step: *face::FRAMES_PER_STEP.end(),
        max_frame_bytes: MAX_FRAME,
    }
}

/// Takes the frames of the step that is due. Frames that are refused end the session.
#[utoipa::path(post, path = "/v1/enrolments/{id}/face/steps", tag = "holder", params(("id" = String, Path)),
    request_body = FaceStep, responses((status = 200, body = FaceStepTaken)))]
pub(super) async fn step(mut call: Call) -> Result<Answer, ApiError> {
    let Some(Session::Challenge(challenge)) = session(&call) else {
        return Err(ApiError::new("face.expired").detail("no challenge is open"));
    };
    match add(&call, &challenge) {
        Ok(due) => {
            call.keep_body(EvidenceKind::FaceStep).await?;
            Answer::json(&FaceStepTaken { due })
        }
        Err(error) => {
            end(&mut call).await?;
            Err(error)
        }
    }
}

/// The step that is due after the one in the request's body.
fn add(call: &Call, challenge: &Challenge) -> Result<Option<protocol::capture::CaptureStep>, ApiError> {
    let mut capture = taken(call, challenge)?;
    capture.add(read(&call.body, call.now)?).map_err(refused)?;
    Ok(capture.due())
}

/// The capture with the steps that were taken before.
fn taken<'a>(call: &'a Call, challenge: &'a Challenge) -> Result<Capture<'a>, ApiError> {
    let context = CaptureContext {
        issuer: &call.state.config.issuer,
        enrolment_id: &call.enrolment.id,
        device_key: call.device.key(),
    };
    let mut capture = Capture::begin(challenge, context);
    for item in steps(call) {
        capture.add(read(item.content.as_deref().unwrap_or_default(), item.received_at)?).map_err(refused)?;
    }
    Ok(capture)
}

fn steps(call: &Call) -> impl Iterator<Item = &EvidenceItem> {
    let items = call.enrolment.evidence.items.iter();
    items.filter(|item| item.kind == EvidenceKind::FaceStep && item.content.is_some())
}

fn read(body: &[u8], received_at: UnixTime) -> Result<CapturedStep, ApiError> {
    let FaceStep { statement, proof, frames } = json(body)?;
    let proof = DeviceProof::from_header(&proof);
    let proof = proof.map_err(|error| ApiError::new("request.malformed").detail(error))?;
    if frames.iter().any(|frame| frame.0.len() > MAX_FRAME) {
        return Err(refused(face::ChallengeError::Frames));
    }
    let frames = frames.into_iter().map(|frame| frame.0).collect();
    Ok(CapturedStep { statement, proof, frames, received_at })
}

fn refused(error: face::ChallengeError) -> ApiError {
    Rejection::Face(error.into()).into()
}

/// Ends the session: its frames are erased.
async fn end(call: &mut Call) -> Result<(), ApiError> {
    close(call).await?;
    call.state.database.erase_face_capture(&call.enrolment.id).await?;
    call.reload().await
}

/// Judges the capture. Whatever comes of it, the session is over.
pub(super) async fn decide(mut call: Call, challenge: Challenge) -> Result<Answer, ApiError> {
    let engine = call.state.built_in.clone().ok_or_else(|| ApiError::new("face.engine"))?;
    // Before its turn nothing is closed: the phone may ask again.
    let permit = turn(&call.state).await?;
    let evidence = taken(&call, &challenge)?.finish().map_err(refused)?;
    let captured_at = steps(&call).next().map_or(call.now, |item| item.received_at);
    let case = Case::of(&call);
    end(&mut call).await?;
    let mut id = [0; 16];
    call.state.rng().fill_bytes(&mut id);
    let matched = blocking(move || {
        let result = match_challenge(&case, &engine, permit, &evidence, captured_at)?;
        let issuer = &case.state.config.issuer;
        let signed =
            sign_result(&case.state.statement_key, BUILT_IN, issuer, &hex::encode(id), case.at, &result);
        judge(&case, &signed, challenge.nonce())
    });
    let matched = matched.await?;
    take_result(&call, &matched).await?;
    conclude(call, HolderEvidence::Face(Box::new(matched))).await
}

fn match_challenge(
    case: &Case,
    engine: &LocalEngine,
    permit: OwnedSemaphorePermit,
    evidence: &face::ChallengeEvidence,
    captured_at: UnixTime,
) -> Result<face::EngineResult, ApiError> {
    let refused = |error: face::Error| ApiError::from(Rejection::Face(error));
    let portrait = Portrait::from_image(&portrait(case)?).map_err(|error| refused(error.into()))?;
    let matched = engine.judge(&portrait, evidence).map_err(refused)?;
    drop(permit);
    Ok(matched.to_result(&case.evidence.enrolment_id, case.device_key_thumbprint, captured_at))
}

/// Waits for a turn of the engine.
async fn turn(state: &AppState) -> Result<OwnedSemaphorePermit, ApiError> {
    let permits: Arc<tokio::sync::Semaphore> = state.face_work.clone();
    match tokio::time::timeout(WAIT, permits.acquire_owned()).await {
        Ok(permit) => permit.map_err(ApiError::internal),
        Err(_) => Err(ApiError::new("server.unavailable").retry_after(5)),
    }
}
