//! What the phone's key signs of a face capture (docs/face.md): one statement for each step of the challenge, over the
//! server's nonce, the step, the digest of the statement before it, and the digests and times of the step's frames.

use crypto::sha256;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::device_key::{DeviceKey, DeviceProof};
use crate::statement::Statement;
use crate::{Base64, Digest, Error};

/// What the person is asked to do before the camera. Left and right are the person's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CaptureStep {
    /// Look into the camera, mouth closed: always first, and what the others are measured against.
    Centre,
    /// Turn the head to the left.
    TurnLeft,
    /// Turn the head to the right.
    TurnRight,
    /// Smile.
    Smile,
    /// Close both eyes for a moment.
    CloseEyes,
    /// Open the mouth.
    OpenMouth,
}

impl CaptureStep {
    /// Its name, as in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Centre => "centre",
            Self::TurnLeft => "turn-left",
            Self::TurnRight => "turn-right",
            Self::Smile => "smile",
            Self::CloseEyes => "close-eyes",
            Self::OpenMouth => "open-mouth",
        }
    }
}

/// A frame as the statement names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FrameMark {
    /// When the camera took it: milliseconds of the phone's monotonic clock, from any start.
    pub at_ms: i64,
    /// SHA-256 of its JPEG file.
    #[schema(value_type = String)]
    pub sha256: Base64,
}

/// The statement of one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StepStatement {
    /// The server's issuer identifier.
    pub issuer: String,
    /// The enrolment.
    pub enrolment_id: String,
    /// The server's nonce of this capture.
    pub capture_nonce: String,
    /// The step's place in the challenge, from 0.
    pub index: u8,
    /// The step.
    pub step: CaptureStep,
    /// [`StepStatement::digest`] of the statement before it; empty for the first.
    #[schema(value_type = String)]
    pub previous: Base64,
    /// The frames, in the order of their times.
    pub frames: Vec<FrameMark>,
}

impl StepStatement {
    /// The canonical bytes that the device key signs.
    #[must_use]
    pub fn signing_bytes(&self) -> Vec<u8> {
        let head = Statement::new("sceau/capture-step/v1")
            .text("issuer", &self.issuer)
            .text("enrolment-id", &self.enrolment_id)
            .text("capture-nonce", &self.capture_nonce)
            .number("index", self.index.into())
            .text("step", self.step.as_str())
            .bytes("previous", &self.previous.0)
            .number("frames", self.frames.len() as i64);
        let frame = |statement: Statement, frame: &FrameMark| {
            statement.number("at-ms", frame.at_ms).bytes("sha256", &frame.sha256.0)
        };
        self.frames.iter().fold(head, frame).finish()
    }

    /// SHA-256 of [`signing_bytes`](Self::signing_bytes): what the next statement names.
    #[must_use]
    pub fn digest(&self) -> Digest {
        sha256(&self.signing_bytes())
    }

    /// Checks the device key's signature.
    ///
    /// # Errors
    /// [`Error::Signature`].
    pub fn verify(self, device_key: &DeviceKey, proof: &DeviceProof) -> Result<VerifiedStep, Error> {
        proof.verify(device_key, &self.signing_bytes())?;
        Ok(VerifiedStep(self))
    }
}

/// A statement that the device key signed; only [`StepStatement::verify`] makes one. What it says is not judged yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedStep(StepStatement);

impl VerifiedStep {
    /// The statement.
    #[must_use]
    pub fn statement(&self) -> &StepStatement {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto::{Curve, EcPrivateKey, HashAlgorithm};
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    fn statement() -> StepStatement {
        StepStatement {
            issuer: "https://fi.example".into(),
            enrolment_id: "e".into(),
            capture_nonce: "n".into(),
            index: 1,
            step: CaptureStep::Smile,
            previous: Base64(vec![1; 32]),
            frames: vec![FrameMark { at_ms: 5, sha256: Base64(vec![2; 32]) }],
        }
    }

    #[test]
    fn the_signature_covers_every_field() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let key = EcPrivateKey::generate(Curve::P256, &mut rng);
        let signature = key.sign(HashAlgorithm::Sha256, &statement().signing_bytes());
        let proof = DeviceProof::Ecdsa(Base64(signature.to_plain(Curve::P256)));
        let public = key.public_key().into();
        assert!(statement().verify(&public, &proof).is_ok());
        let changes: [fn(&mut StepStatement); 9] = [
            |s| s.issuer.push('x'),
            |s| s.enrolment_id.push('x'),
            |s| s.capture_nonce.push('x'),
            |s| s.index = 2,
            |s| s.step = CaptureStep::TurnLeft,
            |s| s.previous = Base64(vec![]),
            |s| s.frames[0].at_ms = 6,
            |s| s.frames[0].sha256.0[0] = 0,
            |s| s.frames.extend_from_within(..),
        ];
        for (i, change) in changes.iter().enumerate() {
            let mut changed = statement();
            change(&mut changed);
            assert_eq!(changed.verify(&public, &proof), Err(Error::Signature), "change {i}");
        }
    }
}
