use emrtd::apdu::{LE_SHORT, ins};
use emrtd::chip_authentication::ChipPrivateKey;
use emrtd::chip_authentication::chip as chip_authentication;
use emrtd::pace::{PaceGroup, PaceOffer, chip as pace};
use emrtd::{
    ApduChannel, ChannelError, Command, Password, Response, SecureMessaging, SecureMessagingError,
    StatusWord, bac,
};
use lds::FileId;
use lds::security_info::PaceMapping;
use rand_core::CryptoRng;

use crate::contents::{CaKey, ChipContents, ReadLimit};

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

/// What the chip forgets when it leaves the field.
#[derive(Default)]
struct State {
    application: bool,
    file: Option<FileId>,
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
}

impl<R: CryptoRng> Chip<R> {
    /// Powers a chip with these contents; `rng` makes its challenges, nonces and ephemeral keys.
    #[must_use]
    pub fn new(contents: ChipContents, rng: R) -> Self {
        Self { contents, rng, state: State::default() }
    }

    /// Takes the chip out of the field and brings it back: sessions and selections are forgotten.
    pub fn reset(&mut self) {
        self.state = State::default();
    }

    /// Answers a command APDU.
    pub fn answer(&mut self, command: &[u8]) -> Vec<u8> {
        let response = match Command::parse(command) {
            Ok(command) => self.dispatch(&command),
            Err(_) => Response::status(StatusWord::WRONG_LENGTH),
        };
        response.encode()
    }

    /// Doc 9303-11, 9.8.3: secure messaging ends with its first error or a plain command.
    fn dispatch(&mut self, command: &Command) -> Response {
        let protected = command.cla & SM_CLASS == SM_CLASS;
        match self.state.session.take() {
            Some(session) if protected => self.protected(session, command),
            _ if protected => Response::status(StatusWord::CLASS_FUNCTION),
            _ => self.plain(command).unwrap_or_else(Response::status),
        }
    }

    fn protected(&mut self, mut session: SecureMessaging, command: &Command) -> Response {
        let plain = match session.unprotect_command(command) {
            Ok(plain) => plain,
            Err(SecureMessagingError::MissingMac) => return Response::status(StatusWord::SM_OBJECTS_MISSING),
            Err(_) => return Response::status(StatusWord::SM_OBJECTS_WRONG),
        };
        let mut response = self.in_session(&plain).unwrap_or_else(Response::status);
        let room = command.le.unwrap_or(0) as usize;
        if response.data.len() > SecureMessaging::max_response_data(session.cipher(), room) {
            response = Response::status(StatusWord::WRONG_LENGTH);
        }
        let Ok(response) = session.protect_response(&response) else {
            return Response::status(StatusWord::SM_OBJECTS_WRONG);
        };
        self.state.session = self.state.next_session.take().or(Some(session));
        response
    }

    fn plain(&mut self, command: &Command) -> Answer {
        let access = std::mem::take(&mut self.state.access);
        match command.ins {
            ins::SELECT => self.select(command, false),
            ins::READ_BINARY => self.read_binary(command, false),
            ins::GET_CHALLENGE if self.contents.bac && self.state.application => {
                let (response, step) = bac::chip::challenge(&self.contents.mrz_key, &mut self.rng);
                self.state.access = Access::Bac(step);
                Ok(response)
            }
            ins::EXTERNAL_AUTHENTICATE => {
                let Access::Bac(step) = access else { return Err(StatusWord::CONDITIONS) };
                let (response, session) = step.received(command, &mut self.rng)?;
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
            (ins::INTERNAL_AUTHENTICATE, 0, 0) => self.internal_authenticate(command),
            (ins::MANAGE_SECURITY_ENVIRONMENT, 0x41, 0xA6) => self.key_agreement_template(command),
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

    fn select(&mut self, command: &Command, in_session: bool) -> Answer {
        if command.p2 != 0x0C {
            return Err(StatusWord::WRONG_P1_P2);
        }
        match (command.p1, command.data.as_slice()) {
            (0x00, [] | [0x3F, 0x00]) => (self.state.application, self.state.file) = (false, None),
            (0x04, aid) if aid == APPLICATION => {
                if !in_session && !self.contents.bac {
                    return Err(StatusWord::SECURITY_STATUS);
                }
                (self.state.application, self.state.file) = (true, None);
            }
            (0x02, &[high, low]) => {
                let fid = u16::from_be_bytes([high, low]);
                self.state.file = Some(self.find(|file| file.fid() == fid, in_session)?);
            }
            (0x00 | 0x02 | 0x04, _) => return Err(StatusWord::NOT_FOUND),
            _ => return Err(StatusWord::WRONG_P1_P2),
        }
        Ok(Response::ok(Vec::new()))
    }

    /// A file of the directory that is selected, if this session may read it.
    fn find(&self, wanted: impl Fn(FileId) -> bool, in_session: bool) -> Result<FileId, StatusWord> {
        let in_directory = |file: &FileId| {
            let master = matches!(file, FileId::CardAccess | FileId::CardSecurity);
            master != self.state.application && wanted(*file)
        };
        let file = self.contents.files.keys().copied().find(in_directory);
        match file {
            Some(FileId::CardAccess) => Ok(FileId::CardAccess),
            // Doc 9303-11, 4.4.2: without a session not even what is there is told.
            _ if !in_session && self.state.application => Err(StatusWord::SECURITY_STATUS),
            Some(FileId::Dg(3 | 4)) => Err(StatusWord::SECURITY_STATUS),
            Some(_) if !in_session => Err(StatusWord::SECURITY_STATUS),
            Some(file) => Ok(file),
            None => Err(StatusWord::NOT_FOUND),
        }
    }

    fn read_binary(&mut self, command: &Command, in_session: bool) -> Answer {
        let le = command.le.ok_or(StatusWord::WRONG_LENGTH)? as usize;
        let mut offset = usize::from(u16::from_be_bytes([command.p1, command.p2]));
        if command.p1 & 0x80 != 0 {
            let sfi = command.p1 & 0x1F;
            self.state.file = Some(self.find(|file| file.sfi() == sfi, in_session)?);
            offset = usize::from(command.p2);
        }
        let file = self.state.file.ok_or(StatusWord(0x6986))?;
        if !in_session && file != FileId::CardAccess {
            return Err(StatusWord::SECURITY_STATUS);
        }
        let content = self.contents.files.get(&file).ok_or(StatusWord::NOT_FOUND)?;
        let rest = content.get(offset..).filter(|rest| !rest.is_empty()).ok_or(StatusWord::WRONG_OFFSET)?;
        match self.contents.read_limit {
            Some(ReadLimit::WrongLength(most)) if le > most => return Err(StatusWord::WRONG_LENGTH),
            Some(ReadLimit::ExactLength(most)) if le > usize::from(most) => {
                return Err(StatusWord(0x6C00 | u16::from(most)));
            }
            _ => {}
        }
        match rest.get(..le) {
            Some(data) => Ok(Response::ok(data.to_vec())),
            // Le of 256 or more says "all that is there".
            None if le >= LE_SHORT as usize => Ok(Response::ok(rest.to_vec())),
            None => Ok(Response { data: rest.to_vec(), sw: StatusWord::END_OF_FILE }),
        }
    }

    fn internal_authenticate(&mut self, command: &Command) -> Answer {
        let key = self.contents.aa_key.as_ref().ok_or(StatusWord::INSTRUCTION)?;
        if command.data.len() != emrtd::active_authentication::CHALLENGE {
            return Err(StatusWord::WRONG_LENGTH);
        }
        key.sign(&command.data, &mut self.rng).map(Response::ok)
    }

    fn ca_key(&self, reference: Option<&[u8]>, fits: impl Fn(&CaKey) -> bool) -> Result<CaKey, StatusWord> {
        let number = |bytes: &[u8]| {
            (bytes.len() <= 8).then(|| bytes.iter().fold(0_u64, |n, b| n << 8 | u64::from(*b)))
        };
        let keys = match self.state.application {
            true => &self.contents.ca_keys,
            false => &self.contents.master_file_ca_keys,
        };
        let mut fitting = keys.iter().filter(|key| {
            fits(key)
                && reference.is_none_or(|reference| key.key_id.is_some() && key.key_id == number(reference))
        });
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Ok(key.clone()),
            _ => Err(StatusWord::REFERENCE_NOT_FOUND),
        }
    }

    fn key_agreement_template(&mut self, command: &Command) -> Answer {
        let request = chip_authentication::SetKat::parse(command)?;
        let triple_des = |key: &CaKey| key.cipher == crypto::SessionCipher::TripleDes;
        let key = self.ca_key(request.key_reference.as_deref(), triple_des)?;
        let session = chip_authentication::agree(&key.key, key.cipher, &request.ephemeral_public_key)?;
        self.state.next_session = Some(session);
        Ok(Response::ok(Vec::new()))
    }

    fn authentication_template(&mut self, command: &Command) -> Answer {
        let request = chip_authentication::SetAt::parse(command)?;
        let key = self.ca_key(request.key_reference.as_deref(), |key| key.oid() == request.oid)?;
        self.state.ca_key = Some(key);
        Ok(Response::ok(Vec::new()))
    }

    fn set_pace(&mut self, command: &Command) -> Answer {
        let request = pace::PaceRequest::parse(command)?;
        let password = match (request.password, &self.contents.can) {
            (1, _) => Password::Mrz(self.contents.mrz_key.clone()),
            (2, Some(can)) => Password::Can(can.clone()),
            _ => return Err(StatusWord::REFERENCE_NOT_FOUND),
        };
        let offers = self.contents.pace.iter().filter_map(PaceOffer::from_info);
        let mut offers = offers.filter(|offer| {
            let parameters = offer.group.parameter_id();
            offer.oid == request.oid && request.parameters.is_none_or(|wanted| wanted == parameters)
        });
        let offer = offers.next().ok_or(StatusWord::WRONG_DATA)?;
        if offers.next().is_some() {
            return Err(StatusWord::REFERENCE_NOT_FOUND);
        }
        let (group, mapping) = (offer.group, offer.mapping);
        let mut step = pace::begin(offer, &password);
        if mapping == PaceMapping::ChipAuthentication {
            let fits = |key: &CaKey| match &key.key {
                ChipPrivateKey::Ec(key) => (PaceGroup::Ec(key.curve()) == group).then(|| key.clone()),
                ChipPrivateKey::Dh(_) => None,
            };
            let key = self.contents.ca_keys.iter().find_map(fits);
            step = step.with_chip_key(key.ok_or(StatusWord::REFERENCE_NOT_FOUND)?);
        }
        self.state.access = Access::PaceNonce(step);
        Ok(Response::ok(Vec::new()))
    }

    fn pace_step(&mut self, access: Access, command: &Command) -> Answer {
        let last = matches!(access, Access::PaceToken(_));
        if last == (command.cla & CHAINING != 0) {
            return Err(if last { LAST_OF_CHAIN_EXPECTED } else { StatusWord::CONDITIONS });
        }
        let rng = &mut self.rng;
        let (response, access) = match access {
            Access::PaceNonce(step) => {
                step.received(command, rng).map(|(response, step)| (response, Access::PaceMapping(step)))?
            }
            Access::PaceMapping(step) => {
                step.received(command, rng).map(|(response, step)| (response, Access::PaceKey(step)))?
            }
            Access::PaceKey(step) => {
                step.received(command, rng).map(|(response, step)| (response, Access::PaceToken(step)))?
            }
            Access::PaceToken(step) => {
                let (response, session) = step.received(command)?;
                self.state.session = Some(session);
                (response, Access::None)
            }
            Access::None | Access::Bac(_) => return Err(StatusWord::CONDITIONS),
        };
        self.state.access = access;
        Ok(response)
    }
}

impl<R: CryptoRng> ApduChannel for Chip<R> {
    fn transceive(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        Ok(self.answer(command))
    }

    fn max_command_length(&self) -> usize {
        usize::from(u16::MAX)
    }

    fn extended_length_supported(&self) -> bool {
        true
    }
}
