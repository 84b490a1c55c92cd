//! What the person gives: consents, an e-mail address, what the chip does not say of her. It stays marked as declared.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use identity::login::six_digits;
use identity::places::ATTRIBUTION;
use identity::{EvidenceKind, Provenance, Step};
use protocol::enrolment::{
    Consents, Contact, ContactCode, Declaration, IdentityPreview, Place, Places, Progress,
};
use serde::Deserialize;
use storage::{CodeSent, CodeTried, Scope};

use super::call::{Call, blocking};
use super::document::{Case, require, require_consents, step_missing};
use super::opening::{LIFE, missing, progress};
use super::words;
use crate::http::signed::Answer;
use crate::{ApiError, AppState};

/// Codes mailed in one enrolment, and tries of each.
const MAX_CODES: i64 = 5;
const MAX_TRIES: i64 = 5;
const HOUR: i64 = 3600;

/// Records the consents given, each to the very text in force.
#[utoipa::path(put, path = "/v1/enrolments/{id}/consents", tag = "enrolment", params(("id" = String, Path)),
    request_body = Consents, responses((status = 200, body = Progress)))]
pub(super) async fn consents(mut call: Call) -> Result<Answer, ApiError> {
    let Consents { given } = call.json()?;
    for (i, consent) in given.iter().enumerate() {
        if given.iter().take(i).any(|before| before.name == consent.name) {
            return Err(ApiError::new("request.malformed").detail("a consent is there twice"));
        }
        let text = call.state.consents.iter().map(|document| &document.entry);
        let right = text
            .filter(|text| text.name == consent.name)
            .any(|text| text.version == consent.version && text.sha256 == consent.sha256);
        if !right {
            return Err(ApiError::new("consent.version"));
        }
    }
    let required = call.state.consents.iter().map(|document| &document.entry).filter(|text| text.required);
    if let Some(text) = required.into_iter().find(|text| !given.iter().any(|c| c.name == text.name)) {
        return Err(ApiError::new(format!("consent.missing({})", text.name)));
    }
    call.keep_body(EvidenceKind::Consents).await?;
    progress(call).await
}

/// Mails a six-digit code to an address.
#[utoipa::path(put, path = "/v1/enrolments/{id}/contact", tag = "enrolment", params(("id" = String, Path)),
    request_body = Contact, responses((status = 200, body = Progress)))]
pub(super) async fn contact(mut call: Call) -> Result<Answer, ApiError> {
    require_consents(&call)?;
    let Contact { email } = call.json()?;
    identity::pivot::check_email(&email)?;
    let (state, now) = (call.state.clone(), call.now);
    let (recipient, limit) = (email.to_lowercase(), state.config.limits.mails_per_hour);
    let scope = Scope::MailByRecipient;
    if !state.database.count_use(scope, recipient.as_bytes(), HOUR, limit, now).await? {
        return Err(ApiError::new("request.rate").retry_after(HOUR - now.0.rem_euclid(HOUR)));
    }
    let (code, hours) = (six_digits(&mut state.rng()), state.config.enrolment.mail_code_hours);
    // While nothing of the chip is here the enrolment waits as long as the code; afterwards the code ends with it.
    if call.enrolment.evidence.files().is_empty() {
        call.open_until(now.plus((hours * HOUR).max(LIFE))).await?;
    }
    let until = now.plus(hours * HOUR).min(call.enrolment.expires_at);
    match state.database.send_contact_code(&call.enrolment.id, &email, &code, until, MAX_CODES).await? {
        CodeSent::Stored => {}
        CodeSent::TooMany => return Err(ApiError::new("enrolment.attempts")),
    }
    call.keep_body(EvidenceKind::Contact).await?;
    let (subject, text) = words::code_mail(&code, until.since(now), call.language);
    let sent = state.mailer.send(&email, subject, &text, None).await;
    sent.map_err(|error| ApiError::new("server.mail").detail(error))?;
    progress(call).await
}

/// Takes the code that came back.
#[utoipa::path(post, path = "/v1/enrolments/{id}/contact/verify", tag = "enrolment", params(("id" = String, Path)),
    request_body = ContactCode, responses((status = 200, body = Progress)))]
pub(super) async fn verify_contact(mut call: Call) -> Result<Answer, ApiError> {
    let ContactCode { code } = call.json()?;
    let contact: Contact = call.evidence(EvidenceKind::Contact).ok_or_else(|| step_missing(Step::Contact))?;
    let (database, id) = (call.state.database.clone(), call.enrolment.id.clone());
    match database.try_contact_code(&id, &contact.email, &code, MAX_TRIES, call.now).await? {
        CodeTried::Right => {}
        CodeTried::Wrong(_) => return Err(ApiError::new("contact.code")),
        CodeTried::None | CodeTried::Expired | CodeTried::Exhausted => {
            return Err(ApiError::new("contact.expired"));
        }
    }
    let verified = call.enrolment.evidence.content(EvidenceKind::Contact).unwrap_or_default().to_vec();
    call.keep(EvidenceKind::ContactVerified, verified).await?;
    if call.enrolment.evidence.files().is_empty() {
        call.open_until(call.now.plus(LIFE)).await?;
    }
    progress(call).await
}

/// Takes what the person declares, and shows the identity that would be asserted.
#[utoipa::path(put, path = "/v1/enrolments/{id}/identity", tag = "enrolment", params(("id" = String, Path)),
    request_body = Declaration, responses((status = 200, body = IdentityPreview)))]
pub(super) async fn identity(mut call: Call) -> Result<Answer, ApiError> {
    let declaration: Declaration = call.json()?;
    require(&call, &[Step::Contact, Step::Files]).await?;
    let contact: Contact = call.evidence(EvidenceKind::Contact).ok_or_else(|| step_missing(Step::Contact))?;
    let case = Case::of(&call);
    let pivot = blocking(move || {
        let (dg1, dg11) = case.personal_data()?;
        let policy = &case.state.enrolment_policy;
        Ok(policy.identify(&dg1, dg11.as_ref(), &declaration, &contact.email, case.state.places, case.at)?)
    });
    let pivot = pivot.await?;
    call.keep_body(EvidenceKind::Declaration).await?;
    let claims = pivot.claims();
    let declared = claims.iter().filter(|(_, attribute)| attribute.provenance == Provenance::Declared);
    Answer::json(&IdentityPreview {
        declared: declared.map(|(claim, _)| claim.as_str().to_owned()).collect(),
        claims: claims
            .iter()
            .map(|(c, attribute)| (c.as_str().to_owned(), attribute.value.clone()))
            .collect(),
        missing: missing(&call).await?,
    })
}

/// A search for a place of birth.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Search {
    /// What was typed; accents and case do not matter.
    name: String,
    /// INSEE code of a département.
    departement: Option<String>,
}

/// Communes, then countries and territories, that fit what was typed: 20 at most.
#[utoipa::path(get, path = "/v1/places", tag = "enrolment", params(Search), responses((status = 200, body = Places)))]
pub(super) async fn places(
    State(state): State<AppState>,
    search: Result<Query<Search>, QueryRejection>,
) -> Result<Json<Places>, ApiError> {
    let Query(search) = search.map_err(|_| ApiError::new("request.malformed").detail("query"))?;
    let communes = state.places.search(&search.name, search.departement.as_deref());
    let communes = communes.into_iter().map(|commune| Place {
        code: commune.code.to_owned(),
        name: commune.name.to_owned(),
        departement: Some(commune.departement.to_owned()),
    });
    let countries = match search.departement {
        Some(_) => Vec::new(),
        None => state.places.search_countries(&search.name),
    };
    let countries = countries.into_iter().map(|country| Place {
        code: country.code.to_owned(),
        name: country.name.to_owned(),
        departement: None,
    });
    let places = communes.chain(countries).take(identity::places::MAX_RESULTS).collect();
    Ok(Json(Places { places, attribution: ATTRIBUTION.to_owned() }))
}
