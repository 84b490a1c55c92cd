//! EF.DG13 (Doc 9303-10 4.7.13): optional details at the discretion of the issuing State. `6D { <anything> }`.

use std::fmt;

use crate::error::Result;
use crate::{FileId, tlv};

/// EF.DG13. What it holds no standard says: it is not looked into.
#[derive(Clone, PartialEq, Eq)]
pub struct Dg13 {
    /// The value under the tag 6D.
    pub content: Vec<u8>,
}

/// What a State says of a person stays out of logs.
impl fmt::Debug for Dg13 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dg13(..)")
    }
}

impl Dg13 {
    /// Reads EF.DG13.
    ///
    /// # Errors
    /// Not one element under the tag 6D.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let outer = tlv::read_file(FileId::Dg(13), bytes)?;
        Ok(Self { content: outer.value.to_vec() })
    }

    /// The file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        tlv::encode(0x6D, &self.content)
    }
}
