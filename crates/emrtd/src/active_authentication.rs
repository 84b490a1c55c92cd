//! Active Authentication (Doc 9303-11, 6.1): the chip signs a challenge of eight bytes with the key of EF.DG15.
//!
//! It proves something only if the one who verifies chose the challenge, used it once, and has EF.DG15 under an
//! authenticated EF.SOD.

use crypto::{PublicKey, SignatureScheme, iso9796_2};
use lds::Dg15;
use lds::security_info::ActiveAuthenticationInfo;

use crate::apdu::ins;
use crate::{Command, Error};

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
    let unsupported = |error| Error::Crypto { step: "Active Authentication", error };
    let (key, _) = PublicKey::from_spki_der(&dg15.spki_der).map_err(unsupported)?;
    match &key {
        PublicKey::Rsa(rsa) => iso9796_2::recover_and_verify(rsa, challenge, signature)
            .map(|hash| format!("ISO 9796-2 {}", hash.name()))
            .map_err(|_| Error::ActiveAuthenticationSignature),
        PublicKey::Ec(_) => {
            let info = info.ok_or(Error::ActiveAuthenticationAlgorithm)?;
            let scheme = SignatureScheme::from_plain_ecdsa_oid(&info.signature_algorithm_oid);
            let scheme = scheme.map_err(unsupported)?;
            scheme
                .verify(&key, challenge, signature)
                .map(|()| scheme.name())
                .map_err(|_| Error::ActiveAuthenticationSignature)
        }
    }
}
