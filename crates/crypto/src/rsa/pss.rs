//! EMSA-PSS (RFC 8017, 9.1).

use super::add_mask;
use crate::HashAlgorithm;

/// The parameters of an encoding; `bits` is one less than the modulus has.
pub(super) struct Encoding {
    pub(super) hash: HashAlgorithm,
    pub(super) mgf_hash: HashAlgorithm,
    pub(super) bits: usize,
}

impl Encoding {
    /// Bytes of an encoded message.
    fn len(&self) -> usize {
        self.bits.div_ceil(8)
    }

    /// The bits of the first byte that belong to the encoding.
    fn first_byte_mask(&self) -> u8 {
        0xff >> (8 * self.len() - self.bits)
    }

    /// H = Hash(eight zeros || Hash(M) || salt).
    fn salted_digest(&self, message: &[u8], salt: &[u8]) -> Vec<u8> {
        self.hash.digest(&[&[0; 8], &self.hash.digest(message)[..], salt].concat())
    }

    /// EMSA-PSS-ENCODE; `None` if the salt does not fit.
    pub(super) fn encode(&self, message: &[u8], salt: &[u8]) -> Option<Vec<u8>> {
        let db_len = self.len().checked_sub(self.hash.output_len() + 1)?;
        let zeros = db_len.checked_sub(salt.len() + 1)?;
        let digest = self.salted_digest(message, salt);
        let mut db = [&vec![0; zeros][..], &[1], salt].concat();
        self.mask(&mut db, &digest);
        Some([&db[..], &digest, &[0xbc]].concat())
    }

    /// EMSA-PSS-VERIFY on a number of the modulus' length; `salt` is the expected length, or any.
    pub(super) fn verify(&self, message: &[u8], number: &[u8], salt: Option<usize>) -> bool {
        self.recover_salt(number).is_some_and(|(db_salt, digest)| {
            salt.is_none_or(|len| len == db_salt.len()) && self.salted_digest(message, &db_salt) == digest
        })
    }

    /// Takes the encoding apart: salt and digest.
    fn recover_salt<'a>(&self, number: &'a [u8]) -> Option<(Vec<u8>, &'a [u8])> {
        // With 8n + 1 bits of modulus the encoding is a byte shorter, and that byte is zero.
        let (extra, encoded) = number.split_at_checked(number.len().checked_sub(self.len())?)?;
        let (&trailer, encoded) = encoded.split_last()?;
        let (db, digest) = encoded.split_at_checked(encoded.len().checked_sub(self.hash.output_len())?)?;
        let outside = db.first()? & !self.first_byte_mask();
        if trailer != 0xbc || outside != 0 || extra.iter().any(|b| *b != 0) {
            return None;
        }
        let mut db = db.to_vec();
        self.mask(&mut db, digest);
        let one = db.iter().position(|b| *b != 0)?;
        (db.get(one) == Some(&1)).then(|| (db.split_off(one + 1), digest))
    }

    /// Adds the mask of MGF1 to `db` and clears the bits that do not belong to it.
    fn mask(&self, db: &mut [u8], seed: &[u8]) {
        add_mask(self.mgf_hash, seed, db);
        if let Some(first) = db.first_mut() {
            *first &= self.first_byte_mask();
        }
    }
}
