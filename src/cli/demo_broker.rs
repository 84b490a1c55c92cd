//! `sceau demo-broker`: the demo's broker alone, towards any provider, for a deployer who tests the own configuration.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use axum_server::Handle;
use clap::Args;
use clock::SystemClock;
use demo_broker::{Acr, Broker, BrokerConfig, EncryptionKey};

use super::serve::{stop_on_signal, system_rng};
use crate::config::Log;
use crate::telemetry;

/// The command.
#[derive(Args)]
pub(super) struct DemoBroker {
    /// The issuer identifier of the provider.
    #[arg(long, value_name = "URL")]
    issuer: String,
    /// The broker's client_id there.
    #[arg(long, value_name = "ID", default_value = "demo-broker")]
    client_id: String,
    /// A file with its secret there.
    #[arg(long, value_name = "FILE")]
    client_secret_file: PathBuf,
    /// Where to listen.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8702")]
    listen: SocketAddr,
    /// Where browsers reach it, if that is another address: `https://broker.example`.
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// The level to ask.
    #[arg(long, value_name = "LEVEL", default_value = "eidas2")]
    acr: Acr,
    /// The levels agreed with the provider; the one asked if it is not given.
    #[arg(long, value_name = "LEVEL", value_delimiter = ',')]
    agreed: Vec<Acr>,
    /// Ask for nested tokens: RSA-OAEP-256 and A256GCM, to a key that is made now.
    #[arg(long)]
    encrypted: bool,
}

impl DemoBroker {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        telemetry::start(&Log::default()).map_err(anyhow::Error::msg)?;
        let secret = std::fs::read_to_string(&self.client_secret_file);
        let secret = secret.with_context(|| self.client_secret_file.display().to_string())?;
        let listener = TcpListener::bind(self.listen).with_context(|| self.listen.to_string())?;
        listener.set_nonblocking(true)?;
        let base_url = match &self.base_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{}", listener.local_addr()?),
        };
        let config = BrokerConfig {
            issuer_of_fi: self.issuer.clone(),
            client_id: self.client_id.clone(),
            client_secret: secret.trim().to_owned(),
            base_url: base_url.clone(),
            acr: self.acr,
            encryption: match self.encrypted {
                true => Some(Arc::new(EncryptionKey::generate(&mut system_rng())?)),
                false => None,
            },
            agreed: if self.agreed.is_empty() { vec![self.acr] } else { self.agreed.clone() },
        };
        println!("client_id     {}", self.client_id);
        println!("redirect_uri  {}", config.redirect_uri());
        if self.encrypted {
            println!("jwks_uri      {}", config.jwks_uri());
        }
        println!("open          {base_url}/");
        let broker = Arc::new(Broker::new(config, Arc::new(SystemClock), system_rng())?);
        tokio::runtime::Runtime::new()?.block_on(async {
            let handle = Handle::new();
            let stopping = handle.clone();
            tokio::spawn(async move { stop_on_signal(stopping).await });
            let app = demo_broker::router(broker).into_make_service();
            axum_server::from_tcp(listener)?.handle(handle).serve(app).await
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
