//! What a client is given and what is asked of it beyond the broker's contract.

use jose::{Algorithm, JwkSet};

/// The longest browser session, in seconds: half a working day.
pub const MAX_SSO_SECONDS: i64 = 4 * 3600;

/// A client's policy. The default is the broker's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How its ID tokens and claims are signed: `id_token_signed_response_alg`.
    pub signing: Algorithm,
    /// Claims come as a JSON object instead of a signed JWT: no `userinfo_signed_response_alg`.
    pub plain_userinfo: bool,
    /// Its sector, if its subjects are pairwise (OpenID Connect Core, 8.1); without one they are public.
    pub sector: Option<String>,
    /// How long a browser in which a person logged in to this client may come back without a phone, in seconds; 0: never.
    /// A login at `eidas3` is never reused.
    pub sso_seconds: i64,
    /// The access token reads the claims as often as it is sent, in its 60 seconds; otherwise once.
    pub reusable_token: bool,
    /// A request without `code_challenge` is refused (RFC 9700, 2.1.1).
    pub require_pkce: bool,
    /// A request must be pushed first (RFC 9126).
    pub require_pushed: bool,
    /// Request objects (RFC 9101).
    pub request_objects: RequestObjects,
    /// Tokens must be bound to a key of the client (RFC 9449).
    pub require_dpop: bool,
    /// As FAPI 2.0 asks: an assertion names our issuer alone in `aud`, and ES256 alone signs.
    pub strict_assertions: bool,
    /// It may ask people on their phones without a browser (CIBA, poll mode).
    pub backchannel: bool,
    /// It may ask `verified_claims`.
    pub identity_assurance: bool,
}

/// Whether a client signs its requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RequestObjects {
    /// `request_not_supported`.
    #[default]
    Refused,
    /// It may, with a key of this set.
    Accepted(JwkSet),
    /// It must.
    Required(JwkSet),
}

impl RequestObjects {
    pub(crate) fn keys(&self) -> Option<&JwkSet> {
        match self {
            Self::Refused => None,
            Self::Accepted(keys) | Self::Required(keys) => Some(keys),
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            signing: Algorithm::Es256,
            plain_userinfo: false,
            sector: None,
            sso_seconds: 0,
            reusable_token: false,
            require_pkce: false,
            require_pushed: false,
            request_objects: RequestObjects::Refused,
            require_dpop: false,
            strict_assertions: false,
            backchannel: false,
            identity_assurance: false,
        }
    }
}

impl Policy {
    /// The FAPI 2.0 Security Profile (final, 5.3.2): pushed requests, PKCE, tokens bound by DPoP, assertions for our issuer
    /// alone. The rest of it (code only, `iss`, codes of 60 seconds at most, 303) holds for every client.
    #[must_use]
    pub fn fapi2(self) -> Self {
        Self { require_pkce: true, require_pushed: true, require_dpop: true, strict_assertions: true, ..self }
    }

    /// The rule that is broken, if one is.
    pub(crate) fn mistake(&self) -> Option<&'static str> {
        let rules = [
            ((0..=MAX_SSO_SECONDS).contains(&self.sso_seconds), "sso_seconds is 0 to 14400"),
            (
                self.sector.as_ref().is_none_or(|sector| {
                    (1..=255).contains(&sector.len()) && sector.bytes().all(|b| b.is_ascii_graphic())
                }),
                "a sector is 1 to 255 visible ASCII characters",
            ),
            // The hint that names a person holds her pairwise subject, which leads back to nobody.
            (!(self.backchannel && self.sector.is_some()), "CIBA needs public subjects"),
        ];
        rules.iter().find(|(kept, _)| !kept).map(|(_, rule)| *rule)
    }
}
