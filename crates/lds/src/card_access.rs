//! EF.CardAccess (Doc 9303-11 4.4.4): the SecurityInfos of the master file, not signed.

use crate::FileId;
use crate::error::Result;
use crate::security_info::{PaceInfo, SecurityInfo, encode_set, parse_set};
use crate::tlv;

/// EF.CardAccess.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardAccess {
    /// All SecurityInfos, in the order they stand.
    pub security_infos: Vec<SecurityInfo>,
}

impl CardAccess {
    /// Reads EF.CardAccess.
    ///
    /// # Errors
    /// Not a SET of SecurityInfos.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let set = tlv::read_file(FileId::CardAccess, bytes)?;
        Ok(Self { security_infos: parse_set(&set)? })
    }

    /// The ways of PACE that the chip offers, in its order.
    pub fn pace(&self) -> impl Iterator<Item = &PaceInfo> {
        self.security_infos.iter().filter_map(|info| match info {
            SecurityInfo::Pace(pace) => Some(pace),
            _ => None,
        })
    }

    /// The file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode_set(&self.security_infos)
    }
}
