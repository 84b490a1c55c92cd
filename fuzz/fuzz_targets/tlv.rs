//! BER-TLV: every element down to the bottom; what is read is encoded and reads back.
#![no_main]

use lds::tlv::{Reader, encode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| walk(Reader::new("EF.TEST", data)));

fn walk(mut reader: Reader<'_>) {
    while let Ok(Some(element)) = reader.next_element() {
        let again = encode(element.tag, element.value);
        let read = Reader::new("EF.TEST", &again).next_element().ok().flatten().map(|e| (e.tag, e.value));
        // Tags with a leading zero byte lose it: the tag is a number.
        assert!(element.tag == 0 || read == Some((element.tag, element.value)));
        if let Ok(children) = element.children() {
            walk(children);
        }
    }
}
