//! The token endpoint (OpenID Connect Core, 3.1.3; RFC 6749, 4.1.3; RFC 7636, 4.5; RFC 9700, 2.1).

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use clock::UnixTime;
use identity::login::TOKEN_LIFE;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::client_assertion::{ASSERTION_TYPE, UsedAssertion, unverified_client_id, verify};
use crate::parameters::{Parameters, percent_decode, text};
use crate::{
    AcceptedRequest, AccessToken, Client, ClientAuth, Clients, Code, ErrorCode, TokenError, endpoint,
};

/// A token request whose form was read: nobody has proved anything yet.
pub struct TokenRequest {
    client_id: Option<String>,
    credentials: Credentials,
    code: Option<String>,
    redirect_uri: Option<String>,
    code_verifier: Option<String>,
}

/// How the client says who it is.
enum Credentials {
    /// Neither in the form nor in the header.
    None,
    /// In the header `Authorization`: id and secret, or something else.
    Header(Option<(String, String)>),
    Secret(String),
    Assertion(String),
}

fn invalid(description: &'static str) -> TokenError {
    TokenError::new(ErrorCode::InvalidRequest, description)
}

fn no_client(description: &'static str) -> TokenError {
    TokenError::new(ErrorCode::InvalidClient, description)
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
        let parameters = Parameters::parse(form).map_err(|_| invalid("the form is malformed or too long"))?;
        if parameters.any_repeated() {
            return Err(invalid("a parameter is there twice"));
        }
        let value = |name| match parameters.one(name) {
            Ok(Some(bytes)) => {
                text(bytes).map(|t| Some(t.to_owned())).ok_or(invalid("a parameter is not text"))
            }
            _ => Ok(None),
        };
        match value("grant_type")?.as_deref() {
            Some("authorization_code") => {}
            Some(_) => {
                let description = "grant_type must be authorization_code";
                return Err(TokenError::new(ErrorCode::UnsupportedGrantType, description));
            }
            None => return Err(invalid("grant_type is missing")),
        }
        let assertion = match (value("client_assertion_type")?.as_deref(), value("client_assertion")?) {
            (None, None) => None,
            (Some(ASSERTION_TYPE), Some(assertion)) => Some(assertion),
            _ => return Err(invalid("client_assertion needs the client_assertion_type of RFC 7523")),
        };
        Ok(Self {
            client_id: value("client_id")?,
            credentials: credentials(authorization, value("client_secret")?, assertion)?,
            code: value("code")?,
            redirect_uri: value("redirect_uri")?,
            code_verifier: value("code_verifier")?,
        })
    }

    /// Finds the client and checks its proof.
    ///
    /// # Errors
    /// [`TokenError`] with `invalid_client`.
    pub fn authenticate<'a>(
        self,
        clients: &'a Clients,
        issuer: &str,
        now: UnixTime,
    ) -> Result<AuthenticatedTokenRequest<'a>, TokenError> {
        let named = match (&self.client_id, &self.credentials) {
            (Some(id), _) => Some(id.clone()),
            (None, Credentials::Header(Some((id, _)))) => Some(id.clone()),
            // RFC 7521, 4.2: beside an assertion the client_id may be absent.
            (None, Credentials::Assertion(assertion)) => unverified_client_id(assertion),
            (None, _) => None,
        };
        let (client, assertion) = match self.credentials {
            Credentials::Header(sent) => {
                let client = sent.filter(|(id, _)| named.as_ref() == Some(id)).and_then(|(id, secret)| {
                    clients.get(&id).filter(|client| client.auth().accepts_secret(&secret, true))
                });
                let error = no_client("unknown client, or wrong secret in the header Authorization");
                (client.ok_or(TokenError { challenge: true, ..error })?, None)
            }
            Credentials::None => return Err(no_client("without client_secret or client_assertion")),
            Credentials::Secret(secret) => {
                let client = named.and_then(|id| clients.get(&id));
                let client = client.filter(|client| client.auth().accepts_secret(&secret, false));
                (client.ok_or(no_client("unknown client, or wrong secret"))?, None)
            }
            Credentials::Assertion(assertion) => {
                let client = named.and_then(|id| clients.get(&id)).ok_or(no_client("unknown client"))?;
                let ClientAuth::PrivateKeyJwt(keys) = client.auth() else {
                    return Err(no_client("the client is not registered for private_key_jwt"));
                };
                let audiences = [issuer, &endpoint(issuer, "/token")];
                let used = verify(&assertion, keys, client.id(), &audiences, now).map_err(no_client)?;
                (client, Some(used))
            }
        };
        let (code, redirect_uri, code_verifier) = (self.code, self.redirect_uri, self.code_verifier);
        Ok(AuthenticatedTokenRequest { client, assertion, code, redirect_uri, code_verifier })
    }
}

/// RFC 6749, 2.3: one way to authenticate in a request, not more.
fn credentials(
    authorization: Option<&[u8]>,
    secret: Option<String>,
    assertion: Option<String>,
) -> Result<Credentials, TokenError> {
    match (authorization, secret, assertion) {
        (None, None, None) => Ok(Credentials::None),
        (Some(header), None, None) => Ok(Credentials::Header(basic(header))),
        (None, Some(secret), None) => Ok(Credentials::Secret(secret)),
        (None, None, Some(assertion)) => Ok(Credentials::Assertion(assertion)),
        _ => Err(invalid("more than one way to authenticate")),
    }
}

/// `Basic`, then id and secret in base64, each encoded as in a form before (RFC 6749, 2.3.1; RFC 7617, 2).
fn basic(header: &[u8]) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_at_checked(6)?;
    let decoded = Zeroizing::new(BASE64_STANDARD.decode(encoded.trim_ascii()).ok()?);
    let at = decoded.iter().position(|byte| *byte == b':')?;
    let part = |bytes: &[u8]| {
        let decoded = percent_decode(bytes).ok()?;
        text(&decoded).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    Some((part(&decoded[..at])?, part(&decoded[at + 1..])?))
}

/// A token request of a client that proved who it is.
pub struct AuthenticatedTokenRequest<'a> {
    client: &'a Client,
    assertion: Option<UsedAssertion>,
    code: Option<String>,
    redirect_uri: Option<String>,
    code_verifier: Option<String>,
}

impl<'a> AuthenticatedTokenRequest<'a> {
    /// The client.
    #[must_use]
    pub fn client(&self) -> &'a Client {
        self.client
    }

    /// The assertion, which the caller takes once before it goes on.
    #[must_use]
    pub fn assertion(&self) -> Option<&UsedAssertion> {
        self.assertion.as_ref()
    }

    /// The code.
    ///
    /// # Errors
    /// [`TokenError`] with `invalid_request`: missing; with `invalid_grant`: never one of ours.
    pub fn code(&self) -> Result<Code, TokenError> {
        let code = self.code.as_deref().ok_or(invalid("code is missing"))?;
        Code::parse(code).ok_or(no_grant("the code is wrong, used or late"))
    }

    /// Compares what must fit the authorization request that the code was given for. Ask after the code is used up: one
    /// that came with the wrong redirect URI or verifier must not stay good.
    ///
    /// # Errors
    /// [`TokenError`] with `invalid_grant`.
    pub fn check_grant(&self, request: &AcceptedRequest) -> Result<(), TokenError> {
        let rules = [
            (self.client.id() == request.client_id(), "the code was given to another client"),
            (
                self.redirect_uri.as_deref() == Some(request.redirect_uri()),
                "redirect_uri is not that of the authorization request",
            ),
            (
                self.code_verifier.as_deref().is_none_or(is_verifier)
                    && request.verifier_fits(self.code_verifier.as_deref()),
                "code_verifier does not fit the code_challenge",
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
    /// The tokens of a login.
    #[must_use]
    pub fn new(token: &AccessToken, id_token: String, request: &AcceptedRequest) -> Self {
        Self {
            access_token: token.as_str().to_owned(),
            token_type: "Bearer",
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
