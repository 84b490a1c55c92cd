//! The liveness challenge: a server's nonce and a random order of steps, and what a phone shows for it.
//!
//! This half needs no pixels: it judges that the frames are those that the device key signed, for this capture, in
//! this order, each once, within short times. [`Capture`] takes the steps as they come; only a complete one becomes
//! the [`ChallengeEvidence`] that an engine looks at. What all this proves stands in docs/face.md.

use std::collections::BTreeSet;
use std::fmt;

use clock::UnixTime;
use crypto::sha256;
use protocol::Base64;
use protocol::capture::{CaptureStep, StepStatement, VerifiedStep};
use protocol::{DeviceKey, DeviceProof};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

use crate::{ChallengeError, MAX_BYTES};

/// How long a challenge may be answered, by the server's clock, in seconds.
pub const CHALLENGE_LIFE: i64 = 120;
/// The longest capture by the phone's clock, first frame to last, in milliseconds.
const MAX_CAPTURE_MS: i64 = 40_000;
/// The longest time from the last frame of a step to the last of the next one, in milliseconds.
const MAX_STEP_MS: i64 = 10_000;
/// The least time between two frames, in milliseconds: a burst shows no movement.
const MIN_GAP_MS: i64 = 60;
/// Frames of a step.
pub const FRAMES_PER_STEP: std::ops::RangeInclusive<usize> = 1..=3;
/// Frames of a capture: five steps.
pub const MAX_FRAMES: usize = 15;

/// Which movements may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Movement {
    /// Turning the head both ways, smiling, closing the eyes: 24 orders.
    Head,
    /// For who cannot turn the head: smiling, closing the eyes and opening the mouth, four steps in which none follows
    /// itself: 18 orders in which each stands.
    FaceOnly,
}

/// What the server asks of one capture; its record, kept sealed until the answer is judged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    nonce: String,
    steps: Vec<CaptureStep>,
    issued_at: UnixTime,
}

impl Challenge {
    /// Draws a nonce of 256 bits and an order of steps. The first step is always [`CaptureStep::Centre`].
    pub fn draw(movement: Movement, at: UnixTime, rng: &mut impl CryptoRng) -> Self {
        let mut nonce = [0; 32];
        rng.fill_bytes(&mut nonce);
        let steps = loop {
            let steps = draw_steps(movement, rng);
            if is_order(movement, &steps) {
                break steps;
            }
        };
        let steps = [vec![CaptureStep::Centre], steps].concat();
        Self { nonce: Base64(nonce.to_vec()).to_string(), steps, issued_at: at }
    }

    /// The nonce, in base64url.
    #[must_use]
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// The steps, in their order.
    #[must_use]
    pub fn steps(&self) -> &[CaptureStep] {
        &self.steps
    }

    /// Until when it may be answered.
    #[must_use]
    pub fn expires_at(&self) -> UnixTime {
        self.issued_at.plus(CHALLENGE_LIFE)
    }
}

/// Without the nonce.
impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Challenge({:?}, ..)", self.steps)
    }
}

/// Four steps, each of the movement's kinds with equal chance. Only [`is_order`] makes an order of them.
fn draw_steps(movement: Movement, rng: &mut impl CryptoRng) -> Vec<CaptureStep> {
    use CaptureStep::{CloseEyes, OpenMouth, Smile, TurnLeft, TurnRight};
    let kinds: &[CaptureStep] = match movement {
        Movement::Head => &[TurnLeft, TurnRight, Smile, CloseEyes],
        Movement::FaceOnly => &[Smile, CloseEyes, OpenMouth],
    };
    // A byte below 252 is a multiple of both three and four.
    let mut draw = || loop {
        let mut byte = [0];
        rng.fill_bytes(&mut byte);
        if byte[0] < 252 {
            break kinds[usize::from(byte[0]) % kinds.len()];
        }
    };
    (0..4).map(|_| draw()).collect()
}

fn is_order(movement: Movement, steps: &[CaptureStep]) -> bool {
    let distinct = (0..steps.len()).filter(|i| !steps[..*i].contains(&steps[*i])).count();
    match movement {
        Movement::Head => distinct == 4,
        Movement::FaceOnly => distinct == 3 && steps.windows(2).all(|pair| pair[0] != pair[1]),
    }
}

/// One step as the phone sent it.
#[derive(Clone)]
pub struct CapturedStep {
    /// The statement.
    pub statement: StepStatement,
    /// The device key's proof over it.
    pub proof: DeviceProof,
    /// The frames: JPEG files, upright, in the order of the statement.
    pub frames: Vec<Vec<u8>>,
    /// When the server had it whole.
    pub received_at: UnixTime,
}

/// Without the frames.
impl fmt::Debug for CapturedStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CapturedStep({:?}, {} frames, ..)", self.statement.step, self.frames.len())
    }
}

/// Whose capture it is: the server's own record.
#[derive(Clone, Copy, Debug)]
pub struct CaptureContext<'a> {
    /// Our issuer identifier.
    pub issuer: &'a str,
    /// The enrolment.
    pub enrolment_id: &'a str,
    /// The enrolment's device key.
    pub device_key: &'a DeviceKey,
}

/// A capture while its steps come.
pub struct Capture<'a> {
    challenge: &'a Challenge,
    context: CaptureContext<'a>,
    steps: Vec<EvidenceStep>,
    digests: BTreeSet<[u8; 32]>,
    last: Option<Last>,
}

/// What the next step must follow.
struct Last {
    statement: [u8; 32],
    first_ms: i64,
    last_ms: i64,
}

impl<'a> Capture<'a> {
    /// Begins with no step.
    #[must_use]
    pub fn begin(challenge: &'a Challenge, context: CaptureContext<'a>) -> Self {
        Self { challenge, context, steps: Vec::new(), digests: BTreeSet::new(), last: None }
    }

    /// The step that is due, none when all came.
    #[must_use]
    pub fn due(&self) -> Option<CaptureStep> {
        self.challenge.steps.get(self.steps.len()).copied()
    }

    /// Takes the next step:
    /// 1. the device key signed its statement;
    /// 2. the statement is of this capture, enrolment and server;
    /// 3. it is the step that is due, and names the statement before it;
    /// 4. the frames are those that it names, one to three;
    /// 5. none of them came before;
    /// 6. their times run on, and step, capture and challenge are within their limits.
    ///
    /// # Errors
    /// The first that fails; the capture is as before.
    pub fn add(&mut self, step: CapturedStep) -> Result<(), ChallengeError> {
        let verified = step.statement.verify(self.context.device_key, &step.proof);
        let verified = verified.map_err(|_| ChallengeError::Signature)?;
        self.check_session(&verified)?;
        self.check_order(&verified)?;
        let digests = check_frames(&verified, &step.frames)?;
        if digests.iter().any(|digest| self.digests.contains(digest)) || has_twice(&digests) {
            return Err(ChallengeError::Duplicate);
        }
        let last = self.check_times(&verified, step.received_at)?;
        self.digests.extend(digests);
        self.last = Some(last);
        self.steps.push(EvidenceStep { step: verified.statement().step, frames: step.frames });
        Ok(())
    }

    /// The evidence, when all steps came.
    ///
    /// # Errors
    /// [`ChallengeError::Missing`].
    pub fn finish(self) -> Result<ChallengeEvidence, ChallengeError> {
        if self.due().is_some() {
            return Err(ChallengeError::Missing);
        }
        let digests: Vec<u8> =
            self.steps.iter().flat_map(|step| step.frames.iter()).flat_map(|frame| sha256(frame)).collect();
        Ok(ChallengeEvidence {
            nonce: self.challenge.nonce.clone(),
            frames_sha256: sha256(&digests),
            steps: self.steps,
        })
    }

    fn check_session(&self, step: &VerifiedStep) -> Result<(), ChallengeError> {
        let statement = step.statement();
        let ours = statement.capture_nonce == self.challenge.nonce
            && statement.enrolment_id == self.context.enrolment_id
            && statement.issuer == self.context.issuer;
        if ours { Ok(()) } else { Err(ChallengeError::Session) }
    }

    fn check_order(&self, step: &VerifiedStep) -> Result<(), ChallengeError> {
        let statement = step.statement();
        let previous: &[u8] = self.last.as_ref().map_or(&[], |last| &last.statement);
        let is_due = self.due() == Some(statement.step)
            && usize::from(statement.index) == self.steps.len()
            && statement.previous.0 == previous;
        if is_due { Ok(()) } else { Err(ChallengeError::Order) }
    }

    fn check_times(&self, step: &VerifiedStep, received_at: UnixTime) -> Result<Last, ChallengeError> {
        let times: Vec<i64> = step.statement().frames.iter().map(|frame| frame.at_ms).collect();
        let (Some(&first), Some(&last)) = (times.first(), times.last()) else {
            return Err(ChallengeError::Frames);
        };
        // The phone's clock starts anywhere; differences that overflow are no times of one capture.
        let gap = |from: i64, to: i64| to.checked_sub(from).ok_or(ChallengeError::Times);
        let before = self.last.as_ref().map(|before| before.last_ms);
        let all: Vec<i64> = before.into_iter().chain(times).collect();
        for pair in all.windows(2) {
            if gap(pair[0], pair[1])? < MIN_GAP_MS {
                return Err(ChallengeError::Times);
            }
        }
        let first_ms = self.last.as_ref().map_or(first, |before| before.first_ms);
        let begun = before.unwrap_or(first);
        let late = received_at < self.challenge.issued_at || received_at >= self.challenge.expires_at();
        if gap(begun, last)? > MAX_STEP_MS || gap(first_ms, last)? > MAX_CAPTURE_MS || late {
            return Err(ChallengeError::Times);
        }
        Ok(Last { statement: step.statement().digest(), first_ms, last_ms: last })
    }
}

/// The frames are those of the statement; their digests.
fn check_frames(step: &VerifiedStep, frames: &[Vec<u8>]) -> Result<Vec<[u8; 32]>, ChallengeError> {
    let marks = &step.statement().frames;
    let fits = FRAMES_PER_STEP.contains(&frames.len())
        && marks.len() == frames.len()
        && frames.iter().all(|frame| frame.len() <= MAX_BYTES);
    if !fits {
        return Err(ChallengeError::Frames);
    }
    let digests: Vec<[u8; 32]> = frames.iter().map(|frame| sha256(frame)).collect();
    let signed = marks.iter().zip(&digests).all(|(mark, digest)| mark.sha256.0 == digest);
    if signed { Ok(digests) } else { Err(ChallengeError::Frames) }
}

fn has_twice(digests: &[[u8; 32]]) -> bool {
    (1..digests.len()).any(|i| digests[..i].contains(&digests[i]))
}

/// A complete capture: every step of the challenge, its frames signed for it. Only [`Capture::finish`] makes one; it
/// says nothing yet of what the frames show.
pub struct ChallengeEvidence {
    nonce: String,
    frames_sha256: [u8; 32],
    steps: Vec<EvidenceStep>,
}

/// A step and its frames.
pub(crate) struct EvidenceStep {
    pub(crate) step: CaptureStep,
    pub(crate) frames: Vec<Vec<u8>>,
}

impl ChallengeEvidence {
    /// The nonce of the challenge.
    #[must_use]
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// SHA-256 over the SHA-256 digests of the frames, in their order.
    #[must_use]
    pub fn frames_sha256(&self) -> &[u8; 32] {
        &self.frames_sha256
    }

    /// How many frames it has.
    #[must_use]
    pub fn frame_count(&self) -> usize {
        self.steps.iter().map(|step| step.frames.len()).sum()
    }

    pub(crate) fn steps(&self) -> &[EvidenceStep] {
        &self.steps
    }
}

/// Without nonce and frames.
impl fmt::Debug for ChallengeEvidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChallengeEvidence({} frames, ..)", self.frame_count())
    }
}

#[cfg(test)]
mod tests;
