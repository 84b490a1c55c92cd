//! The endpoint for pushed requests (RFC 9126), and what it shares with the other endpoints that clients call.

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use clock::UnixTime;
use oidc::{AuthenticatedForm, ClientForm, PUSHED_LIFE, Provider, PushedRequest};

use super::token::{Refused, refusal, take_assertion, unread};
use super::{NoForm, dpop, form, uncached};
use crate::AppState;

/// `POST /par`.
pub(super) async fn push(State(state): State<AppState>, request: Request) -> Response {
    let (parts, form) = read(request).await;
    match accept(&state, &parts.headers, form).await {
        Ok(pushed) => uncached((StatusCode::CREATED, pushed.to_json()).into_response(), "application/json"),
        Err(refused) => refusal(&state, refused),
    }
}

async fn accept(
    state: &AppState,
    headers: &HeaderMap,
    form: Result<axum::body::Bytes, NoForm>,
) -> Result<PushedRequest, Refused> {
    let now = state.now();
    let form = authenticated(state, headers, form, "/par", now).await?;
    let key = dpop::proof(state, headers, &Method::POST, "/par", None, now).await?;
    let keys = state.oidc_keys.now();
    let provider =
        Provider { clients: &state.clients, issuer: &state.config.issuer, keys: keys.public(), now };
    let pushed = PushedRequest::accept(&form, key.as_ref(), &provider, &mut state.rng())?;
    let until = now.plus(PUSHED_LIFE);
    state.database.push_request(&pushed.digest, form.client().id(), pushed.form.clone(), until).await?;
    Ok(pushed)
}

/// Head and form of a call of the back channel.
pub(super) async fn read(request: Request) -> (Parts, Result<axum::body::Bytes, NoForm>) {
    let (parts, body) = request.into_parts();
    let form = form(&parts.headers, body).await;
    (parts, form)
}

/// A form of a client that proved who it is; its assertion counts once.
pub(super) async fn authenticated<'a>(
    state: &'a AppState,
    headers: &HeaderMap,
    form: Result<axum::body::Bytes, NoForm>,
    path: &str,
    now: UnixTime,
) -> Result<AuthenticatedForm<'a>, Refused> {
    let authorization = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    let form = ClientForm::parse(&form.map_err(unread)?, authorization)?;
    let form = form.authenticate(&state.clients, &state.config.issuer, path, now)?;
    take_assertion(state, form.client(), form.assertion(), now).await?;
    Ok(form)
}
