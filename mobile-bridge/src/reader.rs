//! The dialogue with the chip, in the order that the server's proof needs, and what goes to the server meanwhile.
//!
//! EF.SOD, EF.DG14 and EF.DG1 come first, so that the server can prepare Chip Authentication while the rest is read; the
//! portrait, the largest, comes last of the files, while the others are sent. Active Authentication is run next, Chip
//! Authentication last of all: its new keys are the server's, and the phone cannot read on under them
//! (docs/protocols.md, section 3). The chip is not waited with until the last file has arrived.

mod post;
mod progress;

use std::collections::BTreeMap;
use std::sync::Arc;

use emrtd::chip_authentication::ChipAuthenticationTask;
use emrtd::{AccessProtocol, MrzKey, Terminal};
use lds::FileId;
use rand_core::CryptoRng;

use crate::transport::{Channel, Watch};
use crate::{BridgeError, CardTransport, TraceEvent};
use post::{Post, Reply, while_sending};
pub use progress::{AccessKey, Progress, ProgressListener};

const ACTIVE_AUTHENTICATION: &str = "Active Authentication";
const CHIP_AUTHENTICATION: &str = "Chip Authentication";

/// What the reader needs of the server while the chip is in the field. One thread calls it at a time.
pub(crate) trait Upstream: Sync {
    /// Files that the server holds already, with their SHA-256.
    fn known(&self) -> BTreeMap<String, Vec<u8>>;
    /// A file that was read before and has not reached the server.
    fn kept(&self, file: FileId) -> Option<Vec<u8>>;
    /// Keeps a file until it has reached the server.
    fn keep(&self, file: FileId, bytes: &[u8]);
    /// Forgets what was kept: it is another document's.
    fn forget(&self);
    fn upload(&self, file: FileId, bytes: &[u8]) -> Result<(), BridgeError>;
    /// The challenge to sign; the answer goes to `active_authentication_answer`.
    fn active_authentication_challenge(&self) -> Result<Vec<u8>, BridgeError>;
    /// What the server checked.
    fn active_authentication_answer(&self, signature: &[u8]) -> Result<Vec<String>, BridgeError>;
    /// `None` if the files that the server holds announce no Chip Authentication (EF.DG14 may hold PACE only).
    fn chip_authentication_task(&self) -> Result<Option<ChipAuthenticationTask>, BridgeError>;
    /// What the server checked.
    fn chip_authentication_answer(&self, responses: &[Vec<u8>]) -> Result<Vec<String>, BridgeError>;
}

/// The data groups that are read, in order: those that the server needs, and no other. EF.DG12 tells how the document was
/// made, and nobody asks for that. What the server needs for its challenge and its task stands before the large ones.
const ORDER: [u8; 5] = [14, 1, 15, 11, 2];

/// The chip answered a protected command without protection.
const CHIP_ENDED_SESSION: &str = "sm.chip-error";

/// Reads a chip and lets it prove itself.
///
/// # Errors
/// `nfc.*` for the chip and the channel; what the server refuses. After `nfc.tag-lost` call again: what was read is not
/// read again, if the chip's EF.SOD is the same (`nfc.different-document` otherwise).
pub(crate) fn read_document(
    transport: Arc<dyn CardTransport>,
    access: &AccessKey,
    upstream: &impl Upstream,
    (listener, watch): (&dyn ProgressListener, &Watch),
    rng: &mut impl CryptoRng,
) -> Result<(), BridgeError> {
    let terminal = Terminal::new(Channel::new(transport, watch.clone()));
    let known = upstream.known();
    let outcome = while_sending(watch, |post| {
        let mut reader = Reader { terminal, upstream, listener, watch, post, known, number: 0, of: 1 };
        match reader.read(access, rng) {
            // A chip may end its session when it is asked for more than a file has. The terminal asks more carefully
            // then, and what was read is not read again.
            Err(error) if error.code() == CHIP_ENDED_SESSION => {
                (reader.number, reader.of) = (0, 1);
                reader.read(access, rng)
            }
            outcome => outcome,
        }
    });
    if let Err(error) = &outcome {
        watch.record(|| TraceEvent::failed(error.code()));
    }
    outcome
}

struct Reader<'a, 'p, U> {
    terminal: Terminal<Channel>,
    upstream: &'a U,
    listener: &'a dyn ProgressListener,
    watch: &'a Watch,
    post: &'p Post<'a>,
    /// What the server holds, or is being sent.
    known: BTreeMap<String, Vec<u8>>,
    number: u32,
    of: u32,
}

impl<'a, U: Upstream> Reader<'a, '_, U> {
    fn read(&mut self, access: &AccessKey, rng: &mut impl CryptoRng) -> Result<(), BridgeError> {
        let protocol = self.open(access, rng)?;
        let groups = self.security_object()?;
        self.of = 1 + groups.len() as u32;
        let (last, first) = groups.split_last().map_or((None, &[][..]), |(last, first)| (Some(*last), first));
        for number in first {
            self.transfer(FileId::Dg(*number))?;
        }
        let upstream = self.upstream;
        let challenge =
            groups.contains(&15).then(|| self.post.ask(|| upstream.active_authentication_challenge()));
        // A task does not live long: it is fetched while the last file is read.
        let task = groups.contains(&14).then(|| self.post.ask(|| upstream.chip_authentication_task()));
        if let Some(number) = last {
            self.transfer(FileId::Dg(number))?;
        }
        if let Some(challenge) = challenge {
            self.active_authentication(&challenge.wait()?)?;
        }
        let task = match task.map(Reply::wait).transpose()?.flatten() {
            None if protocol == AccessProtocol::Pace => self.task_of_the_master_file()?,
            task => task,
        };
        task.map_or(Ok(()), |task| self.chip_authentication(&task))
    }

    fn open(&mut self, access: &AccessKey, rng: &mut impl CryptoRng) -> Result<AccessProtocol, BridgeError> {
        let key = MrzKey::new(&access.document_number, &access.date_of_birth, &access.date_of_expiry)
            .map_err(|e| BridgeError::usage(&e.to_string()))?;
        let opened = self.terminal.open(&key, rng);
        let protocol = self.chip(opened)?;
        self.listener.on_progress(Progress::ChannelOpen { protocol: protocol.name().to_owned() });
        Ok(protocol)
    }

    /// Reads EF.SOD, always, to know the document by; the data groups to be read, in order.
    fn security_object(&mut self) -> Result<Vec<u8>, BridgeError> {
        let bytes = self.file(FileId::Sod)?;
        let digest = crypto::sha256(&bytes);
        match (self.known.get(FileId::Sod.name()), self.upstream.kept(FileId::Sod)) {
            (Some(known), _) if digest.as_slice() != known => {
                return Err(BridgeError::chip(
                    "nfc.different-document",
                    "the chip's EF.SOD is not the one read before",
                ));
            }
            (None, Some(kept)) if kept != bytes => self.upstream.forget(),
            _ => {}
        }
        let sod = lds::sod::Sod::parse(&bytes).map_err(|e| BridgeError::chip("lds.sod", e))?;
        self.send(FileId::Sod, bytes);
        let listed = sod.lds_security_object.hashes;
        Ok(ORDER.into_iter().filter(|number| listed.contains_key(number)).collect())
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

    fn transfer(&mut self, file: FileId) -> Result<(), BridgeError> {
        if self.known.contains_key(file.name()) {
            self.number += 1;
            return Ok(());
        }
        let bytes = match self.upstream.kept(file) {
            Some(bytes) => {
                self.number += 1;
                bytes
            }
            None => self.file(file)?,
        };
        self.send(file, bytes);
        Ok(())
    }

    /// Leaves a file to be sent, unless the server holds it.
    fn send(&mut self, file: FileId, bytes: Vec<u8>) {
        let (upstream, listener, name) = (self.upstream, self.listener, file.name().to_owned());
        let new = self.known.insert(name.clone(), crypto::sha256(&bytes).to_vec()).is_none();
        if new {
            upstream.keep(file, &bytes);
        }
        self.post.send(move || {
            if new {
                upstream.upload(file, &bytes)?;
            }
            listener.on_progress(Progress::Sent { file: name });
            Ok(())
        });
    }

    /// Some chips have the key of Chip Authentication in the master file. EF.CardSecurity, where it stands then, is asked
    /// for only if EF.DG14 announces none.
    fn task_of_the_master_file(&mut self) -> Result<Option<ChipAuthenticationTask>, BridgeError> {
        let (upstream, file) = (self.upstream, FileId::CardSecurity);
        if !self.known.contains_key(file.name()) {
            let bytes = match self.terminal.read_master_file(file) {
                Err(emrtd::Error::FileNotFound(_)) => return Ok(None),
                read => self.chip(read)?,
            };
            self.watch.record(|| TraceEvent::file(file, &bytes));
            self.send(file, bytes);
        }
        self.post.ask(|| upstream.chip_authentication_task()).wait()
    }

    fn active_authentication(&mut self, challenge: &[u8]) -> Result<(), BridgeError> {
        self.proving(ACTIVE_AUTHENTICATION);
        let signature = self.terminal.internal_authenticate(challenge);
        let signature = self.chip(signature)?;
        let upstream = self.upstream;
        self.prove(ACTIVE_AUTHENTICATION, move || upstream.active_authentication_answer(&signature));
        Ok(())
    }

    fn chip_authentication(&mut self, task: &ChipAuthenticationTask) -> Result<(), BridgeError> {
        self.proving(CHIP_AUTHENTICATION);
        let responses = self.terminal.run_chip_authentication(task);
        let responses = self.chip(responses)?;
        let upstream = self.upstream;
        self.prove(CHIP_AUTHENTICATION, move || upstream.chip_authentication_answer(&responses));
        Ok(())
    }

    fn proving(&self, protocol: &str) {
        self.listener.on_progress(Progress::Proving { protocol: protocol.to_owned() });
    }

    fn prove(
        &self,
        protocol: &'static str,
        answer: impl FnOnce() -> Result<Vec<String>, BridgeError> + Send + 'a,
    ) {
        let listener = self.listener;
        self.post.send(move || {
            let checks = answer()?;
            listener.on_progress(Progress::Proved { protocol: protocol.to_owned(), checks });
            Ok(())
        });
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
