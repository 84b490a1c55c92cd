//! The server, as phones, browsers, brokers and attackers meet it.

#[path = "../common/mod.rs"]
mod common;

mod cheats;
mod enrolment;
mod independent_clients;
mod login;
