//! A chip that is a Python program.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use chip_emulator::TcpChannel;
use serde_json::Value;

/// Python with one of `scripts/`, if it can import what that needs.
pub fn python(script: &str, imports: &str) -> Command {
    let python = std::env::var("SCEAU_PYTHON").unwrap_or_else(|_| "python3".into());
    let imported = Command::new(&python).args(["-c", imports]).output();
    assert!(
        imported.is_ok_and(|output| output.status.success()),
        "{script} needs: {imports} (scripts/test installs it)"
    );
    let mut command = Command::new(python);
    command.arg("-B").arg(format!("{}/../../scripts/{script}", env!("CARGO_MANIFEST_DIR")));
    command
}

/// A running chip; it ends when this is dropped.
pub struct ScriptedChip {
    process: Child,
    port: u16,
    _config: tempfile::NamedTempFile,
}

impl ScriptedChip {
    /// The program takes a file with its contents and prints the port that it listens on.
    pub fn start(mut program: Command, contents: &Value) -> Self {
        let config = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(config.path(), contents.to_string()).unwrap();
        let program = program.arg(config.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = program.spawn().unwrap();
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).unwrap();
        let port = port.trim().parse().expect("the chip's port");
        Self { process, port, _config: config }
    }

    /// Comes into the field.
    pub fn channel(&self) -> TcpChannel {
        TcpChannel::connect(("127.0.0.1", self.port)).unwrap()
    }
}

impl Drop for ScriptedChip {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
