//! Integrated mapping on a curve: a field element becomes a point (Doc 9303-11, 4.4.3.3.2 and appendix B.2).

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, NonZero, Odd};

use super::EcPoint;
use crate::curve::unhex;
use crate::{Curve, Error};

impl EcPoint {
    /// The point of a number, which is taken modulo p: both candidates are computed, and one is chosen by a comparison.
    ///
    /// # Errors
    /// [`Error::UnsupportedAlgorithm`]: a field where p is not 3 modulo 4, that is P-224. [`Error::InvalidPoint`]: a
    /// number without point, which no random one is.
    pub fn encode_number(curve: Curve, number: &[u8]) -> Result<Self, Error> {
        let row = curve.row();
        let integer = |hex| BoxedUint::from_be_slice_vartime(&unhex(hex));
        let p = integer(row.p);
        let three = BoxedUint::from(3_u8);
        if p.to_be_bytes().last().is_none_or(|byte| byte & 3 != 3) {
            return Err(Error::UnsupportedAlgorithm(format!("integrated mapping on {}", curve.name())));
        }
        let odd = Odd::new(p.clone()).into_option().ok_or(Error::InvalidPoint)?;
        let modulus = BoxedMontyParams::new_vartime(odd);
        let nonzero = NonZero::new(p.clone()).into_option().ok_or(Error::InvalidPoint)?;
        let element = |n: &BoxedUint| BoxedMontyForm::new(n.rem_vartime(&nonzero), &modulus);
        let [a, b] = [row.a, row.b].map(|hex| element(&integer(hex)));
        let (one, t) = (BoxedMontyForm::one(&modulus), element(&BoxedUint::from_be_slice_vartime(number)));
        let inverse = |n: &BoxedMontyForm| n.invert().into_option().ok_or(Error::InvalidPoint);
        let cubic = |x: &BoxedMontyForm| &(&(&(x * x) * x) + &(&a * x)) + &b;

        // 1 to 5
        let alpha = -(&t * &t);
        let inner = &one + &inverse(&(&alpha + &(&alpha * &alpha)))?;
        let x2 = -(&(&b * &inverse(&a)?) * &inner);
        let x3 = &alpha * &x2;
        let h2 = cubic(&x2);
        let u = &(&(&t * &t) * &t) * &h2;
        // 6: A = h2^(p - 1 - (p + 1) / 4), and (p + 1) / 4 = (p - 3) / 4 + 1
        let quarter = p.wrapping_sub(&three).shr(2);
        let exponent = p.wrapping_sub(BoxedUint::from(2_u8)).wrapping_sub(&quarter);
        let root = h2.pow_bounded_exp(&exponent, p.bit_width_vartime());
        // 7
        let square = &(&root * &root) * &h2 == one;
        let (x, y) = if square { (x2, &root * &h2) } else { (x3, &root * &u) };

        let len = curve.field_len();
        let coordinate = |n: &BoxedMontyForm| {
            let bytes = n.retrieve().to_be_bytes_trimmed_vartime();
            let mut padded = vec![0; len.saturating_sub(bytes.len())];
            padded.extend_from_slice(&bytes);
            padded
        };
        Self::from_sec1(curve, &[vec![4], coordinate(&x), coordinate(&y)].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Doc 9303-11, appendix H.1.
    #[test]
    fn the_point_of_appendix_h_1_is_computed() {
        let number = "a2f8ff2df50e52c6599f386adcb595d229f6a167ade2be5f2c3296add5b7430e";
        let point = EcPoint::encode_number(Curve::BrainpoolP256r1, &hex::decode(number).unwrap()).unwrap();
        let expected = "048e82d31559ed0fde92a4d0498add3c23baba94fb77691e31e90aea77fb17d4274c1ae14bd0c3dbac0c871b7f3608169364437ca30ac243a089d3f266c1e60fad";
        assert_eq!(hex::encode(point.to_sec1()), expected);
    }

    #[test]
    fn a_point_is_found_on_each_curve_but_p_224() {
        for curve in Curve::all() {
            for number in 2..10_u8 {
                assert_eq!(
                    EcPoint::encode_number(curve, &[number]).is_ok(),
                    curve != Curve::P224,
                    "{curve:?}"
                );
            }
        }
    }
}
