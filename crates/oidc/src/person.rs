//! Claims about the person, as they stand in an ID token or in userinfo.

use std::collections::{BTreeMap, BTreeSet};

use identity::PivotIdentity;
use identity::pivot::Claim;
use serde::Serialize;
use serde_json::Value;

/// Claims and `verified_claims`; both may be empty.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct PersonClaims {
    #[serde(flatten)]
    claims: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified_claims: Option<Value>,
}

impl PersonClaims {
    /// The values that the person has for these claims.
    pub(crate) fn of(
        claims: &BTreeSet<Claim>,
        pivot: &PivotIdentity,
        verified_claims: Option<Value>,
    ) -> Self {
        let value = |claim: &Claim| Some((claim.as_str(), pivot.claim(*claim)?.value));
        Self { claims: claims.iter().filter_map(value).collect(), verified_claims }
    }

    pub(crate) fn with_verified(self, verified_claims: Option<Value>) -> Self {
        Self { verified_claims, ..self }
    }
}
