//! EF.DG2: both facial records, image headers; what is read is written and reads back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lds::Dg2;

fuzz_target!(|data: &[u8]| {
    if let Ok(dg2) = Dg2::parse(data) {
        assert!(dg2.faces.iter().filter_map(|face| face.header()).all(|header| header.within_bounds()));
        assert_eq!(Dg2::parse(&dg2.encode()), Ok(dg2));
    }
});
