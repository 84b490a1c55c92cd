//! The ID token (OpenID Connect Core, 2; FranceConnect's contract for identity providers, 2.4).

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use clock::UnixTime;
use crypto::{hmac_sha256, sha256};
use identity::{Acr, PivotIdentity};
use jose::SigningKey;
use serde::Serialize;

use crate::person::PersonClaims;
use crate::{AcceptedRequest, AccessToken, ApprovedLogin, Client, Error, Evidence};

/// How long an ID token lives, in seconds. The broker takes no tolerance from its clock.
pub const ID_TOKEN_LIFE: i64 = 120;
/// The longest `sub` (OpenID Connect Core, 2: 255 ASCII characters).
const MAX_SUBJECT: usize = 255;
/// How a person authenticated (RFC 8176): her phone's device key signed (`pop`) and the key that only her PIN and the
/// phone together derive (`pin`), so two factors (`mfa`). An approval is never less.
const METHODS: [&str; 3] = ["pop", "pin", "mfa"];

/// For whom tokens are made: the identity's `sub`, and the level that it reaches now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    sub: String,
    reached: Option<Acr>,
}

impl Subject {
    /// Takes what the storage holds of an identity.
    ///
    /// # Errors
    /// [`Error::Stored`]: a `sub` that is empty, too long or not ASCII.
    pub fn new(sub: &str, reached: Option<Acr>) -> Result<Self, Error> {
        if !(1..=MAX_SUBJECT).contains(&sub.len()) || !sub.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Error::Stored("subject"));
        }
        Ok(Self { sub: sub.to_owned(), reached })
    }

    /// The same person as this client knows her. A client with a sector gets a subject that another sector cannot
    /// compare (OpenID Connect Core, 8.1): a keyed hash over sector and `sub`, so the same at every login.
    #[must_use]
    pub fn for_client(self, client: &Client, key: &[u8; 32]) -> Self {
        let Some(sector) = &client.policy().sector else { return self };
        let message = [b"sceau/pairwise/v1\0", sector.as_bytes(), b"\0", self.sub.as_bytes()].concat();
        Self { sub: BASE64_URL_SAFE_NO_PAD.encode(hmac_sha256(key, &message)), ..self }
    }

    /// `sub`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.sub
    }

    pub(crate) fn reached(&self) -> Option<Acr> {
        self.reached
    }
}

/// The claims of an ID token: about the login, none about the person. There is no `nbf`, which the broker would compare
/// with its own clock without tolerance.
///
/// They cannot be made without an approval:
/// ```compile_fail,E0308
/// # use oidc::{AcceptedRequest, AccessToken, Client, IdTokenClaims, Subject};
/// # fn f(client: &Client, request: &AcceptedRequest, subject: &Subject, token: &AccessToken) {
/// let now = clock::UnixTime(0);
/// let claims = IdTokenClaims::for_login("https://fi.example", client, request, request, subject, token, now);
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct IdTokenClaims {
    iss: String,
    sub: String,
    aud: String,
    exp: UnixTime,
    iat: UnixTime,
    auth_time: UnixTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    acr: Acr,
    amr: [&'static str; 3],
    at_hash: String,
    /// What was asked one by one for the ID token; empty for the broker.
    #[serde(flatten)]
    person: PersonClaims,
}

impl IdTokenClaims {
    /// The claims for an approved login, beside its access token.
    ///
    /// # Errors
    /// [`Error::AnotherLogin`]: the approval is not one of this request; [`Error::Level`].
    pub fn for_login(
        issuer: &str,
        client: &Client,
        request: &AcceptedRequest,
        approved: &ApprovedLogin,
        subject: &Subject,
        token: &AccessToken,
        now: UnixTime,
    ) -> Result<Self, Error> {
        Ok(Self {
            acr: approved.level_for(client, request, subject)?,
            iss: issuer.to_owned(),
            sub: subject.as_str().to_owned(),
            aud: client.id().to_owned(),
            exp: now.plus(ID_TOKEN_LIFE),
            iat: now,
            auth_time: approved.auth_time(),
            nonce: request.nonce().map(str::to_owned),
            amr: METHODS,
            at_hash: at_hash(token),
            person: PersonClaims::default(),
        })
    }

    /// The same with the claims about the person that were asked one by one for the ID token.
    #[must_use]
    pub fn with_claims(self, request: &AcceptedRequest, pivot: &PivotIdentity) -> Self {
        Self { person: PersonClaims::of(&request.id_token_claims(), pivot, None), ..self }
    }

    /// The same, with `verified_claims` if they were asked for here.
    #[must_use]
    pub fn with_person(self, request: &AcceptedRequest, evidence: &Evidence<'_>, now: UnixTime) -> Self {
        let asked = &request.asked;
        let verified =
            asked.verified_id_token.as_ref().and_then(|asked| asked.answer(self.acr, evidence, now));
        Self { person: PersonClaims::of(&request.id_token_claims(), evidence.pivot, verified), ..self }
    }

    /// The token.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> String {
        jose::sign(key, Some("JWT"), self)
    }
}

/// The left half of the access token's SHA-256 (OpenID Connect Core, 3.1.3.6).
fn at_hash(token: &AccessToken) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(&sha256(token.as_str().as_bytes())[..16])
}

/// Without `nonce`, which is the client's secret.
impl fmt::Debug for IdTokenClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdTokenClaims({}, {})", self.aud, self.acr)
    }
}

#[cfg(test)]
mod tests;
