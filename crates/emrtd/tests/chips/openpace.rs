//! The terminal and the chip emulator against OpenPACE (libeac, by `scripts/openpace.py`), which shares no code with
//! them: PACE with generic mapping, in every group and with every cipher, and secure messaging.

use std::net::TcpListener;
use std::process::Command;

use chip_emulator::{Chip, ChipContents, TcpChannel, serve_connection};
use crypto::{Curve, SessionCipher};
use emrtd::{AccessProtocol, Error, MrzKey, Terminal};
use lds::FileId;
use lds::security_info::{KeyAgreement, PaceInfo, PaceMapping, SecurityInfo};
use serde_json::{Value, json};
use test_passports::Specimen;

use crate::scripted::{ScriptedChip, python};
use crate::specimens::{Offers, ca, mrz_key, passport, rng};

const CIPHERS: [SessionCipher; 4] =
    [SessionCipher::TripleDes, SessionCipher::Aes128, SessionCipher::Aes192, SessionCipher::Aes256];

fn openpace() -> Command {
    python("openpace.py", "import cryptography, ctypes; ctypes.CDLL('libeac.so.3')")
}

/// Generic mapping, the only one that Debian's libeac has: every group with one of the ciphers, and P-256 with each.
fn ways() -> impl Iterator<Item = PaceInfo> {
    let groups = (0..=2).chain(8..=18).enumerate().map(|(index, group)| (group, CIPHERS[index % 4]));
    let on_p256 = CIPHERS.map(|cipher| (12, cipher));
    groups.filter(|(group, _)| *group != 12).chain(on_p256).map(|(group, cipher)| {
        let agreement = if group < 8 { KeyAgreement::Dh } else { KeyAgreement::Ecdh };
        PaceInfo::new(agreement, PaceMapping::Generic, cipher, group)
    })
}

fn offering(passport: &Specimen, way: &PaceInfo) -> ChipContents {
    let card_access = lds::CardAccess { security_infos: vec![SecurityInfo::Pace(way.clone())] };
    let mut contents = passport.chip_contents();
    contents.files.insert(FileId::CardAccess, card_access.encode());
    contents.pace = vec![way.clone()];
    contents
}

/// How often the access is tried. OpenPACE takes a shared secret of DH from OpenSSL's `DH_compute_key`, which leaves out
/// leading zeros where Doc 9303-11 has the length of the prime: one agreement of 256 comes to other keys. With elliptic
/// curves there is no such reason to fail.
fn tries(way: &PaceInfo) -> std::ops::Range<u32> {
    0..if way.agreement == KeyAgreement::Dh { 4 } else { 1 }
}

fn specimen() -> Specimen {
    passport(Offers {
        pace: Some((SessionCipher::Aes128, Curve::P256)),
        chip_authentication: ca(Curve::P256, Some(SessionCipher::Aes128), None),
        active_authentication: None,
    })
}

/// What OpenPACE reads of a chip of ours: its exit, output and errors.
fn read_by_openpace(contents: ChipContents, password: [&str; 2], files: &[FileId]) -> (bool, Value, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let chip = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let _ = serve_connection(stream, &mut Chip::new(contents, rng(1)));
    });
    let fids = files.iter().map(|file| format!("{:04x}", file.fid()));
    let output = openpace().args(["terminal", &address]).args(password).args(fids).output().unwrap();
    chip.join().unwrap();
    let read = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output.status.success(), read, String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn openpace_reads_the_emulator_in_every_group() {
    let passport = specimen();
    let information = passport.mrz.access_key_information();
    let files: Vec<FileId> =
        passport.files.keys().copied().filter(|file| *file != FileId::CardAccess).collect();
    for way in ways() {
        let contents = offering(&passport, &way);
        let mut readings =
            tries(&way).map(|_| read_by_openpace(contents.clone(), ["mrz", &information], &files));
        let (_, read, _) = readings.find(|(success, ..)| *success).unwrap_or_else(|| panic!("{way:?}"));
        for file in &files {
            let content = hex::encode(passport.file(*file));
            assert_eq!(read[format!("{:04x}", file.fid())], json!(content), "{way:?}: {file}");
        }
    }
}

#[test]
fn openpace_opens_the_emulator_with_the_card_access_number_and_with_no_other() {
    let passport = specimen();
    let way = PaceInfo::new(KeyAgreement::Ecdh, PaceMapping::Generic, SessionCipher::Aes256, 13);
    let with_number = || {
        let mut contents = offering(&passport, &way);
        contents.can = Some(emrtd::Can::new("123456").unwrap());
        contents
    };
    let (success, read, errors) = read_by_openpace(with_number(), ["can", "123456"], &[FileId::Dg(1)]);
    assert!(success, "{errors}");
    assert_eq!(read["0101"], json!(hex::encode(passport.file(FileId::Dg(1)))));
    let (success, _, errors) = read_by_openpace(with_number(), ["can", "123457"], &[FileId::Dg(1)]);
    assert!(!success && errors.contains("00860000: 6300"), "{errors}");
}

/// A chip on OpenPACE.
fn start(passport: &Specimen, contents: &ChipContents) -> ScriptedChip {
    let files = contents
        .files
        .iter()
        .map(|(file, content)| (format!("{:04x}", file.fid()), json!(hex::encode(content))));
    let files: serde_json::Map<_, _> = files.collect();
    let config = json!({ "files": files, "mrz_information": passport.mrz.access_key_information() });
    let mut program = openpace();
    program.arg("chip");
    ScriptedChip::start(program, &config)
}

#[test]
fn the_terminal_reads_a_chip_on_openpace_in_every_group() {
    let passport = specimen();
    for way in ways() {
        let chip = start(&passport, &offering(&passport, &way));
        let mut terminals = tries(&way).map(|_| Terminal::new(chip.channel()));
        let opens = |terminal: &mut Terminal<TcpChannel>| {
            terminal.open(mrz_key(&passport), &mut rng(2)) == Ok(AccessProtocol::Pace)
        };
        let terminal = terminals.find_map(|mut terminal| opens(&mut terminal).then_some(terminal));
        let mut terminal = terminal.unwrap_or_else(|| panic!("{way:?}"));
        for file in [FileId::Sod, FileId::Dg(1), FileId::Dg(2)] {
            assert_eq!(terminal.read_file(file, |_, _| {}).unwrap(), passport.file(file), "{way:?}: {file}");
        }
    }
}

#[test]
fn a_chip_on_openpace_does_not_open_to_another_mrz() {
    let passport = specimen();
    let way = PaceInfo::new(KeyAgreement::Ecdh, PaceMapping::Generic, SessionCipher::Aes128, 12);
    let chip = start(&passport, &offering(&passport, &way));
    let other = MrzKey::new("X1", "800101", "300101").unwrap();
    let opened = Terminal::new(chip.channel()).open(other, &mut rng(2));
    assert!(matches!(opened, Err(Error::AccessDenied { protocol: "PACE", .. })), "{opened:?}");
}
