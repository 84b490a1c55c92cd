//! Sceau, the server: composition and HTTP. The rules stand in the crates below.
//!
//! - [`config`]: the configuration file; [`state`]: what it becomes;
//! - [`http`]: the enrolment API, the login pages and API, the OpenID Connect endpoints; [`router`] joins them;
//! - [`client_keys`]: the keys that tokens are encrypted to; [`oidc_keys`]: those that sign them, and their rotation;
//! - [`trust`]: whom the verifier trusts, read again when it changes;
//! - [`error`]: problem documents; [`telemetry`]: the log; [`mail`]; [`housekeeping`]: deletion of what has had its time;
//! - [`cli`]: the commands.

pub mod cli;
pub mod client_keys;
pub mod config;
pub mod error;
pub mod housekeeping;
pub mod http;
pub mod mail;
pub mod oidc_keys;
pub mod router;
pub mod state;
pub mod telemetry;
pub mod trust;

pub use config::Config;
pub use error::ApiError;
pub use state::AppState;
