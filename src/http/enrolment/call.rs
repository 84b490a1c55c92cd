//! One signed request of an enrolment: by the phone whose keys were attested, new, in its place. Then its handler runs.

use std::collections::HashMap;
use std::future::Future;

use axum::body::Bytes;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use clock::UnixTime;
use crypto::hmac_sha256;
use identity::{Device, EnrolmentState, EvidenceKind};
use protocol::Base64;
use protocol::codes::{Language, public_code};
use protocol::enrolment::DeviceAttestation;
use serde::de::DeserializeOwned;
use storage::{AuditEvent, NewEvidence, OpenedEnrolment, Scope};
use zeroize::Zeroizing;

use super::opening::OPENING;
use crate::http::signed::{Answer, SignedCall, fresh, json};
use crate::{ApiError, AppState};

/// How often the attestation of one enrolment is judged: each time costs a dozen signatures.
const MAX_ATTESTATIONS: i64 = 5;

/// A request that was taken.
pub(super) struct Call {
    pub(super) state: AppState,
    pub(super) enrolment: OpenedEnrolment,
    /// The phone.
    pub(super) device: Device,
    /// When the request was received.
    pub(super) now: UnixTime,
    pub(super) language: Language,
    pub(super) body: Bytes,
    bearer: Zeroizing<Vec<u8>>,
    path: HashMap<String, String>,
}

impl Call {
    /// The JSON body.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        json(&self.body)
    }

    /// A part of the path.
    pub(super) fn path(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// The bytes of the newest piece of a kind, as JSON.
    pub(super) fn evidence<T: DeserializeOwned>(&self, kind: EvidenceKind) -> Option<T> {
        serde_json::from_slice(self.enrolment.evidence.content(kind)?).ok()
    }

    /// Appends the body as evidence.
    pub(super) async fn keep_body(&mut self, kind: EvidenceKind) -> Result<(), ApiError> {
        let body = self.body.to_vec();
        self.keep(kind, body).await
    }

    /// Appends evidence, and loads what is there now.
    pub(super) async fn keep(
        &mut self,
        kind: EvidenceKind,
        content: impl Into<Vec<u8>>,
    ) -> Result<(), ApiError> {
        let piece = NewEvidence::new(kind, content);
        self.state.database.append_evidence(&self.enrolment, vec![piece], self.now).await?;
        self.reload().await
    }

    /// Gives the open enrolment another end.
    pub(super) async fn open_until(&mut self, expires_at: UnixTime) -> Result<(), ApiError> {
        self.state.database.extend_enrolment(&self.enrolment.id, expires_at, self.now).await?;
        self.reload().await
    }

    /// Loads the enrolment as it is now.
    pub(super) async fn reload(&mut self) -> Result<(), ApiError> {
        let loaded =
            self.state.database.load_enrolment(&self.enrolment.id, &self.bearer, self.state.now()).await?;
        self.enrolment = loaded.ok_or_else(|| ApiError::new("request.not-found"))?;
        Ok(())
    }
}

/// How the phone of a request is known.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phone {
    /// By the attestation that this very request brings.
    InBody,
    /// By the attestation among the evidence.
    InEvidence,
}

/// Takes a request and, once it is whole, runs its handler in a task of its own: a lost connection loses no half of it.
pub(super) async fn carry_out<F, Fut>(
    state: AppState,
    path: HashMap<String, String>,
    request: Request,
    phone: Phone,
    max_body: usize,
    handler: F,
) -> Response
where
    F: FnOnce(Call) -> Fut + Send + 'static,
    Fut: Future<Output = Result<Answer, ApiError>> + Send,
{
    let call = match SignedCall::read(request, max_body).await {
        Ok(call) => call,
        Err(error) => return error.into_response(),
    };
    let work = async move { take(state, path, call, phone, handler).await };
    match tokio::spawn(work).await {
        Ok(outcome) => outcome.into_response(),
        Err(_) => ApiError::internal("panic").into_response(),
    }
}

async fn take<F, Fut>(
    state: AppState,
    path: HashMap<String, String>,
    signed: SignedCall,
    phone: Phone,
    handler: F,
) -> Result<Answer, ApiError>
where
    F: FnOnce(Call) -> Fut,
    Fut: Future<Output = Result<Answer, ApiError>>,
{
    let now = state.now();
    let id = path.get("id").cloned().unwrap_or_default();
    // Names are the server's own: letters and digits.
    if !path.values().all(|part| part.bytes().all(|byte| byte.is_ascii_graphic())) {
        return Err(ApiError::new("request.not-found"));
    }
    let bearer = signed.bearer.clone().ok_or_else(|| ApiError::new("request.signature").detail("bearer"))?;
    // 1. The enrolment, by its name and its secret. Neither is told to be wrong alone.
    let loaded = state.database.load_enrolment(&id, &bearer, now).await?;
    let enrolment = loaded.ok_or_else(|| ApiError::new("request.not-found"))?;
    let request = Taken { enrolment, bearer, path, signed, phone, now };
    let outcome = judge(&state, request, handler).await;
    if let Err(error) = &outcome
        && public_code(error.code()) != error.code()
    {
        // The phone is told the family only.
        state.metrics.refusal(error.code());
        state.database.audit(AuditEvent::new("enrolment.refused", &id, error.code()), now).await?;
    }
    outcome
}

/// A request of somebody who knows the enrolment's secret.
struct Taken {
    enrolment: OpenedEnrolment,
    bearer: Zeroizing<Vec<u8>>,
    path: HashMap<String, String>,
    signed: SignedCall,
    phone: Phone,
    now: UnixTime,
}

async fn judge<F, Fut>(state: &AppState, request: Taken, handler: F) -> Result<Answer, ApiError>
where
    F: FnOnce(Call) -> Fut,
    Fut: Future<Output = Result<Answer, ApiError>>,
{
    let Taken { enrolment, bearer, path, signed, phone, now } = request;
    let id = enrolment.id.clone();
    let (digest, key) = (signed.digest(), signed.idempotency_key.clone());
    let accept = || state.database.accept_request(&enrolment, signed.sequence, &key, &digest, now);
    // 2. One that is over answers repeats only; its evidence, the phone's key with it, is deleted.
    if enrolment.state != EnrolmentState::Open {
        let over = match enrolment.state {
            EnrolmentState::Expired => "enrolment.expired",
            _ => "enrolment.closed",
        };
        return match accept().await? {
            storage::Accepted::Replay(kept) => Answer::kept(&kept),
            _ => Err(ApiError::new(over)),
        };
    }
    // 3. The phone signed it, over this enrolment's nonce.
    if phone == Phone::InBody {
        let (scope, window) = (Scope::AttestationByEnrolment, OPENING);
        if !state.database.count_use(scope, id.as_bytes(), window, MAX_ATTESTATIONS, now).await? {
            return Err(ApiError::new("enrolment.attempts"));
        }
    }
    let device = attested(state, &enrolment, phone, signed.body.clone(), now).await?;
    if device.id() != signed.device {
        return Err(ApiError::new("request.signature").detail("another device"));
    }
    signed.verify(device.key())?;
    let nonce = match phone {
        Phone::InBody => Base64(enrolment.evidence.challenge.clone()).to_string(),
        Phone::InEvidence => nonce(state, &enrolment),
    };
    if signed.nonce != nonce {
        return Err(ApiError::new("request.nonce"));
    }
    // 4. It is new and in its place; a repeat of the same bytes is answered as before.
    if let Some(answer) = fresh(accept().await?)? {
        return Ok(answer);
    }
    // 5. Its handler runs; the answer is kept.
    let call = Call {
        state: state.clone(),
        enrolment,
        device,
        now,
        language: signed.language,
        body: signed.body.clone(),
        bearer: bearer.clone(),
        path,
    };
    let outcome = handler(call).await;
    if let Some(answer) = Answer::to_keep(&outcome).filter(|_| !key.is_empty()) {
        state.database.store_response(&id, &bearer, &key, &digest, &answer).await?;
    }
    outcome
}

/// The nonce of every request of an enrolment after the first.
pub(super) fn nonce(state: &AppState, enrolment: &OpenedEnrolment) -> String {
    let message = [b"enrolment\0", enrolment.evidence.challenge.as_slice()].concat();
    Base64(hmac_sha256(state.nonce_key.expose(), &message).to_vec()).to_string()
}

/// Verifies the attestation, each time: what is stored is evidence, not a verdict.
async fn attested(
    state: &AppState,
    enrolment: &OpenedEnrolment,
    phone: Phone,
    body: Bytes,
    now: UnixTime,
) -> Result<Device, ApiError> {
    let stored = enrolment.evidence.latest(EvidenceKind::DeviceAttestation);
    let (attestation, at): (DeviceAttestation, _) = match (phone, stored) {
        (Phone::InBody, _) => {
            let attestation = json(&body)?;
            let ios = matches!(attestation, DeviceAttestation::Ios { .. });
            if ios && state.attestation.app_attest.app_ids.is_empty() {
                return Err(ApiError::new("device.platform"));
            }
            (attestation, now)
        }
        (Phone::InEvidence, Some(item)) => {
            (json(item.content.as_deref().unwrap_or_default())?, item.received_at)
        }
        (Phone::InEvidence, None) => return Err(ApiError::new("enrolment.step-missing(device)")),
    };
    let (state, challenge) = (state.clone(), enrolment.evidence.challenge.clone());
    blocking(move || {
        Device::verify(&attestation, &challenge, &state.attestation, at).map_err(|error| match error {
            // Trouble of ours, not of the phone.
            attestation::Error::StatusUnavailable => ApiError::new("server.attestation-status"),
            error => ApiError::new(error.code()).detail(error),
        })
    })
    .await
}

/// The phone of an enrolment, by the attestation among its evidence.
pub(in crate::http) async fn attested_device(
    state: &AppState,
    enrolment: &OpenedEnrolment,
) -> Result<Device, ApiError> {
    attested(state, enrolment, Phone::InEvidence, Bytes::new(), state.now()).await
}

/// Runs work that takes milliseconds of computing away from the threads that answer.
pub(in crate::http) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ApiError::internal("panic"))?
}
