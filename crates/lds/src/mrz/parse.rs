//! Reading the three layouts. Positions count characters from the start of the text, lines joined.

use std::borrow::Cow;

use super::{Format, Mrz, MrzDate, MrzField, Sex, check_digit};
use crate::Error;
use crate::error::Result;

pub(super) const FILE: &str = "EF.DG1";

/// Where things stand, lines joined.
struct Layout {
    name: (usize, usize),
    document_number: usize,
    optional_data: (usize, usize),
    optional_data_2: (usize, usize),
    nationality: usize,
    date_of_birth: usize,
    sex: usize,
    date_of_expiry: usize,
    /// Ranges under the composite check digit, check digits included.
    composite: &'static [(usize, usize)],
}

/// Doc 9303-5 4.2.2.
const TD1: Layout = Layout {
    name: (60, 90),
    document_number: 5,
    optional_data: (15, 30),
    optional_data_2: (48, 59),
    nationality: 45,
    date_of_birth: 30,
    sex: 37,
    date_of_expiry: 38,
    composite: &[(5, 30), (30, 37), (38, 45), (48, 59)],
};

/// Doc 9303-6 4.2.2.
const TD2: Layout = Layout {
    name: (5, 36),
    document_number: 36,
    optional_data: (64, 71),
    optional_data_2: (0, 0),
    nationality: 46,
    date_of_birth: 49,
    sex: 56,
    date_of_expiry: 57,
    composite: &[(36, 46), (49, 56), (57, 71)],
};

/// Doc 9303-4 4.2.2.
const TD3: Layout = Layout {
    name: (5, 44),
    document_number: 44,
    optional_data: (72, 86),
    optional_data_2: (0, 0),
    nationality: 54,
    date_of_birth: 57,
    sex: 64,
    date_of_expiry: 65,
    composite: &[(44, 54), (57, 64), (65, 87)],
};

struct Text<'a> {
    text: &'a str,
    /// Where the text begins in the file.
    base: usize,
    wrong: Vec<(MrzField, usize)>,
}

impl<'a> Text<'a> {
    fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// A field without its fillers at the end.
    fn field(&self, from: usize, to: usize) -> String {
        self.slice(from, to).trim_end_matches('<').to_owned()
    }

    fn malformed(&self, at: usize, what: &'static str) -> Error {
        Error::Malformed { file: FILE, offset: self.base + at, what }
    }

    /// Letters, then fillers: a code of States or of document types (Doc 9303-10 Tables 40 to 42).
    fn letters(&self, from: usize, to: usize, what: &'static str) -> Result<()> {
        let letters = self.slice(from, to).trim_end_matches('<');
        let all_letters = !letters.is_empty() && letters.bytes().all(|b| b.is_ascii_uppercase());
        if all_letters { Ok(()) } else { Err(self.malformed(from, what)) }
    }

    /// Notes whether the character at `offset` is the check digit of `content`.
    fn check(&mut self, field: MrzField, content: &str, offset: usize) {
        let found = self.slice(offset, offset + 1);
        let expected = check_digit(content);
        // Doc 9303-4 4.2.2.2: the check digit of empty optional data may be a filler.
        let may_be_filler = field == MrzField::OptionalData && content.bytes().all(|b| b == b'<');
        if !(found.starts_with(expected) || may_be_filler && found == "<") {
            self.wrong.push((field, self.base + offset));
        }
    }

    /// `wrong` says what is wrong: characters that no date has, or a day that is in no calendar.
    fn date(&mut self, field: MrzField, offset: usize, wrong: [&'static str; 2]) -> Result<MrzDate> {
        let [characters, day] = wrong;
        let content = self.slice(offset, offset + 6);
        self.check(field, content, offset + 6);
        if !content.bytes().all(|b| b.is_ascii_digit() || b == b'<') {
            return Err(self.malformed(offset, characters));
        }
        MrzDate::parse(content).ok_or_else(|| self.malformed(offset, day))
    }

    /// The document number and what is left of the optional data. A number of more than nine characters has a filler
    /// for a check digit, goes on in the optional data up to the first filler, and its last character there is the
    /// check digit (Doc 9303-5 4.2.2.1 note j, Doc 9303-6 likewise).
    fn document_number(&mut self, layout: &Layout, format: Format) -> (String, String) {
        let at = layout.document_number;
        let (from, to) = layout.optional_data;
        let principal = self.slice(at, at + 9);
        let optional = self.slice(from, to);
        let rest = optional.split('<').next().unwrap_or_default();
        let long = format != Format::Td3 && self.slice(at + 9, at + 10) == "<" && !rest.is_empty();
        if long && !principal.ends_with('<') {
            let (tail, _) = rest.split_at(rest.len() - 1);
            let number = format!("{principal}{tail}");
            self.check(MrzField::DocumentNumber, &number, from + tail.len());
            let left = optional.get(rest.len()..).unwrap_or_default();
            return (number, left.trim_matches('<').to_owned());
        }
        self.check(MrzField::DocumentNumber, principal, at + 9);
        (principal.trim_end_matches('<').to_owned(), optional.trim_end_matches('<').to_owned())
    }
}

/// Reads the fields and notes the wrong check digits with their offsets. The text begins `base` bytes into the file.
pub(super) fn read(text: &str, base: usize) -> Result<(Mrz, Vec<(MrzField, usize)>)> {
    let has_lines = text.len() > 91 || text.bytes().any(|b| matches!(b, b'\r' | b'\n'));
    let joined = if has_lines {
        Cow::Owned(text.chars().filter(|c| !matches!(c, '\r' | '\n')).take(91).collect::<String>())
    } else {
        Cow::Borrowed(text)
    };
    let mut text = Text { text: &joined, base, wrong: Vec::new() };
    let allowed = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'<';
    if let Some(at) = joined.bytes().position(|b| !allowed(b)) {
        return Err(text.malformed(at, "MRZ character"));
    }
    let (format, layout) = match joined.len() {
        90 => (Format::Td1, TD1),
        72 => (Format::Td2, TD2),
        88 => (Format::Td3, TD3),
        _ => return Err(text.malformed(0, "MRZ: its length is of no format")),
    };
    let mrz = fields(&mut text, format, &layout)?;
    Ok((mrz, text.wrong))
}

fn fields(text: &mut Text<'_>, format: Format, layout: &Layout) -> Result<Mrz> {
    text.letters(0, 2, "document code")?;
    text.letters(2, 5, "issuing State")?;
    text.letters(layout.nationality, layout.nationality + 3, "nationality")?;
    let (surname, given_names) = names(text.slice(layout.name.0, layout.name.1));
    if surname.is_empty() {
        return Err(text.malformed(layout.name.0, "name"));
    }
    let (document_number, optional_data) = text.document_number(layout, format);
    let wrong = ["date of birth: characters", "date of birth: no day of the calendar"];
    let date_of_birth = text.date(MrzField::DateOfBirth, layout.date_of_birth, wrong)?;
    let wrong = ["date of expiry: characters", "date of expiry: no day of the calendar"];
    let date_of_expiry = text.date(MrzField::DateOfExpiry, layout.date_of_expiry, wrong)?;
    if format == Format::Td3 {
        let content = text.slice(layout.optional_data.0, layout.optional_data.1);
        text.check(MrzField::OptionalData, content, layout.optional_data.1);
    }
    let content: String = layout.composite.iter().map(|(from, to)| text.slice(*from, *to)).collect();
    let composite_at = if format == Format::Td1 { 59 } else { text.text.len() - 1 };
    text.check(MrzField::Composite, &content, composite_at);
    let sex = match text.slice(layout.sex, layout.sex + 1) {
        "F" => Sex::Female,
        "M" => Sex::Male,
        "<" => Sex::Unspecified,
        _ => return Err(text.malformed(layout.sex, "sex")),
    };
    let (count, width) = format.lines();
    Ok(Mrz {
        format,
        document_code: text.field(0, 2),
        issuing_state: text.field(2, 5),
        nationality: text.field(layout.nationality, layout.nationality + 3),
        surname,
        given_names,
        name_truncated: !text.slice(layout.name.0, layout.name.1).ends_with('<'),
        document_number,
        date_of_birth,
        sex,
        date_of_expiry,
        optional_data,
        optional_data_2: text.field(layout.optional_data_2.0, layout.optional_data_2.1),
        lines: (0..count).map(|line| text.slice(line * width, (line + 1) * width).to_owned()).collect(),
    })
}

/// Primary and secondary identifier, fillers turned to spaces.
fn names(field: &str) -> (String, String) {
    let spaced = |part: &str| part.split('<').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    match field.trim_end_matches('<').split_once("<<") {
        Some((primary, secondary)) => (spaced(primary), spaced(secondary)),
        None => (spaced(field), String::new()),
    }
}
