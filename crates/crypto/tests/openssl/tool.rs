//! Runs the `openssl` command in a directory of its own.

use std::path::PathBuf;
use std::process::{Command, Output};

/// A temporary directory in which the command runs; files are named relative to it.
pub struct OpenSsl(tempfile::TempDir);

impl OpenSsl {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, content: &[u8]) {
        std::fs::write(self.path(name), content).expect("a file");
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect("a file that openssl wrote")
    }

    /// Runs the command, which must succeed.
    pub fn run(&self, arguments: &[&str]) {
        let output = self.output(arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {}: {errors}", arguments.join(" "));
    }

    /// Runs the command and says whether it succeeded.
    pub fn succeeds(&self, arguments: &[&str]) -> bool {
        self.output(arguments).status.success()
    }

    fn output(&self, arguments: &[&str]) -> Output {
        Command::new("openssl").args(arguments).current_dir(self.0.path()).output().unwrap_or_else(|error| {
            panic!("these tests need the `openssl` command (Debian: apt-get install openssl): {error}")
        })
    }
}
