//! Multiples of a point that verifies many signatures, after Lim and Lee ("More flexible exponentiation with
//! precomputation", CRYPTO '94): the digits of a scalar stand in a grid, and one look into the table adds a column of
//! it. Of the doublings of a verification one in [`TEETH`] is left, for both points together.
//!
//! Time depends on the scalars, which are no secret in a verification. The formulas of addition are complete, so no
//! signature of a stranger's making finds an exception.

use ecdsa::{EcdsaCurve, Signature};
use elliptic_curve::bigint::{BitOps as _, Encoding as _};
use elliptic_curve::ops::{Double as _, Invert as _, Reduce};
use elliptic_curve::point::AffineCoordinates as _;
use elliptic_curve::{CurveGroup as _, FieldBytes, PrimeField as _, Scalar};
use primeorder::{AffinePoint, PrimeCurveParams, ProjectivePoint};

/// Rows of the grid: a table has two to this power points, less one.
const TEETH: usize = 6;

/// Sums of the multiples of a point by powers of two that are [`columns`] apart.
pub(super) struct Comb<C: PrimeCurveParams>(Vec<AffinePoint<C>>);

/// Columns of the grid that the digits of a scalar fill.
fn columns<C: PrimeCurveParams>() -> usize {
    (8 * FieldBytes::<C>::default().len()).div_ceil(TEETH)
}

impl<C: PrimeCurveParams> Comb<C> {
    pub(super) fn new(point: &ProjectivePoint<C>) -> Self {
        let mut tooth = *point;
        let mut sums: Vec<ProjectivePoint<C>> = Vec::with_capacity((1 << TEETH) - 1);
        for _ in 0..TEETH {
            let with_others: Vec<_> = sums.iter().map(|sum| *sum + tooth).collect();
            sums.push(tooth);
            sums.extend(with_others);
            (0..columns::<C>()).for_each(|_| tooth.double_in_place());
        }
        let mut points = vec![AffinePoint::IDENTITY; sums.len()];
        ProjectivePoint::batch_normalize(&sums, &mut points);
        Self(points)
    }

    pub(super) fn of_generator() -> Self {
        Self::new(&ProjectivePoint::GENERATOR)
    }

    /// The point of a column; `None`: there is nothing to add.
    fn point(&self, scalar: &FieldBytes<C>, column: usize) -> Option<&AffinePoint<C>> {
        let digit = |place: usize| {
            let byte = scalar.len().checked_sub(1 + place / 8).and_then(|at| scalar.get(at)).copied();
            usize::from(byte.unwrap_or(0) >> (place % 8) & 1)
        };
        let index = (0..TEETH).fold(0, |index, row| index | digit(column + row * columns::<C>()) << row);
        self.0.get(index.checked_sub(1)?)
    }
}

/// ECDSA (FIPS 186-5, 6.4.2) over a digest of any length.
pub(super) fn verify<C>(generator: &Comb<C>, key: &Comb<C>, digest: &[u8], signature: &Signature<C>) -> bool
where
    C: PrimeCurveParams + EcdsaCurve,
{
    let (r, s) = signature.split_scalars();
    let inverse = *s.invert_vartime();
    let factors = [(generator, number::<C>(digest) * inverse), (key, *r * inverse)];
    let factors = factors.map(|(comb, factor)| (comb, factor.to_repr()));
    let mut sum = ProjectivePoint::<C>::IDENTITY;
    for column in (0..columns::<C>()).rev() {
        sum.double_in_place();
        for (comb, factor) in &factors {
            if let Some(point) = comb.point(factor, column) {
                sum += point;
            }
        }
    }
    // The x of infinity is zero, which r is not.
    number::<C>(&sum.to_affine().x()) == *r
}

/// The number of the leftmost bits, as many as the order has, modulo the order.
fn number<C: PrimeCurveParams>(bytes: &[u8]) -> Scalar<C> {
    let bits = C::ORDER.bit_width();
    let len = usize::try_from(bits.div_ceil(8)).unwrap_or(usize::MAX);
    let bytes = bytes.get(..len).unwrap_or(bytes);
    <Scalar<C> as Reduce<C::Uint>>::reduce(&C::Uint::from_be_slice_truncated(bytes, bits))
}
