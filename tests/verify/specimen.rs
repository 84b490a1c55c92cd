//! Passports of our own encoder.

use clock::UnixTime;
use crypto::{Curve, HashAlgorithm};
use lds::{FileId, tlv};
use serde_json::json;
use test_passports::{ActiveAuthentication, Specimen, SpecimenBuilder, State, StateBuilder};

use crate::{Folder, flipped, judge, signed_ranges, text, verify};

const AT: [&str; 2] = ["--at", "2026-06-01T00:00:00Z"];

fn at() -> UnixTime {
    UnixTime::from_rfc3339("2026-06-01").unwrap()
}

fn state() -> State {
    StateBuilder::new(at()).build()
}

/// With both chip protocols, and with fingerprints.
fn passport() -> Specimen {
    let aa = Some(ActiveAuthentication::Ec(Curve::BrainpoolP256r1));
    let mut passport = SpecimenBuilder::new(at()).active_authentication(aa).build(&state());
    passport.files.insert(FileId::Dg(3), tlv::encode(0x63, &[0; 60]));
    let security_object = passport.security_object(&state(), 1, HashAlgorithm::Sha256);
    passport.sign_with(&security_object, &state().dsc.signer);
    passport
}

/// The passport in a folder, and the arguments that trust its CSCA.
struct Case {
    folder: Folder,
    arguments: Vec<String>,
    passport: Specimen,
}

impl Case {
    fn new(passport: Specimen) -> Self {
        let folder = Folder::new(&passport.files);
        let csca = folder.write("csca.der", &passport.csca_der);
        let arguments = ["--csca", text(&csca)].into_iter().chain(AT).map(str::to_owned).collect();
        Self { folder, arguments, passport }
    }

    fn judge(&self) -> serde_json::Value {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        judge(&self.folder.passport(), &arguments)
    }

    fn judge_with(&self, file: FileId, content: &[u8]) -> serde_json::Value {
        self.folder.write_file(file, content);
        let verdict = self.judge();
        self.folder.write_file(file, self.passport.file(file));
        verdict
    }
}

#[test]
fn a_specimen_is_accepted_and_everything_is_told() {
    let case = Case::new(passport());
    let verdict = case.judge();
    let keys: Vec<&String> = verdict.as_object().unwrap().keys().collect();
    let expected = [
        "algorithms",
        "checks",
        "chip",
        "chip_protocol",
        "guideline",
        "identity",
        "path",
        "policy",
        "rejection",
        "verdict",
    ];
    assert_eq!(keys, expected);
    assert_eq!(verdict["path"], text(&case.folder.passport()));
    let check = |id: &str| {
        let checks = verdict["checks"].as_array().unwrap();
        checks.iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("{id}"))["result"].clone()
    };
    for n in [1, 2, 3, 11, 12, 14, 15] {
        assert_eq!(check(&format!("pa.hash(DG{n})")), "passed");
    }
    assert_eq!(check("pa.sod-signature"), "passed");
    assert_eq!(check("pa.revocation"), "undetermined");
    let algorithms = json!({
        "data-groups": "SHA-256", "sod-signature": "ECDSA SHA-256", "dsc-signature": "ECDSA SHA-256",
    });
    assert_eq!(verdict["algorithms"], algorithms);
    let protocols = "Chip Authentication (id-CA-ECDH-AES-CBC-CMAC-128 on brainpoolP256r1), \
                     Active Authentication (ECDSA on brainpoolP256r1)";
    assert_eq!(verdict["chip_protocol"], protocols);
    let identity = json!({
        "document_code": "P",
        "issuing_state": "UTO",
        "nationality": "UTO",
        "surname": "ERIKSSON",
        "given_names": "ANNA MARIA",
        "document_number": "L898902C3",
        "date_of_birth": "740812",
        "sex": "F",
        "date_of_expiry": "350614",
        "full_name": "ERIKSSON ANNA MARIA",
        "full_date_of_birth": "19740812",
        "place_of_birth": "ZENITH UTO",
    });
    assert_eq!(verdict["identity"], identity);
}

#[test]
fn what_a_document_has_not_is_null_and_fillers_are_removed() {
    let builder = SpecimenBuilder::new(at()).without_details().chip_authentication(None).pace(None);
    let passport = builder.birth_date(1974, 8, 0).sex(lds::mrz::Sex::Unspecified).build(&state());
    let verdict = Case::new(passport).judge();
    assert_eq!(verdict["verdict"], "accept");
    assert!(verdict["chip_protocol"].is_null());
    let identity = &verdict["identity"];
    for absent in ["full_name", "full_date_of_birth", "place_of_birth"] {
        assert!(identity[absent].is_null(), "{absent}");
    }
    assert_eq!((identity["date_of_birth"].as_str(), identity["sex"].as_str()), (Some("7408"), Some("")));
}

#[test]
fn a_flipped_bit_in_any_listed_data_group_is_refused() {
    let case = Case::new(passport());
    let groups = case.passport.files.keys().filter_map(|file| file.data_group());
    for n in groups {
        let content = case.passport.file(FileId::Dg(n));
        for place in [0, 1, content.len() / 2, content.len() - 1] {
            let verdict = case.judge_with(FileId::Dg(n), &flipped(content, place));
            assert_eq!(verdict["rejection"], format!("pa.hash-mismatch(DG{n})"), "byte {place}");
            assert_eq!(verdict["identity"].is_null(), n == 1, "only an authentic DG1 tells who it is");
            let details = &verdict["identity"]["full_name"];
            assert_eq!(details.is_null(), n == 1 || n == 11, "only an authentic DG11 tells more");
        }
    }
    assert_eq!(case.judge()["verdict"], "accept", "nothing else was changed");
}

#[test]
fn a_flipped_bit_in_any_signed_part_of_the_security_object_is_refused() {
    let case = Case::new(passport());
    let sod = case.passport.file(FileId::Sod);
    let code = |place: usize| {
        let verdict = case.judge_with(FileId::Sod, &flipped(sod, place));
        assert!(verdict["identity"].is_null() && verdict["chip_protocol"].is_null());
        verdict["rejection"].as_str().expect("a refusal").to_owned()
    };
    for (part, range) in signed_ranges(sod) {
        let last = range.end - 1;
        let expected = match part {
            // The last byte is one of the LDS version.
            "content" => "pa.message-digest",
            // The last byte is one of the message digest.
            "attributes" => "pa.message-digest",
            "signature" => "pa.sod-signature",
            "certificate" | "certificate's signature" => "pa.dsc-signature",
            other => panic!("{other}"),
        };
        assert_eq!(code(last), expected, "{part}");
        for place in range.step_by(7) {
            code(place);
        }
    }
}

#[test]
fn a_data_group_withheld_or_not_listed_is_refused() {
    let case = Case::new(passport());
    for n in [1, 2, 14, 15] {
        let path = case.folder.passport().join(FileId::Dg(n).file_name());
        std::fs::remove_file(&path).unwrap();
        assert_eq!(case.judge()["rejection"], format!("pa.data-group-missing(DG{n})"));
        std::fs::write(path, case.passport.file(FileId::Dg(n))).unwrap();
    }
    case.folder.write_file(FileId::Dg(16), &tlv::encode(0x70, &[]));
    assert_eq!(case.judge()["rejection"], "pa.not-in-sod(DG16)");
    std::fs::remove_file(case.folder.passport().join("EF_SOD.bin")).unwrap();
    assert_eq!(case.judge()["rejection"], "pa.sod-missing");
}

#[test]
fn an_expired_document_is_refused_and_tells_whose_it_is() {
    let passport = SpecimenBuilder::new(at()).expiry_date(2026, 5, 31).build(&state());
    let verdict = Case::new(passport).judge();
    assert_eq!(verdict["rejection"], "pa.document-expired");
    assert_eq!(verdict["identity"]["surname"], "ERIKSSON");
}

#[test]
fn files_are_found_by_other_names() {
    let case = Case::new(passport());
    for (file, content) in &case.passport.files {
        let name = match file {
            FileId::Dg(n @ 1..=9) => format!("datagroup0{n}.BIN"),
            FileId::Dg(n) => format!("DG{n}.bin"),
            FileId::Sod => "SOD.bin".to_owned(),
            other => other.name().to_owned(),
        };
        std::fs::remove_file(case.folder.passport().join(file.file_name())).unwrap();
        std::fs::write(case.folder.passport().join(name), content).unwrap();
    }
    std::fs::write(case.folder.passport().join("notes.txt"), "not a file of the chip").unwrap();
    assert_eq!(case.judge()["verdict"], "accept");
}

#[test]
fn people_read_a_table_with_the_verdict_in_its_last_line() {
    let case = Case::new(passport());
    let arguments: Vec<&str> = case.arguments.iter().map(String::as_str).collect();
    let output = String::from_utf8(verify(&case.folder.passport(), &arguments).stdout).unwrap();
    for line in ["pa.sod-signature", "chip ", "surname             ERIKSSON"] {
        assert!(output.lines().any(|l| l.starts_with(line)), "{line}: {output}");
    }
    let path = case.folder.passport();
    assert!(output.ends_with(&format!("\n{}: accept\n", text(&path))), "{output}");
    case.folder.write_file(FileId::Dg(2), b"u");
    let refused = verify(&path, &arguments);
    let output = String::from_utf8(refused.stdout).unwrap();
    assert!(output.ends_with(": reject: pa.hash-mismatch(DG2)\n"), "{output}");
    assert_eq!(refused.status.code(), Some(1));
}
