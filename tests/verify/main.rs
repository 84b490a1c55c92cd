//! `sceau verify` as it is run: exit codes, JSON, and passports of four origins.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod bsi;
mod options;
mod other_encoders;
mod specimen;
mod vectors;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lds::{FileId, Sod};
use serde_json::Value;

/// A passport in a folder, and its certificates beside it.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &BTreeMap<FileId, Vec<u8>>) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(folder.passport()).unwrap();
        for (file, content) in files {
            folder.write_file(*file, content);
        }
        folder
    }

    fn passport(&self) -> PathBuf {
        self.0.path().join("passport")
    }

    fn write_file(&self, file: FileId, content: &[u8]) {
        std::fs::write(self.passport().join(file.file_name()), content).unwrap();
    }

    /// Writes a file beside the passport.
    fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

/// Runs `sceau verify`.
fn verify(passport: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sceau"));
    command.arg("verify").arg(passport).args(arguments).output().unwrap()
}

/// Runs `sceau verify --json`, whose exit code must be that of its verdict.
fn judge(passport: &Path, arguments: &[&str]) -> Value {
    let output = verify(passport, &[arguments, &["--json"]].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{errors}"));
    let accepted = json["rejection"].is_null();
    assert_eq!(json["verdict"], if accepted { "accept" } else { "reject" });
    assert_eq!(output.status.code(), Some(if accepted { 0 } else { 1 }));
    let failed = json["checks"].as_array().unwrap().iter().filter(|check| check["result"] == "failed");
    assert_eq!(failed.count(), usize::from(!accepted), "the refused check, and no other, has failed");
    assert_eq!(json["chip"], "not-proved");
    json
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut out = bytes.to_vec();
    out[at] ^= 1;
    out
}

/// Where the parts of EF.SOD stand that are signed, and the signatures: content, attributes, the certificate's own
/// content, both signatures.
fn signed_ranges(sod: &[u8]) -> Vec<(&'static str, std::ops::Range<usize>)> {
    let parsed = Sod::parse(sod).unwrap();
    let find = |part: &[u8]| {
        let mut places = sod.windows(part.len()).enumerate().filter(|(_, window)| *window == part);
        let (start, _) = places.next().expect("a part of EF.SOD");
        start..start + part.len()
    };
    let attributes = parsed.signer.signed_attrs_der.unwrap();
    let mut ranges = vec![
        ("content", find(&parsed.econtent_raw)),
        // Signed with the tag of a SET, written with that of [0].
        ("attributes", find(&attributes[1..])),
        ("signature", find(&parsed.signer.signature)),
    ];
    if let Some(certificate) = parsed.certificates.first() {
        let outer = lds::tlv::read_one("certificate", certificate, 0x30).unwrap();
        let mut fields = outer.children().unwrap();
        let content = fields.expect(0x30).unwrap().raw;
        fields.expect(0x30).unwrap();
        ranges.push(("certificate", find(content)));
        ranges.push(("certificate's signature", find(fields.expect(0x03).unwrap().value)));
    }
    ranges
}
