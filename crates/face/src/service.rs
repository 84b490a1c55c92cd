//! What a server and a face engine say to each other over the back channel (docs/face-engines.md). The phone captures with
//! the engine; server and engine know each other by a token, and the engine by its signature.
//!
//! | call of the server | body | answer |
//! |---|---|---|
//! | `POST /v1/captures` | [`NewCapture`] | 201 [`Capture`] |
//! | `GET /v1/captures/{id}/result` | | 200 [`CaptureResult`]; 202 while the person captures |
//!
//! Both carry `Authorization: Bearer TOKEN`.

use std::fmt;

use clock::UnixTime;
use serde::{Deserialize, Serialize};

/// A capture that the server wants of an engine.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCapture {
    /// The server's issuer: the audience of the result.
    pub audience: String,
    /// The enrolment, which the result names.
    pub enrolment_id: String,
    /// The nonce, which the result repeats.
    pub capture_nonce: String,
    /// SHA-256 of the phone's device key as an uncompressed SEC 1 point, base64url: the result repeats it.
    pub device_key_thumbprint: String,
    /// The image bytes inside the authenticated EF.DG2, as they are (JPEG or JPEG 2000), base64url. The result says their
    /// SHA-256. The engine keeps them no longer than the capture.
    pub portrait: String,
    /// Until when the result can be used.
    pub expires_at: UnixTime,
}

/// Without the portrait.
impl fmt::Debug for NewCapture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewCapture({}, ..)", self.enrolment_id)
    }
}

/// A capture that an engine opened.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    /// Its name at the engine: letters, digits, `-` and `_`.
    pub id: String,
    /// Where the phone captures: the engine's own app library knows what to do with it.
    pub url: String,
    /// What the phone shows there, for this capture only.
    pub phone_token: String,
}

/// Without the token.
impl fmt::Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Capture({}, ..)", self.id)
    }
}

/// The end of a capture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptureResult {
    /// The signed result: a compact JWS of [`crate::EngineResult`].
    pub result: String,
}

impl Capture {
    /// Whether the values are such as can be put into a path, a header and a log.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        let name = |text: &str, most: usize| {
            (1..=most).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        let url = self.url.len() <= 500 && self.url.bytes().all(|byte| byte.is_ascii_graphic());
        name(&self.id, 64) && name(&self.phone_token, 200) && url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_whose_values_could_be_mistaken_for_something_else_is_malformed() {
        let good =
            Capture { id: "c-1".into(), url: "https://e.example/c/1".into(), phone_token: "t_2".into() };
        assert!(good.is_well_formed());
        for id in ["", "a/b", "..", "a?b", "é", &"a".repeat(65)] {
            assert!(!Capture { id: id.into(), ..good.clone() }.is_well_formed(), "{id}");
        }
        assert!(!Capture { url: "https://e.example/ c".into(), ..good.clone() }.is_well_formed());
        assert!(!Capture { phone_token: "t\r\n".into(), ..good.clone() }.is_well_formed());
        assert_eq!(format!("{good:?}"), "Capture(c-1, ..)");
    }
}
