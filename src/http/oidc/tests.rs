//! The endpoints as a service, on a database of their own, with a person who is enrolled already.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::Request;
use clock::FixedClock;
use crypto::{Curve, EcPrivateKey, HashAlgorithm};
use identity::names::MrzName;
use identity::seal::TestParts;
use identity::{
    ChipPerson, DeviceRecord, DocumentRecord, HolderProof, LevelFacts, LoginKind, PivotIdentity,
    SealedEnrolment,
};
use jose::{Algorithm, JwkSet, SigningKey};
use lds::mrz::{MrzDate, Sex};
use protocol::Base64;
use protocol::DeviceProof;
use protocol::approval::{Approval, Decision};
use protocol::enrolment::Declaration;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use serde_json::{Value, json};
use storage::Login;
use tempfile::TempDir;
use tower::ServiceExt as _;

use super::*;
use crate::config::{Config, Materials};
use crate::http::browser::BrowserSecret;
use crate::router::router;

mod attributes;
mod certification;
mod endpoints;
mod grants;
mod policies;
mod standards;

const NOW: UnixTime = UnixTime(1_780_315_200);
const SECRET: &str = "a secret of forty characters, for tests!";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const CONFIG: &str = r#"
environment = "demo"
issuer = "http://localhost:8080"
server = { listen = "127.0.0.1:8080" }
database = { url = "sqlite:sceau.db" }
mail = { transport = "folder", folder = "mail", from = "sceau@fi.example" }

[[attestation.applications]]
package_name = "org.example.sceau"
signer_sha256 = ["0000000000000000000000000000000000000000000000000000000000000000"]

[keys]
encryption_file = "keys/encryption.key"
lookup_file = "keys/lookup.key"
oidc_signing_files = ["keys/oidc-signing.pem", "keys/rsa.pem"]
statement_files = ["keys/statement.pem"]

[[clients]]
id = "broker"
name = "FranceConnect"
redirect_uris = ["https://broker.example/cb"]
authentication = "client_secret_post"
secret = "a secret of forty characters, for tests!"
acr = ["eidas2", "eidas3"]

[[clients]]
id = "jwt"
name = "A service"
redirect_uris = ["https://jwt.example/cb"]
authentication = "private_key_jwt"
jwks_file = "jwt.jwks"
acr = ["eidas2"]

[[clients]]
id = "policy"
name = "Another service"
redirect_uris = ["https://policy.example/cb"]
authentication = "client_secret_post"
secret = "a secret of forty characters, for tests!"
signing_algorithm = "RS256"
acr = ["eidas1", "eidas2"]
[clients.policy]
subject_type = "pairwise"
userinfo = "json"
access_token = "reusable"
sso_seconds = 600

[[clients]]
id = "fapi"
name = "A bank"
redirect_uris = ["https://fapi.example/cb"]
authentication = "private_key_jwt"
jwks_file = "jwt.jwks"
acr = ["eidas2"]
policy = { profile = "fapi2", identity_assurance = true, request_objects = "accepted" }

[[clients]]
id = "signs"
name = "A service that signs"
redirect_uris = ["https://signs.example/cb"]
authentication = "client_secret_post"
secret = "a secret of forty characters, for tests!"
jwks_file = "jwt.jwks"
acr = ["eidas2"]
policy = { request_objects = "required", ciba = true, identity_assurance = true }
"#;

/// A key that takes a while to make.
fn rsa_pem() -> &'static str {
    static KEY: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    KEY.get_or_init(|| {
        let key = crypto::RsaPrivateKey::generate(2048, &mut ChaCha20Rng::seed_from_u64(9)).unwrap();
        crate::cli::pem(&key.to_pkcs8_der()).to_string()
    })
}

/// An answer, read.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
    code: Option<String>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// A value in the query of the redirect.
    fn query(&self, name: &str) -> Option<&str> {
        let (_, query) = self.header("location").split_once('?')?;
        query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }

    /// Status and OAuth error.
    fn refused(&self) -> (u16, String) {
        (self.status, self.json()["error"].as_str().unwrap_or_default().to_owned())
    }
}

/// A server, and a person's phone that approves what it is given.
struct Bench {
    state: AppState,
    clock: FixedClock,
    phone: EcPrivateKey,
    client_key: SigningKey,
    identity_id: String,
    _folder: TempDir,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        crate::cli::new_keys(&folder.path().join("keys"), &mut rng).unwrap();
        let client_key = SigningKey::new(EcPrivateKey::generate(Curve::P256, &mut rng)).unwrap();
        let jwks = serde_json::to_vec(&JwkSet::from(vec![client_key.jwk()])).unwrap();
        std::fs::write(folder.path().join("jwt.jwks"), jwks).unwrap();
        std::fs::write(folder.path().join("keys/rsa.pem"), rsa_pem()).unwrap();
        let config = Config::parse(CONFIG, std::iter::empty(), folder.path().to_owned()).unwrap();
        let materials = Materials::read(&config, NOW).unwrap();
        let clock = FixedClock::at(NOW);
        let state = AppState::open(config, materials, Arc::new(clock.clone()), &mut rng).await.unwrap();
        let phone = EcPrivateKey::generate(Curve::P256, &mut rng);
        let identity_id = enrol(&state, &phone).await;
        Self { state, clock, phone, client_key, identity_id, _folder: folder }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = router(self.state.clone()).oneshot(request).await.unwrap();
        let code = response.extensions().get::<Note>().and_then(|note| note.code.clone());
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap().to_vec();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body, code }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn post(&self, path: &str, form: &str) -> Answer {
        let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(form.to_owned())).unwrap()).await
    }

    async fn userinfo(&self, token: &str) -> Answer {
        let request = Request::get("/userinfo").header("authorization", format!("Bearer {token}"));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// The codes of the audit log, with their details.
    async fn audited(&self) -> Vec<(String, String)> {
        crate::housekeeping::log_redemptions(&self.state).await.unwrap();
        let lines = self.state.database.audit_lines(0, 1000).await.unwrap();
        lines.into_iter().map(|line| (line.event.code, line.event.detail)).collect()
    }

    /// A code, the whole way from `/authorize`, for a client; `extra` parameters go into the request.
    async fn code(&self, client: &str, extra: &str) -> String {
        self.code_by(&query(client), extra).await
    }

    async fn code_by(&self, query: &str, extra: &str) -> String {
        self.released_by(&format!("{query}{extra}")).await.query("code").unwrap().to_owned()
    }

    async fn released(&self, client: &str, extra: &str) -> Answer {
        self.released_by(&format!("{}{extra}", query(client))).await
    }

    /// A login that waits: its name, and the cookie of its browser.
    async fn begun(&self, query: &str) -> (String, String) {
        let begun = self.get(&format!("/authorize?{query}")).await;
        let id = begun.header("location").strip_prefix("/login/").unwrap().to_owned();
        (id, begun.header("set-cookie").split(';').next().unwrap().to_owned())
    }

    /// The redirect at the end of a login.
    async fn released_by(&self, query: &str) -> Answer {
        let (id, cookie) = self.begun(query).await;
        self.released_in(&id, &cookie).await
    }

    async fn released_in(&self, id: &str, cookie: &str) -> Answer {
        self.approve(id, cookie).await;
        let release = Request::post(format!("/login/{id}/release"))
            .header("cookie", cookie)
            .header("content-type", "application/x-www-form-urlencoded");
        self.send(release.body(Body::from("code=123456")).unwrap()).await
    }

    /// The phone claims the login by its QR code and approves it; the release code is 123456.
    async fn approve(&self, id: &str, cookie: &str) {
        let headers = HeaderMap::from_iter([(header::COOKIE, cookie.parse().unwrap())]);
        let handle = BrowserSecret::of(&self.state, &headers, id).unwrap().handle(id, LoginKind::Qr);
        let (database, until) = (&self.state.database, self.state.now().plus(180));
        let device = protocol::device_id(&self.phone.public_key());
        database
            .claim_login(handle.as_bytes(), &device, &self.identity_id, b"challenge", until, self.state.now())
            .await
            .unwrap();
        let login = database.load_login(id).await.unwrap().unwrap();
        let approved = self.approval(&login, &device).to_bytes();
        let now = self.state.now();
        assert!(database.approve_login(&login, &approved, b"123456", b"{}", now).await.unwrap());
    }

    fn approval(&self, login: &Login, device: &str) -> ApprovedLogin {
        let request = AcceptedRequest::from_bytes(&login.request).unwrap();
        let now = self.state.now();
        let approval = Approval {
            issuer: self.state.config.issuer.clone(),
            login_id: login.id.clone(),
            kind: LoginKind::Qr,
            decision: Decision::Approve,
            client_id: request.client_id().to_owned(),
            client_name: "FranceConnect".into(),
            acr: request.acr()[0].to_string(),
            claims: request.claims().into_iter().map(|claim| claim.as_str().to_owned()).collect(),
            consent_version: "1".into(),
            request_digest: request.request_digest().into(),
            browser_digest: Base64(login.browser_digest.clone()),
            binding_number: None,
            device_id: device.to_owned(),
            server_challenge: Base64(b"challenge".to_vec()),
            issued_at: now,
            expires_at: now.plus(180),
        };
        let sign = |message: &[u8]| self.phone.sign(HashAlgorithm::Sha256, message).to_plain(Curve::P256);
        let proof = DeviceProof::Ecdsa(Base64(sign(&approval.signing_bytes())));
        let pin = sign(&approval.pin_signing_bytes(&proof));
        let key = self.phone.public_key();
        let signed = approval.clone().check_device(&approval, &key.clone().into(), proof, now).unwrap();
        ApprovedLogin::new(&signed.check_pin(&key, &pin).unwrap(), &request, now).unwrap()
    }
}

/// What a client asks.
fn query(client: &str) -> String {
    format!(
        "client_id={client}&response_type=code&redirect_uri=https://{client}.example/cb&scope=openid+profile+birth+email\
         &acr_values=eidas2&state=s&nonce=n&prompt=login"
    )
}

/// The broker's form with this code.
fn form(code: &str) -> String {
    format!(
        "grant_type=authorization_code&code={code}&redirect_uri=https://broker.example/cb&client_id=broker\
         &client_secret={}",
        SECRET.replace(' ', "+")
    )
}

/// An account at level eidas3, with this phone.
async fn enrol(state: &AppState, phone: &EcPrivateKey) -> String {
    let chip = ChipPerson {
        name: MrzName { surname: "ERIKSSON".into(), given_names: "ANNA MARIA".into(), truncated: false },
        full_name: None,
        birth_date: MrzDate::parse("740812").unwrap(),
        full_birth_date: None,
        place_of_birth: None,
        sex: Sex::Female,
    };
    let declared = Declaration {
        birth_country: "99100".into(),
        birth_place: Some("75107".into()),
        given_names: None,
        family_name: None,
        preferred_username: None,
    };
    let key = phone.public_key();
    let parts = TestParts {
        pivot: PivotIdentity::new(&chip, &declared, "anna@example.org", state.places, NOW).unwrap(),
        facts: LevelFacts {
            document_authentic: true,
            email_verified: true,
            chip_proved: true,
            keys_attested: true,
            pin_key: true,
            holder: HolderProof::Desk,
            title_unexpired: true,
            document_status_checked: true,
            weak_algorithm: false,
        },
        document: DocumentRecord {
            code: "P".into(),
            issuing_state: "UTO".into(),
            number: "L898902C3".into(),
            expires: "2030-04-15".into(),
            dsc: [1; 32],
            csca: [2; 32],
            trust_digest: [3; 32],
            policy_version: "1".into(),
            report: Vec::new(),
        },
        device: DeviceRecord {
            id: protocol::device_id(&key),
            device_key: key.to_sec1(),
            pin_key: key.to_sec1(),
        },
        consents: BTreeMap::new(),
    };
    let database = &state.database;
    database.open_enrolment("e", b"bearer", b"challenge", b"127.0.0.1", NOW, NOW.plus(3600)).await.unwrap();
    let stored = database.seal_enrolment(&SealedEnrolment::for_tests("e", 0, parts), NOW).await.unwrap();
    stored.identity_id
}
