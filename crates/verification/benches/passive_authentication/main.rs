//! What passive authentication of a passport costs, beside its floor and beside OpenSSL: the table of
//! docs/performance.md.
//!
//! `cargo bench -p verification`, with `-- SECONDS` for the time that each kind of key gets.
//!
//! Everything runs in turns of short batches, and ratios are of the same turn: what else the machine does meanwhile
//! falls on all of them. Shown is the median.

mod cases;
mod openssl;
mod trust;

use std::time::{Duration, Instant};

use cases::Case;
use clock::UnixTime;
use openssl::OpenSsl;
use verification::{Policy, TrustStore, judge_data};

/// How long a batch lasts, about: shorter than a time slice, so that most are not interrupted.
const BATCH: Duration = Duration::from_micros(1500);
const SECONDS: f64 = 6.0;

fn main() {
    let seconds = std::env::args().skip(1).find_map(|text| text.parse().ok()).unwrap_or(SECONDS);
    let at = UnixTime::from_rfc3339("2026-06-01").expect("a day");
    if trust::measured(at) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let program = openssl::compile(folder.path());
    if program.is_none() {
        println!(
            "No C compiler, or no headers of libcrypto (Debian: libssl-dev): OpenSSL's columns stay empty.\n"
        );
    }
    println!(
        "| µs, median | floor | warm | warm / floor | cold | OpenSSL, chain | OpenSSL, groups | warm / OpenSSL |\n\
         |---|---|---|---|---|---|---|---|"
    );
    for case in cases::all(at) {
        let openssl = program.as_ref().map(|program| OpenSsl::start(program, folder.path(), &case, at));
        Bench { case, at, policy: Policy::field(), openssl }.row(seconds);
    }
    println!();
    trust::report(folder.path(), at);
}

struct Bench {
    case: Case,
    at: UnixTime,
    policy: Policy,
    openssl: Option<OpenSsl>,
}

/// Nanoseconds of one run in each turn.
#[derive(Default)]
struct Turns {
    floor: Vec<f64>,
    warm: Vec<f64>,
    cold: Vec<f64>,
    chain: Vec<f64>,
    hashes: Vec<f64>,
}

impl Bench {
    fn row(&mut self, seconds: f64) {
        let store = self.store();
        self.authenticate(&store);
        let sized = |run: &mut dyn FnMut(u32) -> Duration| {
            let one = run(20).as_secs_f64() / 20.0;
            ((BATCH.as_secs_f64() / one) as u32).clamp(1, 1000)
        };
        let times = sized(&mut |times| timed(times, || self.authenticate(&store)));
        let mut turns = Turns::default();
        let start = Instant::now();
        while start.elapsed().as_secs_f64() < seconds {
            let each = |time: Duration| time.as_secs_f64() * 1e9 / f64::from(times);
            turns.floor.push(each(timed(times, || self.case.floor())));
            turns.warm.push(each(timed(times, || self.authenticate(&store))));
            let one = |time: Duration| time.as_secs_f64() * 1e9;
            let fresh = self.store();
            turns.cold.push(one(timed(1, || self.authenticate(&fresh))));
            if let Some(openssl) = &mut self.openssl {
                turns.chain.push(each(openssl.verify(times)));
                turns.hashes.push(each(openssl.hash(times)));
            }
        }
        turns.print(self.case.name);
    }

    /// A store that has met another document signer of the State, and not this one.
    fn store(&self) -> TrustStore {
        let mut store = TrustStore::new();
        store.add_csca(&self.case.csca).expect("a certificate");
        store.authenticate_sod(&self.case.other_sod, &self.policy, self.at).outcome.expect("authentic");
        store
    }

    /// The whole of it: EF.SOD and all data groups, from bytes.
    fn authenticate(&self, store: &TrustStore) {
        judge_data(&self.case.data, store, &self.policy, self.at).outcome.expect("authentic");
    }
}

impl Turns {
    fn print(&self, name: &str) {
        let us =
            |turns: &[f64]| median(turns.to_vec()).map_or("-".to_owned(), |ns| format!("{:.0}", ns / 1e3));
        let ratio = |one: &[f64], other: &[f64]| {
            let ratios = one.iter().zip(other).map(|(one, other)| one / other).collect();
            median(ratios).map_or("-".to_owned(), |ratio| format!("{ratio:.2}"))
        };
        println!(
            "| {name} | {} | {} | {} | {} | {} | {} | {} |",
            us(&self.floor),
            us(&self.warm),
            ratio(&self.warm, &self.floor),
            us(&self.cold),
            us(&self.chain),
            us(&self.hashes),
            ratio(&self.warm, &self.chain),
        );
    }
}

fn timed(times: u32, mut run: impl FnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..times {
        run();
    }
    start.elapsed()
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
