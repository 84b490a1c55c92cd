//! From a document signer to a trusted CSCA: which paths are found, and what stands in their way.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod world;

use crypto::sha256;
use test_passports::Signer;
use test_passports::asn1;
use test_passports::certificate::Name;
use test_passports::crl::CrlBuilder;
use verification::{CheckResult, Consequence, CrlError, Policy, TrustAuditor, TrustStore, check_crl};
use world::*;

const DAY: i64 = 86_400;

/// EF.SOD of a passport whose document signer this CSCA key issued.
fn sod_under(csca_name: &Name, csca: &Signer) -> Vec<u8> {
    sod_with(Cert::dsc(csca_name, 77, &ec("world DSC"), &csca.key.spki_der()), csca_name, csca)
}

fn sod_with(dsc: Cert, csca_name: &Name, csca: &Signer) -> Vec<u8> {
    let world = World { csca_name: csca_name.clone(), ..World::new() };
    world.sod(&passport(&utopia()).files, &dsc.sign(csca)).sod_file()
}

fn refused(code: &str) -> Option<String> {
    Some(code.to_owned())
}

struct Keys {
    name: Name,
    old: Signer,
    new: Signer,
}

fn keys() -> Keys {
    Keys { name: name("UT", "CSCA"), old: ec("old CSCA"), new: ec("new CSCA") }
}

#[test]
fn link_certificates_are_followed_in_both_directions() {
    let Keys { name, old, new } = keys();
    let root = |key: &Signer| Cert::csca(&name, &name, key, key).sign(key);
    let new_by_old = Cert::csca(&name, &name, &new, &old).sign(&old);
    let old_by_new = Cert::csca(&name, &name, &old, &new).sign(&new);
    let judge = |anchor: &[u8], link: &[u8], csca: &Signer| {
        let mut store = store(&[anchor]);
        store.add_link(link).unwrap();
        sod_code(&store, &sod_under(&name, csca))
    };
    assert_eq!(judge(&root(&old), &new_by_old, &new), None);
    assert_eq!(judge(&root(&new), &old_by_new, &old), None);
    // A link says nothing about the key that made it: who trusts the new key only does not get to the old one.
    assert_eq!(judge(&root(&new), &new_by_old, &old), refused("pa.csca-unknown"));
    assert_eq!(judge(&root(&old), &old_by_new, &new), refused("pa.csca-unknown"));
}

#[test]
fn several_cscas_of_one_name_are_all_tried_with_and_without_key_identifiers() {
    let name = name("UT", "CSCA");
    let keys: Vec<Signer> = (0..12).map(|n| ec(&format!("CSCA {n}"))).collect();
    let mut store = TrustStore::new();
    for key in &keys {
        store.add_csca(&Cert::csca(&name, &name, key, key).sign(key)).unwrap();
    }
    for key in [&keys[0], &keys[5], &keys[11]] {
        assert_eq!(sod_code(&store, &sod_under(&name, key)), None);
        let dsc = Cert::dsc(&name, 77, &ec("world DSC"), &key.key.spki_der());
        assert_eq!(sod_code(&store, &sod_with(dsc.clone().without("2.5.29.35"), &name, key)), None);
        // The key identifier of another CSCA of the name: it is tried first, and the others then.
        let misled = dsc.without("2.5.29.35").with(|cert| {
            cert.extensions.push(authority_key_id(&keys[7].key.spki_der()));
        });
        assert_eq!(sod_code(&store, &sod_with(misled, &name, key)), None);
    }
}

#[test]
fn a_csca_of_another_name_is_found_by_its_key_and_told() {
    let Keys { name: subject, old, .. } = keys();
    let former = name("UT", "CSCA before the reform");
    let store = store(&[&Cert::csca(&subject, &subject, &old, &old).sign(&old)]);
    let sod = sod_under(&former, &old);
    assert_eq!(sod_code(&store, &sod), None);
    let strict = Policy { certificate_profile: Consequence::Refuse, ..Policy::default() };
    let outcome = store.authenticate_sod(&sod, &strict, at()).outcome;
    assert_eq!(outcome.unwrap_err().code(), "pa.dsc-issuer-mismatch");
}

#[test]
fn a_path_is_not_longer_than_its_certificates_allow() {
    let Keys { name: root_name, old, new } = keys();
    let renamed = name("UT", "CSCA of the new ministry");
    let root = |path_length| {
        Cert::csca(&root_name, &root_name, &old, &old)
            .without("2.5.29.19")
            .with(|cert| cert.extensions.push(basic_constraints(path_length)))
            .sign(&old)
    };
    let second = Cert::csca(&renamed, &root_name, &new, &old);
    let name_change = extension("2.23.136.1.1.6.1", false, &asn1::null());
    let renamed_link = second.clone().with(|cert| cert.extensions.push(name_change)).sign(&old);
    let judge = |anchor: Vec<u8>, link: &[u8]| {
        let mut store = store(&[&anchor]);
        store.add_link(link).unwrap();
        sod_code(&store, &sod_under(&renamed, &new))
    };
    assert_eq!(judge(root(Some(0)), &second.sign(&old)), refused("pa.path-length"));
    assert_eq!(judge(root(Some(1)), &second.sign(&old)), None);
    assert_eq!(judge(root(None), &second.sign(&old)), None);
    // The State's own new name is no level.
    assert_eq!(judge(root(Some(0)), &renamed_link), None);
}

#[test]
fn a_link_certificate_must_be_a_ca_that_may_sign_certificates() {
    let Keys { name, old, new } = keys();
    let link = Cert::csca(&name, &name, &new, &old);
    let judge = |link: Cert| {
        let mut store = store(&[&Cert::csca(&name, &name, &old, &old).sign(&old)]);
        store.add_link(&link.sign(&old)).unwrap();
        sod_code(&store, &sod_under(&name, &new))
    };
    assert_eq!(judge(link.clone()), None);
    assert_eq!(judge(link.clone().without("2.5.29.19")), refused("pa.csca-unknown"));
    let no_sign = link.clone().without("2.5.29.15").with(|c| c.extensions.push(key_usage(&[6], true)));
    assert_eq!(judge(no_sign), refused("pa.csca-unknown"));
    let unknown = extension("1.3.6.1.4.1.99999.1", true, &asn1::null());
    let critical = link.with(|cert| cert.extensions.push(unknown));
    assert_eq!(judge(critical), refused("pa.csca-critical-extension"));
}

#[test]
fn distrust_wins_over_every_list_from_its_day_on() {
    let Keys { name, old, new } = keys();
    let root = Cert::csca(&name, &name, &old, &old).sign(&old);
    let sod = sod_under(&name, &old);
    let dsc = Cert::dsc(&name, 77, &ec("world DSC"), &old.key.spki_der()).sign(&old);
    for (sha256_of, code) in [(&root, "pa.csca-not-trusted"), (&dsc, "pa.dsc-not-trusted")] {
        let mut store = store(&[&root]);
        store.distrust(sha256(sha256_of), at().plus(1));
        assert_eq!(sod_code(&store, &sod), None);
        let digest = store.digest();
        store.distrust(sha256(sha256_of), at());
        assert_ne!(store.digest(), digest);
        assert_eq!(sod_code(&store, &sod), refused(code));
        store.add_csca(&root).unwrap();
        assert_eq!(sod_code(&store, &sod), refused(code));
    }
    // Another certificate of the distrusted key, a link that another root made, does not bring it back.
    let mut store = store(&[&root, &Cert::csca(&name, &name, &new, &new).sign(&new)]);
    store.add_link(&Cert::csca(&name, &name, &old, &new).sign(&new)).unwrap();
    store.distrust(sha256(&root), at());
    assert_eq!(sod_code(&store, &sod), refused("pa.csca-not-trusted"));
    assert_eq!(sod_code(&store, &sod_under(&name, &new)), None);
}

#[test]
fn a_document_signer_is_found_by_key_identifier_or_issuer_and_serial_outside_ef_sod() {
    let world = World::new();
    let files = passport(&utopia()).files;
    let dsc = world.dsc_cert.sign(&world.csca);
    let mut by_serial = world.sod(&files, &dsc);
    by_serial.certificates.clear();
    let mut by_key = by_serial.clone();
    let key_id = test_passports::certificate::key_identifier(&world.dsc.key.spki_der());
    by_key.sid = lds::tlv::encode(0x80, &key_id);
    let mut by_another = by_serial.clone();
    by_another.sid = asn1::sequence(&[world.csca_name.der(), asn1::integer(78)]);
    let mut known = world.store();
    known.add_document_signer(&dsc).unwrap();
    for sod in [by_serial, by_key] {
        assert_eq!(sod_code(&world.store(), &sod.sod_file()), refused("pa.dsc-missing"));
        assert_eq!(sod_code(&known, &sod.sod_file()), None);
    }
    assert_eq!(sod_code(&known, &by_another.sod_file()), refused("pa.dsc-missing"));
}

#[test]
fn an_old_crl_revokes_and_does_not_clear() {
    let world = World::new();
    let sod = world.sod(&passport(&utopia()).files, &world.dsc_cert.sign(&world.csca)).sod_file();
    let crl = |age: i64, revoked: &[u64]| {
        let this_update = at().plus(-age * DAY);
        let (issuer, revoked) = (world.csca_name.clone(), revoked.to_vec());
        let next_update = this_update.plus(30 * DAY);
        CrlBuilder { issuer, this_update, next_update, revoked, number: 1 }.sign(&world.csca)
    };
    let judge = |crl: Option<Vec<u8>>, policy: &Policy| {
        let mut store = world.store();
        crl.iter().for_each(|crl| store.add_crl(crl).unwrap());
        let inspection = store.authenticate_sod(&sod, policy, at());
        let line = inspection.report.checks.iter().find(|check| check.id == "pa.revocation").unwrap();
        (line.result, inspection.outcome.err().map(|rejection| rejection.code()))
    };
    let lax = Policy::default();
    let strict = Policy { require_revocation_status: true, ..Policy::default() };
    let patient = Policy { crl_grace_days: 15, ..strict.clone() };
    let undetermined = refused("pa.revocation-undetermined");
    assert_eq!(judge(None, &lax), (CheckResult::Undetermined, None));
    assert_eq!(judge(None, &strict), (CheckResult::Failed, undetermined.clone()));
    assert_eq!(judge(Some(crl(30, &[78])), &strict), (CheckResult::Passed, None));
    assert_eq!(judge(Some(crl(31, &[78])), &lax), (CheckResult::Undetermined, None));
    assert_eq!(judge(Some(crl(31, &[78])), &strict), (CheckResult::Failed, undetermined.clone()));
    assert_eq!(judge(Some(crl(45, &[78])), &patient), (CheckResult::Passed, None));
    assert_eq!(judge(Some(crl(46, &[78])), &patient), (CheckResult::Failed, undetermined));
    assert_eq!(judge(Some(crl(400, &[77])), &lax), (CheckResult::Failed, refused("pa.dsc-revoked")));
    assert_eq!(judge(Some(crl(-1, &[78])), &lax), (CheckResult::Undetermined, None));
}

#[test]
fn an_algorithm_named_twice_and_differently_is_refused() {
    let world = World::new();
    let inner = asn1::sequence(&[asn1::oid("1.2.840.10045.4.3.3")]);
    let dsc = world.dsc_cert.clone().with(|cert| cert.inner_algorithm = Some(inner));
    assert_eq!(
        sod_code(&world.store(), &sod_with(dsc, &world.csca_name, &world.csca)),
        refused("pa.dsc-algorithm-mismatch")
    );
}

/// RFC 5280 5.2: a list with a critical extension that is not understood tells nothing of a certificate. The audit still
/// says what it is and who signed it.
#[test]
fn a_crl_with_a_critical_extension_is_told_and_not_used() {
    let world = World::new();
    let crl = |critical: bool| {
        let (made, due) = (asn1::time(at().plus(-DAY)), asn1::time(at().plus(DAY)));
        let revoked = asn1::sequence(&[asn1::sequence(&[asn1::integer(77), made.clone()])]);
        let delta = extension("2.5.29.27", critical, &asn1::integer(1));
        let algorithm = world.csca.algorithm_der();
        let tbs = asn1::sequence(&[
            asn1::integer(1),
            algorithm.clone(),
            world.csca_name.der(),
            made,
            due,
            revoked,
            asn1::context(0, &[asn1::sequence(&[delta])]),
        ]);
        let signature = asn1::bit_string(&world.csca.sign(&tbs));
        asn1::sequence(&[tbs, algorithm, signature])
    };
    let dsc = world.dsc_cert.sign(&world.csca);
    let check = |crl: &[u8]| check_crl(crl, &world.csca_der, &dsc, at());
    assert_eq!(check(&crl(false)), Err(CrlError::Revoked));
    assert_eq!(check(&crl(true)), Err(CrlError::Malformed));
    assert!(world.store().add_crl(&crl(false)).is_ok());
    assert!(world.store().add_crl(&crl(true)).is_err());
    let mut auditor = TrustAuditor::default();
    auditor.add("csca.der", &world.csca_der);
    auditor.add("delta.crl", &crl(true));
    let audit = auditor.finish();
    let line = &audit.crls[0];
    assert_eq!(line.findings[0].code, "critical-extension");
    assert_eq!(line.verified_by, [hex::encode(sha256(&world.csca_der))]);
    assert_eq!(audit.certificates.len(), 1);
}
