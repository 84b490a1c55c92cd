//! The face step, as far as it is decided elsewhere: the signed result of a configured face engine.
//!
//! An engine compares the portrait of the authenticated EF.DG2 with a probe captured from the person, judges
//! whether the probe is alive and not injected, and signs what it found ([`EngineResult`]). The server takes no
//! score from anybody else: [`verify_engine_result`] alone makes a [`MatchedFace`], out of a result signed by an
//! engine of the [`EngineRegistry`], bound to this capture, this portrait, this enrolment.
//!
//! [`sign_result`] is the engine's side; the demo's engine uses it to say that it compared nothing, which counts
//! only where the policy accepts demo engines.

mod engine;
mod result;
pub mod service;
mod verify;

pub use engine::{Attack, Certificate, Engine, EngineRegistry};
pub use result::{
    CertificateName, Comparison, Detection, EngineResult, PURPOSE, ReviewSignal, Verdict, sign_result,
};
pub use verify::{Expectation, FacePolicy, MatchedFace, verify_engine_result};

/// Why a face result was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration of the engines contradicts itself.
    #[error("engine {engine}: {problem}")]
    Registry {
        /// The engine's id.
        engine: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// No configured engine has the key of this signature.
    #[error("no configured engine has this key")]
    EngineUnknown,
    /// The engine is configured, but not in this version.
    #[error("engine version {0} is not configured")]
    EngineVersion(String),
    /// Unsigned, wrongly signed, or not the statement of an engine to us.
    #[error("not a signed statement of this engine: {0}")]
    Signature(jose::Error),
    /// Made for another capture than the server's.
    #[error("another capture nonce")]
    Nonce,
    /// Made for another enrolment.
    #[error("another enrolment")]
    Enrolment,
    /// The portrait compared is not the one of the authenticated EF.DG2.
    #[error("another portrait")]
    PortraitMismatch,
    /// Captured by another phone than this enrolment's.
    #[error("another phone")]
    Device,
    /// Captured or signed too long ago, or good no longer.
    #[error("the capture is too old")]
    Expired,
    /// Times in the future, or a capture after its own result.
    #[error("the times of the result contradict each other or the clock")]
    Time,
    /// A demo engine where none is accepted.
    #[error("the demo engine is not accepted here")]
    DemoEngine,
    /// The engine compared nothing.
    #[error("nothing was compared")]
    NotCompared,
    /// The result names a certificate that is not configured for this engine.
    #[error("a certificate that is not configured")]
    Certificate,
    /// The result's id was used before.
    #[error("a result that counted before")]
    Replayed,
    /// Numbers that are no similarity.
    #[error("malformed similarity or threshold")]
    Malformed,
    /// The engine judged by a laxer threshold than the policy.
    #[error("the engine's threshold is below the policy's")]
    Threshold,
    /// Near the threshold: another capture or a desk.
    #[error("similarity just below the threshold")]
    Borderline,
    /// Not the same person.
    #[error("similarity below the threshold")]
    BelowThreshold,
    /// The probe was not judged to be a living person in front of the camera.
    #[error("liveness not shown")]
    Liveness,
    /// The probe may not come from the camera.
    #[error("capture not shown to come from the camera")]
    Injection,
}

impl Error {
    /// The stable machine code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Registry { .. } => "face.registry",
            Self::EngineUnknown => "face.engine-unknown",
            Self::EngineVersion(_) => "face.engine-version",
            Self::Signature(_) => "face.signature",
            Self::Nonce => "face.nonce",
            Self::Enrolment => "face.enrolment",
            Self::PortraitMismatch => "face.portrait-mismatch",
            Self::Device => "face.device",
            Self::Replayed => "face.replayed",
            Self::Certificate => "face.certificate",
            Self::Expired => "face.expired",
            Self::Time => "face.time",
            Self::DemoEngine => "face.demo-engine",
            Self::NotCompared => "face.not-compared",
            Self::Malformed => "face.malformed",
            Self::Threshold => "face.engine-threshold",
            Self::Borderline => "face.borderline",
            Self::BelowThreshold => "face.below-threshold",
            Self::Liveness => "face.liveness",
            Self::Injection => "face.injection",
        }
    }
}
