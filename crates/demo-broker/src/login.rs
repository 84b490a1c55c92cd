//! A login that waits, and one that is finished.

use std::fmt;

use clock::UnixTime;

use crate::{Acr, Claims};

/// How long a login may take, in seconds; it does not slide.
pub const LOGIN_LIFE: i64 = 600;

/// A check that a login passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// `state` is this browser's.
    State,
    /// `iss` of the callback is the provider's (RFC 9207).
    Issuer,
    /// The ID token's signature, by a key that the provider publishes.
    IdTokenSignature,
    /// Its `iss`, `aud` and `exp`.
    IdTokenClaims,
    /// Its `nonce`.
    Nonce,
    /// Its `at_hash`.
    AccessTokenHash,
    /// Its `acr`: the level asked or above, and agreed.
    Level,
    /// The signature, `iss` and `aud` of userinfo.
    Userinfo,
    /// Its `sub` is the ID token's.
    Subject,
    /// Each claim keeps its rule.
    Rules,
    /// The register of persons knows her, alone and alive.
    Register,
}

impl Check {
    /// All, in the order in which they are made.
    pub const ALL: [Self; 11] = [
        Self::State,
        Self::Issuer,
        Self::IdTokenSignature,
        Self::IdTokenClaims,
        Self::Nonce,
        Self::AccessTokenHash,
        Self::Level,
        Self::Userinfo,
        Self::Subject,
        Self::Rules,
        Self::Register,
    ];
}

/// A finished login.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// Who.
    pub claims: Claims,
    /// The level answered.
    pub acr: Acr,
    /// How the person was authenticated, as the provider says.
    pub amr: Vec<String>,
    /// What was checked, in order.
    pub checks: Vec<Check>,
}

/// A person's data is in it.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login({}, ..)", self.acr)
    }
}

/// A login that a browser was sent away with.
#[derive(Clone)]
pub struct PendingLogin {
    /// Where the browser goes.
    pub authorize_url: String,
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) began: UnixTime,
}

impl PendingLogin {
    /// Whether its ten minutes are over.
    #[must_use]
    pub fn is_over(&self, now: UnixTime) -> bool {
        now.since(self.began) >= LOGIN_LIFE
    }
}

/// State and nonce are in it.
impl fmt::Debug for PendingLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PendingLogin(..)")
    }
}
