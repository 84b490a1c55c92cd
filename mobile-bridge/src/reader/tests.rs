use std::sync::Mutex;

use crypto::Curve;
use emrtd::chip_authentication::{self, AwaitProof};
use emrtd::{AccessProtocol, active_authentication};
use lds::{Dg14, Dg15};
use test_passports::{ActiveAuthentication, Specimen, SpecimenBuilder};

use super::*;
use crate::CardError;
use crate::testing::{Card, Listener, access_key, passport, rng};

const CHALLENGE: &[u8; 8] = b"8 bytes.";

/// The server's part, with the real chip proof.
#[derive(Default)]
struct Office {
    files: Mutex<BTreeMap<FileId, Vec<u8>>>,
    /// What was asked of it, in order.
    calls: Mutex<Vec<String>>,
    task: Mutex<Option<ChipAuthenticationTask>>,
    step: Mutex<Option<AwaitProof>>,
    refuses: Option<FileId>,
    /// The file at which the network fails, once.
    unreachable_at: Mutex<Option<FileId>>,
    unsent: Mutex<BTreeMap<FileId, Vec<u8>>>,
    /// The card that must have heard more commands before EF.SOD is taken.
    waits_for: Option<Arc<Card>>,
    proved: Mutex<Vec<&'static str>>,
}

impl Office {
    fn called(&self, what: impl Into<String>) {
        self.calls.lock().unwrap().push(what.into());
    }

    fn file(&self, id: FileId) -> Vec<u8> {
        self.files.lock().unwrap()[&id].clone()
    }

    fn dg14(&self) -> Dg14 {
        Dg14::parse(&self.file(FileId::Dg(14))).unwrap()
    }
}

impl Upstream for Office {
    fn known(&self) -> BTreeMap<String, Vec<u8>> {
        let digest = |bytes: &Vec<u8>| crypto::sha256(bytes).to_vec();
        self.files.lock().unwrap().iter().map(|(id, bytes)| (id.name().to_owned(), digest(bytes))).collect()
    }

    fn kept(&self, file: FileId) -> Option<Vec<u8>> {
        self.unsent.lock().unwrap().get(&file).cloned()
    }

    fn keep(&self, file: FileId, bytes: &[u8]) {
        self.unsent.lock().unwrap().insert(file, bytes.to_vec());
    }

    fn forget(&self) {
        self.unsent.lock().unwrap().clear();
    }

    fn upload(&self, file: FileId, bytes: &[u8]) -> Result<(), BridgeError> {
        if let (FileId::Sod, Some(card)) = (file, &self.waits_for) {
            card.wait_for_another();
        }
        if self.unreachable_at.lock().unwrap().take_if(|at| *at == file).is_some() {
            return Err(BridgeError::Network { text: "gone".into() });
        }
        if self.refuses == Some(file) {
            return Err(BridgeError::usage("refused"));
        }
        self.called(file.name());
        self.files.lock().unwrap().insert(file, bytes.to_vec());
        self.unsent.lock().unwrap().remove(&file);
        Ok(())
    }

    fn active_authentication_challenge(&self) -> Result<Vec<u8>, BridgeError> {
        self.called("AA");
        Ok(CHALLENGE.to_vec())
    }

    fn active_authentication_answer(&self, signature: &[u8]) -> Result<Vec<String>, BridgeError> {
        let dg15 = Dg15::parse(&self.file(FileId::Dg(15))).unwrap();
        let info = self.dg14().active_authentication;
        active_authentication::verify(&dg15, info.as_ref(), CHALLENGE, signature).unwrap();
        self.proved.lock().unwrap().push("AA");
        Ok(vec!["passed: the chip signed".into()])
    }

    fn chip_authentication_task(&self) -> Result<Option<ChipAuthenticationTask>, BridgeError> {
        self.called("CA");
        let dg1_len = self.file(FileId::Dg(1)).len();
        let (task, step) = match chip_authentication::begin(&self.dg14(), dg1_len, &mut rng(3)) {
            Err(emrtd::Error::ChipAuthenticationNotOffered) => return Ok(None),
            begun => begun.unwrap(),
        };
        *self.task.lock().unwrap() = Some(task.clone());
        *self.step.lock().unwrap() = Some(step);
        Ok(Some(task))
    }

    fn chip_authentication_answer(&self, responses: &[Vec<u8>]) -> Result<Vec<String>, BridgeError> {
        let step = self.step.lock().unwrap().take().unwrap();
        assert_eq!(step.received(responses).unwrap(), self.file(FileId::Dg(1)));
        self.proved.lock().unwrap().push("CA");
        Ok(vec!["passed: the chip read EF.DG1 under the new keys".into()])
    }
}

fn with_both_proofs(passport: SpecimenBuilder) -> SpecimenBuilder {
    passport.active_authentication(Some(ActiveAuthentication::Ec(Curve::P256)))
}

fn read(card: &Arc<Card>, passport: &Specimen, office: &Office) -> Result<Vec<Progress>, BridgeError> {
    let listener = Listener::default();
    read_document(card.clone(), &access_key(passport), office, (&listener, &Watch::default()), &mut rng(2))?;
    Ok(listener.0.into_inner().unwrap())
}

fn opened(progress: &[Progress]) -> &str {
    match &progress[0] {
        Progress::ChannelOpen { protocol } => protocol,
        other => panic!("{other:?}"),
    }
}

#[test]
fn files_come_in_the_order_of_the_proof_and_chip_authentication_last() {
    let passport = passport(with_both_proofs);
    let office = Office::default();
    read(&Card::new(&passport), &passport, &office).unwrap();
    let expected = ["EF.SOD", "EF.DG14", "EF.DG1", "EF.DG15", "EF.DG11", "AA", "CA", "EF.DG2"];
    assert_eq!(*office.calls.lock().unwrap(), expected);
    assert_eq!(*office.proved.lock().unwrap(), ["AA", "CA"]);
    for (id, bytes) in office.files.lock().unwrap().iter() {
        assert_eq!(bytes, passport.file(*id), "{id}");
    }
}

#[test]
fn a_chip_opens_by_pace_where_it_offers_it_and_else_by_bac() {
    for (protocol, passport) in
        [(AccessProtocol::Pace, passport(|p| p)), (AccessProtocol::Bac, passport(|p| p.pace(None)))]
    {
        let office = Office::default();
        let progress = read(&Card::new(&passport), &passport, &office).unwrap();
        assert_eq!(opened(&progress), protocol.name());
        assert_eq!(*office.proved.lock().unwrap(), ["CA"]);
    }
}

#[test]
fn the_servers_commands_go_to_the_chip_unchanged_and_nothing_follows() {
    for passport in [passport(|p| p), passport(SpecimenBuilder::french_chip_of_2017)] {
        let (card, office) = (Card::new(&passport), Office::default());
        read(&card, &passport, &office).unwrap();
        let commands = card.commands.lock().unwrap();
        let task = office.task.lock().unwrap().take().unwrap();
        assert!(commands.ends_with(&task.proof_commands));
        assert!(task.proof_commands.len() >= 2);
    }
}

#[test]
fn what_happens_is_told_in_order() {
    let passport = passport(|p| p.without_details());
    let progress = read(&Card::new(&passport), &passport, &Office::default()).unwrap();
    let mut files = Vec::new();
    for event in &progress {
        match event {
            Progress::Reading { file, number, of, bytes, total } if bytes == total => {
                files.push((file.as_str(), *number, *of));
            }
            _ => {}
        }
    }
    let of = |n| if n == 1 { 1 } else { 4 };
    let expected = ["EF.SOD", "EF.DG14", "EF.DG1", "EF.DG2"];
    let expected: Vec<_> = (1..).zip(expected).map(|(n, file)| (file, n, of(n))).collect();
    assert_eq!(files, expected);
    let checks = vec!["passed: the chip read EF.DG1 under the new keys".to_owned()];
    let proved = Progress::Proved { protocol: "Chip Authentication".into(), checks };
    assert_eq!(progress.last(), Some(&proved));
}

#[test]
fn a_tag_lost_at_any_command_costs_no_file_and_the_next_reading_ends_it() {
    let passport = passport(with_both_proofs);
    let whole = Card::new(&passport);
    read(&whole, &passport, &Office::default()).unwrap();
    let commands = whole.commands.lock().unwrap().len() as u64;
    for left in 0..commands {
        let office = Office::default();
        let error = read(&Card::leaving_after(&passport, left), &passport, &office).unwrap_err();
        assert_eq!(error.code(), "nfc.tag-lost", "after {left}");
        let before = office.files.lock().unwrap().len();
        let again = Card::new(&passport);
        read(&again, &passport, &office).unwrap();
        // EF.SOD is read again, to know the document by.
        let fewer = again.commands.lock().unwrap().len() < whole.commands.lock().unwrap().len();
        assert_eq!(fewer, before > 1, "after {left}");
        let uploads = office.calls.lock().unwrap().iter().filter(|call| call.starts_with("EF.")).count();
        assert_eq!(uploads, 6, "after {left}: each file is sent once");
        assert_eq!(office.proved.lock().unwrap().last(), Some(&"CA"), "after {left}");
    }
}

/// Marks on the chip the command that ended EF.SOD.
struct MarksTheEndOfSod(Arc<Card>);

impl ProgressListener for MarksTheEndOfSod {
    fn on_progress(&self, progress: Progress) {
        if readings(&[progress], "EF.SOD") == 1 {
            self.0.mark();
        }
    }
}

#[test]
fn a_file_is_sent_while_the_next_is_read() {
    let passport = passport(with_both_proofs);
    let card = Card::new(&passport);
    // The server takes EF.SOD only once the chip was asked for something after it.
    let office = Office { waits_for: Some(card.clone()), ..Office::default() };
    let (listener, watch) = (MarksTheEndOfSod(card.clone()), Watch::default());
    read_document(card, &access_key(&passport), &office, (&listener, &watch), &mut rng(2)).unwrap();
    assert_eq!(*office.proved.lock().unwrap(), ["AA", "CA"]);
}

/// How often each file was begun to be read.
fn readings(progress: &[Progress], file: &str) -> usize {
    let whole = |event: &&Progress| matches!(event, Progress::Reading { file: f, bytes, total, .. } if f == file && bytes == total);
    progress.iter().filter(whole).count()
}

#[test]
fn what_was_read_when_the_network_failed_is_not_read_again() {
    let passport = passport(with_both_proofs);
    for (at, file) in [(FileId::Sod, "EF.SOD"), (FileId::Dg(1), "EF.DG1"), (FileId::Dg(2), "EF.DG2")] {
        let office = Office { unreachable_at: Mutex::new(Some(at)), ..Office::default() };
        let listener = Listener::default();
        let read = || {
            let seen = (&listener as &dyn ProgressListener, &Watch::default());
            read_document(Card::new(&passport), &access_key(&passport), &office, seen, &mut rng(2))
        };
        assert_eq!(read().unwrap_err().code(), "network", "{file}");
        read().unwrap();
        let progress = listener.0.lock().unwrap();
        // EF.SOD is read again, to know the document by.
        assert_eq!(readings(&progress, file), if at == FileId::Sod { 2 } else { 1 }, "{file}");
        assert_eq!(*office.proved.lock().unwrap().last().unwrap(), "CA");
        assert!(office.unsent.lock().unwrap().is_empty());
    }
}

#[test]
fn what_was_read_of_another_document_and_never_sent_is_forgotten() {
    let (one, other) = (passport(|p| p), passport(|p| p.document_number("X00000001")));
    let office = Office { unreachable_at: Mutex::new(Some(FileId::Sod)), ..Office::default() };
    assert_eq!(read(&Card::new(&one), &one, &office).unwrap_err().code(), "network");
    read(&Card::new(&other), &other, &office).unwrap();
    assert_eq!(office.file(FileId::Dg(1)), other.file(FileId::Dg(1)));
}

/// Its error costs nobody anything: the chip is opened again at once, and asked more carefully.
#[test]
fn a_chip_that_ends_its_session_is_read_all_the_same() {
    let passport = passport(with_both_proofs);
    let mut contents = passport.chip_contents();
    contents.habits.end_of_file = chip_emulator::EndOfFile::EndsSession;
    let office = Office::default();
    read(&Card::with(contents, u64::MAX), &passport, &office).unwrap();
    assert_eq!(*office.proved.lock().unwrap(), ["AA", "CA"]);
}

/// EF.SOD lists it, and the chip has it not.
#[test]
fn a_file_that_is_missing_is_an_error_if_anybody_needs_it() {
    let passport = passport(|p| p);
    for file in [1, 2, 11, 12, 14] {
        let code = (file != 12).then_some("nfc.file-not-found");
        let mut contents = passport.chip_contents();
        contents.files.remove(&FileId::Dg(file)).unwrap();
        let office = Office::default();
        let outcome = read(&Card::with(contents, u64::MAX), &passport, &office);
        assert_eq!(outcome.err().as_ref().map(BridgeError::code), code, "{file}");
        assert_eq!(office.proved.lock().unwrap().is_empty(), code.is_some(), "{file}");
    }
}

/// EF.ATR/INFO promises more than the chip takes.
#[test]
fn a_chip_that_does_not_take_what_it_announced_is_read_all_the_same() {
    let passport = passport(with_both_proofs);
    for end_of_file in [chip_emulator::EndOfFile::Warning, chip_emulator::EndOfFile::EndsSession] {
        let mut contents = passport.chip_contents();
        contents.atr_info = Some(lds::AtrInfo { max_command: 8000, max_response: 8000 }.encode());
        contents.habits.read_limit = Some(chip_emulator::ReadLimit::WrongLength(1000));
        contents.habits.end_of_file = end_of_file;
        let office = Office::default();
        read(&Card::with(contents, u64::MAX), &passport, &office).unwrap();
        assert_eq!(*office.proved.lock().unwrap(), ["AA", "CA"], "{end_of_file:?}");
        let uploads = office.calls.lock().unwrap().iter().filter(|call| call.starts_with("EF.")).count();
        assert_eq!(uploads, 6, "each file is sent once");
    }
}

#[test]
fn another_document_after_a_lost_tag_is_refused() {
    let (one, other) = (passport(|p| p), passport(|p| p.document_number("X00000001")));
    let office = Office::default();
    let card = Card::leaving_after(&one, 40);
    assert_eq!(read(&card, &one, &office).unwrap_err().code(), "nfc.tag-lost");
    let before = office.calls.lock().unwrap().clone();
    assert!(before.contains(&"EF.SOD".to_owned()));
    let error = read(&Card::new(&other), &other, &office).unwrap_err();
    assert_eq!(error.code(), "nfc.different-document");
    assert_eq!(*office.calls.lock().unwrap(), before);
    assert!(office.proved.lock().unwrap().is_empty());
}

#[test]
fn a_password_of_another_document_is_refused_by_the_chip() {
    for offer in [passport(|p| p), passport(|p| p.pace(None))] {
        let other = passport(|p| p.document_number("X00000001"));
        let error = read(&Card::new(&offer), &other, &Office::default()).unwrap_err();
        assert_eq!(error.code(), "nfc.access-denied");
    }
}

#[test]
fn what_stands_in_no_mrz_is_not_tried() {
    let passport = passport(|p| p);
    let card = Card::new(&passport);
    let access = AccessKey { date_of_birth: "12081974".into(), ..access_key(&passport) };
    let error = read_document(
        card.clone(),
        &access,
        &Office::default(),
        (&Listener::default(), &Watch::default()),
        &mut rng(2),
    )
    .unwrap_err();
    assert_eq!(error.code(), "usage");
    assert!(card.commands.lock().unwrap().is_empty());
}

#[test]
fn a_refusal_of_the_server_ends_the_reading() {
    let passport = passport(|p| p);
    let office = Office { refuses: Some(FileId::Dg(14)), ..Office::default() };
    let error = read(&Card::new(&passport), &passport, &office).unwrap_err();
    assert_eq!(error, BridgeError::usage("refused"));
    assert_eq!(*office.calls.lock().unwrap(), ["EF.SOD"]);
}

#[test]
fn a_document_that_offers_no_chip_authentication_is_not_asked_for_it() {
    // EF.DG14 with PACE only, and no EF.DG14 at all.
    let pace_only = passport(|p| p.chip_authentication(None));
    let office = Office::default();
    let card = Card::new(&pace_only);
    read(&card, &pace_only, &office).unwrap();
    assert_eq!(office.calls.lock().unwrap().iter().filter(|call| *call == "CA").count(), 1);
    assert!(office.proved.lock().unwrap().is_empty());

    let without = passport(|p| p.chip_authentication(None).pace(None));
    let office = Office::default();
    read(&Card::new(&without), &without, &office).unwrap();
    assert!(!office.calls.lock().unwrap().contains(&"CA".to_owned()));
}

#[test]
fn only_groups_under_the_security_object_are_read() {
    let mut passport = passport(|p| p);
    passport.files.insert(FileId::Dg(15), vec![0x6F, 0]);
    let office = Office::default();
    read(&Card::new(&passport), &passport, &office).unwrap();
    assert!(!office.files.lock().unwrap().contains_key(&FileId::Dg(15)));
    assert!(!office.files.lock().unwrap().contains_key(&FileId::Com));
}

#[test]
fn the_platforms_own_words_are_told() {
    struct Broken;
    impl CardTransport for Broken {
        fn transceive(&self, _: Vec<u8>) -> Result<Vec<u8>, CardError> {
            Err(CardError::Failed { reason: "antenna off".into() })
        }
        fn max_command_length(&self) -> u32 {
            261
        }
        fn extended_length_supported(&self) -> bool {
            false
        }
    }
    let passport = passport(|p| p);
    let access = access_key(&passport);
    let read = read_document(
        Arc::new(Broken),
        &access,
        &Office::default(),
        (&Listener::default(), &Watch::default()),
        &mut rng(2),
    );
    assert_eq!(read, Err(BridgeError::chip("nfc.channel", "antenna off")));
}

#[test]
fn a_trace_tells_what_was_done_and_no_byte_of_it() {
    let passport = passport(with_both_proofs);
    let recorder = crate::TraceRecorder::new();
    let watch = Watch { trace: Some(recorder.clone()), ..Watch::default() };
    let listener = Listener::default();
    let traced = |card: Arc<Card>| {
        let seen = (&listener as &dyn ProgressListener, &watch);
        read_document(card, &access_key(&passport), &Office::default(), seen, &mut rng(2))
    };
    traced(Card::new(&passport)).unwrap();
    traced(Card::leaving_after(&passport, 20)).unwrap_err();
    let lines = recorder.json_lines();
    let events: Vec<TraceEvent> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let sod = passport.files[&FileId::Sod].len() as u32;
    let read = events.iter().find_map(|event| match event {
        TraceEvent::File { name, length, oids } if name == "EF.SOD" => Some((*length, oids.clone())),
        _ => None,
    });
    let (length, oids) = read.unwrap();
    assert_eq!(length, sod);
    assert!(oids.contains(&"2.23.136.1.1.1".to_owned()));
    let [.., no_answer, failed] = events.as_slice() else { panic!("{lines}") };
    assert!(matches!(no_answer, TraceEvent::NoAnswer { tag_lost: true, .. }));
    assert_eq!(*failed, TraceEvent::Failed { code: "nfc.tag-lost".into() });
    for secret in ["ERIKSSON", passport.mrz.document_number.as_str(), "740812"] {
        assert!(!lines.contains(secret));
    }
}

#[test]
fn a_reading_is_ended_before_its_next_command() {
    struct Ending(Arc<Card>, Watch);
    impl CardTransport for Ending {
        fn transceive(&self, command: Vec<u8>) -> Result<Vec<u8>, CardError> {
            if self.0.commands.lock().unwrap().len() == 9 {
                self.1.stopped.store(true, std::sync::atomic::Ordering::Relaxed);
            }
            self.0.transceive(command)
        }
        fn max_command_length(&self) -> u32 {
            self.0.max_command_length()
        }
        fn extended_length_supported(&self) -> bool {
            self.0.extended_length_supported()
        }
    }
    let passport = passport(|p| p);
    let (card, watch) = (Card::new(&passport), Watch::default());
    let (ending, listener) = (Arc::new(Ending(card.clone(), watch.clone())), Listener::default());
    let office = Office::default();
    let read = read_document(ending, &access_key(&passport), &office, (&listener, &watch), &mut rng(2));
    assert_eq!(read.unwrap_err().code(), "nfc.stopped");
    assert_eq!(card.commands.lock().unwrap().len(), 10);
    assert!(office.calls.lock().unwrap().is_empty(), "nor is anything sent");
}
