//! LDIF (RFC 2849) as the ICAO PKD and its mirrors publish it: certificates, master lists and revocation lists in
//! base64 under `attribute:: `.
//!
//! A fault spoils its own entry: the next call goes on with the next entry. Nothing is fetched from a URL.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::Error;
use crate::error::Result;
use crate::text;

const FILE: &str = "LDIF";
/// The longest value that is taken: the German master list has 1.8 MB in base64.
const MAX_VALUE_LEN: usize = 32 << 20;
/// The most values of one entry.
const MAX_VALUES: usize = 1000;

/// Some publishers leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Reads entries one after the other.
#[derive(Clone, Copy)]
pub struct Ldif<'a> {
    lines: Lines<'a>,
}

/// One entry: a record of the directory, or a change to one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The distinguished name.
    pub dn: String,
    /// `add`, `modify`, `delete`.. of a record of changes.
    pub change: Option<String>,
    /// The values, in the order they stand.
    pub values: Vec<Value>,
}

/// One value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// The attribute in lower case, without options: `usercertificate` for `userCertificate;binary`.
    pub attribute: String,
    /// The value, decoded if it stands in base64.
    pub bytes: Vec<u8>,
}

/// What the PKD holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PkdObject<'a> {
    /// `userCertificate` or `cACertificate`: a DSC or CSCA certificate, DER.
    Certificate(&'a [u8]),
    /// `CscaMasterListData` or `pkdMasterListContent`: a signed master list.
    MasterList(&'a [u8]),
    /// `certificateRevocationList`: a CRL, DER.
    RevocationList(&'a [u8]),
}

impl<'a> Ldif<'a> {
    /// A reader over a file.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { lines: Lines { rest: bytes, offset: 0 } }
    }
}

impl Entry {
    /// The certificates and lists of the entry.
    pub fn pkd_objects(&self) -> impl Iterator<Item = PkdObject<'_>> {
        self.values.iter().filter_map(|value| match value.attribute.as_str() {
            "usercertificate" | "cacertificate" => Some(PkdObject::Certificate(&value.bytes)),
            "cscamasterlistdata" | "pkdmasterlistcontent" => Some(PkdObject::MasterList(&value.bytes)),
            "certificaterevocationlist" => Some(PkdObject::RevocationList(&value.bytes)),
            _ => None,
        })
    }
}

impl Iterator for Ldif<'_> {
    type Item = Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let start = self.lines.offset;
            let mut entry = PartialEntry::default();
            let mut at_end = true;
            while let Some(line) = self.lines.next_line() {
                at_end = false;
                if line.content.is_empty() {
                    break;
                }
                entry.take(&line);
            }
            match entry.finish(start) {
                Some(entry) => return Some(entry),
                // A blank line, or the version alone.
                None if !at_end => {}
                None => return None,
            }
        }
    }
}

/// An entry being read, and the first fault in it.
#[derive(Default)]
struct PartialEntry {
    dn: Option<String>,
    change: Option<String>,
    values: Vec<Value>,
    fault: Option<Error>,
}

impl PartialEntry {
    fn take(&mut self, line: &Line) {
        // A comment; the end of one change in a record of several.
        if line.content.starts_with(b"#") || line.content == b"-" || self.fault.is_some() {
            return;
        }
        match line.value() {
            Ok(value) if value.attribute == "dn" && self.dn.is_none() => {
                self.dn = Some(text::decode(&value.bytes));
            }
            Ok(value) if value.attribute == "version" && self.dn.is_none() => {}
            Ok(value) if value.attribute == "changetype" => self.change = Some(text::decode(&value.bytes)),
            Ok(_) if self.values.len() == MAX_VALUES => self.fault = Some(line.malformed("entry: too long")),
            Ok(value) => self.values.push(value),
            Err(error) => self.fault = Some(error),
        }
    }

    /// The entry; `None` if nothing but the version stood there.
    fn finish(self, offset: usize) -> Option<Result<Entry>> {
        let Self { dn, change, values, fault } = self;
        match (fault, dn) {
            (Some(fault), _) => Some(Err(fault)),
            (None, Some(dn)) => Some(Ok(Entry { dn, change, values })),
            (None, None) if values.is_empty() => None,
            (None, None) => Some(Err(Error::Malformed { file: FILE, offset, what: "entry: no name" })),
        }
    }
}

/// A line with its folds undone.
struct Line {
    content: Vec<u8>,
    offset: usize,
}

impl Line {
    fn malformed(&self, what: &'static str) -> Error {
        Error::Malformed { file: FILE, offset: self.offset, what }
    }

    /// `attribute;options: text`, `attribute:: base64`.
    fn value(&self) -> Result<Value> {
        if self.content.len() > MAX_VALUE_LEN {
            return Err(self.malformed("value: too long"));
        }
        let colon = self.content.iter().position(|b| *b == b':').filter(|at| *at > 0);
        let (name, rest) = self.content.split_at(colon.ok_or_else(|| self.malformed("line: no attribute"))?);
        let name = name.split(|b| *b == b';').next().unwrap_or_default();
        let attribute = text::decode(name).trim().to_lowercase();
        let bytes = match rest.get(1..).unwrap_or_default() {
            [b':', base64 @ ..] => {
                BASE64.decode(base64.trim_ascii()).map_err(|_| self.malformed("value: not base64"))?
            }
            [b'<', ..] => return Err(self.malformed("value: a URL is not fetched")),
            plain => plain.trim_ascii().to_vec(),
        };
        Ok(Value { attribute, bytes })
    }
}

#[derive(Clone, Copy)]
struct Lines<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl Lines<'_> {
    /// The next line; lines after it that begin with a space belong to it.
    fn next_line(&mut self) -> Option<Line> {
        let offset = self.offset;
        let mut content = self.physical_line()?.to_vec();
        while self.rest.starts_with(b" ") {
            let more = self.physical_line()?;
            content.extend(more.get(1..).unwrap_or_default());
        }
        Some(Line { content, offset })
    }

    /// Up to the next LF or CR LF.
    fn physical_line(&mut self) -> Option<&[u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = self.rest.iter().position(|b| *b == b'\n');
        let (line, rest) = match end {
            Some(end) => (self.rest.get(..end)?, self.rest.get(end + 1..)?),
            None => (self.rest, &self.rest[self.rest.len()..]),
        };
        self.offset += self.rest.len() - rest.len();
        self.rest = rest;
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "version: 1\n\n# ein Kommentar\n  der weitergeht\ndn: o=dsc,c=UT,dc=icao,dc=int\no: dsc\n\n\
        dn: cn=1\\+2,o=dsc,\n c=UT\nuserCertificate;binary:: MAMC\n AQE=\nsn: 01\n\n\
        dn:: Y249w6k=\r\nchangetype: add\r\ncertificateRevocationList;binary::MAA=\r\n\r\n\
        dn: cn=3\nCscaMasterListData:: MAMCAQA\npkdMasterListContent:: MAA=\ncACertificate;binary:: MAMCAQI=\n";

    fn entries(text: &str) -> Vec<Result<Entry>> {
        Ldif::new(text.as_bytes()).collect()
    }

    #[test]
    fn folded_lines_comments_base64_and_both_line_ends_are_read() {
        let entries: Vec<Entry> = entries(SAMPLE).into_iter().map(Result::unwrap).collect();
        let dns: Vec<&str> = entries.iter().map(|e| e.dn.as_str()).collect();
        assert_eq!(dns, ["o=dsc,c=UT,dc=icao,dc=int", "cn=1\\+2,o=dsc,c=UT", "cn=é", "cn=3"]);
        assert_eq!(entries[1].values[1], Value { attribute: "sn".into(), bytes: b"01".to_vec() });
        assert_eq!(entries[2].change.as_deref(), Some("add"));
        let objects: Vec<PkdObject<'_>> = entries.iter().flat_map(Entry::pkd_objects).collect();
        assert_eq!(
            objects,
            [
                PkdObject::Certificate(&[0x30, 3, 2, 1, 1]),
                PkdObject::RevocationList(&[0x30, 0]),
                PkdObject::MasterList(&[0x30, 3, 2, 1, 0]),
                PkdObject::MasterList(&[0x30, 0]),
                PkdObject::Certificate(&[0x30, 3, 2, 1, 2]),
            ]
        );
    }

    #[test]
    fn a_fault_spoils_its_own_entry_only() {
        for (line, what) in [
            ("userCertificate;binary:: M*A=", "value: not base64"),
            ("userCertificate;binary:< file:///etc/passwd", "value: a URL is not fetched"),
            ("no colon", "line: no attribute"),
            (": value", "line: no attribute"),
        ] {
            let entries = entries(&format!("dn: cn=1\n{line}\n\ndn: cn=2\n"));
            let expected = Error::Malformed { file: "LDIF", offset: 9, what };
            assert_eq!(entries.len(), 2, "{line}");
            assert_eq!(entries[0], Err(expected), "{line}");
            assert_eq!(entries[1].as_ref().map(|e| e.dn.as_str()), Ok("cn=2"));
        }
        let nameless = entries("\n\nsn: 1\n\ndn: cn=2\n");
        assert_eq!(nameless[0], Err(Error::Malformed { file: "LDIF", offset: 2, what: "entry: no name" }));
        let many = format!("dn: cn=1\n{}", "a: b\n".repeat(MAX_VALUES + 1));
        assert!(matches!(entries(&many)[0], Err(Error::Malformed { what: "entry: too long", .. })));
    }

    #[test]
    fn nothing_gives_nothing() {
        for text in ["", "\n\n\n", "version: 1", "# a comment alone\n"] {
            assert_eq!(entries(text), [], "{text:?}");
        }
    }
}
