//! `sceau outbox`: whether mail goes out.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use clock::{Clock as _, SystemClock, UnixTime};
use storage::Database;

use super::serve::system_rng;
use crate::config::{Config, Materials};

/// The command.
#[derive(Args)]
pub(super) struct Outbox {
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "SCEAU_CONFIG", default_value = "sceau.toml")]
    config: PathBuf,
}

impl Outbox {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let config = Config::load(&self.config, std::env::vars())?;
        let materials = Materials::read(&config, SystemClock.now())?;
        let runtime = tokio::runtime::Runtime::new()?;
        let state = runtime.block_on(async {
            let address = materials.database.expose();
            let database = Database::connect(address, materials.storage_keys, system_rng()).await?;
            database.outbox_state().await
        })?;
        let told = |at: Option<UnixTime>| at.map_or("-".to_owned(), |at| at.to_string());
        println!("waiting {}\ntried   {}", state.waiting, state.tried);
        println!("oldest  {}\nnext    {}", told(state.oldest), told(state.next));
        Ok(ExitCode::SUCCESS)
    }
}
