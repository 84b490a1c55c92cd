//! A passport in a folder is the same chip when it is read back.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::fs;
use std::path::Path;

use chip_emulator::{AaKey, Chip, ChipContents, FolderError};
use clock::UnixTime;
use crypto::{Curve, SessionCipher};
use emrtd::{AccessProtocol, Can, MrzKey, Terminal, active_authentication, chip_authentication};
use lds::{Dg14, Dg15, FileId};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use test_passports::{ActiveAuthentication, ChipAuthentication, Specimen, SpecimenBuilder, StateBuilder};

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn passport(change: impl FnOnce(SpecimenBuilder) -> SpecimenBuilder) -> Specimen {
    let at = UnixTime::from_rfc3339("2026-06-01").unwrap();
    change(SpecimenBuilder::new(at)).build(&StateBuilder::new(at).build())
}

fn read_back(contents: &ChipContents) -> ChipContents {
    let folder = tempfile::tempdir().unwrap();
    contents.write_folder(folder.path()).unwrap();
    ChipContents::read_folder(folder.path()).unwrap()
}

/// Opens the chip, reads it, and lets it prove both keys.
fn prove(contents: ChipContents, specimen: &Specimen) -> AccessProtocol {
    let mut terminal = Terminal::new(Chip::new(contents, rng(1)));
    let protocol = terminal.open(MrzKey::from(&specimen.mrz), &mut rng(2)).unwrap();
    let dg14 = Dg14::parse(&terminal.read_file(FileId::Dg(14), |_, _| {}).unwrap()).unwrap();
    if specimen.aa_key.is_some() {
        let dg15 = Dg15::parse(specimen.file(FileId::Dg(15))).unwrap();
        let signature = terminal.internal_authenticate(b"8 bytes.").unwrap();
        let info = dg14.active_authentication.as_ref();
        assert!(active_authentication::verify(&dg15, info, b"8 bytes.", &signature).is_ok());
    }
    let dg1 = specimen.file(FileId::Dg(1));
    let (task, step) = chip_authentication::begin(&dg14, dg1.len(), &mut rng(3)).unwrap();
    assert_eq!(step.received(&terminal.run_chip_authentication(&task).unwrap()).unwrap(), dg1);
    protocol
}

#[test]
fn every_kind_of_chip_is_read_back_and_proves_its_keys() {
    let numbered = ChipAuthentication {
        curve: Curve::P256,
        cipher: Some(SessionCipher::Aes256),
        explicit: false,
        key_id: Some(300),
    };
    let passports = [
        passport(|p| p),
        passport(SpecimenBuilder::french_chip_of_2017),
        passport(|p| p.pace(None).active_authentication(Some(ActiveAuthentication::Rsa1024))),
        passport(|p| {
            let aa = ActiveAuthentication::Ec(Curve::BrainpoolP256r1);
            p.chip_authentication(Some(numbered)).active_authentication(Some(aa))
        }),
    ];
    for specimen in &passports {
        let contents = read_back(&specimen.chip_contents());
        assert_eq!(contents.files, specimen.files);
        let protocol = prove(contents, specimen);
        assert_eq!(protocol == AccessProtocol::Bac, specimen.pace.is_none());
    }
}

#[test]
fn a_card_access_number_and_both_ways_in_are_kept() {
    let specimen = passport(|p| p);
    let mut contents = specimen.chip_contents();
    (contents.bac, contents.can) = (true, Some(Can::new("500540").unwrap()));
    let read = read_back(&contents);
    assert!(read.bac);
    assert_eq!(read.can, contents.can);
    let mut terminal = Terminal::new(Chip::new(read, rng(1)));
    assert_eq!(terminal.open(Can::new("500540").unwrap(), &mut rng(2)), Ok(AccessProtocol::Pace));
}

#[test]
fn a_folder_of_files_alone_is_a_chip_without_keys() {
    let specimen = passport(|p| p.pace(None));
    let folder = tempfile::tempdir().unwrap();
    specimen.chip_contents().write_folder(folder.path()).unwrap();
    fs::remove_file(folder.path().join("chip.json")).unwrap();
    let contents = ChipContents::read_folder(folder.path()).unwrap();
    assert!(contents.bac && contents.ca_keys.is_empty() && contents.aa_key.is_none());
}

#[test]
fn other_files_in_the_folder_are_left_alone() {
    let specimen = passport(|p| p);
    let folder = tempfile::tempdir().unwrap();
    specimen.chip_contents().write_folder(folder.path()).unwrap();
    fs::write(folder.path().join("csca.pem"), "").unwrap();
    assert_eq!(ChipContents::read_folder(folder.path()).unwrap().files, specimen.files);
}

#[test]
fn the_hash_of_an_rsa_key_is_kept() {
    let specimen = passport(|p| p.active_authentication(Some(ActiveAuthentication::Rsa2048)));
    let Some(AaKey::Rsa { hash, .. }) = read_back(&specimen.chip_contents()).aa_key else { panic!() };
    assert_eq!(hash.name(), "SHA-256");
}

fn refusal(change: impl FnOnce(&Path)) -> FolderError {
    let folder = tempfile::tempdir().unwrap();
    let aa = Some(ActiveAuthentication::Ec(Curve::P256));
    passport(|p| p.active_authentication(aa)).chip_contents().write_folder(folder.path()).unwrap();
    assert!(ChipContents::read_folder(folder.path()).is_ok());
    change(folder.path());
    ChipContents::read_folder(folder.path()).unwrap_err()
}

#[test]
fn what_is_no_passport_is_refused_with_its_reason() {
    let error = refusal(|folder| fs::remove_file(folder.join("EF_DG1.bin")).unwrap());
    assert!(matches!(error, FolderError::NoMrz(_)));
    let error = refusal(|folder| fs::write(folder.join("EF_DG1.bin"), [0x61, 0]).unwrap());
    assert!(matches!(error, FolderError::Lds(_)));
    let error = refusal(|folder| fs::write(folder.join("EF_CardAccess.bin"), [0x30, 0]).unwrap());
    assert!(matches!(error, FolderError::Lds(_)));
    let error = refusal(|folder| fs::remove_dir_all(folder).unwrap());
    assert!(matches!(error, FolderError::Io { .. }));
}

#[test]
fn a_chip_file_with_one_thing_wrong_is_refused() {
    for (right, wrong) in [
        ("\"bac\"", "\"unknown\""),
        ("AES-128", "AES-129"),
        ("SHA-256", "SHA-257"),
        ("\"private_key\": \"M", "\"private_key\": \"*"),
        ("\"private_key\": \"M", "\"private_key\": \"N"),
    ] {
        let error = refusal(|folder| {
            let path = folder.join("chip.json");
            let json = fs::read_to_string(&path).unwrap();
            assert!(json.contains(right), "{right}");
            fs::write(&path, json.replacen(right, wrong, 1)).unwrap();
        });
        assert!(matches!(error, FolderError::Chip(_)), "{wrong}: {error}");
    }
}
