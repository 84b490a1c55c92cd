//! Bodies of the enrolment API. Paths are under `/v1`; every call but the first two carries
//! `Authorization: Bearer SECRET` and the signature of [`crate::request`].
//!
//! | call | body | answer |
//! |---|---|---|
//! | `GET /config` | | [`Config`] |
//! | `POST /enrolments` | | [`Opened`] |
//! | `POST /enrolments/{id}/device` | [`DeviceAttestation`] | [`Progress`] |
//! | `GET /enrolments/{id}` | | [`Progress`] |
//! | `DELETE /enrolments/{id}` | | 204 |
//! | `PUT /enrolments/{id}/consents` | [`Consents`] | [`Progress`] |
//! | `PUT /enrolments/{id}/contact` | [`Contact`] | [`Progress`] |
//! | `POST /enrolments/{id}/contact/verify` | [`ContactCode`] | [`Progress`] |
//! | `PUT /enrolments/{id}/chip/files/{name}` | the file's bytes | [`FileReceipt`] |
//! | `POST /enrolments/{id}/chip/authentication` | | [`ChipAuthentication`] |
//! | `POST /enrolments/{id}/chip/authentication/{attempt}` | [`ChipResponses`] | [`Checked`] |
//! | `POST /enrolments/{id}/chip/active-authentication` | | [`ActiveAuthentication`] |
//! | `POST /enrolments/{id}/chip/active-authentication/{attempt}` | [`ActiveAuthenticationResponse`] | [`Checked`] |
//! | `POST /enrolments/{id}/chip/verify` | | [`Checked`] |
//! | `POST /enrolments/{id}/trace` | lines of JSON, `mobile_bridge::TraceEvent` | [`TraceReceipt`] |
//! | `PUT /enrolments/{id}/identity` | [`Declaration`] | [`IdentityPreview`] |
//! | `POST /enrolments/{id}/face` | [`FaceBegin`], or none | [`FaceSession`] |
//! | `POST /enrolments/{id}/face/steps` | [`crate::challenge::FaceStep`] | [`crate::challenge::FaceStepTaken`] |
//! | `PUT /enrolments/{id}/face` | [`FaceResult`] | [`FaceDecision`] |
//! | `POST /enrolments/{id}/desk` | | [`DeskAppointment`] |
//! | `POST /enrolments/{id}/desk/code` | | [`DeskCode`] |
//! | `GET /enrolments/{id}/desk` | | [`DeskStatus`] |
//! | `PUT /enrolments/{id}/pin` | [`PinKey`] | [`Progress`] |
//! | `POST /enrolments/{id}/seal` | [`Seal`] | [`Sealed`] |
//! | `GET /places?name=&departement=` | | [`Places`] |

use std::collections::BTreeMap;

use clock::UnixTime;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Base64;
use crate::challenge::FaceChallenge;
use crate::device_key::verify_ecdsa;
use crate::seal::{SealSignatures, SealTranscript};
use crate::statement::Statement;

/// What an app must know before it starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Config {
    /// The issuer identifier, which statements name.
    pub issuer: String,
    /// `production` or `demo`; an app shows the latter on every page.
    pub environment: String,
    /// The oldest version of the app that is served.
    pub min_app_version: String,
    /// Document codes accepted, as in the MRZ; `P*` is every code that begins with P.
    pub accepted_documents: Vec<String>,
    /// The youngest age accepted, in years.
    pub minimum_age: u8,
    /// The consents to ask for, in order.
    pub consents: Vec<ConsentText>,
    /// The face engines whose results are accepted.
    pub face_engines: Vec<String>,
    /// An agent at a desk can compare person and portrait instead.
    pub desk: bool,
}

/// A text to consent to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConsentText {
    /// `terms`, `privacy` or `face`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its text.
    #[schema(value_type = String)]
    pub sha256: Base64,
    /// Where it can be read.
    pub url: String,
    /// Without it the enrolment cannot go on (the face has another way, the desk).
    pub required: bool,
}

/// A new enrolment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Opened {
    /// Its name.
    pub enrolment_id: String,
    /// The attestation challenge for both keys of the phone; it holds the enrolment's name. Also the nonce of the
    /// request that brings the attestation.
    #[schema(value_type = String)]
    pub challenge: Base64,
    /// The bearer secret. The server keeps its digest only: evidence is encrypted under a key made from it.
    #[schema(value_type = String)]
    pub secret: Base64,
    /// Until when the attestation may come.
    #[schema(value_type = i64)]
    pub expires_at: UnixTime,
}

/// The phone's two hardware keys, attested together. The member `platform` says how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "platform", rename_all = "lowercase", deny_unknown_fields)]
pub enum DeviceAttestation {
    /// Android Key Attestation of both keys.
    Android {
        /// The app's version.
        app_version: String,
        /// Attestation chain of the device key, leaf first, DER.
        #[schema(value_type = Vec<String>)]
        device_chain: Vec<Base64>,
        /// Attestation chain of the pin hardening key, leaf first, DER.
        #[schema(value_type = Vec<String>)]
        pin_hardening_chain: Vec<Base64>,
    },
    /// App Attest: the device key is attested, and the app says which pin hardening key it made
    /// ([`crate::app_attest::client_data`]).
    Ios {
        /// The app's version.
        app_version: String,
        /// The attestation object of the device key, CBOR.
        #[schema(value_type = String)]
        attestation: Base64,
        /// The pin hardening key in the Secure Enclave: uncompressed SEC 1 point on P-256.
        #[schema(value_type = String)]
        pin_hardening_key: Base64,
    },
}

impl DeviceAttestation {
    /// The app's version.
    #[must_use]
    pub fn app_version(&self) -> &str {
        match self {
            Self::Android { app_version, .. } | Self::Ios { app_version, .. } => app_version,
        }
    }
}

/// Where an enrolment stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Progress {
    /// `open`, `sealed`, `cancelled` or `expired`.
    pub state: String,
    /// The nonce for every further request of this enrolment.
    pub nonce: String,
    /// The device's name.
    pub device_id: String,
    /// The steps still missing, in the order to take them: `consents`, `contact`, `files`, `chip`, `identity`,
    /// `face`, `pin`, `seal`.
    pub missing: Vec<String>,
    /// The files that arrived, with their SHA-256: a broken read resumes here.
    #[schema(value_type = BTreeMap<String, String>)]
    pub files: BTreeMap<String, Base64>,
    /// Until when the enrolment must be sealed.
    #[schema(value_type = i64)]
    pub expires_at: UnixTime,
}

/// The consents given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Consents {
    /// Each consent given.
    pub given: Vec<ConsentGiven>,
}

/// One consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentGiven {
    /// `terms`, `privacy` or `face`.
    pub name: String,
    /// The version that was shown.
    pub version: String,
    /// SHA-256 of the text that was shown.
    #[schema(value_type = String)]
    pub sha256: Base64,
}

/// An e-mail address to verify.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// The address.
    pub email: String,
}

/// The six digits that were mailed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactCode {
    /// Six digits.
    pub code: String,
}

/// A file arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileReceipt {
    /// Its name, `EF.DG1`.
    pub name: String,
    /// Its SHA-256.
    #[schema(value_type = String)]
    pub sha256: Base64,
    /// Its length in bytes.
    pub size: usize,
}

/// A task of Chip Authentication, for the phone to carry to the chip (docs/protocols.md, section 3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChipAuthentication {
    /// The attempt; its answer closes it, right or wrong.
    pub attempt: String,
    /// `None`: MSE:Set KAT. `Some(oid)`: MSE:Set AT with this protocol (dotted), then GENERAL AUTHENTICATE.
    pub at_ga_oid: Option<String>,
    /// The chip's key is in the master file: select that first.
    #[serde(default)]
    pub in_master_file: bool,
    /// The chip's key reference, where it has several.
    #[schema(value_type = Option<String>)]
    pub key_reference: Option<Base64>,
    /// The server's ephemeral public key.
    #[schema(value_type = String)]
    pub ephemeral_public_key: Base64,
    /// Finished commands under the new keys: send them unchanged, with nothing between.
    #[schema(value_type = Vec<String>)]
    pub proof_commands: Vec<Base64>,
    /// Until when the answer must arrive.
    #[schema(value_type = i64)]
    pub expires_at: UnixTime,
}

/// The chip's raw answers to the proof commands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChipResponses {
    /// One for each command.
    #[schema(value_type = Vec<String>)]
    pub responses: Vec<Base64>,
}

/// The trace of a reading was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TraceReceipt {
    /// Its name, which the person can tell support. Nothing of hers leads to it.
    pub reference: String,
    /// Until when it is kept.
    #[schema(value_type = i64)]
    pub kept_until: UnixTime,
}

/// A challenge of Active Authentication.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ActiveAuthentication {
    /// The attempt.
    pub attempt: String,
    /// Eight bytes for INTERNAL AUTHENTICATE.
    #[schema(value_type = String)]
    pub challenge: Base64,
    /// Until when the answer must arrive.
    #[schema(value_type = i64)]
    pub expires_at: UnixTime,
}

/// The chip's signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActiveAuthenticationResponse {
    /// The data of the response, without status word.
    #[schema(value_type = String)]
    pub signature: Base64,
}

/// What was checked, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Checked {
    /// One line a check, in order.
    pub checks: Vec<CheckLine>,
    /// The steps still missing.
    pub missing: Vec<String>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckLine {
    /// Its stable name, `pa.sod-signature`.
    pub id: String,
    /// `passed`, `skipped`, `deviation` or `failed`.
    pub result: String,
    /// A sentence, in the language asked for.
    pub text: String,
}

/// What the person declares beside what the chip says. It stays marked as declared wherever it goes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    /// INSEE code of the country of birth, `99100` for France.
    pub birth_country: String,
    /// INSEE code of the commune of birth; present for births in France only.
    pub birth_place: Option<String>,
    /// Given names with their accents, if the person types them.
    pub given_names: Option<String>,
    /// Birth name with its accents, if the person types it.
    pub family_name: Option<String>,
    /// The name in use, if another.
    pub preferred_username: Option<String>,
}

/// The identity that would be asserted.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IdentityPreview {
    /// Claim and value.
    pub claims: BTreeMap<String, String>,
    /// The claims that are declared, not proved by the chip.
    pub declared: Vec<String>,
    /// The steps still missing.
    pub missing: Vec<String>,
}

/// How the face is to be compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FaceBegin {
    /// The engine, of [`Config::face_engines`]. If the server has a back channel to it, the capture is opened there;
    /// without one, and without a name, the phone brings the result of any engine accepted.
    pub engine: Option<String>,
    /// The person cannot turn her head: the built-in engine asks for movements of the face only.
    #[serde(default)]
    pub face_only: bool,
}

/// What a face engine must put into its signed result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FaceSession {
    /// The capture's nonce.
    pub capture_nonce: String,
    /// SHA-256 of the portrait inside the authenticated EF.DG2.
    #[schema(value_type = String)]
    pub portrait_sha256: Base64,
    /// SHA-256 of the device key, as an uncompressed SEC 1 point.
    #[schema(value_type = String)]
    pub device_key_thumbprint: Base64,
    /// The engines whose results are accepted.
    pub engines: Vec<String>,
    /// The capture that the server opened at the engine.
    pub capture: Option<FaceCapture>,
    /// What the built-in engine asks.
    pub challenge: Option<FaceChallenge>,
    /// Until when the result must arrive.
    #[schema(value_type = i64)]
    pub expires_at: UnixTime,
}

/// A capture at a face engine, which has the portrait from the server.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FaceCapture {
    /// Where to capture, by the engine's own library.
    pub url: String,
    /// What to show there.
    pub token: String,
}

/// The engine's signed result, or that the server fetches it where it opened the capture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FaceResult {
    /// Compact JWS; `None`: fetch it.
    pub result: Option<String>,
}

/// The decision on the holder. The portrait and the file it came from are erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FaceDecision {
    /// The decision's name, which the transcript carries.
    pub decision_id: String,
    /// Sentences on what was checked.
    pub checks: Vec<CheckLine>,
    /// The steps still missing.
    pub missing: Vec<String>,
}

/// The person will go to a desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeskAppointment {
    /// Until when the enrolment waits for an agent's decision, and the seal for it.
    #[schema(value_type = i64)]
    pub expires_at: UnixTime,
}

/// What an agent scans: the enrolment, and the bearer secret that its evidence is encrypted under. It opens nothing to
/// anybody but an agent who is signed in, and to her with the phone's [`DeskCode`] only.
#[must_use]
pub fn desk_ticket(enrolment_id: &str, secret: &str) -> String {
    format!("{DESK_TICKET}{enrolment_id}.{secret}")
}

/// Enrolment and secret of a ticket; space around it is that of a scanner.
#[must_use]
pub fn read_desk_ticket(ticket: &str) -> Option<(&str, Base64)> {
    let (enrolment_id, secret) = ticket.trim().strip_prefix(DESK_TICKET)?.split_once('.')?;
    Some((enrolment_id, secret.parse().ok()?))
}

/// How a ticket begins.
const DESK_TICKET: &str = "sceau-desk:";

/// A code to show to the agent: it works once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeskCode {
    /// Six digits.
    pub code: String,
    /// Until when.
    #[schema(value_type = i64)]
    pub expires_at: UnixTime,
}

/// Whether the desk has decided. An agent who found another person ends the enrolment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeskStatus {
    /// The decision's name, which the transcript carries; `None`: not decided.
    pub decision_id: Option<String>,
    /// The steps still missing.
    pub missing: Vec<String>,
}

/// The PIN key, with its proof of possession.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PinKey {
    /// Uncompressed SEC 1 point on P-256.
    #[schema(value_type = String)]
    pub public_key: Base64,
    /// Its signature over [`pin_key_signing_bytes`], r || s.
    #[schema(value_type = String)]
    pub proof: Base64,
}

/// What the PIN key signs when it is registered.
#[must_use]
pub fn pin_key_signing_bytes(issuer: &str, enrolment_id: &str, device_id: &str) -> Vec<u8> {
    Statement::new("sceau/pin-key-possession/v1")
        .text("issuer", issuer)
        .text("enrolment-id", enrolment_id)
        .text("device-id", device_id)
        .finish()
}

impl PinKey {
    /// Checks the proof of possession.
    ///
    /// # Errors
    /// [`crate::Error::Malformed`], [`crate::Error::Signature`].
    pub fn verify(
        &self,
        issuer: &str,
        enrolment_id: &str,
        device_id: &str,
    ) -> Result<crypto::EcPublicKey, crate::Error> {
        let key = crate::p256_key(&self.public_key.0)?;
        let message = pin_key_signing_bytes(issuer, enrolment_id, device_id);
        verify_ecdsa(&key, &message, &self.proof.0)?;
        Ok(key)
    }
}

/// The seal of an enrolment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// The transcript that the app built.
    pub transcript: SealTranscript,
    /// Both signatures over it.
    pub signatures: SealSignatures,
}

/// The enrolment is sealed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Sealed {
    /// The device that may now approve logins.
    pub device_id: String,
    /// State of the identity: `active` or `review_pending`.
    pub state: String,
    /// The highest level that this identity reaches.
    pub level: String,
    /// The document was enrolled before: the same identity has this device now, and the old ones are revoked.
    pub replaced: bool,
    /// The recovery sheet's secret, shown once, to be printed or written down.
    pub recovery_code: String,
}

/// Places that fit a search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Places {
    /// The best first, 20 at most.
    pub places: Vec<Place>,
    /// Source of the data (Licence Ouverte 2.0).
    pub attribution: String,
}

/// A commune or a country.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Place {
    /// INSEE code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its département; absent for a country.
    pub departement: Option<String>,
}

/// These hold personal data: their `Debug` shows none.
macro_rules! silent_debug {
    ($($name:ident),*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )*};
}
silent_debug!(Contact, ContactCode, Declaration, IdentityPreview, Sealed, FaceCapture, DeskCode);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_data_has_a_silent_debug() {
        let contact = Contact { email: "anna@example.org".into() };
        assert_eq!(format!("{contact:?}"), "Contact(..)");
    }

    #[test]
    fn a_ticket_is_read_back_and_nothing_else_is_one() {
        let secret = Base64(vec![7; 32]);
        let ticket = desk_ticket("0a1b", &secret.to_string());
        assert_eq!(read_desk_ticket(&format!(" {ticket}\r\n")), Some(("0a1b", secret)));
        for other in ["", "0a1b.AAAA", "sceau-desk:0a1b", "sceau-desk:0a1b.===", "https://fi.example/app/x"] {
            assert_eq!(read_desk_ticket(other), None, "{other}");
        }
    }

    #[test]
    fn unknown_fields_are_refused() {
        assert!(serde_json::from_str::<Contact>(r#"{"email":"a@b.c"}"#).is_ok());
        assert!(serde_json::from_str::<Contact>(r#"{"email":"a@b.c","x":1}"#).is_err());
    }
}
