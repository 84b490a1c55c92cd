//! EF.DG15 (Doc 9303-11 6.2): the public key of Active Authentication. `6F { SubjectPublicKeyInfo }`.

use crate::FileId;
use crate::error::Result;
use crate::tlv::{self, tag};

/// EF.DG15.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dg15 {
    /// SubjectPublicKeyInfo, DER, exact bytes.
    pub spki_der: Vec<u8>,
}

impl Dg15 {
    /// Reads EF.DG15.
    ///
    /// # Errors
    /// Not one SEQUENCE under the tag 6F.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut fields = tlv::read_file(FileId::Dg(15), bytes)?.children()?;
        let spki = fields.expect(tag::SEQUENCE)?;
        fields.finish()?;
        Ok(Self { spki_der: spki.raw.to_vec() })
    }

    /// The file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        tlv::encode(0x6F, &self.spki_der)
    }
}
