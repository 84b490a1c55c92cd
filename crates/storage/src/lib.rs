//! The only room with SQL (docs/protocols.md, section 7).
//!
//! One concrete [`Database`] on SQLite or PostgreSQL, with methods named after their use, domain types in and out:
//! - [`enrolment`], [`request`], [`attempt`], [`contact`]: the evidence of an enrolment, sealed under its bearer secret;
//! - [`seal`]: what an enrolment becomes, in one transaction; [`account`]: what happens to that later;
//! - [`device`]: request sequence and PIN failures of a phone;
//! - [`login`]: one row from the page to the claims;
//! - [`sso`], [`pushed`], [`token`]: sessions of browsers, requests handed over before, tokens as others than userinfo see
//!   them;
//! - [`usage`], [`audit`]: limits, replayed assertions, the chained log.
//!
//! Every statement is one `&'static str` that both engines take; [`engine`] runs it. Everything that may happen once
//! is one conditional UPDATE. [`keys`] says what is encrypted under which key.

pub mod account;
pub mod attempt;
pub mod audit;
pub mod contact;
pub mod device;
pub mod engine;
pub mod enrolment;
mod error;
pub mod keys;
pub mod login;
pub mod pushed;
pub mod request;
pub mod seal;
pub mod sso;
#[cfg(test)]
mod tests;
pub mod token;
pub mod usage;
mod writer;

pub use account::{Account, Affected, Connection, ConsentSummary, DeviceSummary};
pub use attempt::{AttemptKind, CloseOutcome, NewAttempt, OpenOutcome};
pub use audit::{AuditEvent, AuditHead, AuditLine};
pub use contact::{CodeSent, CodeTried};
pub use device::{Device, PinTry};
pub use engine::Database;
pub use enrolment::{NewEvidence, OpenedEnrolment};
pub use error::{Error, SealRefusal};
pub use keys::StorageKeys;
pub use login::{ClaimOutcome, Created, Login, NewLogin, RedeemOutcome, ReleaseOutcome};
pub use request::Accepted;
pub use seal::Stored;
pub use sso::SsoSession;
pub use token::{ActiveToken, NewToken};
pub use usage::Scope;
