//! BER that is not DER: indefinite lengths and strings in pieces, as some States and list publishers write CMS.
//!
//! It is rewritten once, and what is already definite is kept byte for byte: signatures inside go on to verify.

use super::{Element, MAX_DEPTH, Reader, encode, tag};
use crate::Error;
use crate::error::Result;

/// An OCTET STRING in pieces.
const CONSTRUCTED_OCTET_STRING: u32 = 0x24;

/// Reads `bytes` as they are or, if that fails for an indefinite length or a string in pieces, rewritten; and whether
/// they had to be. Offsets of errors then count in the rewritten bytes.
///
/// # Errors
/// Those of `read`, and those of BER that is cut, too deep or has pieces that are not strings.
pub(crate) fn read_ber<T>(
    file: &'static str,
    bytes: &[u8],
    read: impl Fn(&[u8]) -> Result<T>,
) -> Result<(T, bool)> {
    match read(bytes) {
        Err(
            Error::IndefiniteLength { .. }
            | Error::UnexpectedTag { expected: tag::OCTET_STRING, found: CONSTRUCTED_OCTET_STRING, .. },
        ) => read(&to_definite(file, bytes)?).map(|value| (value, true)),
        other => other.map(|value| (value, false)),
    }
}

/// Gives every element a definite length and joins the pieces of OCTET STRINGs.
fn to_definite(file: &'static str, bytes: &[u8]) -> Result<Vec<u8>> {
    let mut reader = Reader::new(file, bytes);
    let mut out = Vec::with_capacity(bytes.len());
    while !reader.is_empty() {
        rewrite(&mut reader, &mut out)?;
    }
    Ok(out)
}

/// Rewrites the next element.
fn rewrite(reader: &mut Reader<'_>, out: &mut Vec<u8>) -> Result<()> {
    let (tag, tag_len) = reader.tag()?;
    let is_constructed = reader.rest.first().is_some_and(|b| b & 0x20 != 0);
    let mut content = Vec::new();
    if is_constructed && reader.rest.get(tag_len) == Some(&0x80) {
        *reader = until_end_of_contents(reader, tag_len + 1, &mut content)?;
    } else if let Some(element) = reader.next_element()? {
        if is_constructed {
            let mut children = element.children()?;
            while !children.is_empty() {
                rewrite(&mut children, &mut content)?;
            }
        }
        if tag != CONSTRUCTED_OCTET_STRING && (!is_constructed || content == element.value) {
            out.extend(element.raw);
            return Ok(());
        }
    }
    if tag == CONSTRUCTED_OCTET_STRING {
        out.extend(encode(tag::OCTET_STRING, &joined(reader.file, &content)?));
    } else {
        out.extend(encode(tag, &content));
    }
    Ok(())
}

/// Rewrites what stands between the header of an indefinite length and its end, 00 00; the reader after it.
fn until_end_of_contents<'a>(outer: &Reader<'a>, header: usize, content: &mut Vec<u8>) -> Result<Reader<'a>> {
    let Reader { file, rest, offset, depth } = *outer;
    if depth >= MAX_DEPTH {
        return Err(Error::TooDeep { file, offset });
    }
    let rest = rest.get(header..).unwrap_or_default();
    let mut inner = Reader { file, rest, offset: offset + header, depth: depth + 1 };
    while !inner.rest.starts_with(&[0, 0]) {
        if inner.is_empty() {
            return Err(Error::Truncated { file, offset });
        }
        rewrite(&mut inner, content)?;
    }
    let rest = inner.rest.get(2..).unwrap_or_default();
    Ok(Reader { file, rest, offset: inner.offset + 2, depth })
}

/// The pieces of a string, one after the other.
fn joined(file: &'static str, pieces: &[u8]) -> Result<Vec<u8>> {
    let mut pieces = Reader::new(file, pieces);
    let mut out = Vec::new();
    while !pieces.is_empty() {
        let Element { value, .. } = pieces.expect(tag::OCTET_STRING)?;
        out.extend(value);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "EF.TEST";

    fn indefinite(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, 0x80], content, &[0, 0]].concat()
    }

    #[test]
    fn indefinite_lengths_become_definite_and_the_rest_stays_as_it_is() {
        // A length that is not the shortest, inside: it stays.
        let inner = [0x30, 0x81, 2, 5, 0];
        let bytes = indefinite(0x30, &[indefinite(0xA0, &inner), inner.to_vec()].concat());
        let expected = encode(0x30, &[encode(0xA0, &inner), inner.to_vec()].concat());
        assert_eq!(to_definite(FILE, &bytes), Ok(expected.clone()));
        assert_eq!(to_definite(FILE, &expected), Ok(expected));
    }

    #[test]
    fn the_pieces_of_a_string_are_joined() {
        let pieces = [encode(4, b"ab"), indefinite(0x24, &encode(4, b"c")), encode(4, b"")].concat();
        for bytes in [indefinite(0x24, &pieces), encode(0x24, &pieces)] {
            assert_eq!(to_definite(FILE, &bytes), Ok(encode(4, b"abc")));
        }
        let wrong = indefinite(0x24, &[2, 1, 5]);
        assert!(matches!(to_definite(FILE, &wrong), Err(Error::UnexpectedTag { expected: 4, found: 2, .. })));
    }

    #[test]
    fn ber_without_its_end_and_ber_too_deep_are_refused() {
        let truncated = |offset| Err(Error::Truncated { file: FILE, offset });
        assert_eq!(to_definite(FILE, &[0x30, 0x80, 5, 0]), truncated(0));
        assert_eq!(to_definite(FILE, &[0x30, 0x80, 5, 0, 0]), truncated(4), "half an end");
        let deep = |depth: usize| [[0x30, 0x80].repeat(depth), vec![0; 2 * depth]].concat();
        assert!(to_definite(FILE, &deep(MAX_DEPTH)).is_ok());
        assert!(matches!(to_definite(FILE, &deep(MAX_DEPTH + 1)), Err(Error::TooDeep { .. })));
        assert!(matches!(to_definite(FILE, &deep(3000)), Err(Error::TooDeep { .. })));
        assert_eq!(
            to_definite(FILE, &[0x04, 0x80, 0, 0]),
            Err(Error::IndefiniteLength { file: FILE, offset: 0 }),
            "a primitive element has no indefinite length"
        );
    }
}
