//! DSA against OpenSSL, and keys outside their group. The domain parameters in `vectors` were made by OpenSSL
//! (`genpkey -genparam -algorithm DSA`), since making them takes seconds.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "openssl/tool.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod tool;

use crypto::{Error, HashAlgorithm, PublicKey, SignatureScheme};
use der::asn1::{BitStringRef, ObjectIdentifier, UintRef};
use der::{Decode as _, Encode as _, Sequence};
use tool::OpenSsl;

const DSA_1024_160: &[u8] = include_bytes!("vectors/dsa-1024-160.pem");
const DSA_2048_224: &[u8] = include_bytes!("vectors/dsa-2048-224.pem");
const DSA_2048_256: &[u8] = include_bytes!("vectors/dsa-2048-256.pem");
const DSA_3072_256: &[u8] = include_bytes!("vectors/dsa-3072-256.pem");

/// The schemes of RFC 3279 and RFC 5758, an AlgorithmIdentifier without parameters each.
const SCHEMES: [(HashAlgorithm, &str); 5] = [
    (HashAlgorithm::Sha1, "300906072a8648ce380403"),
    (HashAlgorithm::Sha224, "300b0609608648016503040301"),
    (HashAlgorithm::Sha256, "300b0609608648016503040302"),
    (HashAlgorithm::Sha384, "300b0609608648016503040303"),
    (HashAlgorithm::Sha512, "300b0609608648016503040304"),
];

/// Makes a key; says its SubjectPublicKeyInfo.
fn generate(openssl: &OpenSsl, parameters: &[u8]) -> Vec<u8> {
    openssl.write("parameters", parameters);
    openssl.run(&["genpkey", "-paramfile", "parameters", "-out", "key"]);
    openssl.run(&["pkey", "-in", "key", "-pubout", "-outform", "DER", "-out", "pub"]);
    openssl.read("pub")
}

fn sign(openssl: &OpenSsl, hash: HashAlgorithm) -> Vec<u8> {
    openssl.write("message", b"m");
    let hash = format!("-{}", hash.name().to_lowercase().replace('-', ""));
    openssl.run(&["dgst", &hash, "-sign", "key", "-out", "signature", "message"]);
    openssl.read("signature")
}

#[derive(Clone, Sequence)]
struct Pair<'a> {
    first: UintRef<'a>,
    second: UintRef<'a>,
}

#[test]
fn signatures_of_openssl_verify_for_every_size_and_hash() {
    let openssl = OpenSsl::new();
    for parameters in [DSA_2048_224, DSA_2048_256, DSA_3072_256] {
        let spki = generate(&openssl, parameters);
        let (key, _) = PublicKey::from_spki_der(&spki).unwrap();
        assert_eq!(key.to_spki_der(), spki);
        for (hash, scheme) in SCHEMES {
            let der = hex::decode(scheme).unwrap();
            let scheme = SignatureScheme::from_algorithm_identifier(&der, None).unwrap();
            let signature = sign(&openssl, hash);
            assert_eq!(scheme.verify(&key, b"m", &signature), Ok(()), "{}", scheme.name());
            assert_eq!(scheme.verify(&key, b"n", &signature), Err(Error::Signature));
            let Pair { first: r, second: s } = Pair::from_der(&signature).unwrap();
            let verify = |first: &[u8], second: &[u8]| {
                let pair =
                    Pair { first: UintRef::new(first).unwrap(), second: UintRef::new(second).unwrap() };
                scheme.verify(&key, b"m", &pair.to_der().unwrap())
            };
            let (r, s) = (r.as_bytes(), s.as_bytes());
            assert_eq!(verify(r, s), Ok(()));
            for bad in [&[0][..], &[1], &[0xff; 32], &[0xff; 400]] {
                assert_eq!(verify(bad, s), Err(Error::Signature));
                assert_eq!(verify(r, bad), Err(Error::Signature));
            }
            let cut = scheme.verify(&key, b"m", &signature[1..]);
            assert_eq!(cut, Err(Error::Malformed("DSA signature")));
        }
    }
}

#[derive(Sequence)]
struct Spki<'a> {
    algorithm: Algorithm<'a>,
    key: BitStringRef<'a>,
}

#[derive(Sequence)]
struct Algorithm<'a> {
    oid: ObjectIdentifier,
    #[asn1(optional = "true")]
    domain: Option<Domain<'a>>,
}

#[derive(Clone, Sequence)]
struct Domain<'a> {
    p: UintRef<'a>,
    q: UintRef<'a>,
    g: UintRef<'a>,
}

fn read(domain: Option<Domain<'_>>, y: &[u8]) -> Result<PublicKey, Error> {
    let y = UintRef::new(y).unwrap().to_der().unwrap();
    let oid = ObjectIdentifier::new_unwrap("1.2.840.10040.4.1");
    let key = BitStringRef::from_bytes(&y).unwrap();
    let spki = Spki { algorithm: Algorithm { oid, domain }, key }.to_der().unwrap();
    PublicKey::from_spki_der(&spki).map(|(key, _)| key)
}

/// A number that is smaller by a little.
fn less(by: u8, number: &[u8]) -> Vec<u8> {
    let mut less = number.to_vec();
    let last = less.last_mut().unwrap();
    *last = last.checked_sub(by).unwrap();
    less
}

#[test]
fn numbers_outside_the_group_are_refused() {
    let openssl = OpenSsl::new();
    let spki = generate(&openssl, DSA_2048_256);
    let spki = Spki::from_der(&spki).unwrap();
    let domain = spki.algorithm.domain.unwrap();
    let y = UintRef::from_der(spki.key.as_bytes().unwrap()).unwrap();
    let (p, q, y) = (domain.p.as_bytes(), domain.q.as_bytes(), y.as_bytes());
    let number = |bytes| UintRef::new(bytes).unwrap();
    let with = |p, q, g| Some(Domain { p: number(p), q: number(q), g: number(g) });
    let (g, p_less_one) = (domain.g.as_bytes(), less(1, p));
    let (p_less_four, q_less_two) = (less(4, p), less(2, q));
    assert!(read(with(p, q, g), y).is_ok());
    for bad in [&[0][..], &[1], &[2], &p_less_one, p] {
        assert_eq!(read(with(p, q, g), bad), Err(Error::DsaKey("public number")), "{bad:x?}");
        assert_eq!(read(with(p, q, bad), y), Err(Error::DsaKey("generator")), "{bad:x?}");
    }
    assert_eq!(read(with(p, &q_less_two, g), y), Err(Error::DsaKey("order")));
    assert_eq!(read(with(&p_less_four, q, g), y), Err(Error::DsaKey("order")));
    assert_eq!(read(with(&p_less_one, q, g), y), Err(Error::DsaKey("even modulus")));
    assert_eq!(read(with(&p[1..], q, g), y), Err(Error::DsaKey("size")));
    assert_eq!(read(with(p, &q[1..], g), y), Err(Error::DsaKey("size")));
    assert_eq!(read(with(p, q, g), &[0x7f; 400]), Err(Error::DsaKey("size")));
    let inherited = Error::Malformed("SubjectPublicKeyInfo");
    assert_eq!(read(None, y), Err(inherited));
}

#[test]
fn sizes_that_are_not_listed_are_refused() {
    let openssl = OpenSsl::new();
    let spki = generate(&openssl, DSA_1024_160);
    assert_eq!(PublicKey::from_spki_der(&spki), Err(Error::DsaKey("size")));
}
