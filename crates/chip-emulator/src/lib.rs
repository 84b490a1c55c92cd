//! chip-emulator
