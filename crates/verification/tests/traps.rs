//! What a forger would try. Each trap has a twin that is right but for the trick.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod world;

use crypto::{Curve, HashAlgorithm};
use lds::FileId;
use lds::tlv::{self, tag};
use num_bigint::BigUint;
use test_passports::certificate::key_identifier;
use test_passports::keys::{RsaKey, hash_algorithm_der};
use test_passports::{PrivateKey, Signer, asn1};
use verification::Policy;
use world::*;

const SHA256_RSA: &str = "1.2.840.113549.1.1.11";

fn refused(code: &str) -> Option<String> {
    Some(code.to_owned())
}

fn signature_der(r: &BigUint, s: &BigUint) -> Vec<u8> {
    asn1::sequence(&[r, s].map(|number| tlv::encode_unsigned_bytes(&number.to_bytes_be())))
}

#[test]
fn a_rogue_csca_with_the_name_and_the_key_identifier_of_the_right_one_vouches_for_nothing() {
    let world = World::new();
    let files = passport(&utopia()).files;
    let forger = ec("forger");
    let rogue = Cert::csca(&world.csca_name, &world.csca_name, &forger, &forger)
        .without("2.5.29.14")
        .with(|cert| cert.extensions.push(subject_key_id(&world.csca.key.spki_der())))
        .sign(&forger);
    let mut sod = world.sod(&files, &world.dsc_cert.sign(&forger));
    sod.certificates.push(rogue.clone());
    assert_eq!(sod_code(&world.store(), &sod.sod_file()), refused("pa.dsc-signature"));
    // Nor as a link or a known document signer, which are not trusted for themselves.
    let mut store = world.store();
    store.add_link(&rogue).unwrap();
    store.add_document_signer(&rogue).unwrap();
    assert_eq!(sod_code(&store, &sod.sod_file()), refused("pa.csca-unknown"));
    // If both are trusted, both are tried.
    store.add_csca(&rogue).unwrap();
    assert_eq!(sod_code(&store, &sod.sod_file()), None);
    assert_eq!(sod_code(&store, &world.sod(&files, &world.dsc_cert.sign(&world.csca)).sod_file()), None);
}

#[test]
fn certificates_in_ef_sod_are_never_anchors() {
    let world = World::new();
    let files = passport(&utopia()).files;
    let mut sod = world.sod(&files, &world.dsc_cert.sign(&world.csca));
    sod.certificates.push(world.csca_der.clone());
    assert_eq!(sod_code(&store(&[]), &sod.sod_file()), refused("pa.csca-unknown"));
    assert_eq!(sod_code(&world.store(), &sod.sod_file()), None);
}

#[test]
fn signed_attributes_are_not_content_and_content_is_not_signed_attributes() {
    let world = World::new();
    let files = passport(&utopia()).files;
    let dsc = world.dsc_cert.sign(&world.csca);
    let right = world.sod(&files, &dsc);
    assert_eq!(sod_code(&world.store(), &right.sod_file()), None);
    // The signature of the right file is one over its attributes: they become the content of a file without any.
    let mut passed_off = right.clone();
    passed_off.content = right.signed_attributes().unwrap();
    passed_off.attributes = None;
    let file = passed_off.sod_with_signature(&right.signature());
    assert_eq!(sod_code(&world.store(), &file), refused("lds.unexpected-tag(EF.SOD)"));
    // The other way round: a signature over content becomes one over attributes.
    let mut plain = right.clone();
    plain.attributes = None;
    assert_eq!(sod_code(&world.store(), &plain.sod_file()), refused("pa.signed-attributes"));
    let mut attributes = right.clone();
    attributes.attributes = Some(Vec::new());
    let file = attributes.sod_with_signature(&plain.signature());
    assert_eq!(sod_code(&world.store(), &file), refused("pa.content-type"));
}

#[test]
fn a_message_digest_that_is_only_the_beginning_is_wrong() {
    let world = World::new();
    let files = passport(&utopia()).files;
    let sod = world.sod(&files, &world.dsc_cert.sign(&world.csca));
    let digest = crypto::sha256(&sod.content);
    assert_eq!(sod_code(&world.store(), &sod.clone().with_digest(&digest).sod_file()), None);
    for wrong in [&digest[..0], &digest[..1], &digest[..20], &digest[..31], &[&digest[..], &[0]].concat()] {
        let file = sod.clone().with_digest(wrong).sod_file();
        assert_eq!(sod_code(&world.store(), &file), refused("pa.message-digest"), "{}", wrong.len());
    }
}

#[test]
fn a_hash_of_a_data_group_that_is_only_the_beginning_is_wrong() {
    let world = World::new();
    let mut files = passport(&utopia()).files;
    let dsc = world.dsc_cert.sign(&world.csca);
    let mut judge = |hashes: &[(u64, Vec<u8>)]| {
        let sid = asn1::sequence(&[world.csca_name.der(), asn1::integer(77)]);
        files.insert(FileId::Sod, Cms::sod(&content(hashes), sid, &dsc, &world.dsc).sod_file());
        code(&world.store(), &files, &Policy::default())
    };
    let right = hashes(&passport(&utopia()).files);
    assert_eq!(judge(&right), None);
    for len in [0, 1, 20, 31] {
        let mut short = right.clone();
        short[0].1.truncate(len);
        assert_eq!(judge(&short), refused("pa.hash-mismatch(DG1)"), "{len}");
    }
    let mut long = right.clone();
    long[0].1.push(0);
    assert_eq!(judge(&long), refused("pa.hash-mismatch(DG1)"));
    // The right hash and another one for the same group, in both orders: neither is chosen.
    let other = (1, vec![0; 32]);
    let twice = refused("lds.malformed(EF.SOD: data group hashes: one stands twice)");
    assert_eq!(judge(&[std::slice::from_ref(&other), &right[..]].concat()), twice);
    assert_eq!(judge(&[&right[..], &[other]].concat()), twice);
    // The number written with leading zeros or beyond a byte is not another group.
    let number = refused("lds.malformed(EF.SOD: data group number)");
    assert_eq!(judge(&[&right[..], &[(257, right[0].1.clone())]].concat()), number);
}

/// RFC 5652 5.4: signed in the order of DER, whatever the order that is written. Some sign what they write.
#[test]
fn signed_attributes_out_of_order_are_signed_as_written_or_in_the_order_of_der() {
    let world = World::new();
    let files = passport(&utopia()).files;
    let in_order = world.sod(&files, &world.dsc_cert.sign(&world.csca));
    let mut out_of_order = in_order.clone();
    out_of_order.attributes.as_mut().unwrap().reverse();
    assert!(!out_of_order.attributes.as_ref().unwrap().is_sorted());
    let judge = |written: &Cms, signed: &Cms| {
        let file = written.sod_with_signature(&signed.signature());
        world.store().authenticate_sod(&file, &Policy::default(), at())
    };
    let told = |written: &Cms, signed: &Cms| {
        let report = judge(written, signed).outcome.unwrap().report().clone();
        format!("{report:?}").contains("not in the order of DER")
    };
    assert!(!told(&in_order, &in_order));
    assert!(told(&out_of_order, &out_of_order));
    assert!(told(&out_of_order, &in_order));
    for (written, signed) in [
        (&in_order, &out_of_order),
        (&out_of_order, &in_order.clone().with_digest(&[0; 32])),
        (&in_order.clone().with_digest(&[0; 32]), &in_order),
    ] {
        assert!(judge(written, signed).outcome.is_err());
    }
}

#[test]
fn two_signers_are_refused_though_both_are_right() {
    let world = World::new();
    let files = passport(&utopia()).files;
    let sod = world.sod(&files, &world.dsc_cert.sign(&world.csca));
    let info = sod.signer_info(&sod.signature());
    let file = tlv::encode(0x77, &sod.content_info(&[info.clone(), info]));
    assert_eq!(
        sod_code(&world.store(), &file),
        refused("lds.malformed(EF.SOD: set of signers: more than one)")
    );
}

#[test]
fn r_and_s_out_of_range_are_refused() {
    let world = World::new();
    let files = passport(&utopia()).files;
    let sod = world.sod(&files, &world.dsc_cert.sign(&world.csca));
    let signature = sod.signature();
    let mut numbers = tlv::read_one("signature", &signature, tag::SEQUENCE).unwrap().children().unwrap();
    let mut next = || BigUint::from_bytes_be(numbers.expect(tag::INTEGER).unwrap().value);
    let (r, s) = (next(), next());
    let n = BigUint::from_bytes_be(&Curve::P256.order());
    let zero = BigUint::ZERO;
    let judge = |signature: &[u8]| sod_code(&world.store(), &sod.sod_with_signature(signature));
    assert_eq!(judge(&signature_der(&r, &s)), None);
    // The same numbers modulo the order: n - s verifies too (RFC 6979 forbids nothing), r + n and s + n must not.
    assert_eq!(judge(&signature_der(&r, &(&n - &s))), None);
    for (r, s) in [
        (&r + &n, s.clone()),
        (r.clone(), &s + &n),
        (zero.clone(), s.clone()),
        (r.clone(), zero.clone()),
        (zero.clone(), zero.clone()),
        (n.clone(), s.clone()),
        (r.clone(), n.clone()),
        (n.clone(), n.clone()),
    ] {
        assert_eq!(judge(&signature_der(&r, &s)), refused("pa.sod-signature"), "{r} {s}");
    }
    // A negative s, which is s modulo 2^256 for a careless reader.
    let raw = |value: &[u8]| tlv::encode(tag::INTEGER, value);
    let negative = asn1::sequence(&[raw(&r.to_bytes_be()), raw(&[&[0x80], &s.to_bytes_be()[1..]].concat())]);
    assert_eq!(judge(&negative), refused("pa.sod-signature"));
}

/// The AlgorithmIdentifier of RSASSA-PSS.
fn pss(hash: HashAlgorithm, mgf: HashAlgorithm, salt: u64) -> Vec<u8> {
    let mask = asn1::sequence(&[asn1::oid("1.2.840.113549.1.1.8"), hash_algorithm_der(mgf)]);
    let parameters = asn1::sequence(&[
        asn1::context(0, &[hash_algorithm_der(hash)]),
        asn1::context(1, &[mask]),
        asn1::context(2, &[asn1::integer(salt)]),
    ]);
    asn1::sequence(&[asn1::oid("1.2.840.113549.1.1.10"), parameters])
}

#[test]
fn a_pss_signature_with_another_salt_or_mask_than_it_says_is_refused() {
    use HashAlgorithm::{Sha1, Sha256, Sha384};
    let mut world = World::new();
    world.dsc = Signer::pss(RsaKey::Dsc, Sha256);
    world.dsc_cert = Cert::dsc(&world.csca_name, 77, &world.dsc, &world.csca.key.spki_der());
    let files = passport(&utopia()).files;
    let mut sod = world.sod(&files, &world.dsc_cert.sign(&world.csca));
    let mut judge = |algorithm: Vec<u8>| {
        sod.algorithm = Some(algorithm);
        sod_code(&world.store(), &sod.sod_file())
    };
    assert_eq!(judge(pss(Sha256, Sha256, 32)), None);
    for wrong in [pss(Sha256, Sha256, 20), pss(Sha256, Sha256, 31), pss(Sha256, Sha256, 33)] {
        assert_eq!(judge(wrong), refused("pa.sod-signature"));
    }
    for wrong in [pss(Sha256, Sha1, 32), pss(Sha384, Sha256, 32), pss(Sha1, Sha1, 20)] {
        assert_eq!(judge(wrong), refused("pa.sod-signature"));
    }
    let pkcs1 = asn1::sequence(&[asn1::oid(SHA256_RSA), asn1::null()]);
    assert_eq!(judge(pkcs1), refused("pa.sod-signature"));
}

#[test]
fn a_document_signer_signs_no_document_signer() {
    let world = World::new();
    let files = passport(&utopia()).files;
    let middle = ec("greedy document signer");
    let greedy = Cert::dsc(&world.csca_name, 1, &middle, &world.csca.key.spki_der());
    let middle_name = name("UT", "Document Signer");
    let second = Cert::dsc(&middle_name, 77, &world.dsc, &middle.key.spki_der()).sign(&middle);
    let sid = asn1::sequence(&[middle_name.der(), asn1::integer(77)]);
    let with_ca = greedy.clone().with(|cert| cert.extensions.push(basic_constraints(None)));
    for middle_cert in [&greedy, &with_ca] {
        let middle_der = middle_cert.sign(&world.csca);
        let mut sod = Cms::sod(&content(&hashes(&files)), sid.clone(), &second, &world.dsc);
        sod.certificates.push(middle_der.clone());
        let mut store = world.store();
        assert_eq!(sod_code(&store, &sod.sod_file()), refused("pa.csca-unknown"));
        store.add_document_signer(&middle_der).unwrap();
        assert_eq!(sod_code(&store, &sod.sod_file()), refused("pa.csca-unknown"));
    }
}

#[test]
fn a_signer_of_master_lists_signs_no_document() {
    let world = World::new();
    let files = passport(&utopia()).files;
    let judge = |cert: &Cert| {
        let dsc = cert.sign(&world.csca);
        sod_code(&world.store(), &world.sod(&files, &dsc).sod_file())
    };
    assert_eq!(judge(&world.dsc_cert), None);
    let usage = |oid: &str| world.dsc_cert.clone().with(|cert| cert.extensions.push(extended_key_usage(oid)));
    // Of master lists, of deviation lists, of TLS servers, of anything.
    for oid in [MASTER_LIST_SIGNING, "2.23.136.1.1.8", "1.3.6.1.5.5.7.3.1", "2.5.29.37.0"] {
        assert_eq!(judge(&usage(oid)), refused("pa.dsc-key-usage"), "{oid}");
    }
}

#[test]
fn a_csca_signs_no_document_itself() {
    let world = World::new();
    let files = passport(&utopia()).files;
    let sid = tlv::encode(0x80, &key_identifier(&world.csca.key.spki_der()));
    let sod = Cms::sod(&content(&hashes(&files)), sid, &world.csca_der, &world.csca);
    assert_eq!(sod_code(&world.store(), &sod.sod_file()), refused("pa.csca-unknown"));
}

#[test]
fn a_digest_info_without_null_is_told_and_other_parameters_are_refused() {
    let mut world = World::new();
    world.csca = Signer::new(PrivateKey::rsa(RsaKey::Csca), HashAlgorithm::Sha256);
    world.csca_der =
        Cert::csca(&world.csca_name, &world.csca_name, &world.csca, &world.csca).sign(&world.csca);
    world.dsc = Signer::new(PrivateKey::rsa(RsaKey::Dsc), HashAlgorithm::Sha256);
    world.dsc_cert = Cert::dsc(&world.csca_name, 77, &world.dsc, &world.csca.key.spki_der());
    let files = passport(&utopia()).files;
    let judge = |of_dsc: &[u8], of_sod: &[u8]| {
        let dsc = world.dsc_cert.sign_by(&world.csca.algorithm_der(), |message| {
            pkcs1v15_with_parameters(&world.csca, of_dsc, message)
        });
        let sod = world.sod(&files, &dsc);
        let signature = pkcs1v15_with_parameters(&world.dsc, of_sod, &sod.signed_attributes().unwrap());
        let file = sod.sod_with_signature(&signature);
        let inspection = world.store().authenticate_sod(&file, &Policy::default(), at());
        let told: Vec<String> = inspection.report.deviations().map(|check| check.id.to_string()).collect();
        (inspection.outcome.err().map(|rejection| rejection.code()), told)
    };
    let null = asn1::null();
    let told = |ids: &[&str]| (None, ids.iter().map(|id| (*id).to_owned()).collect());
    assert_eq!(judge(&null, &null), told(&[]));
    assert_eq!(judge(&null, &[]), told(&["pa.sod-signature"]));
    assert_eq!(judge(&[], &null), told(&["pa.dsc-signature"]));
    assert_eq!(judge(&[], &[]), told(&["pa.dsc-signature", "pa.sod-signature"]));
    // Neither NULL nor nothing: an empty string, a NULL with content, two NULL.
    for other in [asn1::octet_string(&[]), vec![5, 1, 0], [null.clone(), null.clone()].concat()] {
        assert_eq!(judge(&null, &other).0, refused("pa.sod-signature"));
        assert_eq!(judge(&other, &null).0, refused("pa.dsc-signature"));
    }
}
