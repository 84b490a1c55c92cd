//! Nonces for the signed requests of enrolled phones: time, randomness and a MAC, so that no row is needed. A nonce
//! only bounds the age of a request; that each counts once is the business of its sequence.

use axum::Json;
use axum::extract::State;
use clock::UnixTime;
use crypto::{ct_eq, hmac_sha256};
use protocol::Base64;
use protocol::login::Nonce;
use rand_core::Rng as _;

use crate::{ApiError, AppState};

/// How long a nonce lives, in seconds.
const LIFE: i64 = 300;

/// `POST /v1/nonces`: a nonce for one signed request of an enrolled phone.
#[utoipa::path(post, path = "/v1/nonces", tag = "login", responses((status = 200, body = Nonce)))]
pub async fn issue(State(state): State<AppState>) -> Json<Nonce> {
    let now = state.now();
    let mut bytes = now.0.to_be_bytes().to_vec();
    let mut random = [0; 16];
    state.rng().fill_bytes(&mut random);
    bytes.extend_from_slice(&random);
    bytes.extend_from_slice(&mac(&state, &bytes));
    Json(Nonce { nonce: Base64(bytes).to_string(), now })
}

/// Whether a nonce is ours and young enough.
///
/// # Errors
/// `request.nonce`.
pub fn check(state: &AppState, nonce: &str) -> Result<(), ApiError> {
    let refused = || ApiError::new("request.nonce");
    let Base64(bytes) = nonce.parse().map_err(|_| refused())?;
    let (content, given) = bytes.split_at_checked(24).ok_or_else(refused)?;
    let time = content.first_chunk::<8>().copied().map(i64::from_be_bytes).ok_or_else(refused)?;
    let age = state.now().since(UnixTime(time));
    if ct_eq(given, &mac(state, content)) && (0..LIFE).contains(&age) { Ok(()) } else { Err(refused()) }
}

fn mac(state: &AppState, content: &[u8]) -> [u8; 32] {
    hmac_sha256(state.nonce_key.expose(), content)
}
