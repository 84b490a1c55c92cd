//! The decision on the holder: our own signed statement, made when the face was matched or an agent compared it.
//!
//! The portrait and everything of the face are erased at that moment. What remains is this statement: it names the
//! enrolment, the phone, the document (EF.SOD), the file and the portrait that were compared, and how. The seal checks our
//! signature and every name in it again.

use std::fmt;

use clock::UnixTime;
use crypto::sha256;
use face::{MatchedFace, ReviewSignal};
use jose::{Expected, JwkSet, SigningKey, Statement, sign_statement, verify_statement};
use protocol::Base64;
use serde::{Deserialize, Serialize};

use crate::{HolderProof, Rejection};

/// What the statement is for.
const PURPOSE: &str = "holder-decision";

/// What was decided: made out of a face that an engine matched, or at a desk. Digests are SHA-256.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HolderDecision {
    enrolment_id: String,
    /// Of the enrolment's device key, as [`protocol::key_thumbprint`] has it.
    device_key_thumbprint: Base64,
    proof: HolderProof,
    by: String,
    /// The similarity from which the engine accepts, in force then: it was reached. The similarity itself is not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    threshold: Option<f64>,
    sod_sha256: Base64,
    dg2_sha256: Base64,
    portrait_sha256: Base64,
    /// Why a person should look at it before the identity is active.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    review: Vec<ReviewSignal>,
}

/// What a decision must be about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionSubject<'a> {
    /// The server: it makes these statements, for itself.
    pub issuer: &'a str,
    /// The enrolment.
    pub enrolment_id: &'a str,
    /// Its device key, as [`protocol::key_thumbprint`] has it.
    pub device_key_thumbprint: [u8; 32],
    /// Digest of EF.SOD.
    pub sod_sha256: [u8; 32],
}

impl HolderDecision {
    /// A face matched the portrait. `sod` and `dg2` are the authenticated files that the portrait was taken from.
    #[must_use]
    pub fn by_face(matched: &MatchedFace, sod: &[u8], dg2: &[u8]) -> Self {
        Self {
            enrolment_id: matched.enrolment_id().to_owned(),
            device_key_thumbprint: (*matched.device_key_thumbprint()).into(),
            proof: if matched.certified() { HolderProof::FaceCertified } else { HolderProof::Face },
            by: format!("{} {}", matched.engine_id(), matched.engine_version()),
            threshold: Some(matched.threshold()),
            sod_sha256: sha256(sod).into(),
            dg2_sha256: sha256(dg2).into(),
            portrait_sha256: (*matched.portrait_sha256()).into(),
            review: matched.review().to_vec(),
        }
    }

    /// An agent compared holder and document at the desk `desk`, whose word the caller has authenticated; so confirmed
    /// the phone with this device key.
    #[must_use]
    pub fn at_desk(
        desk: &str,
        enrolment_id: &str,
        device_key_thumbprint: [u8; 32],
        sod: &[u8],
        dg2: &[u8],
        portrait_sha256: [u8; 32],
    ) -> Self {
        Self {
            enrolment_id: enrolment_id.to_owned(),
            device_key_thumbprint: device_key_thumbprint.into(),
            proof: HolderProof::Desk,
            by: desk.to_owned(),
            threshold: None,
            sod_sha256: sha256(sod).into(),
            dg2_sha256: sha256(dg2).into(),
            portrait_sha256: portrait_sha256.into(),
            review: Vec::new(),
        }
    }

    /// Why a person should look at it before the identity is active; empty as a rule.
    #[must_use]
    pub fn review(&self) -> &[ReviewSignal] {
        &self.review
    }

    /// How holder and document were compared.
    #[must_use]
    pub fn proof(&self) -> HolderProof {
        self.proof
    }

    /// The engine and its version, or the desk.
    #[must_use]
    pub fn by(&self) -> &str {
        &self.by
    }

    /// Digest of EF.DG2.
    #[must_use]
    pub fn dg2_sha256(&self) -> &Base64 {
        &self.dg2_sha256
    }

    /// Digest of the portrait in it.
    #[must_use]
    pub fn portrait_sha256(&self) -> &Base64 {
        &self.portrait_sha256
    }

    /// Signs the decision `id`, taken at `at`, as a compact JWS.
    #[must_use]
    pub fn sign(&self, key: &SigningKey, issuer: &str, id: &str, at: UnixTime) -> String {
        let statement = Statement {
            purpose: PURPOSE.to_owned(),
            issuer: issuer.to_owned(),
            audience: issuer.to_owned(),
            id: id.to_owned(),
            issued_at: at,
        };
        sign_statement(key, &statement, self)
    }
}

/// The line of the document's report: the score is not kept, only that it reached the threshold.
impl fmt::Display for HolderDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.threshold {
            Some(threshold) => write!(f, "face.match passed: {}, similarity of {threshold} or more", self.by),
            // Who decided there stands in the audit log.
            None => write!(f, "face.desk passed: {}", self.by.split(' ').next().unwrap_or_default()),
        }
    }
}

/// A decision that we signed and that is about the subject asked for. Only [`VerifiedDecision::verify`] makes one.
///
/// ```compile_fail,E0451
/// # fn f(id: String, decision: identity::HolderDecision) {
/// let forged = identity::decision::VerifiedDecision { id, decision };
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedDecision {
    id: String,
    decision: HolderDecision,
}

impl VerifiedDecision {
    /// Checks our signature, and that the statement is about this subject.
    ///
    /// # Errors
    /// [`Rejection::Decision`] with what differs.
    pub fn verify(
        compact: &str,
        own_keys: &JwkSet,
        subject: &DecisionSubject<'_>,
        at: UnixTime,
    ) -> Result<Self, Rejection> {
        let expected = Expected {
            purpose: PURPOSE,
            issuer: subject.issuer,
            audience: subject.issuer,
            max_age: None,
            at,
        };
        let verified = verify_statement::<HolderDecision>(compact, own_keys, &expected)
            .map_err(|_| Rejection::Decision("statement"))?;
        let id = verified.statement().id.clone();
        let decision = verified.into_content();
        let fields = [
            ("enrolment", decision.enrolment_id == subject.enrolment_id),
            ("device", decision.device_key_thumbprint.0 == subject.device_key_thumbprint),
            ("document", decision.sod_sha256.0 == subject.sod_sha256),
            ("proof", decision.proof != HolderProof::None),
        ];
        match fields.iter().find(|(_, right)| !right) {
            Some((name, _)) => Err(Rejection::Decision(name)),
            None => Ok(Self { id, decision }),
        }
    }

    /// Its name, which the transcript carries.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What was decided.
    #[must_use]
    pub fn decision(&self) -> &HolderDecision {
        &self.decision
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crypto::{Curve, EcPrivateKey};
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    const AT: UnixTime = UnixTime(1_780_000_000);

    /// A key of the server.
    pub(crate) fn key(seed: u64) -> SigningKey {
        SigningKey::new(EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(seed))).unwrap()
    }

    fn subject() -> DecisionSubject<'static> {
        DecisionSubject {
            issuer: "https://fi",
            enrolment_id: "e",
            device_key_thumbprint: [4; 32],
            sod_sha256: [1; 32],
        }
    }

    /// A decision of the enrolment `e`.
    pub(crate) fn decision_by(
        proof: HolderProof,
        device_key_thumbprint: [u8; 32],
        sod_sha256: [u8; 32],
    ) -> HolderDecision {
        HolderDecision {
            enrolment_id: "e".into(),
            device_key_thumbprint: device_key_thumbprint.into(),
            proof,
            by: "engine 1".into(),
            threshold: (proof != HolderProof::Desk).then_some(0.45),
            sod_sha256: sod_sha256.into(),
            dg2_sha256: [2; 32].into(),
            portrait_sha256: [3; 32].into(),
            review: vec![],
        }
    }

    fn decision() -> HolderDecision {
        decision_by(HolderProof::Face, [4; 32], [1; 32])
    }

    fn verify(compact: &str) -> Result<VerifiedDecision, Rejection> {
        VerifiedDecision::verify(compact, &JwkSet { keys: vec![key(1).jwk()] }, &subject(), AT)
    }

    #[test]
    fn our_own_statement_about_this_enrolment_counts() {
        let verified = verify(&decision().sign(&key(1), "https://fi", "h", AT)).unwrap();
        assert_eq!((verified.id(), verified.decision()), ("h", &decision()));
    }

    #[test]
    fn a_desk_names_the_files_compared() {
        let decision = HolderDecision::at_desk("paris agent", "e", [4; 32], b"SOD", b"DG2", [3; 32]);
        let subject = DecisionSubject { sod_sha256: sha256(b"SOD"), ..subject() };
        let keys = JwkSet { keys: vec![key(1).jwk()] };
        let compact = decision.sign(&key(1), "https://fi", "h", AT);
        let verified = VerifiedDecision::verify(&compact, &keys, &subject, AT).unwrap();
        assert_eq!(verified.decision().dg2_sha256().0, sha256(b"DG2"));
        assert_eq!(
            (verified.decision().proof(), verified.decision().by()),
            (HolderProof::Desk, "paris agent")
        );
        assert_eq!(verified.decision().to_string(), "face.desk passed: paris");
    }

    #[test]
    fn a_statement_of_another_key_or_server_or_time_is_refused() {
        let refused = Err(Rejection::Decision("statement"));
        assert_eq!(verify(&decision().sign(&key(2), "https://fi", "h", AT)), refused);
        assert_eq!(verify(&decision().sign(&key(1), "https://fj", "h", AT)), refused);
        assert_eq!(verify(&decision().sign(&key(1), "https://fi", "h", AT.plus(3600))), refused);
        assert_eq!(verify("a.b.c"), refused);
    }

    #[test]
    fn each_name_changed_alone_is_refused() {
        type Change = fn(&mut HolderDecision);
        let change: [(&str, Change); 4] = [
            ("enrolment", |d| d.enrolment_id.push('x')),
            ("device", |d| d.device_key_thumbprint = [9; 32].into()),
            ("document", |d| d.sod_sha256 = [9; 32].into()),
            ("proof", |d| d.proof = HolderProof::None),
        ];
        for (name, change) in change {
            let mut other = decision();
            change(&mut other);
            assert_eq!(verify(&other.sign(&key(1), "https://fi", "h", AT)), Err(Rejection::Decision(name)));
        }
    }
}
