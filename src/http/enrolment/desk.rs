//! The phone of an enrolment that is decided at a desk (the agent's pages: [`crate::http::desk`]).

use identity::{EvidenceKind, Step};
use protocol::enrolment::{Consents, DeskAppointment, DeskCode, DeskStatus};
use rand_core::Rng as _;
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::document::{Case, require, step_missing};
use super::holder::require_undecided;
use super::opening::missing;
use crate::ApiError;
use crate::http::signed::Answer;

/// How long a code can be typed, in seconds.
const CODE_LIFE: i64 = 60;
/// Codes that one enrolment's phone shows.
const MAX_CODES: i64 = 30;
const HOUR: i64 = 3600;

/// Content of [`EvidenceKind::DeskRequest`].
#[derive(Serialize, Deserialize)]
struct Asked {
    expires_at: clock::UnixTime,
}

/// The person will go to a desk: her enrolment waits longer. No consent to biometrics is needed; what an agent sees has a
/// text of its own.
#[utoipa::path(post, path = "/v1/enrolments/{id}/desk", tag = "holder", params(("id" = String, Path)),
    responses((status = 200, body = DeskAppointment)))]
pub(super) async fn ask(mut call: Call) -> Result<Answer, ApiError> {
    let desk = &call.state.config.desk;
    if desk.agents_file.is_none() {
        return Err(ApiError::new("desk.closed"));
    }
    let until = call.now.plus(desk.hold_hours * HOUR);
    require_undecided(&call).await?;
    // Whether the agent is the person herself is told by name and day of birth.
    require(&call, &[Step::Contact, Step::Identity]).await?;
    let consents: Consents =
        call.evidence(EvidenceKind::Consents).ok_or_else(|| step_missing(Step::Consents))?;
    let told = call.state.consents.iter().any(|document| document.entry.name == "desk");
    if told && !consents.given.iter().any(|consent| consent.name == "desk") {
        return Err(ApiError::new("consent.missing(desk)"));
    }
    let asked = match call.evidence(EvidenceKind::DeskRequest) {
        Some(asked) => asked,
        None => {
            let asked = Asked { expires_at: until };
            let content = serde_json::to_vec(&asked).map_err(ApiError::internal)?;
            call.keep(EvidenceKind::DeskRequest, content).await?;
            call.state.database.extend_enrolment(&call.enrolment.id, until, call.now).await?;
            asked
        }
    };
    Answer::json(&DeskAppointment { expires_at: asked.expires_at })
}

/// A code to show to the agent. This request is signed by the device key, so the code shows that the phone is at the desk:
/// a photograph of the QR code does not have it.
#[utoipa::path(post, path = "/v1/enrolments/{id}/desk/code", tag = "holder", params(("id" = String, Path)),
    responses((status = 200, body = DeskCode)))]
pub(super) async fn code(call: Call) -> Result<Answer, ApiError> {
    if call.enrolment.evidence.latest(EvidenceKind::DeskRequest).is_none() {
        return Err(ApiError::new("desk.not-asked"));
    }
    require_undecided(&call).await?;
    let (code, expires_at) = (six_digits(&mut call.state.rng()), call.now.plus(CODE_LIFE));
    if !call.state.database.show_desk_code(&call.enrolment.id, &code, expires_at, MAX_CODES).await? {
        return Err(ApiError::new("enrolment.attempts"));
    }
    Answer::json(&DeskCode { code, expires_at })
}

/// Whether the desk has decided.
#[utoipa::path(get, path = "/v1/enrolments/{id}/desk", tag = "holder", params(("id" = String, Path)),
    responses((status = 200, body = DeskStatus)))]
pub(super) async fn status(call: Call) -> Result<Answer, ApiError> {
    let decided = Case::of(&call).decision()?;
    let decision_id = decided.map(|decided| decided.id().to_owned());
    Answer::json(&DeskStatus { decision_id, missing: missing(&call).await? })
}

/// Six digits, each code as likely as any.
fn six_digits(rng: &mut rand_chacha::ChaCha20Rng) -> String {
    loop {
        // The largest multiple of a million below 2^32.
        let number = rng.next_u32();
        if number < 4_294_000_000 {
            return format!("{:06}", number % 1_000_000);
        }
    }
}
