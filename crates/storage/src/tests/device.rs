use super::account::enrol;
use super::{TestDatabase, on_both_engines};
use crate::{Accepted, PinTry};

on_both_engines!(
    parallel_guesses_share_three_tries,
    a_right_pin_resets_the_count,
    requests_of_a_phone_come_in_order_and_repeats_are_replayed,
    a_revoked_phone_is_refused,
);

async fn parallel_guesses_share_three_tries(db: TestDatabase) {
    enrol(&db, "e", "L898902C3", "d").await.unwrap();
    let tries = (0..16).map(|_| {
        let db = db.database.clone();
        tokio::spawn(async move { db.begin_pin_try("d").await })
    });
    let mut left = Vec::new();
    for task in tries.collect::<Vec<_>>() {
        match task.await.unwrap().unwrap() {
            PinTry::Allowed { left: n } => left.push(n),
            PinTry::Suspended => {}
        }
    }
    left.sort_unstable();
    assert_eq!(left, [0, 1, 2]);
    let device = db.load_device("d").await.unwrap().unwrap();
    assert!(device.is_suspended() && device.active);
    db.lift_suspension(&device.identity_id).await.unwrap();
    assert_eq!(db.begin_pin_try("d").await, Ok(PinTry::Allowed { left: 2 }));
}

async fn a_right_pin_resets_the_count(db: TestDatabase) {
    enrol(&db, "e", "L898902C3", "d").await.unwrap();
    for _ in 0..3 {
        assert_eq!(db.begin_pin_try("d").await, Ok(PinTry::Allowed { left: 2 }));
        assert_eq!(db.begin_pin_try("d").await, Ok(PinTry::Allowed { left: 1 }));
        db.pin_was_right("d").await.unwrap();
    }
    assert_eq!(db.begin_pin_try("x").await, Ok(PinTry::Suspended));
}

async fn requests_of_a_phone_come_in_order_and_repeats_are_replayed(db: TestDatabase) {
    enrol(&db, "e", "L898902C3", "d").await.unwrap();
    let accept =
        async |sequence, digest: u8| db.accept_device_request("d", sequence, &[digest; 32]).await.unwrap();
    assert_eq!(accept(1, 1).await, Accepted::Fresh);
    assert_eq!(accept(1, 1).await, Accepted::Unfinished);
    db.store_device_response("d", 1, b"answer").await.unwrap();
    assert_eq!(accept(1, 1).await, Accepted::Replay(b"answer".to_vec()));
    assert_eq!(accept(1, 2).await, Accepted::OldSequence, "other bytes");
    assert_eq!(accept(5, 3).await, Accepted::Fresh);
    assert_eq!(accept(1, 1).await, Accepted::OldSequence);
    assert_eq!(accept(5, 3).await, Accepted::Unfinished);
    assert_eq!(db.accept_device_request("x", 1, &[1; 32]).await, Ok(Accepted::OldSequence));
}

async fn a_revoked_phone_is_refused(db: TestDatabase) {
    enrol(&db, "e", "L898902C3", "d").await.unwrap();
    assert_eq!(db.revoke_device("d").await, Ok(true));
    assert_eq!(db.revoke_device("d").await, Ok(false));
    assert_eq!(db.accept_device_request("d", 9, &[1; 32]).await, Ok(Accepted::OldSequence));
    assert_eq!(db.begin_pin_try("d").await, Ok(PinTry::Suspended));
}
