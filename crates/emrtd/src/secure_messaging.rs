//! Secure messaging (Doc 9303-11, 9.8): both sides of a session.
//!
//! ```text
//! command:  CLA|0C INS P1 P2  [87 (01 || E(data))] [97 (Le)] 8E (MAC)  00
//! response: [87 (01 || E(data))] 99 (SW) 8E (MAC)  SW
//! ```
//! With an odd instruction byte the data are data objects themselves, and `85 (E(data))` stands for DO'87' (9.8.4).
//!
//! The send sequence counter (SSC) goes up by one before each command and each response, and is under both MACs. It has
//! the length of a block and goes round: after BAC it begins anywhere. A session ends long before a value returns, since a
//! terminal sends a bounded number of commands. After any error the session is over: neither side may go on with these
//! keys.

use crypto::pad::{pad_method2, unpad_method2};
use crypto::{SessionCipher, SessionKey, ct_eq};
use lds::tlv::{self, Element, Reader};
use zeroize::Zeroizing;

use crate::apdu::{LE_EXTENDED, LE_SHORT};
use crate::{Command, Error, Response, StatusWord, Step};

/// Says in CLA: secure messaging, the header under the MAC.
const SM_CLASS: u8 = 0x0C;
/// Cryptogram after a padding indicator: of data, with an even instruction byte.
const DO_CRYPTOGRAM: u32 = 0x87;
/// Cryptogram without one: of data objects, with an odd instruction byte.
const DO_CRYPTOGRAM_ODD: u32 = 0x85;
/// Protected Le.
const DO_LE: u32 = 0x97;
/// Protected status word.
const DO_STATUS: u32 = 0x99;
/// MAC.
const DO_MAC: u32 = 0x8E;
/// Padding indicator: ISO/IEC 9797-1 method 2.
const METHOD_2: u8 = 0x01;

/// Why a protected message was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecureMessagingError {
    /// No protection at all.
    #[error("plain message ({0})")]
    Plain(StatusWord),
    /// A data object is cut.
    #[error("malformed data object")]
    Malformed,
    /// A data object that does not belong there: unknown, repeated or out of order.
    #[error("unexpected data object {0:02X}")]
    UnexpectedDataObject(u32),
    /// No DO'8E'.
    #[error("missing MAC")]
    MissingMac,
    /// The MAC does not verify under this session's key at this counter.
    #[error("wrong MAC")]
    WrongMac,
    /// No DO'99'.
    #[error("missing protected status word")]
    MissingStatus,
    /// DO'99' and the status word after it differ.
    #[error("protected status word {protected}, outer {outer}")]
    StatusMismatch {
        /// Under the MAC.
        protected: StatusWord,
        /// Not under the MAC.
        outer: StatusWord,
    },
    /// The padding indicator or the padding is wrong.
    #[error("wrong padding")]
    WrongPadding,
}

impl SecureMessagingError {
    /// Its machine code in a session of the reader.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Plain(_) => "sm.chip-error",
            Self::Malformed => "sm.malformed",
            Self::UnexpectedDataObject(_) => "sm.data-object",
            Self::MissingMac => "sm.mac-missing",
            Self::WrongMac => "sm.mac",
            Self::MissingStatus => "sm.status-missing",
            Self::StatusMismatch { .. } => "sm.status-mismatch",
            Self::WrongPadding => "sm.cryptogram",
        }
    }

    /// Its machine code in the proof of Chip Authentication.
    pub(crate) fn proof_code(&self) -> &'static str {
        match self {
            Self::Plain(_) => "ca.plain-response",
            Self::Malformed => "ca.malformed-response",
            Self::UnexpectedDataObject(_) => "ca.data-object",
            Self::MissingMac => "ca.mac-missing",
            Self::WrongMac => "ca.mac",
            Self::MissingStatus => "ca.status-missing",
            Self::StatusMismatch { .. } => "ca.status-mismatch",
            Self::WrongPadding => "ca.padding",
        }
    }
}

/// One side of a session. The keys are in it: it is neither printed nor cloned.
pub struct SecureMessaging {
    enc: SessionKey,
    mac: SessionKey,
    /// Of Triple-DES, the low eight bytes count.
    counter: u128,
    /// Whether the command on its way has an odd instruction byte.
    odd: bool,
}

impl std::fmt::Debug for SecureMessaging {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecureMessaging({:?}, ..)", self.enc.cipher())
    }
}

/// The data objects of a message, each at most once and in this order.
#[derive(Default)]
struct DataObjects<'a> {
    cryptogram: Option<Element<'a>>,
    /// DO'97' of a command, DO'99' of a response.
    middle: Option<Element<'a>>,
    mac: Option<&'a [u8]>,
    /// Everything before the MAC, exactly as it came.
    authenticated: &'a [u8],
}

impl SecureMessaging {
    /// A session with these keys, its counter at `ssc`.
    ///
    /// # Errors
    /// [`crypto::Error::KeyMismatch`]: the keys are of different ciphers.
    pub fn new(ks_enc: SessionKey, ks_mac: SessionKey, ssc: u128) -> Result<Self, crypto::Error> {
        if ks_enc.cipher() != ks_mac.cipher() {
            return Err(crypto::Error::KeyMismatch);
        }
        Ok(Self { enc: ks_enc, mac: ks_mac, counter: ssc, odd: false })
    }

    /// A session with the keys derived from a shared secret (9.7.1), its counter at zero.
    #[must_use]
    pub fn from_shared_secret(cipher: SessionCipher, secret: &[u8]) -> Self {
        Self { enc: cipher.kdf(secret, 1), mac: cipher.kdf(secret, 2), counter: 0, odd: false }
    }

    /// The cipher.
    #[must_use]
    pub fn cipher(&self) -> SessionCipher {
        self.enc.cipher()
    }

    /// The session keys, for encryption and authentication, and the counter.
    pub(crate) fn into_parts(self) -> (SessionKey, SessionKey, u128) {
        (self.enc, self.mac, self.counter)
    }

    /// Moves the counter over a message that this side does not see.
    pub(crate) fn skip_message(&mut self) {
        self.counter = self.counter.wrapping_add(1);
    }

    /// The most response data that fit a protected response of `length` bytes: it also holds the header of DO'87'
    /// with its padding indicator (4 bytes, 5 if long), DO'99' (4) and DO'8E' (10).
    #[must_use]
    pub fn max_response_data(cipher: SessionCipher, length: usize) -> usize {
        let overhead = if length > 256 { 19 } else { 18 };
        let block = cipher.block_len();
        (length.saturating_sub(overhead) / block * block).saturating_sub(1)
    }

    /// Terminal: protects a command.
    ///
    /// # Errors
    /// [`Error::CommandTooLong`].
    pub fn protect(&mut self, command: &Command) -> Result<Command, Error> {
        self.skip_message();
        self.odd = command.ins & 1 == 1;
        let protect = |error| Error::Crypto { step: Step::SecureMessaging, error };
        let mut data = Vec::new();
        if !command.data.is_empty() {
            data = self.cryptogram(&command.data).map_err(protect)?;
        }
        // So many bytes do not come in a short response, protected. 256 is "all that there is", and says nothing of that.
        let fits = Self::max_response_data(self.cipher(), LE_SHORT as usize);
        let long = command.le.is_some_and(|le| le as usize > fits && le != LE_SHORT);
        if let Some(le) = command.le {
            let [.., high, low] = le.to_be_bytes();
            let le = if long { &[high, low][..] } else { &[low] };
            data.extend(tlv::encode(DO_LE, le));
        }
        let header = Self::header(command);
        let mac = self.compute_mac(&[&pad_method2(&header, self.block_len()), &data[..]].concat());
        data.extend(tlv::encode(DO_MAC, &mac.map_err(protect)?));
        let extended = data.len() > 255 || long;
        let [cla, ins, p1, p2] = header;
        Ok(Command { cla, ins, p1, p2, data, le: Some(if extended { LE_EXTENDED } else { LE_SHORT }) })
    }

    /// Terminal: checks and opens a response.
    ///
    /// # Errors
    /// The session is over with any of them.
    pub fn unprotect(&mut self, response: &Response) -> Result<Response, SecureMessagingError> {
        self.skip_message();
        if response.data.is_empty() {
            return Err(SecureMessagingError::Plain(response.sw));
        }
        let objects = DataObjects::parse(&response.data, self.cryptogram_tag(), DO_STATUS)?;
        self.verify_mac(&[], &objects)?;
        let status = objects.middle.ok_or(SecureMessagingError::MissingStatus)?;
        let &[high, low] = status.value else { return Err(SecureMessagingError::Malformed) };
        let protected = StatusWord(u16::from_be_bytes([high, low]));
        if protected != response.sw {
            return Err(SecureMessagingError::StatusMismatch { protected, outer: response.sw });
        }
        Ok(Response { data: self.open(objects.cryptogram)?, sw: protected })
    }

    /// Chip: checks and opens a command.
    ///
    /// # Errors
    /// The session is over with any of them.
    pub fn unprotect_command(&mut self, command: &Command) -> Result<Command, SecureMessagingError> {
        self.skip_message();
        if command.cla & SM_CLASS != SM_CLASS {
            return Err(SecureMessagingError::Plain(StatusWord::SM_OBJECTS_MISSING));
        }
        self.odd = command.ins & 1 == 1;
        let objects = DataObjects::parse(&command.data, self.cryptogram_tag(), DO_LE)?;
        let header = Self::header(command);
        self.verify_mac(&pad_method2(&header, self.block_len()), &objects)?;
        let le = match objects.middle.map(|le| le.value) {
            None => None,
            Some(&[0]) => Some(LE_SHORT),
            Some(&[le]) => Some(u32::from(le)),
            Some(&[0, 0]) => Some(LE_EXTENDED),
            Some(&[high, low]) => Some(u32::from(u16::from_be_bytes([high, low]))),
            Some(_) => return Err(SecureMessagingError::Malformed),
        };
        let data = self.open(objects.cryptogram)?;
        Ok(Command { cla: command.cla & !SM_CLASS, data, le, ..command.clone() })
    }

    /// Chip: protects a response.
    ///
    /// # Errors
    /// None with keys that [`SecureMessaging::new`] took.
    pub fn protect_response(&mut self, response: &Response) -> Result<Response, crypto::Error> {
        self.skip_message();
        let mut data = Vec::new();
        if !response.data.is_empty() {
            data = self.cryptogram(&response.data)?;
        }
        data.extend(tlv::encode(DO_STATUS, &response.sw.0.to_be_bytes()));
        self.authenticate_objects(data, response.sw)
    }

    /// Chip: puts another right MAC under whatever data objects stand in for those of the last answer, without looking
    /// at them: for a chip that is to answer wrongly.
    ///
    /// # Errors
    /// As [`protect_response`](Self::protect_response).
    pub fn authenticate_objects(
        &self,
        mut objects: Vec<u8>,
        sw: StatusWord,
    ) -> Result<Response, crypto::Error> {
        let mac = self.compute_mac(&objects)?;
        objects.extend(tlv::encode(DO_MAC, &mac));
        Ok(Response { data: objects, sw })
    }

    fn header(command: &Command) -> [u8; 4] {
        [command.cla | SM_CLASS, command.ins, command.p1, command.p2]
    }

    fn block_len(&self) -> usize {
        self.enc.cipher().block_len()
    }

    /// The counter, as long as a block.
    fn ssc(&self) -> Vec<u8> {
        let bytes = self.counter.to_be_bytes();
        bytes.get(bytes.len() - self.block_len()..).unwrap_or_default().to_vec()
    }

    /// 9.8.6.1 and 9.8.7.1: zero for Triple-DES, E(KSenc, SSC) for AES.
    fn initial_vector(&self) -> Result<Vec<u8>, crypto::Error> {
        match self.cipher() {
            SessionCipher::TripleDes => Ok(vec![0; self.block_len()]),
            _ => self.enc.encrypt_block(&self.ssc()),
        }
    }

    /// DO'87', or DO'85' with an odd instruction byte.
    fn cryptogram_tag(&self) -> u32 {
        if self.odd { DO_CRYPTOGRAM_ODD } else { DO_CRYPTOGRAM }
    }

    /// The data object of these data.
    fn cryptogram(&self, data: &[u8]) -> Result<Vec<u8>, crypto::Error> {
        let padded = Zeroizing::new(pad_method2(data, self.block_len()));
        let encrypted = self.enc.encrypt_cbc(&self.initial_vector()?, &padded)?;
        let indicator: &[u8] = if self.odd { &[] } else { &[METHOD_2] };
        Ok(tlv::encode(self.cryptogram_tag(), &[indicator, &encrypted].concat()))
    }

    /// The data in the data object; empty if there is none.
    fn open(&self, cryptogram: Option<Element<'_>>) -> Result<Vec<u8>, SecureMessagingError> {
        let Some(cryptogram) = cryptogram else { return Ok(Vec::new()) };
        let encrypted = match cryptogram.value {
            encrypted if self.odd => encrypted,
            [METHOD_2, encrypted @ ..] => encrypted,
            _ => return Err(SecureMessagingError::WrongPadding),
        };
        let decrypt = || {
            let padded = self.enc.decrypt_cbc(&self.initial_vector()?, encrypted)?;
            unpad_method2(&padded, self.block_len()).map(<[u8]>::to_vec)
        };
        decrypt().map_err(|_: crypto::Error| SecureMessagingError::WrongPadding)
    }

    /// MAC over SSC and `message`, padded by method 2.
    fn compute_mac(&self, message: &[u8]) -> Result<[u8; 8], crypto::Error> {
        self.mac.mac(&pad_method2(&[&self.ssc(), message].concat(), self.block_len()))
    }

    fn verify_mac(&self, header: &[u8], objects: &DataObjects<'_>) -> Result<(), SecureMessagingError> {
        let mac = objects.mac.ok_or(SecureMessagingError::MissingMac)?;
        let expected = self.compute_mac(&[header, objects.authenticated].concat());
        let expected = expected.map_err(|_| SecureMessagingError::WrongMac)?;
        if ct_eq(mac, &expected) { Ok(()) } else { Err(SecureMessagingError::WrongMac) }
    }
}

impl<'a> DataObjects<'a> {
    fn parse(data: &'a [u8], cryptogram: u32, middle: u32) -> Result<Self, SecureMessagingError> {
        let malformed = |_| SecureMessagingError::Malformed;
        let mut reader = Reader::new("APDU", data);
        let cryptogram = reader.optional(cryptogram).map_err(malformed)?;
        let middle = reader.optional(middle).map_err(malformed)?;
        let authenticated = data.get(..reader.offset()).unwrap_or_default();
        let mac = reader.optional(DO_MAC).map_err(malformed)?.map(|mac| mac.value);
        match reader.peek_tag().map_err(malformed)? {
            Some(tag) => Err(SecureMessagingError::UnexpectedDataObject(tag)),
            None => Ok(Self { cryptogram, middle, mac, authenticated }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CIPHERS: [SessionCipher; 4] =
        [SessionCipher::TripleDes, SessionCipher::Aes128, SessionCipher::Aes192, SessionCipher::Aes256];

    fn sides(cipher: SessionCipher) -> (SecureMessaging, SecureMessaging) {
        let side = || SecureMessaging::from_shared_secret(cipher, b"shared secret");
        (side(), side())
    }

    /// A response that the chip protected, and the terminal that waits for it.
    fn response() -> (SecureMessaging, Response) {
        let (terminal, mut chip) = sides(SessionCipher::Aes128);
        (terminal, chip.protect_response(&Response::ok(b"data".to_vec())).unwrap())
    }

    #[test]
    fn messages_of_every_case_pass() {
        for cipher in CIPHERS {
            let (mut terminal, mut chip) = sides(cipher);
            for data in [0, 1, 7, 8, 15, 16, 250, 300, 2000] {
                for le in [None, Some(1), Some(255), Some(256), Some(257), Some(65_536)] {
                    let ins = if data % 2 == 0 { 0xB0 } else { 0xB1 };
                    let command = Command::new(ins, 1, 2, vec![0x80; data], le);
                    let protected = terminal.protect(&command).unwrap();
                    let tag = if ins == 0xB0 { 0x87 } else { 0x85 };
                    assert!(data == 0 || protected.data[0] == tag);
                    let parsed = Command::parse(&protected.encode().unwrap()).unwrap();
                    assert_eq!(chip.unprotect_command(&parsed), Ok(command));
                    let response = Response { data: vec![0; data], sw: StatusWord::END_OF_FILE };
                    let protected = chip.protect_response(&response).unwrap();
                    assert_eq!(terminal.unprotect(&protected), Ok(response));
                }
            }
        }
    }

    #[test]
    fn the_most_data_that_fit_a_response_fit_it_and_one_byte_more_does_not() {
        for cipher in CIPHERS {
            for length in [256, 65_536] {
                let most = SecureMessaging::max_response_data(cipher, length);
                let protected = |data| {
                    let response = Response::ok(vec![0; data]);
                    sides(cipher).1.protect_response(&response).unwrap().data.len()
                };
                assert!(protected(most) <= length, "{cipher:?} {length}");
                assert!(protected(most + 1) > length, "{cipher:?} {length}");
            }
        }
    }

    #[test]
    fn the_counter_goes_round_at_the_length_of_a_block() {
        for (cipher, last, block) in
            [(SessionCipher::TripleDes, u64::MAX.into(), 8), (SessionCipher::Aes128, u128::MAX, 16)]
        {
            let side = || SecureMessaging::new(cipher.kdf(b"x", 1), cipher.kdf(b"x", 2), last).unwrap();
            let (mut terminal, mut chip) = (side(), side());
            let command = Command::select_file(0x011E);
            let protected = terminal.protect(&command).unwrap();
            assert_eq!(terminal.ssc(), vec![0; block]);
            assert_eq!(chip.unprotect_command(&protected), Ok(command));
            let response = chip.protect_response(&Response::ok(vec![1])).unwrap();
            assert_eq!(terminal.unprotect(&response), Ok(Response::ok(vec![1])));
        }
    }

    #[test]
    fn every_flipped_bit_of_a_response_is_noticed() {
        for cipher in CIPHERS {
            for (ins, data) in [(0xB0, 40), (0xB1, 40), (0xB0, 0), (0xB0, 200)] {
                let command = Command::new(ins, 0, 0, Vec::new(), Some(256));
                let exchange = |change: &dyn Fn(&mut Vec<u8>)| {
                    let (mut terminal, mut chip) = sides(cipher);
                    chip.unprotect_command(&terminal.protect(&command).unwrap()).unwrap();
                    let response = Response { data: vec![7; data], sw: StatusWord::END_OF_FILE };
                    let mut bytes = chip.protect_response(&response).unwrap().encode();
                    change(&mut bytes);
                    (bytes.len(), Response::parse(&bytes).map(|response| terminal.unprotect(&response)))
                };
                let (length, honest) = exchange(&|_| ());
                assert!(honest.unwrap().is_ok());
                for bit in 0..8 * length {
                    let (_, flipped) = exchange(&|bytes| bytes[bit / 8] ^= 1 << (bit % 8));
                    assert!(flipped.unwrap().is_err(), "{cipher:?} {ins:02X} {data} bit {bit}");
                }
            }
        }
    }

    /// A response to an odd instruction byte has no DO'87', one to an even none of DO'85'.
    #[test]
    fn the_cryptogram_is_that_of_the_instruction() {
        for (asked, answered, unexpected) in [(0xB0, 0xB1, 0x85), (0xB1, 0xB0, 0x87)] {
            let (mut terminal, mut chip) = sides(SessionCipher::Aes128);
            let command = |ins| Command::new(ins, 0, 0, Vec::new(), Some(256));
            terminal.protect(&command(asked)).unwrap();
            chip.protect(&command(answered)).unwrap();
            let response = chip.protect_response(&Response::ok(vec![1])).unwrap();
            let error = SecureMessagingError::UnexpectedDataObject(unexpected);
            assert_eq!(terminal.unprotect(&response), Err(error));
        }
    }

    #[test]
    fn a_message_is_good_once_and_in_its_direction() {
        let (mut terminal, mut chip) = sides(SessionCipher::Aes256);
        let command = Command::select_file(0x011E);
        let protected = terminal.protect(&command).unwrap();
        assert_eq!(chip.unprotect_command(&protected), Ok(command.clone()));
        assert_eq!(chip.unprotect_command(&protected), Err(SecureMessagingError::WrongMac));
        let (mut terminal, _) = sides(SessionCipher::Aes256);
        let protected = terminal.protect(&command).unwrap();
        let reflected = Response { data: protected.data, sw: StatusWord::OK };
        assert!(terminal.unprotect(&reflected).is_err());
    }

    #[test]
    fn a_response_is_refused_for_each_reason() {
        let judge = |change: &dyn Fn(&mut Response)| {
            let (mut terminal, mut response) = response();
            change(&mut response);
            terminal.unprotect(&response)
        };
        assert_eq!(judge(&|_| ()), Ok(Response::ok(b"data".to_vec())));
        let plain = SecureMessagingError::Plain(StatusWord::NOT_FOUND);
        assert_eq!(judge(&|r| *r = Response::status(StatusWord::NOT_FOUND)), Err(plain));
        assert_eq!(judge(&|r| r.data.truncate(5)), Err(SecureMessagingError::Malformed));
        assert_eq!(judge(&|r| r.data.truncate(r.data.len() - 10)), Err(SecureMessagingError::MissingMac));
        let order = |r: &mut Response| r.data.rotate_left(19);
        assert_eq!(judge(&order), Err(SecureMessagingError::UnexpectedDataObject(0x87)));
        let mismatch = SecureMessagingError::StatusMismatch {
            protected: StatusWord::OK,
            outer: StatusWord::END_OF_FILE,
        };
        assert_eq!(judge(&|r| r.sw = StatusWord::END_OF_FILE), Err(mismatch));
    }

    /// What only a chip with the keys can send.
    #[test]
    fn a_right_mac_does_not_excuse_the_rest() {
        let judge = |objects: &dyn Fn(&SecureMessaging) -> Vec<u8>| {
            let (mut terminal, mut chip) = sides(SessionCipher::TripleDes);
            chip.skip_message();
            let data = objects(&chip);
            terminal.unprotect(&chip.authenticate_objects(data, StatusWord::OK).unwrap())
        };
        let status = tlv::encode(DO_STATUS, &[0x90, 0]);
        let padded = |chip: &SecureMessaging, indicator: u8, block: [u8; 8]| {
            let encrypted = chip.enc.encrypt_cbc(&[0; 8], &block).unwrap();
            let cryptogram = tlv::encode(DO_CRYPTOGRAM, &[&[indicator][..], &encrypted].concat());
            [&cryptogram[..], &status].concat()
        };
        let good = [1, 2, 3, 4, 5, 6, 7, 0x80];
        assert_eq!(judge(&|chip| padded(chip, 1, good)), Ok(Response::ok(good[..7].to_vec())));
        assert_eq!(judge(&|chip| padded(chip, 2, good)), Err(SecureMessagingError::WrongPadding));
        assert_eq!(judge(&|chip| padded(chip, 1, [0; 8])), Err(SecureMessagingError::WrongPadding));
        let broken = [&tlv::encode(DO_CRYPTOGRAM, &[1, 2, 3])[..], &status].concat();
        assert_eq!(judge(&|_| broken.clone()), Err(SecureMessagingError::WrongPadding));
        assert_eq!(judge(&|_| Vec::new()), Err(SecureMessagingError::MissingStatus));
        assert_eq!(judge(&|_| tlv::encode(DO_STATUS, &[0x90])), Err(SecureMessagingError::Malformed));
        assert_eq!(judge(&|_| status.clone()), Ok(Response::ok(Vec::new())));
    }

    #[test]
    fn keys_of_two_ciphers_are_refused() {
        let (enc, mac) = (SessionCipher::Aes128.kdf(b"x", 1), SessionCipher::TripleDes.kdf(b"x", 2));
        assert_eq!(SecureMessaging::new(enc, mac, 0).err(), Some(crypto::Error::KeyMismatch));
    }

    #[test]
    fn keys_are_not_printed() {
        assert_eq!(format!("{:?}", sides(SessionCipher::Aes128).0), "SecureMessaging(Aes128, ..)");
    }
}
