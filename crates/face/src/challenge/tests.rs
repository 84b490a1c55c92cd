use super::*;
use crypto::{Curve, EcPrivateKey, HashAlgorithm};
use protocol::capture::FrameMark;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

const NOW: UnixTime = UnixTime(1_800_000_000);

struct Phone {
    key: EcPrivateKey,
    challenge: Challenge,
}

impl Phone {
    fn new() -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        let key = EcPrivateKey::generate(Curve::P256, &mut rng);
        Self { key, challenge: Challenge::draw(Movement::Head, NOW, &mut rng) }
    }

    /// The steps of an honest capture: two frames each, half a second apart.
    fn steps(&self) -> Vec<CapturedStep> {
        let mut previous = Base64(Vec::new());
        let mut steps = Vec::new();
        for (i, step) in self.challenge.steps().iter().enumerate() {
            let frames = vec![vec![i as u8, 0], vec![i as u8, 1]];
            let at = 1000 * i as i64 - 700_000;
            let statement = StepStatement {
                issuer: "https://fi.example".into(),
                enrolment_id: "e".into(),
                capture_nonce: self.challenge.nonce().into(),
                index: i as u8,
                step: *step,
                previous,
                frames: marks(&frames, &[at, at + 500]),
            };
            previous = Base64(statement.digest().to_vec());
            steps.push(self.sign(statement, frames));
        }
        steps
    }

    fn sign(&self, statement: StepStatement, frames: Vec<Vec<u8>>) -> CapturedStep {
        let signature = self.key.sign(HashAlgorithm::Sha256, &statement.signing_bytes());
        let proof = DeviceProof::Ecdsa(Base64(signature.to_plain(Curve::P256)));
        CapturedStep { statement, proof, frames, received_at: NOW.plus(20) }
    }

    fn judge(&self, steps: Vec<CapturedStep>) -> Result<ChallengeEvidence, ChallengeError> {
        let device_key = self.key.public_key().into();
        let context =
            CaptureContext { issuer: "https://fi.example", enrolment_id: "e", device_key: &device_key };
        let mut capture = Capture::begin(&self.challenge, context);
        for step in steps {
            capture.add(step)?;
        }
        capture.finish()
    }

    /// The refusal after the third step is changed and signed anew, and those after it follow it.
    fn changed(&self, change: impl FnOnce(&mut CapturedStep)) -> Option<ChallengeError> {
        let mut steps = self.steps();
        change(&mut steps[2]);
        let mut previous = steps[2].statement.previous.clone();
        for step in &mut steps[2..] {
            step.statement.previous = std::mem::replace(&mut previous, Base64(Vec::new()));
            previous = Base64(step.statement.digest().to_vec());
            let CapturedStep { statement, frames, received_at, .. } = step.clone();
            *step = CapturedStep { received_at, ..self.sign(statement, frames) };
        }
        self.judge(steps).err()
    }
}

fn marks(frames: &[Vec<u8>], times: &[i64]) -> Vec<FrameMark> {
    let mark = |(frame, at_ms): (&Vec<u8>, &i64)| FrameMark { at_ms: *at_ms, sha256: sha256(frame).into() };
    frames.iter().zip(times).map(mark).collect()
}

#[test]
fn an_honest_capture_is_evidence() {
    let phone = Phone::new();
    let evidence = phone.judge(phone.steps()).unwrap();
    assert_eq!((evidence.frame_count(), evidence.nonce()), (10, phone.challenge.nonce()));
    let shown: Vec<_> = evidence.steps().iter().map(|step| step.step).collect();
    assert_eq!(shown, phone.challenge.steps());
}

#[test]
fn every_order_is_drawn_equally_often() {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    for (movement, orders) in [(Movement::Head, 24), (Movement::FaceOnly, 18)] {
        let mut drawn = std::collections::BTreeMap::new();
        for _ in 0..2400 {
            let challenge = Challenge::draw(movement, NOW, &mut rng);
            assert_eq!(challenge.steps()[0], CaptureStep::Centre);
            *drawn.entry(challenge.steps().iter().map(|s| s.as_str()).collect::<String>()).or_insert(0) += 1;
        }
        assert_eq!(drawn.len(), orders);
        let even = 2400 / orders;
        assert!(drawn.values().all(|n| (even / 2..even * 2).contains(n)), "{drawn:?}");
    }
    let turns =
        |c: Challenge| c.steps().iter().any(|s| matches!(s, CaptureStep::TurnLeft | CaptureStep::TurnRight));
    assert!((0..50).all(|_| !turns(Challenge::draw(Movement::FaceOnly, NOW, &mut rng))));
}

#[test]
fn a_step_that_another_key_signed_is_refused() {
    let phone = Phone::new();
    let other = Phone {
        key: EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(8)),
        ..Phone::new()
    };
    let mut steps = phone.steps();
    steps[2] = other.steps()[2].clone();
    assert_eq!(phone.judge(steps).err(), Some(ChallengeError::Signature));
    let mut steps = phone.steps();
    steps[2].statement.frames[0].at_ms += 1;
    assert_eq!(phone.judge(steps).err(), Some(ChallengeError::Signature), "changed after it was signed");
}

#[test]
fn frames_of_another_session_are_refused() {
    let phone = Phone::new();
    let session = Some(ChallengeError::Session);
    assert_eq!(phone.changed(|s| s.statement.capture_nonce = "another".into()), session);
    assert_eq!(phone.changed(|s| s.statement.enrolment_id = "another".into()), session);
    assert_eq!(phone.changed(|s| s.statement.issuer = "https://other.example".into()), session);
}

#[test]
fn steps_out_of_order_are_refused() {
    let phone = Phone::new();
    let mut steps = phone.steps();
    steps.swap(2, 3);
    assert_eq!(phone.judge(steps).err(), Some(ChallengeError::Order));
    let mut steps = phone.steps();
    steps.remove(2);
    assert_eq!(phone.judge(steps).err(), Some(ChallengeError::Order), "one left out");
    let fourth = phone.challenge.steps()[3];
    assert_eq!(phone.changed(|s| s.statement.step = fourth), Some(ChallengeError::Order));
    assert_eq!(phone.changed(|s| s.statement.index = 3), Some(ChallengeError::Order));
    assert_eq!(
        phone.changed(|s| s.statement.previous.0[0] ^= 1),
        Some(ChallengeError::Order),
        "after another statement"
    );
    let mut steps = phone.steps();
    steps.push(steps[4].clone());
    assert_eq!(phone.judge(steps).err(), Some(ChallengeError::Order), "one too many");
}

#[test]
fn a_capture_without_its_last_step_is_no_evidence() {
    let phone = Phone::new();
    let mut steps = phone.steps();
    steps.pop();
    assert_eq!(phone.judge(steps).err(), Some(ChallengeError::Missing));
    assert_eq!(phone.judge(Vec::new()).err(), Some(ChallengeError::Missing));
}

#[test]
fn frames_are_those_that_were_signed_and_few() {
    let phone = Phone::new();
    let mut steps = phone.steps();
    steps[2].frames[1] = vec![9];
    assert_eq!(phone.judge(steps).err(), Some(ChallengeError::Frames), "another frame");
    let mut steps = phone.steps();
    steps[2].frames.pop();
    assert_eq!(phone.judge(steps).err(), Some(ChallengeError::Frames), "one less");
    let with = |n: i64, length: usize| {
        phone.changed(|s| {
            s.frames = (0..n).map(|i| vec![i as u8; length]).collect();
            let times: Vec<i64> = (0..n).map(|i| s.statement.frames[0].at_ms + 100 * i).collect();
            s.statement.frames = marks(&s.frames, &times);
        })
    };
    assert_eq!(with(3, 100), None);
    assert_eq!(with(4, 100), Some(ChallengeError::Frames));
    assert_eq!(with(0, 100), Some(ChallengeError::Frames));
    assert_eq!(with(1, MAX_BYTES + 1), Some(ChallengeError::Frames));
}

#[test]
fn a_frame_that_came_before_is_refused() {
    let phone = Phone::new();
    let earlier = phone.steps()[0].frames[0].clone();
    let repeat = |s: &mut CapturedStep, frame: Vec<u8>| {
        s.statement.frames[1].sha256 = sha256(&frame).into();
        s.frames[1] = frame;
    };
    assert_eq!(phone.changed(|s| repeat(s, earlier)), Some(ChallengeError::Duplicate));
    assert_eq!(phone.changed(|s| repeat(s, s.frames[0].clone())), Some(ChallengeError::Duplicate));
}

#[test]
fn times_run_on_within_the_limits() {
    let phone = Phone::new();
    let times = |first: i64, second: i64| {
        phone.changed(|s| {
            // The step before ended at 1500 of the same count.
            s.statement.frames[0].at_ms = first.saturating_sub(700_000);
            s.statement.frames[1].at_ms = second - 700_000;
        })
    };
    let refused = Some(ChallengeError::Times);
    assert_eq!(times(1560, 1620), None);
    assert_eq!(times(1559, 1700), refused, "59 ms after the step before");
    assert_eq!(times(2000, 2059), refused, "59 ms after the first frame");
    assert_eq!(times(2000, 1990), refused, "backwards");
    assert_eq!(times(1400, 2000), refused, "before the step before");
    assert_eq!(times(2000, 11_501), refused, "a step of more than ten seconds");
    assert_eq!(times(i64::MIN, i64::MAX), refused, "without an overflow");
    let capture_ends = |at: i64| {
        let mut steps = phone.steps();
        let mut previous = Base64(steps[0].statement.digest().to_vec());
        for (i, step) in steps.iter_mut().enumerate().skip(1) {
            let end = if i == 4 { at } else { 500 + 9900 * i as i64 } - 700_000;
            step.statement.frames = marks(&step.frames, &[end - 100, end]);
            step.statement.previous = previous;
            previous = Base64(step.statement.digest().to_vec());
            *step = phone.sign(step.statement.clone(), step.frames.clone());
        }
        phone.judge(steps).err()
    };
    assert_eq!(capture_ends(40_000), None);
    assert_eq!(capture_ends(40_001), refused, "a capture of more than 40 seconds");
    let received = |after: i64| phone.changed(|s| s.received_at = NOW.plus(after));
    assert_eq!((received(0), received(CHALLENGE_LIFE - 1)), (None, None));
    assert_eq!((received(-1), received(CHALLENGE_LIFE)), (refused, refused));
}

#[test]
fn a_refused_step_leaves_the_capture_as_it_was() {
    let phone = Phone::new();
    let device_key = phone.key.public_key().into();
    let context = CaptureContext { issuer: "https://fi.example", enrolment_id: "e", device_key: &device_key };
    let mut capture = Capture::begin(&phone.challenge, context);
    let steps = phone.steps();
    assert_eq!(capture.add(steps[1].clone()), Err(ChallengeError::Order));
    for step in steps {
        assert_eq!(capture.due(), Some(step.statement.step));
        capture.add(step).unwrap();
    }
    assert_eq!(capture.due(), None);
    assert!(capture.finish().is_ok());
}

#[test]
fn nonce_and_frames_are_not_printed() {
    let phone = Phone::new();
    assert!(!format!("{:?}", phone.challenge).contains(phone.challenge.nonce()));
    assert!(!format!("{:?}", phone.steps()[0]).contains("frames: ["));
    let evidence = phone.judge(phone.steps()).unwrap();
    assert_eq!(format!("{evidence:?}"), "ChallengeEvidence(10 frames, ..)");
}
