//! Request objects: the parameters of a request as claims that the client signed (RFC 9101; OpenID Connect Core, 6.1).

use clock::UnixTime;
use jose::Algorithm;
use serde_json::{Map, Value};

use crate::authorize::{Provider, Refusal};
use crate::client_assertion::{Audience, seconds};
use crate::parameters::Parameters;
use crate::policy::RequestObjects;
use crate::{Client, ErrorCode};

/// The longest life of a request object, in seconds (FAPI 2.0 Message Signing, 5.3.1).
const MAX_LIFE: i64 = 3600;
/// How far a client's clock may be ahead, in seconds.
const CLOCK_SKEW: i64 = 60;

/// The parameters of the object in `request`: they alone count then (RFC 9101, 6.3). `None`: there is none.
pub(crate) fn read(
    outer: &Parameters,
    client: &Client,
    provider: &Provider<'_>,
) -> Result<Option<Parameters>, Refusal> {
    let policy = &client.policy().request_objects;
    let object = match outer.one("request") {
        Ok(None) if matches!(policy, RequestObjects::Required(_)) => {
            return Err((ErrorCode::InvalidRequest, "the request must be a signed request object"));
        }
        Ok(None) => return Ok(None),
        Ok(Some(object)) => std::str::from_utf8(object).map_err(|_| invalid("not a JWS"))?,
        Err(_) => return Err((ErrorCode::InvalidRequest, "a parameter is there twice")),
    };
    let Some(keys) = policy.keys() else {
        return Err((ErrorCode::RequestNotSupported, "request objects are not for this client"));
    };
    let allowed: &[Algorithm] = if client.policy().strict_assertions {
        &[Algorithm::Es256]
    } else {
        &[Algorithm::Es256, Algorithm::Rs256]
    };
    let verified =
        jose::verify(object, keys, allowed).map_err(|_| invalid("not signed by a key of the client"))?;
    // RFC 9101, 10.8: an object made for another purpose is no request.
    if !matches!(verified.header().typ.as_deref(), None | Some("oauth-authz-req+jwt" | "JWT")) {
        return Err(invalid("another typ than oauth-authz-req+jwt"));
    }
    let claims: Map<String, Value> = verified.claims().map_err(|_| invalid("not a JSON object"))?;
    check(&claims, client, provider.issuer, provider.now)?;
    parameters(claims).map(Some)
}

fn invalid(why: &'static str) -> Refusal {
    (ErrorCode::InvalidRequestObject, why)
}

/// RFC 9101, 4 and 6.3; RFC 7519, 4.1.
fn check(claims: &Map<String, Value>, client: &Client, issuer: &str, now: UnixTime) -> Result<(), Refusal> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let time = |name: &str| claims.get(name).map(|value| value.as_f64().map(seconds));
    let audience = claims.get("aud").and_then(|aud| serde_json::from_value::<Audience>(aud.clone()).ok());
    let latest = now.plus(CLOCK_SKEW);
    let lives = matches!(time("exp"), Some(Some(exp)) if exp > now && exp.since(latest) <= MAX_LIFE);
    let begun = |name| match time(name) {
        None => true,
        Some(Some(at)) => at <= latest && now.since(at) <= MAX_LIFE,
        Some(None) => false,
    };
    let rules = [
        (text("iss") == Some(client.id()), "iss must be the client_id"),
        (text("client_id") == Some(client.id()), "client_id must be the client's"),
        (audience.is_some_and(|aud| aud.holds(issuer)), "aud must be the issuer"),
        (lives, "exp must be there, ahead, and an hour away at most"),
        (begun("nbf") && begun("iat"), "nbf and iat must be within the last hour"),
        (
            !claims.contains_key("request") && !claims.contains_key("request_uri"),
            "a request object holds no other",
        ),
    ];
    rules.iter().find(|(kept, _)| !kept).map_or(Ok(()), |(_, rule)| Err(invalid(rule)))
}

/// As if they had come in a query: texts as they are, everything else as JSON.
fn parameters(claims: Map<String, Value>) -> Result<Parameters, Refusal> {
    let of_the_object = ["iss", "aud", "exp", "nbf", "iat", "jti", "sub"];
    let pairs = claims.into_iter().filter(|(name, _)| !of_the_object.contains(&name.as_str()));
    let pairs = pairs.map(|(name, value)| {
        let value = match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        (name.into_bytes(), value.into_bytes())
    });
    Parameters::from_pairs(pairs).map_err(|_| invalid("more than any request needs"))
}

#[cfg(test)]
mod tests;
