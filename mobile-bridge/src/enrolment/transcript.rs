//! What the phone signs when it seals: made of what it saw itself.

use protocol::seal::SealTranscript;

use super::{EnrolmentClient, Session};
use crate::BridgeError;

impl EnrolmentClient {
    pub(super) fn transcript(
        &self,
        session: &Session,
        issuer: &str,
        pin_key: &crypto::EcPublicKey,
    ) -> Result<SealTranscript, BridgeError> {
        let device_key = protocol::p256_key(&self.keys.device_key()?)?;
        let state = self.state();
        let missing = BridgeError::usage;
        Ok(SealTranscript {
            issuer: issuer.to_owned(),
            enrolment_id: session.enrolment_id.clone(),
            files: state.files.clone(),
            portrait_digest: state.portrait.clone().ok_or_else(|| missing("the portrait was not read"))?,
            chip_authentication: state.chip_authentication.clone(),
            active_authentication_challenge: state.active_authentication.clone(),
            holder_decision: state
                .holder_decision
                .clone()
                .ok_or_else(|| missing("the face was not decided"))?,
            device_key: protocol::key_thumbprint(&device_key).into(),
            pin_key: protocol::key_thumbprint(pin_key).into(),
            consents: state.consents.clone(),
        })
    }
}
