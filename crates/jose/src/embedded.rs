//! A JWS whose header carries the key that signed it, as a DPoP proof does (RFC 9449, 4.2). It shows that whoever made it
//! holds that key, and nothing about who that is.

use serde::Deserialize;

use crate::jws::{split, verify_signature};
use crate::{Algorithm, Error, Header, Jwk, Verified, base64url};

#[derive(Deserialize)]
struct RawHeader {
    alg: String,
    #[serde(default)]
    typ: Option<String>,
    jwk: Jwk,
    #[serde(default)]
    crit: serde_json::Value,
    #[serde(default)]
    b64: serde_json::Value,
}

/// Verifies a compact JWS by the key in its own header: ES256 only, of the type `typ`.
///
/// # Errors
/// [`Error::Header`]: without a key, or of another type; [`Error::Jwk`]: a private key, or none for ES256; and the errors
/// of [`crate::verify`].
pub fn verify_embedded(compact: &str, typ: &str) -> Result<(Verified, Jwk), Error> {
    let (header, payload, signature) = split(compact)?;
    let raw: RawHeader =
        serde_json::from_slice(&base64url::decode(header, "header")?).map_err(|_| Error::Header)?;
    if !raw.crit.is_null() || !raw.b64.is_null() {
        return Err(Error::Critical);
    }
    let alg = Algorithm::from_name(&raw.alg)?;
    if alg != Algorithm::Es256 {
        return Err(Error::AlgorithmNotAllowed(alg));
    }
    if raw.typ.as_deref() != Some(typ) {
        return Err(Error::Header);
    }
    let key = raw.jwk.verification_key(alg)?;
    let (input, _) = compact.rsplit_once('.').ok_or(Error::NotCompact)?;
    let payload = base64url::decode(payload, "payload")?;
    verify_signature(&key, input.as_bytes(), &base64url::decode(signature, "signature")?)?;
    let header = Header { alg, kid: None, typ: raw.typ, cty: None };
    Ok((Verified::new(header, payload), raw.jwk))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SigningKey;
    use crypto::{Curve, EcPrivateKey, HashAlgorithm};
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
    use serde_json::{Value, json};

    /// RFC 9449, 4.1, figure 2.
    #[test]
    fn the_proof_of_rfc_9449_verifies() {
        let proof = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6Ik\
            VDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCR\
            nMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JE\
            QSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIj\
            oiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwia\
            WF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg\
            4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
        let (verified, jwk) = verify_embedded(proof, "dpop+jwt").unwrap();
        assert_eq!(verified.claims::<Value>().unwrap()["htm"], "POST");
        // RFC 9449, 6.1, figure 9: `jkt` of the same key.
        assert_eq!(jwk.thumbprint().unwrap(), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    }

    /// A proof whose header was changed before it was signed.
    fn outcome(change: impl FnOnce(&mut Value)) -> Result<(), Error> {
        let key = EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(1));
        let jwk = SigningKey::new(key.clone()).unwrap().jwk();
        let mut header = json!({"alg": "ES256", "typ": "dpop+jwt", "jwk": jwk});
        change(&mut header);
        let input =
            format!("{}.{}", base64url::encode(header.to_string().as_bytes()), base64url::encode(b"{}"));
        let signature = key.sign(HashAlgorithm::Sha256, input.as_bytes()).to_plain(Curve::P256);
        verify_embedded(&format!("{input}.{}", base64url::encode(&signature)), "dpop+jwt").map(drop)
    }

    #[test]
    fn a_header_that_says_anything_else_is_refused() {
        assert_eq!(outcome(|_| ()), Ok(()));
        assert_eq!(outcome(|h| h["typ"] = json!("JWT")), Err(Error::Header));
        assert_eq!(outcome(|h| h["typ"] = Value::Null), Err(Error::Header));
        assert_eq!(outcome(|h| h["jwk"] = Value::Null), Err(Error::Header));
        assert_eq!(outcome(|h| h["jwk"]["d"] = json!("AQ")), Err(Error::Jwk("private key")));
        assert_eq!(outcome(|h| h["jwk"]["kty"] = json!("oct")), Err(Error::Jwk("kty")));
        assert_eq!(outcome(|h| h["alg"] = json!("none")), Err(Error::Unsigned));
        assert_eq!(outcome(|h| h["alg"] = json!("HS256")), Err(Error::UnsupportedAlgorithm("HS256".into())));
        assert_eq!(outcome(|h| h["alg"] = json!("RS256")), Err(Error::AlgorithmNotAllowed(Algorithm::Rs256)));
        assert_eq!(outcome(|h| h["crit"] = json!(["b64"])), Err(Error::Critical));
        let other = EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(2));
        let other = json!(SigningKey::new(other).unwrap().jwk());
        assert_eq!(outcome(|h| h["jwk"] = other), Err(Error::Signature));
    }
}
