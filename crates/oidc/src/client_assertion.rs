//! `private_key_jwt`: a client proves who it is by a JWT that it signed (OpenID Connect Core, 9; RFC 7523, 3).

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use clock::UnixTime;
use jose::{Algorithm, JwkSet};
use serde::Deserialize;

/// The value of `client_assertion_type` (RFC 7523, 2.2).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The longest life of an assertion, in seconds: an hour, which client libraries give theirs. It counts once anyway.
pub const MAX_ASSERTION_LIFE: i64 = 3600;
/// How far a client's clock may be ahead, in seconds.
const CLOCK_SKEW: i64 = 60;
/// The longest `jti`, in bytes.
const MAX_ID: usize = 256;

/// An assertion that counted. The caller takes its name once: a second use of the name is refused until it has expired
/// (RFC 7523, 3, point 7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedAssertion {
    /// Its name.
    pub jti: String,
    /// When it expires.
    pub expires_at: UnixTime,
}

/// The claims of an assertion. Times may have fractions (RFC 7519, 2: NumericDate).
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: f64,
    #[serde(default)]
    nbf: Option<f64>,
    #[serde(default)]
    iat: Option<f64>,
    jti: String,
}

/// One or several (RFC 7519, 4.1.3).
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    /// Whether it is among them.
    pub(crate) fn holds(&self, ours: &str) -> bool {
        match self {
            Self::One(audience) => audience == ours,
            Self::Several(all) => all.iter().any(|audience| audience == ours),
        }
    }

    /// An audience beside ours could bring the assertion here in its turn: every one must be ours. FAPI 2.0 (5.3.2.1) asks
    /// for our issuer identifier alone, as a text.
    fn is_only(&self, ours: &[&str], strict: bool) -> bool {
        match self {
            Self::One(audience) if strict => ours.first() == Some(&audience.as_str()),
            Self::Several(_) if strict => false,
            Self::One(audience) => ours.contains(&audience.as_str()),
            Self::Several(all) => !all.is_empty() && all.iter().all(|a| ours.contains(&a.as_str())),
        }
    }
}

/// The client that an assertion speaks of, not verified: only good to find its keys.
pub(crate) fn unverified_client_id(assertion: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        sub: String,
    }
    let payload = BASE64_URL_SAFE_NO_PAD.decode(assertion.split('.').nth(1)?).ok()?;
    serde_json::from_slice::<Named>(&payload).ok().map(|named| named.sub)
}

/// Whole seconds.
pub(crate) fn seconds(time: f64) -> UnixTime {
    UnixTime(time.floor() as i64)
}

/// Judges an assertion of `client_id`; `audiences` are our issuer identifier, then the endpoints that it may name as well
/// (RFC 7523, 3). `strict` is the policy of that name.
///
/// # Errors
/// A sentence for the client's developers.
pub(crate) fn verify(
    assertion: &str,
    keys: &JwkSet,
    client_id: &str,
    audiences: &[&str],
    strict: bool,
    now: UnixTime,
) -> Result<UsedAssertion, &'static str> {
    let allowed: &[Algorithm] =
        if strict { &[Algorithm::Es256] } else { &[Algorithm::Es256, Algorithm::Rs256] };
    let verified = jose::verify(assertion, keys, allowed)
        .map_err(|_| "the assertion is not signed by a key of the client")?;
    let claims: Claims =
        verified.claims().map_err(|_| "the assertion lacks a claim: iss, sub, aud, exp, jti")?;
    let latest = now.plus(CLOCK_SKEW);
    let expires_at = seconds(claims.exp);
    let ahead = |time: Option<f64>| time.is_some_and(|time| seconds(time) > latest);
    let rules = [
        (claims.iss == client_id && claims.sub == client_id, "iss and sub must be the client_id"),
        (claims.aud.is_only(audiences, strict), "aud must be the issuer or the token endpoint"),
        (expires_at > now, "the assertion has expired"),
        (expires_at.since(latest) <= MAX_ASSERTION_LIFE, "exp is too far ahead"),
        (!ahead(claims.nbf) && !ahead(claims.iat), "the assertion is from the future"),
        ((1..=MAX_ID).contains(&claims.jti.len()), "jti must have 1 to 256 bytes"),
    ];
    match rules.iter().find(|(kept, _)| !kept) {
        Some((_, rule)) => Err(rule),
        None => Ok(UsedAssertion { jti: claims.jti, expires_at }),
    }
}

#[cfg(test)]
mod tests;
