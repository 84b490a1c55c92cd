//! Pictures made to break a decoder: none may make it panic, hang, or allocate by the attacker's number, and each gets a
//! clear code. Seeded, so every run reads the same. What the dearest costs is printed with `--nocapture`.

use std::sync::atomic::{AtomicUsize, Ordering};

mod measure;
mod pictures;

use face::{ImageError, Picture};
use measure::{cpu_time, status};
use pictures::{MUTATIONS, mutated, named};

/// The most memory that all of them together may add to the process at any time, in kB.
const MAX_MEMORY: u64 = 100_000;

static PANICS: AtomicUsize = AtomicUsize::new(0);

#[test]
fn no_hostile_picture_panics_or_takes_memory_and_each_has_a_code() {
    std::panic::set_hook(Box::new(|_| {
        PANICS.fetch_add(1, Ordering::Relaxed);
    }));
    let (named, mutated) = (named(), mutated());
    let before = status("VmRSS");
    let (mut wrong, mut refused, mut read) = (Vec::new(), 0, 0);
    let mut dearest = (0, String::new());
    let named = named.into_iter().map(|(name, bytes, code)| (name.to_owned(), bytes, Some(code)));
    for (name, bytes, code) in named.chain(mutated.into_iter().map(|(name, bytes)| (name, bytes, None))) {
        let start = cpu_time();
        let decoded = Picture::decode(&bytes).map(drop).map_err(ImageError::code);
        let cost = cpu_time().saturating_sub(start);
        if cost > dearest.0 {
            dearest = (cost, name.clone());
        }
        match decoded {
            Ok(()) => read += 1,
            Err(_) => refused += 1,
        }
        if code.is_some_and(|code| decoded != Err(code)) {
            wrong.push((name, decoded));
        }
    }
    let added = status("VmHWM").saturating_sub(before);
    let _ = std::panic::take_hook();
    println!(
        "{refused} refused, {read} read; dearest: {} with {} us; {added} kB",
        dearest.1,
        dearest.0 / 1000
    );
    assert_eq!(PANICS.load(Ordering::Relaxed), 0, "panics");
    assert_eq!(wrong, []);
    assert!(added < MAX_MEMORY, "{added} kB");
    assert!(read > 100 && refused > MUTATIONS, "mutations that change something and leave something");
}
