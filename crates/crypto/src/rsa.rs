//! RSA signatures of PKCS#1 v1.5 and PSS (RFC 8017), and the raw operations for ISO/IEC 9796-2.
//!
//! Encodings are made and compared here, whole, because passports use what the usual libraries do not offer: a mask
//! generation hash other than the message's, and salts of any length.

mod pss;

use std::fmt;

use ::rsa::BoxedUint;
use ::rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use ::rsa::traits::PublicKeyParts as _;
use der::Encode as _;
use der::asn1::ObjectIdentifier;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{Error, HashAlgorithm};

/// Moduli have at least this many bits (`rsa::PublicKey::MIN_SIZE`); old specimens and the examples of Doc 9303
/// have exactly these.
const MIN_BITS: usize = 1024;
/// Above this a verification costs too much for an unauthenticated caller.
const MAX_BITS: usize = 8192;
/// An exponent is below 2^33, so that it has at most this many bytes.
const MAX_EXPONENT_BYTES: usize = 5;

/// A public key: 1024 to 8192 bits, an odd exponent of at least 3 and below 2^33.
#[derive(Clone, PartialEq, Eq)]
pub struct RsaPublicKey(::rsa::PublicKey);

impl RsaPublicKey {
    /// Takes big-endian numbers, with or without leading zeros.
    ///
    /// # Errors
    /// [`Error::RsaKey`]: out of bounds, or even.
    pub fn from_components(modulus: &[u8], exponent: &[u8]) -> Result<Self, Error> {
        let (modulus, exponent) = (trim(modulus), trim(exponent));
        if modulus.len() > MAX_BITS / 8 {
            return Err(Error::RsaKey("modulus too long"));
        }
        if exponent.len() > MAX_EXPONENT_BYTES {
            return Err(Error::RsaKey("exponent too large"));
        }
        let [n, e] = [modulus, exponent].map(BoxedUint::from_be_slice_vartime);
        let bounds = MIN_BITS..=MAX_BITS;
        ::rsa::PublicKey::new_with_size_limits(n, e, bounds).map(Self).map_err(|error| {
            Error::RsaKey(match error {
                ::rsa::Error::ModulusTooSmall => "modulus too short",
                ::rsa::Error::ModulusTooLarge => "modulus too long",
                ::rsa::Error::PublicExponentTooSmall => "exponent too small",
                ::rsa::Error::PublicExponentTooLarge => "exponent too large",
                ::rsa::Error::InvalidExponent => "even exponent",
                _ => "even modulus, or not above the exponent",
            })
        })
    }

    /// The modulus, big-endian, without leading zeros.
    #[must_use]
    pub fn modulus(&self) -> Vec<u8> {
        self.0.n_bytes().into_vec()
    }

    /// The exponent, big-endian, without leading zeros.
    #[must_use]
    pub fn exponent(&self) -> Vec<u8> {
        self.0.e_bytes().into_vec()
    }

    /// Bits of the modulus.
    #[must_use]
    pub fn bits(&self) -> usize {
        self.0.n().bit_width_vartime() as usize
    }

    /// Bytes of the modulus, and of a signature.
    #[must_use]
    pub fn modulus_len(&self) -> usize {
        self.0.size()
    }

    /// RSAVP1 (RFC 8017, 5.2.2): s^e mod n, of the modulus' length.
    ///
    /// # Errors
    /// [`Error::Signature`]: another length than the modulus', or not below it.
    pub fn raw_public_op(&self, signature: &[u8]) -> Result<Vec<u8>, Error> {
        let s = self.number(signature).ok_or(Error::Signature)?;
        let m = ::rsa::hazmat::rsa_encrypt(&self.0, &s).map_err(|_| Error::Signature)?;
        Ok(to_len(&m, self.modulus_len()))
    }

    /// A number of the modulus' length and below it.
    fn number(&self, bytes: &[u8]) -> Option<BoxedUint> {
        if bytes.len() != self.modulus_len() {
            return None;
        }
        let number = BoxedUint::from_be_slice(bytes, self.0.n_bits_precision()).ok()?;
        (number < *self.0.n().as_ref()).then_some(number)
    }

    /// RSASSA-PKCS1-v1_5 (RFC 8017, 8.2.2): the whole encoded message is compared.
    ///
    /// # Errors
    /// [`Error::Signature`].
    pub fn verify_pkcs1v15(
        &self,
        hash: HashAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        if self.raw_public_op(signature)? == pkcs1v15_encode(hash, message, self.modulus_len()) {
            Ok(())
        } else {
            Err(Error::Signature)
        }
    }

    /// RSASSA-PSS with MGF1 (RFC 8017, 8.1.2). `salt` is the length that the parameters say; `None` takes any.
    ///
    /// # Errors
    /// [`Error::Signature`].
    pub fn verify_pss(
        &self,
        hash: HashAlgorithm,
        mgf_hash: HashAlgorithm,
        salt: Option<usize>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        let encoded = self.raw_public_op(signature)?;
        let scheme = pss::Encoding { hash, mgf_hash, bits: self.bits() - 1 };
        if scheme.verify(message, &encoded, salt) { Ok(()) } else { Err(Error::Signature) }
    }
}

impl fmt::Debug for RsaPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaPublicKey({} bits)", self.bits())
    }
}

/// A private key, for specimens and the chip emulator only: its operations are not blinded (RUSTSEC-2023-0071,
/// docs/adr/0001-cryptography.md).
#[derive(Clone)]
pub struct RsaPrivateKey(::rsa::PrivateKey);

impl RsaPrivateKey {
    /// Makes a new key with the exponent 65537.
    ///
    /// # Errors
    /// [`Error::RsaKey`]: fewer than 1024 or more than 8192 bits.
    pub fn generate(bits: usize, rng: &mut impl CryptoRng) -> Result<Self, Error> {
        if !(MIN_BITS..=MAX_BITS).contains(&bits) {
            return Err(Error::RsaKey("modulus out of bounds"));
        }
        ::rsa::PrivateKey::new(rng, bits).map(Self).map_err(|_| Error::RsaKey("no key of this length"))
    }

    /// Reads PKCS#8, unencrypted.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::RsaKey`].
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, Error> {
        let key = ::rsa::PrivateKey::from_pkcs8_der(der).map_err(|_| Error::Malformed("PKCS#8"))?;
        RsaPublicKey::from_components(&key.n_bytes(), &key.e_bytes())?;
        Ok(Self(key))
    }

    /// Writes PKCS#8.
    #[must_use]
    pub fn to_pkcs8_der(&self) -> Zeroizing<Vec<u8>> {
        self.0.to_pkcs8_der().expect("a key encodes").to_bytes()
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> RsaPublicKey {
        RsaPublicKey(self.0.to_public_key())
    }

    /// RSASP1 (RFC 8017, 5.2.1): m^d mod n, of the modulus' length.
    ///
    /// # Errors
    /// [`Error::RsaKey`]: another length than the modulus', or not below it.
    pub fn raw_private_op(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let number = self.public_key().number(message).ok_or(Error::RsaKey("message out of range"))?;
        let signature =
            ::rsa::hazmat::rsa_decrypt_and_check(&self.0, None::<&mut getrandom::SysRng>, &number);
        Ok(to_len(&signature.map_err(|_| Error::RsaKey("inconsistent key"))?, self.0.size()))
    }

    /// RSASSA-PKCS1-v1_5.
    ///
    /// # Errors
    /// See [`RsaPrivateKey::raw_private_op`].
    pub fn sign_pkcs1v15(&self, hash: HashAlgorithm, message: &[u8]) -> Result<Vec<u8>, Error> {
        self.raw_private_op(&pkcs1v15_encode(hash, message, self.0.size()))
    }

    /// RSASSA-PSS; the mask generation uses the same hash.
    ///
    /// # Errors
    /// [`Error::RsaKey`]: the modulus is too short for this salt.
    pub fn sign_pss(
        &self,
        hash: HashAlgorithm,
        salt_len: usize,
        message: &[u8],
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, Error> {
        let scheme = pss::Encoding { hash, mgf_hash: hash, bits: self.public_key().bits() - 1 };
        if salt_len > self.0.size() {
            return Err(Error::RsaKey("salt too long"));
        }
        let mut salt = vec![0; salt_len];
        rng.fill_bytes(&mut salt);
        let encoded = scheme.encode(message, &salt).ok_or(Error::RsaKey("salt too long"))?;
        self.raw_private_op(&[vec![0; self.0.size() - encoded.len()], encoded].concat())
    }
}

impl fmt::Debug for RsaPrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaPrivateKey(..)")
    }
}

/// EMSA-PKCS1-v1_5 (RFC 8017, 9.2). The shortest modulus holds the longest digest with room to spare.
fn pkcs1v15_encode(hash: HashAlgorithm, message: &[u8], len: usize) -> Vec<u8> {
    let info = digest_info(hash, &hash.digest(message));
    let filling = vec![0xff; len - info.len() - 3];
    [&[0, 1][..], &filling, &[0], &info].concat()
}

/// ```text
/// DigestInfo ::= SEQUENCE { digestAlgorithm SEQUENCE { OID, NULL }, digest OCTET STRING }
/// ```
fn digest_info(hash: HashAlgorithm, digest: &[u8]) -> Vec<u8> {
    let oid = ObjectIdentifier::new_unwrap(hash.oid()).to_der().expect("an OID encodes");
    let short = |tag: u8, content: &[u8]| [&[tag, content.len() as u8], content].concat();
    let algorithm = short(0x30, &[&oid[..], &[5, 0]].concat());
    short(0x30, &[algorithm, short(4, digest)].concat())
}

/// I2OSP (RFC 8017, 4.1), of a number that fits.
fn to_len(number: &BoxedUint, len: usize) -> Vec<u8> {
    let bytes = number.to_be_bytes_trimmed_vartime();
    let bytes = trim(&bytes);
    [&vec![0; len - bytes.len()], bytes].concat()
}

fn trim(bytes: &[u8]) -> &[u8] {
    &bytes[bytes.iter().take_while(|b| **b == 0).count()..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    fn key(bits: usize) -> RsaPrivateKey {
        RsaPrivateKey::generate(bits, &mut ChaCha20Rng::seed_from_u64(1)).unwrap()
    }

    /// An odd number of this many bits.
    fn odd(bits: usize) -> Vec<u8> {
        let mut number = vec![0xff; bits.div_ceil(8)];
        number[0] >>= number.len() * 8 - bits;
        number
    }

    #[test]
    fn keys_out_of_bounds_are_refused() {
        let take = |n: &[u8], e: &[u8]| RsaPublicKey::from_components(n, e).map(|key| key.bits());
        assert_eq!(take(&odd(1024), &[3]), Ok(1024));
        assert_eq!(take(&odd(8192), &[1, 0xff, 0xff, 0xff, 0xff]), Ok(8192));
        assert_eq!(take(&[&[0, 0][..], &odd(1025)].concat(), &[0, 0, 1, 0, 1]), Ok(1025));
        assert_eq!(take(&odd(1023), &[3]), Err(Error::RsaKey("modulus too short")));
        assert_eq!(take(&odd(8193), &[3]), Err(Error::RsaKey("modulus too long")));
        assert_eq!(take(&odd(80_000), &[3]), Err(Error::RsaKey("modulus too long")));
        assert_eq!(take(&odd(1024), &[1]), Err(Error::RsaKey("exponent too small")));
        assert_eq!(take(&odd(1024), &[2, 0, 0, 0, 1]), Err(Error::RsaKey("exponent too large")));
        assert_eq!(take(&odd(1024), &[1, 0, 0, 0, 0, 1]), Err(Error::RsaKey("exponent too large")));
        assert_eq!(take(&odd(1024), &[4]), Err(Error::RsaKey("even exponent")));
        let even = [&odd(1016)[..], &[0xfe]].concat();
        assert!(matches!(take(&even, &[3]), Err(Error::RsaKey(_))));
        assert!(matches!(take(&[], &[]), Err(Error::RsaKey(_))));
    }

    #[test]
    fn a_signature_of_another_length_or_not_below_the_modulus_is_refused() {
        let key = key(1024);
        let public = key.public_key();
        let signature = key.sign_pkcs1v15(HashAlgorithm::Sha256, b"m").unwrap();
        assert!(public.raw_public_op(&signature).is_ok());
        assert_eq!(public.raw_public_op(&[&[0], &signature[..]].concat()), Err(Error::Signature));
        assert_eq!(public.raw_public_op(&signature[1..]), Err(Error::Signature));
        assert_eq!(public.raw_public_op(&public.modulus()), Err(Error::Signature));
        assert_eq!(public.raw_public_op(&[0xff; 128]), Err(Error::Signature));
        assert_eq!(public.raw_public_op(&[]), Err(Error::Signature));
        assert_eq!(key.raw_private_op(&public.modulus()), Err(Error::RsaKey("message out of range")));
    }

    #[test]
    fn pkcs1v15_notices_another_message_and_another_hash() {
        let key = key(1024);
        for hash in HashAlgorithm::all() {
            let signature = key.sign_pkcs1v15(hash, b"m").unwrap();
            for other in HashAlgorithm::all() {
                let expected = if other == hash { Ok(()) } else { Err(Error::Signature) };
                assert_eq!(key.public_key().verify_pkcs1v15(other, b"m", &signature), expected);
            }
            assert_eq!(key.public_key().verify_pkcs1v15(hash, b"n", &signature), Err(Error::Signature));
        }
    }

    /// A digest at the left with anything after it is Bleichenbacher's forgery for small exponents (CVE-2006-4339).
    #[test]
    fn pkcs1v15_takes_nothing_after_the_digest() {
        let key = key(1024);
        let verify = |block: &[u8]| {
            let signature = key.raw_private_op(block).unwrap();
            key.public_key().verify_pkcs1v15(HashAlgorithm::Sha256, b"m", &signature)
        };
        let block = pkcs1v15_encode(HashAlgorithm::Sha256, b"m", 128);
        assert_eq!(verify(&block), Ok(()));
        let info = block[block.len() - 51..].to_vec();
        let early = [&[0, 1][..], &[0xff; 8], &[0], &info, &[0; 128 - 11 - 51]].concat();
        assert_eq!(verify(&early), Err(Error::Signature));
        let mut type_two = block.clone();
        type_two[1] = 2;
        assert_eq!(verify(&type_two), Err(Error::Signature));
    }

    /// Moduli of 8n, 8n + 1 and 8n - 1 bits: the encoding has a spare bit, none, or a spare byte.
    #[test]
    fn pss_is_read_back_for_every_shape_of_modulus() {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        for bits in [1024, 1025, 1031] {
            let key = key(bits);
            assert_eq!(key.public_key().bits(), bits);
            for salt in [0, 20, 32] {
                let signature = key.sign_pss(HashAlgorithm::Sha256, salt, b"m", &mut rng).unwrap();
                let verify = |hash, mgf, salt, message: &[u8]| {
                    key.public_key().verify_pss(hash, mgf, salt, message, &signature)
                };
                let (sha256, sha1) = (HashAlgorithm::Sha256, HashAlgorithm::Sha1);
                assert_eq!(verify(sha256, sha256, Some(salt), b"m"), Ok(()), "{bits} {salt}");
                assert_eq!(verify(sha256, sha256, None, b"m"), Ok(()));
                assert_eq!(verify(sha256, sha256, Some(salt + 1), b"m"), Err(Error::Signature));
                assert_eq!(verify(sha256, sha256, Some(salt), b"n"), Err(Error::Signature));
                assert_eq!(verify(sha256, sha1, None, b"m"), Err(Error::Signature));
                assert_eq!(verify(sha1, sha256, None, b"m"), Err(Error::Signature));
            }
        }
    }

    #[test]
    fn a_salt_without_room_is_refused() {
        let (key, mut rng) = (key(1024), ChaCha20Rng::seed_from_u64(2));
        assert!(key.sign_pss(HashAlgorithm::Sha512, 128 - 64 - 2, b"m", &mut rng).is_ok());
        let refused = Err(Error::RsaKey("salt too long"));
        assert_eq!(key.sign_pss(HashAlgorithm::Sha512, 128 - 64 - 1, b"m", &mut rng), refused);
        assert_eq!(key.sign_pss(HashAlgorithm::Sha512, usize::MAX, b"m", &mut rng), refused);
    }

    #[test]
    fn pkcs8_is_read_back_and_a_key_is_not_printed() {
        let key = key(1024);
        let read = RsaPrivateKey::from_pkcs8_der(&key.to_pkcs8_der()).unwrap();
        assert_eq!(read.public_key(), key.public_key());
        assert_eq!(
            read.sign_pkcs1v15(HashAlgorithm::Sha1, b"m"),
            key.sign_pkcs1v15(HashAlgorithm::Sha1, b"m")
        );
        assert_eq!(RsaPrivateKey::from_pkcs8_der(b"0").err(), Some(Error::Malformed("PKCS#8")));
        assert_eq!(format!("{key:?}"), "RsaPrivateKey(..)");
    }
}
