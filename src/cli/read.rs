//! `sceau read`: a terminal that reads a chip, lets it prove itself, and judges it.

mod channel;
mod inspection;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{ArgGroup, Args};
use emrtd::{AccessPolicy, Can, MrzKey, Password};
use lds::Mrz;

use super::serve::system_rng;
use super::verify::{Judge, Verdict};
use inspection::Inspected;

const EXIT_CODES: &str = "Exit codes: 0 accepted, 1 rejected, 2 trouble (no chip, a chip that cannot be read, a wrong \
                          argument). Progress goes to the error output.";

#[derive(Args)]
#[command(after_help = EXIT_CODES, group = ArgGroup::new("password").required(true))]
pub(super) struct Read {
    /// tcp:HOST:PORT, a chip that answers in the framing of vsmartcard's vpcd, such as `sceau chip`; or pcsc, or
    /// pcsc:READER with a part of the reader's name, if this program was built with the feature pcsc.
    #[arg(long, value_name = "CHIP")]
    chip: String,
    /// The MRZ as it is printed, its lines joined or on their own; or document number, birth and expiry as
    /// NUMBER,YYMMDD,YYMMDD.
    #[arg(long, value_name = "TEXT", group = "password")]
    mrz: Option<String>,
    /// The card access number.
    #[arg(long, value_name = "DIGITS", group = "password")]
    can: Option<String>,
    /// Try BAC where PACE was offered and failed. The result says so.
    #[arg(long)]
    bac_after_failed_pace: bool,
    #[command(flatten)]
    judge: Judge,
    /// Write the files that were read into this folder, made if absent.
    #[arg(long, value_name = "DIR")]
    dump: Option<PathBuf>,
    /// Print the checks of BSI TR-03135 too. JSON always has them.
    #[arg(long)]
    guideline: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Read {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let (store, policy, at) = (self.judge.trust_store()?, self.judge.policy()?, self.judge.at());
        let password = self.password()?;
        let channel = channel::open(&self.chip)?;
        let access =
            AccessPolicy { bac_after_failed_pace: self.bac_after_failed_pace, ..AccessPolicy::default() };
        let mut rng = system_rng();
        let inspected = Inspected::read(channel, access, &password, (&store, &policy, at), &mut rng)?;
        if let Some(folder) = &self.dump {
            dump(folder, &inspected)?;
        }
        let mut evidence = inspected.evidence;
        if let Some(mrz) = self.mrz.as_ref().filter(|mrz| !mrz.contains(',')) {
            evidence.data = evidence.data.with_optical_mrz(mrz);
        }
        let judged = verification::judge(&evidence, &store, &policy, at);
        let verdict = Verdict::judge(Path::new(&self.chip), &evidence.data, &store, &policy, at)
            .of_chip(judged, inspected.reading);
        let mut out = std::io::stdout().lock();
        if self.json {
            serde_json::to_writer_pretty(&mut out, &verdict)?;
            writeln!(out)?;
        } else {
            if self.guideline {
                write!(out, "{}", verdict.guideline_table())?;
            }
            write!(out, "{verdict}")?;
        }
        Ok(if verdict.is_accepted() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn password(&self) -> anyhow::Result<Password> {
        if let Some(digits) = &self.can {
            return Ok(Can::new(digits)?.into());
        }
        let text = self.mrz.as_deref().unwrap_or_default();
        let key = match text.split(',').collect::<Vec<_>>().as_slice() {
            [number, birth, expiry] => MrzKey::new(number, birth, expiry)?,
            [_] => MrzKey::from(&Mrz::parse(text).context("--mrz")?),
            _ => bail!("--mrz: neither an MRZ nor NUMBER,YYMMDD,YYMMDD"),
        };
        Ok(key.into())
    }
}

fn dump(folder: &Path, inspected: &Inspected) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    for (file, content) in &inspected.files {
        let path = folder.join(file.file_name());
        std::fs::write(&path, content).with_context(|| path.display().to_string())?;
    }
    Ok(())
}
