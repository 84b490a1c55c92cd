//! Proofs of possession at our endpoints (RFC 9449).

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use clock::UnixTime;
use oidc::{AccessToken, DpopNonces, DpopProof, DpopTarget, ErrorCode, TokenError, endpoint};

use crate::AppState;

const HEADER: &str = "dpop";
const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// Why a proof does not count.
pub(super) enum Refused {
    Proof(TokenError),
    Storage(storage::Error),
}

/// The thumbprint of the key that proves itself in the header `DPoP`; `None` without one. A proof counts once.
pub(super) async fn proof(
    state: &AppState,
    headers: &HeaderMap,
    method: &Method,
    path: &str,
    token: Option<&AccessToken>,
    now: UnixTime,
) -> Result<Option<[u8; 32]>, Refused> {
    let invalid = |why| Refused::Proof(TokenError::new(ErrorCode::InvalidDpopProof, why));
    let mut proofs = headers.get_all(HEADER).into_iter();
    let Some(header) = proofs.next() else { return Ok(None) };
    if proofs.next().is_some() {
        return Err(invalid("more than one proof"));
    }
    let header = header.to_str().map_err(|_| invalid("not a JWS"))?;
    let url = endpoint(&state.config.issuer, path);
    let target = DpopTarget { method: method.as_str(), url: &url, token };
    let proof = DpopProof::verify(header, target, DpopNonces(state.nonce_key.expose()), now);
    let proof = proof.map_err(Refused::Proof)?;
    // A key's names are its own: nobody can use up another's.
    let owner = format!("dpop {}", BASE64_URL_SAFE_NO_PAD.encode(proof.key));
    let first = state.database.take_client_assertion(&owner, &proof.used.jti, proof.used.expires_at).await;
    match first {
        Ok(true) => Ok(Some(proof.key)),
        Ok(false) => Err(invalid("the proof was used before")),
        Err(error) => Err(Refused::Storage(error)),
    }
}

/// A refusal that asks for a nonce brings one (RFC 9449, 8).
pub(super) fn add_nonce(state: &AppState, error: &TokenError, response: &mut Response) {
    if error.error == ErrorCode::UseDpopNonce {
        let nonce = DpopNonces(state.nonce_key.expose()).make(state.now());
        response.headers_mut().extend(HeaderValue::try_from(nonce).map(|nonce| (NONCE, nonce)));
    }
}
