//! What an engine says, and how it signs it.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use clock::UnixTime;
use jose::{SigningKey, Statement, sign_statement};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The purpose of the statement (see [`jose::statement`]).
pub const PURPOSE: &str = "face-result";

/// Whether the engine compared two pictures at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    /// Portrait and probe were compared.
    Performed,
    /// Nothing was compared: a demo engine.
    None,
}

/// The outcome of one kind of attack detection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// No attack found.
    Passed,
    /// An attack suspected.
    Failed,
    /// Not looked at.
    NotPerformed,
}

/// What an engine found of one kind of attack, and what its word is worth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detection {
    /// The outcome.
    pub verdict: Verdict,
    /// The certificate that the detection was made under; without one it is the engine's own claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateName>,
}

impl From<Verdict> for Detection {
    /// Without a certificate.
    fn from(verdict: Verdict) -> Self {
        Self { verdict, certificate: None }
    }
}

/// A certificate, as a result names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateName {
    /// The standard of the test.
    pub standard: String,
    /// The level reached.
    pub level: String,
    /// The certificate's number.
    pub id: String,
}

/// What makes an engine ask for a person's look at a match that it made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewSignal {
    /// The portrait may be a morph of two faces.
    Morph,
    /// The portrait, or the probe, was retouched.
    Retouched,
    /// Something that this version of the contract has no word for.
    #[serde(other)]
    Other,
}

/// The content of an engine's signed result. The statement around it says the engine's id (`iss`), our issuer
/// (`aud`), the result's id (`jti`) and the time of signing (`iat`).
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct EngineResult {
    /// The engine's version.
    pub engine_version: String,
    /// Whether it compared at all.
    pub comparison: Comparison,
    /// Cosine similarity of portrait and probe, -1 to 1.
    pub similarity: f64,
    /// The similarity at which this engine says "the same person".
    pub threshold: f64,
    /// Presentation attack detection (ISO/IEC 30107-3): a living person, no print, screen or mask.
    pub presentation: Detection,
    /// Injection attack detection (CEN/TS 18099): the probe comes from this phone's camera.
    pub injection: Detection,
    /// Why a person should look at it before it counts; none as a rule.
    #[serde(default)]
    pub review: Vec<ReviewSignal>,
    /// The server's nonce of this capture.
    pub capture_nonce: String,
    /// The enrolment.
    pub enrolment_id: String,
    /// SHA-256 of the device key of the phone that captured: as an uncompressed SEC 1 point.
    #[serde(serialize_with = "write_digest", deserialize_with = "read_digest")]
    pub device_key_thumbprint: [u8; 32],
    /// SHA-256 of the image bytes inside the authenticated EF.DG2.
    #[serde(serialize_with = "write_digest", deserialize_with = "read_digest")]
    pub portrait_sha256: [u8; 32],
    /// SHA-256 of the probe's image bytes.
    #[serde(serialize_with = "write_digest", deserialize_with = "read_digest")]
    pub probe_sha256: [u8; 32],
    /// When the probe was captured.
    pub captured_at: UnixTime,
    /// Until when the result may be used.
    #[serde(rename = "exp")]
    pub expires_at: UnixTime,
}

/// Without the score and the digests of a face.
impl fmt::Debug for EngineResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EngineResult(version {}, ..)", self.engine_version)
    }
}

/// Signs a result: the engine's side. `id` is never used twice.
#[must_use]
pub fn sign_result(
    key: &SigningKey,
    engine_id: &str,
    audience: &str,
    id: &str,
    at: UnixTime,
    result: &EngineResult,
) -> String {
    let statement = Statement {
        purpose: PURPOSE.to_owned(),
        issuer: engine_id.to_owned(),
        audience: audience.to_owned(),
        id: id.to_owned(),
        issued_at: at,
    };
    sign_statement(key, &statement, result)
}

fn write_digest<S: Serializer>(digest: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&BASE64_URL_SAFE_NO_PAD.encode(digest))
}

fn read_digest<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(String::deserialize(deserializer)?).ok();
    let digest = bytes.and_then(|bytes| bytes.try_into().ok());
    digest.ok_or_else(|| serde::de::Error::custom("not a SHA-256 digest in base64url"))
}
