//! What the files that a configuration names hold: keys, trust, texts. Reading it finds every mistake but those of
//! the database and the network.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use attestation::{AttestationPolicy, Revocation, StatusList, TrustAnchor};
use clock::UnixTime;
use crypto::hkdf_sha256;
use face::{Engine, EngineRegistry, FacePolicy};
use identity::EnrolmentPolicy;
use identity::enrolment::ConsentVersion;
use jose::{JwkSet, SigningKey};
use oidc::{ClientAuth, Clients, SecretDigest};
use protocol::Base64;
use protocol::enrolment::ConsentText;
use storage::StorageKeys;
use verification::TrustStore;

use super::values::{at, key_bytes, secret, server_certificate, signing_key};
use super::{Client, ClientAuthentication, Config, Mistake, Mistakes, Secret};

/// A text to consent to.
#[derive(Clone, Debug)]
pub struct ConsentDocument {
    /// As the app gets it.
    pub entry: ConsentText,
    /// The text.
    pub text: String,
}

/// What the files hold.
pub struct Materials {
    /// The address of the database.
    pub database: Secret<String>,
    /// The keys of the storage.
    pub storage_keys: StorageKeys,
    /// The keys of ID tokens: the first signs.
    pub oidc_keys: Vec<SigningKey>,
    /// The keys of our own statements: the first signs.
    pub statement_keys: Vec<SigningKey>,
    /// The clients.
    pub clients: Clients,
    /// Authenticates the nonces of signed requests; the same in every server of one configuration.
    pub nonce_key: Secret<[u8; 32]>,
    /// Whose documents are trusted.
    pub trust: TrustStore,
    /// The face engines.
    pub engines: EngineRegistry,
    /// What is asked of their results.
    pub face_policy: FacePolicy,
    /// Which phones are accepted.
    pub attestation: AttestationPolicy,
    /// Who may enrol.
    pub enrolment: EnrolmentPolicy,
    /// The texts to consent to, in order.
    pub consents: Vec<ConsentDocument>,
    /// The password of the mail server.
    pub mail_password: Option<Secret<String>>,
    /// Roots, DER, that its certificate may lead to beside the usual ones.
    pub mail_roots: Vec<Vec<u8>>,
    /// TLS of the listener.
    pub tls: Option<Arc<rustls::ServerConfig>>,
}

/// Collects mistakes, so that one run finds them all.
struct Reader<'a> {
    config: &'a Config,
    mistakes: Vec<Mistake>,
}

impl Materials {
    /// Reads everything that a configuration names.
    ///
    /// # Errors
    /// Every mistake that was found.
    pub fn read(config: &Config, now: UnixTime) -> Result<Self, Mistakes> {
        let mut reader = Reader { config, mistakes: Vec::new() };
        let materials = reader.materials(now);
        match materials {
            Some(materials) if reader.mistakes.is_empty() => Ok(materials),
            _ => Err(Mistakes(reader.mistakes)),
        }
    }
}

impl Reader<'_> {
    fn wrong(&mut self, key: impl Into<String>, text: impl ToString) {
        self.mistakes.push(Mistake::new(key, text));
    }

    fn noted<T>(&mut self, result: Result<T, Mistake>) -> Option<T> {
        result.map_err(|mistake| self.mistakes.push(mistake)).ok()
    }

    fn materials(&mut self, now: UnixTime) -> Option<Materials> {
        let tls = self.listener();
        let database = self.required(
            "database.url",
            &self.config.database.url,
            self.config.database.url_file.as_deref(),
        );
        let kek = self.storage_key(
            "keys.encryption",
            &self.config.keys.encryption,
            self.config.keys.encryption_file.as_deref(),
        );
        let lookup = self.storage_key(
            "keys.lookup",
            &self.config.keys.lookup,
            self.config.keys.lookup_file.as_deref(),
        );
        if kek.is_some() && kek == lookup {
            self.wrong("keys.lookup", "equals keys.encryption");
        }
        let oidc_keys = self.signing_keys("keys.oidc_signing_files", &self.config.keys.oidc_signing_files);
        let statement_keys = self.signing_keys("keys.statement_files", &self.config.keys.statement_files);
        if oidc_keys.iter().any(|key| statement_keys.iter().any(|other| other.kid() == key.kid())) {
            self.wrong("keys.statement_files", "a key of keys.oidc_signing_files");
        }
        let clients = self.clients();
        let trust = self.trust();
        let engines = self.engines();
        let attestation = self.attestation(now);
        let consents = self.consents();
        let (mail_password, mail_roots) = self.mail();
        let nonce_key = hkdf_sha256(&lookup?, b"", b"sceau/nonce/v1", 32);
        Some(Materials {
            database: self.database_address(database?),
            storage_keys: StorageKeys::new(kek?, lookup?),
            oidc_keys,
            statement_keys,
            clients: clients?,
            nonce_key: Secret::new(nonce_key.as_slice().try_into().ok()?),
            trust,
            engines: engines?,
            face_policy: FacePolicy {
                min_similarity: self.config.face.min_similarity,
                borderline_similarity: self.config.face.borderline_similarity,
                max_age: self.config.face.max_age,
                accept_demo: self.config.is_demo(),
            },
            attestation,
            enrolment: self.enrolment(&consents),
            consents,
            mail_password,
            mail_roots,
            tls,
        })
    }

    /// The issuer identifier (OpenID Connect Discovery 1.0, section 3) and the listener; its TLS.
    fn listener(&mut self) -> Option<Arc<rustls::ServerConfig>> {
        let issuer = self.config.issuer.as_str();
        let listen = self.config.server.listen;
        let loopback = self.config.issuer_is_loopback();
        if !(issuer.starts_with("https://") || loopback && self.config.is_demo()) {
            self.wrong(
                "issuer",
                "must begin with https:// (http:// on a loopback host is for the demo environment)",
            );
        }
        if issuer.ends_with('/') || issuer.contains(['?', '#', '@']) || issuer.split('/').count() != 3 {
            self.wrong(
                "issuer",
                "must be scheme and host only, without slash, path, query or fragment at its end",
            );
        }
        if let Some(url) = &self.config.server.app_url
            && !(url.starts_with("https://") || (self.config.is_demo() && super::is_loopback_http(url)))
        {
            self.wrong("server.app_url", "must begin with https://");
        }
        if self.config.server.tls.is_none() && !listen.ip().is_loopback() {
            self.wrong("server.listen", "without server.tls it must be a loopback address");
        }
        let tls = self.config.server.tls.as_ref()?;
        let (chain, key) = (self.config.path(&tls.certificate_file), self.config.path(&tls.key_file));
        let read = server_certificate(&chain, &key);
        self.noted(read.map_err(|(key, text)| Mistake::new(format!("server.tls{key}"), text)))
    }

    /// A relative path of SQLite begins at the file's folder, like every other path of the configuration.
    fn database_address(&self, address: Secret<String>) -> Secret<String> {
        match address.expose().strip_prefix("sqlite:") {
            Some(path) if !path.starts_with(['/', ':']) => {
                Secret::new(format!("sqlite:{}", self.config.path(Path::new(path)).display()))
            }
            _ => address,
        }
    }

    fn secret(
        &mut self,
        key: &str,
        inline: &Option<Secret<String>>,
        file: Option<&Path>,
    ) -> Option<Secret<String>> {
        let file = file.map(|file| self.config.path(file));
        let found = secret(key, inline.as_ref(), file.as_deref());
        self.noted(found).flatten()
    }

    fn required(
        &mut self,
        key: &str,
        inline: &Option<Secret<String>>,
        file: Option<&Path>,
    ) -> Option<Secret<String>> {
        if inline.is_none() && file.is_none() {
            self.wrong(key, format!("missing: give it or {key}_file"));
        }
        self.secret(key, inline, file)
    }

    fn storage_key(
        &mut self,
        key: &str,
        inline: &Option<Secret<String>>,
        file: Option<&Path>,
    ) -> Option<[u8; 32]> {
        let secret = self.required(key, inline, file)?;
        let bytes = key_bytes(secret.expose());
        if bytes.is_none() {
            self.wrong(key, "must be 32 bytes in hexadecimal or base64");
        }
        bytes
    }

    fn signing_keys(&mut self, key: &str, files: &[std::path::PathBuf]) -> Vec<SigningKey> {
        if files.is_empty() {
            self.wrong(key, "needs at least one file");
        }
        let mut keys = Vec::new();
        for (i, file) in files.iter().enumerate() {
            match signing_key(&self.config.path(file)) {
                Ok(signing) => keys.push(signing),
                Err(text) => self.wrong(format!("{key}.{i}"), text),
            }
        }
        keys
    }

    fn clients(&mut self) -> Option<Clients> {
        let mut clients = Vec::new();
        for (i, client) in self.config.clients.iter().enumerate() {
            let key = format!("clients.{i}");
            for uri in &client.redirect_uris {
                if !acceptable_redirect(uri, self.config.is_demo()) {
                    self.wrong(
                        format!("{key}.redirect_uris"),
                        format!("{uri}: must be an absolute https URL"),
                    );
                }
            }
            let Some(auth) = self.client_auth(&key, client) else { continue };
            let (id, uris) = (client.id.as_str(), client.redirect_uris.clone());
            let built = oidc::Client::new(id, &client.name, uris, auth, client.acr.clone());
            clients.extend(self.noted(built.map_err(|error| Mistake::new(key, error))));
        }
        let clients = Clients::new(clients).map_err(|error| Mistake::new("clients", error));
        self.noted(clients)
    }

    fn client_auth(&mut self, key: &str, client: &Client) -> Option<ClientAuth> {
        match client.authentication {
            ClientAuthentication::ClientSecretPost => {
                let name = format!("{key}.secret");
                let secret = self.required(&name, &client.secret, client.secret_file.as_deref())?;
                let digest = SecretDigest::of(secret.expose()).map_err(|error| Mistake::new(name, error));
                self.noted(digest).map(|digest| ClientAuth::SecretPost(vec![digest]))
            }
            ClientAuthentication::PrivateKeyJwt => {
                let name = format!("{key}.jwks_file");
                let Some(file) = &client.jwks_file else {
                    self.wrong(name, "missing");
                    return None;
                };
                self.jwks(&name, file).map(ClientAuth::PrivateKeyJwt)
            }
        }
    }

    fn jwks(&mut self, key: &str, file: &Path) -> Option<JwkSet> {
        let path = self.config.path(file);
        let bytes = std::fs::read(&path).map_err(|error| Mistake::new(key, at(&path, error)));
        let bytes = self.noted(bytes)?;
        let set = JwkSet::from_json(&bytes).map_err(|error| Mistake::new(key, at(&path, error)));
        self.noted(set)
    }

    fn trust(&mut self) -> TrustStore {
        let mut store = TrustStore::new();
        let trust = &self.config.trust;
        type Add = fn(&mut TrustStore, &[u8]) -> Result<(), verification::TrustError>;
        let kinds: [(&str, &[std::path::PathBuf], Add); 4] = [
            ("trust.csca", &trust.csca, TrustStore::add_csca),
            ("trust.dsc", &trust.dsc, TrustStore::add_document_signer),
            ("trust.link", &trust.link, TrustStore::add_link),
            ("trust.crl", &trust.crl, TrustStore::add_crl),
        ];
        let mut anchors = 0;
        for (key, paths, add) in kinds {
            for path in paths {
                let path = self.config.path(path);
                match verification::read_files(&path) {
                    Err(error) => self.wrong(key, error),
                    Ok(objects) => {
                        anchors += if key == "trust.csca" { objects.len() } else { 0 };
                        for (i, der) in objects.iter().enumerate() {
                            if let Err(error) = add(&mut store, der) {
                                self.wrong(key, format!("{}: object {}: {error}", path.display(), i + 1));
                            }
                        }
                    }
                }
            }
        }
        let told = self.mistakes.iter().any(|mistake| mistake.key == "trust.csca");
        if anchors == 0 && !told && !self.config.is_demo() {
            self.wrong("trust.csca", "no passport can be authentic without a CSCA certificate");
        }
        store
    }

    fn engines(&mut self) -> Option<EngineRegistry> {
        let mut engines = Vec::new();
        for (i, engine) in self.config.face.engines.iter().enumerate() {
            if engine.demo && !self.config.is_demo() {
                self.wrong(format!("face.engines.{i}.demo"), "for the demo environment only");
            }
            let keys =
                self.jwks(&format!("face.engines.{i}.jwks_file"), &engine.jwks_file).unwrap_or_default();
            engines.push(Engine {
                id: engine.id.clone(),
                versions: engine.versions.clone(),
                keys: keys.keys,
                certified: engine.certified,
                demo: engine.demo,
            });
        }
        let registry = EngineRegistry::new(engines).map_err(|error| Mistake::new("face.engines", error));
        self.noted(registry)
    }

    fn attestation(&mut self, now: UnixTime) -> AttestationPolicy {
        let config = &self.config.attestation;
        let demo = self.config.is_demo();
        let mut anchors = if config.google_roots { TrustAnchor::google() } else { Vec::new() };
        if !demo && !config.demo_root_files.is_empty() {
            self.wrong("attestation.demo_root_files", "for the demo environment only");
        }
        for file in &config.demo_root_files {
            match verification::read_files(&self.config.path(file)) {
                Err(error) => self.wrong("attestation.demo_root_files", error),
                Ok(certificates) => {
                    for der in certificates {
                        match TrustAnchor::demo(&der) {
                            Ok(anchor) => anchors.push(anchor),
                            Err(error) => self.wrong("attestation.demo_root_files", error),
                        }
                    }
                }
            }
        }
        if !demo && config.status_list_file.is_none() {
            self.wrong("attestation.status_list_file", "missing: revoked keys must be known in production");
        }
        let revocation = match &config.status_list_file {
            None => Revocation::NotChecked,
            Some(file) => {
                let list = status_list(&self.config.path(file), now);
                let list =
                    self.noted(list.map_err(|text| Mistake::new("attestation.status_list_file", text)));
                Revocation::Required { list, max_age: config.status_list_max_age }
            }
        };
        AttestationPolicy {
            anchors,
            environment: self.config.environment,
            applications: self.applications(),
            security_levels: config.security_levels.clone(),
            require_verified_boot: config.require_verified_boot,
            require_locked: config.require_locked,
            min_os_patch_level: config.min_os_patch_level,
            min_vendor_patch_level: config.min_vendor_patch_level,
            min_boot_patch_level: config.min_boot_patch_level,
            revocation,
        }
    }

    fn applications(&mut self) -> Vec<attestation::Application> {
        let mut applications = Vec::new();
        for (i, application) in self.config.attestation.applications.iter().enumerate() {
            let mut signer_sha256 = Vec::new();
            for text in &application.signer_sha256 {
                match hex::decode(text.replace(':', "")).ok().and_then(|b| b.try_into().ok()) {
                    Some(digest) => signer_sha256.push(digest),
                    None => self.wrong(
                        format!("attestation.applications.{i}.signer_sha256"),
                        "must be 32 bytes in hexadecimal",
                    ),
                }
            }
            let package_name = application.package_name.clone();
            applications.push(attestation::Application { package_name, signer_sha256 });
        }
        if applications.is_empty() {
            self.wrong("attestation.applications", "needs at least one app");
        }
        applications
    }

    fn consents(&mut self) -> Vec<ConsentDocument> {
        let (mut documents, mut names) = (Vec::new(), BTreeSet::new());
        for (i, consent) in self.config.enrolment.consents.iter().enumerate() {
            let key = format!("enrolment.consents.{i}");
            if !names.insert(&consent.name) {
                self.wrong(format!("{key}.name"), "stands twice");
            }
            let path = self.config.path(&consent.file);
            let text = std::fs::read_to_string(&path);
            let Some(text) =
                self.noted(text.map_err(|error| Mistake::new(format!("{key}.file"), at(&path, error))))
            else {
                continue;
            };
            let own_page = || format!("{}/texts/{}", self.config.issuer, consent.name);
            let entry = ConsentText {
                name: consent.name.clone(),
                version: consent.version.clone(),
                sha256: Base64(crypto::sha256(text.as_bytes()).to_vec()),
                url: consent.url.clone().unwrap_or_else(own_page),
                required: consent.required,
            };
            documents.push(ConsentDocument { entry, text });
        }
        documents
    }

    fn enrolment(&self, consents: &[ConsentDocument]) -> EnrolmentPolicy {
        let version = |document: &ConsentDocument| {
            let version = ConsentVersion {
                version: document.entry.version.clone(),
                sha256: crypto::sha256(document.text.as_bytes()),
                required: document.entry.required,
            };
            (document.entry.name.clone(), version)
        };
        EnrolmentPolicy {
            issuer: self.config.issuer.clone(),
            environment: self.config.environment,
            minimum_age: self.config.enrolment.minimum_age,
            accepted_document_codes: self.config.enrolment.accepted_documents.clone(),
            consents: consents.iter().map(version).collect::<BTreeMap<_, _>>(),
            chip_proof_required: !self.config.verification.accept_chip_not_offered,
        }
    }

    /// The password of the mail server, and the roots of its certificate.
    fn mail(&mut self) -> (Option<Secret<String>>, Vec<Vec<u8>>) {
        let config = self.config;
        match &config.mail {
            super::Mail::Folder { from, .. } => {
                if !config.is_demo() {
                    self.wrong("mail.transport", "folder is for the demo environment only");
                }
                self.check_sender(from);
                (None, Vec::new())
            }
            super::Mail::Smtp {
                password, password_file, from, username, security, host, ca_files, ..
            } => {
                self.check_sender(from);
                let secret = self.secret("mail.password", password, password_file.as_deref());
                if username.is_some() != secret.is_some() {
                    self.wrong("mail.username", "user name and password go together");
                }
                let local = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
                if *security == super::MailSecurity::None && !local {
                    self.wrong("mail.security", "none is for a mail server on this machine only");
                }
                (secret, self.mail_roots(ca_files))
            }
        }
    }

    fn mail_roots(&mut self, paths: &[std::path::PathBuf]) -> Vec<Vec<u8>> {
        let mut roots = Vec::new();
        for path in paths {
            let path = self.config.path(path);
            match verification::read_files(&path) {
                Err(error) => self.wrong("mail.ca_files", error),
                Ok(certificates) => roots.extend(certificates.into_iter().filter(|der| {
                    let root = rustls::RootCertStore::empty().add(der.as_slice().into());
                    self.noted(root.map_err(|error| Mistake::new("mail.ca_files", at(&path, error))))
                        .is_some()
                })),
            }
        }
        roots
    }

    fn check_sender(&mut self, from: &str) {
        if from.parse::<lettre::message::Mailbox>().is_err() {
            self.wrong("mail.from", "not a mail address");
        }
    }
}

fn status_list(path: &Path, now: UnixTime) -> Result<StatusList, String> {
    let json = std::fs::read(path).map_err(|error| at(path, error))?;
    let changed = std::fs::metadata(path).and_then(|m| m.modified()).ok();
    let seconds = changed.and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok()).map(|d| d.as_secs());
    let fetched = seconds.and_then(|s| i64::try_from(s).ok()).map_or(now, UnixTime);
    StatusList::from_json(&json, fetched).map_err(|error| at(path, error))
}

/// An absolute https URL without fragment; http on a loopback host in the demo environment.
fn acceptable_redirect(uri: &str, demo: bool) -> bool {
    let visible = uri.bytes().all(|b| b.is_ascii_graphic())
        && !uri.contains(['#', '"', '<', '>', '\\', '\'', ';', ',']);
    let scheme = uri.starts_with("https://") || (demo && super::is_loopback_http(uri));
    visible && scheme && uri.split('/').nth(2).is_some_and(|host| !host.is_empty() && !host.contains('@'))
}
