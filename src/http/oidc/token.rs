//! The token endpoint (OpenID Connect Core, 3.1.3): a code becomes tokens, once.

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use clock::UnixTime;
use oidc::{
    AccessToken, AuthenticatedTokenRequest, Client, ErrorCode, IdTokenClaims, TokenError, TokenRequest,
    TokenResponse, UsedAssertion,
};
use storage::{AuditEvent, Grant, NewToken, RedeemOutcome};

use super::{Granted, NoForm, NotGranted, backchannel, dpop, form, noted, uncached};
use crate::AppState;

/// A refusal, and what the log says of it.
pub(super) struct Refused {
    pub(super) error: TokenError,
    login: Option<String>,
    detail: Option<String>,
}

impl Refused {
    /// With what the log says.
    pub(super) fn because(self, detail: String) -> Self {
        Self { detail: Some(detail), ..self }
    }
}

impl From<TokenError> for Refused {
    fn from(error: TokenError) -> Self {
        Self { error, login: None, detail: None }
    }
}

impl From<storage::Error> for Refused {
    fn from(error: storage::Error) -> Self {
        let code = match error {
            storage::Error::Closed => ErrorCode::TemporarilyUnavailable,
            _ => ErrorCode::ServerError,
        };
        Self { detail: Some(error.to_string()), ..TokenError::new(code, "our own trouble").into() }
    }
}

impl From<dpop::Refused> for Refused {
    fn from(error: dpop::Refused) -> Self {
        match error {
            dpop::Refused::Proof(error) => error.into(),
            dpop::Refused::Storage(error) => error.into(),
        }
    }
}

pub(super) fn no_grant(description: &'static str) -> TokenError {
    TokenError::new(ErrorCode::InvalidGrant, description)
}

/// `POST /token`, once it is whole in a task of its own: a client that hangs up leaves no half of it.
pub(super) async fn exchange(State(state): State<AppState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let form = form(&parts.headers, body).await;
    let task = state.clone();
    let outcome = tokio::spawn(async move { tokens(&task, &parts.headers, form).await }).await;
    match outcome {
        Ok(Ok((login, response))) => {
            noted(uncached(response.to_json().into_response(), "application/json"), Some(login), None, None)
        }
        Ok(Err(refused)) => refusal(&state, refused),
        Err(_) => refusal(&state, TokenError::new(ErrorCode::ServerError, "our own trouble").into()),
    }
}

/// RFC 6749, 5.2. Every 401 names a scheme (RFC 9110, 15.5.2).
pub(super) fn refusal(state: &AppState, refused: Refused) -> Response {
    let Refused { error, login, detail } = refused;
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = uncached((status, error.body()).into_response(), "application/json");
    if status == StatusCode::UNAUTHORIZED {
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"token\""));
    }
    dpop::add_nonce(state, &error, &mut response);
    noted(response, login, Some(error.error.as_str()), detail.or(Some(error.description.to_owned())))
}

/// The name of the login, and its tokens.
async fn tokens(
    state: &AppState,
    headers: &HeaderMap,
    form: Result<Bytes, NoForm>,
) -> Result<(String, TokenResponse), Refused> {
    let now = state.now();
    // 1. The form.
    let form = form.map_err(unread)?;
    let request = TokenRequest::parse(&form, headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes))?;
    // 2. The client; its assertion counts once.
    let request = request.authenticate(&state.clients, &state.config.issuer, now)?;
    let client = request.client();
    take_assertion(state, client, request.assertion(), now).await?;
    // 3. The key that its tokens are bound to.
    let key = dpop::proof(state, headers, &Method::POST, "/token", None, now).await?;
    if client.policy().require_dpop && key.is_none() {
        let description = "the tokens of this client are bound to a key: a proof is missing";
        return Err(TokenError::new(ErrorCode::InvalidDpopProof, description).into());
    }
    // 4. The code, or the person's answer on her phone, counts once, whatever follows.
    let token = AccessToken::generate(&mut state.rng());
    let granted = match request.grant() {
        oidc::Grant::Code => redeem(state, &request, &token, key.as_ref(), now).await?,
        oidc::Grant::Backchannel => backchannel::redeem(state, &request, &token, key.as_ref(), now).await?,
    };
    let login = granted.login_id.clone();
    // 5. What it was given for. That it was redeemed, the audit log learns from its row (`housekeeping`).
    let response = grant(state, &request, granted, &token, key.as_ref(), now).await;
    let response = response.map_err(|refused| Refused { login: Some(login.clone()), ..refused })?;
    Ok((login, response))
}

/// A form that could not be read.
pub(super) fn unread(error: NoForm) -> TokenError {
    let description = match error {
        NoForm::MediaType => "the body must be application/x-www-form-urlencoded",
        NoForm::Length => "the form is too long",
    };
    TokenError::new(ErrorCode::InvalidRequest, description)
}

/// RFC 7523, 3, point 7.
pub(super) async fn take_assertion(
    state: &AppState,
    client: &Client,
    assertion: Option<&UsedAssertion>,
    now: UnixTime,
) -> Result<(), Refused> {
    let Some(assertion) = assertion else { return Ok(()) };
    let client = client.id();
    if state.database.take_client_assertion(client, &assertion.jti, assertion.expires_at).await? {
        return Ok(());
    }
    audit(state, AuditEvent::new("client.assertion-reused", client, ""), now).await?;
    Err(TokenError::new(ErrorCode::InvalidClient, "the assertion was used before").into())
}

/// Uses the code up; its second use revokes the token of the first (RFC 6749, 4.1.2).
async fn redeem(
    state: &AppState,
    request: &AuthenticatedTokenRequest<'_>,
    token: &AccessToken,
    key: Option<&[u8; 32]>,
    now: UnixTime,
) -> Result<Grant, Refused> {
    let (code, client) = (request.code()?, request.client());
    let reusable = client.policy().reusable_token;
    let (token, client) = (NewToken { secret: token.as_str().as_bytes(), key, reusable }, client.id());
    match state.database.redeem_code(code.as_str().as_bytes(), client, token, now).await? {
        RedeemOutcome::Redeemed(grant) => Ok(*grant),
        RedeemOutcome::Reused => {
            audit(state, AuditEvent::new("login.code-reused", client, ""), now).await?;
            Err(no_grant("the code was used before; its token is revoked").into())
        }
        RedeemOutcome::Invalid => Err(no_grant("the code is wrong, used or late").into()),
    }
}

/// The tokens, if the request fits what the code was given for and the identity still answers.
async fn grant(
    state: &AppState,
    request: &AuthenticatedTokenRequest<'_>,
    grant: Grant,
    token: &AccessToken,
    key: Option<&[u8; 32]>,
    now: UnixTime,
) -> Result<TokenResponse, Refused> {
    let (client, issuer) = (request.client(), state.config.issuer.as_str());
    let login = &grant.login_id.clone();
    let granted = match Granted::read(state, grant, now).await {
        Ok(granted) => granted,
        Err(error) => return Err(not_granted(state, client, login, error, now).await),
    };
    if let Err(error) = request.check_grant(&granted.request, key) {
        // Whoever holds the code does not know what the client that asked for it knows.
        audit(state, AuditEvent::new("login.grant-refused", login, error.description), now).await?;
        return Err(error.into());
    }
    let Granted { request, approved, account, subject, .. } = &granted;
    let claims = match IdTokenClaims::for_login(issuer, client, request, approved, subject, token, now) {
        Ok(claims) => match granted.evidence() {
            Some(evidence) => claims.with_person(request, &evidence, now),
            None => claims.with_claims(request, &account.pivot),
        },
        Err(error) => return Err(not_granted(state, client, login, error.into(), now).await),
    };
    let id_token = match state.token_for(client, |key| claims.sign(key)) {
        Ok(id_token) => id_token,
        Err(error) => return Err(not_granted(state, client, login, NotGranted::trouble(error), now).await),
    };
    Ok(TokenResponse::new(token, id_token, request, key.is_some()))
}

async fn not_granted(
    state: &AppState,
    client: &Client,
    login: &str,
    error: NotGranted,
    now: UnixTime,
) -> Refused {
    match error {
        NotGranted::Identity(why) => {
            let event = AuditEvent::new("login.identity-refused", login, &format!("{} {why}", client.id()));
            match audit(state, event, now).await {
                Ok(()) => {
                    let error = no_grant("the login does not count any more");
                    Refused { detail: Some(why.to_owned()), ..error.into() }
                }
                Err(refused) => refused,
            }
        }
        NotGranted::Trouble(detail) => {
            let error = TokenError::new(ErrorCode::ServerError, "our own trouble");
            Refused { detail: Some(detail), ..error.into() }
        }
    }
}

async fn audit(state: &AppState, event: AuditEvent, now: UnixTime) -> Result<(), Refused> {
    Ok(state.database.audit(event, now).await?)
}
