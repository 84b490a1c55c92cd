//! Private keys of the synthetic world, and how they sign.

use crypto::{Curve, EcPrivateKey, HashAlgorithm, PublicKey, RsaPrivateKey, sha256};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use crate::asn1;

const RSA_CSCA: &[u8] = include_bytes!("../keys/rsa-csca.p8.der");
const RSA_CSCA_OTHER: &[u8] = include_bytes!("../keys/rsa-csca-other.p8.der");
const RSA_DSC: &[u8] = include_bytes!("../keys/rsa-dsc.p8.der");
const RSA_AA_2048: &[u8] = include_bytes!("../keys/rsa-aa-2048.p8.der");
const RSA_AA_1024: &[u8] = include_bytes!("../keys/rsa-aa-1024.p8.der");

/// Which of the committed RSA keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RsaKey {
    /// A CSCA, 2048 bits.
    Csca,
    /// A second CSCA, 2048 bits.
    CscaOther,
    /// A document signer, 2048 bits.
    Dsc,
    /// A chip's Active Authentication key, 2048 bits.
    ActiveAuthentication2048,
    /// A chip's Active Authentication key, 1024 bits.
    ActiveAuthentication1024,
}

/// A private key.
#[derive(Clone, Debug)]
pub enum PrivateKey {
    /// RSA.
    Rsa(RsaPrivateKey),
    /// Elliptic curve; `explicit`: its public key is written with explicit curve parameters.
    Ec {
        /// The key.
        key: EcPrivateKey,
        /// Written with explicit curve parameters.
        explicit: bool,
    },
}

impl PrivateKey {
    /// One of the committed RSA keys.
    ///
    /// # Panics
    /// Never: the files are part of this crate.
    #[must_use]
    pub fn rsa(which: RsaKey) -> Self {
        let der = match which {
            RsaKey::Csca => RSA_CSCA,
            RsaKey::CscaOther => RSA_CSCA_OTHER,
            RsaKey::Dsc => RSA_DSC,
            RsaKey::ActiveAuthentication2048 => RSA_AA_2048,
            RsaKey::ActiveAuthentication1024 => RSA_AA_1024,
        };
        Self::Rsa(RsaPrivateKey::from_pkcs8_der(der).expect("a committed key"))
    }

    /// The key on `curve` that belongs to `name`.
    #[must_use]
    pub fn ec(curve: Curve, name: &str) -> Self {
        Self::Ec { key: ec_key(curve, name), explicit: false }
    }

    /// The same, its public key written with explicit curve parameters.
    #[must_use]
    pub fn ec_explicit(curve: Curve, name: &str) -> Self {
        Self::Ec { key: ec_key(curve, name), explicit: true }
    }

    /// SubjectPublicKeyInfo, DER.
    #[must_use]
    pub fn spki_der(&self) -> Vec<u8> {
        match self {
            Self::Rsa(key) => PublicKey::Rsa(key.public_key()).to_spki_der(),
            Self::Ec { key, explicit: true } => key.public_key().to_explicit_spki_der(),
            Self::Ec { key, explicit: false } => PublicKey::Ec(key.public_key()).to_spki_der(),
        }
    }
}

/// The key on `curve` that belongs to `name`: the same on every machine.
#[must_use]
pub fn ec_key(curve: Curve, name: &str) -> EcPrivateKey {
    EcPrivateKey::generate(curve, &mut rng(format!("{} {name}", curve.name()).as_bytes()))
}

/// A generator that is a function of `label`.
#[must_use]
pub fn rng(label: &[u8]) -> ChaCha20Rng {
    ChaCha20Rng::from_seed(sha256(label))
}

/// A private key with a signature scheme.
#[derive(Clone, Debug)]
pub struct Signer {
    /// The key.
    pub key: PrivateKey,
    /// The hash of the signature.
    pub hash: HashAlgorithm,
    /// RSA only: RSASSA-PSS (salt as long as the hash) rather than PKCS#1 v1.5.
    pub pss: bool,
}

impl Signer {
    /// RSA PKCS#1 v1.5, or ECDSA.
    #[must_use]
    pub fn new(key: PrivateKey, hash: HashAlgorithm) -> Self {
        Self { key, hash, pss: false }
    }

    /// RSASSA-PSS.
    #[must_use]
    pub fn pss(key: RsaKey, hash: HashAlgorithm) -> Self {
        Self { key: PrivateKey::rsa(key), hash, pss: true }
    }

    /// The AlgorithmIdentifier of the signature, DER.
    #[must_use]
    pub fn algorithm_der(&self) -> Vec<u8> {
        let last = self.hash as usize;
        match &self.key {
            PrivateKey::Rsa(_) if self.pss => self.pss_algorithm_der(),
            PrivateKey::Rsa(_) => {
                let arc = [5, 14, 11, 12, 13][last];
                asn1::sequence(&[asn1::oid(&format!("1.2.840.113549.1.1.{arc}")), asn1::null()])
            }
            PrivateKey::Ec { .. } => {
                let arc = ["1", "3.1", "3.2", "3.3", "3.4"][last];
                asn1::sequence(&[asn1::oid(&format!("1.2.840.10045.4.{arc}"))])
            }
        }
    }

    /// RFC 4055 3.1.
    fn pss_algorithm_der(&self) -> Vec<u8> {
        let hash = hash_algorithm_der(self.hash);
        let mask = asn1::sequence(&[asn1::oid("1.2.840.113549.1.1.8"), hash.clone()]);
        let salt = asn1::integer(self.hash.output_len() as u64);
        let parameters = asn1::sequence(&[
            asn1::context(0, &[hash]),
            asn1::context(1, &[mask]),
            asn1::context(2, &[salt]),
        ]);
        asn1::sequence(&[asn1::oid("1.2.840.113549.1.1.10"), parameters])
    }

    /// The signature: ECDSA by RFC 6979, PSS with a salt out of the message, so always the same.
    ///
    /// # Panics
    /// If the RSA key is too short for the hash.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.key {
            PrivateKey::Rsa(key) if self.pss => key
                .sign_pss(self.hash, self.hash.output_len(), message, &mut rng(message))
                .expect("the key is long enough"),
            PrivateKey::Rsa(key) => key.sign_pkcs1v15(self.hash, message).expect("the key is long enough"),
            PrivateKey::Ec { key, .. } => key.sign(self.hash, message).to_der(),
        }
    }
}

/// The AlgorithmIdentifier of a hash function, with NULL parameters.
#[must_use]
pub fn hash_algorithm_der(hash: HashAlgorithm) -> Vec<u8> {
    asn1::sequence(&[asn1::oid(hash.oid()), asn1::null()])
}
