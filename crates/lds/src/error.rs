use crate::mrz::MrzField;

/// Why a file could not be read. Every variant names the file and the byte offset from its start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A tag, length or value reaches past the end of what contains it.
    #[error("{file}: truncated at byte {offset}")]
    Truncated {
        /// Which file, such as `EF.SOD`.
        file: &'static str,
        /// Where the element that is cut begins.
        offset: usize,
    },
    /// Another tag than the structure has here. `found` is 0 at the end of the contents.
    #[error("{file}: unexpected tag {found:X} at byte {offset}, expected {expected:X}")]
    UnexpectedTag {
        /// Which file.
        file: &'static str,
        /// Where the tag stands.
        offset: usize,
        /// The tag that the structure demands.
        expected: u32,
        /// The tag that stands there.
        found: u32,
    },
    /// BER indefinite length: legal BER that this reader does not take.
    #[error("{file}: indefinite length at byte {offset} is not supported")]
    IndefiniteLength {
        /// Which file.
        file: &'static str,
        /// Where the element begins.
        offset: usize,
    },
    /// A length of more than four bytes, or the reserved form `FF`.
    #[error("{file}: length out of bounds at byte {offset}")]
    LengthOutOfBounds {
        /// Which file.
        file: &'static str,
        /// Where the element begins.
        offset: usize,
    },
    /// A tag of more than three bytes.
    #[error("{file}: tag out of bounds at byte {offset}")]
    TagOutOfBounds {
        /// Which file.
        file: &'static str,
        /// Where the tag begins.
        offset: usize,
    },
    /// More nesting than any eMRTD file has.
    #[error("{file}: nested too deep at byte {offset}")]
    TooDeep {
        /// Which file.
        file: &'static str,
        /// Where the element begins.
        offset: usize,
    },
    /// A file that is longer than any that this reader takes.
    #[error("{file}: longer than {limit} bytes")]
    TooLarge {
        /// Which file.
        file: &'static str,
        /// The longest that is read.
        limit: usize,
    },
    /// Bytes after the end of a structure.
    #[error("{file}: trailing bytes at byte {offset}")]
    TrailingBytes {
        /// Which file.
        file: &'static str,
        /// The first byte too many.
        offset: usize,
    },
    /// The encoding is right and the content is not.
    #[error("{file}: malformed {what} at byte {offset}")]
    Malformed {
        /// Which file.
        file: &'static str,
        /// Where the element begins.
        offset: usize,
        /// Which field.
        what: &'static str,
    },
    /// A part that the structure demands does not stand where it should.
    #[error("{file}: no {what} at byte {offset}")]
    Missing {
        /// Which file.
        file: &'static str,
        /// Where it should stand.
        offset: usize,
        /// Which part.
        what: &'static str,
    },
    /// An algorithm that is not in the table.
    #[error("{file}: unsupported algorithm {oid} at byte {offset}")]
    UnsupportedAlgorithm {
        /// Which file.
        file: &'static str,
        /// Where the OID stands.
        offset: usize,
        /// The OID in dotted form.
        oid: String,
    },
    /// A check digit of the MRZ does not compute (Doc 9303-3 4.9).
    #[error("{file}: wrong check digit of the {field} at byte {offset}")]
    WrongCheckDigit {
        /// Which file.
        file: &'static str,
        /// Where the check digit stands; for an MRZ alone, from its start, lines joined.
        offset: usize,
        /// Which field it protects.
        field: MrzField,
    },
}

impl Error {
    /// The machine code, without the offset: `lds.truncated(EF.SOD)`, `lds.missing(EF.COM: tag list)`,
    /// `lds.check-digit(date of birth)`.
    #[must_use]
    pub fn code(&self) -> String {
        let (kind, detail) = match self {
            Self::Truncated { file, .. } => ("truncated", (*file).to_owned()),
            Self::UnexpectedTag { file, .. } => ("unexpected-tag", (*file).to_owned()),
            Self::IndefiniteLength { file, .. } => ("indefinite-length", (*file).to_owned()),
            Self::LengthOutOfBounds { file, .. } => ("length", (*file).to_owned()),
            Self::TagOutOfBounds { file, .. } => ("tag", (*file).to_owned()),
            Self::TooDeep { file, .. } => ("too-deep", (*file).to_owned()),
            Self::TooLarge { file, .. } => ("too-large", (*file).to_owned()),
            Self::TrailingBytes { file, .. } => ("trailing-bytes", (*file).to_owned()),
            Self::Malformed { file, what, .. } => ("malformed", format!("{file}: {what}")),
            Self::Missing { file, what, .. } => ("missing", format!("{file}: {what}")),
            Self::UnsupportedAlgorithm { file, .. } => ("unsupported-algorithm", (*file).to_owned()),
            Self::WrongCheckDigit { field, .. } => ("check-digit", field.to_string()),
        };
        format!("lds.{kind}({detail})")
    }
}

/// Shorthand of this crate.
pub type Result<T> = std::result::Result<T, Error>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_names_the_file_and_the_field_and_no_offset() {
        let truncated = Error::Truncated { file: "EF.SOD", offset: 312 };
        assert_eq!(truncated.code(), "lds.truncated(EF.SOD)");
        let malformed = Error::Malformed { file: "EF.DG1", offset: 5, what: "nationality" };
        assert_eq!(malformed.code(), "lds.malformed(EF.DG1: nationality)");
        let missing = Error::Missing { file: "EF.COM", offset: 18, what: "tag list" };
        assert_eq!(missing.code(), "lds.missing(EF.COM: tag list)");
        let digit = Error::WrongCheckDigit { file: "EF.DG1", offset: 5, field: MrzField::DateOfBirth };
        assert_eq!(digit.code(), "lds.check-digit(date of birth)");
    }
}
