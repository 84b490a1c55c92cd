use identity::CogTable;
use identity::IdentityState::{Active, Blocked, Expired, Paused};
use identity::pivot::Correction;

use super::account::{enrol, pivot};
use super::{NOW, TestDatabase, on_both_engines};
use crate::{Account, BlockedBy, Change, ChangeKind, CodeTried, Effect, Mail};

on_both_engines!(
    a_change_is_done_once_with_its_line_and_its_mail,
    a_change_that_waits_for_a_code_is_not_taken_before_it,
    sixteen_guesses_at_once_share_the_tries,
    a_change_is_of_its_identity_and_its_kind_and_its_time,
    an_account_that_changed_meanwhile_keeps_what_it_has,
    who_blocked_is_known_and_a_block_given_up_ends_the_phones,
    the_register_lists_without_persons,
);

fn mail() -> Vec<Mail> {
    vec![Mail { to: "a@example.org".into(), subject: "s".into(), text: "t".into() }]
}

async fn waiting(db: &TestDatabase) -> i64 {
    db.outbox_state().await.unwrap().waiting
}

async fn account(db: &TestDatabase) -> Account {
    let id = enrol(db, "e", "L898902C3", "d").await.unwrap().identity_id;
    db.load_account(&id).await.unwrap().unwrap()
}

async fn added(db: &TestDatabase, account: &Account, kind: ChangeKind, code: Option<&str>) -> Change {
    let id = db.add_change(&account.identity_id, kind, b"to this", code, NOW.plus(600)).await.unwrap();
    let change = db.find_change(&id, NOW).await.unwrap().unwrap();
    assert_eq!((change.content.as_slice(), change.needs_code), (&b"to this"[..], code.is_some()));
    change
}

fn new_address(account: &Account) -> Effect {
    let pivot = account.pivot.with_email("new@example.org").unwrap();
    Effect::Pivot(Box::new(account.clone()), Box::new(pivot))
}

async fn take(db: &TestDatabase, change: &Change, effect: Effect) -> bool {
    db.take_change(change, effect, "identity.changed", mail(), NOW).await.unwrap()
}

async fn a_change_is_done_once_with_its_line_and_its_mail(db: TestDatabase) {
    let account = account(&db).await;
    let change = added(&db, &account, ChangeKind::Email, None).await;
    assert!(take(&db, &change, new_address(&account)).await);
    let after = db.load_account(&account.identity_id).await.unwrap().unwrap();
    assert_eq!((after.pivot.email(), after.version), ("new@example.org", account.version + 1));
    assert_eq!((after.facts, &after.title_expires), (account.facts, &account.title_expires));
    assert!(!take(&db, &change, new_address(&after)).await, "once");
    assert_eq!((db.find_change(&change.id, NOW).await, waiting(&db).await), (Ok(None), 1));
    let lines = db.audit_lines_of(&account.identity_id).await.unwrap();
    assert_eq!(lines.last().unwrap().event.code, "identity.changed");
}

async fn a_change_that_waits_for_a_code_is_not_taken_before_it(db: TestDatabase) {
    let account = account(&db).await;
    let change = added(&db, &account, ChangeKind::Email, Some("123456")).await;
    assert!(!take(&db, &change, new_address(&account)).await);
    let tried = async |code| db.try_change_code(&change.id, code, 3, NOW).await.unwrap();
    assert_eq!(tried("654321").await, CodeTried::Wrong(2));
    assert_eq!(tried("123456").await, CodeTried::Right);
    assert_eq!(tried("123456").await, CodeTried::None, "it is used up");
    assert!(take(&db, &change, new_address(&account)).await);
    assert_eq!(waiting(&db).await, 1, "what was refused told nobody");
}

async fn sixteen_guesses_at_once_share_the_tries(db: TestDatabase) {
    let account = account(&db).await;
    let change = added(&db, &account, ChangeKind::Email, Some("123456")).await;
    let guesses = (0..16).map(|n| {
        let (db, id) = (db.database.clone(), change.id.clone());
        tokio::spawn(async move { db.try_change_code(&id, &format!("00000{n}"), 3, NOW).await.unwrap() })
    });
    let mut wrong = 0;
    for guess in guesses.collect::<Vec<_>>() {
        wrong += usize::from(guess.await.unwrap() != CodeTried::None);
    }
    assert_eq!(wrong, 3);
    assert_eq!(db.try_change_code(&change.id, "123456", 3, NOW).await, Ok(CodeTried::None));
    assert!(!take(&db, &change, new_address(&account)).await);
}

async fn a_change_is_of_its_identity_and_its_kind_and_its_time(db: TestDatabase) {
    let account = account(&db).await;
    let change = added(&db, &account, ChangeKind::Email, None).await;
    let other = Change { identity_id: "another".into(), ..change.clone() };
    assert!(!take(&db, &other, Effect::LiftSuspension).await);
    let other = Change { kind: ChangeKind::Block, ..change.clone() };
    assert!(!take(&db, &other, Effect::State(Active, Blocked)).await);
    let late = db.take_change(&change, new_address(&account), "c", mail(), NOW.plus(600)).await;
    assert_eq!(late, Ok(false));
    assert_eq!(db.find_change(&change.id, NOW.plus(600)).await, Ok(None));
    // A content moved to another kind does not open.
    db.run("UPDATE account_change SET kind = 5").await;
    assert_eq!(db.find_change(&change.id, NOW).await, Err(crate::Error::Sealed("change")));
    db.delete_expired_changes(NOW.plus(600)).await.unwrap();
    assert_eq!(db.count("SELECT COUNT(*) FROM account_change").await, 0);
}

async fn an_account_that_changed_meanwhile_keeps_what_it_has(db: TestDatabase) {
    let account = account(&db).await;
    let (first, second) = (
        added(&db, &account, ChangeKind::Email, None).await,
        added(&db, &account, ChangeKind::Identity, None).await,
    );
    assert!(take(&db, &first, new_address(&account)).await);
    let correction = Correction { preferred_username: Some("Durand".into()), ..Correction::default() };
    let pivot = account.pivot.corrected(&correction, CogTable::embedded()).unwrap();
    let stale = Effect::Pivot(Box::new(account.clone()), Box::new(pivot));
    assert!(!take(&db, &second, stale).await, "its author did not know the new address");
    assert!(db.find_change(&second.id, NOW).await.unwrap().is_some(), "nothing was written");
    let after = db.load_account(&account.identity_id).await.unwrap().unwrap();
    assert_eq!(after.pivot, pivot_with_new_address());
}

fn pivot_with_new_address() -> identity::PivotIdentity {
    pivot().with_email("new@example.org").unwrap()
}

async fn who_blocked_is_known_and_a_block_given_up_ends_the_phones(db: TestDatabase) {
    let id = account(&db).await.identity_id;
    let set = async |from, to, by| {
        db.change_state(&id, (from, to), by, "identity.state", Vec::new(), NOW).await.unwrap()
    };
    assert_eq!(db.blocked_by(&id).await, Ok(None));
    assert!(!set(Paused, Active, BlockedBy::Holder).await, "it is not paused");
    assert!(set(Active, Blocked, BlockedBy::Holder).await);
    assert_eq!(db.blocked_by(&id).await, Ok(Some(BlockedBy::Holder)));
    assert!(set(Blocked, Active, BlockedBy::Operator).await);
    assert!(set(Active, Blocked, BlockedBy::Operator).await);
    assert_eq!(db.blocked_by(&id).await, Ok(Some(BlockedBy::Operator)));
    assert!(set(Blocked, Active, BlockedBy::Operator).await && set(Active, Blocked, BlockedBy::Holder).await);
    assert!(!set(Blocked, Blocked, BlockedBy::Holder).await);
    assert!(set(Blocked, Blocked, BlockedBy::Operator).await, "taken over");
    assert_eq!(db.blocked_by(&id).await, Ok(Some(BlockedBy::Operator)));
    assert!(db.load_device("d").await.unwrap().unwrap().active);
    assert!(set(Blocked, Expired, BlockedBy::Holder).await);
    assert!(!db.load_device("d").await.unwrap().unwrap().active);
    assert_eq!(db.blocked_by(&id).await, Ok(None));
    // Its document enrolled again wakes it, with the same subject.
    let again = enrol(&db, "f", "L898902C3", "g").await.unwrap();
    assert_eq!((again.identity_id, again.state, again.replaced), (id, Active, true));
}

async fn the_register_lists_without_persons(db: TestDatabase) {
    enrol(&db, "e", "L898902C3", "d").await.unwrap();
    enrol(&db, "f", "D23145890", "g").await.unwrap();
    let all = db.identities(None, "", 10).await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(db.identities(None, &all[0].id, 10).await.unwrap(), all[1..]);
    let waiting = db.identities(Some(identity::IdentityState::ReviewPending), "", 10).await.unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(db.identities(Some(Blocked), "", 10).await, Ok(vec![]));
}
