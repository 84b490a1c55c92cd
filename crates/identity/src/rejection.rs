//! Why an enrolment is not sealed.

use crate::{Error, Step};

/// The first check that failed, in the order of [`crate::seal()`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// A step has no evidence.
    #[error("no evidence of the step {}", .0.as_str())]
    Missing(Step),
    /// Evidence of a step is not what that step stores.
    #[error("the evidence of the step {} is not usable", .0.as_str())]
    Evidence(Step),
    /// A consent that policy requires was not given.
    #[error("no consent to {0}")]
    ConsentMissing(String),
    /// A consent was given to another version or text than the one in force.
    #[error("consent to another text of {0}")]
    ConsentVersion(String),
    /// The phone's keys.
    #[error(transparent)]
    Device(#[from] attestation::Error),
    /// The decision on the holder is not ours, or not of this enrolment, document or portrait.
    #[error("the decision on the holder does not hold: {0}")]
    Decision(&'static str),
    /// Names, dates, places, age or kind of document.
    #[error(transparent)]
    Identity(#[from] Error),
    /// PIN key or transcript.
    #[error(transparent)]
    Seal(#[from] protocol::Error),
    /// The document reaches no level.
    #[error("the facts reach no level")]
    NoLevel,
}

impl Rejection {
    /// The machine code (docs/protocols.md, section 5).
    #[must_use]
    pub fn code(&self) -> String {
        match self {
            Self::Missing(step) | Self::Evidence(step) => {
                format!("enrolment.step-missing({})", step.as_str())
            }
            Self::ConsentMissing(name) => format!("consent.missing({name})"),
            Self::ConsentVersion(name) => format!("consent.version({name})"),
            Self::Device(error) => error.code().to_owned(),
            Self::Decision(_) => "face.decision".to_owned(),
            Self::Identity(error) => error.code().to_owned(),
            Self::Seal(_) => "enrolment.seal".to_owned(),
            Self::NoLevel => "enrolment.level".to_owned(),
        }
    }
}
