//! The built-in engine's whole path with faces of nobody (crates/face/faces): from the portrait in the chip and the frames of
//! a challenge to the decision; and the same engine as a service of its own.

use std::net::TcpListener;
use std::sync::Arc;

use protocol::Base64;
use protocol::capture::CaptureStep;
use protocol::challenge::{BUILT_IN, FaceChallenge, FaceStep, FaceStepTaken};
use protocol::enrolment::{FaceBegin, FaceDecision, FaceSession, Sealed};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use sceau::cli::face_service::{self, Asked, KeyedStep, Service};
use test_passports::Specimen;

use crate::challenge::{DECIDE, Play, begin, begin_as, bench, kept, ready_with, sign};
use crate::common::phone::{Phone, Reply, send};
use crate::common::{Bench, ENGINE};

const TOKEN: &str = "a-token-of-thirty-two-characters";

/// A picture of somebody who does not exist.
pub(crate) fn picture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/crates/face/faces/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// A passport with the portrait of one of them.
pub(crate) fn passport_of(bench: &Bench, person: &str) -> Specimen {
    bench.builder().portrait(&picture(&format!("{person}/portrait.jp2"))).build(&bench.utopia)
}

/// The frames in which a person shows a step, for the `time`th time.
fn frames_of(person: &str, step: CaptureStep, time: usize) -> Vec<Vec<u8>> {
    (1..=2).map(|n| picture(&format!("{person}/{}-{}.jpg", step.as_str(), 2 * time + n))).collect()
}

/// Sends every step, each shown by the person that `who` names for it.
pub(crate) fn show(phone: &mut Phone<'_>, play: &mut Play, who: impl Fn(usize) -> &'static str) {
    let steps = play.steps().to_vec();
    for (i, step) in steps.iter().enumerate() {
        let times = steps[..i].iter().filter(|earlier| *earlier == step).count();
        let taken: FaceStepTaken = play.step_of(phone, frames_of(who(i), *step, times)).ok();
        assert_eq!(taken.due, steps.get(i + 1).copied());
    }
}

fn decide(phone: &mut Phone<'_>) -> Reply {
    phone.json("PUT", "/face", &DECIDE)
}

#[test]
fn who_does_what_is_asked_and_is_the_person_of_the_portrait_is_the_holder_at_eidas2() {
    for face_only in [false, true] {
        let bench = bench();
        let mut phone = ready_with(&bench, 1, &passport_of(&bench, "ada"));
        phone.verify_email();
        assert_eq!(phone.declare().status, 200);
        let mut play = begin_as(&mut phone, face_only);
        show(&mut phone, &mut play, |_| "ada");
        assert_eq!(kept(&bench, &phone), 5, "frames wait, sealed");
        let decision: FaceDecision = decide(&mut phone).ok();
        let passed =
            |id: &str| decision.checks.iter().any(|check| check.id == id && check.result == "passed");
        assert!(passed("face.match") && passed("face.erased"), "{:?}", decision.checks);
        assert_eq!(kept(&bench, &phone), 0);
        assert!(phone.call("GET", "", b"").body["files"].get("EF.DG2").is_none(), "the portrait is gone");
        phone.transcript.holder_decision = decision.decision_id;
        phone.register_pin();
        let sealed: Sealed = phone.seal().ok();
        // Chip proved, keys in hardware; by a challenge alone it is never more than eidas2.
        assert_eq!((sealed.state.as_str(), sealed.level.as_str()), ("active", "eidas2"));
    }
}

#[test]
fn another_face_is_not_the_holder() {
    let bench = bench();
    type Who = fn(usize) -> &'static str;
    let cases: [(&str, Who); 3] = [
        ("face.below-threshold", |_| "bruno"),
        // Two people take turns: one has the portrait's face, the other moves.
        ("face.other-person", |step| if step == 0 { "ada" } else { "bruno" }),
        ("face.other-person", |step| if step == 3 { "bruno" } else { "ada" }),
    ];
    for (seed, (code, who)) in (1..).zip(cases) {
        let mut phone = ready_with(&bench, seed, &passport_of(&bench, "ada"));
        let mut play = begin(&mut phone);
        show(&mut phone, &mut play, who);
        let reply = decide(&mut phone);
        let audited = bench.audited(&phone.enrolment_id, "enrolment.refused");
        // With another head's baseline a step may not count as shown; either way it is refused.
        let found = audited.first().cloned().unwrap_or_else(|| reply.body["code"].to_string());
        assert_eq!(reply.status, 422, "{code}: {reply:?}");
        let refused = found == code || (code == "face.other-person" && found.contains("face.step-not-shown"));
        assert!(refused, "{code}: {found}");
        assert_eq!(kept(&bench, &phone), 0, "{code}: no frame stays");
        assert_eq!(decide(&mut phone).refused(), (422, "face.expired"), "{code}");
    }
}

#[test]
fn a_capture_that_does_something_else_than_asked_is_told_what() {
    let bench = bench();
    let mut phone = ready_with(&bench, 1, &passport_of(&bench, "bruno"));
    let mut play = begin(&mut phone);
    let steps = play.steps().to_vec();
    for step in steps {
        // Where he shall smile he closes his eyes, with frames that did not come before. (Ada's pictures of closed eyes are so
        // alike that two steps with them count as one still.)
        let (shown, time) = if step == CaptureStep::Smile { (CaptureStep::CloseEyes, 1) } else { (step, 0) };
        assert_eq!(play.step_of(&mut phone, frames_of("bruno", shown, time)).status, 200);
    }
    let reply = decide(&mut phone);
    assert_eq!(reply.status, 422, "{reply:?}");
    assert!(reply.body["code"].as_str().unwrap().starts_with("face.step-not-shown"), "{reply:?}");
    assert_eq!(kept(&bench, &phone), 0);
}

/// What a phone sends to the service for a step.
fn keyed(play: &mut Play, phone: &Phone<'_>, person: &str) -> KeyedStep {
    let frames = frames_of(person, play.steps()[usize::from(play.index)], 0);
    let statement = play.statement(phone, &frames);
    (play.previous, play.index) = (statement.digest().into(), play.index + 1);
    let proof = sign(&phone.device, &statement);
    let step = FaceStep { statement, proof, frames: frames.into_iter().map(Base64).collect() };
    KeyedStep { device_key: Base64(phone.device.public_key().to_sec1()), step }
}

/// A call of the service: status and body.
fn call(method: &str, url: &str, token: &str, body: &impl serde::Serialize) -> (u16, serde_json::Value) {
    let headers =
        [("authorization", format!("Bearer {token}")), ("content-type", "application/json".to_owned())];
    let reply = send(method, url, &headers, &serde_json::to_vec(body).unwrap());
    (reply.status, reply.body)
}

/// A server whose engine is `sceau face-engine`, and the service, in this process.
fn with_service() -> (Bench, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let more = format!("demo = false\nurl = \"{url}\"\ntoken = \"{TOKEN}\"");
    let bench = Bench::with(|config| {
        let config = config.replacen("versions = [\"1\"]", &format!("versions = [\"{}\"]", face::VERSION), 1);
        config.replacen("demo = true", &more, 1)
    });
    let engine = face::LocalEngine::new(face::LocalEngineConfig::default()).unwrap();
    let (key, clock) = (bench.engine_key.clone(), Arc::new(bench.clock.clone()));
    let rng = ChaCha20Rng::seed_from_u64(3);
    let service = Service::new(ENGINE.into(), key, TOKEN.into(), url.clone(), engine, clock, rng);
    bench.runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        axum::serve(listener, face_service::router(Arc::new(service))).await
    });
    (bench, url)
}

/// A capture that the server opened at the service: how the phone plays it, its address and its token.
fn open(phone: &mut Phone<'_>) -> (Play, String, String) {
    let begin = FaceBegin { engine: Some(ENGINE.into()), face_only: false };
    let mut session: FaceSession = phone.json("POST", "/face", &begin).ok();
    let capture = session.capture.take().unwrap();
    let (status, asked) = call("GET", &capture.url, &capture.token, &());
    assert_eq!(status, 200);
    let asked: Asked = serde_json::from_value(asked).unwrap();
    assert_eq!((&asked.issuer, &asked.enrolment_id), (&phone.transcript.issuer, &phone.enrolment_id));
    session.capture_nonce = asked.capture_nonce;
    session.challenge =
        Some(FaceChallenge { steps: asked.steps, max_frames_per_step: 3, max_frame_bytes: 200 * 1024 });
    (Play::of(session), capture.url, capture.token)
}

#[test]
fn the_engine_as_a_service_signs_what_the_server_takes() {
    let (bench, url) = with_service();
    let mut phone = ready_with(&bench, 1, &passport_of(&bench, "ada"));
    let (mut play, capture, token) = open(&mut phone);
    assert_eq!(decide(&mut phone).refused(), (409, "face.pending"));
    for _ in 0..5 {
        let step = keyed(&mut play, &phone, "ada");
        let (status, body) = call("POST", &format!("{capture}/steps"), &token, &step);
        assert_eq!(status, 200, "{body}");
    }
    let decision: FaceDecision = decide(&mut phone).ok();
    assert!(decision.checks.iter().any(|check| check.id == "face.match" && check.result == "passed"));
    // With the result the service has forgotten the capture.
    assert_eq!(call("GET", &format!("{capture}/result"), TOKEN, &()).0, 404);
    assert_eq!(call("GET", &capture, &token, &()).0, 404);
    let (status, contract) = call("GET", &format!("{url}/openapi.json"), "", &());
    let paths: Vec<&String> = contract["paths"].as_object().unwrap().keys().collect();
    assert_eq!((status, paths.len()), (200, 4), "{paths:?}");
    assert!(ureq::get(&url).call().unwrap().body_mut().read_to_string().unwrap().contains("/openapi.json"));
}

#[test]
fn the_service_refuses_other_tokens_keys_and_faces() {
    let (bench, url) = with_service();
    let mut phone = ready_with(&bench, 1, &passport_of(&bench, "ada"));
    let other = ready_with(&bench, 2, &bench.passport());
    let (mut play, capture, token) = open(&mut phone);
    let steps = format!("{capture}/steps");
    // The phone's token is not the server's, nor the other way round.
    assert_eq!(call("GET", &format!("{capture}/result"), &token, &()).0, 401);
    assert_eq!(call("POST", &format!("{url}/v1/captures"), &token, &serde_json::json!({})).0, 422);
    assert_eq!(call("GET", &capture, TOKEN, &()).0, 404);
    assert_eq!(call("GET", &capture, "", &()).0, 401);
    // Another phone's key, though it signs well.
    let step = keyed(&mut play, &other, "ada");
    let (status, body) = call("POST", &steps, &token, &step);
    assert_eq!((status, body["code"].as_str()), (422, Some("face.device")));
    assert_eq!(call("POST", &steps, &token, &step).0, 404, "the capture is over");
    assert_eq!(decide(&mut phone).refused(), (422, "face"), "the engine has no result");
    // Another person.
    let (mut play, capture, token) = open(&mut phone);
    let mut last = (0, serde_json::Value::Null);
    for _ in 0..5 {
        let step = keyed(&mut play, &phone, "bruno");
        last = call("POST", &format!("{capture}/steps"), &token, &step);
    }
    assert_eq!((last.0, last.1["code"].as_str()), (422, Some("face.below-threshold")));
}

#[test]
fn consent_stands_before_any_comparison() {
    let bench = bench();
    let mut phone = Phone::open(&bench, 1);
    let mut consents = phone.consents();
    consents.given.retain(|consent| consent.name != "face");
    assert_eq!(phone.json("PUT", "/consents", &consents).status, 200);
    let passport = passport_of(&bench, "ada");
    phone.upload_all(&passport);
    phone.prove_chip(&passport);
    let begin = FaceBegin { engine: Some(BUILT_IN.into()), face_only: false };
    assert_eq!(phone.json("POST", "/face", &begin).refused(), (422, "consent.missing(face)"));
    assert_eq!(phone.json("PUT", "/face", &DECIDE).status, 422);
    assert_eq!(kept(&bench, &phone), 0);
}
