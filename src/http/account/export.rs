//! Everything that is kept of the holder, as JSON (RGPD, articles 15 and 20). Keys, and the secrets of others, are not
//! hers to read and are not in it.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse as _;
use serde_json::{Value, json};
use storage::{AuditLine, Connection};

use super::{Answer, of_session};
use crate::http::session::Session;
use crate::{ApiError, AppState};

/// The most connections in one export.
const MOST: i64 = 100_000;

/// `GET /account/export`.
pub(super) async fn export(State(state): State<AppState>, session: Session) -> Answer {
    let body = serde_json::to_vec_pretty(&everything(&state, &session).await?).map_err(ApiError::internal)?;
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"sceau.json\""),
    ];
    Ok((headers, body).into_response())
}

async fn everything(state: &AppState, session: &Session) -> Result<Value, ApiError> {
    let (database, id) = (&state.database, session.identity.as_str());
    let account = of_session(state, session).await?;
    let claims = account.pivot.claims().into_iter().map(|(claim, attribute)| {
        json!({ "name": claim.as_str(), "value": attribute.value, "provenance": attribute.provenance })
    });
    let documents = database.documents_of(id).await?.into_iter().map(|document| {
        json!({
            "code": document.code,
            "issuing_state": document.issuing_state,
            "number": document.number,
            "expires": document.expires,
            "signer_sha256": hex::encode(document.dsc),
            "csca_sha256": hex::encode(document.csca),
            "policy_version": document.policy_version,
            "report": document.report,
        })
    });
    let devices = database.devices_of(id).await?;
    let mut log = lines(&database.audit_lines_of(id).await?);
    for device in &devices {
        log.extend(lines(&database.audit_lines_of(&device.id).await?));
    }
    let phones = devices.into_iter().map(|device| {
        let since = device.created_at.to_string();
        json!({ "id": device.id, "since": since, "active": device.active, "suspended": device.suspended })
    });
    let consents = database.consents_of(id).await?.into_iter().map(|consent| {
        json!({
            "name": consent.name,
            "version": consent.version,
            "text_sha256": hex::encode(consent.text_digest),
            "given_at": consent.given_at.to_string(),
        })
    });
    let connections = database.connections_of(id, MOST).await?;
    Ok(json!({
        "issuer": state.config.issuer,
        "exported_at": state.now().to_string(),
        "identity": {
            "id": account.identity_id,
            "subject": account.subject,
            "state": account.state.as_str(),
            "level": account.level(state.now()).map(|level| level.as_str()),
            "enrolled_at": account.enrolled_at.to_string(),
            "used_at": account.used_at.to_string(),
            "facts": account.facts,
            "claims": claims.collect::<Vec<_>>(),
        },
        "documents": documents.collect::<Vec<_>>(),
        "phones": phones.collect::<Vec<_>>(),
        "consents": consents.collect::<Vec<_>>(),
        "connections": connections.iter().map(connection).collect::<Vec<_>>(),
        "log": log,
    }))
}

fn connection(connection: &Connection) -> Value {
    let mut line: Value = serde_json::from_slice(&connection.content).unwrap_or_default();
    line["at"] = connection.at.to_string().into();
    line
}

fn lines(lines: &[AuditLine]) -> Vec<Value> {
    let told = |line: &AuditLine| json!({ "at": line.at.to_string(), "code": line.event.code });
    lines.iter().map(told).collect()
}
