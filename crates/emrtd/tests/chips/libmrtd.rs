//! The chip emulator read by libmrtd (`scripts/libmrtd.c`), which shares no code with it: BAC, secure messaging, files.

use std::net::TcpListener;
use std::process::{Command, Output};

use chip_emulator::{Chip, ChipContents, serve_connection};
use crypto::Curve;
use lds::{FileId, tlv};
use test_passports::{ActiveAuthentication, Specimen};

use crate::specimens::{Offers, ca, passport, rng};

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/libmrtd.c");

/// What the terminal makes of the chip, given these fields of the MRZ.
fn read(contents: ChipContents, fields: [&str; 3], files: &[FileId]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("reader");
    let compiled =
        Command::new("cc").arg("-o").arg(&program).args(["-rdynamic", SOURCE, "-l:libmrtd.so.0"]).output();
    assert!(
        compiled.is_ok_and(|output| output.status.success()),
        "a C compiler and Debian's libmrtd0 are needed"
    );
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let chip = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let _ = serve_connection(stream, &mut Chip::new(contents, rng(1)));
    });
    let fids = files.iter().map(|file| format!("{:04x}", file.fid()));
    let output = Command::new(&program).arg(port).args(fields).args(fids).output().unwrap();
    chip.join().unwrap();
    output
}

/// The document of BAC whose commands docs/performance.md counts, and the fields that open it.
fn document() -> (Specimen, [String; 3]) {
    let active_authentication = Some(ActiveAuthentication::Rsa1024);
    let chip_authentication = ca(Curve::P256, None, None);
    let offers = Offers { pace: None, chip_authentication, active_authentication };
    let mut passport = passport(offers);
    passport
        .files
        .insert(FileId::Dg(2), tlv::encode(0x75, &(0..20_000_u32).map(|n| n as u8).collect::<Vec<_>>()));
    let mrz = &passport.mrz;
    let fields = [mrz.document_number.clone(), mrz.date_of_birth.to_string(), mrz.date_of_expiry.to_string()];
    (passport, fields)
}

#[test]
fn libmrtd_reads_every_file_of_the_emulator() {
    let (passport, fields) = document();
    let files: Vec<FileId> = passport.files.keys().copied().collect();
    assert!(files.len() > 5);
    let output = read(passport.chip_contents(), fields.each_ref().map(String::as_str), &files);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    for file in files {
        let line = format!("{:04x} {}", file.fid(), hex::encode(passport.file(file)));
        assert!(told.lines().any(|told| told == line), "{file}");
    }
    let counted = [FileId::Sod, FileId::Dg(14), FileId::Dg(1), FileId::Dg(11), FileId::Dg(15), FileId::Dg(2)];
    let output = read(passport.chip_contents(), fields.each_ref().map(String::as_str), &counted);
    println!("{}", String::from_utf8_lossy(&output.stdout).lines().last().unwrap());
}

#[test]
fn libmrtd_does_not_open_the_emulator_with_another_mrz() {
    let (passport, [number, birth, _]) = document();
    let output = read(passport.chip_contents(), [&number, &birth, "300101"], &[FileId::Dg(1)]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("BAC failed"));
}
