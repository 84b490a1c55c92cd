//! Deviation lists and defect lists: whose count, and what they tell of which documents.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod world;

use std::collections::BTreeSet;

use clock::UnixTime;
use crypto::sha256;
use lds::{cms, tlv};
use test_passports::{Signer, asn1};
use verification::{
    ChipData, Found, ListError, ListKind, Policy, TrustAuditor, TrustBase, judge_data, read_objects,
};
use world::*;

const DEVIATION_LIST: &str = "2.23.136.1.1.7";
const DEVIATION_SIGNER: &str = "2.23.136.1.1.8";
const DEFECT_LIST: &str = "0.4.0.127.0.7.3.1.5";
const DEFECT_SIGNER: &str = "0.4.0.127.0.7.3.1.1.3";
const DAY: i64 = 86_400;

/// The State of the specimen, with a signer of lists under its CSCA.
struct Publisher {
    world: World,
    signer: Signer,
    purpose: &'static str,
}

impl Publisher {
    fn new(purpose: &'static str) -> Self {
        Self { world: World::new(), signer: ec("list signer"), purpose }
    }

    fn sign(&self, content_type: &str, content: &[u8], age: i64) -> Cms {
        let World { csca_name, csca, csca_der, .. } = &self.world;
        let cert = Cert::dsc(csca_name, 500, &self.signer, &csca.key.spki_der());
        let cert = cert.with(|cert| cert.extensions.push(extended_key_usage(self.purpose))).sign(csca);
        let sid = asn1::sequence(&[csca_name.der(), asn1::integer(500)]);
        let mut list = Cms::new(content_type, content, sid, &cert, &self.signer);
        list.certificates.push(csca_der.clone());
        let time = asn1::time(at().plus(-age * DAY));
        list.attributes.as_mut().unwrap().push(attribute(cms::OID_SIGNING_TIME, time));
        list
    }

    fn pins(&self) -> BTreeSet<[u8; 32]> {
        [sha256(&self.world.csca_der)].into()
    }

    /// Deviations of documents that fulfil these conditions.
    fn deviations(&self, conditions: &[Vec<u8>], age: i64) -> Vec<u8> {
        let kind = asn1::oid("2.23.136.1.1.7.2.2");
        let description = asn1::sequence(&[tlv::encode(0x13, b"wrong hash"), kind]);
        let deviation = asn1::sequence(&[asn1::sequence(conditions), asn1::set(&[description])]);
        let list = asn1::sequence(&[asn1::integer(0), asn1::set(&[deviation])]);
        self.sign(DEVIATION_LIST, &list, age).encode()
    }

    /// A defect of the documents of a signer.
    fn defects(&self, signer: &[Vec<u8>], defect: &[Vec<u8>], age: i64) -> Vec<u8> {
        let known = asn1::set(&[asn1::sequence(defect)]);
        let defect = asn1::sequence(&[signer, &[known]].concat());
        let hash = asn1::oid("2.16.840.1.101.3.4.2.1");
        let list = asn1::sequence(&[asn1::integer(0), hash, asn1::set(&[defect])]);
        self.sign(DEFECT_LIST, &list, age).encode()
    }

    /// Code of the refusal and lines on known deviations of the specimen, whose signer has the number 77.
    fn judge(&self, base: &TrustBase) -> (Option<String>, Vec<String>) {
        let mut store = base.store();
        store.add_csca(&self.world.csca_der).unwrap();
        let mut files = passport(&utopia()).files;
        let dsc = self.world.dsc_cert.sign(&self.world.csca);
        files.insert(lds::FileId::Sod, self.world.sod(&files, &dsc).sod_file());
        let inspection = judge_data(&ChipData::new(files), &store, &Policy::default(), at());
        let told = inspection.report.deviations().filter(|check| check.id == "pa.known-deviation");
        let told = told.map(|check| check.detail.to_string()).collect();
        (inspection.outcome.err().map(|rejection| rejection.code()), told)
    }

    fn issuer_and_serial(&self, serial: u64) -> Vec<Vec<u8>> {
        vec![self.world.csca_name.der(), asn1::integer(serial)]
    }
}

#[test]
fn a_deviation_is_told_of_the_documents_that_it_names() {
    let state = Publisher::new(DEVIATION_SIGNER);
    let told = |conditions: &[Vec<u8>]| {
        let mut base = TrustBase::default();
        let list = state.deviations(conditions, 1);
        assert_eq!(base.import_deviation_list(&list, &state.pins(), at()), Ok(true));
        let (code, told) = state.judge(&base);
        assert_eq!(code, None, "a deviation refuses nothing");
        told.len()
    };
    let kind = |code: &[u8]| tlv::encode(0x80, code);
    let signer = |serial| tlv::encode(0xA1, &state.issuer_and_serial(serial).concat());
    let digest = |of: &[u8]| tlv::encode(0x83, &sha256(of));
    let numbers = |list: &[&str]| {
        let numbers: Vec<Vec<u8>> = list.iter().map(|n| tlv::encode(0x13, n.as_bytes())).collect();
        tlv::encode(0xA5, &numbers.concat())
    };
    let dsc = state.world.dsc_cert.sign(&state.world.csca);
    assert_eq!(told(&[]), 1, "all documents of the State");
    assert_eq!([told(&[kind(b"P<")]), told(&[kind(b"P")]), told(&[kind(b"ID")])], [1, 1, 0]);
    assert_eq!([told(&[signer(77)]), told(&[signer(78)])], [1, 0]);
    assert_eq!([told(&[digest(&dsc)]), told(&[digest(b"another")])], [1, 0]);
    assert_eq!([told(&[numbers(&["X1", "L898902C3", "A1"])]), told(&[numbers(&["L898902C4"])])], [1, 0]);
    assert_eq!(told(&[kind(b"P"), signer(77), numbers(&["L898902C3"])]), 1);
    assert_eq!(told(&[kind(b"P"), signer(78), numbers(&["L898902C3"])]), 0);
}

#[test]
fn a_state_tells_of_its_own_documents_only() {
    let mut abroad = Publisher::new(DEVIATION_SIGNER);
    abroad.world.csca_name = name("DE", "CSCA");
    let key = &abroad.world.csca;
    abroad.world.csca_der = Cert::csca(&abroad.world.csca_name, &abroad.world.csca_name, key, key).sign(key);
    let mut base = TrustBase::default();
    base.import_deviation_list(&abroad.deviations(&[], 1), &abroad.pins(), at()).unwrap();
    assert_eq!(base.deviation_lists.keys().collect::<Vec<_>>(), ["DE"]);
    assert_eq!(Publisher::new(DEVIATION_SIGNER).judge(&base), (None, Vec::new()));
}

#[test]
fn a_signer_that_is_revoked_by_a_defect_list_is_refused_and_other_defects_are_told() {
    let state = Publisher::new(DEFECT_SIGNER);
    let judge = |signer: &[Vec<u8>], defect: &[Vec<u8>]| {
        let mut base = TrustBase::default();
        let list = state.defects(signer, defect, 1);
        assert_eq!(base.import_defect_list(&list, &state.pins(), at()), Ok(true));
        let (code, told) = state.judge(&base);
        (code, told.len())
    };
    let kind = |arcs: &str| asn1::oid(&format!("{DEFECT_LIST}.{arcs}"));
    let status = |code: u8| tlv::encode(0x0A, &[code]);
    let this = [asn1::sequence(&state.issuer_and_serial(77))];
    let other = [asn1::sequence(&state.issuer_and_serial(78))];
    let refused = || (Some("pa.dsc-not-trusted".to_owned()), 0);
    for code in [0, 2, 3, 4] {
        assert_eq!(judge(&this, &[kind("1.1"), status(code)]), refused());
    }
    assert_eq!(judge(&this, &[kind("1.1")]), refused());
    for code in [1, 5, 32] {
        assert_eq!(judge(&this, &[kind("1.1"), status(code)]), (None, 1), "{code}");
    }
    assert_eq!(judge(&this, &[kind("2.1")]), (None, 1));
    assert_eq!(judge(&other, &[kind("1.1"), status(3)]), (None, 0));
    // The hash of the certificate tells two of one name apart.
    let dsc = state.world.dsc_cert.sign(&state.world.csca);
    let hashed = |of: &[u8]| [this[0].clone(), asn1::octet_string(&sha256(of))];
    assert_eq!(judge(&hashed(&dsc), &[kind("1.1"), status(3)]), refused());
    assert_eq!(judge(&hashed(b"another"), &[kind("1.1"), status(3)]), (None, 0));
}

#[test]
fn a_list_counts_under_a_pin_and_by_a_signer_of_such_lists_only() {
    let state = Publisher::new(DEVIATION_SIGNER);
    let import = |publisher: &Publisher, pins: &BTreeSet<[u8; 32]>| {
        TrustBase::default().import_deviation_list(&publisher.deviations(&[], 1), pins, at())
    };
    assert_eq!(import(&state, &state.pins()), Ok(true));
    let unpinned = import(&state, &BTreeSet::new());
    assert_eq!(unpinned, Err(ListError::NotPinned(vec![sha256(&state.world.csca_der)])));
    for purpose in [MASTER_LIST_SIGNING, DEFECT_SIGNER] {
        assert_eq!(import(&Publisher::new(purpose), &state.pins()), Err(ListError::SignerPurpose));
    }
    let defects = |purpose: &'static str| {
        let publisher = Publisher::new(purpose);
        let signer = [asn1::sequence(&publisher.issuer_and_serial(77))];
        let list = publisher.defects(&signer, &[asn1::oid("0.4.0.127.0.7.3.1.5.2.1")], 1);
        TrustBase::default().import_defect_list(&list, &publisher.pins(), at())
    };
    assert_eq!(defects(DEFECT_SIGNER), Ok(true));
    for purpose in [MASTER_LIST_SIGNING, DEVIATION_SIGNER, "1.3.6.1.5.5.7.3.1"] {
        assert_eq!(defects(purpose), Err(ListError::SignerPurpose));
    }
    let content = asn1::sequence(&[asn1::integer(0), asn1::set(&[])]);
    let right = state.sign(DEVIATION_LIST, &content, 1);
    let mut signature = right.signature();
    *signature.last_mut().unwrap() ^= 1;
    let file = right.content_info(&[right.signer_info(&signature)]);
    let refused = TrustBase::default().import_deviation_list(&file, &state.pins(), at());
    assert!(matches!(refused, Err(ListError::Signature(_))), "{refused:?}");
}

#[test]
fn a_newer_list_takes_the_place_of_the_older_one() {
    let state = Publisher::new(DEVIATION_SIGNER);
    let mut base = TrustBase::default();
    let mut import = |age| {
        let kind = tlv::encode(0x80, if age == 5 { b"ID" } else { b"P<" });
        base.import_deviation_list(&state.deviations(&[kind], age), &state.pins(), at())
    };
    assert_eq!(import(6), Ok(true));
    assert_eq!(import(6), Ok(false));
    assert_eq!(import(5), Ok(true));
    assert_eq!(import(6), Err(ListError::Older(at().plus(-5 * DAY))));
    assert_eq!(base.deviation_lists["UT"].entries, 1);
    assert_eq!(state.judge(&base), (None, Vec::new()));
    let read: TrustBase = serde_json::from_str(&serde_json::to_string(&base).unwrap()).unwrap();
    assert_eq!(read, base);
    assert_ne!(base.store().digest(), TrustBase::default().store().digest());
}

/// The published list of Estonia, which is not part of this repository: documents whose numbers it names.
#[test]
fn the_list_of_estonia_is_audited_and_imported_under_its_csca() {
    let Some(shared) = std::env::var_os("SCEAU_SHARED") else {
        return println!("skipped: SCEAU_SHARED is not set");
    };
    let folder = std::path::PathBuf::from(shared).join("real-pki/deviation-list");
    let file = std::fs::read(folder.join("EE_2018_deviation_list.bin")).unwrap();
    assert!(matches!(read_objects(&file).as_slice(), [Found::DeviationList(_)]));
    let mut auditor = TrustAuditor::default();
    auditor.add("EE", &file);
    let line = auditor.finish().fault_lists.remove(0);
    assert_eq!((line.kind, line.entries, line.signature.as_str()), (ListKind::Deviations, 1, "ok"));
    let pins: BTreeSet<[u8; 32]> =
        line.signer_verified_by.iter().map(|id| hex::decode(id).unwrap().try_into().unwrap()).collect();
    let at = UnixTime::from_rfc3339("2026-11-21").unwrap();
    let mut base = TrustBase::default();
    assert_eq!(base.import_deviation_list(&file, &pins, at), Ok(true));
    assert_eq!(base.deviation_lists.keys().collect::<Vec<_>>(), ["EE"]);
    println!("signed at {}, behind {}", base.deviation_lists["EE"].signed_at, base.deviation_lists["EE"].pin);
    assert_ne!(base.store().digest(), TrustBase::default().store().digest());
}
