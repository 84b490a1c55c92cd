//! The dialogue of an inspection: every file, and every proof that the document announces.

use std::collections::BTreeMap;
use std::io::Write as _;

use clock::UnixTime;
use emrtd::{AccessPolicy, Error, Password, Terminal};
use lds::{Dg1, Dg14, Dg15, FileId, sod::Sod};
use rand_core::CryptoRng;
use verification::{
    ActiveAuthenticationEvidence, Authentic, AuthenticCardSecurity, ChipAuthenticationEvidence, ChipData,
    Content, EvidenceSet, Policy, SecurityObject, TrustStore, judge_data,
};

use super::channel::AnyChannel;
use crate::cli::verify::Reading;

/// Fingerprints and irises are behind Terminal Authentication.
const NOT_READ: [u8; 2] = [3, 4];

/// What was read, and what the chip answered.
pub(super) struct Inspected {
    pub(super) files: BTreeMap<FileId, Vec<u8>>,
    pub(super) evidence: EvidenceSet,
    pub(super) reading: Reading,
}

struct Dialogue<'a, R> {
    terminal: Terminal<AnyChannel>,
    password: &'a Password,
    rng: &'a mut R,
    reopened: bool,
}

impl Inspected {
    /// Reads the chip.
    ///
    /// # Errors
    /// Those of the terminal; EF.SOD cannot be read. What goes wrong in a proof is told in the verdict.
    pub(super) fn read(
        channel: AnyChannel,
        access: AccessPolicy,
        password: &Password,
        (store, policy, at): (&TrustStore, &Policy, UnixTime),
        rng: &mut impl CryptoRng,
    ) -> anyhow::Result<Self> {
        let terminal = Terminal::with_policy(channel, access);
        let mut dialogue = Dialogue { terminal, password, rng, reopened: false };
        let protocol = dialogue.terminal.open(password.clone(), dialogue.rng)?;
        eprintln!("opened by {}", protocol.name());
        let files = dialogue.files()?;
        let mut evidence = EvidenceSet { data: ChipData::new(files.clone()), ..EvidenceSet::default() };
        let mut trouble = Vec::new();
        let mut pace_cam = None;
        if let Some(sod) = files.get(&FileId::Sod)
            && let Ok(object) = store.authenticate_sod(sod, policy, at).outcome
        {
            let mut note = |proof: Result<(), String>| trouble.extend(proof.err());
            note(dialogue.active_authentication(&object, &mut evidence));
            if let Some(said) = dialogue.terminal.chip_authentication_data() {
                let document = judge_data(&evidence.data, store, policy, at).outcome;
                let judged = document.and_then(|document| document.check_pace_cam(said));
                pace_cam = Some(judged.map_or_else(|rejection| rejection.code(), |()| "proved".to_owned()));
            }
            note(dialogue.chip_authentication(store, &object, &mut evidence));
        }
        let reading = Reading { access: protocol.name(), trouble, pace_cam };
        Ok(Self { files, evidence, reading })
    }
}

/// A data group, under its hash.
fn group<T: Content>(object: &SecurityObject, data: &ChipData) -> Option<Authentic<T>> {
    object.read(data.file(FileId::Dg(T::NUMBER))?.to_vec()).ok()
}

impl<R: CryptoRng> Dialogue<'_, R> {
    /// EF.SOD and the data groups that it lists, EF.COM, and of the master file what is there.
    fn files(&mut self) -> anyhow::Result<BTreeMap<FileId, Vec<u8>>> {
        let sod = self.file(FileId::Sod)?;
        let listed = Sod::parse(&sod)?.lds_security_object.hashes;
        let mut files = BTreeMap::from([(FileId::Sod, sod)]);
        for number in listed.into_keys().filter(|number| !NOT_READ.contains(number)) {
            match self.file(FileId::Dg(number)) {
                // One that is listed and not given is told of by the judgement.
                Err(Error::FileNotFound(_) | Error::FileAccessDenied(_)) => {}
                read => drop(files.insert(FileId::Dg(number), read?)),
            }
        }
        let mut optional = |file, read| match read {
            Err(Error::FileNotFound(_) | Error::FileAccessDenied(_) | Error::Status { .. }) => Ok(()),
            read => read.map(|content| drop(files.insert(file, content))),
        };
        optional(FileId::Com, self.file(FileId::Com))?;
        for file in [FileId::CardAccess, FileId::CardSecurity] {
            optional(file, self.terminal.read_master_file(file))?;
        }
        Ok(files)
    }

    /// A file; once, a chip that ended its session because of how it was asked is opened again.
    fn file(&mut self, file: FileId) -> Result<Vec<u8>, Error> {
        let mut show = |bytes: usize, total: usize| {
            let _ = write!(std::io::stderr(), "\r{file}: {bytes} of {total} bytes");
            if bytes == total {
                eprintln!();
            }
        };
        match self.terminal.read_file(file, &mut show) {
            Err(Error::SecureMessaging(emrtd::SecureMessagingError::Plain(_))) if !self.reopened => {
                self.reopened = true;
                self.terminal.open(self.password.clone(), self.rng)?;
                self.terminal.read_file(file, &mut show)
            }
            read => read,
        }
    }

    fn active_authentication(
        &mut self,
        object: &SecurityObject,
        evidence: &mut EvidenceSet,
    ) -> Result<(), String> {
        let Some(dg15) = group::<Dg15>(object, &evidence.data) else { return Ok(()) };
        let dg14 = group::<Dg14>(object, &evidence.data);
        let begun = object.begin_active_authentication(&dg15, dg14.as_ref(), self.rng);
        let (challenge, _) = begun.map_err(|rejection| rejection.code())?;
        let signature = self.terminal.internal_authenticate(&challenge).map_err(told)?;
        let challenge = challenge.to_vec();
        evidence.active_authentication = Some(ActiveAuthenticationEvidence { challenge, signature });
        Ok(())
    }

    fn chip_authentication(
        &mut self,
        store: &TrustStore,
        object: &SecurityObject,
        evidence: &mut EvidenceSet,
    ) -> Result<(), String> {
        let Some(dg1) = group::<Dg1>(object, &evidence.data) else { return Ok(()) };
        let dg14 = group::<Dg14>(object, &evidence.data);
        let in_application = dg14.filter(|dg14| dg14.content().announces_chip_authentication());
        let in_master_file = evidence.data.file(FileId::CardSecurity);
        let in_master_file =
            in_master_file.and_then(|file| store.authenticate_card_security(object, file).ok());
        let in_master_file = in_master_file.filter(AuthenticCardSecurity::announces_chip_authentication);
        let begun = match (in_application, in_master_file) {
            (Some(dg14), _) => object.begin_chip_authentication(&dg14, &dg1, self.rng),
            (None, Some(file)) => object.begin_chip_authentication_in_master_file(&file, &dg1, self.rng),
            (None, None) => return Ok(()),
        };
        let (task, step) = begun.map_err(|rejection| rejection.code())?;
        let responses = self.terminal.run_chip_authentication(&task).map_err(told)?;
        let suspended = step.suspend().to_vec();
        evidence.chip_authentication = Some(ChipAuthenticationEvidence { suspended, responses });
        Ok(())
    }
}

fn told(error: Error) -> String {
    format!("{}: {error}", error.code())
}
