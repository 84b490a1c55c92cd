//! The elementary files of an eMRTD and their names, identifiers and tags (Doc 9303-10 section 3.11 and 4).

use std::fmt;

/// An elementary file of the eMRTD.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileId {
    /// EF.COM: LDS version and list of data groups. Not signed: never trusted.
    Com,
    /// EF.SOD: the document security object.
    Sod,
    /// EF.CardAccess, in the master file: PACE parameters.
    CardAccess,
    /// EF.CardSecurity, in the master file: signed SecurityInfos.
    CardSecurity,
    /// EF.DG1 to EF.DG16.
    Dg(u8),
}

const DATA_GROUP_NAMES: [&str; 16] = [
    "EF.DG1", "EF.DG2", "EF.DG3", "EF.DG4", "EF.DG5", "EF.DG6", "EF.DG7", "EF.DG8", "EF.DG9", "EF.DG10",
    "EF.DG11", "EF.DG12", "EF.DG13", "EF.DG14", "EF.DG15", "EF.DG16",
];

/// Doc 9303-10 Table 39: the outer tags of DG1 to DG16.
const DATA_GROUP_TAGS: [u8; 16] =
    [0x61, 0x75, 0x63, 0x76, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x6F, 0x70];

impl FileId {
    /// The name in Doc 9303, such as `EF.DG14`. A number that no data group has gives `EF.DG?`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Com => "EF.COM",
            Self::Sod => "EF.SOD",
            Self::CardAccess => "EF.CardAccess",
            Self::CardSecurity => "EF.CardSecurity",
            Self::Dg(n) => DATA_GROUP_NAMES.get(usize::from(n).wrapping_sub(1)).copied().unwrap_or("EF.DG?"),
        }
    }

    /// The two-byte file identifier for SELECT.
    #[must_use]
    pub fn fid(self) -> u16 {
        match self {
            Self::CardAccess => 0x011C,
            Self::Sod | Self::CardSecurity => 0x011D,
            Self::Com => 0x011E,
            Self::Dg(n) => 0x0100 | u16::from(n),
        }
    }

    /// The short file identifier for READ BINARY.
    #[must_use]
    pub fn sfi(self) -> u8 {
        match self {
            Self::CardAccess => 0x1C,
            Self::Sod | Self::CardSecurity => 0x1D,
            Self::Com => 0x1E,
            Self::Dg(n) => n,
        }
    }

    /// The outermost tag of the file; 0 for a number that no data group has.
    #[must_use]
    pub fn tag(self) -> u8 {
        match self {
            Self::Com => 0x60,
            Self::Sod => 0x77,
            Self::CardAccess => 0x31,
            Self::CardSecurity => 0x30,
            Self::Dg(n) => DATA_GROUP_TAGS.get(usize::from(n).wrapping_sub(1)).copied().unwrap_or(0),
        }
    }

    /// The number of a data group.
    #[must_use]
    pub fn data_group(self) -> Option<u8> {
        match self {
            Self::Dg(n) => Some(n),
            _ => None,
        }
    }

    /// The data group whose outer tag is `tag`: EF.COM lists data groups by tag.
    #[must_use]
    pub fn from_data_group_tag(tag: u8) -> Option<Self> {
        let index = DATA_GROUP_TAGS.iter().position(|t| *t == tag)?;
        Some(Self::Dg(u8::try_from(index).ok()? + 1))
    }

    /// The file name in a folder of specimen files, such as `EF_DG1.bin`.
    #[must_use]
    pub fn file_name(self) -> String {
        format!("{}.bin", self.name().replace('.', "_"))
    }

    /// Reads a name: `EF.SOD`, `DG1`, `EF_SOD.bin`, `EF_DG1.bin`, `Datagroup1.bin`; upper or lower case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let lower = name.to_ascii_lowercase();
        let stem = lower.strip_suffix(".bin").unwrap_or(&lower);
        let stem = stem.strip_prefix("ef.").or_else(|| stem.strip_prefix("ef_")).unwrap_or(stem);
        match stem {
            "com" => return Some(Self::Com),
            "sod" => return Some(Self::Sod),
            "cardaccess" => return Some(Self::CardAccess),
            "cardsecurity" => return Some(Self::CardSecurity),
            _ => {}
        }
        let digits = stem.strip_prefix("datagroup").or_else(|| stem.strip_prefix("dg"))?;
        let n = digits.parse().ok().filter(|n| (1..=16).contains(n))?;
        (digits == format!("{n}")).then_some(Self::Dg(n))
    }
}

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_both_data_sets_are_read() {
        for (name, file) in [
            ("EF.SOD", FileId::Sod),
            ("EF_SOD.bin", FileId::Sod),
            ("EF_COM.bin", FileId::Com),
            ("DG1", FileId::Dg(1)),
            ("EF_DG1.bin", FileId::Dg(1)),
            ("Datagroup15.bin", FileId::Dg(15)),
            ("EF.CardAccess", FileId::CardAccess),
            ("EF_CardSecurity.bin", FileId::CardSecurity),
        ] {
            assert_eq!(FileId::from_name(name), Some(file), "{name}");
        }
        for name in ["", "DG0", "DG17", "DG01", "DG+1", "EF.XYZ", "Datagroup.bin"] {
            assert_eq!(FileId::from_name(name), None, "{name}");
        }
    }

    #[test]
    fn every_file_has_its_own_name_that_reads_back() {
        let files = (1..=16).map(FileId::Dg).chain([
            FileId::Com,
            FileId::Sod,
            FileId::CardAccess,
            FileId::CardSecurity,
        ]);
        for file in files {
            assert_eq!(FileId::from_name(file.name()), Some(file));
            assert_eq!(FileId::from_name(&file.file_name()), Some(file));
        }
    }

    #[test]
    fn data_group_tags_follow_the_table_of_the_standard() {
        assert_eq!(FileId::Dg(2).tag(), 0x75);
        assert_eq!(FileId::Dg(14).tag(), 0x6E);
        assert_eq!(FileId::from_data_group_tag(0x6C), Some(FileId::Dg(12)));
        assert_eq!(FileId::from_data_group_tag(0x60), None);
        assert_eq!((FileId::Dg(14).fid(), FileId::Dg(14).sfi()), (0x010E, 0x0E));
    }
}
