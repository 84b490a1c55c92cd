//! `sceau trust` as it is run, and a server that reads the store again.
#![allow(clippy::unwrap_used, reason = "a test that meets trouble fails")]

mod common;
#[path = "../crates/verification/tests/world/mod.rs"]
mod world;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use common::Bench;
use common::browser::Browser;
use common::phone::Phone;
use crypto::sha256;
use lds::{FileId, cms};
use serde_json::Value;
use test_passports::{Signer, asn1};
use verification::TrustFolder;
use world::{Cert, Cms, MASTER_LIST, MASTER_LIST_SIGNING, World, attribute, ec, extended_key_usage, name};

const DAY: i64 = 86_400;

struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: &[u8]) -> String {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), content).unwrap();
        text(&self.path(name))
    }

    /// Runs a command on the store of this desk.
    fn trust(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let store = text(&self.path("store"));
        let output = sceau(&[arguments, &["--store", &store]].concat());
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.trust(&[arguments, &["--json"]].concat()).1).unwrap()
    }

    fn versions(&self) -> Vec<u64> {
        TrustFolder::new(&self.path("store")).versions().unwrap()
    }
}

fn sceau(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sceau")).arg("trust").args(arguments).output().unwrap()
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// A publisher of lists.
struct Publisher {
    csca: Signer,
    csca_der: Vec<u8>,
}

impl Publisher {
    fn new(country: &str) -> Self {
        let (csca, csca_name) = (ec(&format!("CSCA {country}")), name(country, "CSCA"));
        Self { csca_der: Cert::csca(&csca_name, &csca_name, &csca, &csca).sign(&csca), csca }
    }

    fn pin(&self) -> String {
        hex::encode(sha256(&self.csca_der))
    }

    /// Signed `age` days before the day of these tests.
    fn list(&self, age: i64, certificates: &[&[u8]]) -> Vec<u8> {
        let (signer, csca_name) = (ec("list signer"), name("DE", "CSCA"));
        let certificate = Cert::dsc(&csca_name, 500, &signer, &self.csca.key.spki_der())
            .with(|cert| cert.extensions.push(extended_key_usage(MASTER_LIST_SIGNING)))
            .sign(&self.csca);
        let set: Vec<Vec<u8>> = certificates.iter().map(|der| der.to_vec()).collect();
        let content = asn1::sequence(&[asn1::integer(0), asn1::set(&set)]);
        let sid = asn1::sequence(&[csca_name.der(), asn1::integer(500)]);
        let mut list = Cms::new(MASTER_LIST, &content, sid, &certificate, &signer);
        list.certificates.push(self.csca_der.clone());
        let time = asn1::time(world::at().plus(-age * DAY));
        list.attributes.as_mut().unwrap().push(attribute(cms::OID_SIGNING_TIME, time));
        list.encode()
    }
}

#[test]
fn a_list_is_imported_under_its_pin_only_and_never_replaced_by_an_older_one() {
    let (desk, germany, world) = (Desk::new(), Publisher::new("DE"), World::new());
    let newer = desk.write("newer.ml", &germany.list(1, &[&germany.csca_der, &world.csca_der]));
    let (code, out) = desk.trust(&["import", &newer]);
    assert_eq!(code, Some(1));
    assert!(out.contains(&germany.pin()) && out.contains("vouches for itself proves nothing"), "{out}");
    assert_eq!(desk.versions(), [0; 0], "nothing is written");

    let pin = germany.pin();
    let (code, out) = desk.trust(&["import", &newer, "--pin", &pin]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("new: 2 certificates of a list") && out.ends_with("version 1\n"), "{out}");
    let (code, out) = desk.trust(&["import", &newer, "--pin", &pin]);
    assert_eq!((code, desk.versions()), (Some(0), vec![1]), "the same changes nothing");
    assert!(out.contains("nothing new: version 1 stands"), "{out}");

    let older = desk.write("older.ml", &germany.list(9, &[&germany.csca_der]));
    let (code, out) = desk.trust(&["import", &older, "--pin", &pin]);
    assert_eq!((code, desk.versions()), (Some(1), vec![1]));
    assert!(out.contains("a newer list of this publisher"), "{out}");

    let without = desk.write("without.ml", &germany.list(0, &[&germany.csca_der]));
    let (code, out) = desk.trust(&["import", &without, "--pin", &pin]);
    assert_eq!(code, Some(0));
    assert!(out.contains("1 certificates of its older list are not in it: kept and marked"), "{out}");
    let list = desk.json(&["list"]);
    assert_eq!(list["version"], 2);
    let kept = &list["certificates"][hex::encode(sha256(&world.csca_der))];
    assert_eq!((&kept["kind"], &kept["sources"]), (&"csca".into(), &serde_json::json!([])));
    assert!(kept["omitted"]["DE"].is_string());
}

#[test]
fn pins_come_from_the_configuration_too() {
    let (desk, germany) = (Desk::new(), Publisher::new("DE"));
    let pins = format!("[trust]\npins = [\"{}\"]\n", germany.pin());
    let sample = include_str!("../docs/samples/basic.toml").replacen("[trust]\n", &pins, 1);
    let config = desk.write("sceau.toml", sample.as_bytes());
    let list = desk.write("list.ml", &germany.list(1, &[&germany.csca_der]));
    let (code, out) = desk.trust(&["import", &list, "--config", &config]);
    assert_eq!(code, Some(0), "{out}");
}

#[test]
fn a_certificate_of_a_collection_is_an_anchor_only_if_the_operator_vouches() {
    let (desk, germany, world) = (Desk::new(), Publisher::new("DE"), World::new());
    let set = [germany.csca_der.clone(), world.csca_der.clone()];
    let unsigned = desk.write("bare.der", &asn1::sequence(&[asn1::integer(0), asn1::set(&set)]));
    let (code, out) = desk.trust(&["import", &unsigned]);
    assert_eq!((code, desk.versions()), (Some(1), vec![]));
    assert_eq!(out.matches("a CSCA for which nobody vouches").count(), 2, "{out}");
    let (code, out) = desk.trust(&["import", &unsigned, "--vouch"]);
    assert_eq!(code, Some(0), "{out}");

    let named = Desk::new();
    let file = named.write("certs/csca.der", &germany.csca_der);
    named.write("certs/deep/dsc.der", &world.dsc_cert.sign(&world.csca));
    let folder = text(Path::new(&file).parent().unwrap());
    let (code, out) = named.trust(&["import", &folder]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("new: 1 CSCA;") && out.contains("new: 1 document signer;"), "{out}");
}

#[test]
fn distrust_wins_over_every_list_until_it_is_taken_back() {
    let (desk, germany) = (Desk::new(), Publisher::new("DE"));
    let list = desk.write("list.ml", &germany.list(1, &[&germany.csca_der]));
    let pin = germany.pin();
    assert_eq!(desk.trust(&["import", &list, "--pin", &pin]).0, Some(0));
    let (code, out) = desk.trust(&["distrust", &pin, "--from", "2026-06-01"]);
    assert_eq!(code, Some(0), "{out}");
    assert!(desk.trust(&["list"]).1.contains(&format!("distrusted from 2026-06-01T00:00:00Z on: {pin}")));
    let newer = desk.write("newer.ml", &germany.list(0, &[&germany.csca_der]));
    let (code, _) = desk.trust(&["import", &newer, "--pin", &pin]);
    assert_eq!(code, Some(1), "a list whose signer leads to what is distrusted");
    let report = desk.json(&["report"]);
    assert_eq!(report["countries"][0]["cscas_distrusted"], 1);
    assert!(desk.trust(&["trust-again", &pin]).1.contains("is no longer distrusted"));
    assert_eq!(desk.json(&["list"])["distrusted"], serde_json::json!({}));
    assert_eq!(desk.versions(), [1, 2, 3], "every version is kept");
    assert_eq!(desk.trust(&["distrust", "abc", "--from", "2026-06-01"]).0, Some(2));
}

#[test]
fn the_report_is_a_table_csv_or_json() {
    let (desk, germany) = (Desk::new(), Publisher::new("DE"));
    let file = desk.write("csca.der", &germany.csca_der);
    desk.trust(&["import", &file]);
    assert!(desk.trust(&["report"]).1.contains("ECDSA SHA-256"));
    let (_, csv) = desk.trust(&["report", "--csv"]);
    assert!(csv.starts_with("country,cscas_valid,") && csv.contains("\n\"DE\",1,0,0,0,0,0,"), "{csv}");
}

#[test]
fn the_audit_says_who_signed_what_and_goes_on_past_rubbish() {
    let (desk, germany, world) = (Desk::new(), Publisher::new("DE"), World::new());
    let dsc = world.dsc_cert.sign(&world.csca);
    desk.write("heap/csca.der", &world.csca_der);
    desk.write("heap/deep/dsc.der", &dsc);
    desk.write("heap/list.ml", &germany.list(1, &[&germany.csca_der]));
    desk.write("heap/readme.txt", b"no certificate");
    desk.write("heap/cut.der", &dsc[..40]);
    let output = sceau(&["audit", &text(&desk.path("heap")), "--json"]);
    assert!(output.status.success());
    let audit: Value = serde_json::from_slice(&output.stdout).unwrap();
    let line = |der: &[u8]| {
        let id = hex::encode(sha256(der));
        let all = audit["certificates"].as_array().unwrap();
        all.iter().find(|line| line["sha256"] == id).unwrap().clone()
    };
    let csca = hex::encode(sha256(&world.csca_der));
    let dsc_line = line(&dsc);
    assert_eq!((&dsc_line["parse"], &dsc_line["role"]), (&"ok".into(), &"document-signer".into()));
    assert_eq!(dsc_line["verified_by"], serde_json::json!([csca]));
    for member in ["country", "key", "signature", "findings"] {
        assert!(!dsc_line[member].is_null(), "{member}");
    }
    assert_ne!(line(&dsc[..40])["parse"], "ok");
    let list = &audit["master_lists"][0];
    assert_eq!((&list["signature"], &list["vouches_for_itself"]), (&"ok".into(), &true.into()));
    let unreadable = audit["unreadable"].as_array().unwrap();
    assert!(unreadable.iter().any(|part| part["source"].as_str().unwrap().ends_with("readme.txt")));
    let table = String::from_utf8(sceau(&["audit", &text(&desk.path("heap"))]).stdout).unwrap();
    assert!(table.contains("document signer"), "{table}");
}

#[test]
fn a_running_server_reads_a_newer_version_and_keeps_the_old_one_if_it_is_broken() {
    let desk = Desk::new();
    let store = text(&desk.path("store"));
    let bench = Bench::with(|config| {
        config.replace("csca = [\"csca.der\"]", &format!("store = \"{store}\"\nmax_age_days = 30"))
    });
    let passport = bench.passport();
    let sends = |seed: u64| Phone::open(&bench, seed).upload(FileId::Sod, passport.file(FileId::Sod)).status;
    let health = || Browser::new(&bench).get("/status").json()["trust"].clone();
    assert_eq!(sends(1), 422, "nobody is trusted");
    assert_eq!(health(), serde_json::json!({"version": 0, "attention": false}));

    let csca = desk.write("csca.der", &passport.csca_der);
    assert_eq!(desk.trust(&["import", &csca]).0, Some(0));
    bench.state().trust.refresh();
    assert_eq!(sends(2), 200);
    assert_eq!(health()["version"], 1);

    // A list that is too old asks for attention.
    let germany = Publisher::new("DE");
    let list = desk.write("list.ml", &germany.list(40, &[&germany.csca_der]));
    assert_eq!(desk.trust(&["import", &list, "--pin", &germany.pin()]).0, Some(0));
    bench.state().trust.refresh();
    assert_eq!(health(), serde_json::json!({"version": 2, "age_days": 40, "attention": true}));

    desk.write("store/trust-000003.json", b"{");
    bench.state().trust.refresh();
    assert_eq!(sends(3), 200, "the version before goes on");
    assert_eq!((&health()["version"], &health()["attention"]), (&2.into(), &true.into()));
    std::fs::remove_file(desk.path("store/trust-000003.json")).unwrap();
    let pin = hex::encode(sha256(&passport.csca_der));
    assert_eq!(desk.trust(&["distrust", &pin, "--from", "2026-01-01"]).0, Some(0));
    bench.state().trust.refresh();
    assert_eq!(sends(4), 422, "distrusted since");
}

/// The published lists, which are not part of this repository.
#[test]
fn the_german_master_list_is_imported_under_its_pin() {
    let Ok(shared) = std::env::var("SCEAU_SHARED") else {
        println!("skipped: SCEAU_SHARED is not set");
        return;
    };
    let (desk, folder) = (Desk::new(), Path::new(&shared).join("real-pki"));
    let list = text(&folder.join("master-lists/DE_2026-05-28_588.ml"));
    let output = sceau(&["audit", &list, "--json"]);
    let audit: Value = serde_json::from_slice(&output.stdout).unwrap();
    let pin = audit["master_lists"][0]["signer_verified_by"][0].as_str().unwrap().to_owned();
    assert_eq!(desk.trust(&["import", &list]).0, Some(1), "without a pin");
    let (code, out) = desk.trust(&["import", &list, "--pin", &pin]);
    assert_eq!(code, Some(0), "{out}");
    assert!(desk.trust(&["list"]).1.contains("list of DE: signed at 2026-05-28"));
}

#[test]
fn everything_that_was_published_is_audited() {
    let Ok(shared) = std::env::var("SCEAU_SHARED") else {
        println!("skipped: SCEAU_SHARED is not set");
        return;
    };
    let folder = text(&Path::new(&shared).join("real-pki"));
    let output = sceau(&["audit", &folder, "--json"]);
    let audit: Value = serde_json::from_slice(&output.stdout).unwrap();
    let certificates = audit["certificates"].as_array().unwrap();
    let signed = |line: &&Value| !line["verified_by"].as_array().unwrap().is_empty();
    assert!(certificates.len() >= 1479 && certificates.iter().all(|line| line["parse"] == "ok"));
    assert_eq!(certificates.iter().filter(|line| !signed(line)).count(), 1, "a link of Côte d'Ivoire");
    assert!(audit["crls"].as_array().unwrap().iter().all(|line| signed(&line)));
    assert!(audit["master_lists"].as_array().unwrap().iter().all(|line| line["signature"] == "ok"));
}
