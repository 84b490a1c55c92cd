//! What makes the emulator a chip (Doc 9303-11).

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::collections::BTreeMap;

use chip_emulator::{CaKey, Chip, ChipContents};
use crypto::{Curve, EcPrivateKey, SessionCipher};
use emrtd::{Command, MrzKey, Response, SecureMessaging, StatusWord, bac};
use lds::security_info::{PaceInfo, SecurityInfo};
use lds::{CardAccess, FileId};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

const SELECT_APPLICATION: &str = "00a4040c07a0000002471001";
const SELECT_COM: &str = "00a4020c02011e";
const COM: [u8; 4] = [0x60, 2, 0xAB, 0xCD];

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn key() -> MrzKey {
    MrzKey::new("L898902C3", "740812", "120415").unwrap()
}

fn contents() -> ChipContents {
    let files = [(FileId::Com, COM.to_vec()), (FileId::Dg(3), vec![0x63, 0])];
    ChipContents::new(BTreeMap::from(files), key())
}

fn with_pace(bac: bool) -> ChipContents {
    let pace = PaceInfo::ecdh_generic(SessionCipher::Aes128, Curve::P256.parameter_id());
    let info = SecurityInfo::Pace(pace.clone());
    let mut contents = contents();
    contents.files.insert(FileId::CardAccess, CardAccess { security_infos: vec![info] }.encode());
    (contents.pace, contents.bac) = (vec![pace], bac);
    contents
}

fn chip(contents: ChipContents) -> Chip<ChaCha20Rng> {
    Chip::new(contents, rng(1))
}

fn send(chip: &mut Chip<ChaCha20Rng>, command: &str) -> String {
    hex::encode(chip.answer(&hex::decode(command).unwrap()))
}

fn exchange(chip: &mut Chip<ChaCha20Rng>, command: &Command) -> Response {
    Response::parse(&chip.answer(&command.encode().unwrap())).unwrap()
}

/// A chip in a session of BAC, and the terminal's side of it.
fn in_session(contents: ChipContents) -> (Chip<ChaCha20Rng>, SecureMessaging) {
    let mut chip = chip(contents);
    assert_eq!(send(&mut chip, SELECT_APPLICATION), "9000");
    let (command, step) = bac::begin(&key());
    let (command, step) = step.received(&exchange(&mut chip, &command), &mut rng(2)).unwrap();
    let session = step.received(&exchange(&mut chip, &command)).unwrap();
    (chip, session)
}

fn protected(chip: &mut Chip<ChaCha20Rng>, session: &mut SecureMessaging, command: &str) -> Response {
    let command = Command::parse(&hex::decode(command).unwrap()).unwrap();
    let response = exchange(chip, &session.protect(&command).unwrap());
    session.unprotect(&response).unwrap()
}

#[test]
fn without_a_session_nothing_is_told() {
    let mut chip = chip(contents());
    assert_eq!(send(&mut chip, "00b0000000"), "6986");
    assert_eq!(send(&mut chip, SELECT_APPLICATION), "9000");
    assert_eq!(send(&mut chip, SELECT_COM), "6982");
    assert_eq!(send(&mut chip, "00a4020c020101"), "6982");
    assert_eq!(send(&mut chip, "00b09e0000"), "6982");
    assert_eq!(send(&mut chip, "0088000008000000000000000000"), "6982");
    assert_eq!(send(&mut chip, "0ca4020c158709016375432908c044f68e08bf8b92d635ff24f800"), "6882");
    assert_eq!(send(&mut chip, "00"), "6700");
    assert_eq!(send(&mut chip, "00440000"), "6d00");
}

#[test]
fn files_are_read_under_secure_messaging() {
    let (mut chip, mut session) = in_session(contents());
    let ok = |data: &[u8]| Response::ok(data.to_vec());
    assert_eq!(protected(&mut chip, &mut session, SELECT_COM), ok(&[]));
    assert_eq!(protected(&mut chip, &mut session, "00b0000004"), ok(&COM));
    assert_eq!(protected(&mut chip, &mut session, "00b0000100"), ok(&COM[1..]));
    let end = Response { data: COM[2..].to_vec(), sw: StatusWord::END_OF_FILE };
    assert_eq!(protected(&mut chip, &mut session, "00b0000204"), end);
    let beyond = Response::status(StatusWord::WRONG_OFFSET);
    assert_eq!(protected(&mut chip, &mut session, "00b0000401"), beyond);
    // By short file identifier.
    assert_eq!(protected(&mut chip, &mut session, "00b09e0101"), ok(&COM[1..2]));
    assert_eq!(protected(&mut chip, &mut session, "00a4020c020103").sw, StatusWord::SECURITY_STATUS);
    assert_eq!(protected(&mut chip, &mut session, "00a4020c020102").sw, StatusWord::NOT_FOUND);
}

/// JMRTD's last commands of a file at extended length: short, and for up to 256 bytes, which the protection leaves no room
/// for. Beyond 32 kB by odd INS.
#[test]
fn a_read_gives_what_fits_beside_the_protection() {
    let portrait = lds::tlv::encode(0x75, &(0..40_000_u32).map(|n| n as u8).collect::<Vec<_>>());
    let mut contents = contents();
    contents.files.insert(FileId::Dg(2), portrait.clone());
    let (mut chip, mut session) = in_session(contents);
    assert_eq!(protected(&mut chip, &mut session, "00a4020c020102").sw, StatusWord(0x9000));
    let response = protected(&mut chip, &mut session, "00b10000045402800000");
    assert_eq!(response.sw, StatusWord(0x9000));
    assert_eq!(response.data, [&[0x53, 0x81, 228][..], &portrait[0x8000..0x8000 + 228]].concat());
    let response = protected(&mut chip, &mut session, "00b0000400");
    assert_eq!(response, Response::ok(portrait[4..4 + 231].to_vec()));
}

#[test]
fn an_error_of_secure_messaging_ends_the_session() {
    let (mut chip, mut session) = in_session(contents());
    let select = Command::parse(&hex::decode(SELECT_COM).unwrap()).unwrap();
    let mut forged = session.protect(&select).unwrap();
    *forged.data.last_mut().unwrap() ^= 1;
    assert_eq!(exchange(&mut chip, &forged), Response::status(StatusWord::SM_OBJECTS_WRONG));
    let good = session.protect(&select).unwrap();
    assert_eq!(exchange(&mut chip, &good), Response::status(StatusWord::CLASS_FUNCTION));

    let (mut chip, mut session) = in_session(contents());
    let mut without_mac = session.protect(&select).unwrap();
    without_mac.data.truncate(without_mac.data.len() - 10);
    assert_eq!(exchange(&mut chip, &without_mac), Response::status(StatusWord::SM_OBJECTS_MISSING));
}

#[test]
fn every_flipped_bit_of_a_protected_command_is_refused() {
    let (_, mut session) = in_session(contents());
    let command = Command::new(0xA4, 2, 0x0C, vec![1, 0x1E], None);
    let good = session.protect(&command).unwrap().encode().unwrap();
    let answer = |command: &[u8]| in_session(contents()).0.answer(command);
    assert!(answer(&good).len() > 2);
    for bit in 0..8 * (good.len() - 1) {
        let mut flipped = good.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(answer(&flipped).len(), 2, "bit {bit}");
    }
}

#[test]
fn a_plain_command_ends_the_session() {
    let (mut chip, mut session) = in_session(contents());
    assert_eq!(send(&mut chip, SELECT_COM), "6982");
    let select = Command::parse(&hex::decode(SELECT_COM).unwrap()).unwrap();
    let good = session.protect(&select).unwrap();
    assert_eq!(exchange(&mut chip, &good), Response::status(StatusWord::CLASS_FUNCTION));
}

#[test]
fn a_chip_that_left_the_field_forgets_its_session() {
    let (mut chip, mut session) = in_session(contents());
    chip.reset();
    let select = Command::parse(&hex::decode(SELECT_COM).unwrap()).unwrap();
    let good = session.protect(&select).unwrap();
    assert_eq!(exchange(&mut chip, &good), Response::status(StatusWord::CLASS_FUNCTION));
}

#[test]
fn a_challenge_is_good_for_one_answer() {
    let mut chip = chip(contents());
    assert_eq!(send(&mut chip, &format!("0082000028{}28", "00".repeat(40))), "6985");
    send(&mut chip, SELECT_APPLICATION);
    let (get_challenge, step) = bac::begin(&key());
    let challenge = exchange(&mut chip, &get_challenge);
    let (good, _) = step.received(&challenge, &mut rng(2)).unwrap();
    let mut wrong = good.clone();
    wrong.data[0] ^= 1;
    assert_eq!(exchange(&mut chip, &wrong), Response::status(StatusWord::AUTHENTICATION_FAILED));
    assert_eq!(exchange(&mut chip, &good), Response::status(StatusWord::CONDITIONS));
}

/// The new keys apply after the answer, which is under the old ones; the old ones are worth nothing then.
#[test]
fn chip_authentication_changes_the_keys() {
    let mut contents = contents();
    let static_key = EcPrivateKey::generate(Curve::P256, &mut rng(3));
    contents.ca_keys =
        vec![CaKey { key_id: None, cipher: SessionCipher::TripleDes, key: static_key.clone().into() }];
    let (mut chip, mut old) = in_session(contents);
    let ephemeral = EcPrivateKey::generate(Curve::P256, &mut rng(4));
    let point = hex::encode(ephemeral.public_key().to_sec1());
    let off_curve = format!("{}00", &point[..128]);
    let set_kat = |point: &str| format!("002241a6439141{point}");
    assert_eq!(protected(&mut chip, &mut old, &set_kat(&off_curve)).sw, StatusWord::WRONG_DATA);
    assert_eq!(protected(&mut chip, &mut old, &set_kat(&point)).sw, StatusWord::OK);
    let secret = ephemeral.ecdh(&static_key.public_key()).unwrap();
    let mut new = SecureMessaging::from_shared_secret(SessionCipher::TripleDes, &secret);
    assert_eq!(protected(&mut chip, &mut new, SELECT_COM).sw, StatusWord::OK);
    let select = Command::parse(&hex::decode(SELECT_COM).unwrap()).unwrap();
    let under_old = old.protect(&select).unwrap();
    assert_eq!(exchange(&mut chip, &under_old), Response::status(StatusWord::SM_OBJECTS_WRONG));
}

#[test]
fn ef_card_access_is_for_everybody_and_in_the_master_file() {
    let mut chip = chip(with_pace(true));
    assert_eq!(send(&mut chip, "00a4020c02011c"), "9000");
    assert!(send(&mut chip, "00b0000000").ends_with("9000"));
    assert_eq!(send(&mut chip, SELECT_APPLICATION), "9000");
    assert_eq!(send(&mut chip, "00a4020c02011c"), "6982");
    assert_eq!(send(&mut chip, "00a4000c023f00"), "9000");
    assert_eq!(send(&mut chip, "00a4020c02011c"), "9000");
}

#[test]
fn a_chip_with_pace_alone_takes_no_bac() {
    let mut chip = chip(with_pace(false));
    assert_eq!(send(&mut chip, SELECT_APPLICATION), "6982");
    assert_eq!(send(&mut chip, "0084000008"), "6982");
}

#[test]
fn pace_steps_come_in_their_order() {
    const SET_AT: &str = "0022c1a40f800a04007f0007020204020283010100";
    let nonce = |cla: &str| format!("{cla}860000027c0000");
    let mut chip = chip(with_pace(false));
    assert_eq!(send(&mut chip, &nonce("10")), "6985");
    assert_eq!(send(&mut chip, SET_AT), "9000");
    assert_eq!(send(&mut chip, &nonce("00")), "6985");
    assert_eq!(send(&mut chip, SET_AT), "9000");
    assert!(send(&mut chip, &nonce("10")).starts_with("7c128010"));
    assert_eq!(send(&mut chip, &nonce("10")), "6a80");
    // A password that the chip has not, and a protocol that it has not.
    assert_eq!(send(&mut chip, &SET_AT.replace("830101", "830102")), "6a88");
    assert_eq!(send(&mut chip, &SET_AT.replace("04020283", "04020483")), "6a80");
}
