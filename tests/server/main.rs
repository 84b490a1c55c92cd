//! The server, as phones, browsers, brokers and attackers meet it.
#![allow(clippy::unwrap_used, reason = "a test that meets trouble fails")]

#[path = "../common/mod.rs"]
mod common;

mod address;
mod certificate;
mod challenge;
mod cheats;
mod chips;
mod client_keys;
mod engines;
mod enrolment;
mod faults;
mod guessing;
mod erasure;
mod face_engines;
mod independent_clients;
mod login;
mod mail;
mod operation;
mod trace;
