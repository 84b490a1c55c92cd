use super::*;
use crate::Scope;
use crate::approved_login::tests::{approved, client, subject};
use crate::request::tests::request;
use clock::UnixTime;
use crypto::{Curve, EcPrivateKey};
use identity::names::MrzName;
use identity::{Acr, ChipPerson, CogTable};
use jose::Algorithm;
use lds::mrz::{MrzDate, Sex};
use protocol::enrolment::Declaration;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use serde_json::{Value, json};

fn pivot(birth_country: &str, birth_place: Option<&str>, preferred_username: Option<&str>) -> PivotIdentity {
    let chip = ChipPerson {
        name: MrzName { surname: "MARTIN".into(), given_names: "ANNE CLAIRE".into(), truncated: false },
        full_name: None,
        birth_date: MrzDate::parse("770714").unwrap(),
        full_birth_date: None,
        place_of_birth: None,
        sex: Sex::Female,
    };
    let declared = Declaration {
        birth_country: birth_country.into(),
        birth_place: birth_place.map(str::to_owned),
        given_names: None,
        family_name: None,
        preferred_username: preferred_username.map(str::to_owned),
    };
    let at = UnixTime::from_rfc3339("2026-06-01").unwrap();
    PivotIdentity::new(&chip, &declared, "anne@example.org", CogTable::embedded(), at).unwrap()
}

fn for_login(
    request: &AcceptedRequest,
    reached: Acr,
    pivot: &PivotIdentity,
) -> Result<UserinfoClaims, Error> {
    let (client, subject) = (client(&Acr::ALL), subject(Some(reached)));
    UserinfoClaims::for_login("https://fi.example", &client, request, &approved(request), &subject, pivot)
}

fn claims(request: &AcceptedRequest, pivot: &PivotIdentity) -> Value {
    serde_json::to_value(for_login(request, Acr::Eidas2, pivot).unwrap()).unwrap()
}

#[test]
fn the_brokers_scopes_release_the_pivot_identity_and_mark_what_was_declared() {
    assert_eq!(
        claims(&request(), &pivot("99100", Some("75107"), Some("Durand"))),
        json!({
            "iss": "https://fi.example",
            "sub": "c0ffee",
            "aud": "fc",
            "family_name": "MARTIN",
            "given_name": "ANNE CLAIRE",
            "gender": "female",
            "birthdate": "1977-07-14",
            "birthplace": "75107",
            "birthcountry": "99100",
            "email": "anne@example.org",
            "preferred_username": "Durand",
            "declared_claims": ["birthplace", "birthcountry", "email", "preferred_username"],
        })
    );
}

/// FranceConnect's contract, 2.5: the register would look in France for any code of a commune.
#[test]
fn birthplace_of_a_birth_abroad_is_the_empty_string() {
    let claims = claims(&request(), &pivot("99109", None, None));
    assert_eq!((&claims["birthplace"], &claims["birthcountry"]), (&json!(""), &json!("99109")));
    assert_eq!(claims.get("preferred_username"), None, "a claim without a value is absent");
}

#[test]
fn claims_of_scopes_that_were_not_asked_stay_here() {
    let request = AcceptedRequest { scopes: [Scope::OpenId, Scope::Birthcountry].into(), ..request() };
    assert_eq!(
        claims(&request, &pivot("99100", Some("75107"), None)),
        json!({
            "iss": "https://fi.example",
            "sub": "c0ffee",
            "aud": "fc",
            "birthcountry": "99100",
            "declared_claims": ["birthcountry"],
        })
    );
}

#[test]
fn a_level_lost_since_the_approval_answers_nothing() {
    let refused = for_login(&request(), Acr::Eidas1, &pivot("99109", None, None));
    assert_eq!(refused, Err(Error::Level));
}

#[test]
fn an_approval_of_another_request_answers_nothing() {
    let (narrow, wide) = (AcceptedRequest { scopes: [Scope::OpenId].into(), ..request() }, request());
    let (client, subject) = (client(&Acr::ALL), subject(Some(Acr::Eidas2)));
    let pivot = pivot("99109", None, None);
    let refused =
        UserinfoClaims::for_login("https://fi.example", &client, &wide, &approved(&narrow), &subject, &pivot);
    assert_eq!(refused, Err(Error::AnotherLogin("request")));
}

#[test]
fn userinfo_is_a_jwt_signed_with_es256_and_prints_nothing() {
    let key =
        SigningKey::new(EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(1))).unwrap();
    let pivot = pivot("99109", None, None);
    let userinfo = for_login(&request(), Acr::Eidas2, &pivot).unwrap();
    let verified = jose::verify(&userinfo.sign(&key), &vec![key.jwk()].into(), &[Algorithm::Es256]).unwrap();
    assert_eq!(verified.claims::<Value>().unwrap(), claims(&request(), &pivot));
    assert_eq!(format!("{userinfo:?}"), "UserinfoClaims(..)");
}
