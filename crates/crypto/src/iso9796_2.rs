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
/// # Errors
/// [`Error::Signature`].
pub fn recover_and_verify(
    key: &RsaPublicKey,
    challenge: &[u8],
    signature: &[u8],
) -> Result<HashAlgorithm, Error> {
    let block = key.raw_public_op(signature)?;
    let recovered = Recovered::from_block(&block).ok_or(Error::Signature)?;
    recovered.verify(challenge).then_some(recovered.hash).ok_or(Error::Signature)
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
    let room = key.public_key().len().checked_sub(overhead).ok_or(Error::RsaKey("modulus too short"))?;
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
