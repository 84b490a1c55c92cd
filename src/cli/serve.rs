//! `sceau serve`.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum_server::tls_rustls::RustlsConfig;
use axum_server::{Handle, Server, from_tcp, from_tcp_rustls};
use clap::Args;
use clock::{Clock as _, SystemClock};
use hyper_util::rt::TokioTimer;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use crate::config::{Config, Materials};
use crate::router::router;
use crate::{AppState, housekeeping, metrics, outbox, telemetry};

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
    let (listen, tls) = (config.server.listen, materials.tls.clone());
    let (issuer, demo) = (config.issuer.clone(), config.is_demo());
    let most = Duration::from_secs(config.limits.request_seconds);
    let listener = bind("server.listen", listen)?;
    let counts = config.metrics.as_ref().map(|metrics| bind("metrics.listen", metrics.listen)).transpose()?;
    let state = AppState::open(config, materials, Arc::new(SystemClock), &mut system_rng()).await?;
    let cleaning = tokio::spawn(housekeeping::run(state.clone()));
    let logging = tokio::spawn(housekeeping::log(state.clone()));
    let sending = tokio::spawn(outbox::run(state.clone()));
    let counting = counts.map(|listener| {
        let app = metrics::router(state.clone()).into_make_service();
        Ok::<_, std::io::Error>(tokio::spawn(patient(from_tcp(listener)?, most).serve(app)))
    });
    let counting = counting.transpose()?;
    tracing::info!(%listen, issuer, demo, "listening");
    let app = router(state).into_make_service_with_connect_info::<SocketAddr>();
    let outcome = match tls {
        None => patient(from_tcp(listener)?, most).handle(handle).serve(app).await,
        Some(tls) => {
            let server = from_tcp_rustls(listener, RustlsConfig::from_config(tls))?;
            patient(server, most).handle(handle).serve(app).await
        }
    };
    cleaning.abort();
    logging.abort();
    sending.abort();
    counting.inspect(|task| task.abort());
    outcome.with_context(|| format!("server.listen {listen}"))
}

/// A listener that waits for nobody. `key` names it in the configuration.
fn bind(key: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    let bound = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    bound.with_context(|| format!("{key} {address}"))
}

/// HTTP/1.1 that waits for headers so long and no longer: whoever opens connections and says nothing, or a byte at a time,
/// would hold them all. (The time of the rest of a request is `http::headers::limit`'s.)
fn patient<A>(server: Server<SocketAddr, A>, most: Duration) -> Server<SocketAddr, A> {
    let mut server = server.http1_only();
    server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(most);
    server
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
