//! The userinfo endpoint (OpenID Connect Core, 5.3): an access token reads the claims, once, as a signed JWT, encrypted for a
//! client that asks for that.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use clock::UnixTime;
use oidc::{AccessToken, BearerError, UserinfoClaims};
use storage::Grant;

use super::{Granted, NotGranted, noted, uncached};
use crate::{ApiError, AppState};

/// `GET` or `POST /userinfo`. The token stands in the header: a form or a query is not looked at (RFC 9700, 4.3.2).
pub(super) async fn claims(State(state): State<AppState>, headers: HeaderMap) -> Response {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = match AccessToken::from_authorization(authorization) {
        Ok(token) => token,
        Err(error) => return refusal(error, None, None),
    };
    let now = state.now();
    let grant = match state.database.use_access_token(token.as_str().as_bytes(), now).await {
        Ok(Some(grant)) => grant,
        Ok(None) => return refusal(BearerError::Invalid, None, None),
        Err(error) => return ApiError::from(error).into_response(),
    };
    let login = grant.login_id.clone();
    match signed(&state, grant, now) {
        Ok(jwt) => noted(uncached(jwt.into_response(), "application/jwt"), Some(login), None, None),
        Err(NotGranted::Identity(why)) => refusal(BearerError::Invalid, Some(login), Some(why)),
        Err(NotGranted::Trouble(detail)) => ApiError::internal(detail).into_response(),
    }
}

/// The claims of a login whose token was just used up.
fn signed(state: &AppState, grant: Grant, now: UnixTime) -> Result<String, NotGranted> {
    let client = state.clients.get(&grant.client_id).ok_or(NotGranted::Identity("client"))?;
    let Granted { request, approved, account, subject } = Granted::read(grant, now)?;
    let issuer = &state.config.issuer;
    let claims = UserinfoClaims::for_login(issuer, client, &request, &approved, &subject, &account.pivot)?;
    state.encrypted(client, claims.sign(&state.oidc_key)).map_err(NotGranted::trouble)
}

/// RFC 6750, 3.
fn refusal(error: BearerError, login: Option<String>, detail: Option<&str>) -> Response {
    let mut response = StatusCode::UNAUTHORIZED.into_response();
    let challenge = HeaderValue::try_from(error.challenge());
    response.headers_mut().extend(challenge.map(|challenge| (header::WWW_AUTHENTICATE, challenge)));
    noted(response, login, Some("invalid_token"), detail.map(str::to_owned))
}
