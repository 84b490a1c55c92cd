//! Pause, resume, block, delete.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use identity::IdentityState::{Active, Blocked, Paused};
use storage::{BlockedBy, ChangeKind};

use super::{Answer, changes, confirm, done, of_session, told};
use crate::AppState;
use crate::http::address::ClientAddress;
use crate::http::pages::Lang;
use crate::http::session::{Nothing, Session, SessionForm};
use crate::notices::Notice;

/// `POST /account/pause`: at once, for it protects.
pub(super) async fn pause(
    State(state): State<AppState>,
    lang: Lang,
    headers: HeaderMap,
    form: SessionForm<Nothing>,
) -> Answer {
    let (account, now) = (of_session(&state, &form.session).await?, state.now());
    let mails = vec![Notice::Paused.to(account.pivot.email(), now)];
    let states = (Active, Paused);
    let paused = state
        .database
        .change_state(&account.identity_id, states, BlockedBy::Holder, "identity.paused", mails, now)
        .await?;
    state.news.notify_one();
    Ok(done(if paused { "paused" } else { "nothing" }, lang.choose(&headers)))
}

/// `POST /account/resume`: by the phone.
pub(super) async fn resume(
    State(state): State<AppState>,
    address: ClientAddress,
    headers: HeaderMap,
    form: SessionForm<Nothing>,
) -> Answer {
    changes::approve(&state, &form.session.identity, ChangeKind::Resume, &[], &headers, address).await
}

/// `GET /account/block`.
pub(super) async fn ask_block(
    State(state): State<AppState>,
    lang: Lang,
    headers: HeaderMap,
    session: Session,
) -> Response {
    let words = |a: &super::AccountTexts| (a.block_title, a.block_text, a.block_action);
    confirm(&state, &session, lang.choose(&headers), "/account/block", words)
}

/// `POST /account/block`: at once, for it protects. Every session of the identity ends with it.
pub(super) async fn block(
    State(state): State<AppState>,
    lang: Lang,
    headers: HeaderMap,
    form: SessionForm<Nothing>,
) -> Answer {
    let language = lang.choose(&headers);
    let (account, now) = (of_session(&state, &form.session).await?, state.now());
    let mails = vec![Notice::Blocked { by_operator: false }.to(account.pivot.email(), now)];
    let states = (account.state, Blocked);
    let blocked = state
        .database
        .change_state(&account.identity_id, states, BlockedBy::Holder, "identity.blocked", mails, now)
        .await?;
    state.news.notify_one();
    Ok(match blocked {
        true => told(&state, language, StatusCode::OK, |a| (a.blocked_title, a.blocked_text), ""),
        false => done("nothing", language),
    })
}

/// `GET /account/delete`.
pub(super) async fn ask_delete(
    State(state): State<AppState>,
    lang: Lang,
    headers: HeaderMap,
    session: Session,
) -> Response {
    let words = |a: &super::AccountTexts| (a.delete_title, a.delete_text, a.delete_action);
    confirm(&state, &session, lang.choose(&headers), "/account/delete", words)
}

/// `POST /account/delete`: by the phone.
pub(super) async fn delete(
    State(state): State<AppState>,
    address: ClientAddress,
    headers: HeaderMap,
    form: SessionForm<Nothing>,
) -> Answer {
    changes::approve(&state, &form.session.identity, ChangeKind::Erase, &[], &headers, address).await
}
