//! `sceau chip serve`: a passport's folder as a chip that answers APDUs over TCP.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use chip_emulator::{Chip as Emulator, ChipContents, serve_tcp};
use clap::Subcommand;

use super::serve::system_rng;

#[derive(Subcommand)]
pub(super) enum Chip {
    /// Answers one terminal after the other: each message is its length (two bytes, big-endian) and the APDU; a new
    /// connection is a chip that comes into the field.
    Serve {
        /// The passport's folder: EF_DG1.bin .. and chip.json.
        folder: PathBuf,
        /// Where to listen. Whoever reaches it holds the passport.
        #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
        listen: SocketAddr,
    },
}

impl Chip {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let Self::Serve { folder, listen } = self;
        let contents = ChipContents::read_folder(&folder)?;
        let listener = TcpListener::bind(listen).with_context(|| listen.to_string())?;
        println!("tcp:{}", listener.local_addr()?);
        serve_tcp(&listener, Emulator::new(contents, system_rng()))?;
        Ok(ExitCode::SUCCESS)
    }
}
