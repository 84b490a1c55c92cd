//! The end-session endpoint (OpenID Connect RP-Initiated Logout 1.0): no session is kept, so all that is left to do is to lead
//! the browser back to where its client wants it.

use jose::JwkSet;

use crate::parameters::{Malformed, Parameters, percent_encode, text};
use crate::{Client, Clients, PageError, hint};

/// Where the browser goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Logout {
    /// To a URI that the client registered, with its `state`.
    Redirect(String),
    /// Nowhere: a page says that nothing is kept.
    Page,
}

impl Logout {
    /// Reads a request: the query of a GET without its `?`, or the form of a POST. The hint is an ID token of ours, past
    /// its time or not, as the client decrypted it; `keys` are ours, old ones too.
    ///
    /// # Errors
    /// [`PageError`]: the browser is led nowhere.
    pub fn parse(raw: &[u8], clients: &Clients, keys: &JwkSet, issuer: &str) -> Result<Self, PageError> {
        let parameters = Parameters::parse(raw).map_err(|malformed| match malformed {
            Malformed::TooLong => PageError::TooLong,
            Malformed::Encoding => PageError::Malformed,
        })?;
        let value = |name: &'static str| {
            let value = parameters.one(name).map_err(|_| PageError::Duplicate(name))?;
            value.map(|value| text(value).ok_or(PageError::Malformed)).transpose()
        };
        let hinted = value("id_token_hint")?
            .map(|text| hint::read(text, keys, issuer).map(|hint| hint.aud).ok_or(PageError::Malformed))
            .transpose()?;
        let named = value("client_id")?.map(str::to_owned);
        if let (Some(hinted), Some(named)) = (&hinted, &named)
            && hinted != named
        {
            return Err(PageError::UnknownClient);
        }
        let client =
            hinted.or(named).map(|id| clients.get(&id).ok_or(PageError::UnknownClient)).transpose()?;
        let Some(uri) = value("post_logout_redirect_uri")? else { return Ok(Self::Page) };
        let known =
            client.into_iter().flat_map(Client::post_logout_redirect_uris).find(|known| *known == uri);
        let mut location = known.ok_or(PageError::RedirectUriUnknown)?.clone();
        if let Some(state) = value("state")? {
            location.push_str(if location.contains('?') { "&state=" } else { "?state=" });
            percent_encode(state.as_bytes(), &mut location);
        }
        Ok(Self::Redirect(location))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ClientAuth, SecretDigest};
    use crypto::{Curve, EcPrivateKey};
    use identity::Acr;
    use jose::SigningKey;
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
    use serde_json::json;

    const ISSUER: &str = "https://fi.example";
    const BACK: &str = "post_logout_redirect_uri=https%3A%2F%2Ffc.example%2Fout";

    fn key(seed: u64) -> SigningKey {
        SigningKey::new(EcPrivateKey::generate(Curve::P256, &mut ChaCha20Rng::seed_from_u64(seed))).unwrap()
    }

    fn parse(query: &str) -> Result<Logout, PageError> {
        let client = |id: &str, out: &str| {
            let auth = ClientAuth::SecretPost(vec![SecretDigest::of(&"s".repeat(32)).unwrap()]);
            let client =
                Client::new(id, id, vec![format!("https://{id}.example/cb")], auth, vec![Acr::Eidas2]);
            client.unwrap().with_post_logout_redirect_uris(vec![out.to_owned()]).unwrap()
        };
        let clients = Clients::new([
            client("fc", "https://fc.example/out"),
            client("other", "https://other.example/out?a=1"),
        ]);
        Logout::parse(query.as_bytes(), &clients.unwrap(), &vec![key(1).jwk()].into(), ISSUER)
    }

    /// An ID token that expired long ago.
    fn hint(seed: u64, issuer: &str, audience: &str) -> String {
        jose::sign(&key(seed), Some("JWT"), &json!({"iss": issuer, "aud": audience, "sub": "s", "exp": 1}))
    }

    #[test]
    fn an_expired_hint_leads_back_with_the_state() {
        let query = format!("id_token_hint={}&{BACK}&state=a%20b%26c&client_id=fc", hint(1, ISSUER, "fc"));
        assert_eq!(parse(&query), Ok(Logout::Redirect("https://fc.example/out?state=a%20b%26c".into())));
        let by_id = parse(&format!("client_id=fc&{BACK}"));
        assert_eq!(by_id, Ok(Logout::Redirect("https://fc.example/out".into())));
        let other =
            "client_id=other&state=1&post_logout_redirect_uri=https%3A%2F%2Fother.example%2Fout%3Fa%3D1";
        assert_eq!(parse(other), Ok(Logout::Redirect("https://other.example/out?a=1&state=1".into())));
        assert_eq!(parse(""), Ok(Logout::Page));
        assert_eq!(parse(&format!("id_token_hint={}", hint(1, ISSUER, "fc"))), Ok(Logout::Page));
    }

    #[test]
    fn a_uri_that_is_not_the_clients_leads_nowhere() {
        let unknown = Err(PageError::RedirectUriUnknown);
        assert_eq!(parse(BACK), unknown, "without a client");
        assert_eq!(parse(&format!("client_id=other&{BACK}")), unknown);
        assert_eq!(parse("client_id=fc&post_logout_redirect_uri=https%3A%2F%2Ffc.example%2Fout%2F"), unknown);
        assert_eq!(parse("client_id=fc&post_logout_redirect_uri=https%3A%2F%2Ffc.example%2Fcb"), unknown);
    }

    #[test]
    fn a_hint_of_another_key_issuer_or_client_is_refused() {
        let refused = |hint: String, more: &str| parse(&format!("id_token_hint={hint}&{BACK}{more}"));
        assert_eq!(refused(hint(2, ISSUER, "fc"), ""), Err(PageError::Malformed), "another key");
        assert_eq!(refused(hint(1, "https://other.example", "fc"), ""), Err(PageError::Malformed));
        assert_eq!(refused(hint(1, ISSUER, "fc"), "&client_id=other"), Err(PageError::UnknownClient));
        assert_eq!(refused(hint(1, ISSUER, "nobody"), ""), Err(PageError::UnknownClient));
        assert_eq!(refused("a.b.c.d.e".into(), ""), Err(PageError::Malformed), "still encrypted");
        let twice = parse(&format!("state=1&state=2&client_id=fc&{BACK}"));
        assert_eq!(twice, Err(PageError::Duplicate("state")));
        assert_eq!(parse("client_id=fc&client_id=fc"), Err(PageError::Duplicate("client_id")));
    }
}
