//! Writing an MRZ, for specimens.

use super::{Format, Mrz, MrzDate, Sex, check_digit};

/// What an MRZ is written from.
#[derive(Clone, PartialEq, Eq)]
pub struct MrzFields {
    /// TD1, TD2 or TD3.
    pub format: Format,
    /// One or two letters.
    pub document_code: String,
    /// Three letters, or `D`.
    pub issuing_state: String,
    /// Three letters, or `D`.
    pub nationality: String,
    /// Primary identifier, in `A`-`Z`, spaces, hyphens and apostrophes.
    pub surname: String,
    /// Secondary identifier, likewise; may be empty.
    pub given_names: String,
    /// Letters and digits; more than nine only in TD1 and TD2.
    pub document_number: String,
    /// Date of birth.
    pub date_of_birth: MrzDate,
    /// Sex.
    pub sex: Sex,
    /// Date of expiry.
    pub date_of_expiry: MrzDate,
    /// Optional data; of the upper line in TD1.
    pub optional_data: String,
}

/// Why no MRZ can be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// A character that the MRZ cannot hold: transliterate first (Doc 9303-3 section 6).
    #[error("the MRZ has no character for this {0}")]
    Character(&'static str),
    /// A field is too long.
    #[error("{0} does not fit")]
    TooLong(&'static str),
}

impl MrzFields {
    /// Writes the MRZ with all its check digits. A name that does not fit is cut (Doc 9303-4 4.2.3) so that the field ends
    /// with a letter, which tells that it was cut; the surname so that one letter of the given names stays.
    ///
    /// # Errors
    /// A character or length that the MRZ cannot hold.
    pub fn compose(&self) -> Result<Mrz, ComposeError> {
        let name = self.name_field()?;
        let head = format!(
            "{}{}",
            field(&self.document_code, 2, "document code")?,
            field(&self.issuing_state, 3, "issuing State")?
        );
        let nationality = field(&self.nationality, 3, "nationality")?;
        let birth = checked(&self.date_of_birth.to_string());
        let expiry = checked(&self.date_of_expiry.to_string());
        let sex = self.sex.as_char();
        let text = match self.format {
            Format::Td3 => {
                let number = checked(&field(&self.document_number, 9, "document number")?);
                let optional = checked(&field(&self.optional_data, 14, "optional data")?);
                let composite = check_digit(&format!("{number}{birth}{expiry}{optional}"));
                format!("{head}{name}{number}{nationality}{birth}{sex}{expiry}{optional}{composite}")
            }
            Format::Td2 => {
                let (number, optional) = self.number_and_optional(7)?;
                let composite = check_digit(&format!("{number}{birth}{expiry}{optional}"));
                format!("{head}{name}{number}{nationality}{birth}{sex}{expiry}{optional}{composite}")
            }
            Format::Td1 => {
                let (number, optional) = self.number_and_optional(15)?;
                let second_optional = "<".repeat(11);
                let composite = check_digit(&format!("{number}{optional}{birth}{expiry}{second_optional}"));
                format!(
                    "{head}{number}{optional}{birth}{sex}{expiry}{nationality}{second_optional}{composite}{name}"
                )
            }
        };
        Mrz::parse(&text).map_err(|_| ComposeError::Character("document"))
    }

    /// Document number with check digit, ten characters, and the optional data, `width` characters: they take the
    /// rest of a long number.
    fn number_and_optional(&self, width: usize) -> Result<(String, String), ComposeError> {
        let number = &self.document_number;
        let Some((principal, tail)) = number.split_at_checked(9).filter(|(_, tail)| !tail.is_empty()) else {
            let number = checked(&field(number, 9, "document number")?);
            return Ok((number, field(&self.optional_data, width, "optional data")?));
        };
        let optional = format!("{tail}{}<{}", check_digit(number), self.optional_data);
        let optional = optional.trim_end_matches('<');
        Ok((
            format!("{}<", field(principal, 9, "document number")?),
            field(optional, width, "document number")?,
        ))
    }

    fn name_field(&self) -> Result<String, ComposeError> {
        let width = self.format.name_len();
        let mut surname = transcribe(&self.surname)?;
        let given_names = transcribe(&self.given_names)?;
        if !given_names.is_empty() {
            surname = cut(surname, width - 3);
        }
        let name = if given_names.is_empty() { surname } else { format!("{surname}<<{given_names}") };
        field(&cut(name, width), width, "name")
    }
}

/// The first `width` characters. Where the last of them would be a filler, a part of the name that has more than one
/// letter loses its last one, the nearest first, so that a letter comes there.
fn cut(mut name: String, width: usize) -> String {
    while name.len() > width && name.as_bytes().get(width - 1) == Some(&b'<') {
        let letters = |at: &usize| name.as_bytes()[at - 1..=*at].iter().all(u8::is_ascii_uppercase);
        let Some(shortened) = (1..width).rev().find(letters) else { break };
        name.remove(shortened);
    }
    name.truncate(width);
    name
}

/// Doc 9303-3 4.6: hyphens and spaces are fillers, apostrophes fall away.
fn transcribe(name: &str) -> Result<String, ComposeError> {
    let mut out = String::new();
    for c in name.to_ascii_uppercase().chars() {
        match c {
            'A'..='Z' => out.push(c),
            ' ' | '-' if out.ends_with('<') || out.is_empty() => {}
            ' ' | '-' => out.push('<'),
            '\'' | '’' => {}
            _ => return Err(ComposeError::Character("name")),
        }
    }
    Ok(out.trim_end_matches('<').to_owned())
}

/// Fills up to `width`.
fn field(text: &str, width: usize, what: &'static str) -> Result<String, ComposeError> {
    if !text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'<') {
        return Err(ComposeError::Character(what));
    }
    if text.len() > width {
        return Err(ComposeError::TooLong(what));
    }
    Ok(format!("{text:<<width$}"))
}

fn checked(field: &str) -> String {
    format!("{field}{}", check_digit(field))
}
