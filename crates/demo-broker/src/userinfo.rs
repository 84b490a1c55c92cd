//! The signed answer of the userinfo endpoint (OpenID Connect Core, 5.3.2).
//!
//! `openidconnect` 4.1 judges a signed answer by RS256 alone and lets nobody change that, so the signature is verified
//! here with the crate's own key type, and iss, aud, sub and times by the rules that it has for them.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use openidconnect::core::{CoreIdTokenClaims, CoreJsonWebKey};
use openidconnect::{
    AccessToken, ClaimsVerificationError, HttpRequest, JsonWebKey as _, SyncHttpClient as _, UserInfoError,
};
use serde::Deserialize;

use crate::broker::{ALGORITHM, Metadata};
use crate::claims::Userinfo;
use crate::http::HttpError;
use crate::{Broker, BrokerError};

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<serde_json::Value>,
}

/// Times that must be right if they are there.
#[derive(Deserialize)]
struct Times {
    exp: Option<i64>,
    nbf: Option<serde_json::Value>,
}

fn refused(text: &str) -> BrokerError {
    BrokerError::Userinfo(text.to_owned())
}

/// Fetches the answer and judges it. `id_token` says whose it must be.
pub(crate) fn fetch(
    broker: &Broker,
    metadata: &Metadata,
    token: &AccessToken,
    id_token: &CoreIdTokenClaims,
) -> Result<Userinfo, BrokerError> {
    let endpoint = metadata.userinfo_endpoint().ok_or_else(|| refused("the provider has no endpoint"))?;
    let request: HttpRequest = ureq::http::Request::get(endpoint.as_str())
        .header("accept", "application/jwt")
        .header("authorization", format!("Bearer {}", token.secret()))
        .body(Vec::new())
        .map_err(|_| refused("the access token is not ASCII"))?;
    let answer = broker.http.call(request).map_err(|error| BrokerError::Userinfo(error.to_string()))?;
    if answer.status() != 200 {
        return Err(BrokerError::Userinfo(format!("status {}", answer.status().as_u16())));
    }
    let media_type =
        answer.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !media_type.to_ascii_lowercase().starts_with("application/jwt") {
        return Err(refused("the answer is not application/jwt"));
    }
    let opened = match &broker.config.encryption {
        Some(key) => {
            let sealed = std::str::from_utf8(answer.body()).map_err(|_| refused("not an encrypted token"))?;
            key.open(sealed).map_err(refused)?.into_bytes()
        }
        None => answer.body().clone(),
    };
    let payload = verified_payload(&opened, metadata.jwks().keys())?;
    judge(broker, &payload, id_token)
}

/// Verifies the signature of a compact JWS and returns its payload.
fn verified_payload(jws: &[u8], keys: &[CoreJsonWebKey]) -> Result<Vec<u8>, BrokerError> {
    let malformed = || refused("not a JWS");
    let jws = std::str::from_utf8(jws).map_err(|_| malformed())?;
    let parts: Vec<&str> = jws.splitn(4, '.').collect();
    let [header, payload, signature] = parts[..] else { return Err(malformed()) };
    let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed());
    let signed = &jws[..header.len() + 1 + payload.len()];
    let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| malformed())?;
    if header.alg != "ES256" {
        return Err(refused("the algorithm is not ES256"));
    }
    if header.crit.is_some() {
        return Err(refused("a critical header is not understood"));
    }
    let mut candidates = keys.iter().filter(|key| {
        let named = key.key_id().map(|kid| kid.as_str());
        header.kid.is_none() || header.kid.as_deref() == named
    });
    let (Some(key), None) = (candidates.next(), candidates.next()) else {
        return Err(refused("no key, or more than one, has that kid"));
    };
    key.verify_signature(&ALGORITHM, signed.as_bytes(), &decode(signature)?)
        .map_err(|_| refused("the signature is wrong"))?;
    decode(payload)
}

/// Issuer, audience, times and subject.
fn judge(broker: &Broker, payload: &[u8], id_token: &CoreIdTokenClaims) -> Result<Userinfo, BrokerError> {
    let malformed = || refused("the claims are malformed");
    let times: Times = serde_json::from_slice(payload).map_err(|_| malformed())?;
    if times.exp.is_some_and(|exp| exp <= broker.clock.now().0) {
        return Err(refused("not valid now"));
    }
    if times.nbf.is_some() {
        return Err(BrokerError::NotBefore("userinfo"));
    }
    let claims =
        Userinfo::from_json::<HttpError>(payload, Some(id_token.subject())).map_err(|error| match error {
            UserInfoError::ClaimsVerification(ClaimsVerificationError::InvalidSubject(_)) => {
                BrokerError::UserinfoSubject
            }
            _ => malformed(),
        })?;
    if claims.issuer() != Some(id_token.issuer()) {
        return Err(refused("iss is not the provider's"));
    }
    let ours = |audience: &openidconnect::Audience| **audience == broker.config.client_id;
    match claims.audiences() {
        Some(audiences) if !audiences.is_empty() && audiences.iter().all(ours) => Ok(claims),
        _ => Err(refused("aud is another client")),
    }
}
