//! The log: one line a request. No personal data, no secret, no query: routes are logged as they are matched.

use std::io::IsTerminal as _;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use rand_core::Rng as _;
use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};
use crate::{ApiError, AppState};

/// What a handler adds to the line of its request, as an extension of the response.
#[derive(Clone, Debug, Default)]
pub struct Note {
    /// The name of the enrolment or login, where the path does not hold it.
    pub subject: Option<String>,
    /// The code of a refusal.
    pub code: Option<String>,
    /// What stands beside it.
    pub detail: Option<String>,
}

/// Starts the log. A second call changes nothing.
///
/// # Errors
/// The filter is malformed.
pub fn start(log: &Log) -> Result<(), String> {
    let filter = EnvFilter::try_new(&log.filter).map_err(|error| error.to_string())?;
    let colours = std::io::stderr().is_terminal();
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr);
    let _ = match log.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    // The message of a panic may hold a value: only its place is logged.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic");
    }));
    Ok(())
}

/// Writes the line of a request.
pub async fn log_request(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = format!("{:016x}", state.rng().next_u64());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    let in_path = subject(&route, request.uri().path()).map(str::to_owned);
    let response = next.run(request).await;
    let note = response.extensions().get::<Note>().cloned().unwrap_or_default();
    let error = response.extensions().get::<ApiError>();
    let code = error.map(|e| e.code().to_owned()).or(note.code);
    state.metrics.request(&route, response.status().as_u16());
    let detail = error.and_then(|e| e.log_detail().map(str::to_owned)).or(note.detail);
    tracing::info!(
        method = %method,
        route,
        status = response.status().as_u16(),
        ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        request = id,
        subject = note.subject.or(in_path).as_deref(),
        code = code.as_deref(),
        detail = detail.as_deref(),
        "request"
    );
    response
}

/// The name of the enrolment or login in a path: a random one that the server made. Anything else is not logged.
fn subject<'a>(route: &str, path: &'a str) -> Option<&'a str> {
    let position = route.split('/').position(|segment| segment == "{id}")?;
    let name = path.split('/').nth(position)?;
    (name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'))
        .then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_the_enrolment_or_login_of_the_path() {
        assert_eq!(subject("/v1/enrolments/{id}/pin", "/v1/enrolments/ab12/pin"), Some("ab12"));
        assert_eq!(subject("/login/{id}", "/login/%3Cscript"), None);
        assert_eq!(subject("/authorize", "/authorize"), None);
    }
}
