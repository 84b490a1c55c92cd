//! Joins the endpoints.

use axum::Router;

use crate::AppState;

/// The whole server as a service.
pub fn router(state: AppState) -> Router {
    Router::new().with_state(state)
}
