//! The session of a person in our own pages: begun by a login ([`super::own`]), held by a cookie.
//!
//! A handler that takes [`Session`] is reached by a person with a living session only; one that takes [`SessionForm`]
//! by a form of that session's pages only. Everybody else sees the page that leads to the login.

use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, RawForm, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use clock::UnixTime;
use crypto::{ct_eq, hkdf_sha256};
use identity::Level;
use oidc::{AcceptedRequest, ApprovedLogin};
use protocol::Base64;
use protocol::codes::Language;
use rand_core::Rng as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use storage::Login;
use storage::session::SESSION_LIFE;
use zeroize::Zeroizing;

use super::account;
use super::address::ClientAddress;
use super::browser::{BrowserSecret, cookie, cookie_value};
use super::login::{self, see_other};
use super::own;
use super::pages::{self, Frame, Lang, Texts};
use crate::{ApiError, AppState};

/// The cookie's name, behind its prefix.
const COOKIE: &str = "session";
/// The longest form, in bytes.
const MAX_FORM: usize = 16 * 1024;

/// Beginning and ending a session.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/session", post(begin))
        .route("/session/end", post(end))
        .layer(DefaultBodyLimit::max(MAX_FORM))
}

/// A person in our own pages.
pub struct Session {
    /// The identity.
    pub identity: String,
    /// The phone that approved.
    pub device: String,
    /// The level that was approved.
    pub level: Level,
    /// When.
    pub authenticated_at: UnixTime,
    secret: Zeroizing<[u8; 32]>,
}

impl Session {
    /// The value of the field `csrf` of every form: no other page knows it.
    #[must_use]
    pub fn csrf(&self) -> String {
        Base64(hkdf_sha256(self.secret.as_slice(), b"", b"sceau/csrf/v1", 32).to_vec()).to_string()
    }

    async fn of(state: &AppState, headers: &HeaderMap) -> Result<Option<Self>, ApiError> {
        let value = cookie_value(state, headers, COOKIE);
        let secret =
            value.and_then(|value| value.parse::<Base64>().ok()).map(|value| Zeroizing::new(value.0));
        let secret = secret.and_then(|secret| <[u8; 32]>::try_from(secret.as_slice()).ok());
        let Some(secret) = secret.map(Zeroizing::new) else { return Ok(None) };
        let session = state.database.use_session(secret.as_slice(), state.now()).await?;
        Ok(session.map(|session| Self {
            identity: session.identity_id,
            device: session.device_id,
            level: session.level,
            authenticated_at: session.authenticated_at,
            secret,
        }))
    }
}

impl FromRequestParts<AppState> for Session {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        match Self::of(state, &parts.headers).await {
            Ok(Some(session)) => Ok(session),
            Ok(None) => Err(sign_in(state, Lang::of(parts), &parts.uri, StatusCode::UNAUTHORIZED)),
            Err(error) => Err(error.into_response()),
        }
    }
}

/// The session, or `None` without one.
pub struct MaybeSession(pub Option<Session>);

impl FromRequestParts<AppState> for MaybeSession {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        Session::of(state, &parts.headers).await.map(Self).map_err(|error| error.into_response())
    }
}

/// A form of a page of this session: its field `csrf` is the session's.
pub struct SessionForm<T> {
    /// The session.
    pub session: Session,
    /// The fields.
    pub form: T,
}

/// The field that every form of a session has.
#[derive(Deserialize)]
struct Csrf {
    csrf: String,
}

impl<T: DeserializeOwned> FromRequest<AppState> for SessionForm<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let session = Session::from_request_parts(&mut parts, state).await?;
        let language = Lang::of(&parts);
        let refused = |code| {
            let words = |t: &Texts| (t.form_title, t.form_refused);
            pages::message(state, language, StatusCode::FORBIDDEN, words, None, code)
        };
        let form = RawForm::from_request(Request::from_parts(parts, body), state).await;
        let RawForm(bytes) = form.map_err(|_| refused("request.malformed"))?;
        let token: Result<Csrf, _> = serde_urlencoded::from_bytes(&bytes);
        if !token.is_ok_and(|token| ct_eq(token.csrf.as_bytes(), session.csrf().as_bytes())) {
            return Err(refused("session.form"));
        }
        let form = serde_urlencoded::from_bytes(&bytes).map_err(|_| refused("request.malformed"))?;
        Ok(Self { session, form })
    }
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    frame: Frame,
    to: &'a str,
    notice: &'a str,
    refused: bool,
}

/// The page that leads to the login of one of our own pages: of the one asked for, or else of the account.
#[must_use]
pub fn sign_in(state: &AppState, language: Language, uri: &Uri, status: StatusCode) -> Response {
    let path = uri.path();
    let of = |(entrance, _): &&(&'static str, _)| {
        path.strip_prefix(entrance).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let (to, words) = own::ENTRANCES.iter().find(of).unwrap_or(&own::ENTRANCES[0]);
    let frame = Frame::new(state, language);
    let notice = words(frame.t);
    // A login that was refused or took too long leads here with an error (RFC 6749, 4.1.2.1).
    let refused = uri.query().is_some_and(|query| query.starts_with("error=") || query.contains("&error="));
    pages::render(status, &SignInPage { frame, to, notice, refused })
}

/// Where a login shall lead.
#[derive(Deserialize)]
struct Begin {
    #[serde(default)]
    to: String,
}

/// `POST /session`: begins a login to one of our own pages.
async fn begin(
    State(state): State<AppState>,
    address: ClientAddress,
    headers: HeaderMap,
    form: Result<axum::Form<Begin>, axum::extract::rejection::FormRejection>,
) -> Response {
    let to = form.map(|axum::Form(form)| form.to).unwrap_or_default();
    match own::request(&state, &to) {
        Ok(request) => login::begin(&state, &request, &headers, address).await,
        Err(error) => error.into_response(),
    }
}

/// Makes a session of a login that was released in this browser, and leads to its page. `None`: it does not count any more.
pub(super) async fn enter(
    state: &AppState,
    login: &Login,
    request: &AcceptedRequest,
    browser: &BrowserSecret,
    language: Language,
) -> Result<Option<Response>, ApiError> {
    let approved = ApprovedLogin::from_bytes(login.answer.as_deref().unwrap_or_default());
    let approved = approved.map_err(ApiError::internal)?;
    if approved.login_id() != login.id || Some(approved.device_id()) != login.device_id.as_deref() {
        return Err(ApiError::internal("the approval is for another login"));
    }
    let session = storage::Session {
        identity_id: login.identity_id.clone().unwrap_or_default(),
        device_id: approved.device_id().to_owned(),
        level: approved.acr(),
        authenticated_at: approved.auth_time(),
    };
    let mut secret = Zeroizing::new([0; 32]);
    state.rng().fill_bytes(&mut *secret);
    let (database, now) = (&state.database, state.now());
    if !database.open_session(login, browser.bytes(), own::CLIENT, secret.as_slice(), session, now).await? {
        return Ok(None);
    }
    let value = Base64(secret.to_vec()).to_string();
    let mut response = match own::change_of(state, request) {
        Some(change) => {
            let identity = login.identity_id.as_deref().unwrap_or_default();
            account::approved(state, change, identity, language).await?
        }
        None => see_other(request.redirect_uri()),
    };
    response.headers_mut().extend(set_cookie(state, &value, SESSION_LIFE));
    Ok(Some(response))
}

/// No fields beside `csrf`.
#[derive(Deserialize)]
pub struct Nothing {}

/// `POST /session/end`: signs out.
async fn end(
    State(state): State<AppState>,
    lang: Lang,
    headers: HeaderMap,
    form: SessionForm<Nothing>,
) -> Response {
    if let Err(error) = state.database.end_session(form.session.secret.as_slice()).await {
        return ApiError::from(error).into_response();
    }
    let words = |t: &Texts| (t.logout_title, t.logout);
    let mut response = pages::message(&state, lang.choose(&headers), StatusCode::OK, words, None, "");
    response.headers_mut().extend(set_cookie(&state, "", 0));
    response
}

fn set_cookie(state: &AppState, value: &str, life: i64) -> Option<(header::HeaderName, HeaderValue)> {
    cookie(state, COOKIE, value, life).map(|cookie| (header::SET_COOKIE, cookie))
}
