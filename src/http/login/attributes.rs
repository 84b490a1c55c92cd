//! The choice of single attributes (OpenID Connect Core, 5.5.1): what a client asks one by one and does not call essential, the
//! person may leave out, in the browser that began and before a phone has shown the request. What is left is what her phone
//! shows and both its keys sign; tokens and history hold no more.

use std::collections::BTreeSet;

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use identity::LoginState;
use identity::pivot::Claim;

use super::{Bound, bound, noted};
use crate::http::pages::{Frame, Lang, Name, Texts};
use crate::{ApiError, AppState};

#[derive(Template)]
#[template(path = "attributes.html")]
struct AttributesPage {
    frame: Frame,
    path: String,
    client_name: String,
    /// In words.
    needed: Vec<&'static str>,
    optional: Vec<Choice>,
}

struct Choice {
    name: &'static str,
    words: &'static str,
    given: bool,
}

/// A login that still waits for a phone; every other one shows its own page.
async fn open(state: AppState, id: &str, headers: &HeaderMap, lang: &Lang) -> Result<Bound, Response> {
    let bound = bound(state, id, headers, lang).await?;
    let over = bound.login.is_expired(bound.state.now()) || bound.login.state != LoginState::Pending;
    if over || bound.request.optional_claims().is_empty() { Err(bound.again()) } else { Ok(bound) }
}

/// `GET /login/{id}/attributes`.
pub(super) async fn ask(
    State(state): State<AppState>,
    Name(id): Name,
    lang: Lang,
    headers: HeaderMap,
) -> Response {
    let bound = match open(state, &id, &headers, &lang).await {
        Ok(bound) => bound,
        Err(response) => return response,
    };
    let Some(client) = bound.state.client(bound.request.client_id()) else {
        return ApiError::internal("client is gone").into_response();
    };
    let (optional, given) = (bound.request.optional_claims(), bound.request.claims());
    let t = Texts::of(bound.language);
    let choice = |claim: &Claim| {
        let name = claim.as_str();
        Choice { name, words: t.claim_in_words(name), given: given.contains(claim) }
    };
    let page = AttributesPage {
        frame: Frame::new(&bound.state, bound.language),
        path: bound.path(),
        client_name: client.name().to_owned(),
        needed: given.difference(&optional).map(|claim| t.claim_in_words(claim.as_str())).collect(),
        optional: optional.iter().map(choice).collect(),
    };
    bound.render(&page)
}

/// `POST /login/{id}/attributes`: `claim=NAME` for each that is given; a box that is not ticked is not sent.
pub(super) async fn take(
    State(state): State<AppState>,
    Name(id): Name,
    lang: Lang,
    headers: HeaderMap,
    form: Bytes,
) -> Response {
    let bound = match open(state, &id, &headers, &lang).await {
        Ok(bound) => bound,
        Err(response) => return response,
    };
    let ticked = |claim: &Claim| {
        form.split(|byte| *byte == b'&')
            .any(|pair| pair.strip_prefix(b"claim=") == Some(claim.as_str().as_bytes()))
    };
    let declined: BTreeSet<Claim> =
        bound.request.optional_claims().into_iter().filter(|c| !ticked(c)).collect();
    let request = bound.request.clone().declining(&declined).to_bytes();
    let database = &bound.state.database;
    match database.change_request(&bound.login, bound.secret.bytes(), request, bound.state.now()).await {
        Ok(true) => bound.again(),
        // A phone was faster: what it shows stays.
        Ok(false) => noted(bound.again(), "login.claimed", None),
        Err(error) => ApiError::from(error).into_response(),
    }
}
