//! The decision on the holder: our own signed statement, made when the face was matched or an agent compared it.
//!
//! The portrait and everything of the face are erased at that moment. What remains is this statement: it names the
//! enrolment, the document (EF.SOD), the file and the portrait that were compared, and how. The seal checks our
//! signature and every name in it again.

use clock::UnixTime;
use protocol::Base64;
use serde::{Deserialize, Serialize};

use crate::{HolderProof, Rejection};

/// `typ` of the statement's header.
pub const TYPE: &str = "sceau-holder-decision+jwt";
/// `aud`: the statement is for the seal and nothing else.
const AUDIENCE: &str = "urn:sceau:seal";

/// The statement.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HolderDecision {
    /// The server.
    pub iss: String,
    /// Always the seal.
    aud: String,
    /// Its random name, which the transcript carries.
    pub jti: String,
    /// When it was made.
    pub iat: UnixTime,
    /// The enrolment.
    pub enrolment_id: String,
    /// How holder and document were compared.
    pub proof: HolderProof,
    /// The engine and its version, or the desk.
    pub by: String,
    /// SHA-256 of EF.SOD.
    pub sod_sha256: Base64,
    /// SHA-256 of EF.DG2, which stood under that SOD.
    pub dg2_sha256: Base64,
    /// SHA-256 of the portrait in it.
    pub portrait_sha256: Base64,
}

/// What a decision is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionSubject<'a> {
    /// The server.
    pub issuer: &'a str,
    /// The enrolment.
    pub enrolment_id: &'a str,
    /// SHA-256 of EF.SOD.
    pub sod_sha256: [u8; 32],
}

impl HolderDecision {
    /// A decision `id`, taken at `at`.
    #[must_use]
    pub fn new(
        subject: &DecisionSubject<'_>,
        id: &str,
        proof: HolderProof,
        by: &str,
        dg2_sha256: [u8; 32],
        portrait_sha256: [u8; 32],
        at: UnixTime,
    ) -> Self {
        Self {
            iss: subject.issuer.to_owned(),
            aud: AUDIENCE.to_owned(),
            jti: id.to_owned(),
            iat: at,
            enrolment_id: subject.enrolment_id.to_owned(),
            proof,
            by: by.to_owned(),
            sod_sha256: subject.sod_sha256.into(),
            dg2_sha256: dg2_sha256.into(),
            portrait_sha256: portrait_sha256.into(),
        }
    }

    /// Checks that the statement is about this subject and was made by `now`.
    ///
    /// # Errors
    /// [`Rejection::Decision`] with the field that differs.
    pub fn is_about(&self, subject: &DecisionSubject<'_>, now: UnixTime) -> Result<(), Rejection> {
        let fields = [
            ("issuer", self.iss == subject.issuer),
            ("audience", self.aud == AUDIENCE),
            ("enrolment", self.enrolment_id == subject.enrolment_id),
            ("document", self.sod_sha256.0 == subject.sod_sha256),
            ("time", self.iat <= now),
            ("proof", self.proof != HolderProof::None),
        ];
        fields.iter().find(|(_, right)| !right).map_or(Ok(()), |(name, _)| Err(Rejection::Decision(name)))
    }
}

impl std::fmt::Debug for HolderDecision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HolderDecision({}, {:?})", self.jti, self.proof)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime(100);

    fn subject() -> DecisionSubject<'static> {
        DecisionSubject { issuer: "https://fi", enrolment_id: "e", sod_sha256: [1; 32] }
    }

    fn decision() -> HolderDecision {
        HolderDecision::new(&subject(), "h", HolderProof::Face, "engine 1", [2; 32], [3; 32], NOW)
    }

    #[test]
    fn each_name_changed_alone_is_refused() {
        assert_eq!(decision().is_about(&subject(), NOW), Ok(()));
        let change: [(&str, fn(&mut HolderDecision)); 6] = [
            ("issuer", |d| d.iss.push('x')),
            ("audience", |d| d.aud.push('x')),
            ("enrolment", |d| d.enrolment_id.push('x')),
            ("document", |d| d.sod_sha256 = [9; 32].into()),
            ("time", |d| d.iat = NOW.plus(1)),
            ("proof", |d| d.proof = HolderProof::None),
        ];
        for (name, change) in change {
            let mut other = decision();
            change(&mut other);
            assert_eq!(other.is_about(&subject(), NOW), Err(Rejection::Decision(name)));
        }
    }
}
