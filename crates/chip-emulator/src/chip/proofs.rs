//! Chip Authentication and Active Authentication.

use emrtd::chip_authentication::chip as chip_authentication;
use emrtd::{Command, Response, StatusWord};
use rand_core::CryptoRng;

use super::{Answer, Chip};
use crate::contents::CaKey;

impl<R: CryptoRng> Chip<R> {
    pub(super) fn internal_authenticate(&mut self, command: &Command) -> Answer {
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

    pub(super) fn key_agreement_template(&mut self, command: &Command) -> Answer {
        let request = chip_authentication::SetKat::parse(command)?;
        let triple_des = |key: &CaKey| key.cipher == crypto::SessionCipher::TripleDes;
        let key = self.ca_key(request.key_reference.as_deref(), triple_des)?;
        let session = chip_authentication::agree(&key.key, key.cipher, &request.ephemeral_public_key)?;
        self.state.next_session = Some(session);
        Ok(Response::ok(Vec::new()))
    }

    pub(super) fn authentication_template(&mut self, command: &Command) -> Answer {
        let request = chip_authentication::SetAt::parse(command)?;
        let key = self.ca_key(request.key_reference.as_deref(), |key| key.oid() == request.oid)?;
        self.state.ca_key = Some(key);
        Ok(Response::ok(Vec::new()))
    }
}
