//! Properties of the parsers on thousands of altered files: no panic, and what is read is written and reads back.
//! The alterations are seeded: a failure is found again.

use crate::Target;
use crate::seeds::seeds;
use lds::{Dg1, Dg2, Dg11, Dg14, Dg15, Mrz};

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % (n.max(1) as u64)).unwrap()
    }

    /// Flips a bit, overwrites, removes, repeats or inserts a few bytes.
    fn alter(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len());
            let end = (at + 1 + self.below(8)).min(bytes.len());
            match self.below(5) {
                0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                1 if at < bytes.len() => bytes[at] = [0, 0x7F, 0x80, 0xFF, 0x30][self.below(5)],
                2 => drop(bytes.drain(at..end)),
                3 => {
                    let piece = bytes[at..end].to_vec();
                    bytes.splice(at..at, piece);
                }
                _ => {
                    let byte = u8::try_from(self.next() & 0xFF).unwrap();
                    bytes.insert(at, byte);
                }
            }
        }
    }
}

/// Short seeds of a target, and a number of alterations of each.
fn altered(target: Target, rounds: u64) -> impl Iterator<Item = Vec<u8>> {
    let seeds: Vec<_> = seeds().into_iter().filter(|s| s.target == target && s.bytes.len() < 2000).collect();
    assert!(!seeds.is_empty());
    seeds.into_iter().flat_map(move |seed| {
        (0..rounds).map(move |round| {
            let mut bytes = seed.bytes.clone();
            Random(round).alter(&mut bytes);
            bytes
        })
    })
}

#[test]
fn no_altered_file_panics() {
    for target in Target::ALL {
        let (mut read, mut refused) = (0, 0);
        for bytes in altered(target, 1000) {
            match target.read(&bytes) {
                Ok(()) => read += 1,
                Err(_) => refused += 1,
            }
        }
        assert!(read > 0 && refused > 0, "{target:?}: {read} read, {refused} refused");
    }
}

#[test]
fn what_is_read_is_written_and_reads_back() {
    fn check<T: PartialEq + std::fmt::Debug>(
        bytes: &[u8],
        parse: impl Fn(&[u8]) -> lds::Result<T>,
        encode: impl Fn(&T) -> Vec<u8>,
    ) {
        if let Ok(value) = parse(bytes) {
            assert_eq!(parse(&encode(&value)), Ok(value), "{}", hex::encode(bytes));
        }
    }
    for target in [Target::Dg1, Target::Dg2, Target::Dg15] {
        for bytes in altered(target, 1000) {
            check(&bytes, Dg1::parse, Dg1::encode);
            check(&bytes, Dg2::parse, Dg2::encode);
            check(&bytes, Dg15::parse, Dg15::encode);
        }
    }
    // Texts may be written otherwise than they were read: these read again, at least.
    for bytes in altered(Target::Dg11, 1000) {
        if let Ok(dg11) = Dg11::parse(&bytes) {
            assert!(Dg11::parse(&dg11.encode()).is_ok(), "{}", hex::encode(bytes));
        }
    }
    for bytes in altered(Target::Dg14, 1000) {
        if let Ok(dg14) = Dg14::parse(&bytes) {
            assert!(Dg14::parse(&dg14.encode()).is_ok(), "{}", hex::encode(bytes));
        }
    }
}

#[test]
fn an_mrz_is_its_lines_and_no_changed_digit_of_a_number_or_date_passes() {
    let good = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10";
    let mut random = Random(1);
    for _ in 0..2000 {
        // Document number, dates, their check digits.
        let at = [44 + random.below(10), 57 + random.below(7), 65 + random.below(7)][random.below(3)];
        // A letter and the digit that it counts as, modulo 10, are one to a check digit.
        if !good.as_bytes()[at].is_ascii_digit() {
            continue;
        }
        let digit = char::from(b'0' + u8::try_from(random.below(10)).unwrap());
        let mut text = good.to_owned();
        text.replace_range(at..=at, &digit.to_string());
        match Mrz::parse(&text) {
            Ok(mrz) => assert_eq!((mrz.text().as_str(), text.as_str()), (good, good)),
            Err(_) => assert_ne!(text, good),
        }
    }
}
