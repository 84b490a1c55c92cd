//! What a person may correct of what she declared, once she is enrolled: the register that a broker asks may know her place
//! of birth or the accents of her name otherwise. What the chip proves stays.

use serde::{Deserialize, Serialize};

use super::rules::birth_place;
use super::{Attribute, PivotIdentity, check_email};
use crate::{CogTable, Error, names};

/// A correction; what is absent stays as it is.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// The birth name in another spelling.
    pub family_name: Option<String>,
    /// The given names in another spelling.
    pub given_name: Option<String>,
    /// Another name in use; empty: none.
    pub preferred_username: Option<String>,
    /// INSEE codes of country and commune of birth; the commune is `None` for a birth abroad.
    pub birth: Option<(String, Option<String>)>,
}

/// A placeholder: this is personal data.
impl std::fmt::Debug for Correction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Correction(..)")
    }
}

impl PivotIdentity {
    /// The same person with these corrections.
    ///
    /// # Errors
    /// [`Error::Name`]: another name, not another spelling; and those of an enrolment's declaration.
    pub fn corrected(&self, correction: &Correction, places: &CogTable) -> Result<Self, Error> {
        let mut pivot = self.clone();
        let (surname, given) = self.mrz_name.split_once("<<").unwrap_or((&self.mrz_name, ""));
        if let Some(typed) = &correction.family_name {
            pivot.family_name = respelled("family name", typed, &self.family_name, surname)?;
        }
        if let Some(typed) = &correction.given_name {
            pivot.given_name = respelled("given names", typed, &self.given_name, given)?;
        }
        if let Some(typed) = &correction.preferred_username {
            let name = Some(typed.trim()).filter(|name| !name.is_empty());
            let name = name.map(|name| names::typed("preferred username", name)).transpose()?;
            pivot.preferred_username = name.map(Attribute::declared);
        }
        if let Some((country, commune)) = &correction.birth {
            let place = self.chip_place.as_deref();
            let (birthplace, birthcountry) = birth_place(place, country, commune.as_deref(), places)?;
            pivot.birthplace = birthplace.map(Attribute::declared);
            pivot.birthcountry = Attribute::declared(birthcountry);
        }
        Ok(pivot)
    }

    /// The same person with another address, which a mailed code proved.
    ///
    /// # Errors
    /// [`Error::Email`].
    pub fn with_email(&self, email: &str) -> Result<Self, Error> {
        Ok(Self { email: Attribute::declared(check_email(email)?.to_owned()), ..self.clone() })
    }
}

/// Another spelling of a name: of the letters that the MRZ has, or of those that count now (the MRZ may have cut off its
/// end, or the chip may spell the name in full elsewhere).
fn respelled(
    what: &'static str,
    typed: &str,
    now: &Attribute<String>,
    mrz: &str,
) -> Result<Attribute<String>, Error> {
    let typed = names::typed(what, typed)?;
    if typed == now.value {
        return Ok(now.clone());
    }
    let same = names::normalise(&typed) == names::normalise(&now.value)
        || (names::fits(&now.value, mrz, false) && names::fits(&typed, mrz, false));
    if same { Ok(Attribute::declared(typed)) } else { Err(Error::Name(what)) }
}

#[cfg(test)]
mod tests {
    use clock::UnixTime;
    use lds::mrz::{MrzDate, Sex};
    use protocol::enrolment::Declaration;

    use super::*;
    use crate::names::MrzName;
    use crate::{ChipPerson, Claim, Provenance};

    fn person(place: Option<&str>) -> PivotIdentity {
        let chip = ChipPerson {
            name: MrzName { surname: "MUELLER".into(), given_names: "ANNE<MARIE".into(), truncated: false },
            full_name: None,
            birth_date: MrzDate::parse("740812").unwrap(),
            full_birth_date: None,
            place_of_birth: place.map(str::to_owned),
            sex: Sex::Female,
        };
        let declared = Declaration {
            birth_country: "99100".into(),
            birth_place: Some("75107".into()),
            given_names: None,
            family_name: None,
            preferred_username: None,
        };
        let at = UnixTime(1_750_000_000);
        PivotIdentity::new(&chip, &declared, "a@example.org", CogTable::embedded(), at).unwrap()
    }

    fn corrected(
        pivot: &PivotIdentity,
        change: impl FnOnce(&mut Correction),
    ) -> Result<PivotIdentity, Error> {
        let mut correction = Correction::default();
        change(&mut correction);
        pivot.corrected(&correction, CogTable::embedded())
    }

    #[test]
    fn accents_and_hyphens_are_corrected_and_other_names_refused() {
        let pivot = person(None);
        let new = corrected(&pivot, |c| {
            c.family_name = Some("Müller".into());
            c.given_name = Some("Anne-Marie".into());
        });
        let new = new.unwrap();
        assert_eq!((new.family_name(), new.given_name()), ("Müller", "Anne-Marie"));
        assert_eq!(new.claim(Claim::FamilyName).unwrap().provenance, Provenance::Declared);
        assert_eq!(new.person_key(), pivot.person_key(), "nobody becomes somebody else");
        // And back, and on to another spelling.
        assert!(corrected(&new, |c| c.family_name = Some("Mueller".into())).is_ok());
        for name in ["Miller", "Muellers", ""] {
            assert!(corrected(&new, |c| c.family_name = Some(name.into())).is_err(), "{name}");
        }
        let refused = corrected(&new, |c| c.given_name = Some("Anne Sophie".into())).err();
        assert_eq!(refused, Some(Error::Name("given names")));
        assert_eq!(
            corrected(&pivot, |c| c.family_name = Some("MUELLER".into())),
            Ok(pivot),
            "the chip's stays the chip's"
        );
    }

    #[test]
    fn a_place_is_corrected_within_what_the_chip_says() {
        let free = person(None);
        let abroad = corrected(&free, |c| c.birth = Some(("99109".into(), None))).unwrap();
        assert_eq!((abroad.birthplace(), abroad.birthcountry()), (None, "99109"));
        assert!(corrected(&free, |c| c.birth = Some(("99100".into(), None))).is_err());
        assert!(corrected(&free, |c| c.birth = Some(("99100".into(), Some("99999".into())))).is_err());
        let paris = person(Some("PARIS"));
        let other = corrected(&paris, |c| c.birth = Some(("99100".into(), Some("75112".into())))).unwrap();
        assert_eq!(other.birthplace(), Some("75112"));
        let refused = corrected(&paris, |c| c.birth = Some(("99100".into(), Some("69381".into())))).err();
        assert_eq!(refused, Some(Error::Disagree("place of birth")));
    }

    #[test]
    fn the_name_in_use_comes_and_goes() {
        let named = corrected(&person(None), |c| c.preferred_username = Some("Dubois".into())).unwrap();
        assert_eq!(named.preferred_username(), Some("Dubois"));
        let without = corrected(&named, |c| c.preferred_username = Some(" ".into())).unwrap();
        assert_eq!(without.preferred_username(), None);
        assert!(corrected(&named, |c| c.preferred_username = Some("D<script>".into())).is_err());
    }

    #[test]
    fn a_row_written_before_places_were_kept_is_read() {
        let mut stored: serde_json::Value =
            serde_json::from_slice(&person(Some("PARIS")).to_stored()).unwrap();
        stored.as_object_mut().unwrap().remove("chip_place");
        let read = PivotIdentity::from_stored(&serde_json::to_vec(&stored).unwrap()).unwrap();
        assert_eq!(read.family_name(), "MUELLER");
    }
}
