//! Chips that answer anything: errors, never a panic, a hang or a large allocation.

use crypto::{Curve, SessionCipher};
use emrtd::{ApduChannel, ChannelError, Error, StatusWord, Step, Terminal};
use lds::FileId;
use rand_core::Rng as _;

use crate::specimens::{Offers, chip, mrz_key, passport, rng};

/// Answers by a function of the command.
struct Answering<F>(F);

impl<F: FnMut(&[u8]) -> Vec<u8>> ApduChannel for Answering<F> {
    fn transceive(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        Ok((self.0)(command))
    }
}

fn open(answer: impl FnMut(&[u8]) -> Vec<u8>) -> Result<emrtd::AccessProtocol, Error> {
    let key = emrtd::MrzKey::new("L898902C3", "740812", "120415").unwrap();
    Terminal::new(Answering(answer)).open(&key, &mut rng(1))
}

fn is_read(command: &[u8]) -> bool {
    command.get(1) == Some(&0xB0)
}

#[test]
fn a_file_that_never_ends_is_not_read_for_ever() {
    // A length of 4 GiB.
    let huge = |command: &[u8]| {
        if is_read(command) { vec![0x31, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 0x90, 0] } else { vec![0x90, 0] }
    };
    assert_eq!(open(huge), Err(Error::FileTooLong { file: FileId::CardAccess, length: 0x1_0000_0005 }));
    // One byte at a time: as many commands as the file has bytes, and no more.
    let mut reads = 0;
    let slow = |command: &[u8]| {
        if !is_read(command) {
            return vec![0x90, 0];
        }
        reads += 1;
        if reads == 1 { vec![0x31, 0x82, 0x7F, 0, 0x90, 0] } else { vec![0, 0x90, 0] }
    };
    assert_eq!(open(slow), Err(Error::TooManyCommands));
    assert_eq!(reads, 10_000);
}

#[test]
fn a_file_that_stops_early_is_an_error() {
    let mut reads = 0;
    let stops = |command: &[u8]| {
        if !is_read(command) {
            return vec![0x90, 0];
        }
        reads += 1;
        if reads == 1 { vec![0x31, 0x20, 0, 0, 0, 0, 0x90, 0] } else { vec![0x6B, 0] }
    };
    let truncated = Error::FileTruncated { file: FileId::CardAccess, length: 34, got: 6 };
    assert_eq!(open(stops), Err(truncated));
}

#[test]
fn a_chip_that_is_never_content_with_a_length_is_given_up() {
    let status = |sw: u16| {
        open(move |command| if is_read(command) { sw.to_be_bytes().to_vec() } else { vec![0x90, 0] })
    };
    let refused = |sw| Err(Error::Status { step: Step::ReadBinary, sw: StatusWord(sw) });
    assert_eq!(status(0x6700), refused(0x6700));
    assert_eq!(status(0x6C04), refused(0x6C04));
    assert_eq!(status(0x6C00), refused(0x6C00));
}

#[test]
fn more_than_was_asked_for_is_malformed() {
    let more = |command: &[u8]| if is_read(command) { vec![0x31; 259] } else { vec![0x90, 0] };
    assert!(matches!(open(more), Err(Error::Status { .. })));
    let more = |command: &[u8]| {
        let mut answer = vec![0x31; 257];
        answer.extend([0x90, 0]);
        if is_read(command) { answer } else { vec![0x90, 0] }
    };
    assert_eq!(open(more), Err(Error::MalformedResponse));
}

#[test]
fn noise_is_refused_at_every_step() {
    for seed in 0..2000 {
        let mut noise = rng(seed);
        let answer = move |_: &[u8]| {
            let length = noise.next_u32() % 40;
            let mut answer: Vec<u8> = (0..length).map(|_| noise.next_u32().to_le_bytes()[0]).collect();
            if !noise.next_u32().is_multiple_of(4) {
                answer.extend([0x90, 0]);
            }
            answer
        };
        assert!(open(answer).is_err());
    }
}

/// Flips one bit of one answer of a good chip: the document is read right or not at all, whatever step it hits.
#[test]
fn a_flipped_bit_in_a_dialogue_is_never_read_as_something_else() {
    for pace in [None, Some((SessionCipher::Aes128, Curve::P256))] {
        let passport = passport(Offers { pace, chip_authentication: None, active_authentication: None });
        for seed in 0..300 {
            let mut chance = rng(seed);
            let (at, bit) = (chance.next_u32() % 14, chance.next_u32() as usize);
            let (mut chip, mut answers) = (chip(&passport, seed), 0);
            let channel = Answering(|command: &[u8]| {
                let mut answer = chip.answer(command);
                if answers == at {
                    let bit = bit % (8 * answer.len());
                    answer[bit / 8] ^= 1 << (bit % 8);
                }
                answers += 1;
                answer
            });
            let mut terminal = Terminal::new(channel);
            if terminal.open(mrz_key(&passport), &mut rng(seed)).is_ok()
                && let Ok(dg1) = terminal.read_file(FileId::Dg(1), |_, _| {})
            {
                assert_eq!(dg1, passport.file(FileId::Dg(1)));
            }
        }
    }
}

#[test]
fn a_lost_chip_is_a_lost_chip() {
    struct Lost;
    impl ApduChannel for Lost {
        fn transceive(&mut self, _: &[u8]) -> Result<Vec<u8>, ChannelError> {
            Err(ChannelError("tag lost".into()))
        }
    }
    let key = emrtd::MrzKey::new("L898902C3", "740812", "120415").unwrap();
    let opened = Terminal::new(Lost).open(&key, &mut rng(1));
    assert_eq!(opened, Err(Error::Channel(ChannelError("tag lost".into()))));
    assert_eq!(opened.unwrap_err().code(), "nfc.tag-lost");
}
