//! Names between people's spelling and the MRZ's (ICAO Doc 9303-3, sections 4.6 and 6).
//!
//! The MRZ knows A to Z and fillers, so accents, hyphens and apostrophes are lost in it. A typed spelling is taken
//! only if one of the forms that Doc 9303-3 allows for it is the chip's: `Müller` fits MUELLER, MULLER, MUXXLLER.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::LazyLock;

use crate::Error;

/// The longest name that FranceConnect takes, in characters.
const MAX_LEN: usize = 256;

static LETTERS: LazyLock<HashMap<char, Vec<&'static str>>> = LazyLock::new(|| {
    let rows = include_str!("../data/transliteration.tsv").lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(|row| {
        let mut fields = row.split('\t');
        let letter = fields.next()?.chars().next()?;
        Some((letter, fields.collect()))
    })
    .collect()
});

/// The name of an MRZ. Components are separated by fillers or spaces.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct MrzName {
    /// The primary identifier.
    pub surname: String,
    /// The secondary identifier; empty if the document has only one name.
    pub given_names: String,
    /// The name field is full: its end may be cut off.
    pub truncated: bool,
}

impl fmt::Debug for MrzName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MrzName(..)")
    }
}

/// An MRZ identifier, or a DG11 one, as words with one space between.
#[must_use]
pub fn words(identifier: &str) -> String {
    identifier.split(['<', ' ']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A typed name: letters, and between them spaces, hyphens, apostrophes and full stops; spaces at the ends dropped.
///
/// # Errors
/// [`Error::NameCharacters`]: empty, too long, or another character; letters must be composed (NFC).
pub fn typed(what: &'static str, text: &str) -> Result<String, Error> {
    let text = text.trim();
    let good = |c: char| c.is_alphabetic() || is_separator(c) || is_apostrophe(c) || c == '.';
    let fits =
        text.chars().all(good) && text.chars().any(char::is_alphabetic) && text.chars().count() <= MAX_LEN;
    if fits { Ok(text.to_owned()) } else { Err(Error::NameCharacters(what)) }
}

/// Whether `name` in any spelling may stand as `mrz` in an MRZ; if `truncated`, the MRZ may have cut its end off.
#[must_use]
pub fn fits(name: &str, mrz: &str, truncated: bool) -> bool {
    let target = words(mrz).replace(' ', "<");
    if target.is_empty() {
        return false;
    }
    // Every position in `target` that some form of the letters so far reaches.
    let mut reached = BTreeSet::from([0]);
    let mut after_separator = true;
    for c in name.trim().chars() {
        if is_separator(c) {
            if !after_separator {
                reached = step(&reached, &target, &["<".to_owned()], truncated);
            }
            after_separator = true;
        } else {
            reached = step(&reached, &target, &forms(c), truncated);
            after_separator = false;
        }
    }
    reached.contains(&target.len())
}

fn step(reached: &BTreeSet<usize>, target: &str, forms: &[String], truncated: bool) -> BTreeSet<usize> {
    let mut next = BTreeSet::new();
    for &position in reached {
        let rest = target.get(position..).unwrap_or_default();
        for form in forms {
            if rest.starts_with(form.as_str()) {
                next.insert(position + form.len());
            } else if truncated && form.starts_with(rest) {
                next.insert(target.len());
            }
        }
    }
    next
}

/// Every form that the MRZ may have for a letter; nothing for punctuation, which is left out.
fn forms(c: char) -> Vec<String> {
    c.to_uppercase().fold(vec![String::new()], |prefixes, upper| {
        let own = upper.to_string();
        let forms: Vec<&str> = match LETTERS.get(&upper) {
            Some(forms) => forms.clone(),
            None if upper.is_alphabetic() => vec![own.as_str()],
            None => vec![""],
        };
        prefixes.iter().flat_map(|p| forms.iter().map(move |f| format!("{p}{f}"))).collect()
    })
}

/// Upper case without accents, one space between words: to compare and search.
#[must_use]
pub fn normalise(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match forms(c).into_iter().filter(|f| !f.contains("XX")).min_by_key(String::len) {
            Some(form) if !form.is_empty() => plain.push_str(&form),
            _ if c.is_ascii_digit() => plain.push(c),
            _ => plain.push(' '),
        }
    }
    words(&plain)
}

fn is_separator(c: char) -> bool {
    matches!(c, ' ' | '-' | '\u{2010}' | '\u{2011}' | '\u{a0}')
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_accents_fit_the_forms_of_doc_9303() {
        for (name, mrz) in [
            ("L'Éplattenier", "LEPLATTENIER"),
            ("Marie-Élise Œnone", "MARIE<ELISE<OENONE"),
            ("Müller", "MUELLER"),
            ("Müller", "MULLER"),
            ("Müller", "MUXXLLER"),
            ("Zoë", "ZOE"),
            ("Ñáñez", "NANEZ"),
            ("Ñáñez", "NXXANXXEZ"),
            ("Åkerström", "AAKERSTROEM"),
            ("Åkerström", "AKERSTROM"),
            ("Bjørn", "BJOERN"),
            ("N'Diaye", "NDIAYE"),
            ("d\u{2019}Artagnan", "DARTAGNAN"),
            ("Le Roux--Dupont", "LE<ROUX<DUPONT"),
            ("Weiß", "WEISS"),
            ("Anna Maria", "ANNA MARIA"),
        ] {
            assert!(fits(name, mrz, false), "{name} {mrz}");
        }
    }

    #[test]
    fn another_name_does_not_fit() {
        for (name, mrz) in [
            ("Muller", "MUELLER"),
            ("Dupont", "DUPOND"),
            ("Marie Élise", "MARIEELISE"),
            ("Marie", "MARIE<ELISE"),
            ("Marie Élise Anne", "MARIE<ELISE"),
            ("", "MARIE"),
            ("Marie", ""),
        ] {
            assert!(!fits(name, mrz, false), "{name} {mrz}");
        }
    }

    #[test]
    fn a_cut_name_fits_by_its_beginning_only_where_the_field_is_full() {
        let (name, mrz) = ("de La Rochefoucauld-Montmorency", "DE<LA<ROCHEFOUCAULD<MONT");
        assert!(fits(name, mrz, true));
        assert!(!fits(name, mrz, false));
        assert!(!fits("de La Rochefoucauld", mrz, true), "what stands in the MRZ must be in the name");
        assert!(fits("Mü", "M", true), "a letter of two may be cut in the middle");
    }

    #[test]
    fn a_typed_name_is_letters_and_what_stands_between_them() {
        assert_eq!(typed("n", " Le Roux--Dupont "), Ok("Le Roux--Dupont".into()));
        let long = "a".repeat(257);
        for bad in ["", "  ", "'", "R2D2", "a<b", "a\u{0}b", "e\u{301}", long.as_str()] {
            assert_eq!(typed("n", bad), Err(Error::NameCharacters("n")), "{bad:?}");
        }
        assert!(typed("n", &"é".repeat(256)).is_ok());
    }

    #[test]
    fn normalised_text_has_no_accents_and_no_punctuation() {
        assert_eq!(normalise("L'Haÿ-les-Roses"), "L HAY LES ROSES");
        assert_eq!(normalise("Hœnheim"), "HOENHEIM");
        assert_eq!(normalise("Paris 7e  Arrondissement"), "PARIS 7E ARRONDISSEMENT");
    }
}
