//! The Rust core of a phone app: reads a passport, enrols, approves logins.
//!
//! An app brings three things that only its platform has, as foreign traits: the NFC channel ([`CardTransport`]),
//! two hardware keys ([`DeviceKeys`], [`PinHardeningKey`]) with a counter of requests ([`RequestCounter`]) and, for the
//! face, the signed result of a face engine.
//! The rest is here, with nothing left to get wrong: challenge binding, request signatures, the PIN key, the order
//! of reading, Chip Authentication on behalf of the server, the transcript. Objects are exported to Kotlin and Swift
//! by UniFFI; calls block, so an app makes them off its main thread.
//!
//! - [`EnrolmentClient`]: one enrolment from its first key to its seal.
//! - [`LoginClient`]: claims, approves and refuses logins of an enrolled device.
//!
//! `reader.rs` is the dialogue with the chip, which `EnrolmentClient` runs.

mod enrolment;
mod error;
mod keys;
mod login;
mod mrz;
mod reader;
mod server;
#[cfg(feature = "simulated")]
pub mod simulated;
#[cfg(test)]
mod testing;
mod trace;
mod transport;

pub use enrolment::{
    BirthPlace, CameraFrame, Checks, ConsentOption, DeskTicket, EnrolmentClient, EnrolmentOptions,
    FaceCapture, FaceSteps, FaceTask, IdentityClaims, SealedAccount, ShownDeskCode, TraceReceipt,
};
pub use error::BridgeError;
pub use keys::{
    Attestation, DeviceKeys, DeviceSignature, KeyError, PinHardeningKey, RequestCounter,
    app_attest_client_data_hash, app_attest_device_key,
};
pub use login::{ApprovedLogin, LoginClient, LoginRequest};
pub use mrz::{ScanError, ScannedMrz, read_mrz};
pub use reader::{AccessKey, Progress, ProgressListener};
pub use trace::{MAX_TRACE, TraceError, TraceEvent, TraceRecorder, TraceSink, outcome, read_trace};
pub use transport::{CardError, CardTransport};

uniffi::setup_scaffolding!();
