//! Joins the endpoints, and what stands around all of them.

use axum::Router;
use axum::middleware::from_fn_with_state;
use tower_http::catch_panic::CatchPanicLayer;

use crate::http::headers::{limit, panicked, secure};
use crate::http::{account, desk, enrolment, login, login_api, oidc, openapi, pages, session};
use crate::telemetry::log_request;
use crate::{ApiError, AppState, error};

/// The whole server as a service.
pub fn router(state: AppState) -> Router {
    Router::new()
        .merge(oidc::routes())
        .merge(enrolment::routes())
        .merge(login::routes())
        .merge(login_api::routes())
        .merge(pages::routes())
        .merge(session::routes())
        .merge(account::routes())
        .merge(desk::routes())
        .merge(openapi::routes())
        .fallback(|| async { ApiError::new("request.not-found") })
        .method_not_allowed_fallback(|| async { ApiError::new("request.method") })
        .layer(from_fn_with_state(state.clone(), limit))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(state.clone(), error::problem_documents))
        .layer(from_fn_with_state(state.clone(), secure))
        .layer(from_fn_with_state(state.clone(), log_request))
        .with_state(state)
}
