//! What can go wrong, with the codes of the one table (`protocol::codes`).

use protocol::codes::{self, Language, Problem, Retry};

use crate::{CardError, KeyError};

/// An error for the app: a stable code, a text for the person, a hint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
#[non_exhaustive]
pub enum BridgeError {
    /// The chip or the NFC channel; `nfc.*`. Technical: it costs no attempt.
    #[error("{code}: {detail}")]
    Chip {
        /// Stable code.
        code: String,
        /// A sentence for the person, in the client's language.
        text: String,
        /// The hint of the table, as that of `Refused`.
        retry: String,
        /// What happened, for support.
        detail: String,
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

    /// An error of the chip or its channel, told in English.
    pub(crate) fn chip(code: &str, detail: impl ToString) -> Self {
        Self::Chip {
            code: code.to_owned(),
            text: codes::text(code, Language::En).to_owned(),
            retry: hint(codes::entry(code).retry),
            detail: detail.to_string(),
        }
    }

    /// The same error with its sentence in this language.
    pub(crate) fn told_in(mut self, language: Language) -> Self {
        if let Self::Chip { code, text, .. } = &mut self {
            *text = codes::text(code, language).to_owned();
        }
        self
    }

    pub(crate) fn refused(problem: Problem) -> Self {
        let Problem { code, title, status, retry, .. } = problem;
        Self::Refused { code, text: title, status, retry: hint(retry) }
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

/// The table's own word for what can be done.
fn hint(retry: Retry) -> String {
    let word = match retry {
        Retry::Now => "now",
        Retry::Correct => "correct",
        Retry::ReadAgain => "read-again",
        Retry::Later => "later",
        Retry::StartAgain => "start-again",
        Retry::OtherWay => "other-way",
        Retry::Never => "never",
    };
    word.to_owned()
}

impl From<CardError> for BridgeError {
    fn from(error: CardError) -> Self {
        let code = match error {
            CardError::TagLost => "nfc.tag-lost",
            CardError::Timeout => "nfc.timeout",
            CardError::NotSupported => "nfc.not-supported",
            CardError::SeveralTags => "nfc.several-tags",
            CardError::Stopped => "nfc.stopped",
            CardError::Failed { .. } => "nfc.channel",
        };
        Self::chip(code, error)
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
