//! Whether a chip has EF.CardAccess, found out in few commands and by no answer wrongly: one that has it is never opened by
//! BAC.

use chip_emulator::{Chip, ChipContents};
use crypto::{Curve, SessionCipher};
use emrtd::{AccessProtocol, ApduChannel, ChannelError, Error, Terminal};
use lds::{AtrInfo, FileId};
use rand_chacha::ChaCha20Rng;

use crate::specimens::{Offers, mrz_key, passport, rng};

const APPLICATION: &str = "00a4040c07a0000002471001";
/// READ BINARY by short identifier.
const CARD_ACCESS: &str = "00b09c0000";
const ATR_INFO: &str = "00b0810000";
const MASTER_FILE: &str = "00a4000c023f00";
/// SELECT of EF.CardAccess.
const SELECT: &str = "00a4020c02011c";

/// A chip that takes BAC, with PACE or without, that says in EF.ATR/INFO what it carries, or says nothing.
fn chip(pace: bool, atr_info: bool) -> (ChipContents, emrtd::MrzKey) {
    let pace = pace.then_some((SessionCipher::Aes128, Curve::P256));
    let passport = passport(Offers { pace, chip_authentication: None, active_authentication: None });
    let atr_info = atr_info.then(|| AtrInfo { max_command: 8000, max_response: 8000 }.encode());
    (ChipContents { bac: true, atr_info, ..passport.chip_contents() }, mrz_key(&passport))
}

/// Keeps the plain commands, and answers some of them instead of the chip.
struct Counted<'a> {
    chip: Chip<ChaCha20Rng>,
    extended: bool,
    instead: &'a [(&'a str, u16)],
    commands: Vec<String>,
}

impl ApduChannel for Counted<'_> {
    fn transceive(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let text = hex::encode(command);
        let instead = self.instead.iter().find(|(command, _)| *command == text);
        self.commands.push(text);
        Ok(instead.map_or_else(|| self.chip.answer(command), |(_, sw)| sw.to_be_bytes().to_vec()))
    }

    fn max_command_length(&self) -> usize {
        if self.extended { 8000 } else { 261 }
    }

    fn extended_length_supported(&self) -> bool {
        self.extended
    }
}

/// What opens the chip, the commands up to then, and those for EF.SOD afterwards.
fn opened(
    (contents, key): (ChipContents, emrtd::MrzKey),
    (extended, selected): (bool, bool),
    instead: &[(&str, u16)],
) -> (Result<AccessProtocol, Error>, Vec<String>, usize) {
    let mut chip = Chip::new(contents.clone(), rng(1));
    if selected {
        assert_eq!(chip.answer(&hex::decode(APPLICATION).unwrap()), [0x90, 0]);
    }
    let mut terminal = Terminal::new(Counted { chip, extended, instead, commands: Vec::new() });
    let protocol = terminal.open(key, &mut rng(2));
    let commands = std::mem::take(&mut terminal.channel_mut().commands);
    let sod = terminal.read_file(FileId::Sod, |_, _| {});
    assert!(protocol.is_err() || sod.unwrap() == contents.files[&FileId::Sod]);
    (protocol, commands, terminal.channel_mut().commands.len())
}

#[test]
fn a_chip_without_the_file_costs_three_commands_or_four() {
    for (extended, atr_info, expected) in [
        (false, false, &[CARD_ACCESS, MASTER_FILE, SELECT][..]),
        (false, true, &[CARD_ACCESS, MASTER_FILE, SELECT]),
        (true, true, &[CARD_ACCESS, ATR_INFO, SELECT]),
        (true, false, &[CARD_ACCESS, ATR_INFO, MASTER_FILE, SELECT]),
    ] {
        let (protocol, commands, sod) = opened(chip(false, atr_info), (extended, false), &[]);
        assert_eq!(protocol, Ok(AccessProtocol::Bac));
        let (before, after) = commands.split_at(expected.len());
        assert_eq!(before, expected);
        assert_eq!((after.len(), &*after[0]), (3, APPLICATION));
        assert_eq!(sod == 1, extended && atr_info);
    }
}

#[test]
fn a_chip_with_the_file_costs_one_command_and_one_for_its_lengths() {
    for (extended, expected) in [(false, &[CARD_ACCESS][..]), (true, &[CARD_ACCESS, ATR_INFO])] {
        let (protocol, commands, sod) = opened(chip(true, true), (extended, false), &[]);
        assert_eq!(protocol, Ok(AccessProtocol::Pace));
        // Then five of PACE and the application.
        assert_eq!(&commands[..expected.len()], expected);
        assert_eq!(commands.len(), expected.len() + 6);
        assert_eq!(sod == 1, extended);
    }
}

/// Whatever a chip says to a short identifier, and whether it knows the other commands: what it has is found.
#[test]
fn no_answer_to_the_short_identifier_leads_past_the_file() {
    let refusals = [
        0x6282, 0x6283, 0x6581, 0x6700, 0x6881, 0x6981, 0x6982, 0x6985, 0x6986, 0x6A80, 0x6A81, 0x6A82,
        0x6A86, 0x6A87, 0x6A88, 0x6B00, 0x6C00, 0x6D00, 0x6E00, 0x6F00,
    ];
    for refusal in refusals {
        for instead in [
            &[(CARD_ACCESS, refusal)][..],
            &[(CARD_ACCESS, refusal), (MASTER_FILE, 0x6A86)],
            &[(CARD_ACCESS, refusal), (ATR_INFO, 0x6A82)],
            &[(CARD_ACCESS, refusal), (ATR_INFO, 0x6B00)],
        ] {
            let (protocol, ..) = opened(chip(true, true), (true, false), instead);
            // Success, or a warning, without a byte: the file is there and cannot be read.
            let expected = match refusal {
                0x6282 => Err(Error::FileHeader(FileId::CardAccess)),
                _ => Ok(AccessProtocol::Pace),
            };
            assert_eq!(protocol, expected, "{refusal:04X} {instead:?}");
        }
    }
    let (protocol, ..) = opened(chip(true, true), (true, false), &[(CARD_ACCESS, 0x9000)]);
    assert_eq!(protocol, Err(Error::FileHeader(FileId::CardAccess)));
}

/// The file is there by SELECT, and not to be read: an error, not BAC.
#[test]
fn a_file_that_cannot_be_read_is_no_reason_for_bac() {
    for sw in [0x6982, 0x6985, 0x6F00] {
        let instead = [(CARD_ACCESS, sw), ("00b0000000", sw)];
        let (protocol, ..) = opened(chip(true, true), (true, false), &instead);
        assert!(matches!(protocol, Err(Error::FileAccessDenied(_) | Error::Status { .. })), "{protocol:?}");
    }
}

/// As iOS does, which looks for the application before an app hears of the chip.
#[test]
fn with_the_application_selected_the_file_and_the_lengths_are_found() {
    for unprotected in [false, true] {
        let (mut contents, key) = chip(true, true);
        // By the short identifier of EF.ATR/INFO an open chip gives EF.DG1 then.
        contents.habits.unprotected = unprotected;
        let (protocol, commands, sod) = opened((contents, key), (true, true), &[]);
        assert_eq!((protocol, sod), (Ok(AccessProtocol::Pace), 1), "{commands:?}");
    }
    // A chip that says of every file that it is not there.
    for (instead, lengths) in [
        (&[(CARD_ACCESS, 0x6A82)][..], true),
        (&[(CARD_ACCESS, 0x6A82), (ATR_INFO, 0x6A82)], false),
        (&[(CARD_ACCESS, 0x6A82), (ATR_INFO, 0x6982)], false),
    ] {
        let (protocol, _, sod) = opened(chip(true, true), (true, true), instead);
        assert_eq!((protocol, sod == 1), (Ok(AccessProtocol::Pace), lengths));
    }
    let (protocol, ..) = opened(chip(false, false), (true, true), &[]);
    assert_eq!(protocol, Ok(AccessProtocol::Bac));
}
