//! The committed vectors are what the code makes, and hold together.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use crypto::{PublicKey, SignatureScheme, iso9796_2};
use lds::{DataGroup, Dg15, FileId, Mrz};
use test_passports::vectors::manifest::{Evidence, Manifest, Outcome};
use test_passports::vectors::{tree, write};

static TREE: LazyLock<BTreeMap<String, Vec<u8>>> = LazyLock::new(tree);

fn manifests() -> Vec<Manifest> {
    let other = ["schema.json", "bsi-tr-03105-5.1.json"];
    let is_manifest = |path: &&String| path.ends_with(".json") && !other.contains(&path.as_str());
    let read = |path: &String| serde_json::from_slice(&TREE[path]).expect("a manifest");
    TREE.keys().filter(is_manifest).map(read).collect()
}

fn files_below(dir: &Path, prefix: &str, out: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(dir).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type().expect("a type").is_dir() {
            files_below(&entry.path(), &format!("{name}/"), out);
        } else {
            out.insert(name, std::fs::read(entry.path()).expect("a file"));
        }
    }
}

#[test]
fn the_committed_vectors_are_what_the_code_makes() {
    let mut committed = BTreeMap::new();
    files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test-vectors"), "", &mut committed);
    let made = &*TREE;
    let differing: Vec<_> =
        made.keys().chain(committed.keys()).filter(|path| made.get(*path) != committed.get(*path)).collect();
    assert!(differing.is_empty(), "run `cargo run -p test-passports --bin write-vectors`: {differing:?}");
}

#[test]
fn what_is_written_is_the_tree() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path()).unwrap();
    let mut written = BTreeMap::new();
    files_below(folder.path(), "", &mut written);
    assert_eq!(written, *TREE);
}

#[test]
fn the_tree_stays_small() {
    let total: usize = TREE.values().map(Vec::len).sum();
    assert!(total < 6_000_000, "{total} bytes");
}

#[test]
fn ids_are_unique_and_every_negative_has_a_valid_twin() {
    let manifests = manifests();
    let cases: Vec<_> = manifests.iter().flat_map(|m| &m.cases).collect();
    assert!(cases.len() >= 400, "{}", cases.len());
    let by_id: BTreeMap<_, _> = cases.iter().map(|case| (case.id.as_str(), *case)).collect();
    assert_eq!(by_id.len(), cases.len());
    for case in cases {
        match case.result {
            Outcome::Valid => assert_eq!((&case.rejection, &case.twin), (&None, &None), "{}", case.id),
            Outcome::Invalid | Outcome::Acceptable => {
                assert!(case.rejection.is_some(), "{}", case.id);
                let twin = by_id[case.twin.as_deref().expect(&case.id)];
                assert_eq!(twin.result, Outcome::Valid, "{}", case.id);
                let differs = (
                    &twin.files,
                    &twin.objects,
                    &twin.trust,
                    &twin.policy,
                    &twin.evidence,
                    &twin.validation_time,
                ) != (
                    &case.files,
                    &case.objects,
                    &case.trust,
                    &case.policy,
                    &case.evidence,
                    &case.validation_time,
                );
                assert!(differs, "{}", case.id);
            }
        }
    }
}

#[test]
fn every_path_leads_to_a_file_and_every_file_is_used() {
    let manifests = manifests();
    let mut used = std::collections::BTreeSet::new();
    for case in manifests.iter().flat_map(|m| &m.cases) {
        let trust = &case.trust;
        let trusted = [&trust.csca, &trust.link, &trust.dsc, &trust.crl].into_iter().flatten();
        for path in case.files.values().chain(case.objects.values()).chain(trusted) {
            assert!(TREE.contains_key(path), "{}: {path}", case.id);
            used.insert(path.clone());
        }
    }
    let present: std::collections::BTreeSet<String> =
        TREE.keys().filter(|path| path.starts_with("files/")).cloned().collect();
    let unused: Vec<_> = std::collections::BTreeSet::difference(&present, &used).collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn data_groups_of_all_cases_read_or_are_what_is_wrong_with_the_case() {
    let manifests = manifests();
    for case in manifests.iter().flat_map(|m| &m.cases) {
        for (name, path) in &case.files {
            if let Some(FileId::Dg(n)) = FileId::from_name(name) {
                let code = DataGroup::parse(n, &TREE[path]).err().map(|error| error.code());
                assert!(code.is_none() || code == case.rejection, "{}: {name}: {code:?}", case.id);
            }
        }
    }
}

#[test]
fn texts_of_the_mrz_suite_read_or_are_refused_with_their_code() {
    let manifests = manifests();
    let suite = manifests.iter().find(|m| m.suite == "mrz").unwrap();
    for case in &suite.cases {
        let Some(Evidence::Mrz { text }) = &case.evidence else { panic!("{}", case.id) };
        let code = Mrz::parse(text).err().map(|error| error.code());
        assert_eq!(code, case.rejection, "{}", case.id);
    }
}

/// The verdict of the primitives alone on the answers of the suite: no document is judged.
#[test]
fn answers_of_active_authentication_verify_or_not_as_they_should() {
    let manifests = manifests();
    let suite = manifests.iter().find(|m| m.suite == "active-authentication").unwrap();
    for case in &suite.cases {
        let Some(Evidence::ActiveAuthentication { challenge, signature }) = &case.evidence else { panic!() };
        let (challenge, signature) = (hex::decode(challenge).unwrap(), hex::decode(signature).unwrap());
        let dg15 = Dg15::parse(&TREE[&case.files["EF.DG15"]]).unwrap();
        let (key, _) = PublicKey::from_spki_der(&dg15.spki_der).unwrap();
        let verifies = match &key {
            PublicKey::Rsa(key) => iso9796_2::recover_and_verify(key, &challenge, &signature).is_ok(),
            PublicKey::Ec(_) => SignatureScheme::from_plain_ecdsa_oid("0.4.0.127.0.7.1.1.4.1.3")
                .unwrap()
                .verify(&key, &challenge, &signature)
                .is_ok(),
            PublicKey::Dsa(_) | PublicKey::Dh(_) => false,
        };
        assert_eq!(verifies, case.rejection.as_deref() != Some("aa.signature"), "{}", case.id);
    }
}

/// Tiers A and B of the BSI's plan have their vectors, the others a reason.
#[test]
fn every_case_of_the_plan_has_a_vector_or_a_reason() {
    let plan: serde_json::Value = serde_json::from_slice(&TREE["bsi-tr-03105-5.1.json"]).expect("JSON");
    let manifests = manifests();
    let references: Vec<&str> =
        manifests.iter().flat_map(|m| &m.cases).map(|case| case.reference.as_str()).collect();
    for case in plan["cases"].as_array().expect("cases") {
        let (id, tier) = (case["id"].as_str().expect("an id"), case["tier"].as_str().expect("a tier"));
        let reference = format!("BSI TR-03105-5.1 {id}");
        let has_vector = references.contains(&reference.as_str());
        let is_judged = ["A", "B"].contains(&tier);
        assert_eq!(has_vector, is_judged, "{id}");
        assert_eq!(case.get("reason").is_some(), !is_judged, "{id}");
    }
}
