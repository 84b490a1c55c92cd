//! The BSI reference data set of TR-03105 Part 5.1, which is not committed: read from the folder in `SCEAU_SHARED`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lds::{FileId, Sod};

use crate::{Folder, flipped, judge, text, verify};

const AT: [&str; 2] = ["--at", "2014-06-01T00:00:00Z"];

fn data_set() -> Option<PathBuf> {
    let Ok(shared) = std::env::var("SCEAU_SHARED") else {
        println!("skipped: SCEAU_SHARED is not set");
        return None;
    };
    Some(PathBuf::from(shared).join("bsi-reference-dataset"))
}

/// A copy without DG15, which EF.SOD does not list; beside it the document signer that EF.SOD carries.
fn without_dg15(data_set: &std::path::Path) -> (Folder, BTreeMap<FileId, Vec<u8>>, PathBuf) {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(data_set).unwrap() {
        let path = entry.unwrap().path();
        if let Some(file) = FileId::from_name(path.file_name().unwrap().to_str().unwrap()) {
            files.insert(file, std::fs::read(path).unwrap());
        }
    }
    assert!(files.remove(&FileId::Dg(15)).is_some());
    let folder = Folder::new(&files);
    let dsc = folder.write("dsc.der", &Sod::parse(&files[&FileId::Sod]).unwrap().certificates[0]);
    (folder, files, dsc)
}

#[test]
fn shared_bsi_data_set_is_accepted_without_dg15_and_refused_with_it() {
    let Some(data_set) = data_set() else { return };
    let (folder, _, dsc) = without_dg15(&data_set);
    let arguments = [&["--dsc", text(&dsc), "--trust-dsc"], &AT[..]].concat();
    let accepted = judge(&folder.passport(), &arguments);
    assert_eq!(accepted["verdict"], "accept");
    assert_eq!(accepted["identity"]["surname"], "MUSTERMANN");
    assert_eq!(accepted["algorithms"]["sod-signature"], "RSASSA-PSS SHA-256/32");
    let refused = judge(&data_set, &arguments);
    assert_eq!(refused["rejection"], "pa.not-in-sod(DG15)");
    let not_trusted = judge(&folder.passport(), &[&["--dsc", text(&dsc)], &AT[..]].concat());
    assert_eq!(not_trusted["rejection"], "pa.csca-unknown");
    let later =
        judge(&folder.passport(), &["--dsc", text(&dsc), "--trust-dsc", "--at", "2015-01-01T00:00:00Z"]);
    assert_eq!(later["rejection"], "pa.dsc-expired");
}

#[test]
fn shared_bsi_data_set_flipped_anywhere_is_refused() {
    let Some(data_set) = data_set() else { return };
    let (folder, files, dsc) = without_dg15(&data_set);
    let arguments = [&["--dsc", text(&dsc), "--trust-dsc"], &AT[..]].concat();
    for n in [1, 2, 3, 4, 14] {
        let content = &files[&FileId::Dg(n)];
        for place in [0, content.len() / 2, content.len() - 1] {
            folder.write_file(FileId::Dg(n), &flipped(content, place));
            let code = judge(&folder.passport(), &arguments)["rejection"].clone();
            assert_eq!(code, format!("pa.hash-mismatch(DG{n})"));
        }
        folder.write_file(FileId::Dg(n), content);
    }
    let sod = &files[&FileId::Sod];
    for (part, range) in crate::signed_ranges(sod) {
        for place in range.step_by(11) {
            folder.write_file(FileId::Sod, &flipped(sod, place));
            let status = verify(&folder.passport(), &arguments).status.code();
            assert_eq!(status, Some(1), "{part}, byte {place}");
        }
    }
}
