//! What stands for a document and for a phone's hardware where there are none, so that an app is built and tested before
//! it meets a passport. Feature `simulated`: never in an app that people use. A server takes such a phone in its demo
//! environment only, where it trusts the demo root that attests it.

mod attestation;
mod transport;

pub use attestation::{APPLICATION, application_signer, simulated_attestation};
pub use transport::SimulatedTransport;
