//! The dialogue between a terminal and an eMRTD chip (ICAO Doc 9303-11), both sides of it, without I/O.
//!
//! Every protocol is plain values: a step is a struct named after what it waits for, `received` consumes it with the
//! other side's message and gives the next message and the next step. Random numbers are arguments, so the worked
//! examples of Doc 9303-11 are direct tests, and a step can rest in a database row
//! ([`chip_authentication::AwaitProof::suspend`]).
//!
//! | module | what |
//! |---|---|
//! | [`apdu`] | commands, responses, status words, the [`ApduChannel`] |
//! | [`access_key`] | the passwords: [`MrzKey`], [`Can`] |
//! | [`bac`], [`pace`] | access control; give a [`SecureMessaging`] session |
//! | [`secure_messaging`] | protected commands and responses |
//! | [`chip_authentication`] | the proof of the chip that the **server** begins and judges |
//! | [`active_authentication`] | the chip's signature over the server's challenge |
//! | [`terminal`] | the one driver: the only thing here that talks to a channel |
//!
//! The chip's side of each protocol is in its `chip` submodule; `chip-emulator` makes a passport out of them.
//!
//! Input from a chip is hostile: nothing panics on it, allocates by a number in it, or goes on forever because of it.

pub mod access_key;
pub mod active_authentication;
pub mod apdu;
pub mod bac;
pub mod chip_authentication;
mod dynamic_authentication;
mod error;
pub mod pace;
pub mod secure_messaging;
pub mod terminal;

pub use access_key::{Can, MrzKey, Password};
pub use apdu::{ApduChannel, ChannelError, Command, Response, StatusWord};
pub use error::{Error, Step};
pub use secure_messaging::{SecureMessaging, SecureMessagingError};
pub use terminal::{AccessPolicy, AccessProtocol, Terminal};
