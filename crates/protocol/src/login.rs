//! Bodies of the login API, for an enrolled device. Every call but the first carries the signature of
//! [`crate::request`], with a nonce of the first.
//!
//! | call | body | answer |
//! |---|---|---|
//! | `POST /v1/nonces` | | [`Nonce`] |
//! | `GET /v1/logins` | | [`Logins`]: those that this device claimed, and those asked of its person, that still wait |
//! | `POST /v1/logins/claim` | [`Claim`] | [`LoginChallenge`] |
//! | `POST /v1/logins/{id}/approve` | [`Answer`] | [`Approved`] |
//! | `POST /v1/logins/{id}/refuse` | [`Answer`] | 204 |
//!
//! A pending login belongs to nobody until a phone claims it by the handle of its QR code or link; the first wins. One that a
//! client asked of a person (CIBA) is not claimed: the app finds it in the list, and puts the two digits that the person types
//! into the statement that it signs.

use clock::UnixTime;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Base64;
use crate::approval::Approval;

/// A nonce for signed requests of a device; it lives five minutes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Nonce {
    /// As it goes into the header.
    pub nonce: String,
    /// The server's time, so that a phone with a wrong clock can tell.
    #[schema(value_type = i64)]
    pub now: UnixTime,
}

/// Claims a pending login.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The handle out of the QR code or the link.
    pub handle: String,
}

impl std::fmt::Debug for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Claim(..)")
    }
}

/// What the phone shows and signs. The app copies `statement`'s fields from what it displays, sets the decision
/// and signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LoginChallenge {
    /// The statement; its decision is `refuse` until the person approves.
    pub statement: Approval,
    /// Browser and operating system that wait, in words; empty if a client asked without a browser.
    pub browser: String,
    /// When the browser began, or the client asked.
    #[schema(value_type = i64)]
    pub started_at: UnixTime,
    /// Whether browser and phone reach the server from one public address; if not, the app asks the person to
    /// confirm that she sees the page in front of her. True where no browser waits.
    pub same_network: bool,
    /// A sentence on what the client is, in the language asked for.
    pub notice: String,
}

/// The pending logins of a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Logins {
    /// Oldest first.
    pub logins: Vec<LoginChallenge>,
}

/// The person's answer. A refusal has no PIN signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The statement that the app built.
    pub statement: Approval,
    /// The device key's proof over it, in its header form.
    pub device_proof: String,
    /// The PIN key's signature, r || s.
    #[schema(value_type = Option<String>)]
    pub pin_signature: Option<Base64>,
}

/// How the browser goes on.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Approved {
    /// Other device: the person types these six digits into the waiting page.
    Qr {
        /// Six digits.
        release_code: String,
    },
    /// Same phone: the app opens this URL in the browser that began.
    Link {
        /// Goes on only with that browser's cookie.
        resume_url: String,
    },
    /// The client learns it by itself: the person goes on there.
    Asked,
}

impl std::fmt::Debug for Approved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Approved(..)")
    }
}
