//! What our own API answers when it refuses: RFC 9457 problem documents, made in this one place.
//!
//! A handler returns the full code; the phone sees what `protocol::codes` lets it see, in its language. OAuth errors
//! are made in `http::oidc`.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use protocol::codes::{Language, Problem, public_code, text};

use crate::AppState;
use crate::http::pages::{self, Lang, Texts};

/// A refusal: its full code, which stands in the log, and how it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    code: String,
    status: StatusCode,
    retry_after: Option<i64>,
    detail: Option<String>,
}

impl ApiError {
    /// A refusal with this code; the status follows from the code.
    #[must_use]
    pub fn new(code: impl Into<String>) -> Self {
        let code = code.into();
        Self { status: status(&code), code, retry_after: None, detail: None }
    }

    /// Another status than the code's own.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Seconds until the next try.
    #[must_use]
    pub fn retry_after(self, seconds: i64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// What the log says beside the code. Never personal data, never a secret.
    #[must_use]
    pub fn detail(self, detail: impl ToString) -> Self {
        Self { detail: Some(detail.to_string()), ..self }
    }

    /// The seconds that [`retry_after`](Self::retry_after) set.
    #[must_use]
    pub fn seconds(&self) -> Option<i64> {
        self.retry_after
    }

    /// Trouble of ours.
    #[must_use]
    pub fn internal(detail: impl ToString) -> Self {
        Self::new("server.internal").detail(detail)
    }

    /// The full code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What the log says beside the code.
    #[must_use]
    pub fn log_detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// The problem document.
    #[must_use]
    pub fn problem(&self, language: Language) -> Problem {
        Problem { retry_after: self.retry_after, ..Problem::new(&self.code, self.status.as_u16(), language) }
    }
}

/// The one table of statuses: the first row whose prefix begins the code counts.
fn status(code: &str) -> StatusCode {
    const TABLE: &[(&str, StatusCode)] = &[
        ("request.malformed", StatusCode::BAD_REQUEST),
        ("request.signature", StatusCode::UNAUTHORIZED),
        ("request.nonce", StatusCode::UNAUTHORIZED),
        ("request.sequence", StatusCode::CONFLICT),
        ("request.idempotency", StatusCode::CONFLICT),
        ("request.too-large", StatusCode::PAYLOAD_TOO_LARGE),
        ("request.not-found", StatusCode::NOT_FOUND),
        ("request.method", StatusCode::METHOD_NOT_ALLOWED),
        ("request.rate", StatusCode::TOO_MANY_REQUESTS),
        ("request.", StatusCode::BAD_REQUEST),
        ("enrolment.expired", StatusCode::GONE),
        ("enrolment.closed", StatusCode::CONFLICT),
        ("enrolment.step-missing", StatusCode::CONFLICT),
        ("enrolment.attempts", StatusCode::TOO_MANY_REQUESTS),
        ("desk.", StatusCode::CONFLICT),
        ("face.pending", StatusCode::CONFLICT),
        ("chip.closed", StatusCode::CONFLICT),
        ("chip.expired", StatusCode::GONE),
        ("login.not-found", StatusCode::NOT_FOUND),
        ("login.expired", StatusCode::GONE),
        ("login.claimed", StatusCode::CONFLICT),
        ("login.", StatusCode::FORBIDDEN),
        ("device-state.", StatusCode::FORBIDDEN),
        ("identity-state.", StatusCode::FORBIDDEN),
        ("server.unavailable", StatusCode::SERVICE_UNAVAILABLE),
        ("server.attestation-status", StatusCode::SERVICE_UNAVAILABLE),
        ("server.face-engine", StatusCode::SERVICE_UNAVAILABLE),
        ("server.timeout", StatusCode::SERVICE_UNAVAILABLE),
        ("server.", StatusCode::INTERNAL_SERVER_ERROR),
    ];
    let row = TABLE.iter().find(|(prefix, _)| code.starts_with(prefix));
    row.map_or(StatusCode::UNPROCESSABLE_ENTITY, |(_, status)| *status)
}

/// The body is written by [`problem_documents`], which knows the language; the log line takes code and detail.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the problem documents, in the language of the request; for a person's browser, a page.
pub async fn problem_documents(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let (language, browser) = (language(&request), takes_pages(request.headers()));
    let chosen = Lang::of_request(&request);
    let response = next.run(request).await;
    let Some(error) = response.extensions().get::<ApiError>() else {
        return response;
    };
    if browser {
        return page(&state, chosen, error);
    }
    let body = serde_json::to_vec(&error.problem(language)).unwrap_or_default();
    let (mut parts, _) = response.into_parts();
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, body.into())
}

/// Browsers name HTML when a person opens a page; programs do not.
fn takes_pages(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| accepted.split([',', ';']).any(|kind| kind.trim() == "text/html"))
}

fn page(state: &AppState, language: Language, error: &ApiError) -> Response {
    let words = (Texts::of(language).error_title, text(&error.code, language));
    let mut page = pages::told(state, language, error.status, words, None, public_code(&error.code));
    if let Some(seconds) = error.retry_after {
        page.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    page.extensions_mut().insert(error.clone());
    page
}

/// The language that a request's `Accept-Language` asks for.
#[must_use]
pub fn language<B>(request: &axum::http::Request<B>) -> Language {
    let value = request.headers().get(header::ACCEPT_LANGUAGE);
    Language::from_accept_language(value.and_then(|value| value.to_str().ok()))
}

impl From<storage::Error> for ApiError {
    fn from(error: storage::Error) -> Self {
        match error {
            storage::Error::Closed => Self::new("server.unavailable").detail(error),
            // Another request of the same phone was quicker.
            storage::Error::Conflict => Self::new("server.unavailable").retry_after(1).detail(error),
            storage::Error::TooLong("enrolment") => Self::new("enrolment.attempts").detail(error),
            error => Self::new("server.storage").detail(error),
        }
    }
}

/// What is wrong with a signed message; the text never says which factor failed.
impl From<protocol::Error> for ApiError {
    fn from(error: protocol::Error) -> Self {
        let code = match error {
            protocol::Error::Malformed(_) => "request.malformed",
            _ => "request.signature",
        };
        Self::new(code).detail(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_the_document_is_told_by_its_family_and_logged_in_full() {
        let error = ApiError::new("pa.hash-mismatch(DG2)");
        assert_eq!(error.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(error.problem(Language::En).code, "pa");
        assert_eq!(error.code(), "pa.hash-mismatch(DG2)");
    }

    #[test]
    fn statuses_follow_from_codes() {
        let status = |code: &str| ApiError::new(code).status().as_u16();
        assert_eq!(status("login.refused"), 403);
        assert_eq!(status("login.expired"), 410);
        assert_eq!(status("server.storage"), 500);
        assert_eq!(status("identity.birthplace"), 422);
        assert_eq!(status("request.sequence"), 409);
    }
}
