//! `sceau chip`, a process of its own.
#![allow(clippy::unwrap_used, reason = "a test that meets trouble fails")]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A chip that answers until it is dropped.
pub struct ServedChip {
    process: Child,
    /// Where a terminal finds it: `tcp:HOST:PORT`.
    pub address: String,
}

impl ServedChip {
    /// A passport's folder on a free port, with these faults.
    pub fn start(folder: &Path, faults: &[&str]) -> Self {
        let faults = faults.iter().flat_map(|fault| ["--fault", fault]);
        let mut process = chip(folder).args(faults).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { process, address: line.trim().to_owned() }
    }

    /// The same in a virtual reader of PC/SC.
    #[cfg(feature = "pcsc")]
    pub fn in_reader(folder: &Path, vpcd: &str) -> Self {
        let process = chip(folder).args(["--vpcd", vpcd]).spawn().unwrap();
        Self { process, address: "pcsc:Virtual PCD".to_owned() }
    }
}

fn chip(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sceau"));
    command.args(["chip", "--passport"]).arg(folder);
    command
}

impl Drop for ServedChip {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
