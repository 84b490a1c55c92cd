//! A whole document: its files behind each other.
#![no_main]

mod verification;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| verification::verify(data));
