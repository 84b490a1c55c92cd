//! The driver: opens a chip, reads files, lets the chip prove itself.

use lds::{CardAccess, Dg15, FileId};
use rand_core::CryptoRng;

use crate::active_authentication::{self, CHALLENGE};
use crate::apdu::{LE_EXTENDED, LE_SHORT};
use crate::chip_authentication::{ChipAuthenticationTask, KeyDirectory, TaskProtocol, key_agreement};
use crate::pace::{ChipAuthenticationData, Established, PaceOffer};
use crate::{ApduChannel, Command, Error, Password, Response, SecureMessaging, StatusWord, Step, bac, pace};

mod read;

pub use read::MAX_FILE_LENGTH;
use read::Reading;

/// The eMRTD application (Doc 9303-10, 3.6).
pub(crate) const APPLICATION: [u8; 7] = [0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01];
/// Reading a document takes a few hundred commands.
const MAX_COMMANDS: u32 = 10_000;

/// How the chip was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessProtocol {
    /// The chip gives its files to anybody.
    Unprotected,
    /// Basic Access Control: the chip offers no PACE.
    Bac,
    /// Basic Access Control, after PACE was offered and failed: only if [`AccessPolicy`] says so.
    BacAfterPace,
    /// Password Authenticated Connection Establishment.
    Pace,
}

impl AccessProtocol {
    /// `none`, `BAC`, `BAC after PACE failed` or `PACE`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unprotected => "none",
            Self::Bac => "BAC",
            Self::BacAfterPace => "BAC after PACE failed",
            Self::Pace => "PACE",
        }
    }
}

/// What the terminal lets pass. The default: nothing that the standard does not, but an EF.ATR/INFO that cannot be read
/// is taken for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccessPolicy {
    /// BAC is tried where PACE was offered and failed, or offered in no way that is allowed. Anybody between could so
    /// force the weaker protocol.
    pub bac_after_failed_pace: bool,
    /// An EF.ATR/INFO that is there must say how long APDUs may be, as BSI TR-03105-5.1 has it (LDS_K).
    pub strict_atr_info: bool,
}

enum Session {
    /// Before access control, or with a chip that has none.
    Plain,
    Open(SecureMessaging),
    /// After an error of secure messaging, or once the keys are the server's.
    Over,
}

/// The reading side of a dialogue with one chip.
pub struct Terminal<C> {
    channel: C,
    policy: AccessPolicy,
    session: Session,
    commands: u32,
    reading: Reading,
    /// Bytes of a signature of Active Authentication, known once EF.DG15 was read.
    signature_len: Option<usize>,
    /// What the chip said in PACE-CAM.
    chip_authentication: Option<ChipAuthenticationData>,
}

impl<C: ApduChannel> Terminal<C> {
    /// A terminal that has not opened the chip yet.
    #[must_use]
    pub fn new(channel: C) -> Self {
        Self::with_policy(channel, AccessPolicy::default())
    }

    /// The same, letting pass what `policy` says.
    #[must_use]
    pub fn with_policy(channel: C, policy: AccessPolicy) -> Self {
        let (session, reading) = (Session::Plain, Reading::default());
        Self {
            channel,
            policy,
            session,
            commands: 0,
            reading,
            signature_len: None,
            chip_authentication: None,
        }
    }

    /// After PACE-CAM: what the chip proves itself with, once its static keys were read and are authentic.
    #[must_use]
    pub fn chip_authentication_data(&self) -> Option<&ChipAuthenticationData> {
        self.chip_authentication.as_ref()
    }

    /// The channel.
    pub fn channel_mut(&mut self) -> &mut C {
        &mut self.channel
    }

    /// Opens the chip and selects the eMRTD application: by PACE if EF.CardAccess offers it, else by BAC (Doc 9303-11,
    /// 4.2). Never BAC after PACE failed, unless the policy says so.
    ///
    /// # Errors
    /// [`Error::AccessDenied`]: another document's password. [`Error::PaceNotOffered`]: a CAN, and no PACE. And those
    /// of the steps.
    pub fn open(
        &mut self,
        password: impl Into<Password>,
        rng: &mut impl CryptoRng,
    ) -> Result<AccessProtocol, Error> {
        let password = password.into();
        self.session = Session::Plain;
        self.signature_len = None;
        self.chip_authentication = None;
        let opened = self.card_access().and_then(|file| self.open_by_pace(file, &password, rng));
        match (opened, &password) {
            (Ok(true), _) => Ok(AccessProtocol::Pace),
            (Ok(false), Password::Mrz(_)) => self.open_by_bac(&password, rng),
            (Ok(false), Password::Can(_)) => Err(Error::PaceNotOffered),
            (Err(error @ (Error::Channel(_) | Error::AtrInfo(_))), _) => Err(error),
            (Err(_), Password::Mrz(_)) if self.policy.bac_after_failed_pace => {
                self.session = Session::Plain;
                self.open_by_bac(&password, rng).map(|_| AccessProtocol::BacAfterPace)
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Whether the chip offers PACE, and is now open by it.
    fn open_by_pace(
        &mut self,
        card_access: Option<Vec<u8>>,
        password: &Password,
        rng: &mut impl CryptoRng,
    ) -> Result<bool, Error> {
        let Some(bytes) = card_access else { return Ok(false) };
        let card_access = CardAccess::parse(&bytes).map_err(Error::CardAccess)?;
        let Some(offer) = PaceOffer::choose(&card_access) else {
            // Ways that the standard does not allow, and no other, are PACE that fails; unknown OIDs are no PACE.
            return card_access
                .pace()
                .next()
                .map_or(Ok(false), |info| PaceOffer::allowed(info).map(|_| false));
        };
        let established = self.pace(&offer, password, rng)?;
        self.session = Session::Open(established.session);
        self.chip_authentication = established.chip_authentication;
        self.select_application()?;
        Ok(true)
    }

    fn pace(
        &mut self,
        offer: &PaceOffer,
        password: &Password,
        rng: &mut impl CryptoRng,
    ) -> Result<Established, Error> {
        let (command, step) = pace::begin(offer, password);
        let (command, step) = step.received(&self.transmit(&command)?)?;
        let (command, step) = step.received(&self.transmit(&command)?, rng)?;
        let (command, step) = step.received(&self.transmit(&command)?, rng)?;
        let (command, step) = step.received(&self.transmit(&command)?)?;
        step.received(&self.transmit(&command)?)
    }

    fn open_by_bac(
        &mut self,
        password: &Password,
        rng: &mut impl CryptoRng,
    ) -> Result<AccessProtocol, Error> {
        let Password::Mrz(key) = password else { return Err(Error::PaceNotOffered) };
        self.select_application()?;
        let (command, step) = bac::begin(key);
        let challenge = self.transmit(&command)?;
        if challenge.sw != StatusWord::OK && self.is_readable()? {
            return Ok(AccessProtocol::Unprotected);
        }
        let (command, step) = step.received(&challenge, rng)?;
        let session = step.received(&self.transmit(&command)?)?;
        self.session = Session::Open(session);
        Ok(AccessProtocol::Bac)
    }

    /// Whether the chip, that knows no BAC, gives its files to anybody.
    fn is_readable(&mut self) -> Result<bool, Error> {
        let selected = self.transmit(&Command::select_file(FileId::Com.fid()))?;
        if selected.sw != StatusWord::OK {
            return Ok(false);
        }
        Ok(self.transmit(&Command::read_binary(0, 1))? == Response::ok(vec![FileId::Com.tag()]))
    }

    fn select_application(&mut self) -> Result<(), Error> {
        let response = self.transmit(&Command::select_application(&APPLICATION))?;
        response.expect_ok(Step::SelectApplication)
    }

    /// Reads a file whole. `progress` hears of bytes read and bytes in all.
    ///
    /// # Errors
    /// [`Error::FileNotFound`], [`Error::FileAccessDenied`], [`Error::FileHeader`], [`Error::FileTooLong`],
    /// [`Error::FileTruncated`]; and those of the dialogue. After [`Error::SecureMessaging`] with a plain answer, the
    /// same terminal reads more carefully once it has opened the chip again: a chip may end its session when it is
    /// asked for more than it has.
    pub fn read_file(&mut self, file: FileId, progress: impl FnMut(usize, usize)) -> Result<Vec<u8>, Error> {
        let bytes = self.read_here(file, progress)?;
        if file == FileId::Dg(15) {
            self.signature_len = Dg15::parse(&bytes).ok().and_then(|dg15| signature_length(&dg15));
        }
        Ok(bytes)
    }

    /// Reads a file of the master file in the open session, and selects the eMRTD application again.
    ///
    /// # Errors
    /// As [`read_file`](Self::read_file).
    pub fn read_master_file(&mut self, file: FileId) -> Result<Vec<u8>, Error> {
        self.transmit(&Command::select_master_file())?.expect_ok(Step::SelectFile)?;
        let bytes = self.read_here(file, |_, _| {});
        self.select_application()?;
        bytes
    }

    /// Lets the chip sign a challenge of eight bytes. EF.DG15 is read before, if it was not, since the length of the
    /// signature decides whether a short command can ask for it.
    ///
    /// # Errors
    /// [`Error::ChallengeLength`], [`Error::ExtendedLengthRequired`], [`Error::Status`]; and those of the dialogue.
    pub fn internal_authenticate(&mut self, challenge: &[u8]) -> Result<Vec<u8>, Error> {
        let challenge: &[u8; CHALLENGE] =
            challenge.try_into().map_err(|_| Error::ChallengeLength(challenge.len()))?;
        if self.signature_len.is_none() {
            self.read_file(FileId::Dg(15), |_, _| {})?;
        }
        let short = self.signature_len.is_none_or(|length| length <= self.response_data(LE_SHORT as usize));
        if !short && !self.channel.extended_length_supported() {
            return Err(Error::ExtendedLengthRequired);
        }
        let le = if short { LE_SHORT } else { LE_EXTENDED };
        let response = self.transmit(&active_authentication::command(challenge, le))?;
        response.expect_ok(Step::ActiveAuthentication)?;
        Ok(response.data)
    }

    /// Performs the key agreement of `task` in the open session, then sends the proof commands as they are and returns
    /// the raw responses. The session is over afterwards: its keys are the server's.
    ///
    /// # Errors
    /// [`Error::NoSession`]; [`Error::Status`]: the chip refuses the key agreement; and those of the dialogue.
    pub fn run_chip_authentication(&mut self, task: &ChipAuthenticationTask) -> Result<Vec<Vec<u8>>, Error> {
        if !matches!(self.session, Session::Open(_)) {
            return Err(Error::NoSession);
        }
        let commands = key_agreement(task)?;
        if task.directory == KeyDirectory::MasterFile {
            self.transmit(&Command::select_master_file())?.expect_ok(Step::SelectFile)?;
        }
        if let Err(error) = self.agree(&commands) {
            // Doc 9303-11, 8.5, note 1: chips that do not know MSE:Set KAT take MSE:Set AT in the same session.
            match (&error, &task.protocol) {
                (Error::Status { .. }, TaskProtocol::Kat) => {
                    self.agree(&key_agreement(&task.without_kat())?)?
                }
                _ => return Err(error),
            }
        }
        self.session = Session::Over;
        task.proof_commands.iter().map(|command| self.exchange(command)).collect()
    }

    fn agree(&mut self, commands: &[Command]) -> Result<(), Error> {
        commands.iter().try_for_each(|command| self.transmit(command)?.expect_ok(Step::ChipAuthentication))
    }

    /// What fits a response of `length` bytes, protected or not.
    fn response_data(&self, length: usize) -> usize {
        match &self.session {
            Session::Open(session) => SecureMessaging::max_response_data(session.cipher(), length),
            _ => length,
        }
    }

    /// Sends a command, protected once a session is open.
    fn transmit(&mut self, command: &Command) -> Result<Response, Error> {
        match std::mem::replace(&mut self.session, Session::Over) {
            Session::Plain => {
                let bytes = self.exchange(&command.encode()?)?;
                self.session = Session::Plain;
                Response::parse(&bytes)
            }
            Session::Open(mut session) => {
                let protected = session.protect(command)?.encode()?;
                let response = Response::parse(&self.exchange(&protected)?)?;
                let response = session.unprotect(&response)?;
                self.session = Session::Open(session);
                Ok(response)
            }
            Session::Over => Err(Error::NoSession),
        }
    }

    fn exchange(&mut self, command: &[u8]) -> Result<Vec<u8>, Error> {
        self.commands += 1;
        if self.commands > MAX_COMMANDS {
            return Err(Error::TooManyCommands);
        }
        if command.len() > self.channel.max_command_length() {
            return Err(Error::CommandTooLong(command.len()));
        }
        Ok(self.channel.transceive(command)?)
    }
}

/// Bytes of a signature under this key.
fn signature_length(dg15: &Dg15) -> Option<usize> {
    match crypto::PublicKey::from_spki_der(&dg15.spki_der).ok()?.0 {
        crypto::PublicKey::Rsa(key) => Some(key.modulus_len()),
        crypto::PublicKey::Ec(key) => Some(2 * key.curve().field_len()),
        crypto::PublicKey::Dsa(_) | crypto::PublicKey::Dh(_) => None,
    }
}
