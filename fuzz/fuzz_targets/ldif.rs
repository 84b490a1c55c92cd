//! LDIF of the PKD.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lds::Ldif;

fuzz_target!(|data: &[u8]| {
    for entry in Ldif::new(data).flatten() {
        let _ = entry.pkd_objects().count();
    }
});
