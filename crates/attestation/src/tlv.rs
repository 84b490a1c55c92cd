//! DER with tag numbers above 30, which Android's authorization lists use: a reader over `asn1-rs`, and the writer
//! that demo chains are made with.

use asn1_rs::{Any, Class, FromDer as _};

use crate::Error;

/// Universal tags.
pub(crate) const BOOLEAN: u32 = 1;
pub(crate) const INTEGER: u32 = 2;
pub(crate) const BIT_STRING: u32 = 3;
pub(crate) const OCTET_STRING: u32 = 4;
pub(crate) const NULL: u32 = 5;
pub(crate) const OID: u32 = 6;
pub(crate) const ENUMERATED: u32 = 10;
pub(crate) const UTF8_STRING: u32 = 12;
pub(crate) const SEQUENCE: u32 = 16;
pub(crate) const SET: u32 = 17;
pub(crate) const UTC_TIME: u32 = 23;
pub(crate) const GENERALIZED_TIME: u32 = 24;

/// Reads one element after the other.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    what: &'static str,
}

/// One element.
pub(crate) struct Element<'a> {
    class: Class,
    tag: u32,
    pub(crate) content: &'a [u8],
    /// Header and content.
    pub(crate) raw: &'a [u8],
}

impl<'a> Reader<'a> {
    /// `what` is for errors.
    pub(crate) fn new(der: &'a [u8], what: &'static str) -> Self {
        Self { rest: der, what }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn malformed(&self) -> Error {
        Error::Malformed(self.what)
    }

    pub(crate) fn any(&mut self) -> Result<Element<'a>, Error> {
        let (rest, any) = Any::from_der(self.rest).map_err(|_| self.malformed())?;
        let raw = &self.rest[..self.rest.len() - rest.len()];
        self.rest = rest;
        Ok(Element { class: any.class(), tag: any.tag().0, content: any.data, raw })
    }

    /// The content of the next element, which must have this universal tag.
    pub(crate) fn take(&mut self, tag: u32) -> Result<&'a [u8], Error> {
        let element = self.any()?;
        if element.class == Class::Universal && element.tag == tag {
            Ok(element.content)
        } else {
            Err(self.malformed())
        }
    }

    /// A reader over the content of the next element, which must have this universal tag.
    pub(crate) fn inner(&mut self, tag: u32) -> Result<Reader<'a>, Error> {
        Ok(Reader { rest: self.take(tag)?, what: self.what })
    }

    /// The next element, which must be `[n]`; a reader over its content.
    pub(crate) fn context(&mut self) -> Result<(u32, Reader<'a>), Error> {
        let element = self.any()?;
        if element.class != Class::ContextSpecific {
            return Err(self.malformed());
        }
        Ok((element.tag, Reader { rest: element.content, what: self.what }))
    }

    /// An INTEGER or ENUMERATED that is not negative.
    pub(crate) fn number(&mut self, tag: u32) -> Result<u64, Error> {
        let content = self.take(tag)?;
        let fits =
            matches!(content.len(), 1..=9) && content[0] < 0x80 && (content.len() < 9 || content[0] == 0);
        if !fits {
            return Err(self.malformed());
        }
        Ok(content.iter().fold(0, |n, b| n << 8 | u64::from(*b)))
    }

    pub(crate) fn boolean(&mut self) -> Result<bool, Error> {
        match self.take(BOOLEAN)? {
            [0x00] => Ok(false),
            [0xff] => Ok(true),
            _ => Err(self.malformed()),
        }
    }

    pub(crate) fn finish(&self) -> Result<(), Error> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.malformed()) }
    }
}

/// An element with a universal tag.
pub(crate) fn encode<P: AsRef<[u8]>>(tag: u32, parts: &[P]) -> Vec<u8> {
    let constructed = if matches!(tag, SEQUENCE | SET) { 0x20 } else { 0 };
    element(constructed, tag, parts)
}

/// `[n] EXPLICIT`.
pub(crate) fn explicit<P: AsRef<[u8]>>(tag: u32, parts: &[P]) -> Vec<u8> {
    element(0xa0, tag, parts)
}

/// SET OF, sorted as DER demands.
pub(crate) fn set_of(mut parts: Vec<Vec<u8>>) -> Vec<u8> {
    parts.sort();
    encode(SET, &parts)
}

/// An INTEGER or ENUMERATED.
pub(crate) fn number(tag: u32, n: u64) -> Vec<u8> {
    let bytes = n.to_be_bytes();
    let zeros = bytes.iter().take_while(|b| **b == 0).count().min(7);
    let sign: &[u8] = if bytes[zeros] < 0x80 { &[] } else { &[0] };
    encode(tag, &[sign, &bytes[zeros..]])
}

fn element<P: AsRef<[u8]>>(first: u8, tag: u32, parts: &[P]) -> Vec<u8> {
    let len: usize = parts.iter().map(|part| part.as_ref().len()).sum();
    let mut out = match tag {
        0..=30 => vec![first | tag as u8],
        31..=127 => vec![first | 0x1f, tag as u8],
        _ => vec![first | 0x1f, 0x80 | (tag >> 7) as u8, tag as u8 & 0x7f],
    };
    match len {
        0..=127 => out.push(len as u8),
        128..=255 => out.extend([0x81, len as u8]),
        _ => out.extend([0x82, (len >> 8) as u8, len as u8]),
    }
    parts.iter().for_each(|part| out.extend(part.as_ref()));
    out
}
