use super::{NOW, TestDatabase, on_both_engines};
use crate::{AuditEvent, Error};

on_both_engines!(
    lines_are_chained,
    parallel_lines_make_one_chain,
    a_changed_line_is_named,
    a_deleted_line_is_named,
    a_tail_cut_off_is_noticed_by_the_head,
);

async fn append(db: &TestDatabase, count: usize) {
    for n in 0..count {
        db.audit(AuditEvent::new("test.line", &format!("s{n}"), "detail"), NOW).await.unwrap();
    }
}

async fn lines_are_chained(db: TestDatabase) {
    assert_eq!(db.verify_audit().await.map(|h| h.sequence), Ok(0));
    append(&db, 3).await;
    assert_eq!(db.verify_audit().await.map(|h| h.sequence), Ok(3));
    let lines = db.audit_lines(1, 10).await.unwrap();
    assert_eq!(
        lines.iter().map(|l| (l.sequence, l.event.subject.as_str())).collect::<Vec<_>>(),
        [(2, "s1"), (3, "s2")]
    );
}

async fn parallel_lines_make_one_chain(db: TestDatabase) {
    let tasks = (0..40).map(|n| {
        let db = db.database.clone();
        tokio::spawn(async move { db.audit(AuditEvent::new("test.line", &n.to_string(), ""), NOW).await })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap().unwrap();
    }
    assert_eq!(db.verify_audit().await.map(|h| h.sequence), Ok(40));
}

async fn a_changed_line_is_named(db: TestDatabase) {
    append(&db, 3).await;
    db.run("UPDATE audit_log SET detail = 'other' WHERE sequence = 2").await;
    assert_eq!(db.verify_audit().await, Err(Error::Chain(2)));
}

async fn a_deleted_line_is_named(db: TestDatabase) {
    append(&db, 3).await;
    db.run("DELETE FROM audit_log WHERE sequence = 2").await;
    assert_eq!(db.verify_audit().await, Err(Error::Chain(2)));
}

async fn a_tail_cut_off_is_noticed_by_the_head(db: TestDatabase) {
    append(&db, 3).await;
    db.run("DELETE FROM audit_log WHERE sequence = 3").await;
    assert_eq!(db.verify_audit().await, Err(Error::Chain(3)));
}
