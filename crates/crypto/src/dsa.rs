//! DSA signatures (FIPS 186-4), verified only: Doc 9303-12 allows them to States.
//!
//! The pairs of sizes are those of FIPS 186-4, 4.2, without the oldest. Neither p nor q is tested for being prime, which
//! would cost more than any verification; that q divides p - 1 and that g and y lie in the subgroup of order q is.

use std::fmt;

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, NonZero, Odd};
use der::asn1::{AnyRef, UintRef};
use der::{Decode as _, Encode as _, Sequence};

use crate::Error;

/// Bits of p and q.
const SIZES: [(u32, u32); 3] = [(2048, 224), (2048, 256), (3072, 256)];

/// A public key with its domain parameters.
#[derive(Clone, PartialEq, Eq)]
pub struct DsaPublicKey {
    p: Odd<BoxedUint>,
    q: Odd<BoxedUint>,
    g: BoxedUint,
    y: BoxedUint,
}

/// ```text
/// Dss-Parms ::= SEQUENCE { p INTEGER, q INTEGER, g INTEGER }
/// ```
/// RFC 3279, 2.3.2. Parameters that are inherited from the issuer are not supported.
#[derive(Sequence)]
struct DssParms<'a> {
    p: UintRef<'a>,
    q: UintRef<'a>,
    g: UintRef<'a>,
}

/// A signature: r and s. Their range is checked when it is verified.
pub(crate) struct DsaSignature {
    r: BoxedUint,
    s: BoxedUint,
}

/// RFC 3279, 2.2.2.
#[derive(Sequence)]
struct DssSigValue<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

impl DsaSignature {
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, Error> {
        let value = DssSigValue::from_der(der).map_err(|_| Error::Malformed("DSA signature"))?;
        let number = |n: UintRef<'_>| BoxedUint::from_be_slice_vartime(n.as_bytes());
        Ok(Self { r: number(value.r), s: number(value.s) })
    }
}

impl DsaPublicKey {
    /// Takes the parameters and the number of a SubjectPublicKeyInfo with `id-dsa`.
    pub(crate) fn from_der(parameters: AnyRef<'_>, key: &[u8]) -> Result<Self, Error> {
        let malformed = |_| Error::Malformed("DSA key");
        let domain = parameters.decode_as::<DssParms<'_>>().map_err(malformed)?;
        let y = UintRef::from_der(key).map_err(malformed)?;
        let numbers = [domain.p, domain.q, domain.g, y];
        if numbers.iter().any(|n| n.as_bytes().len() > 3072 / 8) {
            return Err(Error::DsaKey("size"));
        }
        let [p, q, g, y] = numbers.map(|n| BoxedUint::from_be_slice_vartime(n.as_bytes()));
        if !SIZES.contains(&(p.bit_width_vartime(), q.bit_width_vartime())) {
            return Err(Error::DsaKey("size"));
        }
        let odd = |n: BoxedUint| Odd::new(n).into_option().ok_or(Error::DsaKey("even modulus"));
        let key = Self { p: odd(p)?, q: odd(q)?, g, y };
        key.validate()?;
        Ok(key)
    }

    /// SP 800-89, 5.3.1: both lie in the subgroup, and neither is its neutral element.
    fn validate(&self) -> Result<(), Error> {
        let one = BoxedUint::one();
        let p_less_one = self.p.as_ref().wrapping_sub(&one);
        if p_less_one.rem_vartime(&nonzero(&self.q)) != BoxedUint::zero() {
            return Err(Error::DsaKey("order"));
        }
        let modulus = BoxedMontyParams::new_vartime(self.p.clone());
        for (number, name) in [(&self.g, "generator"), (&self.y, "public number")] {
            if *number <= one || *number >= p_less_one || power(number, &self.q, &modulus).retrieve() != one {
                return Err(Error::DsaKey(name));
            }
        }
        Ok(())
    }

    /// Bits of p.
    #[must_use]
    pub fn bits(&self) -> usize {
        self.p.as_ref().bit_width_vartime() as usize
    }

    /// FIPS 186-4, 4.7: a digest that is longer than q is cut.
    pub(crate) fn verify_prehash(&self, digest: &[u8], signature: &DsaSignature) -> Result<(), Error> {
        let DsaSignature { r, s } = signature;
        let in_range = |n: &BoxedUint| *n != BoxedUint::zero() && n < self.q.as_ref();
        if !in_range(r) || !in_range(s) {
            return Err(Error::Signature);
        }
        let (p, q) =
            (BoxedMontyParams::new_vartime(self.p.clone()), BoxedMontyParams::new_vartime(self.q.clone()));
        // Every q of the list has whole bytes.
        let len = digest.len().min(self.q.as_ref().bit_width_vartime() as usize / 8);
        let z = BoxedUint::from_be_slice_vartime(&digest[..len]);
        let residue = |n: &BoxedUint| BoxedMontyForm::new(n.rem_vartime(&nonzero(&self.q)), &q);
        let w = residue(s).invert_vartime().into_option().ok_or(Error::Signature)?;
        let (u1, u2) = ((residue(&z) * &w).retrieve(), (residue(r) * &w).retrieve());
        let v = (power(&self.g, &u1, &p) * power(&self.y, &u2, &p)).retrieve();
        if v.rem_vartime(&nonzero(&self.q)) == *r { Ok(()) } else { Err(Error::Signature) }
    }

    /// The parameters and the number, in DER.
    pub(crate) fn to_der(&self) -> (Vec<u8>, Vec<u8>) {
        let [p, q, g, y] = [self.p.as_ref(), self.q.as_ref(), &self.g, &self.y].map(BoxedUint::to_be_bytes);
        let encode = || -> der::Result<(Vec<u8>, Vec<u8>)> {
            let parms = DssParms { p: UintRef::new(&p)?, q: UintRef::new(&q)?, g: UintRef::new(&g)? };
            Ok((parms.to_der()?, UintRef::new(&y)?.to_der()?))
        };
        encode().expect("four numbers encode")
    }
}

impl fmt::Debug for DsaPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DsaPublicKey({} bits)", self.bits())
    }
}

fn nonzero(odd: &Odd<BoxedUint>) -> NonZero<BoxedUint> {
    NonZero::new(odd.as_ref().clone()).expect("an odd number is not zero")
}

/// Reduces the base first, which gives it the modulus' precision too.
fn power(base: &BoxedUint, exponent: &BoxedUint, modulus: &BoxedMontyParams) -> BoxedMontyForm {
    let residue = base.rem_vartime(&nonzero(modulus.modulus()));
    BoxedMontyForm::new(residue, modulus).pow_bounded_exp(exponent, exponent.bit_width_vartime())
}
