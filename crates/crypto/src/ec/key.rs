//! Public and private keys: ECDSA and ECDH.

use std::ops::RangeInclusive;

use der::asn1::{AnyRef, OctetStringRef};
use der::{Decode as _, Encode as _, Sequence};
use ecdsa::hazmat::sign_prehashed_rfc6979;
use p256::pkcs8::{AlgorithmIdentifierRef, PrivateKeyInfoRef};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{EcPoint, EcdsaSignature, ID_EC_PUBLIC_KEY, Scalar, with_curve};
use crate::{Curve, Error, HashAlgorithm};

/// From SHA-1 to SHA-512. Under an empty digest anybody can make a signature.
const DIGEST_LENGTHS: RangeInclusive<usize> = 20..=64;

/// A public key: a point, with what one does with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EcPublicKey(EcPoint);

impl EcPublicKey {
    /// Reads an uncompressed SEC 1 point.
    ///
    /// # Errors
    /// [`Error::InvalidPoint`].
    pub fn from_sec1(curve: Curve, sec1: &[u8]) -> Result<Self, Error> {
        EcPoint::from_sec1(curve, sec1).map(Self)
    }

    /// Uncompressed SEC 1: 04, x, y.
    #[must_use]
    pub fn to_sec1(&self) -> Vec<u8> {
        self.0.to_sec1()
    }

    /// The curve.
    #[must_use]
    pub fn curve(&self) -> Curve {
        self.0.curve()
    }

    /// The point.
    #[must_use]
    pub fn point(&self) -> &EcPoint {
        &self.0
    }

    /// Verifies an ECDSA signature over a digest: a longer one than the order is cut (FIPS 186-5, 6.4.2), a shorter one
    /// stands as it is.
    ///
    /// # Errors
    /// [`Error::Signature`], also for r or s out of range, and for a digest that no hash of this room makes.
    pub fn verify_prehash(&self, digest: &[u8], signature: &EcdsaSignature) -> Result<(), Error> {
        if !DIGEST_LENGTHS.contains(&digest.len()) {
            return Err(Error::Signature);
        }
        let plain = signature.to_plain(self.curve());
        let verified = with_curve!(self.curve(), C => {
            match (ecdsa::Signature::<C>::from_slice(&plain), self.0.projective::<C>()) {
                (Ok(signature), Some(key)) => {
                    ecdsa::hazmat::verify_prehashed::<C>(&key, digest, &signature).is_ok()
                }
                _ => false,
            }
        });
        if verified { Ok(()) } else { Err(Error::Signature) }
    }
}

/// A private key. Its `Debug` shows the curve only.
#[derive(Clone, Debug)]
pub struct EcPrivateKey {
    scalar: Scalar,
    public: EcPublicKey,
}

/// ```text
/// ECPrivateKey ::= SEQUENCE { version INTEGER (1), privateKey OCTET STRING, parameters [0] OPTIONAL,
///                             publicKey [1] OPTIONAL }
/// ```
/// RFC 5915.
#[derive(Sequence)]
struct EcPrivateKeyInfo<'a> {
    version: u8,
    key: &'a OctetStringRef,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    parameters: Option<AnyRef<'a>>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    public: Option<AnyRef<'a>>,
}

impl EcPrivateKey {
    /// Makes a new key.
    pub fn generate(curve: Curve, rng: &mut impl CryptoRng) -> Self {
        Self::new(Scalar::random(curve, rng))
    }

    /// Takes a big-endian scalar.
    ///
    /// # Errors
    /// [`Error::InvalidScalar`].
    pub fn from_scalar(curve: Curve, bytes: &[u8]) -> Result<Self, Error> {
        Scalar::from_bytes(curve, bytes).map(Self::new)
    }

    fn new(scalar: Scalar) -> Self {
        let public =
            EcPoint::generator(scalar.curve).mul(&scalar).expect("a scalar below the order, not zero");
        Self { scalar, public: EcPublicKey(public) }
    }

    /// Reads PKCS#8, unencrypted, with named or explicit parameters.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, Error> {
        let malformed = || Error::Malformed("PKCS#8");
        let info = PrivateKeyInfoRef::from_der(der).map_err(|_| malformed())?;
        if info.algorithm.oid != ID_EC_PUBLIC_KEY {
            return Err(Error::UnsupportedAlgorithm(info.algorithm.oid.to_string()));
        }
        let parameters =
            info.algorithm.parameters.ok_or_else(malformed)?.to_der().map_err(|_| malformed())?;
        let (curve, _) = Curve::from_ec_parameters_der(&parameters)?;
        let key = EcPrivateKeyInfo::from_der(info.private_key.as_bytes()).map_err(|_| malformed())?;
        Self::from_scalar(curve, key.key.as_bytes())
    }

    /// Writes PKCS#8 with a named curve.
    #[must_use]
    pub fn to_pkcs8_der(&self) -> Zeroizing<Vec<u8>> {
        let encode = || -> der::Result<Zeroizing<Vec<u8>>> {
            let key = OctetStringRef::new(self.scalar.as_bytes())?;
            let inner = Zeroizing::new(
                EcPrivateKeyInfo { version: 1, key, parameters: None, public: None }.to_der()?,
            );
            let parameters = self.curve().named_parameters_der();
            let algorithm = AlgorithmIdentifierRef {
                oid: ID_EC_PUBLIC_KEY,
                parameters: Some(AnyRef::from_der(&parameters)?),
            };
            let info = PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(&inner)?);
            Ok(Zeroizing::new(info.to_der()?))
        };
        encode().expect("a key encodes")
    }

    /// The curve.
    #[must_use]
    pub fn curve(&self) -> Curve {
        self.scalar.curve
    }

    /// The private scalar's bytes, of the field's length.
    #[must_use]
    pub fn scalar_bytes(&self) -> Zeroizing<Vec<u8>> {
        self.scalar.bytes.clone()
    }

    /// The private scalar.
    #[must_use]
    pub fn scalar(&self) -> &Scalar {
        &self.scalar
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> EcPublicKey {
        self.public.clone()
    }

    /// ECDH (ECKA of TR-03111, 4.3.1): the x coordinate of the shared point, of the field's length.
    ///
    /// # Errors
    /// [`Error::KeyMismatch`]: another curve.
    pub fn ecdh(&self, other: &EcPublicKey) -> Result<Zeroizing<Vec<u8>>, Error> {
        other.0.mul(&self.scalar).map(|shared| Zeroizing::new(shared.x().to_vec()))
    }

    /// ECDSA with the deterministic nonce of RFC 6979.
    #[must_use]
    pub fn sign(&self, hash: HashAlgorithm, message: &[u8]) -> EcdsaSignature {
        self.sign_digest(hash, &hash.digest(message))
    }

    /// ECDSA over a digest that somebody else made, with the nonce of RFC 6979, its HMAC with SHA-256.
    #[must_use]
    pub fn sign_prehash(&self, digest: &[u8]) -> EcdsaSignature {
        self.sign_digest(HashAlgorithm::Sha256, digest)
    }

    /// `hash` is that of the nonce's HMAC.
    fn sign_digest(&self, hash: HashAlgorithm, digest: &[u8]) -> EcdsaSignature {
        let curve = self.curve();
        let plain = with_curve!(curve, C => {
            let key = elliptic_curve::SecretKey::<C>::from_slice(self.scalar.as_bytes()).expect("checked when made");
            let sign = match hash {
                HashAlgorithm::Sha1 => sign_prehashed_rfc6979::<C, sha1::Sha1>,
                HashAlgorithm::Sha224 => sign_prehashed_rfc6979::<C, sha2::Sha224>,
                HashAlgorithm::Sha256 => sign_prehashed_rfc6979::<C, sha2::Sha256>,
                HashAlgorithm::Sha384 => sign_prehashed_rfc6979::<C, sha2::Sha384>,
                HashAlgorithm::Sha512 => sign_prehashed_rfc6979::<C, sha2::Sha512>,
            };
            sign(&key.to_nonzero_scalar(), digest, b"").0.to_vec()
        });
        EcdsaSignature::from_plain(curve, &plain).expect("of the field's length")
    }
}
