//! Measures the built-in engine on pairs of pictures: false matches and false non-matches at each threshold.
//!
//! `cargo run --release -p face --example pairs -- LIST`, where each line of LIST has two files and `1` for one person
//! or `0` for two, separated by tabs. Pictures are JPEG or JPEG 2000. Prints the cosines if `-v` follows.

use std::collections::BTreeMap;

use face::{LocalEngine, LocalEngineConfig, Picture};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let list = std::fs::read_to_string(arguments.next().ok_or("which list?")?)?;
    let verbose = arguments.next().as_deref() == Some("-v");
    let engine = LocalEngine::new(LocalEngineConfig::default())?;
    let mut pictures: BTreeMap<&str, Option<Picture>> = BTreeMap::new();
    let (mut same, mut different, mut failed) = (Vec::new(), Vec::new(), 0);
    for line in list.lines() {
        let [one, other, label] = line.split('\t').collect::<Vec<_>>()[..] else {
            return Err(format!("not three columns: {line}").into());
        };
        for file in [one, other] {
            if !pictures.contains_key(file) {
                pictures.insert(file, Picture::decode(&std::fs::read(file)?).ok());
            }
        }
        let (Some(Some(a)), Some(Some(b))) = (pictures.get(one), pictures.get(other)) else {
            failed += 1;
            continue;
        };
        match engine.measure(a, b) {
            Ok(cosine) => {
                if verbose {
                    println!("{cosine:.4}\t{line}");
                }
                if label == "1" { same.push(cosine) } else { different.push(cosine) }
            }
            Err(error) => {
                failed += 1;
                if verbose {
                    println!("{}\t{line}", error.code());
                }
            }
        }
    }
    println!("{} pairs of one person, {} of two, {failed} without two faces", same.len(), different.len());
    println!("threshold\tfalse matches\tfalse non-matches");
    for threshold in [0.363, 0.40, 0.42, 0.44, 0.45, 0.46, 0.48, 0.50] {
        let matches = different.iter().filter(|cosine| **cosine >= threshold).count();
        let misses = same.iter().filter(|cosine| **cosine < threshold).count();
        println!("{threshold}\t{matches}\t{misses}");
    }
    Ok(())
}
