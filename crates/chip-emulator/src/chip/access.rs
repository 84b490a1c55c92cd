//! PACE.

use emrtd::chip_authentication::ChipPrivateKey;
use emrtd::pace::{PaceGroup, PaceOffer, chip as pace};
use emrtd::{Command, Password, Response, StatusWord};
use lds::security_info::PaceMapping;
use rand_core::CryptoRng;

use super::{Access, Answer, CHAINING, Chip, LAST_OF_CHAIN_EXPECTED};
use crate::Fault;
use crate::contents::CaKey;
use crate::fault::flip_token;

impl<R: CryptoRng> Chip<R> {
    pub(super) fn set_pace(&mut self, command: &Command) -> Answer {
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
            let mut keys = self.contents.master_file_ca_keys.iter().chain(&self.contents.ca_keys);
            let key = keys.find_map(fits);
            step = step.with_chip_key(key.ok_or(StatusWord::REFERENCE_NOT_FOUND)?);
        }
        self.state.access = Access::PaceNonce(step);
        Ok(Response::ok(Vec::new()))
    }

    pub(super) fn pace_step(&mut self, access: Access, command: &Command) -> Answer {
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
                let (mut response, session) = step.received(command)?;
                if self.contents.faults.contains(&Fault::PaceToken) {
                    flip_token(&mut response);
                }
                self.state.session = Some(session);
                (response, Access::None)
            }
            Access::None | Access::Bac(_) => return Err(StatusWord::CONDITIONS),
        };
        self.state.access = access;
        Ok(response)
    }
}
