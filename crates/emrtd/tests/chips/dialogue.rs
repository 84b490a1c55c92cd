//! The terminal against the emulator.

use chip_emulator::{Chip, EndOfFile, ReadLimit, TcpChannel, serve_tcp};
use crypto::{Curve, SessionCipher};
use emrtd::chip_authentication::{
    self, ChipAuthenticationOffer, ChipPrivateKey, ChipPublicKey, KeyDirectory, TaskProtocol,
};
use emrtd::{
    AccessPolicy, AccessProtocol, ApduChannel, Can, ChannelError, Error, MrzKey, StatusWord, Step, Terminal,
    active_authentication,
};
use lds::security_info::{
    ChipAuthenticationInfo, ChipAuthenticationPublicKeyInfo, KeyAgreement, PaceInfo, PaceMapping,
    SecurityInfo,
};
use lds::{AtrInfo, CardAccess, Dg14, FileId};
use rand_core::Rng as _;
use test_passports::{ActiveAuthentication, Specimen};

use crate::specimens::{
    ACCESS, ACTIVE_AUTHENTICATIONS, Offers, ca, chip, chip_authentications, dg14, dg15, mrz_key, passport,
    rng,
};

/// Reads the whole document and lets the chip prove itself in each way that it offers.
pub fn read_and_prove(passport: &Specimen, channel: impl ApduChannel, seed: u64) {
    let mut rng = rng(seed);
    let mut terminal = Terminal::new(channel);
    let protocol = terminal.open(mrz_key(passport), &mut rng).unwrap();
    let expected = if passport.pace.is_some() { AccessProtocol::Pace } else { AccessProtocol::Bac };
    assert_eq!(protocol, expected);
    for (file, content) in passport.files.iter().filter(|(file, _)| **file != FileId::CardAccess) {
        assert_eq!(&terminal.read_file(*file, |_, _| {}).unwrap(), content, "{file}");
    }
    if passport.aa_key.is_some() {
        let mut challenge = [0; 8];
        rng.fill_bytes(&mut challenge);
        let signature = terminal.internal_authenticate(&challenge).unwrap();
        let info = dg14(passport).active_authentication;
        let verify = |challenge: &[u8; 8]| {
            active_authentication::verify(&dg15(passport), info.as_ref(), challenge, &signature)
        };
        assert!(verify(&challenge).is_ok());
        challenge[7] ^= 1;
        assert_eq!(verify(&challenge), Err(Error::ActiveAuthenticationSignature));
    }
    let dg1 = passport.file(FileId::Dg(1));
    let (task, step) = chip_authentication::begin(&dg14(passport), dg1.len(), &mut rng).unwrap();
    let responses = terminal.run_chip_authentication(&task).unwrap();
    let step = chip_authentication::AwaitProof::resume(&step.suspend()).unwrap();
    assert_eq!(step.received(&responses).unwrap(), dg1);
    assert_eq!(terminal.read_file(FileId::Com, |_, _| {}), Err(Error::NoSession));
}

#[test]
fn every_way_of_opening_and_proving_works_with_every_other() {
    let mut seed = 0;
    for pace in ACCESS {
        for (chip_authentication, aa) in
            chip_authentications().into_iter().zip(ACTIVE_AUTHENTICATIONS.iter().cycle())
        {
            let passport = passport(Offers { pace, chip_authentication, active_authentication: Some(*aa) });
            seed += 2;
            read_and_prove(&passport, chip(&passport, seed), seed + 1);
        }
    }
}

#[test]
fn the_strongest_offer_is_chosen_and_named() {
    let offers =
        Offers { pace: None, chip_authentication: ca(Curve::P256, None, None), active_authentication: None };
    let mut dg14 = dg14(&passport(offers));
    let name = |dg14: &lds::Dg14| ChipAuthenticationOffer::choose(dg14).unwrap().name();
    assert_eq!(name(&dg14), "id-CA-ECDH-3DES-CBC-CBC on P-256");
    for cipher in [SessionCipher::Aes128, SessionCipher::Aes256, SessionCipher::TripleDes] {
        dg14.chip_authentication.push(ChipAuthenticationInfo::ecdh(cipher, None));
    }
    assert_eq!(name(&dg14), "id-CA-ECDH-AES-CBC-CMAC-256 on P-256");
}

/// The SubjectPublicKeyInfo of a chip's key.
fn spki(key: &ChipPrivateKey) -> Vec<u8> {
    match key.public_key() {
        ChipPublicKey::Ec(key) => crypto::PublicKey::Ec(key).to_spki_der(),
        ChipPublicKey::Dh(key) => key.to_spki_der(),
    }
}

/// Chip Authentication in each standardised group and with each cipher, MSE:Set KAT and MSE:Set AT.
#[test]
fn the_chip_proves_itself_in_a_prime_field() {
    use crypto::{DhGroup, DhPrivateKey};
    let passport = default_passport(None);
    let ciphers =
        [SessionCipher::TripleDes, SessionCipher::Aes128, SessionCipher::Aes192, SessionCipher::Aes256];
    for (cipher, id) in ciphers.into_iter().flat_map(|cipher| (0..3).map(move |id| (cipher, id))) {
        let group = DhGroup::from_parameter_id(id).unwrap();
        let key = ChipPrivateKey::from(DhPrivateKey::generate(&group, &mut rng(u64::from(id))));
        let dg14 = Dg14::new(vec![
            SecurityInfo::ChipAuthenticationPublicKey(ChipAuthenticationPublicKeyInfo::dh(
                spki(&key),
                Some(7),
            )),
            SecurityInfo::ChipAuthentication(ChipAuthenticationInfo::dh(cipher, Some(7))),
        ]);
        let mut contents = passport.chip_contents();
        contents.ca_keys = vec![chip_emulator::CaKey { key_id: Some(7), cipher, key }];
        let (task, step) = chip_authentication::begin(&dg14, 93, &mut rng(3)).unwrap();
        let mut terminal = Terminal::new(Chip::new(contents.clone(), rng(1)));
        terminal.open(mrz_key(&passport), &mut rng(2)).unwrap();
        let responses = terminal.run_chip_authentication(&task).unwrap();
        assert_eq!(step.received(&responses).unwrap(), passport.file(FileId::Dg(1)));

        // A clone with another key of the same group.
        let other = DhPrivateKey::generate(&group, &mut rng(99));
        contents.ca_keys[0].key = other.into();
        let (task, step) = chip_authentication::begin(&dg14, 93, &mut rng(3)).unwrap();
        let mut terminal = Terminal::new(Chip::new(contents, rng(1)));
        terminal.open(mrz_key(&passport), &mut rng(2)).unwrap();
        let responses = terminal.run_chip_authentication(&task).unwrap();
        assert_eq!(step.received(&responses).unwrap_err().code().split('.').next(), Some("ca"));
    }
}

/// Two keys under their numbers: the chip is told which, and it is the right one.
#[test]
fn a_key_is_chosen_by_its_number() {
    use crypto::EcPrivateKey;
    let passport = default_passport(None);
    let keys = [(1, SessionCipher::TripleDes), (256, SessionCipher::Aes256)].map(|(id, cipher)| {
        let key = EcPrivateKey::generate(Curve::BrainpoolP256r1, &mut rng(id));
        chip_emulator::CaKey { key_id: Some(id), cipher, key: key.into() }
    });
    let infos = |key: &chip_emulator::CaKey| {
        let spki = spki(&key.key);
        [
            SecurityInfo::ChipAuthenticationPublicKey(ChipAuthenticationPublicKeyInfo::ecdh(
                spki, key.key_id,
            )),
            SecurityInfo::ChipAuthentication(ChipAuthenticationInfo::ecdh(key.cipher, key.key_id)),
        ]
    };
    let dg14 = Dg14::new(keys.iter().flat_map(infos).collect());
    let mut contents = passport.chip_contents();
    contents.ca_keys = keys.to_vec();
    let mut terminal = Terminal::new(Chip::new(contents, rng(1)));
    terminal.open(mrz_key(&passport), &mut rng(2)).unwrap();
    let (task, step) = chip_authentication::begin(&dg14, 93, &mut rng(3)).unwrap();
    assert_eq!(task.key_reference, Some(vec![1, 0]));
    let responses = terminal.run_chip_authentication(&task).unwrap();
    assert_eq!(step.received(&responses).unwrap(), passport.file(FileId::Dg(1)));
}

/// A chip whose keys are in the master file: EF.CardSecurity names them and EF.DG14 does not. The proof selects the
/// application and reads EF.DG1 there.
#[test]
fn a_key_of_the_master_file_proves_the_chip() {
    let passport = default_passport(PACE);
    let mut elsewhere = passport.chip_contents();
    elsewhere.master_file_ca_keys = std::mem::take(&mut elsewhere.ca_keys);
    let infos = dg14(&passport).security_infos;
    let prove = |contents: &chip_emulator::ChipContents, in_master_file: bool| {
        let mut terminal = Terminal::new(Chip::new(contents.clone(), rng(1)));
        terminal.open(mrz_key(&passport), &mut rng(2)).unwrap();
        let (task, step) = if in_master_file {
            let offer = ChipAuthenticationOffer::in_master_file(&infos).unwrap();
            chip_authentication::begin_offer(offer, 93, &mut rng(3)).unwrap()
        } else {
            chip_authentication::begin(&dg14(&passport), 93, &mut rng(3)).unwrap()
        };
        assert_eq!(task.directory == KeyDirectory::MasterFile, in_master_file);
        let responses = terminal.run_chip_authentication(&task)?;
        assert_eq!(responses.len(), task.proof_commands.len());
        chip_authentication::AwaitProof::resume(&step.suspend()).unwrap().received(&responses)
    };
    let refused = Error::Status { step: Step::ChipAuthentication, sw: StatusWord::REFERENCE_NOT_FOUND };
    assert_eq!(prove(&elsewhere, true).unwrap(), passport.file(FileId::Dg(1)));
    assert_eq!(prove(&elsewhere, false), Err(refused.clone()));
    assert_eq!(prove(&passport.chip_contents(), true), Err(refused));
}

/// Doc 9303-11, 8.5, note 1.
#[test]
fn a_chip_of_triple_des_without_mse_set_kat_is_asked_by_mse_set_at() {
    let passport = passport(Offers {
        pace: None,
        chip_authentication: ca(Curve::BrainpoolP256r1, Some(SessionCipher::TripleDes), Some(2)),
        active_authentication: None,
    });
    let mut without = passport.chip_contents();
    without.habits.without_kat = true;
    let mut terminal = Terminal::new(Chip::new(without, rng(1)));
    terminal.open(mrz_key(&passport), &mut rng(2)).unwrap();
    let (task, step) = chip_authentication::begin(&dg14(&passport), 93, &mut rng(3)).unwrap();
    let responses = terminal.run_chip_authentication(&task).unwrap();
    assert_eq!(step.received(&responses).unwrap(), passport.file(FileId::Dg(1)));
}

/// Remembers every command.
struct Recording<C> {
    chip: C,
    commands: Vec<Vec<u8>>,
}

impl<C: ApduChannel> ApduChannel for Recording<C> {
    fn transceive(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        self.commands.push(command.to_vec());
        self.chip.transceive(command)
    }

    fn max_command_length(&self) -> usize {
        self.chip.max_command_length()
    }

    fn extended_length_supported(&self) -> bool {
        self.chip.extended_length_supported()
    }
}

#[test]
fn the_proof_commands_go_unchanged_right_after_the_key_agreement() {
    for (cipher, agreement) in [(None, 1), (Some(SessionCipher::Aes128), 2)] {
        let chip_authentication = ca(Curve::P256, cipher, None);
        let passport = passport(Offers { pace: PACE, chip_authentication, active_authentication: None });
        let mut terminal = Terminal::new(Recording { chip: chip(&passport, 1), commands: Vec::new() });
        terminal.open(mrz_key(&passport), &mut rng(2)).unwrap();
        let before = terminal.channel_mut().commands.len();
        let (task, _) = chip_authentication::begin(&dg14(&passport), 93, &mut rng(3)).unwrap();
        terminal.run_chip_authentication(&task).unwrap();
        assert_eq!(terminal.channel_mut().commands[before + agreement..], task.proof_commands);
    }
}

#[test]
fn a_task_of_another_protocol_is_refused_before_anything_is_sent() {
    let passport = default_passport(PACE);
    let mut terminal = Terminal::new(chip(&passport, 1));
    let (mut task, _) = chip_authentication::begin(&dg14(&passport), 93, &mut rng(3)).unwrap();
    assert_eq!(terminal.run_chip_authentication(&task), Err(Error::NoSession));
    terminal.open(mrz_key(&passport), &mut rng(2)).unwrap();
    // The last is neither of DH (1) nor of ECDH (2).
    for oid in ["", "1.2.840.113549.1.1.1", "0.4.0.127.0.7.2.2.3.3.2"] {
        task.protocol = TaskProtocol::AtGa { oid: oid.into() };
        assert_eq!(terminal.run_chip_authentication(&task), Err(Error::ChipAuthenticationUnsupported));
    }
    assert!(terminal.read_file(FileId::Dg(1), |_, _| {}).is_ok());
}

#[test]
fn the_task_follows_the_cipher_and_the_key_number() {
    let task = |chip_authentication| {
        let passport = passport(Offers { pace: None, chip_authentication, active_authentication: None });
        chip_authentication::begin(&dg14(&passport), 93, &mut rng(1)).unwrap().0
    };
    let french = task(ca(Curve::P256, None, None));
    assert_eq!((french.protocol, french.key_reference), (TaskProtocol::Kat, None));
    assert_eq!(task(ca(Curve::P256, Some(SessionCipher::TripleDes), Some(2))).protocol, TaskProtocol::Kat);
    let aes = task(ca(Curve::BrainpoolP256r1, Some(SessionCipher::Aes256), Some(300)));
    assert_eq!(aes.protocol, TaskProtocol::AtGa { oid: "0.4.0.127.0.7.2.2.3.2.4".into() });
    assert_eq!(aes.key_reference, Some(vec![1, 44]));
    assert_eq!(aes.proof_commands.len(), 2);
    assert_eq!((aes.ephemeral_public_key.len(), aes.ephemeral_public_key[0]), (65, 4));
}

/// A document of the default kind.
fn default_passport(pace: Option<(SessionCipher, Curve)>) -> Specimen {
    passport(Offers {
        pace,
        chip_authentication: ca(Curve::P256, Some(SessionCipher::Aes128), None),
        active_authentication: Some(ActiveAuthentication::Rsa2048),
    })
}

const PACE: Option<(SessionCipher, Curve)> = Some((SessionCipher::Aes128, Curve::BrainpoolP256r1));

#[test]
fn another_documents_mrz_is_refused() {
    let other = MrzKey::new("X1", "800101", "300101").unwrap();
    for (pace, protocol) in [(None, "BAC"), (PACE, "PACE")] {
        let passport = default_passport(pace);
        let mut terminal = Terminal::new(chip(&passport, 1));
        let sw = StatusWord::AUTHENTICATION_FAILED;
        assert_eq!(terminal.open(&other, &mut rng(2)), Err(Error::AccessDenied { protocol, sw }));
        assert!(terminal.open(mrz_key(&passport), &mut rng(2)).is_ok());
    }
}

#[test]
fn pace_that_fails_is_not_followed_by_bac_unless_policy_says_so() {
    let passport = default_passport(PACE);
    let mut both = passport.chip_contents();
    both.bac = true;
    both.pace.clear();
    let lax = AccessPolicy { bac_after_failed_pace: true, ..AccessPolicy::default() };
    let mut terminal = Terminal::with_policy(Chip::new(both.clone(), rng(1)), lax);
    assert_eq!(terminal.open(mrz_key(&passport), &mut rng(2)), Ok(AccessProtocol::BacAfterPace));
    assert!(terminal.read_file(FileId::Dg(1), |_, _| {}).is_ok());
    let mut terminal = Terminal::new(Chip::new(both.clone(), rng(1)));
    let refused = Error::Status { step: Step::PaceSelection, sw: StatusWord::WRONG_DATA };
    assert_eq!(terminal.open(mrz_key(&passport), &mut rng(2)), Err(refused));
    // Ways that no standard allows are PACE that fails; what is no PACE at all is passed over.
    let way = PaceInfo::new(KeyAgreement::Ecdh, PaceMapping::Generic, SessionCipher::Aes128, 7);
    let card_access = |info| CardAccess { security_infos: vec![info] }.encode();
    both.files.insert(FileId::CardAccess, card_access(SecurityInfo::Pace(way)));
    let mut terminal = Terminal::new(Chip::new(both.clone(), rng(1)));
    let refused = Error::PaceCombination("domain parameters");
    assert_eq!(terminal.open(mrz_key(&passport), &mut rng(2)), Err(refused));
    let other = SecurityInfo::ChipAuthentication(ChipAuthenticationInfo::ecdh(SessionCipher::Aes128, None));
    both.files.insert(FileId::CardAccess, card_access(other));
    let mut terminal = Terminal::new(Chip::new(both.clone(), rng(1)));
    assert_eq!(terminal.open(mrz_key(&passport), &mut rng(2)), Ok(AccessProtocol::Bac));
    // The same chip without EF.CardAccess is one of BAC.
    both.files.remove(&FileId::CardAccess);
    let mut terminal = Terminal::new(Chip::new(both, rng(1)));
    assert_eq!(terminal.open(mrz_key(&passport), &mut rng(2)), Ok(AccessProtocol::Bac));
}

#[test]
fn the_card_access_number_opens_pace_and_never_bac() {
    let can = Can::new("500540").unwrap();
    let passport = default_passport(PACE);
    let mut with_can = passport.chip_contents();
    with_can.can = Some(can.clone());
    let mut terminal = Terminal::new(Chip::new(with_can, rng(1)));
    assert_eq!(terminal.open(&can, &mut rng(2)), Ok(AccessProtocol::Pace));
    let mut terminal = Terminal::new(chip(&default_passport(None), 1));
    assert_eq!(terminal.open(&can, &mut rng(2)), Err(Error::PaceNotOffered));
}

#[test]
fn of_several_ways_of_pace_the_strongest_is_chosen_and_named() {
    use emrtd::pace::{PaceGroup, PaceOffer};
    let passport = default_passport(PACE);
    let mut several = passport.chip_contents();
    let ways = [
        (SessionCipher::TripleDes, Curve::P256),
        (SessionCipher::Aes256, Curve::P256),
        (SessionCipher::Aes256, Curve::BrainpoolP256r1),
    ];
    several.pace = ways.map(|(cipher, curve)| PaceInfo::ecdh_generic(cipher, curve.parameter_id())).to_vec();
    let security_infos = several.pace.iter().cloned().map(SecurityInfo::Pace).collect();
    let card_access = CardAccess { security_infos };
    let offer = PaceOffer::choose(&card_access).unwrap();
    assert_eq!((offer.cipher, offer.group), (SessionCipher::Aes256, PaceGroup::Ec(Curve::P256)));
    assert_eq!(offer.parameter_reference, Some(12));
    several.files.insert(FileId::CardAccess, card_access.encode());
    let mut terminal = Terminal::new(Chip::new(several, rng(1)));
    assert_eq!(terminal.open(mrz_key(&passport), &mut rng(2)), Ok(AccessProtocol::Pace));
}

#[test]
fn smaller_reads_are_made_for_chips_that_want_them() {
    let passport = default_passport(PACE);
    use ReadLimit::{ExactLength, WrongLength};
    for limit in [WrongLength(100), WrongLength(7), ExactLength(60)] {
        let mut limited = passport.chip_contents();
        limited.habits.read_limit = Some(limit);
        let mut terminal = Terminal::new(Chip::new(limited, rng(1)));
        terminal.open(mrz_key(&passport), &mut rng(2)).unwrap();
        let sod = terminal.read_file(FileId::Sod, |_, _| {}).unwrap();
        assert_eq!(sod, passport.file(FileId::Sod), "{limit:?}");
    }
}

/// Ends its session at the first extended command.
struct EndsAtExtended(Chip<rand_chacha::ChaCha20Rng>);

impl ApduChannel for EndsAtExtended {
    fn transceive(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        if command.len() > 5 && command[4] == 0 {
            self.0.reset();
            return Ok(vec![0x67, 0x00]);
        }
        self.0.transceive(command)
    }

    fn max_command_length(&self) -> usize {
        self.0.max_command_length()
    }

    fn extended_length_supported(&self) -> bool {
        true
    }
}

/// EF.ATR/INFO promises more than the chip takes: it says so under secure messaging, or ends its session without.
#[test]
fn a_chip_that_does_not_take_what_it_announced_is_asked_for_less() {
    let passport = default_passport(PACE);
    // The refusal costs one command, once, and then it is as at 256 bytes.
    for (limit, refusals, most) in [(ReadLimit::WrongLength(1000), 1, 223), (ReadLimit::Short(300), 0, 300)] {
        let mut contents = passport.chip_contents();
        contents.atr_info = Some(AtrInfo { max_command: 8000, max_response: 8000 }.encode());
        contents.habits.read_limit = Some(limit);
        let mut terminal =
            Terminal::new(Recording { chip: Chip::new(contents, rng(1)), commands: Vec::new() });
        terminal.open(mrz_key(&passport), &mut rng(2)).unwrap();
        let before = terminal.channel_mut().commands.len();
        let sod = terminal.read_file(FileId::Sod, |_, _| {}).unwrap();
        assert_eq!(sod, passport.file(FileId::Sod), "{limit:?}");
        let expected = refusals + sod.len().div_ceil(most);
        assert_eq!(terminal.channel_mut().commands.len() - before, expected, "{limit:?}");
    }
    let mut contents = passport.chip_contents();
    contents.atr_info = Some(AtrInfo { max_command: 8000, max_response: 8000 }.encode());
    let mut terminal = Terminal::new(EndsAtExtended(Chip::new(contents, rng(1))));
    terminal.open(mrz_key(&passport), &mut rng(2)).unwrap();
    let sod = terminal.read_file(FileId::Sod, |_, _| {});
    assert_eq!(sod.unwrap_err().code(), "sm.chip-error");
    terminal.open(mrz_key(&passport), &mut rng(2)).unwrap();
    for (file, content) in passport.files.iter().filter(|(file, _)| **file != FileId::CardAccess) {
        assert_eq!(&terminal.read_file(*file, |_, _| {}).unwrap(), content, "{file}");
    }
}

#[test]
fn longer_reads_are_made_where_the_chip_says_so() {
    let passport = default_passport(PACE);
    let sod = passport.file(FileId::Sod);
    for (response, commands) in
        [(None, sod.len().div_ceil(223)), (Some(1000), sod.len().div_ceil(975)), (Some(4000), 1)]
    {
        let mut contents = passport.chip_contents();
        let info = response.map(|max_response| AtrInfo { max_command: 1000, max_response });
        contents.atr_info = info.map(AtrInfo::encode);
        let mut terminal =
            Terminal::new(Recording { chip: Chip::new(contents, rng(1)), commands: Vec::new() });
        terminal.open(mrz_key(&passport), &mut rng(2)).unwrap();
        let before = terminal.channel_mut().commands.len();
        assert_eq!(terminal.read_file(FileId::Sod, |_, _| {}).unwrap(), sod);
        assert_eq!(terminal.channel_mut().commands.len() - before, commands, "{response:?}");
    }
}

/// The end of a file that fits into a short response when it is plain, and not when it is protected, is asked for at once.
#[test]
fn the_end_of_a_long_file_takes_one_command_whatever_its_length() {
    let passport = default_passport(PACE);
    for end in (200..256).chain(257..270) {
        let mut contents = passport.chip_contents();
        contents.atr_info = Some(AtrInfo { max_command: 1000, max_response: 1000 }.encode());
        let file = lds::tlv::encode(0x75, &vec![0; 975 + end - 4]);
        assert_eq!(file.len(), 975 + end);
        contents.files.insert(FileId::Dg(2), file.clone());
        let mut terminal =
            Terminal::new(Recording { chip: Chip::new(contents, rng(1)), commands: Vec::new() });
        terminal.open(mrz_key(&passport), &mut rng(2)).unwrap();
        let before = terminal.channel_mut().commands.len();
        assert_eq!(terminal.read_file(FileId::Dg(2), |_, _| {}).unwrap(), file);
        assert_eq!(terminal.channel_mut().commands.len() - before, 2, "{end}");
    }
}

/// EF.ATR/INFO speaks of the chip; a channel that carries less does not ask for more.
#[test]
fn a_channel_without_extended_length_is_not_asked_for_it() {
    let passport = default_passport(PACE);
    let mut contents = passport.chip_contents();
    contents.atr_info = Some(AtrInfo { max_command: 4000, max_response: 4000 }.encode());
    let recording = Recording { chip: Short(Chip::new(contents, rng(1))), commands: Vec::new() };
    let mut terminal = Terminal::new(recording);
    terminal.open(mrz_key(&passport), &mut rng(2)).unwrap();
    assert_eq!(terminal.read_file(FileId::Sod, |_, _| {}).unwrap(), passport.file(FileId::Sod));
    assert!(terminal.channel_mut().commands.iter().all(|command| command.len() <= 261));
}

/// The last byte that an even READ BINARY reaches, and those behind it.
#[test]
fn files_beyond_32_kb_are_read_by_data_objects() {
    let passport = default_passport(PACE);
    for length in [0x7FFF, 0x8000, 0x8001, 0x8000 + 223, 0x1_2345] {
        for response in [None, Some(10_000)] {
            let mut contents = passport.chip_contents();
            let mut content = vec![0; length - 5];
            rng(7).fill_bytes(&mut content);
            let file = lds::tlv::encode(0x75, &content);
            assert!(file.len() == length || length < 0x1_0000);
            contents.files.insert(FileId::Dg(2), file.clone());
            let info = response.map(|max_response| AtrInfo { max_command: 1000, max_response });
            contents.atr_info = info.map(AtrInfo::encode);
            let mut terminal = Terminal::new(Chip::new(contents, rng(1)));
            terminal.open(mrz_key(&passport), &mut rng(2)).unwrap();
            assert!(terminal.read_file(FileId::Dg(2), |_, _| {}).unwrap() == file, "{length:x}");
        }
    }
}

#[test]
fn an_open_chip_is_read_without_a_session() {
    let passport = default_passport(None);
    let mut open = passport.chip_contents();
    (open.bac, open.habits.unprotected) = (false, true);
    let mut terminal = Terminal::new(Chip::new(open, rng(1)));
    assert_eq!(terminal.open(mrz_key(&passport), &mut rng(2)), Ok(AccessProtocol::Unprotected));
    assert_eq!(terminal.read_file(FileId::Sod, |_, _| {}).unwrap(), passport.file(FileId::Sod));
    let (task, _) = chip_authentication::begin(&dg14(&passport), 93, &mut rng(3)).unwrap();
    assert_eq!(terminal.run_chip_authentication(&task), Err(Error::NoSession));
}

/// A chip that ends its session when it is asked for more than a file has: opened again, it is asked more carefully.
#[test]
fn a_chip_that_ends_its_session_is_asked_more_carefully_once_it_is_open_again() {
    let passport = default_passport(None);
    let mut strict = passport.chip_contents();
    strict.habits.end_of_file = EndOfFile::EndsSession;
    let mut terminal = Terminal::new(Chip::new(strict, rng(1)));
    terminal.open(mrz_key(&passport), &mut rng(2)).unwrap();
    let dg1 = terminal.read_file(FileId::Dg(1), |_, _| {});
    assert_eq!(dg1.unwrap_err().code(), "sm.chip-error");
    assert_eq!(terminal.read_file(FileId::Dg(1), |_, _| {}), Err(Error::NoSession));
    terminal.open(mrz_key(&passport), &mut rng(2)).unwrap();
    for (file, content) in passport.files.iter().filter(|(file, _)| **file != FileId::CardAccess) {
        assert_eq!(&terminal.read_file(*file, |_, _| {}).unwrap(), content, "{file}");
    }
}

#[test]
fn progress_goes_up_to_the_length_of_the_file() {
    let passport = default_passport(None);
    let mut terminal = Terminal::new(chip(&passport, 1));
    terminal.open(mrz_key(&passport), &mut rng(2)).unwrap();
    let mut heard = Vec::new();
    let portrait = terminal.read_file(FileId::Dg(2), |bytes, total| heard.push((bytes, total))).unwrap();
    assert!(heard.windows(2).all(|pair| pair[0].0 < pair[1].0));
    assert_eq!(heard.last(), Some(&(portrait.len(), portrait.len())));
}

/// A channel without extended length, as old phones have.
struct Short<C>(C);

impl<C: ApduChannel> ApduChannel for Short<C> {
    fn transceive(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        self.0.transceive(command)
    }
}

#[test]
fn a_long_signature_needs_extended_length_and_a_short_one_does_not() {
    for (aa, expected) in [
        (ActiveAuthentication::Rsa1024, Ok(128)),
        (ActiveAuthentication::Rsa2048, Err(Error::ExtendedLengthRequired)),
    ] {
        let offers = Offers { pace: None, chip_authentication: None, active_authentication: Some(aa) };
        let passport = passport(offers);
        let mut terminal = Terminal::new(Short(chip(&passport, 1)));
        terminal.open(mrz_key(&passport), &mut rng(2)).unwrap();
        assert_eq!(terminal.internal_authenticate(&[1; 8]).map(|signature| signature.len()), expected);
    }
}

#[test]
fn files_that_are_not_there_or_not_for_us_say_so() {
    let passport = default_passport(None);
    let mut with_fingers = passport.chip_contents();
    with_fingers.files.insert(FileId::Dg(3), vec![0x63, 0]);
    let mut terminal = Terminal::new(Chip::new(with_fingers, rng(1)));
    terminal.open(mrz_key(&passport), &mut rng(2)).unwrap();
    let mut read = |file| terminal.read_file(file, |_, _| {}).map(|_| ());
    assert_eq!(read(FileId::Dg(3)), Err(Error::FileAccessDenied(FileId::Dg(3))));
    assert_eq!(read(FileId::Dg(16)), Err(Error::FileNotFound(FileId::Dg(16))));
    assert_eq!(read(FileId::Dg(1)), Ok(()));
}

#[test]
fn a_chip_without_the_key_refuses_chip_authentication_and_keeps_the_session() {
    let passport = default_passport(PACE);
    let mut without = passport.chip_contents();
    without.ca_keys.clear();
    let mut terminal = Terminal::new(Chip::new(without, rng(1)));
    terminal.open(mrz_key(&passport), &mut rng(2)).unwrap();
    let (task, _) = chip_authentication::begin(&dg14(&passport), 93, &mut rng(3)).unwrap();
    let refused = Error::Status { step: Step::ChipAuthentication, sw: StatusWord::REFERENCE_NOT_FOUND };
    assert_eq!(terminal.run_chip_authentication(&task), Err(refused));
    assert!(terminal.read_file(FileId::Dg(1), |_, _| {}).is_ok());
}

#[test]
fn the_emulator_answers_over_tcp() {
    let passport = default_passport(PACE);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let chip = chip(&passport, 1);
    std::thread::spawn(move || serve_tcp(&listener, chip));
    for seed in 2..4 {
        read_and_prove(&passport, TcpChannel::connect(address).unwrap(), seed);
    }
}
