use lds::FileId;

use crate::apdu::{ChannelError, StatusWord};
use crate::pace::PaceCamError;
use crate::secure_messaging::SecureMessagingError;

/// A step of the dialogue, as errors name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// SELECT of the eMRTD application.
    SelectApplication,
    /// SELECT of a file.
    SelectFile,
    /// READ BINARY.
    ReadBinary,
    /// GET CHALLENGE, of BAC.
    GetChallenge,
    /// EXTERNAL AUTHENTICATE, of BAC.
    MutualAuthentication,
    /// MSE:Set AT, of PACE.
    PaceSelection,
    /// The encrypted nonce: the first GENERAL AUTHENTICATE of PACE.
    PaceNonce,
    /// The mapping: the second.
    PaceMapping,
    /// The ephemeral keys: the third.
    PaceKeyAgreement,
    /// The tokens: the last.
    PaceToken,
    /// A transcript of PACE that is judged later.
    PaceTranscript,
    /// The protection of a command.
    SecureMessaging,
    /// Chip Authentication.
    ChipAuthentication,
    /// Active Authentication.
    ActiveAuthentication,
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Self::SelectApplication => "SELECT eMRTD application",
            Self::SelectFile => "SELECT",
            Self::ReadBinary => "READ BINARY",
            Self::GetChallenge => "GET CHALLENGE",
            Self::MutualAuthentication => "BAC EXTERNAL AUTHENTICATE",
            Self::PaceSelection => "PACE MSE:Set AT",
            Self::PaceNonce => "PACE step 1, nonce",
            Self::PaceMapping => "PACE step 2, mapping",
            Self::PaceKeyAgreement => "PACE step 3, key agreement",
            Self::PaceToken => "PACE step 4, token",
            Self::PaceTranscript => "transcript of PACE",
            Self::SecureMessaging => "secure messaging",
            Self::ChipAuthentication => "Chip Authentication",
            Self::ActiveAuthentication => "Active Authentication",
        }
    }

    /// The chip's status word is not 9000.
    fn status_code(self) -> &'static str {
        match self {
            Self::SelectApplication => "nfc.select-application",
            Self::SelectFile => "nfc.select-file",
            Self::ReadBinary => "nfc.read-binary",
            Self::GetChallenge => "bac.challenge",
            Self::PaceSelection => "pace.mse-set-at",
            Self::PaceNonce => "pace.step1",
            Self::PaceMapping => "pace.step2",
            Self::PaceKeyAgreement => "pace.step3",
            Self::PaceToken => "pace.step4",
            _ => "nfc.status",
        }
    }

    /// The answer has not the data objects that the step demands.
    fn malformed_code(self) -> &'static str {
        match self {
            Self::GetChallenge => "bac.challenge",
            Self::PaceNonce => "pace.step1-tag",
            Self::PaceMapping => "pace.step2-tag",
            Self::PaceKeyAgreement => "pace.step3-tag",
            Self::PaceToken => "pace.step4-tag",
            _ => "nfc.malformed-answer",
        }
    }

    /// The arithmetic refuses what came.
    fn crypto_code(self) -> &'static str {
        match self {
            Self::PaceNonce => "pace.nonce",
            Self::PaceMapping => "pace.mapping-key",
            Self::PaceKeyAgreement => "pace.ephemeral-key",
            _ => "nfc.crypto",
        }
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

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
        step: Step,
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
    /// EF.CardAccess cannot be parsed.
    #[error(transparent)]
    CardAccess(lds::Error),
    /// EF.ATR/INFO does not say how long commands and responses may be; refused by [`crate::AccessPolicy`] only.
    #[error(transparent)]
    AtrInfo(lds::Error),
    /// A message of a protocol is not what the step demands.
    #[error("{step}: malformed answer")]
    MalformedAnswer {
        /// Which step.
        step: Step,
    },
    /// The other side's token or MAC is wrong.
    #[error("{step}: wrong authentication")]
    WrongAuthentication {
        /// Which step.
        step: Step,
    },
    /// In BAC, the chip's cryptogram has a right MAC and not our numbers in it.
    #[error("BAC: wrong cryptogram")]
    BacCryptogram,
    /// The other side sent our own public key back.
    #[error("{step}: reflected public key")]
    ReflectedKey {
        /// Which step.
        step: Step,
    },
    /// A key, point or nonce was refused by the arithmetic.
    #[error("{step}: {error}")]
    Crypto {
        /// Which step.
        step: Step,
        /// Why.
        error: crypto::Error,
    },
    /// There is no session: none was opened, or it ended.
    #[error("no session with the chip")]
    NoSession,
    /// The chip's answer did not pass secure messaging; the session ended.
    #[error("secure messaging: {0}")]
    SecureMessaging(#[from] SecureMessagingError),
    /// A protected answer says 9000 to a READ BINARY and has no data.
    #[error("secure messaging: no cryptogram")]
    MissingCryptogram,
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
    /// The machine code (docs/protocols.md, section 5): `nfc.`, `bac.`, `pace.` and `sm.` for the
    /// dialogue, `ca.`, `aa.` and `pace-cam.` for the proofs.
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
            Self::PaceCombination(_) => "pace.combination",
            Self::PaceCam(error) => error.code(),
            Self::Status { step, .. } => step.status_code(),
            Self::FileNotFound(_) => "nfc.file-not-found",
            Self::FileAccessDenied(_) => "nfc.file-access-denied",
            Self::FileTooLong { .. } => "nfc.file-too-long",
            Self::FileTruncated { .. } => "nfc.file-truncated",
            Self::FileHeader(_) => "nfc.malformed-file",
            Self::CardAccess(_) => "pace.card-access",
            Self::AtrInfo(_) => "nfc.atr-info",
            Self::MalformedAnswer { step } => step.malformed_code(),
            Self::WrongAuthentication { step: Step::PaceToken } => "pace.token",
            Self::WrongAuthentication { .. } => "bac.mac",
            Self::BacCryptogram => "bac.cryptogram",
            Self::ReflectedKey { .. } => "pace.identical-keys",
            Self::Crypto { step, .. } => step.crypto_code(),
            Self::NoSession => "nfc.no-session",
            Self::SecureMessaging(error) => error.code(),
            Self::MissingCryptogram => "sm.cryptogram-missing",
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
