//! Diffie-Hellman in a prime field (Doc 9303-11, 9.5 and 9.6; RFC 2631): the groups of RFC 5114 by their number, and
//! the explicit parameters of a chip's key of Chip Authentication.
//!
//! A public number is taken only if it lies in the subgroup of order q: one outside would leak the private number
//! (RFC 2631, 2.1.5). So parameters without q (PKCS #3) are taken only if they are a group of the table.

mod spki;
mod table;

use std::fmt;

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, NonZero, Odd};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::Error;
use table::{Row, TABLE};

pub(crate) use spki::{DH_KEY_AGREEMENT, DH_PUBLIC_NUMBER};
pub use spki::{DhPrivateKey, DhPublicKey};

/// Bits of p of explicit parameters.
const P_BITS: [u32; 4] = [1024, 2048, 3072, 4096];
/// Bits of q of explicit parameters.
const Q_BITS: [u32; 3] = [160, 224, 256];

/// A subgroup of prime order q of the numbers modulo p, with its generator.
#[derive(Clone, PartialEq, Eq)]
pub struct DhGroup {
    p: Odd<BoxedUint>,
    q: BoxedUint,
    g: BoxedUint,
}

/// A number modulo q, not zero. Its bytes are erased when it goes.
#[derive(Clone)]
pub struct DhScalar(Zeroizing<Vec<u8>>);

/// A number of the subgroup, never 1.
#[derive(Clone, PartialEq, Eq)]
pub struct DhElement {
    group: DhGroup,
    /// Of p's length. Erased when it goes: it may be a shared secret.
    bytes: Zeroizing<Vec<u8>>,
}

impl DhGroup {
    /// The group of a standardised domain parameter number, 0 to 2 (Doc 9303-11, 9.5.1).
    #[must_use]
    pub fn from_parameter_id(id: u8) -> Option<Self> {
        TABLE.get(usize::from(id)).map(Self::of_row)
    }

    fn of_row(row: &Row) -> Self {
        let number = |hex| BoxedUint::from_be_slice_vartime(&crate::curve::unhex(hex));
        let p = Odd::new(number(row.p)).into_option().expect("a prime of the table is odd");
        Self { p, q: number(row.q), g: number(row.g) }
    }

    /// Takes parameters of listed sizes: q divides p - 1, and g lies in the subgroup of order q.
    pub(crate) fn from_numbers(p: &[u8], q: &[u8], g: &[u8]) -> Result<Self, Error> {
        if [p, q, g].iter().any(|n| n.len() > 4096 / 8) {
            return Err(Error::DhKey("size"));
        }
        let [p, q, g] = [p, q, g].map(BoxedUint::from_be_slice_vartime);
        if !P_BITS.contains(&p.bit_width_vartime()) || !Q_BITS.contains(&q.bit_width_vartime()) {
            return Err(Error::DhKey("size"));
        }
        let p = Odd::new(p).into_option().ok_or(Error::DhKey("even modulus"))?;
        let group = Self { p, q, g };
        if group.is_of_table() {
            return Ok(group);
        }
        let order = NonZero::new(group.q.clone()).into_option().ok_or(Error::DhKey("size"))?;
        if group.p_less_one().rem_vartime(&order) != BoxedUint::zero() {
            return Err(Error::DhKey("order"));
        }
        group.element_of(&group.g).map_err(|_| Error::DhKey("generator"))?;
        Ok(group)
    }

    /// The group of the table with this modulus and generator.
    pub(crate) fn known(p: &[u8], g: &[u8]) -> Option<Self> {
        let [p, g] = [p, g].map(BoxedUint::from_be_slice_vartime);
        TABLE.iter().map(Self::of_row).find(|group| *group.p.as_ref() == p && group.g == g)
    }

    fn is_of_table(&self) -> bool {
        TABLE.iter().any(|row| Self::of_row(row) == *self)
    }

    fn p_less_one(&self) -> BoxedUint {
        self.p.as_ref().wrapping_sub(BoxedUint::one())
    }

    /// Bits of p.
    #[must_use]
    pub fn bits(&self) -> usize {
        self.p.as_ref().bit_width_vartime() as usize
    }

    /// Bytes of a number of the group.
    #[must_use]
    pub fn number_len(&self) -> usize {
        self.bits() / 8
    }

    /// `MODP-2048-256`; `DH-3072` if it is none of the table.
    #[must_use]
    pub fn name(&self) -> String {
        let row = TABLE.iter().find(|row| Self::of_row(row) == *self);
        row.map_or_else(|| format!("DH-{}", self.bits()), |row| row.name.to_owned())
    }

    /// p, big-endian.
    #[must_use]
    pub fn modulus(&self) -> Vec<u8> {
        self.p.as_ref().to_be_bytes_trimmed_vartime().to_vec()
    }

    /// The generator.
    #[must_use]
    pub fn generator(&self) -> DhElement {
        self.element(&self.g)
    }

    fn element(&self, number: &BoxedUint) -> DhElement {
        let bytes = number.to_be_bytes_trimmed_vartime();
        let mut padded = Zeroizing::new(vec![0; self.number_len().saturating_sub(bytes.len())]);
        padded.extend_from_slice(&bytes);
        DhElement { group: self.clone(), bytes: padded }
    }

    /// Checks that a number lies in the subgroup and is not its neutral element.
    fn element_of(&self, number: &BoxedUint) -> Result<DhElement, Error> {
        let one = BoxedUint::one();
        let in_group = *number > one
            && *number < self.p_less_one()
            && self.power(number, &self.q, self.q.bit_width_vartime()) == one;
        if in_group { Ok(self.element(number)) } else { Err(Error::DhKey("public number")) }
    }

    /// Takes a public number: big-endian, leading zeros tolerated.
    ///
    /// # Errors
    /// [`Error::DhKey`]: outside the subgroup, or its neutral element.
    pub fn element_from_bytes(&self, bytes: &[u8]) -> Result<DhElement, Error> {
        let extra = bytes.iter().take_while(|b| **b == 0).count();
        if bytes.len() - extra > self.number_len() {
            return Err(Error::DhKey("public number"));
        }
        self.element_of(&BoxedUint::from_be_slice_vartime(&bytes[extra..]))
    }

    /// A uniformly random private number.
    pub fn random_scalar(&self, rng: &mut impl CryptoRng) -> DhScalar {
        let len = self.q.bit_width_vartime() as usize / 8;
        loop {
            let mut bytes = Zeroizing::new(vec![0; len]);
            rng.fill_bytes(&mut bytes);
            let number = BoxedUint::from_be_slice_vartime(&bytes);
            if number != BoxedUint::zero() && number < self.q {
                return DhScalar(bytes);
            }
        }
    }

    /// Takes a big-endian number of any length modulo q.
    ///
    /// # Errors
    /// [`Error::InvalidScalar`]: a multiple of q.
    pub fn scalar_from_bytes(&self, bytes: &[u8]) -> Result<DhScalar, Error> {
        let order = NonZero::new(self.q.clone()).into_option().ok_or(Error::InvalidScalar)?;
        if bytes.is_empty() {
            return Err(Error::InvalidScalar);
        }
        let number = BoxedUint::from_be_slice_vartime(bytes).rem_vartime(&order);
        if number == BoxedUint::zero() {
            return Err(Error::InvalidScalar);
        }
        Ok(DhScalar(Zeroizing::new(number.to_be_bytes().to_vec())))
    }

    /// Integrated mapping: a number modulo p to an element, `x^((p-1)/q)` (Doc 9303-11, 4.4.3.3.2).
    ///
    /// # Errors
    /// [`Error::DhKey`]: the result is 0 or 1.
    pub fn encode_number(&self, number: &[u8]) -> Result<DhElement, Error> {
        let order = NonZero::new(self.q.clone()).into_option().ok_or(Error::InvalidScalar)?;
        let (cofactor, _) = self.p_less_one().div_rem_vartime(&order);
        let number = BoxedUint::from_be_slice_vartime(number);
        let mapped = self.power(&number, &cofactor, cofactor.bit_width_vartime());
        if mapped <= BoxedUint::one() {
            return Err(Error::DhKey("mapped generator"));
        }
        Ok(self.element(&mapped))
    }

    fn power(&self, base: &BoxedUint, exponent: &BoxedUint, bits: u32) -> BoxedUint {
        let modulus = BoxedMontyParams::new_vartime(self.p.clone());
        self.residue(base, &modulus).pow_bounded_exp(exponent, bits).retrieve()
    }

    fn residue(&self, number: &BoxedUint, modulus: &BoxedMontyParams) -> BoxedMontyForm {
        let p = NonZero::new(self.p.as_ref().clone()).expect("an odd number is not zero");
        BoxedMontyForm::new(number.rem_vartime(&p), modulus)
    }
}

impl DhElement {
    /// The group.
    #[must_use]
    pub fn group(&self) -> &DhGroup {
        &self.group
    }

    /// Big-endian, of p's length: as a shared secret (RFC 2631, 2.1.2).
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Big-endian, without leading zeros: as an unsigned integer in a data object (Doc 9303-11, 9.4.3).
    #[must_use]
    pub fn to_unsigned(&self) -> Vec<u8> {
        self.bytes.iter().copied().skip_while(|b| *b == 0).collect()
    }

    fn number(&self) -> BoxedUint {
        BoxedUint::from_be_slice_vartime(&self.bytes)
    }

    /// This element to the power of `scalar`, in a time that depends on the group only.
    #[must_use]
    pub fn pow(&self, scalar: &DhScalar) -> Self {
        let exponent = BoxedUint::from_be_slice_vartime(&scalar.0);
        let bits = self.group.q.bit_width_vartime();
        self.group.element(&self.group.power(&self.number(), &exponent, bits))
    }

    /// The product of two elements.
    ///
    /// # Errors
    /// [`Error::KeyMismatch`]: another group. [`Error::DhKey`]: the product is 1.
    pub fn mul(&self, other: &Self) -> Result<Self, Error> {
        if other.group != self.group {
            return Err(Error::KeyMismatch);
        }
        let modulus = BoxedMontyParams::new_vartime(self.group.p.clone());
        let [a, b] = [self, other].map(|element| self.group.residue(&element.number(), &modulus));
        let product = (a * b).retrieve();
        if product <= BoxedUint::one() {
            return Err(Error::DhKey("product"));
        }
        Ok(self.group.element(&product))
    }
}

impl fmt::Debug for DhGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DhGroup({})", self.name())
    }
}

impl fmt::Debug for DhScalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DhScalar(..)")
    }
}

impl fmt::Debug for DhElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DhElement({})", self.group.name())
    }
}

#[cfg(test)]
mod tests;
