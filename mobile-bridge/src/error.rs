//! What can go wrong, with the codes of the one table (`protocol::codes`).

use protocol::codes::{Language, Problem, Retry};

use crate::{CardError, KeyError};

/// An error for the app: a stable code, a text for the person, a hint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
#[non_exhaustive]
pub enum BridgeError {
    /// The chip or the NFC channel; `nfc.*`. Technical: it costs no attempt.
    #[error("{code}: {text}")]
    Chip {
        /// Stable code.
        code: String,
        /// What happened.
        text: String,
    },
    /// The server refused.
    #[error("{code}: {text}")]
    Refused {
        /// Stable code, or its family.
        code: String,
        /// A sentence for the person, in the client's language.
        text: String,
        /// HTTP status.
        status: u16,
        /// The hint of the table: `now`, `correct`, `read-again`, `later`, `start-again`, `other-way`, `never`.
        retry: String,
    },
    /// The server could not be reached; the request may be sent again.
    #[error("network: {text}")]
    Network {
        /// What happened.
        text: String,
    },
    /// A key of the phone did not answer.
    #[error("key: {text}")]
    Key {
        /// What happened.
        text: String,
    },
    /// The call came before a step that it needs, or with a value that cannot be right.
    #[error("usage: {text}")]
    Usage {
        /// What is missing.
        text: String,
    },
    /// The server answered with something that this version does not understand.
    #[error("the server's answer is not understood: {text}")]
    Protocol {
        /// What was not understood.
        text: String,
    },
}

impl BridgeError {
    pub(crate) fn usage(text: &str) -> Self {
        Self::Usage { text: text.to_owned() }
    }

    pub(crate) fn chip(code: &str, text: impl ToString) -> Self {
        Self::Chip { code: code.to_owned(), text: text.to_string() }
    }

    pub(crate) fn refused(problem: Problem) -> Self {
        let retry = match problem.retry {
            Retry::Now => "now",
            Retry::Correct => "correct",
            Retry::ReadAgain => "read-again",
            Retry::Later => "later",
            Retry::StartAgain => "start-again",
            Retry::OtherWay => "other-way",
            Retry::Never => "never",
        };
        Self::Refused {
            code: problem.code,
            text: problem.title,
            status: problem.status,
            retry: retry.to_owned(),
        }
    }

    /// The stable code, for an app's own texts and for tests.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Chip { code, .. } | Self::Refused { code, .. } => code,
            Self::Network { .. } => "network",
            Self::Key { .. } => "key",
            Self::Usage { .. } => "usage",
            Self::Protocol { .. } => "protocol",
        }
    }
}

impl From<CardError> for BridgeError {
    fn from(error: CardError) -> Self {
        match error {
            CardError::TagLost => {
                Self::chip("nfc.tag-lost", protocol::codes::text("nfc.tag-lost", Language::En))
            }
            CardError::Failed { reason } => Self::chip("nfc.channel", reason),
        }
    }
}

impl From<KeyError> for BridgeError {
    fn from(error: KeyError) -> Self {
        let KeyError::Failed { reason } = error;
        Self::Key { text: reason }
    }
}

impl From<protocol::Error> for BridgeError {
    fn from(error: protocol::Error) -> Self {
        Self::Usage { text: error.to_string() }
    }
}
