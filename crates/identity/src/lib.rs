//! Who a person is to the services that ask: pivot identity, levels, places, and the rules of enrolment and login.
//!
//! Everything here is pure: no clock, no database, no network. The way through the room:
//! - [`enrolment`]: what an enrolment collects, and in which order;
//! - [`seal`]: the one function that re-runs the whole chain over that evidence and returns a [`SealedEnrolment`];
//! - [`pivot`]: the attributes that FranceConnect calls the pivot identity, each with its [`Provenance`];
//! - [`level`]: which facts reach `eidas1`, `eidas2`, `eidas3`;
//! - [`login`]: the states of one login;
//! - [`places`], [`names`], [`birth_date`]: INSEE codes, Doc 9303 names, dates with unknown parts.

pub mod account;
pub mod birth_date;
pub mod decision;
pub mod device;
pub mod enrolment;
mod error;
pub mod evidence;
pub mod level;
pub mod login;
pub mod names;
pub mod pivot;
pub mod places;
mod rejection;
pub mod seal;

pub use account::{DeviceRecord, DocumentRecord, Identity, IdentityState};
pub use birth_date::BirthDate;
pub use decision::HolderDecision;
pub use device::Device;
pub use enrolment::{EnrolmentPolicy, EnrolmentState, EvidenceKind, Step};
pub use error::Error;
pub use evidence::{EnrolmentEvidence, EvidenceItem};
pub use level::{Acr, HolderProof, Level, LevelFacts};
pub use login::{LoginKind, LoginState};
pub use pivot::{Attribute, ChipPerson, Claim, Gender, PivotIdentity, Provenance};
pub use places::CogTable;
pub use rejection::Rejection;
pub use seal::{ProvedDocument, SealContext, SealedEnrolment, seal};
