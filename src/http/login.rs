//! The login pages, for the browser that began (docs/protocols.md, section 6).

use askama::Template;
use axum::Router;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Form, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use identity::LoginState;
use identity::login::{LOGIN_LIFE, LoginKind};
use oidc::{AcceptedRequest, Code, ErrorCode, RedirectError};
use protocol::codes::Language;
use rand_core::Rng as _;
use serde::Deserialize;
use storage::{Created, Login, NewLogin, ReleaseOutcome};

mod attributes;

use super::address::ClientAddress;
use super::browser::{BrowserSecret, clear_cookie};
use super::headers::policy_with_form_target;
use super::oidc::sso;
use super::own;
use super::pages::{self, Action, Frame, Lang, Name, Texts, browser_in_words, is_phone, qr_svg};
use super::session;
use crate::metrics::LoginOutcome;
use crate::telemetry::Note;
use crate::{ApiError, AppState};

/// Seconds between two looks while a phone is awaited.
const REFRESH: i64 = 5;
/// The longest form, in bytes.
const MAX_FORM: usize = 1024;

/// The login pages.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/login/resume", get(resume))
        .route("/login/{id}", get(page))
        .route("/login/{id}/release", post(release))
        .route("/login/{id}/attributes", get(attributes::ask).post(attributes::take))
        .route("/login/{id}/cancel", post(cancel))
        .layer(DefaultBodyLimit::max(MAX_FORM))
}

/// What the phone is shown of the browser that waits.
pub(in crate::http) struct Context {
    pub(super) browser: String,
    pub(super) address: String,
}

impl Context {
    pub(super) fn of(headers: &HeaderMap, address: ClientAddress) -> Self {
        Self { browser: browser_in_words(user_agent(headers)), address: address.subscriber().to_string() }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        format!("{}\n{}", self.browser, self.address).into_bytes()
    }

    /// Reads what the row holds.
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (browser, address) = text.split_once('\n').unwrap_or((&text, ""));
        Self { browser: browser.to_owned(), address: address.to_owned() }
    }
}

/// Begins a login for an accepted request: one row, one secret for the browser, and on to the page.
pub(super) async fn begin(
    state: &AppState,
    request: &AcceptedRequest,
    headers: &HeaderMap,
    address: ClientAddress,
) -> Response {
    let mut rng = state.rng();
    let secret = BrowserSecret::generate(&mut rng);
    let mut name = [0; 16];
    rng.fill_bytes(&mut name);
    let (id, now) = (hex::encode(name), state.now());
    let new = NewLogin {
        id: id.clone(),
        client_id: request.client_id().to_owned(),
        link_handle: secret.handle(&id, LoginKind::Link).into_bytes(),
        qr_handle: secret.handle(&id, LoginKind::Qr).into_bytes(),
        browser_secret: secret.bytes().to_vec(),
        request: request.to_bytes(),
        context: Context::of(headers, address).to_bytes(),
        created_at: now,
        expires_at: now.plus(LOGIN_LIFE),
    };
    match state.database.create_login(new, state.config.limits.pending_logins).await {
        Ok(Created::Stored) => {
            state.metrics.login(LoginOutcome::Begun);
            let mut response = see_other(&format!("/login/{id}"));
            response.headers_mut().extend(secret.set_cookie(state, &id).map(|c| (header::SET_COOKIE, c)));
            response.extensions_mut().insert(Note { subject: Some(id), ..Note::default() });
            response
        }
        Ok(Created::Full) => turned_away(state, request),
        Err(error) => {
            let refused = request.refuse(&state.config.issuer, ErrorCode::ServerError, "our own trouble");
            noted(refusal(&refused), "server.storage", Some(error.to_string()))
        }
    }
}

/// Too many logins wait.
pub(super) fn turned_away(state: &AppState, request: &AcceptedRequest) -> Response {
    state.metrics.login(LoginOutcome::TurnedAway);
    let (code, why) = (ErrorCode::TemporarilyUnavailable, "too many logins are waiting");
    refusal(&request.refuse(&state.config.issuer, code, why))
}

/// A redirect by 303: a POST never travels on (RFC 9700, 4.12).
pub(super) fn see_other(location: &str) -> Response {
    match HeaderValue::try_from(location) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(error) => ApiError::internal(error).into_response(),
    }
}

/// A refusal that goes to the client.
pub(super) fn refusal(error: &RedirectError) -> Response {
    noted(see_other(&error.location()), error.error.as_str(), None)
}

fn noted(mut response: Response, code: &str, detail: Option<String>) -> Response {
    response.extensions_mut().insert(Note { subject: None, code: Some(code.to_owned()), detail });
    response
}

/// A login in the browser that began it.
struct Bound {
    state: AppState,
    login: Login,
    request: AcceptedRequest,
    secret: BrowserSecret,
    language: Language,
}

/// The login of this browser; otherwise the page that says why not. Whether a login exists is told to no other browser.
async fn bound(state: AppState, id: &str, headers: &HeaderMap, lang: &Lang) -> Result<Bound, Response> {
    let language = lang.choose(headers);
    let other = || {
        let words = |t: &Texts| (t.other_browser_title, t.other_browser);
        pages::message(&state, language, StatusCode::FORBIDDEN, words, None, "login.other-browser")
    };
    let secret = BrowserSecret::of(&state, headers, id).ok_or_else(other)?;
    let login = state.database.load_login(id).await.map_err(|error| ApiError::from(error).into_response())?;
    let Some(login) = login.filter(|login| login.is_of_browser(secret.bytes())) else {
        return Err(other());
    };
    let request =
        AcceptedRequest::from_bytes(&login.request).map_err(|e| ApiError::internal(e).into_response())?;
    Ok(Bound { state, login, request, secret, language })
}

impl Bound {
    fn path(&self) -> String {
        format!("/login/{}", self.login.id)
    }

    /// The page again, as its state is now.
    fn again(&self) -> Response {
        let lang = Texts::of(self.language).lang;
        see_other(&format!("{}?lang={lang}", self.path()))
    }

    fn refused(&self, description: &'static str) -> RedirectError {
        self.request.refuse(&self.state.config.issuer, ErrorCode::AccessDenied, description)
    }

    /// Back to the client without a login.
    fn go_back(&self, description: &'static str) -> Response {
        self.finished(refusal(&self.refused(description)))
    }

    /// The browser's part is over: its secret is taken back.
    fn finished(&self, mut response: Response) -> Response {
        let cookie = clear_cookie(&self.state, &self.login.id);
        cookie.map(|cookie| response.headers_mut().append(header::SET_COOKIE, cookie));
        response
    }

    /// Mints the code as the browser is redirected; a login to our own pages becomes a session.
    async fn go_on(&self) -> Response {
        if own::is_own(&self.request) {
            return match session::enter(&self.state, &self.login, &self.request, &self.secret, self.language)
                .await
            {
                Ok(Some(response)) => {
                    self.state.metrics.login(LoginOutcome::Completed);
                    self.finished(response)
                }
                Ok(None) => self.again(),
                Err(error) => error.into_response(),
            };
        }
        let code = Code::generate(&mut self.state.rng());
        let (id, now) = (&self.login.id, self.state.now());
        // Of the logins that one pushed request began, one gets a code (RFC 9126, 7.3).
        if let Some(uri) = self.request.pushed() {
            match self.state.database.take_pushed_request(uri).await {
                Ok(true) => {}
                Ok(false) => return self.go_back("the pushed request was used before"),
                Err(error) => return ApiError::from(error).into_response(),
            }
        }
        let issued =
            self.state.database.issue_code(id, self.secret.bytes(), code.as_str().as_bytes(), now).await;
        match issued {
            Ok(Some(login)) => {
                self.state.metrics.login(LoginOutcome::Completed);
                let there = see_other(&self.request.success_location(&self.state.config.issuer, &code));
                self.finished(sso::remember(&self.state, &login, there).await)
            }
            Ok(None) => self.again(),
            Err(error) => ApiError::from(error).into_response(),
        }
    }

    fn timed_out(&self) -> Response {
        let label = Texts::of(self.language).start_again;
        let action = Action { href: self.refused("the login expired").location(), label };
        let words = |t: &Texts| (t.timeout_title, t.timeout);
        pages::message(&self.state, self.language, StatusCode::OK, words, Some(action), "login.expired")
    }

    async fn view(&self, headers: &HeaderMap) -> Result<View, ApiError> {
        let (state, login) = (&self.state, &self.login);
        let t = Texts::of(self.language);
        let client = state.client(self.request.client_id());
        let client = client.ok_or_else(|| ApiError::internal("client is gone"))?;
        let qr_handle = self.secret.handle(&login.id, LoginKind::Qr);
        let link_handle = self.secret.handle(&login.id, LoginKind::Link);
        let app = |handle: &str| format!("{}/app/{handle}", state.config.issuer);
        // A change of the account is approved, not a sign-in begun.
        let approval = own::change_of(state, &self.request).is_some();
        let title = match approval {
            true => t.approve_title.to_owned(),
            false => format!("{} {}", t.login_title, client.name()),
        };
        let level = self.request.acr().first().map_or("", |level| t.level_in_words(*level));
        Ok(View {
            path: self.path(),
            login_id: login.id.clone(),
            state: format!("{:?}", login.state).to_lowercase(),
            claimed: login.state == LoginState::Claimed,
            title,
            approval,
            client_name: client.name().to_owned(),
            notice: own::notice(state, &self.request, self.language).await?,
            attributes: self.request.claims().into_iter().map(|c| t.claim_in_words(c.as_str())).collect(),
            choice: login.state == LoginState::Pending && !self.request.optional_claims().is_empty(),
            level,
            time_left: pages::time_left(login.expires_at, state.now()),
            qr_svg: qr_svg(&app(&qr_handle), t.qr_label).map_err(ApiError::internal)?,
            link_url: app(&link_handle),
            qr_handle,
            link_handle,
            phone_first: is_phone(user_agent(headers)),
        })
    }

    /// A page whose forms may end at the client.
    fn render(&self, page: &impl Template) -> Response {
        let mut response = pages::render(StatusCode::OK, page);
        let policy = policy_with_form_target(self.request.redirect_origin());
        response.headers_mut().extend(policy.map(|policy| (header::CONTENT_SECURITY_POLICY, policy)));
        response
    }

    /// The page of a login that still waits.
    async fn show(&self, headers: &HeaderMap, still: bool) -> Result<Response, ApiError> {
        let view = self.view(headers).await?;
        let mut frame = Frame::new(&self.state, self.language);
        // A page that is typed into is loaded again only when its time is over.
        let rest = self.login.expires_at.since(self.state.now()) + 1;
        let waits = matches!(self.login.state, LoginState::Pending | LoginState::Claimed);
        // A page that loads itself again disturbs who reads it aloud or slowly (WCAG 2.2, 2.2.1): it can be told not to.
        frame.refresh = (!(waits && still)).then_some(if waits { REFRESH } else { rest });
        Ok(match (waits, self.login.kind) {
            (true, _) => self.render(&LoginPage { frame, view: &view, still }),
            (false, Some(LoginKind::Link)) => self.render(&FollowPage { frame, view: &view }),
            (false, _) => {
                let tries = self.login.release_tries;
                let tries_left = (tries > 0).then_some(identity::login::RELEASE_TRIES - tries);
                self.render(&ReleasePage { frame, view: &view, tries_left })
            }
        })
    }
}

/// What the templates show of a login.
struct View {
    path: String,
    login_id: String,
    state: String,
    claimed: bool,
    title: String,
    approval: bool,
    client_name: String,
    notice: String,
    attributes: Vec<&'static str>,
    /// Some of them may be left out, and no phone has shown them yet.
    choice: bool,
    level: &'static str,
    time_left: String,
    qr_svg: String,
    qr_handle: String,
    link_handle: String,
    link_url: String,
    phone_first: bool,
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    frame: Frame,
    view: &'a View,
    still: bool,
}

#[derive(Template)]
#[template(path = "release.html")]
struct ReleasePage<'a> {
    frame: Frame,
    view: &'a View,
    tries_left: Option<i64>,
}

#[derive(Template)]
#[template(path = "follow.html")]
struct FollowPage<'a> {
    frame: Frame,
    view: &'a View,
}

/// `GET /login/{id}`: the page, by the login's state.
async fn page(
    State(state): State<AppState>,
    Name(id): Name,
    lang: Lang,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let bound = match bound(state, &id, &headers, &lang).await {
        Ok(bound) => bound,
        Err(response) => return response,
    };
    let expired = bound.login.is_expired(bound.state.now());
    match bound.login.state {
        LoginState::Refused => bound.go_back("the person refused"),
        LoginState::Cancelled => bound.go_back("the person went back"),
        LoginState::CodeIssued | LoginState::Redeemed | LoginState::Delivered | LoginState::Revoked => {
            let words = |t: &Texts| (t.done_title, t.done);
            pages::message(&bound.state, bound.language, StatusCode::OK, words, None, "")
        }
        _ if expired => bound.timed_out(),
        LoginState::Released => bound.go_on().await,
        LoginState::Pending | LoginState::Claimed | LoginState::Approved => {
            let still = uri.query().is_some_and(|query| query.split('&').any(|part| part == "reload=off"));
            bound.show(&headers, still).await.unwrap_or_else(|error| error.into_response())
        }
    }
}

/// The form of the release code.
#[derive(Deserialize)]
struct Release {
    #[serde(default)]
    code: String,
}

/// `POST /login/{id}/release`: the six digits that the phone showed. Three wrong ones refuse the login.
async fn release(
    State(state): State<AppState>,
    Name(id): Name,
    lang: Lang,
    headers: HeaderMap,
    form: Result<Form<Release>, FormRejection>,
) -> Response {
    let form = match form {
        Ok(Form(form)) => form,
        Err(error) => {
            let words = |t: &Texts| (t.error_title, t.request_error);
            let language = lang.choose(&headers);
            return pages::message(&state, language, error.status(), words, None, "request.malformed");
        }
    };
    let digits: String = form.code.chars().filter(|c| !c.is_whitespace()).take(64).collect();
    match bound(state, &id, &headers, &lang).await {
        // An empty field is a slip, not a guess.
        Ok(bound) if digits.is_empty() => bound.again(),
        Ok(bound) => let_go(&bound, LoginKind::Qr, &digits).await,
        Err(response) => response,
    }
}

/// `?t=..` of the resume link.
#[derive(Deserialize)]
struct Resume {
    t: String,
}

/// `GET /login/resume?t=..`: where the app on the same phone leads. Only the browser that began goes on.
async fn resume(
    State(state): State<AppState>,
    resume: Result<Query<Resume>, QueryRejection>,
    lang: Lang,
    headers: HeaderMap,
) -> Response {
    let t = resume.map(|Query(resume)| resume.t).unwrap_or_default();
    let (id, token) = t.split_once('.').unwrap_or((&t, ""));
    match bound(state, id, &headers, &lang).await {
        Ok(bound) => let_go(&bound, LoginKind::Link, token).await,
        Err(response) => response,
    }
}

/// Judges a release code or resume token.
async fn let_go(bound: &Bound, kind: LoginKind, release_secret: &str) -> Response {
    let (id, now) = (&bound.login.id, bound.state.now());
    let database = &bound.state.database;
    match database.release_login(id, bound.secret.bytes(), kind, release_secret.as_bytes(), now).await {
        Ok(ReleaseOutcome::Released) => bound.go_on().await,
        Ok(ReleaseOutcome::Refused) => {
            bound.state.metrics.login(LoginOutcome::WrongCode);
            bound.go_back("the release code was wrong three times")
        }
        Ok(ReleaseOutcome::Wrong(_)) => noted(bound.again(), "login.release-code", None),
        Ok(ReleaseOutcome::NotReady) => bound.again(),
        Err(error) => ApiError::from(error).into_response(),
    }
}

/// `POST /login/{id}/cancel`: back to the client. A login that a code was issued for stays as it is.
async fn cancel(State(state): State<AppState>, Name(id): Name, lang: Lang, headers: HeaderMap) -> Response {
    let bound = match bound(state, &id, &headers, &lang).await {
        Ok(bound) => bound,
        Err(response) => return response,
    };
    match bound.state.database.cancel_login(&bound.login.id, bound.secret.bytes()).await {
        Ok(true) => {
            bound.state.metrics.login(LoginOutcome::Cancelled);
            bound.go_back("the person went back")
        }
        Ok(false) => bound.again(),
        Err(error) => ApiError::from(error).into_response(),
    }
}

fn user_agent(headers: &HeaderMap) -> &str {
    headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
