//! EF.DG1 (Doc 9303-10 4.7.1): the MRZ. `61 { 5F1F <88, 72 or 90 characters> }`.

use crate::error::Result;
use crate::{FileId, Mrz, tlv};

/// EF.DG1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dg1 {
    /// The MRZ, all of whose check digits compute.
    pub mrz: Mrz,
}

impl Dg1 {
    /// Reads EF.DG1.
    ///
    /// # Errors
    /// Not the structure above, or not an MRZ (see [`Mrz::parse`]).
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut fields = tlv::read_file(FileId::Dg(1), bytes)?.children()?;
        let mrz = fields.required(0x5F1F, "MRZ")?;
        fields.finish()?;
        // 90, 72 or 88 characters: line breaks are of an MRZ that was typed or scanned, never of the chip's.
        let text = std::str::from_utf8(mrz.value).map_err(|_| mrz.malformed("MRZ"))?;
        if text.bytes().any(|byte| matches!(byte, b'\r' | b'\n')) {
            return Err(mrz.malformed("MRZ: line breaks"));
        }
        Ok(Self { mrz: Mrz::parse_at(text, mrz.value_offset())? })
    }

    /// The file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode_text(&self.mrz.text())
    }
}

/// EF.DG1 around any text: specimens need wrong ones too.
#[must_use]
pub fn encode_text(mrz: &str) -> Vec<u8> {
    tlv::encode(0x61, &tlv::encode(0x5F1F, mrz.as_bytes()))
}
