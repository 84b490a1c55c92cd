//! Several processes open one database that nobody has opened before: each finds it whole.

use std::sync::Barrier;

use super::{fresh_postgres, open, opened};

const TOGETHER: usize = 8;
/// Fresh files: the moments that collide are short.
const FILES: usize = 30;

/// Opens one database so often at once, each time on a thread and a runtime of its own: no more is shared than by processes.
fn opened_at_once(address: &str) {
    let start = Barrier::new(TOGETHER);
    std::thread::scope(|scope| {
        for n in 0..TOGETHER {
            let start = &start;
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                start.wait();
                runtime.block_on(async { opened(&open(address).await, &format!("e{n}")).await });
            });
        }
    });
}

#[test]
fn sqlite_is_opened_by_several_at_once() {
    for _ in 0..FILES {
        let folder = tempfile::tempdir().unwrap();
        opened_at_once(&format!("sqlite:{}", folder.path().join("sceau.db").display()));
    }
}

#[test]
fn postgres_is_opened_by_several_at_once() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if let Some(address) = runtime.block_on(fresh_postgres()) {
        opened_at_once(&address);
    }
}
