//! A run of PACE with Chip Authentication mapping, judged afterwards from what was recorded.
//!
//! It shows that the chip of the static key took part in a run with these terminal keys. Whoever chose them could have
//! made the run up (4.4.3.5: the proof convinces the terminal alone), so it counts only where they were the judge's own.

use crypto::Scalar;

use super::{AwaitNonce, ChipAuthenticationData, Exponent, PaceGroup, PaceOffer, crypto_error};
use crate::{Error, Response, Step};

/// What the terminal recorded. It holds private keys.
#[derive(Clone, Copy)]
pub struct CamTranscript<'a> {
    /// The way of PACE.
    pub offer: &'a PaceOffer,
    /// K_pi (9.7.3).
    pub password_key: &'a [u8],
    /// The terminal's private mapping key.
    pub mapping_private_key: &'a [u8],
    /// The terminal's private key on the mapped generator.
    pub ephemeral_private_key: &'a [u8],
    /// The chip's four answers to GENERAL AUTHENTICATE, with their status words.
    pub responses: &'a [Vec<u8>],
}

impl CamTranscript<'_> {
    /// Runs the terminal's side again: the token must be right, and the chip's data come out.
    ///
    /// # Errors
    /// Those of the steps; [`Error::PaceCam`]: no chip authentication data; [`Error::PaceCombination`]: another mapping.
    pub fn chip_authentication_data(&self) -> Result<ChipAuthenticationData, Error> {
        let PaceGroup::Ec(curve) = self.offer.group else { return Err(NO_CAM) };
        let [nonce, mapping_key, ephemeral_key, token] = self.responses else {
            return Err(Error::MalformedAnswer { step: Step::PaceTranscript });
        };
        let private = |bytes| {
            Scalar::from_bytes(curve, bytes).map(Exponent::Ec).map_err(crypto_error(Step::PaceTranscript))
        };
        let password_key =
            self.offer.cipher.key(self.password_key).map_err(crypto_error(Step::PaceTranscript))?;
        let step = AwaitNonce { offer: self.offer.clone(), password_key };
        let (_, step) = step.with_private(&Response::parse(nonce)?, private(self.mapping_private_key)?)?;
        let (_, step) =
            step.with_private(&Response::parse(mapping_key)?, private(self.ephemeral_private_key)?)?;
        let (_, step) = step.received(&Response::parse(ephemeral_key)?)?;
        step.received(&Response::parse(token)?)?.chip_authentication.ok_or(NO_CAM)
    }
}

const NO_CAM: Error = Error::PaceCombination("not Chip Authentication mapping");
