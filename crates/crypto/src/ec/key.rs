//! Public and private keys: ECDSA and ECDH.

use std::any::Any;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::{Arc, OnceLock};

use der::asn1::{AnyRef, OctetStringRef};
use der::{Decode as _, Encode as _, Sequence};
use ecdsa::hazmat::sign_prehashed_rfc6979;
use p256::pkcs8::{AlgorithmIdentifierRef, PrivateKeyInfoRef};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::comb::{self, Comb};
use super::{EcPoint, EcdsaSignature, ID_EC_PUBLIC_KEY, Scalar, with_curve};
use crate::{Curve, Error, HashAlgorithm};

/// From SHA-1 to SHA-512. Under an empty digest anybody can make a signature.
const DIGEST_LENGTHS: RangeInclusive<usize> = 20..=64;

/// A public key: a point, with what one does with a key.
#[derive(Clone)]
pub struct EcPublicKey {
    point: EcPoint,
    /// The [`Comb`] of the point on its curve, once it is [prepared](Self::prepare).
    multiples: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl PartialEq for EcPublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.point == other.point
    }
}

impl Eq for EcPublicKey {}

impl fmt::Debug for EcPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EcPublicKey({})", self.curve().name())
    }
}

impl EcPublicKey {
    fn new(point: EcPoint) -> Self {
        Self { point, multiples: OnceLock::new() }
    }

    /// Computes multiples of the point, a few kilobytes, in the time of about two verifications; with them a
    /// verification takes less than half of its time. For keys that sign many documents.
    pub fn prepare(&self) {
        with_curve!(self.curve(), C => {
            if let Some(point) = self.point.projective::<C>() {
                self.multiples.get_or_init(|| Arc::new(Comb::<C>::new(&point)));
            }
        });
    }

    /// Reads an uncompressed SEC 1 point.
    ///
    /// # Errors
    /// [`Error::InvalidPoint`].
    pub fn from_sec1(curve: Curve, sec1: &[u8]) -> Result<Self, Error> {
        EcPoint::from_sec1(curve, sec1).map(Self::new)
    }

    /// Reads a point as a certificate may hold it (see [`EcPoint::from_sec1_or_compressed`]).
    ///
    /// # Errors
    /// [`Error::InvalidPoint`].
    pub(crate) fn from_sec1_or_compressed(curve: Curve, sec1: &[u8]) -> Result<Self, Error> {
        EcPoint::from_sec1_or_compressed(curve, sec1).map(Self::new)
    }

    /// Uncompressed SEC 1: 04, x, y.
    #[must_use]
    pub fn to_sec1(&self) -> Vec<u8> {
        self.point.to_sec1()
    }

    /// The curve.
    #[must_use]
    pub fn curve(&self) -> Curve {
        self.point.curve()
    }

    /// The point.
    #[must_use]
    pub fn point(&self) -> &EcPoint {
        &self.point
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
            static GENERATOR: OnceLock<Comb<C>> = OnceLock::new();
            let multiples = self.multiples.get().and_then(|comb| comb.downcast_ref::<Comb<C>>());
            match (ecdsa::Signature::<C>::from_slice(&plain), multiples) {
                (Ok(signature), Some(key)) => {
                    let generator = GENERATOR.get_or_init(Comb::of_generator);
                    comb::verify(generator, key, digest, &signature)
                }
                (Ok(signature), None) => self.point.projective::<C>().is_some_and(|key| {
                    ecdsa::hazmat::verify_prehashed::<C>(&key, digest, &signature).is_ok()
                }),
                (Err(_), _) => false,
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
        Self { scalar, public: EcPublicKey::new(public) }
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
        other.point.mul(&self.scalar).map(|shared| Zeroizing::new(shared.x().to_vec()))
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

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    /// RFC 6979, A.2.3 to A.2.7, message "sample": a digest of the order's length, longer, and shorter.
    #[test]
    fn deterministic_signatures_are_those_of_rfc_6979() {
        use HashAlgorithm::{Sha1, Sha256, Sha384, Sha512};
        let p256 = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
        let p384 = "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d8\
                    96d5724e4c70a825f872c9ea60d2edf5";
        let p521 = "00fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75\
                    caa896eb32f1f47c70855836a6d16fcc1466f6d8fbec67db89ec0c08b0e996b83538";
        let examples = [
            (
                (Curve::P192, "6fab034934e4c0fc9ae67f5b5659a9d7d1fefd187ee09fd4", Sha256),
                "4b0b8ce98a92866a2820e20aa6b75b56382e0f9bfd5ecb55ccdb006926ea9565cbadc840829d8c384e06de1f1e381b85",
            ),
            (
                (Curve::P224, "f220266e1105bfe3083e03ec7a3a654651f45e37167e88600bf257c1", Sha256),
                "61aa3da010e8e8406c656bc477a7a7189895e7e840cdfe8ff42307ba\
                 bc814050dab5d23770879494f9e0a680dc1af7161991bde692b10101",
            ),
            (
                (Curve::P256, p256, Sha256),
                "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
                 f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
            ),
            (
                (Curve::P256, p256, Sha512),
                "8496a60b5e9b47c825488827e0495b0e3fa109ec4568fd3f8d1097678eb97f00\
                 2362ab1adbe2b8adf9cb9edab740ea6049c028114f2460f96554f61fae3302fe",
            ),
            (
                (Curve::P256, p256, Sha1),
                "61340c88c3aaebeb4f6d667f672ca9759a6ccaa9fa8811313039ee4a35471d32\
                 6d7f147dac089441bb2e2fe8f7a3fa264b9c475098fdcf6e00d7c996e1b8b7eb",
            ),
            (
                (Curve::P384, p384, Sha384),
                "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c\
                 81a648152e44acf96e36dd1e80fabe46\
                 99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94f\
                 a329c145786e679e7b82c71a38628ac8",
            ),
            (
                (Curve::P521, p521, Sha512),
                "00c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f174e\
                 25a1ee9017b5d450606add152b534931d7d4e8455cc91f9b15bf05ec36e377fa\
                 00617cce7cf5064806c467f678d3b4080d6f1cc50af26ca209417308281b68af2826\
                 23eaa63e5b5c0723d8b8c37ff0777b1a20f8ccb1dccc43997f1ee0e44da4a67a",
            ),
        ];
        for ((curve, scalar, hash), expected) in examples {
            let key = EcPrivateKey::from_scalar(curve, &hex::decode(scalar).unwrap()).unwrap();
            let signature = key.sign(hash, b"sample");
            assert_eq!(hex::encode(signature.to_plain(curve)), expected, "{} {}", curve.name(), hash.name());
            assert_eq!(key.public_key().verify_prehash(&hash.digest(b"sample"), &signature), Ok(()));
        }
    }

    #[test]
    fn every_curve_signs_with_every_hash_and_notices_a_change() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        for curve in Curve::all() {
            let key = EcPrivateKey::generate(curve, &mut rng);
            for hash in HashAlgorithm::all() {
                let signature = key.sign(hash, b"m");
                assert_eq!(key.public_key().verify_prehash(&hash.digest(b"m"), &signature), Ok(()));
                assert_eq!(
                    key.public_key().verify_prehash(&hash.digest(b"n"), &signature),
                    Err(Error::Signature)
                );
            }
        }
    }

    /// Digests that differ in their last bit only must not share a nonce, or the key is computed from two signatures.
    #[test]
    fn the_last_bit_of_a_digest_changes_the_nonce() {
        let key = EcPrivateKey::generate(Curve::P521, &mut ChaCha20Rng::seed_from_u64(1));
        let [one, other] = [0, 1].map(|last| [&[7; 63][..], &[last]].concat());
        let r = |digest: &[u8]| key.sign_prehash(digest).to_plain(Curve::P521)[..66].to_vec();
        assert_ne!(r(&one), r(&other));
    }

    /// The same verdict by both ways, on every curve; signatures at the edges are in `edge_tests`.
    #[test]
    fn a_prepared_key_verifies_as_the_plain_one_does() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        for curve in Curve::all() {
            let (key, other) =
                (EcPrivateKey::generate(curve, &mut rng), EcPrivateKey::generate(curve, &mut rng));
            let (plain, prepared) = (key.public_key(), key.public_key());
            prepared.prepare();
            assert_eq!(plain, prepared);
            let verdict = |digest: &[u8], signature: &EcdsaSignature| {
                let both = [&plain, &prepared].map(|key| key.verify_prehash(digest, signature).is_ok());
                assert_eq!(both[0], both[1], "{}", curve.name());
                both[0]
            };
            for hash in HashAlgorithm::all() {
                for n in 0..4_u8 {
                    let (message, digest) = ([n; 5], hash.digest(&[n; 5]));
                    let signature = key.sign(hash, &message);
                    assert!(verdict(&digest, &signature), "{} {}", curve.name(), hash.name());
                    assert!(!verdict(&hash.digest(b"another"), &signature));
                    assert!(!verdict(&digest, &other.sign(hash, &message)));
                }
            }
        }
    }

    #[test]
    fn r_and_s_out_of_range_are_refused() {
        let key = EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(1));
        let digest = HashAlgorithm::Sha256.digest(b"m");
        let good = key.sign(HashAlgorithm::Sha256, b"m").to_plain(Curve::P256);
        let (r, s) = good.split_at(32);
        let verify =
            |r: &[u8], s: &[u8]| key.public_key().verify_prehash(&digest, &EcdsaSignature::new(r, s));
        assert_eq!(verify(r, s), Ok(()));
        for bad in [&[][..], &Curve::P256.order(), &[0xff; 32], &[1; 33]] {
            assert_eq!(verify(r, bad), Err(Error::Signature));
            assert_eq!(verify(bad, s), Err(Error::Signature));
        }
    }

    /// r = x(t * Q), s = r / t verifies a digest of zero for anybody.
    #[test]
    fn a_digest_of_no_hash_is_refused() {
        let key = EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(1));
        let q = key.public_key();
        let r = q.point().x();
        let forged = EcdsaSignature::new(r, r);
        assert_eq!(q.verify_prehash(&[0; 32], &forged), Ok(()), "the forgery works on thirty-two zeros");
        assert_eq!(q.verify_prehash(&[], &forged), Err(Error::Signature));
        assert_eq!(q.verify_prehash(&[0; 19], &forged), Err(Error::Signature));
        assert_eq!(q.verify_prehash(&[0; 65], &forged), Err(Error::Signature));
    }

    #[test]
    fn both_sides_of_ecdh_agree() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        for curve in Curve::all() {
            let (a, b) = (EcPrivateKey::generate(curve, &mut rng), EcPrivateKey::generate(curve, &mut rng));
            let shared = a.ecdh(&b.public_key()).unwrap();
            assert_eq!(shared, b.ecdh(&a.public_key()).unwrap());
            assert_eq!(shared.len(), curve.field_len());
        }
        let other = EcPrivateKey::generate(Curve::P256, &mut rng).public_key();
        let key = EcPrivateKey::generate(Curve::BrainpoolP256r1, &mut rng);
        assert_eq!(key.ecdh(&other), Err(Error::KeyMismatch));
    }

    #[test]
    fn pkcs8_is_read_back() {
        for curve in Curve::all() {
            let key = EcPrivateKey::generate(curve, &mut ChaCha20Rng::seed_from_u64(1));
            let der = key.to_pkcs8_der();
            let read = EcPrivateKey::from_pkcs8_der(&der).unwrap();
            assert_eq!(read.scalar_bytes(), key.scalar_bytes());
            assert_eq!(read.public_key(), key.public_key());
            assert_eq!(
                EcPrivateKey::from_pkcs8_der(&der[..der.len() - 1]).err(),
                Some(Error::Malformed("PKCS#8"))
            );
        }
    }
}
