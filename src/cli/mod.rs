//! The commands. Each module is one; what they print is for people, what they log is not.

mod chip;
mod config;
mod demo;
mod demo_broker;
mod face_engine;
pub mod face_service;
mod identities;
mod keys;
mod outbox;
pub mod phone;
mod read;
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
    /// Plays FranceConnect towards a provider, and shows each of its rules passed or failed.
    DemoBroker(demo_broker::DemoBroker),
    /// Lists, shows, blocks and reviews identities.
    Identities(identities::Identities),
    /// Says how many mails wait, and since when.
    Outbox(outbox::Outbox),
    /// Plays a phone, for testers.
    #[command(subcommand)]
    Phone(phone::Phone),
    /// Plays a chip, for testers.
    Chip(chip::Chip),
    /// Plays a face engine that compares nothing, for demos.
    #[command(hide = true)]
    DemoFaceEngine(face_engine::DemoFaceEngine),
    /// Runs a face engine as a service of its own, on the built-in engine.
    FaceEngine(face_service::FaceEngineService),
    /// Shows what an app recorded of a reading.
    #[command(subcommand)]
    Trace(trace::Trace),
    /// Keeps the store of whom the verifier trusts.
    #[command(subcommand)]
    Trust(trust::Trust),
    /// Reads a chip and judges it.
    Read(read::Read),
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
        Command::Identities(command) => command.run(),
        Command::Outbox(command) => command.run(),
        Command::Phone(command) => command.run(),
        Command::Chip(command) => command.run(),
        Command::DemoBroker(command) => command.run(),
        Command::DemoFaceEngine(command) => command.run(),
        Command::FaceEngine(command) => command.run(),
        Command::Trace(command) => command.run(),
        Command::Trust(command) => command.run(),
        Command::Read(command) => command.run(),
        Command::Verify(command) => command.run(),
        Command::Replay(command) => command.run(),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("sceau: {error:#}");
        ExitCode::from(2)
    })
}
