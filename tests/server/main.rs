//! The server, as phones, browsers, brokers and attackers meet it.
#![allow(clippy::unwrap_used, reason = "a test that meets trouble fails")]

#[path = "../common/mod.rs"]
mod common;

mod address;
mod attacks;
mod certificate;
mod cheats;
mod client_keys;
mod engines;
mod enrolment;
mod independent_clients;
mod login;
mod mail;
mod operation;
mod rotation;
