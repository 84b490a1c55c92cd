//! A passport in a folder is the same chip when it is read back.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::fs;
use std::path::Path;

use chip_emulator::{AaKey, Chip, ChipContents, FolderError};
use clock::UnixTime;
use crypto::{Curve, SessionCipher};
use emrtd::{AccessProtocol, Can, MrzKey, Terminal, active_authentication, chip_authentication};
use lds::security_info::{ChipAuthenticationInfo, ChipAuthenticationPublicKeyInfo, SecurityInfo};
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
    for name in ["chip.toml", "DG14_sk.pkcs8"] {
        fs::remove_file(folder.path().join(name)).unwrap();
    }
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
fn a_chip_file_or_a_key_with_one_thing_wrong_is_refused() {
    for (right, wrong) in [
        ("bac", "unknown"),
        ("SHA-256", "SHA-257"),
        ("bac = false", "can = \"1\""),
        ("bac = false", "faults = [\"no-such\"]"),
        ("bac = false", "mrz = [\"\", \"800101\", \"300101\"]"),
        ("active_authentication_hash = \"SHA-256\"", "[[pace]]\noid = \"x\"\nparameters = 13"),
    ] {
        let error = refusal(|folder| {
            let path = folder.join("chip.toml");
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.contains(right), "{right}");
            fs::write(&path, text.replacen(right, wrong, 1)).unwrap();
        });
        assert!(matches!(error, FolderError::Chip(_, _)), "{wrong}: {error}");
    }
    for name in ["DG14_sk.pkcs8", "DG15_sk.pkcs8"] {
        let error = refusal(|folder| fs::write(folder.join(name), [0x30, 0]).unwrap());
        assert!(error.to_string().starts_with(name), "{error}");
    }
}

/// Several keys and ciphers: EF.DG14 says which number and cipher goes with which file.
#[test]
fn keys_are_told_apart_by_ef_dg14() {
    let mut specimen = passport(|p| p);
    let (mut contents, mut infos) = (specimen.chip_contents(), Vec::new());
    let keys = [(1, Curve::P256), (2, Curve::BrainpoolP256r1), (3, Curve::P256)].map(|(id, curve)| {
        let key = crypto::EcPrivateKey::generate(curve, &mut rng(id));
        let spki = crypto::PublicKey::Ec(key.public_key()).to_spki_der();
        infos.push(SecurityInfo::ChipAuthenticationPublicKey(ChipAuthenticationPublicKeyInfo::ecdh(
            spki,
            Some(id),
        )));
        (id, key)
    });
    let ways = [
        (1, SessionCipher::Aes128),
        (1, SessionCipher::Aes256),
        (2, SessionCipher::Aes192),
        (3, SessionCipher::Aes128),
    ];
    let way = |(id, cipher): &(u64, SessionCipher)| {
        SecurityInfo::ChipAuthentication(ChipAuthenticationInfo::ecdh(*cipher, Some(*id)))
    };
    infos.extend(ways.iter().map(way));
    specimen.files.insert(FileId::Dg(14), Dg14::new(infos).encode());
    contents.files = specimen.files.clone();
    contents.ca_keys = keys
        .iter()
        .flat_map(|(id, key)| {
            let ways = ways.iter().filter(move |(of, _)| of == id);
            ways.map(move |(_, cipher)| chip_emulator::CaKey {
                key_id: Some(*id),
                cipher: *cipher,
                key: key.clone().into(),
            })
        })
        .collect();
    let read = read_back(&contents);
    let mut found: Vec<_> = read.ca_keys.iter().map(|key| (key.key_id.unwrap(), key.cipher)).collect();
    found.sort_by_key(|(id, cipher)| (*id, cipher.key_len()));
    assert_eq!(found, ways);
    assert_eq!(prove(read, &specimen), AccessProtocol::Pace);
}

#[test]
fn ways_of_pace_faults_and_the_mrz_are_those_of_the_chip_file() {
    let specimen = passport(|p| p.pace(None));
    let folder = tempfile::tempdir().unwrap();
    specimen.chip_contents().write_folder(folder.path()).unwrap();
    let text = "mrz = [\"X1\", \"800101\", \"300101\"]\nfaults = [\"sm-mac\", \"delay=1\"]\n\
                [[pace]]\noid = \"0.4.0.127.0.7.2.2.4.4.3\"\nparameters = 13\n";
    fs::write(folder.path().join("chip.toml"), text).unwrap();
    let contents = ChipContents::read_folder(folder.path()).unwrap();
    assert_eq!(contents.faults.len(), 2);
    let mut terminal = Terminal::new(Chip::new(contents, rng(1)));
    let key = MrzKey::new("X1", "800101", "300101").unwrap();
    assert_eq!(terminal.open(key, &mut rng(2)), Ok(AccessProtocol::Pace));
    assert_eq!(terminal.read_file(FileId::Com, |_, _| {}).unwrap_err().code(), "sm.mac");
}

/// The BSI's reference set as it lies there: names, keys, and no setting.
#[test]
fn shared_the_reference_set_is_a_chip_with_both_keys() {
    let Some(shared) = std::env::var_os("SCEAU_SHARED") else {
        println!("skipped: SCEAU_SHARED is not set");
        return;
    };
    let contents = ChipContents::read_folder(&Path::new(&shared).join("bsi-reference-dataset")).unwrap();
    assert!(contents.bac && contents.aa_key.is_some());
    let dg1 = lds::Dg1::parse(&contents.files[&FileId::Dg(1)]).unwrap();
    let dg14 = Dg14::parse(&contents.files[&FileId::Dg(14)]).unwrap();
    let mut terminal = Terminal::new(Chip::new(contents.clone(), rng(1)));
    terminal.open(MrzKey::from(&dg1.mrz), &mut rng(2)).unwrap();
    let signature = terminal.internal_authenticate(b"8 bytes.").unwrap();
    let dg15 = Dg15::parse(&contents.files[&FileId::Dg(15)]).unwrap();
    assert!(active_authentication::verify(&dg15, None, b"8 bytes.", &signature).is_ok());
    let (task, step) = chip_authentication::begin(&dg14, 93, &mut rng(3)).unwrap();
    let responses = terminal.run_chip_authentication(&task).unwrap();
    assert_eq!(step.received(&responses).unwrap(), contents.files[&FileId::Dg(1)]);
}
