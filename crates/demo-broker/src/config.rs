//! The broker's configuration.

use std::fmt;

use crate::Acr;

/// What the broker knows of itself and of its provider.
#[derive(Clone)]
pub struct BrokerConfig {
    /// The issuer identifier of the identity provider (FI).
    pub issuer_of_fi: String,
    /// The broker's `client_id` there.
    pub client_id: String,
    /// Its secret there.
    pub client_secret: String,
    /// Where the broker's own pages are, without a slash at the end.
    pub base_url: String,
    /// The level that the demo service asks.
    pub acr: Acr,
    /// The levels agreed with the provider.
    pub agreed: Vec<Acr>,
}

/// A secret is in it.
impl fmt::Debug for BrokerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BrokerConfig({}, ..)", self.issuer_of_fi)
    }
}

impl BrokerConfig {
    /// The redirect URI: what the provider has to know of this broker.
    #[must_use]
    pub fn redirect_uri(&self) -> String {
        format!("{}/oidc-callback", self.base_url)
    }
}
