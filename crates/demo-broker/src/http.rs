//! The HTTP client of the relying party: `ureq`, which blocks.

use std::time::Duration;

use openidconnect::{HttpRequest, HttpResponse, SyncHttpClient};
use ureq::http::Method;

/// FranceConnect waits so long for each call.
const TIMEOUT: Duration = Duration::from_secs(6);
/// The longest answer that is read, in bytes.
const MAX_ANSWER: u64 = 256 * 1024;

/// A call that got no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct HttpError(String);

impl HttpError {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// Calls the provider. Redirects are answers, never followed: a provider that redirects its endpoints could send the
/// client's secret anywhere.
#[derive(Clone, Debug)]
pub(crate) struct HttpClient(ureq::Agent);

impl HttpClient {
    pub(crate) fn new() -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            .max_redirects(0)
            // The provider of a demo is on this machine.
            .proxy(None)
            .build();
        Self(config.into())
    }
}

impl SyncHttpClient for HttpClient {
    type Error = HttpError;

    fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let failed = |error: ureq::Error| HttpError(error.to_string());
        let answer = if request.method() == Method::GET {
            self.0.run(request.map(|_| ()))
        } else {
            self.0.run(request)
        };
        let (parts, mut body) = answer.map_err(failed)?.into_parts();
        let body = body.with_config().limit(MAX_ANSWER).read_to_vec().map_err(failed)?;
        Ok(HttpResponse::from_parts(parts, body))
    }
}
