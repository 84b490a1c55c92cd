//! The back channel to a face engine: it gets the portrait from this server, and its result is fetched there.

use std::time::Duration;

use face::service::{Capture, CaptureResult, NewCapture};
use serde::de::DeserializeOwned;
use ureq::http::StatusCode;

use crate::config::Secret;

/// How long a call may take, from the look-up of the name to the last byte.
const TIMEOUT: Duration = Duration::from_secs(8);
/// The longest answer, in bytes.
const MAX_ANSWER: u64 = 100 * 1024;

/// Where an engine is, and what this server shows it.
#[derive(Clone, Debug)]
pub struct BackChannel {
    /// Its address, without a slash at the end.
    pub url: String,
    /// The token.
    pub token: Secret<String>,
}

/// Why an engine did not answer as it should. The text is for the log: it holds no personal data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{url}: {reason}")]
pub struct Trouble {
    url: String,
    reason: String,
}

impl BackChannel {
    /// Opens a capture.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn open(&self, new: NewCapture) -> Result<Capture, Trouble> {
        let (channel, url) = (self.clone(), format!("{}/v1/captures", self.url));
        let capture: Option<Capture> = blocking(&self.url, move || {
            let request = agent().post(&url).header("authorization", channel.bearer());
            answer(request.send_json(&new), StatusCode::CREATED)
        })
        .await?;
        let capture = capture.filter(Capture::is_well_formed);
        capture.ok_or_else(|| Trouble { url: self.url.clone(), reason: "malformed capture".to_owned() })
    }

    /// Fetches the result of a capture; `None`: the person is not done.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn result(&self, capture_id: &str) -> Result<Option<String>, Trouble> {
        let (channel, url) = (self.clone(), format!("{}/v1/captures/{capture_id}/result", self.url));
        let result: Option<CaptureResult> = blocking(&self.url, move || {
            answer(agent().get(&url).header("authorization", channel.bearer()).call(), StatusCode::OK)
        })
        .await?;
        Ok(result.map(|fetched| fetched.result))
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token.expose())
    }
}

/// One request, no redirect: the portrait goes where the configuration says or nowhere.
fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .max_redirects(0)
        .http_status_as_error(false)
        .build();
    ureq::Agent::new_with_config(config)
}

/// The body of an answer with the status that is due; `None` for 202.
fn answer<T: DeserializeOwned>(
    response: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    due: StatusCode,
) -> Result<Option<T>, String> {
    let mut response = response.map_err(|error| error.to_string())?;
    match response.status() {
        StatusCode::ACCEPTED => Ok(None),
        status if status == due => {
            let body = response.body_mut().with_config().limit(MAX_ANSWER).read_to_vec();
            let body = body.map_err(|error| error.to_string())?;
            serde_json::from_slice(&body).map(Some).map_err(|_| "malformed answer".to_owned())
        }
        status => Err(format!("status {}", status.as_u16())),
    }
}

async fn blocking<T: Send + 'static>(
    url: &str,
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, Trouble> {
    let outcome = tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(error.to_string()));
    outcome.map_err(|reason| Trouble { url: url.to_owned(), reason })
}
