//! `sceau chip`: a passport's folder as a chip that answers APDUs.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use chip_emulator::{Chip as Emulator, ChipContents, Fault, serve_tcp, serve_vpcd};
use clap::Args;

use super::serve::system_rng;

#[derive(Args)]
pub(super) struct Chip {
    /// The passport's folder: EF_DG1.bin .., its private keys DG14_sk.pkcs8 and DG15_sk.pkcs8, and chip.toml.
    #[arg(long, value_name = "DIR")]
    passport: PathBuf,
    /// Answers one terminal after the other there, in the framing of vsmartcard's vpcd; a new connection is a chip that
    /// comes into the field. Whoever reaches it holds the passport.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Puts the chip into the virtual PC/SC reader that listens there (vpcd: port 35963).
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "listen")]
    vpcd: Option<String>,
    /// What is to go wrong, such as clone, no-keys, altered=EF.DG2, short-reads=100, status=B0:6982, bac-mac,
    /// pace-token, sm-mac, cut=12:5, delay=200, tag-lost=20 (docs/operating.md). May be repeated.
    #[arg(long, value_name = "FAULT")]
    fault: Vec<Fault>,
}

impl Chip {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let mut contents = ChipContents::read_folder(&self.passport)?;
        contents.faults.extend(self.fault);
        let chip = Emulator::new(contents, system_rng());
        if let Some(reader) = self.vpcd {
            serve_vpcd(reader.as_str(), chip).with_context(|| format!("vpcd at {reader}"))?;
        } else {
            let listener = TcpListener::bind(self.listen).with_context(|| self.listen.to_string())?;
            println!("tcp:{}", listener.local_addr()?);
            serve_tcp(&listener, chip)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
