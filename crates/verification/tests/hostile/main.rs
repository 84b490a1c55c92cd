//! Hostile input: each document that is made to cost time or memory is refused for what is wrong with it and within the
//! limit of memory, and the corpus of the fuzz targets `certificates`, `trust_input` and `verify` is read again.
//!
//! What these documents cost in time is printed by `cargo run --release -p verification --example hostile`.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod cases;
#[path = "../../../../fuzz/fuzz_targets/verification/mod.rs"]
mod fuzz_targets;
mod seeds;
#[path = "../world/mod.rs"]
mod world;

use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use peak_alloc::PeakAlloc;
use verification::{Policy, judge_data};

use crate::cases::LIMIT;
use crate::seeds::Seed;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// The allocator counts for all threads: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// A fuzz target of this crate.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    Certificates,
    TrustInput,
    Verify,
}

impl Target {
    const ALL: [Self; 3] = [Self::Certificates, Self::TrustInput, Self::Verify];

    fn folder(self) -> PathBuf {
        let name = match self {
            Self::Certificates => "certificates",
            Self::TrustInput => "trust_input",
            Self::Verify => "verify",
        };
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus-seed").join(name)
    }

    fn read(self, bytes: &[u8]) {
        match self {
            Self::Certificates => fuzz_targets::certificates(bytes),
            Self::TrustInput => fuzz_targets::trust_input(bytes),
            Self::Verify => fuzz_targets::verify(bytes),
        }
    }
}

/// The most bytes that were allocated at once, beyond those that were before.
fn peak(run: impl FnOnce()) -> usize {
    ALLOCATOR.reset_peak_usage();
    let before = ALLOCATOR.current_usage();
    run();
    ALLOCATOR.peak_usage().saturating_sub(before)
}

#[test]
fn hostile_documents_are_refused_for_what_is_wrong_and_take_less_than_64_mb() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut wrong = Vec::new();
    for case in cases::all().into_iter().chain(cases::of_the_corpus()) {
        let (store, data) = (case.store(), case.data());
        let length: usize = case.files.values().map(Vec::len).sum();
        assert!(length < 1_000_000, "{}: {length}", case.name);
        let mut code = None;
        let peak = peak(|| {
            let judged = judge_data(&data, &store, &Policy::field(), world::at());
            code = judged.outcome.err().map(|rejection| rejection.code());
        });
        assert!(peak < LIMIT, "{}: {peak} bytes", case.name);
        if case.code.is_some_and(|expected| code.as_deref() != expected) {
            wrong.push((case.name, code));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_seed_corpus_is_what_is_made_here() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for Seed { target, name, bytes } in seeds::seeds() {
        let path = target.folder().join(name);
        if std::env::var_os("SCEAU_WRITE_CORPUS").is_some() {
            fs::create_dir_all(target.folder()).unwrap();
            fs::write(&path, &bytes).unwrap();
        }
        let found = fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert!(found == bytes, "{} differs", path.display());
    }
}

#[test]
fn every_file_of_the_corpus_is_read_as_every_target_reads_it() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folders = Target::ALL.map(Target::folder);
    let files: Vec<_> =
        folders.iter().flat_map(|f| fs::read_dir(f).unwrap()).map(|e| e.unwrap().path()).collect();
    assert!(files.len() >= 25, "{} files", files.len());
    for file in files {
        let bytes = fs::read(&file).unwrap();
        for target in Target::ALL {
            let peak = peak(|| target.read(&bytes));
            assert!(peak < LIMIT, "{} as {target:?}: {peak} bytes", file.display());
        }
    }
}
