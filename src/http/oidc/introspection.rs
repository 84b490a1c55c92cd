//! What an access token is worth (RFC 7662), and its end (RFC 7009), for the client that it was given to. Of another client's
//! token nothing is told.

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use identity::IdentityState;
use oidc::{AcceptedRequest, ErrorCode, TokenError};
use serde_json::{Value, json};
use storage::AuditEvent;

use super::pushed::{authenticated, read};
use super::token::{Refused, refusal};
use super::{subject, uncached};
use crate::AppState;

/// `POST /introspect`.
pub(super) async fn introspect(State(state): State<AppState>, request: Request) -> Response {
    match describe(&state, request).await {
        Ok(body) => uncached(body.to_string().into_response(), "application/json"),
        Err(refused) => refusal(&state, refused),
    }
}

/// RFC 7662, 2.2: of what does not count nothing is said but that.
async fn describe(state: &AppState, request: Request) -> Result<Value, Refused> {
    let inactive = json!({ "active": false });
    let now = state.now();
    let (parts, form) = read(request).await;
    let form = authenticated(state, &parts.headers, form, "/introspect", now).await?;
    let (client, token) = (form.client(), token(form.value("token")?)?);
    let Some(token) = state.database.active_token(token.as_bytes(), client.id(), now).await? else {
        return Ok(inactive);
    };
    let account = state.database.load_account(&token.identity_id).await?;
    let Some(account) = account.filter(|account| account.state == IdentityState::Active) else {
        return Ok(inactive);
    };
    let request = AcceptedRequest::from_bytes(&token.request).map_err(trouble)?;
    let subject = subject(state, client, &account, now).map_err(trouble)?;
    let mut body = json!({
        "active": true,
        "iss": state.config.issuer,
        "client_id": client.id(),
        "sub": subject.as_str(),
        "scope": request.scope(),
        "exp": token.expires_at,
        "token_type": if token.key.is_some() { "DPoP" } else { "Bearer" },
    });
    if let Some(key) = &token.key {
        body["cnf"] = json!({ "jkt": BASE64_URL_SAFE_NO_PAD.encode(key) });
    }
    Ok(body)
}

/// `POST /revoke`: 200 also where there was nothing to revoke (RFC 7009, 2.2).
pub(super) async fn revoke(State(state): State<AppState>, request: Request) -> Response {
    match end(&state, request).await {
        Ok(()) => uncached(().into_response(), "application/json"),
        Err(refused) => refusal(&state, refused),
    }
}

async fn end(state: &AppState, request: Request) -> Result<(), Refused> {
    let now = state.now();
    let (parts, form) = read(request).await;
    let form = authenticated(state, &parts.headers, form, "/revoke", now).await?;
    let (client, token) = (form.client(), token(form.value("token")?)?);
    if state.database.revoke_token(token.as_bytes(), client.id()).await? {
        state.database.audit(AuditEvent::new("login.token-revoked", client.id(), ""), now).await?;
    }
    Ok(())
}

fn token(token: Option<String>) -> Result<String, TokenError> {
    token.ok_or(TokenError::new(ErrorCode::InvalidRequest, "token is missing"))
}

fn trouble(_: oidc::Error) -> TokenError {
    TokenError::new(ErrorCode::ServerError, "our own trouble")
}
