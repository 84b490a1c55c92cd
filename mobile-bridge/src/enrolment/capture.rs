//! The capture for the server's built-in engine: each step's frames are signed by the device key as they are taken.

use crypto::sha256;
use protocol::Base64;
use protocol::capture::{FrameMark, StepStatement};
use protocol::challenge::{BUILT_IN, FaceChallenge, FaceStep, FaceStepTaken};
use protocol::enrolment::FaceBegin;

use super::EnrolmentClient;
use super::records::{CameraFrame, FaceSteps};
use crate::BridgeError;
use crate::keys::prove;

/// A capture under way.
pub(super) struct CaptureState {
    nonce: String,
    challenge: FaceChallenge,
    index: u8,
    previous: Base64,
}

#[uniffi::export]
impl EnrolmentClient {
    /// Opens a capture for the server's own engine: what to ask of the person, step by step. `face_only` for who cannot
    /// turn the head. Each begin counts as an attempt.
    ///
    /// # Errors
    /// See [`BridgeError`]; `face.engine`: the server has no engine of its own.
    pub fn begin_face_steps(&self, face_only: bool) -> Result<FaceSteps, BridgeError> {
        let begin = FaceBegin { engine: Some(BUILT_IN.to_owned()), face_only };
        let session = self.face_session(&begin)?;
        let challenge = session
            .challenge
            .ok_or_else(|| BridgeError::Protocol { text: "the server asks for no steps".to_owned() })?;
        let steps = FaceSteps {
            steps: challenge.steps.iter().map(|step| step.as_str().to_owned()).collect(),
            max_frames_per_step: u32::try_from(challenge.max_frames_per_step).unwrap_or(u32::MAX),
            max_frame_bytes: u32::try_from(challenge.max_frame_bytes).unwrap_or(u32::MAX),
        };
        let capture =
            CaptureState { nonce: session.capture_nonce, challenge, index: 0, previous: Base64::default() };
        self.state().capture = Some(capture);
        Ok(steps)
    }

    /// Sends the frames of the next step. After the last one call `fetch_face`.
    ///
    /// # Errors
    /// See [`BridgeError`]. A step that is refused ends the capture: begin again.
    pub fn submit_face_step(&self, frames: Vec<CameraFrame>) -> Result<(), BridgeError> {
        let (issuer, session) = (self.issuer()?, self.session()?);
        let statement = {
            let state = self.state();
            let capture =
                state.capture.as_ref().ok_or_else(|| BridgeError::usage("call begin_face_steps first"))?;
            let step = capture.challenge.steps.get(usize::from(capture.index));
            StepStatement {
                issuer,
                enrolment_id: session.enrolment_id.clone(),
                capture_nonce: capture.nonce.clone(),
                index: capture.index,
                step: *step.ok_or_else(|| BridgeError::usage("every step was sent"))?,
                previous: capture.previous.clone(),
                frames: frames
                    .iter()
                    .map(|frame| FrameMark { at_ms: frame.at_ms, sha256: sha256(&frame.jpeg).into() })
                    .collect(),
            }
        };
        let proof = prove(self.keys.as_ref(), statement.signing_bytes())?.to_header();
        let digest = statement.digest();
        let frames = frames.into_iter().map(|frame| Base64(frame.jpeg)).collect();
        let _: FaceStepTaken =
            self.call("POST", "/face/steps", Some(&FaceStep { statement, proof, frames }))?;
        if let Some(capture) = self.state().capture.as_mut() {
            (capture.index, capture.previous) = (capture.index + 1, digest.into());
        }
        Ok(())
    }
}
