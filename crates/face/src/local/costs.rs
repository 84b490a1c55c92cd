//! What the engine costs, for docs/performance.md:
//! `cargo test --release -p face --lib costs -- --ignored --nocapture`. With `SCEAU_PYTHON`, a Python that has
//! `onnxruntime` and `numpy`, the same networks are run there in turns with ours. CPU time of all threads, medians.

use std::process::Command;
use std::time::Instant;

use super::tests::{capture_of, portrait_of, read};
use super::*;

const TURNS: usize = 15;

#[test]
#[ignore = "a measurement"]
fn costs() {
    println!("memory before: {} MB", memory("VmRSS") / 1000);
    let engine = LocalEngine::new(LocalEngineConfig { threads: 1, ..LocalEngineConfig::default() }).unwrap();
    let (jpeg, jp2, frame) = (read("ada/portrait.jpg"), read("ada/portrait.jp2"), read("ada/centre-1.jpg"));
    let (portrait, probe) = (portrait_of("ada"), Picture::decode(&frame).unwrap());
    let begun = cpu_ms();
    engine.compare(&portrait, &probe).unwrap();
    println!(
        "first match, networks loaded: {:.0} ms; memory {} MB",
        cpu_ms() - begun,
        memory("VmRSS") / 1000
    );
    let face = engine.face_of(&probe).unwrap();
    let aligned = embedder::align(&probe, &face).unwrap();
    for turn in 1..=3 {
        println!("turn {turn}");
        report(&format!("decode JPEG, {} bytes", jpeg.len()), || Picture::decode(&jpeg).unwrap());
        report(&format!("decode JP2, {} bytes", jp2.len()), || Picture::decode(&jp2).unwrap());
        report("detect", || engine.face_of(&probe).unwrap());
        report("landmarks", || mesh::measure(&engine.models, &probe, &face).unwrap());
        report("embed", || embedder::embed(&engine.models, &aligned).unwrap());
        onnxruntime();
        report("match of a pair, from files", || {
            let portrait = Portrait::from_image(&jp2).unwrap();
            engine.compare(&portrait, &Picture::decode(&frame).unwrap()).unwrap()
        });
    }
    let evidence = capture_of("ada", |_| {});
    println!("challenge of {} frames:", evidence.frame_count());
    for threads in [1, 2] {
        let engine = LocalEngine::new(LocalEngineConfig { threads, ..LocalEngineConfig::default() }).unwrap();
        engine.judge(&portrait, &evidence).unwrap();
        let begun = (Instant::now(), cpu_ms());
        engine.judge(&portrait, &evidence).unwrap();
        let clock = begun.0.elapsed().as_millis();
        println!("  {threads} threads: {clock} ms by the clock, {:.0} ms of CPU", cpu_ms() - begun.1);
    }
    println!("most memory, one at a time: {} MB", memory("VmHWM") / 1000);
    let begun = (Instant::now(), cpu_ms());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| [(); 4].map(|()| engine.compare(&portrait, &probe).unwrap()));
        }
    });
    let clock = begun.0.elapsed().as_millis() / 16;
    println!(
        "four at a time: {:.0} ms of CPU and {clock} ms of the clock a match",
        (cpu_ms() - begun.1) / 16.0
    );
    println!("most memory, four at a time: {} MB", memory("VmHWM") / 1000);
}

fn report<T>(name: &str, work: impl Fn() -> T) {
    let once = |_| {
        let begun = cpu_ms();
        std::hint::black_box(work());
        cpu_ms() - begun
    };
    let mut costs: Vec<f64> = (0..TURNS).map(once).collect();
    costs.sort_by(f64::total_cmp);
    println!("  {name}: {:.1} ms", costs[TURNS / 2]);
}

/// The networks alone, in the runtime of others.
fn onnxruntime() {
    let Ok(python) = std::env::var("SCEAU_PYTHON") else { return };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/models/onnxruntime_costs.py");
    let output = Command::new(python).arg(script).output().unwrap();
    print!("{}", String::from_utf8_lossy(&output.stdout));
}

/// CPU time of all threads of the process, in ms, from the scheduler's counts.
fn cpu_ms() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let time = |task: std::fs::DirEntry| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        text.split_whitespace().next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0)
    };
    tasks.map(time).sum::<f64>() / 1e6
}

/// A line of `/proc/self/status`, in kB.
fn memory(name: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with(name));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}
