//! Files as certificates are published: DER, PEM, LDIF, lines of JSON, master lists.
#![no_main]

mod verification;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| verification::trust_input(data));
