//! Authorization codes and access tokens: 256 random bits. Only their SHA-256 is stored.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rand_core::CryptoRng;

use crate::BearerError;
use crate::parameters::{Parameters, text};

macro_rules! random_secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// Makes one.
            pub fn generate(rng: &mut impl CryptoRng) -> Self {
                let mut bytes = [0; 32];
                rng.fill_bytes(&mut bytes);
                Self(BASE64_URL_SAFE_NO_PAD.encode(bytes))
            }

            /// Reads one that somebody sent: 43 characters of base64url. `None`: it was never one of ours.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let bytes = (text.len() == 43).then(|| BASE64_URL_SAFE_NO_PAD.decode(text).ok()).flatten()?;
                (bytes.len() == 32).then(|| Self(text.to_owned()))
            }

            /// As it travels.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        /// A placeholder: who holds it can use it.
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

random_secret!(
    /// An authorization code. It lives `identity::login::CODE_LIFE` seconds and is redeemed once.
    Code
);
random_secret!(
    /// An access token. It lives `identity::login::TOKEN_LIFE` seconds and reads the claims once.
    AccessToken
);

/// How a token came: on its own, or beside a proof of possession.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenScheme {
    /// `Bearer` (RFC 6750, 2.1).
    Bearer,
    /// `DPoP` (RFC 9449, 7.1).
    Dpop,
}

impl AccessToken {
    /// Reads the header `Authorization: Bearer ..` or `DPoP ..`; the scheme's case does not matter (RFC 9110, 11.1).
    ///
    /// # Errors
    /// [`BearerError`].
    pub fn from_authorization(header: Option<&str>) -> Result<(TokenScheme, Self), BearerError> {
        let (scheme, token) = header.and_then(|h| h.split_once(' ')).ok_or(BearerError::Missing)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "bearer" => TokenScheme::Bearer,
            "dpop" => TokenScheme::Dpop,
            _ => return Err(BearerError::Missing),
        };
        let token = Self::parse(token.trim_matches(' ')).ok_or(BearerError::Invalid)?;
        Ok((scheme, token))
    }

    /// Reads the one `access_token` of a form (RFC 6750, 2.2).
    ///
    /// # Errors
    /// [`BearerError`].
    pub fn from_form(form: &[u8]) -> Result<Self, BearerError> {
        let parameters = Parameters::parse(form).map_err(|_| BearerError::Malformed)?;
        let token = parameters.one("access_token").map_err(|_| BearerError::Malformed)?;
        let token = token.ok_or(BearerError::Missing)?;
        text(token).and_then(Self::parse).ok_or(BearerError::Invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

    #[test]
    fn a_code_is_256_bits_and_read_back() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let (one, two) = (Code::generate(&mut rng), Code::generate(&mut rng));
        assert_ne!(one, two);
        assert_eq!(one.as_str().len(), 43);
        assert_eq!(Code::parse(one.as_str()), Some(one.clone()));
        assert_eq!(format!("{one:?}"), "Code(..)");
        for bad in ["", &one.as_str()[..42], &format!("{}A", one.as_str()), &"*".repeat(43), &"B".repeat(43)]
        {
            assert_eq!(Code::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_form_holds_one_token() {
        let token = AccessToken::generate(&mut ChaCha20Rng::seed_from_u64(1));
        let read = |form: String| AccessToken::from_form(form.as_bytes());
        let text = token.as_str();
        assert_eq!(read(format!("a=b&access_token={text}")), Ok(token.clone()));
        for (form, refused) in [
            (String::new(), BearerError::Missing),
            ("access_token=".to_owned(), BearerError::Missing),
            (format!("access_token={text}A"), BearerError::Invalid),
            (format!("access_token={text}&access_token={text}"), BearerError::Malformed),
            (format!("access_token={text}%"), BearerError::Malformed),
        ] {
            assert_eq!(read(form.clone()), Err(refused), "{form}");
        }
    }

    #[test]
    fn a_bearer_token_is_read_from_its_header() {
        let token = AccessToken::generate(&mut ChaCha20Rng::seed_from_u64(1));
        let schemes =
            [("Bearer", TokenScheme::Bearer), ("BEARER", TokenScheme::Bearer), ("dpop", TokenScheme::Dpop)];
        for (name, scheme) in schemes {
            let header = format!("{name} {}", token.as_str());
            assert_eq!(AccessToken::from_authorization(Some(&header)), Ok((scheme, token.clone())));
        }
        let basic = format!("Basic {}", token.as_str());
        assert_eq!(AccessToken::from_authorization(Some(&basic)), Err(BearerError::Missing));
        assert_eq!(AccessToken::from_authorization(None), Err(BearerError::Missing));
        assert_eq!(AccessToken::from_authorization(Some("Bearer x")), Err(BearerError::Invalid));
    }
}
