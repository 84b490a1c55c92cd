//! What `list` and `report` show.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use verification::{KeptList, Kind, ListRecord, TrustBase, TrustReport};

/// `list` as JSON.
#[derive(Serialize)]
pub(super) struct Listing<'a> {
    version: u64,
    changed_at: String,
    lists: BTreeMap<&'a str, List<'a>>,
    certificates: BTreeMap<&'a str, Certificate<'a>>,
    crls: Vec<&'a str>,
    deviation_lists: BTreeMap<&'a str, FaultList<'a>>,
    defect_lists: BTreeMap<&'a str, FaultList<'a>>,
    distrusted: BTreeMap<&'a str, String>,
}

#[derive(Serialize)]
struct List<'a> {
    sha256: &'a str,
    signed_at: String,
    imported_at: String,
    certificates: usize,
    pin: &'a str,
}

#[derive(Serialize)]
struct FaultList<'a> {
    sha256: &'a str,
    signed_at: String,
    imported_at: String,
    entries: usize,
    pin: &'a str,
}

#[derive(Serialize)]
struct Certificate<'a> {
    kind: Kind,
    sources: Vec<&'a str>,
    omitted: BTreeMap<&'a str, String>,
    added_at: String,
}

impl<'a> Listing<'a> {
    pub(super) fn new(version: u64, base: &'a TrustBase) -> Self {
        let list = |record: &'a ListRecord| List {
            sha256: &record.sha256,
            signed_at: record.signed_at.to_string(),
            imported_at: record.imported_at.to_string(),
            certificates: record.certificates,
            pin: &record.pin,
        };
        let certificates = base.certificates.iter().map(|(id, entry)| {
            let sources = entry.sources.iter().map(String::as_str).collect();
            let omitted = entry.omitted.iter().map(|(by, at)| (by.as_str(), at.to_string())).collect();
            let added_at = entry.added_at.to_string();
            (id.as_str(), Certificate { kind: entry.kind, sources, omitted, added_at })
        });
        Self {
            version,
            changed_at: base.changed_at.to_string(),
            lists: base.lists.iter().map(|(name, record)| (name.as_str(), list(record))).collect(),
            certificates: certificates.collect(),
            deviation_lists: fault_lists(&base.deviation_lists),
            defect_lists: fault_lists(&base.defect_lists),
            crls: base.crls.keys().map(String::as_str).collect(),
            distrusted: base.distrusted.iter().map(|(id, from)| (id.as_str(), from.to_string())).collect(),
        }
    }
}

fn fault_lists<'a>(lists: &'a BTreeMap<String, KeptList>) -> BTreeMap<&'a str, FaultList<'a>> {
    let list = |(publisher, kept): (&'a String, &'a KeptList)| {
        let list = FaultList {
            sha256: &kept.sha256,
            signed_at: kept.signed_at.to_string(),
            imported_at: kept.imported_at.to_string(),
            entries: kept.entries,
            pin: &kept.pin,
        };
        (publisher.as_str(), list)
    };
    lists.iter().map(list).collect()
}

/// `list` for people.
pub(super) fn list(version: u64, base: &TrustBase) -> String {
    let count = |kind: Kind| base.certificates.values().filter(|entry| entry.kind == kind).count();
    let omitted = base.certificates.values().filter(|entry| entry.sources.is_empty()).count();
    let mut out = format!("version {version}, changed at {}\n", base.changed_at);
    for (publisher, record) in &base.lists {
        let (signed, n, pin) = (record.signed_at, record.certificates, &record.pin);
        let _ =
            writeln!(out, "list of {publisher}: signed at {signed}, {n} certificates, behind the pin {pin}");
    }
    for (name, lists) in [("deviation", &base.deviation_lists), ("defect", &base.defect_lists)] {
        for (publisher, kept) in lists {
            let (signed, n, pin) = (kept.signed_at, kept.entries, &kept.pin);
            let _ = writeln!(
                out,
                "{name} list of {publisher}: signed at {signed}, {n} entries, behind the pin {pin}"
            );
        }
    }
    let (cscas, links, signers) = (count(Kind::Csca), count(Kind::Link), count(Kind::DocumentSigner));
    let _ = writeln!(
        out,
        "{cscas} anchors, {omitted} of them in no newest list; {links} links; {signers} document signers; {} CRLs",
        base.crls.len()
    );
    for (id, from) in &base.distrusted {
        let _ = writeln!(out, "distrusted from {from} on: {id}");
    }
    out
}

/// `report` for people.
pub(super) fn report(report: &TrustReport) -> String {
    let age =
        report.age_days.map_or("no list".to_owned(), |days| format!("the newest list is {days} days old"));
    let mut out = format!("changed at {}; {age}\n", report.changed_at);
    let head = ("valid", "expired", "omitted", "distrusted", "links", "signers");
    let _ = writeln!(
        out,
        "country  {:>5}  {:>7}  {:>7}  {:>10}  {:>5}  {:>7}  first expiry  last expiry  algorithms",
        head.0, head.1, head.2, head.3, head.4, head.5
    );
    for row in &report.countries {
        let algorithms: Vec<String> = row.algorithms.iter().map(|(name, n)| format!("{n} {name}")).collect();
        let day = |time: &Option<String>| time.as_deref().and_then(|t| t.get(..10)).unwrap_or("-").to_owned();
        let _ = writeln!(
            out,
            "{:7}  {:5}  {:7}  {:7}  {:10}  {:5}  {:7}  {:12}  {:11}  {}",
            row.country,
            row.cscas_valid,
            row.cscas_not_valid,
            row.cscas_omitted,
            row.cscas_distrusted,
            row.links,
            row.document_signers,
            day(&row.first_expiry),
            day(&row.last_expiry),
            algorithms.join(", ")
        );
    }
    out
}
