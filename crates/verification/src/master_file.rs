//! Chip Authentication with a key in the master file (Doc 9303-11, 6.2 and 9.2.11): EF.CardSecurity, signed by the State
//! that signed EF.SOD, announces it where EF.DG14 does not.
//!
//! EF.CardSecurity is not under EF.SOD: it could be another chip's. So the proof is again that the chip reads out the
//! EF.DG1 under EF.SOD with the new keys, after it selected the eMRTD application. A phone that withholds the file gains
//! nothing, for the document is then one that offers no proof of its chip.

use emrtd::chip_authentication::{self, ChipAuthenticationOffer, ChipAuthenticationTask};
use lds::security_info::{ChipAuthenticationPublicKeyInfo, SecurityInfo};
use lds::{Dg1, Dg14};
use rand_core::CryptoRng;

use crate::certificate::Certificate;
use crate::{Authentic, AwaitChip, Rejection, SecurityObject, TrustStore};

/// The SecurityInfos of an EF.CardSecurity that the State of an EF.SOD signed. Only
/// [`TrustStore::authenticate_card_security`] makes one.
#[derive(Clone, Debug)]
pub struct AuthenticCardSecurity {
    infos: Vec<SecurityInfo>,
    sod_sha256: [u8; 32],
}

impl TrustStore {
    /// Sees that EF.CardSecurity was signed by the document signer of EF.SOD, or by another one of the same CSCA that is
    /// neither revoked nor distrusted.
    ///
    /// # Errors
    /// [`Rejection::CardSecurity`], [`Rejection::File`]; [`Rejection::DscRevoked`], [`Rejection::DscDistrusted`],
    /// [`Rejection::RevocationUndetermined`].
    pub fn authenticate_card_security(
        &self,
        object: &SecurityObject,
        bytes: &[u8],
    ) -> Result<AuthenticCardSecurity, Rejection> {
        let (infos, signer) = object.signed_card_security(bytes)?;
        if signer.sha256 != object.signer.sha256 {
            self.check_other_signer(object, &signer)?;
        }
        Ok(AuthenticCardSecurity { infos, sod_sha256: object.sod_sha256 })
    }

    /// What passive authentication saw of the document signer of EF.SOD, for another one of its CSCA.
    fn check_other_signer(&self, object: &SecurityObject, signer: &Certificate) -> Result<(), Rejection> {
        if self.distrusts(signer, object.at) || self.known_faults.revokes(signer) {
            return Err(Rejection::DscDistrusted);
        }
        let about = |crl: &&crate::crl::Crl| crl.is_about(signer) && crl.is_signed_by(&object.anchor);
        let crls: Vec<_> = self.crls.iter().filter(about).collect();
        if crls.iter().any(|crl| crl.lists(signer)) {
            return Err(Rejection::DscRevoked);
        }
        let fresh = crls.iter().any(|crl| crl.is_fresh(object.at, object.policy.crl_grace_days));
        if object.policy.require_revocation_status && !fresh {
            return Err(Rejection::RevocationUndetermined);
        }
        Ok(())
    }
}

impl AuthenticCardSecurity {
    /// Whether it announces Chip Authentication in the master file.
    #[must_use]
    pub fn announces_chip_authentication(&self) -> bool {
        self.infos.iter().any(|info| matches!(info, SecurityInfo::ChipAuthentication(_)))
    }

    /// Public keys of the chip, those of PACE with Chip Authentication Mapping among them.
    pub(crate) fn public_keys(&self) -> Vec<ChipAuthenticationPublicKeyInfo> {
        Dg14::new(self.infos.clone()).public_keys
    }

    pub(crate) fn offer(&self) -> Result<ChipAuthenticationOffer, Rejection> {
        ChipAuthenticationOffer::in_master_file(&self.infos).map_err(Rejection::ChipAuthentication)
    }
}

impl SecurityObject {
    /// Begins Chip Authentication in the master file, with a new ephemeral key.
    ///
    /// # Errors
    /// As [`begin_chip_authentication`](Self::begin_chip_authentication).
    pub fn begin_chip_authentication_in_master_file(
        &self,
        card_security: &AuthenticCardSecurity,
        dg1: &Authentic<Dg1>,
        rng: &mut impl CryptoRng,
    ) -> Result<(ChipAuthenticationTask, AwaitChip), Rejection> {
        if card_security.sod_sha256 != self.sod_sha256 {
            return Err(Rejection::ChipProofOfAnotherDocument);
        }
        self.begin_with_offer(card_security.offer()?, dg1, |offer, length| {
            chip_authentication::begin_offer(offer, length, rng)
        })
    }
}
