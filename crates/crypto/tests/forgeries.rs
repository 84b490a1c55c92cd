//! Forgeries of PKCS#1 v1.5 under the exponent 3, made without a private key (CVE-2006-4339, CVE-2014-1568): each
//! deceives a verifier that looks at a part of the encoded message, and none one that compares the whole.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use crypto::{Error, HashAlgorithm, PublicKey, RsaPublicKey, SignatureScheme};
use crypto_bigint::{BoxedUint, Integer as _};

const BYTES: usize = 384;
/// Its digests are odd numbers, as the forgeries at the end of the block need them.
const MESSAGE: &[u8] = b"a document that nobody signed";

/// A number of 3072 bits, odd; nobody knows its factors, and a forger need not.
fn key() -> RsaPublicKey {
    let mut modulus = vec![0xa7; BYTES];
    modulus[0] = 0xc5;
    RsaPublicKey::from_components(&modulus, &[3]).unwrap()
}

fn number(bytes: &[u8]) -> BoxedUint {
    BoxedUint::from_be_slice(bytes, BYTES as u32 * 8).unwrap()
}

/// The cube, of twice the precision and more than the modulus needs.
fn cube(root: &BoxedUint) -> BoxedUint {
    root * root * root
}

/// The largest number whose cube is not above `block`, bit by bit.
fn cube_root(block: &[u8]) -> BoxedUint {
    let (limit, mut root) = (number(block), number(&[]));
    for bit in (0..BYTES as u32 * 8 / 3).rev() {
        let candidate = &root | number(&[1]).shl(bit);
        if cube(&candidate) <= limit {
            root = candidate;
        }
    }
    root
}

/// The odd number whose cube ends with `suffix`, which is odd: its bits follow one from the other.
fn cube_root_of_suffix(suffix: &[u8]) -> BoxedUint {
    let (target, mut root) = (number(suffix), number(&[1]));
    for bit in 1..suffix.len() as u32 * 8 {
        let low = |n: &BoxedUint| n.shr(bit).is_odd().to_bool();
        if low(&cube(&root)) != low(&target) {
            root = &root | number(&[1]).shl(bit);
        }
    }
    root
}

fn digest_info(hash: HashAlgorithm) -> Vec<u8> {
    let prefix = match hash {
        HashAlgorithm::Sha1 => "3021300906052b0e03021a05000414",
        HashAlgorithm::Sha256 => "3031300d060960864801650304020105000420",
        other => panic!("not used here: {}", other.name()),
    };
    [hex::decode(prefix).unwrap(), hash.digest(MESSAGE)].concat()
}

/// Verifies by the scheme with notes, which is the more tolerant one; says the encoded message.
fn try_signature(hash: HashAlgorithm, root: &BoxedUint) -> (Result<(), Error>, Vec<u8>) {
    let oid = match hash {
        HashAlgorithm::Sha1 => "300d06092a864886f70d0101050500",
        _ => "300d06092a864886f70d01010b0500",
    };
    let scheme = SignatureScheme::from_algorithm_identifier(&hex::decode(oid).unwrap(), None).unwrap();
    let bytes = root.to_be_bytes();
    let signature = bytes[bytes.len() - BYTES..].to_vec();
    let key = key();
    let encoded = key.raw_public_op(&signature).unwrap();
    (scheme.verify_noting(&PublicKey::Rsa(key), MESSAGE, &signature).map(|_| ()), encoded)
}

/// The digest follows the shortest padding, and what comes after it is rubbish.
#[test]
fn rubbish_after_the_digest_is_refused() {
    for hash in [HashAlgorithm::Sha1, HashAlgorithm::Sha256] {
        for padding in [8, 1, 0] {
            let start = [&[0, 1][..], &vec![0xff; padding], &[0], &digest_info(hash)].concat();
            let block = [&start[..], &vec![0xff; BYTES - start.len()]].concat();
            let (verified, encoded) = try_signature(hash, &cube_root(&block));
            assert!(encoded.starts_with(&start), "the forgery holds what a careless verifier looks at");
            assert_eq!(verified, Err(Error::Signature));
        }
    }
}

/// The digest stands at the end and rubbish stands where the padding should be.
#[test]
fn rubbish_before_the_digest_is_refused() {
    for hash in [HashAlgorithm::Sha1, HashAlgorithm::Sha256] {
        let suffix = [&[0][..], &digest_info(hash)].concat();
        let (verified, encoded) = try_signature(hash, &cube_root_of_suffix(&suffix));
        assert!(encoded.ends_with(&suffix), "the forgery holds what a careless verifier looks at");
        assert_eq!(verified, Err(Error::Signature));
    }
}

/// Both ends are right and the rubbish is within the parameters of the digest's algorithm (BERserk).
#[test]
fn rubbish_within_the_parameters_is_refused() {
    let digest = HashAlgorithm::Sha1.digest(MESSAGE);
    let suffix = [&[4, 20][..], &digest].concat();
    let head = |rest: usize| {
        // SEQUENCE { SEQUENCE { OID, OCTET STRING of rubbish }, OCTET STRING digest }, lengths of two bytes
        let long = |tag: u8, len: usize| [tag, 0x82, (len >> 8) as u8, len as u8];
        let oid = hex::decode("06052b0e03021a").unwrap();
        let algorithm = [&long(0x30, oid.len() + 4 + rest)[..], &oid, &long(4, rest)].concat();
        [&[0, 1, 0xff, 0xff, 0][..], &long(0x30, algorithm.len() + rest + suffix.len()), &algorithm].concat()
    };
    let rest = BYTES - head(0).len() - suffix.len();
    let start = head(rest);
    let block = [&start[..], &vec![0x7f; BYTES - start.len()]].concat();
    // The suffix fixes the low bits of the root and the start its high ones; they do not overlap.
    let (low, high) = (cube_root_of_suffix(&suffix), cube_root(&block));
    let bits = suffix.len() as u32 * 8;
    let root = &high.shr(bits).shl(bits) | &low;
    let (verified, encoded) = try_signature(HashAlgorithm::Sha1, &root);
    assert!(encoded.starts_with(&start) && encoded.ends_with(&suffix), "the forgery is well-formed BER");
    assert_eq!(verified, Err(Error::Signature));
}
