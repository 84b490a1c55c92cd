//! Directories, files and READ BINARY.

use emrtd::apdu::{DO_DISCRETIONARY, DO_OFFSET, LE_SHORT};
use emrtd::{Command, Response, StatusWord};
use lds::{FileId, atr_info, tlv};
use rand_core::CryptoRng;

use super::{APPLICATION, Answer, Chip, Selected};
use crate::contents::{EndOfFile, ReadLimit};

impl<R: CryptoRng> Chip<R> {
    pub(super) fn select(&mut self, command: &Command, in_session: bool) -> Answer {
        if command.p2 != 0x0C {
            return Err(StatusWord::WRONG_P1_P2);
        }
        match (command.p1, command.data.as_slice()) {
            (0x00, [] | [0x3F, 0x00]) => (self.state.application, self.state.file) = (false, None),
            (0x04, aid) if aid == APPLICATION => {
                if !in_session && !self.contents.bac && !self.contents.habits.unprotected {
                    return Err(StatusWord::SECURITY_STATUS);
                }
                (self.state.application, self.state.file) = (true, None);
            }
            (0x02, &[high, low]) => {
                let fid = u16::from_be_bytes([high, low]);
                self.state.file =
                    Some(self.find(fid == atr_info::FID, |file| file.fid() == fid, in_session)?);
            }
            (0x00 | 0x02 | 0x04, _) => return Err(StatusWord::NOT_FOUND),
            _ => return Err(StatusWord::WRONG_P1_P2),
        }
        Ok(Response::ok(Vec::new()))
    }

    /// A file of the directory that is selected, if this session may read it.
    fn find(
        &self,
        atr_info: bool,
        wanted: impl Fn(FileId) -> bool,
        in_session: bool,
    ) -> Result<Selected, StatusWord> {
        if atr_info && !self.state.application && self.contents.atr_info.is_some() {
            return Ok(Selected::AtrInfo);
        }
        let in_session = in_session || self.contents.habits.unprotected;
        let in_directory = |file: &FileId| {
            let master = matches!(file, FileId::CardAccess | FileId::CardSecurity);
            master != self.state.application && wanted(*file)
        };
        let file = self.contents.files.keys().copied().find(in_directory);
        match file {
            Some(FileId::CardAccess) => Ok(Selected::Lds(FileId::CardAccess)),
            // Doc 9303-11, 4.4.2: without a session not even what is there is told.
            _ if !in_session && self.state.application => Err(StatusWord::SECURITY_STATUS),
            Some(FileId::Dg(3 | 4)) => Err(StatusWord::SECURITY_STATUS),
            Some(_) if !in_session => Err(StatusWord::SECURITY_STATUS),
            Some(file) => Ok(Selected::Lds(file)),
            None => Err(StatusWord::NOT_FOUND),
        }
    }

    pub(super) fn read_binary(&mut self, command: &Command, in_session: bool) -> Answer {
        let le = command.le.ok_or(StatusWord::WRONG_LENGTH)? as usize;
        let mut offset = usize::from(u16::from_be_bytes([command.p1, command.p2]));
        if command.p1 & 0x80 != 0 {
            if self.contents.habits.without_short_ids {
                return Err(StatusWord::WRONG_P1_P2);
            }
            let sfi = command.p1 & 0x1F;
            let file = self.find(sfi == atr_info::SFI, |file| file.sfi() == sfi, in_session)?;
            self.state.file = Some(file);
            offset = usize::from(command.p2);
        }
        self.read(offset, le, in_session)
    }

    /// Doc 9303-10, 3.6.6: the offset is a data object, and so is the answer.
    pub(super) fn read_binary_odd(&mut self, command: &Command, in_session: bool) -> Answer {
        if (command.p1, command.p2) != (0, 0) {
            return Err(StatusWord::WRONG_P1_P2);
        }
        let offset = tlv::read_one("APDU", &command.data, DO_OFFSET).map_err(|_| StatusWord::WRONG_DATA)?;
        if offset.value.is_empty() || offset.value.len() > 4 {
            return Err(StatusWord::WRONG_DATA);
        }
        let offset = offset.value.iter().fold(0_usize, |n, b| n << 8 | usize::from(*b));
        let le = command.le.ok_or(StatusWord::WRONG_LENGTH)? as usize;
        // What fits beside the tag and the length of the data object.
        let header = |length: usize| tlv::encode(DO_DISCRETIONARY, &vec![0; length]).len() - length;
        let wanted = (le.saturating_sub(4)..le).rev().find(|length| length + header(*length) <= le);
        let response = self.read(offset, wanted.unwrap_or(0), in_session)?;
        Ok(Response { data: tlv::encode(DO_DISCRETIONARY, &response.data), sw: response.sw })
    }

    fn read(&self, offset: usize, le: usize, in_session: bool) -> Answer {
        let habits = self.contents.habits;
        let file = self.state.file.ok_or(StatusWord(0x6986))?;
        let for_everybody = matches!(file, Selected::AtrInfo | Selected::Lds(FileId::CardAccess));
        if !in_session && !for_everybody && !habits.unprotected {
            return Err(StatusWord::SECURITY_STATUS);
        }
        let content = match &file {
            Selected::AtrInfo => self.contents.atr_info.as_ref(),
            Selected::Lds(file) => self.contents.files.get(file),
        };
        let content = content.ok_or(StatusWord::NOT_FOUND)?;
        let rest = content.get(offset..).filter(|rest| !rest.is_empty()).ok_or(StatusWord::WRONG_OFFSET)?;
        match habits.read_limit {
            Some(ReadLimit::WrongLength(most)) if le > most => return Err(StatusWord::WRONG_LENGTH),
            Some(ReadLimit::ExactLength(most)) if le > usize::from(most) => {
                return Err(StatusWord(0x6C00 | u16::from(most)));
            }
            Some(ReadLimit::Short(most)) if le > most => {
                return Ok(Response::ok(rest.get(..most).unwrap_or(rest).to_vec()));
            }
            _ => {}
        }
        if let Some(data) = rest.get(..le) {
            return Ok(Response::ok(data.to_vec()));
        }
        match habits.end_of_file {
            EndOfFile::WrongOffset => Err(StatusWord::WRONG_OFFSET),
            EndOfFile::WrongLength | EndOfFile::EndsSession => Err(StatusWord::WRONG_LENGTH),
            EndOfFile::ExactLength => Err(u8::try_from(rest.len())
                .map_or(StatusWord::WRONG_LENGTH, |length| StatusWord(0x6C00 | u16::from(length)))),
            // Le of 256 or more says "all that is there".
            EndOfFile::Warning if le < LE_SHORT as usize => {
                Ok(Response { data: rest.to_vec(), sw: StatusWord::END_OF_FILE })
            }
            EndOfFile::Warning | EndOfFile::Normal => Ok(Response::ok(rest.to_vec())),
        }
    }
}
