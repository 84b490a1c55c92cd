//! test-passports
