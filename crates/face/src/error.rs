//! Why a face was refused.

use protocol::capture::CaptureStep;

/// Why a picture, a capture or an engine's result was refused.
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
    /// The result names a certificate that is not configured for this engine.
    #[error("a certificate that is not configured")]
    Certificate,
    /// The result's id was used before.
    #[error("a result that counted before")]
    Replayed,
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
    /// Numbers that are no similarity.
    #[error("malformed similarity or threshold")]
    Malformed,
    /// The engine judged by a laxer threshold than the policy.
    #[error("the engine's threshold is below the policy's")]
    Threshold,
    /// Near the threshold: another capture or a desk.
    #[error("similarity just below the threshold")]
    Borderline,
    /// A picture that is not decoded.
    #[error("the picture: {0}")]
    Image(#[from] ImageError),
    /// A picture in which a person cannot be compared: another one is needed.
    #[error("the picture's quality: {0}")]
    Quality(#[from] QualityError),
    /// The challenge was not met.
    #[error("the challenge: {0}")]
    Challenge(#[from] ChallengeError),
    /// No face, or more than one, in the portrait of the document: a desk decides.
    #[error("the portrait shows no single face")]
    PortraitFace,
    /// The engine itself failed: our trouble, not the person's.
    #[error("the face engine: {0}")]
    Engine(&'static str),
    /// An outside engine refused the capture, and signed nothing.
    #[error("the engine refused the capture")]
    Refused,
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
            Self::Certificate => "face.certificate",
            Self::Replayed => "face.replayed",
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
            Self::Image(error) => error.code(),
            Self::Quality(error) => error.code(),
            Self::Challenge(error) => error.code(),
            Self::PortraitFace => "face.portrait-face",
            Self::Refused => "face.refused",
            Self::Engine(_) => "server.face-engine",
        }
    }
}

/// Why a picture is not decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// More bytes, pixels or components than a portrait or a frame needs, or a picture made to cost time.
    #[error("too large to decode")]
    TooLarge,
    /// Neither JPEG nor JPEG 2000, or a kind of them that no portrait has.
    #[error("not a kind of image that is read")]
    Format,
    /// Cut off, or contradicting itself.
    #[error("malformed")]
    Malformed,
}

impl ImageError {
    /// The stable machine code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "face.image-too-large",
            Self::Format => "face.image-format",
            Self::Malformed => "face.image-malformed",
        }
    }
}

/// Why a person cannot be compared in a picture, and so what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum QualityError {
    /// No face.
    #[error("no face")]
    NoFace,
    /// More than one face: one person only.
    #[error("more than one face")]
    SeveralFaces,
    /// Come closer.
    #[error("the face is too small")]
    TooSmall,
    /// The face is cut off by the edge: move back, or into the middle.
    #[error("the face is not wholly in the picture")]
    CutOff,
    /// Look straight into the camera.
    #[error("the head is turned")]
    NotFrontal,
    /// Hold still.
    #[error("blurred")]
    Blurred,
    /// More light.
    #[error("too dark")]
    TooDark,
    /// Less light, or not from behind.
    #[error("too bright")]
    TooBright,
}

impl QualityError {
    /// The stable machine code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NoFace => "face.no-face",
            Self::SeveralFaces => "face.several-faces",
            Self::TooSmall => "face.too-small",
            Self::CutOff => "face.cut-off",
            Self::NotFrontal => "face.not-frontal",
            Self::Blurred => "face.blurred",
            Self::TooDark => "face.too-dark",
            Self::TooBright => "face.too-bright",
        }
    }
}

/// Why a challenge was not met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ChallengeError {
    /// The device key did not sign the statement of a step.
    #[error("a step is not signed by the device key")]
    Signature,
    /// The statement is of another capture, enrolment or server.
    #[error("frames of another capture")]
    Session,
    /// Another step than the one that is due, or one that does not follow the statement before it.
    #[error("a step out of its order")]
    Order,
    /// The capture ended before its last step.
    #[error("steps are missing")]
    Missing,
    /// No frame, too many, or others than those that were signed.
    #[error("frames other than those signed, or too many")]
    Frames,
    /// A frame that came before.
    #[error("a frame stands twice")]
    Duplicate,
    /// Times that run back, or a step or capture that took too long.
    #[error("the times of the frames are not those of one short capture")]
    Times,
    /// The frames do not show the step that was asked.
    #[error("the step {0:?} is not shown")]
    NotShown(CaptureStep),
    /// A step's movement in the frames of the centre, where none was asked.
    #[error("the centre frames show a step that was not asked yet")]
    NotNeutral,
    /// Frames of a still picture.
    #[error("the frames do not change as those of a camera do")]
    Frozen,
    /// The head turned as a flat picture turns.
    #[error("the head turns like a flat picture")]
    Flat,
    /// A frame shows another person than the centre frame.
    #[error("not the same person in all frames")]
    OtherPerson,
}

impl ChallengeError {
    /// The stable machine code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Signature => "face.step-signature",
            Self::Session => "face.step-session",
            Self::Order => "face.step-order",
            Self::Missing => "face.step-missing",
            Self::Frames => "face.frames",
            Self::Duplicate => "face.frame-duplicate",
            Self::Times => "face.frame-times",
            Self::NotShown(step) => match step {
                CaptureStep::Centre => "face.step-not-shown(centre)",
                CaptureStep::TurnLeft => "face.step-not-shown(turn-left)",
                CaptureStep::TurnRight => "face.step-not-shown(turn-right)",
                CaptureStep::Smile => "face.step-not-shown(smile)",
                CaptureStep::CloseEyes => "face.step-not-shown(close-eyes)",
                CaptureStep::OpenMouth => "face.step-not-shown(open-mouth)",
            },
            Self::NotNeutral => "face.not-neutral",
            Self::Frozen => "face.frozen",
            Self::Flat => "face.flat",
            Self::OtherPerson => "face.other-person",
        }
    }
}
