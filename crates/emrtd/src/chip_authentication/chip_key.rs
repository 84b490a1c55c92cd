//! The chip's static key, on a curve or in a prime field.

use crypto::{DhPrivateKey, DhPublicKey, EcPrivateKey, EcPublicKey, PublicKey};
use lds::security_info::{ChipAuthenticationPublicKeyInfo, KeyAgreement};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// A public key of Chip Authentication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChipPublicKey {
    /// On an elliptic curve.
    Ec(EcPublicKey),
    /// In a prime field.
    Dh(DhPublicKey),
}

/// A private key of Chip Authentication.
#[derive(Clone, Debug)]
pub enum ChipPrivateKey {
    /// On an elliptic curve.
    Ec(EcPrivateKey),
    /// In a prime field.
    Dh(DhPrivateKey),
}

impl ChipPublicKey {
    /// The key of a ChipAuthenticationPublicKeyInfo; `None`: unknown, or of another kind than its OID says.
    #[must_use]
    pub fn from_info(info: &ChipAuthenticationPublicKeyInfo) -> Option<Self> {
        match (PublicKey::from_spki_der(&info.spki_der).ok()?.0, info.agreement) {
            (PublicKey::Ec(key), KeyAgreement::Ecdh) => Some(Self::Ec(key)),
            (PublicKey::Dh(key), KeyAgreement::Dh) => Some(Self::Dh(key)),
            _ => None,
        }
    }

    /// ECDH or DH.
    #[must_use]
    pub fn agreement(&self) -> KeyAgreement {
        match self {
            Self::Ec(_) => KeyAgreement::Ecdh,
            Self::Dh(_) => KeyAgreement::Dh,
        }
    }

    /// The curve, or the group.
    #[must_use]
    pub fn group_name(&self) -> String {
        match self {
            Self::Ec(key) => key.curve().name().to_owned(),
            Self::Dh(key) => key.group().name(),
        }
    }

    /// Bits of security by SP 800-57, 5.6.1.1: half the order on a curve; in a field by the modulus.
    pub(super) fn strength(&self) -> usize {
        match self {
            Self::Ec(key) => 4 * key.curve().field_len(),
            Self::Dh(key) => match key.group().bits() {
                ..2048 => 80,
                2048..3072 => 112,
                _ => 128,
            },
        }
    }

    /// Makes a one-use key in this key's group.
    #[must_use]
    pub fn one_use(&self, rng: &mut impl CryptoRng) -> ChipPrivateKey {
        match self {
            Self::Ec(theirs) => ChipPrivateKey::Ec(EcPrivateKey::generate(theirs.curve(), rng)),
            Self::Dh(theirs) => ChipPrivateKey::Dh(DhPrivateKey::generate(theirs.group(), rng)),
        }
    }

    /// A key in this key's group, from its number, big-endian.
    pub(super) fn private_key(&self, number: &[u8]) -> Result<ChipPrivateKey, crypto::Error> {
        match self {
            Self::Ec(theirs) => EcPrivateKey::from_scalar(theirs.curve(), number).map(ChipPrivateKey::Ec),
            Self::Dh(theirs) => DhPrivateKey::from_bytes(theirs.group(), number).map(ChipPrivateKey::Dh),
        }
    }

    /// The public part of a one-use key, as the chip takes it, and the shared secret.
    pub(super) fn agree(&self, own: &ChipPrivateKey) -> Result<(Vec<u8>, Zeroizing<Vec<u8>>), crypto::Error> {
        match (self, own) {
            (Self::Ec(theirs), ChipPrivateKey::Ec(own)) => {
                Ok((own.public_key().to_sec1(), own.ecdh(theirs)?))
            }
            (Self::Dh(theirs), ChipPrivateKey::Dh(own)) => {
                Ok((own.public_key().to_unsigned(), own.agree(theirs)?))
            }
            _ => Err(crypto::Error::KeyMismatch),
        }
    }
}

impl ChipPrivateKey {
    /// Reads PKCS#8, unencrypted.
    ///
    /// # Errors
    /// Neither a key on a known curve nor one of Diffie-Hellman.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, crypto::Error> {
        EcPrivateKey::from_pkcs8_der(der)
            .map(Self::Ec)
            .or_else(|_| DhPrivateKey::from_pkcs8_der(der).map(Self::Dh))
    }

    /// Writes PKCS#8.
    #[must_use]
    pub fn to_pkcs8_der(&self) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Ec(key) => key.to_pkcs8_der(),
            Self::Dh(key) => key.to_pkcs8_der(),
        }
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> ChipPublicKey {
        match self {
            Self::Ec(key) => ChipPublicKey::Ec(key.public_key()),
            Self::Dh(key) => ChipPublicKey::Dh(key.public_key()),
        }
    }

    /// The secret shared with the terminal's public key.
    pub(super) fn agree(&self, theirs: &[u8]) -> Result<Zeroizing<Vec<u8>>, crypto::Error> {
        match self {
            Self::Ec(key) => key.ecdh(&EcPublicKey::from_sec1(key.curve(), theirs)?),
            Self::Dh(key) => key.agree(&DhPublicKey::from_bytes(key.public_key().group(), theirs)?),
        }
    }
}

impl From<EcPrivateKey> for ChipPrivateKey {
    fn from(key: EcPrivateKey) -> Self {
        Self::Ec(key)
    }
}

impl From<DhPrivateKey> for ChipPrivateKey {
    fn from(key: DhPrivateKey) -> Self {
        Self::Dh(key)
    }
}
