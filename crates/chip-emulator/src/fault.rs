use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use emrtd::{Response, SecureMessaging, StatusWord};
use lds::{FileId, tlv};
use rand_core::CryptoRng;

use crate::contents::{AaKey, ChipContents, ReadLimit};

const DO_STATUS: u32 = 0x99;
/// DO'8E' with a MAC.
const MAC: usize = 10;

/// What is to go wrong, for testers. Its text is the one in front of each, and reads back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `clone`: the chip has private keys of its own instead of those that the State put into it.
    Clone,
    /// `no-keys`: it has no private keys.
    NoKeys,
    /// `altered=EF.DG2`: the last byte of the file is another.
    Altered(FileId),
    /// `short-reads=100`: it gives at most so many bytes at once, and says 9000.
    ShortReads(u8),
    /// `status=B0:6982`: it answers the instruction with this status word, protected in a session.
    Status(u8, StatusWord),
    /// `bac-mac`: in BAC, the MAC over its cryptogram is wrong.
    BacMac,
    /// `pace-token`: in PACE, its token is wrong.
    PaceToken,
    /// `sm-error`: it ends the session when it is to read, with a plain 6988.
    SmError,
    /// `sm-mac`: of what it reads, the MAC is wrong.
    SmMac,
    /// `sm-mac-missing`: the MAC is missing.
    SmMacMissing,
    /// `sm-cryptogram`: the data are encrypted wrongly, under a right MAC.
    SmCryptogram,
    /// `sm-cryptogram-missing`: the data are missing, under a right MAC.
    SmCryptogramMissing,
    /// `sm-status-missing`: the protected status word is missing, under a right MAC.
    SmStatusMissing,
    /// `cut=12:5`: its twelfth answer ends after five bytes.
    Cut {
        /// Which answer, from 1.
        answer: u32,
        /// How many bytes are left.
        bytes: usize,
    },
    /// `delay=200`: each answer takes so many milliseconds more.
    Delay(u16),
    /// `tag-lost=20`: it leaves the field after so many answers, once.
    TagLost(u32),
}

/// Not the text of a fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such fault: {0}")]
pub struct UnknownFault(String);

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
        let number = |value: Option<&str>| value?.parse().ok();
        let fault = match (name, value) {
            ("clone", None) => Some(Self::Clone),
            ("no-keys", None) => Some(Self::NoKeys),
            ("altered", Some(file)) => FileId::from_name(file).map(Self::Altered),
            ("short-reads", value) => {
                value.and_then(|v| v.parse().ok()).filter(|n| *n > 0).map(Self::ShortReads)
            }
            ("status", Some(value)) => value.split_once(':').and_then(|(ins, sw)| {
                let sw = u16::from_str_radix(sw, 16).ok()?;
                Some(Self::Status(u8::from_str_radix(ins, 16).ok()?, StatusWord(sw)))
            }),
            ("bac-mac", None) => Some(Self::BacMac),
            ("pace-token", None) => Some(Self::PaceToken),
            ("sm-error", None) => Some(Self::SmError),
            ("sm-mac", None) => Some(Self::SmMac),
            ("sm-mac-missing", None) => Some(Self::SmMacMissing),
            ("sm-cryptogram", None) => Some(Self::SmCryptogram),
            ("sm-cryptogram-missing", None) => Some(Self::SmCryptogramMissing),
            ("sm-status-missing", None) => Some(Self::SmStatusMissing),
            ("cut", Some(value)) => value.split_once(':').and_then(|(answer, bytes)| {
                Some(Self::Cut { answer: answer.parse().ok()?, bytes: bytes.parse().ok()? })
            }),
            ("delay", Some(value)) => value.parse().ok().map(Self::Delay),
            ("tag-lost", value) => number(value).map(Self::TagLost),
            _ => None,
        };
        fault.ok_or_else(|| UnknownFault(text.to_owned()))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clone => f.write_str("clone"),
            Self::NoKeys => f.write_str("no-keys"),
            Self::Altered(file) => write!(f, "altered={file}"),
            Self::ShortReads(bytes) => write!(f, "short-reads={bytes}"),
            Self::Status(ins, sw) => write!(f, "status={ins:02X}:{sw:?}"),
            Self::BacMac => f.write_str("bac-mac"),
            Self::PaceToken => f.write_str("pace-token"),
            Self::SmError => f.write_str("sm-error"),
            Self::SmMac => f.write_str("sm-mac"),
            Self::SmMacMissing => f.write_str("sm-mac-missing"),
            Self::SmCryptogram => f.write_str("sm-cryptogram"),
            Self::SmCryptogramMissing => f.write_str("sm-cryptogram-missing"),
            Self::SmStatusMissing => f.write_str("sm-status-missing"),
            Self::Cut { answer, bytes } => write!(f, "cut={answer}:{bytes}"),
            Self::Delay(milliseconds) => write!(f, "delay={milliseconds}"),
            Self::TagLost(answers) => write!(f, "tag-lost={answers}"),
        }
    }
}

impl ChipContents {
    /// What is wrong with the contents themselves.
    pub(crate) fn spoil(&mut self, rng: &mut impl CryptoRng) {
        for fault in self.faults.clone() {
            match fault {
                Fault::NoKeys => {
                    (self.ca_keys, self.master_file_ca_keys, self.aa_key) = (Vec::new(), Vec::new(), None);
                }
                Fault::Clone => {
                    for key in self.ca_keys.iter_mut().chain(&mut self.master_file_ca_keys) {
                        key.key = key.key.public_key().one_use(rng);
                    }
                    self.aa_key = self.aa_key.take().map(|key| key.other(rng));
                }
                Fault::Altered(file) => {
                    let last = self.files.get_mut(&file).and_then(|content| content.last_mut());
                    last.into_iter().for_each(|byte| *byte ^= 1);
                }
                Fault::ShortReads(bytes) => self.habits.read_limit = Some(ReadLimit::Short(bytes.into())),
                _ => {}
            }
        }
    }
}

impl AaKey {
    /// Another key of the same kind.
    fn other(self, rng: &mut impl CryptoRng) -> Self {
        match self {
            Self::Rsa { key, hash } => {
                let bits = key.public_key().bits();
                // A key that cannot be made leaves the chip its own: no clone, and a test that sees it.
                let other = crypto::RsaPrivateKey::generate(bits, rng).unwrap_or(key);
                Self::Rsa { key: other, hash }
            }
            Self::Ec { key, hash } => {
                Self::Ec { key: crypto::EcPrivateKey::generate(key.curve(), rng), hash }
            }
        }
    }
}

/// The status word that the chip is to answer an instruction with.
pub(crate) fn refused(faults: &[Fault], ins: u8) -> Result<(), StatusWord> {
    let of = |fault: &Fault| match fault {
        Fault::Status(instruction, sw) if *instruction == ins => Some(*sw),
        _ => None,
    };
    faults.iter().find_map(of).map_or(Ok(()), Err)
}

/// A protected answer to a READ BINARY, as it is to be.
pub(crate) fn misprotected(
    faults: &[Fault],
    session: &SecureMessaging,
    mut response: Response,
) -> Result<Response, crypto::Error> {
    for fault in faults {
        let length = response.data.len();
        let status = tlv::encode(DO_STATUS, &response.sw.0.to_be_bytes());
        let cryptogram = length.saturating_sub(MAC + status.len());
        match fault {
            Fault::SmError => return Ok(Response::status(StatusWord::SM_OBJECTS_WRONG)),
            Fault::SmMac => response.data.last_mut().into_iter().for_each(|byte| *byte ^= 1),
            Fault::SmMacMissing => response.data.truncate(length.saturating_sub(MAC)),
            Fault::SmCryptogramMissing => response = session.authenticate_objects(status, response.sw)?,
            Fault::SmStatusMissing => {
                response.data.truncate(cryptogram);
                response = session.authenticate_objects(response.data, response.sw)?;
            }
            Fault::SmCryptogram => {
                response.data.truncate(length.saturating_sub(MAC));
                if let Some(byte) = cryptogram.checked_sub(1).and_then(|last| response.data.get_mut(last)) {
                    *byte ^= 1;
                }
                response = session.authenticate_objects(response.data, response.sw)?;
            }
            _ => {}
        }
    }
    Ok(response)
}

/// Answers as bytes: what is wrong on the way.
#[derive(Default)]
pub(crate) struct Way {
    answers: u32,
    left: bool,
}

impl Way {
    /// Whether the chip is still in the field; it leaves once.
    pub(crate) fn in_field(&mut self, faults: &[Fault]) -> bool {
        let leaves =
            faults.iter().any(|fault| matches!(fault, Fault::TagLost(after) if *after <= self.answers));
        let lost = leaves && !self.left;
        self.left |= lost;
        !lost
    }

    /// The answer as it arrives.
    pub(crate) fn deliver(&mut self, faults: &[Fault], mut answer: Vec<u8>) -> Vec<u8> {
        self.answers += 1;
        for fault in faults {
            match fault {
                Fault::Delay(milliseconds) => {
                    std::thread::sleep(Duration::from_millis((*milliseconds).into()))
                }
                Fault::Cut { answer: number, bytes } if *number == self.answers => answer.truncate(*bytes),
                _ => {}
            }
        }
        answer
    }
}

/// The key in the plain answers of BAC and PACE: `7C { 86 token }`, or a cryptogram and its MAC.
pub(crate) fn flip_token(answer: &mut Response) {
    let token =
        if answer.data.first() == Some(&0x7C) { answer.data.get_mut(4) } else { answer.data.last_mut() };
    token.into_iter().for_each(|byte| *byte ^= 1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_reads_back_its_text() {
        for text in [
            "clone",
            "no-keys",
            "altered=EF.DG2",
            "short-reads=100",
            "status=B0:6982",
            "bac-mac",
            "pace-token",
            "sm-error",
            "sm-mac",
            "sm-mac-missing",
            "sm-cryptogram",
            "sm-cryptogram-missing",
            "sm-status-missing",
            "cut=12:5",
            "delay=200",
            "tag-lost=20",
        ] {
            assert_eq!(text.parse::<Fault>().map(|fault| fault.to_string()), Ok(text.to_owned()));
        }
        for text in
            ["", "clone=1", "altered", "altered=EF.X", "short-reads=0", "status=B0", "cut=1", "delay=-1"]
        {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }
}
