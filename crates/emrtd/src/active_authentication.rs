//! Active Authentication (Doc 9303-11, 6.1): the chip signs a challenge of eight bytes with the key of EF.DG15.
//!
//! It proves something only if the one who verifies chose the challenge, used it once, and has EF.DG15 under an
//! authenticated EF.SOD.

use crypto::{PublicKey, SignatureScheme, iso9796_2};
use lds::Dg15;
use lds::security_info::ActiveAuthenticationInfo;

use crate::apdu::ins;
use crate::{Command, Error, Step};

/// Bytes of the challenge, RND.IFD.
pub const CHALLENGE: usize = 8;

/// INTERNAL AUTHENTICATE over `challenge`, for a signature of at most `le` bytes.
#[must_use]
pub fn command(challenge: &[u8; CHALLENGE], le: u32) -> Command {
    Command::new(ins::INTERNAL_AUTHENTICATE, 0, 0, challenge.to_vec(), Some(le))
}

/// Verifies the chip's signature over `challenge` and says by which scheme it was made, such as
/// `ISO 9796-2 SHA-256` or `plain ECDSA SHA-256`. With an elliptic key, the scheme stands in EF.DG14 (`info`).
///
/// # Errors
/// [`Error::ActiveAuthenticationSignature`]; [`Error::ActiveAuthenticationAlgorithm`]: the key is elliptic and `info`
/// is missing; [`Error::Crypto`]: the key or the algorithm is not supported.
pub fn verify(
    dg15: &Dg15,
    info: Option<&ActiveAuthenticationInfo>,
    challenge: &[u8; CHALLENGE],
    signature: &[u8],
) -> Result<String, Error> {
    let unsupported = |error| Error::Crypto { step: Step::ActiveAuthentication, error };
    let (key, _) = PublicKey::from_spki_der(&dg15.spki_der).map_err(unsupported)?;
    match &key {
        PublicKey::Rsa(rsa) => iso9796_2::recover_and_verify(rsa, challenge, signature)
            .map(|hash| format!("ISO 9796-2 {}", hash.name()))
            .map_err(|_| Error::ActiveAuthenticationSignature),
        PublicKey::Ec(_) => {
            let info = info.ok_or(Error::ActiveAuthenticationAlgorithm)?;
            let scheme = SignatureScheme::from_plain_ecdsa_oid(&info.signature_algorithm_oid.to_string());
            let scheme = scheme.map_err(unsupported)?;
            scheme
                .verify(&key, challenge, signature)
                .map(|()| scheme.name().into_owned())
                .map_err(|_| Error::ActiveAuthenticationSignature)
        }
        PublicKey::Dsa(_) | PublicKey::Dh(_) => {
            Err(unsupported(crypto::Error::UnsupportedAlgorithm("neither RSA nor ECDSA".into())))
        }
    }
}

#[cfg(test)]
mod tests {
    use crypto::{Curve, EcPrivateKey, HashAlgorithm, RsaPrivateKey};
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;
    use lds::tlv::Oid;

    const CHALLENGED: &[u8; CHALLENGE] = b"8 bytes.";

    fn info(oid: &str) -> ActiveAuthenticationInfo {
        ActiveAuthenticationInfo { version: 1, signature_algorithm_oid: Oid::new(oid) }
    }

    #[test]
    fn the_command_is_that_of_the_standard() {
        let command = command(&[0xF1, 0x73, 0x58, 0x99, 0x74, 0xBF, 0x40, 0xC6], 256);
        assert_eq!(hex::encode(command.encode().unwrap()), "0088000008f173589974bf40c600");
    }

    #[test]
    fn an_rsa_signature_is_good_for_its_challenge() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let key = RsaPrivateKey::generate(1024, &mut rng).unwrap();
        let dg15 = Dg15 { spki_der: PublicKey::Rsa(key.public_key()).to_spki_der() };
        let signature = iso9796_2::sign(&key, HashAlgorithm::Sha256, CHALLENGED, &mut rng).unwrap();
        let verify = |challenge, signature: &[u8]| verify(&dg15, None, challenge, signature);
        assert_eq!(verify(CHALLENGED, &signature), Ok("ISO 9796-2 SHA-256".into()));
        let wrong = Err(Error::ActiveAuthenticationSignature);
        assert_eq!(verify(b"8 bytes,", &signature), wrong);
        assert_eq!(verify(CHALLENGED, &signature[1..]), wrong);
        assert_eq!(verify(CHALLENGED, &[]), wrong);
    }

    #[test]
    fn an_elliptic_key_needs_its_algorithm_from_dg14() {
        let key = EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(1));
        let dg15 = Dg15 { spki_der: PublicKey::Ec(key.public_key()).to_spki_der() };
        let signature = key.sign(HashAlgorithm::Sha256, CHALLENGED);
        let plain = signature.to_plain(Curve::P256);
        let plain_sha256 = info("0.4.0.127.0.7.1.1.4.1.3");
        let verify = |info: Option<&ActiveAuthenticationInfo>, challenge, signature: &[u8]| {
            verify(&dg15, info, challenge, signature)
        };
        assert_eq!(verify(Some(&plain_sha256), CHALLENGED, &plain), Ok("plain ECDSA SHA-256".into()));
        let wrong = Err(Error::ActiveAuthenticationSignature);
        assert_eq!(verify(Some(&plain_sha256), b"8 bytes,", &plain), wrong);
        assert_eq!(verify(Some(&plain_sha256), CHALLENGED, &signature.to_der()), wrong);
        assert_eq!(verify(Some(&info("0.4.0.127.0.7.1.1.4.1.4")), CHALLENGED, &plain), wrong);
        assert_eq!(verify(None, CHALLENGED, &plain), Err(Error::ActiveAuthenticationAlgorithm));
        let ecdsa_der = verify(Some(&info("1.2.840.10045.4.3.2")), CHALLENGED, &plain);
        assert!(matches!(ecdsa_der, Err(Error::Crypto { .. })));
    }

    /// Every hash that DG14 may name, on a short, a usual and a long curve: the hash is that of DG14 and no other.
    #[test]
    fn the_hash_of_dg14_counts() {
        let plain = |last: usize| info(&format!("0.4.0.127.0.7.1.1.4.1.{last}"));
        for curve in [Curve::P192, Curve::BrainpoolP224r1, Curve::BrainpoolP320r1, Curve::P521] {
            let key = EcPrivateKey::generate(curve, &mut ChaCha20Rng::seed_from_u64(1));
            let dg15 = Dg15 { spki_der: key.public_key().to_explicit_spki_der() };
            for (signed, hash) in HashAlgorithm::all().enumerate() {
                let signature = key.sign(hash, CHALLENGED).to_plain(curve);
                for (named, other) in HashAlgorithm::all().enumerate() {
                    let expected = if named == signed {
                        Ok(format!("plain ECDSA {}", other.name()))
                    } else {
                        Err(Error::ActiveAuthenticationSignature)
                    };
                    assert_eq!(verify(&dg15, Some(&plain(named + 1)), CHALLENGED, &signature), expected);
                }
            }
        }
    }

    #[test]
    fn a_key_that_is_none_is_refused() {
        let verified = verify(&Dg15 { spki_der: vec![0x30, 0] }, None, CHALLENGED, &[0; 128]);
        let error = crypto::Error::Malformed("SubjectPublicKeyInfo");
        assert_eq!(verified, Err(Error::Crypto { step: Step::ActiveAuthentication, error }));
    }
}
