//! SubjectPublicKeyInfo (RFC 5280, 4.1.2.7): the public keys of certificates, of DG14 and of DG15.

use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, UintRef};
use der::{Decode as _, Encode as _, Sequence};
use p256::pkcs8::AlgorithmIdentifierRef;
use p256::pkcs8::spki::SubjectPublicKeyInfoRef;

use crate::dh::{DH_KEY_AGREEMENT, DH_PUBLIC_NUMBER};
use crate::ec::ID_EC_PUBLIC_KEY;
use crate::rsa::{PssParameters, RsaUsage};
use crate::{Curve, DhGroup, DhPublicKey, DsaPublicKey, EcPublicKey, Error, RsaPublicKey};

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// `standardizedDomainParameters`, with a number as parameter (Doc 9303-11, 9.5.1).
const STANDARDIZED: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.4.0.127.0.7.1.2");
const ID_RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const ID_DSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10040.4.1");

/// A public key of any kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// RSA.
    Rsa(RsaPublicKey),
    /// On an elliptic curve.
    Ec(EcPublicKey),
    /// DSA.
    Dsa(DsaPublicKey),
    /// Diffie-Hellman in a prime field.
    Dh(DhPublicKey),
}

/// How a key was written, for reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpkiNotes {
    /// The curve stands as explicit parameters (Doc 9303-11, 9.5.2, wants these in DG14; RFC 5480 forbids them in
    /// certificates of the Internet).
    pub explicit_parameters: bool,
    /// The key is under `id-RSASSA-PSS` and makes PSS signatures only (RFC 4055, 1.2): with another scheme it does not
    /// fit.
    pub pss_only: bool,
}

/// RFC 8017, A.1.1.
#[derive(Sequence)]
struct RsaPublicKeyInfo<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo with `rsaEncryption`, `id-RSASSA-PSS`, `id-ecPublicKey`, `id-dsa`, a key of
    /// Diffie-Hellman, or the number of standardised domain parameters as chips carry it for Chip Authentication.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::UnsupportedAlgorithm`], and those of the key's kind.
    pub fn from_spki_der(der: &[u8]) -> Result<(Self, SpkiNotes), Error> {
        let malformed = || Error::Malformed("SubjectPublicKeyInfo");
        let info = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| malformed())?;
        let key = info.subject_public_key.as_bytes().ok_or_else(malformed)?;
        match info.algorithm.oid {
            oid @ (RSA_ENCRYPTION | ID_RSASSA_PSS) => {
                let rsa = RsaPublicKeyInfo::from_der(key).map_err(|_| malformed())?;
                let rsa = RsaPublicKey::from_components(rsa.modulus.as_bytes(), rsa.exponent.as_bytes())?;
                let usage = match info.algorithm.parameters {
                    _ if oid == RSA_ENCRYPTION => RsaUsage::Any,
                    None => RsaUsage::Pss,
                    parameters => RsaUsage::PssWith(PssParameters::from_any(parameters)?),
                };
                let notes = SpkiNotes { pss_only: oid == ID_RSASSA_PSS, ..SpkiNotes::default() };
                Ok((Self::Rsa(rsa.restricted(usage)), notes))
            }
            ID_EC_PUBLIC_KEY => {
                let parameters = info.algorithm.parameters.ok_or_else(malformed)?;
                let parameters = parameters.to_der().map_err(|_| malformed())?;
                let (curve, explicit_parameters) = Curve::from_ec_parameters_der(&parameters)?;
                let notes = SpkiNotes { explicit_parameters, ..SpkiNotes::default() };
                Ok((Self::Ec(EcPublicKey::from_sec1_or_compressed(curve, key)?), notes))
            }
            STANDARDIZED => {
                let parameters = info.algorithm.parameters.ok_or_else(malformed)?;
                let id = parameters.decode_as::<u8>().map_err(|_| malformed())?;
                if let Some(group) = DhGroup::from_parameter_id(id) {
                    return Ok((Self::Dh(DhPublicKey::from_integer(&group, key)?), SpkiNotes::default()));
                }
                let unknown = || Error::UnsupportedAlgorithm(format!("{STANDARDIZED} {id}"));
                let curve = Curve::from_parameter_id(id).ok_or_else(unknown)?;
                Ok((Self::Ec(EcPublicKey::from_sec1(curve, key)?), SpkiNotes::default()))
            }
            ID_DSA => {
                let parameters = info.algorithm.parameters.ok_or_else(malformed)?;
                Ok((Self::Dsa(DsaPublicKey::from_der(parameters, key)?), SpkiNotes::default()))
            }
            DH_PUBLIC_NUMBER | DH_KEY_AGREEMENT => {
                Ok((Self::Dh(DhPublicKey::from_der(&info.algorithm, key)?), SpkiNotes::default()))
            }
            oid => Err(Error::UnsupportedAlgorithm(oid.to_string())),
        }
    }

    /// Makes it verify faster, where that can be (see [`EcPublicKey::prepare`]).
    pub fn prepare(&self) {
        if let Self::Ec(key) = self {
            key.prepare();
        }
    }

    /// Writes it, a curve by its name.
    #[must_use]
    pub fn to_spki_der(&self) -> Vec<u8> {
        match self {
            Self::Rsa(key) => {
                let (modulus, exponent) = (key.modulus(), key.exponent());
                let encode = || {
                    RsaPublicKeyInfo { modulus: UintRef::new(&modulus)?, exponent: UintRef::new(&exponent)? }
                        .to_der()
                };
                let numbers = encode().expect("two numbers encode");
                match key.usage() {
                    RsaUsage::Any => spki(RSA_ENCRYPTION, Some(&[5, 0]), &numbers),
                    RsaUsage::Pss => spki(ID_RSASSA_PSS, None, &numbers),
                    RsaUsage::PssWith(parameters) => {
                        spki(ID_RSASSA_PSS, Some(&parameters.to_der()), &numbers)
                    }
                }
            }
            Self::Dsa(key) => {
                let (parameters, number) = key.to_der();
                spki(ID_DSA, Some(&parameters), &number)
            }
            Self::Dh(key) => key.to_spki_der(),
            Self::Ec(key) => {
                spki(ID_EC_PUBLIC_KEY, Some(&key.curve().named_parameters_der()), &key.to_sec1())
            }
        }
    }
}

impl EcPublicKey {
    /// Writes a SubjectPublicKeyInfo with explicit parameters, as documents carry it.
    #[must_use]
    pub fn to_explicit_spki_der(&self) -> Vec<u8> {
        spki(ID_EC_PUBLIC_KEY, Some(&self.curve().explicit_parameters_der()), &self.to_sec1())
    }
}

pub(crate) fn spki(oid: ObjectIdentifier, parameters: Option<&[u8]>, key: &[u8]) -> Vec<u8> {
    let encode = || {
        let parameters = parameters.map(AnyRef::from_der).transpose()?;
        let algorithm = AlgorithmIdentifierRef { oid, parameters };
        SubjectPublicKeyInfoRef { algorithm, subject_public_key: BitStringRef::from_bytes(key)? }.to_der()
    };
    encode().expect("a key encodes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EcPrivateKey, HashAlgorithm, RsaPrivateKey};
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    #[test]
    fn keys_are_read_back() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let rsa = PublicKey::Rsa(RsaPrivateKey::generate(1024, &mut rng).unwrap().public_key());
        assert_eq!(PublicKey::from_spki_der(&rsa.to_spki_der()), Ok((rsa, SpkiNotes::default())));
        for curve in Curve::all() {
            let key = EcPrivateKey::generate(curve, &mut rng).public_key();
            let (named, explicit) = (PublicKey::Ec(key.clone()).to_spki_der(), key.to_explicit_spki_der());
            let key = PublicKey::Ec(key);
            assert_eq!(PublicKey::from_spki_der(&named), Ok((key.clone(), SpkiNotes::default())));
            let notes = SpkiNotes { explicit_parameters: true, pss_only: false };
            assert_eq!(PublicKey::from_spki_der(&explicit), Ok((key, notes)));
        }
    }

    /// RFC 5480 2.2.
    #[test]
    fn a_compressed_point_is_the_whole_one() {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        for curve in Curve::all() {
            for _ in 0..4 {
                let key = EcPrivateKey::generate(curve, &mut rng).public_key();
                let sec1 = key.to_sec1();
                let (x, y) = sec1[1..].split_at(curve.field_len());
                let read = |sign: u8| {
                    let parameters = curve.named_parameters_der();
                    let der = spki(ID_EC_PUBLIC_KEY, Some(&parameters), &[&[sign], x].concat());
                    PublicKey::from_spki_der(&der).map(|(key, _)| key)
                };
                let sign = 2 + (y.last().unwrap() & 1);
                assert_eq!(read(sign), Ok(PublicKey::Ec(key.clone())), "{curve:?}");
                let Ok(PublicKey::Ec(other)) = read(sign ^ 1) else { panic!("{curve:?}") };
                assert_eq!(&other.to_sec1()[1..=x.len()], x);
                assert_ne!(other, key);
                assert_eq!(read(5), Err(Error::InvalidPoint));
            }
            let beyond = vec![0xff; curve.field_len()];
            let read = |x: &[u8]| EcPublicKey::from_sec1_or_compressed(curve, &[&[2], x].concat());
            assert_eq!(read(&beyond), Err(Error::InvalidPoint));
            // Half of all numbers are no x of the curve.
            let absent = (0..64).filter(|n| {
                let mut x = vec![0; curve.field_len()];
                *x.last_mut().unwrap() = *n;
                read(&x).is_err()
            });
            assert!((8..56).contains(&absent.count()), "{curve:?}");
        }
    }

    /// RFC 4055, 1.2 and 3.3: the key's parameters bind, its salt is the least.
    #[test]
    fn a_key_for_pss_alone_fits_no_other_signature() {
        use HashAlgorithm::{Sha1, Sha256};
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let key = RsaPrivateKey::generate(1024, &mut rng).unwrap();
        let plain = PublicKey::Rsa(key.public_key()).to_spki_der();
        let inner = SubjectPublicKeyInfoRef::from_der(&plain).unwrap().subject_public_key.as_bytes().unwrap();
        let parameters = |salt_len| PssParameters { hash: Sha256, mgf_hash: Sha256, salt_len }.to_der();
        let read = |parameters: Option<&[u8]>| {
            let der = spki(ID_RSASSA_PSS, parameters, inner);
            let (key, notes) = PublicKey::from_spki_der(&der).unwrap();
            assert_eq!(notes, SpkiNotes { explicit_parameters: false, pss_only: true });
            assert_eq!(key.to_spki_der(), der);
            let PublicKey::Rsa(key) = key else { panic!("not an RSA key") };
            key
        };
        let pss = key.sign_pss(Sha256, 32, b"m", &mut rng).unwrap();
        let pss_sha1 = key.sign_pss(Sha1, 20, b"m", &mut rng).unwrap();
        let pkcs1 = key.sign_pkcs1v15(Sha256, b"m").unwrap();
        let mismatch = Err(Error::KeyMismatch);
        for (parameters, fits) in [
            (None, true),
            (Some(parameters(32)), true),
            (Some(parameters(20)), true),
            (Some(parameters(33)), false),
        ] {
            let key = read(parameters.as_deref());
            let expected = if fits { Ok(()) } else { mismatch.clone() };
            assert_eq!(key.verify_pss(Sha256, Sha256, Some(32), b"m", &pss), expected);
            assert_eq!(key.verify_pkcs1v15(Sha256, b"m", &pkcs1), mismatch);
        }
        assert_eq!(read(None).verify_pss(Sha1, Sha1, Some(20), b"m", &pss_sha1), Ok(()));
        let restricted = read(Some(&parameters(20)));
        assert_eq!(restricted.verify_pss(Sha1, Sha1, Some(20), b"m", &pss_sha1), mismatch);
        assert_eq!(restricted.verify_pss(Sha256, Sha1, Some(32), b"m", &pss), mismatch);
        let malformed = PublicKey::from_spki_der(&spki(ID_RSASSA_PSS, Some(&[5, 0]), inner));
        assert_eq!(malformed, Err(Error::Malformed("RSASSA-PSS parameters")));
    }

    #[test]
    fn a_key_of_an_unknown_kind_is_refused_by_its_name() {
        let x25519 = ObjectIdentifier::new_unwrap("1.3.101.110");
        let refused = Err(Error::UnsupportedAlgorithm("1.3.101.110".into()));
        assert_eq!(PublicKey::from_spki_der(&spki(x25519, Some(&[5, 0]), &[2, 1, 1])), refused);
    }

    /// Doc 9303-11, appendix I.1: the key of ChipAuthenticationPublicKeyInfo.
    #[test]
    fn a_standardised_curve_is_found_by_its_number() {
        let point = "041872709494399e7470a6431be25e83eee24fea568c2ed28db48e05db3a610dc8\
                     84d256a40e35efcb59bf6753d3a489d28c7a4d973c2da138a6e7a4a08f68e16f";
        let key = hex::decode(format!("3052300c060704007f0007010202010d034200{point}")).unwrap();
        let expected = EcPublicKey::from_sec1(Curve::BrainpoolP256r1, &hex::decode(point).unwrap()).unwrap();
        let expected = PublicKey::Ec(expected);
        assert_eq!(PublicKey::from_spki_der(&key), Ok((expected, SpkiNotes::default())));
        let mut reserved = key.clone();
        reserved[15] = 19;
        let refused = Err(Error::UnsupportedAlgorithm("0.4.0.127.0.7.1.2 19".into()));
        assert_eq!(PublicKey::from_spki_der(&reserved), refused);
    }

    #[test]
    fn points_off_the_curve_and_at_infinity_are_refused() {
        let key = EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(1)).public_key();
        let parameters = Curve::P256.named_parameters_der();
        let read = |point: &[u8]| PublicKey::from_spki_der(&spki(ID_EC_PUBLIC_KEY, Some(&parameters), point));
        let mut off = key.to_sec1();
        off[64] ^= 1;
        assert!(read(&key.to_sec1()).is_ok());
        for bad in [&off[..], &[0], &[0; 65], &key.to_sec1()[..64], &[]] {
            assert_eq!(read(bad), Err(Error::InvalidPoint));
        }
    }

    #[test]
    fn cut_keys_do_not_panic() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let rsa = PublicKey::Rsa(RsaPrivateKey::generate(1024, &mut rng).unwrap().public_key()).to_spki_der();
        let ec = EcPrivateKey::generate(Curve::P521, &mut rng).public_key().to_explicit_spki_der();
        for der in [rsa, ec] {
            assert!(PublicKey::from_spki_der(&der).is_ok());
            for len in 0..der.len() {
                assert_eq!(
                    PublicKey::from_spki_der(&der[..len]),
                    Err(Error::Malformed("SubjectPublicKeyInfo"))
                );
            }
        }
    }
}
