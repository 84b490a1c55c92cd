//! Signature schemes by AlgorithmIdentifier. A new scheme is one line of the table.

use std::borrow::Cow;

use der::asn1::ObjectIdentifier;
use der::{Decode as _, Tag, Tagged as _};
use p256::pkcs8::AlgorithmIdentifierRef;

use crate::dsa::DsaSignature;
use crate::rsa::PssParameters;
use crate::{EcdsaSignature, Error, HashAlgorithm, PublicKey};

/// What a row of the table says about an OID.
#[derive(Clone, Copy)]
enum Family {
    /// RSASSA-PKCS1-v1_5 with the hash of the OID.
    Pkcs1v15(HashAlgorithm),
    /// RSASSA-PKCS1-v1_5 with the hash that the signer names elsewhere (`digestAlgorithm` of CMS).
    Pkcs1v15Bare,
    /// RSASSA-PSS with the hashes and salt of the parameters.
    Pss,
    /// ECDSA with r and s in DER.
    Ecdsa(HashAlgorithm),
    /// ECDSA with r || s.
    EcdsaPlain(HashAlgorithm),
    /// DSA with r and s in DER.
    Dsa(HashAlgorithm),
}

const fn oid(dotted: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(dotted)
}

#[rustfmt::skip]
const TABLE: &[(ObjectIdentifier, Family)] = &[
    // RFC 8017, appendix C
    (oid("1.2.840.113549.1.1.1"), Family::Pkcs1v15Bare),
    (oid("1.2.840.113549.1.1.5"), Family::Pkcs1v15(HashAlgorithm::Sha1)),
    (oid("1.2.840.113549.1.1.10"), Family::Pss),
    (oid("1.2.840.113549.1.1.11"), Family::Pkcs1v15(HashAlgorithm::Sha256)),
    (oid("1.2.840.113549.1.1.12"), Family::Pkcs1v15(HashAlgorithm::Sha384)),
    (oid("1.2.840.113549.1.1.13"), Family::Pkcs1v15(HashAlgorithm::Sha512)),
    (oid("1.2.840.113549.1.1.14"), Family::Pkcs1v15(HashAlgorithm::Sha224)),
    // RFC 5758, 3.2; RFC 3279, 2.2.3
    (oid("1.2.840.10045.4.1"), Family::Ecdsa(HashAlgorithm::Sha1)),
    (oid("1.2.840.10045.4.3.1"), Family::Ecdsa(HashAlgorithm::Sha224)),
    (oid("1.2.840.10045.4.3.2"), Family::Ecdsa(HashAlgorithm::Sha256)),
    (oid("1.2.840.10045.4.3.3"), Family::Ecdsa(HashAlgorithm::Sha384)),
    (oid("1.2.840.10045.4.3.4"), Family::Ecdsa(HashAlgorithm::Sha512)),
    // RFC 3279, 2.2.2; RFC 5758, 3.1; NIST's register of algorithms
    (oid("1.2.840.10040.4.3"), Family::Dsa(HashAlgorithm::Sha1)),
    (oid("2.16.840.1.101.3.4.3.1"), Family::Dsa(HashAlgorithm::Sha224)),
    (oid("2.16.840.1.101.3.4.3.2"), Family::Dsa(HashAlgorithm::Sha256)),
    (oid("2.16.840.1.101.3.4.3.3"), Family::Dsa(HashAlgorithm::Sha384)),
    (oid("2.16.840.1.101.3.4.3.4"), Family::Dsa(HashAlgorithm::Sha512)),
    // BSI TR-03111, 5.2.1
    (oid("0.4.0.127.0.7.1.1.4.1.1"), Family::EcdsaPlain(HashAlgorithm::Sha1)),
    (oid("0.4.0.127.0.7.1.1.4.1.2"), Family::EcdsaPlain(HashAlgorithm::Sha224)),
    (oid("0.4.0.127.0.7.1.1.4.1.3"), Family::EcdsaPlain(HashAlgorithm::Sha256)),
    (oid("0.4.0.127.0.7.1.1.4.1.4"), Family::EcdsaPlain(HashAlgorithm::Sha384)),
    (oid("0.4.0.127.0.7.1.1.4.1.5"), Family::EcdsaPlain(HashAlgorithm::Sha512)),
];

/// The names of a scheme with each hash, in the order of [`HashAlgorithm`].
macro_rules! with_each_hash {
    ($scheme:literal) => {
        [
            concat!($scheme, " SHA-1"),
            concat!($scheme, " SHA-224"),
            concat!($scheme, " SHA-256"),
            concat!($scheme, " SHA-384"),
            concat!($scheme, " SHA-512"),
        ]
    };
}

/// A signature scheme with all its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SignatureScheme {
    kind: Kind,
    hash: HashAlgorithm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Pkcs1v15,
    Pss(PssParameters),
    Ecdsa,
    EcdsaPlain,
    Dsa,
}

/// What is wrong with the form of a signature that is good all the same, for reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignatureNotes {
    /// PKCS#1 v1.5 with a `DigestInfo` whose algorithm has no parameters instead of NULL. RFC 8017, A.2.4 and 9.2, has
    /// signers write NULL and lets verifiers take both; the master lists of ICAO of 2023 lack it.
    pub digest_info_without_null: bool,
}

impl SignatureScheme {
    /// Reads an AlgorithmIdentifier. `digest` is the hash named beside it (`digestAlgorithm` of a CMS signer), which
    /// only the bare `rsaEncryption` needs. Absent PSS parameters mean the defaults.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::UnsupportedAlgorithm`].
    pub fn from_algorithm_identifier(der: &[u8], digest: Option<HashAlgorithm>) -> Result<Self, Error> {
        let malformed = || Error::Malformed("AlgorithmIdentifier");
        let algorithm = AlgorithmIdentifierRef::from_der(der).map_err(|_| malformed())?;
        let unsupported = || Error::UnsupportedAlgorithm(algorithm.oid.to_string());
        let family = find(algorithm.oid).ok_or_else(unsupported)?;
        if let Family::Pss = family {
            let parameters = PssParameters::from_any(algorithm.parameters)?;
            return Ok(Self { kind: Kind::Pss(parameters), hash: parameters.hash });
        }
        if algorithm.parameters.is_some_and(|parameters| parameters.tag() != Tag::Null) {
            return Err(malformed());
        }
        match family {
            Family::Pkcs1v15Bare => {
                digest.map(|hash| Self { kind: Kind::Pkcs1v15, hash }).ok_or_else(unsupported)
            }
            Family::Pkcs1v15(hash) => Ok(Self { kind: Kind::Pkcs1v15, hash }),
            Family::Ecdsa(hash) => Ok(Self { kind: Kind::Ecdsa, hash }),
            Family::EcdsaPlain(hash) => Ok(Self { kind: Kind::EcdsaPlain, hash }),
            Family::Dsa(hash) => Ok(Self { kind: Kind::Dsa, hash }),
            Family::Pss => Err(unsupported()),
        }
    }

    /// A plain ECDSA scheme of TR-03111 by its dotted OID, as `ActiveAuthenticationInfo` names it.
    ///
    /// # Errors
    /// [`Error::UnsupportedAlgorithm`].
    pub fn from_plain_ecdsa_oid(oid: &str) -> Result<Self, Error> {
        match ObjectIdentifier::new(oid).ok().and_then(find) {
            Some(Family::EcdsaPlain(hash)) => Ok(Self { kind: Kind::EcdsaPlain, hash }),
            _ => Err(Error::UnsupportedAlgorithm(oid.to_owned())),
        }
    }

    /// The hash of the message.
    #[must_use]
    pub fn hash(&self) -> HashAlgorithm {
        self.hash
    }

    /// For reports: `RSASSA-PSS SHA-256/32` (the salt's bytes), `RSASSA-PKCS1-v1_5 SHA-256`, `ECDSA SHA-256`.
    #[must_use]
    pub fn name(&self) -> Cow<'static, str> {
        let (hash, row) = (self.hash.name(), self.hash as usize);
        match self.kind {
            Kind::Pkcs1v15 => with_each_hash!("RSASSA-PKCS1-v1_5")[row].into(),
            Kind::Pss(PssParameters { mgf_hash, salt_len, .. }) if mgf_hash == self.hash => {
                format!("RSASSA-PSS {hash}/{salt_len}").into()
            }
            Kind::Pss(PssParameters { mgf_hash, salt_len, .. }) => {
                format!("RSASSA-PSS {hash}/{salt_len} MGF1 {}", mgf_hash.name()).into()
            }
            Kind::Ecdsa => with_each_hash!("ECDSA")[row].into(),
            Kind::EcdsaPlain => with_each_hash!("plain ECDSA")[row].into(),
            Kind::Dsa => with_each_hash!("DSA")[row].into(),
        }
    }

    /// Verifies a signature, strictly: what [`SignatureScheme::verify_noting`] would note is refused.
    ///
    /// # Errors
    /// See there.
    pub fn verify(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        let notes = self.verify_noting(key, message, signature)?;
        if notes == SignatureNotes::default() { Ok(()) } else { Err(Error::Signature) }
    }

    /// Verifies a signature and says what its form lacks.
    ///
    /// # Errors
    /// [`Error::KeyMismatch`]: a key of another kind, or one that is restricted to other schemes (RFC 4055, 1.2).
    /// [`Error::Malformed`]: a signature of ECDSA or DSA that is none. [`Error::Signature`].
    pub fn verify_noting(
        &self,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<SignatureNotes, Error> {
        let mut notes = SignatureNotes::default();
        match (self.kind, key) {
            (Kind::Pkcs1v15, PublicKey::Rsa(key)) => {
                notes.digest_info_without_null = !key.pkcs1v15_has_null(self.hash, message, signature)?;
            }
            (Kind::Pss(parameters), PublicKey::Rsa(key)) => {
                let PssParameters { hash, mgf_hash, salt_len } = parameters;
                key.verify_pss(hash, mgf_hash, Some(salt_len), message, signature)?;
            }
            (Kind::Ecdsa, PublicKey::Ec(key)) => {
                key.verify_prehash(&self.hash.digest(message), &EcdsaSignature::from_der(signature)?)?;
            }
            (Kind::EcdsaPlain, PublicKey::Ec(key)) => {
                let signature = EcdsaSignature::from_plain(key.curve(), signature)?;
                key.verify_prehash(&self.hash.digest(message), &signature)?;
            }
            (Kind::Dsa, PublicKey::Dsa(key)) => {
                key.verify_prehash(&self.hash.digest(message), &DsaSignature::from_der(signature)?)?;
            }
            _ => return Err(Error::KeyMismatch),
        }
        Ok(notes)
    }
}

fn find(oid: ObjectIdentifier) -> Option<Family> {
    TABLE.iter().find(|row| row.0 == oid).map(|row| row.1)
}

#[cfg(test)]
mod tests;
