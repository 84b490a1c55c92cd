//! `[clients.policy]`: what a client is given and asked beyond the broker's contract.

use serde::Deserialize;

/// A client's policy. The default is the broker's.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClientPolicy {
    /// A named profile: its demands are added to those below.
    pub profile: Option<ClientProfile>,
    /// The scopes that it may ask; all without it.
    pub scopes: Option<Vec<String>>,
    /// How claims are answered.
    pub userinfo: UserinfoFormat,
    /// Whether another client can compare its subjects.
    pub subject_type: SubjectType,
    /// The sector of its pairwise subjects; by default the host of its redirect URIs.
    pub sector: Option<String>,
    /// How long a browser may come back without a phone, in seconds.
    pub sso_seconds: i64,
    /// How often an access token reads the claims.
    pub access_token: AccessTokenUse,
    /// Requests without PKCE are refused.
    pub require_pkce: bool,
    /// Requests must be pushed (RFC 9126).
    pub require_pushed_requests: bool,
    /// Request objects (RFC 9101), signed with a key of `jwks_file`.
    pub request_objects: RequestObjects,
    /// Tokens must be bound by DPoP (RFC 9449).
    pub require_dpop: bool,
    /// It may ask people on their phones without a browser here (CIBA).
    pub ciba: bool,
    /// It may ask `verified_claims` (OpenID Connect for Identity Assurance).
    pub identity_assurance: bool,
}

/// A named profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum ClientProfile {
    /// FAPI 2.0 Security Profile.
    #[serde(rename = "fapi2")]
    Fapi2,
}

/// How claims are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UserinfoFormat {
    /// A signed JWT, encrypted if the client's tokens are.
    #[default]
    Jwt,
    /// A JSON object.
    Json,
}

/// Whether another client can compare subjects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubjectType {
    /// It can.
    #[default]
    Public,
    /// Only one of the same sector.
    Pairwise,
}

/// How often an access token reads the claims.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccessTokenUse {
    /// Once.
    #[default]
    Once,
    /// As often as it is sent, in its 60 seconds.
    Reusable,
}

/// Whether a client signs its requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RequestObjects {
    /// `request_not_supported`.
    #[default]
    Refused,
    /// It may.
    Accepted,
    /// It must.
    Required,
}
