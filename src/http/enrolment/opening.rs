//! The beginning of an enrolment, where it stands, and giving it up.

use axum::Json;
use axum::extract::State;
use identity::{EvidenceKind, Step};
use protocol::Base64;
use protocol::enrolment::{Config, DeviceAttestation, Opened, Progress};
use rand_core::Rng as _;
use storage::Scope;

use super::call::{Call, nonce};
use super::document;
use crate::http::address::ClientAddress;
use crate::http::signed::Answer;
use crate::metrics::EnrolmentOutcome;
use crate::{ApiError, AppState};

/// Until when the attestation may come, in seconds.
pub(super) const OPENING: i64 = 600;
/// How long an enrolment may take from then on, in seconds.
pub(super) const LIFE: i64 = 3600;
const HOUR: i64 = 3600;

/// What an app must know before it starts.
#[utoipa::path(get, path = "/v1/config", tag = "enrolment", responses((status = 200, body = Config)))]
pub(super) async fn config(State(state): State<AppState>) -> Json<Config> {
    let enrolment = &state.config.enrolment;
    Json(Config {
        issuer: state.config.issuer.clone(),
        environment: if state.config.is_demo() { "demo" } else { "production" }.to_owned(),
        min_app_version: enrolment.min_app_version.clone(),
        accepted_documents: enrolment.accepted_documents.clone(),
        minimum_age: enrolment.minimum_age,
        consents: state.consents.iter().map(|document| document.entry.clone()).collect(),
        face_engines: state.engines.registry().ids().map(str::to_owned).collect(),
        desk: state.config.desk.agents_file.is_some(),
    })
}

/// Opens an enrolment: a challenge for both keys of the phone, and the secret that its evidence is encrypted under.
#[utoipa::path(post, path = "/v1/enrolments", tag = "enrolment", responses((status = 200, body = Opened)))]
pub(super) async fn open(
    State(state): State<AppState>,
    address: ClientAddress,
) -> Result<Json<Opened>, ApiError> {
    let (now, address) = (state.now(), address.subscriber().to_string());
    let limit = state.config.limits.enrolments_per_hour;
    let scope = Scope::EnrolmentByAddress;
    if !state.database.count_use(scope, address.as_bytes(), HOUR, limit, now).await? {
        return Err(ApiError::new("request.rate").retry_after(HOUR - now.0.rem_euclid(HOUR)));
    }
    let mut rng = state.rng();
    let (mut name, mut challenge, mut secret) = ([0; 16], [0; 32], [0; 32]);
    rng.fill_bytes(&mut name);
    rng.fill_bytes(&mut challenge);
    rng.fill_bytes(&mut secret);
    // Attested keys are bound to the enrolment by its name in their challenge.
    let challenge = [name.as_slice(), &challenge].concat();
    let (id, expires_at) = (hex::encode(name), now.plus(OPENING));
    state.database.open_enrolment(&id, &secret, &challenge, address.as_bytes(), now, expires_at).await?;
    state.metrics.enrolment(EnrolmentOutcome::Opened);
    let (challenge, secret) = (Base64(challenge), Base64(secret.to_vec()));
    Ok(Json(Opened { enrolment_id: id, challenge, secret, expires_at }))
}

/// Takes the attestation of both keys; it is verified, like the request's signature, before this is called.
#[utoipa::path(post, path = "/v1/enrolments/{id}/device", tag = "enrolment", params(("id" = String, Path)),
    request_body = DeviceAttestation, responses((status = 200, body = Progress)))]
pub(super) async fn device(mut call: Call) -> Result<Answer, ApiError> {
    if call.enrolment.evidence.latest(EvidenceKind::DeviceAttestation).is_some() {
        return Err(ApiError::new("request.sequence").detail("the phone's keys are known"));
    }
    let body: DeviceAttestation = call.json()?;
    if !is_at_least(body.app_version(), &call.state.config.enrolment.min_app_version) {
        return Err(ApiError::new("app.version"));
    }
    let (device, limit) = (call.device.id(), call.state.config.limits.enrolments_per_hour_by_device);
    let database = &call.state.database;
    if !database.count_use(Scope::EnrolmentByDevice, device.as_bytes(), HOUR, limit, call.now).await? {
        return Err(ApiError::new("request.rate").retry_after(HOUR - call.now.0.rem_euclid(HOUR)));
    }
    call.keep_body(EvidenceKind::DeviceAttestation).await?;
    call.open_until(call.now.plus(LIFE)).await?;
    progress(call).await
}

/// Where the enrolment stands.
#[utoipa::path(get, path = "/v1/enrolments/{id}", tag = "enrolment", params(("id" = String, Path)),
    responses((status = 200, body = Progress)))]
pub(super) async fn progress(call: Call) -> Result<Answer, ApiError> {
    let files = call.enrolment.evidence.files();
    Answer::json(&Progress {
        state: call.enrolment.state.as_str().to_owned(),
        nonce: nonce(&call.state, &call.enrolment),
        device_id: call.device.id(),
        missing: missing(&call).await?,
        files: files.iter().map(|(file, bytes)| (file.to_string(), crypto::sha256(bytes).into())).collect(),
        expires_at: call.enrolment.expires_at,
    })
}

/// Gives the enrolment up: all that it holds is deleted.
#[utoipa::path(delete, path = "/v1/enrolments/{id}", tag = "enrolment", params(("id" = String, Path)),
    responses((status = 204)))]
pub(super) async fn cancel(call: Call) -> Result<Answer, ApiError> {
    match call.state.database.cancel_enrolment(&call.enrolment.id).await? {
        true => {
            call.state.metrics.enrolment(EnrolmentOutcome::Cancelled);
            Ok(Answer::Empty)
        }
        false => Err(ApiError::new("enrolment.closed")),
    }
}

/// The names of the steps still missing.
pub(super) async fn missing(call: &Call) -> Result<Vec<String>, ApiError> {
    let steps = document::missing(call).await?;
    Ok(steps.into_iter().map(Step::as_str).map(str::to_owned).collect())
}

/// Compares versions part by part: `1.10.0` is at least `1.9`.
fn is_at_least(version: &str, least: &str) -> bool {
    let parts = |text: &str| -> Vec<u64> {
        let number = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>().parse();
        text.split('.').take(4).map(|part| number(part).unwrap_or(0)).collect()
    };
    let (mut version, mut least) = (parts(version), parts(least));
    version.resize(4, 0);
    least.resize(4, 0);
    version >= least
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert!(is_at_least("1.10.0", "1.9") && is_at_least("2", "1.9.9") && is_at_least("1.2.3", "1.2.3"));
        assert!(!is_at_least("1.9", "1.10") && !is_at_least("", "0.0.1") && !is_at_least("x.9", "1.0"));
        assert!(is_at_least("1.2.3-beta", "1.2.3"));
    }
}
