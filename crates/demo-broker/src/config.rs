//! The broker's configuration.

use std::fmt;
use std::sync::Arc;

use crate::{Acr, EncryptionKey};

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
    /// The key that ID tokens and claims must be encrypted to, if that is agreed.
    pub encryption: Option<Arc<EncryptionKey>>,
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

    /// Where the broker publishes the key that its tokens are encrypted to.
    #[must_use]
    pub fn jwks_uri(&self) -> String {
        format!("{}{}", self.base_url, crate::router::JWKS)
    }
}
