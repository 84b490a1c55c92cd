//! What an app is told about an enrolment.

use std::collections::HashMap;

/// What an app shows before it starts.
#[derive(Clone, Debug, uniffi::Record)]
pub struct EnrolmentOptions {
    /// `production` or `demo`; show the latter on every page.
    pub environment: String,
    /// Document codes accepted.
    pub accepted_documents: Vec<String>,
    /// The youngest age accepted, in years.
    pub minimum_age: u8,
    /// The consents to ask for, in order.
    pub consents: Vec<ConsentOption>,
}

/// A text to consent to.
#[derive(Clone, Debug, uniffi::Record)]
pub struct ConsentOption {
    /// `terms`, `privacy` or `face`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it can be read.
    pub url: String,
    /// Without it the enrolment cannot go on. The face has another way, the desk.
    pub required: bool,
}

/// What the server checked, in sentences.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Checks {
    /// One line a check: result and sentence.
    pub lines: Vec<String>,
    /// The steps still missing.
    pub missing: Vec<String>,
}

/// Where a person was born, in INSEE codes.
#[derive(Clone, uniffi::Record)]
pub struct BirthPlace {
    /// `99100` for France.
    pub country: String,
    /// The commune, for births in France.
    pub commune: Option<String>,
}

/// The identity as it would be asserted.
#[derive(Clone, uniffi::Record)]
pub struct IdentityClaims {
    /// Claim and value.
    pub claims: HashMap<String, String>,
    /// The claims that the person declared; the others the chip proves.
    pub declared: Vec<String>,
}

/// What the face engine must sign.
#[derive(Clone, Debug, uniffi::Record)]
pub struct FaceTask {
    /// The capture's nonce.
    pub capture_nonce: String,
    /// SHA-256 of the portrait in the chip.
    pub portrait_sha256: Vec<u8>,
    /// SHA-256 of the device key, as an uncompressed SEC 1 point.
    pub device_key_thumbprint: Vec<u8>,
    /// The audience of the result: the server's issuer.
    pub audience: String,
    /// The enrolment, which the result must name.
    pub enrolment_id: String,
    /// The engines accepted.
    pub engines: Vec<String>,
    /// The capture that the server opened at the engine: capture there, then call `submit_face` without a result.
    pub capture: Option<FaceCapture>,
}

/// What the server's own engine asks of the person.
#[derive(Clone, Debug, uniffi::Record)]
pub struct FaceSteps {
    /// In this order: `centre` (look into the camera), `turn-left`, `turn-right` (the person's own left and right), `smile`,
    /// `close-eyes`, `open-mouth`.
    pub steps: Vec<String>,
    /// The most frames of a step; one at least.
    pub max_frames_per_step: u32,
    /// The longest JPEG file of a frame, in bytes.
    pub max_frame_bytes: u32,
}

/// A picture that the camera took.
#[derive(Clone, uniffi::Record)]
pub struct CameraFrame {
    /// The JPEG file, upright.
    pub jpeg: Vec<u8>,
    /// When, in milliseconds of a monotonic clock with any start.
    pub at_ms: i64,
}

/// A capture at a face engine.
#[derive(Clone, uniffi::Record)]
pub struct FaceCapture {
    /// Where, for the engine's own library.
    pub url: String,
    /// What to show there.
    pub token: String,
}

/// Without the token.
impl std::fmt::Debug for FaceCapture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FaceCapture({}, ..)", self.url)
    }
}

/// What an agent at a desk scans.
#[derive(Clone, uniffi::Record)]
pub struct DeskTicket {
    /// The text of the QR code. It holds the secret that the evidence is encrypted under: show it to the agent only.
    pub text: String,
    /// Until when the enrolment waits, in seconds since 1970.
    pub expires_at: i64,
}

/// A code to show to an agent. It works once.
#[derive(Clone, uniffi::Record)]
pub struct ShownDeskCode {
    /// Six digits.
    pub digits: String,
    /// Until when, in seconds since 1970.
    pub expires_at: i64,
}

/// The end of an enrolment.
#[derive(Clone, uniffi::Record)]
pub struct SealedAccount {
    /// The device that may now approve logins.
    pub device_id: String,
    /// The issuer: give it to `LoginClient`.
    pub issuer: String,
    /// `active` or `review_pending`.
    pub state: String,
    /// The highest level that this identity reaches.
    pub level: String,
    /// The document was enrolled before; its other devices are revoked.
    pub replaced: bool,
    /// The recovery sheet: show it once, let the person print it or write it down, keep no copy.
    pub recovery_code: String,
}

/// A trace that the server keeps.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct TraceReceipt {
    /// Its name: the person can tell it to support. Nothing of hers leads to it.
    pub reference: String,
    /// Until when it is kept, in seconds since 1970.
    pub kept_until: i64,
}
