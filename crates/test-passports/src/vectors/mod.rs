//! The vectors in `test-vectors/`: cases are code here and files there.
//!
//! [`tree`] makes every file from fixed seeds; `cargo run -p test-passports --bin write-vectors` writes them, and a test
//! compares the committed tree with a new one.

mod active_authentication;
mod bsi;
mod chip_authentication;
pub mod chip_session;
mod crl;
mod draft;
mod enrolment;
pub mod manifest;
mod master_list;
mod mrz;
mod pace_cam;
mod passive_authentication;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use crypto::sha256;

use draft::Draft;
use manifest::{Case, Manifest, SCHEMA_VERSION, Trust};

const README: &str = include_str!("README.md");
const SCHEMA: &str = include_str!("schema.json");
/// The BSI's test plan: its cases, and why those of the tiers C, T and N have no vector.
const PLAN: &str = include_str!("bsi/plan.json");

/// Suite, description, cases.
type Suite = (&'static str, &'static str, fn() -> Vec<Draft>);

const SUITES: [Suite; 8] = [
    (
        "passive-authentication",
        "EF.SOD and the data groups it covers, judged against trusted CSCAs",
        passive_authentication::cases,
    ),
    (
        "active-authentication",
        "The chip's signature over the server's challenge",
        active_authentication::cases,
    ),
    (
        "chip-authentication",
        "The chip's answers under keys that the server agreed on with it",
        chip_authentication::cases,
    ),
    (
        "pace-cam",
        "Runs of PACE with Chip Authentication mapping, whose terminal was the judge's own",
        pace_cam::cases,
    ),
    ("master-list", "CSCA master lists, behind pinned CSCAs", master_list::cases),
    ("crl", "What a certificate revocation list says of a certificate", crl::cases),
    ("mrz", "Texts read as an MRZ", mrz::cases),
    ("enrolment", "Documents and policies, from the files to the holder's identity", enrolment::cases),
];

/// All files of `test-vectors/`, by path with `/`.
#[must_use]
pub fn tree() -> BTreeMap<String, Vec<u8>> {
    let mut tree = BTreeMap::new();
    for (name, description, cases) in SUITES {
        let cases = cases().into_iter().map(|draft| finish(draft, &mut tree)).collect();
        let manifest = Manifest {
            schema_version: SCHEMA_VERSION,
            suite: name.into(),
            description: description.into(),
            cases,
        };
        let mut json = serde_json::to_string_pretty(&manifest).expect("a manifest is JSON");
        json.push('\n');
        tree.insert(format!("{name}.json"), json.into_bytes());
    }
    tree.insert("README.md".into(), README.into());
    tree.insert("schema.json".into(), SCHEMA.into());
    tree.insert("bsi-tr-03105-5.1.json".into(), PLAN.into());
    tree
}

/// Writes [`tree`] below `dir`, and removes what else is in its folder `files`.
///
/// # Errors
/// A file cannot be written or removed.
pub fn write(dir: &Path) -> io::Result<()> {
    let tree = tree();
    if let Ok(entries) = std::fs::read_dir(dir.join("files")) {
        for entry in entries {
            let entry = entry?;
            if !tree.contains_key(&format!("files/{}", entry.file_name().to_string_lossy())) {
                std::fs::remove_file(entry.path())?;
            }
        }
    }
    for (path, bytes) in tree {
        let path = dir.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, bytes)?;
    }
    Ok(())
}

/// Gives the files of a case their paths: the kind and the beginning of the SHA-256, so equal files are one.
fn finish(draft: Draft, tree: &mut BTreeMap<String, Vec<u8>>) -> Case {
    let mut store = |kind: &str, bytes: Vec<u8>| {
        let path = format!("files/{kind}-{}.bin", hex::encode(&sha256(&bytes)[..6]));
        tree.insert(path.clone(), bytes);
        path
    };
    let mut all = |kind: &str, list: Vec<Vec<u8>>| list.into_iter().map(|b| store(kind, b)).collect();
    let trust = Trust {
        csca: all("csca", draft.trust.csca),
        link: all("link", draft.trust.link),
        dsc: all("dsc", draft.trust.dsc),
        crl: all("crl", draft.trust.crl),
        pins: draft.trust.pins,
    };
    let files = draft.files.into_iter().map(|(id, bytes)| {
        let kind = id.name().replace('.', "_");
        (id.name().to_owned(), store(&kind, bytes))
    });
    let files = files.collect();
    let objects = draft.objects.into_iter();
    let objects =
        objects.map(|(name, bytes)| (name.to_owned(), store(&name.replace('-', "_"), bytes))).collect();
    Case {
        objects,
        id: draft.id.into(),
        description: draft.description.into(),
        flags: draft.flags.into_iter().map(Into::into).collect(),
        importance: draft.importance,
        reference: draft.reference.into(),
        validation_time: draft.at.to_string(),
        files,
        trust,
        policy: draft.policy,
        evidence: draft.evidence,
        result: draft.result,
        rejection: draft.rejection.map(Into::into),
        twin: draft.twin.map(Into::into),
    }
}
