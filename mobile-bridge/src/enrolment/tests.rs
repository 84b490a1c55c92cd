use clock::UnixTime;
use emrtd::chip_authentication::{self, AwaitProof};
use lds::{Dg14, FileId};
use protocol::enrolment::{
    ActiveAuthentication, ActiveAuthenticationResponse, ChipAuthentication, ChipResponses, FileReceipt,
};
use test_passports::{ActiveAuthentication as Offer, Specimen};

use super::*;
use crate::testing::{Answer, Card, Http, Listener, Phone, Received, access_key, digest, ok, passport, rng};
use protocol::seal::SealTranscript;

const ISSUER: &str = "https://fi.example";
const PIN: &str = "135790";
const CHALLENGE: &[u8; 8] = b"8 bytes.";
const STEPS: &str = "/v1/enrolments/e1";

/// A server that says what the real one says, and may lie about one thing.
struct Office {
    passport: Specimen,
    proof: Option<AwaitProof>,
    lie: Lie,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lie {
    None,
    Receipt,
    Portrait,
    /// The seal is answered with this status and code; 0: not at all.
    Seal(u16, &'static str),
}

fn progress() -> Progress {
    Progress {
        state: "open".into(),
        nonce: "session nonce".into(),
        device_id: "d".into(),
        missing: vec!["consents".into()],
        files: BTreeMap::new(),
        expires_at: UnixTime(2000),
    }
}

fn checked(text: &str) -> Checked {
    let line = CheckLine { id: "x".into(), result: "passed".into(), text: text.into() };
    Checked { checks: vec![line], missing: vec!["face".into()] }
}

fn config() -> Config {
    let consent = |name: &str, required| ConsentText {
        name: name.into(),
        version: "3".into(),
        sha256: digest(name.as_bytes()),
        url: format!("{ISSUER}/texts/{name}"),
        required,
    };
    Config {
        issuer: ISSUER.into(),
        environment: "demo".into(),
        min_app_version: "0.0.0".into(),
        accepted_documents: vec!["P*".into()],
        minimum_age: 18,
        consents: vec![consent("terms", true), consent("face", false)],
        face_engines: vec!["engine".into()],
        desk: true,
    }
}

impl Office {
    fn new(passport: Specimen, lie: Lie) -> Self {
        Self { passport, proof: None, lie }
    }

    fn portrait(&self) -> Base64 {
        let dg2 = lds::Dg2::parse(self.passport.file(FileId::Dg(2))).unwrap();
        digest(if self.lie == Lie::Portrait { b"another" } else { &dg2.faces[0].image })
    }

    fn answer(&mut self, request: &Received) -> Answer {
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/v1/config") => ok(&config()),
            ("POST", "/v1/enrolments") => ok(&Opened {
                enrolment_id: "e1".into(),
                challenge: Base64(b"challenge".to_vec()),
                secret: Base64(b"secret".to_vec()),
                expires_at: UnixTime(2000),
            }),
            (method, path) => self.step(method, path.strip_prefix(STEPS)?, request),
        }
    }

    fn step(&mut self, method: &str, step: &str, request: &Received) -> Answer {
        if let Some(name) = step.strip_prefix("/chip/files/") {
            let sha256 = digest(if self.lie == Lie::Receipt { b"another" } else { &request.body });
            return ok(&FileReceipt { name: name.into(), sha256, size: request.body.len() });
        }
        match (method, step) {
            ("DELETE", "") => Some((204, String::new())),
            ("POST", "/chip/authentication") => ok(&self.begin_chip_authentication()),
            ("POST", "/chip/authentication/a1") => {
                let ChipResponses { responses } = request.json();
                let responses: Vec<Vec<u8>> = responses.into_iter().map(|r| r.0).collect();
                let dg1 = self.proof.take()?.received(&responses).unwrap();
                assert_eq!(dg1, self.passport.file(FileId::Dg(1)));
                ok(&checked("the chip has its key"))
            }
            ("POST", "/chip/active-authentication") => ok(&ActiveAuthentication {
                attempt: "a2".into(),
                challenge: Base64(CHALLENGE.to_vec()),
                expires_at: UnixTime(2000),
            }),
            ("POST", "/chip/active-authentication/a2") => {
                let ActiveAuthenticationResponse { signature } = request.json();
                assert_eq!(signature.0.len(), 256);
                ok(&checked("the chip signed"))
            }
            ("POST", "/chip/verify") => ok(&checked("the document is authentic")),
            ("PUT", "/identity") => ok(&IdentityPreview {
                claims: [("family_name".to_owned(), "ERIKSSON".to_owned())].into(),
                declared: vec!["birthplace".into()],
                missing: Vec::new(),
            }),
            ("POST", "/face") => ok(&FaceSession {
                capture_nonce: "capture".into(),
                portrait_sha256: self.portrait(),
                device_key_thumbprint: Base64(vec![7; 32]),
                engines: vec!["engine".into()],
                capture: None,
                challenge: None,
                expires_at: UnixTime(2000),
            }),
            ("PUT", "/face") => ok(&FaceDecision {
                decision_id: "h1".into(),
                checks: checked("the faces match").checks,
                missing: Vec::new(),
            }),
            ("POST", "/seal") if let Lie::Seal(status, code) = self.lie => (status > 0).then(|| {
                let problem = protocol::codes::Problem::new(code, status, protocol::codes::Language::En);
                (status, serde_json::to_string(&problem).unwrap())
            }),
            ("POST", "/seal") => ok(&Sealed {
                device_id: "d".into(),
                state: "active".into(),
                level: "eidas2".into(),
                replaced: false,
                recovery_code: "recovery".into(),
            }),
            _ => ok(&progress()),
        }
    }

    fn begin_chip_authentication(&mut self) -> ChipAuthentication {
        let dg14 = Dg14::parse(self.passport.file(FileId::Dg(14))).unwrap();
        let dg1_len = self.passport.file(FileId::Dg(1)).len();
        let (task, proof) = chip_authentication::begin(&dg14, dg1_len, &mut rng(3)).unwrap();
        self.proof = Some(proof);
        ChipAuthentication {
            attempt: "a1".into(),
            at_ga_oid: match task.protocol {
                chip_authentication::TaskProtocol::Kat => None,
                chip_authentication::TaskProtocol::AtGa { oid } => Some(oid),
            },
            in_master_file: false,
            key_reference: task.key_reference.map(Base64),
            ephemeral_public_key: Base64(task.ephemeral_public_key),
            proof_commands: task.proof_commands.into_iter().map(Base64).collect(),
            expires_at: UnixTime(2000),
        }
    }
}

fn specimen() -> Specimen {
    passport(|p| p.active_authentication(Some(Offer::Rsa2048)))
}

fn start(phone: &Arc<Phone>, lie: Lie) -> (Http, Arc<EnrolmentClient>) {
    let mut office = Office::new(specimen(), lie);
    let http = Http::start(move |request| office.answer(request));
    let client = EnrolmentClient::new(&http.url, "en", phone.clone(), phone.clone()).unwrap();
    (http, client)
}

fn read(client: &EnrolmentClient) -> Result<Checks, BridgeError> {
    let passport = specimen();
    client.read_document(Card::new(&passport), &access_key(&passport), Arc::new(Listener::default()))
}

fn up_to_the_seal(client: &EnrolmentClient) {
    assert_eq!(client.options().unwrap().consents.len(), 2);
    client.open().unwrap();
    client.consent(vec!["terms".into(), "face".into(), "unknown".into()]).unwrap();
    client.set_email("anna@example.org").unwrap();
    client.verify_email("123456").unwrap();
    assert_eq!(read(client).unwrap().lines, ["passed: the document is authentic"]);
    let birth = BirthPlace { country: "99100".into(), commune: Some("75056".into()) };
    assert_eq!(client.declare(birth, None, None, None).unwrap().declared, ["birthplace"]);
    let task = client.begin_face().unwrap();
    assert_eq!((task.audience.as_str(), task.enrolment_id.as_str()), (ISSUER, "e1"));
    client.submit_face("a.b.c").unwrap();
}

fn enrol(client: &EnrolmentClient) -> SealedAccount {
    up_to_the_seal(client);
    client.seal(PIN).unwrap()
}

/// The server's own record of what [`enrol`] did.
fn record(phone: &Phone) -> SealTranscript {
    let passport = specimen();
    let groups = [14, 1, 11, 15, 2].map(FileId::Dg);
    let files = [FileId::Sod].into_iter().chain(groups);
    SealTranscript {
        issuer: ISSUER.into(),
        enrolment_id: "e1".into(),
        files: files.map(|id| (id.name().to_owned(), digest(passport.file(id)))).collect(),
        portrait_digest: Office::new(specimen(), Lie::None).portrait(),
        chip_authentication: Some("a1".into()),
        active_authentication_challenge: Some(Base64(CHALLENGE.to_vec())),
        holder_decision: "h1".into(),
        device_key: protocol::key_thumbprint(&phone.device.public_key()).into(),
        pin_key: protocol::key_thumbprint(&phone.pin_key(PIN, ISSUER)).into(),
        consents: [("terms", "3"), ("face", "3")].map(|(n, v)| (n.to_owned(), v.to_owned())).into(),
    }
}

#[test]
fn the_seal_is_over_what_the_phone_saw_and_equals_the_servers_record() {
    let phone = Phone::new(1);
    let (http, client) = start(&phone, Lie::None);
    assert_eq!(enrol(&client).issuer, ISSUER);
    let received = http.received();
    let Seal { transcript, signatures } = received.last().unwrap().json();
    let (device, pin_key) = (phone.device.public_key().into(), phone.pin_key(PIN, ISSUER));
    assert_eq!(transcript.verify(&record(&phone), &device, &pin_key, &signatures).err(), None);
    let pin: PinKey = received[received.len() - 2].json();
    assert_eq!(pin.verify(ISSUER, "e1", &phone.id()), Ok(pin_key));
}

#[test]
fn every_step_is_signed_numbered_and_carries_the_bearer_secret() {
    let phone = Phone::new(1);
    let (http, client) = start(&phone, Lie::None);
    enrol(&client);
    client.cancel().unwrap();
    let signed = http.signed();
    assert_eq!(http.received().len(), signed.len() + 2, "all but the first two");
    for (number, request) in (1..).zip(&signed) {
        assert_eq!(request.verify(&phone), Ok(()), "{}", request.path);
        assert_eq!(request.sequence(), number);
        assert_eq!(request.header("authorization"), format!("Bearer {}", Base64(b"secret".to_vec())));
        let nonce =
            if number == 1 { Base64(b"challenge".to_vec()).to_string() } else { "session nonce".into() };
        assert_eq!(request.header("sceau-nonce"), nonce);
    }
}

#[test]
fn the_keys_are_attested_over_the_servers_challenge() {
    let phone = Phone::new(1);
    let (http, client) = start(&phone, Lie::None);
    client.open().unwrap();
    let body: DeviceAttestation = http.signed()[0].json();
    let DeviceAttestation::Android { device_chain, .. } = body else { panic!("{body:?}") };
    assert_eq!(device_chain, [Base64(b"challenge".to_vec())]);
    assert_eq!(client.missing().unwrap(), ["consents"]);
}

#[test]
fn a_seal_is_settled_by_a_refusal_alone() {
    for (status, code, expected) in [
        (0, "", "unanswered"),
        (500, "server.internal", "unanswered"),
        (503, "server.unavailable", "unanswered"),
        // What a repeat meets although the first sending sealed.
        (409, "enrolment.closed", "unanswered"),
        (429, "request.rate", "unanswered"),
        (409, "enrolment.step-missing", "enrolment.step-missing"),
        (422, "enrolment.seal", "enrolment.seal"),
    ] {
        let phone = Phone::new(1);
        let (_http, client) = start(&phone, Lie::Seal(status, code));
        up_to_the_seal(&client);
        let error = client.seal(PIN).err().unwrap();
        assert_eq!(error.code(), expected, "{status} {code}");
        if let BridgeError::Unanswered { issuer, device_id, .. } = error {
            assert_eq!((issuer.as_str(), device_id), (ISSUER, phone.id()));
        }
    }
}

#[test]
fn only_texts_that_the_server_named_are_consented_to() {
    let phone = Phone::new(1);
    let (http, client) = start(&phone, Lie::None);
    client.options().unwrap();
    client.open().unwrap();
    client.consent(vec!["terms".into(), "unknown".into()]).unwrap();
    let Consents { given } = http.signed()[1].json();
    let expected = ConsentGiven { name: "terms".into(), version: "3".into(), sha256: digest(b"terms") };
    assert_eq!(given, [expected]);
}

#[test]
fn a_server_that_received_other_bytes_is_noticed() {
    let phone = Phone::new(1);
    let (http, client) = start(&phone, Lie::Receipt);
    client.options().unwrap();
    client.open().unwrap();
    assert_eq!(read(&client).unwrap_err().code(), "protocol");
    assert_eq!(http.signed().len(), 2, "nothing is sent after the first file");
}

#[test]
fn a_server_that_names_another_portrait_gets_no_face() {
    let phone = Phone::new(1);
    let (_http, client) = start(&phone, Lie::Portrait);
    client.options().unwrap();
    client.open().unwrap();
    read(&client).unwrap();
    assert_eq!(client.begin_face().unwrap_err().code(), "protocol");
}

#[test]
fn a_step_before_its_time_is_told_without_a_request() {
    let phone = Phone::new(1);
    let (http, client) = start(&phone, Lie::None);
    assert_eq!(client.consent(vec![]).unwrap_err().code(), "usage");
    assert_eq!(client.missing().unwrap_err().code(), "usage");
    assert_eq!(client.seal(PIN).err().unwrap().code(), "usage");
    assert!(http.received().is_empty());
    client.options().unwrap();
    client.open().unwrap();
    let before = http.received().len();
    for pin in ["12345", "222222"] {
        assert_eq!(client.seal(pin).err().unwrap().code(), "usage");
    }
    assert_eq!(client.seal(PIN).err().unwrap().code(), "usage", "neither portrait nor face");
    assert!(http.received()[before..].iter().all(|r| !r.path.ends_with("/seal")));
}
