//! The broker's and the demo service's endpoints.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use crate::pages::{self, ChoicePage, ErrorPage, Frame, IdentityPage, ServicePage};
use crate::session::{Session, Sessions};
use crate::{Broker, BrokerError, Check, Language};

/// The cookie of a session.
const COOKIE: &str = "demo_broker_session";
/// Where its public keys are, behind the base URL: FranceConnect's own path.
pub(crate) const JWKS: &str = "/client/.well-known/keys";
/// What every answer carries.
const HEADERS: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
];

struct Services {
    broker: Arc<Broker>,
    sessions: Sessions,
}

type App = Arc<Services>;

/// The demo service at `/`, the choice of providers at `/providers`, `/login` and `/oidc-callback`.
pub fn router(broker: Arc<Broker>) -> Router {
    Router::new()
        .route("/", get(service))
        .route("/providers", get(providers))
        .route("/login", get(login))
        .route("/oidc-callback", get(callback))
        .route("/logout", post(logout))
        .route(JWKS, get(keys))
        .route("/style.css", get(pages::style))
        .layer(map_response(secure))
        .with_state(Arc::new(Services { broker, sessions: Sessions::default() }))
}

async fn secure(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// `?lang=en`.
#[derive(Deserialize)]
struct Lang {
    lang: Option<String>,
}

impl Lang {
    fn choose(&self, headers: &HeaderMap) -> Language {
        let accept = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Language::choose(self.lang.as_deref(), accept)
    }
}

impl Services {
    fn session(&self, headers: &HeaderMap) -> Option<Session> {
        session_id(headers).and_then(|id| self.sessions.get(id, self.broker.clock.now()))
    }

    /// The cookie: for this host alone, by top-level navigation.
    fn cookie(&self, id: &str, max_age: i64) -> (header::HeaderName, String) {
        let secure = if self.broker.config.base_url.starts_with("https://") { "; Secure" } else { "" };
        (
            header::SET_COOKIE,
            format!("{COOKIE}={id}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}"),
        )
    }
}

fn session_id(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

fn see_other(location: &str) -> Response {
    match HeaderValue::try_from(location) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The page of an error. The log says what failed, of no person.
fn failed(error: &BrokerError, passed: &[Check], language: Language) -> Response {
    tracing::warn!(code = error.code(), %error, "login failed");
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    pages::render(status, &ErrorPage::new(error, passed, language))
}

/// `GET /`: the service, or the identity that it received.
async fn service(State(app): State<App>, Query(lang): Query<Lang>, headers: HeaderMap) -> Response {
    let language = lang.choose(&headers);
    let frame = Frame::service(language);
    match app.session(&headers) {
        Some(Session::SignedIn(login)) => {
            pages::render(StatusCode::OK, &IdentityPage { frame, login: &login, language })
        }
        _ => pages::render(StatusCode::OK, &ServicePage { frame, acr: app.broker.config.acr }),
    }
}

/// `GET /providers`: the choice, with a banner if the person came back without a login.
async fn providers(State(app): State<App>, Query(lang): Query<Lang>, headers: HeaderMap) -> Response {
    let language = lang.choose(&headers);
    let refusal = match app.session(&headers) {
        Some(Session::Refused(code)) => {
            let advice = BrokerError::Provider(code.clone()).advice(language);
            Some((code, advice))
        }
        _ => None,
    };
    let frame = Frame::broker(language);
    pages::render(StatusCode::OK, &ChoicePage { frame, refusal, acr: app.broker.config.acr })
}

/// `GET /login`: away to the provider, under a new session.
async fn login(State(app): State<App>, Query(lang): Query<Lang>, headers: HeaderMap) -> Response {
    let language = lang.choose(&headers);
    let broker = app.broker.clone();
    let begun = tokio::task::spawn_blocking(move || broker.begin()).await;
    let pending = match begun {
        Ok(Ok(pending)) => pending,
        Ok(Err(error)) => return failed(&error, &[], language),
        Err(_) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    };
    if let Some(old) = session_id(&headers) {
        app.sessions.close(old);
    }
    let id = app.broker.random();
    let response = see_other(&pending.authorize_url);
    let cookie = app.cookie(&id, crate::LOGIN_LIFE);
    app.sessions.open(id, Session::Away(pending, language), app.broker.clock.now());
    ([cookie], response).into_response()
}

/// `GET /oidc-callback`. A refusal of the provider leads back to the choice; a wrong answer is an error page.
async fn callback(State(app): State<App>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let Some((pending, language)) = session_id(&headers).and_then(|id| app.sessions.take_away(id)) else {
        return failed(&BrokerError::SessionOver, &[], Lang { lang: None }.choose(&headers));
    };
    let broker = app.broker.clone();
    let finished = tokio::task::spawn_blocking(move || {
        let mut passed = Vec::new();
        let outcome = broker.attempt(&pending, &query.unwrap_or_default(), &mut passed);
        (outcome, passed)
    });
    let (session, location) = match finished.await {
        Ok((Ok(login), _)) => (Session::SignedIn(Box::new(login)), "/"),
        Ok((Err(BrokerError::Provider(error)), _)) => (Session::Refused(error), "/providers"),
        Ok((Err(error), passed)) => return failed(&error, &passed, language),
        Err(_) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    };
    let id = app.broker.random();
    let cookie = app.cookie(&id, crate::LOGIN_LIFE);
    app.sessions.open(id, session, app.broker.clock.now());
    ([cookie], see_other(&format!("{location}?lang={}", language.tag()))).into_response()
}

/// The key that tokens are encrypted to; an empty set if they are not.
async fn keys(State(app): State<App>) -> Response {
    let key = app.broker.config.encryption.as_ref();
    axum::Json(key.map_or_else(|| serde_json::json!({ "keys": [] }), |key| key.jwks())).into_response()
}

/// `POST /logout`.
async fn logout(State(app): State<App>, headers: HeaderMap) -> Response {
    if let Some(id) = session_id(&headers) {
        app.sessions.close(id);
    }
    ([app.cookie("", 0)], see_other("/")).into_response()
}
