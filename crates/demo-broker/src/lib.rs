//! A small broker that behaves as FranceConnect does towards its identity providers, for the demo and the tests.
//!
//! It is a relying party written on the `openidconnect` crate, so a login that it accepts was judged by code that
//! shares nothing with ours. What it sends and what it refuses is FranceConnect's contract for identity providers (FI),
//! as the broker's published sources show it: an authorization request of exactly eight parameters, `client_secret_post`,
//! an ID token and a userinfo answer signed with ES256, no tolerance of clocks, ten minutes that do not slide.
//!
//! - [`Broker::begin`] and [`Broker::finish`]: one login without any page. Both block, since the HTTP client does.
//! - [`ScriptedLogin`]: the two in a row, for programs that play the browser.
//! - [`router`]: the pages of a demo service and of the choice of providers, in French and English.
//!
//! It keeps sessions in memory, knows one provider, and its register answers by the given name (`register.rs`): it is no
//! broker for anybody's real identity.

mod advice;
mod broker;
mod callback;
mod claims;
mod config;
mod error;
mod http;
mod jwe;
mod language;
mod level;
mod login;
mod pages;
mod register;
mod router;
mod scripted;
mod session;
mod userinfo;

pub use broker::Broker;
pub use claims::Claims;
pub use config::BrokerConfig;
pub use error::BrokerError;
pub use jwe::EncryptionKey;
pub use language::Language;
pub use level::Acr;
pub use login::{Check, LOGIN_LIFE, Login, PendingLogin};
pub use router::router;
pub use scripted::ScriptedLogin;

#[cfg(test)]
mod tests;
