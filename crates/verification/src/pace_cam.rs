//! PACE with Chip Authentication mapping as a proof of the chip (Doc 9303-11 4.4.3.5).

use emrtd::pace::{CamTranscript, PaceOffer};
use lds::security_info::SecurityInfo;
use lds::{CardAccess, FileId};
use zeroize::Zeroizing;

use crate::{AuthenticDocument, ChipData, Rejection};

/// A run of PACE with Chip Authentication mapping, as the terminal recorded it, with its own private keys.
pub struct PaceCamEvidence {
    /// The protocol's object identifier, dotted.
    pub protocol: String,
    /// K_pi (Doc 9303-11 9.7.3).
    pub password_key: Zeroizing<Vec<u8>>,
    /// The terminal's private mapping key, big-endian.
    pub mapping_private_key: Zeroizing<Vec<u8>>,
    /// The terminal's private key on the mapped generator, big-endian.
    pub ephemeral_private_key: Zeroizing<Vec<u8>>,
    /// The chip's four answers to GENERAL AUTHENTICATE, with their status words.
    pub responses: Vec<Vec<u8>>,
}

impl AuthenticDocument {
    /// Judges a run that this side made as the terminal, over the files that the chip showed: the way of PACE is one that
    /// EF.CardAccess offers, and the chip holds a key that stands in EF.CardSecurity and in EF.DG14, both signed by the
    /// State. A run whose private keys somebody else chose proves nothing: who knows them can write the chip's answers.
    ///
    /// # Errors
    /// [`Rejection::CardSecurity`] and those of the files' encoding; [`Rejection::ChipAuthentication`] with the fault of
    /// the run.
    pub fn verify_pace_cam(&self, files: &ChipData, run: &PaceCamEvidence) -> Result<(), Rejection> {
        let access = files.file(FileId::CardAccess).map(CardAccess::parse).transpose()?;
        let security = files.file(FileId::CardSecurity).ok_or(Rejection::CardSecurity("missing"))?;
        let infos = self.security_object().card_security(security)?;
        let offers = access.map(|access| access.security_infos).unwrap_or_default();
        let offered = offers.iter().find_map(|info| match info {
            SecurityInfo::Pace(info) if info.oid.to_string() == run.protocol => Some(info),
            _ => None,
        });
        let not_offered = emrtd::Error::PaceCombination("not offered by EF.CardAccess");
        let keys: Vec<_> = infos
            .into_iter()
            .filter_map(|info| match info {
                SecurityInfo::ChipAuthenticationPublicKey(key) => Some(key),
                _ => None,
            })
            .collect();
        let signed = self.dg14().map(|dg14| dg14.content().public_keys.as_slice()).unwrap_or_default();
        let judged = offered.ok_or(not_offered).and_then(PaceOffer::allowed).and_then(|offer| {
            let transcript = CamTranscript {
                offer: &offer,
                password_key: &run.password_key,
                mapping_private_key: &run.mapping_private_key,
                ephemeral_private_key: &run.ephemeral_private_key,
                responses: &run.responses,
            };
            transcript.chip_authentication_data()?.verify_bound(&keys, signed)
        });
        judged.map_err(Rejection::ChipAuthentication)
    }
}
