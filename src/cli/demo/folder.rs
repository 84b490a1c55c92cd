//! The demo's folder: everything that a demo makes lies in it, so that `--keep` finds it again.
//!
//! ```text
//! sceau.toml           the server's configuration: `sceau serve --config sceau.toml` runs the same server
//! sceau.db             its database
//! keys/                its keys, and the broker's secret
//! trust/               the CSCA and its CRL, the demo root's certificate, the face engine's public key
//! texts/ mail/         what is consented to; the mails that were "sent"
//! passport/            the specimen: its files, and the chip's own keys
//! demo-root.json       the demo root's key: makes phones
//! face/                what the virtual phone's camera sees: a face of nobody
//! face-engine.pem      the key of an engine that compares nothing, for passports without such a face
//! phone/               the virtual phone
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use attestation::demo_root::DemoRoot;
use chip_emulator::ChipContents;
use clock::UnixTime;
use crypto::{Curve, EcPrivateKey};
use jose::{JwkSet, SigningKey};
use rand_core::CryptoRng;

use super::{face, passport};
use crate::Config;
use crate::cli::keys::{new_keys, pem, write_secret};
use crate::cli::phone;

/// The texts to consent to: the samples of the documentation.
const TEXTS: [(&str, &str); 3] = [
    ("terms", include_str!("../../../docs/samples/texts/terms.txt")),
    ("privacy", include_str!("../../../docs/samples/texts/privacy.txt")),
    ("face", include_str!("../../../docs/samples/texts/face.txt")),
];
/// The broker's client id.
pub(super) const BROKER: &str = "demo-broker";

/// A demo's folder.
pub(super) struct Folder(PathBuf);

/// Where server and broker are reached: different hosts, since cookies ignore ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Addresses {
    /// The server's port, as `localhost`.
    pub(super) fi: u16,
    /// The broker's port, as `127.0.0.1`.
    pub(super) broker: u16,
    /// The port of the virtual phone's page, as `127.0.0.1`.
    pub(super) phone: u16,
}

impl Addresses {
    pub(super) fn issuer(self) -> String {
        format!("http://localhost:{}", self.fi)
    }

    pub(super) fn broker_url(self) -> String {
        format!("http://127.0.0.1:{}", self.broker)
    }

    pub(super) fn phone_url(self) -> String {
        format!("http://127.0.0.1:{}", self.phone)
    }
}

impl Folder {
    /// The folder to keep, made if absent; or a new one among the temporary files.
    pub(super) fn open(keep: Option<PathBuf>, rng: &mut impl CryptoRng) -> anyhow::Result<Self> {
        let path =
            keep.unwrap_or_else(|| std::env::temp_dir().join(format!("sceau-demo-{:08x}", rng.next_u32())));
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).with_context(|| path.display().to_string())?;
        // The paths that are printed work from anywhere.
        let folder = Self(path.canonicalize().with_context(|| path.display().to_string())?);
        if !folder.is_made() && fs::read_dir(&folder.0)?.next().is_some() {
            anyhow::bail!("{} is neither empty nor the folder of a demo", folder.0.display());
        }
        Ok(folder)
    }

    pub(super) fn root(&self) -> &Path {
        &self.0
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The configuration is written last.
    pub(super) fn is_made(&self) -> bool {
        self.path("sceau.toml").is_file()
    }

    /// Makes everything but the configuration.
    pub(super) fn fill(&self, now: UnixTime, rng: &mut impl CryptoRng) -> anyhow::Result<()> {
        for name in ["trust/csca", "trust/crl", "texts", "mail", "phone", "face"] {
            fs::create_dir_all(self.path(name)).with_context(|| name.to_owned())?;
        }
        let passport = passport::make(now, rng);
        passport.chip.write_folder(&self.path("passport"))?;
        self.write("trust/csca/utopia.cer", &passport.csca)?;
        self.write("trust/crl/utopia.crl", &passport.crl)?;
        for (name, text) in TEXTS {
            self.write(&format!("texts/{name}.txt"), text.as_bytes())?;
        }
        for (name, frame) in face::FRAMES {
            self.write(&format!("face/{name}"), frame)?;
        }
        new_keys(&self.path("keys"), rng)?;
        let mut secret = [0; 32];
        rng.fill_bytes(&mut secret);
        write_secret(self.path("keys/broker.secret"), &hex::encode(secret))?;
        let root = DemoRoot::generate(now, rng);
        write_secret(self.path("demo-root.json"), &root.to_json())?;
        self.write("trust/demo-root.cer", root.certificate_der())?;
        let key = EcPrivateKey::generate(Curve::P256, rng);
        write_secret(self.path("face-engine.pem"), &pem(&key.to_pkcs8_der()))?;
        let keys = JwkSet::from(vec![SigningKey::new(key)?.jwk()]);
        self.write("trust/face-engine.jwks", &serde_json::to_vec_pretty(&keys)?)
    }

    fn write(&self, name: &str, content: &[u8]) -> anyhow::Result<()> {
        fs::write(self.path(name), content).with_context(|| name.to_owned())
    }

    /// Writes the configuration, in the end and in one go.
    pub(super) fn write_config(&self, addresses: Addresses) -> anyhow::Result<()> {
        self.write("sceau.toml.new", config_text(addresses).as_bytes())?;
        fs::rename(self.path("sceau.toml.new"), self.path("sceau.toml")).context("sceau.toml")
    }

    /// Reads the configuration, with the environment above it.
    pub(super) fn config(&self) -> anyhow::Result<Config> {
        Ok(Config::load(&self.path("sceau.toml"), std::env::vars())?)
    }

    /// Where server and broker were reached the last time.
    pub(super) fn addresses(&self) -> anyhow::Result<Addresses> {
        let config = Config::load(&self.path("sceau.toml"), std::iter::empty())?;
        let redirect_uri = config.clients.first().and_then(|client| client.redirect_uris.first());
        let port = |url: &str| url.parse::<http::Uri>().ok().and_then(|uri| uri.port_u16());
        let phone = config.server.app_url.as_deref().and_then(|url| port(url.split('?').next()?));
        let found = port(&config.issuer).zip(redirect_uri.and_then(|uri| port(uri))).zip(phone);
        let ((fi, broker), phone) = found.context("sceau.toml is not the configuration of a demo")?;
        Ok(Addresses { fi, broker, phone })
    }

    pub(super) fn broker_secret(&self) -> anyhow::Result<String> {
        fs::read_to_string(self.path("keys/broker.secret")).context("keys/broker.secret")
    }

    pub(super) fn chip(&self) -> anyhow::Result<ChipContents> {
        Ok(ChipContents::read_folder(&self.path("passport"))?)
    }
}

fn config_text(addresses: Addresses) -> String {
    let (issuer, broker, port) = (addresses.issuer(), addresses.broker_url(), addresses.fi);
    let phone = addresses.phone_url();
    let consents: String = TEXTS
        .iter()
        .map(|(name, _)| {
            format!(
                "\n[[enrolment.consents]]\nname = \"{name}\"\nversion = \"1\"\nfile = \"texts/{name}.txt\"\n"
            )
        })
        .collect();
    format!(
        r#"# Written by `sceau demo` each time it starts: changes are lost. Every key is explained in docs/samples/full.toml.
environment = "demo"
issuer = "{issuer}"

[server]
listen = "127.0.0.1:{port}"
app_url = "{phone}/?handle={{handle}}"

[database]
url = "sqlite:sceau.db"

[keys]
encryption_file = "keys/encryption.key"
lookup_file = "keys/lookup.key"
oidc_signing_files = ["keys/oidc-signing.pem"]
statement_files = ["keys/statement.pem"]

[[clients]]
id = "{BROKER}"
name = "FranceConnect (demo)"
notice = {{ fr = "Le courtier vous montre le service auquel vous vous connectez.", en = "The broker shows you the service that you sign in to." }}
redirect_uris = ["{broker}/oidc-callback"]
authentication = "client_secret_post"
secret_file = "keys/broker.secret"
acr = ["eidas2"]
notice_by_mail = false

[trust]
csca = ["trust/csca"]
crl = ["trust/crl"]

[face.built_in]
version = "{built_in}"

[[face.engines]]
id = "{engine}"
versions = ["{version}"]
jwks_file = "trust/face-engine.jwks"
demo = true

[attestation]
google_roots = false
demo_root_files = ["trust/demo-root.cer"]

[[attestation.applications]]
package_name = "{package}"
signer_sha256 = ["{signer}"]

[mail]
transport = "folder"
folder = "mail"
from = "Sceau demo <sceau@demo.invalid>"
{consents}
[log]
filter = "warn"
"#,
        built_in = ::face::VERSION,
        engine = phone::FACE_ENGINE_ID,
        version = phone::FACE_ENGINE_VERSION,
        package = phone::APPLICATION,
        signer = hex::encode(phone::application_signer()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Materials;
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

    const NOW: UnixTime = UnixTime(1_800_000_000);

    #[test]
    fn a_filled_folder_has_a_configuration_without_mistake_and_is_found_again() {
        let temporary = tempfile::tempdir().unwrap();
        let keep = temporary.path().join("demo");
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let folder = Folder::open(Some(keep.clone()), &mut rng).unwrap();
        assert!(!folder.is_made());
        folder.fill(NOW, &mut rng).unwrap();
        let addresses = Addresses { fi: 8701, broker: 8702, phone: 8703 };
        folder.write_config(addresses).unwrap();
        let config = Config::load(&folder.path("sceau.toml"), std::iter::empty()).unwrap();
        Materials::read(&config, NOW).map(drop).unwrap();
        let again = Folder::open(Some(keep), &mut rng).unwrap();
        assert!(again.is_made());
        assert_eq!(again.addresses().unwrap(), addresses);
        assert_eq!(again.chip().unwrap().ca_keys.len(), 1);
    }

    #[test]
    fn a_folder_with_something_else_in_it_is_left_alone() {
        let temporary = tempfile::tempdir().unwrap();
        fs::write(temporary.path().join("letter.txt"), "").unwrap();
        assert!(Folder::open(Some(temporary.path().to_owned()), &mut ChaCha20Rng::seed_from_u64(1)).is_err());
    }
}
