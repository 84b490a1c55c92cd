//! The parameter `claims` (OpenID Connect Core, 5.5): claims that are asked for one by one, and `verified_claims`.

use std::collections::BTreeSet;

use identity::Acr;
use identity::pivot::Claim;
use serde_json::Value;

use crate::assurance::AssuranceRequest;
use crate::request::{at_positions, positions, push, take};
use crate::{Client, claims_of};

/// What a request asks beside its scopes, as far as this client may have it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ClaimsRequest {
    /// Claims of the userinfo endpoint.
    pub(crate) userinfo: BTreeSet<Claim>,
    /// Claims of the ID token.
    pub(crate) id_token: BTreeSet<Claim>,
    /// Of both, those that are not essential (OpenID Connect Core, 5.5.1): the person may leave them out.
    pub(crate) voluntary: BTreeSet<Claim>,
    /// Those that she left out.
    pub(crate) declined: BTreeSet<Claim>,
    /// `verified_claims` of each.
    pub(crate) verified_userinfo: Option<AssuranceRequest>,
    pub(crate) verified_id_token: Option<AssuranceRequest>,
}

/// What the member `id_token` asks about the login itself.
#[derive(Default)]
pub(crate) struct LoginClaims {
    /// Levels, one of which must be answered (OpenID Connect Core, 5.5.1.1).
    pub(crate) acr: Option<Vec<Acr>>,
    /// The one subject that may log in.
    pub(crate) sub: Option<String>,
}

impl ClaimsRequest {
    /// Reads the parameter. Claims that are unknown, or beyond the scopes that the client may ask, are left out.
    ///
    /// # Errors
    /// A sentence for the client's developers.
    pub(crate) fn parse(text: &str, client: &Client) -> Result<(Self, LoginClaims), &'static str> {
        const MALFORMED: &str = "claims is not the JSON object of OpenID Connect Core 5.5";
        let value: Value = serde_json::from_str(text).map_err(|_| MALFORMED)?;
        let allowed = claims_of(client.scopes());
        let (mut request, mut login) = (Self::default(), LoginClaims::default());
        let mut essential = BTreeSet::new();
        for (place, asked) in value.as_object().ok_or(MALFORMED)? {
            if asked.is_null() {
                continue;
            }
            let asked = asked.as_object().ok_or(MALFORMED)?;
            let known = Claim::ALL.into_iter().filter(|claim| allowed.contains(claim));
            let named: BTreeSet<_> = known.filter(|claim| asked.contains_key(claim.as_str())).collect();
            essential
                .extend(named.iter().filter(|claim| asked[claim.as_str()]["essential"] == true).copied());
            let verified = asked.get("verified_claims").filter(|_| client.policy().identity_assurance);
            let verified = verified.and_then(|value| AssuranceRequest::parse(value, &allowed));
            match place.as_str() {
                "userinfo" => (request.userinfo, request.verified_userinfo) = (named, verified),
                "id_token" => {
                    (request.id_token, request.verified_id_token) = (named, verified);
                    login.acr = asked.get("acr").and_then(levels);
                    login.sub =
                        asked.get("sub").and_then(|sub| sub.get("value")?.as_str().map(str::to_owned));
                }
                _ => {}
            }
        }
        essential.extend(request.verified());
        request.voluntary = request.userinfo.union(&request.id_token).copied().collect();
        request.voluntary.retain(|claim| !essential.contains(claim));
        Ok((request, login))
    }

    /// Claims that are asked with their evidence.
    fn verified(&self) -> impl Iterator<Item = Claim> + '_ {
        let verified = [&self.verified_userinfo, &self.verified_id_token];
        verified.into_iter().flatten().flat_map(|request| request.claims.iter()).copied()
    }

    /// Every claim that a person is asked to release.
    pub(crate) fn all(&self) -> impl Iterator<Item = Claim> + '_ {
        self.userinfo.iter().chain(&self.id_token).copied().chain(self.verified())
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if *self == Self::default() {
            return out;
        }
        push(&mut out, &positions(&Claim::ALL, &self.userinfo));
        push(&mut out, &positions(&Claim::ALL, &self.id_token));
        for verified in [&self.verified_userinfo, &self.verified_id_token] {
            push(&mut out, &verified.as_ref().map(AssuranceRequest::to_bytes).unwrap_or_default());
        }
        push(&mut out, &positions(&Claim::ALL, &self.voluntary));
        push(&mut out, &positions(&Claim::ALL, &self.declined));
        out
    }

    pub(crate) fn from_bytes(mut rest: &[u8]) -> Option<Self> {
        if rest.is_empty() {
            return Some(Self::default());
        }
        let userinfo = claims(take(&mut rest)?)?;
        let id_token = claims(take(&mut rest)?)?;
        let verified_userinfo = verified(take(&mut rest)?)?;
        let verified_id_token = verified(take(&mut rest)?)?;
        let voluntary = claims(take(&mut rest)?)?;
        let declined = claims(take(&mut rest)?)?;
        let request = Self { userinfo, id_token, voluntary, declined, verified_userinfo, verified_id_token };
        rest.is_empty().then_some(request)
    }
}

fn claims(stored: &[u8]) -> Option<BTreeSet<Claim>> {
    Some(at_positions(&Claim::ALL, stored)?.into_iter().collect())
}

fn verified(stored: &[u8]) -> Option<Option<AssuranceRequest>> {
    if stored.is_empty() { Some(None) } else { AssuranceRequest::from_bytes(stored).map(Some) }
}

/// `{"value": ..}` or `{"values": [..]}`; levels that are unknown here cannot be met and are left out.
fn levels(asked: &Value) -> Option<Vec<Acr>> {
    let values = match (asked.get("value"), asked.get("values")) {
        (Some(value), _) => std::slice::from_ref(value),
        (None, Some(values)) => values.as_array()?,
        (None, None) => return None,
    };
    Some(values.iter().filter_map(|value| value.as_str()?.parse().ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approved_login::tests::client;
    use serde_json::json;

    fn parse(value: &Value) -> Result<(ClaimsRequest, LoginClaims), &'static str> {
        let policy = crate::Policy { identity_assurance: true, ..Default::default() };
        let client = client(&Acr::ALL).with_scopes([crate::Scope::Profile]).with_policy(policy).unwrap();
        ClaimsRequest::parse(&value.to_string(), &client)
    }

    #[test]
    fn claims_are_sorted_by_place_and_unknown_ones_are_left_out() {
        let asked = json!({
            "userinfo": {"given_name": {"essential": true}, "email": null, "shoe_size": null},
            "id_token": {"gender": null, "acr": {"essential": true, "values": ["eidas3", "urn:x"]},
                "sub": {"value": "c0ffee"}},
            "elsewhere": {"birthdate": null},
        });
        let (request, login) = parse(&asked).unwrap();
        assert_eq!(request.userinfo, [Claim::GivenName].into(), "email is beyond the client's scopes");
        assert_eq!(request.id_token, [Claim::Gender].into());
        assert_eq!(request.voluntary, [Claim::Gender].into());
        assert_eq!((login.acr, login.sub.as_deref()), (Some(vec![Acr::Eidas3]), Some("c0ffee")));
        assert_eq!(ClaimsRequest::from_bytes(&request.to_bytes()), Some(request));
        assert_eq!(ClaimsRequest::default().to_bytes(), Vec::<u8>::new());
    }

    #[test]
    fn a_claim_that_is_essential_anywhere_is_not_voluntary() {
        let verified = json!({"verification": {"trust_framework": null}, "claims": {"birthdate": null}});
        let asked = json!({
            "userinfo": {"given_name": {"essential": true}, "gender": {"essential": false}, "birthdate": null},
            "id_token": {"given_name": null, "family_name": {"essential": "true"}, "verified_claims": verified},
        });
        let request = parse(&asked).unwrap().0;
        assert_eq!(request.voluntary, [Claim::FamilyName, Claim::Gender].into());
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for bad in [json!([]), json!("x"), json!({"userinfo": []}), json!({"id_token": 1})] {
            assert!(parse(&bad).is_err(), "{bad}");
        }
        assert!(parse(&json!({"userinfo": null})).is_ok());
        assert!(ClaimsRequest::parse("{", &client(&Acr::ALL)).is_err());
    }

    #[test]
    fn nothing_but_a_stored_form_is_read() {
        let verified = json!({"verification": {"trust_framework": null}, "claims": {"given_name": null}});
        let request = parse(&json!({"id_token": {"verified_claims": verified}})).unwrap().0;
        let bytes = request.to_bytes();
        assert_eq!(ClaimsRequest::from_bytes(&bytes).as_ref(), Some(&request));
        for cut in 1..bytes.len() {
            assert_eq!(ClaimsRequest::from_bytes(&bytes[..cut]), None, "{cut}");
        }
        assert_eq!(ClaimsRequest::from_bytes(&[&bytes[..], &[0]].concat()), None);
    }
}
