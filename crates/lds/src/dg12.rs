//! EF.DG12 (Doc 9303-10 4.7.12): additional document details. Every field is optional.

use std::fmt;

use crate::dg11::{FullDate, encode_with_tag_list};
use crate::error::Result;
use crate::{FileId, text, tlv};

/// EF.DG12, the fields that Sceau shows or keeps.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Dg12 {
    /// 5F19: issuing authority.
    pub issuing_authority: Option<String>,
    /// 5F26: date of issue.
    pub date_of_issue: Option<FullDate>,
    /// 5F1B: endorsements and observations.
    pub endorsements: Option<String>,
    /// 5F1C: tax and exit requirements.
    pub tax_exit_requirements: Option<String>,
    /// 5F56: serial number of the personalisation system.
    pub personalisation_system: Option<String>,
}

/// Details of a person's document stay out of logs.
impl fmt::Debug for Dg12 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dg12(..)")
    }
}

impl Dg12 {
    /// Reads EF.DG12. Tags that this structure has no field for (images, other persons) are passed over.
    ///
    /// # Errors
    /// Not BER-TLV under the tag 6C beginning with a tag list, or a malformed date of issue.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut fields = tlv::read_one(FileId::Dg(12).name(), bytes, 0x6C)?.children()?;
        fields.expect(0x5C)?;
        let mut dg12 = Self::default();
        while let Some(field) = fields.next_element()? {
            let text = || Some(text::decode(field.value));
            match field.tag {
                0x5F19 => dg12.issuing_authority = text(),
                0x5F26 => dg12.date_of_issue = FullDate::from_field(&field, "date of issue")?,
                0x5F1B => dg12.endorsements = text(),
                0x5F1C => dg12.tax_exit_requirements = text(),
                0x5F56 => dg12.personalisation_system = text(),
                _ => {}
            }
        }
        Ok(dg12)
    }

    /// The file; the date is written as eight ASCII digits.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let fields: Vec<(u32, Vec<u8>)> = [
            (0x5F19, self.issuing_authority.clone()),
            (0x5F26, self.date_of_issue.map(|d| d.to_string())),
            (0x5F1B, self.endorsements.clone()),
            (0x5F1C, self.tax_exit_requirements.clone()),
            (0x5F56, self.personalisation_system.clone()),
        ]
        .into_iter()
        .filter_map(|(tag, text)| text.map(|t| (tag, tlv::encode(tag, t.as_bytes()))))
        .collect();
        encode_with_tag_list(0x6C, &fields)
    }
}
