//! `sceau verify`: judges one passport from files, without a server.

mod folder;
mod verdict;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::Args;
use clock::{Clock as _, SystemClock, UnixTime};
use verification::{Policy, TrustError, TrustFolder, TrustStore, read_files};

use verdict::Verdict;

const EXIT_CODES: &str = "Exit codes: 0 accepted, 1 rejected, 2 trouble (a folder or file that cannot be read, a wrong \
                          argument).\nFiles are data, not a chip: whether the chip is a copy is never proved here.";

/// Adds one DER object to a trust store.
type Add = fn(&mut TrustStore, &[u8]) -> Result<(), TrustError>;

#[derive(Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Verify {
    /// The folder of the passport's files: EF_SOD.bin, EF_DG1.bin .. (also SOD.bin, DG1.bin, EF_DG01.bin,
    /// Datagroup1.bin, in upper or lower case); other files in it are passed over.
    #[arg(value_name = "PASSPORT_DIR")]
    folder: PathBuf,
    /// CSCA certificates that are trusted: a file in PEM or DER, or a folder of such files. May be repeated, as the
    /// next three.
    #[arg(long, value_name = "FILE|DIR")]
    csca: Vec<PathBuf>,
    /// Document signer certificates, for an EF.SOD that does not carry its own: trusted only through their CSCA.
    #[arg(long, value_name = "FILE|DIR")]
    dsc: Vec<PathBuf>,
    /// Link certificates: a CSCA's next key, signed with its last one.
    #[arg(long, value_name = "FILE|DIR")]
    link: Vec<PathBuf>,
    /// Certificate revocation lists.
    #[arg(long, value_name = "FILE|DIR")]
    crl: Vec<PathBuf>,
    /// The store that `sceau trust` keeps: its newest version, beside what the options above name.
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// What the standard leaves open is decided by `field`, `bsi-tr-03105` or a file in TOML with the keys of the
    /// section `verification` of a configuration.
    #[arg(long, value_name = "NAME|FILE", default_value = "field")]
    policy: String,
    /// The MRZ as it was read from the page, its lines joined or on their own: compared with DG1.
    #[arg(long, value_name = "TEXT")]
    mrz: Option<String>,
    /// Judge as at this time, such as 2014-06-01T00:00:00Z; without it, now.
    #[arg(long, value_name = "RFC3339", value_parser = UnixTime::from_rfc3339)]
    at: Option<UnixTime>,
    /// The document signers of --dsc are trusted themselves, without their CSCA.
    #[arg(long, requires = "dsc")]
    trust_dsc: bool,
    /// Print the checks of BSI TR-03135 too. JSON always has them.
    #[arg(long)]
    guideline: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let store = self.trust_store()?;
        let policy = self.policy()?;
        let mut data = folder::read(&self.folder)?;
        if let Some(mrz) = &self.mrz {
            data = data.with_optical_mrz(mrz);
        }
        let at = self.at.unwrap_or_else(|| SystemClock.now());
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

    fn policy(&self) -> anyhow::Result<Policy> {
        if let Some(policy) = Policy::shipped(&self.policy) {
            return Ok(policy);
        }
        let text = std::fs::read_to_string(&self.policy)
            .with_context(|| format!("{}: no policy that is shipped, and no file", self.policy))?;
        Policy::from_toml(&text).with_context(|| self.policy.clone())
    }

    fn trust_store(&self) -> anyhow::Result<TrustStore> {
        let signers: Add = match self.trust_dsc {
            true => TrustStore::add_document_signer_anchor,
            false => TrustStore::add_document_signer,
        };
        let kinds: [(&[PathBuf], Add); 4] = [
            (&self.csca, TrustStore::add_csca),
            (&self.dsc, signers),
            (&self.link, TrustStore::add_link),
            (&self.crl, TrustStore::add_crl),
        ];
        let mut store = match &self.store {
            Some(folder) => kept(folder)?,
            None => TrustStore::new(),
        };
        for (paths, add) in kinds {
            for path in paths {
                for (der, number) in read_files(path)?.iter().zip(1..) {
                    add(&mut store, der).with_context(|| format!("{}: object {number}", path.display()))?;
                }
            }
        }
        Ok(store)
    }
}

/// The newest version of the store in a folder.
fn kept(folder: &Path) -> anyhow::Result<TrustStore> {
    let (version, base) = TrustFolder::new(folder).newest()?;
    ensure!(version > 0, "{}: no version of a trust store", folder.display());
    Ok(base.store())
}
