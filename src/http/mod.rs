//! HTTP: what comes in, what goes out. No domain rules.

pub mod limits;
