//! Keys, points and signatures on the curves of [`Curve`].
//!
//! Values hold a curve and bytes that were checked when they were made; the arithmetic of each curve is reached by
//! one macro, [`with_curve`], so that a new curve is one arm there and one row in the table of curves.

use std::fmt;

use der::asn1::{AnyRef, UintRef};
use der::{Decode as _, Encode as _, Sequence};
use elliptic_curve::sec1::ToSec1Point as _;
use elliptic_curve::{Generate as _, Group as _, PrimeField as _};
use p256::pkcs8::{AlgorithmIdentifierRef, ObjectIdentifier, PrivateKeyInfoRef};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{Curve, Error, HashAlgorithm};

pub(crate) const ID_EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// Runs `$body` with the type `$C` of a curve's arithmetic.
macro_rules! with_curve {
    ($curve:expr, $C:ident => $body:expr) => {
        match $curve {
            Curve::P256 => {
                type $C = p256::NistP256;
                $body
            }
            Curve::P384 => {
                type $C = p384::NistP384;
                $body
            }
            Curve::P521 => {
                type $C = p521::NistP521;
                $body
            }
            Curve::BrainpoolP256r1 => {
                type $C = bp256::BrainpoolP256r1;
                $body
            }
            Curve::BrainpoolP384r1 => {
                type $C = bp384::BrainpoolP384r1;
                $body
            }
        }
    };
}

type Projective<C> = elliptic_curve::ProjectivePoint<C>;
type Affine<C> = elliptic_curve::AffinePoint<C>;
type FieldScalar<C> = elliptic_curve::Scalar<C>;

/// A number modulo the order of a curve, not zero. Its bytes are erased when it goes.
#[derive(Clone)]
pub struct Scalar {
    curve: Curve,
    bytes: Zeroizing<Vec<u8>>,
}

impl Scalar {
    /// Takes a big-endian number; shorter ones are padded, leading zeros dropped.
    ///
    /// # Errors
    /// [`Error::InvalidScalar`]: zero, or not below the order.
    pub fn from_bytes(curve: Curve, bytes: &[u8]) -> Result<Self, Error> {
        let len = curve.field_len();
        let extra = bytes.len().saturating_sub(len);
        if bytes[..extra].iter().any(|b| *b != 0) {
            return Err(Error::InvalidScalar);
        }
        let mut padded = Zeroizing::new(vec![0; len - (bytes.len() - extra)]);
        padded.extend_from_slice(&bytes[extra..]);
        let valid = with_curve!(curve, C => elliptic_curve::SecretKey::<C>::from_slice(&padded).is_ok());
        if valid { Ok(Self { curve, bytes: padded }) } else { Err(Error::InvalidScalar) }
    }

    /// Takes a big-endian number of any length modulo the order: a PACE nonce may be above the order (32 bytes with
    /// AES-256, Doc 9303-11, 4.4.3.3.1).
    ///
    /// # Errors
    /// [`Error::InvalidScalar`]: a multiple of the order.
    pub fn from_bytes_reduced(curve: Curve, bytes: &[u8]) -> Result<Self, Error> {
        let reduced = with_curve!(curve, C => {
            let radix = FieldScalar::<C>::from(256u64);
            let sum = bytes.iter().fold(FieldScalar::<C>::ZERO, |sum, b| sum * radix + FieldScalar::<C>::from(u64::from(*b)));
            Zeroizing::new(sum.to_repr().to_vec())
        });
        Self::from_bytes(curve, &reduced)
    }

    /// A uniformly random one.
    pub fn random(curve: Curve, rng: &mut impl CryptoRng) -> Self {
        let bytes = with_curve!(curve, C => {
            let scalar = elliptic_curve::NonZeroScalar::<C>::generate_from_rng(rng);
            Zeroizing::new(scalar.to_repr().to_vec())
        });
        Self { curve, bytes }
    }

    /// Big-endian, of the field's length.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scalar({}, ..)", self.curve.name())
    }
}

/// A point of a curve, never infinity.
#[derive(Clone, PartialEq, Eq)]
pub struct EcPoint {
    curve: Curve,
    sec1: Vec<u8>,
}

impl EcPoint {
    /// The curve's generator.
    #[must_use]
    pub fn generator(curve: Curve) -> Self {
        Self { curve, sec1: curve.generator() }
    }

    /// Reads an uncompressed SEC 1 point and checks that it lies on the curve. (The cofactor of every curve here is 1,
    /// so it lies in the group too.)
    ///
    /// # Errors
    /// [`Error::InvalidPoint`].
    pub fn from_sec1(curve: Curve, sec1: &[u8]) -> Result<Self, Error> {
        if sec1.len() != 1 + 2 * curve.field_len() || sec1[0] != 4 {
            return Err(Error::InvalidPoint);
        }
        let valid = with_curve!(curve, C => elliptic_curve::PublicKey::<C>::from_sec1_bytes(sec1).is_ok());
        if valid { Ok(Self { curve, sec1: sec1.to_vec() }) } else { Err(Error::InvalidPoint) }
    }

    /// The curve.
    #[must_use]
    pub fn curve(&self) -> Curve {
        self.curve
    }

    /// Uncompressed SEC 1: 04, x, y.
    #[must_use]
    pub fn to_sec1(&self) -> Vec<u8> {
        self.sec1.clone()
    }

    /// The x coordinate, of the field's length.
    #[must_use]
    pub fn x(&self) -> &[u8] {
        &self.sec1[1..=self.curve.field_len()]
    }

    /// `scalar` times this point.
    ///
    /// # Errors
    /// [`Error::KeyMismatch`]: another curve.
    pub fn mul(&self, scalar: &Scalar) -> Result<Self, Error> {
        if scalar.curve != self.curve {
            return Err(Error::KeyMismatch);
        }
        self.compute(|| {
            with_curve!(self.curve, C => {
                let point = Self::projective::<C>(&self.sec1)?;
                let repr = elliptic_curve::FieldBytes::<C>::try_from(scalar.as_bytes()).ok()?;
                let scalar = FieldScalar::<C>::from_repr(repr).into_option()?;
                Self::encode::<C>(point * scalar)
            })
        })
    }

    /// The sum of two points.
    ///
    /// # Errors
    /// [`Error::KeyMismatch`]: another curve. [`Error::InvalidPoint`]: the sum is infinity.
    pub fn add(&self, other: &Self) -> Result<Self, Error> {
        if other.curve != self.curve {
            return Err(Error::KeyMismatch);
        }
        self.compute(|| {
            with_curve!(self.curve, C => {
                let sum = Self::projective::<C>(&self.sec1)? + Self::projective::<C>(&other.sec1)?;
                Self::encode::<C>(sum)
            })
        })
    }

    fn compute(&self, result: impl FnOnce() -> Option<Vec<u8>>) -> Result<Self, Error> {
        result().map(|sec1| Self { curve: self.curve, sec1 }).ok_or(Error::InvalidPoint)
    }

    fn projective<C>(sec1: &[u8]) -> Option<Projective<C>>
    where
        C: elliptic_curve::CurveArithmetic,
        Affine<C>: elliptic_curve::sec1::FromSec1Point<C> + elliptic_curve::sec1::ToSec1Point<C>,
        elliptic_curve::FieldBytesSize<C>: elliptic_curve::sec1::ModulusSize,
    {
        elliptic_curve::PublicKey::<C>::from_sec1_bytes(sec1).ok().map(|key| key.to_projective())
    }

    fn encode<C>(point: Projective<C>) -> Option<Vec<u8>>
    where
        C: elliptic_curve::CurveArithmetic,
        Affine<C>: elliptic_curve::sec1::FromSec1Point<C> + elliptic_curve::sec1::ToSec1Point<C>,
        elliptic_curve::FieldBytesSize<C>: elliptic_curve::sec1::ModulusSize,
    {
        if bool::from(point.is_identity()) {
            return None;
        }
        let affine: Affine<C> = point.into();
        Some(affine.to_sec1_point(false).as_bytes().to_vec())
    }
}

impl fmt::Debug for EcPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EcPoint({})", self.curve.name())
    }
}

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
        self.0.curve
    }

    /// The point.
    #[must_use]
    pub fn point(&self) -> &EcPoint {
        &self.0
    }

    /// Verifies an ECDSA signature over a digest of any length: a longer one than the order is cut (FIPS 186-5,
    /// 6.4.2), a shorter one stands as it is.
    ///
    /// # Errors
    /// [`Error::Signature`], also for r or s out of range.
    pub fn verify_prehash(&self, digest: &[u8], signature: &EcdsaSignature) -> Result<(), Error> {
        let curve = self.curve();
        let plain = signature.to_plain_checked(curve).ok_or(Error::Signature)?;
        let verified = with_curve!(curve, C => {
            let signature = ecdsa::Signature::<C>::from_slice(&plain);
            match (signature, EcPoint::projective::<C>(&self.0.sec1)) {
                (Ok(signature), Some(key)) => {
                    ecdsa::hazmat::verify_prehashed::<C>(&key, &digest_to_field(curve, digest), &signature).is_ok()
                }
                _ => false,
            }
        });
        if verified { Ok(()) } else { Err(Error::Signature) }
    }
}

/// bits2int of FIPS 186-5 for the arithmetic crates, which want a digest of at most the field's length: the leftmost
/// bytes. The orders of P-256, P-384 and the Brainpool curves have whole bytes; no digest reaches the 521 bits of P-521.
fn digest_to_field(curve: Curve, digest: &[u8]) -> Vec<u8> {
    let len = curve.field_len();
    let cut = &digest[..digest.len().min(len)];
    let mut padded = vec![0; len - cut.len()];
    padded.extend_from_slice(cut);
    padded
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
    key: &'a der::asn1::OctetStringRef,
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
            let key = der::asn1::OctetStringRef::new(self.scalar.as_bytes())?;
            let inner = Zeroizing::new(
                EcPrivateKeyInfo { version: 1, key, parameters: None, public: None }.to_der()?,
            );
            let parameters = self.curve().named_parameters_der();
            let algorithm = AlgorithmIdentifierRef {
                oid: ID_EC_PUBLIC_KEY,
                parameters: Some(AnyRef::from_der(&parameters)?),
            };
            let info = PrivateKeyInfoRef::new(algorithm, der::asn1::OctetStringRef::new(&inner)?);
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
        self.sign_prehash(&hash.digest(message))
    }

    /// ECDSA over a digest, with the deterministic nonce of RFC 6979 (its HMAC always with SHA-256: the nonce is not
    /// part of the signature's form).
    #[must_use]
    pub fn sign_prehash(&self, digest: &[u8]) -> EcdsaSignature {
        let curve = self.curve();
        let digest = digest_to_field(curve, digest);
        let plain = with_curve!(curve, C => {
            let key = elliptic_curve::SecretKey::<C>::from_slice(self.scalar.as_bytes()).expect("checked when made");
            let nonce_key = key.to_nonzero_scalar();
            ecdsa::hazmat::sign_prehashed_rfc6979::<C, sha2::Sha256>(&nonce_key, &digest, b"").0.to_vec()
        });
        EcdsaSignature::from_plain(curve, &plain).expect("of the field's length")
    }
}

/// An ECDSA signature: r and s, big-endian, without leading zeros. Their range is checked when it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EcdsaSignature {
    r: Vec<u8>,
    s: Vec<u8>,
}

#[derive(Sequence)]
struct EcdsaSigValue<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

impl EcdsaSignature {
    fn new(r: &[u8], s: &[u8]) -> Self {
        let trim = |n: &[u8]| n[n.iter().take_while(|b| **b == 0).count()..].to_vec();
        Self { r: trim(r), s: trim(s) }
    }

    /// Reads `ECDSA-Sig-Value` (RFC 3279, 2.2.3).
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let value = EcdsaSigValue::from_der(der).map_err(|_| Error::Malformed("ECDSA signature"))?;
        Ok(Self::new(value.r.as_bytes(), value.s.as_bytes()))
    }

    /// Writes `ECDSA-Sig-Value`.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        let encode = || EcdsaSigValue { r: UintRef::new(&self.r)?, s: UintRef::new(&self.s)? }.to_der();
        encode().expect("two numbers encode")
    }

    /// Reads r || s, each of the field's length (TR-03111, 5.2.1; RFC 7518, 3.4).
    ///
    /// # Errors
    /// [`Error::Malformed`]: another length.
    pub fn from_plain(curve: Curve, plain: &[u8]) -> Result<Self, Error> {
        if plain.len() != 2 * curve.field_len() {
            return Err(Error::Malformed("ECDSA signature"));
        }
        let (r, s) = plain.split_at(curve.field_len());
        Ok(Self::new(r, s))
    }

    /// r || s, each of the field's length.
    ///
    /// # Panics
    /// If the signature is not one of this curve.
    #[must_use]
    pub fn to_plain(&self, curve: Curve) -> Vec<u8> {
        self.to_plain_checked(curve).expect("a signature of this curve")
    }

    fn to_plain_checked(&self, curve: Curve) -> Option<Vec<u8>> {
        let len = curve.field_len();
        let pad = |n: &[u8]| len.checked_sub(n.len()).map(|zeros| [vec![0; zeros], n.to_vec()].concat());
        Some([pad(&self.r)?, pad(&self.s)?].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    /// RFC 6979, A.2.5, SHA-256, message "sample".
    #[test]
    fn the_deterministic_signature_is_that_of_rfc_6979() {
        let key = "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721";
        let key = EcPrivateKey::from_scalar(Curve::P256, &hex::decode(key).unwrap()).unwrap();
        let plain = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
                     f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
        assert_eq!(hex::encode(key.sign(HashAlgorithm::Sha256, b"sample").to_plain(Curve::P256)), plain);
    }

    #[test]
    fn every_curve_signs_with_every_hash_and_notices_a_change() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        for curve in Curve::all() {
            let key = EcPrivateKey::generate(curve, &mut rng);
            for hash in [HashAlgorithm::Sha1, HashAlgorithm::Sha256, HashAlgorithm::Sha512] {
                let signature = key.sign(hash, b"m");
                let read = EcdsaSignature::from_der(&signature.to_der()).unwrap();
                assert_eq!(key.public_key().verify_prehash(&hash.digest(b"m"), &read), Ok(()));
                assert_eq!(key.public_key().verify_prehash(&hash.digest(b"n"), &read), Err(Error::Signature));
            }
        }
    }

    #[test]
    fn r_and_s_out_of_range_are_refused() {
        let key = EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(1));
        let digest = HashAlgorithm::Sha256.digest(b"m");
        let good = key.sign(HashAlgorithm::Sha256, b"m");
        for bad in [vec![], vec![0xff; 32], vec![1; 33]] {
            let signature = EcdsaSignature { r: good.r.clone(), s: bad };
            assert_eq!(key.public_key().verify_prehash(&digest, &signature), Err(Error::Signature));
        }
    }

    #[test]
    fn only_points_of_the_curve_are_taken() {
        let key = EcPrivateKey::generate(Curve::BrainpoolP256r1, &mut ChaCha20Rng::seed_from_u64(1));
        let sec1 = key.public_key().to_sec1();
        assert!(EcPoint::from_sec1(Curve::BrainpoolP256r1, &sec1).is_ok());
        assert_eq!(EcPoint::from_sec1(Curve::P256, &sec1), Err(Error::InvalidPoint));
        let mut off = sec1.clone();
        off[64] ^= 1;
        assert_eq!(EcPoint::from_sec1(Curve::BrainpoolP256r1, &off), Err(Error::InvalidPoint));
        assert_eq!(EcPoint::from_sec1(Curve::BrainpoolP256r1, &[0]), Err(Error::InvalidPoint));
        assert_eq!(EcPoint::from_sec1(Curve::BrainpoolP256r1, &[0; 65]), Err(Error::InvalidPoint));
    }

    #[test]
    fn both_sides_of_ecdh_agree_and_pkcs8_is_read_back() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        for curve in Curve::all() {
            let (a, b) = (EcPrivateKey::generate(curve, &mut rng), EcPrivateKey::generate(curve, &mut rng));
            assert_eq!(a.ecdh(&b.public_key()), b.ecdh(&a.public_key()));
            let read = EcPrivateKey::from_pkcs8_der(&a.to_pkcs8_der()).unwrap();
            assert_eq!(read.public_key(), a.public_key());
        }
    }

    /// Doc 9303-11, appendix G.1: generic mapping on brainpoolP256r1.
    #[test]
    fn the_mapped_generator_of_doc_9303_is_computed() {
        let curve = Curve::BrainpoolP256r1;
        let scalar = |h: &str| Scalar::from_bytes(curve, &hex::decode(h).unwrap()).unwrap();
        let point = |h: &str| EcPoint::from_sec1(curve, &hex::decode(format!("04{h}")).unwrap()).unwrap();
        let terminal = scalar("7f4ef07b9ea82fd78ad689b38d0bc78cf21f249d953bc46f4c6e19259c010f99");
        let chip = point(
            "824fba91c9cbe26bef53a0ebe7342a3bf178cea9f45de0b70aa601651fba3f57\
             30d8c879aaa9c9f73991e61b58f4d52eb87a0a0c709a49dc63719363ccd13c54",
        );
        let nonce = scalar("3f00c4d39d153f2b2a214a078d899b22");
        let h = chip.mul(&terminal).unwrap();
        let mapped = EcPoint::generator(curve).mul(&nonce).unwrap().add(&h).unwrap();
        let expected = point(
            "8ced63c91426d4f0eb1435e7cb1d74a46723a0af21c89634f65a9ae87a9265e2\
             8c879506743f8611ac33645c5b985c80b5f09a0b83407c1b6a4d857ae76fe522",
        );
        assert_eq!(mapped, expected);
        let own = scalar("a73fb703ac1436a18e0cfa5abb3f7bec7a070e7a6788486bee230c4a22762595");
        let theirs = point(
            "9e880f842905b8b3181f7af7caa9f0efb743847f44a306d2d28c1d9ec65df6db\
             7764b22277a2eddc3c265a9f018f9cb852e111b768b326904b59a0193776f094",
        );
        let shared = "28768d20701247dae81804c9e780ede582a9996db4a315020b2733197db84925";
        assert_eq!(hex::encode(theirs.mul(&own).unwrap().x()), shared);
    }

    #[test]
    fn a_point_and_its_opposite_have_no_sum() {
        let curve = Curve::P256;
        let g = EcPoint::generator(curve);
        let minus_one = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550";
        let minus_one = Scalar::from_bytes(curve, &hex::decode(minus_one).unwrap()).unwrap();
        assert_eq!(g.add(&g.mul(&minus_one).unwrap()), Err(Error::InvalidPoint));
        assert_eq!(Scalar::from_bytes(curve, &[0; 40]).err(), Some(Error::InvalidScalar));
    }
}
