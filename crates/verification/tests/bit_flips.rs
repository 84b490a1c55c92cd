//! Every bit that a State signed counts: EF.SOD's content, signed attributes and signature, the document signer's
//! certificate, and the data groups.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod world;

use std::ops::Range;

use crypto::{Curve, HashAlgorithm};
use lds::FileId;
use test_passports::keys::RsaKey;
use test_passports::{PrivateKey, Signer, asn1};
use verification::{Policy, TrustStore};
use world::*;

/// Signers of every scheme.
fn signers() -> [(&'static str, Signer); 5] {
    [
        ("RSA", Signer::new(PrivateKey::rsa(RsaKey::Dsc), HashAlgorithm::Sha256)),
        ("RSASSA-PSS", Signer::pss(RsaKey::Dsc, HashAlgorithm::Sha256)),
        ("ECDSA, P-256", Signer::new(PrivateKey::ec(Curve::P256, "flips"), HashAlgorithm::Sha256)),
        ("ECDSA, explicit", ec("flips")),
        (
            "ECDSA, brainpoolP384r1",
            Signer::new(PrivateKey::ec(Curve::BrainpoolP384r1, "flips"), HashAlgorithm::Sha384),
        ),
    ]
}

/// EF.SOD of the passport by this signer, under `world`'s CSCA.
fn security_object(world: &World, signer: &Signer) -> Cms {
    let dsc = Cert::dsc(&world.csca_name, 77, signer, &world.csca.key.spki_der()).sign(&world.csca);
    let sid = asn1::sequence(&[world.csca_name.der(), asn1::integer(77)]);
    Cms::sod(&content(&hashes(&passport(&utopia()).files)), sid, &dsc, signer)
}

fn place(file: &[u8], part: &[u8]) -> Range<usize> {
    let mut found = file.windows(part.len()).enumerate().filter(|(_, window)| *window == part);
    let (at, _) = found.next().expect("the part");
    assert!(found.next().is_none(), "it stands there once");
    at..at + part.len()
}

/// The codes of the refusals of a file in which one bit of a part is flipped, each bit in turn.
fn codes_of_flips(store: &TrustStore, file: &[u8], part: Range<usize>) -> Vec<(usize, Option<String>)> {
    let mut file = file.to_vec();
    let mut codes = Vec::new();
    for bit in part.start * 8..part.end * 8 {
        file[bit / 8] ^= 1 << (bit % 8);
        codes.push((bit, sod_code(store, &file)));
        file[bit / 8] ^= 1 << (bit % 8);
    }
    codes
}

#[test]
fn any_flipped_bit_of_content_attributes_or_signature_is_refused() {
    let world = World::new();
    for (name, signer) in signers() {
        let cms = security_object(&world, &signer);
        let (file, store) = (cms.sod_file(), world.store());
        assert_eq!(sod_code(&store, &file), None, "{name}");
        let attributes: Vec<u8> = cms.attributes.clone().unwrap().concat();
        for part in [&cms.content, &attributes, &cms.signature()] {
            for (bit, code) in codes_of_flips(&store, &file, place(&file, part)) {
                assert!(code.is_some(), "{name}: bit {bit}");
            }
        }
        // Nothing is read of a signature of RSA: it is wrong, and that is all.
        if matches!(signer.key, PrivateKey::Rsa(_)) {
            let codes = codes_of_flips(&store, &file, place(&file, &cms.signature()));
            assert!(codes.iter().all(|(_, code)| code.as_deref() == Some("pa.sod-signature")), "{name}");
        }
    }
}

#[test]
fn any_flipped_bit_of_what_the_csca_signed_and_of_its_signature_is_refused() {
    for (name, csca) in signers() {
        let mut world = World::new();
        world.csca = csca;
        world.csca_der =
            Cert::csca(&world.csca_name, &world.csca_name, &world.csca, &world.csca).sign(&world.csca);
        let cert = Cert::dsc(&world.csca_name, 77, &world.dsc, &world.csca.key.spki_der());
        let file = world.sod(&passport(&utopia()).files, &cert.sign(&world.csca)).sod_file();
        let store = world.store();
        assert_eq!(sod_code(&store, &file), None, "{name}");
        let tbs = cert.tbs(&world.csca.algorithm_der());
        for part in [tbs.clone(), world.csca.sign(&tbs)] {
            for (bit, code) in codes_of_flips(&store, &file, place(&file, &part)) {
                assert!(code.is_some(), "{name}: bit {bit}");
            }
        }
    }
}

#[test]
fn any_flipped_bit_of_a_data_group_is_a_wrong_hash() {
    let world = World::new();
    let mut files = passport(&utopia()).files;
    files.insert(FileId::Sod, world.sod(&files, &world.dsc_cert.sign(&world.csca)).sod_file());
    let (store, policy) = (world.store(), Policy::field());
    assert_eq!(code(&store, &files, &policy), None);
    let groups: Vec<u8> = files.keys().filter_map(|file| file.data_group()).collect();
    assert!(groups.len() >= 5);
    for n in groups {
        let bits = 8 * files[&FileId::Dg(n)].len();
        // Of a portrait about 1,500, of the small files all.
        let step = if bits < 8000 { 1 } else { (bits / 1500) | 1 };
        for bit in (0..bits).step_by(step) {
            let flip = |files: &mut std::collections::BTreeMap<FileId, Vec<u8>>| {
                files.get_mut(&FileId::Dg(n)).unwrap()[bit / 8] ^= 1 << (bit % 8);
            };
            flip(&mut files);
            assert_eq!(code(&store, &files, &policy), Some(format!("pa.hash-mismatch(DG{n})")), "bit {bit}");
            flip(&mut files);
        }
    }
}
