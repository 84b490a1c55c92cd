//! Elliptic curves by OID, by parameter number, and by explicit parameters.
//!
//! German, Austrian, French and most other documents carry explicit parameters. They are accepted only when p, a, b,
//! G and n are exactly a known curve's (Doc 9303-11, 9.5.2; RFC 3279, 2.3.5): a curve of the signer's own making
//! would let it choose a generator for somebody else's public key (CVE-2020-0601).

mod table;

use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, OctetStringRef, UintRef};
use der::{Decode as _, Encode as _, Sequence, Tag, Tagged as _};

use table::{Row, TABLE};

use crate::Error;

/// A curve that this room computes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Curve {
    /// NIST P-192, secp192r1.
    P192,
    /// NIST P-224, secp224r1.
    P224,
    /// NIST P-256, secp256r1.
    P256,
    /// NIST P-384, secp384r1.
    P384,
    /// NIST P-521, secp521r1.
    P521,
    /// RFC 5639.
    BrainpoolP192r1,
    /// RFC 5639.
    BrainpoolP224r1,
    /// RFC 5639.
    BrainpoolP256r1,
    /// RFC 5639.
    BrainpoolP320r1,
    /// RFC 5639.
    BrainpoolP384r1,
    /// RFC 5639.
    BrainpoolP512r1,
}

const ID_PRIME_FIELD: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.1.1");

/// ```text
/// ECParameters ::= SEQUENCE {
///     version INTEGER { ecpVer1(1) (1..3) }, fieldID FieldID, curve Curve, base ECPoint,
///     order INTEGER, cofactor INTEGER OPTIONAL, .. }
/// ```
/// RFC 3279, 2.3.5. The hash field of newer versions is unused by documents and refused.
#[derive(Sequence)]
struct EcParameters<'a> {
    version: u8,
    field: FieldId<'a>,
    curve: Coefficients<'a>,
    base: &'a OctetStringRef,
    order: UintRef<'a>,
    #[asn1(optional = "true")]
    cofactor: Option<UintRef<'a>>,
}

#[derive(Sequence)]
struct FieldId<'a> {
    kind: ObjectIdentifier,
    prime: UintRef<'a>,
}

#[derive(Sequence)]
struct Coefficients<'a> {
    a: &'a OctetStringRef,
    b: &'a OctetStringRef,
    #[asn1(optional = "true")]
    seed: Option<BitStringRef<'a>>,
}

impl Curve {
    /// Every curve.
    pub fn all() -> impl Iterator<Item = Self> + Clone {
        TABLE.iter().map(|row| row.curve)
    }

    pub(crate) const fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// The curve of an OID in dotted form.
    #[must_use]
    pub fn from_oid(oid: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.oid == oid).map(|row| row.curve)
    }

    /// The OID in dotted form.
    #[must_use]
    pub fn oid(self) -> &'static str {
        self.row().oid
    }

    /// The curve of a standardised domain parameter number (Doc 9303-11, 9.5.1).
    #[must_use]
    pub fn from_parameter_id(id: u8) -> Option<Self> {
        TABLE.iter().find(|row| row.parameter_id == id).map(|row| row.curve)
    }

    /// Its standardised domain parameter number.
    #[must_use]
    pub fn parameter_id(self) -> u8 {
        self.row().parameter_id
    }

    /// Bytes of a field element, and of a scalar.
    #[must_use]
    pub fn field_len(self) -> usize {
        self.row().len
    }

    /// `brainpoolP256r1`, `P-256`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The generator, uncompressed SEC 1.
    pub(crate) fn generator(self) -> Vec<u8> {
        unhex(self.row().g)
    }

    /// The order of the generator, of the field's length.
    #[must_use]
    pub fn order(self) -> Vec<u8> {
        unhex(self.row().n)
    }

    /// Reads the parameters of an AlgorithmIdentifier with `id-ecPublicKey`: a named curve, or explicit parameters
    /// (then the second value is true) that are exactly a known curve's. Seed and cofactor may be missing, leading
    /// zeros of the coefficients are tolerated.
    ///
    /// # Errors
    /// [`Error::UnsupportedAlgorithm`] for an unknown name, [`Error::UnknownCurve`] for other parameters.
    pub fn from_ec_parameters_der(der: &[u8]) -> Result<(Self, bool), Error> {
        let any = AnyRef::from_der(der).map_err(|_| Error::Malformed("EC parameters"))?;
        if any.tag() == Tag::ObjectIdentifier {
            let oid = any
                .decode_as::<ObjectIdentifier>()
                .map_err(|_| Error::Malformed("EC parameters"))?
                .to_string();
            return Self::from_oid(&oid).map(|curve| (curve, false)).ok_or(Error::UnsupportedAlgorithm(oid));
        }
        let parameters = EcParameters::from_der(der).map_err(|_| Error::Malformed("EC parameters"))?;
        if !(1..=3).contains(&parameters.version) {
            return Err(Error::Malformed("EC parameters"));
        }
        TABLE
            .iter()
            .find(|row| row.equals(&parameters))
            .map(|row| (row.curve, true))
            .ok_or(Error::UnknownCurve)
    }

    /// The named form of the parameters.
    #[must_use]
    pub fn named_parameters_der(self) -> Vec<u8> {
        ObjectIdentifier::new_unwrap(self.oid()).to_der().expect("an OID encodes")
    }

    /// The explicit form of the parameters, as documents carry it.
    #[must_use]
    pub fn explicit_parameters_der(self) -> Vec<u8> {
        let row = self.row();
        let [p, a, b, g, n] = [row.p, row.a, row.b, row.g, row.n].map(unhex);
        let encode = || -> der::Result<Vec<u8>> {
            EcParameters {
                version: 1,
                field: FieldId { kind: ID_PRIME_FIELD, prime: UintRef::new(&p)? },
                curve: Coefficients { a: OctetStringRef::new(&a)?, b: OctetStringRef::new(&b)?, seed: None },
                base: OctetStringRef::new(&g)?,
                order: UintRef::new(&n)?,
                cofactor: Some(UintRef::new(&[1])?),
            }
            .to_der()
        };
        encode().expect("the table's numbers encode")
    }
}

impl Row {
    fn equals(&self, parameters: &EcParameters<'_>) -> bool {
        let same = |mine: &str, theirs: &[u8]| trim(&unhex(mine)) == trim(theirs);
        parameters.field.kind == ID_PRIME_FIELD
            && same(self.p, parameters.field.prime.as_bytes())
            && same(self.a, parameters.curve.a.as_bytes())
            && same(self.b, parameters.curve.b.as_bytes())
            && self.is_generator(parameters.base.as_bytes())
            && same(self.n, parameters.order.as_bytes())
            && parameters.cofactor.is_none_or(|h| h.as_bytes() == [1])
    }

    /// Uncompressed, or compressed with the sign of y.
    fn is_generator(&self, base: &[u8]) -> bool {
        let g = unhex(self.g);
        let sign = 2 + (g[g.len() - 1] & 1);
        base == g || (base.first() == Some(&sign) && base[1..] == g[1..=self.len])
    }
}

fn trim(bytes: &[u8]) -> &[u8] {
    &bytes[bytes.iter().take_while(|b| **b == 0).count()..]
}

/// For the constants of tables only.
pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digit = |c: u8| if c.is_ascii_digit() { c - b'0' } else { c - b'a' + 10 };
    text.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_stands_at_its_number() {
        for row in TABLE {
            assert_eq!(row.curve.name(), row.name);
            assert_eq!(Curve::from_parameter_id(row.curve.parameter_id()), Some(row.curve));
            assert_eq!(Curve::from_oid(row.curve.oid()), Some(row.curve));
            assert_eq!([row.p, row.a, row.b, row.n].map(|n| n.len() / 2), [row.len; 4]);
        }
    }

    #[test]
    fn named_and_explicit_parameters_are_read_back() {
        for curve in Curve::all() {
            assert_eq!(Curve::from_ec_parameters_der(&curve.named_parameters_der()), Ok((curve, false)));
            assert_eq!(Curve::from_ec_parameters_der(&curve.explicit_parameters_der()), Ok((curve, true)));
        }
    }

    #[test]
    fn any_changed_number_makes_an_unknown_curve() {
        for curve in Curve::all() {
            let der = curve.explicit_parameters_der();
            let row = curve.row();
            for number in [row.p, row.a, row.b, row.g, row.n].map(unhex) {
                let at = der.windows(number.len()).position(|w| w == number).unwrap();
                let mut other = der.clone();
                other[at + number.len() - 1] ^= 2;
                assert_eq!(Curve::from_ec_parameters_der(&other), Err(Error::UnknownCurve), "{}", row.name);
            }
        }
    }

    /// Encodes explicit parameters of P-256 with one part replaced.
    fn explicit(a: &[u8], base: &[u8], seed: Option<&[u8]>, cofactor: Option<&[u8]>) -> Vec<u8> {
        let row = Curve::P256.row();
        let [p, b, n] = [row.p, row.b, row.n].map(unhex);
        let field = FieldId { kind: ID_PRIME_FIELD, prime: UintRef::new(&p).unwrap() };
        let octets = |bytes| OctetStringRef::new(bytes).unwrap();
        let seed = seed.map(|bits| BitStringRef::from_bytes(bits).unwrap());
        let curve = Coefficients { a: octets(a), b: octets(&b), seed };
        let cofactor = cofactor.map(|h| UintRef::new(h).unwrap());
        let order = UintRef::new(&n).unwrap();
        EcParameters { version: 1, field, curve, base: octets(base), order, cofactor }.to_der().unwrap()
    }

    #[test]
    fn seed_and_cofactor_may_be_missing_and_leading_zeros_stand() {
        let row = Curve::P256.row();
        let [a, g] = [row.a, row.g].map(unhex);
        let compressed = [&[3], &g[1..33]].concat();
        let found = Ok((Curve::P256, true));
        assert_eq!(Curve::from_ec_parameters_der(&explicit(&a, &g, None, None)), found);
        assert_eq!(Curve::from_ec_parameters_der(&explicit(&a, &g, Some(&[1; 20]), Some(&[1]))), found);
        assert_eq!(Curve::from_ec_parameters_der(&explicit(&[&[0], &a[..]].concat(), &g, None, None)), found);
        assert_eq!(Curve::from_ec_parameters_der(&explicit(&a, &compressed, None, None)), found);
        let other_sign = [&[2], &g[1..33]].concat();
        for other in [
            explicit(&a, &g, None, Some(&[2])),
            explicit(&a, &other_sign, None, None),
            explicit(&a, &[], None, None),
        ] {
            assert_eq!(Curve::from_ec_parameters_der(&other), Err(Error::UnknownCurve));
        }
    }

    #[test]
    fn an_unknown_name_is_refused() {
        let secp256k1 = ObjectIdentifier::new_unwrap("1.3.132.0.10").to_der().unwrap();
        let refused = Err(Error::UnsupportedAlgorithm("1.3.132.0.10".into()));
        assert_eq!(Curve::from_ec_parameters_der(&secp256k1), refused);
        for der in [&[][..], &[5, 0], &[0x30, 0x80, 0, 0], &[6, 0x84, 0xff, 0xff, 0xff, 0xff]] {
            assert_eq!(Curve::from_ec_parameters_der(der), Err(Error::Malformed("EC parameters")), "{der:?}");
        }
    }
}
