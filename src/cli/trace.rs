//! `sceau trace`: what an app recorded of a reading, as a table.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::Subcommand;
use mobile_bridge::TraceEvent;

/// The longest trace, in bytes.
const MAX_TRACE: u64 = 4 * 1024 * 1024;

/// Readings that an app traced.
#[derive(Subcommand)]
pub(super) enum Trace {
    /// Shows each command, file and failure, with its time.
    Show {
        /// Lines of JSON, as `TraceRecorder` gives them.
        file: PathBuf,
    },
}

impl Trace {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let Self::Show { file } = self;
        write!(std::io::stdout().lock(), "{}", table(&read(&file)?))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<TraceEvent>> {
    let at = || path.display().to_string();
    let mut text = String::new();
    let file = std::fs::File::open(path).with_context(at)?;
    file.take(MAX_TRACE + 1).read_to_string(&mut text).with_context(at)?;
    ensure!(text.len() as u64 <= MAX_TRACE, "{}: longer than {MAX_TRACE} bytes", at());
    let line = |(number, line): (usize, &str)| {
        serde_json::from_str(line).with_context(|| format!("{}: line {}", path.display(), number + 1))
    };
    text.lines().enumerate().map(line).collect()
}

fn table(events: &[TraceEvent]) -> String {
    let mut out = String::from("   ms  CLA INS P1P2  command  response  status\n");
    let (mut commands, mut milliseconds) = (0_u32, 0_u64);
    for event in events {
        out += &match event {
            TraceEvent::Command { cla, ins, p1, p2, command, response, status, milliseconds: took } => {
                commands += 1;
                milliseconds += u64::from(*took);
                let name = instruction(*ins);
                format!(
                    "{took:5}  {cla:02X}  {ins:02X}  {p1:02X}{p2:02X}  {command:7}  {response:8}  {status:04X}    {name}\n"
                )
            }
            TraceEvent::NoAnswer { ins, tag_lost, milliseconds: took } => {
                let why = if *tag_lost { "the chip left the field" } else { "the channel failed" };
                format!("{took:5}      {ins:02X}                         none    {why}\n")
            }
            TraceEvent::File { name, length, oids } => {
                let oids: String = oids.iter().map(|oid| format!("         {oid}\n")).collect();
                format!("       {name}, {length} bytes\n{oids}")
            }
            TraceEvent::Failed { code } => format!("       ended: {code}\n"),
        };
    }
    out + &format!("{commands} commands, {milliseconds} ms\n")
}

fn instruction(ins: u8) -> &'static str {
    match ins {
        0x22 => "MSE:Set",
        0x82 => "EXTERNAL AUTHENTICATE",
        0x84 => "GET CHALLENGE",
        0x86 => "GENERAL AUTHENTICATE",
        0x88 => "INTERNAL AUTHENTICATE",
        0xA4 => "SELECT",
        0xB0 | 0xB1 => "READ BINARY",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_told_in_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trace.jsonl");
        let lines = concat!(
            r#"{"event":"command","cla":0,"ins":164,"p1":4,"p2":12,"command":12,"response":2,"status":36864,"milliseconds":23}"#,
            "\n",
            r#"{"event":"file","name":"EF.SOD","length":1800,"oids":["2.23.136.1.1.1"]}"#,
            "\n",
            r#"{"event":"no_answer","ins":176,"tag_lost":true,"milliseconds":7}"#,
            "\n",
            r#"{"event":"failed","code":"nfc.tag-lost"}"#,
            "\n",
        );
        std::fs::write(&path, lines).unwrap();
        let told = table(&read(&path).unwrap());
        for part in [
            "   23  00  A4  040C       12         2  9000    SELECT",
            "2.23.136.1.1.1",
            "ended: nfc.tag-lost",
            "1 commands, 23 ms",
        ] {
            assert!(told.contains(part), "{told}");
        }
        std::fs::write(&path, "{\"event\":\"data\"}\n").unwrap();
        assert!(read(&path).unwrap_err().to_string().ends_with("line 1"));
    }
}
