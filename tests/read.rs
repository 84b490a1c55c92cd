//! `sceau read` against `sceau chip`: what is printed, dumped and refused.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "common/chip.rs"]
mod chip;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use chip::ServedChip;
use clock::UnixTime;
use crypto::{Curve, HashAlgorithm, SessionCipher};
use lds::security_info::{KeyAgreement, PaceInfo, PaceMapping, SecurityInfo};
use lds::{CardAccess, Dg14, FileId};
use serde_json::Value;
use test_passports::{ActiveAuthentication, ChipAuthentication, Specimen, SpecimenBuilder, StateBuilder};

const SCEAU: &str = env!("CARGO_BIN_EXE_sceau");
const AT: &str = "2026-06-01T00:00:00Z";

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A passport's folder, its CSCA beside it.
struct Desk {
    folder: tempfile::TempDir,
    passport: Specimen,
}

impl Desk {
    fn new(change: impl FnOnce(SpecimenBuilder) -> SpecimenBuilder) -> Self {
        let at = UnixTime::from_rfc3339("2026-06-01").unwrap();
        let passport = change(SpecimenBuilder::new(at)).build(&StateBuilder::new(at).build());
        let folder = tempfile::tempdir().unwrap();
        passport.chip_contents().write_folder(&folder.path().join("passport")).unwrap();
        std::fs::write(folder.path().join("csca.der"), &passport.csca_der).unwrap();
        Self { folder, passport }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn chip(&self, faults: &[&str]) -> ServedChip {
        ServedChip::start(&self.path("passport"), faults)
    }

    fn mrz(&self) -> String {
        let mrz = &self.passport.mrz;
        format!("{},{},{}", mrz.document_number, mrz.date_of_birth, mrz.date_of_expiry)
    }

    fn read(&self, chip: &ServedChip, more: &[&str]) -> Output {
        let csca = self.path("csca.der");
        Command::new(SCEAU)
            .args(["read", "--chip", &chip.address, "--mrz", &self.mrz(), "--csca", text(&csca), "--at", AT])
            .args(more)
            .output()
            .unwrap()
    }

    fn verdict(&self, faults: &[&str]) -> Value {
        let output = self.read(&self.chip(faults), &["--json"]);
        let errors = String::from_utf8_lossy(&output.stderr);
        let json: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{errors}"));
        assert_eq!(output.status.code(), Some(i32::from(json["verdict"] != "accept")), "{json}");
        json
    }
}

fn with_both_proofs(passport: SpecimenBuilder) -> SpecimenBuilder {
    passport.active_authentication(Some(ActiveAuthentication::Ec(Curve::P256)))
}

#[test]
fn a_chip_is_read_judged_and_dumped() {
    let desk = Desk::new(with_both_proofs);
    let (chip, dump) = (desk.chip(&[]), desk.path("dump"));
    let output = desk.read(&chip, &["--dump", text(&dump)]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}{}", String::from_utf8_lossy(&output.stderr));
    for line in ["ca.proof", "aa.proof", "proved", "opened by PACE", "surname             ERIKSSON"] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert!(told.trim_end().ends_with("accept"));
    assert!(String::from_utf8_lossy(&output.stderr).contains("EF.DG2: "));
    for (file, content) in &desk.passport.files {
        assert_eq!(std::fs::read(dump.join(file.file_name())).unwrap(), *content, "{file}");
    }
    // What was dumped is judged as files: the same data, and no chip.
    let csca = desk.path("csca.der");
    let arguments = ["--csca", text(&csca), "--at", AT, "--json"];
    let output = Command::new(SCEAU).arg("verify").arg(&dump).args(arguments).output().unwrap();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&json["verdict"], &json["chip"]), (&"accept".into(), &"not-proved".into()));
}

#[test]
fn the_access_protocol_and_the_proofs_are_told() {
    let json = Desk::new(with_both_proofs).verdict(&[]);
    assert_eq!((&json["chip"], &json["reading"]["access"]), (&"proved".into(), &"PACE".into()));
    let json = Desk::new(SpecimenBuilder::french_chip_of_2017).verdict(&[]);
    assert_eq!(json["chip"], "proved");
    let json = Desk::new(|passport| passport.pace(None)).verdict(&[]);
    assert_eq!(json["reading"]["access"], "BAC");
}

#[test]
fn a_clone_an_altered_file_and_a_chip_without_keys_are_rejected() {
    let desk = Desk::new(with_both_proofs);
    let rejection = |faults: &[&str]| {
        let json = desk.verdict(faults);
        assert_eq!(json["chip"], "not-proved");
        json["rejection"].as_str().unwrap().to_owned()
    };
    assert!(rejection(&["clone"]).starts_with("ca."), "{}", rejection(&["clone"]));
    assert_eq!(rejection(&["altered=EF.DG2"]), "pa.hash-mismatch(DG2)");
    assert!(rejection(&["no-keys"]).starts_with("chip.proof-missing"), "{}", rejection(&["no-keys"]));
    let trouble = &desk.verdict(&["no-keys"])["reading"]["trouble"];
    assert_eq!(trouble.as_array().unwrap().len(), 2, "{trouble}");
}

#[test]
fn trouble_with_the_chip_has_its_code() {
    let desk = Desk::new(with_both_proofs);
    for (fault, told) in [("pace-token", "PACE"), ("sm-mac", "wrong MAC"), ("tag-lost=9", "no response")] {
        let output = desk.read(&desk.chip(&[fault]), &[]);
        assert_eq!(output.status.code(), Some(2));
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(errors.contains(told), "{fault}: {errors}");
    }
    let output = Command::new(SCEAU).args(["read", "--chip", "udp:x", "--can", "500540"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let output = Command::new(SCEAU).args(["read", "--chip", "tcp:127.0.0.1:1"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "no password");
}

/// PACE fails, and the chip takes BAC too: tried on demand only, and told.
#[test]
fn bac_after_pace_is_told() {
    let desk = Desk::new(with_both_proofs);
    let settings = desk.path("passport").join("chip.toml");
    let toml = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, toml.replace("bac = false", "bac = true")).unwrap();
    let chip = desk.chip(&["pace-token"]);
    assert_eq!(desk.read(&chip, &[]).status.code(), Some(2));
    let output = desk.read(&chip, &["--bac-after-failed-pace", "--json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["reading"]["access"], "BAC after PACE failed");
    assert_eq!(json["verdict"], "accept");
}

/// The key that PACE shows is the one of EF.DG14, which the State signed; a clone has another.
#[test]
fn pace_with_chip_authentication_mapping_proves_the_chip_to_its_terminal() {
    let mapping = |mapping| {
        let curve = Curve::BrainpoolP256r1;
        let way = PaceInfo::new(KeyAgreement::Ecdh, mapping, SessionCipher::Aes128, curve.parameter_id());
        let mut desk = Desk::new(|passport| {
            passport.chip_authentication(Some(ChipAuthentication {
                curve,
                cipher: Some(SessionCipher::Aes128),
                explicit: true,
                key_id: Some(13),
            }))
        });
        let specimen = &mut desk.passport;
        let mut infos = Dg14::parse(specimen.file(FileId::Dg(14))).unwrap().security_infos;
        infos.retain(|info| !matches!(info, SecurityInfo::Pace(_)));
        infos.push(SecurityInfo::Pace(way.clone()));
        specimen.files.insert(FileId::Dg(14), Dg14::new(infos).encode());
        let card_access = CardAccess { security_infos: vec![SecurityInfo::Pace(way)] };
        specimen.files.insert(FileId::CardAccess, card_access.encode());
        let state = StateBuilder::new(UnixTime::from_rfc3339("2026-06-01").unwrap()).build();
        let security_object = specimen.security_object(&state, 1, HashAlgorithm::Sha256);
        specimen.sign_with(&security_object, &state.dsc.signer);
        specimen.chip_contents().write_folder(&desk.path("passport")).unwrap();
        desk
    };
    let cam = mapping(PaceMapping::ChipAuthentication);
    let json = cam.verdict(&[]);
    assert_eq!((&json["verdict"], &json["reading"]["pace_cam"]), (&"accept".into(), &"proved".into()));
    let json = cam.verdict(&["clone"]);
    assert_eq!((&json["verdict"], &json["reading"]["pace_cam"]), (&"reject".into(), &"pace-cam.data".into()));
    let json = mapping(PaceMapping::Integrated).verdict(&[]);
    assert_eq!((&json["verdict"], &json["reading"]["pace_cam"]), (&"accept".into(), &Value::Null));
}

/// Through pcscd and the virtual reader of vsmartcard, where they run:
/// `SCEAU_VPCD=127.0.0.1:35963 cargo test --features pcsc --test read pc_sc`.
#[cfg(feature = "pcsc")]
#[test]
fn a_chip_in_a_pc_sc_reader_is_read() {
    let Some(reader) = std::env::var_os("SCEAU_VPCD") else {
        println!("skipped: SCEAU_VPCD is not set");
        return;
    };
    let desk = Desk::new(with_both_proofs);
    let passport = desk.path("passport");
    let chip = ServedChip::in_reader(&passport, reader.to_str().unwrap());
    // The reader sees the card in its own time; there is no event to wait for.
    let output = (0..100)
        .map(|_| desk.read(&chip, &["--json"]))
        .inspect(|output| {
            if output.status.code() == Some(2) {
                std::thread::sleep(std::time::Duration::from_millis(100));
            }
        })
        .find(|output| output.status.code() != Some(2))
        .unwrap();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&json["verdict"], &json["chip"]), (&"accept".into(), &"proved".into()));
}
