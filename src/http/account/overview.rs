//! The first page: who the holder is to others, her phones, her connections.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use identity::pivot::Claim;
use identity::{DocumentRecord, IdentityState, Provenance};
use protocol::codes::Language;
use serde::Deserialize;
use storage::{Account, Connection, DeviceSummary};

use super::AccountTexts;
use crate::http::pages::{self, Frame, Texts, day_in_words, in_words};
use crate::http::session::Session;
use crate::{ApiError, AppState};

/// Connections shown; the export has them all.
const SHOWN: i64 = 50;

/// An attribute.
struct Row {
    name: &'static str,
    value: String,
    declared: bool,
}

/// A phone.
struct Phone {
    name: String,
    since: String,
    state: &'static str,
    current: bool,
}

/// A connection.
struct Line {
    at: String,
    machine_at: String,
    client: String,
    level: String,
    attributes: String,
    browser: String,
    approved: bool,
    result: &'static str,
}

#[derive(Template)]
#[template(path = "account/overview.html")]
struct OverviewPage<'a> {
    frame: Frame,
    a: &'static AccountTexts,
    done: &'static str,
    csrf: String,
    paused: bool,
    level: &'static str,
    rows: Vec<Row>,
    documents: Vec<String>,
    phones: Vec<Phone>,
    lines: Vec<Line>,
    signed_in: &'a str,
}

/// A line of the history as the login wrote it. Lines of older versions have no result: they were approved.
#[derive(Deserialize)]
struct History {
    client: String,
    acr: String,
    #[serde(default)]
    claims: Vec<String>,
    #[serde(default)]
    browser: String,
    #[serde(default)]
    result: Option<String>,
}

/// The page.
pub(super) async fn page(
    state: &AppState,
    session: &Session,
    done: Option<&str>,
    language: Language,
) -> Result<Response, ApiError> {
    let (database, id) = (&state.database, session.identity.as_str());
    let account = database.load_account(id).await?.ok_or_else(|| ApiError::internal("no account"))?;
    let (t, a) = (Texts::of(language), AccountTexts::of(language));
    let devices = database.devices_of(id).await?;
    let connections = database.connections_of(id, SHOWN).await?;
    let documents = database.documents_of(id).await?;
    let page = OverviewPage {
        frame: Frame::new(state, language),
        a,
        done: done.map_or("", |done| done_in_words(a, done)),
        csrf: session.csrf(),
        paused: account.state == IdentityState::Paused,
        level: account.level(state.now()).map_or("", |level| t.level_in_words(level)),
        rows: rows(state, &account, language),
        documents: documents.iter().map(|document| document_in_words(a, document, language)).collect(),
        phones: devices.iter().map(|device| phone(device, session, language)).collect(),
        lines: connections.iter().filter_map(|connection| line(connection, language)).collect(),
        signed_in: &in_words(session.authenticated_at, language),
    };
    Ok(pages::render(StatusCode::OK, &page))
}

/// Its kind, its State by the three letters of the MRZ, and its last day.
fn document_in_words(a: &AccountTexts, document: &DocumentRecord, language: Language) -> String {
    let kind = if document.code.starts_with('P') { a.passport } else { a.card };
    let (state, until) = (&document.issuing_state, day_in_words(&document.expires, language));
    format!("{kind} ({state}), {} {until}", a.valid_until)
}

/// What was just done; nothing for a word of somebody else's.
fn done_in_words(a: &AccountTexts, done: &str) -> &'static str {
    match done {
        "paused" => a.done_paused,
        "resumed" => a.done_resumed,
        "email" => a.done_email,
        "identity" => a.done_identity,
        "nothing" => a.done_nothing,
        "not-approved" => a.done_not_approved,
        _ => "",
    }
}

fn rows(state: &AppState, account: &Account, language: Language) -> Vec<Row> {
    let t = Texts::of(language);
    let claims = account.pivot.claims().into_iter().filter(|(_, attribute)| !attribute.value.is_empty());
    let row = |(claim, attribute): (Claim, identity::Attribute<String>)| Row {
        name: t.claim_in_words(claim.as_str()),
        value: value_in_words(state, claim, &attribute.value, language),
        declared: attribute.provenance == Provenance::Declared,
    };
    claims.map(row).collect()
}

/// A value as a person says it: the name of a place beside its code, a date in her language.
pub(super) fn value_in_words(state: &AppState, claim: Claim, value: &str, language: Language) -> String {
    let named = |name: Option<&str>| name.map_or(value.to_owned(), |name| format!("{name} ({value})"));
    let french = language == Language::Fr;
    match claim {
        Claim::Birthdate => day_in_words(value, language),
        Claim::Birthplace => named(state.places.commune(value).ok().map(|commune| commune.name)),
        Claim::Birthcountry => named(state.places.country(value).ok().map(|country| country.name)),
        Claim::Gender => match (value, french) {
            ("female", true) => "féminin",
            ("male", true) => "masculin",
            (_, true) => "non précisé",
            (other, false) => other,
        }
        .to_owned(),
        _ => value.to_owned(),
    }
}

fn phone(device: &DeviceSummary, session: &Session, language: Language) -> Phone {
    let t = AccountTexts::of(language);
    let state = match (device.active, device.suspended) {
        (false, _) => t.phone_revoked,
        (true, true) => t.phone_suspended,
        (true, false) => t.phone_active,
    };
    Phone {
        name: device.id.chars().take(8).collect(),
        since: in_words(device.created_at, language),
        state,
        current: device.id == session.device,
    }
}

fn line(connection: &Connection, language: Language) -> Option<Line> {
    let (t, a) = (Texts::of(language), AccountTexts::of(language));
    let history: History = serde_json::from_slice(&connection.content).ok()?;
    let level = history.acr.parse().map_or(history.acr.clone(), |level| t.level_in_words(level).to_owned());
    let claims = history.claims.iter().filter(|claim| *claim != "sub");
    let attributes: Vec<&str> = claims.map(|claim| t.claim_in_words(claim)).collect();
    Some(Line {
        at: in_words(connection.at, language),
        machine_at: connection.at.to_string(),
        client: history.client,
        level,
        attributes: attributes.join(", "),
        browser: history.browser,
        approved: matches!(history.result.as_deref(), None | Some("approved")),
        result: match history.result.as_deref() {
            None | Some("approved") => a.result_approved,
            Some("not-me") => a.result_not_me,
            Some(_) => a.result_refused,
        },
    })
}
