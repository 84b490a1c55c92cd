//! BER-TLV as ISO 7816-4 and X.690 write it: a bounded reader and a writer.
//!
//! A length is only ever compared with the bytes that are there; nothing is allocated by it. Nesting is bounded by
//! [`MAX_DEPTH`], tags by three bytes. Indefinite lengths are refused with an error of their own.

mod ber;
mod encode;
mod oid;

use crate::error::Result;
use crate::{Error, FileId};

pub(crate) use ber::read_ber;
pub use encode::{encode, encode_all, encode_oid, encode_unsigned, encode_unsigned_bytes};
pub use oid::Oid;

/// How deep structures may nest: an EF.SOD with its certificates and the files inside needs less than 20.
pub const MAX_DEPTH: usize = 32;

/// The longest file of a chip that is read: more than any chip holds.
pub const MAX_FILE_LEN: usize = 1 << 20;

/// Universal tags of DER.
pub mod tag {
    pub const BOOLEAN: u32 = 0x01;
    pub const INTEGER: u32 = 0x02;
    pub const BIT_STRING: u32 = 0x03;
    pub const OCTET_STRING: u32 = 0x04;
    pub const NULL: u32 = 0x05;
    pub const OID: u32 = 0x06;
    pub const UTF8_STRING: u32 = 0x0C;
    pub const PRINTABLE_STRING: u32 = 0x13;
    pub const IA5_STRING: u32 = 0x16;
    pub const UTC_TIME: u32 = 0x17;
    pub const GENERALIZED_TIME: u32 = 0x18;
    pub const SEQUENCE: u32 = 0x30;
    pub const SET: u32 = 0x31;
}

/// One element: tag, length and value.
#[derive(Clone, Copy)]
pub struct Element<'a> {
    /// The tag as its bytes read big-endian: `0x61`, `0x5F1F`, `0x7F60`.
    pub tag: u32,
    /// The whole element, tag and length included, exactly as encoded.
    pub raw: &'a [u8],
    /// The value.
    pub value: &'a [u8],
    /// Where the tag stands in the file.
    pub offset: usize,
    file: &'static str,
    depth: usize,
}

impl<'a> Element<'a> {
    /// A reader over the elements in the value.
    ///
    /// # Errors
    /// [`Error::TooDeep`].
    pub fn children(&self) -> Result<Reader<'a>> {
        if self.depth >= MAX_DEPTH {
            return Err(Error::TooDeep { file: self.file, offset: self.offset });
        }
        Ok(Reader { file: self.file, rest: self.value, offset: self.value_offset(), depth: self.depth + 1 })
    }

    /// Where the value begins in the file.
    #[must_use]
    pub fn value_offset(&self) -> usize {
        self.offset + self.raw.len() - self.value.len()
    }

    /// The error that this element is not a proper `what`.
    #[must_use]
    pub fn malformed(&self, what: &'static str) -> Error {
        Error::Malformed { file: self.file, offset: self.offset, what }
    }

    /// This element lacks a part.
    #[must_use]
    pub fn missing(&self, what: &'static str) -> Error {
        Error::Missing { file: self.file, offset: self.offset, what }
    }

    /// The error that this element's algorithm is in no table.
    #[must_use]
    pub fn unsupported(&self, oid: Oid) -> Error {
        Error::UnsupportedAlgorithm { file: self.file, offset: self.offset, oid: oid.to_string() }
    }

    /// An OBJECT IDENTIFIER; the tag is not looked at.
    ///
    /// # Errors
    /// [`Error::Malformed`]: empty, cut, of more than 64 bytes, or an arc above 64 bits.
    pub fn oid(&self) -> Result<Oid> {
        Oid::from_contents(self.value).ok_or_else(|| self.malformed("object identifier"))
    }

    /// A non-negative INTEGER of at most 64 bits; the tag is not looked at.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn unsigned(&self) -> Result<u64> {
        let bytes = self.value;
        let negative = bytes.first().is_none_or(|b| b & 0x80 != 0);
        let digits = bytes.iter().skip_while(|b| **b == 0);
        if negative || digits.clone().count() > 8 {
            return Err(self.malformed("integer"));
        }
        Ok(digits.fold(0, |n, b| n << 8 | u64::from(*b)))
    }
}

/// Reads elements one after the other and knows where in the file it stands.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    file: &'static str,
    rest: &'a [u8],
    offset: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    /// A reader over `bytes`; errors will name `file`.
    #[must_use]
    pub fn new(file: &'static str, bytes: &'a [u8]) -> Self {
        Self { file, rest: bytes, offset: 0, depth: 0 }
    }

    /// A reader over contents that lie inside another file, `offset` bytes from its start.
    #[must_use]
    pub fn at(file: &'static str, bytes: &'a [u8], offset: usize) -> Self {
        Self { file, rest: bytes, offset, depth: 0 }
    }

    /// Whether everything has been read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Where the next element begins in the file.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The bytes not read yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next tag, without reading it; `None` at the end.
    ///
    /// # Errors
    /// The tag is cut or longer than three bytes.
    pub fn peek_tag(&self) -> Result<Option<u32>> {
        if self.rest.is_empty() { Ok(None) } else { self.tag().map(|(tag, _)| Some(tag)) }
    }

    /// The next element; `None` at the end.
    ///
    /// # Errors
    /// It is cut, or its tag or length is out of bounds.
    pub fn next_element(&mut self) -> Result<Option<Element<'a>>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (tag, tag_len) = self.tag()?;
        self.element(tag, tag_len).map(Some)
    }

    /// The next element, which must have this tag.
    ///
    /// # Errors
    /// [`Error::UnexpectedTag`], or the element is cut or out of bounds.
    pub fn expect(&mut self, tag: u32) -> Result<Element<'a>> {
        match self.optional(tag)? {
            Some(element) => Ok(element),
            None => {
                let found = self.peek_tag()?.unwrap_or(0);
                Err(Error::UnexpectedTag { file: self.file, offset: self.offset, expected: tag, found })
            }
        }
    }

    /// The next element, which must have this tag: the part called `what`.
    ///
    /// # Errors
    /// [`Error::Missing`], or the element is cut or out of bounds.
    pub fn required(&mut self, tag: u32, what: &'static str) -> Result<Element<'a>> {
        match self.optional(tag)? {
            Some(element) => Ok(element),
            None => Err(Error::Missing { file: self.file, offset: self.offset, what }),
        }
    }

    /// The next element if it has this tag.
    ///
    /// # Errors
    /// The element is cut or out of bounds.
    pub fn optional(&mut self, tag: u32) -> Result<Option<Element<'a>>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (found, tag_len) = self.tag()?;
        if found == tag { self.element(tag, tag_len).map(Some) } else { Ok(None) }
    }

    /// Requires that nothing is left.
    ///
    /// # Errors
    /// [`Error::TrailingBytes`].
    pub fn finish(&self) -> Result<()> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(Error::TrailingBytes { file: self.file, offset: self.offset })
        }
    }

    /// The element whose tag has been read.
    fn element(&mut self, tag: u32, tag_len: usize) -> Result<Element<'a>> {
        let (length, length_len) = self.length(tag_len)?;
        let header = tag_len + length_len;
        let parts = header.checked_add(length).and_then(|end| self.rest.split_at_checked(end));
        let (raw, rest) = parts.ok_or_else(|| self.truncated())?;
        let value = raw.get(header..).unwrap_or_default();
        let element = Element { tag, raw, value, offset: self.offset, file: self.file, depth: self.depth };
        self.rest = rest;
        self.offset += raw.len();
        Ok(element)
    }

    /// The tag and the number of its bytes.
    fn tag(&self) -> Result<(u32, usize)> {
        let first = *self.rest.first().ok_or_else(|| self.truncated())?;
        let mut tag = u32::from(first);
        if first & 0x1F != 0x1F {
            return Ok((tag, 1));
        }
        for len in 2..=3 {
            let byte = *self.rest.get(len - 1).ok_or_else(|| self.truncated())?;
            tag = tag << 8 | u32::from(byte);
            if byte & 0x80 == 0 {
                return Ok((tag, len));
            }
        }
        Err(Error::TagOutOfBounds { file: self.file, offset: self.offset })
    }

    /// The length that follows a tag of `tag_len` bytes, and the number of its bytes.
    fn length(&self, tag_len: usize) -> Result<(usize, usize)> {
        let (file, offset) = (self.file, self.offset);
        let first = *self.rest.get(tag_len).ok_or_else(|| self.truncated())?;
        match first {
            0..=0x7F => Ok((usize::from(first), 1)),
            0x80 => Err(Error::IndefiniteLength { file, offset }),
            0x81..=0x84 => {
                let count = usize::from(first & 0x7F);
                let digits = self.rest.get(tag_len + 1..=tag_len + count).ok_or_else(|| self.truncated())?;
                let length = digits.iter().fold(0_u32, |n, b| n << 8 | u32::from(*b));
                let length =
                    usize::try_from(length).map_err(|_| Error::LengthOutOfBounds { file, offset })?;
                Ok((length, 1 + count))
            }
            _ => Err(Error::LengthOutOfBounds { file, offset }),
        }
    }

    #[cold]
    fn truncated(&self) -> Error {
        Error::Truncated { file: self.file, offset: self.offset }
    }
}

/// Reads a file that is one element with the tag `tag` and nothing after it.
///
/// # Errors
/// See [`Reader::expect`] and [`Reader::finish`].
pub fn read_one<'a>(file: &'static str, bytes: &'a [u8], tag: u32) -> Result<Element<'a>> {
    let mut reader = Reader::new(file, bytes);
    let element = reader.expect(tag)?;
    reader.finish()?;
    Ok(element)
}

/// Reads a file of the chip: one element with the file's tag, of a size that a chip can hold.
///
/// # Errors
/// See [`read_one`], and [`Error::TooLarge`].
pub fn read_file(file: FileId, bytes: &[u8]) -> Result<Element<'_>> {
    if bytes.len() > MAX_FILE_LEN {
        return Err(Error::TooLarge { file: file.name(), limit: MAX_FILE_LEN });
    }
    read_one(file.name(), bytes, u32::from(file.tag()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<(u32, Vec<u8>)> {
        Reader::new("EF.TEST", bytes).next_element().map(|e| e.map(|e| (e.tag, e.value.to_vec())).unwrap())
    }

    #[test]
    fn what_is_encoded_reads_back_at_every_length_form() {
        for len in [0, 1, 127, 128, 255, 256, 65535, 65536] {
            for tag in [0x61, 0x5F1F, 0x7F60, 0x7F8101] {
                let value = vec![0xA5; len];
                assert_eq!(read(&encode(tag, &value)), Ok((tag, value)), "{tag:X} {len}");
            }
        }
    }

    #[test]
    fn lengths_that_reach_past_the_end_are_refused() {
        let truncated = |offset| Error::Truncated { file: "EF.TEST", offset };
        for bytes in
            [&[0x61][..], &[0x61, 2, 0], &[0x61, 0x82, 1], &[0x61, 0x84, 255, 255, 255, 255], &[0x5F]]
        {
            assert_eq!(read(bytes), Err(truncated(0)), "{bytes:?}");
        }
        let out = encode(0x30, &[0x04, 5, 1]);
        let mut inner = Reader::new("EF.TEST", &out).expect(0x30).unwrap().children().unwrap();
        assert_eq!(inner.next_element().err(), Some(truncated(2)));
    }

    #[test]
    fn indefinite_length_has_its_own_error() {
        assert_eq!(read(&[0x30, 0x80, 0, 0]), Err(Error::IndefiniteLength { file: "EF.TEST", offset: 0 }));
    }

    #[test]
    fn length_of_five_bytes_and_tag_of_four_are_refused() {
        assert_eq!(
            read(&[0x30, 0x85, 0, 0, 0, 0, 0]),
            Err(Error::LengthOutOfBounds { file: "EF.TEST", offset: 0 })
        );
        assert_eq!(
            read(&[0x7F, 0x81, 0x81, 1, 0]),
            Err(Error::TagOutOfBounds { file: "EF.TEST", offset: 0 })
        );
    }

    #[test]
    fn nesting_is_bounded() {
        let mut bytes = Vec::new();
        for _ in 0..=MAX_DEPTH + 1 {
            bytes = encode(0x30, &bytes);
        }
        let mut element = read_one("EF.TEST", &bytes, 0x30).unwrap();
        let error = loop {
            match element.children() {
                Ok(mut reader) => element = reader.next_element().unwrap().unwrap(),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, Error::TooDeep { .. }), "{error:?}");
    }

    #[test]
    fn integers_read_back_and_negative_ones_are_refused() {
        for n in [0, 1, 127, 128, 255, 256, u64::MAX] {
            let bytes = encode_unsigned(n);
            assert_eq!(read_one("EF.TEST", &bytes, tag::INTEGER).unwrap().unsigned(), Ok(n));
        }
        for bytes in [&[2, 0][..], &[2, 1, 0x80], &[2, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0]] {
            assert!(read_one("EF.TEST", bytes, tag::INTEGER).unwrap().unsigned().is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn errors_say_file_and_offset() {
        let error = Reader::new("EF.SOD", &[0x30, 0]).expect(0x77).err().unwrap();
        assert_eq!(error.to_string(), "EF.SOD: unexpected tag 30 at byte 0, expected 77");
    }
}
