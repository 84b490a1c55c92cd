//! EF.ATR/INFO (Doc 9303-10 3.11.1; ISO/IEC 7816-4, 12.7.1): the extended length information of the chip.
//!
//! ```text
//! .. 7F66 { INTEGER (bytes of a command), INTEGER (bytes of a response) } ..
//! ```
//! It is a file of the master file, without a tag around it, readable by anybody and not signed.

use crate::error::{Error, Result};
use crate::tlv::{self, Element, Reader, tag};

/// File identifier, for SELECT.
pub const FID: u16 = 0x2F01;
/// Short file identifier, for READ BINARY.
pub const SFI: u8 = 0x01;
const FILE: &str = "EF.ATR/INFO";
const EXTENDED_LENGTH: u32 = 0x7F66;

/// How long APDUs may be, in bytes, headers and status words included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtrInfo {
    /// The longest command.
    pub max_command: u32,
    /// The longest response.
    pub max_response: u32,
}

impl AtrInfo {
    /// Reads the file; data objects other than the extended length information are passed over.
    ///
    /// # Errors
    /// A data object is cut; the extended length information is missing or has not two numbers.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut objects = Reader::new(FILE, bytes);
        while let Some(object) = objects.next_element()? {
            if object.tag == EXTENDED_LENGTH {
                let mut numbers = object.children()?;
                let (command, response) = (numbers.expect(tag::INTEGER)?, numbers.expect(tag::INTEGER)?);
                numbers.finish()?;
                return Ok(Self { max_command: number(&command)?, max_response: number(&response)? });
            }
        }
        Err(Error::Missing { file: FILE, offset: bytes.len(), what: "extended length information" })
    }

    /// The file.
    #[must_use]
    pub fn encode(self) -> Vec<u8> {
        let numbers = [self.max_command, self.max_response].map(|n| tlv::encode_unsigned(n.into()));
        tlv::encode_all(EXTENDED_LENGTH, &numbers)
    }
}

/// Chips write the highest bit without a zero before it, so the number has no sign.
fn number(element: &Element<'_>) -> Result<u32> {
    let digits: Vec<u8> = element.value.iter().copied().skip_while(|b| *b == 0).collect();
    match digits.len() {
        1..=4 => Ok(digits.iter().fold(0, |n, b| n << 8 | u32::from(*b))),
        _ => Err(element.malformed("length of an APDU")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(file: &str) -> Result<AtrInfo> {
        AtrInfo::parse(&hex::decode(file).unwrap())
    }

    #[test]
    fn lengths_of_two_and_three_bytes_are_read() {
        let both = |n| Ok(AtrInfo { max_command: n, max_response: n });
        assert_eq!(parse("7f66080202078002020780"), both(0x780));
        assert_eq!(parse("7f660a0203010000020301000043012a"), both(0x1_0000));
        assert_eq!(parse("4301ff7f66080202ffff0202ffff"), both(0xFFFF));
        let info = AtrInfo { max_command: 261, max_response: 0x8000 };
        assert_eq!(AtrInfo::parse(&info.encode()), Ok(info));
    }

    #[test]
    fn one_length_another_tag_and_no_number_are_refused() {
        for file in ["7f660402020780", "7f65080202078002020780", "", "7f660402000200", "7f"] {
            assert!(parse(file).is_err(), "{file}");
        }
        assert!(parse("7f660c0202078002020780020101").is_err());
        assert!(parse("7f660c0205010000000002020780").is_err());
    }
}
