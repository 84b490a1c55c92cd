//! Keys of Diffie-Hellman in SubjectPublicKeyInfo.

use crypto_bigint::BoxedUint;
use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef, UintRef};
use der::{Decode as _, Encode as _, Sequence};
use p256::pkcs8::{AlgorithmIdentifierRef, PrivateKeyInfoRef};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{DhElement, DhGroup, DhScalar};
use crate::Error;
use crate::spki::spki;

/// `dhpublicnumber` of X9.42 (RFC 3279, 2.3.3).
pub(crate) const DH_PUBLIC_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10046.2.1");
/// `dhKeyAgreement` of PKCS #3.
pub(crate) const DH_KEY_AGREEMENT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.3.1");

/// ```text
/// DomainParameters ::= SEQUENCE { p INTEGER, g INTEGER, q INTEGER, j INTEGER OPTIONAL, validationParms OPTIONAL }
/// ```
/// RFC 3279, 2.3.3.
#[derive(Sequence)]
struct DomainParameters<'a> {
    p: UintRef<'a>,
    g: UintRef<'a>,
    q: UintRef<'a>,
    #[asn1(optional = "true")]
    j: Option<UintRef<'a>>,
    #[asn1(optional = "true")]
    validation: Option<AnyRef<'a>>,
}

/// ```text
/// DHParameter ::= SEQUENCE { prime INTEGER, base INTEGER, privateValueLength INTEGER OPTIONAL }
/// ```
/// PKCS #3, 9.
#[derive(Sequence)]
struct DhParameter<'a> {
    prime: UintRef<'a>,
    base: UintRef<'a>,
    #[asn1(optional = "true")]
    length: Option<u32>,
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DhPublicKey(DhElement);

/// A private key. Its `Debug` shows the group only.
#[derive(Clone, Debug)]
pub struct DhPrivateKey {
    scalar: DhScalar,
    public: DhPublicKey,
}

impl DhGroup {
    /// Reads the parameters of an AlgorithmIdentifier.
    fn from_algorithm(algorithm: &AlgorithmIdentifierRef<'_>) -> Result<Self, Error> {
        let malformed = || Error::Malformed("DH parameters");
        let parameters = algorithm.parameters.ok_or_else(malformed)?;
        match algorithm.oid {
            DH_PUBLIC_NUMBER => {
                let domain = parameters.decode_as::<DomainParameters<'_>>().map_err(|_| malformed())?;
                Self::from_numbers(domain.p.as_bytes(), domain.q.as_bytes(), domain.g.as_bytes())
            }
            DH_KEY_AGREEMENT => {
                let domain = parameters.decode_as::<DhParameter<'_>>().map_err(|_| malformed())?;
                let known = Self::known(domain.prime.as_bytes(), domain.base.as_bytes());
                known.ok_or(Error::DhKey("order unknown"))
            }
            oid => Err(Error::UnsupportedAlgorithm(oid.to_string())),
        }
    }

    /// The parameters of X9.42.
    fn parameters_der(&self) -> Vec<u8> {
        let [p, q, g] = [self.p.as_ref(), &self.q, &self.g].map(BoxedUint::to_be_bytes_trimmed_vartime);
        let encode = || -> der::Result<Vec<u8>> {
            let [p, q, g] = [UintRef::new(&p)?, UintRef::new(&q)?, UintRef::new(&g)?];
            DomainParameters { p, g, q, j: None, validation: None }.to_der()
        };
        encode().expect("three numbers encode")
    }
}

impl DhPublicKey {
    pub(crate) fn from_der(algorithm: &AlgorithmIdentifierRef<'_>, key: &[u8]) -> Result<Self, Error> {
        Self::from_integer(&DhGroup::from_algorithm(algorithm)?, key)
    }

    /// The public number as an INTEGER, in a group that is known.
    pub(crate) fn from_integer(group: &DhGroup, key: &[u8]) -> Result<Self, Error> {
        let y = UintRef::from_der(key).map_err(|_| Error::Malformed("DH key"))?;
        Self::from_bytes(group, y.as_bytes())
    }

    /// Takes a public number, big-endian.
    ///
    /// # Errors
    /// [`Error::DhKey`]: outside the subgroup.
    pub fn from_bytes(group: &DhGroup, bytes: &[u8]) -> Result<Self, Error> {
        group.element_from_bytes(bytes).map(Self)
    }

    /// The group.
    #[must_use]
    pub fn group(&self) -> &DhGroup {
        self.0.group()
    }

    /// The public number, without leading zeros.
    #[must_use]
    pub fn to_unsigned(&self) -> Vec<u8> {
        self.0.to_unsigned()
    }

    /// Writes a SubjectPublicKeyInfo with explicit parameters of X9.42.
    #[must_use]
    pub fn to_spki_der(&self) -> Vec<u8> {
        let key = UintRef::new(self.0.as_bytes()).and_then(|y| y.to_der()).expect("a number encodes");
        spki(DH_PUBLIC_NUMBER, Some(&self.group().parameters_der()), &key)
    }
}

impl DhPrivateKey {
    /// Makes a new key.
    pub fn generate(group: &DhGroup, rng: &mut impl CryptoRng) -> Self {
        Self::new(group, group.random_scalar(rng))
    }

    /// Takes a big-endian number.
    ///
    /// # Errors
    /// [`Error::InvalidScalar`]: a multiple of the order.
    pub fn from_bytes(group: &DhGroup, bytes: &[u8]) -> Result<Self, Error> {
        Ok(Self::new(group, group.scalar_from_bytes(bytes)?))
    }

    fn new(group: &DhGroup, scalar: DhScalar) -> Self {
        Self { public: DhPublicKey(group.generator().pow(&scalar)), scalar }
    }

    /// Reads PKCS#8, unencrypted.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, Error> {
        let malformed = |_| Error::Malformed("PKCS#8");
        let info = PrivateKeyInfoRef::from_der(der).map_err(malformed)?;
        let group = DhGroup::from_algorithm(&info.algorithm)?;
        let number = UintRef::from_der(info.private_key.as_bytes()).map_err(malformed)?;
        Self::from_bytes(&group, number.as_bytes())
    }

    /// Writes PKCS#8 with parameters of X9.42.
    #[must_use]
    pub fn to_pkcs8_der(&self) -> Zeroizing<Vec<u8>> {
        let parameters = self.public.group().parameters_der();
        let encode = || -> der::Result<Zeroizing<Vec<u8>>> {
            let number = Zeroizing::new(UintRef::new(&self.scalar.0)?.to_der()?);
            let parameters = Some(AnyRef::from_der(&parameters)?);
            let algorithm = AlgorithmIdentifierRef { oid: DH_PUBLIC_NUMBER, parameters };
            Ok(Zeroizing::new(PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(&number)?).to_der()?))
        };
        encode().expect("a key encodes")
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> DhPublicKey {
        self.public.clone()
    }

    /// The shared secret, of p's length (RFC 2631, 2.1.2).
    ///
    /// # Errors
    /// [`Error::KeyMismatch`]: another group.
    pub fn agree(&self, other: &DhPublicKey) -> Result<Zeroizing<Vec<u8>>, Error> {
        if other.group() != self.public.group() {
            return Err(Error::KeyMismatch);
        }
        Ok(other.0.pow(&self.scalar).bytes.clone())
    }
}
