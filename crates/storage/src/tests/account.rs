use std::collections::BTreeMap;

use identity::account::ConsentRecord;
use identity::names::MrzName;
use identity::seal::TestParts;
use identity::{
    ChipPerson, CogTable, DeviceRecord, DocumentRecord, EnrolmentState, HolderProof, IdentityState, Level,
    LevelFacts, PivotIdentity, SealedEnrolment,
};
use lds::mrz::{MrzDate, Sex};
use protocol::enrolment::Declaration;

use super::{NOW, TestDatabase, loaded, on_both_engines, opened};
use crate::{Affected, Database, Error, SealRefusal, Stored};

on_both_engines!(
    a_sealed_enrolment_is_an_account,
    of_parallel_enrolments_of_one_document_one_account_results,
    a_document_enrolled_again_replaces_the_phone_and_keeps_the_subject,
    a_blocked_identity_is_not_woken_by_its_document,
    a_number_of_another_kind_or_person_takes_over_no_account,
    of_two_documents_of_one_person_at_once_one_waits_for_review,
    a_second_document_of_the_same_person_waits_for_review,
    evidence_that_came_after_the_judgement_refuses_the_seal,
    an_enrolment_is_sealed_once_and_holds_nothing_after,
    a_device_key_belongs_to_one_account,
    identities_are_found_by_what_is_compromised,
    states_follow_the_table_only,
    an_erased_identity_is_empty,
    the_recovery_sheet_finds_its_identity,
    a_row_of_another_identity_does_not_open,
    the_level_falls_when_the_title_expires,
    a_holder_sees_phones_and_consents,
    idle_and_old_identities_are_due,
);

const FACTS: LevelFacts = LevelFacts {
    document_authentic: true,
    email_verified: true,
    chip_proved: true,
    keys_attested: true,
    pin_key: true,
    holder: HolderProof::Desk,
    title_unexpired: true,
    document_status_checked: true,
    weak_algorithm: false,
};

pub(super) fn pivot() -> PivotIdentity {
    pivot_of("ERIKSSON")
}

fn pivot_of(surname: &str) -> PivotIdentity {
    let chip = ChipPerson {
        name: MrzName { surname: surname.into(), given_names: "ANNA<MARIA".into(), truncated: false },
        full_name: None,
        birth_date: MrzDate::parse("740812").unwrap(),
        full_birth_date: None,
        place_of_birth: None,
        sex: Sex::Female,
    };
    let declared = Declaration {
        birth_country: "99100".into(),
        birth_place: Some("75107".into()),
        given_names: None,
        family_name: None,
        preferred_username: Some("Dubois".into()),
    };
    PivotIdentity::new(&chip, &declared, "anna.eriksson@example.org", CogTable::embedded(), NOW).unwrap()
}

pub(super) fn document(number: &str) -> DocumentRecord {
    DocumentRecord {
        code: "P".into(),
        issuing_state: "UTO".into(),
        number: number.to_owned(),
        expires: "2030-04-15".into(),
        dsc: [1; 32],
        csca: [2; 32],
        trust_digest: [3; 32],
        policy_version: "1".into(),
        report: vec!["pa.sod-signature passed".into()],
    }
}

pub(super) fn sealed(enrolment: &str, number: &str, device: &str) -> SealedEnrolment {
    sealed_of(enrolment, pivot(), document(number), device)
}

fn sealed_of(
    enrolment: &str,
    pivot: PivotIdentity,
    document: DocumentRecord,
    device: &str,
) -> SealedEnrolment {
    let parts = TestParts {
        pivot,
        facts: FACTS,
        document,
        device: DeviceRecord { id: device.into(), device_key: vec![4; 65], pin_key: b"the PIN key".to_vec() },
        consents: BTreeMap::from([("terms".into(), ConsentRecord { version: "1".into(), sha256: [5; 32] })]),
    };
    SealedEnrolment::for_tests(enrolment, 0, parts)
}

pub(super) async fn enrol(
    db: &Database,
    enrolment: &str,
    number: &str,
    device: &str,
) -> Result<Stored, Error> {
    opened(db, enrolment).await;
    db.seal_enrolment(&sealed(enrolment, number, device), NOW).await
}

async fn a_sealed_enrolment_is_an_account(db: TestDatabase) {
    let stored = enrol(&db, "e", "L898902C3", "d").await.unwrap();
    assert_eq!((stored.state, stored.replaced), (IdentityState::Active, false));
    let account = db.load_account(&stored.identity_id).await.unwrap().unwrap();
    assert_eq!((account.pivot, account.facts, account.subject), (pivot(), FACTS, stored.subject));
    assert_eq!(db.documents_of(&stored.identity_id).await.unwrap(), [document("L898902C3")]);
    let device = db.load_device("d").await.unwrap().unwrap();
    assert_eq!((device.identity_id, device.pin_key), (stored.identity_id.clone(), b"the PIN key".to_vec()));
    assert_eq!(db.is_enrolled("P", "UTO", "L898902C3").await, Ok(true));
    assert_eq!(db.is_enrolled("P", "UTO", "L898902C4").await, Ok(false));
    assert_eq!(db.is_enrolled("P", "FRA", "L898902C3").await, Ok(false));
    let lines = db.audit_lines_of(&stored.identity_id).await.unwrap();
    assert_eq!(lines.iter().map(|l| l.event.code.as_str()).collect::<Vec<_>>(), ["enrolment.sealed"]);
}

async fn of_parallel_enrolments_of_one_document_one_account_results(db: TestDatabase) {
    for n in 0..8 {
        opened(&db, &format!("e{n}")).await;
    }
    let tasks = (0..8).map(|n| {
        let db = db.database.clone();
        tokio::spawn(async move {
            db.seal_enrolment(&sealed(&format!("e{n}"), "L898902C3", &format!("d{n}")), NOW).await
        })
    });
    let mut stored = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        stored.push(task.await.unwrap().unwrap());
    }
    assert_eq!(stored.iter().filter(|s| !s.replaced).count(), 1);
    assert!(stored.iter().all(|s| s.subject == stored[0].subject && s.identity_id == stored[0].identity_id));
    assert_eq!(db.count("SELECT COUNT(*) FROM identity").await, 1);
    assert_eq!(db.count("SELECT COUNT(*) FROM document").await, 1);
    assert_eq!(db.count("SELECT COUNT(*) FROM device WHERE active = 1").await, 1);
    assert!(db.load_account(&stored[0].identity_id).await.unwrap().is_some());
    db.verify_audit().await.unwrap();
}

async fn a_document_enrolled_again_replaces_the_phone_and_keeps_the_subject(db: TestDatabase) {
    let first = enrol(&db, "e", "L898902C3", "d").await.unwrap();
    let id = first.identity_id.as_str();
    for _ in 0..3 {
        db.begin_pin_try("d").await.unwrap();
    }
    assert!(db.set_identity_state(id, IdentityState::Active, IdentityState::Paused, "p", NOW).await.unwrap());
    let second = enrol(&db, "f", "L898902C3", "g").await.unwrap();
    assert!(second.replaced && second.subject == first.subject && second.state == IdentityState::Active);
    assert_eq!(
        (first.previous_email, second.previous_email.is_some()),
        (None, true),
        "its holder can be told"
    );
    assert_ne!(second.recovery_code, first.recovery_code);
    let old = db.load_device("d").await.unwrap().unwrap();
    assert!(!old.active && old.pin_key.is_empty());
    assert!(db.load_device("g").await.unwrap().unwrap().active);
    assert_eq!(db.load_account(id).await.unwrap().unwrap().pivot, pivot());
    assert_eq!(db.documents_of(id).await.unwrap().len(), 1);
}

async fn a_blocked_identity_is_not_woken_by_its_document(db: TestDatabase) {
    let first = enrol(&db, "e", "L898902C3", "d").await.unwrap();
    let id = first.identity_id.as_str();
    assert!(
        db.set_identity_state(id, IdentityState::Active, IdentityState::Blocked, "b", NOW).await.unwrap()
    );
    assert_eq!(enrol(&db, "f", "L898902C3", "g").await, Err(Error::Seal(SealRefusal::Blocked)));
    assert_eq!(db.load_account(id).await.unwrap().unwrap().state, IdentityState::Blocked);
    assert!(db.load_device("g").await.unwrap().is_none());
    assert_eq!(loaded(&db, "f").await.state, EnrolmentState::Open, "nothing was written");
}

async fn a_number_of_another_kind_or_person_takes_over_no_account(db: TestDatabase) {
    let first = enrol(&db, "e", "L898902C3", "d").await.unwrap();
    opened(&db, "f").await;
    let other = sealed_of("f", pivot_of("DUPONT"), document("L898902C3"), "g");
    let refused = db.seal_enrolment(&other, NOW).await;
    assert_eq!(refused, Err(Error::Seal(SealRefusal::AnotherPerson)));
    assert!(
        db.load_device("d").await.unwrap().unwrap().active && db.load_device("g").await.unwrap().is_none()
    );
    let lines = db.audit_lines_of(&first.identity_id).await.unwrap();
    let codes: Vec<_> = lines.iter().map(|l| (l.event.code.as_str(), l.event.detail.as_str())).collect();
    assert_eq!(codes, [("enrolment.sealed", "e"), ("enrolment.another-person", "f")]);
    assert_eq!(loaded(&db, "f").await.state, EnrolmentState::Open, "nothing else was written");
    // A residence permit of that number is another document.
    let permit = DocumentRecord { code: "IR".into(), ..document("L898902C3") };
    let stored = db.seal_enrolment(&sealed_of("f", pivot_of("DUPONT"), permit, "g"), NOW).await.unwrap();
    assert!(!stored.replaced && stored.identity_id != first.identity_id);
}

async fn of_two_documents_of_one_person_at_once_one_waits_for_review(db: TestDatabase) {
    for n in 0..8 {
        opened(&db, &format!("e{n}")).await;
    }
    let tasks = (0..8).map(|n| {
        let db = db.database.clone();
        tokio::spawn(async move {
            let sealed = sealed(&format!("e{n}"), &format!("L89890{n}"), &format!("d{n}"));
            db.seal_enrolment(&sealed, NOW).await
        })
    });
    let mut active = 0;
    for task in tasks.collect::<Vec<_>>() {
        active += usize::from(task.await.unwrap().unwrap().state == IdentityState::Active);
    }
    assert_eq!(active, 1);
}

async fn a_second_document_of_the_same_person_waits_for_review(db: TestDatabase) {
    let first = enrol(&db, "e", "L898902C3", "d").await.unwrap();
    let second = enrol(&db, "f", "D23145890", "g").await.unwrap();
    assert_eq!((second.state, second.replaced), (IdentityState::ReviewPending, false));
    assert_ne!(second.subject, first.subject);
    assert_eq!(db.load_account(&first.identity_id).await.unwrap().unwrap().state, IdentityState::Active);
}

async fn evidence_that_came_after_the_judgement_refuses_the_seal(db: TestDatabase) {
    let enrolment = opened(&db, "e").await;
    let piece = crate::NewEvidence::new(identity::EvidenceKind::Contact, "one");
    db.append_evidence(&enrolment, vec![piece], NOW).await.unwrap();
    let outcome = db.seal_enrolment(&sealed("e", "L898902C3", "d"), NOW).await;
    assert_eq!(outcome, Err(Error::Seal(SealRefusal::EvidenceChanged)));
    assert_eq!(db.is_enrolled("P", "UTO", "L898902C3").await, Ok(false));
}

async fn an_enrolment_is_sealed_once_and_holds_nothing_after(db: TestDatabase) {
    enrol(&db, "e", "L898902C3", "d").await.unwrap();
    let again = db.seal_enrolment(&sealed("e", "D23145890", "g"), NOW).await;
    assert_eq!(again, Err(Error::Seal(SealRefusal::Closed)));
    let after = loaded(&db, "e").await;
    assert_eq!((after.state, after.evidence.items.len()), (EnrolmentState::Sealed, 0));
    opened(&db, "f").await;
    let late = db.seal_enrolment(&sealed("f", "D23145890", "g"), NOW.plus(3600)).await;
    assert_eq!(late, Err(Error::Seal(SealRefusal::Closed)), "its time is over");
}

async fn a_device_key_belongs_to_one_account(db: TestDatabase) {
    enrol(&db, "e", "L898902C3", "d").await.unwrap();
    assert_eq!(enrol(&db, "f", "D23145890", "d").await, Err(Error::Seal(SealRefusal::DeviceKnown)));
    assert_eq!(db.count("SELECT COUNT(*) FROM identity").await, 1);
}

async fn identities_are_found_by_what_is_compromised(db: TestDatabase) {
    let stored = enrol(&db, "e", "L898902C3", "d").await.unwrap();
    let document = |number: &str| Affected::Document {
        code: "PM".into(),
        issuing_state: "UTO".into(),
        number: number.into(),
    };
    for what in [Affected::Dsc([1; 32]), Affected::Csca([2; 32]), document("L898902C3")] {
        assert_eq!(db.affected_by(&what).await, Ok(vec![stored.identity_id.clone()]), "{what:?}");
    }
    for what in [Affected::Dsc([2; 32]), Affected::Csca([1; 32]), document("L898902C4")] {
        assert_eq!(db.affected_by(&what).await, Ok(vec![]), "{what:?}");
    }
}

async fn states_follow_the_table_only(db: TestDatabase) {
    use IdentityState::{Active, Blocked, Paused, Pending};
    let stored = enrol(&db, "e", "L898902C3", "d").await.unwrap();
    let set = async |from, to| {
        db.set_identity_state(&stored.identity_id, from, to, "identity.state", NOW).await.unwrap()
    };
    assert!(!set(Paused, Active).await, "it is not paused");
    assert!(set(Active, Paused).await);
    assert!(!set(Paused, Pending).await);
    assert!(set(Paused, Blocked).await);
    let lines = db.audit_lines_of(&stored.identity_id).await.unwrap();
    assert_eq!(lines.last().map(|l| l.event.detail.as_str()), Some("blocked"));
    assert_eq!(lines.len(), 3);
}

async fn an_erased_identity_is_empty(db: TestDatabase) {
    let stored = enrol(&db, "e", "L898902C3", "d").await.unwrap();
    let id = stored.identity_id.as_str();
    assert_eq!(db.erase_identity(id, vec![], NOW).await, Ok(true));
    assert_eq!(db.erase_identity(id, vec![], NOW).await, Ok(false));
    assert_eq!(db.load_account(id).await, Ok(None));
    assert_eq!(db.load_device("d").await, Ok(None));
    assert_eq!(db.documents_of(id).await, Ok(vec![]));
    assert_eq!(db.find_by_recovery_code(&stored.recovery_code).await, Ok(None));
    let again = enrol(&db, "f", "L898902C3", "g").await.unwrap();
    assert!(!again.replaced && again.subject != stored.subject && again.state == IdentityState::Active);
}

async fn the_recovery_sheet_finds_its_identity(db: TestDatabase) {
    let stored = enrol(&db, "e", "L898902C3", "d").await.unwrap();
    assert_eq!(stored.recovery_code.len(), 23);
    let typed = stored.recovery_code.to_lowercase().replace('-', " ");
    assert_eq!(db.find_by_recovery_code(&typed).await, Ok(Some(stored.identity_id)));
    assert_eq!(db.find_by_recovery_code("AAAAA-AAAAA-AAAAA-AAAAA").await, Ok(None));
}

async fn a_row_of_another_identity_does_not_open(db: TestDatabase) {
    let one = enrol(&db, "e", "L898902C3", "d").await.unwrap();
    enrol(&db, "f", "D23145890", "g").await.unwrap();
    db.run("UPDATE identity SET sealed = (SELECT sealed FROM identity WHERE state = 1) WHERE state = 2")
        .await;
    assert_eq!(db.load_account(&one.identity_id).await, Err(Error::Sealed("identity")));
    db.run("UPDATE device SET sealed_pin_key = (SELECT sealed_pin_key FROM device WHERE id = 'g') WHERE id = 'd'").await;
    assert_eq!(db.load_device("d").await, Err(Error::Sealed("pin key")));
}

async fn the_level_falls_when_the_title_expires(db: TestDatabase) {
    let stored = enrol(&db, "e", "L898902C3", "d").await.unwrap();
    let account = db.load_account(&stored.identity_id).await.unwrap().unwrap();
    let on = |date| account.level(clock::UnixTime::from_rfc3339(date).unwrap());
    assert_eq!((on("2030-04-15"), on("2030-04-16")), (Some(Level::Eidas3), Some(Level::Eidas2)));
}

async fn a_holder_sees_phones_and_consents(db: TestDatabase) {
    let id = enrol(&db, "e", "L898902C3", "d").await.unwrap().identity_id;
    for _ in 0..3 {
        db.begin_pin_try("d").await.unwrap();
    }
    let devices = db.devices_of(&id).await.unwrap();
    assert_eq!(devices.len(), 1);
    assert!(devices[0].active && devices[0].suspended && devices[0].created_at == NOW);
    let consents = db.consents_of(&id).await.unwrap();
    assert_eq!((consents.len(), consents[0].name.as_str(), consents[0].version.as_str()), (1, "terms", "1"));
    assert_eq!(consents[0].text_digest, [5; 32]);
}

async fn idle_and_old_identities_are_due(db: TestDatabase) {
    let id = enrol(&db, "e", "L898902C3", "d").await.unwrap().identity_id;
    use IdentityState::{Active, Expired, Paused};
    let of = async |states, idle, term, after: &str| {
        db.identities_due(states, idle, term, after, 10).await.unwrap()
    };
    let due = async |idle, term| of([Active, Paused], idle, term, "").await;
    assert_eq!(of([Expired, Expired], NOW.plus(9), NOW.plus(9), "").await, [""; 0], "another state");
    assert_eq!(
        of([Active, Paused], NOW.plus(9), NOW.plus(9), &id).await,
        [""; 0],
        "it does not follow itself"
    );
    assert_eq!(due(NOW, NOW).await, [""; 0]);
    assert_eq!(due(NOW.plus(1), NOW).await, [id.as_str()]);
    db.touch_identity(&id, NOW.plus(1)).await.unwrap();
    assert_eq!(due(NOW.plus(1), NOW).await, [""; 0]);
    assert_eq!(due(NOW.plus(1), NOW.plus(1)).await, [id.as_str()], "its term is over");
}
