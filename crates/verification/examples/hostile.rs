//! What documents cost that are made to cost time or memory: the table of docs/performance.md.
//!
//! `cargo run --release -p verification --example hostile`
//!
//! CPU time is that of the thread, from `/proc` (Linux), so what else the machine does does not count; of five runs,
//! each with a store that has met nobody, the worst. Memory is the most that was allocated at once.

#![allow(clippy::unwrap_used, reason = "a case that cannot be made ends the program")]

#[path = "../tests/hostile/cases.rs"]
mod cases;
#[path = "../tests/world/mod.rs"]
mod world;

use peak_alloc::PeakAlloc;
use verification::{Policy, judge_data};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const RUNS: usize = 5;
/// The most milliseconds of CPU that a document of less than 1 MB may take.
const MILLISECONDS: f64 = 50.0;

fn main() {
    println!("| document | kB | refused with | CPU, ms | peak, kB |\n|---|---|---|---|---|");
    let mut beyond = Vec::new();
    let mut within = |case: &cases::Case, cost: &Cost| {
        if cost.milliseconds > MILLISECONDS || cost.peak > cases::LIMIT {
            beyond.push(case.name.clone());
        }
    };
    for case in cases::all() {
        let (cost, code) = measured(&case);
        within(&case, &cost);
        let length: usize = case.files.values().map(Vec::len).sum();
        println!(
            "| {} | {} | {} | {:.1} | {} |",
            case.name,
            length / 1000,
            code.map_or_else(|| "accepted".to_owned(), |code| format!("`{code}`")),
            cost.milliseconds,
            cost.peak / 1000
        );
    }
    let (mut files, mut worst, mut peak) = (0, 0.0_f64, 0);
    for case in cases::of_the_corpus() {
        let (cost, _) = measured(&case);
        within(&case, &cost);
        (files, worst, peak) = (files + 1, worst.max(cost.milliseconds), peak.max(cost.peak));
    }
    println!("| the worst of the parsers' corpus, {files} files | | | {worst:.1} | {} |", peak / 1000);
    println!("\nAbove {MILLISECONDS} ms or {} MiB: {beyond:?}", cases::LIMIT >> 20);
}

struct Cost {
    milliseconds: f64,
    peak: usize,
}

fn measured(case: &cases::Case) -> (Cost, Option<String>) {
    let (policy, data) = (Policy::field(), case.data());
    let mut cost = Cost { milliseconds: 0.0, peak: 0 };
    let mut code = None;
    for _ in 0..RUNS {
        let store = case.store();
        ALLOCATOR.reset_peak_usage();
        let (allocated, begin) = (ALLOCATOR.current_usage(), nanoseconds());
        let judged = judge_data(&data, &store, &policy, world::at());
        let spent = nanoseconds() - begin;
        cost.milliseconds = cost.milliseconds.max(spent as f64 / 1e6);
        cost.peak = cost.peak.max(ALLOCATOR.peak_usage().saturating_sub(allocated));
        code = judged.outcome.err().map(|rejection| rejection.code());
    }
    assert!(case.code.is_none_or(|expected| code.as_deref() == expected), "{}: {code:?}", case.name);
    (cost, code)
}

/// The CPU time of this thread.
fn nanoseconds() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    text.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
}
