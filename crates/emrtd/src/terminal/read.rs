//! How files are read, in few commands.
//!
//! A command costs some ten milliseconds of radio, whatever it carries. So a file is selected by the READ BINARY that
//! begins it (short file identifiers, Doc 9303-10, 3.6.3.2), which asks for all that a response can hold: a short file
//! takes one command, and of a long one the first bytes say how much is to come. Chips that do not take the one or the
//! other are noticed and asked as they like it.

use lds::{AtrInfo, FileId, atr_info, tlv};

use super::{Session, Terminal};
use crate::apdu::{DO_DISCRETIONARY, LE_EXTENDED, LE_SHORT};
use crate::{ApduChannel, Command, Error, Response, StatusWord, Step};

/// No file is longer.
pub const MAX_FILE_LENGTH: usize = tlv::MAX_FILE_LEN;
/// READ BINARY with an even instruction byte has 15 bits of offset.
const EVEN_OFFSETS: usize = 0x8000;
/// Tag and length of a file.
const HEADER: usize = 6;
/// A chip that wants to be asked for less than this wants it once, not for every read.
const MIN_CHUNK: usize = 16;
/// Tag, length and padding of the data object of an odd READ BINARY, at most.
const ODD_OVERHEAD: usize = 4;

/// What was learnt of the chip.
pub(super) struct Reading {
    /// The longest data field of a response that channel and chip carry.
    pub(super) longest: usize,
    /// The most bytes that the chip gives at once.
    chunk: usize,
    /// It takes short file identifiers.
    short_ids: bool,
    /// It does not like to be asked for more than a file has.
    careful: bool,
    /// It ended a session where extended length was used, whatever it says in EF.ATR/INFO.
    short_only: bool,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            longest: LE_SHORT as usize,
            chunk: usize::MAX,
            short_ids: true,
            careful: false,
            short_only: false,
        }
    }
}

/// What a READ BINARY came to.
enum Read {
    Data(Vec<u8>),
    Refused(StatusWord),
}

impl<C: ApduChannel> Terminal<C> {
    /// EF.CardAccess; `None` if the chip has no such file, as chips that know BAC only. A file that is there and cannot
    /// be read is an error, not a reason for BAC. On the way EF.ATR/INFO is read, which lies beside it.
    pub(super) fn card_access(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let file = FileId::CardAccess;
        let refused = match self.beginning(file, true)? {
            Read::Data(beginning) => {
                let bytes = self.rest(file, beginning, |_, _| {});
                self.learn_lengths()?;
                return bytes.map(Some);
            }
            Read::Refused(sw) => sw,
        };
        // Phones may have selected the application, and chips differ in the identifiers that they know. A file that is
        // reached neither by the short one nor, in the master file for sure, by the long one is not there. If
        // EF.ATR/INFO can be read, the master file is selected.
        let lengths = if refused == StatusWord::NOT_FOUND { self.learn_lengths()? } else { None };
        if lengths != Some(StatusWord::OK) {
            self.transmit(&Command::select_master_file())?;
        }
        let found = self.transmit(&Command::select_file(file.fid()))?.sw == StatusWord::OK;
        let bytes = match found.then(|| self.beginning(file, false)).transpose()? {
            Some(Read::Data(beginning)) => self.rest(file, beginning, |_, _| {}).map(Some),
            Some(Read::Refused(sw)) => Err(file_error(file, Step::ReadBinary, sw)),
            None => Ok(None),
        };
        if !matches!(lengths, Some(StatusWord::OK | StatusWord::NOT_FOUND)) {
            self.learn_lengths()?;
        }
        bytes
    }

    /// How long APDUs may be, if EF.ATR/INFO says so: extended ones are used for reading only then (Doc 9303-10,
    /// 3.6.4.2). What the chip answered, and OK only if that was EF.ATR/INFO; `None`: there was no reason to ask.
    fn learn_lengths(&mut self) -> Result<Option<StatusWord>, Error> {
        self.reading.longest = LE_SHORT as usize;
        if self.reading.short_only || !self.channel.extended_length_supported() {
            return Ok(None);
        }
        let response = self.transmit(&Command::read_binary_of(atr_info::SFI, LE_SHORT))?;
        if !matches!(response.sw, StatusWord::OK | StatusWord::END_OF_FILE) {
            return Ok(Some(response.sw));
        }
        match AtrInfo::parse(&response.data) {
            Ok(info) => {
                // The channel's limit on commands is taken for one on responses too: none tells that.
                let room = (info.max_response as usize).min(self.channel.max_command_length());
                self.reading.longest = room.saturating_sub(2).clamp(LE_SHORT as usize, LE_EXTENDED as usize);
                Ok(Some(StatusWord::OK))
            }
            Err(error) if self.policy.strict_atr_info => Err(Error::AtrInfo(error)),
            Err(_) => Ok(Some(StatusWord::WRONG_DATA)),
        }
    }

    /// Reads a file of the directory that is selected.
    pub(super) fn read_here(
        &mut self,
        file: FileId,
        progress: impl FnMut(usize, usize),
    ) -> Result<Vec<u8>, Error> {
        let bytes = self.read_whole(file, progress);
        if let Err(Error::SecureMessaging(_)) = &bytes {
            (self.reading.careful, self.reading.short_ids) = (true, false);
            self.reading.short_only |= self.reading.longest > LE_SHORT as usize;
        }
        bytes
    }

    fn read_whole(&mut self, file: FileId, progress: impl FnMut(usize, usize)) -> Result<Vec<u8>, Error> {
        if self.reading.short_ids
            && let Read::Data(beginning) = self.beginning(file, true)?
        {
            return self.rest(file, beginning, progress);
        }
        let selected = self.transmit(&Command::select_file(file.fid()))?.sw;
        if selected != StatusWord::OK {
            return Err(file_error(file, Step::SelectFile, selected));
        }
        // The file is there, and its short identifier did not reach it.
        self.reading.short_ids = false;
        match self.beginning(file, false)? {
            Read::Data(beginning) => self.rest(file, beginning, progress),
            Read::Refused(sw) => Err(file_error(file, Step::ReadBinary, sw)),
        }
    }

    /// The first bytes of a file of unknown length: as many as a response holds, or less if the chip has less.
    fn beginning(&mut self, file: FileId, by_short_id: bool) -> Result<Read, Error> {
        let command = |le: usize| {
            let le = u32::try_from(le).unwrap_or(LE_SHORT);
            if by_short_id { Command::read_binary_of(file.sfi(), le) } else { Command::read_binary(0, le) }
        };
        let mut le = if self.reading.careful { HEADER } else { self.room(0) };
        loop {
            let response = self.transmit(&command(le))?;
            let less = match response.sw {
                StatusWord::OK | StatusWord::END_OF_FILE
                    if response.data.is_empty() && self.is_protected() =>
                {
                    return Err(Error::MissingCryptogram);
                }
                StatusWord::OK | StatusWord::END_OF_FILE => return self.data(response, le).map(Read::Data),
                // It may be the file that ends, or the chip that gives less at once.
                // A short identifier that the chip takes for an offset, or the end of the file.
                StatusWord::WRONG_OFFSET if by_short_id => 0,
                StatusWord::WRONG_LENGTH | StatusWord::WRONG_OFFSET if le > HEADER => {
                    let short = le <= LE_SHORT as usize;
                    (self.reading.careful, self.reading.longest) = (short, LE_SHORT as usize);
                    if short { HEADER } else { self.room(0) }
                }
                sw => sw.exact_length().unwrap_or(0),
            };
            if less == 0 || less >= le {
                return Ok(Read::Refused(response.sw));
            }
            le = less;
        }
    }

    fn rest(
        &mut self,
        file: FileId,
        mut bytes: Vec<u8>,
        mut progress: impl FnMut(usize, usize),
    ) -> Result<Vec<u8>, Error> {
        let length = file_length(&bytes).ok_or(Error::FileHeader(file))?;
        if length > MAX_FILE_LENGTH {
            return Err(Error::FileTooLong { file, length });
        }
        while bytes.len() < length {
            progress(bytes.len(), length);
            let more = self.part(file, bytes.len(), length - bytes.len())?;
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
    fn part(&mut self, file: FileId, offset: usize, wanted: usize) -> Result<Vec<u8>, Error> {
        let mut le = wanted.min(self.room(offset));
        loop {
            let response = self.transmit(&read_binary(offset, le))?;
            let less = match response.sw {
                StatusWord::OK | StatusWord::END_OF_FILE => {
                    let response = if offset < EVEN_OFFSETS { response } else { discretionary(response)? };
                    return self.data(response, le);
                }
                StatusWord::WRONG_OFFSET => return Ok(Vec::new()),
                StatusWord::WRONG_LENGTH if le > LE_SHORT as usize => self.response_data(LE_SHORT as usize),
                StatusWord::WRONG_LENGTH => le / 2,
                sw => sw.exact_length().unwrap_or(0),
            };
            if less == 0 || less >= le {
                return Err(file_error(file, Step::ReadBinary, response.sw));
            }
            le = less;
            self.reading.chunk = self.reading.chunk.min(less.max(MIN_CHUNK));
        }
    }

    /// What one READ BINARY at `offset` may ask for. None crosses the last even offset: some chips have there a wall
    /// (Doc 9303-10, 3.6.6, note 1).
    fn room(&self, offset: usize) -> usize {
        let data = self.response_data(self.reading.longest);
        let data = match EVEN_OFFSETS.checked_sub(offset) {
            Some(even) if even > 0 => data.min(even),
            _ => data - ODD_OVERHEAD,
        };
        data.min(self.reading.chunk)
    }

    fn is_protected(&self) -> bool {
        matches!(self.session, Session::Open(_))
    }

    /// The data of an answer to a READ BINARY of `le` bytes.
    fn data(&self, response: Response, le: usize) -> Result<Vec<u8>, Error> {
        let Response { data, sw } = response;
        if data.len() > le {
            return Err(Error::MalformedResponse);
        }
        if data.is_empty() && sw == StatusWord::OK && self.is_protected() {
            return Err(Error::MissingCryptogram);
        }
        Ok(data)
    }
}

fn read_binary(offset: usize, le: usize) -> Command {
    let le = u32::try_from(le).unwrap_or(LE_SHORT);
    match u16::try_from(offset) {
        Ok(even) if offset < EVEN_OFFSETS => Command::read_binary(even, le),
        _ => Command::read_binary_odd(u32::try_from(offset).unwrap_or(u32::MAX), le),
    }
}

/// The bytes in the data object of an odd READ BINARY.
fn discretionary(response: Response) -> Result<Response, Error> {
    let object = tlv::read_one("APDU", &response.data, DO_DISCRETIONARY);
    let data = object.map_err(|_| Error::MalformedAnswer { step: Step::ReadBinary })?.value.to_vec();
    Ok(Response { data, ..response })
}

fn file_error(file: FileId, step: Step, sw: StatusWord) -> Error {
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
