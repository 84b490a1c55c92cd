//! EF.DG12 (Doc 9303-10 4.7.12): additional document details. Every field is optional.

use std::fmt;

use crate::dg11::{FullDate, encode_names, encode_with_tag_list, push_name, read_names};
use crate::error::Result;
use crate::tlv::Element;
use crate::{FileId, text, tlv};

/// EF.DG12. Texts are as on the chip.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Dg12 {
    /// 5F19: issuing authority.
    pub issuing_authority: Option<String>,
    /// 5F26: date of issue.
    pub date_of_issue: Option<FullDate>,
    /// 5F1A: names of other persons in the document.
    pub other_persons: Vec<String>,
    /// 5F1B: endorsements and observations.
    pub endorsements: Option<String>,
    /// 5F1C: tax and exit requirements.
    pub tax_exit_requirements: Option<String>,
    /// 5F1D: image of the document's front.
    pub image_of_front: Option<Vec<u8>>,
    /// 5F1E: image of the document's rear.
    pub image_of_rear: Option<Vec<u8>>,
    /// 5F55: date and time of personalisation, `YYYYMMDDhhmmss`; BCD turned to digits, anything else as it stands.
    pub personalised_at: Option<String>,
    /// 5F56: serial number of the personalisation system.
    pub personalisation_system: Option<String>,
}

/// 5F1A: another person in the document.
const OTHER_PERSON: u32 = 0x5F1A;

/// Details of a person's document stay out of logs.
impl fmt::Debug for Dg12 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dg12(..)")
    }
}

impl Dg12 {
    /// Reads EF.DG12. Tags that this structure has no field for are passed over.
    ///
    /// # Errors
    /// Not BER-TLV under the tag 6C beginning with a tag list, a malformed date of issue, a field that stands twice,
    /// or more other persons than a count of one byte can announce.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut fields = tlv::read_file(FileId::Dg(12), bytes)?.children()?;
        fields.expect(0x5C)?;
        let mut dg12 = Self::default();
        let mut seen = text::Seen::default();
        while let Some(field) = fields.next_element()? {
            if field.tag != OTHER_PERSON {
                seen.note(&field)?;
            }
            dg12.set(&field)?;
        }
        Ok(dg12)
    }

    fn set(&mut self, field: &Element<'_>) -> Result<()> {
        let text = || Some(text::decode(field.value));
        match field.tag {
            0x5F19 => self.issuing_authority = text(),
            0x5F26 => self.date_of_issue = FullDate::from_field(field, "date of issue")?,
            0xA0 => read_names(field, OTHER_PERSON, &mut self.other_persons)?,
            // Some documents have one without the template.
            OTHER_PERSON => push_name(&mut self.other_persons, field)?,
            0x5F1B => self.endorsements = text(),
            0x5F1C => self.tax_exit_requirements = text(),
            0x5F1D => self.image_of_front = Some(field.value.to_vec()),
            0x5F1E => self.image_of_rear = Some(field.value.to_vec()),
            0x5F55 if field.value.len() == 7 => self.personalised_at = Some(text::bcd(field.value)),
            0x5F55 => self.personalised_at = text(),
            0x5F56 => self.personalisation_system = text(),
            _ => {}
        }
        Ok(())
    }

    /// The file; dates are written as ASCII digits.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let bytes = |text: &Option<String>| text.clone().map(String::into_bytes);
        let before = [
            (0x5F19, bytes(&self.issuing_authority)),
            (0x5F26, self.date_of_issue.map(|d| d.to_string().into_bytes())),
        ];
        let after = [
            (0x5F1B, bytes(&self.endorsements)),
            (0x5F1C, bytes(&self.tax_exit_requirements)),
            (0x5F1D, self.image_of_front.clone()),
            (0x5F1E, self.image_of_rear.clone()),
            (0x5F55, bytes(&self.personalised_at)),
            (0x5F56, bytes(&self.personalisation_system)),
        ];
        let encoded = |(tag, value): (u32, Option<Vec<u8>>)| Some((tag, tlv::encode(tag, &value?)));
        let mut fields: Vec<(u32, Vec<u8>)> = before.into_iter().filter_map(encoded).collect();
        if !self.other_persons.is_empty() {
            fields.push((OTHER_PERSON, encode_names(OTHER_PERSON, &self.other_persons)));
        }
        fields.extend(after.into_iter().filter_map(encoded));
        encode_with_tag_list(0x6C, &fields)
    }
}
