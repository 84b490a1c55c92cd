//! Text of DG11, DG12 and DG16: UTF-8 by the standard, ISO 8859-1 on some older documents.

use crate::error::Result;
use crate::tlv::Element;

/// Decodes UTF-8; bytes that are not UTF-8 are read as ISO 8859-1.
pub(crate) fn decode(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|b| char::from(*b)).collect(),
    }
}

/// More than fit into the 99 bytes that the standard gives a list.
const MAX_LIST: usize = 64;

/// The elements of a list that fillers separate.
///
/// # Errors
/// There are more than 64.
pub(crate) fn list(field: &Element<'_>) -> Result<Vec<String>> {
    let text = decode(field.value);
    let mut parts = text.split('<').filter(|part| !part.is_empty()).map(str::to_owned);
    let list = parts.by_ref().take(MAX_LIST).collect();
    if parts.next().is_none() { Ok(list) } else { Err(field.malformed("list: too long")) }
}

/// A date of eight digits `CCYYMMDD`: ASCII, or BCD in four bytes as older documents have it.
pub(crate) fn date_digits(bytes: &[u8]) -> Option<String> {
    let text = match bytes.len() {
        4 => bcd(bytes),
        8 => std::str::from_utf8(bytes).ok()?.to_owned(),
        _ => return None,
    };
    Some(text)
}

/// The digits of a binary coded decimal.
pub(crate) fn bcd(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02X}")).collect()
}

/// The tags of a template that were read: which of two equal fields counts, two readers would see differently.
#[derive(Default)]
pub(crate) struct Seen(Vec<u32>);

/// More fields than any template of the standard has.
const MAX_FIELDS: usize = 64;

impl Seen {
    /// Notes a field.
    ///
    /// # Errors
    /// It stands twice, or there are more than 64.
    pub(crate) fn note(&mut self, field: &Element<'_>) -> Result<()> {
        if self.0.contains(&field.tag) {
            return Err(field.malformed("field: it stands twice"));
        }
        if self.0.len() == MAX_FIELDS {
            return Err(field.malformed("template: too many fields"));
        }
        self.0.push(field.tag);
        Ok(())
    }
}
