//! The pivot identity: the attributes that FranceConnect asks of an identity provider.

use std::fmt;

use lds::dg1::Dg1;
use lds::dg11::{Dg11, FullDate};
use lds::mrz::{MrzDate, Sex};
use serde::{Deserialize, Serialize};

use crate::names::MrzName;
use crate::{BirthDate, Error};

mod correction;
mod rules;

pub use correction::Correction;
pub use rules::check_email;

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
    /// DG11, tag 5F11: place of birth, as the State writes it, fillers between its elements.
    pub place_of_birth: Option<String>,
    /// The MRZ's sex.
    pub sex: Sex,
}

impl ChipPerson {
    /// What the data groups say.
    #[must_use]
    pub fn new(dg1: &Dg1, dg11: Option<&Dg11>) -> Self {
        let place = dg11.map(|dg11| dg11.place_of_birth.join("<")).filter(|place| !place.is_empty());
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
    /// The name of the MRZ, which the person cannot choose.
    mrz_name: String,
    /// The chip's text on the place of birth, if it has one: a correction must fit it too.
    #[serde(default)]
    chip_place: Option<String>,
}

impl PivotIdentity {
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

    /// The canonical text of the person, for a keyed hash that finds a second document of the same person: only what
    /// the chip proves, so that nobody becomes somebody else by what she declares. Persons of one name, sex and day
    /// of birth look the same.
    #[must_use]
    pub fn person_key(&self) -> String {
        [self.mrz_name.as_str(), self.gender().as_str(), &self.birthdate().to_string()].join("\n")
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

#[cfg(test)]
mod tests;
