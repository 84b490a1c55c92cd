//! base64url without padding (RFC 7515, section 2), in its one canonical form.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::Error;

pub(crate) fn encode(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Refuses padding, other alphabets, white space, and bits set beyond the last byte. `what` is for the error.
pub(crate) fn decode(text: &str, what: &'static str) -> Result<Vec<u8>, Error> {
    BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| Error::Base64Url(what))
}
