//! What the fuzzer begins with for the targets `certificates`, `trust_input` and `verify`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::{Curve, HashAlgorithm};
use lds::FileId;
use lds::master_list::CscaMasterList;
use test_passports::keys::RsaKey;
use test_passports::{PrivateKey, Signer, asn1};

use crate::Target;
use crate::cases::{self, Case};
use crate::world::*;

/// A file of the corpus.
pub struct Seed {
    pub target: Target,
    pub name: &'static str,
    pub bytes: Vec<u8>,
}

pub fn seeds() -> Vec<Seed> {
    [certificates(), trust_input(), documents()].into_iter().flatten().collect()
}

fn of(target: Target, files: Vec<(&'static str, Vec<u8>)>) -> Vec<Seed> {
    files.into_iter().map(|(name, bytes)| Seed { target, name, bytes }).collect()
}

/// Signers of every scheme.
fn signers() -> [(&'static str, Signer); 4] {
    let brainpool = PrivateKey::ec(Curve::BrainpoolP384r1, "seed");
    [
        ("rsa", Signer::new(PrivateKey::rsa(RsaKey::Dsc), HashAlgorithm::Sha256)),
        ("rsassa-pss", Signer::pss(RsaKey::Dsc, HashAlgorithm::Sha256)),
        ("brainpool", Signer::new(brainpool, HashAlgorithm::Sha384)),
        ("explicit-curve", ec("seed")),
    ]
}

fn certificates() -> Vec<Seed> {
    let world = World::new();
    let relative =
        |n: usize| asn1::set(&[asn1::sequence(&[asn1::oid("2.5.4.11"), asn1::utf8(&format!(" É  {n:03}"))])]);
    let long_name = asn1::sequence(&(0..500).map(relative).collect::<Vec<_>>());
    let nested = (0..3000).fold(Vec::new(), |inner, _| lds::tlv::encode(0x30, &inner));
    let revoked: Vec<u64> = (1..=500).collect();
    let usual = |cert: Cert| cert.sign(&world.csca);
    let types =
        asn1::sequence(&[asn1::integer(0), asn1::set(&[asn1::printable("P"), asn1::printable("ID")])]);
    let more = |oid: &str, value: &[u8]| {
        let extension = extension(oid, false, value);
        usual(world.dsc_cert.clone().with(|cert| cert.extensions.push(extension)))
    };
    let mut files = vec![
        ("csca", world.csca_der.clone()),
        ("crl", utopia().crl(at(), &[1, 2, 3])),
        ("crl-of-500", utopia().crl(at(), &revoked)),
        ("crl-cut", utopia().crl(at(), &revoked)[..300].to_vec()),
        ("document-types", more("2.23.136.1.1.6.2", &types)),
        ("nested-3000", more("2.23.136.1.1.6.2", &nested)),
        ("name-of-500-parts", usual(world.dsc_cert.clone().with(|cert| cert.subject = long_name))),
        ("master-list-signer", more("2.5.29.37", &asn1::sequence(&[asn1::oid(MASTER_LIST_SIGNING)]))),
        ("no-extensions", usual(world.dsc_cert.clone().with(|cert| cert.extensions.clear()))),
    ];
    let signed_by = |(name, signer): (&'static str, Signer)| {
        let subject = crate::world::name("UT", "CSCA");
        (name, Cert::csca(&subject, &subject, &signer, &signer).sign(&signer))
    };
    files.extend(signers().map(signed_by));
    of(Target::Certificates, files)
}

fn trust_input() -> Vec<Seed> {
    let csca = World::new().csca_der;
    let crl = utopia().crl(at(), &[1, 2, 3]);
    let pem = |label: &str, der: &[u8]| {
        let lines: Vec<String> = STANDARD
            .encode(der)
            .as_bytes()
            .chunks(64)
            .map(|c| String::from_utf8_lossy(c).into_owned())
            .collect();
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
    };
    let pem = [pem("CERTIFICATE", &csca), pem("X509 CRL", &crl)].concat();
    let base64 = STANDARD.encode(&csca);
    let lines = format!("{{\"der\":\"{base64}\"}}\n\n{{\"der\":\"MAA=\"}}\n{{\"file\":1}}\n");
    let list = CscaMasterList { certificates: vec![csca.clone(), csca.clone()] }.encode();
    let ldif = format!(
        "version: 1\n\ndn: c=UT\nuserCertificate;binary:: {base64}\ncertificateRevocationList;binary:: {}\n\n\
         dn: o=ml\npkdMasterListContent:: {}\n",
        STANDARD.encode(&crl),
        STANDARD.encode(&list)
    );
    of(
        Target::TrustInput,
        vec![
            ("der", csca),
            ("pem", pem.into()),
            ("json-lines", lines.into()),
            ("ldif", ldif.into()),
            ("bare-list", list),
            ("pem-without-end", "-----BEGIN CERTIFICATE-----\nMAA=\n".repeat(300).into()),
            ("json-nested", "{\"der\":".repeat(2000).into()),
        ],
    )
}

fn documents() -> Vec<Seed> {
    let world = World::new();
    let passport = passport(&utopia()).files;
    let by = |(name, signer): (&'static str, Signer)| {
        let dsc = Cert::dsc(&world.csca_name, 77, &signer, &world.csca.key.spki_der()).sign(&world.csca);
        let sid = asn1::sequence(&[world.csca_name.der(), asn1::integer(77)]);
        let mut files = passport.clone();
        let sod = Cms::sod(&content(&hashes(&files)), sid, &dsc, &signer).sod_file();
        files.insert(FileId::Sod, sod);
        (name, behind_each_other(&files))
    };
    let hostile = [
        ("four-rsa-8192", "RSA-8192, e = 2^33 - 1"),
        ("four-p512", "brainpoolP512r1, explicit"),
        ("off-curve", "a point off its curve"),
        ("dsa", "DSA, parameters of no group"),
    ];
    let cases = cases::all();
    let found = |(name, case): (&'static str, &str)| {
        let Case { files, .. } = cases.iter().find(|one| one.name == case).expect("a case");
        let only_sod = BTreeMap::from([(FileId::Sod, files[&FileId::Sod].clone())]);
        (name, behind_each_other(&only_sod))
    };
    let files = signers().map(by).into_iter().chain(hostile.map(found)).collect();
    of(Target::Verify, files)
}

/// As `fuzz_targets/verification` takes them apart.
fn behind_each_other(files: &BTreeMap<FileId, Vec<u8>>) -> Vec<u8> {
    let mut out = Vec::new();
    for (file, content) in files {
        out.push(match file {
            FileId::Com => 0,
            FileId::Dg(n) => *n,
            FileId::Sod => 17,
            FileId::CardAccess => 18,
            FileId::CardSecurity => 19,
        });
        out.extend(&u32::try_from(content.len()).expect("a small file").to_be_bytes()[1..]);
        out.extend(content);
    }
    out
}
