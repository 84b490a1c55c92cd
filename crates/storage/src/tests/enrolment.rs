use identity::{EnrolmentState, EvidenceKind};
use lds::FileId;

use super::{NOW, TestDatabase, loaded, on_both_engines, opened};
use crate::{
    Accepted, AttemptKind, CloseOutcome, CodeSent, CodeTried, Error, NewAttempt, NewEvidence, OpenOutcome,
    Scope,
};

on_both_engines!(
    evidence_is_read_back_only_with_the_bearer_secret,
    evidence_is_appended_only_to_what_was_loaded,
    evidence_that_was_moved_or_removed_is_noticed,
    what_is_given_anew_erases_what_was_given_before,
    the_decision_on_the_holder_erases_the_face,
    a_repeat_of_the_same_bytes_gets_the_stored_answer,
    the_answer_to_the_request_that_closed_an_enrolment_is_kept,
    an_enrolment_holds_so_many_answers_and_so_much_evidence,
    the_first_answer_closes_an_attempt,
    a_lost_tag_does_not_count_as_an_answer,
    mail_codes_have_limited_tries,
    an_expired_enrolment_takes_nothing_and_is_deleted,
    a_cancelled_enrolment_holds_nothing,
    uses_are_counted_in_their_window,
    an_assertion_is_taken_once,
);

async fn evidence_is_read_back_only_with_the_bearer_secret(db: TestDatabase) {
    let enrolment = opened(&db, "e").await;
    let pieces = vec![
        NewEvidence::new(EvidenceKind::Consents, "one"),
        NewEvidence::new(EvidenceKind::File(FileId::Dg(1)), "two"),
    ];
    db.append_evidence(&enrolment, pieces, NOW).await.unwrap();
    let again = loaded(&db, "e").await;
    assert_eq!(again.evidence.content(EvidenceKind::Consents), Some(b"one".as_slice()));
    assert_eq!(again.evidence.content(EvidenceKind::File(FileId::Dg(1))), Some(b"two".as_slice()));
    assert_eq!(again.evidence.items[1].received_at, NOW);
    assert!(db.load_enrolment("e", b"bearer-x", NOW).await.unwrap().is_none());
    assert!(db.load_enrolment("x", b"bearer-e", NOW).await.unwrap().is_none());
}

async fn evidence_is_appended_only_to_what_was_loaded(db: TestDatabase) {
    let enrolment = opened(&db, "e").await;
    let piece = || vec![NewEvidence::new(EvidenceKind::Consents, "one")];
    db.append_evidence(&enrolment, piece(), NOW).await.unwrap();
    assert_eq!(db.append_evidence(&enrolment, piece(), NOW).await, Err(Error::Conflict));
    assert_eq!(loaded(&db, "e").await.evidence.items.len(), 1);
}

async fn evidence_that_was_moved_or_removed_is_noticed(db: TestDatabase) {
    for id in ["a", "b"] {
        let enrolment = opened(&db, id).await;
        let piece = |text: &str| NewEvidence::new(EvidenceKind::CaAttempt, text);
        db.append_evidence(&enrolment, vec![piece("one"), piece("two"), piece("three")], NOW).await.unwrap();
    }
    let load = async || db.load_enrolment("a", b"bearer-a", NOW).await.map(drop);
    assert_eq!(load().await, Ok(()));
    db.run("UPDATE enrolment_evidence SET kind = 9 WHERE enrolment_id = 'a' AND sequence = 1").await;
    assert_eq!(load().await, Err(Error::Chain(1)));
    db.run("UPDATE enrolment_evidence SET kind = 5 WHERE enrolment_id = 'a' AND sequence = 1").await;
    assert_eq!(load().await, Ok(()));
    db.run(
        "UPDATE enrolment_evidence SET sealed = (SELECT sealed FROM enrolment_evidence \
         WHERE enrolment_id = 'b' AND sequence = 1) WHERE enrolment_id = 'a' AND sequence = 1",
    )
    .await;
    assert_eq!(load().await, Err(Error::Chain(1)));
    let load = async || db.load_enrolment("b", b"bearer-b", NOW).await.map(drop);
    db.run("DELETE FROM enrolment_evidence WHERE enrolment_id = 'b' AND sequence = 2").await;
    assert_eq!(load().await, Err(Error::Chain(2)), "the tail is cut off");
    db.run("DELETE FROM enrolment_evidence WHERE enrolment_id = 'b' AND sequence = 0").await;
    assert_eq!(load().await, Err(Error::Chain(0)));
}

async fn what_is_given_anew_erases_what_was_given_before(db: TestDatabase) {
    let attempt = EvidenceKind::CaAttempt;
    for kind in [
        EvidenceKind::Consents,
        EvidenceKind::Contact,
        EvidenceKind::ContactVerified,
        EvidenceKind::Declaration,
        EvidenceKind::PinKey,
        attempt,
    ] {
        for text in ["one", "two"] {
            let enrolment = match kind == EvidenceKind::Consents && text == "one" {
                true => opened(&db, "e").await,
                false => loaded(&db, "e").await,
            };
            db.append_evidence(&enrolment, vec![NewEvidence::new(kind, text)], NOW).await.unwrap();
        }
        let after = loaded(&db, "e").await;
        let pieces = after.evidence.items.iter().filter(|item| item.kind == kind);
        let texts: Vec<_> = pieces.map(|item| item.content.as_deref()).collect();
        let first = (kind == attempt).then_some(b"one".as_slice());
        assert_eq!(texts, [first, Some(b"two".as_slice())], "{kind:?}");
    }
    let sealed = "SELECT COUNT(*) FROM enrolment_evidence WHERE sealed IS NOT NULL";
    assert_eq!(db.count(sealed).await, 5 + 2, "gone from the table too");
}

async fn the_decision_on_the_holder_erases_the_face(db: TestDatabase) {
    let enrolment = opened(&db, "e").await;
    db.accept_request(&enrolment, 1, "k", &[1; 32], NOW).await.unwrap();
    db.store_response("e", b"bearer-e", "k", &[1; 32], b"answer").await.unwrap();
    let dg2 = EvidenceKind::File(FileId::Dg(2));
    let pieces = vec![
        NewEvidence::new(EvidenceKind::File(FileId::Dg(1)), "mrz"),
        NewEvidence::new(dg2, "face"),
        NewEvidence::new(EvidenceKind::FaceSession, "nonce"),
    ];
    db.append_evidence(&enrolment, pieces, NOW).await.unwrap();
    let enrolment = loaded(&db, "e").await;
    assert_eq!(enrolment.evidence.content(dg2), Some(b"face".as_slice()));
    db.record_holder_decision(&enrolment, b"decision", NOW).await.unwrap();
    let after = loaded(&db, "e").await;
    assert_eq!(after.evidence.content(dg2), None);
    assert_eq!(after.evidence.content(EvidenceKind::FaceSession), None);
    assert_eq!(after.evidence.content(EvidenceKind::File(FileId::Dg(1))), Some(b"mrz".as_slice()));
    assert_eq!(after.evidence.content(EvidenceKind::HolderDecision), Some(b"decision".as_slice()));
    assert_eq!(after.evidence.items.len(), 4, "the chain goes on over what was erased");
    let repeat = db.accept_request(&after, 1, "k", &[1; 32], NOW).await.unwrap();
    assert_eq!(repeat, Accepted::OldSequence, "not unfinished for ever");
}

async fn a_repeat_of_the_same_bytes_gets_the_stored_answer(db: TestDatabase) {
    let enrolment = opened(&db, "e").await;
    let accept = async |sequence, key: &str, digest: u8| {
        db.accept_request(&enrolment, sequence, key, &[digest; 32], NOW).await.unwrap()
    };
    assert_eq!(accept(1, "k1", 1).await, Accepted::Fresh);
    assert_eq!(accept(1, "k1", 1).await, Accepted::Unfinished);
    db.store_response("e", b"bearer-e", "k1", &[1; 32], b"answer").await.unwrap();
    assert_eq!(accept(1, "k1", 1).await, Accepted::Replay(b"answer".to_vec()));
    assert_eq!(accept(2, "k1", 2).await, Accepted::Conflict);
    assert_eq!(accept(1, "k2", 2).await, Accepted::OldSequence);
    assert_eq!(accept(2, "", 3).await, Accepted::Fresh);
    assert_eq!(accept(2, "", 3).await, Accepted::OldSequence);
    assert_eq!(accept(9, "k3", 4).await, Accepted::Fresh);
    assert_eq!(accept(8, "k4", 5).await, Accepted::OldSequence);
}

async fn the_answer_to_the_request_that_closed_an_enrolment_is_kept(db: TestDatabase) {
    let enrolment = opened(&db, "e").await;
    let accept = async || db.accept_request(&enrolment, 1, "k", &[1; 32], NOW).await.unwrap();
    assert_eq!(accept().await, Accepted::Fresh);
    assert_eq!(db.cancel_enrolment("e").await, Ok(true));
    assert_eq!(accept().await, Accepted::OldSequence);
    db.store_response("e", b"bearer-e", "k", &[1; 32], b"answer").await.unwrap();
    assert_eq!(accept().await, Accepted::Replay(b"answer".to_vec()));
    db.store_response("e", b"bearer-e", "k", &[2; 32], b"another").await.unwrap();
    assert_eq!(accept().await, Accepted::Replay(b"answer".to_vec()), "the answer to other bytes");
}

async fn an_enrolment_holds_so_many_answers_and_so_much_evidence(db: TestDatabase) {
    let enrolment = opened(&db, "e").await;
    for n in 1..=1000 {
        let accepted = db.accept_request(&enrolment, n, &format!("k{n}"), &[1; 32], NOW).await;
        assert_eq!(accepted, Ok(Accepted::Fresh));
    }
    let full = Err(Error::TooLong("enrolment"));
    assert_eq!(db.accept_request(&enrolment, 1001, "k1001", &[1; 32], NOW).await, full);
    let piece = |kind, length| vec![NewEvidence::new(kind, vec![b'x'; length])];
    let (limit, answers) = (8 * 1024 * 1024, EvidenceKind::CaResponses);
    let append = async |kind, length| {
        let enrolment = loaded(&db, "e").await;
        db.append_evidence(&enrolment, piece(kind, length), NOW).await
    };
    append(EvidenceKind::Declaration, limit).await.unwrap();
    assert_eq!(append(answers, 1).await, Err(Error::TooLong("enrolment")));
    assert_eq!(append(EvidenceKind::Declaration, limit + 1).await, Err(Error::TooLong("enrolment")));
    append(EvidenceKind::Declaration, limit - 1).await.expect("the one before counts no more");
    append(answers, 1).await.unwrap();
}

fn new(kind: AttemptKind, id: &str, expires_at: clock::UnixTime) -> NewAttempt {
    NewAttempt { kind, id: id.to_owned(), content: b"task".to_vec(), expires_at }
}

async fn the_first_answer_closes_an_attempt(db: TestDatabase) {
    const CA: AttemptKind = AttemptKind::ChipAuthentication;
    let enrolment = opened(&db, "e").await;
    let until = NOW.plus(60);
    let open = db.open_attempt(&enrolment, new(CA, "a1", until), 3, NOW).await.unwrap();
    assert_eq!(open, OpenOutcome::Opened);
    let enrolment = loaded(&db, "e").await;
    let close =
        async |enrolment: &_, kind, id: &str, at| db.close_attempt(enrolment, kind, id, b"answer", at).await;
    assert_eq!(close(&enrolment, CA, "other", NOW).await, Ok(CloseOutcome::Unknown));
    assert_eq!(
        close(&enrolment, AttemptKind::ActiveAuthentication, "a1", NOW).await,
        Ok(CloseOutcome::Unknown),
        "another kind"
    );
    assert_eq!(close(&enrolment, CA, "a1", until).await, Ok(CloseOutcome::Expired));
    let other = opened(&db, "f").await;
    assert_eq!(close(&other, CA, "a1", NOW).await, Ok(CloseOutcome::Unknown), "another enrolment");

    let (one, two) = tokio::join!(close(&enrolment, CA, "a1", NOW), close(&enrolment, CA, "a1", NOW));
    let mut outcomes = [one, two];
    outcomes.sort_by_key(|o| o != &Ok(CloseOutcome::Closed));
    assert_eq!(outcomes, [Ok(CloseOutcome::Closed), Ok(CloseOutcome::AlreadyClosed)]);
    let enrolment = loaded(&db, "e").await;
    assert_eq!(enrolment.evidence.content(EvidenceKind::CaAttempt), Some(b"task".as_slice()));
    assert_eq!(enrolment.evidence.content(EvidenceKind::CaResponses), Some(b"answer".as_slice()));
    assert_eq!(enrolment.chip_answers, 1);
    assert_eq!(close(&enrolment, CA, "a1", NOW).await, Ok(CloseOutcome::AlreadyClosed));
}

async fn a_lost_tag_does_not_count_as_an_answer(db: TestDatabase) {
    const AA: AttemptKind = AttemptKind::ActiveAuthentication;
    opened(&db, "e").await;
    for attempt in ["a1", "a2", "a3", "a4"] {
        let enrolment = loaded(&db, "e").await;
        let open = db.open_attempt(&enrolment, new(AA, attempt, NOW.plus(60)), 1, NOW).await.unwrap();
        assert_eq!(open, OpenOutcome::Opened, "no answer came yet");
    }
    let enrolment = loaded(&db, "e").await;
    let close = async |id| db.close_attempt(&enrolment, AA, id, b"", NOW).await.unwrap();
    assert_eq!(close("a1").await, CloseOutcome::AlreadyClosed, "a newer attempt closed it");
    assert_eq!(close("a4").await, CloseOutcome::Closed);
    let enrolment = loaded(&db, "e").await;
    let open = db.open_attempt(&enrolment, new(AA, "a5", NOW.plus(60)), 1, NOW).await.unwrap();
    assert_eq!(open, OpenOutcome::TooMany);
}

async fn mail_codes_have_limited_tries(db: TestDatabase) {
    opened(&db, "e").await;
    let mail = "anna@example.org";
    let attempt =
        async |mail: &str, code: &str, at| db.try_contact_code("e", mail, code, 3, at).await.unwrap();
    assert_eq!(attempt(mail, "123456", NOW).await, CodeTried::None);
    let send = async || db.send_contact_code("e", mail, "123456", NOW.plus(60), 2).await.unwrap();
    assert_eq!(send().await, CodeSent::Stored);
    assert_eq!(attempt(mail, "123456", NOW.plus(60)).await, CodeTried::Expired);
    assert_eq!(attempt(mail, "000000", NOW).await, CodeTried::Wrong(2));
    assert_eq!(attempt("eve@example.org", "123456", NOW).await, CodeTried::Wrong(1), "another address");
    assert_eq!(attempt(mail, "123456", NOW).await, CodeTried::Right);
    assert_eq!(attempt(mail, "123456", NOW).await, CodeTried::None, "used up");
    assert_eq!(send().await, CodeSent::Stored);
    for left in [2, 1, 0] {
        assert_eq!(attempt(mail, "000000", NOW).await, CodeTried::Wrong(left));
    }
    assert_eq!(attempt(mail, "123456", NOW).await, CodeTried::Exhausted);
    assert_eq!(send().await, CodeSent::TooMany);
}

async fn an_expired_enrolment_takes_nothing_and_is_deleted(db: TestDatabase) {
    let enrolment = opened(&db, "e").await;
    let piece = || vec![NewEvidence::new(EvidenceKind::Consents, "one")];
    let end = NOW.plus(3600);
    db.append_evidence(&enrolment, piece(), NOW).await.unwrap();
    let late = db.load_enrolment("e", b"bearer-e", end).await.unwrap().unwrap();
    assert_eq!(late.state, EnrolmentState::Expired);
    assert_eq!(db.append_evidence(&late, piece(), end).await, Err(Error::Conflict));
    assert_eq!(db.extend_enrolment("e", end.plus(60), end).await, Err(Error::Conflict));
    assert_eq!(db.delete_expired_enrolments(end.plus(-1), 10).await, Ok(0));
    assert_eq!(db.delete_expired_enrolments(end, 10).await, Ok(1));
    assert!(db.load_enrolment("e", b"bearer-e", NOW).await.unwrap().is_none());
    assert_eq!(db.count("SELECT COUNT(*) FROM enrolment_evidence").await, 0);
}

async fn a_cancelled_enrolment_holds_nothing(db: TestDatabase) {
    let enrolment = opened(&db, "e").await;
    db.append_evidence(&enrolment, vec![NewEvidence::new(EvidenceKind::Contact, "one")], NOW).await.unwrap();
    assert_eq!(db.cancel_enrolment("e").await, Ok(true));
    assert_eq!(db.cancel_enrolment("e").await, Ok(false));
    let after = loaded(&db, "e").await;
    assert_eq!((after.state, after.evidence.items.len()), (EnrolmentState::Cancelled, 0));
}

async fn uses_are_counted_in_their_window(db: TestDatabase) {
    let start = clock::UnixTime(NOW.0 - NOW.0 % 60);
    let take =
        async |subject: &[u8], at| db.count_use(Scope::LoginByAddress, subject, 60, 2, at).await.unwrap();
    assert!(take(b"a", start).await);
    assert!(take(b"a", start.plus(59)).await);
    assert!(!take(b"a", start.plus(59)).await);
    assert!(take(b"b", start.plus(59)).await, "another address");
    assert!(take(b"a", start.plus(60)).await, "the next minute");
    assert!(!db.count_use(Scope::LoginByAddress, b"c", 60, 0, start).await.unwrap());
    db.delete_expired_counts(start.plus(60)).await.unwrap();
    assert_eq!(db.count("SELECT COUNT(*) FROM usage_count").await, 1);
}

async fn an_assertion_is_taken_once(db: TestDatabase) {
    let until = NOW.plus(60);
    assert_eq!(db.take_client_assertion("fc", "j1", until).await, Ok(true));
    assert_eq!(db.take_client_assertion("fc", "j1", until).await, Ok(false));
    assert_eq!(db.take_client_assertion("other", "j1", until).await, Ok(true));
    db.delete_expired_counts(until).await.unwrap();
    assert_eq!(db.take_client_assertion("fc", "j1", until).await, Ok(true));
}
