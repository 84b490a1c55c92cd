//! The userinfo endpoint (OpenID Connect Core, 5.3): an access token reads the claims, once unless the client's policy says
//! otherwise, as a signed JWT, encrypted for a client that asks for that.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use clock::UnixTime;
use oidc::{AccessToken, BearerError, ErrorCode, TokenError, TokenScheme, UserinfoClaims};
use storage::Grant;

use super::{Granted, NoForm, NotGranted, dpop, form, noted, uncached};
use crate::{ApiError, AppState};

/// `GET` or `POST /userinfo`. The token stands in the header, or in the form of a POST; a query is not looked at
/// (RFC 9700, 4.3.2).
pub(super) async fn claims(State(state): State<AppState>, request: Request) -> Response {
    let now = state.now();
    let (token, key) = match presented(&state, request, now).await {
        Ok(presented) => presented,
        Err(Refused::Bearer(error)) => return refusal(&state, error, None, None),
        Err(Refused::Storage(error)) => return ApiError::from(error).into_response(),
    };
    let grant = match state.database.use_access_token(token.as_str().as_bytes(), key.as_ref(), now).await {
        Ok(Some(grant)) => grant,
        Ok(None) => return refusal(&state, BearerError::Invalid, None, None),
        Err(error) => return ApiError::from(error).into_response(),
    };
    let login = grant.login_id.clone();
    match answer(&state, grant, now).await {
        Ok(response) => noted(response, Some(login), None, None),
        Err(NotGranted::Identity(why)) => refusal(&state, BearerError::Invalid, Some(login), Some(why)),
        Err(NotGranted::Trouble(detail)) => ApiError::internal(detail).into_response(),
    }
}

enum Refused {
    Bearer(BearerError),
    Storage(storage::Error),
}

/// The token of a form (RFC 6750, 2.2), if the request has one.
async fn in_form(method: &Method, headers: &HeaderMap, body: Body) -> Result<AccessToken, BearerError> {
    match form(headers, body).await {
        Ok(form) if method == Method::POST => AccessToken::from_form(&form),
        Ok(_) | Err(NoForm::MediaType) => Err(BearerError::Missing),
        Err(NoForm::Length) => Err(BearerError::Malformed),
    }
}

/// The token, and the key whose proof came beside it: by the scheme `DPoP` a proof is due (RFC 9449, 7.1).
async fn presented(
    state: &AppState,
    request: Request,
    now: UnixTime,
) -> Result<(AccessToken, Option<[u8; 32]>), Refused> {
    let (parts, body) = request.into_parts();
    let (method, headers) = (&parts.method, &parts.headers);
    let in_form = in_form(method, headers, body).await;
    let Some(authorization) = headers.get(header::AUTHORIZATION) else {
        // A token that is bound to a key counts for nothing without its proof, so not here either.
        return Ok((in_form.map_err(Refused::Bearer)?, None));
    };
    if in_form != Err(BearerError::Missing) {
        return Err(Refused::Bearer(BearerError::Malformed));
    }
    let (scheme, token) =
        AccessToken::from_authorization(authorization.to_str().ok()).map_err(Refused::Bearer)?;
    if scheme == TokenScheme::Bearer {
        return Ok((token, None));
    }
    match dpop::proof(state, headers, method, "/userinfo", Some(&token), now).await {
        Ok(Some(key)) => Ok((token, Some(key))),
        Ok(None) => {
            let missing = TokenError::new(ErrorCode::InvalidDpopProof, "the proof is missing");
            Err(Refused::Bearer(BearerError::Dpop(missing)))
        }
        Err(dpop::Refused::Proof(error)) => Err(Refused::Bearer(BearerError::Dpop(error))),
        Err(dpop::Refused::Storage(error)) => Err(Refused::Storage(error)),
    }
}

/// The claims of a login whose token was just used.
async fn answer(state: &AppState, grant: Grant, now: UnixTime) -> Result<Response, NotGranted> {
    let client = state.clients.get(&grant.client_id).ok_or(NotGranted::Identity("client"))?;
    let granted = Granted::read(state, grant, now).await?;
    let Granted { request, approved, account, subject, .. } = &granted;
    let issuer = &state.config.issuer;
    let mut claims = UserinfoClaims::for_login(issuer, client, request, approved, subject, &account.pivot)?;
    if let Some(evidence) = granted.evidence() {
        claims = claims.with_evidence(request, approved, &evidence, now);
    }
    if client.policy().plain_userinfo {
        return Ok(uncached(claims.to_json().into_response(), "application/json"));
    }
    let jwt = state.token_for(client, |key| claims.sign(key)).map_err(NotGranted::trouble)?;
    Ok(uncached(jwt.into_response(), "application/jwt"))
}

/// RFC 6750, 3; RFC 9449, 7.1 and 9.
fn refusal(state: &AppState, error: BearerError, login: Option<String>, detail: Option<&str>) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::UNAUTHORIZED);
    let mut response = uncached((status, error.body()).into_response(), "application/json");
    let challenge = HeaderValue::try_from(error.challenge());
    response.headers_mut().extend(challenge.map(|challenge| (header::WWW_AUTHENTICATE, challenge)));
    if let BearerError::Dpop(error) = &error {
        dpop::add_nonce(state, error, &mut response);
    }
    let code = error.code().unwrap_or(ErrorCode::InvalidToken);
    noted(response, login, Some(code.as_str()), detail.map(str::to_owned))
}
