//! The desk: a code works once and for a minute, a portrait is seen once, a decision is taken once.

use super::{NOW, TestDatabase, on_both_engines, opened};
use crate::DeskFinding::{Other, Same};
use crate::{Error, NewEvidence};
use identity::{EnrolmentState, EvidenceKind};

on_both_engines!(
    a_code_works_once_within_its_time_and_its_tries,
    of_any_number_of_views_one_is_taken,
    a_decision_is_taken_once_by_who_saw_the_portrait,
    who_is_another_person_ends_the_enrolment,
);

async fn a_code_works_once_within_its_time_and_its_tries(db: TestDatabase) {
    opened(&db, "e").await;
    opened(&db, "f").await;
    let take =
        |id: &'static str, code: &'static str, after: i64| db.take_desk_code(id, code, 3, NOW.plus(after));
    assert!(!take("e", "111111", 0).await.unwrap(), "none was shown");
    assert!(db.show_desk_code("e", "111111", NOW.plus(60), 9).await.unwrap());
    assert!(!take("f", "111111", 0).await.unwrap(), "of another enrolment");
    assert!(!take("e", "222222", 0).await.unwrap());
    assert!(take("e", "111111", 59).await.unwrap());
    assert!(!take("e", "111111", 59).await.unwrap(), "used up");
    assert!(db.show_desk_code("e", "333333", NOW.plus(60), 9).await.unwrap());
    assert!(!take("e", "333333", 60).await.unwrap(), "too late");
    assert!(db.show_desk_code("e", "444444", NOW.plus(60), 9).await.unwrap());
    for _ in 0..3 {
        assert!(!take("e", "000000", 0).await.unwrap());
    }
    assert!(!take("e", "444444", 0).await.unwrap(), "its tries are over");
    assert!(!db.show_desk_code("e", "555555", NOW.plus(60), 3).await.unwrap(), "three were shown");
}

async fn of_any_number_of_views_one_is_taken(db: TestDatabase) {
    opened(&db, "e").await;
    let views: Vec<_> = (0..8)
        .map(|_| {
            let database = db.database.clone();
            tokio::spawn(async move { database.view_at_desk("e", "agent", 4, NOW).await.unwrap() })
        })
        .collect();
    let mut taken = 0;
    for view in views {
        taken += u8::from(view.await.unwrap());
    }
    assert_eq!(taken, 1);
    assert!(db.view_at_desk("e", "second", 2, NOW).await.unwrap());
    assert!(!db.view_at_desk("e", "third", 2, NOW).await.unwrap(), "two saw it");
    let lines = db.audit_lines_of("e").await.unwrap();
    let told: Vec<_> =
        lines.iter().map(|line| (line.event.code.as_str(), line.event.detail.as_str())).collect();
    assert_eq!(told, [("desk.viewed", "agent"), ("desk.viewed", "second")]);
}

async fn a_decision_is_taken_once_by_who_saw_the_portrait(db: TestDatabase) {
    opened(&db, "e").await;
    assert!(!db.decide_at_desk("e", "agent", Same, "features", NOW).await.unwrap(), "she saw nothing");
    db.view_at_desk("e", "agent", 4, NOW).await.unwrap();
    db.view_at_desk("e", "second", 4, NOW).await.unwrap();
    assert!(db.decide_at_desk("e", "second", Same, "features", NOW).await.unwrap());
    assert!(db.decide_at_desk("e", "agent", Same, "features", NOW.plus(1)).await.unwrap());
    assert!(!db.decide_at_desk("e", "agent", Other, "features", NOW.plus(2)).await.unwrap());
    assert_eq!(db.agreed_at_desk("e").await.unwrap(), ["second", "agent"]);
}

async fn who_is_another_person_ends_the_enrolment(db: TestDatabase) {
    let enrolment = opened(&db, "e").await;
    let piece = NewEvidence::new(EvidenceKind::File(lds::FileId::Dg(2)), b"portrait");
    db.append_evidence(&enrolment, vec![piece], NOW).await.unwrap();
    for agent in ["agent", "second"] {
        db.view_at_desk("e", agent, 4, NOW).await.unwrap();
    }
    assert!(db.decide_at_desk("e", "agent", Other, "other-features", NOW).await.unwrap());
    let loaded = db.load_enrolment("e", b"bearer-e", NOW).await.unwrap().unwrap();
    assert_eq!((loaded.state, loaded.evidence.items.len()), (EnrolmentState::Cancelled, 0));
    let again = db.decide_at_desk("e", "second", Other, "other-features", NOW).await;
    assert!(matches!(again, Ok(false) | Err(Error::Conflict)));
    let last = db.audit_lines_of("e").await.unwrap().pop().unwrap();
    assert_eq!(
        (last.event.code.as_str(), last.event.detail.as_str()),
        ("desk.other-person", "agent other-features")
    );
}
