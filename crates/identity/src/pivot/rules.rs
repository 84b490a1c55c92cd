//! How chip and declaration become one identity.

use clock::UnixTime;
use protocol::enrolment::Declaration;

use super::{Attribute, ChipPerson, Gender, PivotIdentity};
use crate::names;
use crate::{BirthDate, CogTable, Error};

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
        let family_name = spelled("family name", &surname, declared.family_name.as_deref())?;
        let given_name = spelled("given names", &given, declared.given_names.as_deref())?;
        let (country, commune) = (declared.birth_country.as_str(), declared.birth_place.as_deref());
        let (birthplace, birthcountry) =
            birth_place(chip.place_of_birth.as_deref(), country, commune, places)?;
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
            mrz_name: format!(
                "{}<<{}",
                names::words(&chip.name.surname),
                names::words(&chip.name.given_names)
            ),
            chip_place: chip.place_of_birth.clone(),
        })
    }
}

/// A name of the chip.
struct ChipName {
    /// As the chip spells it: DG11's if it has it, else the MRZ's.
    spelling: String,
    /// Its end may be missing.
    cut: bool,
}

/// Surname and given names. DG11's are whole; in a full MRZ the identifier that reaches the end of the field may be cut.
fn chip_names(chip: &ChipPerson) -> Result<(ChipName, ChipName), Error> {
    let (mrz, truncated) = (&chip.name, chip.name.truncated);
    for (what, identifier) in [("family name", &mrz.surname), ("given names", &mrz.given_names)] {
        if identifier.is_empty() {
            return Err(Error::NameMissing(what));
        }
    }
    let Some((surname, given)) = &chip.full_name else {
        let surname = ChipName { spelling: names::words(&mrz.surname), cut: false };
        return Ok((surname, ChipName { spelling: names::words(&mrz.given_names), cut: truncated }));
    };
    let (surname, given) = (names::words(surname), names::words(given));
    let fits =
        names::fits(&surname, &mrz.surname, truncated) && names::fits(&given, &mrz.given_names, truncated);
    let whole = |spelling| ChipName { spelling, cut: false };
    if fits { Ok((whole(surname), whole(given))) } else { Err(Error::Disagree("name")) }
}

/// The chip's spelling, or the typed one if it maps to the chip's.
fn spelled(what: &'static str, chip: &ChipName, typed: Option<&str>) -> Result<Attribute<String>, Error> {
    let Some(typed) = typed else {
        // What the MRZ cut off nobody knows: the person has to type it.
        return if chip.cut { Err(Error::Name(what)) } else { Ok(Attribute::chip(chip.spelling.clone())) };
    };
    let typed = names::typed(what, typed)?;
    let same = names::fits(&typed, &chip.spelling, chip.cut)
        || (!chip.cut && names::normalise(&typed) == names::normalise(&chip.spelling));
    if same { Ok(Attribute::declared(typed)) } else { Err(Error::Name(what)) }
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
pub(super) fn birth_place(
    chip_place: Option<&str>,
    country: &str,
    commune: Option<&str>,
    places: &CogTable,
) -> Result<(Option<String>, String), Error> {
    let country = places.country(country)?;
    let commune = match (country.code == crate::places::FRANCE, commune) {
        (true, Some(code)) => Some(places.commune(code)?),
        (true, None) => return Err(Error::BirthplaceMissing),
        (false, None | Some("")) => None,
        (false, Some(_)) => return Err(Error::BirthplaceAbroad),
    };
    let disagrees = chip_place.is_some_and(|text| match commune {
        Some(commune) => !commune.fits_text(text),
        None => places.contradicts(country, text),
    });
    if disagrees {
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
