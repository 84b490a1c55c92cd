//! The server, as phones, browsers, brokers and attackers meet it.
#![allow(clippy::unwrap_used, reason = "a test that meets trouble fails")]

#[path = "../common/mod.rs"]
mod common;

mod about;
mod account;
mod account_changes;
mod address;
mod attacks;
mod browser;
mod certificate;
mod challenge;
mod cheats;
mod chips;
mod client_keys;
mod desk;
mod engines;
mod enrolment;
mod erasure;
mod expiry;
mod face_engines;
mod faces;
mod faults;
mod guessing;
mod identities;
mod independent_clients;
mod ios;
mod login;
mod mail;
mod metrics;
mod operation;
mod outbox;
mod rotation;
mod trace;
