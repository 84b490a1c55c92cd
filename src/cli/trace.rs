//! `sceau trace`: what an app recorded of a reading, as a table; and the traces that people sent.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::Subcommand;
use clock::{Clock as _, SystemClock};
use mobile_bridge::{MAX_TRACE, TraceEvent, read_trace};
use storage::{Database, TraceSummary};

use super::serve::system_rng;
use crate::config::{Config, Materials};

/// The most traces that are listed.
const MOST: i64 = 500;

/// Readings that an app traced.
#[derive(Subcommand)]
pub(super) enum Trace {
    /// Lists the traces that people sent, the newest first: when each came, its reference, how the reading ended.
    List {
        /// The configuration file of the server.
        #[arg(long, value_name = "FILE", env = "SCEAU_CONFIG")]
        config: PathBuf,
    },
    /// Shows each command, file and failure, with its time.
    Show {
        /// Lines of JSON, as `TraceRecorder` gives them; with a configuration the reference of a trace that was sent.
        trace: String,
        /// The configuration file of the server that has the trace.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

impl Trace {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let text = match self {
            Self::List { config } => {
                with_database(&config, async |database| database.traces(MOST, SystemClock.now()).await)?
                    .iter()
                    .map(line)
                    .collect()
            }
            Self::Show { trace, config: None } => table(&events(&read(Path::new(&trace))?, &trace)?),
            Self::Show { trace, config: Some(config) } => {
                let kept =
                    with_database(&config, async |database| database.trace(&trace, SystemClock.now()).await)?;
                let kept = kept.with_context(|| format!("{trace}: no such trace, or its time is over"))?;
                table(&events(&kept, &trace)?)
            }
        };
        write!(std::io::stdout().lock(), "{text}")?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Asks the server's database.
fn with_database<T>(
    config: &Path,
    ask: impl AsyncFnOnce(&Database) -> Result<T, storage::Error>,
) -> anyhow::Result<T> {
    let config = Config::load(config, std::env::vars())?;
    let materials = Materials::read(&config, SystemClock.now())?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let address = materials.database.expose();
        let database = Database::connect(address, materials.storage_keys, system_rng()).await?;
        Ok(ask(&database).await?)
    })
}

fn line(trace: &TraceSummary) -> String {
    let outcome = if trace.outcome.is_empty() { "no failure" } else { &trace.outcome };
    format!("{}  {}  {outcome}\n", trace.received_at, trace.id)
}

fn read(path: &Path) -> anyhow::Result<String> {
    let at = || path.display().to_string();
    let mut text = String::new();
    let file = std::fs::File::open(path).with_context(at)?;
    file.take(MAX_TRACE as u64 + 1).read_to_string(&mut text).with_context(at)?;
    ensure!(text.len() <= MAX_TRACE, "{}: longer than {MAX_TRACE} bytes", at());
    Ok(text)
}

fn events(text: &str, name: &str) -> anyhow::Result<Vec<TraceEvent>> {
    read_trace(text).with_context(|| name.to_owned())
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
        let told = table(&events(&read(&path).unwrap(), "trace").unwrap());
        for part in [
            "   23  00  A4  040C       12         2  9000    SELECT",
            "2.23.136.1.1.1",
            "ended: nfc.tag-lost",
            "1 commands, 23 ms",
        ] {
            assert!(told.contains(part), "{told}");
        }
        std::fs::write(&path, "{\"event\":\"data\"}\n").unwrap();
        let error = events(&read(&path).unwrap(), "trace").unwrap_err();
        assert_eq!(format!("{error:#}"), "trace: line 1");
    }
}
