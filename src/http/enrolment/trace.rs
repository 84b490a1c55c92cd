//! The trace of a reading that failed, from a person who agreed to send it: commands without their data. It is kept apart
//! from her enrolment.

use identity::EvidenceKind;
use mobile_bridge::{MAX_TRACE, outcome, read_trace};
use protocol::enrolment::{Consents, TraceReceipt};
use rand_core::Rng as _;
use storage::{Scope, TraceSummary};

use super::call::Call;
use crate::ApiError;
use crate::http::signed::Answer;

/// The text that must be agreed to.
const CONSENT: &str = "trace";
/// The longest trace, in bytes.
pub(super) const MAX_BODY: usize = MAX_TRACE;
/// How many traces one enrolment may send.
const MOST: i64 = 3;
const DAY: i64 = 86_400;

/// Keeps a trace.
#[utoipa::path(post, path = "/v1/enrolments/{id}/trace", tag = "chip", params(("id" = String, Path)),
    request_body(content = String, content_type = "application/x-ndjson"),
    responses((status = 200, body = TraceReceipt)))]
pub(super) async fn add(call: Call) -> Result<Answer, ApiError> {
    let consents: Option<Consents> = call.evidence(EvidenceKind::Consents);
    let agreed = consents.is_some_and(|consents| consents.given.iter().any(|given| given.name == CONSENT));
    let days = i64::from(call.state.config.enrolment.trace_days);
    if !agreed || days == 0 {
        return Err(ApiError::new(format!("consent.missing({CONSENT})")));
    }
    let malformed = |error: &dyn std::fmt::Display| ApiError::new("request.malformed").detail(error);
    let text = std::str::from_utf8(&call.body).map_err(|error| malformed(&error))?;
    let events = read_trace(text).map_err(|error| malformed(&error))?;
    let (scope, id) = (Scope::TraceByEnrolment, call.enrolment.id.as_bytes());
    if !call.state.database.count_use(scope, id, DAY, MOST, call.now).await? {
        return Err(ApiError::new("enrolment.attempts"));
    }
    let mut reference = [0; 8];
    call.state.rng().fill_bytes(&mut reference);
    let reference = hex::encode(reference);
    let kept_until = call.now.plus(days * DAY);
    let summary =
        TraceSummary { id: reference.clone(), received_at: call.now, outcome: outcome(&events).to_owned() };
    call.state.database.add_trace(summary, text.to_owned(), kept_until).await?;
    Answer::json(&TraceReceipt { reference, kept_until })
}
