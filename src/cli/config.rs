//! `sceau config check`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use clock::{Clock as _, SystemClock};

use crate::config::{self, Materials};

#[derive(Subcommand)]
pub(super) enum Config {
    /// Reads a configuration, the environment and every file that it names, and prints each mistake with its key.
    Check {
        /// The file.
        file: PathBuf,
    },
}

impl Config {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let Self::Check { file } = self;
        let checked = config::Config::load(&file, std::env::vars())
            .and_then(|config| Materials::read(&config, SystemClock.now()).map(|_| config));
        Ok(match checked {
            Ok(config) => {
                println!("{}: no mistake ({} clients)", file.display(), config.clients.len());
                ExitCode::SUCCESS
            }
            Err(mistakes) => {
                println!("{mistakes}");
                ExitCode::FAILURE
            }
        })
    }
}
