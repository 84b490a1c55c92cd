//! The logical data structure of an eMRTD (ICAO Doc 9303-10): bytes to EF.COM, EF.SOD, data groups, MRZ,
//! SecurityInfos, and back; and the lists that States publish: master lists, deviation and defect lists, the LDIF of
//! the PKD.
//!
//! It parses and encodes; it checks no signature and no hash. Whatever comes out of here **proves nothing**:
//! `verification` turns it into something that does. Input is hostile: lengths and depths are bounded
//! ([`tlv`]), nothing is allocated by a number in the input, and errors say file and byte offset.

pub mod atr_info;
pub mod card_access;
pub mod card_security;
pub mod cms;
pub mod com;
pub mod defect_list;
pub mod deviation_list;
pub mod dg1;
pub mod dg11;
pub mod dg12;
pub mod dg13;
pub mod dg14;
pub mod dg15;
pub mod dg16;
pub mod dg2;
pub mod dg7;
mod error;
mod file_id;
pub mod image;
pub mod ldif;
pub mod master_list;
pub mod mrz;
pub mod security_info;
pub mod sod;
mod text;
pub mod tlv;

pub use atr_info::AtrInfo;
pub use card_access::CardAccess;
pub use card_security::CardSecurity;
pub use com::Com;
pub use defect_list::DefectList;
pub use deviation_list::DeviationList;
pub use dg1::Dg1;
pub use dg2::Dg2;
pub use dg7::Dg7;
pub use dg11::Dg11;
pub use dg12::Dg12;
pub use dg13::Dg13;
pub use dg14::Dg14;
pub use dg15::Dg15;
pub use dg16::Dg16;
pub use error::{Error, Result};
pub use file_id::FileId;
pub use ldif::Ldif;
pub use master_list::MasterList;
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
    /// EF.DG7: the signature or usual mark.
    Dg7(Dg7),
    /// EF.DG11: additional personal details.
    Dg11(Dg11),
    /// EF.DG12: additional document details.
    Dg12(Dg12),
    /// EF.DG13: what the State chose.
    Dg13(Dg13),
    /// EF.DG14: SecurityInfos.
    Dg14(Dg14),
    /// EF.DG15: the Active Authentication public key.
    Dg15(Dg15),
    /// EF.DG16: persons to notify.
    Dg16(Dg16),
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
            7 => Dg7::parse(bytes).map(Self::Dg7),
            11 => Dg11::parse(bytes).map(Self::Dg11),
            12 => Dg12::parse(bytes).map(Self::Dg12),
            13 => Dg13::parse(bytes).map(Self::Dg13),
            14 => Dg14::parse(bytes).map(Self::Dg14),
            15 => Dg15::parse(bytes).map(Self::Dg15),
            16 => Dg16::parse(bytes).map(Self::Dg16),
            _ => {
                tlv::read_file(FileId::Dg(number), bytes)?;
                Ok(Self::Other(number))
            }
        }
    }
}
