//! The NFC channel that the platform brings.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use emrtd::{ApduChannel, ChannelError};

use crate::{TraceEvent, TraceSink};

/// Why a command got no response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum CardError {
    /// The chip left the field. Hold the document again; files already read are kept.
    #[error("the chip left the field")]
    TagLost,
    /// The chip is in the field and did not answer in time. Hold it still, away from metal.
    #[error("the chip did not answer in time")]
    Timeout,
    /// The phone has no NFC, or it is off, or what is in the field is no chip of a passport.
    #[error("there is no chip of a passport that this phone can read")]
    NotSupported,
    /// Several chips are in the field.
    #[error("there are several chips in the field")]
    SeveralTags,
    /// The app ended the reading ([`crate::EnrolmentClient::stop_reading`]).
    #[error("the reading was ended")]
    Stopped,
    /// Anything else.
    #[error("{reason}")]
    Failed {
        /// What the platform said.
        reason: String,
    },
}

/// A connected chip: Android `IsoDep`, iOS `NFCISO7816Tag`.
#[uniffi::export(with_foreign)]
pub trait CardTransport: Send + Sync {
    /// Sends one command APDU and returns the response APDU with its status word.
    ///
    /// # Errors
    /// See [`CardError`].
    fn transceive(&self, command: Vec<u8>) -> Result<Vec<u8>, CardError>;

    /// The longest command the channel takes, in bytes.
    fn max_command_length(&self) -> u32;

    /// Whether phone and channel carry extended-length APDUs.
    fn extended_length_supported(&self) -> bool;
}

/// The transport as the terminal's channel; keeps the platform's error, which the terminal's cannot carry.
pub(crate) struct Channel {
    transport: Arc<dyn CardTransport>,
    watch: Watch,
    pub(crate) failure: Option<CardError>,
}

/// Who looks on while a chip is read, and may end it.
#[derive(Clone, Default)]
pub(crate) struct Watch {
    pub(crate) trace: Option<Arc<dyn TraceSink>>,
    /// The app ended the reading.
    pub(crate) stopped: Arc<AtomicBool>,
    /// What was read could not be sent: reading on has no use.
    pub(crate) abandoned: Arc<AtomicBool>,
}

impl Watch {
    pub(crate) fn record(&self, event: impl FnOnce() -> TraceEvent) {
        if let Some(trace) = &self.trace {
            trace.record(event());
        }
    }
}

impl Channel {
    pub(crate) fn new(transport: Arc<dyn CardTransport>, watch: Watch) -> Self {
        Self { transport, watch, failure: None }
    }
}

impl ApduChannel for Channel {
    fn transceive(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let over = [&self.watch.stopped, &self.watch.abandoned];
        let answer = if over.iter().any(|flag| flag.load(Ordering::Relaxed)) {
            Err(CardError::Stopped)
        } else {
            let start = Instant::now();
            let answer = self.transport.transceive(command.to_vec());
            self.watch.record(|| TraceEvent::exchange(command, &answer, start.elapsed()));
            answer
        };
        answer.map_err(|error| {
            let text = error.to_string();
            self.failure = Some(error);
            ChannelError(text)
        })
    }

    fn max_command_length(&self) -> usize {
        self.transport.max_command_length() as usize
    }

    fn extended_length_supported(&self) -> bool {
        self.transport.extended_length_supported()
    }
}
