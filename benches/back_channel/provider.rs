//! The providers that are measured: each a process of its own.

use std::fs::File;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use crypto::{PublicKey, RsaPrivateKey};
use jose::{Jwk, JwkSet, KeyManagement};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};
use tempfile::TempDir;

use crate::client::{CLIENT, Connection, Endpoints, REDIRECT, SECRET};
use crate::cpu;
use crate::people::People;

/// A database server: its address without a database's name, and the process whose children work for us.
#[derive(Clone)]
pub struct Cluster {
    pub url: String,
    pub pid: u32,
}

impl Cluster {
    /// The cluster that `scripts/back-channel` started.
    pub fn from_environment() -> Option<Self> {
        let url = std::env::var("SCEAU_BENCH_POSTGRES").ok()?;
        let pid = std::env::var("SCEAU_BENCH_POSTGRES_PID").ok()?.parse().ok()?;
        Some(Self { url, pid })
    }

    /// An empty database.
    async fn database(&self, name: &str) -> anyhow::Result<String> {
        let admin = sqlx::PgPool::connect(&self.url).await?;
        for statement in [format!("DROP DATABASE IF EXISTS {name}"), format!("CREATE DATABASE {name}")] {
            sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&admin).await?;
        }
        admin.close().await;
        let (server, options) = self.url.split_once('?').unwrap_or((&self.url, ""));
        let (server, _) = server.rsplit_once('/').context("a name of a database")?;
        Ok(format!("{server}/{name}?{options}"))
    }
}

/// A running provider.
pub struct Provider {
    pub name: &'static str,
    pub pid: u32,
    pub endpoints: Endpoints,
    pub client_key: RsaPrivateKey,
    /// Who logs in; the peer makes its own.
    people: Option<People>,
    cluster: Option<Cluster>,
    /// The database on that cluster.
    pub database: Option<String>,
    child: Child,
    /// Holds configuration and database.
    pub folder: TempDir,
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Provider {
    /// `sceau serve`, on SQLite or in a fresh database of a cluster, with people who can log in.
    pub async fn sceau(cluster: Option<&Cluster>, people: usize) -> anyhow::Result<Self> {
        let (folder, client_key) = prepare()?;
        let address = free_address()?;
        let database = match cluster {
            Some(cluster) => Some(cluster.database("back_channel").await?),
            None => None,
        };
        sceau::cli::new_keys(&folder.path().join("keys"), &mut ChaCha20Rng::seed_from_u64(1))?;
        let file = folder.path().join("sceau.toml");
        std::fs::write(&file, configuration(address, database.as_deref().unwrap_or("sqlite:sceau.db")))?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_sceau"));
        command.args(["serve", "--config"]).arg(&file);
        // First the people: what a server costs that serves is measured, not one that makes its tables.
        let people = People::enrol(&file, people).await?;
        let child = launch(command, folder.path(), address)?;
        Ok(Self {
            name: if cluster.is_some() { "sceau, PostgreSQL" } else { "sceau, SQLite" },
            pid: child.id(),
            endpoints: Endpoints { address, userinfo: "/userinfo" },
            client_key,
            people: Some(people),
            cluster: cluster.cloned(),
            database,
            child,
            folder,
        })
    }

    /// npm `oidc-provider`, where `scripts/back-channel` installed it.
    pub fn peer() -> anyhow::Result<Self> {
        let home = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches/back_channel/peer");
        ensure!(home.join("node_modules").is_dir(), "npm ci --prefix benches/back_channel/peer");
        let (folder, client_key) = prepare()?;
        let address = free_address()?;
        let mut command = Command::new("node");
        command.arg(home.join("server.mjs")).arg(address.port().to_string());
        command.arg(folder.path().join(JWKS)).env("CLIENT_SECRET", SECRET).env("REDIRECT_URI", REDIRECT);
        command.env("NODE_ENV", "production");
        let child = launch(command, folder.path(), address)?;
        Ok(Self {
            name: "oidc-provider 9.13.3",
            pid: child.id(),
            endpoints: Endpoints { address, userinfo: "/me" },
            client_key,
            people: None,
            cluster: None,
            database: None,
            child,
            folder,
        })
    }

    /// Whether it is what we are measured against.
    pub fn is_peer(&self) -> bool {
        self.people.is_none()
    }

    /// Codes of logins that were just approved.
    pub async fn codes(&self, count: usize) -> anyhow::Result<Vec<String>> {
        let Some(people) = &self.people else {
            let mut connection = Connection::open(&self.endpoints).await?;
            let made = connection.send("POST", &format!("/bench/codes?count={count}"), &[], "").await?;
            return Ok(std::str::from_utf8(made.body())?.lines().map(str::to_owned).collect());
        };
        people.codes(count).await
    }

    /// CPU time of the database server so far; SQLite works in the server's own process.
    pub fn database_time(&self) -> Duration {
        self.cluster.as_ref().map_or(Duration::ZERO, |cluster| cpu::time_with_children(cluster.pid))
    }
}

const JWKS: &str = "client.jwks";

/// A folder with the client's key set, and the key itself.
fn prepare() -> anyhow::Result<(TempDir, RsaPrivateKey)> {
    let folder = tempfile::tempdir()?;
    let key = RsaPrivateKey::generate(2048, &mut ChaCha20Rng::seed_from_u64(2))?;
    let jwk = Jwk::for_encryption(&PublicKey::Rsa(key.public_key()), KeyManagement::RsaOaep256)?;
    std::fs::write(folder.path().join(JWKS), serde_json::to_vec(&JwkSet::from(vec![jwk]))?)?;
    Ok((folder, key))
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Starts a process and waits until it listens.
fn launch(mut command: Command, folder: &Path, address: SocketAddr) -> anyhow::Result<Child> {
    let log = folder.join("log");
    let mut child = command.stdout(Stdio::null()).stderr(File::create(&log)?).spawn()?;
    for _ in 0..800 {
        if TcpStream::connect(address).is_ok() {
            return Ok(child);
        }
        if child.try_wait()?.is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    bail!("the provider does not listen: {}", std::fs::read_to_string(log)?);
}

/// As an operator would have it, but for the limits by address: the whole load comes from one.
fn configuration(address: SocketAddr, database: &str) -> String {
    format!(
        r#"
environment = "demo"
issuer = "http://{address}"
[server]
listen = "{address}"
[database]
url = "{database}"
[keys]
encryption_file = "keys/encryption.key"
lookup_file = "keys/lookup.key"
oidc_signing_files = ["keys/oidc-signing.pem"]
statement_files = ["keys/statement.pem"]
[mail]
transport = "folder"
folder = "mail"
from = "sceau@fi.example"
[[attestation.applications]]
package_name = "org.example.sceau"
signer_sha256 = ["{signer}"]
[[clients]]
id = "{CLIENT}"
name = "FranceConnect"
redirect_uris = ["{REDIRECT}"]
authentication = "client_secret_post"
secret = "{SECRET}"
jwks_file = "{JWKS}"
encryption_algorithm = "RSA-OAEP-256"
acr = ["eidas1", "eidas2"]
[limits]
burst = 1000000
per_minute = 1000000
"#,
        signer = "06".repeat(32),
    )
}
