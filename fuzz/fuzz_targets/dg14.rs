//! EF.DG14, EF.CardAccess, EF.CardSecurity: SecurityInfos.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lds::{CardAccess, CardSecurity, Dg14};

fuzz_target!(|data: &[u8]| {
    if let Ok(dg14) = Dg14::parse(data) {
        assert!(Dg14::parse(&dg14.encode()).is_ok());
    }
    let _ = CardAccess::parse(data);
    let _ = CardSecurity::parse(data);
});
