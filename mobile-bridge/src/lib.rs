//! mobile-bridge
