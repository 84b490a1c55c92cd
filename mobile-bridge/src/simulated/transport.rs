//! A passport in software, held to the phone.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chip_emulator::{Chip, ChipContents};
use emrtd::ApduChannel as _;
use lds::{Dg1, FileId};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use crate::{AccessKey, BridgeError, CardError, CardTransport};

/// A chip that answers as a passport's does, made from a folder: its files as `EF_DG1.bin` and so on, and its private
/// keys as `DG14_sk.pkcs8`. `sceau demo` writes one that its server trusts.
#[derive(uniffi::Object)]
pub struct SimulatedTransport {
    contents: ChipContents,
    field: Mutex<Field>,
}

/// The chip and how long it stays.
struct Field {
    chip: Chip<ChaCha20Rng>,
    commands_left: Option<u64>,
}

#[uniffi::export]
impl SimulatedTransport {
    /// Reads the folder.
    ///
    /// # Errors
    /// [`BridgeError::Usage`]: it is no passport.
    #[uniffi::constructor]
    pub fn from_folder(folder: &str) -> Result<Arc<Self>, BridgeError> {
        let contents = ChipContents::read_folder(Path::new(folder));
        let contents = contents.map_err(|error| BridgeError::usage(&error.to_string()))?;
        let field = Mutex::new(Field { chip: powered(&contents), commands_left: None });
        Ok(Arc::new(Self { contents, field }))
    }

    /// What a person would read off the document.
    ///
    /// # Errors
    /// [`BridgeError::Usage`]: it has no EF.DG1 that can be read.
    pub fn access_key(&self) -> Result<AccessKey, BridgeError> {
        let dg1 = self.contents.files.get(&FileId::Dg(1)).ok_or_else(|| BridgeError::usage("no EF.DG1"))?;
        let mrz = Dg1::parse(dg1).map_err(|error| BridgeError::usage(&error.to_string()))?.mrz;
        Ok(AccessKey {
            document_number: mrz.document_number,
            date_of_birth: mrz.date_of_birth.to_string(),
            date_of_expiry: mrz.date_of_expiry.to_string(),
        })
    }

    /// Takes the document away after so many commands more: they end with `TagLost`, until [`hold`](Self::hold).
    pub fn lose_after(&self, commands: u64) {
        self.field().commands_left = Some(commands);
    }

    /// Holds the document to the phone, anew: the chip has forgotten its sessions.
    pub fn hold(&self) {
        *self.field() = Field { chip: powered(&self.contents), commands_left: None };
    }
}

impl SimulatedTransport {
    fn field(&self) -> MutexGuard<'_, Field> {
        self.field.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[uniffi::export]
impl CardTransport for SimulatedTransport {
    fn transceive(&self, command: Vec<u8>) -> Result<Vec<u8>, CardError> {
        let mut field = self.field();
        if let Some(left) = field.commands_left {
            field.commands_left = Some(left.saturating_sub(1));
            if left == 0 {
                return Err(CardError::TagLost);
            }
        }
        Ok(field.chip.answer(&command))
    }

    fn max_command_length(&self) -> u32 {
        u32::try_from(self.field().chip.max_command_length()).unwrap_or(u32::MAX)
    }

    fn extended_length_supported(&self) -> bool {
        self.field().chip.extended_length_supported()
    }
}

fn powered(contents: &ChipContents) -> Chip<ChaCha20Rng> {
    #[expect(clippy::disallowed_methods, reason = "a chip has its own randomness")]
    let mut seed = crypto::os_rng();
    Chip::new(contents.clone(), ChaCha20Rng::from_rng(&mut seed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{access_key, passport};

    #[test]
    fn a_folder_answers_until_it_is_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let passport = passport(|builder| builder);
        passport.chip_contents().write_folder(folder.path()).unwrap();
        let transport = SimulatedTransport::from_folder(folder.path().to_str().unwrap()).unwrap();
        assert_eq!(transport.access_key().unwrap().document_number, access_key(&passport).document_number);
        let select = emrtd::Command::select_master_file().encode().unwrap();
        transport.lose_after(1);
        assert!(transport.transceive(select.clone()).is_ok());
        assert_eq!(transport.transceive(select.clone()), Err(CardError::TagLost));
        assert_eq!(transport.transceive(select.clone()), Err(CardError::TagLost));
        transport.hold();
        assert!(transport.transceive(select).is_ok());
    }

    #[test]
    fn a_folder_without_a_passport_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let refused = SimulatedTransport::from_folder(folder.path().to_str().unwrap());
        assert_eq!(refused.err().unwrap().code(), "usage");
    }
}
