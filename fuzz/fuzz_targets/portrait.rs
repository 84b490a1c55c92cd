//! A portrait or frame: JPEG, JP2, codestream to pixels, within the bounds.
#![no_main]

use face::{MAX_BYTES, MAX_PIXELS, Picture};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(picture) = Picture::decode(data) {
        assert!(data.len() <= MAX_BYTES);
        assert!((picture.width() * picture.height()) as u64 <= MAX_PIXELS);
        assert_eq!(picture.rgb().len(), picture.width() * picture.height() * 3);
    }
});
