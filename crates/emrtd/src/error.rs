use lds::FileId;

use crate::apdu::{ChannelError, StatusWord};
use crate::pace::PaceCamError;
use crate::secure_messaging::SecureMessagingError;

/// Why a dialogue with a chip failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The channel gave no response.
    #[error("no response: {0}")]
    Channel(#[from] ChannelError),
    /// Not a command APDU.
    #[error("malformed command APDU")]
    MalformedCommand,
    /// Not a response APDU.
    #[error("malformed response APDU")]
    MalformedResponse,
    /// A command that neither the encoding nor the channel can carry; with the length of its data.
    #[error("command too long: {0} bytes of data")]
    CommandTooLong(usize),
    /// The step needs extended-length APDUs and the channel has none.
    #[error("the channel carries no extended-length APDUs")]
    ExtendedLengthRequired,
    /// More commands than reading any document takes.
    #[error("the chip was asked too often")]
    TooManyCommands,
    /// Not a document number, a date or a card access number.
    #[error("malformed {0}")]
    Password(&'static str),
    /// The chip did not accept the password.
    #[error("{protocol}: the chip refuses the password: {sw}")]
    AccessDenied {
        /// `BAC` or `PACE`.
        protocol: &'static str,
        /// What the chip said.
        sw: StatusWord,
    },
    /// The password opens PACE only, and the chip offers none that is supported.
    #[error("the chip offers no supported PACE")]
    PaceNotOffered,
    /// A way of PACE that Doc 9303-11 does not allow.
    #[error("PACE is not defined so: {0}")]
    PaceCombination(&'static str),
    /// The chip did not prove itself in PACE-CAM.
    #[error("PACE-CAM: {0}")]
    PaceCam(#[from] PaceCamError),
    /// The chip refused a step.
    #[error("{step}: {sw}")]
    Status {
        /// Which command.
        step: &'static str,
        /// What the chip said.
        sw: StatusWord,
    },
    /// The chip has no such file.
    #[error("{0} not found")]
    FileNotFound(FileId),
    /// The chip does not let this session read the file.
    #[error("{0} may not be read")]
    FileAccessDenied(FileId),
    /// The file is longer than any that is read; with its length.
    #[error("{file} has {length} bytes")]
    FileTooLong {
        /// Which file.
        file: FileId,
        /// The length that its header says.
        length: usize,
    },
    /// The chip gave less or more of the file than its header says.
    #[error("{file}: {got} bytes of {length}")]
    FileTruncated {
        /// Which file.
        file: FileId,
        /// The length that its header says.
        length: usize,
        /// What came.
        got: usize,
    },
    /// A file does not begin with a tag and a length.
    #[error("{0}: no tag and length")]
    FileHeader(FileId),
    /// A file that cannot be parsed.
    #[error(transparent)]
    Lds(#[from] lds::Error),
    /// A message of a protocol is not what the step demands.
    #[error("{step}: malformed answer")]
    MalformedAnswer {
        /// Which step.
        step: &'static str,
    },
    /// The other side's cryptogram, token or MAC is wrong.
    #[error("{step}: wrong authentication")]
    WrongAuthentication {
        /// Which step.
        step: &'static str,
    },
    /// The other side sent our own public key back.
    #[error("{step}: reflected public key")]
    ReflectedKey {
        /// Which step.
        step: &'static str,
    },
    /// A key, point or nonce was refused by the arithmetic.
    #[error("{step}: {error}")]
    Crypto {
        /// Which step.
        step: &'static str,
        /// Why.
        error: crypto::Error,
    },
    /// There is no session: none was opened, or it ended.
    #[error("no session with the chip")]
    NoSession,
    /// The chip's answer did not pass secure messaging; the session ended.
    #[error("secure messaging: {0}")]
    SecureMessaging(#[from] SecureMessagingError),
    /// An instruction that secure messaging protects otherwise: not supported.
    #[error("odd instruction {0:02X} under secure messaging")]
    OddInstruction(u8),
    /// EF.DG14 has no public key of Chip Authentication.
    #[error("Chip Authentication is not offered")]
    ChipAuthenticationNotOffered,
    /// EF.DG14 has public keys, and none with a supported protocol and curve.
    #[error("Chip Authentication is offered in no supported way")]
    ChipAuthenticationUnsupported,
    /// Not as many responses as proof commands.
    #[error("{got} proof responses instead of {expected}")]
    ProofCount {
        /// Commands.
        expected: usize,
        /// Responses.
        got: usize,
    },
    /// A proof response does not pass secure messaging under the new keys.
    #[error("proof response {response}: {error}")]
    Proof {
        /// Its number, from 0.
        response: usize,
        /// Why.
        error: SecureMessagingError,
    },
    /// A proof response is protected and says something else than 9000.
    #[error("proof response {response}: {sw}")]
    ProofStatus {
        /// Its number, from 0.
        response: usize,
        /// What it says.
        sw: StatusWord,
    },
    /// A proof response is protected and has another length than what was read.
    #[error("proof response {response}: {got} bytes instead of {expected}")]
    ProofLength {
        /// Its number, from 0.
        response: usize,
        /// Bytes asked for.
        expected: usize,
        /// Bytes given.
        got: usize,
    },
    /// Not what [`crate::chip_authentication::AwaitProof::suspend`] wrote.
    #[error("malformed suspended step")]
    MalformedSuspended,
    /// A challenge of Active Authentication has eight bytes; with its length.
    #[error("challenge of {0} bytes")]
    ChallengeLength(usize),
    /// The key of EF.DG15 is elliptic and EF.DG14 names no signature algorithm.
    #[error("EF.DG14 names no algorithm of Active Authentication")]
    ActiveAuthenticationAlgorithm,
    /// The signature over the challenge is wrong.
    #[error("wrong signature of Active Authentication")]
    ActiveAuthenticationSignature,
}

impl Error {
    /// The machine code (docs/protocols.md, section 5): `nfc.` for the dialogue, `ca.` and `aa.` for the proofs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Channel(_) => "nfc.tag-lost",
            Self::MalformedCommand | Self::MalformedResponse => "nfc.malformed-apdu",
            Self::CommandTooLong(_) | Self::ExtendedLengthRequired => "nfc.extended-length",
            Self::TooManyCommands => "nfc.too-many-commands",
            Self::Password(_) => "nfc.password",
            Self::AccessDenied { .. } => "nfc.access-denied",
            Self::PaceNotOffered => "nfc.pace-not-offered",
            Self::PaceCombination(_) => "nfc.pace-combination",
            Self::PaceCam(error) => error.code(),
            Self::Status { .. } => "nfc.status",
            Self::FileNotFound(_) => "nfc.file-not-found",
            Self::FileAccessDenied(_) => "nfc.file-access-denied",
            Self::FileTooLong { .. } => "nfc.file-too-long",
            Self::FileTruncated { .. } => "nfc.file-truncated",
            Self::FileHeader(_) | Self::Lds(_) => "nfc.malformed-file",
            Self::MalformedAnswer { .. } => "nfc.malformed-answer",
            Self::WrongAuthentication { .. } => "nfc.wrong-authentication",
            Self::ReflectedKey { .. } => "nfc.reflected-key",
            Self::Crypto { .. } => "nfc.crypto",
            Self::NoSession => "nfc.no-session",
            Self::SecureMessaging(_) => "nfc.secure-messaging",
            Self::OddInstruction(_) => "nfc.odd-instruction",
            Self::ChipAuthenticationNotOffered => "ca.not-offered",
            Self::ChipAuthenticationUnsupported => "ca.unsupported",
            Self::ProofCount { .. } => "ca.count",
            Self::Proof { error, .. } => error.proof_code(),
            Self::ProofStatus { .. } => "ca.status",
            Self::ProofLength { .. } => "ca.length",
            Self::MalformedSuspended => "ca.suspended",
            Self::ChallengeLength(_) => "aa.challenge",
            Self::ActiveAuthenticationAlgorithm => "aa.algorithm",
            Self::ActiveAuthenticationSignature => "aa.signature",
        }
    }
}
