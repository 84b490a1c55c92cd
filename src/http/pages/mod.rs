//! Pages: plain HTML that works without scripts and without a mouse, in French and English.

mod about;
mod dates;
mod qr;
mod texts;
mod user_agent;

use std::convert::Infallible;

use askama::Template;
use axum::Router;
use axum::extract::{FromRequestParts, Path, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use clock::UnixTime;
use protocol::Base64;
use protocol::codes::Language;
use serde::Deserialize;

pub use dates::{day_in_words, in_words};
pub use qr::svg as qr_svg;
pub use texts::Texts;
pub(crate) use texts::texts;
pub use user_agent::{browser_in_words, is_phone};

use crate::AppState;
use crate::telemetry::Note;

/// The style sheet's name; it changes with its content's version, since browsers keep it.
pub const STYLE_NAME: &str = "style-3.css";
const STYLE: &str = include_str!("../../templates/style.css");

/// What stands around every page.
pub struct Frame {
    /// The sentences.
    pub t: &'static Texts,
    /// Demo environment.
    pub demo: bool,
    /// Seconds after which the page is loaded again.
    pub refresh: Option<i64>,
    /// The name of the service.
    pub name: String,
    /// Where a person gets help.
    pub support: Option<String>,
    /// The deployer's style sheet.
    pub theme: Option<String>,
    /// The deployer's logo.
    pub logo: Option<String>,
}

/// A button that leads on.
pub struct Action {
    /// Where to.
    pub href: String,
    /// Its words.
    pub label: &'static str,
}

/// A page with a message.
#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage<'a> {
    frame: Frame,
    title: &'a str,
    text: &'a str,
    action: Option<Action>,
    code: &'a str,
}

#[derive(Template)]
#[template(path = "text.html")]
struct TextPage<'a> {
    frame: Frame,
    name: &'a str,
    version: &'a str,
    sha256: String,
    text: &'a str,
}

/// What is not a language, or stands twice, is none.
impl<S: Send + Sync> FromRequestParts<S> for Lang {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Query::try_from_uri(&parts.uri).map(|Query(lang)| lang).unwrap_or_default())
    }
}

/// The part of the path that a page is asked by. What is no text names nothing.
pub struct Name(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let path = Path::from_request_parts(parts, state).await;
        Ok(Self(path.map(|Path(name)| name).unwrap_or_default()))
    }
}

/// Pages that need no login.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route(&format!("/assets/{STYLE_NAME}"), get(style))
        .route("/app/{handle}", get(app))
        .route("/texts/{name}", get(text))
        .merge(about::routes())
}

/// `?lang=en`.
#[derive(Debug, Default, Deserialize)]
pub struct Lang {
    lang: Option<String>,
}

impl Lang {
    /// The language asked for by the query, or else by the browser.
    #[must_use]
    pub fn choose(&self, headers: &HeaderMap) -> Language {
        match self.lang.as_deref() {
            Some("en") => Language::En,
            Some("fr") => Language::Fr,
            _ => accepted(headers),
        }
    }

    /// The language of a request that is not taken apart yet.
    #[must_use]
    pub fn of_request(request: &Request) -> Language {
        let query = Query::<Self>::try_from_uri(request.uri()).map(|Query(lang)| lang).unwrap_or_default();
        query.choose(request.headers())
    }

    /// The language of a request.
    #[must_use]
    pub fn of(parts: &Parts) -> Language {
        let query = Query::<Self>::try_from_uri(&parts.uri).map(|Query(lang)| lang).unwrap_or_default();
        query.choose(&parts.headers)
    }
}

fn accepted(headers: &HeaderMap) -> Language {
    Language::from_accept_language(headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()))
}

impl Frame {
    /// The frame of a page in this language.
    #[must_use]
    pub fn new(state: &AppState, language: Language) -> Self {
        let path = |file: &Option<crate::config::ThemeFile>| file.as_ref().map(|file| file.path.clone());
        Self {
            t: Texts::of(language),
            demo: state.config.is_demo(),
            refresh: None,
            name: state.config.pages.name.clone(),
            support: state.config.pages.support.clone(),
            theme: path(&state.theme.style),
            logo: path(&state.theme.logo),
        }
    }
}

/// Writes a page.
#[must_use]
pub fn render(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => crate::ApiError::internal(error).into_response(),
    }
}

/// A message: title and text of the page, what leads on, the code of what is wrong.
#[must_use]
pub fn message(
    state: &AppState,
    language: Language,
    status: StatusCode,
    words: fn(&Texts) -> (&'static str, &'static str),
    action: Option<Action>,
    code: &str,
) -> Response {
    told(state, language, status, words(Texts::of(language)), action, code)
}

/// The same with words from anywhere.
#[must_use]
pub fn told(
    state: &AppState,
    language: Language,
    status: StatusCode,
    (title, text): (&str, &str),
    action: Option<Action>,
    code: &str,
) -> Response {
    let frame = Frame::new(state, language);
    let mut response = render(status, &MessagePage { frame, title, text, action, code });
    if !code.is_empty() {
        response.extensions_mut().insert(Note { code: Some(code.to_owned()), ..Note::default() });
    }
    response
}

/// A time left, in minutes and seconds.
#[must_use]
pub fn time_left(until: UnixTime, now: UnixTime) -> String {
    let seconds = until.since(now).max(0);
    format!("{} min {:02} s", seconds / 60, seconds % 60)
}

async fn style() -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400")),
    ];
    (headers, STYLE).into_response()
}

/// Where the QR code and the app link lead without the app. The handle is not looked up, and told to nobody but the
/// demo's virtual phone.
async fn app(State(state): State<AppState>, Name(handle): Name, lang: Lang, headers: HeaderMap) -> Response {
    let language = lang.choose(&headers);
    let t = Texts::of(language);
    let action = state.config.server.app_url.as_ref().map(|url| match handle.parse::<Base64>() {
        Ok(_) if state.config.is_demo() => {
            Action { href: url.replace("{handle}", &handle), label: t.app_virtual }
        }
        _ => Action { href: url.clone(), label: t.app_get },
    });
    message(&state, language, StatusCode::OK, |t| (t.app_title, t.app), action, "")
}

/// A text to consent to.
async fn text(State(state): State<AppState>, Name(name): Name, lang: Lang, headers: HeaderMap) -> Response {
    let language = lang.choose(&headers);
    let Some(document) = state.consents.iter().find(|document| document.entry.name == name) else {
        let words = |t: &Texts| (t.error_title, t.request_error);
        return message(&state, language, StatusCode::NOT_FOUND, words, None, "request.not-found");
    };
    let page = TextPage {
        frame: Frame::new(&state, language),
        name: &document.entry.name,
        version: &document.entry.version,
        sha256: hex::encode(&document.entry.sha256.0),
        text: &document.text,
    };
    render(StatusCode::OK, &page)
}
