//! The samples of `docs/samples` parse, name every key and show the defaults; each mistake is told with its key.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use clock::UnixTime;
use crypto::{Curve, EcPrivateKey, HashAlgorithm};
use jose::{JwkSet, SigningKey};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use tempfile::TempDir;
use test_passports::keys::RsaKey;
use test_passports::{PrivateKey, Signer, StateBuilder};
use toml::{Table, Value};

use super::{Config, Materials, Mistakes};

mod mistakes;
mod samples;
mod sections;

const BASIC: &str = include_str!("../../../docs/samples/basic.toml");
const FULL: &str = include_str!("../../../docs/samples/full.toml");
const NOW: UnixTime = UnixTime(1_780_000_000);

/// The sections: path, header in the sample.
const SECTIONS: [(&str, &str); 23] = [
    ("", ""),
    ("server", "server"),
    ("server.tls", "server.tls"),
    ("database", "database"),
    ("keys", "keys"),
    ("clients.0", "clients"),
    ("clients.0.policy", "clients.policy"),
    ("trust", "trust"),
    ("verification", "verification"),
    ("face", "face"),
    ("face.built_in", "face.built_in"),
    ("face.engines.0", "face.engines"),
    ("face.engines.0.certificates.0", "face.engines.certificates"),
    ("desk", "desk"),
    ("attestation", "attestation"),
    ("attestation.applications.0", "attestation.applications"),
    ("mail", "mail"),
    ("enrolment", "enrolment"),
    ("enrolment.consents.0", "enrolment.consents"),
    ("pages", "pages"),
    ("limits", "limits"),
    ("log", "log"),
    ("metrics", "metrics"),
];

/// A certificate in PEM.
fn pem(der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

fn table(text: &str) -> Table {
    text.parse().unwrap()
}

fn parse(table: &Table, environment: &[(&str, &str)], folder: &Path) -> Result<Config, Mistakes> {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::parse(&table.to_string(), environment, folder.to_owned())
}

fn section<'a>(table: &'a mut Table, path: &str) -> &'a mut Table {
    let mut steps = path.split('.').filter(|step| !step.is_empty());
    let mut at = table;
    while let Some(step) = steps.next() {
        at = match at.get_mut(step).unwrap() {
            Value::Array(list) => {
                list[steps.next().unwrap().parse::<usize>().unwrap()].as_table_mut().unwrap()
            }
            value => value.as_table_mut().unwrap(),
        };
    }
    at
}

/// Sets a key of a section; `value` in TOML's form.
fn set(table: &mut Table, path: &str, key: &str, value: &str) {
    let value = format!("v = {value}").parse::<Table>().unwrap().remove("v").unwrap();
    section(table, path).insert(key.to_owned(), value);
}

/// A folder with everything that a sample names.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let bench = Self { folder: tempfile::tempdir().unwrap() };
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        // What `sceau keys new keys` makes has the names of the samples.
        crate::cli::new_keys(&bench.folder.path().join("keys"), &mut rng).unwrap();
        bench.write("keys/broker.secret", &format!("{}\n", "s".repeat(32)));
        bench.write("keys/mail.password", "password\n");
        bench.write("keys/database-url", "sqlite:/var/lib/sceau/sceau.db\n");
        // Any certificate with its key will do.
        let key = PrivateKey::rsa(RsaKey::Csca);
        let PrivateKey::Rsa(own) = &key else { panic!("an RSA key") };
        bench.write("tls/key.pem", &crate::cli::pem(&own.to_pkcs8_der()));
        let own = Signer::new(key, HashAlgorithm::Sha256);
        bench.write("tls/chain.pem", &pem(&StateBuilder::new(NOW).csca(own).build().csca.certificate));
        bench.write("trust/csca/uto.pem", &pem(&StateBuilder::new(NOW).build().csca.certificate));
        for empty in ["dsc", "link", "crl"] {
            std::fs::create_dir_all(bench.folder.path().join("trust").join(empty)).unwrap();
        }
        let engine = SigningKey::new(EcPrivateKey::generate(Curve::P256, &mut rng)).unwrap();
        let jwks = JwkSet { keys: vec![engine.jwk()] };
        bench.write("trust/face-engine.jwks", &serde_json::to_string(&jwks).unwrap());
        bench.write("desk-agents", "# nobody yet\n");
        bench.write("keys/face-engine.token", &"t".repeat(32));
        bench.write("trust/android-status.json", r#"{"entries": {}}"#);
        for text in ["terms", "privacy", "face"] {
            let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/samples/texts/{text}.txt"));
            bench.write(&format!("texts/{text}.txt"), &std::fs::read_to_string(sample).unwrap());
        }
        bench
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn read(&self, sample: &str, change: impl FnOnce(&mut Table)) -> Result<Materials, Mistakes> {
        let mut table = table(sample);
        change(&mut table);
        Materials::read(&parse(&table, &[], self.folder.path())?, NOW)
    }

    /// The keys of the mistakes in the basic sample after a change.
    fn mistakes(&self, change: impl FnOnce(&mut Table)) -> Vec<String> {
        match self.read(BASIC, change) {
            Ok(_) => Vec::new(),
            Err(Mistakes(mistakes)) => mistakes.into_iter().map(|mistake| mistake.key).collect(),
        }
    }
}
