//! Text of DG11 and DG12: UTF-8 by the standard, ISO 8859-1 on some older documents.

/// Decodes UTF-8; bytes that are not UTF-8 are read as ISO 8859-1.
pub(crate) fn decode(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|b| char::from(*b)).collect(),
    }
}

/// A date of eight digits `CCYYMMDD`: ASCII, or BCD in four bytes as older documents have it.
pub(crate) fn date_digits(bytes: &[u8]) -> Option<String> {
    let text = match bytes.len() {
        4 => bytes.iter().map(|b| format!("{b:02X}")).collect(),
        8 => std::str::from_utf8(bytes).ok()?.to_owned(),
        _ => return None,
    };
    Some(text)
}
