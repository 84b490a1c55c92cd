//! The authorization endpoint (OpenID Connect Core, 3.1.2): an accepted request begins a login.

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use oidc::{
    AcceptedRequest, AuthorizationRequest, AuthorizeError, ErrorCode, PageError, Prompt, Provider,
    PushedReference, RedirectError,
};

use super::{NoForm, form, sso};
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
    let judged = match raw {
        Ok(raw) => judge(&state, &raw).await,
        Err(error) => Err(Refused::Request(unread(error).into())),
    };
    let error = match judged {
        Ok(request) => return begin(&state, &request, &parts.headers, address).await,
        Err(Refused::Storage(error)) => return crate::ApiError::from(error).into_response(),
        Err(Refused::Request(error)) => error,
    };
    match error {
        AuthorizeError::Redirect(error) => login::refusal(&error),
        AuthorizeError::Page(error) => {
            let language = Lang::default().choose(&parts.headers);
            let words = |t: &Texts| (t.error_title, t.request_error);
            message(&state, language, StatusCode::BAD_REQUEST, words, None, code(&error))
        }
    }
}

enum Refused {
    Request(AuthorizeError),
    Storage(storage::Error),
}

/// The request that the browser brings, or the one that its client pushed before.
async fn judge(state: &AppState, raw: &Bytes) -> Result<AuthorizationRequest, Refused> {
    let (keys, now) = (state.oidc_keys.now(), state.now());
    let provider =
        Provider { clients: &state.clients, issuer: &state.config.issuer, keys: keys.public(), now };
    let page = |error: PageError| Refused::Request(error.into());
    let Some(reference) = PushedReference::read(raw).map_err(page)? else {
        return AuthorizationRequest::parse(raw, &provider).map_err(Refused::Request);
    };
    let client = state.clients.get(&reference.client_id).ok_or(page(PageError::UnknownClient))?;
    let pushed = state.database.pushed_request(&reference.digest, client.id(), now).await;
    let pushed = pushed.map_err(Refused::Storage)?.ok_or(page(PageError::RequestUri))?;
    AuthorizationRequest::parse_pushed(&pushed, client, reference.digest, &provider).map_err(Refused::Request)
}

/// By a session of the browser, if one may answer; else by the login page.
async fn begin(
    state: &AppState,
    request: &AuthorizationRequest,
    headers: &axum::http::HeaderMap,
    address: ClientAddress,
) -> Response {
    let accepted = &request.accepted;
    if let Err(refused) = keys_at_hand(state, accepted).await {
        return login::refusal(&refused);
    }
    match sso::answer(state, request, headers, address).await {
        Ok(Some(response)) => response,
        Ok(None) if request.prompt == Prompt::None => {
            let issuer = &state.config.issuer;
            login::refusal(&accepted.refuse(issuer, ErrorCode::LoginRequired, "nobody is logged in"))
        }
        Ok(None) => login::begin(state, accepted, headers, address).await,
        Err(error) => error.into_response(),
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
        PageError::RequestObject => "authorize.request-object",
        PageError::RequestUri => "authorize.request-uri",
        _ => "authorize.malformed",
    }
}
