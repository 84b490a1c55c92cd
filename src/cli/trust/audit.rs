//! `sceau trust audit`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use verification::{ListKind, Role, TrustAudit, TrustAuditor, Unreadable};

use super::{files, json, read, text};

#[derive(Args)]
pub(in crate::cli) struct Audit {
    /// Files, and folders that are walked to the bottom.
    #[arg(value_name = "FILE|FOLDER", required = true)]
    paths: Vec<PathBuf>,
    /// Print JSON: every certificate, CRL and signed list.
    #[arg(long)]
    json: bool,
}

impl Audit {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let mut auditor = TrustAuditor::default();
        let mut unread = Vec::new();
        for path in files(&self.paths)? {
            let source = path.display().to_string();
            match read(&path) {
                Ok(bytes) => auditor.add(&source, &bytes),
                Err(reason) => unread.push(Unreadable { source, reason }),
            }
        }
        let mut audit = auditor.finish();
        audit.unreadable.extend(unread);
        if self.json { json(&audit) } else { text(&table(&audit)) }
    }
}

/// How many of a kind there are, how many can be read, and how many somebody signed who is there.
#[derive(Default)]
struct Row {
    count: usize,
    read: usize,
    verified: usize,
}

fn table(audit: &TrustAudit) -> String {
    let mut rows = BTreeMap::<&str, Row>::new();
    for line in &audit.certificates {
        let row = rows.entry(line.role.map_or("certificate that cannot be read", name)).or_default();
        row.count += 1;
        row.read += usize::from(line.parse == "ok");
        row.verified += usize::from(!line.verified_by.is_empty());
    }
    for line in &audit.crls {
        let row = rows.entry("CRL").or_default();
        row.count += 1;
        row.read += 1;
        row.verified += usize::from(!line.verified_by.is_empty());
    }
    for line in &audit.master_lists {
        let row = rows.entry("master list").or_default();
        row.count += 1;
        row.read += 1;
        row.verified += usize::from(line.signature == "ok");
    }
    for line in &audit.fault_lists {
        let row = rows.entry(list_name(line.kind)).or_default();
        row.count += 1;
        row.read += 1;
        row.verified += usize::from(line.signature == "ok");
    }
    let mut out = format!("{:32}  {:>6}  {:>6}  {:>8}\n", "kind", "count", "read", "verified");
    for (kind, Row { count, read, verified }) in rows {
        let _ = writeln!(out, "{kind:32}  {count:6}  {read:6}  {verified:8}");
    }
    let _ = writeln!(out, "verified: a certificate that was given signed it; a list: the signer in it did");
    for line in audit.certificates.iter().filter(|line| line.parse == "ok" && line.verified_by.is_empty()) {
        let (role, country) = (line.role.map_or("", name), line.country.as_deref().unwrap_or("??"));
        let _ = writeln!(out, "no issuer here: {} {role} {country} ({})", line.sha256, line.source);
    }
    for line in audit.certificates.iter().filter(|line| line.parse != "ok") {
        let _ = writeln!(out, "not read: {} {} ({})", line.sha256, line.parse, line.source);
    }
    let _ = writeln!(out, "{} files or parts of files are nothing known", audit.unreadable.len());
    out
}

fn list_name(kind: ListKind) -> &'static str {
    match kind {
        ListKind::Deviations => "deviation list",
        ListKind::Defects => "defect list",
    }
}

fn name(role: Role) -> &'static str {
    match role {
        Role::Csca => "CSCA",
        Role::Link => "link",
        Role::DocumentSigner => "document signer",
        Role::MasterListSigner => "master list signer",
        Role::DeviationListSigner => "deviation list signer",
    }
}
