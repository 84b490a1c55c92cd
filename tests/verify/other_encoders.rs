//! Passports of encoders that share no code with ours: `scripts/other_encoder` and the command `openssl`.

use std::collections::BTreeMap;
use std::process::Command;

use clock::{Clock as _, SystemClock, UnixTime};
use lds::FileId;
use serde_json::Value;
use verification::{ChipData, Policy, Rejection, TrustStore};

use crate::{Folder, flipped, judge, signed_ranges, text};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/other_encoder");

/// A passport that the other encoder made.
struct Passport {
    folder: Folder,
    files: BTreeMap<FileId, Vec<u8>>,
    at: UnixTime,
}

impl Passport {
    fn make(name: &str) -> Self {
        let python = std::env::var("SCEAU_PYTHON").unwrap_or_else(|_| "python3".into());
        let folder = Folder(tempfile::tempdir().unwrap());
        let output = Command::new(&python).args(["-B", SCRIPT, name]).arg(folder.0.path()).output();
        let output = output.unwrap_or_else(|error| panic!("{python}: {error}"));
        let errors = String::from_utf8_lossy(&output.stderr);
        let needed = "PyPI cryptography (scripts/requirements.txt) and openssl are needed";
        assert!(output.status.success(), "{needed}: {errors}");
        let entries = std::fs::read_dir(folder.passport()).unwrap().map(|entry| entry.unwrap().path());
        let files = entries.map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            (FileId::from_name(name).unwrap(), std::fs::read(&path).unwrap())
        });
        Self { files: files.collect(), folder, at: SystemClock.now() }
    }

    fn path(&self, name: &str) -> String {
        text(&self.folder.0.path().join(name)).to_owned()
    }

    /// Judged with the options `--csca`, and `--dsc` if EF.SOD does not carry the certificate.
    fn judge(&self) -> Value {
        let (csca, dsc, at) = (self.path("csca.der"), self.path("dsc.der"), self.at.to_string());
        let mut arguments = vec!["--csca", &csca, "--at", &at];
        if self.signed().iter().all(|(part, _)| *part != "certificate") {
            let unknown = judge(&self.folder.passport(), &arguments);
            assert_eq!(unknown["rejection"], "pa.dsc-missing");
            arguments.extend(["--dsc", &dsc]);
        }
        judge(&self.folder.passport(), &arguments)
    }

    fn signed(&self) -> Vec<(&'static str, std::ops::Range<usize>)> {
        signed_ranges(&self.files[&FileId::Sod])
    }

    fn store(&self) -> TrustStore {
        let mut store = TrustStore::new();
        store.add_csca(&std::fs::read(self.path("csca.der")).unwrap()).unwrap();
        store.add_document_signer(&std::fs::read(self.path("dsc.der")).unwrap()).unwrap();
        store
    }

    /// The exit code and code of the whole command, with one byte flipped.
    fn code_of(&self, file: FileId, place: usize) -> String {
        self.folder.write_file(file, &flipped(&self.files[&file], place));
        let verdict = self.judge();
        self.folder.write_file(file, &self.files[&file]);
        verdict["rejection"].as_str().expect("a refusal").to_owned()
    }

    /// Every byte of every data group and every signed byte, through the function that the command calls.
    fn every_flipped_byte_is_refused(&self) {
        let (store, policy) = (self.store(), Policy::default());
        let object = store.authenticate_sod(&self.files[&FileId::Sod], &policy, self.at).outcome.unwrap();
        for (file, content) in &self.files {
            let FileId::Dg(n) = *file else { continue };
            for place in 0..content.len() {
                let mut files = self.files.clone();
                files.insert(*file, flipped(content, place));
                let outcome = object.clone().authenticate_document(&ChipData::whole(files)).outcome;
                assert_eq!(outcome.unwrap_err(), Rejection::HashMismatch(n), "DG{n}, byte {place}");
            }
        }
        let sod = &self.files[&FileId::Sod];
        for (part, range) in self.signed() {
            for place in range {
                let outcome = store.authenticate_sod(&flipped(sod, place), &policy, self.at).outcome;
                assert!(outcome.is_err(), "{part}, byte {place}");
            }
        }
    }
}

fn accepted_whole_and_refused_flipped(name: &str) {
    let passport = Passport::make(name);
    let verdict = passport.judge();
    let expected: Value =
        serde_json::from_slice(&std::fs::read(passport.path("expected.json")).unwrap()).unwrap();
    assert_eq!(verdict["rejection"], Value::Null, "{verdict:#}");
    assert_eq!(verdict["identity"], expected["identity"]);
    assert_eq!(verdict["algorithms"], expected["algorithms"]);
    for n in [1, 2, 11] {
        let last = passport.files[&FileId::Dg(n)].len() - 1;
        assert_eq!(passport.code_of(FileId::Dg(n), last), format!("pa.hash-mismatch(DG{n})"));
    }
    for (part, range) in passport.signed() {
        let code = passport.code_of(FileId::Sod, range.end - 1);
        let expected: &[&str] = match part {
            "content" => &["pa.message-digest"],
            "signature" => &["pa.sod-signature"],
            "certificate's signature" => &["pa.dsc-signature"],
            // Which extension and which attribute is the last depends on the encoder.
            "certificate" => &["pa.dsc-signature", "pa.csca-unknown"],
            _ => &["pa.message-digest", "pa.sod-signature"],
        };
        assert!(expected.contains(&code.as_str()), "{part}: {code}");
    }
    passport.every_flipped_byte_is_refused();
}

#[test]
fn ecdsa_on_p_256_by_its_name() {
    accepted_whole_and_refused_flipped("ecdsa-p256");
}

#[test]
fn ecdsa_on_brainpool_of_a_card_whose_signer_is_named_by_its_key() {
    accepted_whole_and_refused_flipped("ecdsa-brainpool");
}

#[test]
fn rsa_with_pss() {
    accepted_whole_and_refused_flipped("rsa-pss");
}

#[test]
fn rsa_with_pkcs1_whose_signer_is_known_from_elsewhere() {
    accepted_whole_and_refused_flipped("rsa-pkcs1");
}

#[test]
fn openssl_with_ecdsa() {
    accepted_whole_and_refused_flipped("openssl-ecdsa");
}

#[test]
fn openssl_with_explicit_parameters() {
    accepted_whole_and_refused_flipped("openssl-explicit");
}

#[test]
fn openssl_with_pss() {
    accepted_whole_and_refused_flipped("openssl-pss");
}

#[test]
fn hundreds_of_passports_are_judged_rightly_and_for_the_right_reason() {
    let python = std::env::var("SCEAU_PYTHON").unwrap_or_else(|_| "python3".into());
    let folder = tempfile::tempdir().unwrap();
    let script = format!("{SCRIPT}/campaign.py");
    let made = Command::new(&python).args(["-B", &script]).arg(folder.path()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mut replay = Command::new(env!("CARGO_BIN_EXE_sceau"));
    let output = replay.arg("replay").arg(folder.path()).arg("--json").output().unwrap();
    let table: Value = serde_json::from_slice(&output.stdout).unwrap();
    let cases = table["cases"].as_array().unwrap();
    let differing: Vec<&Value> = cases.iter().filter(|case| case["agrees"] != true).collect();
    assert!(differing.is_empty(), "{differing:#?}");
    assert!(cases.len() > 350);
}
