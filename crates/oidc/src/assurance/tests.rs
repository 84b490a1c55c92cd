use super::*;
use crate::{Scope, claims_of};
use identity::names::MrzName;
use identity::{ChipPerson, CogTable};
use lds::mrz::{MrzDate, Sex};
use protocol::enrolment::Declaration;

const NOW: UnixTime = UnixTime(1_780_315_200);

fn pivot() -> PivotIdentity {
    let chip = ChipPerson {
        name: MrzName { surname: "MARTIN".into(), given_names: "ANNE CLAIRE".into(), truncated: false },
        full_name: None,
        birth_date: MrzDate::parse("770714").unwrap(),
        full_birth_date: None,
        place_of_birth: None,
        sex: Sex::Female,
    };
    let declared = Declaration {
        birth_country: "99100".into(),
        birth_place: Some("75107".into()),
        given_names: None,
        family_name: None,
        preferred_username: None,
    };
    PivotIdentity::new(&chip, &declared, "anne@example.org", CogTable::embedded(), NOW).unwrap()
}

fn facts() -> LevelFacts {
    LevelFacts {
        document_authentic: true,
        email_verified: true,
        chip_proved: true,
        keys_attested: true,
        pin_key: true,
        holder: HolderProof::Face,
        title_unexpired: true,
        document_status_checked: false,
        weak_algorithm: false,
    }
}

fn document() -> DocumentRecord {
    DocumentRecord {
        code: "P".into(),
        issuing_state: "FRA".into(),
        number: "09AB12345".into(),
        expires: "2030-04-15".into(),
        dsc: [1; 32],
        csca: [2; 32],
        trust_digest: [3; 32],
        policy_version: "1".into(),
        report: Vec::new(),
    }
}

fn parse(value: &Value) -> Option<AssuranceRequest> {
    AssuranceRequest::parse(value, &claims_of(&Scope::ALL.into()))
}

fn answer(value: &Value) -> Option<Value> {
    let (pivot, facts, document) = (pivot(), facts(), document());
    let evidence =
        Evidence { pivot: &pivot, facts: &facts, document: &document, checked_at: NOW.plus(-3600) };
    parse(value)?.answer(Acr::Eidas2, &evidence, NOW)
}

fn asked(verification: Value, claims: Value) -> Value {
    json!({"verification": verification, "claims": claims})
}

#[test]
fn everything_that_can_be_asked_is_answered_and_nothing_else() {
    let everything = asked(
        json!({
            "trust_framework": {"value": "eidas"},
            "assurance_level": null,
            "time": null,
            "evidence": [{
                "type": {"value": "document"},
                "check_details": [{"check_method": null}],
                "document_details": {"type": null, "issuer": {"country_code": null}},
            }],
        }),
        json!({"given_name": null, "family_name": {"essential": true}, "birthdate": null, "email": null}),
    );
    assert_eq!(
        answer(&everything),
        Some(json!({
            "verification": {
                "trust_framework": "eidas",
                "assurance_level": "substantial",
                "time": "2026-06-01T11:00:00Z",
                "evidence": [{
                    "type": "document",
                    "check_details": [{"check_method": "vcrypt"}, {"check_method": "bvr"}],
                    "document_details": {"type": "passport", "issuer": {"country_code": "FRA"}},
                }],
            },
            "claims": {"given_name": "ANNE CLAIRE", "family_name": "MARTIN", "birthdate": "1977-07-14"},
        })),
        "an e-mail address is declared, not verified"
    );
    let least = asked(json!({"trust_framework": null}), json!({"gender": null}));
    let given = json!({"verification": {"trust_framework": "eidas"}, "claims": {"gender": "female"}});
    assert_eq!(answer(&least), Some(given));
}

/// What OpenID Identity Assurance Schema Definition 1.0 lets a document's evidence hold: each object's place, its members, and
/// those that it must have. `*`: any.
const SHAPE: [(&str, &[&str], &[&str]); 6] = [
    ("", &["verification", "claims"], &["verification", "claims"]),
    (
        "/verification",
        &[
            "trust_framework",
            "assurance_level",
            "assurance_process",
            "time",
            "verification_process",
            "evidence",
        ],
        &["trust_framework"],
    ),
    (
        "/verification/evidence",
        &["type", "check_details", "document_details", "derived_claims", "attachments"],
        &["type"],
    ),
    (
        "/verification/evidence/check_details",
        &["check_method", "check_id", "organization", "time"],
        &["check_method"],
    ),
    (
        "/verification/evidence/document_details",
        &["type", "document_number", "serial_number", "date_of_issuance", "date_of_expiry", "issuer"],
        &["type"],
    ),
    (
        "/verification/evidence/document_details/issuer",
        &[
            "name",
            "country",
            "country_code",
            "jurisdiction",
            "formatted",
            "street_address",
            "locality",
            "region",
            "postal_code",
        ],
        &[],
    ),
];

/// What is wrong with the shape, if anything is.
fn misshapen(value: &Value, place: &str) -> Option<String> {
    if place == "/claims" {
        return value
            .as_object()
            .filter(|claims| !claims.is_empty())
            .map_or(Some(place.to_owned()), |_| None);
    }
    match value {
        Value::Object(members) => {
            let Some((_, may, must)) = SHAPE.iter().find(|(at, ..)| *at == place) else {
                return Some(format!("{place} is an object"));
            };
            let strange =
                members.keys().find(|name| !may.contains(&name.as_str())).map(|n| format!("{place}/{n}"));
            let missing = must.iter().find(|name| !members.contains_key(**name));
            let missing = missing.map(|name| format!("{place} without {name}"));
            let within =
                || members.iter().find_map(|(name, value)| misshapen(value, &format!("{place}/{name}")));
            strange.or(missing).or_else(within)
        }
        Value::Array(items) => {
            let empty = items.is_empty().then(|| format!("{place} is empty"));
            empty.or_else(|| items.iter().find_map(|item| misshapen(item, place)))
        }
        Value::String(text) => {
            let object = SHAPE.iter().any(|(at, ..)| *at == place);
            let enumerated = match place {
                "/verification/evidence/type" => text == "document",
                "/verification/time" => {
                    text.len() == 20 && text.ends_with('Z') && text.as_bytes()[10] == b'T'
                }
                _ => !text.is_empty(),
            };
            (object || !enumerated).then(|| format!("{place}: {text}"))
        }
        _ => Some(format!("{place} is no text")),
    }
}

#[test]
fn every_answer_has_the_shape_of_the_final_schema() {
    let details = json!({"type": null, "issuer": {"country_code": null}});
    let evidence = [
        Value::Null,
        json!([{"type": {"value": "document"}}]),
        json!([{"type": {"value": "document"}, "check_details": [{"check_method": null}]}]),
        json!([{"type": {"value": "document"}, "check_details": null, "document_details": {"type": null}}]),
        json!([{"type": {"value": "document"}, "check_details": [{"check_method": null}], "document_details": details}]),
    ];
    for evidence in evidence {
        let verification =
            json!({"trust_framework": null, "assurance_level": null, "time": null, "evidence": evidence});
        let given = answer(&asked(verification, json!({"given_name": null, "birthdate": null}))).unwrap();
        assert_eq!(misshapen(&given, ""), None, "{given}");
        // The table sees what is wrong.
        let mut strange = given.clone();
        strange["verification"]["evidence"][0]["number"] = json!("09AB12345");
        assert_eq!(misshapen(&strange, "").as_deref(), Some("/verification/evidence/number"));
        for place in
            ["/verification", "/claims", "/verification/trust_framework", "/verification/evidence/0/type"]
        {
            let mut without = given.clone();
            let (parent, name) = place.rsplit_once('/').unwrap();
            without.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
            assert!(misshapen(&without, "").is_some(), "{place}");
        }
    }
}

#[test]
fn a_constraint_that_is_not_met_takes_all_away() {
    let claims = json!({"given_name": null});
    let with = |verification: Value| answer(&asked(verification, claims.clone()));
    for good in [
        json!({"trust_framework": {"values": ["de_aml", "eidas"]}}),
        json!({"trust_framework": null, "assurance_level": {"value": "substantial"}}),
        json!({"trust_framework": null, "time": {"max_age": 3600}}),
        json!({"trust_framework": null, "verification_process": null}),
        json!({"trust_framework": null, "evidence": null}),
        json!({"trust_framework": null, "evidence": [{"type": {"value": "vouch"}}, {"type": {"value": "document"}}]}),
    ] {
        assert!(with(good.clone()).is_some(), "{good}");
    }
    for bad in [
        json!({}),
        json!({"trust_framework": {"value": "de_aml"}}),
        json!({"trust_framework": "eidas"}),
        json!({"trust_framework": null, "assurance_level": {"value": "high"}}),
        json!({"trust_framework": null, "assurance_level": {"value": "very_high"}}),
        json!({"trust_framework": null, "time": {"max_age": 3599}}),
        json!({"trust_framework": null, "time": {"value": "2026-06-01"}}),
        json!({"trust_framework": null, "verification_process": {"value": "x"}}),
        json!({"trust_framework": null, "evidence": [{"type": {"value": "vouch"}}]}),
        json!({"trust_framework": null, "evidence": []}),
        json!({"trust_framework": null, "evidence": [{"type": null, "check_details": [{"check_method": {"value": "kbv"}}]}]}),
        json!({"trust_framework": null, "evidence": [{"type": null, "document_details": {"type": {"value": "driving_permit"}}}]}),
    ] {
        assert!(with(bad.clone()).is_none(), "{bad}");
    }
    let plain = json!({"trust_framework": null});
    for bad in [
        json!({}),
        json!({"shoe_size": null}),
        json!({"given_name": {"value": "ANNE CLAIRE"}}),
        json!({"given_name": null, "shoe_size": {"value": 44}}),
        json!({"email": null}),
    ] {
        assert!(answer(&asked(plain.clone(), bad.clone())).is_none(), "{bad}");
    }
    assert!(answer(&asked(plain, json!({"given_name": null, "ständig \"": {"essential": true}}))).is_some());
}

#[test]
fn of_several_requests_the_first_that_can_be_met_counts() {
    let one = |framework: &str, claim: &str| {
        asked(json!({"trust_framework": {"value": framework}}), json!({claim: null}))
    };
    let both = json!([one("de_aml", "gender"), one("eidas", "birthdate"), one("eidas", "gender")]);
    assert_eq!(answer(&both).unwrap()["claims"], json!({"birthdate": "1977-07-14"}));
    assert!(answer(&json!([])).is_none());
}

#[test]
fn the_kind_of_document_follows_from_its_code() {
    for (code, kind) in [("P", "passport"), ("PD", "passport"), ("AR", "residence_permit"), ("ID", "idcard")]
    {
        assert_eq!(document_type(code), kind);
    }
    assert_eq!(checks(&LevelFacts { holder: HolderProof::Desk, ..facts() }), ["vcrypt", "pvp"]);
    assert_eq!(checks(&LevelFacts { holder: HolderProof::None, ..facts() }), ["vcrypt"]);
}
