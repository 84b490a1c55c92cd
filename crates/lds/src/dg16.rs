//! EF.DG16 (Doc 9303-10 4.7.16): persons to notify.
//!
//! ```text
//! 70 { 02 <number>, A1 { 5F50 <date recorded>, 5F51 <name>, 5F52 <telephone>, 5F53 <address> }, A2 { .. } .. }
//! ```

use std::fmt;

use crate::dg11::FullDate;
use crate::error::Result;
use crate::tlv::{self, Element, tag};
use crate::{FileId, text};

/// EF.DG16.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Dg16 {
    /// In the order in which they stand.
    pub persons: Vec<PersonToNotify>,
}

/// A person to notify in an emergency.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PersonToNotify {
    /// 5F50: when this was recorded.
    pub date_recorded: Option<FullDate>,
    /// 5F51: the name, `SURNAME<<GIVEN<NAMES`.
    pub name: Option<String>,
    /// 5F52: telephone.
    pub telephone: Option<String>,
    /// 5F53: address.
    pub address: Vec<String>,
}

/// Personal data stay out of logs.
impl fmt::Debug for Dg16 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dg16(..)")
    }
}

/// Personal data stay out of logs.
impl fmt::Debug for PersonToNotify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonToNotify(..)")
    }
}

impl Dg16 {
    /// Reads EF.DG16.
    ///
    /// # Errors
    /// Not the structure above, another number of persons than is announced, a malformed date, a field twice, or an
    /// address of more than 64 elements.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut fields = tlv::read_file(FileId::Dg(16), bytes)?.children()?;
        let count = fields.expect(tag::INTEGER)?;
        let mut persons = Vec::new();
        // A1 to AF: one octet of tag numbers fifteen templates.
        while let Some(template) = fields.next_element()? {
            let expected = 0xA1 + u32::try_from(persons.len()).unwrap_or(u32::MAX);
            if template.tag != expected || expected > 0xAF {
                return Err(template.malformed("template of a person: out of turn"));
            }
            persons.push(PersonToNotify::from_element(&template)?);
        }
        if count.unsigned()? != persons.len() as u64 {
            return Err(count.malformed("number of persons"));
        }
        Ok(Self { persons })
    }

    /// The file. At most 15 persons are written.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let persons = self.persons.iter().take(15);
        let mut parts = vec![tlv::encode_unsigned(persons.len() as u64)];
        parts.extend((0xA1..).zip(persons).map(|(tag, person)| tlv::encode_all(tag, &person.fields())));
        tlv::encode_all(0x70, &parts)
    }
}

impl PersonToNotify {
    fn from_element(template: &Element<'_>) -> Result<Self> {
        let mut person = Self::default();
        let mut seen = text::Seen::default();
        let mut fields = template.children()?;
        while let Some(field) = fields.next_element()? {
            seen.note(&field)?;
            match field.tag {
                0x5F50 => person.date_recorded = FullDate::from_field(&field, "date recorded")?,
                0x5F51 => person.name = Some(text::decode(field.value)),
                0x5F52 => person.telephone = Some(text::decode(field.value)),
                0x5F53 => person.address = text::list(&field)?,
                _ => {}
            }
        }
        Ok(person)
    }

    fn fields(&self) -> Vec<Vec<u8>> {
        [
            (0x5F50, self.date_recorded.map(|date| date.to_string())),
            (0x5F51, self.name.clone()),
            (0x5F52, self.telephone.clone()),
            (0x5F53, (!self.address.is_empty()).then(|| self.address.join("<"))),
        ]
        .into_iter()
        .filter_map(|(tag, text)| text.map(|text| tlv::encode(tag, text.as_bytes())))
        .collect()
    }
}
