//! Requests to the server: signed, numbered, sent again with the same bytes when the network fails or the first sending
//! is still under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use protocol::Base64;
use protocol::codes::Problem;
use protocol::request::{
    DEVICE_HEADER, IDEMPOTENCY_HEADER, NONCE_HEADER, SEQUENCE_HEADER, SIGNATURE_HEADER, SignedRequest,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::{Request, Response, StatusCode};

use crate::keys::prove;
use crate::{BridgeError, DeviceKeys, KeyError, RequestCounter};

/// The longest answer taken, in bytes.
const MAX_ANSWER: u64 = 4 * 1024 * 1024;
/// How often one request is sent when no answer comes.
const TRIES: u32 = 3;
/// How long a phone waits for a network that failed.
const PAUSE: Duration = Duration::from_millis(600);
/// The longest time that a server can make it wait, in seconds.
const MAX_PAUSE: u64 = 5;

/// Why a sending brought nothing, and after how long the same bytes may be sent again.
type Failure = (BridgeError, Option<Duration>);

/// The server, as an app sees it.
pub(crate) struct Server {
    base: String,
    language: String,
    agent: ureq::Agent,
}

/// What a signed request needs besides its content.
pub(crate) struct Signer {
    pub(crate) keys: Arc<dyn DeviceKeys>,
    pub(crate) device_id: String,
    pub(crate) nonce: String,
    /// The enrolment's bearer secret.
    pub(crate) bearer: Option<String>,
    pub(crate) counter: Arc<dyn RequestCounter>,
}

/// The numbers within one enrolment, which ends with the process that holds its secret.
#[derive(Default)]
pub(crate) struct Numbers(AtomicU64);

impl RequestCounter for Numbers {
    fn next_number(&self) -> Result<u64, KeyError> {
        Ok(self.0.fetch_add(1, Ordering::SeqCst) + 1)
    }
}

impl Server {
    /// `base` is the server's address without a path; `language` is `fr` or `en`.
    pub(crate) fn new(base: &str, language: &str) -> Result<Self, BridgeError> {
        let base = base.trim_end_matches('/').to_owned();
        if !base.starts_with("https://") && !is_loopback(&base) {
            return Err(BridgeError::usage("the server's address must begin with https://"));
        }
        let mut config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(30)))
            .http_status_as_error(false)
            .max_redirects(0);
        if is_loopback(&base) {
            // What is on this machine is behind no proxy, whatever the environment says.
            config = config.proxy(None);
        }
        Ok(Self { base, language: language.to_owned(), agent: config.build().into() })
    }

    /// An unsigned request without a body.
    pub(crate) fn plain<T: DeserializeOwned>(&self, method: &str, path: &str) -> Result<T, BridgeError> {
        read(self.send(method, path, b"", "application/json", &[])?)
    }

    /// A signed request with a JSON body; a GET has none.
    pub(crate) fn signed<B: Serialize, T: DeserializeOwned>(
        &self,
        signer: &Signer,
        method: &str,
        path: &str,
        body: Option<&B>,
    ) -> Result<T, BridgeError> {
        let bytes =
            body.map(serde_json::to_vec).transpose().map_err(|e| BridgeError::usage(&e.to_string()))?;
        read(self.signed_bytes(signer, method, path, &bytes.unwrap_or_default(), "application/json")?)
    }

    /// A signed request with a body of another type.
    pub(crate) fn signed_as<T: DeserializeOwned>(
        &self,
        signer: &Signer,
        method: &str,
        path: &str,
        (body, content_type): (&[u8], &str),
    ) -> Result<T, BridgeError> {
        read(self.signed_bytes(signer, method, path, body, content_type)?)
    }

    /// A signed request; its answer's body.
    fn signed_bytes(
        &self,
        signer: &Signer,
        method: &str,
        path: &str,
        body: &[u8],
        content_type: &str,
    ) -> Result<Vec<u8>, BridgeError> {
        let sequence = signer.counter.next_number()?;
        // A name for this request alone; the nonce is the server's, so the key is unlike that of any other session.
        let unique = [signer.nonce.as_bytes(), &sequence.to_be_bytes()].concat();
        let key = Base64(crypto::sha256(&unique).to_vec()).to_string();
        let request = SignedRequest {
            method,
            path,
            body,
            nonce: &signer.nonce,
            sequence,
            idempotency_key: if method == "GET" { "" } else { &key },
        };
        let proof = prove(signer.keys.as_ref(), request.signing_bytes())?;
        let mut headers = vec![
            (DEVICE_HEADER, signer.device_id.clone()),
            (NONCE_HEADER, signer.nonce.clone()),
            (SEQUENCE_HEADER, sequence.to_string()),
            (SIGNATURE_HEADER, proof.to_header()),
        ];
        if method != "GET" {
            headers.push((IDEMPOTENCY_HEADER, key.clone()));
        }
        if let Some(secret) = &signer.bearer {
            headers.push(("authorization", format!("Bearer {secret}")));
        }
        self.send(method, path, body, content_type, &headers)
    }

    fn send(
        &self,
        method: &str,
        path: &str,
        body: &[u8],
        content_type: &str,
        headers: &[(&str, String)],
    ) -> Result<Vec<u8>, BridgeError> {
        let mut tries = 0;
        loop {
            let mut request = Request::builder()
                .method(method)
                .uri(format!("{}{path}", self.base))
                .header("accept-language", &self.language)
                .header("content-type", content_type);
            for (name, value) in headers {
                request = request.header(*name, value);
            }
            let request = request.body(body).map_err(|e| BridgeError::usage(&e.to_string()))?;
            tries += 1;
            match self.agent.run(request).map_err(lost).and_then(answer) {
                Ok(body) => return Ok(body),
                Err((_, Some(pause))) if tries < TRIES => std::thread::sleep(pause),
                Err((error, _)) => return Err(error),
            }
        }
    }
}

fn is_loopback(base: &str) -> bool {
    let host = base.strip_prefix("http://").unwrap_or_default().split([':', '/']).next().unwrap_or_default();
    host == "127.0.0.1" || host == "localhost" || host.ends_with(".localhost")
}

/// Whether the server took the request is not known.
fn lost(error: ureq::Error) -> Failure {
    match error {
        ureq::Error::BodyExceedsLimit(_) => (BridgeError::Protocol { text: error.to_string() }, None),
        error => (BridgeError::Network { text: error.to_string() }, Some(PAUSE)),
    }
}

fn answer(mut response: Response<ureq::Body>) -> Result<Vec<u8>, Failure> {
    let status = response.status();
    let body = response.body_mut().with_config().limit(MAX_ANSWER).read_to_vec().map_err(lost)?;
    if status.is_success() {
        return Ok(body);
    }
    let Ok(problem) = serde_json::from_slice::<Problem>(&body) else {
        let text = format!("status {status} without a problem document");
        return Err((BridgeError::Protocol { text }, None));
    };
    // The first sending of these bytes is still under way, or another request was quicker.
    let wait = problem.retry_after.filter(|_| status == StatusCode::SERVICE_UNAVAILABLE);
    let pause = wait.map(|seconds| Duration::from_secs(u64::try_from(seconds).unwrap_or(0).min(MAX_PAUSE)));
    Err((BridgeError::refused(problem), pause))
}

fn read<T: DeserializeOwned>(body: Vec<u8>) -> Result<T, BridgeError> {
    let body = if body.is_empty() { b"null".to_vec() } else { body };
    serde_json::from_slice(&body).map_err(|e| BridgeError::Protocol { text: e.to_string() })
}

#[cfg(test)]
mod tests;
