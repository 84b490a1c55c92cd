//! ECDSA signatures, in DER or plain.

use der::asn1::UintRef;
use der::{Decode as _, Encode as _, Sequence};

use crate::{Curve, Error};

/// An ECDSA signature: r and s, big-endian, without leading zeros. Their range is checked when it is verified.
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
    fn new(r: &[u8], s: &[u8]) -> Self {
        let trim = |n: &[u8]| n[n.iter().take_while(|b| **b == 0).count()..].to_vec();
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
