//! DSA (FIPS 186-4), for the test plans that still sign with it.

use crypto::HashAlgorithm;
use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, NonZero, Odd};
use lds::tlv::{self, Element, tag};
use rand_core::Rng as _;

use crate::asn1;
use crate::keys::rng;

/// A private key with its domain parameters.
#[derive(Clone)]
pub struct DsaPrivateKey {
    p: BoxedUint,
    q: BoxedUint,
    g: BoxedUint,
    y: BoxedUint,
    x: BoxedUint,
}

impl std::fmt::Debug for DsaPrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DsaPrivateKey(..)")
    }
}

impl DsaPrivateKey {
    /// Reads `SEQUENCE { 0, p, q, g, y, x }`.
    pub(crate) fn from_der(der: &[u8]) -> lds::Result<Self> {
        let mut fields = tlv::read_one("DSA key", der, tag::SEQUENCE)?.children()?;
        fields.expect(tag::INTEGER)?;
        let number = |element: Element<'_>| BoxedUint::from_be_slice_vartime(element.value);
        let mut next = || fields.expect(tag::INTEGER).map(number);
        Ok(Self { p: next()?, q: next()?, g: next()?, y: next()?, x: next()? })
    }

    /// SubjectPublicKeyInfo, DER (RFC 3279 2.3.2).
    pub(crate) fn spki_der(&self) -> Vec<u8> {
        let parameters = asn1::sequence(&[integer(&self.p), integer(&self.q), integer(&self.g)]);
        let algorithm = asn1::sequence(&[asn1::oid("1.2.840.10040.4.1"), parameters]);
        asn1::sequence(&[algorithm, asn1::bit_string(&integer(&self.y))])
    }

    /// FIPS 186-4 4.6, the secret number out of the message.
    pub(crate) fn sign(&self, hash: HashAlgorithm, message: &[u8]) -> Vec<u8> {
        let (p, q) = (modulus(&self.p), modulus(&self.q));
        let residue = |n: &BoxedUint| BoxedMontyForm::new(n.rem_vartime(&nonzero(&self.q)), &q);
        let digest = hash.digest(message);
        let len = digest.len().min(self.q.bit_width_vartime() as usize / 8);
        let z = BoxedUint::from_be_slice_vartime(&digest[..len]);
        // 64 bits more than q has, so that no residue is likelier than another.
        let mut secret = vec![0; self.q.bit_width_vartime() as usize / 8 + 8];
        rng(&[message, b"DSA"].concat()).fill_bytes(&mut secret);
        let k = residue(&BoxedUint::from_be_slice_vartime(&secret));
        let k_inverse = k.invert_vartime().into_option().expect("q is prime and k is not zero");
        let exponent = k.retrieve();
        let power = BoxedMontyForm::new(self.g.rem_vartime(&nonzero(&self.p)), &p)
            .pow_bounded_exp(&exponent, exponent.bits_precision());
        let r = power.retrieve().rem_vartime(&nonzero(&self.q));
        let s = ((residue(&z) + residue(&self.x) * residue(&r)) * k_inverse).retrieve();
        asn1::sequence(&[integer(&r), integer(&s)])
    }
}

fn integer(number: &BoxedUint) -> Vec<u8> {
    tlv::encode_unsigned_bytes(&number.to_be_bytes())
}

fn nonzero(number: &BoxedUint) -> NonZero<BoxedUint> {
    NonZero::new(number.clone()).expect("a modulus is not zero")
}

fn modulus(number: &BoxedUint) -> BoxedMontyParams {
    BoxedMontyParams::new_vartime(Odd::new(number.clone()).expect("a modulus is odd"))
}
