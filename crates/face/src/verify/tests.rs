use super::*;
use crate::{Certificate, CertificateName, sign_result};
use crypto::{Curve, EcPrivateKey};
use jose::{SigningKey, Statement, sign_statement};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

const AT: UnixTime = UnixTime(1_800_000_000);
const POLICY: FacePolicy =
    FacePolicy { min_similarity: 0.45, borderline_similarity: 0.40, max_age: 300, accept_demo: false };
const EXPECTATION: Expectation<'_> = Expectation {
    capture_nonce: "n",
    portrait_sha256: [1; 32],
    enrolment_id: "e",
    device_key_thumbprint: [4; 32],
    audience: "https://fi.example",
};

fn key(seed: u64) -> SigningKey {
    let key = EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(seed));
    SigningKey::new(key).unwrap()
}

fn certificates() -> Vec<Certificate> {
    let certificate = |detects, standard: &str| Certificate {
        detects,
        standard: standard.into(),
        level: "2".into(),
        id: "L-7".into(),
    };
    vec![
        certificate(Attack::Presentation, "ISO/IEC 30107-3:2023"),
        certificate(Attack::Injection, "CEN/TS 18099:2024"),
    ]
}

/// A plain engine (key 1), a certified one (key 2), a demo one (key 3).
fn registry() -> EngineRegistry {
    let engine = |id: &str, seed| Engine {
        id: id.into(),
        versions: vec!["1.0".into(), "1.1".into()],
        keys: vec![key(seed).jwk()],
        certificates: if id == "certified" { certificates() } else { vec![] },
        demo: id == "demo",
    };
    EngineRegistry::new(vec![engine("plain", 1), engine("certified", 2), engine("demo", 3)]).unwrap()
}

fn result() -> EngineResult {
    EngineResult {
        engine_version: "1.1".into(),
        comparison: Comparison::Performed,
        similarity: 0.7,
        threshold: 0.45,
        presentation: Verdict::Passed.into(),
        injection: Verdict::Passed.into(),
        review: vec![],
        capture_nonce: "n".into(),
        enrolment_id: "e".into(),
        device_key_thumbprint: [4; 32],
        portrait_sha256: [1; 32],
        probe_sha256: [2; 32],
        captured_at: AT.plus(-30),
        expires_at: AT.plus(100),
    }
}

fn judge(jws: &str, policy: &FacePolicy) -> Result<MatchedFace, Error> {
    verify_engine_result(jws, &registry(), policy, &EXPECTATION, AT)
}

fn signed(result: &EngineResult) -> String {
    sign_result(&key(1), "plain", EXPECTATION.audience, "r1", AT.plus(-20), result)
}

/// The outcome with the result changed in one place.
fn outcome(change: impl FnOnce(&mut EngineResult)) -> Result<(), Error> {
    let mut result = result();
    change(&mut result);
    judge(&signed(&result), &POLICY).map(drop)
}

#[test]
fn a_result_of_a_configured_engine_matches_a_face() {
    let face = judge(&signed(&result()), &POLICY).unwrap();
    assert_eq!((face.engine_id(), face.engine_version(), face.result_id()), ("plain", "1.1", "r1"));
    assert_eq!((face.similarity(), face.threshold()), (0.7, 0.45));
    assert_eq!((face.portrait_sha256(), face.probe_sha256()), (&[1; 32], &[2; 32]));
    assert_eq!((face.capture_nonce(), face.enrolment_id()), ("n", "e"));
    assert_eq!(face.captured_at(), AT.plus(-30));
    assert!(!face.certified() && !face.is_demo());
}

#[test]
fn a_key_of_no_engine_is_refused() {
    let jws = sign_result(&key(4), "plain", EXPECTATION.audience, "r1", AT, &result());
    assert_eq!(judge(&jws, &POLICY), Err(Error::EngineUnknown));
}

#[test]
fn an_engine_speaks_for_itself_only() {
    let jws = sign_result(&key(1), "certified", EXPECTATION.audience, "r1", AT, &result());
    assert_eq!(judge(&jws, &POLICY), Err(Error::Signature(jose::Error::Issuer)));
}

#[test]
fn a_statement_for_somebody_else_or_another_purpose_is_refused() {
    let jws = sign_result(&key(1), "plain", "https://other.example", "r1", AT, &result());
    assert_eq!(judge(&jws, &POLICY), Err(Error::Signature(jose::Error::Audience)));
    let statement = Statement {
        purpose: "desk-decision".into(),
        issuer: "plain".into(),
        audience: EXPECTATION.audience.into(),
        id: "r1".into(),
        issued_at: AT,
    };
    let jws = sign_statement(&key(1), &statement, &result());
    assert_eq!(judge(&jws, &POLICY), Err(Error::Signature(jose::Error::Purpose)));
}

#[test]
fn an_unsigned_or_changed_result_is_refused() {
    let jws = signed(&result());
    let (rest, signature) = jws.rsplit_once('.').unwrap();
    let unsigned = judge(rest, &POLICY);
    assert_eq!(unsigned, Err(Error::Signature(jose::Error::NotCompact)));
    let first = if signature.starts_with('A') { "B" } else { "A" };
    let changed = judge(&format!("{rest}.{first}{}", &signature[1..]), &POLICY);
    assert_eq!(changed, Err(Error::Signature(jose::Error::Signature)));
}

#[test]
fn another_version_of_the_engine_is_refused() {
    assert_eq!(outcome(|r| r.engine_version = "1.0".into()), Ok(()));
    assert_eq!(outcome(|r| r.engine_version = "1.2".into()), Err(Error::EngineVersion("1.2".into())));
}

#[test]
fn a_result_of_another_capture_enrolment_phone_or_portrait_is_refused() {
    assert_eq!(outcome(|r| r.capture_nonce = "m".into()), Err(Error::Nonce));
    assert_eq!(outcome(|r| r.enrolment_id = "f".into()), Err(Error::Enrolment));
    assert_eq!(outcome(|r| r.device_key_thumbprint[0] ^= 1), Err(Error::Device));
    assert_eq!(outcome(|r| r.portrait_sha256[31] ^= 1), Err(Error::PortraitMismatch));
}

#[test]
fn a_result_too_old_or_out_of_time_is_refused() {
    assert_eq!(outcome(|r| r.captured_at = AT.plus(-300)), Ok(()));
    assert_eq!(outcome(|r| r.captured_at = AT.plus(-301)), Err(Error::Expired));
    assert_eq!(outcome(|r| r.captured_at = AT.plus(-20)), Ok(()));
    assert_eq!(outcome(|r| r.captured_at = AT.plus(-19)), Err(Error::Time), "after its own result");
    let signed_at = |at: UnixTime| {
        let result = EngineResult { captured_at: at, expires_at: at.plus(300), ..result() };
        judge(&sign_result(&key(1), "plain", EXPECTATION.audience, "r1", at, &result), &POLICY).map(drop)
    };
    assert_eq!(signed_at(AT.plus(60)), Ok(()));
    assert_eq!(signed_at(AT.plus(61)), Err(Error::Time));
    assert_eq!(outcome(|r| r.expires_at = AT.plus(1)), Ok(()));
    assert_eq!(outcome(|r| r.expires_at = AT), Err(Error::Expired));
    assert_eq!(outcome(|r| r.expires_at = AT.plus(280)), Ok(()), "five minutes from its signing");
    assert_eq!(outcome(|r| r.expires_at = AT.plus(281)), Err(Error::Time), "good for too long");
}

#[test]
fn a_suspected_attack_is_refused_whatever_the_score() {
    for verdict in [Verdict::Failed, Verdict::NotPerformed] {
        assert_eq!(outcome(|r| r.presentation.verdict = verdict), Err(Error::Liveness));
    }
    assert_eq!(outcome(|r| r.injection.verdict = Verdict::NotPerformed), Ok(()));
    assert_eq!(outcome(|r| r.injection.verdict = Verdict::Failed), Err(Error::Injection));
    let attack = |r: &mut EngineResult| (r.presentation.verdict, r.similarity) = (Verdict::Failed, 0.1);
    assert_eq!(outcome(attack), Err(Error::Liveness));
}

#[test]
fn three_bands_of_similarity_accept_ask_again_and_refuse() {
    assert_eq!(outcome(|r| r.similarity = 0.45), Ok(()));
    assert_eq!(outcome(|r| r.similarity = 0.449), Err(Error::Borderline));
    assert_eq!(outcome(|r| r.similarity = 0.40), Err(Error::Borderline));
    assert_eq!(outcome(|r| r.similarity = 0.399), Err(Error::BelowThreshold));
    assert_eq!(outcome(|r| r.similarity = -1.0), Err(Error::BelowThreshold));
}

#[test]
fn the_stricter_of_both_thresholds_counts() {
    assert_eq!(outcome(|r| (r.threshold, r.similarity) = (0.8, 0.8)), Ok(()));
    assert_eq!(outcome(|r| (r.threshold, r.similarity) = (0.8, 0.79)), Err(Error::Borderline));
    assert_eq!(outcome(|r| (r.threshold, r.similarity) = (0.44, 0.9)), Err(Error::Threshold));
}

#[test]
fn numbers_that_are_no_similarity_are_refused() {
    assert_eq!(outcome(|r| r.similarity = 1.0), Ok(()));
    assert_eq!(outcome(|r| r.similarity = 1.01), Err(Error::Malformed));
    assert_eq!(outcome(|r| r.threshold = 45.0), Err(Error::Malformed));
    // JSON has no NaN: it is written as null, which is no number.
    assert_eq!(outcome(|r| r.similarity = f64::NAN), Err(Error::Signature(jose::Error::Claims)));
}

#[test]
fn only_a_demo_engine_may_compare_nothing_and_only_where_accepted() {
    let nothing = EngineResult { comparison: Comparison::None, ..result() };
    assert_eq!(judge(&signed(&nothing), &POLICY), Err(Error::NotCompared));
    let demo = sign_result(&key(3), "demo", EXPECTATION.audience, "r1", AT, &nothing);
    assert_eq!(judge(&demo, &POLICY), Err(Error::DemoEngine));
    let accepting = FacePolicy { accept_demo: true, ..POLICY };
    assert!(judge(&demo, &accepting).unwrap().is_demo());
    assert_eq!(judge(&signed(&nothing), &accepting), Err(Error::NotCompared));
}

/// A result of the certified engine that names its certificates, with something changed.
fn by_certified(change: impl FnOnce(&mut EngineResult)) -> Result<bool, Error> {
    let mut result = result();
    let name = |of: &Certificate| CertificateName {
        standard: of.standard.clone(),
        level: of.level.clone(),
        id: of.id.clone(),
    };
    result.presentation.certificate = Some(name(&certificates()[0]));
    result.injection.certificate = Some(name(&certificates()[1]));
    change(&mut result);
    let jws = sign_result(&key(2), "certified", EXPECTATION.audience, "r1", AT, &result);
    judge(&jws, &POLICY).map(|face| face.certified())
}

#[test]
fn certified_means_that_both_attacks_were_looked_for_under_a_configured_certificate() {
    assert_eq!(by_certified(|_| ()), Ok(true));
    assert_eq!(by_certified(|r| r.injection.verdict = Verdict::NotPerformed), Ok(false));
    assert_eq!(by_certified(|r| r.injection.certificate = None), Ok(false));
    assert_eq!(by_certified(|r| r.presentation.certificate = None), Ok(false));
}

#[test]
fn a_certificate_that_is_not_configured_for_the_engine_is_refused() {
    type Change = fn(&mut CertificateName);
    let changes: [Change; 3] = [|c| c.standard.push('0'), |c| c.level = "3".into(), |c| c.id.push('0')];
    for change in changes {
        let presentation = |r: &mut EngineResult| change(r.presentation.certificate.as_mut().unwrap());
        assert_eq!(by_certified(presentation), Err(Error::Certificate));
        let injection = |r: &mut EngineResult| change(r.injection.certificate.as_mut().unwrap());
        assert_eq!(by_certified(injection), Err(Error::Certificate));
    }
    let exchanged = |r: &mut EngineResult| {
        std::mem::swap(&mut r.presentation.certificate, &mut r.injection.certificate);
    };
    assert_eq!(by_certified(exchanged), Err(Error::Certificate));
    // The plain engine claims the certificate of another.
    let name =
        CertificateName { standard: "ISO/IEC 30107-3:2023".into(), level: "2".into(), id: "L-7".into() };
    assert_eq!(outcome(|r| r.presentation.certificate = Some(name)), Err(Error::Certificate));
}

#[test]
fn what_an_engine_wants_reviewed_is_told() {
    assert!(judge(&signed(&result()), &POLICY).unwrap().review().is_empty());
    let doubtful = EngineResult { review: vec![ReviewSignal::Morph], ..result() };
    assert_eq!(judge(&signed(&doubtful), &POLICY).unwrap().review(), [ReviewSignal::Morph]);
    let newer: ReviewSignal = serde_json::from_str("\"a-signal-of-tomorrow\"").unwrap();
    assert_eq!(newer, ReviewSignal::Other, "what is not understood is looked at");
}

/// A JWS with this header, signed by Ed25519.
fn eddsa(header: &serde_json::Value, claims: &serde_json::Value, key: &ed25519_dalek::SigningKey) -> String {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as URL};
    use ed25519_dalek::Signer as _;
    let input = format!("{}.{}", URL.encode(header.to_string()), URL.encode(claims.to_string()));
    format!("{input}.{}", URL.encode(key.sign(input.as_bytes()).to_bytes()))
}

#[test]
fn an_engine_may_sign_with_eddsa_but_with_nothing_weaker() {
    use crypto::Ed25519PublicKey;
    let signing = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let public = Ed25519PublicKey::from_bytes(&signing.verifying_key().to_bytes()).unwrap();
    let jwk = jose::Jwk::from_ed25519(&public);
    let kid = jwk.kid().unwrap().to_owned();
    let engine = Engine { keys: vec![jwk], ..registry().by_kid(key(1).kid()).unwrap().0.clone() };
    let engines = EngineRegistry::new(vec![engine]).unwrap();
    let mut claims = serde_json::to_value(result()).unwrap();
    for (name, value) in
        [("purpose", PURPOSE), ("iss", "plain"), ("aud", EXPECTATION.audience), ("jti", "r1")]
    {
        claims[name] = value.into();
    }
    claims["iat"] = (AT.0 - 20).into();
    let outcome = |alg: &str| {
        let header = serde_json::json!({"alg": alg, "kid": kid, "typ": jose::statement::TYP});
        let jws = eddsa(&header, &claims, &signing);
        verify_engine_result(&jws, &engines, &POLICY, &EXPECTATION, AT)
            .map(|face| face.result_id().to_owned())
    };
    assert_eq!(outcome("EdDSA"), Ok("r1".into()));
    assert_eq!(outcome("none"), Err(Error::Signature(jose::Error::Unsigned)));
    assert_eq!(outcome("HS256"), Err(Error::Signature(jose::Error::UnsupportedAlgorithm("HS256".into()))));
    let rs256 = jose::Error::AlgorithmNotAllowed(jose::Algorithm::Rs256);
    assert_eq!(outcome("RS256"), Err(Error::Signature(rs256)));
    assert_eq!(outcome("ES256"), Err(Error::Signature(jose::Error::KeyMismatch)));
}

#[test]
fn scores_and_digests_are_not_printed() {
    let face = judge(&signed(&result()), &POLICY).unwrap();
    assert_eq!(format!("{face:?}"), "MatchedFace(plain 1.1, ..)");
    assert_eq!(format!("{:?}", result()), "EngineResult(version 1.1, ..)");
}
