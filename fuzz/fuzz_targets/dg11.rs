//! EF.DG11, and EF.DG12 and EF.DG16 which share its fields: what is read is written and reads again.
#![no_main]

use lds::{Dg11, Dg12, Dg16, Error, Result};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(dg11) = Dg11::parse(data) {
        assert!(reads_again(Dg11::parse(&dg11.encode())));
    }
    if let Ok(dg12) = Dg12::parse(data) {
        assert!(reads_again(Dg12::parse(&dg12.encode())));
    }
    if let Ok(dg16) = Dg16::parse(data) {
        assert!(reads_again(Dg16::parse(&dg16.encode())));
    }
});

/// ISO 8859-1 becomes UTF-8, which is longer: the file may have become too long.
fn reads_again<T>(result: Result<T>) -> bool {
    matches!(result, Ok(_) | Err(Error::TooLarge { .. }))
}
