//! Keys, points and signatures on the curves of [`Curve`].
//!
//! Values hold a curve and bytes that were checked when they were made; the arithmetic of each curve is reached by
//! one macro, `with_curve`, so that a new curve is one line there and one row in the table of curves (and one in
//! `defined` if no crate has it).

mod comb;
mod defined;
#[cfg(test)]
mod edge_tests;
mod integrated;
mod key;
mod point;
mod signature;

use der::asn1::ObjectIdentifier;

pub use key::{EcPrivateKey, EcPublicKey};
pub use point::{EcPoint, Scalar};
pub use signature::EcdsaSignature;

#[cfg(doc)]
use crate::Curve;

pub(crate) const ID_EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// Runs `$body` with the type `$C` of a curve's arithmetic.
#[rustfmt::skip]
macro_rules! with_curve {
    ($curve:expr, $C:ident => $body:expr) => {
        match $curve {
            Curve::P192 => { type $C = $crate::ec::defined::p192::P192; $body }
            Curve::P224 => { type $C = $crate::ec::defined::p224::P224; $body }
            Curve::P256 => { type $C = p256::NistP256; $body }
            Curve::P384 => { type $C = p384::NistP384; $body }
            Curve::P521 => { type $C = p521::NistP521; $body }
            Curve::BrainpoolP192r1 => { type $C = $crate::ec::defined::bp192::BrainpoolP192r1; $body }
            Curve::BrainpoolP224r1 => { type $C = $crate::ec::defined::bp224::BrainpoolP224r1; $body }
            Curve::BrainpoolP256r1 => { type $C = bp256::BrainpoolP256r1; $body }
            Curve::BrainpoolP320r1 => { type $C = $crate::ec::defined::bp320::BrainpoolP320r1; $body }
            Curve::BrainpoolP384r1 => { type $C = bp384::BrainpoolP384r1; $body }
            Curve::BrainpoolP512r1 => { type $C = $crate::ec::defined::bp512::BrainpoolP512r1; $body }
        }
    };
}
use with_curve;
