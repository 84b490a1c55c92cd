//! The configuration: one TOML file, and environment variables above it.
//!
//! `SCEAU__SECTION__KEY=value` sets a key (`SCEAU__CLIENTS__0__SECRET` the first client's secret). Unknown keys are
//! refused. A secret stands inline or in the file named by `KEY_file`, never both. [`Materials`] is what the files
//! that it names hold; `sceau config check` reads it all and prints each mistake with the path of its key.

mod client_policy;
mod materials;
mod network;
mod pages;
mod secret;
mod sections;
#[cfg(test)]
mod tests;
mod values;

use std::fmt;
use std::path::{Path, PathBuf};

pub use client_policy::{
    AccessTokenUse, ClientPolicy, ClientProfile, RequestObjects, SubjectType, UserinfoFormat,
};
pub use materials::{ConsentDocument, Materials, Theme, ThemeFile};
pub use network::{Cidr, subscriber};
pub use pages::{Conformity, Pages};
pub use secret::Secret;
pub use sections::{
    Application, Attestation, BuiltInEngine, Client, ClientAuthentication, Config, Consent, Database, Desk,
    Enrolment, Face, FaceEngine, Keys, Limits, Log, LogFormat, Mail, MailSecurity, Metrics, Server, Tls,
    Trust,
};
pub use values::signing_key;

/// A mistake in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The key, `clients.0.redirect_uris`.
    pub key: String,
    /// What is wrong.
    pub text: String,
}

impl Mistake {
    /// A mistake at a key.
    pub fn new(key: impl Into<String>, text: impl ToString) -> Self {
        Self { key: key.into(), text: text.to_string() }
    }
}

/// All mistakes that were found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(|m| format!("{}: {}", m.key, m.text)).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl Config {
    /// Reads a file, and above it the variables whose names begin with `SCEAU__`.
    ///
    /// # Errors
    /// The file cannot be read, or a key is unknown, missing or of another type.
    pub fn load(path: &Path, environment: impl Iterator<Item = (String, String)>) -> Result<Self, Mistakes> {
        let whole = |text: String| Mistakes(vec![Mistake::new(path.display().to_string(), text)]);
        let text = std::fs::read_to_string(path).map_err(|error| whole(error.to_string()))?;
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        Self::parse(&text, environment, folder)
    }

    /// Reads the text of a file. `folder` is where relative paths begin.
    ///
    /// # Errors
    /// See [`Config::load`].
    pub fn parse(
        text: &str,
        environment: impl Iterator<Item = (String, String)>,
        folder: PathBuf,
    ) -> Result<Self, Mistakes> {
        let mut table: toml::Table =
            text.parse().map_err(|error| Mistakes(vec![values::malformed(text, &error)]))?;
        for (name, value) in environment {
            if let Some(key) = name.strip_prefix("SCEAU__") {
                values::set(&mut table, &key.to_ascii_lowercase(), &value)
                    .map_err(|text| Mistakes(vec![Mistake::new(&name, text)]))?;
            }
        }
        let config: Result<Self, _> = serde_path_to_error::deserialize(toml::Value::Table(table));
        let mut config = config
            .map_err(|error| Mistakes(vec![values::mistake(&error.path().to_string(), error.inner())]))?;
        config.folder = folder;
        Ok(config)
    }

    /// A path of the file, from the file's folder.
    #[must_use]
    pub fn path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// Whether this is the demo environment.
    #[must_use]
    pub fn is_demo(&self) -> bool {
        self.environment == attestation::Environment::Demo
    }
}

impl Config {
    /// Whether the issuer is plain http on this machine: cookies then have no `__Host-` prefix.
    #[must_use]
    pub fn issuer_is_loopback(&self) -> bool {
        is_loopback_http(&self.issuer)
    }
}

/// Whether a URL is plain http on a loopback host.
pub(crate) fn is_loopback_http(url: &str) -> bool {
    let host = url.strip_prefix("http://").and_then(|rest| rest.split(['/', '?', '#']).next());
    let host = host
        .map(|host| host.rsplit_once(':').filter(|(_, port)| !port.contains(']')).map_or(host, |(h, _)| h));
    host.is_some_and(|h| {
        matches!(h, "localhost" | "127.0.0.1" | "[::1]")
            || h.strip_suffix(".localhost").is_some_and(|h| !h.is_empty())
    })
}
