//! The vectors in `test-vectors/`.
