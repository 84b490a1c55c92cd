//! A running server on a fresh SQLite file, with a synthetic State, a clock that stands still, and a phone that does what
//! a test tells it, right or wrong.
#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that meets trouble fails")]

pub mod browser;
pub mod chip;
pub mod held;
pub mod lossy;
pub mod phone;

use std::fs::OpenOptions;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use attestation::Application;
use attestation::demo_root::DemoRoot;
use clock::{Clock as _, FixedClock, UnixTime};
use crypto::{Curve, EcPrivateKey, SessionCipher};
use jose::{JwkSet, SigningKey};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use sceau::cli::phone::{APPLICATION, FACE_ENGINE_ID, FACE_ENGINE_VERSION, application_signer};
use sceau::config::{Config, Materials};
use sceau::{AppState, router::router};
use storage::AuditLine;
use tempfile::TempDir;
use test_passports::{ActiveAuthentication, Specimen, SpecimenBuilder, State, StateBuilder};
use tokio::runtime::Runtime;

/// Noon of 1 June 2026.
pub const NOW: UnixTime = UnixTime(1_780_315_200);
pub const ENGINE: &str = "demo-engine";
pub const APPLE_APP_ID: &str = "0123456789.org.example.sceau";
pub const CLIENT: &str = "broker";
pub const SECRET: &str = "a secret of forty characters, for tests!";
pub const REDIRECT: &str = "http://127.0.0.1:1/oidc-callback";
/// Files of a server that is a process of its own.
pub const CONFIG: &str = "sceau.toml";
const LOG: &str = "server.log";

/// A server and all that its tests know of it.
pub struct Bench {
    pub url: String,
    pub clock: FixedClock,
    pub demo_root: DemoRoot,
    pub engine_key: SigningKey,
    pub utopia: State,
    pub runtime: Runtime,
    pub folder: TempDir,
    server: Server,
}

enum Server {
    /// The router in this process, with a clock that stands still.
    Here(AppState),
    /// `sceau serve`, with the machine's clock.
    Process(Mutex<Child>),
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Self::Process(child) = self
            && let Ok(child) = child.get_mut()
        {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if std::thread::panicking() && matches!(self.server, Server::Process(_)) {
            eprintln!("{}", self.log());
        }
    }
}

impl Bench {
    /// A server with the configuration of these tests.
    pub fn start() -> Self {
        Self::with(|config| config)
    }

    /// A server whose configuration was changed.
    pub fn with(change: impl FnOnce(String) -> String) -> Self {
        Self::build(NOW, change, |runtime, listener, text, folder, clock| {
            let config = Config::parse(text, std::iter::empty(), folder.to_owned()).unwrap();
            let materials = Materials::read(&config, NOW).unwrap();
            let mut rng = ChaCha20Rng::seed_from_u64(8);
            let opening = AppState::open(config, materials, Arc::new(clock.clone()), &mut rng);
            let state = runtime.block_on(opening).unwrap();
            let app = router(state.clone()).into_make_service_with_connect_info::<SocketAddr>();
            listener.set_nonblocking(true).unwrap();
            runtime.spawn(async move {
                axum::serve(tokio::net::TcpListener::from_std(listener).unwrap(), app).await
            });
            Server::Here(state)
        })
    }

    /// `sceau serve` as a process of its own, for clients that look at the machine's clock.
    pub fn serve(change: impl FnOnce(String) -> String) -> Self {
        let now = clock::SystemClock.now();
        Self::build(now, change, |_, listener, text, folder, _| {
            let address = listener.local_addr().unwrap();
            std::fs::write(folder.join(CONFIG), text).unwrap();
            drop(listener);
            Server::Process(Mutex::new(launch(folder, address)))
        })
    }

    /// The same for virtual phones (`sceau phone`), and in its folder what they are given: `demo-root.json`,
    /// `face-engine.pem`.
    pub fn serve_virtual_phones(change: impl FnOnce(String) -> String) -> Self {
        let bench = Self::serve(|config| {
            let config = config
                .replace("org.example.sceau", APPLICATION)
                .replace(&"06".repeat(32), &hex::encode(application_signer()))
                .replace(ENGINE, FACE_ENGINE_ID)
                .replace("versions = [\"1\"]", &format!("versions = [\"{FACE_ENGINE_VERSION}\"]"));
            change(config)
        });
        let key = sceau::cli::pem(&bench.engine_key.private_key().unwrap().to_pkcs8_der());
        let folder = bench.folder.path();
        std::fs::write(folder.join("demo-root.json"), &*bench.demo_root.to_json()).unwrap();
        std::fs::write(folder.join("face-engine.pem"), &*key).unwrap();
        bench
    }

    /// Starts the process again, once it has ended.
    pub fn start_again(&self) {
        let address = self.url.strip_prefix("http://").unwrap().parse().unwrap();
        *self.process().lock().unwrap() = launch(self.folder.path(), address);
    }

    /// Sends the process a signal: `TERM`, `KILL`.
    pub fn signal(&self, name: &str) {
        let id = self.process().lock().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// How the process ended.
    pub fn ended(&self) -> ExitStatus {
        self.process().lock().unwrap().wait().unwrap()
    }

    /// What the process has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join(LOG)).unwrap_or_default()
    }

    pub fn process(&self) -> &Mutex<Child> {
        match &self.server {
            Server::Process(child) => child,
            Server::Here(_) => panic!("the server is in this process"),
        }
    }

    fn build(
        now: UnixTime,
        change: impl FnOnce(String) -> String,
        start: impl FnOnce(&Runtime, TcpListener, &str, &Path, &FixedClock) -> Server,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        let demo_root = DemoRoot::generate(now, &mut rng);
        let engine_key = SigningKey::new(EcPrivateKey::generate(Curve::P256, &mut rng)).unwrap();
        let utopia = StateBuilder::new(now).build();
        let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
        write("csca.der", &utopia.csca.certificate);
        write("demo-root.der", demo_root.certificate_der());
        let engine_keys = JwkSet::from(vec![engine_key.jwk()]);
        write("engine.jwks", &serde_json::to_vec(&engine_keys).unwrap());
        write("terms.txt", b"The terms.");
        write("desk-agents", b"");
        write("face.txt", b"How the face is used.");
        sceau::cli::new_keys(&folder.path().join("keys"), &mut rng).unwrap();

        let runtime = Runtime::new().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (text, clock) = (change(config(&url)), FixedClock::at(now));
        let server = start(&runtime, listener, &text, folder.path(), &clock);
        Self { url, clock, demo_root, engine_key, utopia, runtime, folder, server }
    }

    /// What the server in this process has.
    pub fn state(&self) -> &AppState {
        match &self.server {
            Server::Here(state) => state,
            Server::Process(_) => panic!("the server is another process"),
        }
    }

    /// A passport of Utopia with Chip Authentication and Active Authentication.
    pub fn passport(&self) -> Specimen {
        self.builder().build(&self.utopia)
    }

    /// The same, to be changed.
    pub fn builder(&self) -> SpecimenBuilder {
        SpecimenBuilder::new(self.now())
            .active_authentication(Some(ActiveAuthentication::Ec(Curve::P256)))
            .pace(Some((SessionCipher::Aes128, Curve::P256)))
            .place_of_birth(&["PARIS"])
    }

    pub fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// The audit log of one enrolment, device or identity.
    pub fn audit(&self, subject: &str) -> Vec<AuditLine> {
        self.runtime.block_on(self.state().database.audit_lines_of(subject)).unwrap()
    }

    /// The details of the audit lines of this code about a subject.
    pub fn audited(&self, subject: &str, code: &str) -> Vec<String> {
        let lines = self.audit(subject).into_iter().filter(|line| line.event.code == code);
        lines.map(|line| line.event.detail).collect()
    }

    /// The newest code that was mailed to an address.
    pub fn mailed_code(&self, to: &str) -> String {
        let mails = mails(&self.folder.path().join("mail"));
        let newest = mails.iter().rev().find(|mail| mail.contains(to) && code_in(mail).is_some());
        code_in(newest.expect("a mail with a code")).unwrap()
    }
}

/// `sceau serve` with the configuration in a folder, once it listens.
fn launch(folder: &Path, address: SocketAddr) -> Child {
    let log = OpenOptions::new().create(true).append(true).open(folder.join(LOG)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sceau"));
    let mut child = command.args(["serve", "--config"]).arg(folder.join(CONFIG)).stderr(log).spawn().unwrap();
    for _ in 0..400 {
        if TcpStream::connect(address).is_ok() {
            return child;
        }
        if let Some(status) = child.try_wait().unwrap() {
            panic!("{status}: {}", std::fs::read_to_string(folder.join(LOG)).unwrap());
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    panic!("the server does not listen");
}

/// The app whose keys count.
pub fn application() -> Application {
    Application { package_name: "org.example.sceau".into(), signer_sha256: vec![[6; 32]] }
}

fn config(issuer: &str) -> String {
    let listen = issuer.strip_prefix("http://").unwrap();
    let signer = "06".repeat(32);
    format!(
        r#"
environment = "demo"
issuer = "{issuer}"
[server]
listen = "{listen}"
[database]
url = "sqlite:sceau.db"
[keys]
encryption_file = "keys/encryption.key"
lookup_file = "keys/lookup.key"
oidc_signing_files = ["keys/oidc-signing.pem"]
statement_files = ["keys/statement.pem"]
[trust]
csca = ["csca.der"]
[mail]
transport = "folder"
folder = "mail"
from = "sceau@fi.example"
[attestation]
google_roots = false
demo_root_files = ["demo-root.der"]
apple_app_ids = ["{APPLE_APP_ID}"]
[[attestation.applications]]
package_name = "org.example.sceau"
signer_sha256 = ["{signer}"]
[[face.engines]]
id = "{ENGINE}"
versions = ["1"]
jwks_file = "engine.jwks"
demo = true
[[enrolment.consents]]
name = "terms"
version = "1"
file = "terms.txt"
[[enrolment.consents]]
name = "face"
version = "1"
file = "face.txt"
required = false
[[clients]]
id = "{CLIENT}"
name = "FranceConnect"
redirect_uris = ["{REDIRECT}"]
authentication = "client_secret_post"
secret = "{SECRET}"
acr = ["eidas1", "eidas2"]
[limits]
burst = 100000
per_minute = 100000
enrolments_per_hour = 1000
enrolments_per_hour_by_device = 1000
mails_per_hour = 1000
"#
    )
}

/// The mails in a folder, oldest first.
pub fn mails(folder: &Path) -> Vec<String> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "eml"))
        .collect();
    files.sort_by_key(|path| std::fs::metadata(path).unwrap().modified().unwrap());
    files.into_iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

fn code_in(mail: &str) -> Option<String> {
    let body = mail.split_once("\r\n\r\n")?.1;
    let words = body.split(|c: char| !c.is_ascii_digit());
    words.into_iter().find(|word| word.len() == 6).map(str::to_owned)
}
