//! What the options do, and what is trouble.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use clock::{Clock as _, SystemClock};
use test_passports::{Specimen, SpecimenBuilder, StateBuilder};

use crate::{Folder, judge, text, verify};

/// A passport of today.
fn passport() -> (Folder, Specimen) {
    let now = SystemClock.now();
    let passport = SpecimenBuilder::new(now).build(&StateBuilder::new(now).build());
    (Folder::new(&passport.files), passport)
}

#[test]
fn without_a_time_the_passport_is_judged_now() {
    let (folder, passport) = passport();
    let csca = folder.write("csca.der", &passport.csca_der);
    let verdict = judge(&folder.passport(), &["--csca", text(&csca)]);
    assert_eq!(verdict["verdict"], "accept");
    let later = judge(&folder.passport(), &["--csca", text(&csca), "--at", "2099-01-01T00:00:00+01:00"]);
    assert_eq!(later["rejection"], "pa.dsc-expired");
}

#[test]
fn nobody_is_trusted_without_being_named() {
    let (folder, _) = passport();
    assert_eq!(judge(&folder.passport(), &[])["rejection"], "pa.csca-unknown");
}

#[test]
fn certificates_come_as_pem_and_as_folders_and_options_repeat() {
    let (folder, passport) = passport();
    let pem = |der: &[u8]| {
        let body = BASE64_STANDARD.encode(der);
        format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
    };
    let other = StateBuilder::new(SystemClock.now()).named("XOM", "XM").build().csca.certificate;
    let csca = folder.write("csca.pem", pem(&passport.csca_der).as_bytes());
    let stranger = folder.write("other.pem", pem(&other).as_bytes());
    let both = folder.write("both.pem", (pem(&other) + &pem(&passport.csca_der)).as_bytes());
    let accepted = |arguments: &[&str]| judge(&folder.passport(), arguments)["verdict"] == "accept";
    assert!(accepted(&["--csca", text(&csca)]));
    assert!(accepted(&["--csca", text(&both)]));
    assert!(accepted(&["--csca", text(&stranger), "--csca", text(&csca)]));
    assert!(!accepted(&["--csca", text(&stranger)]));
    let trusted = folder.passport().with_file_name("trusted");
    std::fs::create_dir(&trusted).unwrap();
    for file in [&csca, &stranger] {
        std::fs::copy(file, trusted.join(file.file_name().unwrap())).unwrap();
    }
    assert!(accepted(&["--csca", text(&trusted)]));
}

#[test]
fn a_document_signer_is_an_anchor_only_if_told() {
    let (folder, passport) = passport();
    let dsc = folder.write("dsc.der", &passport.dsc_der);
    let known = judge(&folder.passport(), &["--dsc", text(&dsc)]);
    assert_eq!(known["rejection"], "pa.csca-unknown");
    let trusted = judge(&folder.passport(), &["--dsc", text(&dsc), "--trust-dsc"]);
    assert_eq!(trusted["verdict"], "accept");
    let line = trusted["checks"].as_array().unwrap().iter().find(|check| check["id"] == "pa.dsc-signature");
    assert_eq!(line.unwrap()["detail"], "the document signer is trusted itself");
}

/// Exit code 2, a word on standard error, nothing on standard output.
fn trouble(passport: &Path, arguments: &[&str], word: &str) {
    let output = verify(passport, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {errors}");
    assert!(errors.contains(word), "{word}: {errors}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
}

#[test]
fn trouble_is_neither_accepted_nor_refused() {
    let (folder, passport) = passport();
    let csca = folder.write("csca.der", &passport.csca_der);
    let junk = folder.write("junk.der", b"0\x03junk");
    let words = folder.write("words.txt", b"words");
    let path = folder.passport();
    trouble(&path.join("absent"), &[], "absent");
    trouble(&csca, &[], "csca.der");
    trouble(path.parent().unwrap(), &[], "no file of a passport");
    trouble(&path, &["--csca", text(&path.join("absent"))], "absent");
    trouble(&path, &["--csca", text(&junk)], "junk.der: object 1: not a certificate");
    trouble(&path, &["--link", text(&junk)], "not a certificate");
    trouble(&path, &["--crl", text(&csca)], "not a whole certificate revocation list");
    trouble(&path, &["--csca", text(&words)], "neither DER nor PEM");
    trouble(&path, &["--at", "yesterday"], "yesterday");
    trouble(&path, &["--trust-dsc"], "--dsc");
    trouble(&path, &["--unknown"], "--unknown");
    std::fs::write(path.join("Datagroup1.bin"), b"a").unwrap();
    trouble(&path, &["--csca", text(&csca), "--json"], "two files are EF.DG1");
}
