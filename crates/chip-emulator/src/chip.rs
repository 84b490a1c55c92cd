use emrtd::apdu::ins;
use emrtd::chip_authentication::chip as chip_authentication;
use emrtd::pace::chip as pace;
use emrtd::{
    ApduChannel, ChannelError, Command, Response, SecureMessaging, SecureMessagingError, StatusWord, bac,
};
use lds::FileId;
use rand_core::CryptoRng;

use crate::Fault;
use crate::contents::{CaKey, ChipContents, EndOfFile};
use crate::fault::{Way, flip_token, misprotected, refused};

mod access;
mod files;
mod proofs;

/// The eMRTD application (Doc 9303-10, 3.6).
const APPLICATION: [u8; 7] = [0xA0, 0x00, 0x00, 0x02, 0x47, 0x10, 0x01];
/// Class bits of secure messaging.
const SM_CLASS: u8 = 0x0C;
/// Class of a command that is not the last of a chain.
const CHAINING: u8 = 0x10;
const LAST_OF_CHAIN_EXPECTED: StatusWord = StatusWord(0x6883);

type Answer = Result<Response, StatusWord>;

/// An access protocol on its way.
#[derive(Default)]
enum Access {
    #[default]
    None,
    Bac(bac::chip::AwaitExternalAuthenticate),
    PaceNonce(pace::AwaitNonceRequest),
    PaceMapping(pace::AwaitMappingKey),
    PaceKey(pace::AwaitEphemeralKey),
    PaceToken(pace::AwaitToken),
}

/// The file that is selected.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Selected {
    Lds(FileId),
    AtrInfo,
}

/// What the chip forgets when it leaves the field.
#[derive(Default)]
struct State {
    application: bool,
    file: Option<Selected>,
    access: Access,
    session: Option<SecureMessaging>,
    /// The key of Chip Authentication that MSE:Set AT chose.
    ca_key: Option<CaKey>,
    /// The session that begins after the answer.
    next_session: Option<SecureMessaging>,
}

/// A passport chip with its contents, powered.
pub struct Chip<R> {
    contents: ChipContents,
    rng: R,
    state: State,
    way: Way,
}

impl<R: CryptoRng> Chip<R> {
    /// Powers a chip with these contents; `rng` makes its challenges, nonces and ephemeral keys.
    #[must_use]
    pub fn new(mut contents: ChipContents, mut rng: R) -> Self {
        contents.spoil(&mut rng);
        Self { contents, rng, state: State::default(), way: Way::default() }
    }

    /// Takes the chip out of the field and brings it back: sessions and selections are forgotten.
    pub fn reset(&mut self) {
        self.state = State::default();
    }

    /// Answers a command APDU, as if it never left the field ([`transceive`](ApduChannel::transceive) says if it did).
    pub fn answer(&mut self, command: &[u8]) -> Vec<u8> {
        let longest = self.contents.lengths();
        let response = match Command::parse(command) {
            Ok(parsed) if command.len() <= longest.max_command as usize => self.dispatch(&parsed),
            _ => Response::status(StatusWord::WRONG_LENGTH),
        };
        self.way.deliver(&self.contents.faults, response.encode())
    }

    /// Doc 9303-11, 9.8.3: secure messaging ends with its first error or a plain command.
    fn dispatch(&mut self, command: &Command) -> Response {
        let protected = command.cla & SM_CLASS == SM_CLASS;
        match self.state.session.take() {
            Some(session) if protected => self.protected(session, command),
            _ if protected => Response::status(StatusWord::CLASS_FUNCTION),
            _ => {
                let answer = refused(&self.contents.faults, command.ins).and_then(|()| self.plain(command));
                answer.unwrap_or_else(Response::status)
            }
        }
    }

    fn protected(&mut self, mut session: SecureMessaging, command: &Command) -> Response {
        let mut plain = match session.unprotect_command(command) {
            Ok(plain) => plain,
            Err(SecureMessagingError::MissingMac) => return Response::status(StatusWord::SM_OBJECTS_MISSING),
            Err(_) => return Response::status(StatusWord::SM_OBJECTS_WRONG),
        };
        let longest = self.contents.lengths().max_response as usize;
        let room = (command.le.unwrap_or(0) as usize).min(longest - 2);
        let most = SecureMessaging::max_response_data(session.cipher(), room);
        // Le is what the terminal takes at most. JMRTD asks for up to 256 bytes, whatever room the protection leaves.
        if plain.ins == ins::READ_BINARY_ODD {
            plain.le = plain.le.map(|le| le.min(u32::try_from(most).unwrap_or(u32::MAX)));
        }
        let answer = refused(&self.contents.faults, plain.ins).and_then(|()| self.in_session(&plain));
        let mut response = answer.unwrap_or_else(Response::status);
        if response.sw == StatusWord::WRONG_LENGTH
            && self.contents.habits.end_of_file == EndOfFile::EndsSession
        {
            return response;
        }
        if response.data.len() > most && plain.ins == ins::READ_BINARY {
            response.data.truncate(most);
        } else if response.data.len() > most {
            response = Response::status(StatusWord::WRONG_LENGTH);
        }
        let reads = matches!(plain.ins, ins::READ_BINARY | ins::READ_BINARY_ODD);
        let protected = session.protect_response(&response).and_then(|response| match reads {
            true => misprotected(&self.contents.faults, &session, response),
            false => Ok(response),
        });
        let Ok(response) = protected else { return Response::status(StatusWord::SM_OBJECTS_WRONG) };
        self.state.session = self.state.next_session.take().or(Some(session));
        response
    }

    fn plain(&mut self, command: &Command) -> Answer {
        let access = std::mem::take(&mut self.state.access);
        match command.ins {
            ins::SELECT => self.select(command, false),
            ins::READ_BINARY => self.read_binary(command, false),
            ins::READ_BINARY_ODD => self.read_binary_odd(command, false),
            ins::GET_CHALLENGE if self.contents.bac && self.state.application => {
                let (response, step) = bac::chip::challenge(&self.contents.mrz_key, &mut self.rng);
                self.state.access = Access::Bac(step);
                Ok(response)
            }
            ins::EXTERNAL_AUTHENTICATE => {
                let Access::Bac(step) = access else { return Err(StatusWord::CONDITIONS) };
                let (mut response, session) = step.received(command, &mut self.rng)?;
                if self.contents.faults.contains(&Fault::BacMac) {
                    flip_token(&mut response);
                }
                self.state.session = Some(session);
                Ok(response)
            }
            ins::MANAGE_SECURITY_ENVIRONMENT if (command.p1, command.p2) == (0xC1, 0xA4) => {
                self.set_pace(command)
            }
            ins::GENERAL_AUTHENTICATE => self.pace_step(access, command),
            ins::INTERNAL_AUTHENTICATE | ins::GET_CHALLENGE => Err(StatusWord::SECURITY_STATUS),
            _ => Err(StatusWord::INSTRUCTION),
        }
    }

    fn in_session(&mut self, command: &Command) -> Answer {
        let ca_key = self.state.ca_key.take();
        match (command.ins, command.p1, command.p2) {
            (ins::SELECT, ..) => self.select(command, true),
            (ins::READ_BINARY, ..) => self.read_binary(command, true),
            (ins::READ_BINARY_ODD, ..) => self.read_binary_odd(command, true),
            (ins::INTERNAL_AUTHENTICATE, 0, 0) => self.internal_authenticate(command),
            (ins::MANAGE_SECURITY_ENVIRONMENT, 0x41, 0xA6) if !self.contents.habits.without_kat => {
                self.key_agreement_template(command)
            }
            (ins::MANAGE_SECURITY_ENVIRONMENT, 0x41, 0xA4) => self.authentication_template(command),
            (ins::GENERAL_AUTHENTICATE, 0, 0) => {
                let key = ca_key.ok_or(StatusWord::CONDITIONS)?;
                let theirs = chip_authentication::ephemeral_public_key(command)?;
                self.state.next_session = Some(chip_authentication::agree(&key.key, key.cipher, &theirs)?);
                Ok(chip_authentication::general_authenticate_response())
            }
            _ => Err(StatusWord::INSTRUCTION),
        }
    }
}

impl<R: CryptoRng> ApduChannel for Chip<R> {
    fn transceive(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        if !self.way.in_field(&self.contents.faults) {
            self.reset();
            return Err(ChannelError("the chip left the field".into()));
        }
        Ok(self.answer(command))
    }

    fn max_command_length(&self) -> usize {
        usize::from(u16::MAX)
    }

    fn extended_length_supported(&self) -> bool {
        true
    }
}
