//! The service over HTTP, with its description and a page.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use face::CapturedStep;
use face::service::{Capture, CaptureResult, NewCapture};
use protocol::Base64;
use protocol::DeviceProof;
use protocol::challenge::{FaceStep, FaceStepTaken};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::captures::{Fetched, Refusal, Service};

/// The longest request, in bytes: the frames of one step in base64.
const MAX_BODY: usize = 3 * 512 * 1024 * 4 / 3 + 16 * 1024;
/// Seconds until the server asks again.
const ASK_AGAIN: &str = "2";
const PAGE: &str = include_str!("page.html");

/// The endpoints of the engine.
pub fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/", get(|| async { Html(PAGE) }))
        .route("/openapi.json", get(|| async { Json(Contract::openapi()) }))
        .route("/jwks", get(jwks))
        .route("/v1/captures", post(open))
        .route("/v1/captures/{id}", get(asked))
        .route("/v1/captures/{id}/steps", post(step))
        .route("/v1/captures/{id}/result", get(result))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(service)
}

#[derive(OpenApi)]
#[openapi(paths(open, asked, step, result), info(title = "Face engine", version = "1"))]
struct Contract;

/// The token of a request.
struct Bearer(String);

impl<S: Send + Sync> FromRequestParts<S> for Bearer {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        let value = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = value.and_then(|value| value.strip_prefix("Bearer "));
        token.map(|token| Self(token.to_owned())).ok_or(StatusCode::UNAUTHORIZED)
    }
}

/// Why a capture ended without a result.
#[derive(Serialize, ToSchema)]
struct Refused {
    /// The code.
    code: &'static str,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Unknown => StatusCode::NOT_FOUND.into_response(),
            Self::Malformed => StatusCode::BAD_REQUEST.into_response(),
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            Self::Face(code) => (StatusCode::UNPROCESSABLE_ENTITY, Json(Refused { code })).into_response(),
        }
    }
}

/// The engine's public keys.
async fn jwks(State(service): State<Arc<Service>>) -> Json<jose::JwkSet> {
    Json(service.jwks())
}

/// The server opens a capture and sends the portrait.
#[utoipa::path(post, path = "/v1/captures", tag = "server", request_body = Object,
    responses((status = 201, description = "The capture: id, url, phone_token"), (status = 401), (status = 422, body = Refused)))]
async fn open(
    State(service): State<Arc<Service>>,
    Bearer(token): Bearer,
    Json(new): Json<NewCapture>,
) -> Result<(StatusCode, Json<Capture>), Response> {
    if !service.is_server(&token) {
        return Err(StatusCode::UNAUTHORIZED.into_response());
    }
    let opened = tokio::task::spawn_blocking(move || service.open(new)).await;
    let opened = opened.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())?;
    opened.map(|capture| (StatusCode::CREATED, Json(capture))).map_err(IntoResponse::into_response)
}

/// What the phone is asked.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Asked {
    /// The nonce of the phone's statements: the challenge's own.
    pub capture_nonce: String,
    /// Whom they name as issuer.
    pub issuer: String,
    /// The enrolment that they name.
    pub enrolment_id: String,
    /// The steps, in their order.
    pub steps: Vec<protocol::capture::CaptureStep>,
}

/// The phone asks what to do.
#[utoipa::path(get, path = "/v1/captures/{id}", tag = "phone", params(("id" = String, Path)),
    responses((status = 200, body = Asked), (status = 404)))]
async fn asked(
    State(service): State<Arc<Service>>,
    Bearer(token): Bearer,
    Path(id): Path<String>,
) -> Result<Json<Asked>, Refusal> {
    let (challenge, issuer, enrolment_id) = service.asked(&id, &token)?;
    let (capture_nonce, steps) = (challenge.nonce().to_owned(), challenge.steps().to_vec());
    Ok(Json(Asked { capture_nonce, issuer, enrolment_id, steps }))
}

/// A step with the key that signed it.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyedStep {
    /// The phone's device key: uncompressed SEC 1 point, whose SHA-256 is the one that the server named; of a phone of
    /// iOS followed by the SHA-256 of the app's id.
    #[schema(value_type = String)]
    pub device_key: Base64,
    /// The step.
    pub step: FaceStep,
}

/// The phone sends the frames of a step; after the last one they are judged.
#[utoipa::path(post, path = "/v1/captures/{id}/steps", tag = "phone", params(("id" = String, Path)),
    request_body = KeyedStep, responses((status = 200, body = FaceStepTaken), (status = 422, body = Refused)))]
async fn step(
    State(service): State<Arc<Service>>,
    Bearer(token): Bearer,
    Path(id): Path<String>,
    Json(KeyedStep { device_key, step }): Json<KeyedStep>,
) -> Result<Json<FaceStepTaken>, Refusal> {
    let FaceStep { statement, proof, frames } = step;
    let proof = DeviceProof::from_header(&proof).map_err(|_| Refusal::Malformed)?;
    let frames = frames.into_iter().map(|frame| frame.0).collect();
    let step = CapturedStep { statement, proof, frames, received_at: service.now() };
    // Judged to its end even if the phone hangs up.
    let work = async move { service.step(&id, &token, &device_key, step).await };
    let due = tokio::spawn(work).await.map_err(|_| Refusal::Busy)??;
    Ok(Json(FaceStepTaken { due }))
}

/// The server fetches the signed result, once.
#[utoipa::path(get, path = "/v1/captures/{id}/result", tag = "server", params(("id" = String, Path)),
    responses((status = 200, description = "The result: a compact JWS"), (status = 202, description = "Not yet"),
        (status = 401), (status = 404), (status = 422, body = Refused)))]
async fn result(
    State(service): State<Arc<Service>>,
    Bearer(token): Bearer,
    Path(id): Path<String>,
) -> Response {
    if !service.is_server(&token) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match service.fetch(&id) {
        Ok(Fetched::Signed(result)) => Json(CaptureResult { result }).into_response(),
        Ok(Fetched::Pending) => (StatusCode::ACCEPTED, [(header::RETRY_AFTER, ASK_AGAIN)]).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}
