//! The OpenID Connect endpoints: what `oidc` judges, `storage` counts once, and the broker calls.
//!
//! | endpoint | for |
//! |---|---|
//! | `GET`, `POST /authorize` | the browser: begins a login |
//! | `POST /token` | the client: its code becomes tokens, once |
//! | `GET`, `POST /userinfo` | the client: its access token reads the claims, once |
//! | `GET /.well-known/openid-configuration` (RFC 8414: `oauth-authorization-server`), `GET /jwks` | everybody: from memory |
//! | `POST /par` | the client: its request before the browser comes (RFC 9126) |
//! | `POST /bc-authorize` | the client: asks a person on her phone (CIBA) |
//! | `POST /introspect`, `POST /revoke` | the client: what its token is worth (RFC 7662), and its end (RFC 7009) |
//! | `GET`, `POST /logout` | the browser: its sessions end, and it goes back to its client |
//! | `GET /status` | whoever watches this server |

mod authorize;
mod backchannel;
mod discovery;
mod dpop;
mod introspection;
mod logout;
mod pushed;
pub(super) mod sso;
mod token;
mod userinfo;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use axum::routing::{get, post};
use clock::UnixTime;
use identity::{DocumentRecord, IdentityState};
use oidc::{AcceptedRequest, ApprovedLogin, Client, Evidence, Subject};
use storage::{Account, Grant};

use crate::AppState;
use crate::telemetry::Note;

/// The longest form, in bytes: what `oidc` reads at most.
const MAX_FORM: usize = 8192;

/// The endpoints.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/authorize", get(authorize::authorize).post(authorize::authorize))
        .route("/token", post(token::exchange))
        .route("/userinfo", get(userinfo::claims).post(userinfo::claims))
        .route("/.well-known/openid-configuration", get(discovery::metadata))
        .route("/.well-known/oauth-authorization-server", get(discovery::metadata))
        .route("/jwks", get(discovery::jwks))
        .route("/par", post(pushed::push))
        .route("/bc-authorize", post(backchannel::ask))
        .route("/introspect", post(introspection::introspect))
        .route("/revoke", post(introspection::revoke))
        .route("/logout", get(logout::logout).post(logout::logout))
        .route("/status", get(discovery::status))
}

/// Why there is no form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NoForm {
    /// Another media type.
    MediaType,
    /// Longer than [`MAX_FORM`], or cut off.
    Length,
}

/// Reads a form, of bounded length.
async fn form(headers: &HeaderMap, body: Body) -> Result<Bytes, NoForm> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.and_then(|value| value.split(';').next()).map(str::trim);
    if !media_type.is_some_and(|name| name.eq_ignore_ascii_case("application/x-www-form-urlencoded")) {
        return Err(NoForm::MediaType);
    }
    to_bytes(body, MAX_FORM).await.map_err(|_| NoForm::Length)
}

/// What a login was given for, read when its code or token was just used.
struct Granted {
    request: AcceptedRequest,
    approved: ApprovedLogin,
    account: Account,
    subject: Subject,
    /// The document that was read, if the request asks what it proved.
    document: Option<DocumentRecord>,
}

/// Why a code or token that was good gives nothing.
enum NotGranted {
    /// The identity is paused, blocked, expired or erased meanwhile, or does not reach the level any more.
    Identity(&'static str),
    /// The row, or the storage: trouble of ours.
    Trouble(String),
}

impl NotGranted {
    fn trouble(error: impl ToString) -> Self {
        Self::Trouble(error.to_string())
    }
}

impl From<oidc::Error> for NotGranted {
    fn from(error: oidc::Error) -> Self {
        match error {
            oidc::Error::Level => Self::Identity("level"),
            error => Self::trouble(error),
        }
    }
}

impl Granted {
    /// Reads it. The approval in the row must be the one of this login and this phone, and the person and the phone must
    /// still count.
    async fn read(state: &AppState, grant: Grant, now: UnixTime) -> Result<Self, NotGranted> {
        let request = AcceptedRequest::from_bytes(&grant.request)?;
        let approved = ApprovedLogin::from_bytes(grant.answer.as_deref().unwrap_or_default())?;
        if approved.login_id() != grant.login_id || Some(approved.device_id()) != grant.device_id.as_deref() {
            return Err(NotGranted::trouble("the approval is for another login"));
        }
        let account = grant.account.ok_or(NotGranted::Identity("erased"))?;
        if account.state != IdentityState::Active {
            return Err(NotGranted::Identity(account.state.as_str()));
        }
        if !grant.phone_counts {
            return Err(NotGranted::Identity("phone revoked"));
        }
        let client = state.clients.get(request.client_id()).ok_or(NotGranted::Identity("client"))?;
        let subject = subject(state, client, &account, now)?;
        if !request.is_for(subject.as_str()) {
            return Err(NotGranted::Identity("another person"));
        }
        let document = if request.asks_for_evidence() {
            let documents = state.database.documents_of(&account.identity_id).await;
            documents.map_err(NotGranted::trouble)?.pop()
        } else {
            None
        };
        Ok(Self { request, approved, account, subject, document })
    }

    fn evidence(&self) -> Option<Evidence<'_>> {
        let Account { pivot, facts, enrolled_at, .. } = &self.account;
        self.document.as_ref().map(|document| Evidence { pivot, facts, document, checked_at: *enrolled_at })
    }
}

/// A person as this client knows her.
///
/// # Errors
/// [`oidc::Error::Stored`].
pub(super) fn subject(
    state: &AppState,
    client: &Client,
    account: &Account,
    now: UnixTime,
) -> Result<Subject, oidc::Error> {
    let subject = Subject::new(&account.subject, account.level(now))?;
    Ok(subject.for_client(client, state.pairwise_key.expose()))
}

/// Adds what the log line says.
fn noted(
    mut response: Response,
    subject: Option<String>,
    code: Option<&str>,
    detail: Option<String>,
) -> Response {
    response.extensions_mut().insert(Note { subject, code: code.map(str::to_owned), detail });
    response
}

/// Names the media type of an answer that no cache may keep: an old one neither (RFC 6749, 5.1).
fn uncached(mut response: Response, media_type: &'static str) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

#[cfg(test)]
mod tests;
