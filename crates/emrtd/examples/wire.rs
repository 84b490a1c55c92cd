//! Commands and bytes on the wire for a whole reading, beside the least that the standard's commands allow
//! (docs/performance.md): `cargo run --release -p emrtd --example wire`.

#![allow(clippy::unwrap_used, reason = "a measurement that fails has nothing to say")]

use std::time::{Duration, Instant};

use chip_emulator::{Chip, ChipContents};
use clock::UnixTime;
use crypto::{Curve, SessionCipher};
use emrtd::{ApduChannel, ChannelError, MrzKey, SecureMessaging, Terminal, chip_authentication};
use lds::{AtrInfo, Dg14, FileId, tlv};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use test_passports::{ActiveAuthentication, ChipAuthentication, Specimen, SpecimenBuilder, StateBuilder};

/// The order of the phone's reader, the portrait last.
const FILES: [FileId; 6] =
    [FileId::Sod, FileId::Dg(14), FileId::Dg(1), FileId::Dg(11), FileId::Dg(15), PORTRAIT_FILE];
/// The last file, which is read while the others and the task are on their way.
const PORTRAIT_FILE: FileId = FileId::Dg(2);
const PORTRAIT: usize = 20_000;
/// From a request to its answer.
const NETWORK: Duration = Duration::from_millis(150);

/// Counts what passes.
struct Counting {
    chip: Chip<ChaCha20Rng>,
    extended: bool,
    commands: usize,
    bytes: usize,
}

impl ApduChannel for Counting {
    fn transceive(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let answer = self.chip.transceive(command)?;
        self.commands += 1;
        self.bytes += command.len() + answer.len();
        Ok(answer)
    }

    fn max_command_length(&self) -> usize {
        if self.extended { 65_544 } else { 261 }
    }

    fn extended_length_supported(&self) -> bool {
        self.extended
    }
}

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn passport(pace: Option<SessionCipher>, ca: SessionCipher) -> Specimen {
    let at = UnixTime::from_rfc3339("2026-06-01").unwrap();
    let cipher = (ca != SessionCipher::TripleDes).then_some(ca);
    let chip = ChipAuthentication { curve: Curve::P256, cipher, explicit: true, key_id: None };
    let mut passport = SpecimenBuilder::new(at)
        .pace(pace.map(|cipher| (cipher, Curve::P256)))
        .chip_authentication(Some(chip))
        .active_authentication(Some(ActiveAuthentication::Rsa1024))
        .build(&StateBuilder::new(at).build());
    passport.files.insert(PORTRAIT_FILE, tlv::encode(0x75, &vec![0; PORTRAIT - 4]));
    passport
}

/// What a reading took.
struct Reading {
    commands: usize,
    bytes: usize,
    /// Of the commands, those for the portrait.
    portrait: usize,
}

impl Reading {
    fn of(passport: &Specimen, extended: Option<u32>) -> Self {
        let info = extended.map(|max| AtrInfo { max_command: max, max_response: max });
        let contents = ChipContents { atr_info: info.map(AtrInfo::encode), ..passport.chip_contents() };
        let chip = Chip::new(contents, rng(1));
        let channel = Counting { chip, extended: extended.is_some(), commands: 0, bytes: 0 };
        let mut terminal = Terminal::new(channel);
        terminal.open(MrzKey::from(&passport.mrz), &mut rng(2)).unwrap();
        let mut portrait = 0;
        for file in FILES {
            let before = terminal.channel_mut().commands;
            assert_eq!(terminal.read_file(file, |_, _| {}).unwrap(), passport.file(file));
            portrait = terminal.channel_mut().commands - before;
        }
        let dg14 = Dg14::parse(passport.file(FileId::Dg(14))).unwrap();
        let dg1 = passport.file(FileId::Dg(1));
        let (task, step) = chip_authentication::begin(&dg14, dg1.len(), &mut rng(3)).unwrap();
        let responses = terminal.run_chip_authentication(&task).unwrap();
        assert_eq!(step.received(&responses).unwrap(), dg1);
        let Counting { commands, bytes, .. } = terminal.channel_mut();
        Self { commands: *commands, bytes: *bytes, portrait }
    }

    fn radio(&self, milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds * self.commands as u64)
    }

    /// Six uploads and the task go beside the portrait, one after the other; its own upload and the answer follow.
    fn overlapping(&self, milliseconds: u64) -> Duration {
        let beside = Duration::from_millis(milliseconds * self.portrait as u64);
        self.radio(milliseconds) + (NETWORK * 6).saturating_sub(beside) + NETWORK * 2
    }

    /// Each request waits for its answer before the next command.
    fn one_by_one(&self, milliseconds: u64) -> Duration {
        self.radio(milliseconds) + NETWORK * 8
    }
}

/// Every file in whole responses, and the commands of the protocols.
fn floor(passport: &Specimen, pace: Option<SessionCipher>, ca: SessionCipher, response: usize) -> usize {
    let payload = SecureMessaging::max_response_data(pace.unwrap_or(SessionCipher::TripleDes), response);
    let reads: usize = FILES.iter().map(|file| passport.file(*file).len().div_ceil(payload)).sum();
    // EF.CardAccess, which both orders of inspection begin with (Doc 9303-11, 4.2). PACE: MSE:Set AT, four of GENERAL
    // AUTHENTICATE. BAC: GET CHALLENGE, EXTERNAL AUTHENTICATE.
    let access = 1 + if pace.is_some() { 5 } else { 2 };
    // MSE:Set KAT, or MSE:Set AT and GENERAL AUTHENTICATE; SELECT and READ BINARY of the proof.
    let proof = if ca == SessionCipher::TripleDes { 1 } else { 2 } + 2;
    // SELECT of the application.
    access + 1 + reads + proof
}

fn name(cipher: SessionCipher) -> &'static str {
    if cipher == SessionCipher::TripleDes { "3DES" } else { "AES" }
}

fn table() {
    println!(
        "| access, Chip Authentication | APDUs | commands | floor | over | kB | radio | overlapping | one by one |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let (aes, triple_des) = (SessionCipher::Aes256, SessionCipher::TripleDes);
    for (pace, ca) in
        [(Some(aes), aes), (Some(aes), triple_des), (Some(triple_des), triple_des), (None, triple_des)]
    {
        let passport = passport(pace, ca);
        for extended in [None, Some(2_000), Some(32_000)] {
            let reading = Reading::of(&passport, extended);
            let floor = floor(&passport, pace, ca, extended.map_or(256, |max| max as usize - 2));
            let access = pace.map_or("BAC".to_owned(), |cipher| format!("PACE {}", name(cipher)));
            let apdus = extended.map_or("256".to_owned(), |max| format!("{max}"));
            let over = reading.commands - floor;
            print!("| {access}, {} | {apdus} | {} | {floor} | {over} |", name(ca), reading.commands);
            print!(" {:.1} |", reading.bytes as f64 / 1000.0);
            for time in [Reading::radio, Reading::overlapping, Reading::one_by_one] {
                let [fast, slow] = [20, 60].map(|ms| time(&reading, ms).as_secs_f64());
                print!(" {fast:.1} to {slow:.1} s |");
            }
            println!();
        }
    }
}

/// What a server computes for one Chip Authentication: the task, and its answer judged.
fn cpu() {
    const RUNS: u64 = 101;
    println!("\n| Chip Authentication on the server | µs, median |\n|---|---|");
    for (curve, cipher) in [
        (Curve::P256, SessionCipher::TripleDes),
        (Curve::P256, SessionCipher::Aes256),
        (Curve::BrainpoolP256r1, SessionCipher::Aes256),
        (Curve::P521, SessionCipher::Aes256),
    ] {
        let at = UnixTime::from_rfc3339("2026-06-01").unwrap();
        let chip = ChipAuthentication { curve, cipher: Some(cipher), explicit: true, key_id: None };
        let state = StateBuilder::new(at).build();
        let passport = SpecimenBuilder::new(at).pace(None).chip_authentication(Some(chip)).build(&state);
        let dg14 = Dg14::parse(passport.file(FileId::Dg(14))).unwrap();
        let dg1 = passport.file(FileId::Dg(1));
        let mut spent = Vec::new();
        for run in 0..RUNS {
            let mut terminal = Terminal::new(Chip::new(passport.chip_contents(), rng(1)));
            terminal.open(MrzKey::from(&passport.mrz), &mut rng(2)).unwrap();
            let start = Instant::now();
            let (task, step) = chip_authentication::begin(&dg14, dg1.len(), &mut rng(run)).unwrap();
            let suspended = step.suspend();
            let making = start.elapsed();
            let responses = terminal.run_chip_authentication(&task).unwrap();
            let start = Instant::now();
            let step = chip_authentication::AwaitProof::resume(&suspended).unwrap();
            assert_eq!(step.received(&responses).unwrap(), dg1);
            spent.push(making + start.elapsed());
        }
        spent.sort();
        println!("| {} with {} | {} |", curve.name(), name(cipher), spent[spent.len() / 2].as_micros());
    }
}

fn main() {
    table();
    cpu();
}
