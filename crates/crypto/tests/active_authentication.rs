//! Active Authentication with RSA: the block of ISO/IEC 9796-2 is built here byte for byte and signed by OpenSSL.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "openssl/tool.rs"]
#[allow(dead_code, reason = "other tests use more of it")]
mod tool;

use crypto::{Error, HashAlgorithm, PublicKey, RsaPublicKey, iso9796_2};
use crypto_bigint::BoxedUint;
use tool::OpenSsl;

const CHALLENGE: &[u8] = b"8 bytes.";

/// Doc 9303-11, 6.1.2.2: BC with SHA-1, and the numbers of ISO/IEC 10118-3 before CC. SHA-1 under its number is seen too.
const TRAILERS: [(&[u8], HashAlgorithm); 6] = [
    (&[0xbc], HashAlgorithm::Sha1),
    (&[0x33, 0xcc], HashAlgorithm::Sha1),
    (&[0x38, 0xcc], HashAlgorithm::Sha224),
    (&[0x34, 0xcc], HashAlgorithm::Sha256),
    (&[0x36, 0xcc], HashAlgorithm::Sha384),
    (&[0x35, 0xcc], HashAlgorithm::Sha512),
];

fn generate(openssl: &OpenSsl, bits: usize, exponent: u32) -> RsaPublicKey {
    let (bits, exponent) = (format!("rsa_keygen_bits:{bits}"), format!("rsa_keygen_pubexp:{exponent}"));
    let start = ["genpkey", "-algorithm", "RSA", "-out", "key"];
    openssl.run(&[&start[..], &["-pkeyopt", &bits, "-pkeyopt", &exponent]].concat());
    openssl.run(&["pkey", "-in", "key", "-pubout", "-outform", "DER", "-out", "pub"]);
    let PublicKey::Rsa(key) = PublicKey::from_spki_der(&openssl.read("pub")).unwrap().0 else { panic!() };
    key
}

/// The raw private operation.
fn sign(openssl: &OpenSsl, block: &[u8]) -> Vec<u8> {
    openssl.write("block", block);
    let raw = ["-pkeyopt", "rsa_padding_mode:none", "-in", "block", "-out", "signature"];
    openssl.run(&[&["pkeyutl", "-decrypt", "-inkey", "key"][..], &raw].concat());
    openssl.read("signature")
}

/// Header, M1 of the chip, digest, trailer; a modulus of 8n + 1 bits has a byte more.
fn block(key: &RsaPublicKey, hash: HashAlgorithm, trailer: &[u8]) -> Vec<u8> {
    let start: &[u8] = if key.bits() % 8 == 1 { &[0, 0x6a] } else { &[0x6a] };
    let m1 = vec![0x5c; key.modulus_len() - start.len() - hash.output_len() - trailer.len()];
    let digest = hash.digest(&[&m1, CHALLENGE].concat());
    [start, &m1, &digest, trailer].concat()
}

/// n - s.
fn opposite(key: &RsaPublicKey, signature: &[u8]) -> Vec<u8> {
    let [n, s] = [&key.modulus()[..], signature]
        .map(|bytes| BoxedUint::from_be_slice(bytes, key.modulus_len() as u32 * 8).unwrap());
    let bytes = n.wrapping_sub(&s).to_be_bytes();
    bytes[bytes.len() - key.modulus_len()..].to_vec()
}

#[test]
fn every_length_of_key_and_every_trailer_verifies() {
    let openssl = OpenSsl::new();
    for (bits, exponent) in [
        (1024, 3),
        (1024, 65537),
        (1025, 65537),
        (1280, 17),
        (1536, 65537),
        (2048, 3),
        (3072, 65537),
        (4096, 65537),
    ] {
        let key = generate(&openssl, bits, exponent);
        for (trailer, hash) in TRAILERS {
            let signature = sign(&openssl, &block(&key, hash, trailer));
            let verify =
                |challenge, signature: &[u8]| iso9796_2::recover_and_verify(&key, challenge, signature);
            let name = format!("{bits} {trailer:x?}");
            assert_eq!(verify(CHALLENGE, &signature), Ok(hash), "{name}");
            assert_eq!(verify(CHALLENGE, &opposite(&key, &signature)), Ok(hash), "{name}: the opposite");
            assert_eq!(verify(b"8 bytes!", &signature), Err(Error::Signature), "{name}");
            assert_eq!(verify(b"8 bytes!", &opposite(&key, &signature)), Err(Error::Signature), "{name}");
        }
    }
}

/// The digest of one function under the trailer of another, trailers of no function that Doc 9303 allows, and none.
#[test]
fn a_trailer_that_does_not_name_the_hash_is_refused() {
    let openssl = OpenSsl::new();
    let key = generate(&openssl, 1024, 65537);
    let verify = |hash, trailer: &[u8]| {
        let signature = sign(&openssl, &block(&key, hash, trailer));
        iso9796_2::recover_and_verify(&key, CHALLENGE, &signature)
    };
    for (_, hash) in TRAILERS {
        for (trailer, named) in TRAILERS {
            let expected = if named == hash { Ok(hash) } else { Err(Error::Signature) };
            assert_eq!(verify(hash, trailer), expected, "{trailer:x?}");
        }
        // RIPEMD-160, RIPEMD-128, Whirlpool, a reserved number, and ends that are no trailer.
        for trailer in
            [&[0x31, 0xcc][..], &[0x32, 0xcc], &[0x37, 0xcc], &[0xbc, 0xcc], &[0xcc, 0xbc], &[0xbb], &[0]]
        {
            assert_eq!(verify(hash, trailer), Err(Error::Signature), "{trailer:x?}");
        }
    }
}
