//! EF.DG15: what is read is written and reads back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lds::Dg15;

fuzz_target!(|data: &[u8]| {
    if let Ok(dg15) = Dg15::parse(data) {
        assert_eq!(Dg15::parse(&dg15.encode()), Ok(dg15));
    }
});
