//! Master lists, and the trust base that is made from them.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod world;

use std::collections::BTreeSet;

use clock::UnixTime;
use crypto::{HashAlgorithm, sha256};
use lds::cms;
use lds::tlv::{self, tag};
use test_passports::certificate::Name;
use test_passports::crl::CrlBuilder;
use test_passports::keys::RsaKey;
use test_passports::{PrivateKey, Signer, asn1};
use verification::{Kind, ListError, TrustAuditor, TrustBase, TrustFolder};
use world::*;

const DAY: i64 = 86_400;

fn root(name: &Name, key: &Signer) -> Vec<u8> {
    Cert::csca(name, name, key, key).sign(key)
}

/// Somebody who publishes lists.
struct Publisher {
    csca_name: Name,
    csca: Signer,
    csca_der: Vec<u8>,
    signer: Signer,
    signer_cert: Cert,
}

impl Publisher {
    fn new(country: &str) -> Self {
        let csca_name = name(country, "CSCA");
        let (csca, signer) = (ec(&format!("CSCA {country}")), ec(&format!("list signer {country}")));
        let signer_cert = Cert::dsc(&csca_name, 500, &signer, &csca.key.spki_der())
            .with(|cert| cert.extensions.push(extended_key_usage(MASTER_LIST_SIGNING)));
        Self { csca_der: root(&csca_name, &csca), csca_name, csca, signer, signer_cert }
    }

    /// A list of these certificates, signed `age` days ago.
    fn list(&self, age: i64, certificates: &[&[u8]]) -> Cms {
        let set: Vec<Vec<u8>> = certificates.iter().map(|der| der.to_vec()).collect();
        let content = asn1::sequence(&[asn1::integer(0), asn1::set(&set)]);
        let sid = asn1::sequence(&[self.csca_name.der(), asn1::integer(500)]);
        let certificate = self.signer_cert.sign(&self.csca);
        let mut list = Cms::new(MASTER_LIST, &content, sid, &certificate, &self.signer);
        list.certificates.push(self.csca_der.clone());
        let time = asn1::time(at().plus(-age * DAY));
        list.attributes.as_mut().unwrap().push(attribute(cms::OID_SIGNING_TIME, time));
        list
    }

    fn pins(&self) -> BTreeSet<[u8; 32]> {
        [sha256(&self.csca_der)].into()
    }
}

fn import(
    base: &mut TrustBase,
    list: &Cms,
    pins: &BTreeSet<[u8; 32]>,
) -> Result<(usize, usize, usize), ListError> {
    let import = base.import_master_list(&list.encode(), pins, at())?;
    assert_eq!(import.refused, []);
    Ok((import.added, import.known, import.omitted))
}

#[test]
fn a_list_under_a_pinned_csca_is_imported_and_its_cscas_are_trusted() {
    let (germany, world) = (Publisher::new("DE"), World::new());
    let mut base = TrustBase::default();
    let list = germany.list(1, &[&world.csca_der, &germany.csca_der]);
    assert_eq!(import(&mut base, &list, &germany.pins()), Ok((2, 0, 0)));
    let sod = world.sod(&passport(&utopia()).files, &world.dsc_cert.sign(&world.csca)).sod_file();
    assert_eq!(sod_code(&base.store(), &sod), None);
    assert_eq!(base.lists["DE"].signed_at, at().plus(-DAY));
    assert_eq!(base.age_days(at()), Some(1));
    // The same once more changes nothing.
    let before = base.clone();
    assert_eq!(import(&mut base, &list, &germany.pins()), Ok((0, 2, 0)));
    assert_eq!(base, before);
}

#[test]
fn a_list_that_vouches_for_itself_is_not_imported() {
    let (germany, rogue) = (Publisher::new("DE"), Publisher::new("DE"));
    let stranger = Publisher { csca: ec("forger"), ..rogue };
    let stranger = Publisher { csca_der: root(&stranger.csca_name, &stranger.csca), ..stranger };
    // It carries the pinned certificate too, which is no secret.
    let mut list = stranger.list(1, &[&stranger.csca_der, &germany.csca_der]);
    list.certificates.push(germany.csca_der.clone());
    let mut base = TrustBase::default();
    let refused = base.import_master_list(&list.encode(), &germany.pins(), at());
    assert_eq!(refused, Err(ListError::NotPinned(vec![sha256(&stranger.csca_der)])));
    assert!(import(&mut base, &germany.list(1, &[]), &BTreeSet::new()).is_err());
    assert_eq!(base, TrustBase::default());
}

#[test]
fn every_part_of_the_signature_counts() {
    let (germany, world) = (Publisher::new("DE"), World::new());
    let right = germany.list(1, &[&world.csca_der]);
    let judge =
        |list: &[u8]| TrustBase::default().import_master_list(list, &germany.pins(), at()).unwrap_err();
    let signature = |what: &str| ListError::Signature(what.to_owned());
    // Another content under the same attributes.
    let mut changed = right.clone();
    changed.content = germany.list(1, &[&germany.csca_der]).content;
    let resigned = changed.content_info(&[changed.signer_info(&right.signature())]);
    assert_eq!(judge(&resigned), signature("the signed digest is not that of the list"));
    let mut signature_changed = right.signature();
    let last = signature_changed.len() - 1;
    signature_changed[last] ^= 1;
    let file = right.content_info(&[right.signer_info(&signature_changed)]);
    assert_eq!(judge(&file), signature("it is not the signer's over this list"));
    // The attribute says that something else was signed.
    let mut other = right.clone();
    other.attributes.as_mut().unwrap()[0] =
        attribute(cms::OID_CONTENT_TYPE, asn1::oid(lds::sod::OID_LDS_SECURITY_OBJECT));
    assert_eq!(judge(&other.encode()), signature("the signed content type is not that of the list"));
    // EF.SOD is no master list.
    let mut sod = right.clone();
    sod.content_type = lds::sod::OID_LDS_SECURITY_OBJECT.to_owned();
    assert!(matches!(judge(&sod.encode()), ListError::Malformed(_)));
    let mut nobody = right.clone();
    nobody.certificates.clear();
    assert_eq!(judge(&nobody.encode()), ListError::SignerMissing);
    for end in [0, 1, 10, 100] {
        assert!(matches!(judge(&right.encode()[..end]), ListError::Malformed(_)));
    }
}

#[test]
fn a_digest_info_without_null_is_told_and_other_parameters_are_refused() {
    let germany = Publisher::new("DE");
    let signer = Signer::new(PrivateKey::rsa(RsaKey::Dsc), HashAlgorithm::Sha256);
    let signer_cert = Cert::dsc(&germany.csca_name, 500, &signer, &germany.csca.key.spki_der())
        .with(|cert| cert.extensions.push(extended_key_usage(MASTER_LIST_SIGNING)));
    let publisher = Publisher { signer, signer_cert, ..germany };
    let list = publisher.list(1, &[&publisher.csca_der]);
    let file = |parameters: &[u8]| {
        let message = list.signed_attributes().unwrap();
        let signature = pkcs1v15_with_parameters(&publisher.signer, parameters, &message);
        list.content_info(&[list.signer_info(&signature)])
    };
    let judge = |parameters: &[u8]| {
        let import = TrustBase::default().import_master_list(&file(parameters), &publisher.pins(), at());
        import.map(|import| import.without_null)
    };
    assert_eq!(judge(&asn1::null()), Ok(false));
    assert_eq!(judge(&[]), Ok(true));
    let wrong = ListError::Signature("it is not the signer's over this list".to_owned());
    assert_eq!(judge(&asn1::octet_string(&[])), Err(wrong));
    let mut auditor = TrustAuditor::default();
    auditor.add("list.ml", &file(&[]));
    let line = auditor.finish().master_lists.remove(0);
    assert_eq!((line.signature.as_str(), line.findings[0].code), ("ok", "digest-info-without-null"));
}

#[test]
fn a_document_signer_signs_no_master_list() {
    let germany = Publisher::new("DE");
    let judge = |cert: Cert| {
        let publisher = Publisher { signer_cert: cert, ..Publisher::new("DE") };
        import(&mut TrustBase::default(), &publisher.list(1, &[]), &publisher.pins())
    };
    assert_eq!(judge(germany.signer_cert.clone()), Ok((0, 0, 0)));
    let plain = germany.signer_cert.clone().without("2.5.29.37");
    assert_eq!(judge(plain.clone()), Err(ListError::SignerPurpose));
    let other = plain.with(|cert| cert.extensions.push(extended_key_usage("2.23.136.1.1.8")));
    assert_eq!(judge(other), Err(ListError::SignerPurpose));
}

#[test]
fn a_list_is_signed_while_its_signer_is_valid_and_not_in_the_future() {
    let germany = Publisher::new("DE");
    let mut base = TrustBase::default();
    let mut judge = |list: &Cms| import(&mut base, list, &germany.pins());
    assert_eq!(judge(&germany.list(-1, &[])), Err(ListError::SigningTime));
    let mut timeless = germany.list(1, &[]);
    timeless.attributes.as_mut().unwrap().pop();
    assert_eq!(judge(&timeless), Err(ListError::SigningTime));
    assert_eq!(judge(&germany.list(3 * 366, &[])), Err(ListError::SignerNotValid));
    let import = TrustBase::default().import_master_list(
        &germany.list(1, &[]).encode(),
        &germany.pins(),
        at().plus(11 * YEAR),
    );
    assert!(import.unwrap().signer_expired);
}

#[test]
fn an_older_list_never_replaces_a_newer_one() {
    let (germany, world) = (Publisher::new("DE"), World::new());
    let mut base = TrustBase::default();
    import(&mut base, &germany.list(5, &[&world.csca_der]), &germany.pins()).unwrap();
    let older = import(&mut base, &germany.list(6, &[]), &germany.pins());
    assert_eq!(older, Err(ListError::Older(at().plus(-5 * DAY))));
    assert!(base.certificates[&hex::encode(sha256(&world.csca_der))].sources.contains("DE"));
}

#[test]
fn a_csca_that_a_newer_list_leaves_out_is_kept_and_marked() {
    let (germany, holland, world) = (Publisher::new("DE"), Publisher::new("NL"), World::new());
    let pins = &germany.pins() | &holland.pins();
    let mut base = TrustBase::default();
    let id = hex::encode(sha256(&world.csca_der));
    import(&mut base, &germany.list(9, &[&world.csca_der]), &pins).unwrap();
    import(&mut base, &holland.list(8, &[&world.csca_der, &holland.csca_der]), &pins).unwrap();
    assert_eq!(base.certificates[&id].sources, BTreeSet::from(["DE".to_owned(), "NL".to_owned()]));
    assert_eq!(import(&mut base, &germany.list(7, &[&germany.csca_der]), &pins), Ok((1, 0, 1)));
    assert_eq!(import(&mut base, &holland.list(6, &[&holland.csca_der]), &pins), Ok((0, 1, 1)));
    let entry = &base.certificates[&id];
    assert!(entry.sources.is_empty());
    assert_eq!(entry.omitted.keys().collect::<Vec<_>>(), ["DE", "NL"]);
    let utopia_row = |base: &TrustBase| {
        let report = base.report(at());
        report.countries.into_iter().find(|row| row.country == "UT").unwrap()
    };
    assert_eq!((utopia_row(&base).cscas_valid, utopia_row(&base).cscas_omitted), (1, 1));
    let sod = world.sod(&passport(&utopia()).files, &world.dsc_cert.sign(&world.csca)).sod_file();
    assert_eq!(sod_code(&base.store(), &sod), None);
    // Back again: no longer marked. And distrust wins over the list, before and after.
    import(&mut base, &germany.list(5, &[&world.csca_der]), &pins).unwrap();
    assert_eq!(utopia_row(&base).cscas_omitted, 0);
    base.distrust(sha256(&world.csca_der), at(), at());
    import(&mut base, &germany.list(4, &[&world.csca_der]), &pins).unwrap();
    assert_eq!(sod_code(&base.store(), &sod).as_deref(), Some("pa.csca-not-trusted"));
    assert_eq!(utopia_row(&base).cscas_distrusted, 1);
    assert!(base.trust_again(sha256(&world.csca_der), at()));
    assert_eq!(sod_code(&base.store(), &sod), None);
}

#[test]
fn a_distrusted_csca_stands_behind_no_list() {
    let germany = Publisher::new("DE");
    let mut base = TrustBase::default();
    base.distrust(sha256(&germany.csca_der), at(), at());
    let refused = import(&mut base, &germany.list(1, &[]), &germany.pins()).unwrap_err();
    assert!(matches!(refused, ListError::SignerNotTrusted(_)), "{refused}");
}

#[test]
fn what_is_no_csca_in_a_list_is_left_out_and_told() {
    let (germany, world) = (Publisher::new("DE"), World::new());
    let unsigned =
        Cert::csca(&world.csca_name, &world.csca_name, &world.csca, &world.csca).sign(&ec("forger"));
    let broken = asn1::sequence(&[asn1::null()]);
    let list = germany.list(1, &[&world.csca_der, &unsigned, &broken]).encode();
    let import = TrustBase::default().import_master_list(&list, &germany.pins(), at()).unwrap();
    assert_eq!(import.added, 1);
    let refused: BTreeSet<&str> = import.refused.iter().map(|(_, why)| why.as_str()).collect();
    assert_eq!(refused, BTreeSet::from(["its own signature is wrong", "malformed certificate"]));
}

#[test]
fn versions_are_kept_and_two_writers_do_not_overwrite_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let folder = TrustFolder::new(&dir.path().join("trust"));
    assert_eq!(folder.newest().unwrap(), (0, TrustBase::default()));
    let (germany, world) = (Publisher::new("DE"), World::new());
    let mut base = TrustBase::default();
    base.import_certificate(&world.csca_der, Kind::Csca, at()).unwrap();
    let crl = CrlBuilder {
        issuer: world.csca_name.clone(),
        this_update: at().plus(-DAY),
        next_update: at().plus(DAY),
        revoked: vec![77],
        number: 1,
    };
    assert_eq!(base.import_crl(&crl.sign(&world.csca), at()), Ok(true));
    let newer = CrlBuilder { this_update: at(), ..crl.clone() };
    // A newer list that somebody else signed does not take the right one's place.
    assert_eq!(
        base.import_crl(&CrlBuilder { revoked: vec![], ..newer.clone() }.sign(&germany.csca), at()),
        Ok(true)
    );
    let sod = world.sod(&passport(&utopia()).files, &world.dsc_cert.sign(&world.csca)).sod_file();
    assert_eq!(sod_code(&base.store(), &sod).as_deref(), Some("pa.dsc-revoked"));
    assert_eq!(base.import_crl(&newer.sign(&world.csca), at()), Ok(true));
    assert_eq!(base.import_crl(&crl.sign(&world.csca), at()), Ok(false));
    assert_eq!(base.crls.len(), 2);
    assert_eq!(folder.save(&base, 0).unwrap(), 1);
    assert!(folder.save(&TrustBase::default(), 0).is_err());
    let empty = TrustBase { changed_at: UnixTime(1), ..TrustBase::default() };
    assert_eq!(folder.save(&empty, 1).unwrap(), 2);
    assert_eq!(folder.versions().unwrap(), [1, 2]);
    assert_eq!(folder.load(1).unwrap(), base);
    assert_eq!(folder.newest().unwrap(), (2, empty));
    assert_eq!(base.store().digest(), folder.load(1).unwrap().store().digest());
    assert_eq!(std::fs::read_dir(dir.path().join("trust")).unwrap().count(), 2);
    assert!(folder.load(1).unwrap().report(at()).to_csv().contains("\"UT\",1,0,0,0,0,0,"));
}

#[test]
fn an_audit_says_who_signed_what_in_every_kind_of_file() {
    let (germany, world) = (Publisher::new("DE"), World::new());
    let dsc = world.dsc_cert.sign(&world.csca);
    let encoded = |der: &[u8]| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, der);
    let mut auditor = TrustAuditor::default();
    auditor.add("dsc.jsonl", format!("{{\"der\":\"{}\"}}\n", encoded(&dsc)).as_bytes());
    auditor.add("list.ml", &germany.list(1, &[&world.csca_der, &germany.csca_der]).encode());
    let folded = encoded(&germany.list(2, &[]).encode()).into_bytes();
    let folded: Vec<&str> = folded.chunks(70).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let ldif = format!("version: 1\n\ndn: c=DE\nCscaMasterListData:: {}\ncn: x\n", folded.join("\n "));
    auditor.add("pkd.ldif", ldif.as_bytes());
    auditor.add("csca.pem", b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
    auditor.add(
        "bare.ml",
        &tlv::encode_all(tag::SEQUENCE, &[asn1::integer(0), asn1::set(std::slice::from_ref(&dsc))]),
    );
    auditor.add("text", b"hello");
    let audit = auditor.finish();
    let line = |der: &[u8]| audit.certificates.iter().find(|c| c.sha256 == hex::encode(sha256(der))).unwrap();
    assert_eq!(line(&dsc).verified_by, [hex::encode(sha256(&world.csca_der))]);
    assert_eq!(
        (line(&dsc).key.as_deref(), line(&dsc).signature.as_deref()),
        (Some("P-256"), Some("ECDSA SHA-256"))
    );
    assert_eq!(line(&world.csca_der).verified_by, [hex::encode(sha256(&world.csca_der))]);
    assert_eq!(line(&[0x30, 0]).parse, "malformed certificate");
    assert_eq!(audit.certificates.len(), 5);
    assert_eq!(audit.master_lists.len(), 2);
    assert_eq!(
        (audit.master_lists[0].signature.as_str(), audit.master_lists[0].vouches_for_itself),
        ("ok", true)
    );
    assert_eq!(audit.unreadable.iter().map(|one| one.source.as_str()).collect::<Vec<_>>(), ["text"]);
    let json = serde_json::to_value(&audit).unwrap();
    assert_eq!(json["certificates"][0]["role"], "document-signer");
    assert_eq!(
        json["certificates"][0]["findings"],
        serde_json::json!(["explicit-curve", "crl-distribution-point-missing"])
    );
}
