//! `id_token_hint`: an ID token of ours, as the client decrypted it, that names a person.

use jose::{Algorithm, JwkSet};
use serde::Deserialize;

/// The claims of a hint that count.
#[derive(Deserialize)]
pub(crate) struct Hint {
    iss: String,
    /// For whom it was made.
    pub(crate) aud: String,
    /// Whom it names, as that client knows her.
    pub(crate) sub: String,
}

/// Reads a hint, past its time or not (RP-Initiated Logout 1.0, 4; CIBA Core 1.0, 7.1); `keys` are ours, old ones too.
/// `None`: it is none of ours.
pub(crate) fn read(hint: &str, keys: &JwkSet, issuer: &str) -> Option<Hint> {
    let verified = jose::verify(hint, keys, &[Algorithm::Es256, Algorithm::Rs256]).ok()?;
    verified.claims::<Hint>().ok().filter(|hint| hint.iss == issuer)
}
