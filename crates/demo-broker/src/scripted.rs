//! A login for programs that play the browser.

use crate::{Broker, BrokerError, Login, PendingLogin};

/// A login that was begun. Its owner goes to [`authorize_url`](Self::authorize_url), follows the redirects with a
/// cookie jar of its own until one leads to the broker's redirect URI, and gives that URL to [`finish`](Self::finish).
/// Everything blocks.
#[derive(Debug)]
pub struct ScriptedLogin<'a> {
    broker: &'a Broker,
    pending: PendingLogin,
}

impl<'a> ScriptedLogin<'a> {
    /// Begins.
    ///
    /// # Errors
    /// See [`Broker::begin`].
    pub fn begin(broker: &'a Broker) -> Result<Self, BrokerError> {
        Ok(Self { broker, pending: broker.begin()? })
    }

    /// Where to go.
    #[must_use]
    pub fn authorize_url(&self) -> &str {
        &self.pending.authorize_url
    }

    /// Whether a redirect leads back to the broker.
    #[must_use]
    pub fn is_callback(&self, url: &str) -> bool {
        url.split(['?', '#']).next() == Some(&*self.broker.config.redirect_uri())
    }

    /// Finishes with the URL of the callback. A second call is another redemption of the same code.
    ///
    /// # Errors
    /// See [`Broker::finish`].
    pub fn finish(&self, callback_url: &str) -> Result<Login, BrokerError> {
        self.broker.finish(&self.pending, callback_url)
    }
}
