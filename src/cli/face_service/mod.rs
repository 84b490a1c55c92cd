//! `sceau face-engine`: a face engine as a service of its own, on the built-in engine: for testers, and to show integrators
//! what a certified engine has to do (docs/face-engines.md). It keeps portraits and frames in memory only, and only until
//! the result was fetched or the capture's time is over.

mod captures;
mod http;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use clap::Args;
use clock::SystemClock;
use face::{LocalEngine, LocalEngineConfig};
use jose::SigningKey;

pub use self::captures::Service;
pub use self::http::{Asked, KeyedStep, router};
use super::phone::read_key;
use super::serve::system_rng;

/// A face engine as a service: the server sends it the portrait, the phone the frames, and it signs what it found.
#[derive(Args)]
pub(super) struct FaceEngineService {
    /// Its id: the issuer of its results, as the server's configuration names it.
    #[arg(long, value_name = "ID")]
    id: String,
    /// Its private key, PKCS#8 in PEM (P-256). The public one is at /jwks.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The file with the token that the server shows: 32 characters or more.
    #[arg(long, value_name = "FILE")]
    token_file: PathBuf,
    /// Address and port.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8704")]
    listen: SocketAddr,
    /// Where phones reach it; by default the address that it listens at.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

impl FaceEngineService {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let key = SigningKey::new(read_key(&self.key)?).with_context(|| self.key.display().to_string())?;
        let token = std::fs::read_to_string(&self.token_file);
        let token = token.with_context(|| self.token_file.display().to_string())?.trim().to_owned();
        ensure!(token.len() >= 32, "{}: fewer than 32 characters", self.token_file.display());
        let url = self.url.unwrap_or_else(|| format!("http://{}", self.listen));
        let engine = LocalEngine::new(LocalEngineConfig::default())?;
        let clock = Arc::new(SystemClock);
        let service = Arc::new(Service::new(self.id, key, token, url, engine, clock, system_rng()));
        tokio::runtime::Runtime::new()?.block_on(async move {
            let listener = tokio::net::TcpListener::bind(self.listen).await?;
            println!("face engine at http://{}, its contract at /", listener.local_addr()?);
            axum::serve(listener, router(service)).await?;
            anyhow::Ok(())
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
