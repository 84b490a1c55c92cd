//! A software passport that answers APDUs: for tests, the demo, and testers without a document.
//!
//! It behaves as a chip (Doc 9303-11): files need secure messaging, an error of secure messaging ends the session, Chip
//! Authentication changes the keys after its answer. It keeps nothing secret from its owner and takes no time to
//! resist guessing: it is no place for anybody's real keys.

mod chip;
mod contents;
mod fault;
mod folder;
mod tcp;

pub use chip::Chip;
pub use contents::{AaKey, CaKey, ChipContents, EndOfFile, Habits, ReadLimit};
pub use fault::{Fault, UnknownFault};
pub use folder::{CHIP_FILE, FolderError};
pub use tcp::{TcpChannel, serve_connection, serve_tcp, serve_vpcd};
