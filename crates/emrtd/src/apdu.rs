//! Application protocol data units (ISO/IEC 7816-4, 5), short and extended.

use std::fmt;

use lds::tlv;

use crate::{Error, Step};

/// The longest data field of an extended command.
const MAX_DATA: usize = 0xFFFF;
/// `Le` that asks for all that a short response can hold.
pub const LE_SHORT: u32 = 256;
/// `Le` that asks for all that an extended response can hold.
pub const LE_EXTENDED: u32 = 65_536;

/// Discretionary data, in the answer to an odd READ BINARY.
pub const DO_DISCRETIONARY: u32 = 0x53;
/// Offset, in an odd READ BINARY.
pub const DO_OFFSET: u32 = 0x54;

/// Instruction bytes (Doc 9303-10, 3.6.3; Doc 9303-11).
pub mod ins {
    /// MANAGE SECURITY ENVIRONMENT.
    pub const MANAGE_SECURITY_ENVIRONMENT: u8 = 0x22;
    /// EXTERNAL AUTHENTICATE.
    pub const EXTERNAL_AUTHENTICATE: u8 = 0x82;
    /// GET CHALLENGE.
    pub const GET_CHALLENGE: u8 = 0x84;
    /// GENERAL AUTHENTICATE.
    pub const GENERAL_AUTHENTICATE: u8 = 0x86;
    /// INTERNAL AUTHENTICATE.
    pub const INTERNAL_AUTHENTICATE: u8 = 0x88;
    /// SELECT.
    pub const SELECT: u8 = 0xA4;
    /// READ BINARY.
    pub const READ_BINARY: u8 = 0xB0;
    /// READ BINARY of a data object: the offset stands in the data field.
    pub const READ_BINARY_ODD: u8 = 0xB1;
}

/// A command APDU. Its encoding is short where that suffices, else extended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Class: 0C in it says secure messaging, 10 command chaining.
    pub cla: u8,
    /// Instruction.
    pub ins: u8,
    /// First parameter.
    pub p1: u8,
    /// Second parameter.
    pub p2: u8,
    /// Data field, at most 65 535 bytes.
    pub data: Vec<u8>,
    /// The most bytes of response data that are wanted, 1 to 65 536. `None`: no response data.
    pub le: Option<u32>,
}

impl Command {
    /// A command of class 00.
    #[must_use]
    pub fn new(ins: u8, p1: u8, p2: u8, data: Vec<u8>, le: Option<u32>) -> Self {
        Self { cla: 0, ins, p1, p2, data, le }
    }

    /// SELECT the application with this identifier, no response data (Doc 9303-10, 3.6.1).
    #[must_use]
    pub fn select_application(aid: &[u8]) -> Self {
        Self::new(ins::SELECT, 0x04, 0x0C, aid.to_vec(), None)
    }

    /// SELECT the master file, no response data.
    #[must_use]
    pub fn select_master_file() -> Self {
        Self::new(ins::SELECT, 0x00, 0x0C, vec![0x3F, 0x00], None)
    }

    /// SELECT an elementary file under the current one, no response data.
    #[must_use]
    pub fn select_file(fid: u16) -> Self {
        Self::new(ins::SELECT, 0x02, 0x0C, fid.to_be_bytes().to_vec(), None)
    }

    /// READ BINARY of at most `length` bytes from `offset`, which has 15 bits.
    #[must_use]
    pub fn read_binary(offset: u16, length: u32) -> Self {
        let [p1, p2] = (offset & 0x7FFF).to_be_bytes();
        Self::new(ins::READ_BINARY, p1, p2, Vec::new(), Some(length))
    }

    /// READ BINARY of at most `length` bytes from the beginning of the file with this short identifier, which is
    /// selected by it (Doc 9303-10, 3.6.3.2).
    #[must_use]
    pub fn read_binary_of(sfi: u8, length: u32) -> Self {
        Self::new(ins::READ_BINARY, 0x80 | sfi & 0x1F, 0, Vec::new(), Some(length))
    }

    /// READ BINARY of at most `length` bytes from any `offset` of the file that is selected (Doc 9303-10, 3.6.6). The
    /// offset is a data object 54, and so is the answer, 53: its tag and length are not counted here.
    #[must_use]
    pub fn read_binary_odd(offset: u32, length: u32) -> Self {
        let offset = offset.to_be_bytes();
        let zeros = offset.iter().take_while(|b| **b == 0).count().min(3);
        let data = tlv::encode(DO_OFFSET, offset.get(zeros..).unwrap_or_default());
        Self::new(ins::READ_BINARY_ODD, 0, 0, data, Some(length + Self::odd_header(length)))
    }

    /// Bytes of tag and length of a data object 53 with so many bytes.
    fn odd_header(length: u32) -> u32 {
        match length {
            0..=0x7F => 2,
            0x80..=0xFF => 3,
            _ => 4,
        }
    }

    /// The bytes for the chip.
    ///
    /// # Errors
    /// [`Error::CommandTooLong`]: data or `le` have no encoding.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        let le = self.le.unwrap_or(1);
        if self.data.len() > MAX_DATA || le == 0 || le > LE_EXTENDED {
            return Err(Error::CommandTooLong(self.data.len()));
        }
        let mut out = vec![self.cla, self.ins, self.p1, self.p2];
        let [.., le_high, le_low] = le.to_be_bytes();
        if self.data.len() <= 255 && le <= LE_SHORT {
            out.extend(u8::try_from(self.data.len()).ok().filter(|lc| *lc > 0));
            out.extend(&self.data);
            out.extend(self.le.map(|_| le_low));
            return Ok(out);
        }
        out.push(0);
        if !self.data.is_empty() {
            let [.., lc_high, lc_low] = self.data.len().to_be_bytes();
            out.extend([lc_high, lc_low]);
            out.extend(&self.data);
        }
        if self.le.is_some() {
            out.extend([le_high, le_low]);
        }
        Ok(out)
    }

    /// Reads a command, short or extended (ISO/IEC 7816-4, 5.2).
    ///
    /// # Errors
    /// [`Error::MalformedCommand`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let (&[cla, ins, p1, p2], body) = bytes.split_first_chunk().ok_or(Error::MalformedCommand)?;
        let (data, le) = Self::parse_body(body).ok_or(Error::MalformedCommand)?;
        Ok(Self { cla, ins, p1, p2, data: data.to_vec(), le })
    }

    fn parse_body(body: &[u8]) -> Option<(&[u8], Option<u32>)> {
        match *body {
            [] => Some((&[], None)),
            [le] => Some((&[], Some(length(&[le])?))),
            [0, high, low] => Some((&[], Some(length(&[high, low])?))),
            [0, high, low, ref rest @ ..] => {
                let lc = usize::from(u16::from_be_bytes([high, low]));
                let (data, le) = rest.split_at_checked(lc)?;
                let le = if le.is_empty() { None } else { Some(length(le).filter(|_| le.len() == 2)?) };
                (lc > 0).then_some((data, le))
            }
            [lc, ref rest @ ..] => {
                let (data, le) = rest.split_at_checked(usize::from(lc))?;
                let le = if le.is_empty() { None } else { Some(length(le).filter(|_| le.len() == 1)?) };
                (lc > 0).then_some((data, le))
            }
        }
    }
}

/// The value of an Le field of one or two bytes: zero means the most.
fn length(le: &[u8]) -> Option<u32> {
    match *le {
        [0] => Some(LE_SHORT),
        [le] => Some(u32::from(le)),
        [0, 0] => Some(LE_EXTENDED),
        [high, low] => Some(u32::from(u16::from_be_bytes([high, low]))),
        _ => None,
    }
}

/// A status word (ISO/IEC 7816-4, 5.6).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StatusWord(pub u16);

impl StatusWord {
    /// Normal processing.
    pub const OK: Self = Self(0x9000);
    /// End of file reached before `Le` bytes were read.
    pub const END_OF_FILE: Self = Self(0x6282);
    /// Authentication failed.
    pub const AUTHENTICATION_FAILED: Self = Self(0x6300);
    /// Wrong length.
    pub const WRONG_LENGTH: Self = Self(0x6700);
    /// The class's functions are not supported.
    pub const CLASS_FUNCTION: Self = Self(0x6882);
    /// Security status not satisfied.
    pub const SECURITY_STATUS: Self = Self(0x6982);
    /// Conditions of use not satisfied.
    pub const CONDITIONS: Self = Self(0x6985);
    /// Expected secure messaging data objects are missing: the session ends.
    pub const SM_OBJECTS_MISSING: Self = Self(0x6987);
    /// Secure messaging data objects are wrong: the session ends.
    pub const SM_OBJECTS_WRONG: Self = Self(0x6988);
    /// Incorrect parameters in the data field.
    pub const WRONG_DATA: Self = Self(0x6A80);
    /// File or application not found.
    pub const NOT_FOUND: Self = Self(0x6A82);
    /// Incorrect P1 or P2.
    pub const WRONG_P1_P2: Self = Self(0x6A86);
    /// Referenced data not found.
    pub const REFERENCE_NOT_FOUND: Self = Self(0x6A88);
    /// Offset outside the file.
    pub const WRONG_OFFSET: Self = Self(0x6B00);
    /// Instruction not supported.
    pub const INSTRUCTION: Self = Self(0x6D00);
    /// Class not supported.
    pub const CLASS: Self = Self(0x6E00);

    /// Of 6Cxx, the exact length that the chip would give: 1 to 256.
    #[must_use]
    pub fn exact_length(self) -> Option<usize> {
        match self.0.to_be_bytes() {
            [0x6C, 0] => Some(256),
            [0x6C, low] => Some(usize::from(low)),
            _ => None,
        }
    }

    fn meaning(self) -> &'static str {
        match self {
            Self::OK => "normal processing",
            Self::END_OF_FILE => "end of file",
            Self::AUTHENTICATION_FAILED => "authentication failed",
            Self::WRONG_LENGTH => "wrong length",
            Self::CLASS_FUNCTION => "secure messaging or chaining not supported",
            Self::SECURITY_STATUS => "security status not satisfied",
            Self::CONDITIONS => "conditions of use not satisfied",
            Self::SM_OBJECTS_MISSING => "secure messaging data objects missing",
            Self::SM_OBJECTS_WRONG => "secure messaging data objects wrong",
            Self::WRONG_DATA => "incorrect parameters in the data field",
            Self::NOT_FOUND => "file or application not found",
            Self::WRONG_P1_P2 => "incorrect P1 or P2",
            Self::REFERENCE_NOT_FOUND => "referenced data not found",
            Self::WRONG_OFFSET => "offset outside the file",
            Self::INSTRUCTION => "instruction not supported",
            Self::CLASS => "class not supported",
            _ => "no standard meaning here",
        }
    }
}

impl fmt::Display for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X} ({})", self.0, self.meaning())
    }
}

impl fmt::Debug for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

/// A response APDU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Data field.
    pub data: Vec<u8>,
    /// Status word.
    pub sw: StatusWord,
}

impl Response {
    /// Normal processing, with these data.
    #[must_use]
    pub fn ok(data: Vec<u8>) -> Self {
        Self { data, sw: StatusWord::OK }
    }

    /// A status word alone.
    #[must_use]
    pub fn status(sw: StatusWord) -> Self {
        Self { data: Vec::new(), sw }
    }

    /// Reads a response.
    ///
    /// # Errors
    /// [`Error::MalformedResponse`]: no status word, or more than an extended response can hold.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        match bytes {
            [data @ .., high, low] if data.len() <= LE_EXTENDED as usize => {
                Ok(Self { data: data.to_vec(), sw: StatusWord(u16::from_be_bytes([*high, *low])) })
            }
            _ => Err(Error::MalformedResponse),
        }
    }

    /// Requires 9000.
    pub(crate) fn expect_ok(&self, step: Step) -> Result<(), Error> {
        if self.sw == StatusWord::OK { Ok(()) } else { Err(Error::Status { step, sw: self.sw }) }
    }

    /// The bytes for the terminal.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        [&self.data[..], &self.sw.0.to_be_bytes()].concat()
    }
}

/// Why a command got no response: the chip left the field, the connection broke.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ChannelError(pub String);

/// Whatever carries APDUs to a chip and back. [`crate::Terminal`] is the one driver that knows it.
pub trait ApduChannel {
    /// Sends one command APDU and returns the response APDU with its status word.
    ///
    /// # Errors
    /// [`ChannelError`]: there was no response.
    fn transceive(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError>;

    /// The longest command that it carries, in bytes. Default: a short command, 261.
    fn max_command_length(&self) -> usize {
        261
    }

    /// Whether extended-length APDUs pass.
    fn extended_length_supported(&self) -> bool {
        false
    }
}

impl<C: ApduChannel + ?Sized> ApduChannel for Box<C> {
    fn transceive(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        (**self).transceive(command)
    }

    fn max_command_length(&self) -> usize {
        (**self).max_command_length()
    }

    fn extended_length_supported(&self) -> bool {
        (**self).extended_length_supported()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(data: usize, le: Option<u32>) -> Command {
        Command::new(0xB0, 1, 2, vec![0xAB; data], le)
    }

    #[test]
    fn each_case_has_its_encoding() {
        let encoded = |data, le| hex::encode(command(data, le).encode().unwrap());
        assert_eq!(encoded(0, None), "00b00102");
        assert_eq!(encoded(0, Some(4)), "00b0010204");
        assert_eq!(encoded(0, Some(256)), "00b0010200");
        assert_eq!(encoded(1, None), "00b0010201ab");
        assert_eq!(encoded(1, Some(256)), "00b0010201ab00");
        assert_eq!(encoded(0, Some(257)), "00b00102000101");
        assert_eq!(encoded(0, Some(65_536)), "00b00102000000");
        assert_eq!(encoded(1, Some(65_536)), "00b00102000001ab0000");
        assert!(encoded(256, None).starts_with("00b00102000100ab"));
    }

    #[test]
    fn commands_are_read_back() {
        for data in [0, 1, 255, 256, 65_535] {
            for le in [None, Some(1), Some(255), Some(256), Some(257), Some(65_536)] {
                let command = command(data, le);
                // Extended data make an extended Le: 256 stays 256.
                assert_eq!(Command::parse(&command.encode().unwrap()), Ok(command));
            }
        }
    }

    #[test]
    fn what_has_no_encoding_is_refused() {
        assert_eq!(command(65_536, None).encode(), Err(Error::CommandTooLong(65_536)));
        assert_eq!(command(0, Some(65_537)).encode(), Err(Error::CommandTooLong(0)));
        assert_eq!(command(0, Some(0)).encode(), Err(Error::CommandTooLong(0)));
    }

    #[test]
    fn malformed_commands_are_refused() {
        for bad in
            ["", "00a402", "00a4020c0201", "00a4020c02011e0000", "00a4020c00000201", "00a4020c00000001"]
        {
            assert_eq!(Command::parse(&hex::decode(bad).unwrap()), Err(Error::MalformedCommand), "{bad}");
        }
    }

    #[test]
    fn responses_have_a_status_word() {
        let response = Response { data: vec![1], sw: StatusWord(0x6282) };
        assert_eq!(Response::parse(&response.encode()), Ok(response));
        assert_eq!(Response::parse(&[0x90]), Err(Error::MalformedResponse));
        assert_eq!(Response::parse(&vec![0; 65_539]), Err(Error::MalformedResponse));
        assert_eq!(StatusWord::NOT_FOUND.to_string(), "6A82 (file or application not found)");
    }

    #[test]
    fn an_exact_length_is_one_to_256() {
        assert_eq!(StatusWord(0x6C10).exact_length(), Some(16));
        assert_eq!(StatusWord(0x6C00).exact_length(), Some(256));
        assert_eq!(StatusWord(0x6B10).exact_length(), None);
    }
}
