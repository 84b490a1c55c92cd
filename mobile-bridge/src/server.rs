//! Requests to the server: signed, numbered, sent again with the same bytes when the network fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use protocol::Base64;
use protocol::codes::Problem;
use protocol::request::{
    DEVICE_HEADER, DeviceProof, IDEMPOTENCY_HEADER, NONCE_HEADER, SEQUENCE_HEADER, SIGNATURE_HEADER,
    SignedRequest,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::{Request, Response};

use crate::{BridgeError, DeviceKeys, KeyError, RequestCounter};

/// The longest answer taken, in bytes.
const MAX_ANSWER: u64 = 4 * 1024 * 1024;
/// How often one request is sent when the network fails.
const TRIES: u32 = 3;

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

    /// A signed request; its answer's body.
    pub(crate) fn signed_bytes(
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
        let signature = signer.keys.sign(request.signing_bytes())?;
        let mut headers = vec![
            (DEVICE_HEADER, signer.device_id.clone()),
            (NONCE_HEADER, signer.nonce.clone()),
            (SEQUENCE_HEADER, sequence.to_string()),
            (SIGNATURE_HEADER, DeviceProof::Ecdsa(Base64(signature)).to_header()),
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
            match self.agent.run(request).map(answer) {
                // The first sending of these bytes is still under way, or another request was quicker.
                Ok(Err(BridgeError::Refused { status: 503, .. })) if tries < TRIES => {
                    std::thread::sleep(Duration::from_secs(1));
                }
                Ok(answer) => return answer,
                Err(error) if tries == TRIES => return Err(BridgeError::Network { text: error.to_string() }),
                Err(_) => std::thread::sleep(Duration::from_millis(200 << tries)),
            }
        }
    }
}

fn is_loopback(base: &str) -> bool {
    let host = base.strip_prefix("http://").unwrap_or_default().split([':', '/']).next().unwrap_or_default();
    host == "127.0.0.1" || host == "localhost" || host.ends_with(".localhost")
}

fn answer(mut response: Response<ureq::Body>) -> Result<Vec<u8>, BridgeError> {
    let status = response.status();
    let body = response
        .body_mut()
        .with_config()
        .limit(MAX_ANSWER)
        .read_to_vec()
        .map_err(|e| BridgeError::Network { text: e.to_string() })?;
    if status.is_success() {
        return Ok(body);
    }
    match serde_json::from_slice::<Problem>(&body) {
        Ok(problem) => Err(BridgeError::refused(problem)),
        Err(_) => Err(BridgeError::Protocol { text: format!("status {status} without a problem document") }),
    }
}

fn read<T: DeserializeOwned>(body: Vec<u8>) -> Result<T, BridgeError> {
    let body = if body.is_empty() { b"null".to_vec() } else { body };
    serde_json::from_slice(&body).map_err(|e| BridgeError::Protocol { text: e.to_string() })
}

#[cfg(test)]
mod tests;
