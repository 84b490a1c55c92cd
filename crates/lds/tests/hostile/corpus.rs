//! The seed corpus of the fuzz targets (`fuzz/corpus-seed/<target>/<name>`): every file is read by its target's parser,
//! quickly and without a panic. Findings of the fuzzer are added to the folders as files; the files below are made here.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::seeds::seeds;
use crate::{Seed, Target};

/// A hundred times what a release build needs: these tests run unoptimised, beside others.
const LIMIT: Duration = Duration::from_secs(2);

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus-seed")
}

/// With `SCEAU_WRITE_CORPUS` set, the files are written; else they must be there as they are made.
#[test]
fn the_seed_corpus_is_what_is_made_here() {
    for Seed { target, name, bytes, .. } in seeds() {
        let path = folder().join(target.name()).join(name);
        if std::env::var_os("SCEAU_WRITE_CORPUS").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &bytes).unwrap();
        }
        let found = fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert!(found == bytes, "{} differs", path.display());
    }
}

#[test]
fn seeds_are_read_or_refused_as_their_name_says() {
    for Seed { target, name, bytes, refused_with } in seeds() {
        match (target.read(&bytes), refused_with) {
            (Ok(()), None) => {}
            // Which part of the file it is, is for the tests of that file.
            (Err(error), Some(code)) => {
                let told = error.code();
                let file = told.split_once(": ").map(|(file, _)| format!("{file})"));
                assert_eq!(file.unwrap_or(told), code, "{target:?} {name}");
            }
            (other, _) => panic!("{target:?} {name}: {other:?}"),
        }
    }
}

#[test]
fn every_file_of_the_corpus_is_read_quickly_by_its_own_parser_and_by_all_others() {
    let mut files = BTreeMap::new();
    for target in Target::ALL {
        for file in fs::read_dir(folder().join(target.name())).expect("a folder for each target") {
            let path = file.unwrap().path();
            files.insert(path.clone(), fs::read(path).unwrap());
        }
    }
    assert!(files.len() >= 40, "{} files", files.len());
    for (path, bytes) in files {
        for target in Target::ALL {
            let begin = Instant::now();
            let _ = target.read(&bytes);
            let elapsed = begin.elapsed();
            assert!(elapsed < LIMIT, "{} as {target:?}: {elapsed:?}", path.display());
        }
    }
}
