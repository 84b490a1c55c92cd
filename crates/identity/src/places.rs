//! Places by their INSEE code: communes and municipal arrondissements in force, countries and territories.
//!
//! Data: Insee, Code officiel géographique, Licence Ouverte 2.0. The table holds the communes of today; codes that
//! a merger ended are not in it (docs/divergences.md).

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use crate::{Error, names};

/// INSEE code of France.
pub const FRANCE: &str = "99100";
/// The sentence to show beside any list made from the table.
pub const ATTRIBUTION: &str = "Insee, Code officiel géographique, Licence Ouverte 2.0";
/// The most places that a search returns.
pub const MAX_RESULTS: usize = 20;

/// A commune, or a municipal arrondissement of Paris, Lyon or Marseille.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commune {
    /// INSEE code, `2A004`.
    pub code: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its département, or overseas collectivity, `2A`, `974`, `988`.
    pub departement: &'static str,
}

/// A country or territory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Country {
    /// INSEE code, `99109`.
    pub code: &'static str,
    /// Its name in French.
    pub name: &'static str,
    /// ISO 3166-1 alpha-2, empty where there is none.
    pub iso2: &'static str,
    /// ISO 3166-1 alpha-3, empty where there is none.
    pub iso3: &'static str,
    /// A State; a territory otherwise.
    pub is_state: bool,
}

/// The table.
#[derive(Debug)]
pub struct CogTable {
    communes: Vec<Commune>,
    normalised: Vec<String>,
    /// Every name, of an arrondissement its city's, without spaces.
    cities: HashSet<String>,
    by_code: HashMap<&'static str, usize>,
    countries: Vec<Country>,
}

impl CogTable {
    /// The table that is built into this program.
    #[must_use]
    pub fn embedded() -> &'static Self {
        static TABLE: OnceLock<CogTable> = OnceLock::new();
        TABLE.get_or_init(Self::parse)
    }

    fn parse() -> Self {
        let communes: Vec<Commune> = rows(include_str!("../data/communes.tsv"))
            .map(|[code, name, departement, ..]| Commune { code, name, departement })
            .collect();
        let normalised: Vec<String> = communes.iter().map(|c| spoken(c.name)).collect();
        Self {
            cities: normalised.iter().map(|name| city(name)).collect(),
            normalised,
            by_code: communes.iter().enumerate().map(|(i, c)| (c.code, i)).collect(),
            communes,
            countries: rows(include_str!("../data/countries.tsv"))
                .map(|[code, name, iso2, iso3, kind]| Country {
                    code,
                    name,
                    iso2,
                    iso3,
                    is_state: kind == "1",
                })
                .collect(),
        }
    }

    /// The commune of a code.
    ///
    /// # Errors
    /// [`Error::UnknownCommune`].
    pub fn commune(&self, code: &str) -> Result<&Commune, Error> {
        let found = self.by_code.get(code).and_then(|i| self.communes.get(*i));
        found.ok_or_else(|| Error::UnknownCommune(shown(code)))
    }

    /// Communes whose name holds what was typed, with or without accents: those with that very name first, then
    /// those that begin with it. 20 at most.
    #[must_use]
    pub fn search(&self, name: &str, departement: Option<&str>) -> Vec<&Commune> {
        let wanted = spoken(name.get(..name.floor_char_boundary(100)).unwrap_or_default());
        if wanted.is_empty() {
            return Vec::new();
        }
        let here = |c: &Commune| departement.is_none_or(|d| d.is_empty() || c.departement == d);
        let rank = |name: &str| {
            let begins = name.starts_with(&wanted);
            let whole_word = begins && name.as_bytes().get(wanted.len()).is_none_or(|b| *b == b' ');
            match (name == wanted, whole_word, begins, name.contains(&wanted)) {
                (true, ..) => Some(0),
                (_, true, ..) => Some(1),
                (_, _, true, _) => Some(2),
                (_, _, _, true) => Some(3),
                _ => None,
            }
        };
        let all = self.communes.iter().zip(&self.normalised).filter(|(c, _)| here(c));
        let mut found: Vec<_> = all.filter_map(|(c, n)| rank(n).map(|r| (r, n.len(), c))).collect();
        found.sort_by_key(|(rank, len, c)| (*rank, *len, c.code));
        found.into_iter().take(MAX_RESULTS).map(|(.., c)| c).collect()
    }

    /// Countries and territories whose name holds what was typed, with or without accents, those that begin with it
    /// first. 20 at most.
    #[must_use]
    pub fn search_countries(&self, name: &str) -> Vec<&Country> {
        let wanted = spoken(name.get(..name.floor_char_boundary(100)).unwrap_or_default());
        if wanted.is_empty() {
            return Vec::new();
        }
        let named = self.countries.iter().map(|country| (spoken(country.name), country));
        let mut found: Vec<_> = named.filter(|(name, _)| name.contains(&wanted)).collect();
        found.sort_by_key(|(name, country)| (!name.starts_with(&wanted), name.len(), country.code));
        found.into_iter().take(MAX_RESULTS).map(|(_, country)| country).collect()
    }

    /// The country or territory of a code.
    ///
    /// # Errors
    /// [`Error::UnknownCountry`].
    pub fn country(&self, code: &str) -> Result<&Country, Error> {
        self.countries.iter().find(|c| c.code == code).ok_or_else(|| Error::UnknownCountry(shown(code)))
    }

    /// The State of a code in an MRZ: ISO 3166-1 alpha-3, and those that Doc 9303-3, section 5 adds: `D` for
    /// Germany, `RKS` for Kosovo. Where INSEE gives a State and a territory one code, the State.
    ///
    /// # Errors
    /// [`Error::UnknownCountry`].
    pub fn country_by_iso3(&self, iso3: &str) -> Result<&Country, Error> {
        match iso3.trim_end_matches('<') {
            "D" => self.country("99109"),
            "RKS" | "UNK" => self.country("99157"),
            "" => Err(Error::UnknownCountry(String::new())),
            iso3 => {
                let fits = self.countries.iter().filter(|c| c.iso3 == iso3);
                fits.min_by_key(|c| !c.is_state).ok_or_else(|| Error::UnknownCountry(shown(iso3)))
            }
        }
    }

    /// Whether a State's own text for a place of birth names a commune and does not name this country: then a birth in
    /// this country is not what the document says. A place that bears a commune's name abroad has its country beside it.
    #[must_use]
    pub fn contradicts(&self, country: &Country, text: &str) -> bool {
        let names = [spoken(country.name), country.iso2.to_owned(), country.iso3.to_owned()];
        let is_commune = elements(text).next().is_some_and(|place| self.cities.contains(&city(&place)));
        is_commune && !elements(text).skip(1).any(|element| names.contains(&element))
    }

    /// Every country and territory, in the order of their codes.
    #[must_use]
    pub fn countries(&self) -> &[Country] {
        &self.countries
    }
}

impl Commune {
    /// Whether a State's own text for a place of birth can mean this commune: its first element, without numbers of
    /// départements and arrondissements, is the whole name, of an arrondissement its city's. Not just a part of it:
    /// `VILLENEUVE SAINT GEORGES` is not Villeneuve.
    #[must_use]
    pub fn fits_text(&self, text: &str) -> bool {
        elements(text).next().is_some_and(|place| city(&place) == city(&spoken(self.name)))
    }
}

/// The elements of a place, from the smallest: separated by fillers, commas, slashes or brackets.
fn elements(text: &str) -> impl Iterator<Item = String> {
    text.split(['<', ',', '/', '(', ')']).map(spoken).filter(|element| !city(element).is_empty())
}

/// A normalised name without spaces, words that begin with a digit, and the word arrondissement.
fn city(spoken: &str) -> String {
    let is_name = |word: &&str| !word.starts_with(|c: char| c.is_ascii_digit()) && *word != "ARRONDISSEMENT";
    spoken.split(' ').filter(is_name).collect()
}

/// Normalised, with `ST` and `STE` written out.
fn spoken(name: &str) -> String {
    let full = |word| match word {
        "ST" => "SAINT",
        "STE" => "SAINTE",
        word => word,
    };
    names::normalise(name).split(' ').map(full).collect::<Vec<_>>().join(" ")
}

/// What an error may repeat of a code that came from outside.
fn shown(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).take(8).collect()
}

fn rows(table: &'static str) -> impl Iterator<Item = [&'static str; 5]> {
    table.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let mut fields = line.split('\t');
        std::array::from_fn(|_| fields.next().unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(name: &str, departement: Option<&str>) -> Vec<&'static str> {
        CogTable::embedded().search(name, departement).into_iter().map(|c| c.code).collect()
    }

    #[test]
    fn the_table_is_whole() {
        let table = CogTable::embedded();
        assert_eq!(table.communes.len(), 35_014, "communes and arrondissements in force on 1 January 2026");
        assert_eq!(table.countries.len(), 229);
        assert_eq!(table.by_code.len(), table.communes.len());
    }

    #[test]
    fn countries_are_found_by_name_with_or_without_accents() {
        let codes = |name: &str| -> Vec<&str> {
            CogTable::embedded().search_countries(name).into_iter().map(|c| c.code).collect()
        };
        assert_eq!(codes("algerie"), ["99352"]);
        assert_eq!(codes("Allemagne").first(), Some(&"99109"));
        assert!(codes("").is_empty() && codes("x-y-z").is_empty());
    }

    #[test]
    fn communes_are_found_by_their_code_only_if_it_exists() {
        let table = CogTable::embedded();
        assert_eq!(table.commune("75107").unwrap().name, "Paris 7e Arrondissement");
        assert_eq!(table.commune("2A004").unwrap().departement, "2A");
        assert_eq!(table.commune("98735").unwrap().departement, "987");
        for bad in ["20004", "69674", "", "75007x", "99100"] {
            assert!(matches!(table.commune(bad), Err(Error::UnknownCommune(_))), "{bad}");
        }
    }

    #[test]
    fn a_search_needs_neither_accents_nor_case() {
        assert_eq!(codes("ajaccio", None), ["2A004"]);
        assert_eq!(
            codes("saint denis", Some("93")),
            ["93066", "93039"],
            "the very name, then L'Île-Saint-Denis"
        );
        assert_eq!(codes("St-Denis", Some("93")), ["93066", "93039"]);
        assert_eq!(codes("l hay les roses", None), ["94038"]);
        assert_eq!(codes("paris", None).first(), Some(&"75056"));
        assert!(codes("paris", Some("75")).len() == MAX_RESULTS);
        assert_eq!(codes("", None), [""; 0]);
        assert_eq!(codes("zzz", None), [""; 0]);
    }

    #[test]
    fn states_of_an_mrz_are_found_with_its_own_codes() {
        let table = CogTable::embedded();
        let code = |iso3| table.country_by_iso3(iso3).map(|c| c.code);
        assert_eq!(code("D"), Ok("99109"));
        assert_eq!(code("D<<"), Ok("99109"));
        assert_eq!(code("RKS"), Ok("99157"));
        assert_eq!(code("ESP"), Ok("99134"));
        assert_eq!(code("PRT"), Ok("99139"));
        assert_eq!(code("FRA"), Ok("99100"));
        assert_eq!(code("UTO"), Err(Error::UnknownCountry("UTO".into())));
        assert_eq!(code(""), Err(Error::UnknownCountry(String::new())));
    }

    #[test]
    fn a_text_on_the_chip_must_hold_the_communes_name() {
        let commune = |code| CogTable::embedded().commune(code).unwrap();
        assert!(commune("75107").fits_text("PARIS"));
        assert!(commune("75107").fits_text("PARIS 7E"));
        assert!(commune("93066").fits_text("ST DENIS (93)"));
        assert!(commune("94038").fits_text("LHAY LES ROSES"));
        for paris in
            ["PARIS 07", "PARIS<FRANCE", "PARIS, FRANCE", "75 PARIS", "PARIS (75)", "PARIS 7E ARRONDISSEMENT"]
        {
            assert!(commune("75107").fits_text(paris), "{paris}");
        }
        assert!(!commune("75107").fits_text("LYON"));
        assert!(!commune("75107").fits_text("LE TOUQUET PARIS PLAGE"), "a part of the name");
        assert!(!commune("75107").fits_text("LYON, PARIS"), "the first element counts");
        assert!(!commune("93066").fits_text("SAINT DENIZE"));
        assert!(commune("12301").fits_text("VILLENEUVE"));
        assert!(!commune("12301").fits_text("VILLENEUVE SAINT GEORGES"));
        assert!(commune("38339").fits_text("ROCHE") && !commune("38339").fits_text("LA ROCHE SUR YON"));
    }

    #[test]
    fn a_birth_abroad_is_contradicted_by_a_commune_without_that_country() {
        let table = CogTable::embedded();
        let (germany, canada) = (table.country("99109").unwrap(), table.country("99401").unwrap());
        assert!(table.contradicts(germany, "PARIS") && table.contradicts(canada, "MONTREAL"));
        assert!(!table.contradicts(canada, "MONTREAL, CANADA") && !table.contradicts(canada, "MONTREAL<CAN"));
        assert!(!table.contradicts(germany, "BERLIN") && !table.contradicts(germany, ""));
    }
}
