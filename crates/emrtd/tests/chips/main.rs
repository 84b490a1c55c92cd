//! The terminal and the server's proof against chips: the emulator, which shares code with them, and a chip written in
//! Python, which does not.

mod dialogue;
mod hostile;
mod proof;
mod python_chip;
mod specimens;
