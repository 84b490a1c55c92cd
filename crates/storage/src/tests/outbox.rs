use std::collections::BTreeMap;

use super::{NOW, TestDatabase, on_both_engines};
use crate::outbox::Unsent;
use crate::{ClaimedMail, Mail};

on_both_engines!(
    a_mail_is_claimed_by_one_and_gone_once_sent,
    a_mail_that_failed_comes_again_later_each_time_and_is_given_up,
    a_server_that_dies_leaves_its_mail_to_another,
    of_sixteen_servers_one_claims_each_mail,
    a_mail_is_sealed,
);

fn mail(n: usize) -> Mail {
    Mail { to: format!("{n}@example.org"), subject: "Subject".into(), text: "Text".into() }
}

async fn claim(db: &TestDatabase, after: i64) -> Option<ClaimedMail> {
    db.claim_mail(NOW.plus(after)).await.unwrap()
}

async fn waiting(db: &TestDatabase) -> i64 {
    db.outbox_state().await.unwrap().waiting
}

async fn a_mail_is_claimed_by_one_and_gone_once_sent(db: TestDatabase) {
    db.add_mail(mail(1), NOW).await.unwrap();
    assert_eq!(claim(&db, -1).await, None, "not due");
    let claimed = claim(&db, 0).await.unwrap();
    assert_eq!((claimed.tries, &claimed.mail), (1, &mail(1)));
    assert_eq!(claim(&db, 0).await, None);
    assert_eq!(db.mail_sent(&claimed).await, Ok(true));
    assert_eq!(db.mail_sent(&claimed).await, Ok(false));
    assert_eq!((claim(&db, 1_000_000).await, waiting(&db).await), (None, 0));
}

async fn a_mail_that_failed_comes_again_later_each_time_and_is_given_up(db: TestDatabase) {
    db.add_mail(mail(1), NOW).await.unwrap();
    let (mut at, mut pauses) = (NOW, Vec::new());
    loop {
        let claimed = db.claim_mail(at).await.unwrap().unwrap();
        match db.mail_failed(&claimed, false, at).await.unwrap() {
            Unsent::Later(due) => {
                assert_eq!(db.claim_mail(due.plus(-1)).await, Ok(None));
                pauses.push(due.since(at));
                at = due;
            }
            Unsent::GivenUp => break,
        }
    }
    assert!(pauses.is_sorted() && pauses.iter().sum::<i64>() > 86_400, "{pauses:?}");
    assert_eq!(waiting(&db).await, 0);
    db.add_mail(mail(2), NOW).await.unwrap();
    let claimed = claim(&db, 0).await.unwrap();
    assert_eq!(db.mail_failed(&claimed, true, NOW).await, Ok(Unsent::GivenUp), "refused for good");
    assert_eq!(waiting(&db).await, 0);
}

async fn a_server_that_dies_leaves_its_mail_to_another(db: TestDatabase) {
    db.add_mail(mail(1), NOW).await.unwrap();
    let state = async || {
        let state = db.outbox_state().await.unwrap();
        (state.waiting, state.tried, state.oldest, state.next)
    };
    assert_eq!(state().await, (1, 0, Some(NOW), Some(NOW)));
    let first = claim(&db, 0).await.unwrap();
    assert_eq!(state().await, (1, 1, Some(NOW), Some(NOW.plus(120))));
    assert_eq!(claim(&db, 119).await, None, "its lease lasts");
    let second = claim(&db, 120).await.unwrap();
    assert_eq!((&second.id, second.tries), (&first.id, 2), "the same name");
    // The first was only slow: what it says counts no more.
    assert_eq!(db.mail_sent(&first).await, Ok(false));
    db.mail_failed(&first, false, NOW.plus(121)).await.unwrap();
    assert_eq!(claim(&db, 151).await, None, "the second's lease is not cut short");
    assert_eq!(db.mail_sent(&second).await, Ok(true));
}

async fn of_sixteen_servers_one_claims_each_mail(db: TestDatabase) {
    for n in 0..120 {
        db.add_mail(mail(n), NOW).await.unwrap();
    }
    let servers = (0..16).map(|_| {
        let db = db.database.clone();
        tokio::spawn(async move {
            let (mut got, mut empty) = (Vec::new(), 0);
            // A server that met another's lock looks again.
            while empty < 3 {
                match db.claim_mail(NOW).await.unwrap() {
                    Some(claimed) => got.push(claimed.mail.to),
                    None => empty += 1,
                }
            }
            got
        })
    });
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for server in servers.collect::<Vec<_>>() {
        for to in server.await.unwrap() {
            *counts.entry(to).or_default() += 1;
        }
    }
    while let Some(claimed) = claim(&db, 0).await {
        *counts.entry(claimed.mail.to).or_default() += 1;
    }
    assert_eq!(counts.len(), 120);
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");
}

async fn a_mail_is_sealed(db: TestDatabase) {
    db.add_mail(mail(1), NOW).await.unwrap();
    db.add_mail(mail(2), NOW).await.unwrap();
    db.run("UPDATE outbox SET sealed = (SELECT sealed FROM outbox ORDER BY id LIMIT 1)").await;
    let mut refused = 0;
    for _ in 0..2 {
        refused += usize::from(db.claim_mail(NOW).await == Err(crate::Error::Sealed("mail")));
    }
    assert_eq!(refused, 1, "a content moved to another row does not open");
}
