use clock::UnixTime;

use super::{TestDatabase, on_both_engines};
use crate::trace::TraceSummary;

on_both_engines!(a_trace_is_listed_and_shown_until_its_time_is_over);

async fn a_trace_is_listed_and_shown_until_its_time_is_over(db: TestDatabase) {
    let at = |seconds: i64| UnixTime(1000 + seconds);
    let summary = |id: &str, seconds: i64| TraceSummary {
        id: id.into(),
        received_at: at(seconds),
        outcome: "nfc.status".into(),
    };
    for (id, seconds) in [("one", 0), ("two", 5)] {
        db.add_trace(summary(id, seconds), "{}\n".into(), at(seconds + 100)).await.unwrap();
    }
    assert_eq!(db.traces(10, at(99)).await.unwrap(), [summary("two", 5), summary("one", 0)]);
    assert_eq!(db.traces(1, at(99)).await.unwrap(), [summary("two", 5)]);
    assert_eq!(db.trace("one", at(99)).await.unwrap().as_deref(), Some("{}\n"));
    // Over, though not deleted yet; then deleted.
    assert_eq!(db.trace("one", at(100)).await.unwrap(), None);
    assert_eq!(db.traces(10, at(100)).await.unwrap(), [summary("two", 5)]);
    assert_eq!(db.delete_expired_traces(at(100), 10).await.unwrap(), 1);
    assert_eq!(db.trace("one", at(0)).await.unwrap(), None);
    assert!(db.trace("two", at(0)).await.unwrap().is_some());
}
