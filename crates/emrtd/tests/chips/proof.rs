//! What the server refuses as a proof of Chip Authentication.

use crypto::{Curve, SessionCipher};
use emrtd::chip_authentication::{self, AwaitProof};
use emrtd::{Error, SecureMessaging, SecureMessagingError, StatusWord, Terminal};
use lds::{Dg14, FileId};
use test_passports::Specimen;

use crate::specimens::{Offers, ca, chip, chip_authentications, dg14, mrz_key, passport, rng};

/// A chip's proof, and how often one likes the step that judges it.
struct Proof {
    suspended: Vec<u8>,
    responses: Vec<Vec<u8>>,
    dg1: Vec<u8>,
}

impl Proof {
    fn of(passport: &Specimen, seed: u64) -> Self {
        let mut terminal = Terminal::new(chip(passport, seed));
        terminal.open(mrz_key(passport), &mut rng(seed + 1)).unwrap();
        let dg1 = passport.file(FileId::Dg(1)).to_vec();
        let (task, step) =
            chip_authentication::begin(&dg14(passport), dg1.len(), &mut rng(seed + 2)).unwrap();
        let responses = terminal.run_chip_authentication(&task).unwrap();
        Self { suspended: step.suspend().to_vec(), responses, dg1 }
    }

    fn judge(&self, responses: &[Vec<u8>]) -> Result<Vec<u8>, Error> {
        AwaitProof::resume(&self.suspended).unwrap().received(responses)
    }

    /// Judges the responses with one of them changed.
    fn with(&self, response: usize, change: impl FnOnce(&mut Vec<u8>)) -> Result<Vec<u8>, Error> {
        let mut responses = self.responses.clone();
        change(&mut responses[response]);
        self.judge(&responses)
    }
}

fn passport_with(cipher: Option<SessionCipher>) -> Specimen {
    let chip_authentication = ca(Curve::BrainpoolP256r1, cipher, None);
    passport(Offers { pace: None, chip_authentication, active_authentication: None })
}

fn proof() -> Proof {
    Proof::of(&passport_with(Some(SessionCipher::Aes128)), 1)
}

fn refused(response: usize, error: SecureMessagingError) -> Result<Vec<u8>, Error> {
    Err(Error::Proof { response, error })
}

#[test]
fn every_flipped_bit_of_a_response_is_refused() {
    for (seed, chip_authentication) in chip_authentications().into_iter().enumerate() {
        let offers = Offers { pace: None, chip_authentication, active_authentication: None };
        let proof = Proof::of(&passport(offers), 10 * seed as u64);
        assert_eq!(proof.judge(&proof.responses), Ok(proof.dg1.clone()));
        for (number, response) in proof.responses.iter().enumerate() {
            for bit in 0..8 * response.len() {
                let judged = proof.with(number, |response| response[bit / 8] ^= 1 << (bit % 8));
                assert!(judged.is_err(), "response {number}, bit {bit}");
            }
        }
    }
}

#[test]
fn a_cut_response_is_refused_at_every_length() {
    let proof = proof();
    for (number, response) in proof.responses.iter().enumerate() {
        for length in 0..response.len() {
            assert!(proof.with(number, |response| response.truncate(length)).is_err());
        }
        assert!(proof.with(number, |response| response.push(0)).is_err());
    }
}

#[test]
fn plain_responses_are_no_proof() {
    let proof = proof();
    let dg1 = proof.dg1.clone();
    let plain = |sw| SecureMessagingError::Plain(sw);
    assert_eq!(proof.with(0, |r| *r = vec![0x90, 0]), refused(0, plain(StatusWord::OK)));
    let wrong = StatusWord::SM_OBJECTS_WRONG;
    assert_eq!(proof.with(0, |r| *r = vec![0x69, 0x88]), refused(0, plain(wrong)));
    // EF.DG1 as it is, and 9000: its tag is none of secure messaging.
    let unexpected = SecureMessagingError::UnexpectedDataObject(0x61);
    assert_eq!(proof.with(1, |r| *r = [&dg1[..], &[0x90, 0]].concat()), refused(1, unexpected));
    assert_eq!(proof.with(1, Vec::clear), Err(Error::MalformedResponse));
}

#[test]
fn a_missing_mac_and_a_wrong_one_are_told_apart() {
    let proof = proof();
    let without_mac = |r: &mut Vec<u8>| {
        let mac = r.len() - 12;
        r.drain(mac..mac + 10);
    };
    assert_eq!(proof.with(1, without_mac), refused(1, SecureMessagingError::MissingMac));
    let wrong_mac = |r: &mut Vec<u8>| {
        let last = r.len() - 3;
        r[last] ^= 1;
    };
    assert_eq!(proof.with(1, wrong_mac), refused(1, SecureMessagingError::WrongMac));
}

#[test]
fn another_outer_status_word_is_refused() {
    let mismatch =
        SecureMessagingError::StatusMismatch { protected: StatusWord::OK, outer: StatusWord::END_OF_FILE };
    let outer = |r: &mut Vec<u8>| {
        let sw = r.len() - 2;
        r[sw..].copy_from_slice(&[0x62, 0x82]);
    };
    assert_eq!(proof().with(1, outer), refused(1, mismatch));
}

#[test]
fn unknown_and_repeated_data_objects_are_refused() {
    let proof = proof();
    let more = SecureMessagingError::UnexpectedDataObject(0x80);
    assert_eq!(proof.with(1, |r| drop(r.splice(0..0, [0x80, 1, 0]))), refused(1, more));
    let twice = |r: &mut Vec<u8>| {
        let at = r.len() - 2;
        let mac = r[at - 10..at].to_vec();
        r.splice(at..at, mac);
    };
    assert_eq!(proof.with(1, twice), refused(1, SecureMessagingError::UnexpectedDataObject(0x8E)));
}

#[test]
fn missing_and_surplus_responses_are_refused() {
    let proof = proof();
    let count = |got| Err(Error::ProofCount { expected: 2, got });
    assert_eq!(proof.judge(&[]), count(0));
    assert_eq!(proof.judge(&proof.responses[..1]), count(1));
    let mut surplus = proof.responses.clone();
    surplus.push(vec![0x90, 0]);
    assert_eq!(proof.judge(&surplus), count(3));
}

#[test]
fn responses_out_of_order_or_repeated_are_refused() {
    let proof = proof();
    let [select, read] = proof.responses.as_slice() else { panic!("two responses") };
    let wrong_mac = |response| refused(response, SecureMessagingError::WrongMac);
    assert_eq!(proof.judge(&[read.clone(), select.clone()]), wrong_mac(0));
    assert_eq!(proof.judge(&[select.clone(), select.clone()]), wrong_mac(1));
}

#[test]
fn the_proof_of_another_attempt_or_of_another_chip_is_refused() {
    let passport = passport_with(Some(SessionCipher::Aes128));
    let (proof, again) = (Proof::of(&passport, 1), Proof::of(&passport, 5));
    assert!(proof.judge(&proof.responses).is_ok());
    assert_eq!(proof.judge(&again.responses), refused(0, SecureMessagingError::WrongMac));

    // Chip B with the files of A, so with the key of A in EF.DG14.
    let mut copy = passport.chip_contents();
    copy.ca_keys[0].key = crypto::EcPrivateKey::generate(Curve::BrainpoolP256r1, &mut rng(99)).into();
    let mut terminal = Terminal::new(chip_emulator::Chip::new(copy, rng(1)));
    terminal.open(mrz_key(&passport), &mut rng(2)).unwrap();
    let (task, step) = chip_authentication::begin(&dg14(&passport), 93, &mut rng(3)).unwrap();
    let responses = terminal.run_chip_authentication(&task).unwrap();
    let plain = SecureMessagingError::Plain(StatusWord::SM_OBJECTS_WRONG);
    assert_eq!(step.received(&responses), refused(0, plain));
}

/// The reader knows the session that it opened; its answers to MSE or GENERAL AUTHENTICATE are not evidence.
#[test]
fn responses_under_the_readers_own_session_are_refused() {
    let proof = proof();
    let mut readers = SecureMessaging::from_shared_secret(SessionCipher::Aes128, b"the reader's");
    let ok = emrtd::Response::ok(Vec::new());
    let forged = readers.protect_response(&ok).unwrap().encode();
    assert_eq!(proof.with(0, |r| *r = forged), refused(0, SecureMessagingError::WrongMac));
}

/// Whoever has the keys (the reader that made the ephemeral key) can answer anything: what is left is judged.
#[test]
fn protected_answers_must_say_9000_and_give_what_was_asked_for() {
    let proof = proof();
    // The format of a suspended step: version, cipher, length (6 bytes), KSenc, KSmac.
    let keys = &proof.suspended[6..];
    let key = |bytes: &[u8]| SessionCipher::Aes128.key(bytes).unwrap();
    let judge = |select: emrtd::Response, read: emrtd::Response| {
        let responses = [(1, select), (3, read)].map(|(ssc, response)| {
            let mut session = SecureMessaging::new(key(&keys[..16]), key(&keys[16..]), ssc).unwrap();
            session.protect_response(&response).unwrap().encode()
        });
        proof.judge(&responses)
    };
    let ok = |data: &[u8]| emrtd::Response::ok(data.to_vec());
    assert_eq!(judge(ok(&[]), ok(&proof.dg1)), Ok(proof.dg1.clone()));
    let not_found = emrtd::Response::status(StatusWord::NOT_FOUND);
    let status = Error::ProofStatus { response: 0, sw: StatusWord::NOT_FOUND };
    assert_eq!(judge(not_found, ok(&proof.dg1)), Err(status));
    let expected = proof.dg1.len();
    let short = Error::ProofLength { response: 1, expected, got: expected - 1 };
    assert_eq!(judge(ok(&[]), ok(&proof.dg1[1..])), Err(short));
    assert_eq!(judge(ok(&[1]), ok(&proof.dg1)), Err(Error::ProofLength { response: 0, expected: 0, got: 1 }));
}

#[test]
fn a_long_file_is_read_in_several_commands() {
    let passport = passport_with(None);
    let mut long = passport.chip_contents();
    let content = lds::tlv::encode(0x61, &[0xA5; 700]);
    long.files.insert(FileId::Dg(1), content.clone());
    let mut terminal = Terminal::new(chip_emulator::Chip::new(long, rng(1)));
    terminal.open(mrz_key(&passport), &mut rng(2)).unwrap();
    let (task, step) = chip_authentication::begin(&dg14(&passport), content.len(), &mut rng(3)).unwrap();
    assert_eq!(task.proof_commands.len(), 5);
    let responses = terminal.run_chip_authentication(&task).unwrap();
    assert_eq!(step.received(&responses), Ok(content));
}

#[test]
fn a_suspended_step_is_read_back_only_whole() {
    let (_, step) = chip_authentication::begin(&dg14(&passport_with(None)), 93, &mut rng(1)).unwrap();
    let suspended = step.suspend();
    assert_eq!(AwaitProof::resume(&suspended).unwrap().suspend(), suspended);
    let malformed = |bytes: &[u8]| AwaitProof::resume(bytes).err() == Some(Error::MalformedSuspended);
    assert!((0..suspended.len()).all(|length| malformed(&suspended[..length])));
    assert!(malformed(&[&suspended[..], &[0]].concat()));
    for (byte, value) in [(0, 0), (0, 3), (1, 0), (1, 5), (2, 1)] {
        let mut changed = suspended.to_vec();
        changed[byte] = value;
        assert!(malformed(&changed), "byte {byte}");
    }
    assert_eq!(format!("{step:?}"), "AwaitProof(TripleDes, ..)");
}

#[test]
fn nothing_to_prove_and_nothing_supported_are_told_apart() {
    let begin = |dg14: &Dg14, length| chip_authentication::begin(dg14, length, &mut rng(1)).map(|_| ());
    let offered = dg14(&passport_with(Some(SessionCipher::Aes128)));
    assert_eq!(begin(&offered, 93), Ok(()));
    assert_eq!(begin(&Dg14::default(), 93), Err(Error::ChipAuthenticationNotOffered));
    let with_key = |change: &dyn Fn(&mut Dg14)| {
        let mut changed = offered.clone();
        change(&mut changed);
        begin(&changed, 93)
    };
    let unsupported = Err(Error::ChipAuthenticationUnsupported);
    assert_eq!(with_key(&|dg14| dg14.chip_authentication[0].key_id = Some(7)), unsupported);
    assert_eq!(with_key(&|dg14| dg14.chip_authentication[0].version = 2), unsupported);
    assert_eq!(with_key(&|dg14| dg14.public_keys[0].spki_der.truncate(20)), unsupported);
    assert_eq!(with_key(&|dg14| dg14.chip_authentication.clear()), Ok(()));
    assert_eq!(with_key(&|dg14| dg14.public_keys[0].key_id = Some(7)), Ok(()));
    let two_keys = |dg14: &mut Dg14| {
        dg14.public_keys[0].key_id = Some(7);
        dg14.public_keys.push(dg14.public_keys[0].clone());
    };
    assert_eq!(with_key(&two_keys), unsupported);
    let too_long = |length| Err(Error::FileTooLong { file: FileId::Dg(1), length });
    assert_eq!(begin(&offered, 0), too_long(0));
    assert_eq!(begin(&offered, 0x8001), too_long(0x8001));
}
