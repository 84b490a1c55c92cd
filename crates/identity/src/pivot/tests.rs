use super::*;
use crate::names::MrzName;
use crate::pivot::check_email;
use crate::{CogTable, Error};
use clock::UnixTime;
use protocol::enrolment::Declaration;

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
    let claims: Vec<_> = claims.iter().map(|(c, a)| (c.as_str(), a.value.as_str(), a.provenance)).collect();
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
    assert_eq!(of_declared(|d| d.family_name = Some("Plattenier".into())), Err(Error::Name("family name")));
    assert_eq!(of_declared(|d| d.given_names = Some("Marie".into())), Err(Error::Name("given names")));
    assert_eq!(
        of_declared(|d| d.given_names = Some("R2D2".into())),
        Err(Error::NameCharacters("given names"))
    );
}

#[test]
fn a_name_cut_by_the_mrz_must_be_typed() {
    assert_eq!(of_chip(|c| c.name.truncated = true), Err(Error::Name("given names")));
    let mut chip = chip();
    chip.name = MrzName { surname: "DE LA ROCHE".into(), given_names: "CHARLES EDM".into(), truncated: true };
    let mut declared = declared();
    declared.family_name = Some("de La Roche".into());
    declared.given_names = Some("Charles-Édouard".into());
    assert_eq!(pivot(&chip, &declared), Err(Error::Name("given names")), "EDM is not in it");
    declared.given_names = Some("Charles-Edmond Marie".into());
    assert_eq!(pivot(&chip, &declared).unwrap().given_name(), "Charles-Edmond Marie");
}

#[test]
fn a_full_name_field_gives_no_other_surname_and_dg11_no_other_name() {
    let mut chip = chip();
    let given = "JEAN MARIE CHRISTOPHE ALEXANDRE";
    chip.name = MrzName { surname: "DUPONT".into(), given_names: given.into(), truncated: true };
    let mut declared = declared();
    declared.given_names = Some("Jean Marie Christophe Alexandre Paul".into());
    assert!(pivot(&chip, &declared).is_ok());
    declared.family_name = Some("Dupontel".into());
    assert_eq!(pivot(&chip, &declared), Err(Error::Name("family name")), "its end is in the MRZ");
    declared.family_name = None;
    chip.full_name = Some(("DUPONT".into(), given.into()));
    assert_eq!(pivot(&chip, &declared), Err(Error::Name("given names")), "DG11 has all of them");
    declared.given_names = Some("Jean-Marie Christophe Alexandre".into());
    assert!(pivot(&chip, &declared).is_ok());
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
    assert_eq!(of_declared(|d| d.birth_country = "99999".into()), Err(Error::UnknownCountry("99999".into())));
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
    assert_eq!(of_chip(|c| c.place_of_birth = Some("LYON".into())), Err(Error::Disagree("place of birth")));
    let mut chip = chip();
    let abroad = Declaration { birth_country: "99109".into(), birth_place: None, ..declared() };
    chip.place_of_birth = Some("PARIS".into());
    assert_eq!(pivot(&chip, &abroad), Err(Error::Disagree("place of birth")));
    chip.place_of_birth = Some("BERLIN".into());
    assert!(pivot(&chip, &abroad).is_ok());
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
fn nothing_declared_makes_a_second_person() {
    let typed = of_declared(|d| d.given_names = Some("Marie-Élise Œnone".into())).unwrap();
    assert_eq!(typed.person_key(), pivot(&chip(), &declared()).unwrap().person_key());
    let other = of_declared(|d| d.birth_place = Some("75108".into())).unwrap();
    assert_eq!(typed.person_key(), other.person_key());
    assert_ne!(of_chip(|c| c.sex = Sex::Male).unwrap().person_key(), typed.person_key());
    assert_ne!(of_chip(|c| c.name.surname.push('S')).unwrap().person_key(), typed.person_key());
}

#[test]
fn stored_bytes_are_read_back_and_nothing_is_shown() {
    let identity = pivot(&chip(), &declared()).unwrap();
    assert_eq!(PivotIdentity::from_stored(&identity.to_stored()), Ok(identity.clone()));
    assert_eq!(PivotIdentity::from_stored(b"{}"), Err(Error::Stored("pivot identity")));
    assert_eq!(format!("{identity:?} {:?}", chip()), "PivotIdentity(..) ChipPerson(..)");
}
