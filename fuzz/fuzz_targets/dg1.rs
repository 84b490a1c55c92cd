//! EF.DG1: what is read is written and reads back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lds::Dg1;

fuzz_target!(|data: &[u8]| {
    if let Ok(dg1) = Dg1::parse(data) {
        assert_eq!(Dg1::parse(&dg1.encode()), Ok(dg1));
    }
});
