//! The face: pictures, a built-in engine, a liveness challenge, and the signed results of engines elsewhere.
//!
//! - [`Portrait`] is the decoded picture of EF.DG2, [`Picture`] any decoded picture: pixels under bounds.
//! - [`LocalEngine`] finds the face, judges its quality, compares portrait and probe ([`FaceEngine`]).
//! - [`Challenge`] is what the person is asked to do; [`ChallengeEvidence`] what the phone's key signed of it, judged
//!   by the engine. What that proves, and what it does not, stands in docs/face.md.
//! - [`verify_engine_result`] alone makes a [`MatchedFace`], out of a result ([`EngineResult`]) signed by an engine of
//!   the [`EngineRegistry`], bound to this capture, this portrait, this enrolment. The server takes no score from
//!   anybody else. [`sign_result`] is the engine's side.

mod challenge;
mod engine;
mod error;
mod local;
mod picture;
mod portrait;
mod result;
pub mod service;
mod verify;

pub use challenge::{
    CHALLENGE_LIFE, Capture, CaptureContext, CapturedStep, Challenge, ChallengeEvidence, FRAMES_PER_STEP,
    MAX_FRAMES, Movement,
};
pub use engine::{Attack, Certificate, Engine, EngineRegistry};
pub use error::{ChallengeError, Error, ImageError, QualityError};
pub use local::{Band, ChallengeMatch, FaceEngine, LocalEngine, LocalEngineConfig, Similarity, VERSION};
pub use picture::{MAX_BYTES, MAX_PIXELS, Picture};
pub use portrait::{Portrait, PortraitFinding};
pub use result::{
    CertificateName, Comparison, Detection, EngineResult, PURPOSE, ReviewSignal, Verdict, sign_result,
};
pub use verify::{Expectation, FacePolicy, MatchedFace, verify_engine_result};
