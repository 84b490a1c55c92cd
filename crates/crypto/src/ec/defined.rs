//! The curves that nobody publishes in this generation of RustCrypto (docs/adr/0001-cryptography.md): Brainpool's of
//! 192, 224, 320 and 512 bits, and P-192 and P-224, of which only release candidates exist.
//!
//! The arithmetic is that of `primefield` (Montgomery form over `crypto-bigint`) and `primeorder` (complete formulas of
//! Renes, Costello and Batina); a curve is a line that names its integer and the numbers of its row in the table of
//! curves. Field and scalar stand in modules of their own, since the macros import the same trait twice.
//!
//! `crypto-bigint` has no byte encoding for 224 and 320 bits where words have 64, so these two compute in the next
//! longer integer: the modulus is padded with zeros, the encoding of an element is not.

use elliptic_curve::bigint::{U192, U256, U384, U512};
use elliptic_curve::consts::{U24, U28, U40, U64};

/// Hex, padded to `N` digits: the constants of the macros have the length of the integer.
const fn pad<const N: usize>(hex: &str) -> [u8; N] {
    let mut padded = [b'0'; N];
    let mut i = 0;
    while i < hex.len() {
        padded[N - hex.len() + i] = hex.as_bytes()[i];
        i += 1;
    }
    padded
}

const fn text(digits: &[u8]) -> &str {
    match core::str::from_utf8(digits) {
        Ok(text) => text,
        Err(_) => panic!("hex is ASCII"),
    }
}

/// A field modulo `$modulus`, in `super`. `$non_residue` is no square there, which is all that a square root needs.
macro_rules! element {
    ($Element:ident, $Uint:ident, $modulus:expr, $non_residue:literal) => {
        use elliptic_curve::bigint::$Uint;
        use elliptic_curve::ff::PrimeField as _;
        use elliptic_curve::subtle::{Choice, ConstantTimeEq as _, CtOption};

        const DIGITS: [u8; $Uint::BITS as usize / 4] = crate::ec::defined::pad($modulus);
        pub(super) const MODULUS: &str = crate::ec::defined::text(&DIGITS);

        primefield::monty_field_params! {
            name: Params,
            modulus: MODULUS,
            uint: $Uint,
            byte_order: primefield::ByteOrder::BigEndian,
            multiplicative_generator: $non_residue,
            doc: "Parameters of the modulus."
        }
        primefield::monty_field_element! {
            name: $Element,
            params: Params,
            uint: $Uint,
            doc: "An element."
        }
        primefield::monty_field_arithmetic! {
            name: $Element,
            params: Params,
            uint: $Uint
        }
    };
}

/// A module with the type of the curve's arithmetic. `$a` is the kind of the coefficient a, `$p` and `$n` are numbers
/// that are no square modulo p and n.
macro_rules! curve {
    ($module:ident, $Curve:ident, $Uint:ident, $Bytes:ident, $a:ident, $p:literal, $n:literal) => {
        pub(super) mod $module {
            use elliptic_curve::bigint::Odd;
            use elliptic_curve::hazmat::FieldArithmetic;
            use elliptic_curve::{CurveArithmetic, PrimeCurveArithmetic};
            use primeorder::{PrimeCurveParams, mul_backend, point_arithmetic};

            use super::{$Bytes, $Uint};
            use field::FieldElement;

            /// The curve, for the traits of RustCrypto.
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
            pub struct $Curve;

            #[allow(
                dead_code,
                deprecated,
                reason = "the macros of primefield make what every curve may need"
            )]
            mod field {
                element!(FieldElement, $Uint, crate::Curve::$Curve.row().p, $p);
                impl elliptic_curve::ops::BatchInvert for FieldElement {}
            }

            #[allow(
                dead_code,
                deprecated,
                reason = "the macros of primefield make what every curve may need"
            )]
            mod scalar {
                use elliptic_curve::subtle::ConstantTimeGreater as _;

                element!(Scalar, $Uint, crate::Curve::$Curve.row().n, $n);
                elliptic_curve::scalar_impls!(super::$Curve, Scalar);
                primeorder::wnaf::impl_wnaf_size_for_scalar!(Scalar);

                impl AsRef<Scalar> for Scalar {
                    fn as_ref(&self) -> &Scalar {
                        self
                    }
                }

                impl elliptic_curve::scalar::FromUintUnchecked for Scalar {
                    type Uint = $Uint;

                    fn from_uint_unchecked(uint: $Uint) -> Self {
                        Self::from_uint_unchecked(uint)
                    }
                }

                impl elliptic_curve::scalar::IsHigh for Scalar {
                    fn is_high(&self) -> Choice {
                        let half = <super::$Curve as elliptic_curve::Curve>::ORDER.as_ref().shr_vartime(1);
                        self.to_canonical().ct_gt(&half)
                    }
                }

                impl elliptic_curve::ops::Reduce<$Uint> for Scalar {
                    fn reduce(number: &$Uint) -> Self {
                        Self::from_uint_unchecked(*number)
                    }
                }

                impl elliptic_curve::ops::Reduce<elliptic_curve::FieldBytes<super::$Curve>> for Scalar {
                    fn reduce(bytes: &elliptic_curve::FieldBytes<super::$Curve>) -> Self {
                        Self::from_uint_unchecked(elliptic_curve::field::bytes_to_uint::<super::$Curve>(
                            bytes,
                        ))
                    }
                }
            }

            impl elliptic_curve::Curve for $Curve {
                type FieldBytesSize = $Bytes;
                type Uint = $Uint;
                const ORDER: Odd<$Uint> = Odd::<$Uint>::from_be_hex(scalar::MODULUS);
            }

            impl elliptic_curve::PrimeCurve for $Curve {}

            impl elliptic_curve::point::PointCompression for $Curve {
                const COMPRESS_POINTS: bool = false;
            }

            impl CurveArithmetic for $Curve {
                type AffinePoint = primeorder::AffinePoint<Self>;
                type ProjectivePoint = primeorder::ProjectivePoint<Self>;
                type Scalar = scalar::Scalar;
            }

            impl FieldArithmetic for $Curve {
                type FieldElement = FieldElement;
            }

            impl PrimeCurveArithmetic for $Curve {
                type CurveGroup = primeorder::ProjectivePoint<Self>;
            }

            impl PrimeCurveParams for $Curve {
                type PointArithmetic = point_arithmetic::$a;
                type Backend = mul_backend::VariableOnly;
                const EQUATION_A: FieldElement = FieldElement::from_hex_vartime(crate::Curve::$Curve.row().a);
                const EQUATION_B: FieldElement = FieldElement::from_hex_vartime(crate::Curve::$Curve.row().b);
                const GENERATOR: (FieldElement, FieldElement) = {
                    let (x, y) = crate::Curve::$Curve.row().generator_hex();
                    (FieldElement::from_hex_vartime(x), FieldElement::from_hex_vartime(y))
                };
            }

            impl ecdsa::EcdsaCurve for $Curve {
                const NORMALIZE_S: bool = false;
            }
        }
    };
}

curve!(p192, P192, U192, U24, EquationAIsMinusThree, 11, 3);
curve!(p224, P224, U256, U28, EquationAIsMinusThree, 11, 2);
curve!(bp192, BrainpoolP192r1, U192, U24, EquationAIsGeneric, 3, 7);
curve!(bp224, BrainpoolP224r1, U256, U28, EquationAIsGeneric, 3, 3);
curve!(bp320, BrainpoolP320r1, U384, U40, EquationAIsGeneric, 5, 3);
curve!(bp512, BrainpoolP512r1, U512, U64, EquationAIsGeneric, 2, 7);
