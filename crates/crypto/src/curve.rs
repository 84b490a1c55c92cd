//! Elliptic curves by OID, by parameter number, and by explicit parameters.
//!
//! German, Austrian, French and most other documents carry explicit parameters. They are accepted only when p, a, b,
//! G and n are exactly a known curve's (Doc 9303-11, 9.5.2; RFC 3279, 2.3.5): a curve of the signer's own making
//! would let it choose a generator for somebody else's public key (CVE-2020-0601).

use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, OctetStringRef, UintRef};
use der::{Decode as _, Encode as _, Sequence, Tag, Tagged as _};

use crate::Error;

/// A curve that this room computes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Curve {
    /// NIST P-256, secp256r1.
    P256,
    /// NIST P-384, secp384r1.
    P384,
    /// NIST P-521, secp521r1.
    P521,
    /// RFC 5639.
    BrainpoolP256r1,
    /// RFC 5639.
    BrainpoolP384r1,
}

/// A row of the table: numbers in hex, of the field's length.
struct Row {
    curve: Curve,
    name: &'static str,
    oid: &'static str,
    /// Number among the standardised domain parameters of Doc 9303-11, 9.5.1.
    parameter_id: u8,
    /// Bytes of a field element, and of a scalar.
    len: usize,
    p: &'static str,
    a: &'static str,
    b: &'static str,
    /// Uncompressed SEC 1.
    g: &'static str,
    n: &'static str,
}

#[rustfmt::skip]
const TABLE: &[Row] = &[
    Row {
        curve: Curve::P256, name: "P-256", oid: "1.2.840.10045.3.1.7", parameter_id: 12, len: 32,
        p: "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
        a: "ffffffff00000001000000000000000000000000fffffffffffffffffffffffc",
        b: "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
        g: "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
        n: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    },
    Row {
        curve: Curve::P384, name: "P-384", oid: "1.3.132.0.34", parameter_id: 15, len: 48,
        p: "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
        a: "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000fffffffc",
        b: "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
        g: "04aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab73617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
        n: "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    },
    Row {
        curve: Curve::P521, name: "P-521", oid: "1.3.132.0.35", parameter_id: 18, len: 66,
        p: "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        a: "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc",
        b: "0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
        g: "0400c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650",
        n: "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
    },
    Row {
        curve: Curve::BrainpoolP256r1, name: "brainpoolP256r1", oid: "1.3.36.3.3.2.8.1.1.7", parameter_id: 13, len: 32,
        p: "a9fb57dba1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e5377",
        a: "7d5a0975fc2c3057eef67530417affe7fb8055c126dc5c6ce94a4b44f330b5d9",
        b: "26dc5c6ce94a4b44f330b5d9bbd77cbf958416295cf7e1ce6bccdc18ff8c07b6",
        g: "048bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace3262547ef835c3dac4fd97f8461a14611dc9c27745132ded8e545c1d54c72f046997",
        n: "a9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7",
    },
    Row {
        curve: Curve::BrainpoolP384r1, name: "brainpoolP384r1", oid: "1.3.36.3.3.2.8.1.1.11", parameter_id: 16, len: 48,
        p: "8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b412b1da197fb71123acd3a729901d1a71874700133107ec53",
        a: "7bc382c63d8c150c3c72080ace05afa0c2bea28e4fb22787139165efba91f90f8aa5814a503ad4eb04a8c7dd22ce2826",
        b: "04a8c7dd22ce28268b39b55416f0447c2fb77de107dcd2a62e880ea53eeb62d57cb4390295dbc9943ab78696fa504c11",
        g: "041d1c64f068cf45ffa2a63a81b7c13f6b8847a3e77ef14fe3db7fcafe0cbd10e8e826e03436d646aaef87b2e247d4af1e8abe1d7520f9c2a45cb1eb8e95cfd55262b70b29feec5864e19c054ff99129280e4646217791811142820341263c5315",
        n: "8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b31f166e6cac0425a7cf3ab6af6b7fc3103b883202e9046565",
    },
];

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
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.curve)
    }

    fn row(self) -> &'static Row {
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

/// For the table's own constants only.
fn unhex(text: &str) -> Vec<u8> {
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
