//! The vectors of Passive Authentication as folders: trust through the options, files by their names.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lds::FileId;
use test_passports::vectors::manifest::{Evidence, Manifest, Outcome};

use crate::{Folder, judge, text};

#[test]
fn every_vector_of_passive_authentication_is_judged_as_its_manifest_says() {
    let vectors = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("test-vectors");
    let read = |path: &str| std::fs::read(vectors.join(path)).unwrap();
    let manifest: Manifest = serde_json::from_slice(&read("passive-authentication.json")).unwrap();
    let mut options = BTreeMap::new();
    for case in &manifest.cases {
        let files = case.files.iter().map(|(name, path)| (FileId::from_name(name).unwrap(), read(path)));
        let folder = Folder::new(&files.collect());
        let trust = &case.trust;
        let kinds =
            [("--csca", &trust.csca), ("--dsc", &trust.dsc), ("--link", &trust.link), ("--crl", &trust.crl)];
        let mut arguments = vec!["--at".to_owned(), case.validation_time.clone()];
        for (option, path) in kinds.into_iter().flat_map(|(o, paths)| paths.iter().map(move |p| (o, p))) {
            arguments.extend([option.to_owned(), text(&vectors.join(path)).to_owned()]);
            *options.entry(option).or_insert(0) += 1;
        }
        if let Some(policy) = &case.policy.inspection {
            arguments.extend(["--policy".to_owned(), policy.clone()]);
            *options.entry("--policy").or_insert(0) += 1;
        }
        if let Some(Evidence::OpticalMrz { text: mrz }) = &case.evidence {
            arguments.extend(["--mrz".to_owned(), mrz.clone()]);
            *options.entry("--mrz").or_insert(0) += 1;
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let verdict = judge(&folder.passport(), &arguments);
        let code = verdict["rejection"].as_str();
        match case.result {
            Outcome::Valid => assert_eq!(code, None, "{}", case.id),
            Outcome::Invalid => assert_eq!(code, case.rejection.as_deref(), "{}", case.id),
            Outcome::Acceptable => {
                assert!(code.is_none() || code == case.rejection.as_deref(), "{}: {code:?}", case.id);
            }
        }
    }
    assert_eq!(options.len(), 6, "each option is used by a case: {options:?}");
}
