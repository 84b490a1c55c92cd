//! Scalars and points: the group arithmetic that ECDH, PACE and ECDSA stand on.

use std::fmt;

use elliptic_curve::sec1::ToSec1Point as _;
use elliptic_curve::{Generate as _, Group as _, PrimeField as _};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::with_curve;
use crate::{Curve, Error};

type Projective<C> = elliptic_curve::ProjectivePoint<C>;
type Affine<C> = elliptic_curve::AffinePoint<C>;
type FieldScalar<C> = elliptic_curve::Scalar<C>;

/// A number modulo the order of a curve, not zero. Its bytes are erased when it goes.
#[derive(Clone)]
pub struct Scalar {
    pub(super) curve: Curve,
    pub(super) bytes: Zeroizing<Vec<u8>>,
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
    /// Erased when it goes: the point may be a shared secret.
    sec1: Zeroizing<Vec<u8>>,
}

impl EcPoint {
    /// The curve's generator.
    #[must_use]
    pub fn generator(curve: Curve) -> Self {
        Self { curve, sec1: Zeroizing::new(curve.generator()) }
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
        if valid { Ok(Self { curve, sec1: Zeroizing::new(sec1.to_vec()) }) } else { Err(Error::InvalidPoint) }
    }

    /// The curve.
    #[must_use]
    pub fn curve(&self) -> Curve {
        self.curve
    }

    /// Uncompressed SEC 1: 04, x, y.
    #[must_use]
    pub fn to_sec1(&self) -> Vec<u8> {
        self.sec1.to_vec()
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
                let point = self.projective::<C>()?;
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
                let sum = self.projective::<C>()? + other.projective::<C>()?;
                Self::encode::<C>(sum)
            })
        })
    }

    fn compute(&self, result: impl FnOnce() -> Option<Vec<u8>>) -> Result<Self, Error> {
        result().map(|sec1| Self { curve: self.curve, sec1: Zeroizing::new(sec1) }).ok_or(Error::InvalidPoint)
    }

    /// The point in the arithmetic of its curve `C`.
    pub(super) fn projective<C>(&self) -> Option<Projective<C>>
    where
        C: elliptic_curve::CurveArithmetic,
        Affine<C>: elliptic_curve::sec1::FromSec1Point<C> + elliptic_curve::sec1::ToSec1Point<C>,
        elliptic_curve::FieldBytesSize<C>: elliptic_curve::sec1::ModulusSize,
    {
        elliptic_curve::PublicKey::<C>::from_sec1_bytes(&self.sec1).ok().map(|key| key.to_projective())
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
