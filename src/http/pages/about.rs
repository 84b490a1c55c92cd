//! What every identity provider must tell, and what helps: help, privacy and terms, accessibility; and the two files by which
//! a phone learns that our links belong to an app.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde_json::json;

use super::{Frame, Lang, message, render};
use crate::config::Conformity;
use crate::{ApiError, AppState};

/// These pages.
pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/", get(home))
        .route("/help", get(help))
        .route("/privacy", get(privacy))
        .route("/accessibility", get(accessibility))
        .route("/theme/{name}", get(theme))
        .route("/.well-known/assetlinks.json", get(android))
        .route("/.well-known/apple-app-site-association", get(apple))
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage<'a> {
    frame: Frame,
    app: Option<&'a str>,
}

/// `GET /`.
async fn home(State(state): State<AppState>, lang: Lang, headers: HeaderMap) -> Response {
    let app = state.config.server.app_url.as_deref().filter(|_| !state.config.is_demo());
    render(StatusCode::OK, &HomePage { frame: Frame::new(&state, lang.choose(&headers)), app })
}

#[derive(Template)]
#[template(path = "help.html")]
struct HelpPage {
    frame: Frame,
    minimum_age: u8,
}

/// `GET /help`.
async fn help(State(state): State<AppState>, lang: Lang, headers: HeaderMap) -> Response {
    let minimum_age = state.config.enrolment.minimum_age;
    render(StatusCode::OK, &HelpPage { frame: Frame::new(&state, lang.choose(&headers)), minimum_age })
}

/// A text to consent to, as the list names it.
struct Document<'a> {
    name: &'a str,
    version: &'a str,
}

#[derive(Template)]
#[template(path = "privacy.html")]
struct PrivacyPage<'a> {
    frame: Frame,
    operator: &'a str,
    documents: Vec<Document<'a>>,
}

/// `GET /privacy`: what is kept, for how long, and the texts with their versions.
async fn privacy(State(state): State<AppState>, lang: Lang, headers: HeaderMap) -> Response {
    let documents = state.consents.iter().map(|document| &document.entry);
    let documents = documents.map(|entry| Document { name: &entry.name, version: &entry.version }).collect();
    let frame = Frame::new(&state, lang.choose(&headers));
    render(StatusCode::OK, &PrivacyPage { frame, operator: &state.config.pages.operator, documents })
}

#[derive(Template)]
#[template(path = "accessibility.html")]
struct AccessibilityPage<'a> {
    frame: Frame,
    operator: &'a str,
    conformity: Conformity,
}

/// `GET /accessibility`: the declaration that the RGAA asks for (décret 2019-768, article 3).
async fn accessibility(State(state): State<AppState>, lang: Lang, headers: HeaderMap) -> Response {
    let frame = Frame::new(&state, lang.choose(&headers));
    let (operator, conformity) = (state.config.pages.operator.as_str(), state.config.pages.accessibility);
    render(StatusCode::OK, &AccessibilityPage { frame, operator, conformity })
}

/// `GET /theme/{name}`: a file of the deployer's theme.
async fn theme(State(state): State<AppState>, uri: Uri, lang: Lang, headers: HeaderMap) -> Response {
    let Some(file) = state.theme.file(uri.path()) else {
        let words = |t: &super::Texts| (t.error_title, t.request_error);
        let language = lang.choose(&headers);
        return message(&state, language, StatusCode::NOT_FOUND, words, None, "request.not-found");
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(file.media_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
    ];
    (headers, file.content.clone()).into_response()
}

/// `GET /.well-known/assetlinks.json`: the Android apps that may open our links (Digital Asset Links): those whose keys are
/// accepted.
async fn android(State(state): State<AppState>) -> Response {
    let links = state.config.attestation.applications.iter().map(|app| {
        let digests: Vec<String> = app.signer_sha256.iter().map(|digest| with_colons(digest)).collect();
        json!({
            "relation": ["delegate_permission/common.handle_all_urls"],
            "target": {
                "namespace": "android_app",
                "package_name": app.package_name,
                "sha256_cert_fingerprints": digests,
            },
        })
    });
    cached(&json!(links.collect::<Vec<_>>()))
}

/// `06ab..` as `06:AB:..`.
fn with_colons(digest: &str) -> String {
    let digits: Vec<char> = digest.chars().filter(char::is_ascii_hexdigit).collect();
    let pairs: Vec<String> = digits.chunks(2).map(|pair| pair.iter().collect::<String>()).collect();
    pairs.join(":").to_ascii_uppercase()
}

/// `GET /.well-known/apple-app-site-association`: the apps on iOS that may open our links (Universal Links): the app
/// link and the QR code, nothing else, so that a resume link stays in the browser that began.
async fn apple(State(state): State<AppState>) -> Response {
    let details =
        json!([{ "appIDs": state.config.attestation.apple_app_ids, "components": [{ "/": "/app/*" }] }]);
    let details = if state.config.attestation.apple_app_ids.is_empty() { json!([]) } else { details };
    cached(&json!({ "applinks": { "details": details } }))
}

fn cached(value: &serde_json::Value) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => {
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
                (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600")),
            ];
            (headers, body).into_response()
        }
        Err(error) => ApiError::internal(error).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_written_as_android_reads_it() {
        assert_eq!(with_colons("06ab0f"), "06:AB:0F");
        assert_eq!(with_colons("06:AB:0F"), "06:AB:0F");
    }
}
