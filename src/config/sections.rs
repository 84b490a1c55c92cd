//! The sections of the configuration file, as they are written. `docs/samples/full.toml` explains every key.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use attestation::{Environment, SecurityLevel};
use identity::Level;
use jose::{Algorithm, ContentEncryption, KeyManagement};
use serde::Deserialize;

use super::{Cidr, ClientPolicy, Pages, Secret};

/// The whole file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `production` or `demo`.
    pub environment: Environment,
    /// The issuer identifier: an https URL without query, fragment or slash at its end.
    pub issuer: String,
    /// Where and how to listen.
    pub server: Server,
    /// The database.
    pub database: Database,
    /// The keys.
    pub keys: Keys,
    /// The clients: brokers.
    #[serde(default)]
    pub clients: Vec<Client>,
    /// Whose documents are trusted.
    #[serde(default)]
    pub trust: Trust,
    /// What passive authentication leaves open.
    #[serde(default)]
    pub verification: verification::Policy,
    /// Face engines.
    #[serde(default)]
    pub face: Face,
    /// The desk.
    #[serde(default)]
    pub desk: Desk,
    /// Which phones are accepted.
    #[serde(default)]
    pub attestation: Attestation,
    /// How mail is sent.
    pub mail: Mail,
    /// Who may enrol.
    #[serde(default)]
    pub enrolment: Enrolment,
    /// What a deployer puts into the pages.
    #[serde(default)]
    pub pages: Pages,
    /// Limits.
    #[serde(default)]
    pub limits: Limits,
    /// Logs.
    #[serde(default)]
    pub log: Log,
    /// Counts for the operator.
    pub metrics: Option<Metrics>,
    /// The folder of the file: relative paths begin here.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// Where and how to listen.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address and port. Without `tls` it must be a loopback address.
    pub listen: SocketAddr,
    /// Proxies whose `X-Forwarded-For` is believed.
    #[serde(default)]
    pub trusted_proxies: Vec<Cidr>,
    /// Where a person gets the app, for the page behind the QR code and the app link. In the demo environment
    /// `{handle}` in it stands for the login's handle: the virtual phone's page.
    pub app_url: Option<String>,
    /// Certificate and key of the listener.
    pub tls: Option<Tls>,
}

/// Certificate and key of the listener.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The chain, PEM, leaf first.
    pub certificate_file: PathBuf,
    /// The private key, PEM.
    pub key_file: PathBuf,
}

/// The database.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite:PATH` or `postgres://..`.
    pub url: Option<Secret<String>>,
    /// A file that holds it.
    pub url_file: Option<PathBuf>,
}

/// The keys. `sceau keys new` makes them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// The key-encryption key: 32 bytes in hexadecimal or base64.
    pub encryption: Option<Secret<String>>,
    /// A file that holds it.
    pub encryption_file: Option<PathBuf>,
    /// Files of earlier ones, which only open (`sceau keys reseal`).
    #[serde(default)]
    pub previous_encryption_files: Vec<PathBuf>,
    /// The key of look-up hashes: 32 bytes in hexadecimal or base64.
    pub lookup: Option<Secret<String>>,
    /// A file that holds it.
    pub lookup_file: Option<PathBuf>,
    /// The keys of ID tokens (P-256, or RSA for clients of RS256; PKCS#8, PEM): of each kind the first signs, or its
    /// successor beside it (`sceau keys rotate`); all are published.
    pub oidc_signing_files: Vec<PathBuf>,
    /// The keys of our own statements, the same: the first signs, all are accepted.
    pub statement_files: Vec<PathBuf>,
}

/// How a client proves who it is at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthentication {
    /// Its secret in the form.
    ClientSecretPost,
    /// Its secret in the header.
    ClientSecretBasic,
    /// Its secret in either.
    ClientSecret,
    /// An assertion that it signed (RFC 7523).
    PrivateKeyJwt,
}

/// A client.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// Its name, as pages and phones show it.
    pub name: String,
    /// A sentence on what it is, by language.
    #[serde(default)]
    pub notice: BTreeMap<String, String>,
    /// The exact redirect URIs.
    pub redirect_uris: Vec<String>,
    /// The exact URIs that a browser may be led to after a logout.
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
    /// How it proves who it is.
    pub authentication: ClientAuthentication,
    /// Its secret, of 32 characters or more.
    pub secret: Option<Secret<String>>,
    /// A file that holds it.
    pub secret_file: Option<PathBuf>,
    /// Its public keys, a JWK set.
    pub jwks_file: Option<PathBuf>,
    /// Where it publishes the keys that its tokens are encrypted to.
    pub jwks_uri: Option<String>,
    /// How its ID tokens and claims are signed.
    #[serde(default = "es256")]
    pub signing_algorithm: Algorithm,
    /// How the key reaches the client that its ID tokens and claims are encrypted with; not encrypted without it.
    pub encryption_algorithm: Option<KeyManagement>,
    /// How ID tokens and claims are encrypted with that key.
    #[serde(default = "a256gcm")]
    pub encryption_method: ContentEncryption,
    /// The levels that it may be answered.
    pub acr: Vec<Level>,
    /// The consent text that is shown at its logins.
    #[serde(default = "first_version")]
    pub consent_version: String,
    /// Whether the holder is told by mail of each connection. Off for a broker that mails itself.
    #[serde(default = "yes")]
    pub notice_by_mail: bool,
    /// What is asked of it and given to it beyond the broker's contract.
    #[serde(default)]
    pub policy: ClientPolicy,
}

fn es256() -> Algorithm {
    Algorithm::Es256
}

fn a256gcm() -> ContentEncryption {
    ContentEncryption::A256Gcm
}

fn first_version() -> String {
    "1".to_owned()
}

/// Whose documents are trusted. Each path is a file or a folder, PEM or DER.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Trust {
    /// CSCA certificates: the anchors.
    pub csca: Vec<PathBuf>,
    /// Document signers that are known, not trusted for themselves.
    pub dsc: Vec<PathBuf>,
    /// Link certificates.
    pub link: Vec<PathBuf>,
    /// CRLs.
    pub crl: Vec<PathBuf>,
    /// The folder that `sceau trust` keeps: its newest version counts beside the files above, and is read again when it
    /// changes.
    pub store: Option<PathBuf>,
    /// SHA-256 of the CSCAs that may stand behind the signers of master lists: `sceau trust import --config` reads them.
    pub pins: Vec<String>,
    /// Days after which the newest list of the store is called old.
    pub max_age_days: Option<i64>,
}

/// Face engines.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Face {
    /// The least similarity, -1 to 1.
    pub min_similarity: f64,
    /// From here up to the threshold: another capture, or a desk.
    pub borderline_similarity: f64,
    /// How old a capture may be, and how long a result may be good, in seconds.
    pub max_age: i64,
    /// The built-in engine: its networks are loaded at its first capture. Without this section it is not there.
    pub built_in: Option<BuiltInEngine>,
    /// The engines.
    pub engines: Vec<FaceEngine>,
}

/// The built-in engine.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuiltInEngine {
    /// The version that the thresholds are meant for.
    pub version: String,
    /// The least similarity of two frames of one capture.
    #[serde(default = "same_capture")]
    pub same_capture: f64,
    /// Threads of its networks.
    #[serde(default = "two")]
    pub threads: usize,
}

fn same_capture() -> f64 {
    face::LocalEngineConfig::default().same_capture
}

fn two() -> usize {
    2
}

impl Default for Face {
    fn default() -> Self {
        Self {
            min_similarity: 0.45,
            borderline_similarity: 0.40,
            max_age: 300,
            built_in: None,
            engines: Vec::new(),
        }
    }
}

/// A face engine.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaceEngine {
    /// Its id.
    pub id: String,
    /// The versions accepted.
    pub versions: Vec<String>,
    /// Its public keys, a JWK set.
    pub jwks_file: PathBuf,
    /// What laboratories certified of its attack detection.
    #[serde(default)]
    pub certificates: Vec<face::Certificate>,
    /// Its address, without a slash at the end: the portrait goes there, the result is fetched there.
    pub url: Option<String>,
    /// What this server shows there, of 32 characters or more.
    pub token: Option<Secret<String>>,
    /// A file that holds it.
    pub token_file: Option<PathBuf>,
    /// It compares nothing: demo environment only.
    #[serde(default)]
    pub demo: bool,
}

/// The desk: agents compare person and portrait.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Desk {
    /// Two agents must find the same.
    pub four_eyes: bool,
    /// How long an enrolment waits for a desk, in hours.
    pub hold_hours: i64,
    /// The file of the agents, a line for each: the name of her identity, a space, the name of her desk. It is read at each
    /// request. Without it no desk is open.
    pub agents_file: Option<PathBuf>,
}

impl Default for Desk {
    fn default() -> Self {
        Self { four_eyes: false, hold_hours: 72, agents_file: None }
    }
}

/// Which phones are accepted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Attestation {
    /// Trust Google's roots.
    pub google_roots: bool,
    /// Demo roots (PEM or DER): demo environment only.
    pub demo_root_files: Vec<PathBuf>,
    /// The apps on Android accepted; they may open our links too.
    pub applications: Vec<Application>,
    /// The apps on iOS accepted, `TEAMID.bundle.id`; they may open our links too.
    pub apple_app_ids: Vec<String>,
    /// Where keys may live, on Android.
    pub security_levels: Vec<SecurityLevel>,
    /// The operating system must have been verified at boot.
    pub require_verified_boot: bool,
    /// The boot loader must be locked.
    pub require_locked: bool,
    /// Oldest patch level of the operating system, YYYYMM.
    pub min_os_patch_level: Option<u32>,
    /// Oldest patch level of the vendor's image, YYYYMMDD.
    pub min_vendor_patch_level: Option<u32>,
    /// Oldest patch level of the boot image, YYYYMMDD.
    pub min_boot_patch_level: Option<u32>,
    /// Google's status list, kept fresh by the operator. Without it revocation is not checked: demo only.
    pub status_list_file: Option<PathBuf>,
    /// The oldest list that counts, in seconds.
    pub status_list_max_age: i64,
}

impl Default for Attestation {
    fn default() -> Self {
        Self {
            google_roots: true,
            demo_root_files: Vec::new(),
            applications: Vec::new(),
            apple_app_ids: Vec::new(),
            security_levels: vec![SecurityLevel::TrustedEnvironment, SecurityLevel::StrongBox],
            require_verified_boot: true,
            require_locked: true,
            min_os_patch_level: None,
            min_vendor_patch_level: None,
            min_boot_patch_level: None,
            status_list_file: None,
            status_list_max_age: 7 * 86_400,
        }
    }
}

/// An app.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// Its package name.
    pub package_name: String,
    /// SHA-256 of each certificate that may have signed it, in hexadecimal.
    pub signer_sha256: Vec<String>,
}

/// How mail is sent.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case", tag = "transport")]
pub enum Mail {
    /// Each mail becomes a file: demo environment only.
    Folder {
        /// The folder, made if absent.
        folder: PathBuf,
        /// The sender's address.
        from: String,
    },
    /// An SMTP server.
    Smtp {
        /// Its name.
        host: String,
        /// Its port; 587 for STARTTLS, 465 for TLS from the first byte, 25 without.
        port: Option<u16>,
        /// How the connection is protected.
        #[serde(default)]
        security: MailSecurity,
        /// User name, if the server asks for one.
        username: Option<String>,
        /// Its password.
        password: Option<Secret<String>>,
        /// A file that holds it.
        password_file: Option<PathBuf>,
        /// Roots that its certificate may lead to, beside the usual ones. Each path is a file or a folder, PEM or DER.
        #[serde(default)]
        ca_files: Vec<PathBuf>,
        /// The sender's address.
        from: String,
    },
}

/// How a connection to the mail server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailSecurity {
    /// STARTTLS, required.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// None: to a server on this machine only.
    None,
}

/// Who may enrol.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Enrolment {
    /// The youngest age, in years.
    pub minimum_age: u8,
    /// Document codes of the MRZ; `P*` is every code that begins with P.
    pub accepted_documents: Vec<String>,
    /// The oldest version of the app that is served.
    pub min_app_version: String,
    /// For how many hours a code that was mailed counts, and the enrolment waits for it.
    pub mail_code_hours: i64,
    /// The texts to consent to, in order.
    pub consents: Vec<Consent>,
    /// For how many days the trace of a reading that failed is kept, if the person agreed to the text `trace`.
    pub trace_days: u16,
}

impl Default for Enrolment {
    fn default() -> Self {
        Self {
            minimum_age: 18,
            accepted_documents: vec!["P*".to_owned(), "AR".to_owned(), "IR".to_owned()],
            min_app_version: "0.0.0".to_owned(),
            mail_code_hours: 24,
            consents: Vec::new(),
            trace_days: 30,
        }
    }
}

/// A text to consent to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// `terms`, `privacy`, `face`, `trace`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The file with the text; its SHA-256 is what is signed.
    pub file: PathBuf,
    /// Where a person reads it; by default this server's own page of it.
    pub url: Option<String>,
    /// Without it nobody is enrolled.
    #[serde(default = "yes")]
    pub required: bool,
}

fn yes() -> bool {
    true
}

/// Limits. Addresses are IPv4 addresses or IPv6 /64s.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Requests that an address may send at once.
    pub burst: u32,
    /// Requests that an address may send in a minute, over time.
    pub per_minute: u32,
    /// Logins that wait at one time.
    pub pending_logins: i64,
    /// Enrolments that an address opens in an hour.
    pub enrolments_per_hour: i64,
    /// Enrolments that a device key opens in an hour.
    pub enrolments_per_hour_by_device: i64,
    /// Claims of a device in an hour.
    pub claims_per_hour: i64,
    /// Mails to one address in an hour.
    pub mails_per_hour: i64,
    /// Answers of chips judged in one enrolment.
    pub chip_answers: i64,
    /// Captures judged in one enrolment.
    pub face_answers: i64,
    /// How long a request may take, in seconds.
    pub request_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            burst: 200,
            per_minute: 600,
            pending_logins: 100_000,
            enrolments_per_hour: 1000,
            enrolments_per_hour_by_device: 10,
            claims_per_hour: 60,
            mails_per_hour: 5,
            chip_answers: 5,
            face_answers: 3,
            request_seconds: 20,
        }
    }
}

/// Counts for the operator.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Address and port of a listener of their own, plain HTTP.
    pub listen: SocketAddr,
}

/// Logs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// `text` or `json`.
    pub format: LogFormat,
    /// What is logged, `info` or `sceau=debug,info`.
    pub filter: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "info".to_owned() }
    }
}

/// The form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}
