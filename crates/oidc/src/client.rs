//! Clients: who may ask, and how they prove who they are.

use std::collections::{BTreeMap, BTreeSet};

use crypto::{ct_eq, sha256};
use identity::Acr;
use jose::{Algorithm, ContentEncryption, JwkSet, KeyManagement};

use crate::{Error, Policy, Scope};

/// The longest client id and name, in bytes.
const MAX_NAME: usize = 128;
/// The longest redirect URI, in bytes.
const MAX_URI: usize = 255;
/// The shortest secret, in bytes (the broker's own rule for its records).
const MIN_SECRET: usize = 32;

/// SHA-256 of a client secret. A random secret of 32 characters needs no slow hash.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretDigest([u8; 32]);

impl SecretDigest {
    /// The digest of a secret.
    ///
    /// # Errors
    /// [`Error::Client`] without an id: shorter than 32 bytes.
    pub fn of(secret: &str) -> Result<Self, Error> {
        if secret.len() < MIN_SECRET {
            return Err(refused("", "a secret has 32 characters or more"));
        }
        Ok(Self(sha256(secret.as_bytes())))
    }

    /// Compares in constant time.
    fn is_of(&self, secret: &str) -> bool {
        ct_eq(&self.0, &sha256(secret.as_bytes()))
    }
}

impl std::fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretDigest(..)")
    }
}

/// How a client proves who it is at the token endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// `client_secret_post`. Several secrets count while one takes over from another.
    SecretPost(Vec<SecretDigest>),
    /// `client_secret_basic`: in the header `Authorization`.
    SecretBasic(Vec<SecretDigest>),
    /// Either of the two, for a client that cannot tell beforehand.
    Secret(Vec<SecretDigest>),
    /// `private_key_jwt` (RFC 7523).
    PrivateKeyJwt(JwkSet),
}

impl ClientAuth {
    /// A secret that came in the form, or in the header. Every digest is compared, so that time tells nothing.
    pub(crate) fn accepts_secret(&self, secret: &str, in_header: bool) -> bool {
        match (self, in_header) {
            (Self::SecretPost(digests), false)
            | (Self::SecretBasic(digests), true)
            | (Self::Secret(digests), _) => digests.iter().fold(false, |found, d| d.is_of(secret) | found),
            _ => false,
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::SecretPost(digests) | Self::SecretBasic(digests) | Self::Secret(digests) => {
                digests.is_empty()
            }
            Self::PrivateKeyJwt(keys) => keys.keys.is_empty(),
        }
    }
}

/// How a client's ID tokens and claims are encrypted after they were signed (OpenID Connect Core, 10.2): for a key that
/// the client publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenEncryption {
    /// How the key of the content reaches the client: `id_token_encrypted_response_alg`.
    pub alg: KeyManagement,
    /// How the content is encrypted: `id_token_encrypted_response_enc`.
    pub enc: ContentEncryption,
}

/// A client: a broker, or another service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    id: String,
    name: String,
    redirect_uris: Vec<String>,
    auth: ClientAuth,
    acr: Vec<Acr>,
    scopes: BTreeSet<Scope>,
    encryption: Option<TokenEncryption>,
    post_logout_redirect_uris: Vec<String>,
    policy: Policy,
}

impl Client {
    /// A client that may ask all scopes. `name` is what pages and phones show; `redirect_uris` are compared byte for
    /// byte; `acr` are the levels that it may be answered.
    ///
    /// # Errors
    /// [`Error::Client`] with the rule that is broken.
    pub fn new(
        id: &str,
        name: &str,
        redirect_uris: Vec<String>,
        auth: ClientAuth,
        mut acr: Vec<Acr>,
    ) -> Result<Self, Error> {
        acr.sort_unstable();
        acr.dedup();
        let rules = [
            (
                fits(id) && id.bytes().all(|b| b.is_ascii_graphic()),
                "an id is 1 to 128 visible ASCII characters",
            ),
            (fits(name), "a name is 1 to 128 bytes without control characters"),
            (!redirect_uris.is_empty(), "without a redirect URI"),
            (
                redirect_uris.iter().all(|uri| is_redirect_uri(uri)),
                "a redirect URI is absolute, https (http on a loopback name only), without fragment, 255 bytes at most",
            ),
            (!auth.is_empty(), "without a secret or key"),
            (!acr.is_empty(), "without a level"),
        ];
        match rules.iter().find(|(kept, _)| !kept) {
            Some((_, rule)) => Err(refused(id, rule)),
            None => {
                let scopes = Scope::ALL.into();
                let (id, name) = (id.to_owned(), name.to_owned());
                let (encryption, post_logout_redirect_uris, policy) = (None, Vec::new(), Policy::default());
                Ok(Self {
                    id,
                    name,
                    redirect_uris,
                    auth,
                    acr,
                    scopes,
                    encryption,
                    post_logout_redirect_uris,
                    policy,
                })
            }
        }
    }

    /// The same client, which may ask these scopes only.
    #[must_use]
    pub fn with_scopes(self, scopes: impl IntoIterator<Item = Scope>) -> Self {
        let mut scopes: BTreeSet<Scope> = scopes.into_iter().collect();
        scopes.insert(Scope::OpenId);
        Self { scopes, ..self }
    }

    /// The same client, whose tokens are encrypted.
    #[must_use]
    pub fn with_encryption(self, encryption: Option<TokenEncryption>) -> Self {
        Self { encryption, ..self }
    }

    /// The same client, which may have the browser led to these URIs when its person logs out.
    ///
    /// # Errors
    /// [`Error::Client`]: the rule of redirect URIs.
    pub fn with_post_logout_redirect_uris(self, uris: Vec<String>) -> Result<Self, Error> {
        if !uris.iter().all(|uri| is_redirect_uri(uri)) {
            return Err(refused(
                &self.id,
                "a post-logout redirect URI is absolute and https, without fragment",
            ));
        }
        Ok(Self { post_logout_redirect_uris: uris, ..self })
    }

    /// The same client, under another policy.
    ///
    /// # Errors
    /// [`Error::Client`] with the rule that is broken.
    pub fn with_policy(self, policy: Policy) -> Result<Self, Error> {
        let by_key = matches!(self.auth, ClientAuth::PrivateKeyJwt(_));
        let strict = "FAPI 2.0 asks for private_key_jwt and ES256";
        let unfit = policy.strict_assertions && !(by_key && policy.signing == Algorithm::Es256);
        match policy.mistake().or(unfit.then_some(strict)) {
            Some(rule) => Err(refused(&self.id, rule)),
            None => Ok(Self { policy, ..self }),
        }
    }

    /// Its policy.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Where the browser may be led when its person logs out.
    #[must_use]
    pub fn post_logout_redirect_uris(&self) -> &[String] {
        &self.post_logout_redirect_uris
    }

    /// How its ID tokens and claims are encrypted, if they are.
    #[must_use]
    pub fn encryption(&self) -> Option<TokenEncryption> {
        self.encryption
    }

    /// `client_id`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The redirect URIs.
    #[must_use]
    pub fn redirect_uris(&self) -> &[String] {
        &self.redirect_uris
    }

    /// How it proves who it is.
    #[must_use]
    pub fn auth(&self) -> &ClientAuth {
        &self.auth
    }

    /// The levels that it may be answered, lowest first.
    #[must_use]
    pub fn acr(&self) -> &[Acr] {
        &self.acr
    }

    /// The scopes that it may ask.
    #[must_use]
    pub fn scopes(&self) -> &BTreeSet<Scope> {
        &self.scopes
    }
}

fn refused(id: &str, rule: &'static str) -> Error {
    Error::Client { id: id.to_owned(), rule }
}

fn fits(text: &str) -> bool {
    (1..=MAX_NAME).contains(&text.len()) && !text.chars().any(char::is_control)
}

/// RFC 6749, 3.1.2; RFC 9700, 2.1 and 4.1.3: exact, https, no fragment. Plain http only where nothing leaves the machine.
fn is_redirect_uri(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once("://") else { return false };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let clean = uri.len() <= MAX_URI && uri.bytes().all(|b| b.is_ascii_graphic() && b != b'#' && b != b'\\');
    let named = !authority.is_empty() && !authority.contains('@') && !authority.starts_with(':');
    clean && named && (scheme == "https" || scheme == "http" && is_loopback(authority))
}

/// Names under `localhost` never leave the machine (RFC 6761, 6.3).
fn is_loopback(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    matches!(host, "localhost" | "127.0.0.1" | "[::1]") || host.ends_with(".localhost")
}

/// The clients that are known.
#[derive(Clone, Debug, Default)]
pub struct Clients(BTreeMap<String, Client>);

impl Clients {
    /// Takes them.
    ///
    /// # Errors
    /// [`Error::DuplicateClient`].
    pub fn new(clients: impl IntoIterator<Item = Client>) -> Result<Self, Error> {
        let mut map = BTreeMap::new();
        for client in clients {
            if let Some(first) = map.insert(client.id.clone(), client) {
                return Err(Error::DuplicateClient(first.id));
            }
        }
        Ok(Self(map))
    }

    /// The client of this id.
    #[must_use]
    pub fn get(&self, client_id: &str) -> Option<&Client> {
        self.0.get(client_id)
    }

    /// All.
    pub fn iter(&self) -> impl Iterator<Item = &Client> {
        self.0.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn client(id: &str, uri: &str) -> Result<Client, Error> {
        let auth = ClientAuth::SecretPost(vec![SecretDigest::of(SECRET)?]);
        Client::new(id, "FranceConnect", vec![uri.to_owned()], auth, vec![Acr::Eidas3, Acr::Eidas2])
    }

    #[test]
    fn redirect_uris_are_https_or_loopback() {
        for good in [
            "https://broker.example/oidc-callback",
            "https://broker.example:8443/cb?x=1",
            "http://localhost/cb",
            "http://broker.localhost:8081/oidc-callback",
            "http://127.0.0.1:8081/cb",
            "http://[::1]:8081/cb",
        ] {
            assert!(client("fc", good).is_ok(), "{good}");
        }
        for bad in [
            "http://broker.example/cb",
            "http://localhost.example/cb",
            "http://notlocalhost/cb",
            "https://broker.example/cb#",
            "https://localhost@evil.example/cb",
            "https:///cb",
            "https://:443/cb",
            "javascript://localhost/%0aalert(1)",
            "/cb",
            "https://broker.example/ cb",
            "https://broker.example\\@evil.example/cb",
        ] {
            assert!(matches!(client("fc", bad), Err(Error::Client { .. })), "{bad}");
        }
        let long = |n: usize| format!("https://b.example/{}", "x".repeat(n - 18));
        assert!(client("fc", &long(255)).is_ok());
        assert!(client("fc", &long(256)).is_err());
    }

    #[test]
    fn a_record_with_a_part_missing_is_refused() {
        let uris = || vec!["https://b.example/cb".to_owned()];
        let secret = || ClientAuth::SecretPost(vec![SecretDigest::of(SECRET).unwrap()]);
        let new = |id: &str, name: &str, uris, auth, acr| Client::new(id, name, uris, auth, acr).is_ok();
        assert!(new("fc", "FC", uris(), secret(), vec![Acr::Eidas2]));
        assert!(!new("", "FC", uris(), secret(), vec![Acr::Eidas2]));
        assert!(!new("f c", "FC", uris(), secret(), vec![Acr::Eidas2]));
        assert!(!new("fc", "F\nC", uris(), secret(), vec![Acr::Eidas2]));
        assert!(!new("fc", "FC", vec![], secret(), vec![Acr::Eidas2]));
        assert!(!new("fc", "FC", uris(), ClientAuth::SecretPost(vec![]), vec![Acr::Eidas2]));
        assert!(!new("fc", "FC", uris(), ClientAuth::PrivateKeyJwt(JwkSet::default()), vec![Acr::Eidas2]));
        assert!(!new("fc", "FC", uris(), secret(), vec![]));
    }

    #[test]
    fn two_clients_of_one_id_are_refused() {
        let one = |id| client(id, "https://b.example/cb").unwrap();
        assert_eq!(Clients::new([one("a"), one("b")]).unwrap().iter().count(), 2);
        assert_eq!(Clients::new([one("a"), one("a")]).err(), Some(Error::DuplicateClient("a".to_owned())));
    }

    #[test]
    fn each_of_several_secrets_counts_and_no_other() {
        let (old, new) = ("o".repeat(32), "n".repeat(32));
        let auth =
            ClientAuth::SecretPost(vec![SecretDigest::of(&old).unwrap(), SecretDigest::of(&new).unwrap()]);
        assert!(auth.accepts_secret(&old, false) && auth.accepts_secret(&new, false));
        assert!(!auth.accepts_secret(SECRET, false) && !auth.accepts_secret("", false));
        assert!(!auth.accepts_secret(&old, true), "in the place of another method");
        assert!(SecretDigest::of(&"s".repeat(31)).is_err());
        let either = ClientAuth::Secret(vec![SecretDigest::of(&new).unwrap()]);
        assert!(either.accepts_secret(&new, false) && either.accepts_secret(&new, true));
        assert!(!either.accepts_secret(&old, false) && !either.accepts_secret(&old, true));
    }

    #[test]
    fn levels_are_sorted_and_scopes_always_hold_openid() {
        let client = client("fc", "https://b.example/cb").unwrap();
        assert_eq!(client.acr(), [Acr::Eidas2, Acr::Eidas3]);
        let scopes = client.with_scopes([Scope::Email]).scopes().clone();
        assert_eq!(scopes, [Scope::OpenId, Scope::Email].into());
    }
}
