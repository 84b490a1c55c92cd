//! How the virtual phone shows that its holder is there: pictures for the server's own engine, the demo's engine, or a desk.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use mobile_bridge::{CameraFrame, Checks, EnrolmentClient};

use super::face::FaceEngine;
use super::words::Words;
use crate::cli::face_engine::FACE_ENGINE_ID;

/// Milliseconds between two frames of the camera that plays pictures.
const FRAME_GAP: i64 = 400;
/// How often the phone asks whether the desk has decided.
const ASK: Duration = Duration::from_secs(2);
/// Questions until a code that was shown is over and another one is.
const ASKS_PER_CODE: u32 = 25;

/// How the holder is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HolderWay {
    /// The camera plays the pictures of a folder, `STEP-N.jpg`, for the server's own engine.
    Pictures(PathBuf),
    /// The demo's engine, which compares nothing.
    DemoEngine(FaceEngine),
    /// An agent decides; nothing of the face is compared by a machine.
    Desk,
}

impl HolderWay {
    /// Shows the holder, in words; `None` at a desk, which tells no checks.
    pub(super) fn show(
        &self,
        client: &EnrolmentClient,
        words: &Words,
        out: &mut dyn Write,
    ) -> anyhow::Result<Option<Checks>> {
        match self {
            Self::Pictures(folder) => play(client, folder, words, out).map(Some),
            Self::DemoEngine(engine) => {
                let result = engine.ask(&client.begin_face()?)?;
                writeln!(out, "   - {} {FACE_ENGINE_ID}", words.face_engine)?;
                Ok(Some(client.submit_face(&result)?))
            }
            Self::Desk => wait_at_desk(client, words, out).map(|()| None),
        }
    }
}

/// Plays the pictures of each step that the server asks for.
fn play(
    client: &EnrolmentClient,
    folder: &Path,
    words: &Words,
    out: &mut dyn Write,
) -> anyhow::Result<Checks> {
    let asked = client.begin_face_steps(false)?;
    let mut at_ms = 0;
    for step in &asked.steps {
        let mut frames = Vec::new();
        for picture in pictures(folder, step, asked.max_frames_per_step as usize)? {
            let jpeg = std::fs::read(&picture).with_context(|| picture.display().to_string())?;
            at_ms += FRAME_GAP;
            frames.push(CameraFrame { jpeg, at_ms });
        }
        writeln!(out, "   - {} {step}{} {} {}", words.face_step, words.colon, frames.len(), words.frames)?;
        client.submit_face_step(frames)?;
    }
    Ok(client.fetch_face()?)
}

/// The pictures of a step, by their number.
fn pictures(folder: &Path, step: &str, most: usize) -> anyhow::Result<Vec<PathBuf>> {
    let named = (1..=most).map(|n| folder.join(format!("{step}-{n}.jpg")));
    let found: Vec<_> = named.filter(|path| path.is_file()).collect();
    ensure!(!found.is_empty(), "no picture {step}-1.jpg in {}", folder.display());
    Ok(found)
}

/// Shows what the agent scans, then codes, until she has decided.
fn wait_at_desk(client: &EnrolmentClient, words: &Words, out: &mut dyn Write) -> anyhow::Result<()> {
    let ticket = client.ask_desk()?;
    writeln!(out, "   - {} {}", words.desk_ticket, ticket.text)?;
    for asked in 0_u32.. {
        if client.desk_decided()? {
            writeln!(out, "   - {}", words.desk_decided)?;
            return Ok(());
        }
        if asked % ASKS_PER_CODE == 0 {
            writeln!(out, "   - {} {}", words.desk_code, client.desk_code()?.digits)?;
            out.flush()?;
        }
        std::thread::sleep(ASK);
    }
    bail!("the desk did not decide")
}
