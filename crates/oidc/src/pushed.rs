//! Pushed authorization requests (RFC 9126): a client hands its request over before the browser comes, so that nobody on the
//! way can read or change it.

use crypto::sha256;
use rand_core::CryptoRng;
use serde::Serialize;

use crate::authorize::PUSHED;
use crate::client_form::{AuthenticatedForm, PROOF, invalid};
use crate::{AuthorizationRequest, AuthorizeError, Code, Provider, TokenError};

/// How long a pushed request waits for its browser, in seconds (FAPI 2.0, 5.3.2.2: under 600).
pub const PUSHED_LIFE: i64 = 90;

/// A request that was accepted, to be kept under the digest of its URI.
pub struct PushedRequest {
    /// SHA-256 of the `request_uri`.
    pub digest: [u8; 32],
    /// The form without the client's proof: it is read again when the browser comes.
    pub form: Vec<u8>,
    uri: String,
}

impl PushedRequest {
    /// Judges a form as the authorization endpoint would; `key` is the thumbprint of the key that a proof of possession came
    /// with (RFC 9449, 10.1).
    ///
    /// # Errors
    /// [`TokenError`] with the code that the browser would have been sent back with.
    pub fn accept(
        form: &AuthenticatedForm<'_>,
        key: Option<&[u8; 32]>,
        provider: &Provider<'_>,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, TokenError> {
        if form.value("request_uri")?.is_some() {
            return Err(invalid("a pushed request names no request_uri"));
        }
        if form.value("client_id")?.is_some_and(|id| id != form.client().id()) {
            return Err(invalid("client_id is another client's"));
        }
        let uri = format!("{PUSHED}{}", Code::generate(rng).as_str());
        let (digest, bytes) = (sha256(uri.as_bytes()), form.parameters.encode_without(&PROOF));
        let read = AuthorizationRequest::parse_pushed(&bytes, form.client(), digest, provider);
        let read = read.map_err(|error| match error {
            AuthorizeError::Redirect(error) => TokenError::new(error.error, error.description),
            AuthorizeError::Page(error) => TokenError::new(error.code(), error.sentence()),
        })?;
        match (read.accepted.dpop_key, key) {
            (Some(named), Some(key)) if named != *key => Err(invalid("dpop_jkt is not the key of the proof")),
            (Some(_), _) | (None, None) => Ok(Self { digest, form: bytes, uri }),
            (None, Some(key)) => Ok(Self { digest, form: bound_to(bytes, key), uri }),
        }
    }

    /// The answer (RFC 9126, 2.2): a JSON object.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Body<'a> {
            request_uri: &'a str,
            expires_in: i64,
        }
        serde_json::to_vec(&Body { request_uri: &self.uri, expires_in: PUSHED_LIFE }).unwrap_or_default()
    }
}

/// The form as if it had named the key.
fn bound_to(mut form: Vec<u8>, key: &[u8; 32]) -> Vec<u8> {
    use base64::Engine as _;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    form.extend(format!("&dpop_jkt={}", BASE64_URL_SAFE_NO_PAD.encode(key)).into_bytes());
    form
}
