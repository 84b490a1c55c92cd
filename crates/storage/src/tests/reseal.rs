//! Another key-encryption key.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::account::enrol;
use super::{NOW, TestDatabase, keys, on_both_engines, opened};
use crate::{Database, Error, Mail, NewEvidence, Resealed, StorageKeys};
use identity::EvidenceKind;

on_both_engines! {
    everything_is_read_under_both_keys_and_after_sealing_anew_under_the_new_one_alone,
    what_no_key_opens_is_counted_and_left,
}

const OLD: [u8; 32] = [7; 32];
const NEW: [u8; 32] = [8; 32];

fn of(kek: [u8; 32], previous: &[[u8; 32]]) -> StorageKeys {
    StorageKeys::new(kek, [9; 32]).with_previous(previous)
}

async fn open(db: &TestDatabase, keys: StorageKeys) -> Database {
    Database::connect(&db.address, keys, ChaCha20Rng::seed_from_u64(2)).await.unwrap()
}

/// An account with everything that lives long, and an open enrolment with a piece of evidence.
async fn filled(db: &TestDatabase) -> String {
    let identity = enrol(db, "e", "L898902C3", "d").await.unwrap().identity_id;
    db.accept_device_request("d", 1, &[1; 32]).await.unwrap();
    db.store_device_response("d", 1, b"answer").await.unwrap();
    let mail = Mail { to: "a@example.org".into(), subject: "s".into(), text: "b".into() };
    db.add_mail(mail, NOW).await.unwrap();
    let enrolment = opened(db, "f").await;
    db.append_evidence(&enrolment, vec![NewEvidence::new(EvidenceKind::Consents, "{}")], NOW).await.unwrap();
    identity
}

async fn read_all(db: &Database, identity: &str) -> Result<(), Error> {
    db.load_account(identity).await?.unwrap();
    assert_eq!(db.documents_of(identity).await?.len(), 1);
    assert_eq!(db.load_device("d").await?.unwrap().pin_key, b"the PIN key");
    assert_eq!(
        db.accept_device_request("d", 1, &[1; 32]).await?,
        crate::Accepted::Replay(b"answer".to_vec())
    );
    Ok(())
}

async fn everything_is_read_under_both_keys_and_after_sealing_anew_under_the_new_one_alone(db: TestDatabase) {
    let identity = filled(&db).await;
    let both = open(&db, of(NEW, &[OLD])).await;
    read_all(&both, &identity).await.unwrap();
    // An enrolment that was open goes on: the old piece is read, the new one lies under the new key.
    let enrolment = both.load_enrolment("f", b"bearer-f", NOW).await.unwrap().unwrap();
    both.append_evidence(&enrolment, vec![NewEvidence::new(EvidenceKind::Contact, "{}")], NOW).await.unwrap();
    let enrolment = both.load_enrolment("f", b"bearer-f", NOW).await.unwrap().unwrap();
    assert_eq!(enrolment.evidence.items.len(), 2);

    let done = both.reseal(|_| {}).await.unwrap();
    assert_eq!(done, Resealed { seen: 5, resealed: 5, unreadable: 0 });
    assert_eq!(both.reseal(|_| {}).await.unwrap(), Resealed { resealed: 0, ..done });

    let new = open(&db, of(NEW, &[])).await;
    read_all(&new, &identity).await.unwrap();
    assert_eq!(new.claim_mail(NOW).await.unwrap().unwrap().mail.to, "a@example.org");
    let old = open(&db, keys()).await;
    assert_eq!(old.load_account(&identity).await.err(), Some(Error::Sealed("identity")));
    assert_eq!(old.load_device("d").await.err(), Some(Error::Sealed("pin key")));
}

async fn what_no_key_opens_is_counted_and_left(db: TestDatabase) {
    let identity = filled(&db).await;
    let stranger = open(&db, of(NEW, &[[6; 32]])).await;
    let done = stranger.reseal(|_| {}).await.unwrap();
    assert_eq!(done, Resealed { seen: 5, resealed: 0, unreadable: 5 });
    read_all(&db, &identity).await.unwrap();
}
