//! The commands. Each module is one; what they print is for people, what they log is not.

mod chip;
mod config;
mod demo;
mod face_engine;
mod keys;
pub mod phone;
mod replay;
mod serve;
mod trace;
mod trust;
mod verify;

pub use keys::{new_keys, pem, rotate};

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A mobile-identity provider with an NFC passport check, behind the FranceConnect broker.
#[derive(Parser)]
#[command(name = "sceau", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Shows everything at once: a State, a passport, a phone, the server and a broker, all made up.
    Demo(demo::Demo),
    /// Runs the server.
    Serve(serve::Serve),
    /// Checks a configuration file.
    #[command(subcommand)]
    Config(config::Config),
    /// Makes keys, and successors of keys.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Plays a phone, for testers.
    #[command(subcommand)]
    Phone(phone::Phone),
    /// Plays a chip, for testers.
    #[command(subcommand)]
    Chip(chip::Chip),
    /// Plays a face engine that compares nothing, for demos.
    #[command(hide = true)]
    DemoFaceEngine(face_engine::DemoFaceEngine),
    /// Shows what an app recorded of a reading.
    #[command(subcommand)]
    Trace(trace::Trace),
    /// Keeps the store of whom the verifier trusts.
    #[command(subcommand)]
    Trust(trust::Trust),
    /// Judges one passport from its files.
    Verify(verify::Verify),
    /// Judges the vectors and compares with what their manifests expect.
    Replay(replay::Replay),
}

/// Runs the command line: exit code 0 for success, 1 for a negative answer, 2 for trouble.
#[must_use]
pub fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Demo(command) => command.run(),
        Command::Serve(command) => command.run(),
        Command::Config(command) => command.run(),
        Command::Keys(command) => command.run(),
        Command::Phone(command) => command.run(),
        Command::Chip(command) => command.run(),
        Command::DemoFaceEngine(command) => command.run(),
        Command::Trace(command) => command.run(),
        Command::Trust(command) => command.run(),
        Command::Verify(command) => command.run(),
        Command::Replay(command) => command.run(),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("sceau: {error:#}");
        ExitCode::from(2)
    })
}
