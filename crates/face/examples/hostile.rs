//! What pictures made to break a decoder cost, as a table: `cargo run --release -p face --example hostile`. CPU time is the
//! thread's; memory is what the process grew by at most, over all pictures until then. The limits are 0.5 s and 100 MB.

#[path = "../tests/hostile/measure.rs"]
mod measure;
#[allow(dead_code, reason = "shared with the test")]
#[path = "../tests/hostile/pictures.rs"]
mod pictures;

use face::{ImageError, Picture};
use measure::{cpu_time, status};

/// The most CPU time of a picture, in nanoseconds.
const MAX_CPU: u64 = 500_000_000;
/// The most memory, in kB.
const MAX_MEMORY: u64 = 100_000;

fn main() {
    let (named, mutated) = (pictures::named(), pictures::mutated());
    let before = status("VmRSS");
    let mut worst = 0;
    println!("| picture | kB | code | CPU, ms | memory, MB |\n|---|---|---|---|---|");
    for (name, bytes, _) in named {
        let (code, cost) = decode(&bytes);
        worst = worst.max(cost);
        println!("| {name} | {} | {} | {} | {} |", bytes.len() / 1000, quoted(code), ms(cost), grown(before));
    }
    let mut kinds: Vec<(String, usize, u64)> = Vec::new();
    for (name, bytes) in mutated {
        let (_, cost) = decode(&bytes);
        worst = worst.max(cost);
        let kind = name.rsplit_once(' ').map_or(name.as_str(), |(kind, _)| kind).to_owned();
        match kinds.iter_mut().find(|(known, ..)| *known == kind) {
            Some((_, count, most)) => (*count, *most) = (*count + 1, cost.max(*most)),
            None => kinds.push((kind, 1, cost)),
        }
    }
    for (kind, count, most) in kinds {
        println!("| the dearest of {count} mutations: {kind} | | | {} | {} |", ms(most), grown(before));
    }
    let memory = status("VmHWM").saturating_sub(before);
    assert!(worst < MAX_CPU && memory < MAX_MEMORY, "{worst} ns, {memory} kB");
}

fn decode(bytes: &[u8]) -> (Option<&'static str>, u64) {
    let begun = cpu_time();
    let outcome = Picture::decode(bytes).map(drop).map_err(ImageError::code);
    (outcome.err(), cpu_time().saturating_sub(begun))
}

fn quoted(code: Option<&str>) -> String {
    code.map_or_else(|| "read".to_owned(), |code| format!("`{code}`"))
}

fn ms(nanoseconds: u64) -> String {
    format!("{}.{}", nanoseconds / 1_000_000, nanoseconds / 100_000 % 10)
}

fn grown(before: u64) -> u64 {
    status("VmHWM").saturating_sub(before) / 1000
}
