//! The terminal opens the emulator by each mapping of PACE, as EF.CardAccess offers it.

use chip_emulator::{Chip, ChipContents};
use crypto::{Curve, SessionCipher};
use emrtd::pace::PaceCamError;
use emrtd::{AccessProtocol, Error, StatusWord, Step, Terminal};
use lds::security_info::{KeyAgreement, PaceInfo, PaceMapping, SecurityInfo};
use lds::{CardAccess, FileId};
use test_passports::Specimen;

use crate::specimens::{Offers, ca, dg14, mrz_key, passport, rng};

/// A passport with a key of Chip Authentication on this curve, opened in this way.
fn offering(curve: Curve, info: &PaceInfo) -> (Specimen, ChipContents) {
    let passport = passport(Offers {
        pace: Some((SessionCipher::Aes128, Curve::P256)),
        chip_authentication: ca(curve, Some(SessionCipher::Aes128), None),
        active_authentication: None,
    });
    let mut contents = passport.chip_contents();
    let card_access = CardAccess { security_infos: vec![SecurityInfo::Pace(info.clone())] };
    contents.files.insert(FileId::CardAccess, card_access.encode());
    contents.pace = vec![info.clone()];
    (passport, contents)
}

#[test]
fn each_mapping_opens_the_chip() {
    let (dh, ecdh) = (KeyAgreement::Dh, KeyAgreement::Ecdh);
    for (agreement, mapping, parameters) in [
        (dh, PaceMapping::Generic, 0),
        (dh, PaceMapping::Integrated, 2),
        (ecdh, PaceMapping::Generic, 8),
        (ecdh, PaceMapping::Integrated, 18),
        (ecdh, PaceMapping::ChipAuthentication, 13),
    ] {
        let info = PaceInfo::new(agreement, mapping, SessionCipher::Aes192, parameters);
        let (passport, contents) = offering(Curve::BrainpoolP256r1, &info);
        let mut terminal = Terminal::new(Chip::new(contents, rng(1)));
        assert_eq!(terminal.open(mrz_key(&passport), &mut rng(2)), Ok(AccessProtocol::Pace), "{info:?}");
        assert_eq!(terminal.read_file(FileId::Dg(1), |_, _| {}).unwrap(), passport.file(FileId::Dg(1)));
        let proof = terminal.chip_authentication_data().map(|data| data.verify(&dg14(&passport).public_keys));
        assert_eq!(proof, (mapping == PaceMapping::ChipAuthentication).then_some(Ok(())), "{info:?}");
    }
}

#[test]
fn a_clone_without_the_key_does_not_prove_itself() {
    let (agreement, mapping) = (KeyAgreement::Ecdh, PaceMapping::ChipAuthentication);
    let info = PaceInfo::new(agreement, mapping, SessionCipher::Aes128, 12);
    let (passport, mut clone) = offering(Curve::P256, &info);
    clone.ca_keys[0].key = crypto::EcPrivateKey::generate(Curve::P256, &mut rng(9)).into();
    let mut terminal = Terminal::new(Chip::new(clone.clone(), rng(1)));
    terminal.open(mrz_key(&passport), &mut rng(2)).unwrap();
    let data = terminal.chip_authentication_data().unwrap();
    assert_eq!(data.verify(&dg14(&passport).public_keys), Err(Error::PaceCam(PaceCamError::Data)));
    clone.ca_keys.clear();
    let mut terminal = Terminal::new(Chip::new(clone, rng(1)));
    let refused = Error::Status { step: Step::PaceSelection, sw: StatusWord::REFERENCE_NOT_FOUND };
    assert_eq!(terminal.open(mrz_key(&passport), &mut rng(2)), Err(refused));
    assert!(terminal.chip_authentication_data().is_none());
}
