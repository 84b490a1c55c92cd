//! The interface of `mobile-bridge` as another language sees it: a person enrols against a running server, through the
//! bindings that an app would use, and approves a login.
#![allow(clippy::unwrap_used, reason = "a test that meets trouble fails")]

#[path = "../common/mod.rs"]
mod common;
mod desk;
mod kotlin;
mod python;
mod swift;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Runs a command that must succeed; its standard output.
fn run(command: &mut Command) -> String {
    let output =
        command.stderr(Stdio::piped()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Where cargo builds for these tests.
fn target() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_sceau")).ancestors().nth(2).unwrap()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Lays out the packages as an app developer does, with the documented command.
fn packages(folder: &Path) {
    let mut script = Command::new(root().join("scripts/mobile-packages"));
    run(script.env("CARGO", env!("CARGO")).env("CARGO_TARGET_DIR", target()).arg(folder));
}

/// The library, and the generator beside it, built with what stands for a passport.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
        cargo.args(["build", "--quiet", "-p", "mobile-bridge", "--features", "simulated,bindgen"]);
        run(&mut cargo);
        let target = Path::new(env!("CARGO_BIN_EXE_sceau")).parent().unwrap();
        let name = format!("{}mobile_bridge{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        target.join(name)
    })
}

/// Writes the bindings of a language into a folder.
fn generate(language: &str, folder: &Path) {
    let library = library();
    let mut generator = Command::new(library.with_file_name("uniffi-bindgen"));
    generator.args(["generate", "--language", language, "--no-format", "--out-dir"]).arg(folder).arg(library);
    run(generator.current_dir(env!("CARGO_MANIFEST_DIR")));
}
