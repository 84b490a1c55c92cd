//! The proof of the chip, by a phone that is not trusted (docs/protocols.md, section 3). A task is open until its first
//! answer, right or wrong; another try is another task with another ephemeral key.

use clock::UnixTime;
use identity::evidence::{ChipAnswer, ChipAttempt};
use identity::{EvidenceKind, Step};
use lds::{Dg1, Dg14, Dg15};
use protocol::Base64;
use protocol::enrolment::{
    ActiveAuthentication, ActiveAuthenticationResponse, CheckLine, Checked, ChipAuthentication, ChipResponses,
};
use rand_core::Rng as _;
use storage::{AttemptKind, CloseOutcome, NewAttempt, OpenOutcome};
use verification::{AwaitChip, ChipAuthenticationTask, ChipProtocol, KeyDirectory, Rejection, TaskProtocol};

use super::call::{Call, blocking};
use super::document::{Case, lines, require, step_missing};
use super::opening::missing;
use super::words;
use crate::ApiError;
use crate::http::signed::{Answer, json};

/// How long a task waits for the chip's answer, in seconds.
const LIFE: i64 = 120;
/// The most responses to the proof commands, and the longest of them: EF.DG1 has less than 200 bytes.
const MAX_RESPONSES: usize = 16;
const MAX_RESPONSE: usize = 1024;

/// A task of Chip Authentication; `null` if the document does not offer it.
#[utoipa::path(post, path = "/v1/enrolments/{id}/chip/authentication", tag = "chip", params(("id" = String, Path)),
    responses((status = 200, body = Option<ChipAuthentication>)))]
pub(super) async fn begin_chip_authentication(call: Call) -> Result<Answer, ApiError> {
    let (case, mut rng) = (Case::of(&call), call.state.rng());
    let begun = blocking(move || {
        let object = case.security_object()?;
        let dg14 = case.group::<Dg14>(&object)?;
        if dg14.is_none() && object.data_groups().contains(&14) {
            return Err(step_missing(Step::Files));
        }
        let dg14 = dg14.filter(|dg14| dg14.content().announces_chip_authentication());
        let master_file = case.card_security(&object).filter(|file| file.announces_chip_authentication());
        let dg1 = || case.group::<Dg1>(&object)?.ok_or_else(|| step_missing(Step::Files));
        let begun = match (dg14, master_file) {
            (Some(dg14), _) => object.begin_chip_authentication(&dg14, &dg1()?, &mut rng),
            (None, Some(file)) => object.begin_chip_authentication_in_master_file(&file, &dg1()?, &mut rng),
            (None, None) => return Ok(None),
        };
        match begun {
            Ok((task, step)) => Ok(Some((task, step.suspend()))),
            // Another proof may do; that this one was announced and not given is told at the end.
            Err(Rejection::ChipAuthentication(_))
                if case.one_chip_proof_suffices() && object.data_groups().contains(&15) =>
            {
                Ok(None)
            }
            Err(rejection) => Err(rejection.into()),
        }
    });
    let Some((task, suspended)) = begun.await? else {
        return Answer::json(&None::<ChipAuthentication>);
    };
    let opened = open_attempt(&call, AttemptKind::ChipAuthentication, Base64(suspended.to_vec())).await?;
    let ChipAuthenticationTask { protocol, directory, key_reference, ephemeral_public_key, proof_commands } =
        task;
    Answer::json(&Some(ChipAuthentication {
        attempt: opened.attempt,
        at_ga_oid: match protocol {
            TaskProtocol::Kat => None,
            TaskProtocol::AtGa { oid } => Some(oid),
        },
        in_master_file: directory == KeyDirectory::MasterFile,
        key_reference: key_reference.map(Base64),
        ephemeral_public_key: Base64(ephemeral_public_key),
        proof_commands: proof_commands.into_iter().map(Base64).collect(),
        expires_at: opened.expires_at,
    }))
}

/// The chip's answers to the proof commands: they close the task, then they are judged.
#[utoipa::path(post, path = "/v1/enrolments/{id}/chip/authentication/{attempt}", tag = "chip",
    params(("id" = String, Path), ("attempt" = String, Path)),
    request_body = ChipResponses, responses((status = 200, body = Checked)))]
pub(super) async fn chip_authentication(mut call: Call) -> Result<Answer, ApiError> {
    let ChipResponses { responses } = call.json()?;
    if responses.len() > MAX_RESPONSES || responses.iter().any(|r| r.0.len() > MAX_RESPONSE) {
        return Err(ApiError::new("request.too-large"));
    }
    let attempt = close_attempt(&mut call, AttemptKind::ChipAuthentication, responses.clone()).await?;
    let responses: Vec<Vec<u8>> = responses.into_iter().map(|response| response.0).collect();
    AwaitChip::resume(&attempt.state.0)?.received(&responses)?;
    proved(&call, ChipProtocol::ChipAuthentication).await
}

/// A challenge of Active Authentication.
#[utoipa::path(post, path = "/v1/enrolments/{id}/chip/active-authentication", tag = "chip",
    params(("id" = String, Path)), responses((status = 200, body = ActiveAuthentication)))]
pub(super) async fn begin_active_authentication(call: Call) -> Result<Answer, ApiError> {
    let (case, mut rng) = (Case::of(&call), call.state.rng());
    let challenge = blocking(move || {
        let object = case.security_object()?;
        let dg15 = case.group::<Dg15>(&object)?.ok_or_else(|| step_missing(Step::Files))?;
        let dg14 = case.group::<Dg14>(&object)?;
        let (challenge, _) = object.begin_active_authentication(&dg15, dg14.as_ref(), &mut rng)?;
        Ok(Base64(challenge.to_vec()))
    });
    let challenge = challenge.await?;
    let opened = open_attempt(&call, AttemptKind::ActiveAuthentication, challenge.clone()).await?;
    let ChipAttempt { attempt, expires_at, .. } = opened;
    Answer::json(&ActiveAuthentication { attempt, challenge, expires_at })
}

/// The chip's signature: it closes the challenge, then it is judged.
#[utoipa::path(post, path = "/v1/enrolments/{id}/chip/active-authentication/{attempt}", tag = "chip",
    params(("id" = String, Path), ("attempt" = String, Path)),
    request_body = ActiveAuthenticationResponse, responses((status = 200, body = Checked)))]
pub(super) async fn active_authentication(mut call: Call) -> Result<Answer, ApiError> {
    let ActiveAuthenticationResponse { signature } = call.json()?;
    if signature.0.len() > 2 * MAX_RESPONSE {
        return Err(ApiError::new("request.too-large"));
    }
    let attempt =
        close_attempt(&mut call, AttemptKind::ActiveAuthentication, vec![signature.clone()]).await?;
    let case = Case::of(&call);
    let judged = blocking(move || {
        let object = case.security_object()?;
        let dg15 = case.group::<Dg15>(&object)?.ok_or_else(|| step_missing(Step::Files))?;
        let dg14 = case.group::<Dg14>(&object)?;
        let step = object.resume_active_authentication(&dg15, dg14.as_ref(), &attempt.state.0)?;
        Ok(step.received(&signature.0)?)
    });
    judged.await?;
    proved(&call, ChipProtocol::ActiveAuthentication).await
}

/// Judges the whole document: passive authentication, then every proof that it announces. Only now, with the chip
/// proved, is it told whether the document is enrolled: a copy of its files does not learn it.
#[utoipa::path(post, path = "/v1/enrolments/{id}/chip/verify", tag = "chip", params(("id" = String, Path)),
    responses((status = 200, body = Checked)))]
pub(super) async fn verify(call: Call) -> Result<Answer, ApiError> {
    require(&call, &[Step::Files]).await?;
    let case = Case::of(&call);
    let document = blocking(move || case.genuine()).await?;
    let mrz = &document.document().dg1().content().mrz;
    call.state.enrolment_policy.accepts_document(&mrz.document_code)?;
    let mut checks = lines(document.report(), &call);
    let proved = document.chip_proved();
    if proved
        && call
            .state
            .database
            .is_enrolled(&mrz.document_code, &mrz.issuing_state, &mrz.document_number)
            .await?
    {
        let text = words::already_enrolled(call.language);
        checks.push(CheckLine { id: "document.enrolled".into(), result: "passed".into(), text });
    }
    Answer::json(&Checked { checks, missing: missing(&call).await? })
}

async fn open_attempt(call: &Call, kind: AttemptKind, kept: Base64) -> Result<ChipAttempt, ApiError> {
    let mut name = [0; 16];
    call.state.rng().fill_bytes(&mut name);
    let attempt = ChipAttempt { attempt: hex::encode(name), state: kept, expires_at: expires(call.now) };
    let content = serde_json::to_vec(&attempt).map_err(ApiError::internal)?;
    let new = NewAttempt { kind, id: attempt.attempt.clone(), content, expires_at: attempt.expires_at };
    let limit = call.state.config.limits.chip_answers;
    match call.state.database.open_attempt(&call.enrolment, new, limit, call.now).await? {
        OpenOutcome::Opened => Ok(attempt),
        OpenOutcome::TooMany => Err(ApiError::new("enrolment.attempts")),
    }
}

fn expires(now: UnixTime) -> UnixTime {
    now.plus(LIFE)
}

/// The first answer closes an attempt, whatever it is worth; gives back what the attempt asked.
async fn close_attempt(
    call: &mut Call,
    kind: AttemptKind,
    responses: Vec<Base64>,
) -> Result<ChipAttempt, ApiError> {
    let attempt = call.path("attempt").to_owned();
    let answer = ChipAnswer { attempt: attempt.clone(), responses };
    let content = serde_json::to_vec(&answer).map_err(ApiError::internal)?;
    match call.state.database.close_attempt(&call.enrolment, kind, &attempt, &content, call.now).await? {
        CloseOutcome::Closed => {}
        CloseOutcome::AlreadyClosed => return Err(ApiError::new("chip.closed")),
        CloseOutcome::Expired => return Err(ApiError::new("chip.expired")),
        CloseOutcome::Unknown => return Err(ApiError::new("request.not-found")),
    }
    call.reload().await?;
    let asked = match kind {
        AttemptKind::ChipAuthentication => EvidenceKind::CaAttempt,
        AttemptKind::ActiveAuthentication => EvidenceKind::AaAttempt,
    };
    let items = call.enrolment.evidence.items.iter().filter(|item| item.kind == asked);
    let attempts = items.filter_map(|item| json::<ChipAttempt>(item.content.as_deref()?).ok());
    let closed = attempts.into_iter().find(|kept| kept.attempt == attempt);
    closed.ok_or_else(|| Rejection::ChipProofOfAnotherDocument.into())
}

async fn proved(call: &Call, protocol: ChipProtocol) -> Result<Answer, ApiError> {
    let id = format!("{}.proof", protocol.short_name());
    let text = words::chip_proved(protocol, call.language);
    let checks = vec![CheckLine { id, result: "passed".into(), text }];
    Answer::json(&Checked { checks, missing: missing(call).await? })
}
