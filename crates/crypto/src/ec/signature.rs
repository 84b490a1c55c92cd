//! ECDSA signatures, in DER or plain.

use der::asn1::UintRef;
use der::{Decode as _, Encode as _, Sequence};

use crate::{Curve, Error};

/// An ECDSA signature: r and s, big-endian, without leading zeros (zero itself is one byte). Their range is checked when it is verified.
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
    pub(super) fn new(r: &[u8], s: &[u8]) -> Self {
        let trim =
            |n: &[u8]| n[n.iter().position(|b| *b != 0).unwrap_or(n.len().saturating_sub(1))..].to_vec();
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

    /// r || s, each of the field's length. Of a signature that is not of this curve it makes a longer string, which
    /// [`EcdsaSignature::from_plain`] refuses.
    #[must_use]
    pub fn to_plain(&self, curve: Curve) -> Vec<u8> {
        let zeros = |n: &[u8]| vec![0; curve.field_len().saturating_sub(n.len())];
        [&zeros(&self.r)[..], &self.r, &zeros(&self.s), &self.s].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_back() {
        let plain = [[0; 32], [0xff; 32]].concat();
        let signature = EcdsaSignature::from_plain(Curve::P256, &plain).unwrap();
        assert_eq!(signature.to_plain(Curve::P256), plain);
        assert_eq!(EcdsaSignature::from_der(&signature.to_der()), Ok(signature));
    }

    #[test]
    fn a_plain_signature_of_another_length_is_refused() {
        assert!(EcdsaSignature::from_plain(Curve::P256, &[1; 64]).is_ok());
        for len in [0, 63, 65, 96] {
            let read = EcdsaSignature::from_plain(Curve::P256, &vec![1; len]);
            assert_eq!(read, Err(Error::Malformed("ECDSA signature")));
        }
        let longer = EcdsaSignature::from_plain(Curve::P384, &[1; 96]).unwrap();
        assert!(EcdsaSignature::from_plain(Curve::P256, &longer.to_plain(Curve::P256)).is_err());
    }

    #[test]
    fn der_that_is_not_two_positive_numbers_is_refused() {
        assert!(EcdsaSignature::from_der(&[0x30, 6, 2, 1, 1, 2, 1, 1]).is_ok());
        let malformed: [&[u8]; 6] = [
            &[0x30, 6, 2, 1, 0xff, 2, 1, 1],
            &[0x30, 7, 2, 2, 0, 1, 2, 1, 1],
            &[0x30, 6, 2, 1, 1, 2, 1, 1, 0],
            &[0x30, 0x81, 6, 2, 1, 1, 2, 1, 1],
            &[0x30, 3, 2, 1, 1],
            &[],
        ];
        for bad in malformed {
            assert_eq!(EcdsaSignature::from_der(bad), Err(Error::Malformed("ECDSA signature")), "{bad:?}");
        }
    }
}
