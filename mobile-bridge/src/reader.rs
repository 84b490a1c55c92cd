//! The dialogue with the chip, in the order that the server's proof needs.
//!
//! EF.SOD, EF.DG14 and EF.DG1 come first, so that the server can prepare Chip Authentication while the rest is read;
//! the portrait comes last of the files. Active Authentication is run next, Chip Authentication last of all: its new
//! keys are the server's, and the phone cannot read on under them (docs/protocols.md, section 3).

use std::collections::BTreeMap;
use std::sync::Arc;

use emrtd::chip_authentication::ChipAuthenticationTask;
use emrtd::{MrzKey, Terminal};
use lds::FileId;
use rand_core::CryptoRng;

use crate::transport::{Channel, Watch};
use crate::{BridgeError, CardTransport, TraceEvent};

/// What opens the chip: three fields of the machine-readable zone.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct AccessKey {
    /// The document number, without fillers.
    pub document_number: String,
    /// `YYMMDD`, as printed.
    pub date_of_birth: String,
    /// `YYMMDD`, as printed.
    pub date_of_expiry: String,
}

/// How far the reading is.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Progress {
    /// The chip opened: `PACE` or `BAC`.
    ChannelOpen {
        /// The protocol.
        protocol: String,
    },
    /// A file is being read.
    Reading {
        /// Its name.
        file: String,
        /// Its place in the order, from 1.
        number: u32,
        /// How many files will be read; 1 as long as EF.SOD, which lists them, is read itself.
        of: u32,
        /// Bytes read.
        bytes: u32,
        /// Its length in bytes.
        total: u32,
    },
    /// A file reached the server.
    Sent {
        /// Its name.
        file: String,
    },
    /// The chip proves its key.
    Proving {
        /// `Active Authentication` or `Chip Authentication`.
        protocol: String,
    },
    /// The server judged the proof.
    Proved {
        /// `Active Authentication` or `Chip Authentication`.
        protocol: String,
        /// What it checked, one sentence a line.
        checks: Vec<String>,
    },
}

const ACTIVE_AUTHENTICATION: &str = "Active Authentication";
const CHIP_AUTHENTICATION: &str = "Chip Authentication";

/// Listens to the reading.
#[uniffi::export(with_foreign)]
pub trait ProgressListener: Send + Sync {
    /// Something went on. Return quickly: the chip waits.
    fn on_progress(&self, progress: Progress);
}

/// What the reader needs of the server while the chip is in the field.
pub(crate) trait Upstream {
    /// Files that the server holds already, with their SHA-256.
    fn known(&self) -> BTreeMap<String, Vec<u8>>;
    fn upload(&self, file: FileId, bytes: &[u8]) -> Result<(), BridgeError>;
    /// The challenge to sign; the answer goes to `active_authentication_answer`.
    fn active_authentication_challenge(&self) -> Result<Vec<u8>, BridgeError>;
    /// What the server checked.
    fn active_authentication_answer(&self, signature: &[u8]) -> Result<Vec<String>, BridgeError>;
    /// `None` if the document offers no Chip Authentication (its EF.DG14 may hold PACE only).
    fn chip_authentication_task(&self) -> Result<Option<ChipAuthenticationTask>, BridgeError>;
    /// What the server checked.
    fn chip_authentication_answer(&self, responses: &[Vec<u8>]) -> Result<Vec<String>, BridgeError>;
}

/// The data groups that are read, in order; the others are not asked for.
const FIRST: [u8; 2] = [14, 1];
const LATER: [u8; 4] = [11, 12, 15, 2];

/// Reads a chip and lets it prove itself.
///
/// # Errors
/// `nfc.*` for the chip and the channel; what the server refuses. After `nfc.tag-lost` call again: files that the
/// server holds are not sent again, if the chip's EF.SOD is the same (`nfc.different-document` otherwise).
pub(crate) fn read_document(
    transport: Arc<dyn CardTransport>,
    access: &AccessKey,
    upstream: &impl Upstream,
    (listener, watch): (&dyn ProgressListener, &Watch),
    rng: &mut impl CryptoRng,
) -> Result<(), BridgeError> {
    let terminal = Terminal::new(Channel::new(transport, watch.clone()));
    let outcome = Reader { terminal, listener, watch, number: 0, of: 1 }.read(access, upstream, rng);
    if let Err(error) = &outcome {
        watch.record(|| TraceEvent::Failed { code: error.code().to_owned() });
    }
    outcome
}

struct Reader<'a> {
    terminal: Terminal<Channel>,
    listener: &'a dyn ProgressListener,
    watch: &'a Watch,
    number: u32,
    of: u32,
}

impl Reader<'_> {
    fn read(
        mut self,
        access: &AccessKey,
        upstream: &impl Upstream,
        rng: &mut impl CryptoRng,
    ) -> Result<(), BridgeError> {
        self.open(access, rng)?;
        let sod_bytes = self.file(FileId::Sod)?;
        let mut known = upstream.known();
        if let Some(digest) = known.get(FileId::Sod.name())
            && crypto::sha256(&sod_bytes).as_slice() != digest
        {
            return Err(BridgeError::chip(
                "nfc.different-document",
                "the chip's EF.SOD is not the one read before",
            ));
        }
        let sod = lds::sod::Sod::parse(&sod_bytes).map_err(|e| BridgeError::chip("lds.sod", e))?;
        let listed = |n: &u8| sod.lds_security_object.hashes.contains_key(n);
        self.of = 1 + FIRST.iter().chain(&LATER).filter(|n| listed(n)).count() as u32;
        self.send(upstream, &mut known, FileId::Sod, &sod_bytes)?;
        for n in FIRST.into_iter().chain(LATER).filter(|n| listed(n)) {
            self.transfer(upstream, &mut known, FileId::Dg(n))?;
        }
        if listed(&15) {
            self.active_authentication(upstream)?;
        }
        if listed(&14) {
            self.chip_authentication(upstream)?;
        }
        Ok(())
    }

    fn open(&mut self, access: &AccessKey, rng: &mut impl CryptoRng) -> Result<(), BridgeError> {
        let key = MrzKey::new(&access.document_number, &access.date_of_birth, &access.date_of_expiry)
            .map_err(|e| BridgeError::usage(&e.to_string()))?;
        let opened = self.terminal.open(&key, rng);
        let protocol = self.chip(opened)?;
        self.listener.on_progress(Progress::ChannelOpen { protocol: protocol.name().to_owned() });
        Ok(())
    }

    fn file(&mut self, file: FileId) -> Result<Vec<u8>, BridgeError> {
        self.number += 1;
        let (listener, name, number, of) = (self.listener, file.name().to_owned(), self.number, self.of);
        let read = self.terminal.read_file(file, &mut |bytes: usize, total: usize| {
            let (bytes, total) = (bytes as u32, total as u32);
            listener.on_progress(Progress::Reading { file: name.clone(), number, of, bytes, total });
        });
        let bytes = self.chip(read)?;
        self.watch.record(|| TraceEvent::file(file, &bytes));
        Ok(bytes)
    }

    fn transfer(
        &mut self,
        upstream: &impl Upstream,
        known: &mut BTreeMap<String, Vec<u8>>,
        file: FileId,
    ) -> Result<(), BridgeError> {
        if known.contains_key(file.name()) {
            self.number += 1;
            return Ok(());
        }
        let bytes = self.file(file)?;
        self.send(upstream, known, file, &bytes)
    }

    fn send(
        &self,
        upstream: &impl Upstream,
        known: &mut BTreeMap<String, Vec<u8>>,
        file: FileId,
        bytes: &[u8],
    ) -> Result<(), BridgeError> {
        let name = file.name().to_owned();
        if !known.contains_key(&name) {
            upstream.upload(file, bytes)?;
            known.insert(name.clone(), crypto::sha256(bytes).to_vec());
        }
        self.listener.on_progress(Progress::Sent { file: name });
        Ok(())
    }

    fn active_authentication(&mut self, upstream: &impl Upstream) -> Result<(), BridgeError> {
        self.proving(ACTIVE_AUTHENTICATION);
        let challenge = upstream.active_authentication_challenge()?;
        let signature = self.terminal.internal_authenticate(&challenge);
        let signature = self.chip(signature)?;
        self.proved(ACTIVE_AUTHENTICATION, upstream.active_authentication_answer(&signature)?);
        Ok(())
    }

    fn chip_authentication(&mut self, upstream: &impl Upstream) -> Result<(), BridgeError> {
        let Some(task) = upstream.chip_authentication_task()? else { return Ok(()) };
        self.proving(CHIP_AUTHENTICATION);
        let responses = self.terminal.run_chip_authentication(&task);
        let responses = self.chip(responses)?;
        self.proved(CHIP_AUTHENTICATION, upstream.chip_authentication_answer(&responses)?);
        Ok(())
    }

    fn proving(&self, protocol: &str) {
        self.listener.on_progress(Progress::Proving { protocol: protocol.to_owned() });
    }

    fn proved(&self, protocol: &str, checks: Vec<String>) {
        self.listener.on_progress(Progress::Proved { protocol: protocol.to_owned(), checks });
    }

    /// The platform's own error, if it had one, says more than the terminal's.
    fn chip<T>(&mut self, result: Result<T, emrtd::Error>) -> Result<T, BridgeError> {
        result.map_err(|error| match self.terminal.channel_mut().failure.take() {
            Some(failure) => failure.into(),
            None => BridgeError::chip(error.code(), error),
        })
    }
}

#[cfg(test)]
mod tests;
