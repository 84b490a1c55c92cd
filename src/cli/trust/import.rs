//! `sceau trust import`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use clock::{Clock as _, SystemClock, UnixTime};
use crypto::sha256;
use verification::{
    Found, Kind, ListError, ListImport, Role, TrustAuditor, TrustBase, TrustFolder, read_objects,
};

use super::{Digest, Store, digest, files, read};
use crate::config::Config;

#[derive(Args)]
pub(in crate::cli) struct Import {
    /// Files, and folders that are walked to the bottom.
    #[arg(value_name = "FILE|FOLDER", required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    store: Store,
    /// SHA-256 of a CSCA certificate that may stand behind the signer of a list. May be repeated.
    #[arg(long = "pin", value_name = "SHA256", value_parser = digest)]
    pins: Vec<Digest>,
    /// A server's configuration, whose `trust.pins` count too.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// You vouch for the CSCA certificates in LDIF, unsigned lists and lines of JSON. Those of DER and PEM files that you
    /// name count without it.
    #[arg(long)]
    vouch: bool,
}

/// What a file gave, for its line.
#[derive(Default)]
struct Outcome {
    new: BTreeMap<&'static str, usize>,
    known: usize,
    refused: Vec<String>,
    notes: Vec<String>,
}

impl Import {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let now = SystemClock.now();
        let pins = self.pins()?;
        let folder = TrustFolder::new(&self.store.folder);
        let (number, mut base) = folder.newest()?;
        let before = base.clone();
        let mut lines = BTreeMap::<PathBuf, Outcome>::new();
        let mut found = Vec::new();
        for path in files(&self.paths)? {
            let outcome = lines.entry(path.clone()).or_default();
            match read(&path) {
                Err(error) => outcome.refused.push(error),
                Ok(bytes) => {
                    let collection = bytes.first() != Some(&0x30) && !is_pem(&bytes);
                    let objects = read_objects(&bytes);
                    let direct = !collection && (is_pem(&bytes) || objects.len() == 1);
                    found.extend(objects.into_iter().map(|object| (path.clone(), direct, object)));
                }
            }
        }
        let roles = roles(&found);
        // Lists first, for they bring the anchors; CRLs last, for their signers must be known.
        let order = |object: &Found| match object {
            Found::MasterList(_) | Found::DeviationList(_) | Found::DefectList(_) => 0,
            Found::Crl(_) => 2,
            _ => 1,
        };
        found.sort_by_key(|(_, _, object)| order(object));
        let total = found.len();
        for (done, (path, direct, object)) in found.into_iter().enumerate() {
            progress(done + 1, total);
            let outcome = lines.entry(path).or_default();
            let vouched = direct || self.vouch;
            take(&mut base, &object, (&pins, &roles, vouched), now, outcome);
        }
        let mut out = std::io::stdout().lock();
        for (path, outcome) in &lines {
            writeln!(out, "{}: {}", path.display(), outcome.line())?;
            for text in outcome.refused.iter().chain(&outcome.notes) {
                writeln!(out, "  {text}")?;
            }
        }
        // The time of the last change alone is no change.
        base.changed_at = before.changed_at;
        if base == before {
            writeln!(out, "nothing new: version {number} stands")?;
        } else {
            base.changed_at = now;
            writeln!(out, "version {}", folder.save(&base, number)?)?;
        }
        let refused = lines.values().any(|outcome| !outcome.refused.is_empty());
        Ok(if refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    fn pins(&self) -> anyhow::Result<BTreeSet<Digest>> {
        let mut pins: BTreeSet<Digest> = self.pins.iter().copied().collect();
        if let Some(path) = &self.config {
            let config = Config::load(path, std::env::vars())?;
            for text in &config.trust.pins {
                pins.insert(digest(text).map_err(|error| anyhow::anyhow!("trust.pins: {error}"))?);
            }
        }
        Ok(pins)
    }
}

fn is_pem(bytes: &[u8]) -> bool {
    bytes.windows(11).take(64 * 1024).any(|window| window == b"-----BEGIN ")
}

/// What each certificate is for, by what it says of itself.
fn roles(found: &[(PathBuf, bool, Found)]) -> BTreeMap<String, Role> {
    let mut auditor = TrustAuditor::default();
    for (_, _, object) in found {
        if let Found::Certificate(der) = object {
            auditor.add("", der);
        }
    }
    let audit = auditor.finish();
    audit.certificates.into_iter().filter_map(|line| Some((line.sha256, line.role?))).collect()
}

fn take(
    base: &mut TrustBase,
    object: &Found,
    (pins, roles, vouched): (&BTreeSet<Digest>, &BTreeMap<String, Role>, bool),
    now: UnixTime,
    outcome: &mut Outcome,
) {
    match object {
        Found::MasterList(der) => match base.import_master_list(der, pins, now) {
            Ok(import) => outcome.list(&import),
            Err(error) => outcome.refused.push(format!("master list: {}", in_words(&error))),
        },
        Found::DeviationList(der) => {
            outcome.fault_list("deviation list", base.import_deviation_list(der, pins, now));
        }
        Found::DefectList(der) => {
            outcome.fault_list("defect list", base.import_defect_list(der, pins, now));
        }
        Found::Certificate(der) => {
            let id = hex::encode(sha256(der));
            let (kind, name) = match roles.get(&id) {
                None => return outcome.refused.push(format!("{id}: no certificate that can be read")),
                Some(Role::Csca) if !vouched => {
                    return outcome.refused.push(format!(
                        "{id}: a CSCA for which nobody vouches; with --vouch you do, or import a signed list that has it"
                    ));
                }
                Some(Role::Csca) => (Kind::Csca, "CSCA"),
                Some(Role::Link) => (Kind::Link, "link"),
                Some(Role::DocumentSigner) => (Kind::DocumentSigner, "document signer"),
                Some(_) => {
                    return outcome
                        .refused
                        .push(format!("{id}: a signer of lists is no anchor; pin its CSCA"));
                }
            };
            match base.import_certificate(der, kind, now) {
                Ok(true) => *outcome.new.entry(name).or_default() += 1,
                Ok(false) => outcome.known += 1,
                Err(error) => outcome.refused.push(format!("{id}: {error}")),
            }
        }
        Found::Crl(der) => match base.import_crl(der, now) {
            Ok(true) => *outcome.new.entry("CRL").or_default() += 1,
            Ok(false) => outcome.known += 1,
            Err(error) => outcome.refused.push(error.to_string()),
        },
        Found::Unreadable(reason) => outcome.refused.push(reason.clone()),
    }
}

fn in_words(error: &ListError) -> String {
    match error {
        ListError::NotPinned(_) => format!(
            "{error}. A list that vouches for itself proves nothing: compare the digest with what the publisher says, then --pin it"
        ),
        _ => error.to_string(),
    }
}

impl Outcome {
    fn fault_list(&mut self, name: &'static str, import: Result<bool, ListError>) {
        match import {
            Ok(true) => *self.new.entry(name).or_default() += 1,
            Ok(false) => self.known += 1,
            Err(error) => self.refused.push(format!("{name}: {}", in_words(&error))),
        }
    }

    fn list(&mut self, import: &ListImport) {
        let ListImport { publisher, signed_at, added, known, omitted, refused, signer_expired, without_null } =
            import;
        *self.new.entry("certificate of a list").or_default() += added;
        self.known += known;
        self.notes.push(format!("list of {publisher}, signed at {signed_at}"));
        if *omitted > 0 {
            self.notes.push(format!("{omitted} certificates of its older list are not in it: kept and marked, for passports signed under them are valid still"));
        }
        if *without_null {
            self.notes.push("its signature's DigestInfo has no NULL, which RFC 8017 tolerates".to_owned());
        }
        if *signer_expired {
            self.notes.push("the signer's certificate has expired since: look for a newer list".to_owned());
        }
        self.refused.extend(refused.iter().map(|(id, reason)| format!("{id}: {reason}")));
    }

    fn line(&self) -> String {
        let plural = |n: &usize, name: &str| match n {
            1 => format!("1 {name}"),
            n if name.starts_with("certificate") => {
                format!("{n} {}", name.replacen("certificate", "certificates", 1))
            }
            n => format!("{n} {name}s"),
        };
        let new: Vec<String> =
            self.new.iter().filter(|(_, n)| **n > 0).map(|(name, n)| plural(n, name)).collect();
        let new = if new.is_empty() { "nothing new".to_owned() } else { format!("new: {}", new.join(", ")) };
        format!("{new}; known: {}; refused: {}", self.known, self.refused.len())
    }
}

/// For people who wait.
fn progress(done: usize, total: usize) {
    let mut err = std::io::stderr().lock();
    if err.is_terminal() && (done.is_multiple_of(100) || done == total) {
        let end = if done == total { "\n" } else { "" };
        let _ = write!(err, "\r{done} of {total} objects{end}");
    }
}
