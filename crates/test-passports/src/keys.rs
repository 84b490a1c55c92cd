//! Private keys of the synthetic world, and how they sign.

use crypto::{Curve, EcPrivateKey, HashAlgorithm, PublicKey, RsaPrivateKey, sha256};
use md5::{Digest as _, Md5};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use crate::asn1;
use crate::dsa::DsaPrivateKey;

/// md5WithRSAEncryption.
pub const OID_MD5_WITH_RSA: &str = "1.2.840.113549.1.1.4";
/// id-md5.
pub const OID_MD5: &str = "1.2.840.113549.2.5";

const RSA_CSCA: &[u8] = include_bytes!("../keys/rsa-csca.p8.der");
const RSA_CSCA_3072: &[u8] = include_bytes!("../keys/rsa-csca-3072.p8.der");
const RSA_CSCA_OTHER: &[u8] = include_bytes!("../keys/rsa-csca-other.p8.der");
const RSA_DSC: &[u8] = include_bytes!("../keys/rsa-dsc.p8.der");
const RSA_AA_2048: &[u8] = include_bytes!("../keys/rsa-aa-2048.p8.der");
const RSA_AA_1024: &[u8] = include_bytes!("../keys/rsa-aa-1024.p8.der");
const DSA_CSCA: &[u8] = include_bytes!("../keys/dsa-csca.der");
const DSA_DSC: &[u8] = include_bytes!("../keys/dsa-dsc.der");

/// Which of the committed RSA keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RsaKey {
    /// A CSCA, 2048 bits.
    Csca,
    /// A CSCA, 3072 bits.
    Csca3072,
    /// A second CSCA, 2048 bits.
    CscaOther,
    /// A document signer, 2048 bits.
    Dsc,
    /// A chip's Active Authentication key, 2048 bits.
    ActiveAuthentication2048,
    /// A chip's Active Authentication key, 1024 bits.
    ActiveAuthentication1024,
}

/// Which of the committed DSA keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DsaKey {
    /// A CSCA, 3072 bits.
    Csca,
    /// A document signer, 2048 bits.
    Dsc,
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
    /// DSA.
    Dsa(DsaPrivateKey),
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
            RsaKey::Csca3072 => RSA_CSCA_3072,
            RsaKey::CscaOther => RSA_CSCA_OTHER,
            RsaKey::Dsc => RSA_DSC,
            RsaKey::ActiveAuthentication2048 => RSA_AA_2048,
            RsaKey::ActiveAuthentication1024 => RSA_AA_1024,
        };
        Self::Rsa(RsaPrivateKey::from_pkcs8_der(der).expect("a committed key"))
    }

    /// One of the committed DSA keys.
    ///
    /// # Panics
    /// Never: the files are part of this crate.
    #[must_use]
    pub fn dsa(which: DsaKey) -> Self {
        let der = match which {
            DsaKey::Csca => DSA_CSCA,
            DsaKey::Dsc => DSA_DSC,
        };
        Self::Dsa(DsaPrivateKey::from_der(der).expect("a committed key"))
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
            Self::Dsa(key) => key.spki_der(),
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

/// Which of the schemes of a kind of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// RSA PKCS#1 v1.5; ECDSA and DSA with r and s in DER.
    Usual,
    /// RSASSA-PSS, the salt as long as the hash.
    Pss,
    /// ECDSA with r and s side by side (BSI TR-03111 5.2.1).
    Plain,
    /// RSA PKCS#1 v1.5 with MD5, whatever the hash.
    Md5,
}

/// A private key with a signature scheme.
#[derive(Clone, Debug)]
pub struct Signer {
    /// The key.
    pub key: PrivateKey,
    /// The hash of the signature.
    pub hash: HashAlgorithm,
    /// The scheme.
    pub form: Form,
}

impl Signer {
    /// RSA PKCS#1 v1.5, ECDSA or DSA.
    #[must_use]
    pub fn new(key: PrivateKey, hash: HashAlgorithm) -> Self {
        Self { key, hash, form: Form::Usual }
    }

    /// RSASSA-PSS.
    #[must_use]
    pub fn pss(key: RsaKey, hash: HashAlgorithm) -> Self {
        Self { key: PrivateKey::rsa(key), hash, form: Form::Pss }
    }

    /// Plain ECDSA.
    #[must_use]
    pub fn plain(key: PrivateKey, hash: HashAlgorithm) -> Self {
        Self { key, hash, form: Form::Plain }
    }

    /// RSA PKCS#1 v1.5 with MD5; other digests are made with SHA-256.
    #[must_use]
    pub fn md5(key: RsaKey) -> Self {
        Self { key: PrivateKey::rsa(key), hash: HashAlgorithm::Sha256, form: Form::Md5 }
    }

    /// The AlgorithmIdentifier of the signature, DER.
    ///
    /// # Panics
    /// If there is no such scheme.
    #[must_use]
    pub fn algorithm_der(&self) -> Vec<u8> {
        let last = self.hash as usize;
        match (&self.key, self.form) {
            (PrivateKey::Rsa(_), Form::Pss) => self.pss_algorithm_der(),
            (PrivateKey::Rsa(_), Form::Md5) => asn1::sequence(&[asn1::oid(OID_MD5_WITH_RSA), asn1::null()]),
            (PrivateKey::Rsa(_), _) => {
                let arc = [5, 14, 11, 12, 13][last];
                asn1::sequence(&[asn1::oid(&format!("1.2.840.113549.1.1.{arc}")), asn1::null()])
            }
            (PrivateKey::Ec { .. }, Form::Plain) => {
                asn1::sequence(&[asn1::oid(&format!("0.4.0.127.0.7.1.1.4.1.{}", last + 1))])
            }
            (PrivateKey::Ec { .. }, _) => {
                let arc = ["1", "3.1", "3.2", "3.3", "3.4"][last];
                asn1::sequence(&[asn1::oid(&format!("1.2.840.10045.4.{arc}"))])
            }
            (PrivateKey::Dsa(_), _) => {
                let oids = ["1.2.840.10040.4.3", "2.16.840.1.101.3.4.3.1", "2.16.840.1.101.3.4.3.2"];
                asn1::sequence(&[asn1::oid(oids[last])])
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
        match (&self.key, self.form) {
            (PrivateKey::Rsa(key), Form::Pss) => key
                .sign_pss(self.hash, self.hash.output_len(), message, &mut rng(message))
                .expect("the key is long enough"),
            (PrivateKey::Rsa(key), Form::Md5) => sign_md5(key, message),
            (PrivateKey::Rsa(key), _) => {
                key.sign_pkcs1v15(self.hash, message).expect("the key is long enough")
            }
            (PrivateKey::Ec { key, .. }, Form::Plain) => key.sign(self.hash, message).to_plain(key.curve()),
            (PrivateKey::Ec { key, .. }, _) => key.sign(self.hash, message).to_der(),
            (PrivateKey::Dsa(key), _) => key.sign(self.hash, message),
        }
    }
}

/// RFC 8017 9.2 with the DigestInfo of MD5.
fn sign_md5(key: &RsaPrivateKey, message: &[u8]) -> Vec<u8> {
    let algorithm = asn1::sequence(&[asn1::oid(OID_MD5), asn1::null()]);
    let info = asn1::sequence(&[algorithm, asn1::octet_string(&Md5::digest(message))]);
    let padding = vec![0xFF; key.public_key().modulus_len() - info.len() - 3];
    let encoded = [&[0, 1], padding.as_slice(), &[0], &info].concat();
    key.raw_private_op(&encoded).expect("the key is long enough")
}

/// The AlgorithmIdentifier of a hash function, with NULL parameters.
#[must_use]
pub fn hash_algorithm_der(hash: HashAlgorithm) -> Vec<u8> {
    asn1::sequence(&[asn1::oid(hash.oid()), asn1::null()])
}
