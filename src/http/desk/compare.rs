//! The enrolment that an agent scanned: opened with the secret of its ticket, compared, decided.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use face::Picture;
use identity::{Device, EnrolmentState, EvidenceKind, PivotIdentity};
use image::ImageEncoder as _;
use protocol::enrolment::{Contact, Declaration, read_desk_ticket};
use protocol::key_thumbprint;
use storage::OpenedEnrolment;
use verification::{DeskComparison, HolderEvidence};

use crate::http::enrolment::{Case, attested_device, blocking, portrait, record_decision};
use crate::http::session::Session;
use crate::{ApiError, AppState};

/// An enrolment that waits for a desk.
pub(super) struct Opened {
    pub(super) id: String,
    /// Given names and family name, as the account will have them.
    pub(super) name: String,
    pub(super) birthdate: String,
    enrolment: OpenedEnrolment,
    case: Case,
    pivot: PivotIdentity,
    device: Device,
}

impl Opened {
    /// The enrolment of a ticket; `None`: there is none that waits for a desk, or the secret is not its.
    pub(super) async fn by_ticket(state: &AppState, ticket: &str) -> Result<Option<Self>, ApiError> {
        let Some((id, secret)) = read_desk_ticket(ticket) else { return Ok(None) };
        let now = state.now();
        let loaded = state.database.load_enrolment(id, &secret.0, now).await?;
        let Some(enrolment) = loaded else { return Ok(None) };
        let has = |kind| enrolment.evidence.latest(kind).is_some();
        let waits = enrolment.state == EnrolmentState::Open
            && has(EvidenceKind::DeskRequest)
            && !has(EvidenceKind::HolderDecision);
        if !waits {
            return Ok(None);
        }
        let device = attested_device(state, &enrolment).await?;
        let case = Case {
            state: state.clone(),
            evidence: enrolment.evidence.clone(),
            at: now,
            device_key_thumbprint: key_thumbprint(device.key().public_key()),
        };
        let (judged, given) = (case.clone(), enrolment.evidence.clone());
        let pivot = blocking(move || {
            let read = |kind| given.content(kind).ok_or_else(|| ApiError::internal("evidence is missing"));
            let declared: Declaration =
                serde_json::from_slice(read(EvidenceKind::Declaration)?).map_err(ApiError::internal)?;
            let contact: Contact =
                serde_json::from_slice(read(EvidenceKind::Contact)?).map_err(ApiError::internal)?;
            let (dg1, dg11) = judged.personal_data()?;
            let policy = &judged.state.enrolment_policy;
            let places = judged.state.places;
            Ok(policy.identify(&dg1, dg11.as_ref(), &declared, &contact.email, places, judged.at)?)
        });
        let pivot = pivot.await?;
        let claim = |name: &str| {
            let claims = pivot.claims();
            let found = claims.iter().find(|(claim, _)| claim.as_str() == name);
            found.map(|(_, attribute)| attribute.value.clone()).unwrap_or_default()
        };
        let (name, birthdate) =
            (format!("{} {}", claim("given_name"), claim("family_name")), claim("birthdate"));
        Ok(Some(Self { id: enrolment.id.clone(), name, birthdate, enrolment, case, pivot, device }))
    }

    /// Whether it is the agent's own: of her phone, or of a person of her name, sex and day of birth.
    pub(super) async fn is_of(&self, state: &AppState, session: &Session) -> Result<bool, ApiError> {
        let account = state.database.load_account(&session.identity).await?;
        let person = account.map(|account| account.pivot.person_key());
        Ok(session.device == self.device.id() || person == Some(self.pivot.person_key()))
    }

    /// The portrait as a `data:` URL: decoded here and written anew as PNG, so that the browser meets no file of others and
    /// shows JPEG 2000 too.
    pub(super) async fn portrait_as_png(&self, state: &AppState) -> Result<String, ApiError> {
        let (case, permits) = (self.case.clone(), state.face_work.clone());
        let _permit = permits.acquire_owned().await.map_err(ApiError::internal)?;
        blocking(move || {
            let picture = Picture::decode(&portrait(&case)?);
            let picture =
                picture.map_err(|error| verification::Rejection::Face(face::Error::Image(error)))?;
            let size = |side: usize| u32::try_from(side).map_err(ApiError::internal);
            let (width, height) = (size(picture.width())?, size(picture.height())?);
            let mut png = Vec::new();
            let encoder = image::codecs::png::PngEncoder::new(&mut png);
            encoder
                .write_image(picture.rgb(), width, height, image::ExtendedColorType::Rgb8)
                .map_err(ApiError::internal)?;
            Ok(format!("data:image/png;base64,{}", BASE64_STANDARD.encode(png)))
        })
        .await
    }

    /// Signs the decision and erases the portrait. `agents` found, each for herself, that the person is the holder.
    pub(super) async fn conclude(
        self,
        state: &AppState,
        desk: &str,
        agents: &[String],
    ) -> Result<(), ApiError> {
        let case = self.case.clone();
        let portrait_sha256 = blocking(move || Ok(crypto::sha256(&portrait(&case)?))).await?;
        let by = format!("{desk} {}", agents.join(" "));
        let comparison = DeskComparison::by_agents(&by, portrait_sha256);
        record_decision(state, &self.enrolment, self.case, HolderEvidence::Desk(comparison)).await?;
        Ok(())
    }
}
