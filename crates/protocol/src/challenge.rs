//! Bodies of the built-in engine's challenge: `POST /enrolments/{id}/face` with [`BUILT_IN`], then [`FaceStep`] for each
//! step, then `PUT /enrolments/{id}/face` without a result.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Base64;
use crate::capture::{CaptureStep, StepStatement};

/// The name of the built-in engine among [`crate::enrolment::Config::face_engines`].
pub const BUILT_IN: &str = "sceau-built-in";

/// What the person is asked to do, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FaceChallenge {
    /// The steps; the first is always `centre`.
    pub steps: Vec<CaptureStep>,
    /// The most frames of a step; one at least.
    pub max_frames_per_step: usize,
    /// The longest JPEG file of a frame, in bytes.
    pub max_frame_bytes: usize,
}

/// One step, in a request of its own: `POST /enrolments/{id}/face/steps`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FaceStep {
    /// What the device key signed.
    pub statement: StepStatement,
    /// Its proof over the statement, in the form of the signature header.
    pub proof: String,
    /// The frames: JPEG files, upright, in the order of the statement.
    #[schema(value_type = Vec<String>)]
    pub frames: Vec<Base64>,
}

/// Without the frames.
impl std::fmt::Debug for FaceStep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FaceStep({:?}, {} frames)", self.statement.step, self.frames.len())
    }
}

/// The step was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FaceStepTaken {
    /// The step that is due now; `None`: all came, ask for the decision.
    pub due: Option<CaptureStep>,
}
