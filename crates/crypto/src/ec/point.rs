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

    /// Takes a big-endian number of any length modulo the order: a chip chooses the length of its PACE nonce
    /// (Doc 9303-11, 4.4.3.3), and with AES-256 it is usually 32 bytes, so it may stand above the order.
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

    /// This number divided by another, modulo the order: what a chip proves with in the Chip Authentication Mapping of
    /// PACE (Doc 9303-11, 4.4.3.5.1).
    ///
    /// # Errors
    /// [`Error::KeyMismatch`]: another curve.
    pub fn divided_by(&self, divisor: &Self) -> Result<Self, Error> {
        if divisor.curve != self.curve {
            return Err(Error::KeyMismatch);
        }
        let quotient = with_curve!(self.curve, C => {
            let number = |scalar: &Self| {
                let repr = elliptic_curve::FieldBytes::<C>::try_from(scalar.as_bytes()).ok()?;
                FieldScalar::<C>::from_repr(repr).into_option()
            };
            number(divisor)
                .and_then(|divisor| elliptic_curve::Field::invert(&divisor).into_option())
                .zip(number(self))
                .map(|(inverse, number)| Zeroizing::new((number * inverse).to_repr().to_vec()))
        });
        Self::from_bytes(self.curve, &quotient.ok_or(Error::InvalidScalar)?)
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

    /// Reads a SEC 1 point as a certificate may hold it: uncompressed, or compressed (RFC 5480 2.2).
    ///
    /// # Errors
    /// [`Error::InvalidPoint`].
    pub fn from_sec1_or_compressed(curve: Curve, sec1: &[u8]) -> Result<Self, Error> {
        if sec1.len() != 1 + curve.field_len() || !matches!(sec1[0], 2 | 3) {
            return Self::from_sec1(curve, sec1);
        }
        let whole = with_curve!(curve, C => {
            let key = elliptic_curve::PublicKey::<C>::from_sec1_bytes(sec1).ok();
            key.map(|key| key.as_affine().to_sec1_point(false).as_bytes().to_vec())
        });
        whole.ok_or(Error::InvalidPoint).and_then(|sec1| Self::from_sec1(curve, &sec1))
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

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    #[test]
    fn only_points_of_the_curve_are_taken() {
        let key = Scalar::random(Curve::BrainpoolP256r1, &mut ChaCha20Rng::seed_from_u64(1));
        let sec1 = EcPoint::generator(Curve::BrainpoolP256r1).mul(&key).unwrap().to_sec1();
        assert!(EcPoint::from_sec1(Curve::BrainpoolP256r1, &sec1).is_ok());
        assert_eq!(EcPoint::from_sec1(Curve::P256, &sec1), Err(Error::InvalidPoint));
        let mut off = sec1.clone();
        off[64] ^= 1;
        assert_eq!(EcPoint::from_sec1(Curve::BrainpoolP256r1, &off), Err(Error::InvalidPoint));
        assert_eq!(EcPoint::from_sec1(Curve::BrainpoolP256r1, &[0]), Err(Error::InvalidPoint));
        assert_eq!(EcPoint::from_sec1(Curve::BrainpoolP256r1, &[0; 65]), Err(Error::InvalidPoint));
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

    /// The neutral element has no name, so a point and its opposite have no sum.
    #[test]
    fn infinity_is_no_point() {
        for curve in Curve::all() {
            let g = EcPoint::generator(curve);
            let minus_one = Scalar::from_bytes(curve, &below(curve.order())).unwrap();
            assert_eq!(g.add(&g.mul(&minus_one).unwrap()), Err(Error::InvalidPoint), "{}", curve.name());
        }
    }

    fn below(mut number: Vec<u8>) -> Vec<u8> {
        *number.last_mut().unwrap() -= 1;
        number
    }

    #[test]
    fn scalars_are_from_one_to_the_order_less_one() {
        for curve in Curve::all() {
            let order = curve.order();
            assert!(Scalar::from_bytes(curve, &[1]).is_ok());
            assert!(Scalar::from_bytes(curve, &below(order.clone())).is_ok());
            assert_eq!(Scalar::from_bytes(curve, &order).err(), Some(Error::InvalidScalar));
            assert_eq!(Scalar::from_bytes(curve, &[0; 80]).err(), Some(Error::InvalidScalar));
            assert_eq!(Scalar::from_bytes(curve, &[]).err(), Some(Error::InvalidScalar));
            assert_eq!(Scalar::from_bytes(curve, &[1; 80]).err(), Some(Error::InvalidScalar));
        }
    }

    #[test]
    fn a_reduced_scalar_is_the_rest_modulo_the_order() {
        for curve in Curve::all() {
            let mut order_and_five = curve.order();
            let last = order_and_five.last_mut().unwrap();
            *last = last.checked_add(5).unwrap();
            let five = Scalar::from_bytes(curve, &[5]).unwrap();
            let reduced = |bytes: &[u8]| Scalar::from_bytes_reduced(curve, bytes);
            assert_eq!(reduced(&order_and_five).unwrap().as_bytes(), five.as_bytes());
            assert_eq!(reduced(&[0, 0, 5]).unwrap().as_bytes(), five.as_bytes());
            assert_eq!(reduced(&curve.order()).err(), Some(Error::InvalidScalar));
            let beyond = [&curve.order()[..], &[5]].concat();
            assert_eq!(reduced(&beyond).unwrap().as_bytes(), five.as_bytes());
        }
    }

    #[test]
    fn curves_do_not_mix() {
        let (g, h) = (EcPoint::generator(Curve::P256), EcPoint::generator(Curve::BrainpoolP256r1));
        assert_eq!(g.add(&h), Err(Error::KeyMismatch));
        assert_eq!(
            g.mul(&Scalar::from_bytes(Curve::BrainpoolP256r1, &[2]).unwrap()),
            Err(Error::KeyMismatch)
        );
        let two = Scalar::from_bytes(Curve::P256, &[2]).unwrap();
        assert_eq!(g.add(&g), g.mul(&two));
    }

    #[test]
    fn a_scalar_is_not_printed() {
        assert_eq!(format!("{:?}", Scalar::from_bytes(Curve::P256, &[42]).unwrap()), "Scalar(P-256, ..)");
    }
}
