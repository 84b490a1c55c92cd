//! The citizen's account: what is kept of her, what was done with it, and what she may do about it.
//!
//! What protects her is done at once by her session: pause, block. What could harm her is approved by her phone, which shows
//! it: another address, a correction, the end of a pause, deletion ([`changes`]). Without her phone her recovery sheet and
//! a code by mail block, lift a suspension, or give up her own block ([`recovery`]).

mod acts;
mod changes;
mod export;
mod overview;
mod recovery;
mod texts;

use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use protocol::codes::Language;
use serde::Deserialize;
use storage::Account;

use self::texts::AccountTexts;
use super::login::see_other;
use super::pages::{self, Frame, Lang};
use super::session::{MaybeSession, Session, sign_in};
use crate::{ApiError, AppState};

pub(super) use changes::{approved, in_words as change_in_words};

/// The longest form, in bytes.
const MAX_FORM: usize = 4096;

/// What a handler answers.
type Answer = Result<Response, ApiError>;

/// The pages of the account.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/account", get(account))
        .route("/account/export", get(export::export))
        .route("/account/pause", post(acts::pause))
        .route("/account/resume", post(acts::resume))
        .route("/account/block", get(acts::ask_block).post(acts::block))
        .route("/account/delete", get(acts::ask_delete).post(acts::delete))
        .route("/account/email", get(changes::ask_email).post(changes::email))
        .route("/account/email/{id}", get(changes::ask_code).post(changes::code))
        .route("/account/identity", get(changes::ask_identity).post(changes::identity))
        .route("/account/approved", get(not_approved))
        .route("/recovery", get(recovery::ask).post(recovery::begin))
        .route("/recovery/{id}", get(recovery::ask_code).post(recovery::finish))
        .layer(DefaultBodyLimit::max(MAX_FORM))
}

/// `?done=..`: what was just done.
#[derive(Default, Deserialize)]
struct Done {
    done: Option<String>,
}

/// `GET /account`: the overview, or the way to it.
async fn account(
    State(state): State<AppState>,
    MaybeSession(session): MaybeSession,
    lang: Lang,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let language = lang.choose(&headers);
    let done = Query::try_from_uri(&uri).map(|Query(Done { done })| done).unwrap_or_default();
    match session {
        Some(session) => {
            let page = overview::page(&state, &session, done.as_deref(), language).await;
            page.unwrap_or_else(|error| error.into_response())
        }
        None => sign_in(&state, language, &uri, StatusCode::OK),
    }
}

/// `GET /account/approved`: where a login that approves a change leads without an approval.
async fn not_approved(lang: Lang, headers: HeaderMap) -> Response {
    done("not-approved", lang.choose(&headers))
}

/// Back to the overview, which says what was done.
fn done(what: &str, language: Language) -> Response {
    see_other(&format!("/account?done={what}&lang={}", lang_of(language)))
}

fn lang_of(language: Language) -> &'static str {
    match language {
        Language::Fr => "fr",
        Language::En => "en",
    }
}

/// The account of a session, as it is now.
async fn of_session(state: &AppState, session: &Session) -> Result<Account, ApiError> {
    let account = state.database.load_account(&session.identity).await?;
    account.ok_or_else(|| ApiError::internal("a session without its account"))
}

/// A question whose form has one button.
#[derive(Template)]
#[template(path = "account/confirm.html")]
struct ConfirmPage<'a> {
    frame: Frame,
    a: &'static AccountTexts,
    title: &'a str,
    text: &'a str,
    action: &'a str,
    label: &'a str,
    csrf: String,
}

fn confirm(
    state: &AppState,
    session: &Session,
    language: Language,
    action: &str,
    words: fn(&AccountTexts) -> (&'static str, &'static str, &'static str),
) -> Response {
    let a = AccountTexts::of(language);
    let (title, text, label) = words(a);
    let (frame, csrf) = (Frame::new(state, language), session.csrf());
    pages::render(StatusCode::OK, &ConfirmPage { frame, a, title, text, action, label, csrf })
}

/// The form of a code that was mailed.
#[derive(Template)]
#[template(path = "account/code.html")]
struct CodePage<'a> {
    frame: Frame,
    a: &'static AccountTexts,
    text: &'a str,
    action: String,
    csrf: String,
    wrong: bool,
}

/// A message of the account.
fn told(
    state: &AppState,
    language: Language,
    status: StatusCode,
    words: fn(&AccountTexts) -> (&'static str, &'static str),
    code: &str,
) -> Response {
    pages::told(state, language, status, words(AccountTexts::of(language)), None, code)
}
