//! Reads the machine-readable zone that a camera saw: what text recognition confuses is put right where the field's kind or
//! the check digits tell (Doc 9303-3 4.9; Parts 4, 5 and 6).
//!
//! A check digit is one of ten, so a correction may be wrong: the chip then refuses the access key, and nothing worse.

use lds::Mrz;
use lds::mrz::{Format, MrzField};

use crate::AccessKey;

/// What is printed in the machine-readable zone.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct ScannedMrz {
    /// What opens the chip.
    pub access_key: AccessKey,
    /// `P`, `I`, `IR`.
    pub document_code: String,
    /// The issuing State, as printed: `FRA`, `D`.
    pub issuing_state: String,
    /// The surname, in the letters of the zone.
    pub surname: String,
    /// The given names.
    pub given_names: String,
    /// The lines as they were put right.
    pub lines: Vec<String>,
    /// How many characters were put right.
    pub corrected: u32,
}

/// Why nothing was read. An app scans the next picture; texts for the person are for when that goes on too long.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum ScanError {
    /// There are no two lines of 44 or 36 characters, and no three of 30: the zone is not wholly in the picture.
    #[error("no machine-readable zone in the text")]
    NotFound,
    /// A check digit does not compute, and no single reading of the characters makes it.
    #[error("the check digit of the {field} is wrong")]
    CheckDigit {
        /// `document number`, `date of birth`, `date of expiry`, `optional data` or `whole MRZ`.
        field: String,
    },
    /// A field holds what it cannot.
    #[error("{reason}")]
    Malformed {
        /// Which one, and why.
        reason: String,
    },
}

/// Letters and digits that look alike in OCR-B.
const ALIKE: [(char, char); 7] =
    [('O', '0'), ('Q', '0'), ('D', '0'), ('I', '1'), ('Z', '2'), ('S', '5'), ('B', '8')];
/// What stands for a filler in recognised text.
const FILLERS: [char; 8] = ['«', '‹', '≤', '⟨', '{', '[', '(', '＜'];

/// Ranges of characters, lines joined.
struct Kinds {
    letters: &'static [(usize, usize)],
    digits: &'static [(usize, usize)],
    number: usize,
}

fn kinds(format: Format) -> Kinds {
    match format {
        Format::Td1 => Kinds {
            letters: &[(0, 5), (45, 48), (60, 90)],
            digits: &[(14, 15), (30, 37), (38, 45), (59, 60)],
            number: 5,
        },
        Format::Td2 => Kinds {
            letters: &[(0, 36), (46, 49)],
            digits: &[(45, 46), (49, 56), (57, 64), (71, 72)],
            number: 36,
        },
        Format::Td3 => Kinds {
            letters: &[(0, 44), (54, 57)],
            digits: &[(53, 54), (57, 64), (65, 72), (86, 88)],
            number: 44,
        },
    }
}

/// Reads the zone out of recognised text: the last lines that have its form count, what stands before them is passed
/// over. Spaces, lower case and look-alikes are put right; a name line may lack fillers at its end.
///
/// # Errors
/// See [`ScanError`].
#[uniffi::export]
pub fn read_mrz(text: &str) -> Result<ScannedMrz, ScanError> {
    let lines: Vec<Vec<char>> = text.lines().map(cleaned).filter(|line| line.len() >= 20).collect();
    let found = [Format::Td3, Format::Td2, Format::Td1].into_iter().find_map(|format| {
        let (count, length) = format.lines();
        let last = lines.get(lines.len().checked_sub(count)?..)?;
        fitted(format, last, length).map(|text| (format, text))
    });
    let (format, seen) = found.ok_or(ScanError::NotFound)?;
    let text = put_right(format, &seen);
    let (mrz, wrong) = read(&text)?;
    let (mrz, text) = match wrong.as_slice() {
        [] => (mrz, text),
        [MrzField::DocumentNumber, ..] => other_number(format, &text).ok_or_else(|| check_digit(&wrong))?,
        _ => return Err(check_digit(&wrong)),
    };
    Ok(ScannedMrz {
        access_key: AccessKey {
            document_number: mrz.document_number.clone(),
            date_of_birth: mrz.date_of_birth.to_string(),
            date_of_expiry: mrz.date_of_expiry.to_string(),
        },
        document_code: mrz.document_code.clone(),
        issuing_state: mrz.issuing_state.clone(),
        surname: mrz.surname.clone(),
        given_names: mrz.given_names.clone(),
        lines: mrz.lines().to_vec(),
        corrected: seen.iter().zip(&text).filter(|(one, other)| one != other).count() as u32,
    })
}

fn cleaned(line: &str) -> Vec<char> {
    let characters = line.chars().filter(|c| !c.is_whitespace()).take(200);
    let folded = characters.map(|c| if FILLERS.contains(&c) { '<' } else { c.to_ascii_uppercase() });
    folded.collect()
}

/// The lines joined, if they have the lengths of the format; a name line is filled or its fillers cut.
fn fitted(format: Format, lines: &[Vec<char>], length: usize) -> Option<Vec<char>> {
    let name_line = if format == Format::Td1 { 2 } else { 0 };
    let mut out = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let mut line = line.clone();
        if number == name_line && line.contains(&'<') {
            while line.len() > length && line.last() == Some(&'<') {
                line.pop();
            }
            line.resize(line.len().max(length), '<');
        }
        if line.len() != length {
            return None;
        }
        out.extend(line);
    }
    Some(out)
}

/// Letters where only letters stand, digits where only digits do.
fn put_right(format: Format, seen: &[char]) -> Vec<char> {
    let kinds = kinds(format);
    let within =
        |at: usize, ranges: &[(usize, usize)]| ranges.iter().any(|(from, to)| (*from..*to).contains(&at));
    let as_letter = |c: char| ALIKE.iter().find(|(_, digit)| *digit == c).map_or(c, |(letter, _)| *letter);
    let as_digit = |c: char| ALIKE.iter().find(|(letter, _)| *letter == c).map_or(c, |(_, digit)| *digit);
    let right = |(at, c): (usize, &char)| match () {
        () if within(at, kinds.letters) => as_letter(*c),
        () if within(at, kinds.digits) => as_digit(*c),
        () => *c,
    };
    seen.iter().enumerate().map(right).collect()
}

fn read(text: &[char]) -> Result<(Mrz, Vec<MrzField>), ScanError> {
    Mrz::parse_with_findings(&text.iter().collect::<String>())
        .map_err(|error| ScanError::Malformed { reason: error.to_string() })
}

fn check_digit(wrong: &[MrzField]) -> ScanError {
    ScanError::CheckDigit { field: wrong.first().map(ToString::to_string).unwrap_or_default() }
}

/// The document number is of letters and digits: the one reading with look-alikes changed under which its check digit
/// computes. Digits are misread as letters more often than letters as digits, and one character more often than two;
/// two equally likely readings are none.
fn other_number(format: Format, text: &[char]) -> Option<(Mrz, Vec<char>)> {
    let start = kinds(format).number;
    let places: Vec<(usize, char)> = (start..start + 9)
        .flat_map(|at| alike(text.get(at).copied()).into_iter().map(move |c| (at, c)))
        .collect();
    let one = |digits: bool| -> Vec<Vec<(usize, char)>> {
        let kind = places.iter().filter(|(_, c)| c.is_ascii_digit() == digits);
        kind.map(|place| vec![*place]).collect()
    };
    let digits: Vec<_> = places.iter().filter(|(_, c)| c.is_ascii_digit()).copied().collect();
    let two = digits.iter().enumerate().flat_map(|(n, first)| {
        digits.iter().skip(n + 1).filter(|second| second.0 != first.0).map(|second| vec![*first, *second])
    });
    let right = |changes: Vec<(usize, char)>| {
        let mut text = text.to_vec();
        for (at, c) in changes {
            *text.get_mut(at)? = c;
        }
        read(&text).ok().filter(|(_, wrong)| wrong.is_empty()).map(|(mrz, _)| (mrz, text))
    };
    for candidates in [one(true), two.collect(), one(false)] {
        let mut found = candidates.into_iter().filter_map(right);
        match (found.next(), found.next()) {
            (Some(only), None) => return Some(only),
            (Some(_), Some(_)) => return None,
            _ => {}
        }
    }
    None
}

fn alike(c: Option<char>) -> Vec<char> {
    let pairs = ALIKE.iter().filter_map(|(letter, digit)| match c {
        Some(c) if c == *letter => Some(*digit),
        Some(c) if c == *digit => Some(*letter),
        _ => None,
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TD3: &str =
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
    const TD1: &str =
        "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<";

    fn number(text: &str) -> (String, u32) {
        let scanned = read_mrz(text).unwrap();
        (scanned.access_key.document_number, scanned.corrected)
    }

    #[test]
    fn the_specimens_of_the_standard_are_read_as_they_stand() {
        let scanned = read_mrz(TD3).unwrap();
        assert_eq!((scanned.surname.as_str(), scanned.given_names.as_str()), ("ERIKSSON", "ANNA MARIA"));
        assert_eq!(scanned.lines.join("\n"), TD3);
        assert_eq!(number(TD3), ("L898902C3".into(), 0));
        assert_eq!(number(TD1), ("D23145890".into(), 0));
    }

    #[test]
    fn look_alikes_are_put_right_by_the_kind_of_their_field() {
        // A date with letters, a State with digits, a check digit with a letter.
        let seen = TD3.replace("UTO7408122", "UT07408I2Z");
        assert_eq!(number(&seen), ("L898902C3".into(), 3));
    }

    #[test]
    fn a_document_number_is_put_right_by_its_check_digits() {
        assert_eq!(number(&TD3.replace("L898902C3", "L8989O2C3")), ("L898902C3".into(), 1));
        assert_eq!(number(&TD3.replace("L898902C3", "L89B9O2C3")), ("L898902C3".into(), 2));
    }

    #[test]
    fn spaces_case_other_fillers_and_text_before_are_passed_over() {
        let seen =
            format!("UTOPIA PASSPORT\n{}", TD3.replace("<<<<<<<<<<<<<<<<<<<\n", "««««« \n").to_lowercase());
        assert_eq!(number(&seen).0, "L898902C3");
    }

    #[test]
    fn what_no_single_reading_explains_is_refused() {
        let field = |text: &str| match read_mrz(text) {
            Err(ScanError::CheckDigit { field }) => field,
            other => panic!("{}", other.is_ok()),
        };
        assert_eq!(field(&TD3.replace("L898902C3", "L346793C3")), "document number");
        assert_eq!(field(&TD3.replace("7408122", "7408132")), "date of birth");
        assert_eq!(field(&TD3.replace("<<<<<10", "<<<<<11")), "whole MRZ");
        assert_eq!(read_mrz("P<UTOERIKSSON<<ANNA").err(), Some(ScanError::NotFound));
        assert_eq!(read_mrz("").err(), Some(ScanError::NotFound));
        let month = TD3.replace("7408122", "7413128");
        assert!(matches!(read_mrz(&month), Err(ScanError::Malformed { .. })));
    }
}
