//! Every fault that a tester can ask for, and what the terminal makes of it.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::net::TcpListener;
use std::time::{Duration, Instant};

use chip_emulator::{Chip, ChipContents, Fault, TcpChannel, serve_tcp};
use clock::UnixTime;
use crypto::{Curve, SessionCipher};
use emrtd::{
    ApduChannel, Error, MrzKey, StatusWord, Step, Terminal, active_authentication, chip_authentication,
};
use lds::{Dg14, Dg15, FileId};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use test_passports::{ActiveAuthentication, Specimen, SpecimenBuilder, StateBuilder};

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn passport(pace: Option<(SessionCipher, Curve)>) -> Specimen {
    let at = UnixTime::from_rfc3339("2026-06-01").unwrap();
    let aa = Some(ActiveAuthentication::Rsa1024);
    SpecimenBuilder::new(at).pace(pace).active_authentication(aa).build(&StateBuilder::new(at).build())
}

const PACE: Option<(SessionCipher, Curve)> = Some((SessionCipher::Aes128, Curve::P256));

fn faulty(specimen: &Specimen, faults: &[&str]) -> ChipContents {
    let faults = faults.iter().map(|text| text.parse::<Fault>().unwrap()).collect();
    ChipContents { faults, ..specimen.chip_contents() }
}

/// Opens the chip and reads EF.DG1.
fn read(channel: impl ApduChannel, specimen: &Specimen) -> Result<Vec<u8>, Error> {
    let mut terminal = Terminal::new(channel);
    terminal.open(MrzKey::from(&specimen.mrz), &mut rng(2))?;
    terminal.read_file(FileId::Dg(1), |_, _| {})
}

fn outcome(pace: Option<(SessionCipher, Curve)>, fault: &str) -> Result<Vec<u8>, Error> {
    let specimen = passport(pace);
    read(Chip::new(faulty(&specimen, &[fault]), rng(1)), &specimen)
}

#[test]
fn faults_of_the_dialogue_have_their_codes() {
    for (fault, pace, code) in [
        ("bac-mac", None, "bac.mac"),
        ("pace-token", PACE, "pace.token"),
        ("sm-error", PACE, "sm.chip-error"),
        ("sm-mac", None, "sm.mac"),
        ("sm-mac-missing", PACE, "sm.mac-missing"),
        ("sm-cryptogram", PACE, "sm.cryptogram"),
        ("sm-cryptogram-missing", None, "sm.cryptogram-missing"),
        ("sm-status-missing", PACE, "sm.status-missing"),
        ("status=22:6A80", PACE, "pace.mse-set-at"),
        ("status=84:6985", None, "bac.challenge"),
        ("cut=1:1", None, "nfc.malformed-apdu"),
        ("tag-lost=7", PACE, "nfc.tag-lost"),
    ] {
        assert_eq!(outcome(pace, fault).unwrap_err().code(), code, "{fault}");
    }
}

#[test]
fn short_reads_and_delays_are_no_errors() {
    let specimen = passport(PACE);
    let start = Instant::now();
    let chip = Chip::new(faulty(&specimen, &["short-reads=7", "delay=2"]), rng(1));
    assert_eq!(read(chip, &specimen).unwrap(), specimen.file(FileId::Dg(1)));
    assert!(start.elapsed() >= Duration::from_millis(2 * 20));
}

#[test]
fn an_answer_that_is_cut_is_refused_wherever_it_is() {
    let specimen = passport(PACE);
    for answer in 1..=12 {
        for bytes in [0, 1, 2, 5] {
            let fault = format!("cut={answer}:{bytes}");
            let chip = Chip::new(faulty(&specimen, &[&fault]), rng(1));
            // An answer of two bytes is not cut by leaving it two; a file that is not there is asked for again.
            if let Ok(dg1) = read(chip, &specimen) {
                assert_eq!(dg1, specimen.file(FileId::Dg(1)), "{fault}");
            }
        }
    }
}

#[test]
fn a_file_that_was_altered_is_read_as_it_is() {
    let specimen = passport(PACE);
    let dg1 = read(Chip::new(faulty(&specimen, &["altered=EF.DG1"]), rng(1)), &specimen).unwrap();
    assert_ne!(dg1, specimen.file(FileId::Dg(1)));
    assert_eq!(dg1.len(), specimen.file(FileId::Dg(1)).len());
}

/// What Chip Authentication and Active Authentication make of the chip.
fn proofs(fault: &str) -> (Result<Vec<u8>, Error>, Result<String, Error>) {
    let specimen = passport(PACE);
    let mut terminal = Terminal::new(Chip::new(faulty(&specimen, &[fault]), rng(1)));
    terminal.open(MrzKey::from(&specimen.mrz), &mut rng(2)).unwrap();
    let dg15 = Dg15::parse(specimen.file(FileId::Dg(15))).unwrap();
    let signed = terminal.internal_authenticate(b"8 bytes.");
    let signed = signed.and_then(|answer| active_authentication::verify(&dg15, None, b"8 bytes.", &answer));
    let dg14 = Dg14::parse(specimen.file(FileId::Dg(14))).unwrap();
    let (task, step) = chip_authentication::begin(&dg14, 93, &mut rng(3)).unwrap();
    let proved = terminal.run_chip_authentication(&task).and_then(|responses| step.received(&responses));
    (proved, signed)
}

#[test]
fn a_clone_does_not_prove_itself() {
    let (proved, signed) = proofs("delay=0");
    assert!(proved.is_ok() && signed.is_ok());
    let (proved, signed) = proofs("clone");
    assert_eq!(proved.unwrap_err().code().split('.').next(), Some("ca"));
    assert_eq!(signed, Err(Error::ActiveAuthenticationSignature));
    let (proved, signed) = proofs("no-keys");
    let refused = |step, sw| Error::Status { step, sw };
    assert_eq!(proved, Err(refused(Step::ChipAuthentication, StatusWord::REFERENCE_NOT_FOUND)));
    assert_eq!(signed, Err(refused(Step::ActiveAuthentication, StatusWord::INSTRUCTION)));
}

#[test]
fn a_chip_that_leaves_comes_back_with_the_next_connection() {
    let specimen = passport(PACE);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let chip = Chip::new(faulty(&specimen, &["tag-lost=5"]), rng(1));
    std::thread::spawn(move || serve_tcp(&listener, chip));
    let lost = read(TcpChannel::connect(address).unwrap(), &specimen).unwrap_err();
    assert_eq!(lost.code(), "nfc.tag-lost");
    let dg1 = read(TcpChannel::connect(address).unwrap(), &specimen).unwrap();
    assert_eq!(dg1, specimen.file(FileId::Dg(1)));
}
