//! `sceau replay` as it is run.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn vectors() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("test-vectors")
}

fn replay(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sceau"));
    command.arg("replay").arg(folder).args(arguments).output().unwrap()
}

fn json(output: &Output) -> Value {
    let errors = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{errors}"))
}

fn manifest(suite: &str) -> Value {
    serde_json::from_slice(&std::fs::read(vectors().join(format!("{suite}.json"))).unwrap()).unwrap()
}

/// A copy of the vectors in which manifests are changed.
struct Copy(tempfile::TempDir);

impl Copy {
    fn new() -> Self {
        let copy = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(copy.0.path().join("files")).unwrap();
        for folder in ["", "files"] {
            for entry in std::fs::read_dir(vectors().join(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    std::fs::copy(&path, copy.0.path().join(folder).join(path.file_name().unwrap())).unwrap();
                }
            }
        }
        copy
    }

    fn change(&self, suite: &str, id: &str, change: impl FnOnce(&mut Value)) {
        let mut manifest = manifest(suite);
        let cases = manifest["cases"].as_array_mut().unwrap();
        change(cases.iter_mut().find(|case| case["id"] == id).unwrap());
        std::fs::write(self.0.path().join(format!("{suite}.json")), manifest.to_string()).unwrap();
    }

    fn differences(&self) -> Vec<(String, Value)> {
        let output = replay(self.0.path(), &["--json"]);
        let table = json(&output);
        let rows = table["cases"].as_array().unwrap().iter();
        let differing: Vec<_> = rows.filter(|row| row["agrees"] == false).collect();
        assert_eq!(table["differences"], differing.len());
        assert_eq!(output.status.code(), Some(i32::from(!differing.is_empty())));
        let id = |row: &Value| row["id"].as_str().unwrap().to_owned();
        differing.into_iter().map(|row| (id(row), row["code"].clone())).collect()
    }

    /// `judged`: the other cases are judged all the same.
    fn trouble(&self, word: &str, judged: bool) {
        let output = replay(self.0.path(), &[]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains(word), "{word}: {errors}");
        let table = String::from_utf8_lossy(&output.stdout);
        assert_eq!(table.contains(" vectors, 1 differences ("), judged, "{table}");
        assert_eq!(table.contains("CANNOT BE JUDGED"), judged, "{table}");
    }
}

#[test]
fn every_vector_of_every_suite_agrees_with_its_manifest() {
    let output = replay(&vectors(), &["--json"]);
    assert_eq!(output.status.code(), Some(0));
    let table = json(&output);
    let mut expected = BTreeMap::new();
    let suites = std::fs::read_dir(vectors()).unwrap().filter_map(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let other = ["schema.json", "bsi-tr-03105-5.1.json"].contains(&name.as_str());
        name.strip_suffix(".json").filter(|_| !other).map(str::to_owned)
    });
    for suite in suites {
        for case in manifest(&suite)["cases"].as_array().unwrap() {
            let id = case["id"].as_str().unwrap().to_owned();
            expected.insert(id, (case["result"].clone(), case["rejection"].clone()));
        }
    }
    assert!(expected.len() >= 375, "{}", expected.len());
    assert_eq!(table["total"], expected.len());
    for row in table["cases"].as_array().unwrap() {
        let (result, code) = expected.remove(row["id"].as_str().unwrap()).expect("each vector once");
        assert_eq!((&row["expected"], &row["expected_code"]), (&result, &code));
        match result.as_str().unwrap() {
            "valid" => assert_eq!((&row["got"], &row["code"]), (&"valid".into(), &Value::Null)),
            "invalid" => assert_eq!((&row["got"], &row["code"]), (&"invalid".into(), &code)),
            "acceptable" => assert!(row["code"].is_null() || row["code"] == code),
            other => panic!("{other}"),
        }
    }
    assert!(expected.is_empty(), "{:?}", expected.keys());
}

#[test]
fn people_read_a_table() {
    let output = String::from_utf8(replay(&vectors(), &[]).stdout).unwrap();
    let mut lines = output.lines();
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(lines.next().unwrap()), ["id", "expected", "got", "code"]);
    let line = |id: &str| words(output.lines().find(|line| words(line)[0] == id).unwrap());
    assert_eq!(line("pa::passport"), ["pa::passport", "valid", "valid", "-"]);
    assert_eq!(line("pa::dg2-flipped"), ["pa::dg2-flipped", "invalid", "invalid", "pa.hash-mismatch(DG2)"]);
    assert!(output.contains(" vectors, 0 differences ("), "{output}");
    let plan = output.lines().last().unwrap();
    assert!(
        plan.starts_with("BSI TR-03105-5.1: ") && plan.contains(" of 186 cases of the tiers A and B pass"),
        "{plan}"
    );
}

#[test]
fn another_expectation_is_a_difference() {
    let copy = Copy::new();
    assert_eq!(copy.differences(), []);
    let expect = |suite: &str, id: &str, result: &str, code: Value| {
        copy.change(suite, id, |case| {
            case["result"] = result.into();
            case["rejection"] = code;
        });
    };
    expect("passive-authentication", "pa::dg2-flipped", "valid", Value::Null);
    expect("active-authentication", "aa::rsa-flipped", "invalid", "pa.sod-signature".into());
    expect("chip-authentication", "ca::aes-128", "invalid", "ca.mac".into());
    expect("mrz", "mrz::check-digit-birth", "acceptable", "lds.malformed(EF.DG1)".into());
    expect("enrolment", "enrolment::adult", "invalid", "enrolment.minor".into());
    let expected = [
        ("aa::rsa-flipped", "aa.signature".into()),
        ("ca::aes-128", Value::Null),
        ("enrolment::adult", Value::Null),
        ("mrz::check-digit-birth", "lds.check-digit(date of birth)".into()),
        ("pa::dg2-flipped", "pa.hash-mismatch(DG2)".into()),
    ];
    assert_eq!(copy.differences(), expected.map(|(id, code)| (id.to_owned(), code)));
    let table = String::from_utf8(replay(copy.0.path(), &[]).stdout).unwrap();
    assert!(table.contains("DIFFERS: expected enrolment.minor\n"), "{table}");
    assert!(table.contains("DIFFERS\n"), "{table}");
}

/// The policy of a case and its answers are judged, not passed over.
#[test]
fn another_input_is_a_difference() {
    let copy = Copy::new();
    copy.change("enrolment", "enrolment::adult", |case| case["policy"]["minimum_age"] = 70.into());
    copy.change("chip-authentication", "ca::aes-128", |case| {
        let other = manifest("chip-authentication");
        let other = other["cases"].as_array().unwrap().iter().find(|case| case["id"] == "ca::mac-flipped");
        case["evidence"] = other.unwrap()["evidence"].clone();
    });
    copy.change("passive-authentication", "pa::passport", |case| {
        case["validation_time"] = "2060-01-01T00:00:00Z".into();
    });
    let expected = [
        ("ca::aes-128", "ca.mac"),
        ("enrolment::adult", "enrolment.minor"),
        ("pa::passport", "pa.dsc-expired"),
    ];
    assert_eq!(copy.differences(), expected.map(|(id, code)| (id.to_owned(), Value::from(code))));
}

#[test]
fn what_cannot_be_read_is_trouble() {
    assert_eq!(replay(Path::new("absent"), &[]).status.code(), Some(2));
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(replay(empty.path(), &[]).status.code(), Some(2));
    let changed = |change: fn(&mut Value), word: &str| {
        let copy = Copy::new();
        copy.change("passive-authentication", "pa::passport", change);
        copy.trouble(word, true);
    };
    changed(|case| case["files"]["EF.SOD"] = "files/absent.bin".into(), "files/absent.bin");
    changed(|case| case["files"]["EF.SOD"] = "../secret".into(), "outside the folder");
    changed(|case| case["files"]["EF.XYZ"] = case["files"]["EF.SOD"].clone(), "unknown file EF.XYZ");
    changed(|case| case["validation_time"] = "soon".into(), "validation_time");
    let copy = Copy::new();
    copy.change("passive-authentication", "pa::passport", |case| case["unknown"] = true.into());
    copy.trouble("unknown field", false);
    let copy = Copy::new();
    let of_another = r#"{"schema_version": 1, "suite": "other", "description": "", "cases": []}"#;
    std::fs::write(copy.0.path().join("other.json"), of_another).unwrap();
    copy.trouble("unknown suite other", false);
    let copy = Copy::new();
    let of_tomorrow = r#"{"schema_version": 2, "suite": "mrz", "description": "", "cases": []}"#;
    std::fs::write(copy.0.path().join("mrz.json"), of_tomorrow).unwrap();
    copy.trouble("schema_version 2", false);
    let chip = |member: &str, value: Value, word: &str| {
        let copy = Copy::new();
        copy.change("chip-authentication", "ca::aes-128", |case| case["evidence"][member] = value);
        copy.trouble(word, true);
    };
    chip("terminal_private_key", "zz".into(), "terminal_private_key");
    chip("protocol", "0.4.0.127.0.7.2.2.3.2.4".into(), "the verifier chooses the protocol");
    chip("key_id", 7.into(), "the verifier chooses the key");
}

/// A CRL that may not be used spoils nothing else; PEM is read as DER is.
#[test]
fn a_crl_that_may_not_be_used_is_passed_over_and_pem_is_read() {
    use base64::Engine as _;
    let copy = Copy::new();
    let base64 = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    copy.change("passive-authentication", "pa::passport", |case| {
        std::fs::write(copy.0.path().join("none.crl"), b"no CRL").unwrap();
        case["trust"]["crl"] = serde_json::json!(["none.crl"]);
        let csca = std::fs::read(vectors().join(case["trust"]["csca"][0].as_str().unwrap())).unwrap();
        let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", base64(&csca));
        std::fs::write(copy.0.path().join("csca.pem"), pem).unwrap();
        case["trust"]["csca"] = serde_json::json!(["csca.pem"]);
    });
    assert_eq!(copy.differences(), []);
    let errors = String::from_utf8(replay(copy.0.path(), &[]).stderr).unwrap();
    assert!(errors.contains("none.crl is passed over"), "{errors}");
}

/// A folder of somebody else: other names of files, no flags, no twins, a suite each.
#[test]
fn vectors_of_others_are_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let copied = |from: &Value, name: &str| {
        std::fs::create_dir_all(folder.path().join("data")).unwrap();
        std::fs::copy(vectors().join(from.as_str().unwrap()), folder.path().join("data").join(name)).unwrap();
        Value::from(format!("data/{name}"))
    };
    let case = |suite: &str, id: &str| {
        let cases = manifest(suite)["cases"].clone();
        cases.as_array().unwrap().iter().find(|case| case["id"] == id).unwrap().clone()
    };
    let write = |suite: &str, cases: Value| {
        let manifest = serde_json::json!({
            "schema_version": 1, "suite": suite, "description": "of others", "cases": cases,
        });
        std::fs::write(folder.path().join(format!("{suite}-of-others.json")), manifest.to_string()).unwrap();
    };
    let common = |id: &str, result: &str| {
        serde_json::json!({
            "id": id, "description": "d", "validation_time": "2026-06-01T00:00:00Z", "result": result,
        })
    };
    let rsa = case("active-authentication", "aa::rsa-sha256");
    let dg15 = copied(&rsa["files"]["EF.DG15"], "dg15");
    let aa = |id: &str, result: &str, challenge: &str| {
        let mut case = common(id, result);
        case["files"] = serde_json::json!({"EF.DG15": dg15});
        case["evidence"] = rsa["evidence"].clone();
        case["evidence"]["challenge"] = challenge.into();
        case
    };
    let mut wrong = aa("their-aa-2", "invalid", "0000000000000000");
    wrong["rejection"] = "aa.signature".into();
    let challenge = rsa["evidence"]["challenge"].as_str().unwrap();
    write("active-authentication", serde_json::json!([aa("their-aa-1", "valid", challenge), wrong]));

    let chip = case("chip-authentication", "ca::aes-128");
    let mut ca = common("their-ca", "valid");
    let files =
        ["EF.SOD", "EF.DG1", "EF.DG2", "EF.DG14"].map(|name| (name, copied(&chip["files"][name], name)));
    ca["files"] =
        files.into_iter().collect::<BTreeMap<_, _>>().into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
    ca["trust"] = serde_json::json!({"csca": [copied(&chip["trust"]["csca"][0], "csca")]});
    ca["evidence"] = chip["evidence"].clone();
    let dg1 = std::fs::read(vectors().join(chip["files"]["EF.DG1"].as_str().unwrap())).unwrap();
    let mut with_plaintexts = ca.clone();
    with_plaintexts["id"] = "their-ca-plaintexts".into();
    with_plaintexts["evidence"]["plaintexts"] = serde_json::json!(["", hex::encode(&dg1)]);
    let mut other_plaintexts = with_plaintexts.clone();
    other_plaintexts["id"] = "their-ca-other".into();
    other_plaintexts["evidence"]["plaintexts"] = serde_json::json!(["", "00"]);
    other_plaintexts["result"] = "invalid".into();
    other_plaintexts["rejection"] = "ca.dg1-mismatch".into();
    write("chip-authentication", serde_json::json!([ca, with_plaintexts, other_plaintexts]));

    let list = case("master-list", "ml::pinned");
    let mut theirs = common("their-list", "valid");
    theirs["objects"] = serde_json::json!({"list": copied(&list["objects"]["list"], "list.ml")});
    theirs["trust"] = list["trust"].clone();
    write("master-list", serde_json::json!([theirs]));

    let table = json(&replay(folder.path(), &["--json"]));
    assert_eq!((&table["total"], &table["differences"]), (&6.into(), &0.into()), "{table:#}");
    assert!(table.get("plan").is_none());
}
