//! What goes wrong in a login, with the code that FranceConnect shows for it.

use openidconnect::ClaimsVerificationError;

use crate::Acr;

/// Why a login ended. The texts hold no claim of the person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BrokerError {
    /// The configuration of the broker itself.
    #[error("configuration: {0}")]
    Config(&'static str),
    /// The provider's metadata or keys.
    #[error("the provider's metadata: {0}")]
    Discovery(String),
    /// The callback is no query, or has a parameter twice.
    #[error("the callback is malformed")]
    CallbackMalformed,
    /// No `state`.
    #[error("the callback has no state")]
    StateMissing,
    /// Another `state` than this browser's.
    #[error("the state is not this browser's")]
    StateWrong,
    /// This browser began nothing, or ten minutes ago.
    #[error("the session is over")]
    SessionOver,
    /// No `iss`, though the provider's metadata announces it (RFC 9207, 2.4).
    #[error("the callback has no iss")]
    IssuerMissing,
    /// Another `iss` than the provider's (RFC 9207, 2.4).
    #[error("the iss of the callback is not the provider's")]
    IssuerWrong,
    /// The provider refused, with this OAuth code.
    #[error("the provider answered {0}")]
    Provider(String),
    /// Neither `code` nor `error`.
    #[error("the callback has no code")]
    CodeMissing,
    /// The token endpoint.
    #[error("the token endpoint: {0}")]
    Token(String),
    /// The ID token.
    #[error("the ID token: {0}")]
    IdToken(ClaimsVerificationError),
    /// `azp` is there and is not our client id.
    #[error("the ID token: azp is another client")]
    AuthorizedParty,
    /// `at_hash` is there and is not the access token's.
    #[error("the ID token: at_hash is of another access token")]
    AccessTokenHash,
    /// `nbf` is there. The broker's library compares it without tolerance, so a clock that is a second ahead refuses everybody.
    #[error("{0}: nbf is there")]
    NotBefore(&'static str),
    /// No `acr` in the ID token.
    #[error("the ID token has no acr")]
    AcrMissing,
    /// A level below the one asked, or none that is known.
    #[error("{asked} was asked, {answered} answered")]
    AcrTooLow {
        /// The level asked.
        asked: Acr,
        /// The level answered.
        answered: String,
    },
    /// A level that was not agreed with this provider.
    #[error("{0} is not agreed with this provider")]
    AcrNotAgreed(Acr),
    /// The userinfo endpoint, or the signed answer.
    #[error("userinfo: {0}")]
    Userinfo(String),
    /// The `sub` of userinfo is not the ID token's (OpenID Connect Core, 5.3.2).
    #[error("userinfo is of another subject")]
    UserinfoSubject,
    /// `sub` is empty or not ASCII.
    #[error("sub is not one or more ASCII characters")]
    Subject,
    /// A claim is missing or breaks its rule.
    #[error("identity refused: {0}")]
    Claim(&'static str),
    /// The register of persons does not know her so.
    #[error("the register: {1}")]
    Register(&'static str, &'static str),
}

impl BrokerError {
    /// The code that FranceConnect shows; empty where it has none.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::StateMissing => "Y020021",
            Self::StateWrong => "Y020022",
            Self::CodeMissing => "Y020025",
            Self::Token(_) | Self::IdToken(_) | Self::AuthorizedParty | Self::AccessTokenHash => "Y020026",
            Self::NotBefore("ID token") => "Y020026",
            Self::Userinfo(_) | Self::NotBefore(_) => "Y020027",
            Self::Subject => "Y020029",
            Self::AcrTooLow { .. } => "Y100001",
            Self::AcrMissing => "Y100002",
            Self::AcrNotAgreed(_) => "Y100018",
            Self::Claim(_) => "Y600006",
            Self::Register(code, _) => code,
            Self::Config(_)
            | Self::Discovery(_)
            | Self::CallbackMalformed
            | Self::SessionOver
            | Self::IssuerMissing
            | Self::IssuerWrong
            | Self::Provider(_)
            | Self::UserinfoSubject => "",
        }
    }

    /// The HTTP status of the page that says so.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Register("Y010011" | "Y010012", _) => 504,
            Self::Register("Y010009" | "Y010013", _) => 400,
            Self::StateWrong | Self::SessionOver | Self::Register(..) => 403,
            Self::Token(_)
            | Self::IdToken(_)
            | Self::AuthorizedParty
            | Self::AccessTokenHash
            | Self::NotBefore(_)
            | Self::Userinfo(_)
            | Self::UserinfoSubject
            | Self::Discovery(_) => 502,
            Self::Config(_) | Self::Subject | Self::AcrTooLow { .. } => 500,
            _ => 400,
        }
    }
}
