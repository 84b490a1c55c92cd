//! The desk: an agent compares the person before her with the portrait in the chip, and decides.
//!
//! She signs in with her own Sceau identity, at eidas2 or higher, and is named in `[desk]`. The QR code that she scans holds
//! the bearer secret that the enrolment's evidence is encrypted under: it goes from form to form in her browser, and the
//! database never holds it. A code from the person's phone, good once and for a minute, is asked before the portrait is
//! shown and again when she decides. The portrait is shown once; each view and each decision is in the audit log.

mod compare;
mod texts;

use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use identity::Level;
use protocol::codes::Language;
use serde::Deserialize;
use storage::DeskFinding;

use self::compare::Opened;
use self::texts::DeskTexts;
use super::pages::{self, Frame, Lang};
use super::session::{Session, SessionForm};
use crate::desk_agents::{self, Agent};
use crate::{ApiError, AppState};

/// The longest form, in bytes.
const MAX_FORM: usize = 4096;
/// Agents who see the portrait of one enrolment.
const MAX_VIEWS: i64 = 4;
/// Tries of one code.
const MAX_TRIES: i64 = 5;

/// The agent's pages.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/desk", get(start))
        .route("/desk/portrait", post(portrait))
        .route("/desk/decision", post(decision))
        .layer(DefaultBodyLimit::max(MAX_FORM))
}

#[derive(Template)]
#[template(path = "desk.html")]
struct StartPage<'a> {
    frame: Frame,
    t: &'static DeskTexts,
    desk: &'a str,
    csrf: String,
}

#[derive(Template)]
#[template(path = "desk_portrait.html")]
struct PortraitPage<'a> {
    frame: Frame,
    t: &'static DeskTexts,
    csrf: String,
    ticket: &'a str,
    name: &'a str,
    birthdate: &'a str,
    /// A `data:` URL.
    portrait: String,
    wrong_code: bool,
}

/// What an agent scanned, and the code that the phone shows.
#[derive(Deserialize)]
struct Scanned {
    ticket: String,
    code: String,
}

/// What an agent found.
#[derive(Deserialize)]
struct Found {
    ticket: String,
    #[serde(default)]
    code: String,
    finding: String,
    features: Option<String>,
    proportions: Option<String>,
    marks: Option<String>,
    document: Option<String>,
}

impl Found {
    /// The reasons, as the log names them.
    fn reasons(&self) -> Vec<&'static str> {
        let given = [
            ("features", &self.features),
            ("proportions", &self.proportions),
            ("marks", &self.marks),
            ("document", &self.document),
        ];
        given.into_iter().filter(|(_, reason)| reason.is_some()).map(|(name, _)| name).collect()
    }
}

/// The agent of a session; everybody else is told what is missing.
#[allow(clippy::result_large_err, reason = "the refusal is the page, made once a request")]
fn agent(state: &AppState, session: &Session, language: Language) -> Result<Agent, Response> {
    let file = state.config.desk.agents_file.as_ref().map(|file| state.config.path(file));
    let agents = file.map_or(Ok(Vec::new()), |file| desk_agents::read(&file));
    let agents = agents.map_err(|error| ApiError::internal(error).into_response())?;
    let agent = agents.into_iter().find(|agent| agent.identity == session.identity);
    match agent {
        Some(agent) if session.level >= Level::Eidas2 => Ok(agent),
        Some(_) => Err(refused(state, language, |t| t.level, "desk.level")),
        None => {
            let t = DeskTexts::of(language);
            let text = format!("{} {}", t.no_agent, session.identity);
            Err(told(state, language, StatusCode::FORBIDDEN, t.refused_title, &text, "desk.no-agent"))
        }
    }
}

/// `GET /desk`: the field for the QR code.
async fn start(State(state): State<AppState>, session: Session, lang: Lang, headers: HeaderMap) -> Response {
    let language = lang.choose(&headers);
    match agent(&state, &session, language) {
        Err(refusal) => refusal,
        Ok(agent) => {
            let (frame, t) = (Frame::new(&state, language), DeskTexts::of(language));
            pages::render(StatusCode::OK, &StartPage { frame, t, desk: &agent.desk, csrf: session.csrf() })
        }
    }
}

/// `POST /desk/portrait`: shows the portrait, once.
async fn portrait(
    State(state): State<AppState>,
    lang: Lang,
    headers: HeaderMap,
    SessionForm { session, form }: SessionForm<Scanned>,
) -> Response {
    let language = lang.choose(&headers);
    let shown = async {
        agent(&state, &session, language)?;
        let opened = open(&state, &session, &form.ticket, language).await?;
        take_code(&state, &opened, &form.code, language).await?;
        // It is decoded before it counts as seen.
        let portrait = opened.portrait_as_png(&state).await.map_err(ApiError::into_response)?;
        let seen = state.database.view_at_desk(&opened.id, &session.identity, MAX_VIEWS, state.now()).await;
        if !seen.map_err(|error| ApiError::from(error).into_response())? {
            return Err(refused(&state, language, |t| t.seen, "desk.seen"));
        }
        Ok(portrait_page(&state, &session, &form.ticket, &opened, portrait, false, language))
    };
    shown.await.unwrap_or_else(|refusal: Response| refusal)
}

fn portrait_page(
    state: &AppState,
    session: &Session,
    ticket: &str,
    opened: &Opened,
    portrait: String,
    wrong_code: bool,
    language: Language,
) -> Response {
    let mut response = pages::render(
        StatusCode::OK,
        &PortraitPage {
            frame: Frame::new(state, language),
            t: DeskTexts::of(language),
            csrf: session.csrf(),
            ticket: ticket.trim(),
            name: &opened.name,
            birthdate: &opened.birthdate,
            portrait,
            wrong_code,
        },
    );
    super::headers::allow_inline_images(&mut response);
    response
}

/// `POST /desk/decision`.
async fn decision(
    State(state): State<AppState>,
    lang: Lang,
    headers: HeaderMap,
    SessionForm { session, form }: SessionForm<Found>,
) -> Response {
    let language = lang.choose(&headers);
    decide(&state, &session, &form, language).await.unwrap_or_else(|refusal| refusal)
}

async fn decide(
    state: &AppState,
    session: &Session,
    found: &Found,
    language: Language,
) -> Result<Response, Response> {
    let agent = agent(state, session, language)?;
    let opened = open(state, session, &found.ticket, language).await?;
    let (finding, reasons) = match (found.finding.as_str(), found.reasons()) {
        (_, reasons) if reasons.is_empty() => {
            return Err(refused_again(state, session, found, &opened, false, language));
        }
        ("same", reasons) => (DeskFinding::Same, reasons.join(",")),
        ("other", reasons) => (DeskFinding::Other, reasons.join(",")),
        _ => return Err(ApiError::new("request.malformed").detail("finding").into_response()),
    };
    // Who is sent away shows no code any more.
    if finding == DeskFinding::Same {
        let right = state.database.take_desk_code(&opened.id, &found.code, MAX_TRIES, state.now()).await;
        if !right.map_err(|error| ApiError::from(error).into_response())? {
            return Err(refused_again(state, session, found, &opened, true, language));
        }
    }
    let internal = |error: storage::Error| ApiError::from(error).into_response();
    let (database, me, now) = (&state.database, session.identity.as_str(), state.now());
    database.decide_at_desk(&opened.id, me, finding, &reasons, now).await.map_err(internal)?;
    if finding == DeskFinding::Other {
        return Ok(done(state, language, |t| t.other));
    }
    // One who decided before may finish what was broken off; one who saw nothing decides nothing.
    let agreed = database.agreed_at_desk(&opened.id).await.map_err(internal)?;
    if !agreed.iter().any(|agent| agent == me) {
        return Err(refused(state, language, |t| t.not_seen, "desk.not-seen"));
    }
    if state.config.desk.four_eyes && agreed.len() < 2 {
        return Ok(done(state, language, |t| t.second));
    }
    opened.conclude(state, &agent.desk, &agreed).await.map_err(ApiError::into_response)?;
    Ok(done(state, language, |t| t.same))
}

/// The form again, without the portrait, which was shown.
fn refused_again(
    state: &AppState,
    session: &Session,
    found: &Found,
    opened: &Opened,
    wrong_code: bool,
    language: Language,
) -> Response {
    portrait_page(state, session, &found.ticket, opened, String::new(), wrong_code, language)
}

/// Opens an enrolment that asked for a desk and is not decided, of another person than the agent.
async fn open(
    state: &AppState,
    session: &Session,
    ticket: &str,
    language: Language,
) -> Result<Opened, Response> {
    let opened = Opened::by_ticket(state, ticket).await.map_err(ApiError::into_response)?;
    let opened = opened.ok_or_else(|| refused(state, language, |t| t.no_enrolment, "desk.no-enrolment"))?;
    if opened.is_of(state, session).await.map_err(ApiError::into_response)? {
        let event = storage::AuditEvent::new("desk.own", &opened.id, &session.identity);
        let audited = state.database.audit(event, state.now()).await;
        audited.map_err(|error| ApiError::from(error).into_response())?;
        return Err(refused(state, language, |t| t.own, "desk.own"));
    }
    Ok(opened)
}

async fn take_code(
    state: &AppState,
    opened: &Opened,
    code: &str,
    language: Language,
) -> Result<(), Response> {
    let right = state.database.take_desk_code(&opened.id, code, MAX_TRIES, state.now()).await;
    match right.map_err(|error| ApiError::from(error).into_response())? {
        true => Ok(()),
        false => Err(refused(state, language, |t| t.code, "desk.code")),
    }
}

type Words = fn(&DeskTexts) -> &'static str;

fn refused(state: &AppState, language: Language, words: Words, code: &str) -> Response {
    let t = DeskTexts::of(language);
    told(state, language, StatusCode::FORBIDDEN, t.refused_title, words(t), code)
}

fn done(state: &AppState, language: Language, words: Words) -> Response {
    let t = DeskTexts::of(language);
    told(state, language, StatusCode::OK, t.done_title, words(t), "")
}

/// A message, and the way back to the start.
fn told(
    state: &AppState,
    language: Language,
    status: StatusCode,
    title: &str,
    text: &str,
    code: &str,
) -> Response {
    let t = DeskTexts::of(language);
    let frame = Frame::new(state, language);
    let mut response = pages::render(status, &TellPage { frame, t, title, text, code });
    if !code.is_empty() {
        let note = crate::telemetry::Note { code: Some(code.to_owned()), ..Default::default() };
        response.extensions_mut().insert(note);
    }
    response
}

#[derive(Template)]
#[template(path = "desk_told.html")]
struct TellPage<'a> {
    frame: Frame,
    t: &'static DeskTexts,
    title: &'a str,
    text: &'a str,
    code: &'a str,
}
