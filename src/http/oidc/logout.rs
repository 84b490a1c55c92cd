//! The end-session endpoint (OpenID Connect RP-Initiated Logout 1.0).

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use oidc::{Logout, PageError};

use super::authorize::{code, unread};
use super::{form, sso};
use crate::AppState;
use crate::http::login::see_other;
use crate::http::pages::{Lang, Texts, message};

/// `GET` with a query, or `POST` with a form.
pub(super) async fn logout(State(state): State<AppState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let raw = match parts.method {
        Method::POST => form(&parts.headers, body).await,
        _ => Ok(parts.uri.query().unwrap_or_default().to_owned().into()),
    };
    let keys = state.oidc_keys.now();
    let read =
        |raw: axum::body::Bytes| Logout::parse(&raw, &state.clients, keys.public(), &state.config.issuer);
    let page = |status, words: fn(&Texts) -> (&'static str, &'static str), code: &str| {
        message(&state, Lang::default().choose(&parts.headers), status, words, None, code)
    };
    let response = match raw.map_err(unread).and_then(read) {
        Ok(Logout::Redirect(location)) => see_other(&location),
        Ok(Logout::Page) => page(StatusCode::OK, |t| (t.logout_title, t.logout), ""),
        Err(error) => return refused(page, &error),
    };
    sso::forget(&state, &parts.headers, response).await
}

fn refused(
    page: impl FnOnce(StatusCode, fn(&Texts) -> (&'static str, &'static str), &str) -> Response,
    error: &PageError,
) -> Response {
    page(StatusCode::BAD_REQUEST, |t| (t.error_title, t.request_error), code(error))
}
