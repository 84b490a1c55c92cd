//! The register of persons (RNIPP), played as FranceConnect's own stand-in plays it: the end of the given name says what it
//! answers, `_E010008` that it knows nobody of that identity. Every other name is known.

use crate::{BrokerError, Claims};

/// The answers that refuse, by the broker's code.
const ANSWERS: [(&str, &str); 9] = [
    ("Y010004", "one person is near, none is the same"),
    ("Y010006", "several persons have this identity"),
    ("Y010007", "known under a married name only"),
    ("Y010008", "nobody has this identity"),
    ("Y010009", "the question was malformed"),
    ("Y010011", "no answer in time"),
    ("Y010012", "not reached"),
    ("Y010013", "the answer was not understood"),
    ("Y010015", "the person is deceased"),
];

/// Asks.
pub(crate) fn ask(claims: &Claims) -> Result<(), BrokerError> {
    let Some((_, number)) = claims.given_name.rsplit_once("_E") else { return Ok(()) };
    let answer = ANSWERS.iter().find(|(code, _)| code.strip_prefix('Y') == Some(number));
    answer.map_or(Ok(()), |(code, text)| Err(BrokerError::Register(code, text)))
}
