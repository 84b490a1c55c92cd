//! The token endpoint (OpenID Connect Core, 3.1.3; RFC 6749, 4.1.3; RFC 7636, 4.5; RFC 9700, 2.1).

use std::fmt;

use clock::UnixTime;
use crypto::ct_eq;
use identity::login::TOKEN_LIFE;
use serde::Serialize;

use crate::client_assertion::UsedAssertion;
use crate::client_form::{AuthenticatedForm, ClientForm, invalid};
use crate::{AcceptedRequest, AccessToken, Client, Clients, Code, ErrorCode, TokenError};

/// The grant type of CIBA (CIBA Core 1.0, 10.1).
pub(crate) const CIBA: &str = "urn:openid:params:grant-type:ciba";

/// What tokens are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// `authorization_code`.
    Code,
    /// A person who was asked on her phone (CIBA).
    Backchannel,
}

/// A token request whose form was read: nobody has proved anything yet.
pub struct TokenRequest {
    form: ClientForm,
    grant: Grant,
}

fn no_grant(description: &'static str) -> TokenError {
    TokenError::new(ErrorCode::InvalidGrant, description)
}

impl TokenRequest {
    /// Reads the form and the header `Authorization`.
    ///
    /// # Errors
    /// [`TokenError`] with `invalid_request` or `unsupported_grant_type`.
    pub fn parse(form: &[u8], authorization: Option<&[u8]>) -> Result<Self, TokenError> {
        let form = ClientForm::parse(form, authorization)?;
        let grant = match form.value("grant_type")?.as_deref() {
            Some("authorization_code") => Grant::Code,
            Some(CIBA) => Grant::Backchannel,
            Some(_) => {
                let description = "grant_type must be authorization_code, or that of CIBA";
                return Err(TokenError::new(ErrorCode::UnsupportedGrantType, description));
            }
            None => return Err(invalid("grant_type is missing")),
        };
        // What is malformed is told before anybody is asked who he is.
        for name in ["code", "redirect_uri", "code_verifier", "auth_req_id"] {
            form.value(name)?;
        }
        Ok(Self { form, grant })
    }

    /// Finds the client and checks its proof.
    ///
    /// # Errors
    /// [`TokenError`] with `invalid_client`; `unauthorized_client`: the grant is not for it.
    pub fn authenticate<'a>(
        self,
        clients: &'a Clients,
        issuer: &str,
        now: UnixTime,
    ) -> Result<AuthenticatedTokenRequest<'a>, TokenError> {
        let form = self.form.authenticate(clients, issuer, "/token", now)?;
        if self.grant == Grant::Backchannel && !form.client().policy().backchannel {
            let description = "the client is not registered for CIBA";
            return Err(TokenError::new(ErrorCode::UnauthorizedClient, description));
        }
        Ok(AuthenticatedTokenRequest { form, grant: self.grant })
    }
}

/// A token request of a client that proved who it is.
pub struct AuthenticatedTokenRequest<'a> {
    form: AuthenticatedForm<'a>,
    grant: Grant,
}

impl<'a> AuthenticatedTokenRequest<'a> {
    /// The client.
    #[must_use]
    pub fn client(&self) -> &'a Client {
        self.form.client()
    }

    /// The assertion, which the caller takes once before it goes on.
    #[must_use]
    pub fn assertion(&self) -> Option<&UsedAssertion> {
        self.form.assertion()
    }

    /// What tokens are asked for.
    #[must_use]
    pub fn grant(&self) -> Grant {
        self.grant
    }

    /// The code.
    ///
    /// # Errors
    /// [`TokenError`] with `invalid_request`: missing; with `invalid_grant`: never one of ours.
    pub fn code(&self) -> Result<Code, TokenError> {
        let code = self.form.value("code")?.ok_or(invalid("code is missing"))?;
        Code::parse(&code).ok_or(no_grant("the code is wrong, used or late"))
    }

    /// The name of a request that reached a phone unasked.
    ///
    /// # Errors
    /// [`TokenError`] with `invalid_request`: missing.
    pub fn auth_req_id(&self) -> Result<String, TokenError> {
        self.form.value("auth_req_id")?.ok_or(invalid("auth_req_id is missing"))
    }

    /// Compares what must fit the authorization request that the code was given for; `key` is the thumbprint of the key
    /// that a proof of possession came with. Ask after the code is used up: one that came with the wrong redirect URI,
    /// verifier or key must not stay good.
    ///
    /// # Errors
    /// [`TokenError`] with `invalid_grant`.
    pub fn check_grant(&self, request: &AcceptedRequest, key: Option<&[u8; 32]>) -> Result<(), TokenError> {
        // No browser, no redirect URI, no challenge: the grant is the client's by its name alone.
        if self.grant == Grant::Backchannel {
            let ours = self.client().id() == request.client_id() && request.binding_number().is_some();
            return if ours { Ok(()) } else { Err(no_grant("auth_req_id was given to another client")) };
        }
        let (redirect_uri, verifier) = (self.form.value("redirect_uri")?, self.form.value("code_verifier")?);
        let rules = [
            (self.client().id() == request.client_id(), "the code was given to another client"),
            (
                redirect_uri.as_deref() == Some(request.redirect_uri()),
                "redirect_uri is not that of the authorization request",
            ),
            (
                verifier.as_deref().is_none_or(is_verifier) && request.verifier_fits(verifier.as_deref()),
                "code_verifier does not fit the code_challenge",
            ),
            (
                request.dpop_key.is_none_or(|bound| key.is_some_and(|key| ct_eq(&bound, key))),
                "the code is bound to another key",
            ),
        ];
        rules.iter().find(|(kept, _)| !kept).map_or(Ok(()), |(_, rule)| Err(no_grant(rule)))
    }
}

/// RFC 7636, 4.1: 43 to 128 unreserved characters.
fn is_verifier(verifier: &str) -> bool {
    (43..=128).contains(&verifier.len())
        && verifier.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
}

/// The answer (OpenID Connect Core, 3.1.3.3).
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct TokenResponse {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    scope: String,
    id_token: String,
}

impl TokenResponse {
    /// The tokens of a login; `bound`: to a key of the client (RFC 9449, 5).
    #[must_use]
    pub fn new(token: &AccessToken, id_token: String, request: &AcceptedRequest, bound: bool) -> Self {
        Self {
            access_token: token.as_str().to_owned(),
            token_type: if bound { "DPoP" } else { "Bearer" },
            expires_in: TOKEN_LIFE,
            scope: request.scope(),
            id_token,
        }
    }

    /// The body: a JSON object.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

macro_rules! silent_debug {
    ($($name:ty),*) => {$(
        /// A placeholder: who holds it can use it.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )*};
}
silent_debug!(TokenRequest, AuthenticatedTokenRequest<'_>, TokenResponse);

#[cfg(test)]
mod tests;
