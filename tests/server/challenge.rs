//! The built-in engine's challenge against a running server: every way to bring frames that do not belong is refused, ends
//! the session, and leaves no frame behind.

use crypto::{Curve, EcPrivateKey, sha256};
use identity::EvidenceKind;
use protocol::Base64;
use protocol::DeviceProof;
use protocol::capture::{CaptureStep, FrameMark, StepStatement};
use protocol::challenge::{BUILT_IN, FaceStep, FaceStepTaken};
use protocol::enrolment::{FaceBegin, FaceResult, FaceSession};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use test_passports::Specimen;

use crate::common::Bench;
use crate::common::phone::{Phone, Reply, plain};

/// A server with the built-in engine.
pub(crate) fn bench() -> Bench {
    Bench::with(built_in)
}

/// Adds the built-in engine.
pub(crate) fn built_in(config: String) -> String {
    let section = format!("[face.built_in]\nversion = \"{}\"\n[limits]\nface_answers = 20", face::VERSION);
    config.replace("[limits]", &section)
}

fn ready<'a>(bench: &'a Bench, seed: u64) -> Phone<'a> {
    ready_with(bench, seed, &bench.passport())
}

/// A phone that has read this passport.
pub(crate) fn ready_with<'a>(bench: &'a Bench, seed: u64, passport: &Specimen) -> Phone<'a> {
    let mut phone = Phone::open(bench, seed);
    phone.upload_all(passport);
    phone.prove_chip(passport);
    phone
}

/// A capture that a test plays, right or wrong.
pub(crate) struct Play {
    session: FaceSession,
    pub(crate) previous: Base64,
    pub(crate) index: u8,
    at_ms: i64,
}

pub(crate) fn begin(phone: &mut Phone<'_>) -> Play {
    begin_as(phone, false)
}

pub(crate) fn begin_as(phone: &mut Phone<'_>, face_only: bool) -> Play {
    let begin = FaceBegin { engine: Some(BUILT_IN.into()), face_only };
    let session: FaceSession = phone.json("POST", "/face", &begin).ok();
    Play::of(session)
}

impl Play {
    pub(crate) fn of(session: FaceSession) -> Self {
        Self { session, previous: Base64::default(), index: 0, at_ms: 1000 }
    }

    pub(crate) fn steps(&self) -> &[CaptureStep] {
        &self.session.challenge.as_ref().unwrap().steps
    }

    /// The statement of the step that is due, over these frames.
    pub(crate) fn statement(&mut self, phone: &Phone<'_>, frames: &[Vec<u8>]) -> StepStatement {
        let mark = |frame: &Vec<u8>| {
            self.at_ms += 400;
            FrameMark { at_ms: self.at_ms, sha256: sha256(frame).into() }
        };
        let frames = frames.iter().map(mark).collect();
        StepStatement {
            issuer: phone.transcript.issuer.clone(),
            enrolment_id: phone.enrolment_id.clone(),
            capture_nonce: self.session.capture_nonce.clone(),
            index: self.index,
            step: self.steps()[usize::from(self.index)],
            previous: self.previous.clone(),
            frames,
        }
    }

    /// The honest next step.
    fn step(&mut self, phone: &mut Phone<'_>) -> Reply {
        let frames = frames(&self.session.capture_nonce, self.index);
        self.step_of(phone, frames)
    }

    /// The next step, with these frames.
    pub(crate) fn step_of(&mut self, phone: &mut Phone<'_>, frames: Vec<Vec<u8>>) -> Reply {
        let statement = self.statement(phone, &frames);
        self.previous = statement.digest().into();
        self.index += 1;
        let proof = sign(&phone.device, &statement);
        send(phone, statement, proof, frames)
    }
}

/// Two frames that no other step has.
fn frames(nonce: &str, index: u8) -> Vec<Vec<u8>> {
    (0..2).map(|n| [b"\xff\xd8\xff\xe0 frame ".as_slice(), nonce.as_bytes(), &[index, n]].concat()).collect()
}

pub(crate) fn sign(key: &EcPrivateKey, statement: &StepStatement) -> String {
    DeviceProof::Ecdsa(plain(key, &statement.signing_bytes())).to_header()
}

fn send(phone: &mut Phone<'_>, statement: StepStatement, proof: String, frames: Vec<Vec<u8>>) -> Reply {
    let frames = frames.into_iter().map(Base64).collect();
    phone.json("POST", "/face/steps", &FaceStep { statement, proof, frames })
}

/// The frames that the server still holds of an enrolment.
pub(crate) fn kept(bench: &Bench, phone: &Phone<'_>) -> usize {
    let bearer: Base64 = phone.bearer.parse().unwrap();
    let loaded = bench.state().database.load_enrolment(&phone.enrolment_id, &bearer.0, bench.now());
    let evidence = bench.runtime.block_on(loaded).unwrap().unwrap().evidence;
    evidence.items.iter().filter(|item| item.kind == EvidenceKind::FaceStep && item.content.is_some()).count()
}

pub(crate) const DECIDE: FaceResult = FaceResult { result: None };

#[test]
fn steps_are_taken_in_their_order_and_asked_for_in_another_each_time() {
    let bench = bench();
    let mut phone = ready(&bench, 1);
    let mut orders = std::collections::BTreeSet::new();
    let mut nonces = std::collections::BTreeSet::new();
    for _ in 0..6 {
        let play = begin(&mut phone);
        assert_eq!(play.steps()[0], CaptureStep::Centre);
        orders.insert(format!("{:?}", play.steps()));
        nonces.insert(play.session.capture_nonce.clone());
    }
    assert!(orders.len() > 1 && nonces.len() == 6, "{orders:?}");
    let mut play = begin(&mut phone);
    for index in 1..=5 {
        let taken: FaceStepTaken = play.step(&mut phone).ok();
        assert_eq!(taken.due, play.steps().get(index).copied());
    }
    assert_eq!(kept(&bench, &phone), 5);
    // A new session is none of the frames before.
    begin(&mut phone);
    assert_eq!(kept(&bench, &phone), 0);
}

#[test]
fn frames_that_do_not_belong_end_the_session_and_are_erased() {
    let bench = bench();
    let mut other = ready(&bench, 2);
    let foreign = begin(&mut other);
    let stranger = EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(99));
    type Change = Box<dyn Fn(&mut StepStatement, &mut Vec<Vec<u8>>)>;
    let changes: Vec<(&str, Change)> = vec![
        ("face.step-session", {
            let nonce = foreign.session.capture_nonce.clone();
            Box::new(move |s, _| s.capture_nonce.clone_from(&nonce))
        }),
        ("face.step-session", {
            let id = other.enrolment_id.clone();
            Box::new(move |s, _| s.enrolment_id.clone_from(&id))
        }),
        ("face.step-session", Box::new(|s, _| s.issuer.push('x'))),
        ("face.step-order", Box::new(|s, _| s.step = CaptureStep::Centre)),
        ("face.step-order", Box::new(|s, _| s.index += 1)),
        ("face.step-order", Box::new(|s, _| s.previous = Base64(vec![0; 32]))),
        ("face.frames", Box::new(|_, frames| frames[0].push(0))),
        ("face.frames", Box::new(|_, frames| frames.truncate(1))),
        (
            "face.frames",
            Box::new(|s, frames| {
                s.frames.clear();
                frames.clear();
            }),
        ),
        (
            "face.frame-duplicate",
            Box::new(|s, frames| {
                frames[1] = frames[0].clone();
                s.frames[1].sha256 = s.frames[0].sha256.clone();
            }),
        ),
        ("face.frame-times", Box::new(|s, _| s.frames.swap_marks())),
        ("face.frame-times", Box::new(|s, _| s.frames[1].at_ms += 3_600_000)),
    ];
    for (seed, (code, change)) in (10..).zip(changes) {
        let mut phone = ready(&bench, seed);
        let mut play = begin(&mut phone);
        assert_eq!(play.step(&mut phone).status, 200);
        assert_eq!(kept(&bench, &phone), 1);
        let mut frames = frames(&play.session.capture_nonce, 1);
        let mut statement = play.statement(&phone, &frames);
        change(&mut statement, &mut frames);
        let proof = sign(&phone.device, &statement);
        let reply = send(&mut phone, statement, proof, frames);
        assert_eq!(reply.status, 422, "{code}: {reply:?}");
        let audited = bench.audited(&phone.enrolment_id, "enrolment.refused");
        let told = reply.body["code"].as_str().unwrap().to_owned();
        assert!(audited == [code] || told == code, "{code}: {audited:?} {told}");
        assert_eq!(kept(&bench, &phone), 0, "{code}");
        assert_eq!(play.step(&mut phone).refused(), (422, "face.expired"), "{code}: the session is over");
    }
    // A step signed by another key, and another phone's own step.
    let mut phone = ready(&bench, 40);
    let mut play = begin(&mut phone);
    let frames = frames(&play.session.capture_nonce, 0);
    let statement = play.statement(&phone, &frames);
    let proof = sign(&stranger, &statement);
    assert_eq!(send(&mut phone, statement, proof, frames).status, 422);
    assert_eq!(kept(&bench, &phone), 0);
}

/// Exchanges the times of two frames.
trait SwapMarks {
    fn swap_marks(&mut self);
}

impl SwapMarks for Vec<FrameMark> {
    fn swap_marks(&mut self) {
        let (first, second) = (self[0].at_ms, self[1].at_ms);
        (self[0].at_ms, self[1].at_ms) = (second, first);
    }
}

#[test]
fn a_capture_without_its_last_step_or_after_its_time_is_not_judged() {
    let bench = bench();
    let mut phone = ready(&bench, 1);
    let mut play = begin(&mut phone);
    for _ in 0..4 {
        assert_eq!(play.step(&mut phone).status, 200);
    }
    assert_eq!(phone.json("PUT", "/face", &DECIDE).status, 422, "a step is missing");
    bench.clock.advance(face::CHALLENGE_LIFE);
    assert_eq!(play.step(&mut phone).status, 422, "too late");
    assert_eq!(kept(&bench, &phone), 0);
}

#[test]
fn captures_are_few_and_pictures_that_are_none_are_refused() {
    let bench = Bench::with(|config| {
        let section = format!("[face.built_in]\nversion = \"{}\"\n[limits]", face::VERSION);
        config.replace("[limits]", &section)
    });
    let mut phone = ready(&bench, 1);
    let mut play = begin(&mut phone);
    for _ in 0..5 {
        assert_eq!(play.step(&mut phone).status, 200);
    }
    assert_eq!(phone.json("PUT", "/face", &DECIDE).status, 422, "these frames are no pictures");
    assert_eq!(kept(&bench, &phone), 0);
    assert_eq!(phone.json("PUT", "/face", &DECIDE).refused(), (422, "face.expired"));
    begin(&mut phone);
    begin(&mut phone);
    let more = FaceBegin { engine: Some(BUILT_IN.into()), face_only: true };
    assert_eq!(phone.json("POST", "/face", &more).refused(), (429, "enrolment.attempts"));
}

#[test]
fn a_score_of_the_phone_is_none_even_in_the_engine_s_name() {
    let bench = bench();
    let mut phone = ready(&bench, 1);
    let session = phone.face_session();
    let result = phone.engine_result(&session);
    // Signed with the phone's own key, in the name of the built-in engine.
    let key = jose::SigningKey::new(phone.device.clone()).unwrap();
    let jws = face::sign_result(&key, BUILT_IN, &bench.url, "r", bench.now(), &result);
    let reply = phone.json("PUT", "/face", &FaceResult { result: Some(jws) });
    assert_eq!(reply.refused(), (422, "face"));
    assert_eq!(bench.audited(&phone.enrolment_id, "enrolment.refused"), ["face.engine-unknown"]);
}

#[test]
fn without_its_section_the_engine_is_not_there() {
    let bench = Bench::start();
    let mut phone = ready(&bench, 1);
    let begin = FaceBegin { engine: Some(BUILT_IN.into()), face_only: false };
    assert_eq!(phone.json("POST", "/face", &begin).refused(), (422, "face.engine"));
    assert!(bench.state().built_in.is_none());
}
