//! Documents that a stranger might send to cost time or memory, each with the refusal that it gets.

use std::collections::BTreeMap;
use std::path::Path;

use crypto::{Curve, HashAlgorithm, PublicKey, RsaPublicKey};
use lds::FileId;
use lds::tlv::{encode, encode_unsigned_bytes, tag};
use test_passports::{PrivateKey, Signer, asn1};
use verification::{ChipData, TrustStore};

use crate::world::*;

/// The most bytes that any input may have allocated at once.
pub const LIMIT: usize = 64 << 20;

/// A document, and the CSCAs that are trusted.
pub struct Case {
    pub name: String,
    pub cscas: Vec<Vec<u8>>,
    pub files: BTreeMap<FileId, Vec<u8>>,
    /// The code of the refusal, `None` in it for none; `None`: whatever it is.
    pub code: Option<Option<&'static str>>,
}

impl Case {
    /// A store that has met nobody and read no key.
    pub fn store(&self) -> TrustStore {
        store(&self.cscas.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    pub fn data(&self) -> ChipData {
        ChipData::new(self.files.clone())
    }
}

/// The passport with another EF.SOD.
fn case(name: &str, world: &World, sod: Vec<u8>, code: Option<&'static str>) -> Case {
    let mut files = passport(&utopia()).files;
    files.insert(FileId::Sod, sod);
    Case { name: name.into(), cscas: vec![world.csca_der.clone()], files, code: Some(code) }
}

/// EF.SOD of the passport, with this certificate.
fn sod(world: &World, dsc: &[u8]) -> Cms {
    world.sod(&passport(&utopia()).files, dsc)
}

pub fn all() -> Vec<Case> {
    let world = World::new();
    let honest = case("honest", &world, sod(&world, &world.dsc_cert.sign(&world.csca)).sod_file(), None);
    let cases = [keys(&world), certificates(&world), objects(&world)];
    [honest].into_iter().chain(cases.into_iter().flatten()).collect()
}

/// Four document signers of one name and number, so that the key of each is tried, and 16 trusted CSCAs of theirs.
fn keys(world: &World) -> Vec<Case> {
    let rsa = |seed: u8| {
        let modulus: Vec<u8> = (0..1024_u32).map(|n| (n * 151 % 256) as u8 ^ seed | 0x81).collect();
        let key = RsaPublicKey::from_components(&modulus, &[1, 255, 255, 255, 255]).unwrap();
        PublicKey::Rsa(key).to_spki_der()
    };
    let ec = |seed: u8| PrivateKey::ec_explicit(Curve::BrainpoolP512r1, &seed.to_string()).spki_der();
    let with_rsa = ["1.2.840.113549.1.1.13"].map(asn1::oid).to_vec();
    let with_rsa = asn1::sequence(&[with_rsa, vec![asn1::null()]].concat());
    let with_ec = asn1::sequence(&[asn1::oid("1.2.840.10045.4.3.4")]);
    let with_dsa = asn1::sequence(&[asn1::oid("2.16.840.1.101.3.4.3.2")]);
    let ecdsa = asn1::sequence(&[[0x55; 63], [0x33; 63]].map(|n| encode_unsigned_bytes(&n)));
    let dsa = asn1::sequence(&[[0x55; 31], [0x33; 31]].map(|n| encode_unsigned_bytes(&n)));
    let alike = |spkis: &dyn Fn(u8) -> Vec<u8>, algorithm: &[u8], signature: &[u8]| {
        let signer = |n| world.dsc_cert.clone().without("2.5.29.35").with(|cert| cert.spki = spkis(n));
        let mut cms = sod(world, &[]);
        cms.certificates = (0..16).map(|n| signer(2 * n).sign(&world.dsc)).collect();
        cms.algorithm = Some(algorithm.to_vec());
        cms.sod_with_signature(signature)
    };
    let off_curve = |seed| {
        let mut spki = ec(seed);
        *spki.last_mut().unwrap() ^= 1;
        spki
    };
    let own_prime = |_| {
        let prime = encode_unsigned_bytes(&[0x55; 20_000]);
        let field = asn1::sequence(&[asn1::oid("1.2.840.10045.1.1"), prime.clone()]);
        let curve = asn1::sequence(&[asn1::octet_string(&[1; 64]), asn1::octet_string(&[2; 64])]);
        let parameters = [asn1::integer(1), field, curve, asn1::octet_string(&[4; 129]), asn1::integer(7)];
        let algorithm = asn1::sequence(&[asn1::oid("1.2.840.10045.2.1"), asn1::sequence(&parameters)]);
        asn1::sequence(&[algorithm, asn1::bit_string(&[4; 129])])
    };
    let dsa_key = |seed: u8| {
        let number = |length: usize| encode_unsigned_bytes(&vec![0xA7 ^ seed; length]);
        let parameters = asn1::sequence(&[number(384), number(32), number(383)]);
        let algorithm = asn1::sequence(&[asn1::oid("1.2.840.10040.4.1"), parameters]);
        asn1::sequence(&[algorithm, asn1::bit_string(&number(382))])
    };
    let unsigned = Some("pa.dsc-signature");
    let mut cases = vec![
        case("RSA-8192, e = 2^33 - 1", world, alike(&rsa, &with_rsa, &[0x77; 1024]), unsigned),
        case("brainpoolP512r1, explicit", world, alike(&ec, &with_ec, &ecdsa), unsigned),
        case("a point off its curve", world, alike(&off_curve, &with_ec, &ecdsa), unsigned),
        case("a curve over a number of 160,000 bits", world, alike(&own_prime, &with_ec, &ecdsa), unsigned),
        case("DSA, parameters of no group", world, alike(&dsa_key, &with_dsa, &dsa), unsigned),
    ];
    let cscas = |key: &dyn Fn(u8) -> Signer| -> Vec<Vec<u8>> {
        let csca = |n| {
            let key = key(n);
            Cert::csca(&world.csca_name, &world.csca_name, &key, &key).sign(&key)
        };
        (0..20).map(csca).collect()
    };
    let p512 = |n: u8| {
        Signer::new(PrivateKey::ec_explicit(Curve::BrainpoolP512r1, &n.to_string()), HashAlgorithm::Sha512)
    };
    let p521 =
        |n: u8| Signer::new(PrivateKey::ec_explicit(Curve::P521, &n.to_string()), HashAlgorithm::Sha512);
    for (name, key) in [("brainpoolP512r1", &p512 as &dyn Fn(u8) -> Signer), ("P-521", &p521)] {
        for (signers, spkis) in [("RSA-8192", &rsa as &dyn Fn(u8) -> Vec<u8>), (name, &ec)] {
            let (algorithm, signature) =
                if signers == "RSA-8192" { (&with_rsa, &[0x77; 1024][..]) } else { (&with_ec, &ecdsa[..]) };
            let name = format!("16 trials: 4 signers, {signers}; 20 CSCAs of their name, {name}");
            let document = case(&name, world, alike(spkis, algorithm, signature), unsigned);
            cases.push(Case { cscas: cscas(key), ..document });
        }
    }
    cases
}

type Change<'a> = Box<dyn Fn(&mut Cert) + 'a>;

/// Certificates as long as they may be.
fn certificates(world: &World) -> Vec<Case> {
    let relative = |n: usize| {
        asn1::set(&[asn1::sequence(&[asn1::oid("2.5.4.11"), asn1::utf8(&format!("  Élysée   {n:05} "))])])
    };
    let long_name = asn1::sequence(&(0..900).map(relative).collect::<Vec<_>>());
    let unknown = |n| extension(&format!("1.2.3.{n}"), false, &[4, 1, 0]);
    let nested = (0..3000).fold(Vec::new(), |inner, _| encode(tag::SEQUENCE, &inner));
    let types = "2.23.136.1.1.6.2";
    let strings = asn1::set(&vec![asn1::printable("P"); 9000]);
    let changes: [(&str, Change<'_>); 4] = [
        ("900 parts in a name", Box::new(|cert| cert.subject.clone_from(&long_name))),
        ("1,500 extensions", Box::new(|cert| cert.extensions.extend((0..1500).map(unknown)))),
        (
            "an extension nested 3,000 deep",
            Box::new(|cert| cert.extensions.push(extension(types, false, &nested))),
        ),
        ("9,000 document types", Box::new(|cert| cert.extensions.push(extension(types, false, &strings)))),
    ];
    let case_of = |(name, change): (&str, Change<'_>)| {
        let mut cms = sod(world, &[]);
        let of_number = |n: u64| {
            let numbered = world.dsc_cert.clone().with(|cert| cert.serial = asn1::integer(n));
            numbered.with(|cert| change(cert)).sign(&world.dsc)
        };
        cms.certificates = (62..78).map(of_number).collect();
        case(name, world, cms.sod_file(), Some("pa.dsc-signature"))
    };
    changes.into_iter().map(case_of).collect()
}

/// EF.SOD of nearly 1 MB.
fn objects(world: &World) -> Vec<Case> {
    let dsc = world.dsc_cert.sign(&world.csca);
    let right = sod(world, &dsc);
    let mut long = right.clone();
    long.attributes.as_mut().unwrap().push(attribute("1.2.3.4", asn1::octet_string(&vec![7; 900_000])));
    let mut content = right.clone();
    content.content = vec![0x30; 900_000];
    let mut many = right.clone();
    many.certificates = vec![dsc.clone(); 1000];
    // The content in pieces of one byte, and in pieces within pieces.
    let octets = asn1::octet_string(&right.content);
    let with_octets = |pieces: Vec<u8>| {
        let plain = right.encode();
        let at = plain.windows(octets.len()).position(|window| window == octets).unwrap();
        let head = plain[..at].to_vec();
        let signed_data_at = head.windows(2).rposition(|w| w == [0x06, 0x06]).unwrap();
        let inner = [&head[signed_data_at..signed_data_at + 8], &[0xA0, 0x80], &pieces, &[0, 0]].concat();
        let version = asn1::integer(3);
        let digests = asn1::set(&[test_passports::keys::hash_algorithm_der(HashAlgorithm::Sha256)]);
        let inner = [&[0x30, 0x80][..], &inner, &[0, 0]].concat();
        let tail = &plain[at + octets.len()..];
        let signed_data = [&[0x30, 0x80][..], &version, &digests, &inner, tail, &[0, 0]].concat();
        let oid = asn1::oid(lds::cms::OID_SIGNED_DATA);
        encode(0x77, &[&[0x30, 0x80][..], &oid, &[0xA0, 0x80], &signed_data, &[0; 4]].concat())
    };
    let ones = |bytes: &[u8]| bytes.iter().flat_map(|byte| [4, 1, *byte]).collect::<Vec<u8>>();
    let pieces = [&[0x24, 0x80][..], &ones(&right.content), &[0, 0]].concat();
    let thousands = [&[0x24, 0x80][..], &ones(&vec![0x30; 300_000]), &[0, 0]].concat();
    let empties = [&[0x24, 0x80][..], &[4, 0].repeat(450_000), &[0, 0]].concat();
    let nested = |levels: usize| {
        [[0x24, 0x80].repeat(levels), asn1::octet_string(&vec![0x30; 900_000]), [0, 0].repeat(levels)]
            .concat()
    };
    vec![
        case("an attribute of 900 kB", world, long.sod_file(), None),
        case("a content of 900 kB", world, content.sod_file(), Some("lds.trailing-bytes(EF.SOD)")),
        case(
            "1,000 certificates",
            world,
            many.sod_file(),
            Some("lds.malformed(EF.SOD: certificates: too many)"),
        ),
        case("content in pieces of a byte", world, with_octets(pieces), None),
        case("300,000 pieces of a byte", world, with_octets(thousands), Some("lds.trailing-bytes(EF.SOD)")),
        case("450,000 pieces of nothing", world, with_octets(empties), Some("lds.unexpected-tag(EF.SOD)")),
        case(
            "900 kB in 20 strings in strings",
            world,
            with_octets(nested(20)),
            Some("lds.trailing-bytes(EF.SOD)"),
        ),
        case(
            "900 kB in 3,000 strings in strings",
            world,
            with_octets(nested(3000)),
            Some("lds.too-deep(EF.SOD)"),
        ),
    ]
}

/// The corpus of the parsers: each EF.SOD in a passport, and each data group in a passport whose State signed it.
pub fn of_the_corpus() -> Vec<Case> {
    let world = World::new();
    let dsc = world.dsc_cert.sign(&world.csca);
    let folders = [
        ("sod", FileId::Sod),
        ("dg1", FileId::Dg(1)),
        ("dg2", FileId::Dg(2)),
        ("dg11", FileId::Dg(11)),
        ("dg14", FileId::Dg(14)),
        ("dg15", FileId::Dg(15)),
    ];
    let mut cases = Vec::new();
    for (folder, file) in folders {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus-seed").join(folder);
        for entry in std::fs::read_dir(path).unwrap() {
            let entry = entry.unwrap();
            let mut files = passport(&utopia()).files;
            files.insert(file, std::fs::read(entry.path()).unwrap());
            if file != FileId::Sod {
                files.insert(FileId::Sod, world.sod(&files, &dsc).sod_file());
            }
            let name = format!("{}, {}", file.name(), entry.file_name().to_string_lossy());
            cases.push(Case { name, cscas: vec![world.csca_der.clone()], files, code: None });
        }
    }
    cases
}
