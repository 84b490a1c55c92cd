//! `sceau trust`: the store of whom the verifier trusts, and an audit of certificates that trusts nobody.

mod audit;
mod import;
mod tables;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use clock::{Clock as _, SystemClock, UnixTime};
use serde::Serialize;
use verification::{TrustBase, TrustFolder};

/// The largest file that is read, in bytes: a whole PKD.
const MAX_FILE: u64 = 512 * 1024 * 1024;

const EXIT_CODES: &str = "Exit codes: 0 done, 1 something was refused (each line says why), 2 trouble (a file that \
                          cannot be read, a wrong argument).";

/// Whom the verifier trusts.
#[derive(Subcommand)]
#[command(after_help = EXIT_CODES)]
pub(super) enum Trust {
    /// Takes in master, deviation and defect lists, certificates and CRLs: DER, PEM, CMS, LDIF of the PKD, lines of JSON.
    Import(import::Import),
    /// Shows the publishers' lists, the certificates and what is distrusted.
    List(Shown),
    /// Shows the store by country: anchors, algorithms, expiry.
    Report {
        #[command(flatten)]
        shown: Shown,
        /// Print CSV.
        #[arg(long, conflicts_with = "json")]
        csv: bool,
    },
    /// Distrusts a certificate and its key from a day on, whatever list has it.
    Distrust {
        /// SHA-256 of the certificate, hexadecimal.
        #[arg(value_parser = digest)]
        sha256: Digest,
        /// From when on: 2026-06-01 or 2026-06-01T12:00:00Z.
        #[arg(long, value_name = "DATE", value_parser = UnixTime::from_rfc3339)]
        from: UnixTime,
        #[command(flatten)]
        store: Store,
    },
    /// Takes a distrust back.
    #[command(name = "trust-again")]
    Restore {
        /// SHA-256 of the certificate, hexadecimal.
        #[arg(value_parser = digest)]
        sha256: Digest,
        #[command(flatten)]
        store: Store,
    },
    /// Says what is in a heap of certificates, CRLs and master lists, and who signed what. It trusts nothing.
    Audit(audit::Audit),
}

/// SHA-256 of a certificate.
pub(super) type Digest = [u8; 32];

/// The folder of the store.
#[derive(Args)]
pub(super) struct Store {
    /// The folder of the store; each change writes a new version into it, and none is removed.
    #[arg(long = "store", value_name = "DIR")]
    folder: PathBuf,
}

/// What is shown, and how.
#[derive(Args)]
pub(super) struct Shown {
    #[command(flatten)]
    store: Store,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Trust {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Import(command) => command.run(),
            Self::List(shown) => {
                let (number, base) = shown.store.newest()?;
                if shown.json {
                    json(&tables::Listing::new(number, &base))
                } else {
                    text(&tables::list(number, &base))
                }
            }
            Self::Report { shown, csv } => {
                let report = shown.store.newest()?.1.report(SystemClock.now());
                match (shown.json, csv) {
                    (true, _) => json(&report),
                    (_, true) => text(&report.to_csv()),
                    _ => text(&tables::report(&report)),
                }
            }
            Self::Distrust { sha256, from, store } => store.change(|base, now| {
                let known = base.certificates.contains_key(&hex::encode(sha256));
                base.distrust(sha256, from, now);
                let unknown = if known { "" } else { " (not in the store: it counts once it comes)" };
                format!("{} is distrusted from {from} on{unknown}", hex::encode(sha256))
            }),
            Self::Restore { sha256, store } => store.change(|base, now| {
                let there = base.trust_again(sha256, now);
                let text = if there { "is no longer distrusted" } else { "was not distrusted" };
                format!("{} {text}", hex::encode(sha256))
            }),
            Self::Audit(command) => command.run(),
        }
    }
}

impl Store {
    fn newest(&self) -> anyhow::Result<(u64, TrustBase)> {
        Ok(TrustFolder::new(&self.folder).newest()?)
    }

    /// Writes a new version if `change` changed anything, and prints what it says.
    fn change(&self, change: impl FnOnce(&mut TrustBase, UnixTime) -> String) -> anyhow::Result<ExitCode> {
        let (number, mut base) = self.newest()?;
        let before = base.clone();
        let said = change(&mut base, SystemClock.now());
        if base != before {
            TrustFolder::new(&self.folder).save(&base, number)?;
        }
        text(&format!("{said}\n"))
    }
}

/// Reads a digest of a certificate, with or without colons.
pub(super) fn digest(text: &str) -> Result<Digest, String> {
    let bytes = hex::decode(text.replace(':', "")).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| format!("{text}: not 32 bytes in hexadecimal"))
}

fn text(text: &str) -> anyhow::Result<ExitCode> {
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn json(value: &impl Serialize) -> anyhow::Result<ExitCode> {
    text(&(serde_json::to_string_pretty(value)? + "\n"))
}

/// The files of paths, folders walked to the bottom, each once and in order. A link to a folder is not followed.
fn files(paths: &[PathBuf]) -> anyhow::Result<BTreeSet<PathBuf>> {
    let mut files = BTreeSet::new();
    let mut folders = Vec::new();
    for path in paths {
        let kind = std::fs::metadata(path).with_context(|| path.display().to_string())?;
        if kind.is_dir() {
            folders.push(path.clone());
        } else {
            files.insert(path.clone());
        }
    }
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let entry = entry.with_context(|| folder.display().to_string())?;
            let kind = entry.file_type().with_context(|| entry.path().display().to_string())?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if entry.path().is_file() {
                files.insert(entry.path());
            }
        }
    }
    Ok(files)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let length = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if length > MAX_FILE {
        return Err(format!("{length} bytes are too many"));
    }
    std::fs::read(path).map_err(|error| error.to_string())
}
