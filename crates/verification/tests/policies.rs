//! The two shipped policies: what one tells, the other refuses. And the report by the guideline's checks.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod world;

use std::collections::BTreeMap;

use crypto::{Curve, HashAlgorithm, SessionCipher, sha256};
use lds::security_info::{PaceInfo, SecurityInfo};
use lds::{CardAccess, Com, Dg14, FileId};
use test_passports::keys::{DsaKey, RsaKey};
use test_passports::{PrivateKey, Signer, Specimen, asn1};
use verification::{
    AuthenticDocument, CheckResult, ChipData, Day, EvidenceSet, GuidelineResult, Inspection, Policy,
    TrustStore, judge, judge_data,
};
use world::*;

type Files = BTreeMap<FileId, Vec<u8>>;

fn judged(store: &TrustStore, data: &ChipData, policy: &Policy) -> Inspection<AuthenticDocument> {
    judge_data(data, store, policy, at())
}

fn state() -> (TrustStore, Specimen) {
    let state = utopia();
    (store(&[&state.csca.certificate]), passport(&state))
}

/// The code by `field` (nothing if it is a finding with this id), and by `bsi-tr-03105`.
fn both(store: &TrustStore, files: &Files, id: &str) -> (Option<String>, Option<String>) {
    let data = ChipData::new(files.clone());
    let field = judged(store, &data, &Policy::field());
    if field.outcome.is_ok() {
        assert!(field.report.deviations().any(|check| check.id == id), "{:?}", field.report.checks);
    }
    let code = |inspection: Inspection<AuthenticDocument>| inspection.outcome.err().map(|r| r.code());
    (code(field), code(judged(store, &data, &Policy::bsi_tr_03105())))
}

fn only_bsi(code: &str) -> (Option<String>, Option<String>) {
    (None, Some(code.to_owned()))
}

#[test]
fn a_right_document_passes_both_without_a_finding() {
    let (store, passport) = state();
    for policy in [Policy::field(), Policy::bsi_tr_03105()] {
        let inspection = judged(&store, &ChipData::new(passport.files.clone()), &policy);
        assert_eq!(inspection.report.deviations().count(), 0);
        assert!(inspection.outcome.is_ok());
    }
}

#[test]
fn ef_com_and_ef_sod_list_the_same() {
    let (store, passport) = state();
    let com = Com::parse(passport.file(FileId::Com)).unwrap();
    let with = |change: &dyn Fn(&mut Com)| {
        let mut changed = com.clone();
        change(&mut changed);
        let mut files = passport.files.clone();
        files.insert(FileId::Com, changed.encode());
        both(&store, &files, "pa.com")
    };
    assert_eq!(with(&|com| com.data_groups.push(15)), only_bsi("lds.com-sod-mismatch"));
    assert_eq!(with(&|com| com.data_groups.retain(|n| *n != 12)), only_bsi("lds.com-sod-mismatch"));
    assert_eq!(with(&|com| com.lds_version = "0107".into()), only_bsi("lds.com-sod-mismatch"));
    let mut files = passport.files.clone();
    files.insert(FileId::Com, vec![0x60, 1]);
    assert_eq!(both(&store, &files, "pa.com"), only_bsi("lds.truncated(EF.COM)"));
}

#[test]
fn taking_a_way_of_pace_out_of_ef_card_access_is_refused_by_every_policy() {
    let (_, passport) = state();
    let state = utopia();
    let store = store(&[&state.csca.certificate]);
    let mut signed = Dg14::parse(passport.file(FileId::Dg(14))).unwrap().security_infos;
    let strong = SecurityInfo::Pace(PaceInfo::ecdh_generic(SessionCipher::Aes256, 13));
    let weak = SecurityInfo::Pace(PaceInfo::ecdh_generic(SessionCipher::TripleDes, 13));
    signed.retain(|info| !matches!(info, SecurityInfo::Pace(_)));
    signed.push(strong.clone());
    let mut passport = passport;
    passport.files.insert(FileId::Dg(14), Dg14::new(signed).encode());
    let object = passport.security_object(&state, 1, HashAlgorithm::Sha256);
    passport.sign_with(&object, &state.dsc.signer);
    let with = |security_infos: Vec<SecurityInfo>| {
        let mut files = passport.files.clone();
        files.insert(FileId::CardAccess, CardAccess { security_infos }.encode());
        both(&store, &files, "pa.card-access")
    };
    let refused = Some("lds.card-access-downgrade".to_owned());
    assert_eq!(with(vec![weak.clone()]), (refused.clone(), refused.clone()));
    assert_eq!(with(vec![]), (refused.clone(), refused));
    assert_eq!(with(vec![strong, weak]), only_bsi("lds.card-access-mismatch"));
}

#[test]
fn fields_of_data_groups_that_the_standard_does_not_know_are_told_or_refused() {
    let state = utopia();
    let store = store(&[&state.csca.certificate]);
    let passport = passport(&state);
    let with = |number: u8, from: &[u8], to: &[u8]| {
        let mut passport = passport.clone();
        let file = passport.files.get_mut(&FileId::Dg(number)).unwrap();
        let at = file.windows(from.len()).position(|window| window == from).unwrap();
        file[at..at + to.len()].copy_from_slice(to);
        let object = passport.security_object(&state, 1, HashAlgorithm::Sha256);
        passport.sign_with(&object, &state.dsc.signer);
        both(&store, &passport.files, "pa.data-group-profile")
    };
    assert_eq!(with(1, b"P<UTO", b"X<UTO"), only_bsi("lds.dg1.document-code"));
    assert_eq!(with(2, &[0x87, 2, 1, 1], &[0x87, 2, 1, 2]), only_bsi("lds.dg2.format-owner"));
    let info = [asn1::oid("0.4.0.127.0.7.2.2.3.2.2"), asn1::integer(1)].concat();
    let version_4 = [asn1::oid("0.4.0.127.0.7.2.2.3.2.2"), asn1::integer(4)].concat();
    assert_eq!(with(14, &info, &version_4), only_bsi("lds.dg14.ca-version"));
    let other_key = asn1::oid("0.4.0.127.0.7.2.2.1.9");
    assert_eq!(with(14, &asn1::oid("0.4.0.127.0.7.2.2.1.2"), &other_key), only_bsi("lds.dg14.ca-oid"));
    // The size in the record's header, which the BSI's own reference data set has wrong.
    assert_eq!(with(2, &[1, 0x2C, 1, 0x90], &[1, 0x2C, 1, 0x91]), (None, None));
}

#[test]
fn faults_of_the_document_signer_certificate_are_told_or_refused() {
    let world = World::new();
    let files = passport(&utopia()).files;
    let with = |cert: Cert| {
        let mut files = files.clone();
        files.insert(FileId::Sod, world.sod(&files, &cert.sign(&world.csca)).sod_file());
        files.remove(&FileId::Com);
        both(&world.store(), &files, "pa.dsc-profile")
    };
    let cert = || world.dsc_cert.clone();
    let replaced = |oid: &str, by: Vec<u8>| cert().without(oid).with(|cert| cert.extensions.push(by));
    assert_eq!(with(cert().with(|c| c.version = Some(1))), only_bsi("pa.dsc-version"));
    assert_eq!(with(cert().without("2.5.29.35")), only_bsi("pa.dsc-aki-missing"));
    let empty = extension("2.5.29.35", false, &asn1::sequence::<Vec<u8>>(&[]));
    assert_eq!(with(replaced("2.5.29.35", empty)), only_bsi("pa.dsc-aki"));
    assert_eq!(with(cert().without("2.5.29.15")), only_bsi("pa.dsc-key-usage-missing"));
    let soft = replaced("2.5.29.15", key_usage(&[0], false));
    assert_eq!(with(soft), only_bsi("pa.dsc-key-usage-not-critical"));
    let long = |year: &str| lds::tlv::encode(0x18, format!("{year}0101000000Z").as_bytes());
    let years = cert().with(|c| c.validity = asn1::sequence(&[long("2024"), long("2034")]));
    assert_eq!(with(years), only_bsi("pa.dsc-validity-encoding"));
    let mut right = files.clone();
    let renamed = cert().with(|c| c.subject = name("UT", "Some Signer").der());
    right.insert(FileId::Sod, world.sod(&files, &renamed.sign(&world.csca)).sod_file());
    right.remove(&FileId::Com);
    assert_eq!(code(&world.store(), &right, &Policy::bsi_tr_03105()), None);
}

#[test]
fn ef_card_security_is_signed_by_the_state_and_holds_what_ef_card_access_says() {
    let world = World::new();
    let mut files = passport(&utopia()).files;
    let dsc = world.dsc_cert.sign(&world.csca);
    files.insert(FileId::Sod, world.sod(&files, &dsc).sod_file());
    files.remove(&FileId::Com);
    let access = CardAccess::parse(&files[&FileId::CardAccess]).unwrap().security_infos;
    let more = SecurityInfo::Pace(PaceInfo::ecdh_generic(SessionCipher::Aes256, 12));
    let sid = asn1::sequence(&[world.csca_name.der(), asn1::integer(77)]);
    let card_security = |infos: &[SecurityInfo]| {
        let content = lds::security_info::encode_set(infos);
        Cms::new("0.4.0.127.0.7.3.2.1", &content, sid.clone(), &dsc, &world.dsc)
    };
    let with = |file: Vec<u8>, id: &str| {
        let mut files = files.clone();
        files.insert(FileId::CardSecurity, file);
        both(&world.store(), &files, id)
    };
    let right = card_security(&access);
    let mut whole = files.clone();
    whole.insert(FileId::CardSecurity, right.encode());
    assert_eq!(code(&world.store(), &whole, &Policy::bsi_tr_03105()), None);
    let less = with(card_security(&[]).encode(), "pa.card-security-access");
    assert_eq!(less, only_bsi("lds.card-access-mismatch"));
    let downgrade = Some("lds.card-access-downgrade".to_owned());
    let taken_away = with(card_security(&[access.clone(), vec![more]].concat()).encode(), "");
    assert_eq!(taken_away, (downgrade.clone(), downgrade));
    let wrong =
        with(right.content_info(&[right.signer_info(&card_security(&[]).signature())]), "pa.card-security");
    assert_eq!(wrong, only_bsi("pa.card-security-signature"));
    let digest = with(right.clone().with_digest(&[0; 32]).encode(), "pa.card-security");
    assert_eq!(digest, only_bsi("pa.card-security-message-digest"));
    let forger = ec("forger");
    let own = Cert::dsc(&world.csca_name, 77, &forger, &world.csca.key.spki_der()).sign(&forger);
    let own = Cms { certificates: vec![own], signer: forger, ..right };
    assert_eq!(with(own.encode(), "pa.card-security"), only_bsi("pa.card-security-signer"));
}

#[test]
fn a_missing_part_of_the_document_signer_certificate_is_named() {
    let world = World::new();
    let files = passport(&utopia()).files;
    let with = |change: fn(&mut Cert)| {
        let dsc = world.dsc_cert.clone().with(change).sign(&world.csca);
        sod_code(&world.store(), &world.sod(&files, &dsc).sod_file()).unwrap()
    };
    assert_eq!(with(|c| c.serial.clear()), "pa.dsc-malformed(serial-number)");
    assert_eq!(with(|c| c.inner_algorithm = Some(Vec::new())), "pa.dsc-malformed(signature)");
    assert_eq!(with(|c| c.issuer.clear()), "pa.dsc-malformed(issuer)");
    assert_eq!(with(|c| c.validity.clear()), "pa.dsc-malformed(validity)");
    assert_eq!(with(|c| c.subject.clear()), "pa.dsc-malformed(subject)");
    assert_eq!(with(|c| c.spki.clear()), "pa.dsc-malformed(public-key)");
    let tbs = world.dsc_cert.tbs(&world.csca.algorithm_der());
    let signature = asn1::bit_string(&[0; 70]);
    for (der, part) in [
        (asn1::sequence(&[tbs.clone(), signature]), "signature-algorithm"),
        (asn1::sequence(&[tbs, world.csca.algorithm_der()]), "signature-value"),
    ] {
        let sod = world.sod(&files, &der).sod_file();
        assert_eq!(sod_code(&world.store(), &sod), Some(format!("pa.dsc-malformed({part})")));
    }
}

#[test]
fn the_mrz_on_the_page_is_compared_if_it_was_read() {
    let (store, passport) = state();
    let text = passport.mrz.text();
    let judge = |text: &str| {
        let data = ChipData::new(passport.files.clone()).with_optical_mrz(text);
        judged(&store, &data, &Policy::field()).outcome.err().map(|rejection| rejection.code())
    };
    assert_eq!(judge(&text), None);
    let other = text.replacen("ERIKSSON", "ERIKSEN<", 1);
    assert_eq!(judge(&other), Some("lds.mrz-mismatch(name)".to_owned()));
    assert!(judge("P<UTO").unwrap().starts_with("lds."));
}

#[test]
fn states_types_and_algorithms_are_the_policys() {
    let (store, passport) = state();
    let code = |policy: &Policy| code(&store, &passport.files, policy);
    let base = Policy::default();
    let states = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<String>>();
    assert_eq!(code(&Policy { accepted_states: states(&["FRA", "UTO"]), ..base.clone() }), None);
    let refused = code(&Policy { accepted_states: states(&["FRA"]), ..base.clone() });
    assert_eq!(refused.as_deref(), Some("pa.state-not-accepted"));
    assert_eq!(code(&Policy { accepted_document_types: states(&["P"]), ..base.clone() }), None);
    let refused = code(&Policy { accepted_document_types: states(&["ID"]), ..base.clone() });
    assert_eq!(refused.as_deref(), Some("pa.document-type-not-accepted"));
    let retired = |seconds| BTreeMap::from([("SHA-256".to_owned(), Day(at().plus(seconds)))]);
    assert_eq!(code(&Policy { retired_hashes: retired(1), ..base.clone() }), None);
    let refused = code(&Policy { retired_hashes: retired(0), ..base });
    assert_eq!(refused.as_deref(), Some("pa.weak-algorithm(SHA-256)"));
}

#[test]
fn a_key_that_is_too_short_for_its_kind_is_refused_from_its_day_on() {
    let world = |csca: PrivateKey, dsc: PrivateKey| {
        let (csca, dsc) = (Signer::new(csca, HashAlgorithm::Sha256), Signer::new(dsc, HashAlgorithm::Sha256));
        let csca_name = name("UT", "CSCA");
        let csca_der = Cert::csca(&csca_name, &csca_name, &csca, &csca).sign(&csca);
        let dsc_cert = Cert::dsc(&csca_name, 77, &dsc, &csca.key.spki_der());
        World { csca_name, csca, csca_der, dsc, dsc_cert }
    };
    let judge = |world: &World, policy: &Policy| {
        let files = passport(&utopia()).files;
        let sod = world.sod(&files, &world.dsc_cert.sign(&world.csca)).sod_file();
        let outcome = world.store().authenticate_sod(&sod, policy, at()).outcome;
        outcome.err().map(|rejection| rejection.code())
    };
    let p224 = world(PrivateKey::ec(Curve::P256, "CSCA"), PrivateKey::ec(Curve::P224, "DSC"));
    let dsa = world(PrivateKey::dsa(DsaKey::Csca), PrivateKey::dsa(DsaKey::Dsc));
    let rsa = world(PrivateKey::rsa(RsaKey::Csca), PrivateKey::rsa(RsaKey::Dsc));
    for policy in [Policy::field(), Policy::bsi_tr_03105()] {
        for world in [&p224, &dsa, &rsa] {
            assert_eq!(judge(world, &policy), None);
        }
    }
    let base = Policy::default();
    let from = |seconds, bits| BTreeMap::from([(Day(at().plus(seconds)), bits)]);
    let refused = |name: &str| Some(format!("pa.weak-key({name})"));
    assert_eq!(judge(&p224, &Policy { min_ec_bits: 225, ..base.clone() }), refused("P-224"));
    assert_eq!(judge(&p224, &Policy { min_ec_bits: 224, ..base.clone() }), None);
    assert_eq!(judge(&p224, &Policy { min_ec_bits_from: from(1, 256), ..base.clone() }), None);
    assert_eq!(judge(&p224, &Policy { min_ec_bits_from: from(0, 256), ..base.clone() }), refused("P-224"));
    assert_eq!(judge(&dsa, &Policy { min_dsa_bits: 3072, ..base.clone() }), refused("DSA-2048"));
    assert_eq!(judge(&dsa, &Policy { min_dsa_bits_from: from(1, 3072), ..base.clone() }), None);
    assert_eq!(
        judge(&dsa, &Policy { min_dsa_bits_from: from(0, 3072), ..base.clone() }),
        refused("DSA-2048")
    );
    assert_eq!(judge(&rsa, &Policy { min_rsa_bits_from: from(1, 3072), ..base.clone() }), None);
    assert_eq!(
        judge(&rsa, &Policy { min_rsa_bits_from: from(0, 3072), ..base.clone() }),
        refused("RSA-2048")
    );
    // Each limit is for its own kind.
    assert_eq!(judge(&rsa, &Policy { min_ec_bits: 4096, min_dsa_bits: 4096, ..base }), None);
}

fn lines(inspection: &Inspection<AuthenticDocument>) -> BTreeMap<String, GuidelineResult> {
    let lines = inspection.guideline();
    let map: BTreeMap<_, _> = lines.iter().map(|line| (line.id.clone(), line.result)).collect();
    assert_eq!(map.len(), lines.len(), "each check once");
    map
}

#[test]
fn every_check_of_the_guideline_has_its_line() {
    use GuidelineResult::{
        Aborted, Failed, Identical, NotIdentical, NotPresent, NotSupported, Present, Successful,
    };
    let (store, passport) = state();
    let all = lines(&judged(&store, &ChipData::new(passport.files.clone()), &Policy::field()));
    // BSI TR-03135 part 1, sections 5.2 to 5.8.
    let mut ids: Vec<&str> = include_str!("data/tr-03135-checks.txt").lines().collect();
    ids.sort_unstable();
    let mut told: Vec<&str> = all.keys().filter_map(|id| id.split('(').next()).collect();
    told.dedup();
    assert_eq!(told, ids);
    for (id, result) in [
        ("document", Successful),
        ("pa.security-object.signature", Successful),
        ("pa.trust-status", GuidelineResult::Trusted),
        ("pa.revocation", GuidelineResult::Undetermined),
        ("integrity.com-sod", Successful),
        ("integrity.data-group(DG2)", Identical),
        ("combined.expiry", Successful),
        ("combined.mrz-dg1", NotSupported),
        ("chip.ca", Aborted),
        ("access.bac", Aborted),
    ] {
        assert_eq!(all[id], result, "{id}");
    }
    let mut files = passport.files.clone();
    files.remove(&FileId::Dg(12));
    files.remove(&FileId::Com);
    let all = lines(&judged(&store, &ChipData::new(files.clone()), &Policy::field()));
    assert_eq!((all["integrity.data-group(DG12)"], all["integrity.com-sod"]), (Present, NotSupported));
    files.insert(FileId::Dg(1), passport.file(FileId::Dg(2)).to_vec());
    let all = lines(&judged(&store, &ChipData::new(files.clone()), &Policy::field()));
    assert_eq!((all["integrity.data-group(DG1)"], all["integrity"]), (NotIdentical, Failed));
    assert_eq!((all["issuing-state"], all["document"]), (Aborted, Failed));
    files.remove(&FileId::Dg(1));
    let all = lines(&judged(&store, &ChipData::new(files), &Policy::field()));
    assert_eq!(all["integrity.data-group(DG1)"], NotPresent);
    let mut distrusting = store.clone();
    distrusting.distrust(sha256(&passport.csca_der), at());
    let all = lines(&judged(&distrusting, &ChipData::new(passport.files.clone()), &Policy::field()));
    assert_eq!((all["pa.trust-status"], all["pa.dsc-signature"]), (GuidelineResult::NotTrusted, Successful));
    // The chip was judged, and answered nothing.
    let evidence = EvidenceSet { data: ChipData::new(passport.files.clone()), ..EvidenceSet::default() };
    let refused = judge(&evidence, &store, &Policy::field(), at());
    assert_eq!(refused.report.checks.last().unwrap().result, CheckResult::Failed);
    let chip: BTreeMap<_, _> = refused.guideline().into_iter().map(|line| (line.id, line.result)).collect();
    assert_eq!((chip["chip.ca"], chip["chip"]), (Failed, Failed));
}

/// The ids and results of the guideline, which are not part of this repository.
#[test]
fn the_lines_are_those_of_the_guideline() {
    let Some(shared) = std::env::var_os("SCEAU_SHARED") else {
        return println!("skipped: SCEAU_SHARED is not set");
    };
    let path = std::path::PathBuf::from(shared).join("spec/tr-03135-checks.json");
    let spec: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let (store, passport) = state();
    let all = lines(&judged(&store, &ChipData::new(passport.files.clone()), &Policy::field()));
    for check in spec["checks"].as_array().unwrap() {
        let id = check["id"].as_str().unwrap();
        let line = all.iter().find(|(line, _)| line.split('(').next() == Some(id));
        let result = serde_json::to_value(line.unwrap_or_else(|| panic!("{id}")).1).unwrap();
        assert!(check["allowed_results"].as_array().unwrap().contains(&result), "{id} {result}");
    }
}
