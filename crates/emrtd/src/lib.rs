//! emrtd
