//! The enrolment API (`protocol::enrolment` says each body). The way of an enrolment:
//!
//! 1. [`opening`]: a challenge, then the phone's two attested keys. From here on the phone signs every request ([`call`]).
//! 2. [`person`]: consents, a verified e-mail address, and, once the chip is read, what the person declares.
//! 3. [`files`]: what was read from the chip, each file checked against EF.SOD before it is kept.
//! 4. [`chip`]: the proof of the chip, run by this server through the phone; the judgement of the whole document.
//! 5. [`holder`]: the signed result of a face engine, or [`desk`]: an agent; the decision on the holder.
//! 6. [`sealing`]: the PIN key, and the seal that makes the account.
//!
//! [`trace`] takes what an app recorded of a reading that failed, from whoever agreed to it.
//!
//! Handlers collect evidence and answer; [`document`] runs the checks of `verification` over it.

mod call;
mod challenge;
mod chip;
mod desk;
mod document;
mod files;
mod holder;
mod opening;
mod person;
mod sealing;
mod trace;
mod words;

use std::collections::HashMap;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::routing::{get, post, put};
use utoipa::OpenApi;

use self::call::{Phone, carry_out};
pub(super) use self::call::{attested_device, blocking};
pub(super) use self::document::Case;
pub(super) use self::holder::{portrait, record_decision};
use super::signed::MAX_JSON;
use crate::AppState;

/// A handler of signed requests.
macro_rules! signed {
    ($handler:path) => {
        signed!($handler, Phone::InEvidence, MAX_JSON)
    };
    ($handler:path, $phone:expr, $max:expr) => {
        |State(state): State<AppState>, Path(path): Path<HashMap<String, String>>, request: Request| {
            carry_out(state, path, request, $phone, $max, $handler)
        }
    };
}

/// The enrolment API.
pub fn routes() -> Router<AppState> {
    let at = |step: &str| format!("/v1/enrolments/{{id}}{step}");
    let aa = "/chip/active-authentication";
    Router::new()
        .route("/v1/config", get(opening::config))
        .route("/v1/places", get(person::places))
        .route("/v1/enrolments", post(opening::open))
        .route(&at(""), get(signed!(opening::progress)).delete(signed!(opening::cancel)))
        .route(&at("/device"), post(signed!(opening::device, Phone::InBody, MAX_JSON)))
        .route(&at("/consents"), put(signed!(person::consents)))
        .route(&at("/contact"), put(signed!(person::contact)))
        .route(&at("/contact/verify"), post(signed!(person::verify_contact)))
        .route(&at("/chip/files/{name}"), put(signed!(files::put, Phone::InEvidence, files::MAX_FILE)))
        .route(&at("/chip/authentication"), post(signed!(chip::begin_chip_authentication)))
        .route(&at("/chip/authentication/{attempt}"), post(signed!(chip::chip_authentication)))
        .route(&at(aa), post(signed!(chip::begin_active_authentication)))
        .route(&at(&format!("{aa}/{{attempt}}")), post(signed!(chip::active_authentication)))
        .route(&at("/chip/verify"), post(signed!(chip::verify)))
        .route(&at("/trace"), post(signed!(trace::add, Phone::InEvidence, trace::MAX_BODY)))
        .route(&at("/identity"), put(signed!(person::identity)))
        .route(&at("/face"), post(signed!(holder::begin)).put(signed!(holder::decide)))
        .route(&at("/face/steps"), post(signed!(challenge::step, Phone::InEvidence, challenge::MAX_STEP)))
        .route(&at("/desk"), post(signed!(desk::ask)).get(signed!(desk::status)))
        .route(&at("/desk/code"), post(signed!(desk::code)))
        .route(&at("/pin"), put(signed!(sealing::pin)))
        .route(&at("/seal"), post(signed!(sealing::seal)))
}

/// The description of these endpoints.
#[derive(OpenApi)]
#[openapi(paths(
    opening::config,
    opening::open,
    opening::device,
    opening::progress,
    opening::cancel,
    person::consents,
    person::contact,
    person::verify_contact,
    person::identity,
    person::places,
    files::put,
    chip::begin_chip_authentication,
    chip::chip_authentication,
    chip::begin_active_authentication,
    chip::active_authentication,
    chip::verify,
    trace::add,
    holder::begin,
    holder::decide,
    challenge::step,
    desk::ask,
    desk::code,
    desk::status,
    sealing::pin,
    sealing::seal,
))]
pub struct Description;
