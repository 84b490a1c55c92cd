//! Headers of every answer, the limits of every request.

use std::net::IpAddr;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::address::ClientAddress;
use crate::{ApiError, AppState};

/// Pages without scripts, frames, foreign content or inline styles.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The content security policy of a page whose forms may end at another origin: Chromium applies `form-action` to
/// redirects after a POST.
#[must_use]
pub fn policy_with_form_target(origin: &str) -> Option<HeaderValue> {
    HeaderValue::try_from(POLICY.replace("form-action 'self'", &format!("form-action 'self' {origin}"))).ok()
}

/// Lets a page show images that it holds itself, and nothing from elsewhere.
pub fn allow_inline_images(response: &mut Response) {
    if let Ok(policy) = HeaderValue::try_from(POLICY.replace("img-src 'self'", "img-src 'self' data:")) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// Sets the headers that an answer has not set itself.
pub async fn secure(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let defaults: [(HeaderName, &'static str); 4] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in defaults {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if state.config.issuer.starts_with("https://") {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    response
}

/// What a broker's servers ask, seven times a login and all from one address: it costs a look-up, or a client's secret.
const BACK_CHANNEL: [&str; 5] =
    ["/token", "/userinfo", "/jwks", "/.well-known/openid-configuration", "/status"];

/// Takes a token of the address's bucket, and ends what takes too long.
pub async fn limit(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    request: Request,
    next: Next,
) -> Response {
    let counted = !BACK_CHANNEL.contains(&request.uri().path());
    if counted && let Err(seconds) = take(&state, address) {
        return ApiError::new("request.rate").retry_after(seconds).into_response();
    }
    let most = Duration::from_secs(state.config.limits.request_seconds);
    match tokio::time::timeout(most, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::new("server.timeout").into_response(),
    }
}

fn take(state: &AppState, address: IpAddr) -> Result<(), i64> {
    state.buckets.take(crate::config::subscriber(address), state.now())
}

/// A panic is an error of ours, told like any other.
pub fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    ApiError::internal("panic").into_response()
}
