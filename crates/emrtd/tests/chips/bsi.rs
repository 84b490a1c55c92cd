//! BSI TR-03105-5.1, tier T: what an inspection system meets at the chip and not in files. One test for each case, by its
//! id; the verdict is that of the plan, the codes are ours.

use chip_emulator::{Chip, ChipContents, EndOfFile, Fault, Habits, ReadLimit};
use crypto::{Curve, DhGroup, SessionCipher};
use emrtd::pace::{PaceGroup, PaceOffer};
use emrtd::{
    AccessPolicy, AccessProtocol, ApduChannel, ChannelError, Command, Error, Response, StatusWord, Terminal,
};
use lds::security_info::{KeyAgreement, PaceDomainParameterInfo, PaceInfo, PaceMapping, SecurityInfo};
use lds::{CardAccess, FileId, tlv};
use rand_core::Rng as _;
use serde_json::Value;

use crate::specimens::{Offers, ca, passport, rng};

/// Each case is a test; and none of the plan is forgotten.
macro_rules! plan {
    ($($id:ident $body:block)*) => {
        #[allow(non_snake_case, reason = "the plan's ids")]
        mod cases {
            use super::*;
            $(#[test] fn $id() $body)*
        }
        const CASES: &[&str] = &[$(stringify!($id)),*];
    };
}

#[test]
fn every_case_of_tier_t_is_a_test() {
    let plan = concat!(env!("CARGO_MANIFEST_DIR"), "/../../test-vectors/bsi-tr-03105-5.1.json");
    let plan: Value = serde_json::from_slice(&std::fs::read(plan).unwrap()).unwrap();
    let cases = plan["cases"].as_array().unwrap().iter();
    let ids: Vec<&str> =
        cases.filter(|case| case["tier"] == "T").map(|case| case["id"].as_str().unwrap()).collect();
    assert_eq!(CASES, ids);
}

const AES: SessionCipher = SessionCipher::Aes128;
const TLV: u32 = 0x7C;

/// CFG.DFLT.BAC, its MRZ the specimen's.
fn bac() -> ChipContents {
    passport(Offers { pace: None, chip_authentication: None, active_authentication: None }).chip_contents()
}

/// CFG.DFLT.PACE: on brainpoolP256r1.
fn pace() -> ChipContents {
    let pace = Some((SessionCipher::TripleDes, Curve::BrainpoolP256r1));
    passport(Offers { pace, chip_authentication: None, active_authentication: None }).chip_contents()
}

/// PACE in these ways.
fn ways(infos: &[SecurityInfo]) -> ChipContents {
    let chip_authentication = ca(Curve::BrainpoolP256r1, Some(AES), Some(13));
    let pace = Some((AES, Curve::P256));
    let mut contents =
        passport(Offers { pace, chip_authentication, active_authentication: None }).chip_contents();
    let card_access = CardAccess { security_infos: infos.to_vec() };
    contents.pace = card_access.pace().filter(|way| PaceOffer::from_info(way).is_some()).cloned().collect();
    contents.files.insert(FileId::CardAccess, card_access.encode());
    contents
}

fn way(mapping: PaceMapping, cipher: SessionCipher, parameters: u8) -> SecurityInfo {
    let agreement = if parameters < 3 { KeyAgreement::Dh } else { KeyAgreement::Ecdh };
    SecurityInfo::Pace(PaceInfo::new(agreement, mapping, cipher, parameters))
}

fn generic(parameters: u8) -> ChipContents {
    ways(&[way(PaceMapping::Generic, AES, parameters)])
}

fn faulty(mut contents: ChipContents, fault: Fault) -> ChipContents {
    contents.faults.push(fault);
    contents
}

/// An inspection: the chip is opened and every file read as it is.
fn inspect_by(channel: impl ApduChannel, contents: &ChipContents) -> Result<AccessProtocol, Error> {
    let policy = AccessPolicy { strict_atr_info: true, ..AccessPolicy::default() };
    let mut terminal = Terminal::with_policy(channel, policy);
    let protocol = terminal.open(contents.mrz_key.clone(), &mut rng(2))?;
    for (file, content) in contents.files.iter().filter(|(file, _)| **file != FileId::CardAccess) {
        assert!(terminal.read_file(*file, |_, _| {})? == *content, "{file}");
    }
    Ok(protocol)
}

fn inspect(contents: &ChipContents) -> Result<AccessProtocol, Error> {
    inspect_by(Chip::new(contents.clone(), rng(1)), contents)
}

fn succeeds(contents: &ChipContents, protocol: AccessProtocol) {
    assert_eq!(inspect(contents), Ok(protocol));
}

fn fails(contents: &ChipContents, code: &str) {
    assert_eq!(inspect(contents).unwrap_err().code(), code);
}

/// A chip whose plain answers are changed.
struct Tampered<F> {
    chip: Chip<rand_chacha::ChaCha20Rng>,
    change: F,
}

impl<F: FnMut(&Command, Vec<u8>) -> Vec<u8>> ApduChannel for Tampered<F> {
    fn transceive(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let answer = self.chip.answer(command);
        Ok((self.change)(&Command::parse(command).unwrap(), answer))
    }

    fn max_command_length(&self) -> usize {
        self.chip.max_command_length()
    }

    fn extended_length_supported(&self) -> bool {
        true
    }
}

/// Which step of PACE a command is: the nonce (1) to the tokens (4), by what is in its template.
fn step(command: &Command) -> Option<u8> {
    let template = (command.ins == 0x86).then(|| tlv::read_one("APDU", &command.data, TLV).ok())??;
    let first = template.children().ok()?.next_element().ok()?;
    Some(first.map_or(1, |object| match object.tag {
        0x81 => 2,
        0x83 => 3,
        _ => 4,
    }))
}

/// The inspection of a chip whose answer in one step of PACE is changed.
fn changed(contents: &ChipContents, number: u8, change: impl Fn(&Command, Vec<u8>) -> Vec<u8>) -> String {
    let change = |command: &Command, answer| match step(command) == Some(number) {
        true => change(command, answer),
        false => answer,
    };
    let chip = Chip::new(contents.clone(), rng(1));
    inspect_by(Tampered { chip, change }, contents).unwrap_err().code().to_owned()
}

/// The value in an answer, under the tag that it has.
fn object(answer: &[u8]) -> (u32, Vec<u8>) {
    let template = tlv::read_one("APDU", &answer[..answer.len() - 2], TLV).unwrap();
    let object = template.children().unwrap().next_element().unwrap().unwrap();
    (object.tag, object.value.to_vec())
}

fn answer(tag: u32, value: &[u8]) -> Vec<u8> {
    Response::ok(tlv::encode(TLV, &tlv::encode(tag, value))).encode()
}

/// The value alone is changed.
fn value(change: impl Fn(&mut Vec<u8>)) -> impl Fn(&Command, Vec<u8>) -> Vec<u8> {
    move |_, bytes| {
        let (tag, mut value) = object(&bytes);
        change(&mut value);
        answer(tag, &value)
    }
}

fn tagged(tag: u32) -> impl Fn(&Command, Vec<u8>) -> Vec<u8> {
    move |_, bytes| answer(tag, &object(&bytes).1)
}

fn error(_: &Command, _: Vec<u8>) -> Vec<u8> {
    Response::status(StatusWord::CONDITIONS).encode()
}

fn cut(_: &Command, answer: Vec<u8>) -> Vec<u8> {
    [&answer[..4], &[0x90, 0]].concat()
}

/// Points that are none: another form, a coordinate outside the field, a point off the curve, infinity, one cut.
fn wrong_points(point: &mut Vec<u8>, which: usize) {
    match which {
        0 => point[0] = 0x02,
        1 => point[1..33].fill(0xFF),
        2 => point[33..].fill(0xFF),
        3 => point[64] ^= 1,
        4 => *point = vec![0],
        _ => point.truncate(64),
    }
}

/// Numbers outside the subgroup: 0, 1, p - 1, p, and one of another order.
fn wrong_numbers(number: &mut Vec<u8>, which: usize) {
    let p = DhGroup::from_parameter_id(2).unwrap().modulus();
    *number = match which {
        0 => vec![0],
        1 => vec![1],
        2 => [&p[..p.len() - 1], &[p[p.len() - 1] - 1]].concat(),
        3 => p,
        _ => vec![2],
    };
}

fn long_portrait(length: usize) -> ChipContents {
    let mut contents = bac();
    let mut content = vec![0; length];
    rng(7).fill_bytes(&mut content);
    contents.files.insert(FileId::Dg(2), tlv::encode(0x75, &content));
    contents
}

fn at_the_end(end_of_file: EndOfFile) {
    for mut contents in [bac(), pace()] {
        contents.habits = Habits { end_of_file, ..Habits::default() };
        let protocol = if contents.bac { AccessProtocol::Bac } else { AccessProtocol::Pace };
        succeeds(&contents, protocol);
        contents.habits.without_short_ids = true;
        succeeds(&contents, protocol);
    }
}

fn with_atr_info(file: &str) -> ChipContents {
    ChipContents { atr_info: Some(hex::decode(file).unwrap()), ..pace() }
}

plan! {
ISO7816_A_01 {
    let mut open = bac();
    (open.bac, open.habits.unprotected) = (false, true);
    succeeds(&open, AccessProtocol::Unprotected);
}
ISO7816_A_02 { succeeds(&bac(), AccessProtocol::Bac); }
ISO7816_A_03 { fails(&faulty(bac(), Fault::Status(0xA4, StatusWord::NOT_FOUND)), "nfc.select-application"); }
ISO7816_B_01 { fails(&faulty(bac(), Fault::BacMac), "bac.mac"); }
ISO7816_B_02 {
    // The answer of another dialogue with the same chip: its MAC is right, its numbers are not these.
    let recorded = std::cell::RefCell::new(Vec::new());
    for replay in [false, true] {
        let change = |command: &Command, answer: Vec<u8>| match (command.ins, replay) {
            (0x82, false) => recorded.replace(answer.clone()).is_empty().then_some(answer).unwrap(),
            (0x82, true) => recorded.borrow().clone(),
            _ => answer,
        };
        let seed = if replay { 5 } else { 1 };
        let opened = inspect_by(Tampered { chip: Chip::new(bac(), rng(seed)), change }, &bac());
        let expected = if replay { Err(Error::BacCryptogram) } else { Ok(AccessProtocol::Bac) };
        assert_eq!(opened, expected);
    }
}
ISO7816_B_03 { fails(&faulty(bac(), Fault::Status(0x82, StatusWord::AUTHENTICATION_FAILED)), "nfc.access-denied"); }
ISO7816_B_04 { fails(&faulty(bac(), Fault::SmError), "sm.chip-error"); }
ISO7816_B_05 { fails(&faulty(bac(), Fault::SmMacMissing), "sm.mac-missing"); }
ISO7816_B_06 { fails(&faulty(bac(), Fault::SmCryptogramMissing), "sm.cryptogram-missing"); }
ISO7816_B_07 { fails(&faulty(bac(), Fault::SmStatusMissing), "sm.status-missing"); }
ISO7816_B_08 { fails(&faulty(bac(), Fault::SmMac), "sm.mac"); }
ISO7816_B_09 { fails(&faulty(bac(), Fault::SmCryptogram), "sm.cryptogram"); }
ISO7816_C_01 {
    // EF.DG1 is not there, and READ BINARY by its short identifier is refused as SELECT is.
    let without = bac();
    let mut terminal = Terminal::new(Chip::new(without.clone(), rng(1)));
    terminal.open(without.mrz_key.clone(), &mut rng(2)).unwrap();
    let refused = terminal.read_file(FileId::Dg(13), |_, _| {}).unwrap_err();
    assert_eq!(refused.code(), "nfc.file-not-found");
}
ISO7816_C_02 { succeeds(&long_portrait(33_000), AccessProtocol::Bac); }
ISO7816_C_03 { at_the_end(EndOfFile::Normal); at_the_end(EndOfFile::WrongLength); }
ISO7816_C_04 { at_the_end(EndOfFile::WrongOffset); }
ISO7816_C_05 { at_the_end(EndOfFile::Warning); }
ISO7816_C_06 { at_the_end(EndOfFile::ExactLength); }
ISO7816_C_07 {
    let mut contents = long_portrait(70_000);
    for limit in [None, Some(ReadLimit::ExactLength(100)), Some(ReadLimit::Short(77))] {
        contents.habits.read_limit = limit;
        succeeds(&contents, AccessProtocol::Bac);
    }
}
ISO7816_G_01 { succeeds(&pace(), AccessProtocol::Pace); }
ISO7816_G_02 {
    for parameters in (0..=18).filter(|id| PaceGroup::from_parameter_id((*id).into()).is_some()) {
        succeeds(&generic(parameters), AccessProtocol::Pace);
    }
}
ISO7816_G_03 {
    let all = (0..=18).filter(|id| PaceGroup::from_parameter_id((*id).into()).is_some());
    for parameters in all.filter(|id| *id != 10) {
        succeeds(&ways(&[way(PaceMapping::Integrated, AES, parameters)]), AccessProtocol::Pace);
    }
    fails(&ways(&[way(PaceMapping::Integrated, AES, 10)]), "pace.combination");
}
ISO7816_G_04 {
    let ciphers = [SessionCipher::TripleDes, AES, SessionCipher::Aes192, SessionCipher::Aes256];
    for mapping in [PaceMapping::Generic, PaceMapping::Integrated, PaceMapping::ChipAuthentication] {
        for (cipher, parameters) in ciphers.into_iter().flat_map(|cipher| [(cipher, 13), (cipher, 1)]) {
            let contents = ways(&[way(mapping, cipher, parameters)]);
            let allowed = mapping != PaceMapping::ChipAuthentication
                || (cipher != SessionCipher::TripleDes && parameters == 13);
            match (allowed, parameters) {
                (true, _) => succeeds(&contents, AccessProtocol::Pace),
                (false, 13) => fails(&contents, "pace.combination"),
                // No standard knows these OIDs: the chip offers no PACE, and takes no BAC.
                (false, _) => assert!(inspect(&contents).is_err()),
            }
        }
    }
}
ISO7816_G_05 {
    let other = lds::Dg14::parse(ways(&[]).files.get(&FileId::Dg(14)).unwrap()).unwrap().security_infos;
    let infos = [&other[..], &[way(PaceMapping::Generic, AES, 13)]].concat();
    assert!(infos.len() > 2);
    succeeds(&ways(&infos), AccessProtocol::Pace);
}
ISO7816_G_06 {
    let infos = [
        way(PaceMapping::Generic, SessionCipher::TripleDes, 8),
        way(PaceMapping::Integrated, SessionCipher::Aes256, 16),
        way(PaceMapping::Generic, AES, 0),
    ];
    succeeds(&ways(&infos), AccessProtocol::Pace);
}
ISO7816_G_07 {
    // Parameters of the chip's own are never used (Doc 9303-11, 9.2.2).
    let own = SecurityInfo::Pace(PaceInfo { parameter_id: Some(32), ..PaceInfo::ecdh_generic(AES, 13) });
    let spki = crypto::PublicKey::Ec(crypto::EcPrivateKey::generate(Curve::P256, &mut rng(1)).public_key());
    let spki = spki.to_spki_der();
    let algorithm = tlv::read_one("SPKI", &spki, 0x30).unwrap().children().unwrap().next_element().unwrap().unwrap();
    let parameters = SecurityInfo::PaceDomainParameter(PaceDomainParameterInfo {
        oid: tlv::Oid::new("0.4.0.127.0.7.2.2.4.2"),
        domain_parameter_der: algorithm.raw.to_vec(),
        parameter_id: Some(32),
    });
    succeeds(&ways(&[own, way(PaceMapping::Generic, AES, 13), parameters]), AccessProtocol::Pace);
}
ISO7816_G_08 { fails(&faulty(pace(), Fault::Status(0x22, StatusWord::WRONG_DATA)), "pace.mse-set-at"); }
ISO7816_G_09 {
    // Both sides map to other generators; the chip sees it first, by our token.
    assert_eq!(changed(&pace(), 1, value(|nonce| nonce[0] ^= 1)), "nfc.access-denied");
}
ISO7816_G_10 {
    assert_eq!(changed(&pace(), 1, error), "pace.step1");
    assert_eq!(changed(&pace(), 1, cut), "pace.step1-tag");
    assert_eq!(changed(&pace(), 1, value(|nonce| nonce.truncate(7))), "pace.nonce");
}
ISO7816_G_11 { assert_eq!(changed(&pace(), 1, tagged(0x90)), "pace.step1-tag"); }
ISO7816_G_12 {
    assert_eq!(changed(&pace(), 2, error), "pace.step2");
    assert_eq!(changed(&pace(), 2, cut), "pace.step2-tag");
}
ISO7816_G_13 { assert_eq!(changed(&pace(), 2, tagged(0x92)), "pace.step2-tag"); }
ISO7816_G_14 { assert_eq!(changed(&pace(), 2, value(Vec::clear)), "pace.mapping-key"); }
ISO7816_G_15 {
    let integrated = ways(&[way(PaceMapping::Integrated, AES, 13)]);
    assert_eq!(changed(&integrated, 2, value(|empty| empty.push(1))), "pace.step2-tag");
    assert_eq!(changed(&integrated, 2, error), "pace.step2");
}
ISO7816_G_16 {
    for which in 0..6 {
        assert_eq!(changed(&pace(), 2, value(|point| wrong_points(point, which))), "pace.mapping-key", "{which}");
    }
}
ISO7816_G_17 {
    for which in 0..5 {
        assert_eq!(changed(&generic(2), 2, value(|number| wrong_numbers(number, which))), "pace.mapping-key", "{which}");
    }
}
ISO7816_G_18 {
    assert_eq!(changed(&pace(), 3, error), "pace.step3");
    assert_eq!(changed(&pace(), 3, cut), "pace.step3-tag");
}
ISO7816_G_19 { assert_eq!(changed(&pace(), 3, tagged(0x94)), "pace.step3-tag"); }
ISO7816_G_20 { assert_eq!(changed(&pace(), 3, value(Vec::clear)), "pace.ephemeral-key"); }
ISO7816_G_21 {
    for which in 0..6 {
        assert_eq!(changed(&pace(), 3, value(|point| wrong_points(point, which))), "pace.ephemeral-key", "{which}");
    }
}
ISO7816_G_22 {
    for which in 0..5 {
        assert_eq!(changed(&generic(2), 3, value(|number| wrong_numbers(number, which))), "pace.ephemeral-key", "{which}");
    }
}
ISO7816_G_23 {
    let reflected = |command: &Command, _| answer(0x84, &object(&[&command.data[..], &[0, 0]].concat()).1);
    assert_eq!(changed(&pace(), 3, reflected), "pace.identical-keys");
}
ISO7816_G_24 {
    assert_eq!(changed(&pace(), 4, error), "nfc.access-denied");
    assert_eq!(changed(&pace(), 4, cut), "pace.step4-tag");
}
ISO7816_G_25 { assert_eq!(changed(&pace(), 4, tagged(0x96)), "pace.step4-tag"); }
ISO7816_G_26 { fails(&faulty(pace(), Fault::PaceToken), "pace.token"); }
ISO7816_G_27 {
    for broken in ["3182001030", "30020500", "310330020601"] {
        let mut contents = pace();
        contents.files.insert(FileId::CardAccess, hex::decode(broken).unwrap());
        let error = inspect(&contents).unwrap_err();
        assert!(["pace.card-access", "nfc.file-truncated"].contains(&error.code()), "{broken}: {error}");
    }
}
ISO7816_G_28 { fails(&ways(&[way(PaceMapping::Generic, AES, 21)]), "pace.combination"); }
ISO7816_G_35 {
    // The plan leaves the outcome open; here the object is refused.
    let more = |_: &Command, bytes: Vec<u8>| {
        let objects = [tlv::encode(0x86, &object(&bytes).1), tlv::encode(0x8A, &[0; 16])];
        Response::ok(tlv::encode_all(TLV, &objects)).encode()
    };
    assert_eq!(changed(&pace(), 4, more), "pace.step4-tag");
}
ISO7816_G_36 {
    let unknown = PaceInfo::new(KeyAgreement::Dh, PaceMapping::ChipAuthentication, AES, 2);
    let infos = [SecurityInfo::Pace(unknown), way(PaceMapping::Generic, AES, 13)];
    let parsed = CardAccess::parse(&CardAccess { security_infos: infos.to_vec() }.encode()).unwrap();
    assert_eq!(parsed.pace().count(), 1, "the OID is none of PACE");
    succeeds(&ways(&parsed.security_infos), AccessProtocol::Pace);
}
LDS_K_01 { succeeds(&with_atr_info("7f66080202078002020780"), AccessProtocol::Pace); }
LDS_K_02 { succeeds(&with_atr_info("7f660a02030107800203010780"), AccessProtocol::Pace); }
LDS_K_03 { fails(&with_atr_info("7f660402020780"), "nfc.atr-info"); }
LDS_K_04 {
    let contents = with_atr_info("7f65080202078002020780");
    fails(&contents, "nfc.atr-info");
    // In the field it is taken for a chip that does not say.
    let mut terminal = Terminal::new(Chip::new(contents.clone(), rng(1)));
    assert_eq!(terminal.open(contents.mrz_key, &mut rng(2)), Ok(AccessProtocol::Pace));
}
}
