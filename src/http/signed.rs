//! The signature that every request of a phone carries (`protocol::request`), read off HTTP; and answers, which are
//! kept for repeats of the same bytes.

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use protocol::codes::Language;
use protocol::request::{
    DEVICE_HEADER, IDEMPOTENCY_HEADER, MAX_HEADER_LEN, NONCE_HEADER, SEQUENCE_HEADER, SIGNATURE_HEADER,
    SignedRequest,
};
use protocol::{Base64, DeviceKey, DeviceProof};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use storage::Accepted;
use zeroize::Zeroizing;

use crate::ApiError;

/// The longest body of JSON, in bytes: attestation chains are the longest.
pub const MAX_JSON: usize = 64 * 1024;

/// A request as it came. Nothing of it is believed before [`SignedCall::verify`].
pub struct SignedCall {
    method: Method,
    path: String,
    /// The body.
    pub body: Bytes,
    /// The device's name.
    pub device: String,
    /// The server's nonce.
    pub nonce: String,
    /// The sequence number.
    pub sequence: u64,
    /// Empty for GET.
    pub idempotency_key: String,
    /// The bearer secret, if one came.
    pub bearer: Option<Zeroizing<Vec<u8>>>,
    /// The language of texts.
    pub language: Language,
    proof: DeviceProof,
}

impl SignedCall {
    /// Reads headers and body.
    ///
    /// # Errors
    /// `request.signature`: a header is missing or malformed; `request.too-large`; `request.malformed`.
    pub async fn read(request: Request, max_body: usize) -> Result<Self, ApiError> {
        let language = crate::error::language(&request);
        let (parts, body) = request.into_parts();
        let body =
            axum::body::to_bytes(body, max_body).await.map_err(|_| ApiError::new("request.too-large"))?;
        let headers = &parts.headers;
        let idempotency_key = text(headers, IDEMPOTENCY_HEADER)?.unwrap_or_default();
        if parts.method != Method::GET && idempotency_key.is_empty() {
            return Err(ApiError::new("request.malformed").detail("no idempotency key"));
        }
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self {
            path: path.to_owned(),
            body,
            device: required(headers, DEVICE_HEADER)?.to_owned(),
            nonce: required(headers, NONCE_HEADER)?.to_owned(),
            sequence: sequence(required(headers, SEQUENCE_HEADER)?)?,
            idempotency_key: if parts.method == Method::GET { "" } else { idempotency_key }.to_owned(),
            bearer: bearer(headers),
            language,
            proof: DeviceProof::from_header(required(headers, SIGNATURE_HEADER)?)?,
            method: parts.method,
        })
    }

    /// Checks the device key's signature over all of it.
    ///
    /// # Errors
    /// `request.signature`.
    pub fn verify(&self, device_key: &DeviceKey) -> Result<(), ApiError> {
        Ok(self.signed().verify(device_key, &self.proof)?)
    }

    /// What tells repeats of the same bytes from other requests.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let proof = self.proof.to_header();
        crypto::sha256(&[self.signed().signing_bytes().as_slice(), proof.as_bytes()].concat())
    }

    fn signed(&self) -> SignedRequest<'_> {
        SignedRequest {
            method: self.method.as_str(),
            path: &self.path,
            body: &self.body,
            nonce: &self.nonce,
            sequence: self.sequence,
            idempotency_key: &self.idempotency_key,
        }
    }
}

fn unsigned(name: &str) -> ApiError {
    ApiError::new("request.signature").detail(name)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, ApiError> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let value = value.to_str().ok().filter(|value| value.len() <= MAX_HEADER_LEN);
    value.map(Some).ok_or_else(|| unsigned(name))
}

fn required<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, ApiError> {
    text(headers, name)?.ok_or_else(|| unsigned(name))
}

/// A number that fits a signed integer of the database.
fn sequence(text: &str) -> Result<u64, ApiError> {
    let number = text.parse::<i64>().ok().and_then(|number| u64::try_from(number).ok());
    number.ok_or_else(|| unsigned(SEQUENCE_HEADER))
}

/// The bearer secret: 32 bytes in base64url.
fn bearer(headers: &HeaderMap) -> Option<Zeroizing<Vec<u8>>> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let secret: Base64 = value.strip_prefix("Bearer ")?.parse().ok()?;
    (secret.0.len() == 32).then(|| Zeroizing::new(secret.0))
}

/// Reads a JSON body.
///
/// # Errors
/// `request.malformed`, without the value that is wrong.
pub fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| {
        let place = format!("line {} column {}", error.line(), error.column());
        ApiError::new("request.malformed").detail(place)
    })
}

/// An answer, in the form in which it is kept for repeats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// 200 with this JSON.
    Json(String),
    /// 204.
    Empty,
    /// A problem.
    Refused {
        /// The full code.
        code: String,
        /// The status.
        status: u16,
        /// Seconds until the next try.
        retry_after: Option<i64>,
    },
}

impl Answer {
    /// An answer of JSON.
    ///
    /// # Errors
    /// `server.internal`: the value is no JSON.
    pub fn json(value: &impl Serialize) -> Result<Self, ApiError> {
        serde_json::to_string(value).map(Self::Json).map_err(ApiError::internal)
    }

    /// The form that is kept of an outcome; `None` for trouble of ours: the phone asks again with a
    /// new number, since a repeat of the same bytes is told to wait for an answer that never came.
    #[must_use]
    pub fn to_keep(outcome: &Result<Self, ApiError>) -> Option<Vec<u8>> {
        let answer = match outcome {
            Ok(answer) => answer.clone(),
            Err(error) if error.status().is_server_error() => return None,
            Err(error) => Self::Refused {
                code: error.code().to_owned(),
                status: error.status().as_u16(),
                retry_after: error.seconds(),
            },
        };
        serde_json::to_vec(&answer).ok()
    }

    /// The outcome that was kept.
    ///
    /// # Errors
    /// The refusal that was kept; `server.internal`: it cannot be read.
    pub fn kept(bytes: &[u8]) -> Result<Self, ApiError> {
        match serde_json::from_slice(bytes).map_err(ApiError::internal)? {
            Self::Refused { code, status, retry_after } => {
                let status = StatusCode::from_u16(status).map_err(ApiError::internal)?;
                let error = ApiError::new(code).with_status(status);
                Err(retry_after.into_iter().fold(error, ApiError::retry_after))
            }
            answer => Ok(answer),
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        match self {
            Self::Json(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
            Self::Empty | Self::Refused { .. } => StatusCode::NO_CONTENT.into_response(),
        }
    }
}

/// What the storage says of a request's place: go on, or answer as before.
///
/// # Errors
/// The answer that was kept, if it was a refusal; `request.sequence`, `request.idempotency`; `server.unavailable`: the
/// first of these requests is still under way.
pub fn fresh(accepted: Accepted) -> Result<Option<Answer>, ApiError> {
    match accepted {
        Accepted::Fresh => Ok(None),
        Accepted::Replay(kept) => Answer::kept(&kept).map(Some),
        Accepted::Unfinished => Err(ApiError::new("server.unavailable").retry_after(1)),
        Accepted::Conflict => Err(ApiError::new("request.idempotency")),
        Accepted::OldSequence => Err(ApiError::new("request.sequence")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_and_refusals_are_kept_but_not_our_own_trouble() {
        let there_and_back = |outcome: Result<Answer, ApiError>| {
            Answer::to_keep(&outcome).map(|bytes| (Answer::kept(&bytes), outcome))
        };
        let refused = Err(ApiError::new("contact.code").retry_after(7));
        for outcome in [Ok(Answer::Json("{}".into())), Ok(Answer::Empty), refused] {
            let (kept, outcome) = there_and_back(outcome).unwrap();
            assert_eq!(kept, outcome);
        }
        assert!(there_and_back(Err(ApiError::internal("x"))).is_none());
    }

    #[tokio::test]
    async fn a_request_without_one_of_its_headers_is_unsigned() {
        let all = [
            (DEVICE_HEADER, "d"),
            (NONCE_HEADER, "n"),
            (SEQUENCE_HEADER, "1"),
            (SIGNATURE_HEADER, "ecdsa AAAA"),
        ];
        let request = |left_out: Option<&str>| {
            let given = all.iter().filter(|(name, _)| Some(*name) != left_out);
            let request = given.fold(Request::get("/x"), |r, (name, value)| r.header(*name, *value));
            SignedCall::read(request.body(axum::body::Body::empty()).unwrap(), 10)
        };
        assert!(request(None).await.is_ok());
        for (name, _) in all {
            assert_eq!(request(Some(name)).await.err().map(|e| e.status().as_u16()), Some(401), "{name}");
        }
    }

    #[tokio::test]
    async fn a_body_beyond_the_limit_is_not_read() {
        let request = Request::put("/x").body(axum::body::Body::from(vec![0; 11])).unwrap();
        let refused = SignedCall::read(request, 10).await.err().unwrap();
        assert_eq!(refused.code(), "request.too-large");
    }
}
