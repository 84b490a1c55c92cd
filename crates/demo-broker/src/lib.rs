//! demo-broker
