//! The query of the callback (OpenID Connect Core, 3.1.2.5 and 3.1.2.6; RFC 9207).

use openidconnect::url::form_urlencoded;

use crate::BrokerError;

/// The longest query that is read, in bytes.
const MAX_QUERY: usize = 8192;

/// What the callback says; unknown parameters are ignored.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Callback {
    pub(crate) code: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) iss: Option<String>,
    pub(crate) error: Option<String>,
}

impl Callback {
    /// Reads the query without its `?`, or the whole callback URL.
    pub(crate) fn parse(text: &str) -> Result<Self, BrokerError> {
        let query = text.split_once('?').map_or(text, |(_, query)| query);
        if query.len() > MAX_QUERY {
            return Err(BrokerError::CallbackMalformed);
        }
        let mut callback = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let field = match &*name {
                "code" => &mut callback.code,
                "state" => &mut callback.state,
                "iss" => &mut callback.iss,
                "error" => &mut callback.error,
                _ => continue,
            };
            if field.replace(value.into_owned()).is_some() {
                return Err(BrokerError::CallbackMalformed);
            }
        }
        Ok(callback)
    }

    /// RFC 9207, 2.4: the right issuer, and there if the provider announces it; the same for errors.
    pub(crate) fn check_issuer(&self, issuer: &str, announced: bool) -> Result<(), BrokerError> {
        match self.iss.as_deref() {
            Some(iss) if iss == issuer => Ok(()),
            Some(_) => Err(BrokerError::IssuerWrong),
            None if announced => Err(BrokerError::IssuerMissing),
            None => Ok(()),
        }
    }

    /// The OAuth code of an error, if it is one: visible ASCII (RFC 6749, 4.1.2.1), 64 characters at most.
    pub(crate) fn refusal(&self) -> Option<BrokerError> {
        let error = self.error.as_deref()?;
        let fits = (1..=64).contains(&error.len()) && error.bytes().all(|b| b.is_ascii_graphic());
        Some(if fits { BrokerError::Provider(error.to_owned()) } else { BrokerError::CallbackMalformed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_that_is_there_twice_is_malformed() {
        assert!(Callback::parse("code=a&state=b").is_ok());
        assert_eq!(Callback::parse("code=a&state=b&code=a").err(), Some(BrokerError::CallbackMalformed));
        assert!(Callback::parse("code=a&state=b&foo=1&foo=2").is_ok());
    }

    #[test]
    fn a_query_and_a_whole_url_read_the_same() {
        let query = Callback::parse("code=a%20b&state=s").unwrap();
        assert!(query == Callback::parse("http://127.0.0.1/oidc-callback?code=a+b&state=s").unwrap());
        assert_eq!(query.code.as_deref(), Some("a b"));
    }

    #[test]
    fn too_long_a_query_is_malformed() {
        let long = format!("code={}", "a".repeat(MAX_QUERY));
        assert_eq!(Callback::parse(&long).err(), Some(BrokerError::CallbackMalformed));
    }

    #[test]
    fn an_error_code_is_visible_ascii() {
        let refusal = |query: &str| Callback::parse(query).unwrap().refusal();
        assert_eq!(refusal("state=s"), None);
        assert_eq!(refusal("error=access_denied"), Some(BrokerError::Provider("access_denied".into())));
        assert_eq!(refusal("error="), Some(BrokerError::CallbackMalformed));
        assert_eq!(refusal("error=%0Aforged"), Some(BrokerError::CallbackMalformed));
    }
}
