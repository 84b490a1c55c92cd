//! What a client sends to the back channel: a form, and its proof of who it is (RFC 6749, 2.3; OpenID Connect Core, 9).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use clock::UnixTime;
use zeroize::Zeroizing;

use crate::client_assertion::{ASSERTION_TYPE, UsedAssertion, unverified_client_id, verify};
use crate::parameters::{Parameters, percent_decode, text};
use crate::{Client, ClientAuth, Clients, ErrorCode, TokenError, endpoint};

/// A form that was read: nobody has proved anything yet.
pub struct ClientForm {
    parameters: Parameters,
    client_id: Option<String>,
    credentials: Credentials,
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

/// The parameters of the proof: they are no part of what is asked.
pub(crate) const PROOF: [&str; 3] = ["client_secret", "client_assertion", "client_assertion_type"];

pub(crate) fn invalid(description: &'static str) -> TokenError {
    TokenError::new(ErrorCode::InvalidRequest, description)
}

fn no_client(description: &'static str) -> TokenError {
    TokenError::new(ErrorCode::InvalidClient, description)
}

impl ClientForm {
    /// Reads the form and the header `Authorization`.
    ///
    /// # Errors
    /// [`TokenError`] with `invalid_request`.
    pub fn parse(form: &[u8], authorization: Option<&[u8]>) -> Result<Self, TokenError> {
        let parameters = Parameters::parse(form).map_err(|_| invalid("the form is malformed or too long"))?;
        if parameters.any_repeated() {
            return Err(invalid("a parameter is there twice"));
        }
        let assertion = match (
            value(&parameters, "client_assertion_type")?.as_deref(),
            value(&parameters, "client_assertion")?,
        ) {
            (None, None) => None,
            (Some(ASSERTION_TYPE), Some(assertion)) => Some(assertion),
            _ => return Err(invalid("client_assertion needs the client_assertion_type of RFC 7523")),
        };
        let client_id = value(&parameters, "client_id")?;
        let credentials = credentials(authorization, value(&parameters, "client_secret")?, assertion)?;
        Ok(Self { parameters, client_id, credentials })
    }

    /// A parameter.
    ///
    /// # Errors
    /// [`TokenError`] with `invalid_request`: it is not text.
    pub(crate) fn value(&self, name: &str) -> Result<Option<String>, TokenError> {
        value(&self.parameters, name)
    }

    /// Finds the client and checks its proof. An assertion may name the endpoint at `path` instead of the issuer.
    ///
    /// # Errors
    /// [`TokenError`] with `invalid_client`.
    pub fn authenticate<'a>(
        self,
        clients: &'a Clients,
        issuer: &str,
        path: &str,
        now: UnixTime,
    ) -> Result<AuthenticatedForm<'a>, TokenError> {
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
                (client.ok_or(error)?, None)
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
                // RFC 9126, 2: the token endpoint names this server as well, at every endpoint.
                let audiences = [issuer, &endpoint(issuer, "/token"), &endpoint(issuer, path)];
                let strict = client.policy().strict_assertions;
                let used =
                    verify(&assertion, keys, client.id(), &audiences, strict, now).map_err(no_client)?;
                (client, Some(used))
            }
        };
        Ok(AuthenticatedForm { parameters: self.parameters, client, assertion })
    }
}

fn value(parameters: &Parameters, name: &str) -> Result<Option<String>, TokenError> {
    match parameters.one(name) {
        Ok(Some(bytes)) => {
            text(bytes).map(|text| Some(text.to_owned())).ok_or(invalid("a parameter is not text"))
        }
        _ => Ok(None),
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

/// A form of a client that proved who it is.
pub struct AuthenticatedForm<'a> {
    pub(crate) parameters: Parameters,
    client: &'a Client,
    assertion: Option<UsedAssertion>,
}

impl<'a> AuthenticatedForm<'a> {
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

    /// A parameter.
    ///
    /// # Errors
    /// [`TokenError`] with `invalid_request`: it is not text.
    pub fn value(&self, name: &str) -> Result<Option<String>, TokenError> {
        value(&self.parameters, name)
    }
}
