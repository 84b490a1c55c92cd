//! The two samples.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use toml::{Table, Value};

use super::super::{Attestation, ClientPolicy, Desk, Enrolment, Face, Limits, Log, Mistakes};
use super::{BASIC, Bench, FULL, SECTIONS, parse, section, table};

/// The keys that serde knows in a section: it lists them when it meets another.
fn known_keys(table: &Table, path: &str) -> BTreeSet<String> {
    let mut table = table.clone();
    section(&mut table, path).insert("zz".to_owned(), Value::Integer(0));
    let Mistakes(mistakes) = parse(&table, &[], Path::new("")).unwrap_err();
    let (_, expected) = mistakes[0].text.split_once("expected").unwrap();
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// What the text of the full sample names.
#[derive(Default)]
struct Named {
    /// The keys, by section.
    keys: BTreeMap<String, BTreeSet<String>>,
    /// Section, key and value of those that it leaves out.
    left_out: Vec<(String, String, Value)>,
}

fn named() -> Named {
    let mut named = Named::default();
    let mut at = String::new();
    for line in FULL.lines() {
        let shown = line.strip_prefix('#').unwrap_or(line);
        if let Some(header) = line.strip_prefix('[') {
            at = header.trim_matches(['[', ']']).to_owned();
            let (above, key) = at.rsplit_once('.').unwrap_or(("", &at));
            named.keys.entry(above.to_owned()).or_default().insert(key.to_owned());
        } else if !shown.starts_with([' ', '#']) && shown.contains(" = ") {
            let (key, value) = shown.parse::<Table>().unwrap().into_iter().next().unwrap();
            named.keys.entry(at.clone()).or_default().insert(key.clone());
            if line.starts_with('#') {
                named.left_out.push((at.clone(), key, value));
            }
        }
    }
    named
}

#[test]
fn the_full_sample_names_every_key() {
    let named = named().keys;
    let full = table(FULL);
    for (path, header) in SECTIONS {
        let mut known = known_keys(&full, path);
        if header == "mail" {
            let mut folder = full.clone();
            folder.insert(
                "mail".to_owned(),
                Value::Table(table("transport = 'folder'\nfolder = 'a'\nfrom = 'b'")),
            );
            known.extend(known_keys(&folder, path));
            known.insert("transport".to_owned());
        }
        assert_eq!(named.get(header), Some(&known), "[{header}]");
    }
    let headers: BTreeSet<&str> = SECTIONS.iter().map(|(_, header)| *header).collect();
    assert_eq!(named.keys().map(String::as_str).collect::<BTreeSet<_>>(), headers);
}

#[test]
fn keys_that_the_full_sample_leaves_out_may_be_written_as_it_shows_them() {
    let left_out = named().left_out;
    assert_eq!(left_out.len(), 16);
    for (header, key, value) in left_out {
        let mut full = table(FULL);
        let (path, _) = SECTIONS.into_iter().find(|(_, h)| *h == header).unwrap();
        if key == "folder" {
            section(&mut full, path).retain(|key, _| key == "from");
            section(&mut full, path).insert("transport".to_owned(), "folder".into());
        }
        section(&mut full, path).insert(key.clone(), value);
        assert_eq!(parse(&full, &[], Path::new("")).map(drop), Ok(()), "{key}");
    }
}

#[test]
fn the_full_sample_shows_the_defaults() {
    let full = parse(&table(FULL), &[], Path::new("")).unwrap();
    let basic = parse(&table(BASIC), &[], Path::new("")).unwrap();
    let text = |value: &dyn std::fmt::Debug| format!("{value:?}");
    assert_eq!(text(&full.verification), text(&verification::Policy::default()));
    assert_eq!(
        text(&full.face),
        text(&Face {
            engines: full.face.engines.clone(),
            built_in: full.face.built_in.clone(),
            ..Face::default()
        })
    );
    let agents_file = full.desk.agents_file.clone();
    assert_eq!(text(&full.desk), text(&Desk { agents_file, ..Desk::default() }));
    let attestation = Attestation {
        applications: full.attestation.applications.clone(),
        apple_app_ids: full.attestation.apple_app_ids.clone(),
        status_list_file: full.attestation.status_list_file.clone(),
        ..Attestation::default()
    };
    assert_eq!(text(&full.attestation), text(&attestation));
    let consents = full.enrolment.consents.clone();
    assert_eq!(text(&full.enrolment), text(&Enrolment { consents, ..Enrolment::default() }));
    assert_eq!(text(&full.limits), text(&Limits::default()));
    assert_eq!(text(&full.log), text(&Log::default()));
    let policy = ClientPolicy { scopes: full.clients[0].policy.scopes.clone(), ..ClientPolicy::default() };
    assert_eq!(text(&full.clients[0].policy), text(&policy));
    assert_eq!(full.clients[0].consent_version, basic.clients[0].consent_version);
    assert!(full.enrolment.consents.iter().chain(&basic.enrolment.consents).all(|consent| consent.required));
}

#[test]
fn both_samples_have_no_mistake_once_their_files_are_there() {
    let bench = Bench::new();
    for sample in [BASIC, FULL] {
        let materials = bench.read(sample, |_| {}).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        assert_eq!(materials.database.expose(), "sqlite:/var/lib/sceau/sceau.db");
        let names: Vec<&str> = materials.consents.iter().map(|c| c.entry.name.as_str()).collect();
        assert_eq!(names, ["terms", "privacy", "face"]);
        assert_eq!(materials.consents[1].entry.url, "https://fi.example/texts/privacy");
        let built_in = (sample == FULL).then_some("sceau-built-in");
        let engines: Vec<_> = ["face-engine"].into_iter().chain(built_in).collect();
        assert_eq!(materials.engines.registry().ids().collect::<Vec<_>>(), engines);
    }
}
