//! Refusals. Their codes are those of OAuth 2.0 and OpenID Connect; this is the one place where they are named.

use std::fmt;

use serde::Serialize;
use serde_json::json;

use crate::parameters::percent_encode;

/// A value that is made at configuration time or read from storage was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A client's record breaks a rule.
    #[error("client {id}: {rule}")]
    Client {
        /// The client.
        id: String,
        /// The rule.
        rule: &'static str,
    },
    /// Two clients have this id.
    #[error("client {0} is there twice")]
    DuplicateClient(String),
    /// Stored bytes are not what was stored.
    #[error("stored {0} cannot be read")]
    Stored(&'static str),
    /// An approval names a level or claim that is not known here.
    #[error("the approval names an unknown {0}")]
    Approval(&'static str),
    /// The approval was given to another login: this differs.
    #[error("the approval is for another {0}")]
    AnotherLogin(&'static str),
    /// No session of the browser may answer.
    #[error("no session may answer this request")]
    Session,
    /// The identity does not reach the approved level any more.
    #[error("the identity does not reach the approved level")]
    Level,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// An error code of OAuth 2.0 or OpenID Connect.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode { $($(#[$doc])* $name,)* }

        impl ErrorCode {
            /// The code as it travels.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}
codes! {
    /// A parameter is missing, repeated or malformed (RFC 6749, 4.1.2.1).
    InvalidRequest = "invalid_request",
    /// The person, or our policy, refused (RFC 6749, 4.1.2.1).
    AccessDenied = "access_denied",
    /// Another `response_type` than `code` (RFC 6749, 4.1.2.1).
    UnsupportedResponseType = "unsupported_response_type",
    /// Without `openid`, or beyond what the client may ask (RFC 6749, 4.1.2.1).
    InvalidScope = "invalid_scope",
    /// Our own trouble (RFC 6749, 4.1.2.1).
    ServerError = "server_error",
    /// Too much to do (RFC 6749, 4.1.2.1).
    TemporarilyUnavailable = "temporarily_unavailable",
    /// `prompt=none`, but nobody is logged in (OpenID Connect Core, 3.1.2.6).
    LoginRequired = "login_required",
    /// The level asked cannot be given (OpenID Connect Core Unmet Authentication Requirements 1.0).
    UnmetAuthenticationRequirements = "unmet_authentication_requirements",
    /// Request objects are not supported (OpenID Connect Core, 3.1.2.6).
    RequestNotSupported = "request_not_supported",
    /// Nor are their URIs (OpenID Connect Core, 3.1.2.6).
    RequestUriNotSupported = "request_uri_not_supported",
    /// Nor is `registration` (OpenID Connect Core, 3.1.2.6).
    RegistrationNotSupported = "registration_not_supported",
    /// The request object is malformed, or not signed by the client (RFC 9101, 7).
    InvalidRequestObject = "invalid_request_object",
    /// The `request_uri` is unknown, used or late (RFC 9101, 7).
    InvalidRequestUri = "invalid_request_uri",
    /// The proof of possession is malformed or does not fit the request (RFC 9449, 5).
    InvalidDpopProof = "invalid_dpop_proof",
    /// The proof needs the nonce in the header `DPoP-Nonce` (RFC 9449, 8).
    UseDpopNonce = "use_dpop_nonce",
    /// The person has not answered yet (CIBA Core 1.0, 11).
    AuthorizationPending = "authorization_pending",
    /// The client asks too often (CIBA Core 1.0, 11).
    SlowDown = "slow_down",
    /// The person did not answer in time (CIBA Core 1.0, 11).
    ExpiredToken = "expired_token",
    /// The hint names nobody who could be asked (CIBA Core 1.0, 13).
    UnknownUserId = "unknown_user_id",
    /// The binding message is missing or of another form (CIBA Core 1.0, 13).
    InvalidBindingMessage = "invalid_binding_message",
    /// The client may not do this (RFC 6749, 5.2).
    UnauthorizedClient = "unauthorized_client",
    /// The client did not prove who it is (RFC 6749, 5.2).
    InvalidClient = "invalid_client",
    /// The code is wrong, used, late, or another client's (RFC 6749, 5.2).
    InvalidGrant = "invalid_grant",
    /// Another `grant_type` than `authorization_code` (RFC 6749, 5.2).
    UnsupportedGrantType = "unsupported_grant_type",
    /// The access token is wrong, used or late (RFC 6750, 3.1).
    InvalidToken = "invalid_token",
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A refusal before the redirect URI is trusted: it is shown as a page and leads nowhere (RFC 6749, 4.1.2.1).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.sentence())]
#[non_exhaustive]
pub enum PageError {
    /// More bytes or parameters than any request needs.
    TooLong,
    /// Not in the form `application/x-www-form-urlencoded`.
    Malformed,
    /// `client_id` or `redirect_uri` is there twice.
    Duplicate(&'static str),
    /// `client_id` is missing or unknown.
    UnknownClient,
    /// `redirect_uri` is missing.
    RedirectUriMissing,
    /// `redirect_uri` is none of the client's.
    RedirectUriUnknown,
    /// The request object cannot be trusted, and nothing beside it says where to go.
    RequestObject,
    /// No request was pushed under this `request_uri`, or it was used, or its time is over.
    RequestUri,
}

impl PageError {
    /// The code of the same refusal where no page is shown: at the endpoint for pushed requests.
    pub(crate) fn code(&self) -> ErrorCode {
        match self {
            Self::RequestObject => ErrorCode::InvalidRequestObject,
            Self::RequestUri => ErrorCode::InvalidRequestUri,
            _ => ErrorCode::InvalidRequest,
        }
    }

    /// A sentence for the client's developers.
    pub(crate) fn sentence(&self) -> &'static str {
        match self {
            Self::TooLong => "the request is too long",
            Self::Malformed => "the request is malformed",
            Self::Duplicate(_) => "a parameter is there twice",
            Self::UnknownClient => "unknown client",
            Self::RedirectUriMissing => "redirect_uri is missing",
            Self::RedirectUriUnknown => "redirect_uri is not registered for this client",
            Self::RequestObject => "the request object cannot be trusted",
            Self::RequestUri => "request_uri is unknown, used or late",
        }
    }
}

/// A refusal after the redirect URI is trusted: it goes to the client, with its `state` and our `iss` (RFC 9207).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectError {
    /// The code.
    pub error: ErrorCode,
    /// A sentence for the client's developers.
    pub description: &'static str,
    /// The client's `state`, as it came.
    pub state: Option<Vec<u8>>,
    /// Our issuer identifier.
    pub iss: String,
    pub(crate) redirect_uri: String,
}

impl RedirectError {
    /// The URI that the browser is sent to.
    #[must_use]
    pub fn location(&self) -> String {
        let values = [
            ("error", Some(self.error.as_str().as_bytes())),
            ("error_description", Some(self.description.as_bytes())),
            ("state", self.state.as_deref()),
            ("iss", Some(self.iss.as_bytes())),
        ];
        with_query(&self.redirect_uri, &values)
    }
}

impl fmt::Display for RedirectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.error, self.description)
    }
}

impl std::error::Error for RedirectError {}

/// Adds parameters to a URI that may have a query already.
pub(crate) fn with_query(uri: &str, values: &[(&str, Option<&[u8]>)]) -> String {
    let mut out = uri.to_owned();
    let mut separator = match uri.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    for (name, value) in values.iter().filter_map(|(name, value)| value.map(|v| (name, v))) {
        out.push_str(separator);
        out.push_str(name);
        out.push('=');
        percent_encode(value, &mut out);
        separator = "&";
    }
    out
}

/// What the authorization endpoint refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizeError {
    /// On a page.
    #[error(transparent)]
    Page(#[from] PageError),
    /// By a redirect.
    #[error(transparent)]
    Redirect(#[from] RedirectError),
}

/// A refusal of the token endpoint (RFC 6749, 5.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenError {
    /// The code.
    pub error: ErrorCode,
    /// A sentence for the client's developers.
    pub description: &'static str,
}

impl TokenError {
    /// A refusal.
    #[must_use]
    pub fn new(error: ErrorCode, description: &'static str) -> Self {
        Self { error, description }
    }

    /// The HTTP status: 401 for `invalid_client`, 5xx for our own trouble, else 400.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self.error {
            ErrorCode::InvalidClient => 401,
            ErrorCode::ServerError => 500,
            ErrorCode::TemporarilyUnavailable => 503,
            _ => 400,
        }
    }

    /// The body: a JSON object.
    #[must_use]
    pub fn body(&self) -> String {
        #[derive(Serialize)]
        struct Body {
            error: &'static str,
            error_description: &'static str,
        }
        let body = Body { error: self.error.as_str(), error_description: self.description };
        serde_json::to_string(&body).unwrap_or_default()
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.error, self.description)
    }
}

impl std::error::Error for TokenError {}

/// A refusal of the userinfo endpoint (RFC 6750, 3).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BearerError {
    /// No token, neither in the header `Authorization` nor in a form.
    #[error("no bearer token")]
    Missing,
    /// A token in the header and another in the form, or no form that can be read (RFC 6750, 3.1: `invalid_request`).
    #[error("one access token is sent, in one place")]
    Malformed,
    /// A token that counts for nothing.
    #[error("the access token is wrong, used or late")]
    Invalid,
    /// The proof of possession beside it does not count (RFC 9449, 7.1).
    #[error("{0}")]
    Dpop(TokenError),
}

impl BearerError {
    /// Its code. `None`: who sends no token is told no error (RFC 6750, 3.1).
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Missing => None,
            Self::Malformed => Some(ErrorCode::InvalidRequest),
            Self::Invalid => Some(ErrorCode::InvalidToken),
            Self::Dpop(error) => Some(error.error),
        }
    }

    fn description(&self) -> String {
        match self {
            Self::Dpop(error) => error.description.to_owned(),
            _ => self.to_string(),
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        if *self == Self::Malformed { 400 } else { 401 }
    }

    /// The value of the header `WWW-Authenticate`.
    #[must_use]
    pub fn challenge(&self) -> String {
        let (scheme, algorithms) = match self {
            Self::Dpop(_) => ("DPoP", r#", algs="ES256""#),
            _ => ("Bearer", ""),
        };
        let Some(code) = self.code() else { return scheme.to_owned() };
        format!(r#"{scheme} error="{code}", error_description="{}"{algorithms}"#, self.description())
    }

    /// The body, for clients that read no header: the same as JSON. Empty without a code.
    #[must_use]
    pub fn body(&self) -> String {
        let Some(code) = self.code() else { return String::new() };
        json!({ "error": code.as_str(), "error_description": self.description() }).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(redirect_uri: &str, state: Option<&[u8]>) -> String {
        RedirectError {
            error: ErrorCode::AccessDenied,
            description: "the person refused",
            state: state.map(<[u8]>::to_vec),
            iss: "https://fi.example".to_owned(),
            redirect_uri: redirect_uri.to_owned(),
        }
        .location()
    }

    #[test]
    fn a_refusal_returns_state_byte_for_byte_and_names_the_issuer() {
        assert_eq!(
            refusal("https://b.example/cb", Some(b"a b&\xff=+~")),
            "https://b.example/cb?error=access_denied&error_description=the%20person%20refused\
             &state=a%20b%26%FF%3D%2B~&iss=https%3A%2F%2Ffi.example"
        );
        assert!(!refusal("https://b.example/cb", None).contains("state"));
    }

    #[test]
    fn a_query_of_the_redirect_uri_is_kept() {
        assert!(refusal("https://b.example/cb?x=1", None).starts_with("https://b.example/cb?x=1&error="));
        assert!(refusal("https://b.example/cb?", None).starts_with("https://b.example/cb?error="));
    }

    #[test]
    fn each_code_of_the_token_endpoint_has_its_status() {
        for (code, status) in [
            (ErrorCode::InvalidClient, 401),
            (ErrorCode::InvalidGrant, 400),
            (ErrorCode::InvalidRequest, 400),
            (ErrorCode::UnsupportedGrantType, 400),
            (ErrorCode::ServerError, 500),
            (ErrorCode::TemporarilyUnavailable, 503),
        ] {
            let error = TokenError::new(code, "why");
            assert_eq!(error.status(), status);
            assert_eq!(error.body(), format!(r#"{{"error":"{code}","error_description":"why"}}"#));
        }
    }

    #[test]
    fn a_bearer_refusal_names_its_code_only_if_a_token_came() {
        assert_eq!(
            (BearerError::Missing.challenge().as_str(), BearerError::Missing.body().as_str()),
            ("Bearer", "")
        );
        assert_eq!((BearerError::Malformed.status(), BearerError::Invalid.status()), (400, 401));
        assert!(BearerError::Invalid.challenge().starts_with(r#"Bearer error="invalid_token""#));
    }
}
