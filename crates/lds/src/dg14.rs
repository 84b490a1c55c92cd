//! EF.DG14 (Doc 9303-10 4.7.14): the SecurityInfos under the signature of EF.SOD. `6E { SecurityInfos }`.

use crate::FileId;
use crate::error::Result;
use crate::security_info::{
    ActiveAuthenticationInfo, ChipAuthenticationInfo, ChipAuthenticationPublicKeyInfo, PaceInfo,
    SecurityInfo, encode_set, parse_set,
};
use crate::tlv::{self, tag};

/// EF.DG14. The hash in EF.SOD is over the file's bytes, never over a re-encoding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dg14 {
    /// ChipAuthenticationInfos: may be absent beside a public key (French passports of 2017).
    pub chip_authentication: Vec<ChipAuthenticationInfo>,
    /// Public keys of Chip Authentication.
    pub public_keys: Vec<ChipAuthenticationPublicKeyInfo>,
    /// The signature algorithm of ECDSA Active Authentication.
    pub active_authentication: Option<ActiveAuthenticationInfo>,
    /// PACEInfos repeated from EF.CardAccess.
    pub pace: Vec<PaceInfo>,
    /// All SecurityInfos, in the order they stand.
    pub security_infos: Vec<SecurityInfo>,
}

impl Dg14 {
    /// Reads EF.DG14.
    ///
    /// # Errors
    /// Not a SET of SecurityInfos under the tag 6E.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut fields = tlv::read_file(FileId::Dg(14), bytes)?.children()?;
        let set = fields.expect(tag::SET)?;
        fields.finish()?;
        Ok(Self::new(parse_set(&set)?))
    }

    /// Sorts SecurityInfos by kind.
    #[must_use]
    pub fn new(security_infos: Vec<SecurityInfo>) -> Self {
        let mut dg14 = Self::default();
        for info in &security_infos {
            match info {
                SecurityInfo::ChipAuthentication(info) => dg14.chip_authentication.push(info.clone()),
                SecurityInfo::ChipAuthenticationPublicKey(info) => dg14.public_keys.push(info.clone()),
                SecurityInfo::ActiveAuthentication(info) => {
                    dg14.active_authentication.get_or_insert_with(|| info.clone());
                }
                SecurityInfo::Pace(info) => dg14.pace.push(info.clone()),
                _ => {}
            }
        }
        dg14.security_infos = security_infos;
        dg14
    }

    /// Whether Chip Authentication is announced: a DG14 may hold PACEInfos only.
    #[must_use]
    pub fn announces_chip_authentication(&self) -> bool {
        !self.public_keys.is_empty() || !self.chip_authentication.is_empty()
    }

    /// The file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        tlv::encode(0x6E, &encode_set(&self.security_infos))
    }
}
