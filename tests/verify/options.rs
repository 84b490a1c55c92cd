//! What the options do, and what is trouble.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use clock::{Clock as _, SystemClock};
use lds::{FileId, tlv};
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

#[test]
fn the_store_that_trust_keeps_counts_beside_the_files() {
    let (folder, passport) = passport();
    let csca = folder.write("csca.der", &passport.csca_der);
    let store = folder.passport().with_file_name("store");
    let trust = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sceau"));
        let output = command.arg("trust").args(arguments).args(["--store", text(&store)]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    trust(&["import", text(&csca)]);
    let judge =
        |arguments: &[&str]| judge(&folder.passport(), &[&["--store", text(&store)], arguments].concat());
    assert_eq!(judge(&[])["verdict"], "accept");
    trust(&["distrust", &hex::encode(crypto::sha256(&passport.csca_der)), "--from", "2020-01-01"]);
    assert_eq!(judge(&[])["rejection"], "pa.csca-not-trusted");
    assert_eq!(judge(&["--csca", text(&csca)])["rejection"], "pa.csca-not-trusted");
}

#[test]
fn the_policy_is_a_shipped_one_or_a_file() {
    let (folder, mut passport) = passport();
    let csca = folder.write("csca.der", &passport.csca_der);
    let com = passport.files.get_mut(&FileId::Com).unwrap();
    *com = tlv::encode(0x60, &[]);
    folder.write_file(FileId::Com, com);
    let file = folder.write("policy.toml", b"version = 'mine'\ncom_mismatch = 'refuse'\n");
    let judge =
        |arguments: &[&str]| judge(&folder.passport(), &[&["--csca", text(&csca)], arguments].concat());
    let field = judge(&[]);
    assert_eq!((&field["verdict"], &field["policy"]), (&"accept".into(), &"field-1".into()));
    let bsi = judge(&["--policy", "bsi-tr-03105"]);
    assert!(bsi["rejection"].as_str().unwrap().starts_with("lds."), "{}", bsi["rejection"]);
    let own = judge(&["--policy", text(&file)]);
    assert_eq!((&own["rejection"], &own["policy"]), (&bsi["rejection"], &"mine".into()));
}

#[test]
fn the_mrz_of_the_page_is_compared() {
    let (folder, passport) = passport();
    let csca = folder.write("csca.der", &passport.csca_der);
    let judge = |mrz: &str| judge(&folder.passport(), &["--csca", text(&csca), "--mrz", mrz]);
    assert_eq!(judge(&passport.mrz.text())["verdict"], "accept");
    assert_eq!(judge(&passport.mrz.lines().join("\n"))["verdict"], "accept");
    let other = passport.mrz.text().replacen("ERIKSSON", "ERIKSEN<", 1);
    assert_eq!(judge(&other)["rejection"], "lds.mrz-mismatch(name)");
}

#[test]
fn the_checks_of_the_guideline_are_told() {
    let (folder, passport) = passport();
    let csca = folder.write("csca.der", &passport.csca_der);
    let verdict = judge(&folder.passport(), &["--csca", text(&csca)]);
    let lines = verdict["guideline"].as_array().unwrap();
    let result = |id: &str| lines.iter().find(|line| line["id"] == id).unwrap()["result"].clone();
    assert_eq!(result("pa.trust-status"), "trusted");
    assert_eq!(result("integrity.data-group(DG1)"), "identical");
    let table = |arguments: &[&str]| {
        let output = verify(&folder.passport(), &[&["--csca", text(&csca)], arguments].concat()).stdout;
        String::from_utf8(output).unwrap()
    };
    assert!(!table(&[]).contains("TR-03135"));
    let told = table(&["--guideline"]);
    assert!(told.starts_with("BSI TR-03135\ndocument "), "{told}");
    assert!(told.lines().any(|line| line.starts_with("pa.trust-status ") && line.ends_with(" trusted")));
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
    trouble(&path, &["--policy", "strict"], "strict: no policy that is shipped, and no file");
    trouble(&path, &["--policy", text(&words)], "words.txt");
    trouble(&path, &["--store", text(&path.join("absent"))], "no version of a trust store");
    std::fs::write(path.join("Datagroup1.bin"), b"a").unwrap();
    trouble(&path, &["--csca", text(&csca), "--json"], "two files are EF.DG1");
}
