//! The only room with SQL (docs/protocols.md, section 7).
//!
//! One concrete [`Database`] on SQLite or PostgreSQL, with methods named after their use, domain types in and out:
//! - [`enrolment`], [`request`], [`attempt`], [`contact`]: the evidence of an enrolment, sealed under its bearer secret;
//! - [`seal`]: what an enrolment becomes, in one transaction; [`account`]: what happens to that later;
//! - [`device`]: request sequence and PIN failures of a phone;
//! - [`login`]: one row from the page to the claims; its `redemption` reads in one statement all that tokens are made of;
//! - [`trace`]: what people sent of readings that failed;
//! - [`change`]: what waits for a confirmation; [`outbox`]: mail that waits; [`register`]: for operators;
//! - [`session`]: who is in a browser of our own pages;
//! - [`sso`], [`pushed`], [`token`]: sessions of browsers, requests handed over before, tokens as others than userinfo see
//!   them;
//! - [`reseal`]: rows of an earlier key-encryption key, under the one in force;
//! - [`usage`], [`audit`]: limits, replayed assertions, the chained log.
//!
//! Every statement is one `&'static str` that both engines take; [`engine`] runs it. Everything that may happen once
//! is one conditional UPDATE. [`keys`] says what is encrypted under which key.

pub mod account;
pub mod attempt;
pub mod audit;
pub mod change;
mod connections;
pub mod contact;
pub mod desk;
pub mod device;
pub mod engine;
pub mod enrolment;
mod error;
mod face;
pub mod keys;
pub mod login;
pub mod outbox;
pub mod pushed;
pub mod register;
pub mod request;
pub mod reseal;
pub mod seal;
pub mod session;
pub mod sso;
#[cfg(test)]
mod tests;
pub mod token;
pub mod trace;
pub mod usage;
mod writer;

pub use account::{Account, Affected, Connection, ConsentSummary, DeviceSummary};
pub use attempt::{AttemptKind, CloseOutcome, NewAttempt, OpenOutcome};
pub use audit::{AuditEvent, AuditHead, AuditLine};
pub use change::{BlockedBy, Change, ChangeKind, Effect};
pub use contact::{CodeSent, CodeTried};
pub use desk::DeskFinding;
pub use device::{Device, PinTry};
pub use engine::Database;
pub use enrolment::{NewEvidence, OpenedEnrolment};
pub use error::{Error, SealRefusal};
pub use keys::StorageKeys;
pub use login::{
    Asked, ClaimOutcome, Created, Grant, Login, NewAsked, NewLogin, PollOutcome, RedeemOutcome,
    ReleaseOutcome, Trace,
};
pub use outbox::{ClaimedMail, Mail, OutboxState, Unsent};
pub use register::Registered;
pub use request::Accepted;
pub use reseal::Resealed;
pub use seal::{Sealing, Stored};
pub use session::Session;
pub use sso::SsoSession;
pub use token::{ActiveToken, NewToken};
pub use trace::TraceSummary;
pub use usage::Scope;
