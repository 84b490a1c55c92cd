//! EF.DG11 (Doc 9303-10 4.7.11): additional personal details. Every field is optional.

use std::fmt;

use crate::error::Result;
use crate::tlv::{self, Element, tag};
use crate::{FileId, text};

/// EF.DG11. Texts are as on the chip, but for fillers: they separate the elements of lists.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Dg11 {
    /// 5F0E: the name in national characters, `SURNAME<<GIVEN<NAMES`; see [`Dg11::name_parts`].
    pub full_name: Option<String>,
    /// 5F0F: other names.
    pub other_names: Vec<String>,
    /// 5F10: personal number.
    pub personal_number: Option<String>,
    /// 5F2B: full date of birth.
    pub full_date_of_birth: Option<FullDate>,
    /// 5F11: place of birth, from the smallest to the largest: `ANYTOWN`, `MN`.
    pub place_of_birth: Vec<String>,
    /// 5F42: permanent address.
    pub address: Vec<String>,
    /// 5F12: telephone.
    pub telephone: Option<String>,
    /// 5F13: profession.
    pub profession: Option<String>,
    /// 5F14: title.
    pub title: Option<String>,
    /// 5F15: personal summary.
    pub personal_summary: Option<String>,
    /// 5F16: image of a proof of citizenship.
    pub proof_of_citizenship: Option<Vec<u8>>,
    /// 5F17: numbers of other travel documents.
    pub other_document_numbers: Vec<String>,
    /// 5F18: custody information.
    pub custody: Option<String>,
}

/// A date with its century. Month and day are 0 if unknown.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FullDate {
    /// 1000 to 9999.
    pub year: u16,
    /// 1 to 12, or 0.
    pub month: u8,
    /// 1 to 31, or 0.
    pub day: u8,
}

/// Dates of birth stay out of logs.
impl fmt::Debug for FullDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FullDate(..)")
    }
}

impl FullDate {
    /// Reads `CCYYMMDD`: ASCII (unknown parts `00` or `<<`) or BCD in four bytes.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let digits = text::date_digits(bytes)?.replace('<', "0");
        if digits.len() != 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let date = Self {
            year: digits.get(..4)?.parse().ok()?,
            month: digits.get(4..6)?.parse().ok()?,
            day: digits.get(6..)?.parse().ok()?,
        };
        let known_from_the_left = date.month != 0 || date.day == 0;
        (date.year >= 1000 && date.month <= 12 && date.day <= 31 && known_from_the_left).then_some(date)
    }
}

impl FullDate {
    /// Reads a field; a date whose year is unknown (zeros or fillers) is none.
    pub(crate) fn from_field(field: &Element<'_>, what: &'static str) -> Result<Option<Self>> {
        let digits = text::date_digits(field.value);
        let unknown = |digits: &str| {
            digits.bytes().take(4).all(|b| matches!(b, b'0' | b'<'))
                && digits.bytes().all(|b| b.is_ascii_digit() || b == b'<')
        };
        if digits.is_some_and(|digits| unknown(&digits)) {
            return Ok(None);
        }
        Self::parse(field.value).map(Some).ok_or_else(|| field.malformed(what))
    }
}

/// The eight digits.
impl fmt::Display for FullDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}{:02}{:02}", self.year, self.month, self.day)
    }
}

/// Personal data stay out of logs.
impl fmt::Debug for Dg11 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dg11(..)")
    }
}

impl Dg11 {
    /// Reads EF.DG11. Tags that this structure has no field for are passed over.
    ///
    /// # Errors
    /// Not BER-TLV under the tag 6B beginning with a tag list, a malformed date of birth, a field that stands twice, more
    /// other names than a count of one byte can announce, or a list of more than 64 elements.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut fields = tlv::read_file(FileId::Dg(11), bytes)?.children()?;
        fields.expect(0x5C)?;
        let mut dg11 = Self::default();
        let mut seen = text::Seen::default();
        while let Some(field) = fields.next_element()? {
            if field.tag != OTHER_NAME {
                seen.note(&field)?;
            }
            dg11.set(&field)?;
        }
        Ok(dg11)
    }

    fn set(&mut self, field: &Element<'_>) -> Result<()> {
        let text = || Some(text::decode(field.value));
        match field.tag {
            0x5F0E => self.full_name = text(),
            0x5F10 => self.personal_number = text(),
            0x5F2B => self.full_date_of_birth = FullDate::from_field(field, "full date of birth")?,
            0x5F11 => self.place_of_birth = text::list(field)?,
            0x5F42 => self.address = text::list(field)?,
            0x5F12 => self.telephone = text(),
            0x5F13 => self.profession = text(),
            0x5F14 => self.title = text(),
            0x5F15 => self.personal_summary = text(),
            0x5F16 => self.proof_of_citizenship = Some(field.value.to_vec()),
            0x5F17 => self.other_document_numbers = text::list(field)?,
            0x5F18 => self.custody = text(),
            // A0 { 02 <count>, 5F0F <name> .. }; some documents have 5F0F without the template.
            OTHER_NAME => push_name(&mut self.other_names, field)?,
            0xA0 => read_names(field, OTHER_NAME, &mut self.other_names)?,
            _ => {}
        }
        Ok(())
    }

    /// Primary and secondary identifier of the full name, fillers turned to spaces.
    #[must_use]
    pub fn name_parts(&self) -> Option<(String, String)> {
        let name = self.full_name.as_deref()?;
        let (primary, secondary) = name.split_once("<<").unwrap_or((name, ""));
        let spaced = |part: &str| part.split('<').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ");
        Some((spaced(primary), spaced(secondary)))
    }

    /// The file; the date of birth is written as eight ASCII digits.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let date = self.full_date_of_birth.map(|d| d.to_string().into_bytes());
        let joined = |list: &[String]| (!list.is_empty()).then(|| list.join("<").into_bytes());
        let bytes = |text: &Option<String>| text.clone().map(String::into_bytes);
        let values = [
            (0x5F0E, bytes(&self.full_name)),
            (0x5F10, bytes(&self.personal_number)),
            (0x5F2B, date),
            (0x5F11, joined(&self.place_of_birth)),
            (0x5F42, joined(&self.address)),
            (0x5F12, bytes(&self.telephone)),
            (0x5F13, bytes(&self.profession)),
            (0x5F14, bytes(&self.title)),
            (0x5F15, bytes(&self.personal_summary)),
            (0x5F16, self.proof_of_citizenship.clone()),
            (0x5F17, joined(&self.other_document_numbers)),
            (0x5F18, bytes(&self.custody)),
        ];
        let mut fields: Vec<(u32, Vec<u8>)> = Vec::new();
        for (tag, value) in values {
            if let Some(value) = value {
                fields.push((tag, tlv::encode(tag, &value)));
            }
            if tag == 0x5F0E && !self.other_names.is_empty() {
                fields.push((OTHER_NAME, encode_names(OTHER_NAME, &self.other_names)));
            }
        }
        encode_with_tag_list(0x6B, &fields)
    }
}

/// 5F0F: another name of the holder.
const OTHER_NAME: u32 = 0x5F0F;
/// What a count of one byte can announce.
const MAX_NAMES: usize = 255;

/// Adds a name that stands in a template or beside it.
pub(crate) fn push_name(names: &mut Vec<String>, name: &Element<'_>) -> Result<()> {
    if names.len() == MAX_NAMES {
        return Err(name.malformed("names: too many"));
    }
    names.push(text::decode(name.value));
    Ok(())
}

/// The template of names of DG11 and DG12: `A0 { 02 <count>, <name> .. }`.
pub(crate) fn read_names(template: &Element<'_>, name: u32, names: &mut Vec<String>) -> Result<()> {
    let mut fields = template.children()?;
    fields.optional(tag::INTEGER)?;
    while !fields.is_empty() {
        push_name(names, &fields.expect(name)?)?;
    }
    Ok(())
}

/// The template of names. At most 255 are written.
pub(crate) fn encode_names(name: u32, names: &[String]) -> Vec<u8> {
    let count = u8::try_from(names.len()).unwrap_or(u8::MAX);
    let mut parts = vec![tlv::encode(tag::INTEGER, &[count])];
    parts.extend(names.iter().take(usize::from(count)).map(|text| tlv::encode(name, text.as_bytes())));
    tlv::encode_all(0xA0, &parts)
}

/// A file of DG11 or DG12: the tag list 5C, then the fields.
pub(crate) fn encode_with_tag_list(outer: u32, fields: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let tags: Vec<u8> =
        fields.iter().flat_map(|(tag, _)| tag.to_be_bytes().into_iter().skip_while(|b| *b == 0)).collect();
    let mut parts = vec![tlv::encode(0x5C, &tags)];
    parts.extend(fields.iter().map(|(_, field)| field.clone()));
    tlv::encode_all(outer, &parts)
}
