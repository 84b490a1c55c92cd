//! A few DER builders over [`lds::tlv`].

use clock::UnixTime;
use lds::tlv::{self, tag};

/// SEQUENCE of encoded parts.
#[must_use]
pub fn sequence<P: AsRef<[u8]>>(parts: &[P]) -> Vec<u8> {
    tlv::encode_all(tag::SEQUENCE, parts)
}

/// SET OF encoded parts, sorted as DER demands.
#[must_use]
pub fn set(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut sorted = parts.to_vec();
    sorted.sort();
    tlv::encode_all(tag::SET, &sorted)
}

/// OBJECT IDENTIFIER from its dotted form.
#[must_use]
pub fn oid(dotted: &str) -> Vec<u8> {
    tlv::encode_oid(dotted)
}

/// INTEGER from a small number.
#[must_use]
pub fn integer(n: u64) -> Vec<u8> {
    tlv::encode_unsigned(n)
}

/// OCTET STRING.
#[must_use]
pub fn octet_string(bytes: &[u8]) -> Vec<u8> {
    tlv::encode(tag::OCTET_STRING, bytes)
}

/// BIT STRING of whole bytes.
#[must_use]
pub fn bit_string(bytes: &[u8]) -> Vec<u8> {
    tlv::encode_all(tag::BIT_STRING, &[&[0], bytes])
}

/// A BIT STRING of named bits, numbered from 0, without trailing zeros.
#[must_use]
pub fn named_bits(bits: &[u8]) -> Vec<u8> {
    let last = bits.iter().copied().max().unwrap_or(0);
    let mut bytes = vec![0_u8; usize::from(last / 8) + 1];
    for bit in bits {
        bytes[usize::from(bit / 8)] |= 0x80 >> (bit % 8);
    }
    tlv::encode_all(tag::BIT_STRING, &[vec![7 - last % 8], bytes])
}

/// BOOLEAN TRUE.
#[must_use]
pub fn boolean_true() -> Vec<u8> {
    tlv::encode(tag::BOOLEAN, &[0xFF])
}

/// NULL.
#[must_use]
pub fn null() -> Vec<u8> {
    tlv::encode(tag::NULL, &[])
}

/// `[n] EXPLICIT`, or `[n] IMPLICIT` of something constructed given by its contents.
#[must_use]
pub fn context<P: AsRef<[u8]>>(n: u8, parts: &[P]) -> Vec<u8> {
    tlv::encode_all(u32::from(0xA0 | n), parts)
}

/// PrintableString.
#[must_use]
pub fn printable(text: &str) -> Vec<u8> {
    tlv::encode(tag::PRINTABLE_STRING, text.as_bytes())
}

/// UTF8String.
#[must_use]
pub fn utf8(text: &str) -> Vec<u8> {
    tlv::encode(tag::UTF8_STRING, text.as_bytes())
}

/// Time (RFC 5280 4.1.2.5): UTCTime to 2049, then GeneralizedTime.
#[must_use]
pub fn time(at: UnixTime) -> Vec<u8> {
    let digits: String = at.to_string().chars().filter(char::is_ascii_digit).collect();
    if (1950..2050).contains(&at.date().0) {
        tlv::encode(tag::UTC_TIME, format!("{}Z", &digits[2..]).as_bytes())
    } else {
        tlv::encode(tag::GENERALIZED_TIME, format!("{digits}Z").as_bytes())
    }
}
