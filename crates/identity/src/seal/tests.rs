use super::*;
use crate::decision::DecisionSubject;
use crate::decision::tests::{decision_by, key};
use crate::enrolment::{ConsentVersion, Environment};
use crate::evidence::{ChipAnswer, ChipAttempt, EvidenceItem};
use crate::{Error, EvidenceKind, HolderDecision, Level};
use attestation::demo_root::{AppAttestProfile, DemoRoot, KeyProfile};
use attestation::{AppAttestPolicy, Application, Revocation, SecurityLevel, TrustAnchor};
use crypto::{Curve, EcPrivateKey, HashAlgorithm};
use lds::mrz::{Format, MrzDate, MrzFields, Sex};
use protocol::app_attest::{Assertion, AttestationObject, client_data};
use protocol::enrolment::{
    ConsentGiven, Contact, Declaration, DeviceAttestation, PinKey, pin_key_signing_bytes,
};
use protocol::seal::SealSignatures;
use protocol::{Base64, DeviceProof};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

const ISSUER: &str = "https://fi";
const APP_ID: &str = "TEAM.org.example";
const AT: UnixTime = UnixTime(1_780_000_000);

/// A whole enrolment, whose parts a test changes before it is judged.
struct Case {
    policy: EnrolmentPolicy,
    device: EcPrivateKey,
    pin: EcPrivateKey,
    mrz: MrzFields,
    consents: Consents,
    declaration: Declaration,
    contact: Contact,
    verified: Contact,
    files: BTreeMap<FileId, Vec<u8>>,
    decision: HolderDecision,
    pin_proof_for: String,
    chip_proved: bool,
    dg11_listed: bool,
    answered_attempt: String,
    transcript: fn(&mut SealTranscript),
    challenge: Vec<u8>,
    /// The phone is one of iOS.
    ios: bool,
    /// And signs as one.
    signs_as_ios: bool,
}

fn demo_root() -> DemoRoot {
    DemoRoot::generate(AT.plus(-3600), &mut ChaCha20Rng::seed_from_u64(3))
}

fn application() -> Application {
    Application { package_name: "org.example".into(), signer_sha256: vec![[6; 32]] }
}

fn attestation_policy() -> AttestationPolicy {
    AttestationPolicy {
        anchors: vec![TrustAnchor::demo(demo_root().certificate_der()).unwrap()],
        environment: Environment::Demo,
        applications: vec![application()],
        security_levels: vec![SecurityLevel::TrustedEnvironment, SecurityLevel::StrongBox],
        require_verified_boot: true,
        require_locked: true,
        min_os_patch_level: None,
        min_vendor_patch_level: None,
        min_boot_patch_level: None,
        revocation: Revocation::NotChecked,
        app_attest: AppAttestPolicy {
            anchors: vec![TrustAnchor::demo(demo_root().certificate_der()).unwrap()],
            app_ids: vec![APP_ID.into()],
        },
    }
}

fn case() -> Case {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let text = |required| ConsentVersion { version: "2".into(), sha256: [7; 32], required };
    let given =
        |name: &str| ConsentGiven { name: name.into(), version: "2".into(), sha256: Base64(vec![7; 32]) };
    let mail = Contact { email: "anna@example.org".into() };
    let device = EcPrivateKey::generate(Curve::P256, &mut rng);
    Case {
        policy: EnrolmentPolicy {
            issuer: ISSUER.into(),
            environment: Environment::Demo,
            minimum_age: 18,
            accepted_document_codes: vec!["P*".into()],
            consents: [("terms".into(), text(true)), ("face".into(), text(false))].into(),
            chip_proof_required: true,
        },
        pin: EcPrivateKey::generate(Curve::P256, &mut rng),
        mrz: MrzFields {
            format: Format::Td3,
            document_code: "P".into(),
            issuing_state: "UTO".into(),
            nationality: "UTO".into(),
            surname: "ERIKSSON".into(),
            given_names: "ANNA MARIA".into(),
            document_number: "L898902C3".into(),
            date_of_birth: MrzDate::new(74, 8, 12).unwrap(),
            sex: Sex::Female,
            date_of_expiry: MrzDate::new(34, 4, 15).unwrap(),
            optional_data: String::new(),
        },
        consents: Consents { given: vec![given("terms"), given("face")] },
        declaration: Declaration {
            birth_country: "99104".into(),
            birth_place: None,
            given_names: None,
            family_name: None,
            preferred_username: None,
        },
        contact: mail.clone(),
        verified: mail,
        files: [(FileId::Sod, b"SOD".to_vec()), (FileId::Dg(1), b"DG1".to_vec())].into(),
        decision: decision_by(
            HolderProof::FaceCertified,
            key_thumbprint(&device.public_key()),
            sha256(b"SOD"),
        ),
        device,
        pin_proof_for: "e".into(),
        chip_proved: true,
        dg11_listed: false,
        answered_attempt: "a".into(),
        transcript: |_| {},
        challenge: b"challenge".to_vec(),
        ios: false,
        signs_as_ios: false,
    }
}

fn plain(key: &EcPrivateKey, message: &[u8]) -> Base64 {
    Base64(key.sign(HashAlgorithm::Sha256, message).to_plain(Curve::P256))
}

impl Case {
    fn evidence(&self) -> EnrolmentEvidence {
        let json = |value: &dyn erased::Json| value.json();
        let device_id = device_id(&self.device.public_key());
        let message = pin_key_signing_bytes(ISSUER, &self.pin_proof_for, &device_id);
        let pin_key =
            PinKey { public_key: Base64(self.pin.public_key().to_sec1()), proof: plain(&self.pin, &message) };
        let attempt = ChipAttempt { attempt: "a".into(), state: Base64(vec![1]), expires_at: AT };
        let answer = ChipAnswer { attempt: self.answered_attempt.clone(), responses: vec![Base64(vec![2])] };
        let hardening = EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(4));
        let chain = |key: &EcPublicKey, profile: fn(&[u8], &Application, UnixTime) -> KeyProfile| {
            let profile = profile(b"challenge", &application(), AT);
            demo_root().issue(key, &profile).into_iter().map(Base64).collect()
        };
        let device = if self.ios {
            self.app_attest(&hardening.public_key())
        } else {
            DeviceAttestation::Android {
                app_version: "1".into(),
                device_chain: chain(&self.device.public_key(), KeyProfile::device_key),
                pin_hardening_chain: chain(&hardening.public_key(), KeyProfile::pin_hardening_key),
            }
        };
        let mut pieces = vec![
            (EvidenceKind::DeviceAttestation, json(&device)),
            (EvidenceKind::Consents, json(&self.consents)),
            (EvidenceKind::Contact, json(&self.contact)),
            (EvidenceKind::ContactVerified, json(&self.verified)),
            (EvidenceKind::CaAttempt, json(&attempt)),
            (EvidenceKind::CaResponses, json(&answer)),
            (EvidenceKind::Declaration, json(&self.declaration)),
            (EvidenceKind::HolderDecision, self.decision.sign(&key(1), ISSUER, "h", AT).into_bytes()),
            (EvidenceKind::PinKey, json(&pin_key)),
        ];
        pieces.extend(self.files.iter().map(|(file, bytes)| (EvidenceKind::File(*file), bytes.clone())));
        let item = |(sequence, (kind, content)): (i64, (EvidenceKind, Vec<u8>))| EvidenceItem {
            kind,
            sequence,
            received_at: AT.plus(-60),
            content: Some(content),
        };
        EnrolmentEvidence {
            enrolment_id: "e".into(),
            challenge: self.challenge.clone(),
            items: (0..).zip(pieces).map(item).collect(),
        }
    }

    fn app_attest(&self, hardening: &EcPublicKey) -> DeviceAttestation {
        let hardening = hardening.to_sec1();
        let profile = AppAttestProfile::new(&client_data(b"challenge", &hardening), APP_ID, AT.plus(-60));
        let (certificates, authenticator_data) = demo_root().app_attest(&self.device.public_key(), &profile);
        let object = AttestationObject { certificates, authenticator_data };
        DeviceAttestation::Ios {
            app_version: "1".into(),
            attestation: Base64(object.to_cbor()),
            pin_hardening_key: Base64(hardening),
        }
    }

    fn prove(&self, message: &[u8]) -> DeviceProof {
        if self.signs_as_ios {
            let assertion = Assertion::sign(&self.device, sha256(APP_ID.as_bytes()), 1, message);
            return DeviceProof::AppAttest(Base64(assertion.to_cbor()));
        }
        DeviceProof::Ecdsa(plain(&self.device, message))
    }

    fn seal(self) -> Result<SealedEnrolment, Rejection> {
        let evidence = self.evidence();
        let gathered = Gathered::new(&evidence)?;
        let consents = check_consents(&self.policy, &gathered.consents).unwrap_or_default();
        let (device_key, pin_key) = (self.device.public_key().into(), self.pin.public_key());
        let keys = jose::JwkSet { keys: vec![key(1).jwk()] };
        // The transcript names a right decision, so that a wrong one is found by `seal` alone.
        let (thumbprint, sod) = (key_thumbprint(&self.device.public_key()), sha256(b"SOD"));
        let right = decision_by(self.decision.proof(), thumbprint, sod).sign(&key(1), ISSUER, "h", AT);
        let subject = DecisionSubject {
            issuer: ISSUER,
            enrolment_id: "e",
            device_key_thumbprint: thumbprint,
            sod_sha256: sod,
        };
        let decision = VerifiedDecision::verify(&right, &keys, &subject, AT)?;
        let mut transcript = record(ISSUER, "e", &gathered, &decision, &device_key, &pin_key, &consents);
        (self.transcript)(&mut transcript);
        let proof = self.prove(&transcript.signing_bytes());
        let pin = plain(&self.pin, &transcript.pin_signing_bytes(&proof));
        let request = Seal { transcript, signatures: SealSignatures { device: proof.to_header(), pin } };
        let proved = ProvedDocument {
            dg11_listed: self.dg11_listed,
            dg1: Dg1 { mrz: self.mrz.compose().unwrap() },
            dg11: None,
            chip_proved: self.chip_proved,
            weak_algorithm: false,
            dsc: [1; 32],
            csca: [2; 32],
            trust_digest: [3; 32],
            policy_version: "1".into(),
            report: Vec::new(),
        };
        let attestation = attestation_policy();
        let context = SealContext {
            policy: &self.policy,
            attestation: &attestation,
            own_keys: &keys,
            places: CogTable::embedded(),
            document_status_checked: true,
        };
        seal(&evidence, proved, request, context, AT)
    }
}

/// `serde_json::to_vec` of values of different types in one list.
mod erased {
    pub trait Json {
        fn json(&self) -> Vec<u8>;
    }
    impl<T: serde::Serialize> Json for T {
        fn json(&self) -> Vec<u8> {
            serde_json::to_vec(self).unwrap()
        }
    }
}

fn with(change: impl FnOnce(&mut Case)) -> Result<SealedEnrolment, Rejection> {
    let mut case = case();
    change(&mut case);
    case.seal()
}

#[test]
fn a_whole_enrolment_is_sealed() {
    let sealed = case().seal().unwrap();
    let identity = sealed.identity();
    assert_eq!(identity.level(), Level::Eidas3);
    assert_eq!(identity.pivot().family_name(), "ERIKSSON");
    assert_eq!(identity.document().expires, "2034-04-15");
    assert_eq!(identity.document().number, "L898902C3");
    assert_eq!(identity.document().report, ["face.match passed: engine 1, similarity of 0.45 or more"]);
    assert_eq!(identity.device().id, device_id(&case().device.public_key()));
    assert_eq!(identity.consents().len(), 2);
    assert_eq!(sealed.evidence_count(), 11);
}

#[test]
fn keys_attested_over_another_challenge_are_refused() {
    let other = with(|c| c.challenge = b"another".to_vec());
    assert_eq!(other.err(), Some(Rejection::Device(attestation::Error::Challenge)));
}

#[test]
fn a_phone_of_ios_seals_by_assertions_only_and_no_other_phone_does() {
    let sealed = with(|case| (case.ios, case.signs_as_ios) = (true, true)).unwrap();
    let stored = DeviceKey::from_bytes(&sealed.identity().device.device_key).unwrap();
    let expected =
        DeviceKey::AppAttest { key: case().device.public_key(), app_id_sha256: sha256(APP_ID.as_bytes()) };
    assert_eq!(stored, expected);
    for ios in [true, false] {
        let crossed = with(|case| (case.ios, case.signs_as_ios) = (ios, !ios));
        assert_eq!(crossed.err().map(|e| e.code()), Some("enrolment.seal".into()), "ios: {ios}");
    }
}

#[test]
fn consents_are_to_the_texts_in_force() {
    let given = |name: &str| with(|c| c.consents.given.retain(|g| g.name == name)).err();
    assert_eq!(given("face"), Some(Rejection::ConsentMissing("terms".into())));
    assert_eq!(given("terms"), Some(Rejection::ConsentMissing("face".into())), "the face was used");
    let desk = with(|c| {
        c.consents.given.retain(|g| g.name == "terms");
        c.decision = decision_by(HolderProof::Desk, key_thumbprint(&c.device.public_key()), sha256(b"SOD"));
    });
    assert!(desk.is_ok(), "a desk needs no consent to the use of the face");
    let version = with(|c| c.consents.given[0].version = "1".into());
    assert_eq!(version.err(), Some(Rejection::ConsentVersion("terms".into())));
    let hash = with(|c| c.consents.given[0].sha256.0[0] ^= 1);
    assert_eq!(hash.err(), Some(Rejection::ConsentVersion("terms".into())));
    let unknown = with(|c| c.consents.given[1].name = "other".into());
    assert_eq!(unknown.err(), Some(Rejection::ConsentVersion("other".into())));
}

#[test]
fn the_decision_on_the_holder_is_about_this_document_and_phone() {
    let phone = |c: &Case| key_thumbprint(&c.device.public_key());
    for proof in [HolderProof::FaceCertified, HolderProof::Face, HolderProof::Desk] {
        let document = with(|c| c.decision = decision_by(proof, phone(c), [9; 32]));
        assert_eq!(document.err(), Some(Rejection::Decision("document")));
        let device = with(|c| c.decision = decision_by(proof, [9; 32], sha256(b"SOD")));
        assert_eq!(device.err(), Some(Rejection::Decision("device")));
    }
}

#[test]
fn the_address_verified_is_the_address_given() {
    let other = with(|c| c.verified.email = "eve@example.org".into());
    assert_eq!(other.err(), Some(Rejection::Missing(Step::Contact)));
}

#[test]
fn the_answer_of_another_attempt_is_no_evidence() {
    let other = with(|c| c.answered_attempt = "b".into());
    assert_eq!(other.err(), Some(Rejection::Evidence(Step::Chip)));
}

#[test]
fn kind_of_document_and_age_are_policy() {
    let code = with(|c| c.mrz.document_code = "V".into());
    assert_eq!(code.err(), Some(Rejection::Identity(Error::DocumentCode("V".into()))));
    let minor = with(|c| c.mrz.date_of_birth = MrzDate::new(10, 1, 1).unwrap());
    assert_eq!(minor.err(), Some(Rejection::Identity(Error::TooYoung(18))));
}

#[test]
fn the_pin_key_is_proved_for_this_enrolment() {
    let other = with(|c| c.pin_proof_for = "f".into());
    assert_eq!(other.err(), Some(Rejection::Seal(protocol::Error::Signature)));
}

#[test]
fn a_transcript_of_other_evidence_is_refused() {
    type Change = fn(&mut SealTranscript);
    let cases: [(&str, Change); 5] = [
        ("files", |t| drop(t.files.remove("EF.DG2"))),
        ("portrait_digest", |t| t.portrait_digest.0[0] ^= 1),
        ("chip_authentication", |t| t.chip_authentication = Some("b".into())),
        ("holder_decision", |t| t.holder_decision = "x".into()),
        ("consents", |t| drop(t.consents.remove("face"))),
    ];
    for (field, change) in cases {
        let refused = with(|c| c.transcript = change);
        assert_eq!(refused.err(), Some(Rejection::Seal(protocol::Error::Field(field))));
    }
}

#[test]
fn a_chip_that_was_not_proved_is_refused_or_caps_the_level() {
    assert_eq!(with(|c| c.chip_proved = false).err(), Some(Rejection::Missing(Step::Chip)));
    let capped = with(|c| {
        c.chip_proved = false;
        c.policy.chip_proof_required = false;
    });
    assert_eq!(capped.unwrap().identity().level(), Level::Eidas1);
}

#[test]
fn a_dg11_that_is_listed_and_withheld_is_refused() {
    assert_eq!(with(|c| c.dg11_listed = true).err(), Some(Rejection::Missing(Step::Files)));
}

#[test]
fn an_expired_title_does_not_reach_the_high_level() {
    let (y, m, d) = AT.date();
    let day = |day| MrzDate::new(u8::try_from(y - 2000).unwrap(), m, day).unwrap();
    assert_eq!(with(|c| c.mrz.date_of_expiry = day(d)).unwrap().identity().level(), Level::Eidas3);
    assert_eq!(with(|c| c.mrz.date_of_expiry = day(d - 1)).unwrap().identity().level(), Level::Eidas2);
}
