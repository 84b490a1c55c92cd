//! Without the phone: the recovery sheet, and a code that comes by mail and is typed here. No link is mailed, so no scanner
//! of mail can follow one. Nobody learns here whether a sheet or an account exists.

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use identity::IdentityState::{Active, Blocked, Expired, Paused};
use protocol::codes::Language;
use rand_core::Rng as _;
use serde::Deserialize;
use storage::{Account, AuditEvent, BlockedBy, Change, ChangeKind, CodeTried, Effect, Scope};

use super::changes::{CODE_TRIES, CodeForm, code_over, mail_code, may_mail, too_often};
use super::{AccountTexts, Answer, CodePage, lang_of, told};
use crate::AppState;
use crate::http::address::ClientAddress;
use crate::http::login::see_other;
use crate::http::pages::{self, Frame, Lang, Name};
use crate::notices::Notice;

/// Sheets that may be tried from an address in an hour; a sheet's code has 100 bits.
const TRIES_PER_HOUR: i64 = 20;
const HOUR: i64 = 3600;

#[derive(Template)]
#[template(path = "account/recovery.html")]
struct RecoveryPage {
    frame: Frame,
    a: &'static AccountTexts,
}

/// `GET /recovery`.
pub(super) async fn ask(State(state): State<AppState>, lang: Lang, headers: HeaderMap) -> Response {
    let language = lang.choose(&headers);
    let page = RecoveryPage { frame: Frame::new(&state, language), a: AccountTexts::of(language) };
    pages::render(StatusCode::OK, &page)
}

#[derive(Default, Deserialize)]
pub(super) struct RecoveryForm {
    #[serde(default)]
    sheet: String,
    #[serde(default)]
    what: String,
}

/// `POST /recovery`: a code goes to the address of the sheet's account, if there is one where this can be done.
pub(super) async fn begin(
    State(state): State<AppState>,
    address: ClientAddress,
    lang: Lang,
    headers: HeaderMap,
    form: Result<Form<RecoveryForm>, FormRejection>,
) -> Answer {
    let (language, now) = (lang.choose(&headers), state.now());
    let form = form.map(|Form(form)| form).unwrap_or_default();
    let kind = match form.what.as_str() {
        "block" => ChangeKind::Block,
        "lift" => ChangeKind::LiftSuspension,
        "unblock" => ChangeKind::Unblock,
        _ => return Ok(see_other(&format!("/recovery?lang={}", lang_of(language)))),
    };
    let subscriber = address.subscriber().to_string();
    let scope = Scope::RecoveryByAddress;
    if !state.database.count_use(scope, subscriber.as_bytes(), HOUR, TRIES_PER_HOUR, now).await? {
        return Ok(too_often(&state, language));
    }
    let change = match found(&state, &form.sheet, kind).await? {
        Some(account) if may_mail(&state, account.pivot.email()).await? => {
            state
                .database
                .audit(AuditEvent::new("recovery.asked", &account.identity_id, &form.what), now)
                .await?;
            let (identity, to) = (account.identity_id.as_str(), account.pivot.email());
            mail_code(&state, identity, kind, &[], to, language).await?
        }
        // The same page, for a change that does not exist.
        _ => {
            let mut name = [0; 16];
            state.rng().fill_bytes(&mut name);
            hex::encode(name)
        }
    };
    Ok(see_other(&format!("/recovery/{change}?lang={}", lang_of(language))))
}

/// The account of a sheet, if what is asked can be done with it.
async fn found(state: &AppState, sheet: &str, kind: ChangeKind) -> Result<Option<Account>, storage::Error> {
    let Some(identity) = state.database.find_by_recovery_code(sheet).await? else { return Ok(None) };
    let Some(account) = state.database.load_account(&identity).await? else { return Ok(None) };
    let possible = match kind {
        ChangeKind::Block | ChangeKind::LiftSuspension => matches!(account.state, Active | Paused),
        ChangeKind::Unblock => state.database.blocked_by(&identity).await? == Some(BlockedBy::Holder),
        _ => false,
    };
    Ok(Some(account).filter(|_| possible))
}

/// `GET /recovery/{id}`.
pub(super) async fn ask_code(
    State(state): State<AppState>,
    Name(id): Name,
    lang: Lang,
    headers: HeaderMap,
) -> Response {
    code_page(&state, &id, lang.choose(&headers), false)
}

fn code_page(state: &AppState, id: &str, language: Language, wrong: bool) -> Response {
    let (frame, a) = (Frame::new(state, language), AccountTexts::of(language));
    let action = format!("/recovery/{id}");
    let page = CodePage { frame, a, text: a.recovery_sent, action, csrf: String::new(), wrong };
    pages::render(StatusCode::OK, &page)
}

/// `POST /recovery/{id}`: the code came back, and what was asked is done.
pub(super) async fn finish(
    State(state): State<AppState>,
    Name(id): Name,
    lang: Lang,
    headers: HeaderMap,
    form: Result<Form<CodeForm>, FormRejection>,
) -> Answer {
    let (language, now) = (lang.choose(&headers), state.now());
    let Ok(Form(form)) = form else { return Ok(code_page(&state, &id, language, true)) };
    let change = state.database.find_change(&id, now).await?.filter(|change| is_recovery(change.kind));
    let Some(change) = change else {
        // A change that does not exist counts its tries nowhere; the answer to a wrong code is the same.
        return Ok(code_page(&state, &id, language, true));
    };
    match state.database.try_change_code(&id, &form.digits(), CODE_TRIES, now).await? {
        CodeTried::Right => carry_out(&state, &change, language).await,
        CodeTried::Wrong(left) if left > 0 => Ok(code_page(&state, &id, language, true)),
        _ => Ok(code_over(&state, language)),
    }
}

fn is_recovery(kind: ChangeKind) -> bool {
    matches!(kind, ChangeKind::Block | ChangeKind::Unblock | ChangeKind::LiftSuspension)
}

async fn carry_out(state: &AppState, change: &Change, language: Language) -> Answer {
    let now = state.now();
    let not_possible = || {
        told(
            state,
            language,
            StatusCode::CONFLICT,
            |a| (a.not_possible_title, a.not_possible),
            "recovery.state",
        )
    };
    let Some(account) = state.database.load_account(&change.identity_id).await? else {
        return Ok(not_possible());
    };
    let (effect, code, notice): (_, _, Notice<'_>) = match change.kind {
        ChangeKind::Block => (
            Effect::State(account.state, Blocked),
            "identity.blocked",
            Notice::Blocked { by_operator: false },
        ),
        ChangeKind::Unblock
            if state.database.blocked_by(&account.identity_id).await? == Some(BlockedBy::Holder) =>
        {
            (Effect::State(Blocked, Expired), "identity.block-given-up", Notice::BlockGivenUp)
        }
        ChangeKind::LiftSuspension if matches!(account.state, Active | Paused) => {
            (Effect::LiftSuspension, "device.suspension-lifted", Notice::SuspensionLifted)
        }
        _ => return Ok(not_possible()),
    };
    let mails = vec![notice.to(account.pivot.email(), now)];
    if !state.database.take_change(change, effect, code, mails, now).await? {
        return Ok(not_possible());
    }
    state.news.notify_one();
    let words: fn(&AccountTexts) -> (&'static str, &'static str) = match change.kind {
        ChangeKind::Block => |a| (a.blocked_title, a.blocked_text),
        ChangeKind::Unblock => |a| (a.recovered_title, a.recovered_unblock),
        _ => |a| (a.recovered_title, a.recovered_lift),
    };
    Ok(told(state, language, StatusCode::OK, words, ""))
}
