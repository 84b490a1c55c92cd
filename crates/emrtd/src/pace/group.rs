//! The group that PACE computes in: a curve, or a prime field (Doc 9303-11, 9.5.1).

use crypto::{Curve, DhElement, DhGroup, DhScalar, EcPoint, Error, Scalar};
use lds::security_info::KeyAgreement;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// Standardised domain parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaceGroup {
    /// 8 to 18.
    Ec(Curve),
    /// 0 to 2, by this number.
    Dh(u8),
}

/// A private number.
pub(super) enum Exponent {
    Ec(Scalar),
    Dh(DhScalar),
}

/// A point, or a number of the subgroup.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Element {
    Ec(EcPoint),
    Dh(DhElement),
}

impl PaceGroup {
    /// The group of a number of Doc 9303-11, 9.5.1; `None`: reserved.
    #[must_use]
    pub fn from_parameter_id(id: u64) -> Option<Self> {
        let id = u8::try_from(id).ok()?;
        match DhGroup::from_parameter_id(id) {
            Some(_) => Some(Self::Dh(id)),
            None => Curve::from_parameter_id(id).map(Self::Ec),
        }
    }

    /// Its number.
    #[must_use]
    pub fn parameter_id(self) -> u8 {
        match self {
            Self::Ec(curve) => curve.parameter_id(),
            Self::Dh(id) => id,
        }
    }

    /// Which Diffie-Hellman it is for.
    #[must_use]
    pub fn agreement(self) -> KeyAgreement {
        match self {
            Self::Ec(_) => KeyAgreement::Ecdh,
            Self::Dh(_) => KeyAgreement::Dh,
        }
    }

    /// Bits of the field's modulus.
    pub(super) fn modulus_bits(self) -> usize {
        match self {
            Self::Ec(Curve::P521) => 521,
            Self::Ec(curve) => 8 * curve.field_len(),
            Self::Dh(id) => Self::field(id).bits(),
        }
    }

    fn field(id: u8) -> DhGroup {
        DhGroup::from_parameter_id(id).expect("the number was found in the table")
    }

    pub(super) fn generator(self) -> Element {
        match self {
            Self::Ec(curve) => Element::Ec(EcPoint::generator(curve)),
            Self::Dh(id) => Element::Dh(Self::field(id).generator()),
        }
    }

    /// Reads a public key as it stands in a data object (9.4.5).
    pub(super) fn element(self, bytes: &[u8]) -> Result<Element, Error> {
        match self {
            Self::Ec(curve) => EcPoint::from_sec1(curve, bytes).map(Element::Ec),
            Self::Dh(id) => Self::field(id).element_from_bytes(bytes).map(Element::Dh),
        }
    }

    /// The element that integrated mapping gives a number (4.4.3.3.2).
    pub(super) fn encode_number(self, number: &[u8]) -> Result<Element, Error> {
        match self {
            Self::Ec(curve) => EcPoint::encode_number(curve, number).map(Element::Ec),
            Self::Dh(id) => Self::field(id).encode_number(number).map(Element::Dh),
        }
    }

    pub(super) fn random(self, rng: &mut impl CryptoRng) -> Exponent {
        match self {
            Self::Ec(curve) => Exponent::Ec(Scalar::random(curve, rng)),
            Self::Dh(id) => Exponent::Dh(Self::field(id).random_scalar(rng)),
        }
    }

    /// A nonce as a number modulo the order.
    pub(super) fn reduce(self, nonce: &[u8]) -> Result<Exponent, Error> {
        match self {
            Self::Ec(curve) => Scalar::from_bytes_reduced(curve, nonce).map(Exponent::Ec),
            Self::Dh(id) => Self::field(id).scalar_from_bytes(nonce).map(Exponent::Dh),
        }
    }
}

impl Element {
    /// As it stands in a data object (9.4.5): an uncompressed point, or a number without leading zeros.
    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Ec(point) => point.to_sec1(),
            Self::Dh(number) => number.to_unsigned(),
        }
    }

    /// The tag in a public key data object (9.4.1, 9.4.2).
    pub(super) fn tag(&self) -> u32 {
        match self {
            Self::Ec(_) => 0x86,
            Self::Dh(_) => 0x84,
        }
    }

    /// As a shared secret: x, or the number, of the field's length.
    pub(super) fn secret(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            Self::Ec(point) => point.x().to_vec(),
            Self::Dh(number) => number.as_bytes().to_vec(),
        })
    }

    pub(super) fn times(&self, exponent: &Exponent) -> Result<Self, Error> {
        match (self, exponent) {
            (Self::Ec(point), Exponent::Ec(scalar)) => point.mul(scalar).map(Self::Ec),
            (Self::Dh(number), Exponent::Dh(scalar)) => Ok(Self::Dh(number.pow(scalar))),
            _ => Err(Error::KeyMismatch),
        }
    }

    pub(super) fn plus(&self, other: &Self) -> Result<Self, Error> {
        match (self, other) {
            (Self::Ec(a), Self::Ec(b)) => a.add(b).map(Self::Ec),
            (Self::Dh(a), Self::Dh(b)) => a.mul(b).map(Self::Dh),
            _ => Err(Error::KeyMismatch),
        }
    }
}
