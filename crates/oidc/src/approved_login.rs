//! A login that a person approved, as it rests between her phone and the token endpoint.

use std::collections::BTreeSet;

use clock::UnixTime;
use crypto::ct_eq;
use identity::Acr;
use identity::pivot::Claim;
use protocol::approval::VerifiedApproval;

use crate::request::{push, take, text};
use crate::{AcceptedRequest, AuthorizationRequest, Client, Error, Prompt, Subject};

/// The version of the stored form.
const VERSION: u8 = 1;

/// An approval of an accepted request. Tokens are made for nothing else, and it is made out of a [`VerifiedApproval`],
/// which both keys of a phone signed, or read back from the row of its login. It holds no personal data.
///
/// ```compile_fail,E0308
/// # fn f(approval: protocol::approval::Approval, request: &oidc::AcceptedRequest) {
/// let unsigned = oidc::ApprovedLogin::new(&approval, request, clock::UnixTime(0));
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovedLogin {
    login_id: String,
    client_id: String,
    request_digest: [u8; 32],
    acr: Acr,
    claims: BTreeSet<Claim>,
    consent_version: String,
    auth_time: UnixTime,
    device_id: String,
}

impl ApprovedLogin {
    /// Takes an approval that was given at the time `at`, if it is one of this request.
    ///
    /// # Errors
    /// [`Error::Approval`], [`Error::AnotherLogin`].
    pub fn new(approval: &VerifiedApproval, request: &AcceptedRequest, at: UnixTime) -> Result<Self, Error> {
        let approval = approval.approval();
        let request_digest = approval.request_digest.0.as_slice().try_into();
        let approved = Self {
            login_id: approval.login_id.clone(),
            client_id: approval.client_id.clone(),
            request_digest: request_digest.map_err(|_| Error::AnotherLogin("request"))?,
            acr: approval.acr.parse().map_err(|_| Error::Approval("level"))?,
            claims: claims(approval.claims.iter().map(String::as_str)).ok_or(Error::Approval("claim"))?,
            consent_version: approval.consent_version.clone(),
            auth_time: at,
            device_id: approval.device_id.clone(),
        };
        approved.check_request(request)?;
        Ok(approved)
    }

    /// The same approval for another request of the same client in the same browser: a session (protocols.md, 6.6). Nothing
    /// is released that was not approved, the level is the one approved and asked again, and `auth_time` stays.
    ///
    /// # Errors
    /// [`Error::AnotherLogin`] with what differs; [`Error::Session`]: the policy, or its time, does not let it.
    pub fn again(
        &self,
        login_id: &str,
        client: &Client,
        request: &AuthorizationRequest,
        now: UnixTime,
    ) -> Result<Self, Error> {
        let accepted = &request.accepted;
        let age = now.since(self.auth_time);
        let life = client.policy().sso_seconds.min(request.max_age.unwrap_or(i64::MAX));
        if request.prompt == Prompt::Login
            || self.acr >= Acr::Eidas3
            || !(0..=life).contains(&age)
            || life == 0
        {
            return Err(Error::Session);
        }
        if !accepted.claims().is_subset(&self.claims) {
            return Err(Error::AnotherLogin("claims"));
        }
        let again = Self {
            login_id: login_id.to_owned(),
            request_digest: accepted.request_digest(),
            claims: accepted.claims(),
            ..self.clone()
        };
        again.check_request(accepted)?;
        Ok(again)
    }

    /// The login.
    #[must_use]
    pub fn login_id(&self) -> &str {
        &self.login_id
    }

    /// The level that was approved.
    #[must_use]
    pub fn acr(&self) -> Acr {
        self.acr
    }

    /// The claims that were approved, beside `sub`.
    #[must_use]
    pub fn claims(&self) -> &BTreeSet<Claim> {
        &self.claims
    }

    /// The version of the consent text that was shown.
    #[must_use]
    pub fn consent_version(&self) -> &str {
        &self.consent_version
    }

    /// When it was approved: `auth_time`.
    #[must_use]
    pub fn auth_time(&self) -> UnixTime {
        self.auth_time
    }

    /// The phone.
    #[must_use]
    pub fn device_id(&self) -> &str {
        &self.device_id
    }

    /// The level to answer: the approved one, if this is still the same request of this client, which may still have
    /// it, and if the identity still reaches it.
    ///
    /// # Errors
    /// [`Error::AnotherLogin`], [`Error::Level`].
    pub(crate) fn level_for(
        &self,
        client: &Client,
        request: &AcceptedRequest,
        subject: &Subject,
    ) -> Result<Acr, Error> {
        self.check_request(request)?;
        if client.id() != self.client_id {
            return Err(Error::AnotherLogin("client"));
        }
        self.acr.granted(subject.reached(), client.acr()).ok_or(Error::Level)
    }

    /// A person approves one request of one client: its digest covers what the fields here do not.
    fn check_request(&self, request: &AcceptedRequest) -> Result<(), Error> {
        let fields = [
            ("client", self.client_id == request.client_id()),
            ("request", ct_eq(&self.request_digest, &request.request_digest())),
            ("claims", self.claims == request.claims()),
            ("level", request.acr().contains(&self.acr)),
        ];
        fields.iter().find(|(_, same)| !same).map_or(Ok(()), |(name, _)| Err(Error::AnotherLogin(name)))
    }

    /// The stored form: version, then each field in order.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let claims: Vec<&str> = self.claims.iter().map(|claim| claim.as_str()).collect();
        let mut out = vec![VERSION];
        push(&mut out, self.login_id.as_bytes());
        push(&mut out, self.client_id.as_bytes());
        push(&mut out, &self.request_digest);
        push(&mut out, self.acr.as_str().as_bytes());
        push(&mut out, claims.join(" ").as_bytes());
        push(&mut out, self.consent_version.as_bytes());
        push(&mut out, &self.auth_time.0.to_be_bytes());
        push(&mut out, self.device_id.as_bytes());
        out
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// [`Error::Stored`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Self::read(bytes).ok_or(Error::Stored("approval"))
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(&[VERSION])?;
        let approved = Self {
            login_id: text(take(&mut rest)?)?,
            client_id: text(take(&mut rest)?)?,
            request_digest: take(&mut rest)?.try_into().ok()?,
            acr: text(take(&mut rest)?)?.parse().ok()?,
            claims: claims(text(take(&mut rest)?)?.split(' ').filter(|name| !name.is_empty()))?,
            consent_version: text(take(&mut rest)?)?,
            auth_time: UnixTime(i64::from_be_bytes(take(&mut rest)?.try_into().ok()?)),
            device_id: text(take(&mut rest)?)?,
        };
        // Only what `to_bytes` writes is read.
        (rest.is_empty() && approved.to_bytes() == bytes).then_some(approved)
    }
}

/// The claims of these names. `sub` may be among them: it goes with every login.
fn claims<'a>(names: impl Iterator<Item = &'a str>) -> Option<BTreeSet<Claim>> {
    let known = |name: &str| Claim::ALL.into_iter().find(|claim| claim.as_str() == name);
    names.filter(|name| *name != "sub").map(known).collect()
}

#[cfg(test)]
pub(crate) mod tests;
