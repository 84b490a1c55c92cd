//! Sceau, the server: composition and HTTP. The rules stand in the crates below.
//!
//! - [`config`]: the configuration file; [`state`]: what it becomes;
//! - [`http`]: the enrolment API, the login pages and API, the OpenID Connect endpoints; [`router`] joins them;
//! - [`client_keys`]: the keys that tokens are encrypted to; [`oidc_keys`]: those that sign them, and their rotation;
//! - [`desk_agents`]: who may decide at a desk;
//! - [`face_engines`]: whose face results count, and the back channel to them;
//! - [`trust`]: whom the verifier trusts, read again when it changes;
//! - [`error`]: problem documents; [`telemetry`]: the log; [`metrics`]: counts for the operator; [`mail`], [`outbox`], [`notices`];
//!   [`housekeeping`]: deletion of what has had its time; [`expiry`]: the end of an identity's term;
//! - [`cli`]: the commands.

pub mod cli;
pub mod client_keys;
pub mod config;
pub mod desk_agents;
pub mod error;
pub mod expiry;
pub mod face_engines;
pub mod housekeeping;
pub mod http;
pub mod mail;
pub mod metrics;
pub mod notices;
pub mod oidc_keys;
pub mod outbox;
pub mod router;
pub mod state;
pub mod telemetry;
pub mod trust;

pub use config::Config;
pub use error::ApiError;
pub use state::AppState;
