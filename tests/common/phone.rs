//! A phone whose every step a test may take wrong. The honest phone is `mobile-bridge`; this one shares nothing with it but
//! the bodies of `protocol`.

use std::collections::BTreeMap;

use attestation::demo_root::{AppAttestProfile, KeyProfile};
use chip_emulator::Chip;
use crypto::{Curve, EcPrivateKey, HashAlgorithm, sha256};
use emrtd::Terminal;
use emrtd::chip_authentication::{ChipAuthenticationTask, KeyDirectory, TaskProtocol};
use face::{Comparison, EngineResult, Verdict, sign_result};
use lds::FileId;
use protocol::app_attest::{Assertion, AttestationObject, client_data};
use protocol::approval::{Approval, Decision};
use protocol::enrolment::{
    ActiveAuthentication, ActiveAuthenticationResponse, ChipAuthentication, ChipResponses, Config,
    ConsentGiven, Consents, Contact, ContactCode, Declaration, DeviceAttestation, FaceDecision, FaceResult,
    FaceSession, Opened, PinKey, Progress, Seal, Sealed, pin_key_signing_bytes,
};
use protocol::login::{Answer, Claim, LoginChallenge, Nonce};
use protocol::pin::{Pin, pin_key};
use protocol::request::{
    DEVICE_HEADER, IDEMPOTENCY_HEADER, NONCE_HEADER, SEQUENCE_HEADER, SIGNATURE_HEADER, SignedRequest,
};
use protocol::seal::{SealSignatures, SealTranscript};
use protocol::{Base64, DeviceProof};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use test_passports::Specimen;

use super::held::Held;
use super::{APPLE_APP_ID, Bench, ENGINE, application};

pub const PIN: &str = "135790";
pub const EMAIL: &str = "anna.eriksson@example.org";

/// Status, and the body as JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    pub status: u16,
    pub body: Value,
}

impl Reply {
    /// The body of a success.
    pub fn ok<T: DeserializeOwned>(self) -> T {
        assert!(self.status < 300, "{self:?}");
        serde_json::from_value(self.body).unwrap()
    }

    /// Status and code of a refusal.
    pub fn refused(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or_default())
    }
}

/// Sends one request; the headers are as given.
pub fn send(method: &str, url: &str, headers: &[(&str, String)], body: &[u8]) -> Reply {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    if !headers.iter().any(|(name, _)| *name == "accept-language") {
        request = request.header("accept-language", "en");
    }
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
    let mut response = agent.run(request.body(body).unwrap()).unwrap();
    let text = response.body_mut().read_to_string().unwrap();
    Reply { status: response.status().as_u16(), body: serde_json::from_str(&text).unwrap_or(Value::Null) }
}

/// What a phone's device key signs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// What it is given.
    Android,
    /// Assertions of App Attest.
    Ios,
}

/// A phone, and the enrolment that it opened.
pub struct Phone<'a> {
    pub bench: &'a Bench,
    pub platform: Platform,
    pub device: EcPrivateKey,
    pub hardening: EcPrivateKey,
    pub enrolment_id: String,
    pub bearer: String,
    pub nonce: String,
    pub sequence: u64,
    pub transcript: SealTranscript,
}

impl<'a> Phone<'a> {
    /// A phone with its own keys, whose enrolment is open and whose holder agreed to the texts.
    pub fn open(bench: &'a Bench, seed: u64) -> Self {
        let mut phone = Self::begin(bench, seed);
        phone.consent();
        phone
    }

    /// The same before the consents.
    pub fn begin(bench: &'a Bench, seed: u64) -> Self {
        let (mut phone, reply) = Self::attested(bench, seed);
        phone.nonce = reply.ok::<Progress>().nonce;
        phone
    }

    /// A phone that asked for an enrolment, and the answer to its attestation.
    pub fn attested(bench: &'a Bench, seed: u64) -> (Self, Reply) {
        let (mut phone, challenge) = Self::asking(bench, seed, Platform::Android);
        let attestation = phone.attestation(&challenge);
        let reply = phone.json("POST", "/device", &attestation);
        (phone, reply)
    }

    /// A phone that asked for an enrolment, and the challenge for its keys.
    pub fn asking(bench: &'a Bench, seed: u64, platform: Platform) -> (Self, Vec<u8>) {
        let mut rng = ChaCha20Rng::seed_from_u64(1000 + seed);
        let device = EcPrivateKey::generate(Curve::P256, &mut rng);
        let hardening = EcPrivateKey::generate(Curve::P256, &mut rng);
        let opened: Opened = send("POST", &format!("{}/v1/enrolments", bench.url), &[], b"").ok();
        let config: Config = send("GET", &format!("{}/v1/config", bench.url), &[], b"").ok();
        let transcript = SealTranscript {
            issuer: config.issuer,
            enrolment_id: opened.enrolment_id.clone(),
            files: BTreeMap::new(),
            portrait_digest: Base64::default(),
            chip_authentication: None,
            active_authentication_challenge: None,
            holder_decision: String::new(),
            device_key: protocol::key_thumbprint(&device.public_key()).into(),
            pin_key: Base64::default(),
            consents: BTreeMap::new(),
        };
        let phone = Self {
            bench,
            platform,
            device,
            hardening,
            enrolment_id: opened.enrolment_id.clone(),
            bearer: opened.secret.to_string(),
            nonce: opened.challenge.to_string(),
            sequence: 0,
            transcript,
        };
        (phone, opened.challenge.0)
    }

    /// The device key's proof.
    pub fn prove(&self, message: &[u8]) -> DeviceProof {
        match self.platform {
            Platform::Android => DeviceProof::Ecdsa(plain(&self.device, message)),
            Platform::Ios => {
                let assertion = Assertion::sign(&self.device, sha256(APPLE_APP_ID.as_bytes()), 1, message);
                DeviceProof::AppAttest(Base64(assertion.to_cbor()))
            }
        }
    }

    /// What App Attest says of the device key, made over the pin hardening key too.
    pub fn app_attest(
        &self,
        profile: impl FnOnce(&[u8]) -> AppAttestProfile,
        challenge: &[u8],
    ) -> DeviceAttestation {
        let hardening = self.hardening.public_key().to_sec1();
        let profile = profile(&client_data(challenge, &hardening));
        let (certificates, authenticator_data) =
            self.bench.demo_root.app_attest(&self.device.public_key(), &profile);
        let object = AttestationObject { certificates, authenticator_data };
        DeviceAttestation::Ios {
            app_version: "1.0.0".into(),
            attestation: Base64(object.to_cbor()),
            pin_hardening_key: Base64(hardening),
        }
    }

    pub fn attestation(&self, challenge: &[u8]) -> DeviceAttestation {
        let (app, now) = (application(), self.bench.now());
        let chain = |key: &EcPrivateKey, profile: &KeyProfile| {
            let chain = self.bench.demo_root.issue(&key.public_key(), profile);
            chain.into_iter().map(Base64).collect()
        };
        DeviceAttestation::Android {
            app_version: "1.0.0".into(),
            device_chain: chain(&self.device, &KeyProfile::device_key(challenge, &app, now)),
            pin_hardening_chain: chain(&self.hardening, &KeyProfile::pin_hardening_key(challenge, &app, now)),
        }
    }

    pub fn device_id(&self) -> String {
        protocol::device_id(&self.device.public_key())
    }

    /// A signed request of this enrolment with a JSON body.
    pub fn json(&mut self, method: &str, step: &str, body: &impl Serialize) -> Reply {
        self.call(method, step, &serde_json::to_vec(body).unwrap())
    }

    /// A signed request of this enrolment.
    pub fn call(&mut self, method: &str, step: &str, body: &[u8]) -> Reply {
        let request = self.request(method, step, body);
        self.send(&request)
    }

    /// The parts of the next signed request.
    pub fn request(&mut self, method: &str, step: &str, body: &[u8]) -> Signed {
        self.sequence += 1;
        let path = format!("/v1/enrolments/{}{step}", self.enrolment_id);
        let mut signed = Signed::new(self, method, &path, body, &self.nonce, self.sequence);
        signed.headers.push(("authorization", format!("Bearer {}", self.bearer)));
        signed
    }

    pub fn send(&self, request: &Signed) -> Reply {
        let url = format!("{}{}", self.bench.url, request.path);
        send(&request.method, &url, &request.headers, &request.body)
    }

    pub fn consent(&mut self) {
        let consents = self.consents();
        let _: Progress = self.json("PUT", "/consents", &consents).ok();
        self.transcript.consents =
            consents.given.into_iter().map(|given| (given.name, given.version)).collect();
    }

    /// Every consent that is asked for.
    pub fn consents(&self) -> Consents {
        let config: Config = send("GET", &format!("{}/v1/config", self.bench.url), &[], b"").ok();
        let given = |text: &protocol::enrolment::ConsentText| ConsentGiven {
            name: text.name.clone(),
            version: text.version.clone(),
            sha256: text.sha256.clone(),
        };
        Consents { given: config.consents.iter().map(given).collect() }
    }

    pub fn verify_email(&mut self) {
        self.verify_email_of(EMAIL);
    }

    pub fn verify_email_of(&mut self, address: &str) {
        let _: Progress = self.json("PUT", "/contact", &Contact { email: address.into() }).ok();
        let code = self.bench.mailed_code(address);
        let _: Progress = self.json("POST", "/contact/verify", &ContactCode { code }).ok();
    }

    pub fn upload(&mut self, file: FileId, bytes: &[u8]) -> Reply {
        let reply = self.call("PUT", &format!("/chip/files/{file}"), bytes);
        if reply.status == 200 {
            self.transcript.files.insert(file.to_string(), sha256(bytes).into());
        }
        reply
    }

    /// Uploads every file that the server takes, EF.SOD first.
    pub fn upload_all(&mut self, passport: &Specimen) {
        for file in
            [FileId::Sod, FileId::Dg(14), FileId::Dg(1), FileId::Dg(11), FileId::Dg(15), FileId::Dg(2)]
        {
            let bytes = passport.file(file).to_vec();
            if !bytes.is_empty() {
                assert_eq!(self.upload(file, &bytes).status, 200, "{file}");
            }
        }
        let dg2 = lds::Dg2::parse(passport.file(FileId::Dg(2))).unwrap();
        self.transcript.portrait_digest = sha256(&dg2.faces[0].image).into();
    }

    /// A task of Chip Authentication.
    pub fn ca_task(&mut self) -> (String, ChipAuthenticationTask) {
        let task: ChipAuthentication = self.call("POST", "/chip/authentication", b"").ok();
        let protocol = match task.at_ga_oid {
            None => TaskProtocol::Kat,
            Some(oid) => TaskProtocol::AtGa { oid },
        };
        let task_for_chip = ChipAuthenticationTask {
            protocol,
            directory: match task.in_master_file {
                true => KeyDirectory::MasterFile,
                false => KeyDirectory::Application,
            },
            key_reference: task.key_reference.map(|r| r.0),
            ephemeral_public_key: task.ephemeral_public_key.0,
            proof_commands: task.proof_commands.into_iter().map(|c| c.0).collect(),
        };
        (task.attempt, task_for_chip)
    }

    pub fn ca_answer(&mut self, attempt: &str, responses: &[Vec<u8>]) -> Reply {
        let body = ChipResponses { responses: responses.iter().cloned().map(Base64).collect() };
        self.json("POST", &format!("/chip/authentication/{attempt}"), &body)
    }

    pub fn aa_challenge(&mut self) -> ActiveAuthentication {
        self.call("POST", "/chip/active-authentication", b"").ok()
    }

    pub fn aa_answer(&mut self, attempt: &str, signature: Vec<u8>) -> Reply {
        let body = ActiveAuthenticationResponse { signature: Base64(signature) };
        self.json("POST", &format!("/chip/active-authentication/{attempt}"), &body)
    }

    /// Both proofs of the chip, as they should be.
    pub fn prove_chip(&mut self, passport: &Specimen) {
        let mut terminal = opened_chip(passport);
        if passport.aa_key.is_some() {
            let task = self.aa_challenge();
            let signature = terminal.internal_authenticate(&task.challenge.0).unwrap();
            assert_eq!(self.aa_answer(&task.attempt, signature).status, 200);
            self.transcript.active_authentication_challenge = Some(task.challenge);
        }
        let (attempt, task) = self.ca_task();
        let responses = terminal.run_chip_authentication(&task).unwrap();
        assert_eq!(self.ca_answer(&attempt, &responses).status, 200);
        self.transcript.chip_authentication = Some(attempt);
    }

    pub fn declare(&mut self) -> Reply {
        let declaration = Declaration {
            birth_country: "99100".into(),
            birth_place: Some("75107".into()),
            given_names: None,
            family_name: None,
            preferred_username: None,
        };
        self.json("PUT", "/identity", &declaration)
    }

    pub fn face_session(&mut self) -> FaceSession {
        self.call("POST", "/face", b"").ok()
    }

    /// What an honest engine says; a test changes it before it is signed.
    pub fn engine_result(&self, session: &FaceSession) -> EngineResult {
        EngineResult {
            engine_version: "1".into(),
            comparison: Comparison::None,
            similarity: 0.9,
            threshold: 0.5,
            presentation: Verdict::Passed.into(),
            injection: Verdict::NotPerformed.into(),
            review: vec![],
            capture_nonce: session.capture_nonce.clone(),
            enrolment_id: self.enrolment_id.clone(),
            device_key_thumbprint: session.device_key_thumbprint.0.as_slice().try_into().unwrap(),
            portrait_sha256: session.portrait_sha256.0.as_slice().try_into().unwrap(),
            probe_sha256: [8; 32],
            captured_at: self.bench.now(),
            expires_at: self.bench.now().plus(120),
        }
    }

    pub fn submit_face(&mut self, result: &EngineResult) -> Reply {
        let id = result.capture_nonce.clone();
        self.submit_face_named(&id, result)
    }

    /// A result of this name.
    pub fn submit_face_named(&mut self, id: &str, result: &EngineResult) -> Reply {
        let (key, issuer, now) = (&self.bench.engine_key, self.transcript.issuer.clone(), self.bench.now());
        let result = Some(sign_result(key, ENGINE, &issuer, id, now, result));
        self.json("PUT", "/face", &FaceResult { result })
    }

    pub fn match_holder(&mut self) {
        let session = self.face_session();
        let result = self.engine_result(&session);
        let decision: FaceDecision = self.submit_face(&result).ok();
        self.transcript.holder_decision = decision.decision_id;
    }

    pub fn pin_key(&self, pin: &str) -> EcPrivateKey {
        let point = Pin::new(pin).unwrap().point().unwrap();
        let shared = self.hardening.ecdh(&protocol::p256_key(&point).unwrap()).unwrap();
        pin_key(&shared, &self.transcript.issuer, &self.device_id()).unwrap()
    }

    pub fn register_pin(&mut self) {
        let key = self.pin_key(PIN);
        let possession =
            pin_key_signing_bytes(&self.transcript.issuer, &self.enrolment_id, &self.device_id());
        let body = PinKey { public_key: Base64(key.public_key().to_sec1()), proof: plain(&key, &possession) };
        let _: Progress = self.json("PUT", "/pin", &body).ok();
        self.transcript.pin_key = protocol::key_thumbprint(&key.public_key()).into();
    }

    pub fn sealed_by_both_keys(&self, transcript: &SealTranscript) -> Seal {
        let proof = self.prove(&transcript.signing_bytes());
        let pin = plain(&self.pin_key(PIN), &transcript.pin_signing_bytes(&proof));
        let signatures = SealSignatures { device: proof.to_header(), pin };
        Seal { transcript: transcript.clone(), signatures }
    }

    pub fn seal(&mut self) -> Reply {
        let seal = self.sealed_by_both_keys(&self.transcript);
        self.json("POST", "/seal", &seal)
    }

    /// Everything up to the seal.
    pub fn up_to_the_seal(bench: &'a Bench, seed: u64, passport: &Specimen) -> Self {
        let mut phone = Self::open(bench, seed);
        phone.verify_email();
        phone.finish(passport);
        phone
    }

    /// From the chip to the PIN.
    pub fn finish(&mut self, passport: &Specimen) {
        self.upload_all(passport);
        self.prove_chip(passport);
        assert_eq!(self.call("POST", "/chip/verify", b"").status, 200);
        let declared = self.declare();
        assert_eq!(declared.status, 200, "{declared:?}");
        self.match_holder();
        self.register_pin();
    }

    /// A whole enrolment; then the phone's logins count from 0.
    pub fn enrol(bench: &'a Bench, seed: u64, passport: &Specimen) -> (Self, Sealed) {
        let mut phone = Self::up_to_the_seal(bench, seed, passport);
        let sealed = phone.seal().ok();
        phone.sequence = 0;
        (phone, sealed)
    }

    /// A signed request of the enrolled phone.
    pub fn login_call(&mut self, method: &str, path: &str, body: &impl Serialize) -> Reply {
        let signed = self.login_request(method, path, body);
        self.send(&signed)
    }

    /// The parts of it.
    pub fn login_request(&mut self, method: &str, path: &str, body: &impl Serialize) -> Signed {
        let nonce: Nonce = send("POST", &format!("{}/v1/nonces", self.bench.url), &[], b"").ok();
        self.sequence += 1;
        let body = if method == "GET" { Vec::new() } else { serde_json::to_vec(body).unwrap() };
        Signed::new(self, method, path, &body, &nonce.nonce, self.sequence)
    }

    pub fn claim(&mut self, handle: &str) -> Reply {
        self.login_call("POST", "/v1/logins/claim", &Claim { handle: handle.to_owned() })
    }

    /// An approval signed by both keys, of a statement as the test left it.
    pub fn answer(&self, statement: &Approval, pin: &str) -> Answer {
        let proof = self.prove(&statement.signing_bytes());
        let pin = plain(&self.pin_key(pin), &statement.pin_signing_bytes(&proof));
        Answer { statement: statement.clone(), device_proof: proof.to_header(), pin_signature: Some(pin) }
    }

    pub fn approve(&mut self, challenge: &LoginChallenge, pin: &str) -> Reply {
        let statement = Approval { decision: Decision::Approve, ..challenge.statement.clone() };
        let answer = self.answer(&statement, pin);
        self.login_call("POST", &format!("/v1/logins/{}/approve", statement.login_id), &answer)
    }

    pub fn refuse(&mut self, challenge: &LoginChallenge, decision: Decision) -> Reply {
        let statement = Approval { decision, ..challenge.statement.clone() };
        let answer = Answer { pin_signature: None, ..self.answer(&statement, PIN) };
        self.login_call("POST", &format!("/v1/logins/{}/refuse", statement.login_id), &answer)
    }
}

/// A signed request, which a test may change before it is sent, or send again.
#[derive(Clone)]
pub struct Signed {
    pub method: String,
    pub path: String,
    pub body: Vec<u8>,
    pub headers: Vec<(&'static str, String)>,
}

impl Signed {
    pub fn new(phone: &Phone, method: &str, path: &str, body: &[u8], nonce: &str, sequence: u64) -> Self {
        let unique = format!("{nonce}-{sequence}");
        let idempotency_key = if method == "GET" { "" } else { unique.as_str() };
        let request = SignedRequest { method, path, body, nonce, sequence, idempotency_key };
        let proof = phone.prove(&request.signing_bytes());
        let mut headers = vec![
            (DEVICE_HEADER, phone.device_id()),
            (NONCE_HEADER, nonce.to_owned()),
            (SEQUENCE_HEADER, sequence.to_string()),
            (SIGNATURE_HEADER, proof.to_header()),
        ];
        if method != "GET" {
            headers.push((IDEMPOTENCY_HEADER, unique));
        }
        Self { method: method.to_owned(), path: path.to_owned(), body: body.to_vec(), headers }
    }
}

pub fn plain(key: &EcPrivateKey, message: &[u8]) -> Base64 {
    Base64(key.sign(HashAlgorithm::Sha256, message).to_plain(Curve::P256))
}

/// The chip of a passport, opened with its own MRZ.
pub fn opened_chip(passport: &Specimen) -> Terminal<Chip<ChaCha20Rng>> {
    opened(&passport.clone().into())
}

/// The same of any chip.
pub fn opened(held: &Held) -> Terminal<Chip<ChaCha20Rng>> {
    let chip = Chip::new(held.contents.clone(), ChaCha20Rng::seed_from_u64(5));
    let mut terminal = Terminal::new(chip);
    let key: emrtd::MrzKey = (&held.specimen.mrz).into();
    terminal.open(key, &mut ChaCha20Rng::seed_from_u64(6)).unwrap();
    terminal
}
