//! The parameters of RSASSA-PSS, in a signature's AlgorithmIdentifier and in a key's.

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Encode as _, Sequence};
use p256::pkcs8::AlgorithmIdentifierRef;

use crate::{Error, HashAlgorithm};

const ID_MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");

/// Hash of the message, hash of the mask, bytes of the salt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PssParameters {
    pub(crate) hash: HashAlgorithm,
    pub(crate) mgf_hash: HashAlgorithm,
    pub(crate) salt_len: usize,
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
struct RsassaPssParams<'a> {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    hash: Option<AlgorithmIdentifierRef<'a>>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    mask_generation: Option<AlgorithmIdentifierRef<'a>>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    salt_len: Option<u16>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    trailer: Option<u8>,
}

impl PssParameters {
    /// Reads them; absent ones mean the defaults.
    pub(crate) fn from_any(parameters: Option<AnyRef<'_>>) -> Result<Self, Error> {
        let malformed = |_| Error::Malformed("RSASSA-PSS parameters");
        let parameters = match parameters {
            None => RsassaPssParams::default(),
            Some(any) => any.decode_as::<RsassaPssParams<'_>>().map_err(malformed)?,
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
        Ok(Self { hash, mgf_hash, salt_len: parameters.salt_len.unwrap_or(20).into() })
    }

    /// Writes them, defaults too.
    pub(crate) fn to_der(self) -> Vec<u8> {
        let algorithm = |hash: HashAlgorithm| AlgorithmIdentifierRef {
            oid: *hash.object_identifier(),
            parameters: Some(AnyRef::NULL),
        };
        let encode = || {
            let mgf_hash = algorithm(self.mgf_hash).to_der()?;
            let mgf_hash = <AnyRef<'_> as der::Decode<'_>>::from_der(&mgf_hash)?;
            RsassaPssParams {
                hash: Some(algorithm(self.hash)),
                mask_generation: Some(AlgorithmIdentifierRef { oid: ID_MGF1, parameters: Some(mgf_hash) }),
                salt_len: u16::try_from(self.salt_len).ok(),
                trailer: None,
            }
            .to_der()
        };
        encode().expect("three parameters encode")
    }

    /// Whether a key with these parameters may make a signature with those: the same hashes and at least the salt
    /// (RFC 4055, 3.3).
    pub(super) fn allow(&self, other: &Self) -> bool {
        self.hash == other.hash && self.mgf_hash == other.mgf_hash && self.salt_len <= other.salt_len
    }
}

fn hash_of(algorithm: AlgorithmIdentifierRef<'_>) -> Result<HashAlgorithm, Error> {
    let unsupported = || Error::UnsupportedAlgorithm(algorithm.oid.to_string());
    HashAlgorithm::from_oid(algorithm.oid.as_bytes()).ok_or_else(unsupported)
}
