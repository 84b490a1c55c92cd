//! Proofs of possession (RFC 9449): a token that was bound to a key counts only beside a signature of that key.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use clock::UnixTime;
use crypto::{ct_eq, hmac_sha256, sha256};
use serde::Deserialize;

use crate::client_assertion::{UsedAssertion, seconds};
use crate::{AccessToken, ErrorCode, TokenError};

/// How old a proof may be, and how far ahead of our clock, in seconds.
const LIFE: i64 = 60;
/// How long a nonce is good, in seconds.
const NONCE_LIFE: i64 = 300;
/// The longest `jti`, in bytes.
const MAX_ID: usize = 256;

/// Makes and judges our nonces: the time they were made and a MAC, so that no row is needed. They keep proofs from being
/// made in advance (RFC 9449, 8); that each proof counts once is the business of its `jti`.
#[derive(Clone, Copy)]
pub struct DpopNonces<'a>(pub &'a [u8; 32]);

impl DpopNonces<'_> {
    /// A nonce.
    #[must_use]
    pub fn make(&self, now: UnixTime) -> String {
        BASE64_URL_SAFE_NO_PAD.encode([&now.0.to_be_bytes()[..], &self.mac(now)].concat())
    }

    fn is_good(&self, nonce: &str, now: UnixTime) -> bool {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(nonce).unwrap_or_default();
        let Some((time, mac)) = bytes.split_first_chunk::<8>() else { return false };
        let made = UnixTime(i64::from_be_bytes(*time));
        ct_eq(mac, &self.mac(made)) && (0..NONCE_LIFE).contains(&now.since(made))
    }

    fn mac(&self, made: UnixTime) -> [u8; 32] {
        hmac_sha256(self.0, &[&b"sceau/dpop-nonce/v1\0"[..], &made.0.to_be_bytes()].concat())
    }
}

/// A proof that counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DpopProof {
    /// The thumbprint of the key that signed it.
    pub key: [u8; 32],
    /// Its name, which the caller takes once before it goes on (RFC 9449, 11.1).
    pub used: UsedAssertion,
}

#[derive(Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    iat: f64,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    ath: Option<String>,
}

/// Where a proof came.
#[derive(Clone, Copy)]
pub struct DpopTarget<'a> {
    /// The method of the request.
    pub method: &'a str,
    /// The URL of the endpoint.
    pub url: &'a str,
    /// The access token beside it.
    pub token: Option<&'a AccessToken>,
}

impl DpopProof {
    /// Judges the header `DPoP` (RFC 9449, 4.3).
    ///
    /// # Errors
    /// [`TokenError`] with `invalid_dpop_proof`, or `use_dpop_nonce`: answer it with a nonce.
    pub fn verify(
        header: &str,
        target: DpopTarget<'_>,
        nonces: DpopNonces<'_>,
        now: UnixTime,
    ) -> Result<Self, TokenError> {
        let invalid = |why| TokenError::new(ErrorCode::InvalidDpopProof, why);
        let (verified, jwk) = jose::verify_embedded(header, "dpop+jwt")
            .map_err(|_| invalid("not a dpop+jwt that ES256 signed with the key in its header"))?;
        let claims: Claims =
            verified.claims().map_err(|_| invalid("the proof lacks a claim: jti, htm, htu, iat"))?;
        let hash = |token: &AccessToken| BASE64_URL_SAFE_NO_PAD.encode(sha256(token.as_str().as_bytes()));
        let made = seconds(claims.iat);
        let rules = [
            (claims.htm == target.method, "htm is not the method of this request"),
            (normal(&claims.htu) == normal(target.url), "htu is not the URL of this endpoint"),
            (now.since(made).abs() <= LIFE, "iat is not about now"),
            ((1..=MAX_ID).contains(&claims.jti.len()), "jti must have 1 to 256 bytes"),
            (
                target.token.is_none_or(|token| claims.ath == Some(hash(token))),
                "ath is not the hash of the access token",
            ),
        ];
        if let Some((_, why)) = rules.iter().find(|(kept, _)| !kept) {
            return Err(invalid(why));
        }
        if !claims.nonce.is_some_and(|nonce| nonces.is_good(&nonce, now)) {
            return Err(TokenError::new(ErrorCode::UseDpopNonce, "the proof needs our nonce"));
        }
        let thumbprint = jwk.thumbprint().ok().and_then(|text| BASE64_URL_SAFE_NO_PAD.decode(text).ok());
        let key = thumbprint.and_then(|bytes| bytes.try_into().ok()).ok_or(invalid("no key"))?;
        // A proof counts as long as its time could be judged good.
        Ok(Self { key, used: UsedAssertion { jti: claims.jti, expires_at: made.plus(2 * LIFE + 1) } })
    }
}

/// RFC 9449, 4.3, point 9: query and fragment are not compared, nor the case of scheme and host (RFC 3986, 6.2.2.1), nor
/// the scheme's own port (6.2.3).
fn normal(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (scheme, end) = (scheme.to_ascii_lowercase(), rest.find('/').unwrap_or(rest.len()));
    let (authority, path) = rest.split_at(end);
    let authority = authority.to_ascii_lowercase();
    let port = if scheme == "https" { ":443" } else { ":80" };
    format!("{scheme}://{}{path}", authority.strip_suffix(port).unwrap_or(&authority))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto::{Curve, EcPrivateKey, HashAlgorithm};
    use jose::SigningKey;
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
    use serde_json::{Value, json};

    const NOW: UnixTime = UnixTime(1_780_315_200);
    const NONCES: DpopNonces<'_> = DpopNonces(&[5; 32]);
    const URL: &str = "https://fi.example/userinfo";

    fn token() -> AccessToken {
        AccessToken::parse(&"A".repeat(43)).unwrap()
    }

    fn proof(change: impl FnOnce(&mut Value)) -> Result<DpopProof, ErrorCode> {
        let key = EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(1));
        let header =
            json!({"alg": "ES256", "typ": "dpop+jwt", "jwk": SigningKey::new(key.clone()).unwrap().jwk()});
        let ath = BASE64_URL_SAFE_NO_PAD.encode(sha256(token().as_str().as_bytes()));
        let mut claims = json!({
            "jti": "1", "htm": "GET", "htu": URL, "iat": NOW.0, "nonce": NONCES.make(NOW), "ath": ath,
        });
        change(&mut claims);
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let input = format!("{}.{}", part(&header), part(&claims));
        let signature = key.sign(HashAlgorithm::Sha256, input.as_bytes()).to_plain(Curve::P256);
        let jws = format!("{input}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature));
        let target = DpopTarget { method: "GET", url: URL, token: Some(&token()) };
        DpopProof::verify(&jws, target, NONCES, NOW).map_err(|error| error.error)
    }

    #[test]
    fn a_proof_counts_for_one_method_url_token_and_minute() {
        let good = proof(|_| ()).unwrap();
        let key = EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(1));
        let jwk = SigningKey::new(key).unwrap().jwk();
        assert_eq!(BASE64_URL_SAFE_NO_PAD.encode(good.key), jwk.thumbprint().unwrap());
        assert_eq!(good.used, UsedAssertion { jti: "1".into(), expires_at: NOW.plus(121) });
        for same in ["https://fi.example/userinfo?a=1#b", "HTTPS://FI.example:443/userinfo"] {
            assert!(proof(|c| c["htu"] = json!(same)).is_ok(), "{same}");
        }
        for ok in [-60, -10, 10, 60] {
            assert!(proof(|c| c["iat"] = json!(NOW.0 + ok)).is_ok(), "{ok}");
        }
        let changes: [fn(&mut Value); 15] = [
            |c| c["htu"] = json!("https://fi.example/UserInfo"),
            |c| c["htu"] = json!("https://fi.example:80/userinfo"),
            |c| c["htu"] = json!("http://fi.example/userinfo"),
            |c| c["htm"] = json!("POST"),
            |c| c["htm"] = json!("get"),
            |c| c["htu"] = json!("https://fi.example/token"),
            |c| c["htu"] = json!("https://evil.example/userinfo"),
            |c| c["iat"] = json!(NOW.0 - 61),
            |c| c["iat"] = json!(NOW.0 + 61),
            |c| c["iat"] = json!("now"),
            |c| c["jti"] = json!(""),
            |c| c["jti"] = Value::Null,
            |c| c["ath"] = Value::Null,
            |c| c["ath"] = json!("x"),
            |c| c["htu"] = Value::Null,
        ];
        for (i, change) in changes.into_iter().enumerate() {
            assert_eq!(proof(change), Err(ErrorCode::InvalidDpopProof), "{i}");
        }
    }

    #[test]
    fn without_a_fresh_nonce_of_ours_one_is_asked_for() {
        let old = NONCES.make(NOW.plus(-NONCE_LIFE));
        let foreign = DpopNonces(&[6; 32]).make(NOW);
        let ahead = NONCES.make(NOW.plus(1));
        for nonce in [Value::Null, json!(""), json!("x"), json!(old), json!(foreign), json!(ahead)] {
            assert_eq!(proof(|c| c["nonce"] = nonce.clone()), Err(ErrorCode::UseDpopNonce), "{nonce}");
        }
        assert!(proof(|c| c["nonce"] = json!(NONCES.make(NOW.plus(1 - NONCE_LIFE)))).is_ok());
    }
}
