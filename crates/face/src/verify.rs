//! From an engine's signed result to a matched face.

use std::fmt;

use clock::UnixTime;
use jose::{Expected, decode_header, verify_statement};
use serde::{Deserialize, Serialize};

use crate::{
    Attack, Comparison, Detection, Engine, EngineRegistry, EngineResult, Error, PURPOSE, ReviewSignal,
    Verdict,
};

/// How far the engine's clock may be ahead of ours, in seconds.
const CLOCK_SKEW: i64 = 60;

/// What we ask of a result beyond the engine's own judgement.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FacePolicy {
    /// The least similarity, -1 to 1; the engine's own threshold must not be below it.
    pub min_similarity: f64,
    /// From here up to the threshold the answer is "another capture, or a desk" instead of "not the same person".
    pub borderline_similarity: f64,
    /// How old capture and result may be, and how long a result may be good, in seconds.
    pub max_age: i64,
    /// Whether engines that compare nothing count: in the demo environment only.
    pub accept_demo: bool,
}

/// What the server knows about the capture that a result must belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expectation<'a> {
    /// The nonce given for this capture. It is used once: the caller closes it with the first result.
    pub capture_nonce: &'a str,
    /// SHA-256 of the image bytes taken out of the authenticated EF.DG2.
    pub portrait_sha256: [u8; 32],
    /// The enrolment.
    pub enrolment_id: &'a str,
    /// SHA-256 of its device key, as an uncompressed SEC 1 point.
    pub device_key_thumbprint: [u8; 32],
    /// Our issuer identifier.
    pub audience: &'a str,
}

/// A face that a configured engine matched with the portrait of the authenticated EF.DG2. Only
/// [`verify_engine_result`] makes one:
/// ```compile_fail,E0451
/// fn forge(face: face::MatchedFace) -> face::MatchedFace {
///     face::MatchedFace { certified: true, ..face }
/// }
/// ```
#[derive(Clone, PartialEq)]
pub struct MatchedFace {
    engine_id: String,
    certified: bool,
    demo: bool,
    result_id: String,
    result: EngineResult,
}

impl MatchedFace {
    /// The engine.
    #[must_use]
    pub fn engine_id(&self) -> &str {
        &self.engine_id
    }

    /// Its version.
    #[must_use]
    pub fn engine_version(&self) -> &str {
        &self.result.engine_version
    }

    /// Presentation and injection were looked for, each under a certificate that is configured for the engine.
    #[must_use]
    pub fn certified(&self) -> bool {
        self.certified
    }

    /// Why a person should look at it before it counts.
    #[must_use]
    pub fn review(&self) -> &[ReviewSignal] {
        &self.result.review
    }

    /// The engine compares nothing; the demo environment accepts it.
    #[must_use]
    pub fn is_demo(&self) -> bool {
        self.demo
    }

    /// Until when the result could be used: its id is remembered as long.
    #[must_use]
    pub fn expires_at(&self) -> UnixTime {
        self.result.expires_at
    }

    /// The result's id, as the engine gave it: a caller takes each once.
    #[must_use]
    pub fn result_id(&self) -> &str {
        &self.result_id
    }

    /// The similarity found.
    #[must_use]
    pub fn similarity(&self) -> f64 {
        self.result.similarity
    }

    /// The engine's threshold.
    #[must_use]
    pub fn threshold(&self) -> f64 {
        self.result.threshold
    }

    /// The nonce of the capture.
    #[must_use]
    pub fn capture_nonce(&self) -> &str {
        &self.result.capture_nonce
    }

    /// The enrolment.
    #[must_use]
    pub fn enrolment_id(&self) -> &str {
        &self.result.enrolment_id
    }

    /// SHA-256 of the phone's device key, as an uncompressed SEC 1 point.
    #[must_use]
    pub fn device_key_thumbprint(&self) -> &[u8; 32] {
        &self.result.device_key_thumbprint
    }

    /// SHA-256 of the portrait's image bytes.
    #[must_use]
    pub fn portrait_sha256(&self) -> &[u8; 32] {
        &self.result.portrait_sha256
    }

    /// SHA-256 of the probe's image bytes.
    #[must_use]
    pub fn probe_sha256(&self) -> &[u8; 32] {
        &self.result.probe_sha256
    }

    /// When the probe was captured.
    #[must_use]
    pub fn captured_at(&self) -> UnixTime {
        self.result.captured_at
    }
}

/// Without the score and the digests of a face.
impl fmt::Debug for MatchedFace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MatchedFace({} {}, ..)", self.engine_id, self.result.engine_version)
    }
}

/// Verifies an engine's signed result:
/// 1. the key that signed belongs to a configured engine, and the signature, purpose, issuer and audience are right;
/// 2. the engine's version is configured;
/// 3. the result belongs to this capture, enrolment, phone and portrait;
/// 4. it is fresh;
/// 5. it comes from a demo engine only if the policy accepts one, and else compared two pictures;
/// 6. nothing speaks against a living person in front of the camera, and no certificate is claimed that is not configured;
/// 7. similarity reaches the engine's threshold, and the policy's.
///
/// That no result counts twice is the caller's to see to, by [`MatchedFace::result_id`].
///
/// # Errors
/// The first step that fails. Attack detection stands before the score, so that a suspected attack learns none.
pub fn verify_engine_result(
    jws: &str,
    registry: &EngineRegistry,
    policy: &FacePolicy,
    expectation: &Expectation<'_>,
    at: UnixTime,
) -> Result<MatchedFace, Error> {
    let kid = decode_header(jws).map_err(Error::Signature)?.kid.ok_or(Error::EngineUnknown)?;
    let (engine, keys) = registry.by_kid(&kid).ok_or(Error::EngineUnknown)?;
    let expected =
        Expected { purpose: PURPOSE, issuer: &engine.id, audience: expectation.audience, max_age: None, at };
    let verified = verify_statement::<EngineResult>(jws, &keys, &expected).map_err(|error| match error {
        jose::Error::NotYetValid => Error::Time,
        other => Error::Signature(other),
    })?;
    let (statement, result) = (verified.statement().clone(), verified.into_content());
    check_engine_version(engine, &result)?;
    check_binding(&result, expectation)?;
    check_times(&result, statement.issued_at, policy, at)?;
    check_comparison(engine, &result, policy)?;
    let certified = check_attack_detection(engine, &result)?;
    check_similarity(&result, policy)?;
    Ok(MatchedFace {
        engine_id: engine.id.clone(),
        certified,
        demo: engine.demo,
        result_id: statement.id,
        result,
    })
}

fn check_engine_version(engine: &Engine, result: &EngineResult) -> Result<(), Error> {
    if engine.versions.contains(&result.engine_version) {
        Ok(())
    } else {
        Err(Error::EngineVersion(result.engine_version.chars().take(32).collect()))
    }
}

fn check_binding(result: &EngineResult, expectation: &Expectation<'_>) -> Result<(), Error> {
    if result.capture_nonce != expectation.capture_nonce {
        return Err(Error::Nonce);
    }
    if result.enrolment_id != expectation.enrolment_id {
        return Err(Error::Enrolment);
    }
    if result.device_key_thumbprint != expectation.device_key_thumbprint {
        return Err(Error::Device);
    }
    if result.portrait_sha256 != expectation.portrait_sha256 {
        return Err(Error::PortraitMismatch);
    }
    Ok(())
}

fn check_times(
    result: &EngineResult,
    issued_at: UnixTime,
    policy: &FacePolicy,
    at: UnixTime,
) -> Result<(), Error> {
    let age = at.since(result.captured_at);
    if age < -CLOCK_SKEW || issued_at < result.captured_at {
        return Err(Error::Time);
    }
    // Without a bound an engine could sign results that are good for years.
    if result.expires_at.since(issued_at) > policy.max_age {
        return Err(Error::Time);
    }
    // The result is no older than the capture, so the capture's age bounds both.
    if age > policy.max_age || at >= result.expires_at { Err(Error::Expired) } else { Ok(()) }
}

fn check_comparison(engine: &Engine, result: &EngineResult, policy: &FacePolicy) -> Result<(), Error> {
    if engine.demo {
        return if policy.accept_demo { Ok(()) } else { Err(Error::DemoEngine) };
    }
    if result.comparison == Comparison::Performed { Ok(()) } else { Err(Error::NotCompared) }
}

/// Whether both kinds were looked for under a certificate.
fn check_attack_detection(engine: &Engine, result: &EngineResult) -> Result<bool, Error> {
    if result.presentation.verdict != Verdict::Passed {
        return Err(Error::Liveness);
    }
    if result.injection.verdict == Verdict::Failed {
        return Err(Error::Injection);
    }
    let presentation = certified(engine, Attack::Presentation, &result.presentation)?;
    let injection = certified(engine, Attack::Injection, &result.injection)?;
    Ok(presentation && injection)
}

fn certified(engine: &Engine, attack: Attack, detection: &Detection) -> Result<bool, Error> {
    let Some(named) = &detection.certificate else { return Ok(false) };
    let configured = engine.certificates.iter().any(|known| {
        known.detects == attack
            && (&known.standard, &known.level, &known.id) == (&named.standard, &named.level, &named.id)
    });
    if configured { Ok(detection.verdict == Verdict::Passed) } else { Err(Error::Certificate) }
}

fn check_similarity(result: &EngineResult, policy: &FacePolicy) -> Result<(), Error> {
    let range = -1.0..=1.0;
    if !range.contains(&result.similarity) || !range.contains(&result.threshold) {
        return Err(Error::Malformed);
    }
    if result.threshold < policy.min_similarity {
        return Err(Error::Threshold);
    }
    if result.similarity >= result.threshold {
        return Ok(());
    }
    if result.similarity >= policy.borderline_similarity {
        Err(Error::Borderline)
    } else {
        Err(Error::BelowThreshold)
    }
}

#[cfg(test)]
mod tests;
