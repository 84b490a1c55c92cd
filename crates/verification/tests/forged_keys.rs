//! Keys that invite forgery: the RSA exponent 3, and a generator of the forger's choice.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod world;

use crypto::{Curve, EcPoint, HashAlgorithm, PublicKey, RsaPrivateKey, Scalar};
use lds::tlv::{self, tag};
use num_bigint::BigUint;
use test_passports::{PrivateKey, Signer, asn1};
use world::*;

const SHA256_RSA: &str = "1.2.840.113549.1.1.11";

fn refused(code: &str) -> Option<String> {
    Some(code.to_owned())
}

/// A CSCA whose RSA exponent is 3, and its private key.
fn exponent_three() -> (Signer, BigUint) {
    let key = RsaPrivateKey::from_pkcs8_der(include_bytes!("data/rsa-e3.p8.der")).unwrap();
    assert_eq!(key.public_key().exponent(), [3]);
    let modulus = BigUint::from_bytes_be(&key.public_key().modulus());
    (Signer::new(PrivateKey::Rsa(key), HashAlgorithm::Sha256), modulus)
}

fn digest_info(message: &[u8], parameters: &[u8]) -> Vec<u8> {
    let algorithm = asn1::sequence(&[asn1::oid(HashAlgorithm::Sha256.oid()), parameters.to_vec()]);
    asn1::sequence(&[algorithm, asn1::octet_string(&crypto::sha256(message))])
}

/// Bleichenbacher's forgery of 2006: eight bytes of padding, the digest, and whatever a cube root leaves behind.
fn cube_root_with_rubbish_behind(message: &[u8]) -> Vec<u8> {
    let mut head = [&[0, 1][..], &[0xFF; 8], &[0], &digest_info(message, &asn1::null())].concat();
    let head_len = head.len();
    head.resize(256, 0);
    let root = BigUint::from_bytes_be(&head).cbrt() + 1_u8;
    let cube = (&root * &root * &root).to_bytes_be();
    assert_eq!([&[0], &cube[..head_len - 1]].concat(), &head[..head_len], "the cube begins as it should");
    [vec![0; 256 - root.to_bytes_be().len()], root.to_bytes_be()].concat()
}

/// The same with the rubbish where parameters of the hash algorithm stand, so that the digest is at the end.
fn cube_root_with_rubbish_in_parameters(message: &[u8]) -> Option<Vec<u8>> {
    let digest = crypto::sha256(message);
    if digest[31].is_multiple_of(2) {
        return None;
    }
    let tail = [&[4, 32][..], &digest].concat();
    let rubbish = vec![0; 256 - 11 - 34 - 3 - 3 - 11 - 3];
    let info = digest_info(message, &tlv::encode(tag::NULL, &rubbish));
    let goal = [&[0, 1][..], &[0xFF; 8], &[0], &info].concat();
    assert_eq!(goal.len(), 256);
    // The low bits: a cube root modulo a power of two, bit by bit.
    let bits = u32::try_from(8 * tail.len()).unwrap();
    let modulus = BigUint::from(2_u8).pow(bits);
    let wanted = BigUint::from_bytes_be(&tail);
    let mut low = BigUint::from(1_u8);
    for bit in 1..u64::from(bits) {
        let power = BigUint::from(2_u8).pow(u32::try_from(bit).unwrap() + 1);
        if (&low * &low * &low) % &power != &wanted % &power {
            low.set_bit(bit, true);
        }
    }
    assert_eq!((&low * &low * &low) % &modulus, wanted);
    // The high bits: an ordinary one.
    let high = BigUint::from_bytes_be(&goal).cbrt() + 1_u8;
    let root = (((high >> bits) + 1_u8) << bits) + low;
    let cube = [&[0][..], &(&root * &root * &root).to_bytes_be()].concat();
    assert_eq!((&cube[..11 + 20], &cube[222..]), (&goal[..11 + 20], &goal[222..]));
    Some([vec![0; 256 - root.to_bytes_be().len()], root.to_bytes_be()].concat())
}

#[test]
fn a_cube_root_is_no_signature_of_a_csca_with_the_exponent_3() {
    let mut world = World::new();
    let (csca, _) = exponent_three();
    world.csca_der = Cert::csca(&world.csca_name, &world.csca_name, &csca, &csca).sign(&csca);
    let files = passport(&utopia()).files;
    let algorithm = asn1::sequence(&[asn1::oid(SHA256_RSA), asn1::null()]);
    let cert = Cert::dsc(&world.csca_name, 77, &world.dsc, &csca.key.spki_der());
    let judge = |dsc: &[u8]| sod_code(&world.store(), &world.sod(&files, dsc).sod_file());
    assert_eq!(judge(&cert.sign(&csca)), None);
    let behind = cert.sign_by(&algorithm, cube_root_with_rubbish_behind);
    assert_eq!(judge(&behind), refused("pa.dsc-signature"));
    // The forger may vary what is signed until the digest is odd.
    let subjects = (0..64).map(|n| cert.clone().with(|c| c.subject = name("UT", &format!("DS {n}")).der()));
    let forged = subjects.into_iter().find_map(|cert| {
        let signature = cube_root_with_rubbish_in_parameters(&cert.tbs(&algorithm))?;
        Some(cert.sign_by(&algorithm, |_| signature))
    });
    assert_eq!(judge(&forged.unwrap()), refused("pa.dsc-signature"));
}

/// A public key under parameters whose generator is that key itself: its private key is 1 (CVE-2020-0601).
fn own_generator(spki: &[u8], point: &[u8]) -> Vec<u8> {
    let generator = EcPoint::generator(Curve::P256).to_sec1();
    let place = spki.windows(generator.len()).position(|window| window == generator).unwrap();
    let mut out = spki.to_vec();
    out[place..place + point.len()].copy_from_slice(point);
    out
}

/// ECDSA with the private key 1 and the public key as generator.
fn sign_with_own_generator(point: &EcPoint, message: &[u8]) -> Vec<u8> {
    let n = BigUint::from_bytes_be(&Curve::P256.order());
    let k = BigUint::from(123_456_789_u64);
    let r = point.mul(&Scalar::from_bytes(Curve::P256, &k.to_bytes_be()).unwrap()).unwrap();
    let r = BigUint::from_bytes_be(r.x()) % &n;
    let digest = BigUint::from_bytes_be(&crypto::sha256(message));
    let s = k.modinv(&n).unwrap() * (digest + &r) % &n;
    signature_der(&r, &s)
}

fn signature_der(r: &BigUint, s: &BigUint) -> Vec<u8> {
    asn1::sequence(&[r, s].map(|number| tlv::encode_unsigned_bytes(&number.to_bytes_be())))
}

#[test]
fn a_csca_key_under_a_generator_of_the_forgers_choice_vouches_for_nothing() {
    let world = World::new();
    let files = passport(&utopia()).files;
    let spki = world.csca.key.spki_der();
    let PublicKey::Ec(key) = PublicKey::from_spki_der(&spki).unwrap().0 else { panic!("an EC key") };
    let rogue_spki = own_generator(&spki, &key.to_sec1());
    let algorithm = world.csca.algorithm_der();
    let sign = |message: &[u8]| sign_with_own_generator(key.point(), message);
    let rogue = Cert::csca(&world.csca_name, &world.csca_name, &world.csca, &world.csca)
        .with(|cert| cert.spki = rogue_spki.clone());
    let rogue = rogue.sign_by(&algorithm, sign);
    let dsc = world.dsc_cert.sign_by(&algorithm, sign);
    let mut sod = world.sod(&files, &dsc);
    sod.certificates.push(rogue.clone());
    assert_eq!(sod_code(&world.store(), &sod.sod_file()), refused("pa.dsc-signature"));
    // Nor if the operator's list holds the rogue: its parameters are those of no curve.
    let unknown = "pa.unsupported-algorithm(curve parameters are not those of a known curve)";
    assert_eq!(sod_code(&store(&[&rogue]), &sod.sod_file()), refused(unknown));
    // A document signer's own key under such parameters: the State did not sign that.
    let PublicKey::Ec(signer) = PublicKey::from_spki_der(&world.dsc_cert.spki).unwrap().0 else { panic!() };
    let twisted = world.dsc_cert.clone().with(|c| c.spki = own_generator(&c.spki, &signer.to_sec1()));
    let sod = world.sod(&files, &twisted.sign(&ec("forger")));
    assert_eq!(sod_code(&world.store(), &sod.sod_file()), refused("pa.dsc-signature"));
}
