//! The terminal and the server's proof against chips: the emulator, which shares code with them, and a chip written in
//! Python, which does not.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod bsi;
mod card_access;
mod dialogue;
mod hostile;
mod jmrtd;
mod libmrtd;
mod openpace;
mod pace;
mod proof;
mod python_chip;
mod scripted;
mod shared;
mod specimens;
