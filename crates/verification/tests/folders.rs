//! Files beside the ordinary: data groups that no server wants, a changed certificate of a signer that is known.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use clock::UnixTime;
use crypto::HashAlgorithm;
use lds::{FileId, Sod, tlv};
use test_passports::{Specimen, SpecimenBuilder, StateBuilder};
use verification::{Check, CheckResult, ChipData, Policy, Rejection, TrustStore, judge_data};

fn at() -> UnixTime {
    UnixTime::from_rfc3339("2026-06-01").unwrap()
}

/// A passport with fingerprints.
fn passport() -> Specimen {
    let state = StateBuilder::new(at()).build();
    let mut passport = SpecimenBuilder::new(at()).build(&state);
    passport.files.insert(FileId::Dg(3), tlv::encode(0x63, &[0; 40]));
    let security_object = passport.security_object(&state, 1, HashAlgorithm::Sha256);
    passport.sign_with(&security_object, &state.dsc.signer);
    passport
}

/// The line about DG3, or why the document is refused.
fn fingerprints(passport: &Specimen, data: &ChipData) -> Result<Check, Rejection> {
    let mut store = TrustStore::new();
    store.add_csca(&passport.csca_der).unwrap();
    let inspection = judge_data(data, &store, &Policy::default(), at());
    let line = inspection.report.checks.iter().find(|check| check.id == "pa.hash(DG3)").unwrap().clone();
    inspection.outcome.map(|_| line)
}

#[test]
fn fingerprints_are_dropped() {
    let passport = passport();
    let line = fingerprints(&passport, &ChipData::new(passport.files.clone())).unwrap();
    assert_eq!((line.result, &*line.detail), (CheckResult::Skipped, "DG3 was not received"));
}

#[test]
fn fingerprints_of_a_whole_folder_are_compared_with_their_hash() {
    let mut passport = passport();
    let line = fingerprints(&passport, &ChipData::whole(passport.files.clone())).unwrap();
    assert_eq!(line.result, CheckResult::Passed);
    passport.files.get_mut(&FileId::Dg(3)).unwrap()[20] ^= 1;
    let refused = fingerprints(&passport, &ChipData::whole(passport.files.clone()));
    assert_eq!(refused, Err(Rejection::HashMismatch(3)));
}

/// EF.SOD as it is, and with one byte of its certificate changed.
#[test]
fn a_changed_certificate_is_refused_although_the_right_one_is_known_or_an_anchor() {
    let passport = passport();
    let sod = passport.file(FileId::Sod);
    let certificate = &Sod::parse(sod).unwrap().certificates[0];
    let start = sod.windows(certificate.len()).position(|window| window == certificate).unwrap();
    let mut known = TrustStore::new();
    known.add_csca(&passport.csca_der).unwrap();
    known.add_document_signer(&passport.dsc_der).unwrap();
    let mut anchored = TrustStore::new();
    anchored.add_document_signer_anchor(&passport.dsc_der).unwrap();
    for store in [known, anchored] {
        let judge = |sod: &[u8]| store.authenticate_sod(sod, &Policy::default(), at()).outcome;
        assert!(judge(sod).is_ok());
        for place in start..start + certificate.len() {
            let mut changed = sod.to_vec();
            changed[place] ^= 1;
            assert!(judge(&changed).is_err(), "byte {place}");
        }
    }
}
