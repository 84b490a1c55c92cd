//! The server's side of a reading, while the chip is in the field.

use std::collections::BTreeMap;

use emrtd::chip_authentication::{ChipAuthenticationTask, KeyDirectory, TaskProtocol};
use lds::FileId;
use protocol::Base64;
use protocol::enrolment::{
    ActiveAuthentication, ActiveAuthenticationResponse, Checked, ChipAuthentication, ChipResponses,
    FileReceipt,
};

use zeroize::Zeroizing;

use super::{EnrolmentClient, checks};
use crate::BridgeError;
use crate::reader::Upstream;

/// Sends what was read, and keeps for the transcript what the phone saw.
pub(super) struct Online<'a> {
    pub(super) client: &'a EnrolmentClient,
}

impl Upstream for Online<'_> {
    fn known(&self) -> BTreeMap<String, Vec<u8>> {
        self.client.state().files.iter().map(|(name, digest)| (name.clone(), digest.0.clone())).collect()
    }

    fn kept(&self, file: FileId) -> Option<Vec<u8>> {
        self.client.state().unsent.get(&file).map(|bytes| bytes.to_vec())
    }

    fn keep(&self, file: FileId, bytes: &[u8]) {
        self.client.state().unsent.insert(file, Zeroizing::new(bytes.to_vec()));
    }

    fn forget(&self) {
        self.client.state().unsent.clear();
    }

    fn upload(&self, file: FileId, bytes: &[u8]) -> Result<(), BridgeError> {
        let session = self.client.session()?;
        let path = format!("/v1/enrolments/{}/chip/files/{}", session.enrolment_id, file.name());
        let content = (bytes, "application/octet-stream");
        let receipt: FileReceipt = self.client.server.signed_as(&session.signer, "PUT", &path, content)?;
        let digest = Base64::from(crypto::sha256(bytes));
        if receipt.sha256 != digest {
            return Err(BridgeError::Protocol { text: "the server received other bytes".to_owned() });
        }
        let mut state = self.client.state();
        if file == FileId::Dg(2) {
            let dg2 = lds::dg2::Dg2::parse(bytes).map_err(|e| BridgeError::chip("lds.dg2", e))?;
            state.portrait = dg2.faces.first().map(|face| crypto::sha256(&face.image).into());
        }
        state.files.insert(file.name().to_owned(), digest);
        state.unsent.remove(&file);
        Ok(())
    }

    fn active_authentication_challenge(&self) -> Result<Vec<u8>, BridgeError> {
        let task: ActiveAuthentication =
            self.client.call("POST", "/chip/active-authentication", None::<&()>)?;
        let mut state = self.client.state();
        state.active_authentication = Some(task.challenge.clone());
        state.active_attempt = Some(task.attempt);
        Ok(task.challenge.0)
    }

    fn active_authentication_answer(&self, signature: &[u8]) -> Result<Vec<String>, BridgeError> {
        let attempt = self.client.state().active_attempt.take();
        let attempt = attempt.ok_or_else(|| BridgeError::usage("no challenge is open"))?;
        let body = ActiveAuthenticationResponse { signature: signature.into() };
        let path = format!("/chip/active-authentication/{attempt}");
        let checked: Checked = self.client.call("POST", &path, Some(&body))?;
        Ok(checks(checked.checks, checked.missing).lines)
    }

    fn chip_authentication_task(&self) -> Result<Option<ChipAuthenticationTask>, BridgeError> {
        let task: Option<ChipAuthentication> =
            self.client.call("POST", "/chip/authentication", None::<&()>)?;
        let Some(task) = task else { return Ok(None) };
        self.client.state().chip_authentication = Some(task.attempt);
        Ok(Some(ChipAuthenticationTask {
            protocol: match task.at_ga_oid {
                None => TaskProtocol::Kat,
                Some(oid) => TaskProtocol::AtGa { oid },
            },
            directory: match task.in_master_file {
                true => KeyDirectory::MasterFile,
                false => KeyDirectory::Application,
            },
            key_reference: task.key_reference.map(|r| r.0),
            ephemeral_public_key: task.ephemeral_public_key.0,
            proof_commands: task.proof_commands.into_iter().map(|c| c.0).collect(),
        }))
    }

    fn chip_authentication_answer(&self, responses: &[Vec<u8>]) -> Result<Vec<String>, BridgeError> {
        let attempt = self.client.state().chip_authentication.clone();
        let attempt = attempt.ok_or_else(|| BridgeError::usage("no task is open"))?;
        let body = ChipResponses { responses: responses.iter().map(|r| Base64(r.clone())).collect() };
        let path = format!("/chip/authentication/{attempt}");
        let checked: Checked = self.client.call("POST", &path, Some(&body))?;
        Ok(checks(checked.checks, checked.missing).lines)
    }
}
