//! The virtual phone's page, in a demo only: what an app would show, beside the login page. It stands on an address of its
//! own and is no part of the server. It works without scripts, as all our pages do.

mod texts;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use clock::{Clock as _, SystemClock, UnixTime};
use identity::Level;
use mobile_bridge::{ApprovedLogin, BridgeError, LoginClient, LoginRequest};
use protocol::codes::Language;
use serde::Deserialize;

use crate::http::pages::{self, Frame, Lang, STYLE_NAME, Texts};
use texts::PhoneTexts;

/// The server's style, and what only this page needs.
const STYLE: &str = concat!(
    include_str!("../../../templates/style.css"),
    include_str!("../../../templates/phone_page/style.css")
);
/// How many answers the page remembers.
const MAX_ANSWERS: usize = 100;
const HEADERS: [(&str, &str); 4] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
];

/// How a request ended on this phone.
#[derive(Clone)]
enum Answer {
    Approved(ApprovedLogin),
    Refused,
}

struct Phone {
    client: Arc<LoginClient>,
    /// `127.0.0.1:8703`: requests under any other name are not answered.
    host: String,
    /// In every form: other sites cannot send it.
    token: String,
    answers: Mutex<BTreeMap<String, Answer>>,
}

type App = Arc<Phone>;

/// The page. `host` is where it is reached; `token` is random.
pub(super) fn router(client: Arc<LoginClient>, host: String, token: String) -> Router {
    let app: App = Arc::new(Phone { client, host, token, answers: Mutex::default() });
    Router::new()
        .route("/", get(start))
        .route("/claim", post(claim))
        .route("/login/{id}", get(request))
        .route("/login/{id}/approve", post(approve))
        .route("/login/{id}/refuse", post(refuse))
        .route(&format!("/assets/{STYLE_NAME}"), get(style))
        .layer(from_fn_with_state(app.clone(), guard))
        .with_state(app)
}

/// Answers under its own name only, so that no site reaches it by a name that it controls.
async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    let mut response = if host == Some(&app.host) {
        next.run(request).await
    } else {
        StatusCode::MISDIRECTED_REQUEST.into_response()
    };
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

#[derive(Template)]
#[template(path = "phone_page/start.html")]
struct StartPage<'a> {
    frame: Frame,
    p: &'static PhoneTexts,
    token: &'a str,
    handle: String,
    error: Option<String>,
    waiting: Vec<LoginRequest>,
}

#[derive(Template)]
#[template(path = "phone_page/request.html")]
struct RequestPage<'a> {
    frame: Frame,
    p: &'static PhoneTexts,
    token: &'a str,
    login: LoginRequest,
    level: String,
    time_left: String,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "phone_page/answer.html")]
struct AnswerPage {
    frame: Frame,
    p: &'static PhoneTexts,
    answer: Option<Answer>,
}

fn frame(language: Language) -> (Frame, &'static PhoneTexts) {
    let frame = Frame {
        t: Texts::of(language),
        demo: true,
        refresh: None,
        name: "Sceau".to_owned(),
        support: None,
        theme: None,
        logo: None,
    };
    (frame, PhoneTexts::of(language))
}

impl Phone {
    fn answers(&self) -> MutexGuard<'_, BTreeMap<String, Answer>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, id: String, answer: Answer) {
        let mut answers = self.answers();
        while answers.len() >= MAX_ANSWERS {
            answers.pop_first();
        }
        answers.insert(id, answer);
    }

    /// The request page, with what went wrong the last time.
    fn request_page(&self, login: LoginRequest, language: Language, error: Option<String>) -> Response {
        let (frame, p) = frame(language);
        let level = login.acr.parse::<Level>();
        let level =
            level.map_or_else(|_| login.acr.clone(), |level| frame.t.level_in_words(level).to_owned());
        let time_left = pages::time_left(UnixTime(login.expires_at), SystemClock.now());
        let page = RequestPage { frame, p, token: &self.token, login, level, time_left, error };
        pages::render(StatusCode::OK, &page)
    }
}

/// Calls of the phone block.
async fn blocking<T: Send + 'static>(
    app: &App,
    call: impl FnOnce(&LoginClient) -> Result<T, BridgeError> + Send + 'static,
) -> Result<T, String> {
    let client = app.client.clone();
    match tokio::task::spawn_blocking(move || call(&client)).await {
        Ok(outcome) => outcome.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

fn see_other(path: &str, language: Language) -> Response {
    match HeaderValue::try_from(format!("{path}?lang={}", Texts::of(language).lang)) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

async fn style() -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8"))], STYLE).into_response()
}

#[derive(Deserialize)]
struct Start {
    #[serde(default)]
    handle: String,
}

/// `GET /`: a field for the handle, and the requests that this phone claimed and did not answer.
async fn start(
    State(app): State<App>,
    Query(lang): Query<Lang>,
    Query(Start { handle }): Query<Start>,
    headers: HeaderMap,
) -> Response {
    start_page(&app, lang.choose(&headers), handle, None).await
}

async fn start_page(app: &App, language: Language, handle: String, error: Option<String>) -> Response {
    let (waiting, error) = match blocking(app, LoginClient::pending).await {
        Ok(waiting) => (waiting, error),
        Err(text) => (Vec::new(), error.or(Some(text))),
    };
    let (frame, p) = frame(language);
    pages::render(StatusCode::OK, &StartPage { frame, p, token: &app.token, handle, error, waiting })
}

/// A form of this page.
#[derive(Deserialize)]
struct Fields {
    token: String,
    #[serde(default)]
    handle: String,
    #[serde(default)]
    pin: String,
    #[serde(default)]
    number: String,
    #[serde(default)]
    here: String,
    #[serde(default)]
    not_me: String,
}

impl Fields {
    /// The answer to a form that is not this page's own.
    fn refusal(&self, app: &Phone, language: Language) -> Option<Response> {
        let ours = crypto::ct_eq(self.token.as_bytes(), app.token.as_bytes());
        (!ours).then(|| (StatusCode::FORBIDDEN, PhoneTexts::of(language).foreign).into_response())
    }
}

/// `POST /claim`: this phone takes the login behind a handle.
async fn claim(
    State(app): State<App>,
    Query(lang): Query<Lang>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Response {
    let language = lang.choose(&headers);
    if let Some(refusal) = fields.refusal(&app, language) {
        return refusal;
    }
    let handle = fields.handle.clone();
    match blocking(&app, move |client| client.claim(&handle)).await {
        Ok(login) => see_other(&format!("/login/{}", login.login_id), language),
        Err(error) => start_page(&app, language, fields.handle, Some(error)).await,
    }
}

/// `GET /login/{id}`: the request, or how it was answered.
async fn request(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(lang): Query<Lang>,
    headers: HeaderMap,
) -> Response {
    let language = lang.choose(&headers);
    show(&app, &id, language, None).await
}

async fn show(app: &App, id: &str, language: Language, error: Option<String>) -> Response {
    let answer = app.answers().get(id).cloned();
    if answer.is_none() {
        match blocking(app, LoginClient::pending).await {
            Err(text) => return start_page(app, language, String::new(), Some(text)).await,
            Ok(waiting) => {
                if let Some(login) = waiting.into_iter().find(|login| login.login_id == id) {
                    return app.request_page(login, language, error);
                }
            }
        }
    }
    let (frame, p) = frame(language);
    pages::render(StatusCode::OK, &AnswerPage { frame, p, answer })
}

/// `POST /login/{id}/approve`.
async fn approve(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(lang): Query<Lang>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Response {
    let language = lang.choose(&headers);
    if let Some(refusal) = fields.refusal(&app, language) {
        return refusal;
    }
    let pin: String = fields.pin.chars().filter(|c| !c.is_whitespace()).collect();
    let (name, here, number) = (id.clone(), !fields.here.is_empty(), fields.number);
    let p = PhoneTexts::of(language);
    let approved = blocking(&app, move |client| {
        // The app asks for a confirmation if the browser waits on another network (docs/protocols.md, section 6).
        let elsewhere = client.pending()?.iter().any(|login| login.login_id == name && !login.same_network);
        if elsewhere && !here {
            return Ok(None);
        }
        if !number.is_empty() {
            return client.approve_asked(&name, &pin, &number).map(|()| Some(ApprovedLogin::Asked));
        }
        client.approve(&name, &pin).map(Some)
    })
    .await;
    match approved {
        Ok(Some(approved)) => {
            app.remember(id.clone(), Answer::Approved(approved));
            see_other(&format!("/login/{id}"), language)
        }
        Ok(None) => show(&app, &id, language, Some(p.other_network.to_owned())).await,
        Err(error) => show(&app, &id, language, Some(error)).await,
    }
}

/// `POST /login/{id}/refuse`, with `not_me` if the person did not begin it.
async fn refuse(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(lang): Query<Lang>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Response {
    let language = lang.choose(&headers);
    if let Some(refusal) = fields.refusal(&app, language) {
        return refusal;
    }
    let (name, not_me) = (id.clone(), !fields.not_me.is_empty());
    match blocking(&app, move |client| client.refuse(&name, not_me)).await {
        Ok(()) => {
            app.remember(id.clone(), Answer::Refused);
            see_other(&format!("/login/{id}"), language)
        }
        Err(error) => show(&app, &id, language, Some(error)).await,
    }
}
