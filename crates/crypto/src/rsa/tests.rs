use super::*;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

fn key(bits: usize) -> RsaPrivateKey {
    RsaPrivateKey::generate(bits, &mut ChaCha20Rng::seed_from_u64(1)).unwrap()
}

/// An odd number of this many bits.
fn odd(bits: usize) -> Vec<u8> {
    let mut number = vec![0xff; bits.div_ceil(8)];
    number[0] >>= number.len() * 8 - bits;
    number
}

#[test]
fn keys_out_of_bounds_are_refused() {
    let take = |n: &[u8], e: &[u8]| RsaPublicKey::from_components(n, e).map(|key| key.bits());
    assert_eq!(take(&odd(1024), &[3]), Ok(1024));
    assert_eq!(take(&odd(8192), &[1, 0xff, 0xff, 0xff, 0xff]), Ok(8192));
    assert_eq!(take(&[&[0, 0][..], &odd(1025)].concat(), &[0, 0, 1, 0, 1]), Ok(1025));
    assert_eq!(take(&odd(1023), &[3]), Err(Error::RsaKey("modulus too short")));
    assert_eq!(take(&odd(8193), &[3]), Err(Error::RsaKey("modulus too long")));
    assert_eq!(take(&odd(80_000), &[3]), Err(Error::RsaKey("modulus too long")));
    assert_eq!(take(&odd(1024), &[1]), Err(Error::RsaKey("exponent too small")));
    assert_eq!(take(&odd(1024), &[2, 0, 0, 0, 1]), Err(Error::RsaKey("exponent too large")));
    assert_eq!(take(&odd(1024), &[1, 0, 0, 0, 0, 1]), Err(Error::RsaKey("exponent too large")));
    assert_eq!(take(&odd(1024), &[4]), Err(Error::RsaKey("even exponent")));
    let even = [&odd(1016)[..], &[0xfe]].concat();
    assert!(matches!(take(&even, &[3]), Err(Error::RsaKey(_))));
    assert!(matches!(take(&[], &[]), Err(Error::RsaKey(_))));
}

#[test]
fn a_signature_of_another_length_or_not_below_the_modulus_is_refused() {
    let key = key(1024);
    let public = key.public_key();
    let signature = key.sign_pkcs1v15(HashAlgorithm::Sha256, b"m").unwrap();
    assert!(public.raw_public_op(&signature).is_ok());
    assert_eq!(public.raw_public_op(&[&[0], &signature[..]].concat()), Err(Error::Signature));
    assert_eq!(public.raw_public_op(&signature[1..]), Err(Error::Signature));
    assert_eq!(public.raw_public_op(&public.modulus()), Err(Error::Signature));
    assert_eq!(public.raw_public_op(&[0xff; 128]), Err(Error::Signature));
    assert_eq!(public.raw_public_op(&[]), Err(Error::Signature));
    assert_eq!(key.raw_private_op(&public.modulus()), Err(Error::RsaKey("message out of range")));
}

/// Our square and multiply against the window of `rsa`, for exponents with one bit set, some and all.
#[test]
fn the_public_operation_is_that_of_rsa() {
    for bits in [1024, 1031, 2048, 4096, 8192] {
        let mut signature = vec![0x5a; bits / 8 + usize::from(bits % 8 > 0)];
        signature[0] = 0x12 >> (signature.len() * 8 - bits);
        for exponent in
            [&[3][..], &[17], &[1, 0, 1], &[0xa5, 0x5b], &[1, 0, 0, 0, 1], &[1, 0xff, 0xff, 0xff, 0xff]]
        {
            let key = RsaPublicKey::from_components(&odd(bits), exponent).unwrap();
            let number = key.number(&signature).unwrap();
            let theirs = ::rsa::hazmat::rsa_encrypt(&key.key, &number).unwrap();
            assert_eq!(key.raw_public_op(&signature), Ok(to_len(&theirs, key.modulus_len())));
        }
    }
}

#[test]
fn pkcs1v15_notices_another_message_and_another_hash() {
    let key = key(1024);
    for hash in HashAlgorithm::all() {
        let signature = key.sign_pkcs1v15(hash, b"m").unwrap();
        for other in HashAlgorithm::all() {
            let expected = if other == hash { Ok(()) } else { Err(Error::Signature) };
            assert_eq!(key.public_key().verify_pkcs1v15(other, b"m", &signature), expected);
        }
        assert_eq!(key.public_key().verify_pkcs1v15(hash, b"n", &signature), Err(Error::Signature));
    }
}

/// A digest at the left with anything after it is Bleichenbacher's forgery for small exponents (CVE-2006-4339).
#[test]
fn pkcs1v15_takes_nothing_after_the_digest() {
    let key = key(1024);
    let verify = |block: &[u8]| {
        let signature = key.raw_private_op(block).unwrap();
        key.public_key().verify_pkcs1v15(HashAlgorithm::Sha256, b"m", &signature)
    };
    let block = pkcs1v15_encode(HashAlgorithm::Sha256, true, b"m", 128);
    assert_eq!(verify(&block), Ok(()));
    let info = block[block.len() - 51..].to_vec();
    let early = [&[0, 1][..], &[0xff; 8], &[0], &info, &[0; 128 - 11 - 51]].concat();
    assert_eq!(verify(&early), Err(Error::Signature));
    let mut type_two = block.clone();
    type_two[1] = 2;
    assert_eq!(verify(&type_two), Err(Error::Signature));
}

/// Moduli of 8n, 8n + 1 and 8n - 1 bits: the encoding has a spare bit, none, or a spare byte.
#[test]
fn pss_is_read_back_for_every_shape_of_modulus() {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    for bits in [1024, 1025, 1031] {
        let key = key(bits);
        assert_eq!(key.public_key().bits(), bits);
        for salt in [0, 20, 32] {
            let signature = key.sign_pss(HashAlgorithm::Sha256, salt, b"m", &mut rng).unwrap();
            let verify = |hash, mgf, salt, message: &[u8]| {
                key.public_key().verify_pss(hash, mgf, salt, message, &signature)
            };
            let (sha256, sha1) = (HashAlgorithm::Sha256, HashAlgorithm::Sha1);
            assert_eq!(verify(sha256, sha256, Some(salt), b"m"), Ok(()), "{bits} {salt}");
            assert_eq!(verify(sha256, sha256, None, b"m"), Ok(()));
            assert_eq!(verify(sha256, sha256, Some(salt + 1), b"m"), Err(Error::Signature));
            assert_eq!(verify(sha256, sha256, Some(salt), b"n"), Err(Error::Signature));
            assert_eq!(verify(sha256, sha1, None, b"m"), Err(Error::Signature));
            assert_eq!(verify(sha1, sha256, None, b"m"), Err(Error::Signature));
        }
    }
}

#[test]
fn a_salt_without_room_is_refused() {
    let (key, mut rng) = (key(1024), ChaCha20Rng::seed_from_u64(2));
    assert!(key.sign_pss(HashAlgorithm::Sha512, 128 - 64 - 2, b"m", &mut rng).is_ok());
    let refused = Err(Error::RsaKey("salt too long"));
    assert_eq!(key.sign_pss(HashAlgorithm::Sha512, 128 - 64 - 1, b"m", &mut rng), refused);
    assert_eq!(key.sign_pss(HashAlgorithm::Sha512, usize::MAX, b"m", &mut rng), refused);
}

#[test]
fn pkcs8_is_read_back_and_a_key_is_not_printed() {
    let key = key(1024);
    let read = RsaPrivateKey::from_pkcs8_der(&key.to_pkcs8_der()).unwrap();
    assert_eq!(read.public_key(), key.public_key());
    assert_eq!(read.sign_pkcs1v15(HashAlgorithm::Sha1, b"m"), key.sign_pkcs1v15(HashAlgorithm::Sha1, b"m"));
    assert_eq!(RsaPrivateKey::from_pkcs8_der(b"0").err(), Some(Error::Malformed("PKCS#8")));
    assert_eq!(format!("{key:?}"), "RsaPrivateKey(..)");
}

/// The signature of the master lists of ICAO of 2023: noted, and refused by who does not ask for notes.
#[test]
fn a_digest_info_without_null_is_noted() {
    use crate::{PublicKey, SignatureNotes, SignatureScheme};
    let key = key(1024);
    let sha256 = hex::decode("300d06092a864886f70d01010b0500").unwrap();
    let scheme = SignatureScheme::from_algorithm_identifier(&sha256, None).unwrap();
    let public = PublicKey::Rsa(key.public_key());
    let sign = |block: &[u8]| key.raw_private_op(block).unwrap();
    let with = sign(&pkcs1v15_encode(HashAlgorithm::Sha256, true, b"m", 128));
    let without = sign(&pkcs1v15_encode(HashAlgorithm::Sha256, false, b"m", 128));
    let noted = SignatureNotes { digest_info_without_null: true };
    assert_eq!(scheme.verify_noting(&public, b"m", &with), Ok(SignatureNotes::default()));
    assert_eq!(scheme.verify_noting(&public, b"m", &without), Ok(noted));
    assert_eq!(scheme.verify_noting(&public, b"n", &without), Err(Error::Signature));
    assert_eq!(scheme.verify(&public, b"m", &with), Ok(()));
    assert_eq!(scheme.verify(&public, b"m", &without), Err(Error::Signature));
    // Parameters that are neither absent nor NULL are a third encoding.
    let mut other = pkcs1v15_encode(HashAlgorithm::Sha256, true, b"m", 128);
    let null = other.windows(2).rposition(|w| w == [5, 0]).unwrap();
    other[null] = 4;
    assert_eq!(scheme.verify_noting(&public, b"m", &sign(&other)), Err(Error::Signature));
}
