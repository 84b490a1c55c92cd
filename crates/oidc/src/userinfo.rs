//! The claims of the userinfo endpoint (OpenID Connect Core, 5.3; FranceConnect's contract for identity providers, 2.5).

use std::fmt;

use clock::UnixTime;
use identity::pivot::Claim;
use identity::{PivotIdentity, Provenance};
use jose::SigningKey;
use serde::Serialize;

use crate::person::PersonClaims;
use crate::{AcceptedRequest, ApprovedLogin, Client, Error, Evidence, Subject};

/// What a person approved to pass on, for one client. It is answered as a signed JWT, so it names issuer and audience.
///
/// `declared_claims` names the claims that the person declared; the others stand in the chip under the State's
/// signature. It cannot be made without an approval:
/// ```compile_fail,E0308
/// # use oidc::{AcceptedRequest, Client, Subject, UserinfoClaims};
/// # fn f(client: &Client, request: &AcceptedRequest, subject: &Subject, pivot: &identity::PivotIdentity) {
/// let claims = UserinfoClaims::for_login("https://fi.example", client, request, request, subject, pivot);
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct UserinfoClaims {
    iss: String,
    sub: String,
    aud: String,
    #[serde(flatten)]
    person: PersonClaims,
    declared_claims: Vec<&'static str>,
}

impl UserinfoClaims {
    /// The claims approved, for an identity that still reaches the level approved. A claim that the person has no value
    /// for is absent, but `birthplace` of a birth abroad is the empty string.
    ///
    /// # Errors
    /// [`Error::AnotherLogin`]: the approval is not one of this request; [`Error::Level`].
    pub fn for_login(
        issuer: &str,
        client: &Client,
        request: &AcceptedRequest,
        approved: &ApprovedLogin,
        subject: &Subject,
        pivot: &PivotIdentity,
    ) -> Result<Self, Error> {
        approved.level_for(client, request, subject)?;
        let claims = request.userinfo_claims();
        let declared =
            |claim: &&Claim| pivot.claim(**claim).is_some_and(|a| a.provenance == Provenance::Declared);
        let declared_claims = claims.iter().filter(declared).map(|claim| claim.as_str()).collect();
        let (iss, sub, aud) = (issuer.to_owned(), subject.as_str().to_owned(), client.id().to_owned());
        Ok(Self { iss, sub, aud, person: PersonClaims::of(&claims, pivot, None), declared_claims })
    }

    /// The same with `verified_claims`, if they were asked for here.
    #[must_use]
    pub fn with_evidence(
        self,
        request: &AcceptedRequest,
        approved: &ApprovedLogin,
        evidence: &Evidence<'_>,
        now: UnixTime,
    ) -> Self {
        let asked = request.asked.verified_userinfo.as_ref();
        let verified = asked.and_then(|asked| asked.answer(approved.acr(), evidence, now));
        Self { person: self.person.with_verified(verified), ..self }
    }

    /// The signed JWT.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> String {
        jose::sign(key, Some("JWT"), self)
    }

    /// The claims as they are, for a client that registered no signature (OpenID Connect Core, 5.3.2).
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// A placeholder: this is personal data.
impl fmt::Debug for UserinfoClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserinfoClaims(..)")
    }
}

#[cfg(test)]
mod tests;
