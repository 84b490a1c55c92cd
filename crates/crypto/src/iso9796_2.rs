//! ISO/IEC 9796-2 digital signature scheme 1 with partial recovery, for Active Authentication with RSA
//! (Doc 9303-11, 6.1 and appendix F).
//!
//! The recovered block is `6A || M1 || Hash(M1 || M2) || trailer`: M1 is the chip's own random part, M2 the challenge,
//! which is not in the block. Padding before M1 reads `6B BB .. BA` where M1 is shorter than the room.

use rand_core::CryptoRng;

use crate::{Error, HashAlgorithm, RsaPrivateKey, RsaPublicKey};

/// Two-byte trailers: the hash function's number in ISO/IEC 10118-3, then CC.
const TRAILERS: [(u8, HashAlgorithm); 5] = [
    (0x33, HashAlgorithm::Sha1),
    (0x34, HashAlgorithm::Sha256),
    (0x35, HashAlgorithm::Sha512),
    (0x36, HashAlgorithm::Sha384),
    (0x38, HashAlgorithm::Sha224),
];

/// Opens `signature` and verifies that it signs `challenge`. Says which hash function the trailer names.
///
/// Some chips send the smaller of the signature and its opposite modulo the modulus (the signature production function
/// of ISO/IEC 9796-2, annex B, that takes a minimum): then the block is the opposite of what is recovered, and has the
/// same form.
///
/// # Errors
/// [`Error::Signature`].
pub fn recover_and_verify(
    key: &RsaPublicKey,
    challenge: &[u8],
    signature: &[u8],
) -> Result<HashAlgorithm, Error> {
    let block = key.raw_public_op(signature)?;
    let opposite = key.opposite(&block).ok_or(Error::Signature)?;
    let verify = |block: &[u8]| {
        Recovered::from_block(block)
            .filter(|recovered| recovered.verify(challenge))
            .map(|recovered| recovered.hash)
    };
    verify(&block).or_else(|| verify(&opposite)).ok_or(Error::Signature)
}

/// Signs `challenge` as a chip does, M1 filling the room. SHA-1 takes the trailer BC, the others theirs.
///
/// # Errors
/// [`Error::RsaKey`]: the modulus has no room for the digest, or its bits are no whole bytes.
pub fn sign(
    key: &RsaPrivateKey,
    hash: HashAlgorithm,
    challenge: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, Error> {
    let trailer = trailer(hash);
    let overhead = 1 + hash.output_len() + trailer.len();
    let room =
        key.public_key().modulus_len().checked_sub(overhead).ok_or(Error::RsaKey("modulus too short"))?;
    let mut m1 = vec![0; room];
    rng.fill_bytes(&mut m1);
    let digest = hash.digest(&[&m1, challenge].concat());
    key.raw_private_op(&[&[0x6a][..], &m1, &digest, &trailer].concat())
}

fn trailer(hash: HashAlgorithm) -> Vec<u8> {
    match TRAILERS.iter().find(|row| row.1 == hash) {
        Some(row) if hash != HashAlgorithm::Sha1 => vec![row.0, 0xcc],
        _ => vec![0xbc],
    }
}

struct Recovered<'a> {
    hash: HashAlgorithm,
    m1: &'a [u8],
    digest: &'a [u8],
}

impl<'a> Recovered<'a> {
    fn from_block(block: &'a [u8]) -> Option<Self> {
        // A modulus of 8n + 1 bits leaves a zero byte in front.
        let block = block.strip_prefix(&[0]).unwrap_or(block);
        let (hash, rest) = match block {
            [rest @ .., 0xbc] => (HashAlgorithm::Sha1, rest),
            [rest @ .., id, 0xcc] => (TRAILERS.iter().find(|row| row.0 == *id)?.1, rest),
            _ => return None,
        };
        let (message, digest) = rest.split_at_checked(rest.len().checked_sub(hash.output_len())?)?;
        Some(Self { hash, m1: Self::strip_header(message)?, digest })
    }

    /// Header 01, more-data bit 1, then padding nibbles: B until the A that ends them.
    fn strip_header(message: &[u8]) -> Option<&[u8]> {
        match message {
            [0x6a, m1 @ ..] => Some(m1),
            [0x6b, padded @ ..] => {
                let end = padded.iter().position(|b| *b != 0xbb)?;
                (padded[end] == 0xba).then(|| &padded[end + 1..])
            }
            _ => None,
        }
    }

    fn verify(&self, challenge: &[u8]) -> bool {
        self.hash.digest(&[self.m1, challenge].concat()) == self.digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    fn key() -> RsaPrivateKey {
        RsaPrivateKey::generate(1024, &mut ChaCha20Rng::seed_from_u64(1)).unwrap()
    }

    const CHALLENGE: &[u8] = b"8 bytes.";

    /// Doc 9303-11, appendix F: the block before the private operation (the public key is not printed there).
    #[test]
    fn the_block_of_doc_9303_is_taken_apart() {
        let m1 = hex::decode(
            "9d2784a67f8e7c659973ea1aea25d95b6c8f91e5002f369f0fbdce8a3cec1991b543f1696546c5524cf23a5303cd6c98\
             599f40b79f377b5f3a1406b3b4d8f96784d23aa88db7e1032a405e69325fa91a6e86f5c71aea978264c4a207446dad4e\
             7292e2dcda3024b47da8",
        )
        .unwrap();
        let digest = hex::decode("c063aa1e6d22fbd976ab0fe73d94d2d9c6d88127").unwrap();
        let challenge = hex::decode("f173589974bf40c6").unwrap();
        let block = [&[0x6a], &m1[..], &digest, &[0xbc]].concat();
        assert_eq!(block.len(), 128);
        let recovered = Recovered::from_block(&block).unwrap();
        assert_eq!(
            (recovered.hash, recovered.m1, recovered.digest),
            (HashAlgorithm::Sha1, &m1[..], &digest[..])
        );
        assert!(recovered.verify(&challenge));
        assert!(!recovered.verify(&[0xf1, 0x73, 0x58, 0x99, 0x74, 0xbf, 0x40, 0xc7]));
    }

    #[test]
    fn every_hash_signs_and_says_its_name_by_the_trailer() {
        let (key, mut rng) = (key(), ChaCha20Rng::seed_from_u64(2));
        for hash in HashAlgorithm::all() {
            let signature = sign(&key, hash, CHALLENGE, &mut rng).unwrap();
            assert_eq!(recover_and_verify(&key.public_key(), CHALLENGE, &signature), Ok(hash));
            let other = recover_and_verify(&key.public_key(), b"8 bytes!", &signature);
            assert_eq!(other, Err(Error::Signature));
            for bit in [0, 500, 1023] {
                let mut flipped = signature.clone();
                flipped[bit / 8] ^= 0x80 >> (bit % 8);
                let read = recover_and_verify(&key.public_key(), CHALLENGE, &flipped);
                assert_eq!(read, Err(Error::Signature));
            }
        }
    }

    /// Signs a block of our own making: header, M1, digest, trailer.
    fn verify_block(header: &[u8], hash: HashAlgorithm, trailer: &[u8]) -> Result<HashAlgorithm, Error> {
        let key = key();
        let m1 = vec![0xbb; 128 - header.len() - hash.output_len() - trailer.len()];
        let digest = hash.digest(&[&m1, CHALLENGE].concat());
        let block = [header, &m1, &digest, trailer].concat();
        recover_and_verify(&key.public_key(), CHALLENGE, &key.raw_private_op(&block).unwrap())
    }

    #[test]
    fn header_padding_and_trailer_are_those_of_the_standard() {
        use HashAlgorithm::{Sha1, Sha256};
        assert_eq!(verify_block(&[0x6a], Sha1, &[0xbc]), Ok(Sha1));
        assert_eq!(verify_block(&[0x6a], Sha1, &[0x33, 0xcc]), Ok(Sha1));
        assert_eq!(verify_block(&[0x6a], Sha256, &[0x34, 0xcc]), Ok(Sha256));
        assert_eq!(verify_block(&[0x6b, 0xba], Sha256, &[0x34, 0xcc]), Ok(Sha256));
        assert_eq!(verify_block(&[0x6b, 0xbb, 0xbb, 0xba], Sha256, &[0x34, 0xcc]), Ok(Sha256));
        for header in
            [&[0x4a][..], &[0x2a], &[0x6b], &[0x6c], &[0x6b, 0xbb, 0xab], &[0x6b, 0xb1, 0xba], &[0, 0, 0x6a]]
        {
            assert_eq!(verify_block(header, Sha256, &[0x34, 0xcc]), Err(Error::Signature), "{header:x?}");
        }
        for trailer in [&[0xbc][..], &[0x33, 0xcc], &[0x34, 0xcd], &[0x31, 0xcc], &[0xcc]] {
            assert_eq!(verify_block(&[0x6a], Sha256, trailer), Err(Error::Signature), "{trailer:x?}");
        }
    }

    #[test]
    fn short_blocks_do_not_panic() {
        for len in 0..70 {
            for (first, last) in [(0x6a, 0xbc), (0x6b, 0xbc), (0xbb, 0xcc), (0, 0xcc), (0x33, 0xcc)] {
                let mut block = vec![0xbb; len];
                block.first_mut().into_iter().for_each(|b| *b = first);
                block.last_mut().into_iter().for_each(|b| *b = last);
                assert!(Recovered::from_block(&block).is_none_or(|recovered| !recovered.verify(CHALLENGE)));
            }
        }
    }
}
