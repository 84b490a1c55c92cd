//! Pages: plain HTML that works without scripts and without a mouse.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use crate::language::Texts;
use crate::{Acr, BrokerError, Check, Language, Login};

const STYLE: &str = include_str!("../templates/style.css");

/// What stands around a page.
pub(crate) struct Frame {
    t: &'static Texts,
    place: &'static str,
}

impl Frame {
    pub(crate) fn service(language: Language) -> Self {
        let t = Texts::of(language);
        Self { t, place: t.service }
    }

    pub(crate) fn broker(language: Language) -> Self {
        let t = Texts::of(language);
        Self { t, place: t.broker }
    }
}

#[derive(Template)]
#[template(path = "service.html")]
pub(crate) struct ServicePage {
    pub(crate) frame: Frame,
    pub(crate) acr: Acr,
}

#[derive(Template)]
#[template(path = "choice.html")]
pub(crate) struct ChoicePage {
    pub(crate) frame: Frame,
    /// The provider's OAuth code, and what to do about it.
    pub(crate) refusal: Option<(String, &'static str)>,
    pub(crate) acr: Acr,
}

#[derive(Template)]
#[template(path = "identity.html")]
pub(crate) struct IdentityPage<'a> {
    pub(crate) frame: Frame,
    pub(crate) login: &'a Login,
    pub(crate) language: Language,
}

#[derive(Template)]
#[template(path = "error.html")]
pub(crate) struct ErrorPage {
    pub(crate) frame: Frame,
    pub(crate) code: &'static str,
    pub(crate) text: String,
    /// What to do about it.
    pub(crate) advice: &'static str,
    /// What was passed before; empty if nothing was checked.
    pub(crate) passed: Vec<&'static str>,
    /// What comes after, and was not looked at.
    pub(crate) open: Vec<&'static str>,
}

impl ErrorPage {
    /// The page of a login that failed after these checks.
    pub(crate) fn new(error: &BrokerError, passed: &[Check], language: Language) -> Self {
        let words = |check: &Check| check.in_words(language);
        let after = passed.last().and_then(|last| Check::ALL.iter().position(|check| check == last));
        // The next one is the one that failed.
        let open = after.map_or(&[][..], |at| Check::ALL.get(at + 2..).unwrap_or_default());
        Self {
            frame: Frame::broker(language),
            code: error.code(),
            text: error.to_string(),
            advice: error.advice(language),
            passed: passed.iter().map(words).collect(),
            open: open.iter().map(words).collect(),
        }
    }
}

pub(crate) fn render(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

pub(crate) async fn style() -> Response {
    let content_type = HeaderValue::from_static("text/css; charset=utf-8");
    ([(header::CONTENT_TYPE, content_type)], STYLE).into_response()
}
