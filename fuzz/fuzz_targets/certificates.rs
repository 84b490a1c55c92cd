//! X.509: certificates and CRLs.
#![no_main]

mod verification;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| verification::certificates(data));
