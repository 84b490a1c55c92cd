//! Signed statements: a JWS that says what it is for, for whom, from whom, its id and its time.
//!
//! A statement made for one purpose or audience never counts for another (RFC 8725, 3.9, 3.11, 3.12).

use std::fmt;

use clock::UnixTime;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Algorithm, Error, JwkSet, SigningKey, sign, verify};

/// The `typ` of every statement.
pub const TYP: &str = "sceau-statement+jwt";
/// How far the clocks of two servers may differ, in seconds.
const CLOCK_SKEW: i64 = 60;

/// The claims of every statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// What it is for, `face-result`.
    pub purpose: String,
    /// Who made it.
    #[serde(rename = "iss")]
    pub issuer: String,
    /// For whom it is.
    #[serde(rename = "aud")]
    pub audience: String,
    /// Its name, never used twice by its issuer.
    #[serde(rename = "jti")]
    pub id: String,
    /// When it was made.
    #[serde(rename = "iat")]
    pub issued_at: UnixTime,
}

/// What a statement must say to count here.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Its purpose.
    pub purpose: &'a str,
    /// Who made it.
    pub issuer: &'a str,
    /// For whom it is.
    pub audience: &'a str,
    /// How old it may be, in seconds; `None` for a record that does not age.
    pub max_age: Option<i64>,
    /// The time of the judgement.
    pub at: UnixTime,
}

/// Statement and content side by side in one JSON object.
#[derive(Serialize)]
struct Claims<H, T> {
    #[serde(flatten)]
    statement: H,
    #[serde(flatten)]
    content: T,
}

/// A statement whose signature, purpose, audience, issuer and time were checked. Only [`verify_statement`] makes one:
/// ```compile_fail,E0451
/// fn forge(statement: jose::Statement) -> jose::VerifiedStatement<()> {
///     jose::VerifiedStatement { statement, content: () }
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct VerifiedStatement<T> {
    statement: Statement,
    content: T,
}

impl<T> VerifiedStatement<T> {
    /// Purpose, issuer, audience, id and time.
    #[must_use]
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// What it says.
    #[must_use]
    pub fn content(&self) -> &T {
        &self.content
    }

    /// Takes the content out.
    #[must_use]
    pub fn into_content(self) -> T {
        self.content
    }
}

/// Without the content, which may be a person's data.
impl<T> fmt::Debug for VerifiedStatement<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifiedStatement({:?}, ..)", self.statement)
    }
}

/// Signs a statement. `content` is a struct; its members stand beside the statement's own, so none may be called
/// `purpose`, `iss`, `aud`, `jti` or `iat`: such a statement would not verify.
///
/// # Panics
/// If the content is no JSON object.
#[must_use]
pub fn sign_statement(key: &SigningKey, statement: &Statement, content: &impl Serialize) -> String {
    sign(key, Some(TYP), &Claims { statement, content })
}

/// Verifies a statement by one of `keys`, with ES256 or EdDSA.
///
/// # Errors
/// See [`Error`]: those of [`verify`], then purpose, issuer, audience and time in this order.
pub fn verify_statement<T: DeserializeOwned>(
    compact: &str,
    keys: &JwkSet,
    expected: &Expected<'_>,
) -> Result<VerifiedStatement<T>, Error> {
    let verified = verify(compact, keys, &[Algorithm::Es256, Algorithm::EdDsa])?;
    if verified.header().typ.as_deref() != Some(TYP) {
        return Err(Error::Purpose);
    }
    let statement: Statement = verified.claims()?;
    if statement.purpose != expected.purpose {
        return Err(Error::Purpose);
    }
    if statement.issuer != expected.issuer {
        return Err(Error::Issuer);
    }
    if statement.audience != expected.audience {
        return Err(Error::Audience);
    }
    let age = expected.at.since(statement.issued_at);
    if age < -CLOCK_SKEW {
        return Err(Error::NotYetValid);
    }
    if expected.max_age.is_some_and(|max| age > max) {
        return Err(Error::Expired);
    }
    Ok(VerifiedStatement { statement, content: verified.claims()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto::{Curve, EcPrivateKey};
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
    use serde_json::{Value, json};

    const AT: UnixTime = UnixTime(1_000_000);
    const EXPECTED: Expected<'_> =
        Expected { purpose: "p", issuer: "i", audience: "a", max_age: Some(300), at: AT };

    fn key() -> SigningKey {
        let key = EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(1));
        SigningKey::new(key).unwrap()
    }

    fn statement() -> Statement {
        Statement {
            purpose: "p".into(),
            issuer: "i".into(),
            audience: "a".into(),
            id: "1".into(),
            issued_at: AT,
        }
    }

    fn judge(compact: &str, expected: &Expected<'_>) -> Result<Value, Error> {
        verify_statement(compact, &vec![key().jwk()].into(), expected).map(|v| {
            assert_eq!(v.statement(), &statement());
            v.into_content()
        })
    }

    #[test]
    fn a_statement_is_read_back_with_its_content() {
        let jws = sign_statement(&key(), &statement(), &json!({"score": 1}));
        assert_eq!(judge(&jws, &EXPECTED).unwrap()["score"], 1);
    }

    #[test]
    fn a_statement_for_another_purpose_audience_or_from_another_issuer_is_refused() {
        let jws = sign_statement(&key(), &statement(), &json!({}));
        let judge = |expected: Expected<'_>| judge(&jws, &expected).map(drop);
        assert_eq!(judge(EXPECTED), Ok(()));
        assert_eq!(judge(Expected { purpose: "q", ..EXPECTED }), Err(Error::Purpose));
        assert_eq!(judge(Expected { issuer: "j", ..EXPECTED }), Err(Error::Issuer));
        assert_eq!(judge(Expected { audience: "b", ..EXPECTED }), Err(Error::Audience));
    }

    #[test]
    fn a_statement_too_old_or_from_the_future_is_refused() {
        let jws = sign_statement(&key(), &statement(), &json!({}));
        let at = |seconds| judge(&jws, &Expected { at: AT.plus(seconds), ..EXPECTED }).map(drop);
        assert_eq!(at(300), Ok(()));
        assert_eq!(at(301), Err(Error::Expired));
        assert_eq!(at(-60), Ok(()));
        assert_eq!(at(-61), Err(Error::NotYetValid));
        let ageless = Expected { max_age: None, at: AT.plus(1 << 40), ..EXPECTED };
        assert_eq!(judge(&jws, &ageless).map(drop), Ok(()));
    }

    #[test]
    fn a_jws_that_is_no_statement_is_refused() {
        let claims = json!({"purpose": "p", "iss": "i", "aud": "a", "jti": "1", "iat": AT});
        assert!(judge(&sign(&key(), Some(TYP), &claims), &EXPECTED).is_ok());
        assert_eq!(judge(&sign(&key(), Some("JWT"), &claims), &EXPECTED), Err(Error::Purpose));
        assert_eq!(judge(&sign(&key(), None, &claims), &EXPECTED), Err(Error::Purpose));
        for claim in ["purpose", "iss", "aud", "jti", "iat"] {
            let mut without = claims.clone();
            without.as_object_mut().unwrap().remove(claim);
            assert_eq!(judge(&sign(&key(), Some(TYP), &without), &EXPECTED), Err(Error::Claims), "{claim}");
        }
    }

    #[test]
    fn content_that_repeats_a_claim_of_the_statement_is_refused() {
        let jws = sign_statement(&key(), &statement(), &json!({"aud": "b"}));
        assert_eq!(judge(&jws, &EXPECTED), Err(Error::Claims));
    }
}
