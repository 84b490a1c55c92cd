//! Parameters of a query or form, `application/x-www-form-urlencoded` (RFC 6749, appendix B), with bounds.

/// The longest query or form, in bytes.
const MAX_LEN: usize = 8192;
/// The most parameters.
const MAX_COUNT: usize = 40;

/// Why no parameters were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    TooLong,
    Encoding,
}

/// A parameter is there more than once (RFC 6749, 3.1: it must not).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Repeated;

/// Names and values, decoded, in their order.
pub(crate) struct Parameters(Vec<(Vec<u8>, Vec<u8>)>);

impl Parameters {
    pub(crate) fn parse(raw: &[u8]) -> Result<Self, Malformed> {
        if raw.len() > MAX_LEN {
            return Err(Malformed::TooLong);
        }
        let mut pairs = Vec::new();
        for pair in raw.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
            if pairs.len() == MAX_COUNT {
                return Err(Malformed::TooLong);
            }
            let (name, value) = match pair.iter().position(|b| *b == b'=') {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &[][..]),
            };
            pairs.push((percent_decode(name)?, percent_decode(value)?));
        }
        Ok(Self(pairs))
    }

    /// Takes what was decoded elsewhere, within the same bounds.
    pub(crate) fn from_pairs(pairs: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> Result<Self, Malformed> {
        let pairs: Vec<_> = pairs.into_iter().collect();
        let length: usize = pairs.iter().map(|(name, value)| name.len() + value.len()).sum();
        if pairs.len() > MAX_COUNT || length > MAX_LEN { Err(Malformed::TooLong) } else { Ok(Self(pairs)) }
    }

    /// The form again, without the parameters of these names.
    pub(crate) fn encode_without(&self, names: &[&str]) -> Vec<u8> {
        let mut out = String::new();
        for (name, value) in self.0.iter().filter(|(n, _)| !names.iter().any(|name| n == name.as_bytes())) {
            if !out.is_empty() {
                out.push('&');
            }
            percent_encode(name, &mut out);
            out.push('=');
            percent_encode(value, &mut out);
        }
        out.into_bytes()
    }

    /// The one value of a parameter. An empty one counts as absent (RFC 6749, 3.1).
    pub(crate) fn one(&self, name: &str) -> Result<Option<&[u8]>, Repeated> {
        let mut values = self.0.iter().filter(|(n, _)| n == name.as_bytes()).map(|(_, v)| v.as_slice());
        let value = values.next();
        if values.next().is_some() { Err(Repeated) } else { Ok(value.filter(|v| !v.is_empty())) }
    }

    /// Whether any name, known or not, is there twice.
    pub(crate) fn any_repeated(&self) -> bool {
        let mut names: Vec<&[u8]> = self.0.iter().map(|(name, _)| name.as_slice()).collect();
        names.sort_unstable();
        names.windows(2).any(|pair| pair[0] == pair[1])
    }
}

/// Text without control characters.
pub(crate) fn text(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value).ok().filter(|text| !text.chars().any(char::is_control))
}

pub(crate) fn percent_decode(encoded: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut out = Vec::with_capacity(encoded.len());
    let mut bytes = encoded.iter();
    let digit = |byte: Option<&u8>| byte.and_then(|b| char::from(*b).to_digit(16)).ok_or(Malformed::Encoding);
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => (digit(bytes.next())? * 16 + digit(bytes.next())?) as u8,
            other => *other,
        });
    }
    Ok(out)
}

/// Writes every byte but the unreserved ones as `%XX` (RFC 3986, 2.1).
pub(crate) fn percent_encode(value: &[u8], out: &mut String) {
    for byte in value {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(*byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(raw: &str, name: &str) -> Result<Option<Vec<u8>>, Repeated> {
        Parameters::parse(raw.as_bytes()).unwrap().one(name).map(|v| v.map(<[u8]>::to_vec))
    }

    #[test]
    fn values_are_decoded_to_their_bytes() {
        assert_eq!(one("a=1&b=x%20y+z%C3%A9%ff", "b"), Ok(Some(b"x y z\xc3\xa9\xff".to_vec())));
        assert_eq!(one("a=1", "b"), Ok(None));
        assert_eq!(one("%61=1=2", "a"), Ok(Some(b"1=2".to_vec())));
        for empty in ["a=", "a", "&&"] {
            assert_eq!(one(empty, "a"), Ok(None));
        }
    }

    #[test]
    fn a_repeated_name_is_noticed_however_it_is_written() {
        assert_eq!(one("a=1&%61=1", "a"), Err(Repeated));
        assert_eq!(one("a=&a=1", "a"), Err(Repeated));
        assert!(Parameters::parse(b"x=1&a=1&x=2").unwrap().any_repeated());
        assert!(!Parameters::parse(b"x=1&a=1").unwrap().any_repeated());
    }

    #[test]
    fn broken_percent_signs_are_refused() {
        for bad in ["a=%", "a=%4", "a=%4g", "%zz=1", "a=%+1"] {
            assert_eq!(Parameters::parse(bad.as_bytes()).err(), Some(Malformed::Encoding), "{bad}");
        }
    }

    #[test]
    fn length_and_count_are_bounded() {
        let long = |n: usize| format!("a={}", "x".repeat(n - 2));
        assert!(Parameters::parse(long(MAX_LEN).as_bytes()).is_ok());
        assert_eq!(Parameters::parse(long(MAX_LEN + 1).as_bytes()).err(), Some(Malformed::TooLong));
        let many = |n: usize| (0..n).map(|i| format!("p{i}=1")).collect::<Vec<_>>().join("&");
        assert!(Parameters::parse(many(MAX_COUNT).as_bytes()).is_ok());
        assert_eq!(Parameters::parse(many(MAX_COUNT + 1).as_bytes()).err(), Some(Malformed::TooLong));
    }

    #[test]
    fn a_form_is_written_again_without_some_names() {
        let form = Parameters::parse(b"a=x%26y&secret=1&b=%ff&c").unwrap();
        assert_eq!(form.encode_without(&["secret"]), b"a=x%26y&b=%FF&c=");
        let pair = |i: usize| (i.to_string().into_bytes(), Vec::new());
        assert!(Parameters::from_pairs((0..MAX_COUNT).map(pair)).is_ok());
        assert!(Parameters::from_pairs((0..=MAX_COUNT).map(pair)).is_err());
        assert!(Parameters::from_pairs([(vec![b'a'; MAX_LEN + 1], vec![])]).is_err());
    }

    #[test]
    fn encoding_and_decoding_are_inverse() {
        let all: Vec<u8> = (0..=255).collect();
        let mut out = String::new();
        percent_encode(&all, &mut out);
        assert_eq!(percent_decode(out.as_bytes()), Ok(all));
    }
}
