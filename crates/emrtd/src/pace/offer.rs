//! Which way of PACE, and what is computed by it.

use crypto::pad::pad_method2;
use crypto::{Curve, SessionCipher, SessionKey};
use lds::CardAccess;
use lds::security_info::{PaceInfo, PaceMapping};
use lds::tlv::{self, Oid};
use zeroize::Zeroizing;

use super::group::{Element, PaceGroup};
use crate::apdu::ins;
use crate::{Command, Error, Password};

/// No chip's nonce is longer; the standard leaves the length to the chip (4.4.3.3).
const MAX_NONCE: usize = 64;

/// A way of PACE that both sides support.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaceOffer {
    /// The protocol.
    pub oid: Oid,
    /// The cipher of the nonce, the tokens and the session.
    pub cipher: SessionCipher,
    /// How the nonce becomes a generator.
    pub mapping: PaceMapping,
    /// The group.
    pub group: PaceGroup,
    /// The number of the domain parameters, if the chip offers several and must be told which.
    pub parameter_reference: Option<u8>,
}

impl PaceOffer {
    /// The best supported offer of EF.CardAccess: the strongest cipher, and of these the chip's first.
    #[must_use]
    pub fn choose(card_access: &CardAccess) -> Option<Self> {
        let mut parameters: Vec<_> = card_access.pace().map(|info| info.parameter_id).collect();
        parameters.sort_unstable();
        parameters.dedup();
        let mut offers: Vec<Self> = card_access.pace().filter_map(Self::from_info).collect();
        offers.sort_by_key(|offer| std::cmp::Reverse(offer.cipher.key_len() * offer.cipher.block_len()));
        let mut best = offers.into_iter().next()?;
        best.parameter_reference = (parameters.len() > 1).then_some(best.group.parameter_id());
        Some(best)
    }

    /// Version 2 with standardised domain parameters; `None` for what Doc 9303-11 does not allow: parameters of the
    /// other kind than the OID's, integrated mapping on P-224 (9.5.1), and Chip Authentication mapping without AES or
    /// without a curve (9.2.3).
    #[must_use]
    pub fn from_info(info: &PaceInfo) -> Option<Self> {
        Self::allowed(info).ok()
    }

    /// As [`PaceOffer::from_info`], with the reason.
    ///
    /// # Errors
    /// [`Error::PaceCombination`].
    pub fn allowed(info: &PaceInfo) -> Result<Self, Error> {
        let refused = |reason| Err(Error::PaceCombination(reason));
        let Some(group) = info.parameter_id.and_then(PaceGroup::from_parameter_id) else {
            return refused("domain parameters");
        };
        if info.version != 2 {
            return refused("version");
        }
        if info.agreement != group.agreement() {
            return refused("domain parameters of the other kind");
        }
        match info.mapping {
            PaceMapping::Integrated if group == PaceGroup::Ec(Curve::P224) => {
                return refused("integrated mapping on P-224");
            }
            PaceMapping::ChipAuthentication if info.cipher == SessionCipher::TripleDes => {
                return refused("Chip Authentication mapping with Triple-DES");
            }
            PaceMapping::ChipAuthentication if matches!(group, PaceGroup::Dh(_)) => {
                return refused("Chip Authentication mapping in a prime field");
            }
            _ => {}
        }
        let (oid, cipher, mapping) = (info.oid, info.cipher, info.mapping);
        Ok(Self { oid, cipher, mapping, group, parameter_reference: None })
    }

    /// MSE:Set AT (4.4.4.1).
    pub(super) fn set_at(&self, password: &Password) -> Command {
        let mut data = tlv::encode(0x80, self.oid.as_bytes());
        data.extend(tlv::encode(0x83, &[password.reference()]));
        if let Some(parameters) = self.parameter_reference {
            data.extend(tlv::encode(0x84, &[parameters]));
        }
        Command::new(ins::MANAGE_SECURITY_ENVIRONMENT, 0xC1, 0xA4, data, None)
    }

    /// K_pi (9.7.3).
    pub(super) fn password_key(&self, password: &Password) -> SessionKey {
        self.cipher.kdf(&password.secret(), 3)
    }

    /// s out of z.
    pub(super) fn decrypt_nonce(
        &self,
        key: &SessionKey,
        encrypted: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, crypto::Error> {
        if encrypted.len() > MAX_NONCE {
            return Err(crypto::Error::Ciphertext);
        }
        key.decrypt_cbc(&vec![0; self.cipher.block_len()], encrypted)
    }

    /// A token: the MAC over the other side's public key data object (4.4.3.4).
    pub(super) fn token(&self, mac: &SessionKey, key: &Element) -> Result<[u8; 8], crypto::Error> {
        let oid = self.oid.encode();
        let point = tlv::encode(key.tag(), &key.encode());
        let input = tlv::encode(0x7F49, &[oid, point].concat());
        match self.cipher {
            SessionCipher::TripleDes => mac.mac(&pad_method2(&input, self.cipher.block_len())),
            _ => mac.mac(&input),
        }
    }
}
