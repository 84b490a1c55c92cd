//! Synthetic States and passports, for tests, the demo and the vectors in `test-vectors/`.
//!
//! Everything is a function of its parameters: keys come from names, salts from what is signed, so the same call makes
//! the same bytes on every machine. The State is Utopia (UTO), the persons do not exist, the portraits are drawn.
//!
//! ```
//! use clock::UnixTime;
//! use test_passports::{SpecimenBuilder, StateBuilder};
//!
//! let at = UnixTime::from_rfc3339("2026-06-01").unwrap();
//! let state = StateBuilder::new(at).build();
//! let passport = SpecimenBuilder::new(at).build(&state);
//! assert_eq!(passport.mrz.surname, "ERIKSSON");
//! ```
//!
//! Private keys live here because these chips are made up: the server never depends on this crate outside its demo.

pub mod asn1;
pub mod certificate;
pub mod crl;
mod dsa;
pub mod keys;
pub mod portrait;
pub mod security_object;
mod specimen;
mod specimen_builder;
mod state;
pub mod vectors;

pub use dsa::DsaPrivateKey;
pub use keys::{PrivateKey, Signer};
pub use specimen::{ActiveAuthentication, ChipAuthentication, ChipKey, Specimen};
pub use specimen_builder::SpecimenBuilder;
pub use state::{CertificateAuthority, State, StateBuilder};
