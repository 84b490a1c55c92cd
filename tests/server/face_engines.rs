//! Outside engines over the back channel: the server sends the portrait and fetches the signed result.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use clock::UnixTime;
use crypto::sha256;
use face::service::{Capture, CaptureResult, NewCapture};
use face::{Comparison, EngineResult, Verdict, sign_result};
use jose::SigningKey;
use lds::FileId;
use protocol::enrolment::{FaceBegin, FaceDecision, FaceResult, FaceSession};

use crate::common::phone::Phone;
use crate::common::{Bench, ENGINE, NOW};

const TOKEN: &str = "a-token-of-thirty-two-characters";

/// An engine that believes everything, and signs what a test lets it say.
#[derive(Clone, Default)]
struct Stub(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    captures: Vec<NewCapture>,
    tokens: Vec<String>,
    /// What is answered to the next fetch; nothing: the person captures.
    result: Option<String>,
    /// The capture is refused.
    refuses: bool,
}

/// Starts it before the server: its address stands in the configuration.
fn stub(runtime: &tokio::runtime::Runtime) -> (Stub, String) {
    let stub = Stub::default();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let routes = Router::new()
        .route("/v1/captures", post(open))
        .route("/v1/captures/{id}/result", get(result))
        .with_state(stub.clone());
    runtime.spawn(
        async move { axum::serve(tokio::net::TcpListener::from_std(listener).unwrap(), routes).await },
    );
    (stub, url)
}

async fn open(
    State(stub): State<Stub>,
    headers: HeaderMap,
    Json(new): Json<NewCapture>,
) -> (StatusCode, Json<Capture>) {
    let mut seen = stub.0.lock().unwrap();
    seen.tokens.push(headers["authorization"].to_str().unwrap().to_owned());
    seen.captures.push(new);
    let id = format!("capture-{}", seen.captures.len());
    let capture = Capture { id, url: "https://engine.example/c".into(), phone_token: "phone".into() };
    (StatusCode::CREATED, Json(capture))
}

async fn result(State(stub): State<Stub>, Path(id): Path<String>) -> Result<Json<CaptureResult>, StatusCode> {
    let seen = stub.0.lock().unwrap();
    assert_eq!(id, format!("capture-{}", seen.captures.len()), "the newest capture is asked for");
    if seen.refuses {
        return Err(StatusCode::UNPROCESSABLE_ENTITY);
    }
    seen.result.clone().map(|result| Json(CaptureResult { result })).ok_or(StatusCode::ACCEPTED)
}

/// A server with this engine; it compares, so it is no demo engine.
fn bench_with(url: &str) -> Bench {
    let more = format!("demo = false\nurl = \"{url}\"\ntoken = \"{TOKEN}\"");
    Bench::with(|config| config.replacen("demo = true", &more, 1))
}

fn ready<'a>(bench: &'a Bench, seed: u64) -> Phone<'a> {
    let passport = bench.passport();
    let mut phone = Phone::open(bench, seed);
    phone.upload_all(&passport);
    phone.prove_chip(&passport);
    phone
}

/// What an honest engine says of a capture.
fn compared(new: &NewCapture, at: UnixTime) -> EngineResult {
    let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
    EngineResult {
        engine_version: "1".into(),
        comparison: Comparison::Performed,
        similarity: 0.8,
        threshold: 0.5,
        presentation: Verdict::Passed.into(),
        injection: Verdict::Passed.into(),
        review: vec![],
        capture_nonce: new.capture_nonce.clone(),
        enrolment_id: new.enrolment_id.clone(),
        device_key_thumbprint: decode(&new.device_key_thumbprint).try_into().unwrap(),
        portrait_sha256: sha256(&decode(&new.portrait)),
        probe_sha256: [5; 32],
        captured_at: at,
        expires_at: at.plus(60),
    }
}

fn sign(bench: &Bench, key: &SigningKey, result: &EngineResult) -> String {
    sign_result(key, ENGINE, &bench.url, &result.capture_nonce, bench.now(), result)
}

fn begin(phone: &mut Phone<'_>) -> FaceSession {
    phone.json("POST", "/face", &FaceBegin { engine: Some(ENGINE.into()), face_only: false }).ok()
}

const FETCH: FaceResult = FaceResult { result: None };

#[test]
fn the_portrait_goes_to_the_engine_and_its_result_is_fetched() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (stub, url) = stub(&runtime);
    let bench = bench_with(&url);
    let mut phone = ready(&bench, 1);
    let session = begin(&mut phone);
    let capture = session.capture.unwrap();
    assert_eq!((capture.url.as_str(), capture.token.as_str()), ("https://engine.example/c", "phone"));
    let new = stub.0.lock().unwrap().captures[0].clone();
    assert_eq!(stub.0.lock().unwrap().tokens, [format!("Bearer {TOKEN}")]);
    let passport = bench.passport();
    let portrait = lds::Dg2::parse(passport.file(FileId::Dg(2))).unwrap().faces[0].image.to_vec();
    assert_eq!(BASE64_URL_SAFE_NO_PAD.decode(&new.portrait).unwrap(), portrait, "the bytes inside EF.DG2");
    assert_eq!(
        (new.audience.as_str(), new.capture_nonce.as_str()),
        (bench.url.as_str(), session.capture_nonce.as_str())
    );
    assert_eq!(new.device_key_thumbprint, phone.device_id());
    // While the person captures, the session stays open.
    assert_eq!(phone.json("PUT", "/face", &FETCH).refused(), (409, "face.pending"));
    let signed = sign(&bench, &bench.engine_key, &compared(&new, NOW));
    stub.0.lock().unwrap().result = Some(signed);
    let decision: FaceDecision = phone.json("PUT", "/face", &FETCH).ok();
    assert!(decision.checks.iter().any(|check| check.id == "face.match" && check.result == "passed"));
    assert!(phone.call("GET", "", b"").body["files"].get("EF.DG2").is_none(), "the portrait is gone");
}

#[test]
fn a_result_of_another_enrolment_capture_or_key_does_not_count_from_the_engine_either() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (stub, url) = stub(&runtime);
    let bench = bench_with(&url);
    let (mut one, mut two) = (ready(&bench, 1), ready(&bench, 2));
    begin(&mut one);
    begin(&mut two);
    let captures = stub.0.lock().unwrap().captures.clone();
    // The result of one's capture for two's.
    stub.0.lock().unwrap().result = Some(sign(&bench, &bench.engine_key, &compared(&captures[0], NOW)));
    assert_eq!(two.json("PUT", "/face", &FETCH).refused(), (422, "face"));
    assert_eq!(bench.audited(&two.enrolment_id, "enrolment.refused"), ["face.nonce"]);
    // A key that is not pinned, whatever the engine publishes.
    begin(&mut two);
    let new = stub.0.lock().unwrap().captures.last().unwrap().clone();
    let key = SigningKey::new(crypto::EcPrivateKey::generate(
        crypto::Curve::P256,
        &mut <rand_chacha::ChaCha20Rng as rand_chacha::rand_core::SeedableRng>::seed_from_u64(77),
    ));
    stub.0.lock().unwrap().result = Some(sign(&bench, &key.unwrap(), &compared(&new, NOW)));
    assert_eq!(two.json("PUT", "/face", &FETCH).refused(), (422, "face"));
    let audited = bench.audited(&two.enrolment_id, "enrolment.refused");
    assert_eq!(audited.last().map(String::as_str), Some("face.engine-unknown"));
}

#[test]
fn a_capture_that_the_engine_refuses_is_a_used_attempt() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (stub, url) = stub(&runtime);
    let bench = bench_with(&url);
    let mut phone = ready(&bench, 1);
    stub.0.lock().unwrap().refuses = true;
    for _ in 0..3 {
        begin(&mut phone);
        assert_eq!(phone.json("PUT", "/face", &FETCH).refused(), (422, "face"));
        assert_eq!(
            phone.json("PUT", "/face", &FETCH).refused(),
            (422, "face.expired"),
            "its session is closed"
        );
    }
    let audited = bench.audited(&phone.enrolment_id, "enrolment.refused");
    assert!(audited.iter().all(|code| code == "face.refused" || code == "face.expired"), "{audited:?}");
    begin(&mut phone);
    assert_eq!(phone.json("PUT", "/face", &FETCH).refused().1, "enrolment.attempts");
}

#[test]
fn an_engine_that_is_not_there_is_trouble_of_ours_and_no_attempt() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let bench = bench_with(&format!("http://{closed}"));
    let mut phone = ready(&bench, 1);
    let engine = FaceBegin { engine: Some(ENGINE.into()), face_only: false };
    for _ in 0..4 {
        assert_eq!(phone.json("POST", "/face", &engine).refused(), (503, "server.face-engine"));
    }
    let unknown = FaceBegin { engine: Some("another".into()), face_only: false };
    assert_eq!(phone.json("POST", "/face", &unknown).refused(), (422, "face.engine"));
    // A session without capture has nothing to fetch.
    assert_eq!(phone.call("POST", "/face", b"").status, 200);
    assert_eq!(phone.json("PUT", "/face", &FETCH).refused(), (400, "request.malformed"));
}
