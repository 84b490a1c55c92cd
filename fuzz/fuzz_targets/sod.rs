//! EF.SOD: BER or DER, CMS, LDS security object.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lds::Sod;

fuzz_target!(|data: &[u8]| {
    let _ = Sod::parse(data);
});
