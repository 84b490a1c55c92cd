//! Sessions of browsers (docs/protocols.md, section 6.6): a client whose policy has `sso_seconds` gets its person back without
//! her phone, in the browser that she logged in with, for no more than she approved. The broker's policy has none.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use crypto::sha256;
use identity::login::{LOGIN_LIFE, LoginKind};
use identity::{Acr, IdentityState};
use oidc::{ApprovedLogin, AuthorizationRequest, Code};
use protocol::Base64;
use rand_core::Rng as _;
use serde_json::json;
use storage::{Created, Login, NewLogin, SsoSession};
use zeroize::Zeroizing;

use crate::http::address::ClientAddress;
use crate::http::browser::BrowserSecret;
use crate::http::login::{Context, see_other, turned_away};
use crate::{ApiError, AppState};

/// How the cookies begin that hold a session's secret, one for each client.
fn prefix(state: &AppState) -> &'static str {
    if state.config.issuer_is_loopback() { "sceau-sso-" } else { "__Host-sceau-sso-" }
}

fn cookie_name(state: &AppState, client_id: &str) -> String {
    format!("{}{}", prefix(state), hex::encode(&sha256(client_id.as_bytes())[..8]))
}

/// `Lax`: clients lead the browser here by a top-level GET.
fn cookie(state: &AppState, name: &str, value: &str, life: i64) -> Option<HeaderValue> {
    let secure = if state.config.issuer_is_loopback() { "" } else { "; Secure" };
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={life}{secure}");
    HeaderValue::try_from(text).ok()
}

/// The sessions' cookies that a browser sends: names and secrets.
fn secrets(state: &AppState, headers: &HeaderMap) -> Vec<(String, Zeroizing<Vec<u8>>)> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let ours = pairs.filter(|(name, _)| name.starts_with(prefix(state)));
    let read = |(name, value): (&str, &str)| {
        let secret = Zeroizing::new(value.parse::<Base64>().ok()?.0);
        (secret.len() == 32).then(|| (name.to_owned(), secret))
    };
    ours.filter_map(read).take(16).collect()
}

/// The answer to a request that a session of this browser may give: the redirect with a code. `None`: the person must log in.
pub(super) async fn answer(
    state: &AppState,
    request: &AuthorizationRequest,
    headers: &HeaderMap,
    address: ClientAddress,
) -> Result<Option<Response>, ApiError> {
    let (accepted, now) = (&request.accepted, state.now());
    let Some(client) = state.clients.get(accepted.client_id()) else { return Ok(None) };
    let name = cookie_name(state, client.id());
    let sent = secrets(state, headers).into_iter().find(|(sent, _)| *sent == name);
    let Some((_, secret)) = sent.filter(|_| client.policy().sso_seconds > 0) else { return Ok(None) };
    let Some(session) = state.database.load_session(&secret, client.id(), now).await? else {
        return Ok(None);
    };

    let mut rng = state.rng();
    let mut random = [0; 16];
    rng.fill_bytes(&mut random);
    let id = hex::encode(random);
    let before = ApprovedLogin::from_bytes(&session.answer).map_err(ApiError::internal)?;
    let Ok(approved) = before.again(&id, client, request, now) else { return Ok(None) };
    let account = state.database.load_account(&session.identity_id).await?;
    let Some(account) = account.filter(|account| account.state == IdentityState::Active) else {
        return Ok(None);
    };
    let subject = super::subject(state, client, &account, now).map_err(ApiError::internal)?;
    let device = state.database.load_device(&session.device_id).await?;
    let counts = device.is_some_and(|device| device.active && device.identity_id == account.identity_id);
    if !counts || account.level(now) < Some(approved.acr()) || !accepted.is_for(subject.as_str()) {
        return Ok(None);
    }

    let (browser, context) = (BrowserSecret::generate(&mut rng), Context::of(headers, address));
    let history = json!({
        "client": client.name(),
        "acr": approved.acr(),
        "claims": approved.claims().iter().map(|claim| claim.as_str()).collect::<Vec<_>>(),
        "browser": context.browser,
        "session": true,
    });
    let new = NewLogin {
        link_handle: browser.handle(&id, LoginKind::Link).into_bytes(),
        qr_handle: browser.handle(&id, LoginKind::Qr).into_bytes(),
        browser_secret: browser.bytes().to_vec(),
        request: accepted.to_bytes(),
        context: context.to_bytes(),
        created_at: now,
        expires_at: now.plus(LOGIN_LIFE),
        client_id: client.id().to_owned(),
        id: id.clone(),
    };
    if let Some(uri) = accepted.pushed()
        && !state.database.take_pushed_request(uri).await?
    {
        return Ok(None);
    }
    let session = SsoSession { answer: approved.to_bytes(), ..session };
    let (history, cap) = (history.to_string(), state.config.limits.pending_logins);
    if state.database.begin_by_session(new, session, history.as_bytes(), cap).await? == Created::Full {
        return Ok(Some(turned_away(state, accepted)));
    }
    let code = Code::generate(&mut rng);
    let issued = state.database.issue_code(&id, browser.bytes(), code.as_str().as_bytes(), now).await?;
    issued.ok_or_else(|| ApiError::internal("a login by session was not released"))?;
    Ok(Some(see_other(&accepted.success_location(&state.config.issuer, &code))))
}

/// Gives the browser a session with the client that it goes back to, if the policy has one and the level lets it.
pub(in crate::http) async fn remember(state: &AppState, login: &Login, mut response: Response) -> Response {
    let Some(client) = state.clients.get(&login.client_id) else { return response };
    let approved = login.answer.as_deref().map(ApprovedLogin::from_bytes);
    let (Some(Ok(approved)), life) = (approved, client.policy().sso_seconds) else { return response };
    if life == 0 || approved.acr() >= Acr::Eidas3 {
        return response;
    }
    let mut secret = Zeroizing::new([0; 32]);
    state.rng().fill_bytes(&mut *secret);
    let session = SsoSession {
        identity_id: login.identity_id.clone().unwrap_or_default(),
        device_id: approved.device_id().to_owned(),
        answer: approved.to_bytes(),
    };
    let until = approved.auth_time().plus(life);
    match state.database.keep_session(&*secret, client.id(), session, until).await {
        Ok(()) => {
            let value = Base64(secret.to_vec()).to_string();
            let cookie = cookie(state, &cookie_name(state, client.id()), &value, life);
            cookie.map(|cookie| response.headers_mut().append(header::SET_COOKIE, cookie));
        }
        // The person is logged in all the same; next time she needs her phone.
        Err(error) => tracing::warn!(%error, "no session was kept"),
    }
    response
}

/// Ends every session of a browser.
pub(super) async fn forget(state: &AppState, headers: &HeaderMap, mut response: Response) -> Response {
    for (name, secret) in secrets(state, headers) {
        if let Err(error) = state.database.drop_session(&secret).await {
            return ApiError::from(error).into_response();
        }
        cookie(state, &name, "", 0).map(|cookie| response.headers_mut().append(header::SET_COOKIE, cookie));
    }
    response
}
