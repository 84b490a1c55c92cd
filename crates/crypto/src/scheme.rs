//! Signature schemes by AlgorithmIdentifier. A new scheme is one line of [`TABLE`].

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode as _, Sequence, Tag, Tagged as _};
use p256::pkcs8::AlgorithmIdentifierRef;

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
}

#[rustfmt::skip]
const TABLE: &[(&str, Family)] = &[
    // RFC 8017, appendix C
    ("1.2.840.113549.1.1.1", Family::Pkcs1v15Bare),
    ("1.2.840.113549.1.1.5", Family::Pkcs1v15(HashAlgorithm::Sha1)),
    ("1.2.840.113549.1.1.10", Family::Pss),
    ("1.2.840.113549.1.1.11", Family::Pkcs1v15(HashAlgorithm::Sha256)),
    ("1.2.840.113549.1.1.12", Family::Pkcs1v15(HashAlgorithm::Sha384)),
    ("1.2.840.113549.1.1.13", Family::Pkcs1v15(HashAlgorithm::Sha512)),
    ("1.2.840.113549.1.1.14", Family::Pkcs1v15(HashAlgorithm::Sha224)),
    // RFC 5758, 3.2; RFC 3279, 2.2.3
    ("1.2.840.10045.4.1", Family::Ecdsa(HashAlgorithm::Sha1)),
    ("1.2.840.10045.4.3.1", Family::Ecdsa(HashAlgorithm::Sha224)),
    ("1.2.840.10045.4.3.2", Family::Ecdsa(HashAlgorithm::Sha256)),
    ("1.2.840.10045.4.3.3", Family::Ecdsa(HashAlgorithm::Sha384)),
    ("1.2.840.10045.4.3.4", Family::Ecdsa(HashAlgorithm::Sha512)),
    // BSI TR-03111, 5.2.1
    ("0.4.0.127.0.7.1.1.4.1.1", Family::EcdsaPlain(HashAlgorithm::Sha1)),
    ("0.4.0.127.0.7.1.1.4.1.2", Family::EcdsaPlain(HashAlgorithm::Sha224)),
    ("0.4.0.127.0.7.1.1.4.1.3", Family::EcdsaPlain(HashAlgorithm::Sha256)),
    ("0.4.0.127.0.7.1.1.4.1.4", Family::EcdsaPlain(HashAlgorithm::Sha384)),
    ("0.4.0.127.0.7.1.1.4.1.5", Family::EcdsaPlain(HashAlgorithm::Sha512)),
];

const ID_MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");

/// A signature scheme with all its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SignatureScheme {
    kind: Kind,
    hash: HashAlgorithm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Pkcs1v15,
    Pss { mgf_hash: HashAlgorithm, salt_len: usize },
    Ecdsa,
    EcdsaPlain,
}

/// ```text
/// RSASSA-PSS-params ::= SEQUENCE {
///     hashAlgorithm    [0] HashAlgorithm    DEFAULT sha1,
///     maskGenAlgorithm [1] MaskGenAlgorithm DEFAULT mgf1SHA1,
///     saltLength       [2] INTEGER          DEFAULT 20,
///     trailerField     [3] TrailerField     DEFAULT trailerFieldBC }
/// ```
/// RFC 8017, A.2.3. Defaults that are written out are accepted.
#[derive(Sequence, Default)]
struct PssParameters<'a> {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    hash: Option<AlgorithmIdentifierRef<'a>>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    mask_generation: Option<AlgorithmIdentifierRef<'a>>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    salt_len: Option<u16>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    trailer: Option<u8>,
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
        let oid = algorithm.oid.to_string();
        let unsupported = || Error::UnsupportedAlgorithm(oid.clone());
        let family = find(&oid).ok_or_else(unsupported)?;
        if let Family::Pss = family {
            return Self::pss(algorithm.parameters);
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
            Family::Pss => Err(unsupported()),
        }
    }

    /// A plain ECDSA scheme of TR-03111 by its dotted OID, as `ActiveAuthenticationInfo` names it.
    ///
    /// # Errors
    /// [`Error::UnsupportedAlgorithm`].
    pub fn from_plain_ecdsa_oid(oid: &str) -> Result<Self, Error> {
        match find(oid) {
            Some(Family::EcdsaPlain(hash)) => Ok(Self { kind: Kind::EcdsaPlain, hash }),
            _ => Err(Error::UnsupportedAlgorithm(oid.to_owned())),
        }
    }

    fn pss(parameters: Option<AnyRef<'_>>) -> Result<Self, Error> {
        let malformed = |_| Error::Malformed("RSASSA-PSS parameters");
        let parameters = match parameters {
            None => PssParameters::default(),
            Some(any) => any.decode_as::<PssParameters<'_>>().map_err(malformed)?,
        };
        if parameters.trailer.is_some_and(|trailer| trailer != 1) {
            return Err(Error::UnsupportedAlgorithm("RSASSA-PSS trailer".into()));
        }
        let mgf_hash = match parameters.mask_generation {
            None => HashAlgorithm::Sha1,
            Some(mgf) if mgf.oid == ID_MGF1 => {
                let inner = mgf.parameters.ok_or(Error::Malformed("RSASSA-PSS parameters"))?;
                hash_of(inner.decode_as::<AlgorithmIdentifierRef<'_>>().map_err(malformed)?)?
            }
            Some(mgf) => return Err(Error::UnsupportedAlgorithm(mgf.oid.to_string())),
        };
        let hash = parameters.hash.map_or(Ok(HashAlgorithm::Sha1), hash_of)?;
        let salt_len = parameters.salt_len.unwrap_or(20).into();
        Ok(Self { kind: Kind::Pss { mgf_hash, salt_len }, hash })
    }

    /// The hash of the message.
    #[must_use]
    pub fn hash(&self) -> HashAlgorithm {
        self.hash
    }

    /// For reports: `RSASSA-PSS SHA-256/32` (the salt's bytes), `RSASSA-PKCS1-v1_5 SHA-256`, `ECDSA SHA-256`.
    #[must_use]
    pub fn name(&self) -> String {
        let hash = self.hash.name();
        match self.kind {
            Kind::Pkcs1v15 => format!("RSASSA-PKCS1-v1_5 {hash}"),
            Kind::Pss { mgf_hash, salt_len } if mgf_hash == self.hash => {
                format!("RSASSA-PSS {hash}/{salt_len}")
            }
            Kind::Pss { mgf_hash, salt_len } => {
                format!("RSASSA-PSS {hash}/{salt_len} MGF1 {}", mgf_hash.name())
            }
            Kind::Ecdsa => format!("ECDSA {hash}"),
            Kind::EcdsaPlain => format!("plain ECDSA {hash}"),
        }
    }

    /// Verifies a signature.
    ///
    /// # Errors
    /// [`Error::KeyMismatch`]: a key of the other kind. [`Error::Malformed`]: an ECDSA signature that is none.
    /// [`Error::Signature`].
    pub fn verify(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        match (self.kind, key) {
            (Kind::Pkcs1v15, PublicKey::Rsa(key)) => key.verify_pkcs1v15(self.hash, message, signature),
            (Kind::Pss { mgf_hash, salt_len }, PublicKey::Rsa(key)) => {
                key.verify_pss(self.hash, mgf_hash, Some(salt_len), message, signature)
            }
            (Kind::Ecdsa, PublicKey::Ec(key)) => {
                key.verify_prehash(&self.hash.digest(message), &EcdsaSignature::from_der(signature)?)
            }
            (Kind::EcdsaPlain, PublicKey::Ec(key)) => {
                let signature = EcdsaSignature::from_plain(key.curve(), signature)?;
                key.verify_prehash(&self.hash.digest(message), &signature)
            }
            _ => Err(Error::KeyMismatch),
        }
    }
}

fn find(oid: &str) -> Option<Family> {
    TABLE.iter().find(|row| row.0 == oid).map(|row| row.1)
}

fn hash_of(algorithm: AlgorithmIdentifierRef<'_>) -> Result<HashAlgorithm, Error> {
    let oid = algorithm.oid.to_string();
    HashAlgorithm::from_oid(&oid).ok_or(Error::UnsupportedAlgorithm(oid))
}
