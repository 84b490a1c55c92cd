//! The pivot identity: the attributes that FranceConnect asks of an identity provider (requirements, section 5.2).

use std::fmt;

use clock::UnixTime;
use lds::dg1::Dg1;
use lds::dg11::{Dg11, FullDate};
use lds::mrz::{MrzDate, Sex};
use protocol::enrolment::Declaration;
use serde::{Deserialize, Serialize};

use crate::names::{self, MrzName};
use crate::{BirthDate, CogTable, Error};

/// Where an attribute comes from. It goes with the attribute wherever that goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provenance {
    /// A data group under the State's signature.
    Chip,
    /// The person said so; for the e-mail address, a code came back.
    Declared,
}

/// An attribute and where it comes from.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Attribute<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub provenance: Provenance,
}

impl<T> Attribute<T> {
    fn chip(value: T) -> Self {
        Self { value, provenance: Provenance::Chip }
    }

    fn declared(value: T) -> Self {
        Self { value, provenance: Provenance::Declared }
    }
}

/// The values of the claim `gender`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gender {
    /// `female`.
    Female,
    /// `male`.
    Male,
    /// `unspecified`: a filler in the MRZ.
    Unspecified,
}

impl Gender {
    /// The value of the claim.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Female => "female",
            Self::Male => "male",
            Self::Unspecified => "unspecified",
        }
    }

    /// Of the MRZ's sex.
    #[must_use]
    pub fn from_mrz(sex: Sex) -> Self {
        match sex {
            Sex::Female => Self::Female,
            Sex::Male => Self::Male,
            Sex::Unspecified => Self::Unspecified,
        }
    }
}

/// A claim about the person, by its name in OpenID Connect and FranceConnect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Claim {
    /// `family_name`: the birth name.
    FamilyName,
    /// `given_name`: all given names, with spaces between.
    GivenName,
    /// `gender`.
    Gender,
    /// `birthdate`.
    Birthdate,
    /// `birthplace`: INSEE code of the commune, empty for a birth abroad.
    Birthplace,
    /// `birthcountry`: INSEE code of the country.
    Birthcountry,
    /// `email`.
    Email,
    /// `preferred_username`: the name in use.
    PreferredUsername,
}

impl Claim {
    /// All, in the order of FranceConnect's contract.
    pub const ALL: [Self; 8] = [
        Self::FamilyName,
        Self::GivenName,
        Self::Gender,
        Self::Birthdate,
        Self::Birthplace,
        Self::Birthcountry,
        Self::Email,
        Self::PreferredUsername,
    ];

    /// The claim's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FamilyName => "family_name",
            Self::GivenName => "given_name",
            Self::Gender => "gender",
            Self::Birthdate => "birthdate",
            Self::Birthplace => "birthplace",
            Self::Birthcountry => "birthcountry",
            Self::Email => "email",
            Self::PreferredUsername => "preferred_username",
        }
    }
}

/// What DG1 and DG11 say of the person. Plain values: whether they are authentic is known by the type that they
/// were taken from.
#[derive(Clone, PartialEq, Eq)]
pub struct ChipPerson {
    /// The name of the MRZ.
    pub name: MrzName,
    /// DG11, tag 5F0E: surname and given names in the State's own spelling.
    pub full_name: Option<(String, String)>,
    /// The MRZ's birth date.
    pub birth_date: MrzDate,
    /// DG11, tag 5F2B.
    pub full_birth_date: Option<FullDate>,
    /// DG11, tag 5F11: place of birth, as the State writes it.
    pub place_of_birth: Option<String>,
    /// The MRZ's sex.
    pub sex: Sex,
}

impl ChipPerson {
    /// What the data groups say.
    #[must_use]
    pub fn new(dg1: &Dg1, dg11: Option<&Dg11>) -> Self {
        let place = dg11.map(|dg11| dg11.place_of_birth.join(" ")).filter(|place| !place.is_empty());
        Self {
            name: MrzName {
                surname: dg1.mrz.surname.clone(),
                given_names: dg1.mrz.given_names.clone(),
                truncated: dg1.mrz.name_truncated,
            },
            full_name: dg11.and_then(Dg11::name_parts),
            birth_date: dg1.mrz.date_of_birth,
            full_birth_date: dg11.and_then(|dg11| dg11.full_date_of_birth),
            place_of_birth: place,
            sex: dg1.mrz.sex,
        }
    }
}

/// The pivot identity.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PivotIdentity {
    family_name: Attribute<String>,
    given_name: Attribute<String>,
    gender: Attribute<Gender>,
    birthdate: Attribute<BirthDate>,
    birthplace: Option<Attribute<String>>,
    birthcountry: Attribute<String>,
    email: Attribute<String>,
    preferred_username: Option<Attribute<String>>,
}

impl PivotIdentity {
    /// Joins what the chip says with what the person declares; `at` is when the chip was read.
    ///
    /// # Errors
    /// The first rule that is broken; see [`Error`].
    pub fn new(
        chip: &ChipPerson,
        declared: &Declaration,
        email: &str,
        places: &CogTable,
        at: UnixTime,
    ) -> Result<Self, Error> {
        let (surname, given) = chip_names(chip)?;
        let family_name =
            spelled("family name", surname, declared.family_name.as_deref(), &chip.name.surname, &chip.name)?;
        let given_name = spelled(
            "given names",
            given,
            declared.given_names.as_deref(),
            &chip.name.given_names,
            &chip.name,
        )?;
        let (birthplace, birthcountry) = birth_place(chip, declared, places)?;
        let preferred_username = match declared.preferred_username.as_deref() {
            Some(name) => Some(Attribute::declared(names::typed("preferred username", name)?)),
            None => None,
        };
        Ok(Self {
            family_name,
            given_name,
            gender: Attribute::chip(Gender::from_mrz(chip.sex)),
            birthdate: Attribute::chip(birth_date(chip, at)?),
            birthplace: birthplace.map(Attribute::declared),
            birthcountry: Attribute::declared(birthcountry),
            email: Attribute::declared(check_email(email)?.to_owned()),
            preferred_username,
        })
    }

    /// The birth name.
    #[must_use]
    pub fn family_name(&self) -> &str {
        &self.family_name.value
    }

    /// All given names.
    #[must_use]
    pub fn given_name(&self) -> &str {
        &self.given_name.value
    }

    /// The gender.
    #[must_use]
    pub fn gender(&self) -> Gender {
        self.gender.value
    }

    /// The birth date.
    #[must_use]
    pub fn birthdate(&self) -> BirthDate {
        self.birthdate.value
    }

    /// INSEE code of the commune of birth; `None` for a birth abroad.
    #[must_use]
    pub fn birthplace(&self) -> Option<&str> {
        self.birthplace.as_ref().map(|a| a.value.as_str())
    }

    /// INSEE code of the country of birth.
    #[must_use]
    pub fn birthcountry(&self) -> &str {
        &self.birthcountry.value
    }

    /// The e-mail address.
    #[must_use]
    pub fn email(&self) -> &str {
        &self.email.value
    }

    /// The name in use, if another.
    #[must_use]
    pub fn preferred_username(&self) -> Option<&str> {
        self.preferred_username.as_ref().map(|a| a.value.as_str())
    }

    /// A claim's value and where it comes from; `birthplace` of a birth abroad is the empty string, as
    /// FranceConnect's contract has it.
    #[must_use]
    pub fn claim(&self, claim: Claim) -> Option<Attribute<String>> {
        let text = |a: &Attribute<String>| a.clone();
        Some(match claim {
            Claim::FamilyName => text(&self.family_name),
            Claim::GivenName => text(&self.given_name),
            Claim::Gender => {
                Attribute { value: self.gender.value.as_str().to_owned(), provenance: self.gender.provenance }
            }
            Claim::Birthdate => {
                Attribute { value: self.birthdate.value.to_string(), provenance: self.birthdate.provenance }
            }
            Claim::Birthplace => self
                .birthplace
                .clone()
                .unwrap_or_else(|| Attribute { value: String::new(), ..self.birthcountry.clone() }),
            Claim::Birthcountry => text(&self.birthcountry),
            Claim::Email => text(&self.email),
            Claim::PreferredUsername => return self.preferred_username.clone(),
        })
    }

    /// Every claim that has a value.
    #[must_use]
    pub fn claims(&self) -> Vec<(Claim, Attribute<String>)> {
        Claim::ALL.into_iter().filter_map(|claim| self.claim(claim).map(|a| (claim, a))).collect()
    }

    /// The canonical text of the person, for a keyed hash that finds a second document of the same person: names
    /// and places without accents and case, so that a declared accent makes no second person.
    #[must_use]
    pub fn person_key(&self) -> String {
        [
            names::normalise(self.family_name()),
            names::normalise(self.given_name()),
            self.gender().as_str().to_owned(),
            self.birthdate().to_string(),
            self.birthplace().unwrap_or_default().to_owned(),
            self.birthcountry().to_owned(),
        ]
        .join("\n")
    }

    /// The bytes that the storage encrypts.
    #[must_use]
    pub fn to_stored(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads what [`Self::to_stored`] made, out of an authenticated row.
    ///
    /// # Errors
    /// [`Error::Stored`].
    pub fn from_stored(bytes: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(bytes).map_err(|_| Error::Stored("pivot identity"))
    }
}

/// Placeholders: these are personal data.
impl fmt::Debug for PivotIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PivotIdentity(..)")
    }
}

impl fmt::Debug for ChipPerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChipPerson(..)")
    }
}

impl<T> fmt::Debug for Attribute<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attribute(.., {:?})", self.provenance)
    }
}

/// Surname and given names in the chip's own spelling: DG11's if it has them, else the MRZ's.
fn chip_names(chip: &ChipPerson) -> Result<(String, String), Error> {
    let Some((surname, given)) = &chip.full_name else {
        return Ok((names::words(&chip.name.surname), names::words(&chip.name.given_names)));
    };
    let (surname, given) = (names::words(surname), names::words(given));
    let fits = names::fits(&surname, &chip.name.surname, chip.name.truncated)
        && names::fits(&given, &chip.name.given_names, chip.name.truncated);
    if fits { Ok((surname, given)) } else { Err(Error::Disagree("name")) }
}

/// The chip's spelling, or the typed one if it maps to the MRZ's.
fn spelled(
    what: &'static str,
    chip: String,
    typed: Option<&str>,
    mrz: &str,
    name: &MrzName,
) -> Result<Attribute<String>, Error> {
    if mrz.is_empty() {
        return Err(Error::NameMissing(what));
    }
    match typed {
        Some(typed) => {
            let typed = names::typed(what, typed)?;
            match names::fits(&typed, mrz, name.truncated) {
                true => Ok(Attribute::declared(typed)),
                false => Err(Error::Name(what)),
            }
        }
        // What the MRZ cut off nobody knows: the person has to type it.
        None if name.truncated && names::fits(&chip, mrz, false) => Err(Error::Name(what)),
        None => Ok(Attribute::chip(chip)),
    }
}

/// DG11's full date if it has one, which must agree with DG1; else DG1's, whose century is the latest possible.
fn birth_date(chip: &ChipPerson, at: UnixTime) -> Result<BirthDate, Error> {
    let Some(full) = chip.full_birth_date else {
        return BirthDate::from_mrz(chip.birth_date, at);
    };
    let date = BirthDate::new(i32::from(full.year), full.month, full.day)?;
    match date.fits_mrz(chip.birth_date)? {
        true => Ok(date),
        false => Err(Error::Disagree("birth date")),
    }
}

/// A commune for a birth in France, none for a birth abroad; both by their INSEE codes.
fn birth_place(
    chip: &ChipPerson,
    declared: &Declaration,
    places: &CogTable,
) -> Result<(Option<String>, String), Error> {
    let country = places.country(&declared.birth_country)?;
    let commune = match (country.code == crate::places::FRANCE, declared.birth_place.as_deref()) {
        (true, Some(code)) => Some(places.commune(code)?),
        (true, None) => return Err(Error::BirthplaceMissing),
        (false, None | Some("")) => None,
        (false, Some(_)) => return Err(Error::BirthplaceAbroad),
    };
    if let (Some(commune), Some(text)) = (commune, &chip.place_of_birth)
        && !commune.fits_text(text)
    {
        return Err(Error::Disagree("place of birth"));
    }
    Ok((commune.map(|c| c.code.to_owned()), country.code.to_owned()))
}

/// An address that FranceConnect's validator takes: one @, a dotted domain of letters, digits and hyphens.
///
/// # Errors
/// [`Error::Email`].
pub fn check_email(email: &str) -> Result<&str, Error> {
    let (local, domain) = email.rsplit_once('@').ok_or(Error::Email)?;
    let atom = |c: char| c.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c);
    let local_ok = !local.is_empty()
        && local.len() <= 64
        && local.split('.').all(|part| !part.is_empty() && part.chars().all(atom));
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    let top = domain.rsplit('.').next().unwrap_or_default();
    let domain_ok = domain.contains('.')
        && domain.len() <= 253
        && domain.split('.').all(label)
        && top.len() >= 2
        && top.bytes().all(|b| b.is_ascii_alphabetic());
    if local_ok && domain_ok && email.len() <= 254 { Ok(email) } else { Err(Error::Email) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> UnixTime {
        UnixTime::from_rfc3339("2026-06-01").unwrap()
    }

    fn chip() -> ChipPerson {
        ChipPerson {
            name: MrzName {
                surname: "LEPLATTENIER".into(),
                given_names: "MARIE ELISE OENONE".into(),
                truncated: false,
            },
            full_name: None,
            birth_date: MrzDate::parse("770714").unwrap(),
            full_birth_date: None,
            place_of_birth: None,
            sex: Sex::Female,
        }
    }

    fn declared() -> Declaration {
        Declaration {
            birth_country: "99100".into(),
            birth_place: Some("75107".into()),
            given_names: None,
            family_name: None,
            preferred_username: None,
        }
    }

    fn pivot(chip: &ChipPerson, declared: &Declaration) -> Result<PivotIdentity, Error> {
        PivotIdentity::new(chip, declared, "marie@example.org", CogTable::embedded(), at())
    }

    fn of_chip(change: fn(&mut ChipPerson)) -> Result<PivotIdentity, Error> {
        let mut chip = chip();
        change(&mut chip);
        pivot(&chip, &declared())
    }

    fn of_declared(change: fn(&mut Declaration)) -> Result<PivotIdentity, Error> {
        let mut declared = declared();
        change(&mut declared);
        pivot(&chip(), &declared)
    }

    #[test]
    fn every_claim_says_where_it_comes_from() {
        let claims = pivot(&chip(), &declared()).unwrap().claims();
        let claims: Vec<_> =
            claims.iter().map(|(c, a)| (c.as_str(), a.value.as_str(), a.provenance)).collect();
        assert_eq!(
            claims,
            [
                ("family_name", "LEPLATTENIER", Provenance::Chip),
                ("given_name", "MARIE ELISE OENONE", Provenance::Chip),
                ("gender", "female", Provenance::Chip),
                ("birthdate", "1977-07-14", Provenance::Chip),
                ("birthplace", "75107", Provenance::Declared),
                ("birthcountry", "99100", Provenance::Declared),
                ("email", "marie@example.org", Provenance::Declared),
            ]
        );
    }

    #[test]
    fn typed_accents_are_taken_if_they_fit_the_mrz_and_marked_declared() {
        let pivot = of_declared(|d| {
            d.family_name = Some("L'Éplattenier".into());
            d.given_names = Some("Marie-Élise Œnone".into());
        })
        .unwrap();
        assert_eq!((pivot.family_name(), pivot.given_name()), ("L'Éplattenier", "Marie-Élise Œnone"));
        assert_eq!(pivot.claim(Claim::FamilyName).unwrap().provenance, Provenance::Declared);
        assert_eq!(
            of_declared(|d| d.family_name = Some("Plattenier".into())),
            Err(Error::Name("family name"))
        );
        assert_eq!(of_declared(|d| d.given_names = Some("Marie".into())), Err(Error::Name("given names")));
        assert_eq!(
            of_declared(|d| d.given_names = Some("R2D2".into())),
            Err(Error::NameCharacters("given names"))
        );
    }

    #[test]
    fn a_name_cut_by_the_mrz_must_be_typed() {
        assert_eq!(of_chip(|c| c.name.truncated = true), Err(Error::Name("family name")));
        let mut chip = chip();
        chip.name =
            MrzName { surname: "DE LA ROCHE".into(), given_names: "CHARLES EDM".into(), truncated: true };
        let mut declared = declared();
        declared.family_name = Some("de La Roche".into());
        declared.given_names = Some("Charles-Édouard".into());
        assert_eq!(pivot(&chip, &declared), Err(Error::Name("given names")), "EDM is not in it");
        declared.given_names = Some("Charles-Edmond Marie".into());
        assert_eq!(pivot(&chip, &declared).unwrap().given_name(), "Charles-Edmond Marie");
    }

    #[test]
    fn the_chips_own_spelling_comes_before_the_mrzs_but_must_agree_with_it() {
        let pivot =
            of_chip(|c| c.full_name = Some(("L'Éplattenier".into(), "Marie-Élise Œnone".into()))).unwrap();
        assert_eq!(pivot.given_name(), "Marie-Élise Œnone");
        assert_eq!(pivot.claim(Claim::GivenName).unwrap().provenance, Provenance::Chip);
        let other = of_chip(|c| c.full_name = Some(("Martin".into(), "Marie-Élise Œnone".into())));
        assert_eq!(other, Err(Error::Disagree("name")));
    }

    #[test]
    fn a_person_with_one_name_goes_to_a_desk() {
        assert_eq!(of_chip(|c| c.name.given_names.clear()), Err(Error::NameMissing("given names")));
    }

    #[test]
    fn dg11_settles_the_century_and_must_agree_with_dg1() {
        let full = |year, month, day| Some(FullDate { year, month, day });
        let mut chip = chip();
        chip.birth_date = MrzDate::parse("260114").unwrap();
        assert_eq!(pivot(&chip, &declared()), Err(Error::Century));
        chip.full_birth_date = full(1926, 1, 14);
        assert_eq!(pivot(&chip, &declared()).unwrap().birthdate().to_string(), "1926-01-14");
        chip.full_birth_date = full(1926, 1, 15);
        assert_eq!(pivot(&chip, &declared()), Err(Error::Disagree("birth date")));
    }

    #[test]
    fn a_birth_in_france_needs_a_commune_and_one_abroad_has_none() {
        assert_eq!(of_declared(|d| d.birth_place = None), Err(Error::BirthplaceMissing));
        assert_eq!(
            of_declared(|d| d.birth_place = Some("75199".into())),
            Err(Error::UnknownCommune("75199".into()))
        );
        assert_eq!(of_declared(|d| d.birth_country = "99109".into()), Err(Error::BirthplaceAbroad));
        assert_eq!(
            of_declared(|d| d.birth_country = "99999".into()),
            Err(Error::UnknownCountry("99999".into()))
        );
        let abroad = of_declared(|d| {
            d.birth_country = "99109".into();
            d.birth_place = None;
        })
        .unwrap();
        assert_eq!((abroad.birthplace(), abroad.birthcountry()), (None, "99109"));
        assert_eq!(abroad.claim(Claim::Birthplace).unwrap().value, "", "FranceConnect wants it empty");
    }

    #[test]
    fn a_place_on_the_chip_must_fit_the_one_declared() {
        assert!(of_chip(|c| c.place_of_birth = Some("PARIS".into())).is_ok());
        assert_eq!(
            of_chip(|c| c.place_of_birth = Some("LYON".into())),
            Err(Error::Disagree("place of birth"))
        );
    }

    #[test]
    fn addresses_that_franceconnect_refuses_are_refused() {
        for good in ["a@b.fr", "marie.elise+fc@sub.example.org", "m@exam-ple.museum"] {
            assert_eq!(check_email(good), Ok(good));
        }
        for bad in [
            "",
            "a",
            "a@b",
            "@b.fr",
            "a@",
            "a b@c.fr",
            "a@b.fr\n",
            "a@[127.0.0.1]",
            "a@1.2.3.4",
            ".a@b.fr",
            "a..b@c.fr",
            "a@-b.fr",
            "a@b..fr",
        ] {
            assert_eq!(check_email(bad), Err(Error::Email), "{bad}");
        }
    }

    #[test]
    fn an_accent_makes_no_second_person() {
        let typed = of_declared(|d| d.given_names = Some("Marie-Élise Œnone".into())).unwrap();
        assert_eq!(typed.person_key(), pivot(&chip(), &declared()).unwrap().person_key());
        let other = of_declared(|d| d.birth_place = Some("75108".into())).unwrap();
        assert_ne!(typed.person_key(), other.person_key());
    }

    #[test]
    fn stored_bytes_are_read_back_and_nothing_is_shown() {
        let identity = pivot(&chip(), &declared()).unwrap();
        assert_eq!(PivotIdentity::from_stored(&identity.to_stored()), Ok(identity.clone()));
        assert_eq!(PivotIdentity::from_stored(b"{}"), Err(Error::Stored("pivot identity")));
        assert_eq!(format!("{identity:?} {:?}", chip()), "PivotIdentity(..) ChipPerson(..)");
    }
}
