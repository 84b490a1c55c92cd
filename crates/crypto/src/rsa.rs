//! RSA signatures of PKCS#1 v1.5 and PSS (RFC 8017), and the raw operations for ISO/IEC 9796-2.
//!
//! Encodings are made and compared here, whole, because passports use what the usual libraries do not offer: a mask
//! generation hash other than the message's, and salts of any length.

mod oaep;
mod pss;
mod pss_parameters;
mod signer;

use std::fmt;

use ::rsa::BoxedUint;
use ::rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use ::rsa::traits::PublicKeyParts as _;
use crypto_bigint::modular::BoxedMontyForm;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

pub(crate) use pss_parameters::PssParameters;
pub use signer::RsaSigner;

use crate::{Error, HashAlgorithm};

/// Moduli have at least this many bits (`rsa::PublicKey::MIN_SIZE`); old specimens and the examples of Doc 9303
/// have exactly these.
const MIN_BITS: usize = 1024;
/// Above this a verification costs too much for an unauthenticated caller.
const MAX_BITS: usize = 8192;
/// An exponent is below 2^33, so that it has at most this many bytes.
const MAX_EXPONENT_BYTES: usize = 5;

/// A public key: 1024 to 8192 bits, an odd exponent of at least 3 and below 2^33. Whether the modulus is a product of
/// primes is not looked at: it would cost more than any verification, and a certificate answers for its key.
#[derive(Clone, PartialEq, Eq)]
pub struct RsaPublicKey {
    key: ::rsa::PublicKey,
    usage: RsaUsage,
}

/// The schemes that a key may be used with, by its SubjectPublicKeyInfo (RFC 4055, 1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RsaUsage {
    /// `rsaEncryption`.
    Any,
    /// `id-RSASSA-PSS` without parameters.
    Pss,
    /// `id-RSASSA-PSS` with these parameters, the salt's length a minimum.
    PssWith(PssParameters),
}

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
        let key = ::rsa::PublicKey::new_with_size_limits(n, e, bounds).map_err(|error| {
            Error::RsaKey(match error {
                ::rsa::Error::ModulusTooSmall => "modulus too short",
                ::rsa::Error::ModulusTooLarge => "modulus too long",
                ::rsa::Error::PublicExponentTooSmall => "exponent too small",
                ::rsa::Error::PublicExponentTooLarge => "exponent too large",
                ::rsa::Error::InvalidExponent => "even exponent",
                _ => "even modulus, or not above the exponent",
            })
        })?;
        Ok(Self { key, usage: RsaUsage::Any })
    }

    /// The same key for fewer schemes.
    pub(crate) fn restricted(self, usage: RsaUsage) -> Self {
        Self { usage, ..self }
    }

    pub(crate) fn usage(&self) -> RsaUsage {
        self.usage
    }

    /// The modulus, big-endian, without leading zeros.
    #[must_use]
    pub fn modulus(&self) -> Vec<u8> {
        self.key.n_bytes().into_vec()
    }

    /// The exponent, big-endian, without leading zeros.
    #[must_use]
    pub fn exponent(&self) -> Vec<u8> {
        self.key.e_bytes().into_vec()
    }

    /// Bits of the modulus.
    #[must_use]
    pub fn bits(&self) -> usize {
        self.key.n().bit_width_vartime() as usize
    }

    /// Bytes of the modulus, and of a signature.
    #[must_use]
    pub fn modulus_len(&self) -> usize {
        self.key.size()
    }

    /// RSAVP1 (RFC 8017, 5.2.2): s^e mod n, of the modulus' length.
    ///
    /// # Errors
    /// [`Error::Signature`]: another length than the modulus', or not below it.
    pub fn raw_public_op(&self, signature: &[u8]) -> Result<Vec<u8>, Error> {
        let s = self.number(signature).ok_or(Error::Signature)?;
        let s = BoxedMontyForm::new(s, self.key.n_params());
        // Square and multiply: the exponents of keys have few bits that are set, and a window, as `rsa` takes it for
        // exponents of any length, is filled by more products than it saves.
        let exponent = self.exponent().iter().fold(0u64, |e, byte| e << 8 | u64::from(*byte));
        let below_first = (0..exponent.ilog2()).rev();
        let m = below_first.fold(s.clone(), |m, bit| {
            let square = m.square();
            if exponent >> bit & 1 == 1 { &square * &s } else { square }
        });
        Ok(to_len(&m.retrieve(), self.modulus_len()))
    }

    /// The modulus less a number of its length and below it.
    pub(crate) fn opposite(&self, number: &[u8]) -> Option<Vec<u8>> {
        let number = self.number(number)?;
        Some(to_len(&self.key.n().as_ref().wrapping_sub(&number), self.modulus_len()))
    }

    /// A number of the modulus' length and below it.
    fn number(&self, bytes: &[u8]) -> Option<BoxedUint> {
        if bytes.len() != self.modulus_len() {
            return None;
        }
        let number = BoxedUint::from_be_slice(bytes, self.key.n_bits_precision()).ok()?;
        (number < *self.key.n().as_ref()).then_some(number)
    }

    /// RSASSA-PKCS1-v1_5 (RFC 8017, 8.2.2): the whole encoded message is compared.
    ///
    /// # Errors
    /// [`Error::Signature`]; [`Error::KeyMismatch`]: a key for PSS only.
    pub fn verify_pkcs1v15(
        &self,
        hash: HashAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        if self.pkcs1v15_has_null(hash, message, signature)? { Ok(()) } else { Err(Error::Signature) }
    }

    /// Verifies one of the two encodings that RFC 8017, 9.2, note 1, knows, and says whether it is the one with NULL.
    /// Each is compared whole.
    pub(crate) fn pkcs1v15_has_null(
        &self,
        hash: HashAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, Error> {
        if self.usage != RsaUsage::Any {
            return Err(Error::KeyMismatch);
        }
        let encoded = self.raw_public_op(signature)?;
        let is = |null| encoded == pkcs1v15_encode(hash, null, message, self.modulus_len());
        [true, false].into_iter().find(|null| is(*null)).ok_or(Error::Signature)
    }

    /// RSASSA-PSS with MGF1 (RFC 8017, 8.1.2). `salt` is the length that the parameters say; `None` takes any.
    ///
    /// # Errors
    /// [`Error::Signature`]; [`Error::KeyMismatch`]: a key for other parameters.
    pub fn verify_pss(
        &self,
        hash: HashAlgorithm,
        mgf_hash: HashAlgorithm,
        salt: Option<usize>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        if let RsaUsage::PssWith(allowed) = self.usage {
            let used = PssParameters { hash, mgf_hash, salt_len: salt.unwrap_or(0) };
            if !allowed.allow(&used) {
                return Err(Error::KeyMismatch);
            }
        }
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
        RsaPublicKey { key: self.0.to_public_key(), usage: RsaUsage::Any }
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
        self.raw_private_op(&pkcs1v15_encode(hash, true, message, self.0.size()))
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
fn pkcs1v15_encode(hash: HashAlgorithm, null: bool, message: &[u8], len: usize) -> Vec<u8> {
    let info = digest_info(hash, null, &hash.digest(message));
    let filling = vec![0xff; len - info.len() - 3];
    [&[0, 1][..], &filling, &[0], &info].concat()
}

/// ```text
/// DigestInfo ::= SEQUENCE { digestAlgorithm SEQUENCE { OID, NULL OPTIONAL }, digest OCTET STRING }
/// ```
fn digest_info(hash: HashAlgorithm, null: bool, digest: &[u8]) -> Vec<u8> {
    let oid = hash.object_identifier().as_bytes();
    let short = |tag: u8, content: &[u8]| [&[tag, content.len() as u8], content].concat();
    let null: &[u8] = if null { &[5, 0] } else { &[] };
    let algorithm = short(0x30, &[&short(6, oid), null].concat());
    short(0x30, &[algorithm, short(4, digest)].concat())
}

/// Adds the mask that MGF1 (RFC 8017, B.2.1) makes of a seed.
fn add_mask(hash: HashAlgorithm, seed: &[u8], data: &mut [u8]) {
    for (chunk, counter) in data.chunks_mut(hash.output_len()).zip(0u32..) {
        let mask = hash.digest(&[seed, &counter.to_be_bytes()].concat());
        chunk.iter_mut().zip(mask).for_each(|(b, m)| *b ^= m);
    }
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
mod tests;
