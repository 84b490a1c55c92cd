//! Signatures at the edges of what ECDSA allows, made without a private key: for any point R and any s there is a key
//! Q = (s R - z G) / r under which (r, s) signs z, r being R's x coordinate modulo the order.

use elliptic_curve::bigint::{CheckedAdd as _, Encoding as _};
use elliptic_curve::sec1::{FromSec1Point, ModulusSize, ToSec1Point};
use elliptic_curve::{CurveArithmetic, Field as _, FieldBytesSize, Group as _, PrimeField as _};

use super::{EcPublicKey, EcdsaSignature, with_curve};
use crate::{Curve, Error, HashAlgorithm, Scalar};

type Projective<C> = elliptic_curve::ProjectivePoint<C>;
type FieldScalar<C> = elliptic_curve::Scalar<C>;

fn scalar<C: CurveArithmetic>(bytes: &[u8]) -> FieldScalar<C> {
    let repr = elliptic_curve::FieldBytes::<C>::try_from(bytes).unwrap();
    FieldScalar::<C>::from_repr(repr).unwrap()
}

/// The number of a digest modulo the order; every order here but that of P-521 has whole bytes.
fn z<C: CurveArithmetic>(curve: Curve, digest: &[u8]) -> FieldScalar<C> {
    let cut = &digest[..digest.len().min(curve.field_len())];
    scalar::<C>(Scalar::from_bytes_reduced(curve, cut).unwrap().as_bytes())
}

/// Writes the number `offset` + `small`, big-endian, of the field's length.
fn plus(offset: &[u8], small: u32) -> Vec<u8> {
    let mut number = offset.to_vec();
    let mut carry = small;
    for byte in number.iter_mut().rev() {
        carry += u32::from(*byte);
        *byte = carry as u8;
        carry >>= 8;
    }
    assert_eq!(carry, 0);
    number
}

/// A point with an x coordinate just above `offset`, and its distance.
fn point_above<C>(offset: &[u8]) -> (Projective<C>, u32)
where
    C: CurveArithmetic,
    elliptic_curve::AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    let lift = |distance| {
        let sec1 = [&[2], &plus(offset, distance)[..]].concat();
        elliptic_curve::PublicKey::<C>::from_sec1_bytes(&sec1).ok().map(|key| (key.to_projective(), distance))
    };
    (1..200).find_map(lift).expect("every second number is a coordinate")
}

/// Makes the key and verifies the signature and its neighbours.
fn check<C>(curve: Curve, point: Projective<C>, r: FieldScalar<C>, s: FieldScalar<C>)
where
    C: CurveArithmetic,
    elliptic_curve::AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    for hash in HashAlgorithm::all() {
        let digest = hash.digest(b"m");
        let key = (point * s - Projective::<C>::generator() * z::<C>(curve, &digest)) * r.invert().unwrap();
        let key: elliptic_curve::AffinePoint<C> = key.into();
        let key = EcPublicKey::from_sec1(curve, key.to_sec1_point(false).as_bytes()).unwrap();
        let prepared = key.clone();
        prepared.prepare();
        let verify = |digest: &[u8], r: &[u8], s: &[u8]| {
            let signature = EcdsaSignature::new(r, s);
            let der = EcdsaSignature::from_der(&signature.to_der()).unwrap();
            assert_eq!(der, signature);
            let verdict = key.verify_prehash(digest, &der);
            assert_eq!(prepared.verify_prehash(digest, &der), verdict, "prepared");
            verdict
        };
        let name = format!("{} {}", curve.name(), hash.name());
        let refused = Err(Error::Signature);
        let repr = |number: FieldScalar<C>| number.to_repr().to_vec();
        assert_eq!(verify(&digest, &repr(r), &repr(s)), Ok(()), "{name}");
        assert_eq!(verify(&digest, &repr(r), &repr(-s)), Ok(()), "{name}: the opposite s");
        assert_eq!(verify(&digest, &repr(r + FieldScalar::<C>::ONE), &repr(s)), refused, "{name}");
        assert_eq!(verify(&digest, &repr(r), &repr(s + s)), refused, "{name}");
        let mut other = digest.clone();
        other[0] ^= 1;
        assert_eq!(verify(&other, &repr(r), &repr(s)), refused, "{name}: another digest");
        // The same numbers plus the order are the same to arithmetic, and out of range.
        let beyond = |number: FieldScalar<C>| {
            let uint: C::Uint = number.into();
            let sum = uint.checked_add(C::ORDER.as_ref()).into_option();
            sum.map_or_else(|| vec![0xff; 90], |sum: C::Uint| sum.to_be_bytes().as_ref().to_vec())
        };
        assert_eq!(verify(&digest, &beyond(r), &repr(s)), refused, "{name}: r plus the order");
        assert_eq!(verify(&digest, &repr(r), &beyond(s)), refused, "{name}: s plus the order");
        for zero_or_order in [&[0][..], &curve.order()] {
            assert_eq!(verify(&digest, zero_or_order, &repr(s)), refused, "{name}");
            assert_eq!(verify(&digest, &repr(r), zero_or_order), refused, "{name}");
        }
    }
}

fn generator_x(curve: Curve) -> Vec<u8> {
    curve.generator()[1..=curve.field_len()].to_vec()
}

/// s of one and of the order less one, over the generator, for every length of digest.
#[test]
fn the_smallest_and_the_largest_s_verify() {
    for curve in Curve::all() {
        let r = Scalar::from_bytes_reduced(curve, &generator_x(curve)).unwrap();
        with_curve!(curve, C => {
            let (r, one) = (scalar::<C>(r.as_bytes()), FieldScalar::<C>::ONE);
            check::<C>(curve, Projective::<C>::generator(), r, one);
            check::<C>(curve, Projective::<C>::generator(), r, -one);
        });
    }
}

/// Every order here is below its field's prime: a coordinate between the two is reduced to a small r.
#[test]
fn an_r_that_was_reduced_verifies() {
    for curve in Curve::all() {
        with_curve!(curve, C => {
            let (point, distance) = point_above::<C>(&curve.order());
            check::<C>(curve, point, FieldScalar::<C>::from(u64::from(distance)), FieldScalar::<C>::from(7u64));
            let (point, small) = point_above::<C>(&vec![0; curve.field_len()]);
            check::<C>(curve, point, FieldScalar::<C>::from(u64::from(small)), FieldScalar::<C>::from(7u64));
        });
    }
}
