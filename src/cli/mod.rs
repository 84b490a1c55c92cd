//! The commands.

use std::process::ExitCode;

use clap::Parser;

/// A mobile-identity provider with an NFC passport check, behind the FranceConnect broker.
#[derive(Parser)]
#[command(name = "sceau", version)]
struct Cli {}

/// Runs the command line.
#[must_use]
pub fn main() -> ExitCode {
    let Cli {} = Cli::parse();
    ExitCode::SUCCESS
}
