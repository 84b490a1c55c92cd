//! The claims of the userinfo endpoint (OpenID Connect Core, 5.3; FranceConnect's contract for identity providers, 2.5).

use std::collections::BTreeMap;
use std::fmt;

use identity::{PivotIdentity, Provenance};
use jose::SigningKey;
use serde::Serialize;

use crate::{AcceptedRequest, ApprovedLogin, Client, Error, Subject};

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
    claims: BTreeMap<&'static str, String>,
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
        let (mut claims, mut declared_claims) = (BTreeMap::new(), Vec::new());
        for claim in approved.claims() {
            if let Some(attribute) = pivot.claim(*claim) {
                if attribute.provenance == Provenance::Declared {
                    declared_claims.push(claim.as_str());
                }
                claims.insert(claim.as_str(), attribute.value);
            }
        }
        let (iss, sub, aud) = (issuer.to_owned(), subject.as_str().to_owned(), client.id().to_owned());
        Ok(Self { iss, sub, aud, claims, declared_claims })
    }

    /// The signed JWT.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> String {
        jose::sign(key, Some("JWT"), self)
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
