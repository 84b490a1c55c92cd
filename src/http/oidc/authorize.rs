//! The authorization endpoint (OpenID Connect Core, 3.1.2): an accepted request begins a login.

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use oidc::{AcceptedRequest, AuthorizeError, ErrorCode, PageError, RedirectError};

use super::{NoForm, form};
use crate::AppState;
use crate::http::address::ClientAddress;
use crate::http::login;
use crate::http::pages::{Lang, Texts, message};

/// `GET` with a query, or `POST` with a form (OpenID Connect Core, 3.1.2.1).
pub(super) async fn authorize(
    State(state): State<AppState>,
    address: ClientAddress,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let raw = match parts.method {
        Method::POST => form(&parts.headers, body).await,
        _ => Ok(parts.uri.query().unwrap_or_default().to_owned().into()),
    };
    let accepted = raw
        .map_err(|error| unread(error).into())
        .and_then(|raw| AcceptedRequest::parse(&raw, &state.clients, &state.config.issuer));
    match accepted {
        Ok(accepted) => match keys_at_hand(&state, &accepted).await {
            Ok(()) => login::begin(&state, &accepted, &parts.headers, address).await,
            Err(refused) => login::refusal(&refused),
        },
        Err(AuthorizeError::Redirect(error)) => login::refusal(&error),
        Err(AuthorizeError::Page(error)) => {
            let language = Lang::default().choose(&parts.headers);
            let words = |t: &Texts| (t.error_title, t.request_error);
            message(&state, language, StatusCode::BAD_REQUEST, words, None, code(&error))
        }
    }
}

/// Tokens that cannot be encrypted are told before anybody takes out a phone.
async fn keys_at_hand(state: &AppState, request: &AcceptedRequest) -> Result<(), RedirectError> {
    let Some(client) = state.clients.get(request.client_id()) else { return Ok(()) };
    state.client_keys.ready(client, state.now()).await.map_err(|error| {
        tracing::warn!(client = client.id(), %error, "no login can begin");
        let code = ErrorCode::TemporarilyUnavailable;
        request.refuse(&state.config.issuer, code, "the client's keys are not at hand")
    })
}

/// A form that could not be read.
pub(super) fn unread(error: NoForm) -> PageError {
    match error {
        NoForm::MediaType => PageError::Malformed,
        NoForm::Length => PageError::TooLong,
    }
}

/// The code on the page, for the client's developers.
pub(super) fn code(error: &PageError) -> &'static str {
    match error {
        PageError::TooLong => "authorize.too-long",
        PageError::Duplicate(_) => "authorize.duplicate",
        PageError::UnknownClient => "authorize.unknown-client",
        PageError::RedirectUriMissing => "authorize.redirect-uri-missing",
        PageError::RedirectUriUnknown => "authorize.redirect-uri-unknown",
        _ => "authorize.malformed",
    }
}
