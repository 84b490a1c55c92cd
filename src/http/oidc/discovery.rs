//! What is known without asking: metadata and public keys, from memory; and whether this server is well.
//!
//! The broker fetches the metadata three times and the keys twice in a login, and keeps neither.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use serde::Serialize;

use super::{noted, uncached};
use crate::AppState;
use crate::trust::TrustHealth;

/// How long a client may keep the answers. A new key is published so long before it signs.
const CACHE: &str = "public, max-age=300";

fn cached(body: Bytes) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, HeaderValue::from_static(CACHE)),
    ];
    (headers, body).into_response()
}

/// `GET /.well-known/openid-configuration` (OpenID Connect Discovery 1.0, 4).
pub(super) async fn metadata(State(state): State<AppState>) -> Response {
    cached(state.metadata.clone())
}

/// `GET /jwks` (RFC 7517, 5): public keys only, the one that signs and those before it.
pub(super) async fn jwks(State(state): State<AppState>) -> Response {
    cached(state.oidc_keys.now().jwks())
}

/// What `/status` says.
#[derive(Serialize)]
struct Status {
    status: &'static str,
    trust: TrustHealth,
}

/// `GET /status`: 200 if the database answers, else 503; and how the trust store is.
pub(super) async fn status(State(state): State<AppState>) -> Response {
    let trust = state.trust.health(state.now());
    let said = |status| axum::Json(Status { status, trust });
    // No login has an empty name: a look-up by primary key, as cheap as an answer of the database can be.
    match state.database.load_login("").await {
        Ok(_) => uncached(said("ok").into_response(), "application/json"),
        Err(error) => {
            let body = (StatusCode::SERVICE_UNAVAILABLE, said("unavailable")).into_response();
            let response = uncached(body, "application/json");
            noted(response, None, Some("server.unavailable"), Some(error.to_string()))
        }
    }
}
