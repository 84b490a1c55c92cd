//! `verified_claims` (OpenID Identity Assurance Schema Definition 1.0; OpenID Connect for Identity Assurance 1.0): what a
//! passport proved, and how it was checked.
//!
//! Only claims that stand in the chip under the State's signature are verified; what a person declared (place of birth,
//! e-mail, name in use) never is. Of the evidence kind of document, issuing State and checks are told, never number or
//! dates. A constraint that is not met, or that nobody here can judge, takes the whole away.

use std::collections::BTreeSet;

use clock::UnixTime;
use identity::pivot::Claim;
use identity::{Acr, DocumentRecord, HolderProof, LevelFacts, PivotIdentity, Provenance};
use serde_json::{Map, Value, json};

use crate::request::{at_positions, positions, push, take};

/// The trust framework: the levels of regulation (EU) 910/2014.
pub(crate) const TRUST_FRAMEWORK: &str = "eidas";
/// The kinds of document, by the first letter of the MRZ's code; every other code is an identity card.
pub(crate) const DOCUMENT_TYPES: [&str; 3] = ["passport", "residence_permit", "idcard"];
/// `vcrypt`: the chip's cryptography; `bvr`: the face, remotely; `pvp`: an agent with the person before them.
pub(crate) const CHECK_METHODS: [&str; 3] = ["vcrypt", "bvr", "pvp"];

/// A member of `verification` that was asked for beside `trust_framework`. Its place is stored and never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Member {
    Level,
    Time,
    Evidence,
    CheckDetails,
    DocumentDetails,
    Issuer,
}

const MEMBERS: [Member; 6] = [
    Member::Level,
    Member::Time,
    Member::Evidence,
    Member::CheckDetails,
    Member::DocumentDetails,
    Member::Issuer,
];

/// A request for `verified_claims` that can be met by some identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AssuranceRequest {
    pub(crate) claims: BTreeSet<Claim>,
    members: BTreeSet<Member>,
    /// The levels that the constraint on `assurance_level` lets through.
    levels: Vec<Acr>,
    /// How old the check may be, in seconds.
    max_age: Option<i64>,
}

/// The facts about a person that evidence is made of.
pub struct Evidence<'a> {
    /// The attributes.
    pub pivot: &'a PivotIdentity,
    /// The facts of the enrolment.
    pub facts: &'a LevelFacts,
    /// The document that was read.
    pub document: &'a DocumentRecord,
    /// When it was checked.
    pub checked_at: UnixTime,
}

impl AssuranceRequest {
    /// Reads the value of `verified_claims` in the parameter `claims`: one request, or several of which the first that can
    /// be met counts. `None`: none can. `allowed` are the claims that the client's scopes release.
    pub(crate) fn parse(value: &Value, allowed: &BTreeSet<Claim>) -> Option<Self> {
        match value {
            Value::Array(several) => several.iter().find_map(|one| Self::parse_one(one, allowed)),
            one => Self::parse_one(one, allowed),
        }
    }

    fn parse_one(value: &Value, allowed: &BTreeSet<Claim>) -> Option<Self> {
        let (verification, claims) =
            (value.get("verification")?.as_object()?, value.get("claims")?.as_object()?);
        if !meets(verification.get("trust_framework")?, &[TRUST_FRAMEWORK]) {
            return None;
        }
        let mut request = Self {
            claims: BTreeSet::new(),
            members: BTreeSet::new(),
            levels: Acr::ALL.into(),
            max_age: None,
        };
        for (name, asked) in verification {
            match name.as_str() {
                "trust_framework" => {}
                "assurance_level" => {
                    request.members.insert(Member::Level);
                    request.levels.retain(|level| meets(asked, &[level_name(*level)]));
                }
                "time" => {
                    request.members.insert(Member::Time);
                    request.max_age = asked.get("max_age").map(Value::as_i64).unwrap_or(None);
                    unconstrained_but(asked, "max_age").then_some(())?;
                }
                "evidence" => request.evidence(asked)?,
                _ => unconstrained(asked).then_some(())?,
            }
        }
        for (name, asked) in claims {
            let known =
                Claim::ALL.into_iter().find(|claim| claim.as_str() == name && allowed.contains(claim));
            match known {
                Some(claim) if unconstrained(asked) => drop(request.claims.insert(claim)),
                // The person's value is not known before she approves.
                Some(_) => return None,
                // Claims that are not known are left out (OpenID Connect Core, 5.5).
                None => unconstrained(asked).then_some(())?,
            }
        }
        (!request.claims.is_empty() && !request.levels.is_empty()).then_some(request)
    }

    /// A list of kinds of evidence, of which one must be a document.
    fn evidence(&mut self, asked: &Value) -> Option<()> {
        self.members.insert(Member::Evidence);
        if asked.is_null() {
            return Some(());
        }
        let document =
            asked.as_array()?.iter().find(|one| one.get("type").is_some_and(|t| meets(t, &["document"])));
        for (name, asked) in document?.as_object()? {
            match name.as_str() {
                "type" => {}
                "check_details" => {
                    self.members.insert(Member::CheckDetails);
                    for check in asked.as_array().map(Vec::as_slice).unwrap_or_default() {
                        let method = check.get("check_method").unwrap_or(&Value::Null);
                        meets(method, &CHECK_METHODS).then_some(())?;
                    }
                }
                "document_details" => {
                    self.members.insert(Member::DocumentDetails);
                    meets(asked.get("type").unwrap_or(&Value::Null), &DOCUMENT_TYPES).then_some(())?;
                    if asked.get("issuer").is_some() {
                        self.members.insert(Member::Issuer);
                    }
                }
                _ => unconstrained(asked).then_some(())?,
            }
        }
        Some(())
    }

    /// The claim `verified_claims` for a person who logged in at this level. `None`: a constraint is not met, or none of the
    /// claims is proved.
    pub(crate) fn answer(&self, acr: Acr, evidence: &Evidence<'_>, now: UnixTime) -> Option<Value> {
        let old = |max: i64| now.since(evidence.checked_at) > max;
        if !self.levels.contains(&acr) || self.max_age.is_some_and(old) {
            return None;
        }
        let proved = |claim: &Claim| {
            let attribute = evidence.pivot.claim(*claim)?;
            let proved = attribute.provenance == Provenance::Chip;
            proved.then(|| (claim.as_str().to_owned(), Value::String(attribute.value)))
        };
        let claims: Map<String, Value> = self.claims.iter().filter_map(proved).collect();
        let mut verification = Map::from_iter([("trust_framework".to_owned(), json!(TRUST_FRAMEWORK))]);
        let mut put = |name: &str, value: Value| drop(verification.insert(name.to_owned(), value));
        if self.members.contains(&Member::Level) {
            put("assurance_level", json!(level_name(acr)));
        }
        if self.members.contains(&Member::Time) {
            put("time", json!(timestamp(evidence.checked_at)));
        }
        if self.members.contains(&Member::Evidence) {
            put("evidence", json!([self.document(evidence)]));
        }
        (!claims.is_empty()).then(|| json!({ "verification": verification, "claims": claims }))
    }

    fn document(&self, evidence: &Evidence<'_>) -> Value {
        let mut document = json!({ "type": "document" });
        if self.members.contains(&Member::CheckDetails) {
            document["check_details"] =
                checks(evidence.facts).into_iter().map(|method| json!({ "check_method": method })).collect();
        }
        if self.members.contains(&Member::DocumentDetails) {
            document["document_details"] = json!({ "type": document_type(&evidence.document.code) });
        }
        if self.members.contains(&Member::Issuer) {
            document["document_details"]["issuer"] =
                json!({ "country_code": evidence.document.issuing_state });
        }
        document
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        push(&mut out, &positions(&Claim::ALL, &self.claims));
        push(&mut out, &positions(&MEMBERS, &self.members));
        push(&mut out, &positions(&Acr::ALL, &self.levels));
        push(&mut out, &self.max_age.map(i64::to_be_bytes).map(Vec::from).unwrap_or_default());
        out
    }

    pub(crate) fn from_bytes(mut rest: &[u8]) -> Option<Self> {
        let request = Self {
            claims: at_positions(&Claim::ALL, take(&mut rest)?)?.into_iter().collect(),
            members: at_positions(&MEMBERS, take(&mut rest)?)?.into_iter().collect(),
            levels: at_positions(&Acr::ALL, take(&mut rest)?)?,
            max_age: match take(&mut rest)? {
                [] => None,
                bytes => Some(i64::from_be_bytes(bytes.try_into().ok()?)),
            },
        };
        rest.is_empty().then_some(request)
    }
}

/// Whether one of our values meets what was asked of a member: anything, this value, or one of these.
fn meets(asked: &Value, ours: &[&str]) -> bool {
    let is_ours = |value: &Value| value.as_str().is_some_and(|value| ours.contains(&value));
    match asked {
        Value::Null => true,
        Value::Object(members) => {
            members.get("value").is_none_or(is_ours)
                && members
                    .get("values")
                    .is_none_or(|values| values.as_array().is_some_and(|values| values.iter().any(is_ours)))
        }
        _ => false,
    }
}

/// Nothing is asked of the value.
fn unconstrained(asked: &Value) -> bool {
    unconstrained_but(asked, "")
}

fn unconstrained_but(asked: &Value, judged: &str) -> bool {
    let constraint = |name: &&str| *name != judged && asked.get(*name).is_some();
    !["value", "values", "max_age"].iter().any(constraint)
}

/// The name of a level in the framework.
fn level_name(acr: Acr) -> &'static str {
    match acr {
        Acr::Eidas1 => "low",
        Acr::Eidas2 => "substantial",
        Acr::Eidas3 => "high",
    }
}

/// What was checked of the document and its holder.
fn checks(facts: &LevelFacts) -> Vec<&'static str> {
    let holder = match facts.holder {
        HolderProof::None => None,
        HolderProof::Face | HolderProof::FaceCertified => Some("bvr"),
        HolderProof::Desk => Some("pvp"),
    };
    ["vcrypt"].into_iter().chain(holder).collect()
}

/// Doc 9303-5, appendix B to section 4: P, then A, C or I; the permit is AR or IR.
fn document_type(code: &str) -> &'static str {
    match code {
        code if code.starts_with('P') => "passport",
        "AR" | "IR" => "residence_permit",
        _ => "idcard",
    }
}

/// ISO 8601 in UTC.
fn timestamp(at: UnixTime) -> String {
    let ((year, month, day), second) = (at.date(), at.0.rem_euclid(86_400));
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests;
