//! Changes that the phone approves: it shows what is changed, and what both its keys sign names the change.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use identity::login::six_digits;
use identity::pivot::{Claim, Correction};
use identity::{IdentityState, PivotIdentity};
use protocol::codes::Language;
use serde::Deserialize;
use storage::{Account, Change, ChangeKind, CodeTried, Effect, Scope};

use super::overview::value_in_words;
use super::{AccountTexts, Answer, CodePage, done, lang_of, of_session, told};
use crate::http::address::ClientAddress;
use crate::http::login::{self, see_other};
use crate::http::own;
use crate::http::pages::{self, Frame, Lang, Name, Texts};
use crate::http::session::{Session, SessionForm};
use crate::notices::Notice;
use crate::{ApiError, AppState};

/// How long a change waits for its code and its approval, in seconds.
const CHANGE_LIFE: i64 = 1800;
/// Tries of a mailed code.
pub(super) const CODE_TRIES: i64 = 5;
/// Changes of address and corrections that may be asked for in 30 days.
const CORRECTIONS: i64 = 5;
const MONTH: i64 = 30 * 86_400;
const HOUR: i64 = 3600;

/// Stores a change and begins the login that approves it.
pub(super) async fn approve(
    state: &AppState,
    identity: &str,
    kind: ChangeKind,
    content: &[u8],
    headers: &HeaderMap,
    address: ClientAddress,
) -> Answer {
    let until = state.now().plus(CHANGE_LIFE);
    let change = state.database.add_change(identity, kind, content, None, until).await?;
    begin_approval(state, &change, headers, address).await
}

async fn begin_approval(
    state: &AppState,
    change: &str,
    headers: &HeaderMap,
    address: ClientAddress,
) -> Answer {
    let request = own::approval(state, change)?;
    Ok(login::begin(state, &request, headers, address).await)
}

/// Whether the holder may ask for one more change of what others are told of her.
async fn may_correct(state: &AppState, session: &Session) -> Result<bool, ApiError> {
    let (scope, identity) = (Scope::CorrectionByIdentity, session.identity.as_bytes());
    Ok(state.database.count_use(scope, identity, MONTH, CORRECTIONS, state.now()).await?)
}

pub(super) fn too_often(state: &AppState, language: Language) -> Response {
    let words = |a: &AccountTexts| (a.too_often_title, a.too_often);
    told(state, language, StatusCode::TOO_MANY_REQUESTS, words, "request.rate")
}

#[derive(Template)]
#[template(path = "account/email.html")]
struct EmailPage {
    frame: Frame,
    a: &'static AccountTexts,
    csrf: String,
    wrong: bool,
}

/// `GET /account/email`.
pub(super) async fn ask_email(
    State(state): State<AppState>,
    lang: Lang,
    headers: HeaderMap,
    session: Session,
) -> Response {
    email_page(&state, &session, lang.choose(&headers), false)
}

fn email_page(state: &AppState, session: &Session, language: Language, wrong: bool) -> Response {
    let (frame, a, csrf) = (Frame::new(state, language), AccountTexts::of(language), session.csrf());
    let status = if wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    pages::render(status, &EmailPage { frame, a, csrf, wrong })
}

#[derive(Deserialize)]
pub(super) struct EmailForm {
    #[serde(default)]
    email: String,
}

/// `POST /account/email`: a code goes to the new address.
pub(super) async fn email(
    State(state): State<AppState>,
    lang: Lang,
    headers: HeaderMap,
    SessionForm { session, form }: SessionForm<EmailForm>,
) -> Answer {
    let (language, address) = (lang.choose(&headers), form.email.trim());
    if identity::pivot::check_email(address).is_err() {
        return Ok(email_page(&state, &session, language, true));
    }
    if !may_correct(&state, &session).await? || !may_mail(&state, address).await? {
        return Ok(too_often(&state, language));
    }
    let identity = session.identity.as_str();
    let change =
        mail_code(&state, identity, ChangeKind::Email, address.as_bytes(), address, language).await?;
    Ok(see_other(&format!("/account/email/{change}?lang={}", lang_of(language))))
}

/// Whether one more mail may go to an address in this hour.
pub(super) async fn may_mail(state: &AppState, address: &str) -> Result<bool, ApiError> {
    let (recipient, limit) = (address.to_lowercase(), state.config.limits.mails_per_hour);
    let scope = Scope::MailByRecipient;
    Ok(state.database.count_use(scope, recipient.as_bytes(), HOUR, limit, state.now()).await?)
}

/// Stores a change that waits for a code, and mails the code: while the person waits, so not by the outbox.
pub(super) async fn mail_code(
    state: &AppState,
    identity: &str,
    kind: ChangeKind,
    content: &[u8],
    address: &str,
    language: Language,
) -> Result<String, ApiError> {
    let (code, until) = (six_digits(&mut state.rng()), state.now().plus(CHANGE_LIFE));
    let change = state.database.add_change(identity, kind, content, Some(&code), until).await?;
    let (subject, text) = crate::notices::code(&code, language);
    let sent = state.mailer.send(address, subject, &text, None).await;
    sent.map_err(|error| ApiError::new("server.mail").detail(error))?;
    Ok(change)
}

/// `GET /account/email/{id}`.
pub(super) async fn ask_code(
    State(state): State<AppState>,
    Name(id): Name,
    lang: Lang,
    headers: HeaderMap,
    session: Session,
) -> Response {
    code_page(&state, &session, &id, lang.choose(&headers), false)
}

fn code_page(state: &AppState, session: &Session, id: &str, language: Language, wrong: bool) -> Response {
    let (frame, a, csrf) = (Frame::new(state, language), AccountTexts::of(language), session.csrf());
    let action = format!("/account/email/{id}");
    pages::render(StatusCode::OK, &CodePage { frame, a, text: a.code_text, action, csrf, wrong })
}

#[derive(Deserialize)]
pub(super) struct CodeForm {
    #[serde(default)]
    pub(super) code: String,
}

impl CodeForm {
    /// The digits as they were mailed, without the spaces of whoever typed them.
    pub(super) fn digits(&self) -> String {
        self.code.chars().filter(|c| !c.is_whitespace()).take(64).collect()
    }
}

/// `POST /account/email/{id}`: the code came back; the phone approves next.
pub(super) async fn code(
    State(state): State<AppState>,
    Name(id): Name,
    lang: Lang,
    address: ClientAddress,
    headers: HeaderMap,
    SessionForm { session, form }: SessionForm<CodeForm>,
) -> Answer {
    let (language, now) = (lang.choose(&headers), state.now());
    let change = state.database.find_change(&id, now).await?;
    let mine = change.filter(|change| change.identity_id == session.identity);
    if mine.is_none() {
        return Ok(code_over(&state, language));
    }
    match state.database.try_change_code(&id, &form.digits(), CODE_TRIES, now).await? {
        CodeTried::Right => begin_approval(&state, &id, &headers, address).await,
        CodeTried::Wrong(left) if left > 0 => Ok(code_page(&state, &session, &id, language, true)),
        _ => Ok(code_over(&state, language)),
    }
}

pub(super) fn code_over(state: &AppState, language: Language) -> Response {
    told(state, language, StatusCode::GONE, |a| (a.code_over_title, a.code_over), "contact.expired")
}

/// A place to choose.
struct Choice {
    value: String,
    name: String,
}

#[derive(Template)]
#[template(path = "account/identity.html")]
struct IdentityPage<'a> {
    frame: Frame,
    a: &'static AccountTexts,
    csrf: String,
    pivot: &'a PivotIdentity,
    place: String,
    search: &'a str,
    choices: Vec<Choice>,
    attribution: &'static str,
    wrong: bool,
}

#[derive(Default, Deserialize)]
struct Search {
    place: Option<String>,
}

/// `GET /account/identity?place=..`.
pub(super) async fn ask_identity(
    State(state): State<AppState>,
    lang: Lang,
    uri: Uri,
    headers: HeaderMap,
    session: Session,
) -> Answer {
    let search = Query::try_from_uri(&uri).map(|Query(Search { place })| place).unwrap_or_default();
    let account = of_session(&state, &session).await?;
    Ok(identity_page(&state, &session, &account, &search.unwrap_or_default(), lang.choose(&headers), false))
}

fn identity_page(
    state: &AppState,
    session: &Session,
    account: &Account,
    search: &str,
    language: Language,
    wrong: bool,
) -> Response {
    let (frame, a, csrf) = (Frame::new(state, language), AccountTexts::of(language), session.csrf());
    let search: String = search.chars().take(100).collect();
    let choices = if search.trim().is_empty() { Vec::new() } else { choices(state, &search) };
    let place = [Claim::Birthplace, Claim::Birthcountry].into_iter().filter_map(|claim| {
        let value = account.pivot.claim(claim).map(|attribute| attribute.value);
        value.filter(|value| !value.is_empty()).map(|value| value_in_words(state, claim, &value, language))
    });
    let page = IdentityPage {
        frame,
        a,
        csrf,
        pivot: &account.pivot,
        place: place.collect::<Vec<_>>().join(", "),
        search: &search,
        choices,
        attribution: identity::places::ATTRIBUTION,
        wrong,
    };
    let status = if wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    pages::render(status, &page)
}

/// Communes, then countries, that fit what was typed.
fn choices(state: &AppState, search: &str) -> Vec<Choice> {
    let communes = state.places.search(search, None).into_iter();
    let communes = communes.map(|place| Choice {
        value: format!("{} {}", identity::places::FRANCE, place.code),
        name: format!("{} ({})", place.name, place.departement),
    });
    let countries = state.places.search_countries(search).into_iter();
    let countries = countries.filter(|country| country.code != identity::places::FRANCE);
    let countries = countries.map(|c| Choice { value: c.code.to_owned(), name: c.name.to_owned() });
    communes.chain(countries).take(identity::places::MAX_RESULTS).collect()
}

#[derive(Deserialize)]
pub(super) struct IdentityForm {
    #[serde(default)]
    family_name: String,
    #[serde(default)]
    given_name: String,
    #[serde(default)]
    preferred_username: String,
    #[serde(default)]
    place: String,
    #[serde(default)]
    search: String,
}

impl IdentityForm {
    fn correction(&self, pivot: &PivotIdentity) -> Correction {
        let changed = |typed: &str, now: &str| (typed.trim() != now).then(|| typed.trim().to_owned());
        let mut birth = self.place.split(' ').filter(|code| !code.is_empty()).map(str::to_owned);
        Correction {
            family_name: changed(&self.family_name, pivot.family_name()),
            given_name: changed(&self.given_name, pivot.given_name()),
            preferred_username: changed(
                &self.preferred_username,
                pivot.preferred_username().unwrap_or_default(),
            ),
            birth: birth.next().map(|country| (country, birth.next())),
        }
    }
}

/// `POST /account/identity`: what is possible is asked of the phone.
pub(super) async fn identity(
    State(state): State<AppState>,
    lang: Lang,
    address: ClientAddress,
    headers: HeaderMap,
    SessionForm { session, form }: SessionForm<IdentityForm>,
) -> Answer {
    let language = lang.choose(&headers);
    let account = of_session(&state, &session).await?;
    let correction = form.correction(&account.pivot);
    match account.pivot.corrected(&correction, state.places) {
        Err(_) => Ok(identity_page(&state, &session, &account, &form.search, language, true)),
        Ok(corrected) if corrected == account.pivot => Ok(done("nothing", language)),
        Ok(_) if !may_correct(&state, &session).await? => Ok(too_often(&state, language)),
        Ok(_) => {
            let content = serde_json::to_vec(&correction).map_err(ApiError::internal)?;
            approve(&state, &session.identity, ChangeKind::Identity, &content, &headers, address).await
        }
    }
}

/// What a change changes, for the phone that is asked to approve it; empty if it is gone.
pub(in crate::http) async fn in_words(
    state: &AppState,
    id: &str,
    language: Language,
) -> Result<String, ApiError> {
    let Some(change) = state.database.find_change(id, state.now()).await? else {
        return Ok(String::new());
    };
    let a = AccountTexts::of(language);
    let what = match change.kind {
        ChangeKind::Email => format!("{} {}.", a.change_email, String::from_utf8_lossy(&change.content)),
        ChangeKind::Identity => {
            let account = state.database.load_account(&change.identity_id).await?;
            let corrected = account.and_then(|account| {
                let correction: Correction = serde_json::from_slice(&change.content).ok()?;
                let pivot = account.pivot.corrected(&correction, state.places).ok()?;
                Some(differences(state, &account.pivot, &pivot, language))
            });
            format!("{} {}.", a.change_identity, corrected.unwrap_or_default())
        }
        ChangeKind::Resume => a.change_resume.to_owned(),
        ChangeKind::Erase => a.change_erase.to_owned(),
        // These are not asked of a phone.
        ChangeKind::Block | ChangeKind::Unblock | ChangeKind::LiftSuspension => return Ok(String::new()),
    };
    Ok(format!("{what} {}", a.change_yours))
}

fn differences(
    state: &AppState,
    before: &PivotIdentity,
    after: &PivotIdentity,
    language: Language,
) -> String {
    let claims: BTreeSet<Claim> =
        Claim::ALL.into_iter().filter(|c| before.claim(*c) != after.claim(*c)).collect();
    let told = claims.into_iter().map(|claim| {
        let value = after.claim(claim).map(|attribute| attribute.value).unwrap_or_default();
        let value = value_in_words(state, claim, &value, language);
        format!(
            "{} {}",
            Texts::of(language).claim_in_words(claim.as_str()),
            if value.is_empty() { "–" } else { &value }
        )
    });
    told.collect::<Vec<_>>().join(", ")
}

/// The phone approved: the change is done. `identity` is the phone's.
pub(in crate::http) async fn approved(
    state: &AppState,
    id: &str,
    identity: &str,
    language: Language,
) -> Answer {
    let now = state.now();
    let change = state.database.find_change(id, now).await?.filter(|change| change.identity_id == identity);
    let account = state.database.load_account(identity).await?;
    let (Some(change), Some(account)) = (change, account) else { return Ok(done("nothing", language)) };
    let outcome = carry_out(state, &change, account, language).await?;
    state.news.notify_one();
    Ok(outcome)
}

async fn carry_out(state: &AppState, change: &Change, account: Account, language: Language) -> Answer {
    let (now, email) = (state.now(), account.pivot.email().to_owned());
    let database = &state.database;
    let (effect, code, notices, what) = match change.kind {
        ChangeKind::Email => {
            let address = String::from_utf8_lossy(&change.content).into_owned();
            let Ok(pivot) = account.pivot.with_email(&address) else { return Ok(done("nothing", language)) };
            let mails = [&email, &address].map(|to| Notice::EmailChanged.to(to, now)).to_vec();
            (Effect::Pivot(Box::new(account), Box::new(pivot)), "identity.email", mails, "email")
        }
        ChangeKind::Identity => {
            let correction = serde_json::from_slice(&change.content).map_err(ApiError::internal)?;
            let corrected = account.pivot.corrected(&correction, state.places);
            let Ok(pivot) = corrected else { return Ok(done("nothing", language)) };
            let mails = vec![Notice::Corrected.to(&email, now)];
            (Effect::Pivot(Box::new(account), Box::new(pivot)), "identity.corrected", mails, "identity")
        }
        ChangeKind::Resume => {
            let mails = vec![Notice::Resumed.to(&email, now)];
            let effect = Effect::State(IdentityState::Paused, IdentityState::Active);
            (effect, "identity.resumed", mails, "resumed")
        }
        ChangeKind::Erase => {
            let mails = vec![Notice::Erased.to(&email, now)];
            let erased = database.take_change(change, Effect::Erase, "identity.erased", mails, now).await?;
            return Ok(match erased {
                true => told(state, language, StatusCode::OK, |a| (a.deleted_title, a.deleted_text), ""),
                false => done("nothing", language),
            });
        }
        // These are not asked of a phone.
        ChangeKind::Block | ChangeKind::Unblock | ChangeKind::LiftSuspension => {
            return Ok(done("nothing", language));
        }
    };
    let changed = database.take_change(change, effect, code, notices, now).await?;
    Ok(done(if changed { what } else { "nothing" }, language))
}
