//! Hash functions by name and OID.

use der::asn1::ObjectIdentifier;
use sha2::Digest as _;

/// A hash function of Doc 9303-12, table of algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HashAlgorithm {
    /// SHA-1: only in old documents.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// Algorithm, OID, name, output length in bytes.
const TABLE: [(HashAlgorithm, &str, &str, usize); 5] = [
    (HashAlgorithm::Sha1, "1.3.14.3.2.26", "SHA-1", 20),
    (HashAlgorithm::Sha224, "2.16.840.1.101.3.4.2.4", "SHA-224", 28),
    (HashAlgorithm::Sha256, "2.16.840.1.101.3.4.2.1", "SHA-256", 32),
    (HashAlgorithm::Sha384, "2.16.840.1.101.3.4.2.2", "SHA-384", 48),
    (HashAlgorithm::Sha512, "2.16.840.1.101.3.4.2.3", "SHA-512", 64),
];

impl HashAlgorithm {
    /// Every function.
    pub fn all() -> impl Iterator<Item = Self> + Clone {
        TABLE.iter().map(|row| row.0)
    }

    /// The digest of `data`.
    #[must_use]
    pub fn digest(self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => sha1::Sha1::digest(data).to_vec(),
            Self::Sha224 => sha2::Sha224::digest(data).to_vec(),
            Self::Sha256 => sha2::Sha256::digest(data).to_vec(),
            Self::Sha384 => sha2::Sha384::digest(data).to_vec(),
            Self::Sha512 => sha2::Sha512::digest(data).to_vec(),
        }
    }

    fn row(self) -> &'static (Self, &'static str, &'static str, usize) {
        &TABLE[self as usize]
    }

    /// The length of a digest in bytes.
    #[must_use]
    pub fn output_len(self) -> usize {
        self.row().3
    }

    /// The function of an OID, given by its contents in DER.
    #[must_use]
    pub fn from_oid(contents: &[u8]) -> Option<Self> {
        Self::all().find(|hash| hash.object_identifier().as_bytes() == contents)
    }

    /// The OID in dotted form.
    #[must_use]
    pub fn oid(self) -> &'static str {
        self.row().1
    }

    pub(crate) fn object_identifier(self) -> &'static ObjectIdentifier {
        const OIDS: [ObjectIdentifier; 5] = [oid(0), oid(1), oid(2), oid(3), oid(4)];
        const fn oid(row: usize) -> ObjectIdentifier {
            ObjectIdentifier::new_unwrap(TABLE[row].1)
        }
        &OIDS[self as usize]
    }

    /// `SHA-256`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().2
    }
}

/// SHA-256.
#[must_use]
pub fn sha256(data: &[u8]) -> [u8; 32] {
    sha2::Sha256::digest(data).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4 example "abc".
    #[test]
    fn abc_has_the_published_digests() {
        let start = |h: HashAlgorithm| hex::encode(&h.digest(b"abc")[..4]);
        let digests: Vec<_> = TABLE.iter().map(|row| start(row.0)).collect();
        assert_eq!(digests, ["a9993e36", "23097d22", "ba7816bf", "cb00753f", "ddaf35a1"]);
    }

    #[test]
    fn each_row_stands_at_its_number() {
        for row in &TABLE {
            assert_eq!(row.0.row(), row);
            assert_eq!(HashAlgorithm::from_oid(row.0.object_identifier().as_bytes()), Some(row.0));
            assert_eq!(row.0.object_identifier().to_string(), row.1);
            assert_eq!(row.0.digest(b"").len(), row.3);
        }
    }
}
