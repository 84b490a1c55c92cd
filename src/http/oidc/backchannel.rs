//! Client-initiated backchannel authentication, poll mode (CIBA Core 1.0; docs/protocols.md, 6.1, 6.3): a client asks a person
//! who logged in to it before, and her phone answers. She is named by an ID token that the client got, types the two digits that
//! the client shows, and is asked once at a time and five times an hour; "it was not me" ends it for a day.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use clock::UnixTime;
use identity::IdentityState;
use identity::login::ASKED_PER_HOUR;
use oidc::{
    AccessToken, AuthenticatedTokenRequest, BACKCHANNEL_INTERVAL, BackchannelAnswer, BackchannelRequest,
    Code, ErrorCode, Provider, TokenError, acr_to_answer,
};
use protocol::approval::MAX_LIFE;
use rand_core::Rng as _;
use storage::{Asked, AuditEvent, Grant, NewAsked, NewToken, PollOutcome};

use super::pushed::{authenticated, read};
use super::token::{Refused, no_grant, refusal};
use super::{noted, subject, uncached};
use crate::AppState;

/// The client may poll so much longer than a phone may answer: an answer at the last moment is fetched.
const LAST_POLLS: i64 = 2 * BACKCHANNEL_INTERVAL;
/// The longest life of a request, in seconds: a phone's challenge lives [`MAX_LIFE`].
const LONGEST: i64 = MAX_LIFE + LAST_POLLS;

/// `POST /bc-authorize`, once it is whole in a task of its own.
pub(super) async fn ask(State(state): State<AppState>, request: Request) -> Response {
    let task = state.clone();
    let work = tokio::spawn(async move { accept(&task, request).await });
    match work.await {
        Ok(Ok((login, body))) => {
            noted(uncached(body.into_response(), "application/json"), Some(login), None, None)
        }
        Ok(Err(refused)) => {
            let denied = refused.error.error == ErrorCode::AccessDenied;
            let mut response = refusal(&state, refused);
            if denied {
                // CIBA Core 1.0, 13.
                *response.status_mut() = StatusCode::FORBIDDEN;
            }
            response
        }
        Err(_) => refusal(&state, TokenError::new(ErrorCode::ServerError, "our own trouble").into()),
    }
}

/// The login's name, and the answer.
async fn accept(state: &AppState, request: Request) -> Result<(String, Vec<u8>), Refused> {
    let now = state.now();
    let (parts, form) = read(request).await;
    let form = authenticated(state, &parts.headers, form, "/bc-authorize", now).await?;
    let (keys, client) = (state.oidc_keys.now(), form.client());
    let provider =
        Provider { clients: &state.clients, issuer: &state.config.issuer, keys: keys.public(), now };
    let asked = BackchannelRequest::accept(&form, LONGEST, &provider)?;
    let denied = |why| TokenError::new(ErrorCode::AccessDenied, why);
    let identity_id = person(state, &asked, client, now).await?;
    if let Err(error) = state.client_keys.ready(client, now).await {
        let refused: Refused =
            TokenError::new(ErrorCode::TemporarilyUnavailable, "the client's keys are not at hand").into();
        return Err(refused.because(error.to_string()));
    }
    let mut rng = state.rng();
    let (mut name, mut challenge) = ([0; 16], [0; 32]);
    rng.fill_bytes(&mut name);
    rng.fill_bytes(&mut challenge);
    let (id, code) = (hex::encode(name), Code::generate(&mut rng));
    let new = NewAsked {
        id: id.clone(),
        client_id: client.id().to_owned(),
        identity_id,
        poll_secret: code.as_str().as_bytes().to_vec(),
        request: asked.accepted.to_bytes(),
        challenge: challenge.to_vec(),
        challenge_expires_at: now.plus(asked.life - LAST_POLLS),
        created_at: now,
        expires_at: now.plus(asked.life),
    };
    match state.database.ask(new, ASKED_PER_HOUR, state.config.limits.pending_logins).await? {
        Asked::Stored => Ok((id, BackchannelAnswer::new(&code, asked.life).to_json())),
        Asked::Waits => Err(denied("another request of this client waits for the person").into()),
        Asked::TooMany => Err(denied("this client asked the person too often").into()),
        Asked::Full => {
            let full = TokenError::new(ErrorCode::TemporarilyUnavailable, "too many logins are waiting");
            Err(full.into())
        }
    }
}

/// The identity that is asked: it lives, and reaches a level that was asked.
async fn person(
    state: &AppState,
    asked: &BackchannelRequest,
    client: &oidc::Client,
    now: UnixTime,
) -> Result<String, Refused> {
    let unknown = TokenError::new(ErrorCode::UnknownUserId, "the person cannot be asked");
    let identity = state.database.identity_of_subject(&asked.subject).await?.ok_or(unknown.clone())?;
    let account = state.database.load_account(&identity).await?;
    let account = account.filter(|account| account.state == IdentityState::Active).ok_or(unknown)?;
    let trouble = |_| TokenError::new(ErrorCode::ServerError, "our own trouble");
    subject(state, client, &account, now).map_err(trouble)?;
    if acr_to_answer(asked.accepted.acr(), client.acr(), account.level(now)).is_none() {
        return Err(TokenError::new(ErrorCode::AccessDenied, "the person does not reach the level").into());
    }
    Ok(identity)
}

/// A poll at the token endpoint (CIBA Core 1.0, 10.1, 11): what was granted, once its person approved.
pub(super) async fn redeem(
    state: &AppState,
    request: &AuthenticatedTokenRequest<'_>,
    token: &AccessToken,
    key: Option<&[u8; 32]>,
    now: UnixTime,
) -> Result<Grant, Refused> {
    let (id, client) = (request.auth_req_id()?, request.client());
    let new = NewToken { secret: token.as_str().as_bytes(), key, reusable: client.policy().reusable_token };
    let outcome = state.database.poll(id.as_bytes(), client.id(), new, BACKCHANNEL_INTERVAL, now).await?;
    let (error, why) = match outcome {
        PollOutcome::Redeemed(grant) => return Ok(*grant),
        PollOutcome::Waiting => (ErrorCode::AuthorizationPending, "the person has not answered"),
        PollOutcome::TooOften => (ErrorCode::SlowDown, "two polls are five seconds apart"),
        PollOutcome::Refused => (ErrorCode::AccessDenied, "the person refused"),
        PollOutcome::Expired => (ErrorCode::ExpiredToken, "the person did not answer in time"),
        PollOutcome::Reused => {
            let event = AuditEvent::new("login.code-reused", client.id(), "");
            state.database.audit(event, now).await?;
            return Err(no_grant("auth_req_id was used before; its token is revoked").into());
        }
        PollOutcome::Unknown => return Err(no_grant("auth_req_id is unknown").into()),
    };
    Err(TokenError::new(error, why).into())
}
