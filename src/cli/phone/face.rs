//! The face: the demo's engine is asked, a process of its own.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use mobile_bridge::FaceTask;
use protocol::Base64;

use crate::cli::face_engine::{FACE_ENGINE_ID, FaceEngineTask};

/// Where the demo's engine is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaceEngine {
    /// The program that has the command `demo-face-engine`; this one without it.
    pub program: Option<PathBuf>,
    /// The engine's private key, which its own process reads.
    pub key: PathBuf,
}

impl FaceEngine {
    /// Has the engine sign a result for a task.
    pub(super) fn ask(&self, task: &FaceTask) -> anyhow::Result<String> {
        ensure!(
            task.engines.iter().any(|id| id == FACE_ENGINE_ID),
            "the server does not accept the demo's face engine ({FACE_ENGINE_ID})"
        );
        let json = serde_json::to_string(&FaceEngineTask {
            capture_nonce: task.capture_nonce.clone(),
            portrait_sha256: Base64(task.portrait_sha256.clone()),
            device_key_thumbprint: Base64(task.device_key_thumbprint.clone()),
            audience: task.audience.clone(),
            enrolment_id: task.enrolment_id.clone(),
        })?;
        let program = match &self.program {
            Some(program) => program.clone(),
            None => std::env::current_exe().context("the face engine's program")?,
        };
        let mut engine = Command::new(&program)
            .arg("demo-face-engine")
            .arg("--key")
            .arg(&self.key)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| program.display().to_string())?;
        let written = engine.stdin.take().map(|mut stdin| stdin.write_all(json.as_bytes()));
        let output = engine.wait_with_output().context("the face engine")?;
        // An engine that ended early says more by its end than by what it did not read.
        ensure!(output.status.success(), "the face engine failed: {}", output.status);
        written
            .context("the face engine has no standard input")?
            .context("the face engine's standard input")?;
        Ok(String::from_utf8(output.stdout).context("the face engine's result")?.trim().to_owned())
    }
}
