//! Signature schemes by AlgorithmIdentifier. A new scheme is one line of the table.

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode as _, Sequence, Tag, Tagged as _};
use p256::pkcs8::AlgorithmIdentifierRef;

use crate::{EcdsaSignature, Error, HashAlgorithm, PublicKey};

/// What a row of the table says about an OID.
#[derive(Clone, Copy)]
enum Family {
    /// RSASSA-PKCS1-v1_5 with the hash of the OID.
    Pkcs1v15(HashAlgorithm),
    /// RSASSA-PKCS1-v1_5 with the hash that the signer names elsewhere (`digestAlgorithm` of CMS).
    Pkcs1v15Bare,
    /// RSASSA-PSS with the hashes and salt of the parameters.
    Pss,
    /// ECDSA with r and s in DER.
    Ecdsa(HashAlgorithm),
    /// ECDSA with r || s.
    EcdsaPlain(HashAlgorithm),
}

#[rustfmt::skip]
const TABLE: &[(&str, Family)] = &[
    // RFC 8017, appendix C
    ("1.2.840.113549.1.1.1", Family::Pkcs1v15Bare),
    ("1.2.840.113549.1.1.5", Family::Pkcs1v15(HashAlgorithm::Sha1)),
    ("1.2.840.113549.1.1.10", Family::Pss),
    ("1.2.840.113549.1.1.11", Family::Pkcs1v15(HashAlgorithm::Sha256)),
    ("1.2.840.113549.1.1.12", Family::Pkcs1v15(HashAlgorithm::Sha384)),
    ("1.2.840.113549.1.1.13", Family::Pkcs1v15(HashAlgorithm::Sha512)),
    ("1.2.840.113549.1.1.14", Family::Pkcs1v15(HashAlgorithm::Sha224)),
    // RFC 5758, 3.2; RFC 3279, 2.2.3
    ("1.2.840.10045.4.1", Family::Ecdsa(HashAlgorithm::Sha1)),
    ("1.2.840.10045.4.3.1", Family::Ecdsa(HashAlgorithm::Sha224)),
    ("1.2.840.10045.4.3.2", Family::Ecdsa(HashAlgorithm::Sha256)),
    ("1.2.840.10045.4.3.3", Family::Ecdsa(HashAlgorithm::Sha384)),
    ("1.2.840.10045.4.3.4", Family::Ecdsa(HashAlgorithm::Sha512)),
    // BSI TR-03111, 5.2.1
    ("0.4.0.127.0.7.1.1.4.1.1", Family::EcdsaPlain(HashAlgorithm::Sha1)),
    ("0.4.0.127.0.7.1.1.4.1.2", Family::EcdsaPlain(HashAlgorithm::Sha224)),
    ("0.4.0.127.0.7.1.1.4.1.3", Family::EcdsaPlain(HashAlgorithm::Sha256)),
    ("0.4.0.127.0.7.1.1.4.1.4", Family::EcdsaPlain(HashAlgorithm::Sha384)),
    ("0.4.0.127.0.7.1.1.4.1.5", Family::EcdsaPlain(HashAlgorithm::Sha512)),
];

const ID_MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");

/// A signature scheme with all its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SignatureScheme {
    kind: Kind,
    hash: HashAlgorithm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Pkcs1v15,
    Pss { mgf_hash: HashAlgorithm, salt_len: usize },
    Ecdsa,
    EcdsaPlain,
}

/// ```text
/// RSASSA-PSS-params ::= SEQUENCE {
///     hashAlgorithm    [0] HashAlgorithm    DEFAULT sha1,
///     maskGenAlgorithm [1] MaskGenAlgorithm DEFAULT mgf1SHA1,
///     saltLength       [2] INTEGER          DEFAULT 20,
///     trailerField     [3] TrailerField     DEFAULT trailerFieldBC }
/// ```
/// RFC 8017, A.2.3. Defaults that are written out are accepted.
#[derive(Sequence, Default)]
struct PssParameters<'a> {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    hash: Option<AlgorithmIdentifierRef<'a>>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    mask_generation: Option<AlgorithmIdentifierRef<'a>>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    salt_len: Option<u16>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    trailer: Option<u8>,
}

impl SignatureScheme {
    /// Reads an AlgorithmIdentifier. `digest` is the hash named beside it (`digestAlgorithm` of a CMS signer), which
    /// only the bare `rsaEncryption` needs. Absent PSS parameters mean the defaults.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::UnsupportedAlgorithm`].
    pub fn from_algorithm_identifier(der: &[u8], digest: Option<HashAlgorithm>) -> Result<Self, Error> {
        let malformed = || Error::Malformed("AlgorithmIdentifier");
        let algorithm = AlgorithmIdentifierRef::from_der(der).map_err(|_| malformed())?;
        let oid = algorithm.oid.to_string();
        let unsupported = || Error::UnsupportedAlgorithm(oid.clone());
        let family = find(&oid).ok_or_else(unsupported)?;
        if let Family::Pss = family {
            return Self::pss(algorithm.parameters);
        }
        if algorithm.parameters.is_some_and(|parameters| parameters.tag() != Tag::Null) {
            return Err(malformed());
        }
        match family {
            Family::Pkcs1v15Bare => {
                digest.map(|hash| Self { kind: Kind::Pkcs1v15, hash }).ok_or_else(unsupported)
            }
            Family::Pkcs1v15(hash) => Ok(Self { kind: Kind::Pkcs1v15, hash }),
            Family::Ecdsa(hash) => Ok(Self { kind: Kind::Ecdsa, hash }),
            Family::EcdsaPlain(hash) => Ok(Self { kind: Kind::EcdsaPlain, hash }),
            Family::Pss => Err(unsupported()),
        }
    }

    /// A plain ECDSA scheme of TR-03111 by its dotted OID, as `ActiveAuthenticationInfo` names it.
    ///
    /// # Errors
    /// [`Error::UnsupportedAlgorithm`].
    pub fn from_plain_ecdsa_oid(oid: &str) -> Result<Self, Error> {
        match find(oid) {
            Some(Family::EcdsaPlain(hash)) => Ok(Self { kind: Kind::EcdsaPlain, hash }),
            _ => Err(Error::UnsupportedAlgorithm(oid.to_owned())),
        }
    }

    fn pss(parameters: Option<AnyRef<'_>>) -> Result<Self, Error> {
        let malformed = |_| Error::Malformed("RSASSA-PSS parameters");
        let parameters = match parameters {
            None => PssParameters::default(),
            Some(any) => any.decode_as::<PssParameters<'_>>().map_err(malformed)?,
        };
        if parameters.trailer.is_some_and(|trailer| trailer != 1) {
            return Err(Error::UnsupportedAlgorithm("RSASSA-PSS trailer".into()));
        }
        let mgf_hash = match parameters.mask_generation {
            None => HashAlgorithm::Sha1,
            Some(mgf) if mgf.oid == ID_MGF1 => {
                let inner = mgf.parameters.ok_or(Error::Malformed("RSASSA-PSS parameters"))?;
                hash_of(inner.decode_as::<AlgorithmIdentifierRef<'_>>().map_err(malformed)?)?
            }
            Some(mgf) => return Err(Error::UnsupportedAlgorithm(mgf.oid.to_string())),
        };
        let hash = parameters.hash.map_or(Ok(HashAlgorithm::Sha1), hash_of)?;
        let salt_len = parameters.salt_len.unwrap_or(20).into();
        Ok(Self { kind: Kind::Pss { mgf_hash, salt_len }, hash })
    }

    /// The hash of the message.
    #[must_use]
    pub fn hash(&self) -> HashAlgorithm {
        self.hash
    }

    /// For reports: `RSASSA-PSS SHA-256/32` (the salt's bytes), `RSASSA-PKCS1-v1_5 SHA-256`, `ECDSA SHA-256`.
    #[must_use]
    pub fn name(&self) -> String {
        let hash = self.hash.name();
        match self.kind {
            Kind::Pkcs1v15 => format!("RSASSA-PKCS1-v1_5 {hash}"),
            Kind::Pss { mgf_hash, salt_len } if mgf_hash == self.hash => {
                format!("RSASSA-PSS {hash}/{salt_len}")
            }
            Kind::Pss { mgf_hash, salt_len } => {
                format!("RSASSA-PSS {hash}/{salt_len} MGF1 {}", mgf_hash.name())
            }
            Kind::Ecdsa => format!("ECDSA {hash}"),
            Kind::EcdsaPlain => format!("plain ECDSA {hash}"),
        }
    }

    /// Verifies a signature.
    ///
    /// # Errors
    /// [`Error::KeyMismatch`]: a key of the other kind. [`Error::Malformed`]: an ECDSA signature that is none.
    /// [`Error::Signature`].
    pub fn verify(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        match (self.kind, key) {
            (Kind::Pkcs1v15, PublicKey::Rsa(key)) => key.verify_pkcs1v15(self.hash, message, signature),
            (Kind::Pss { mgf_hash, salt_len }, PublicKey::Rsa(key)) => {
                key.verify_pss(self.hash, mgf_hash, Some(salt_len), message, signature)
            }
            (Kind::Ecdsa, PublicKey::Ec(key)) => {
                key.verify_prehash(&self.hash.digest(message), &EcdsaSignature::from_der(signature)?)
            }
            (Kind::EcdsaPlain, PublicKey::Ec(key)) => {
                let signature = EcdsaSignature::from_plain(key.curve(), signature)?;
                key.verify_prehash(&self.hash.digest(message), &signature)
            }
            _ => Err(Error::KeyMismatch),
        }
    }
}

fn find(oid: &str) -> Option<Family> {
    TABLE.iter().find(|row| row.0 == oid).map(|row| row.1)
}

fn hash_of(algorithm: AlgorithmIdentifierRef<'_>) -> Result<HashAlgorithm, Error> {
    let oid = algorithm.oid.to_string();
    HashAlgorithm::from_oid(&oid).ok_or(Error::UnsupportedAlgorithm(oid))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Curve, EcPrivateKey, RsaPrivateKey};
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    fn read(hex: &str) -> Result<SignatureScheme, Error> {
        SignatureScheme::from_algorithm_identifier(&hex::decode(hex).unwrap(), None)
    }

    fn name(hex: &str) -> String {
        read(hex).unwrap().name()
    }

    #[test]
    fn algorithm_identifiers_of_documents_are_named() {
        assert_eq!(name("300d06092a864886f70d01010b0500"), "RSASSA-PKCS1-v1_5 SHA-256");
        assert_eq!(name("300b06092a864886f70d010105"), "RSASSA-PKCS1-v1_5 SHA-1");
        assert_eq!(name("300a06082a8648ce3d040303"), "ECDSA SHA-384");
        assert_eq!(name("300c06082a8648ce3d0403020500"), "ECDSA SHA-256");
        assert_eq!(name("300c060a04007f00070101040103"), "plain ECDSA SHA-256");
    }

    #[test]
    fn every_oid_stands_once_in_the_table() {
        for (i, row) in TABLE.iter().enumerate() {
            assert!(ObjectIdentifier::new(row.0).is_ok(), "{}", row.0);
            assert_eq!(TABLE.iter().position(|other| other.0 == row.0), Some(i));
        }
    }

    #[test]
    fn bare_rsa_takes_the_hash_from_beside_it() {
        let bare = hex::decode("300d06092a864886f70d0101010500").unwrap();
        let with = |digest| SignatureScheme::from_algorithm_identifier(&bare, digest);
        assert_eq!(with(Some(HashAlgorithm::Sha512)).unwrap().name(), "RSASSA-PKCS1-v1_5 SHA-512");
        assert_eq!(with(None), Err(Error::UnsupportedAlgorithm("1.2.840.113549.1.1.1".into())));
    }

    #[test]
    fn an_unknown_oid_is_refused_by_its_name() {
        let dsa = Error::UnsupportedAlgorithm("1.2.840.10040.4.3".into());
        assert_eq!(read("300906072a8648ce380403"), Err(dsa));
        assert_eq!(
            SignatureScheme::from_plain_ecdsa_oid("0.4.0.127.0.7.1.1.4.1.3").unwrap().hash(),
            HashAlgorithm::Sha256
        );
        let der_encoded = SignatureScheme::from_plain_ecdsa_oid("1.2.840.10045.4.3.2");
        assert_eq!(der_encoded, Err(Error::UnsupportedAlgorithm("1.2.840.10045.4.3.2".into())));
    }

    #[test]
    fn foreign_parameters_are_refused() {
        assert_eq!(read("300e06092a864886f70d01010b020100"), Err(Error::Malformed("AlgorithmIdentifier")));
        assert_eq!(read("300d06092a864886f70d01010b050000"), Err(Error::Malformed("AlgorithmIdentifier")));
        assert_eq!(read(""), Err(Error::Malformed("AlgorithmIdentifier")));
    }

    /// An AlgorithmIdentifier with `id-RSASSA-PSS` and these parameters, in hex.
    fn pss(parameters: &str) -> Result<SignatureScheme, Error> {
        let content = format!("06092a864886f70d01010a{parameters}");
        read(&format!("30{:02x}{content}", content.len() / 2))
    }

    const SHA256: &str = "300d06096086480165030402010500";

    #[test]
    fn absent_pss_parameters_are_the_defaults() {
        let defaults = "RSASSA-PSS SHA-1/20";
        assert_eq!(pss("").unwrap().name(), defaults);
        assert_eq!(pss("3000").unwrap().name(), defaults);
        assert_eq!(pss("300aa203020114a303020101").unwrap().name(), defaults);
    }

    #[test]
    fn pss_parameters_are_read_each_for_itself() {
        let mgf = format!("a11c301a06092a864886f70d010108{SHA256}");
        assert_eq!(pss(&format!("3011a00f{SHA256}")).unwrap().name(), "RSASSA-PSS SHA-256/20 MGF1 SHA-1");
        let all = format!("3034a00f{SHA256}{mgf}a203020120");
        assert_eq!(pss(&all).unwrap().name(), "RSASSA-PSS SHA-256/32");
    }

    #[test]
    fn pss_parameters_out_of_bounds_are_refused() {
        let malformed = Err(Error::Malformed("RSASSA-PSS parameters"));
        assert_eq!(pss("3005a2030201ff"), malformed);
        assert_eq!(pss("3007a205020300ffff").unwrap().name(), "RSASSA-PSS SHA-1/65535");
        assert_eq!(pss("3007a2050203010000"), malformed);
        assert_eq!(pss("0500"), malformed);
        assert_eq!(pss("3005a303020102"), Err(Error::UnsupportedAlgorithm("RSASSA-PSS trailer".into())));
        let other_mgf = "3011a10f300d06092a864886f70d0101090500";
        assert_eq!(pss(other_mgf), Err(Error::UnsupportedAlgorithm("1.2.840.113549.1.1.9".into())));
        let md5 = "3010a00e300c06082a864886f70d02050500";
        assert_eq!(pss(md5), Err(Error::UnsupportedAlgorithm("1.2.840.113549.2.5".into())));
    }

    #[test]
    fn a_scheme_refuses_a_key_of_the_other_kind_and_the_other_encoding() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let rsa_key = RsaPrivateKey::generate(1024, &mut rng).unwrap();
        let ec_key = EcPrivateKey::generate(Curve::BrainpoolP256r1, &mut rng);
        let (rsa, ec) = (PublicKey::Rsa(rsa_key.public_key()), PublicKey::Ec(ec_key.public_key()));
        let pkcs1 = read("300d06092a864886f70d01010b0500").unwrap();
        let ecdsa = read("300a06082a8648ce3d040302").unwrap();
        let plain = read("300c060a04007f00070101040103").unwrap();
        let rsa_signature = rsa_key.sign_pkcs1v15(HashAlgorithm::Sha256, b"m").unwrap();
        let ec_signature = ec_key.sign(HashAlgorithm::Sha256, b"m");
        let ec_der = ec_signature.to_der();
        let ec_plain = ec_signature.to_plain(Curve::BrainpoolP256r1);
        assert_eq!(pkcs1.verify(&rsa, b"m", &rsa_signature), Ok(()));
        assert_eq!(pkcs1.verify(&ec, b"m", &rsa_signature), Err(Error::KeyMismatch));
        assert_eq!(pss("").unwrap().verify(&rsa, b"m", &rsa_signature), Err(Error::Signature));
        assert_eq!(ecdsa.verify(&ec, b"m", &ec_der), Ok(()));
        assert_eq!(ecdsa.verify(&rsa, b"m", &ec_der), Err(Error::KeyMismatch));
        assert_eq!(ecdsa.verify(&ec, b"m", &ec_plain), Err(Error::Malformed("ECDSA signature")));
        assert_eq!(plain.verify(&ec, b"m", &ec_plain), Ok(()));
        assert_eq!(plain.verify(&ec, b"m", &ec_der), Err(Error::Malformed("ECDSA signature")));
    }
}
