//! The logical data structure of an eMRTD (ICAO Doc 9303-10): bytes to EF.COM, EF.SOD, data groups, MRZ,
//! SecurityInfos, and back.
//!
//! It parses and encodes; it checks no signature and no hash. Whatever comes out of here **proves nothing**:
//! `verification` turns it into something that does. Input is hostile: lengths and depths are bounded
//! ([`tlv`]), nothing is allocated by a number in the input, and errors say file and byte offset.

pub mod card_access;
pub mod cms;
pub mod com;
pub mod dg1;
pub mod dg11;
pub mod dg12;
pub mod dg14;
pub mod dg15;
pub mod dg2;
mod error;
mod file_id;
pub mod mrz;
pub mod security_info;
pub mod sod;
mod text;
pub mod tlv;

pub use card_access::CardAccess;
pub use com::Com;
pub use dg1::Dg1;
pub use dg2::Dg2;
pub use dg11::Dg11;
pub use dg12::Dg12;
pub use dg14::Dg14;
pub use dg15::Dg15;
pub use error::{Error, Result};
pub use file_id::FileId;
pub use mrz::Mrz;
pub use sod::Sod;

/// A data group that Sceau reads.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DataGroup {
    /// EF.DG1: the MRZ.
    Dg1(Dg1),
    /// EF.DG2: the portrait.
    Dg2(Dg2),
    /// EF.DG11: additional personal details.
    Dg11(Dg11),
    /// EF.DG12: additional document details.
    Dg12(Dg12),
    /// EF.DG14: SecurityInfos.
    Dg14(Dg14),
    /// EF.DG15: the Active Authentication public key.
    Dg15(Dg15),
    /// Any other data group, by number: its content is not read.
    Other(u8),
}

impl DataGroup {
    /// Reads the file of data group `number`.
    ///
    /// # Errors
    /// The file is not what the number says.
    pub fn parse(number: u8, bytes: &[u8]) -> Result<Self> {
        match number {
            1 => Dg1::parse(bytes).map(Self::Dg1),
            2 => Dg2::parse(bytes).map(Self::Dg2),
            11 => Dg11::parse(bytes).map(Self::Dg11),
            12 => Dg12::parse(bytes).map(Self::Dg12),
            14 => Dg14::parse(bytes).map(Self::Dg14),
            15 => Dg15::parse(bytes).map(Self::Dg15),
            _ => {
                let file = FileId::Dg(number);
                tlv::read_one(file.name(), bytes, u32::from(file.tag()))?;
                Ok(Self::Other(number))
            }
        }
    }
}
