//! The driver: opens a chip, reads files, lets the chip prove itself.

use lds::{CardAccess, Dg15, FileId};
use rand_core::CryptoRng;

use crate::active_authentication::{self, CHALLENGE};
use crate::apdu::{LE_EXTENDED, LE_SHORT};
use crate::chip_authentication::{ChipAuthenticationTask, KeyDirectory, key_agreement};
use crate::pace::{ChipAuthenticationData, Established, PaceOffer};
use crate::{ApduChannel, Command, Error, Password, Response, SecureMessaging, StatusWord, bac, pace};

/// The eMRTD application (Doc 9303-10, 3.6).
pub(crate) const APPLICATION: [u8; 7] = [0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01];
/// No file is longer: READ BINARY has 15 bits of offset.
pub const MAX_FILE_LENGTH: usize = 0x8000;
/// Reading a document takes a few hundred commands.
const MAX_COMMANDS: u32 = 10_000;
/// The first READ BINARY of a file asks for its tag and length.
const HEADER: usize = 6;
/// A chip that wants to be asked for less than this wants it once, not for every read.
const MIN_CHUNK: usize = 16;

/// How the chip was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessProtocol {
    /// Basic Access Control.
    Bac,
    /// Password Authenticated Connection Establishment.
    Pace,
}

impl AccessProtocol {
    /// `BAC` or `PACE`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bac => "BAC",
            Self::Pace => "PACE",
        }
    }
}

enum Session {
    /// Before access control.
    Plain,
    Open(SecureMessaging),
    /// After an error of secure messaging, or once the keys are the server's.
    Over,
}

/// The reading side of a dialogue with one chip.
pub struct Terminal<C> {
    channel: C,
    session: Session,
    commands: u32,
    /// The most bytes that one READ BINARY asks for.
    chunk: usize,
    /// Bytes of a signature of Active Authentication, known once EF.DG15 was read.
    signature_len: Option<usize>,
    /// What the chip said in PACE-CAM.
    chip_authentication: Option<ChipAuthenticationData>,
}

impl<C: ApduChannel> Terminal<C> {
    /// A terminal that has not opened the chip yet.
    #[must_use]
    pub fn new(channel: C) -> Self {
        let (chunk, commands) = (LE_SHORT as usize, 0);
        let session = Session::Plain;
        Self { channel, session, commands, chunk, signature_len: None, chip_authentication: None }
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

    /// Asks for at most `bytes` at a time instead of what a short response holds. Chips that take extended-length
    /// commands are read faster with some thousand.
    pub fn set_chunk(&mut self, bytes: u16) {
        self.chunk = usize::from(bytes).max(MIN_CHUNK);
    }

    /// Opens the chip and selects the eMRTD application: by PACE if EF.CardAccess offers a supported way, else by BAC.
    /// Never BAC after PACE failed: that would let anybody between force the weaker protocol.
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
        match self.pace_offer()? {
            Some(offer) => {
                let established = self.pace(&offer, &password, rng)?;
                self.session = Session::Open(established.session);
                self.chip_authentication = established.chip_authentication;
                self.select_application()?;
                Ok(AccessProtocol::Pace)
            }
            None => {
                let Password::Mrz(key) = password else { return Err(Error::PaceNotOffered) };
                self.select_application()?;
                let (command, step) = bac::begin(&key);
                let (command, step) = step.received(&self.transmit(&command)?, rng)?;
                let session = step.received(&self.transmit(&command)?)?;
                self.session = Session::Open(session);
                Ok(AccessProtocol::Bac)
            }
        }
    }

    /// What EF.CardAccess offers; `None` if the chip has no such file, as chips that know BAC only. A file that is
    /// there and cannot be read is an error, not a reason for BAC.
    fn pace_offer(&mut self) -> Result<Option<PaceOffer>, Error> {
        let file = FileId::CardAccess;
        let mut response = self.transmit(&Command::select_file(file.fid()))?;
        if response.sw != StatusWord::OK {
            // Something else than the master file may be selected; some chips do not know this command.
            self.transmit(&Command::select_master_file())?;
            response = self.transmit(&Command::select_file(file.fid()))?;
        }
        if response.sw != StatusWord::OK {
            return Ok(None);
        }
        let bytes = self.read_selected(file, |_, _| {})?;
        Ok(PaceOffer::choose(&CardAccess::parse(&bytes)?))
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

    fn select_application(&mut self) -> Result<(), Error> {
        let response = self.transmit(&Command::select_application(&APPLICATION))?;
        response.expect_ok("SELECT eMRTD application")
    }

    /// Reads a file whole. `progress` hears of bytes read and bytes in all.
    ///
    /// # Errors
    /// [`Error::FileNotFound`], [`Error::FileAccessDenied`], [`Error::FileHeader`], [`Error::FileTooLong`],
    /// [`Error::FileTruncated`]; and those of the dialogue.
    pub fn read_file(&mut self, file: FileId, progress: impl FnMut(usize, usize)) -> Result<Vec<u8>, Error> {
        let response = self.transmit(&Command::select_file(file.fid()))?;
        if response.sw != StatusWord::OK {
            return Err(file_error(file, "SELECT", response.sw));
        }
        let bytes = self.read_selected(file, progress)?;
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
        self.transmit(&Command::select_master_file())?.expect_ok("SELECT master file")?;
        let bytes = self.read_file(file, |_, _| {});
        self.select_application()?;
        bytes
    }

    fn read_selected(
        &mut self,
        file: FileId,
        mut progress: impl FnMut(usize, usize),
    ) -> Result<Vec<u8>, Error> {
        let mut bytes = self.read_some(file, 0, HEADER)?;
        let length = file_length(&bytes).ok_or(Error::FileHeader(file))?;
        if length > MAX_FILE_LENGTH {
            return Err(Error::FileTooLong { file, length });
        }
        while bytes.len() < length {
            progress(bytes.len(), length);
            let more = self.read_some(file, bytes.len(), length - bytes.len())?;
            if more.is_empty() {
                return Err(Error::FileTruncated { file, length, got: bytes.len() });
            }
            bytes.extend(more);
        }
        bytes.truncate(length);
        progress(length, length);
        Ok(bytes)
    }

    /// One READ BINARY of at most `wanted` bytes, repeated with less if the chip wants that; empty at the file's end.
    fn read_some(&mut self, file: FileId, offset: usize, wanted: usize) -> Result<Vec<u8>, Error> {
        let too_long = Error::FileTooLong { file, length: offset };
        let offset =
            u16::try_from(offset).ok().filter(|o| usize::from(*o) < MAX_FILE_LENGTH).ok_or(too_long)?;
        let mut le = wanted.min(self.chunk).min(self.max_response_data());
        loop {
            let response =
                self.transmit(&Command::read_binary(offset, u32::try_from(le).unwrap_or(LE_SHORT)))?;
            let less = match response.sw {
                StatusWord::OK | StatusWord::END_OF_FILE if response.data.len() <= le => {
                    return Ok(response.data);
                }
                StatusWord::OK | StatusWord::END_OF_FILE => return Err(Error::MalformedResponse),
                StatusWord::WRONG_OFFSET => return Ok(Vec::new()),
                StatusWord::WRONG_LENGTH => le / 2,
                sw => sw.exact_length().unwrap_or(0),
            };
            if less == 0 || less >= le {
                return Err(file_error(file, "READ BINARY", response.sw));
            }
            le = less;
            self.chunk = self.chunk.min(less.max(MIN_CHUNK));
        }
    }

    /// What fits a response, protected or not, of the length that the channel and the chunk allow.
    fn max_response_data(&self) -> usize {
        let extended = self.chunk > LE_SHORT as usize && self.channel.extended_length_supported();
        self.response_data(if extended { LE_EXTENDED } else { LE_SHORT })
    }

    /// What fits a response of `le` bytes, protected or not.
    fn response_data(&self, le: u32) -> usize {
        match &self.session {
            Session::Open(session) => SecureMessaging::max_response_data(session.cipher(), le as usize),
            _ => le as usize,
        }
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
        let short = self.signature_len.is_none_or(|length| length <= self.response_data(LE_SHORT));
        if !short && !self.channel.extended_length_supported() {
            return Err(Error::ExtendedLengthRequired);
        }
        let le = if short { LE_SHORT } else { LE_EXTENDED };
        let response = self.transmit(&active_authentication::command(challenge, le))?;
        response.expect_ok("INTERNAL AUTHENTICATE")?;
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
        if task.directory == KeyDirectory::MasterFile {
            self.transmit(&Command::select_master_file())?.expect_ok("SELECT master file")?;
        }
        for command in key_agreement(task)? {
            self.transmit(&command)?.expect_ok("Chip Authentication")?;
        }
        self.session = Session::Over;
        task.proof_commands.iter().map(|command| self.exchange(command)).collect()
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

fn file_error(file: FileId, step: &'static str, sw: StatusWord) -> Error {
    match sw {
        StatusWord::NOT_FOUND => Error::FileNotFound(file),
        StatusWord::SECURITY_STATUS => Error::FileAccessDenied(file),
        sw => Error::Status { step, sw },
    }
}

/// The length of the whole file, out of its first bytes: a tag of one byte, a length of one to five.
fn file_length(header: &[u8]) -> Option<usize> {
    let [_, first, digits @ ..] = header else { return None };
    let count = match *first {
        0..=0x7F => return Some(2 + usize::from(*first)),
        0x81..=0x84 => usize::from(first & 0x7F),
        _ => return None,
    };
    let length = digits.get(..count)?.iter().fold(0_usize, |n, digit| n << 8 | usize::from(*digit));
    length.checked_add(2 + count)
}

/// Bytes of a signature under this key.
fn signature_length(dg15: &Dg15) -> Option<usize> {
    match crypto::PublicKey::from_spki_der(&dg15.spki_der).ok()?.0 {
        crypto::PublicKey::Rsa(key) => Some(key.modulus_len()),
        crypto::PublicKey::Ec(key) => Some(2 * key.curve().field_len()),
        crypto::PublicKey::Dsa(_) | crypto::PublicKey::Dh(_) => None,
    }
}
