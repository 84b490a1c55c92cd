//! Who is trusted, by which policy, at which time: the options of every command that judges a passport.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::Args;
use clock::{Clock as _, SystemClock, UnixTime};
use verification::{Policy, TrustError, TrustFolder, TrustStore, read_files};

/// Adds one DER object to a trust store.
type Add = fn(&mut TrustStore, &[u8]) -> Result<(), TrustError>;

#[derive(Args)]
pub(in crate::cli) struct Judge {
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
    /// Judge as at this time, such as 2014-06-01T00:00:00Z; without it, now.
    #[arg(long, value_name = "RFC3339", value_parser = UnixTime::from_rfc3339)]
    at: Option<UnixTime>,
    /// The document signers of --dsc are trusted themselves, without their CSCA.
    #[arg(long, requires = "dsc")]
    trust_dsc: bool,
}

impl Judge {
    /// When it is judged.
    pub(in crate::cli) fn at(&self) -> UnixTime {
        self.at.unwrap_or_else(|| SystemClock.now())
    }

    pub(in crate::cli) fn policy(&self) -> anyhow::Result<Policy> {
        if let Some(policy) = Policy::shipped(&self.policy) {
            return Ok(policy);
        }
        let text = std::fs::read_to_string(&self.policy)
            .with_context(|| format!("{}: no policy that is shipped, and no file", self.policy))?;
        Policy::from_toml(&text).with_context(|| self.policy.clone())
    }

    pub(in crate::cli) fn trust_store(&self) -> anyhow::Result<TrustStore> {
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
