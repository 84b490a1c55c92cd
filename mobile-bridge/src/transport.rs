//! The NFC channel that the platform brings.

use std::sync::Arc;

use emrtd::{ApduChannel, ChannelError};

/// Why a command got no response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum CardError {
    /// The chip left the field. Hold the document again; files already read are kept.
    #[error("the chip left the field")]
    TagLost,
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
    pub(crate) failure: Option<CardError>,
}

impl Channel {
    pub(crate) fn new(transport: Arc<dyn CardTransport>) -> Self {
        Self { transport, failure: None }
    }
}

impl ApduChannel for Channel {
    fn transceive(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        self.transport.transceive(command.to_vec()).map_err(|error| {
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
