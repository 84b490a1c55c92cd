//! Dynamic authentication data of GENERAL AUTHENTICATE: `7C { tag { value } .. }` (Doc 9303-11, 4.4.4.2).

use lds::tlv::{self, Reader};

use crate::{Error, Step};

const DYNAMIC_AUTHENTICATION_DATA: u32 = 0x7C;

/// Wraps one value; `None`: an empty template.
pub(crate) fn encode(object: Option<(u32, &[u8])>) -> Vec<u8> {
    encode_all(object.as_slice())
}

/// Wraps values.
pub(crate) fn encode_all(objects: &[(u32, &[u8])]) -> Vec<u8> {
    let objects: Vec<_> = objects.iter().map(|(tag, value)| tlv::encode(*tag, value)).collect();
    tlv::encode_all(DYNAMIC_AUTHENTICATION_DATA, &objects)
}

/// The value under `tag`, wherever it stands in the template.
pub(crate) fn optional(data: &[u8], tag: u32) -> Option<Vec<u8>> {
    let template = tlv::read_one("APDU", data, DYNAMIC_AUTHENTICATION_DATA).ok()?;
    let mut objects = template.children().ok()?;
    while let Ok(Some(object)) = objects.next_element() {
        if object.tag == tag {
            return Some(object.value.to_vec());
        }
    }
    None
}

/// The value under `tag`, beside which only the tags `also` may stand.
pub(crate) fn decode(step: Step, data: &[u8], tag: u32, also: &[u32]) -> Result<Vec<u8>, Error> {
    find(data, tag, also).ok().flatten().ok_or(Error::MalformedAnswer { step })
}

fn find(data: &[u8], tag: u32, also: &[u32]) -> lds::Result<Option<Vec<u8>>> {
    let template = tlv::read_one("APDU", data, DYNAMIC_AUTHENTICATION_DATA)?;
    let mut objects = template.children()?;
    let value = objects.expect(tag)?.value.to_vec();
    while let Some(object) = objects.next_element()? {
        if !also.contains(&object.tag) {
            return Ok(None);
        }
    }
    Ok(Some(value))
}

/// Whether it is the empty template.
pub(crate) fn is_empty(data: &[u8]) -> bool {
    let template: lds::Result<Reader<'_>> =
        tlv::read_one("APDU", data, DYNAMIC_AUTHENTICATION_DATA).and_then(|t| t.children());
    template.is_ok_and(|objects| objects.is_empty())
}
