//! EF.DG11, and EF.DG12 and EF.DG16 which share its fields: what is read is written and reads again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lds::{Dg11, Dg12, Dg16};

fuzz_target!(|data: &[u8]| {
    if let Ok(dg11) = Dg11::parse(data) {
        assert!(Dg11::parse(&dg11.encode()).is_ok());
    }
    if let Ok(dg12) = Dg12::parse(data) {
        assert!(Dg12::parse(&dg12.encode()).is_ok());
    }
    if let Ok(dg16) = Dg16::parse(data) {
        assert!(Dg16::parse(&dg16.encode()).is_ok());
    }
});
