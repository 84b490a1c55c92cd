//! EF.COM (Doc 9303-10 4.6.1): the LDS version and the list of data groups. It is not signed: a list only.

use crate::error::Result;
use crate::{FileId, tlv};

/// EF.COM.
///
/// ```text
/// 60 { 5F01 "0107", 5F36 "040000", 5C 61 75 .. }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Com {
    /// LDS version such as `0107`: version 1.7.
    pub lds_version: String,
    /// Unicode version such as `040000`.
    pub unicode_version: String,
    /// Numbers of the data groups, in the order of the tag list. Tags of no data group are left out.
    pub data_groups: Vec<u8>,
}

impl Com {
    /// Reads EF.COM.
    ///
    /// # Errors
    /// It is not the structure above.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut fields = tlv::read_file(FileId::Com, bytes)?.children()?;
        let lds_version = fields.required(0x5F01, "LDS version")?;
        let unicode_version = fields.required(0x5F36, "Unicode version")?;
        let tags = fields.required(0x5C, "tag list")?;
        fields.finish()?;
        let numbers = tags.value.iter().filter_map(|tag| FileId::from_data_group_tag(*tag)?.data_group());
        Ok(Self {
            lds_version: digits(&lds_version, 4, "LDS version")?,
            unicode_version: digits(&unicode_version, 6, "Unicode version")?,
            data_groups: numbers.collect(),
        })
    }

    /// The file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let tags: Vec<u8> = self.data_groups.iter().map(|n| FileId::Dg(*n).tag()).collect();
        tlv::encode_all(
            0x60,
            &[
                tlv::encode(0x5F01, self.lds_version.as_bytes()),
                tlv::encode(0x5F36, self.unicode_version.as_bytes()),
                tlv::encode(0x5C, &tags),
            ],
        )
    }
}

fn digits(element: &tlv::Element<'_>, len: usize, what: &'static str) -> Result<String> {
    let all_digits = element.value.len() == len && element.value.iter().all(u8::is_ascii_digit);
    if all_digits { Ok(crate::text::decode(element.value)) } else { Err(element.malformed(what)) }
}
