//! EF.DG7 (Doc 9303-10 4.7.7): the displayed signature or usual mark. `67 { 02 <number>, 5F43 <image> .. }`.

use std::fmt;

use crate::FileId;
use crate::error::Result;
use crate::tlv::{self, tag};

/// EF.DG7.
#[derive(Clone, PartialEq, Eq)]
pub struct Dg7 {
    /// The images, one to nine: JPEG or JPEG 2000 by the standard. Their kind is told by
    /// [`ImageKind::sniff`](crate::image::ImageKind::sniff); another kind is kept as it is.
    pub signatures: Vec<Vec<u8>>,
}

/// Doc 9303-10 Table 64.
const MAX_SIGNATURES: usize = 9;

/// The signature stays out of logs.
impl fmt::Debug for Dg7 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dg7(..)")
    }
}

impl Dg7 {
    /// Reads EF.DG7.
    ///
    /// # Errors
    /// Not the structure above, another number of images than is announced, or more than nine.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let outer = tlv::read_file(FileId::Dg(7), bytes)?;
        let mut fields = outer.children()?;
        let count = fields.expect(tag::INTEGER)?;
        let mut signatures = Vec::new();
        while !fields.is_empty() {
            let image = fields.expect(0x5F43)?;
            if signatures.len() == MAX_SIGNATURES {
                return Err(image.malformed("displayed signatures: too many"));
            }
            signatures.push(image.value.to_vec());
        }
        if count.unsigned()? != signatures.len() as u64 {
            return Err(count.malformed("number of displayed signatures"));
        }
        Ok(Self { signatures })
    }

    /// The file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut parts = vec![tlv::encode_unsigned(self.signatures.len() as u64)];
        parts.extend(self.signatures.iter().map(|image| tlv::encode(0x5F43, image)));
        tlv::encode_all(0x67, &parts)
    }
}
