//! The writer: always the shortest length, as DER demands.

use super::{Oid, tag};

/// Encodes one element with the shortest length.
///
/// # Panics
/// If `value` is longer than 4 GiB.
#[must_use]
pub fn encode(tag: u32, value: &[u8]) -> Vec<u8> {
    let mut out = strip_zeros(&tag.to_be_bytes()).to_vec();
    match u8::try_from(value.len()) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let length = u32::try_from(value.len()).expect("shorter than 4 GiB").to_be_bytes();
            let digits = strip_zeros(&length);
            out.extend([0x80, 0x81, 0x82, 0x83, 0x84].get(digits.len()));
            out.extend(digits);
        }
    }
    out.extend(value);
    out
}

/// Encodes an element whose value is `parts` one after the other.
#[must_use]
pub fn encode_all<P: AsRef<[u8]>>(tag: u32, parts: &[P]) -> Vec<u8> {
    encode(tag, &parts.iter().flat_map(|p| p.as_ref()).copied().collect::<Vec<u8>>())
}

/// Encodes a non-negative INTEGER.
#[must_use]
pub fn encode_unsigned(n: u64) -> Vec<u8> {
    encode_unsigned_bytes(&n.to_be_bytes())
}

/// Encodes a non-negative INTEGER given as big-endian bytes of any length.
#[must_use]
pub fn encode_unsigned_bytes(bytes: &[u8]) -> Vec<u8> {
    let digits = strip_zeros(bytes);
    let mut value = Vec::with_capacity(digits.len() + 1);
    if digits.first().is_none_or(|b| b & 0x80 != 0) {
        value.push(0);
    }
    value.extend(digits);
    encode(tag::INTEGER, &value)
}

/// Encodes an OBJECT IDENTIFIER given in dotted form.
///
/// # Panics
/// As [`Oid::new`].
#[must_use]
pub fn encode_oid(dotted: &str) -> Vec<u8> {
    Oid::new(dotted).encode()
}

fn strip_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|b| **b == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}
