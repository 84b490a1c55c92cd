//! `sceau serve`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use clap::Args;
use clock::{Clock as _, SystemClock};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use crate::config::{Config, Materials};
use crate::router::router;
use crate::{AppState, housekeeping, telemetry};

/// How long open requests may go on after a signal to stop.
const GRACE: Duration = Duration::from_secs(10);

#[derive(Args)]
pub(super) struct Serve {
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "SCEAU_CONFIG")]
    config: PathBuf,
}

impl Serve {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let config = Config::load(&self.config, std::env::vars())?;
        telemetry::start(&config.log).map_err(anyhow::Error::msg).context("log.filter")?;
        let runtime = tokio::runtime::Runtime::new()?;
        runtime.block_on(async {
            let handle = Handle::new();
            tokio::spawn(stop_on_signal(handle.clone()));
            serve(config, handle).await
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// A generator seeded by the operating system.
#[must_use]
pub fn system_rng() -> ChaCha20Rng {
    #[expect(clippy::disallowed_methods, reason = "every generator of a command begins here")]
    let mut os_rng = crypto::os_rng();
    ChaCha20Rng::from_rng(&mut os_rng)
}

/// Runs a server until `handle` stops it.
///
/// # Errors
/// A mistake in the configuration, or an address that is in use.
pub async fn serve(config: Config, handle: Handle<SocketAddr>) -> anyhow::Result<()> {
    let materials = Materials::read(&config, SystemClock.now())?;
    let (listen, tls) = (config.server.listen, config.server.tls.clone());
    let (issuer, demo) = (config.issuer.clone(), config.is_demo());
    let paths = tls.map(|tls| (config.path(&tls.certificate_file), config.path(&tls.key_file)));
    let state = AppState::open(config, materials, Arc::new(SystemClock), &mut system_rng()).await?;
    let cleaning = tokio::spawn(housekeeping::run(state.clone()));
    tracing::info!(%listen, issuer, demo, "listening");
    let app = router(state).into_make_service_with_connect_info::<SocketAddr>();
    let outcome = match paths {
        None => axum_server::bind(listen).handle(handle).serve(app).await,
        Some((certificate, key)) => {
            // A second server in this process finds the provider installed.
            let _ = rustls::crypto::ring::default_provider().install_default();
            let tls = RustlsConfig::from_pem_file(certificate, key).await.context("server.tls")?;
            axum_server::bind_rustls(listen, tls).handle(handle).serve(app).await
        }
    };
    cleaning.abort();
    outcome.with_context(|| format!("server.listen {listen}"))
}

/// Waits for a signal to stop, then stops a server.
pub(super) async fn stop_on_signal(handle: Handle<SocketAddr>) {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(terminate) => terminate,
            Err(_) => return,
        };
        tokio::select! { _ = interrupt => (), _ = terminate.recv() => () }
    }
    #[cfg(not(unix))]
    let _ = interrupt.await;
    handle.graceful_shutdown(Some(GRACE));
}
