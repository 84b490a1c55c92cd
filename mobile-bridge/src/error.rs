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
    /// The seal was sent, and whether the server sealed is not known. Keep the keys: if it did, they are the account's, and
    /// a login shows it.
    #[error("the server did not answer the seal: {text}")]
    Unanswered {
        /// What came instead.
        text: String,
        /// The server's issuer identifier, which statements name.
        issuer: String,
        /// The name of the device.
        device_id: String,
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

    /// The error of a seal. Only a refusal says that nothing was sealed; and not one that a repeat meets although its first
    /// sending sealed: the enrolment is over, or there were too many requests.
    pub(crate) fn of_seal(self, issuer: &str, device_id: &str) -> Self {
        let settled = match &self {
            Self::Refused { status, code, .. } => {
                (400..500).contains(status) && !["enrolment.closed", "request.rate"].contains(&code.as_str())
            }
            Self::Network { .. } | Self::Protocol { .. } => false,
            // Nothing was sent.
            _ => true,
        };
        if settled {
            return self;
        }
        let (issuer, device_id) = (issuer.to_owned(), device_id.to_owned());
        Self::Unanswered { text: self.to_string(), issuer, device_id }
    }

    /// The stable code, for an app's own texts and for tests.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Chip { code, .. } | Self::Refused { code, .. } => code,
            Self::Network { .. } => "network",
            Self::Unanswered { .. } => "unanswered",
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
            CardError::Stopped => Self::chip("nfc.stopped", error),
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
