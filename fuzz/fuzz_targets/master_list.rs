//! Master lists, deviation lists, defect lists.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lds::{DefectList, DeviationList, MasterList};

fuzz_target!(|data: &[u8]| {
    let _ = MasterList::parse(data);
    let _ = DeviationList::parse(data);
    let _ = DefectList::parse(data);
});
