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

/// What an engine says of a capture.
#[derive(Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The person is not done.
    Pending,
    /// The signed result.
    Signed(String),
    /// The engine refused the capture: there will be no result.
    Refused,
}

/// How an engine answered.
enum Answer<T> {
    /// With what is due.
    Due(T),
    /// Not yet: 202.
    Pending,
    /// Not at all: 422.
    Refused,
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
        let answer: Answer<Capture> = blocking(&self.url, move || {
            let request = agent().post(&url).header("authorization", channel.bearer());
            answer(request.send_json(&new), StatusCode::CREATED)
        })
        .await?;
        match answer {
            Answer::Due(capture) if capture.is_well_formed() => Ok(capture),
            _ => Err(Trouble { url: self.url.clone(), reason: "no well-formed capture".to_owned() }),
        }
    }

    /// Fetches the result of a capture.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn result(&self, capture_id: &str) -> Result<Fetched, Trouble> {
        let (channel, url) = (self.clone(), format!("{}/v1/captures/{capture_id}/result", self.url));
        let answer: Answer<CaptureResult> = blocking(&self.url, move || {
            answer(agent().get(&url).header("authorization", channel.bearer()).call(), StatusCode::OK)
        })
        .await?;
        Ok(match answer {
            Answer::Due(fetched) => Fetched::Signed(fetched.result),
            Answer::Pending => Fetched::Pending,
            Answer::Refused => Fetched::Refused,
        })
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

/// The body of an answer with the status that is due.
fn answer<T: DeserializeOwned>(
    response: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    due: StatusCode,
) -> Result<Answer<T>, String> {
    let mut response = response.map_err(|error| error.to_string())?;
    match response.status() {
        StatusCode::ACCEPTED => Ok(Answer::Pending),
        StatusCode::UNPROCESSABLE_ENTITY => Ok(Answer::Refused),
        status if status == due => {
            let body = response.body_mut().with_config().limit(MAX_ANSWER).read_to_vec();
            let body = body.map_err(|error| error.to_string())?;
            serde_json::from_slice(&body).map(Answer::Due).map_err(|_| "malformed answer".to_owned())
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
