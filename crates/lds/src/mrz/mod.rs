//! The machine readable zone (Doc 9303-3 section 4, layouts of Parts 4, 5 and 6).

mod check_digit;
mod compose;
mod date;
mod parse;

use std::fmt;

pub use check_digit::check_digit;
pub use compose::{ComposeError, MrzFields};
pub use date::MrzDate;

/// The size of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Card size: three lines of 30 characters (Part 5).
    Td1,
    /// Two lines of 36 characters (Part 6).
    Td2,
    /// Passport book: two lines of 44 characters (Part 4).
    Td3,
}

impl Format {
    /// Number of lines and characters a line.
    #[must_use]
    pub fn lines(self) -> (usize, usize) {
        match self {
            Self::Td1 => (3, 30),
            Self::Td2 => (2, 36),
            Self::Td3 => (2, 44),
        }
    }

    /// Characters of the name field.
    #[must_use]
    pub fn name_len(self) -> usize {
        match self {
            Self::Td1 => 30,
            Self::Td2 => 31,
            Self::Td3 => 39,
        }
    }
}

/// The sex field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sex {
    /// `F`
    Female,
    /// `M`
    Male,
    /// `<`
    Unspecified,
}

impl Sex {
    /// The character in the MRZ.
    #[must_use]
    pub fn as_char(self) -> char {
        match self {
            Self::Female => 'F',
            Self::Male => 'M',
            Self::Unspecified => '<',
        }
    }
}

/// A field that a check digit protects, or that can be malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MrzField {
    /// The document number.
    DocumentNumber,
    /// The date of birth.
    DateOfBirth,
    /// The date of expiry.
    DateOfExpiry,
    /// The optional data of a TD3 MRZ (personal number).
    OptionalData,
    /// The composite check digit over several fields.
    Composite,
}

impl fmt::Display for MrzField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DocumentNumber => "document number",
            Self::DateOfBirth => "date of birth",
            Self::DateOfExpiry => "date of expiry",
            Self::OptionalData => "optional data",
            Self::Composite => "whole MRZ",
        })
    }
}

/// An MRZ, read. Fillers at the end of fields are removed; inside names they are spaces.
#[derive(Clone, PartialEq, Eq)]
pub struct Mrz {
    /// TD1, TD2 or TD3.
    pub format: Format,
    /// One or two letters: `P`, `PP`, `I`, `IR`.
    pub document_code: String,
    /// Issuing State or organisation: `UTO`, `D`, `FRA`.
    pub issuing_state: String,
    /// Nationality, written as the issuing State is.
    pub nationality: String,
    /// The primary identifier.
    pub surname: String,
    /// The secondary identifier; empty if there is none.
    pub given_names: String,
    /// The name field is filled to its end: the name may be cut, and must be assumed to be (Doc 9303-4 4.2.3).
    pub name_truncated: bool,
    /// The document number, joined if it was too long for its field.
    pub document_number: String,
    /// Date of birth; parts may be unknown.
    pub date_of_birth: MrzDate,
    /// Sex.
    pub sex: Sex,
    /// Date of expiry.
    pub date_of_expiry: MrzDate,
    /// Optional data (TD3: personal number; TD1: of the upper line, without the rest of a long document number).
    pub optional_data: String,
    /// The optional data of the middle line of a TD1 MRZ; else empty.
    pub optional_data_2: String,
    lines: Vec<String>,
}

impl Mrz {
    /// Reads an MRZ: 88, 72 or 90 characters, lines joined or separated by line breaks.
    ///
    /// # Errors
    /// A length of no format, a character other than `A`-`Z`, `0`-`9` and `<`, a malformed date or sex, or
    /// [`Error::WrongCheckDigit`](crate::Error::WrongCheckDigit) for the first check digit that does not compute.
    pub fn parse(text: &str) -> crate::Result<Self> {
        Self::parse_at(text, 0)
    }

    /// [`parse`](Self::parse) for a text that begins `base` bytes into EF.DG1.
    pub(crate) fn parse_at(text: &str, base: usize) -> crate::Result<Self> {
        let (mrz, wrong) = parse::read(text, base)?;
        match wrong.first() {
            None => Ok(mrz),
            Some((field, offset)) => {
                Err(crate::Error::WrongCheckDigit { file: parse::FILE, offset: *offset, field: *field })
            }
        }
    }

    /// Reads an MRZ and tells which check digits do not compute, in the order in which they stand.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), but for check digits.
    pub fn parse_with_findings(text: &str) -> crate::Result<(Self, Vec<MrzField>)> {
        let (mrz, wrong) = parse::read(text, 0)?;
        Ok((mrz, wrong.into_iter().map(|(field, _)| field).collect()))
    }

    /// The lines exactly as they stand.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// The lines joined, as in EF.DG1.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines.concat()
    }

    /// MRZ_information: the password of BAC and PACE (Doc 9303-11 4.3.2 and Appendix D.2).
    #[must_use]
    pub fn access_key_information(&self) -> String {
        mrz_information(&self.document_number, self.date_of_birth, self.date_of_expiry)
    }
}

/// The holder's data stay out of logs.
impl fmt::Debug for Mrz {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mrz({:?}, ..)", self.format)
    }
}

/// MRZ_information out of its three parts: document number, date of birth, date of expiry, each with its check digit
/// (Doc 9303-11 4.3.2). Numbers shorter than nine characters are filled, longer ones taken whole.
#[must_use]
pub fn mrz_information(document_number: &str, date_of_birth: MrzDate, date_of_expiry: MrzDate) -> String {
    let number = format!("{document_number:<<9}");
    [number, date_of_birth.to_string(), date_of_expiry.to_string()]
        .into_iter()
        .map(|field| format!("{field}{}", check_digit(&field)))
        .collect()
}
