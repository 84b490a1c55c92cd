//! `sceau verify`: judges one passport from files, without a server.

mod folder;
mod judge;
mod verdict;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

pub(super) use judge::Judge;
pub(super) use verdict::{Reading, Verdict};

const EXIT_CODES: &str = "Exit codes: 0 accepted, 1 rejected, 2 trouble (a folder or file that cannot be read, a wrong \
                          argument).\nFiles are data, not a chip: whether the chip is a copy is never proved here.";

#[derive(Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Verify {
    /// The folder of the passport's files: EF_SOD.bin, EF_DG1.bin .. (also SOD.bin, DG1.bin, EF_DG01.bin,
    /// Datagroup1.bin, in upper or lower case); other files in it are passed over.
    #[arg(value_name = "PASSPORT_DIR")]
    folder: PathBuf,
    #[command(flatten)]
    judge: Judge,
    /// The MRZ as it was read from the page, its lines joined or on their own: compared with DG1.
    #[arg(long, value_name = "TEXT")]
    mrz: Option<String>,
    /// Print the checks of BSI TR-03135 too. JSON always has them.
    #[arg(long)]
    guideline: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let (store, policy, at) = (self.judge.trust_store()?, self.judge.policy()?, self.judge.at());
        let mut data = folder::read(&self.folder)?;
        if let Some(mrz) = &self.mrz {
            data = data.with_optical_mrz(mrz);
        }
        let verdict = Verdict::judge(&self.folder, &data, &store, &policy, at);
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
}
