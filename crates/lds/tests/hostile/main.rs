//! Hostile files: the seed corpus of the fuzz targets, and properties of altered files.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod corpus;
mod properties;
mod round_trips;
mod seeds;

use lds::tlv::Reader;
use lds::{Dg1, Dg2, Dg11, Dg14, Dg15, Ldif, MasterList, Result, Sod};

/// A parser under test; the fuzz target of the same name reads the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Tlv,
    Sod,
    Dg1,
    Dg2,
    Dg11,
    Dg14,
    Dg15,
    MasterList,
    Ldif,
}

impl Target {
    const ALL: [Self; 9] = [
        Self::Tlv,
        Self::Sod,
        Self::Dg1,
        Self::Dg2,
        Self::Dg11,
        Self::Dg14,
        Self::Dg15,
        Self::MasterList,
        Self::Ldif,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Tlv => "tlv",
            Self::Sod => "sod",
            Self::Dg1 => "dg1",
            Self::Dg2 => "dg2",
            Self::Dg11 => "dg11",
            Self::Dg14 => "dg14",
            Self::Dg15 => "dg15",
            Self::MasterList => "master_list",
            Self::Ldif => "ldif",
        }
    }

    fn read(self, bytes: &[u8]) -> Result<()> {
        match self {
            Self::Tlv => walk(Reader::new("EF.TEST", bytes)),
            Self::Sod => Sod::parse(bytes).map(drop),
            Self::Dg1 => Dg1::parse(bytes).map(drop),
            Self::Dg2 => Dg2::parse(bytes).map(drop),
            Self::Dg11 => Dg11::parse(bytes).map(drop),
            Self::Dg14 => Dg14::parse(bytes).map(drop),
            Self::Dg15 => Dg15::parse(bytes).map(drop),
            Self::MasterList => MasterList::parse(bytes).map(drop),
            Self::Ldif => Ldif::new(bytes).collect::<Result<Vec<_>>>().map(drop),
        }
    }
}

/// Reads every element of a file, down to the bottom.
fn walk(mut reader: Reader<'_>) -> Result<()> {
    while let Some(element) = reader.next_element()? {
        if element.raw.first().is_some_and(|b| b & 0x20 != 0) {
            walk(element.children()?)?;
        }
    }
    Ok(())
}

/// A file of the corpus.
struct Seed {
    target: Target,
    name: &'static str,
    bytes: Vec<u8>,
    /// The code of the error, for what is refused.
    refused_with: Option<&'static str>,
}
