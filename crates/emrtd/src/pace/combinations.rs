//! The terminal against the chip, in every way of PACE that Doc 9303-11 allows; the others are refused with a code.

use crypto::{Curve, EcPrivateKey, SessionCipher};
use lds::security_info::{KeyAgreement, PaceInfo};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use super::*;
use crate::MrzKey;

const CIPHERS: [SessionCipher; 4] =
    [SessionCipher::TripleDes, SessionCipher::Aes128, SessionCipher::Aes192, SessionCipher::Aes256];
const MAPPINGS: [PaceMapping; 3] =
    [PaceMapping::Generic, PaceMapping::Integrated, PaceMapping::ChipAuthentication];

/// Each way: DH with the parameters 0 to 2, ECDH with 8 to 18.
fn ways() -> impl Iterator<Item = PaceInfo> {
    (0..=18).filter_map(PaceGroup::from_parameter_id).flat_map(|group| {
        let info =
            move |mapping, cipher| PaceInfo::new(group.agreement(), mapping, cipher, group.parameter_id());
        MAPPINGS.into_iter().flat_map(move |mapping| CIPHERS.map(|cipher| info(mapping, cipher)))
    })
}

/// Runs PACE with random numbers of this seed; the static key of the chip, if there is one, and what was established.
fn run(offer: &PaceOffer, seed: u64) -> (Option<EcPrivateKey>, Established, SecureMessaging) {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let password = Password::from(MrzKey::new("L898902C", "690806", "940623").unwrap());
    let chip_key = match (offer.mapping, offer.group) {
        (PaceMapping::ChipAuthentication, PaceGroup::Ec(curve)) => {
            Some(EcPrivateKey::generate(curve, &mut rng))
        }
        _ => None,
    };
    let (_, terminal) = begin(offer, &password);
    let mut chip = chip::begin(offer.clone(), &password);
    if let Some(key) = &chip_key {
        chip = chip.with_chip_key(key.clone());
    }
    let (command, terminal) = terminal.received(&Response::ok(Vec::new())).unwrap();
    let (response, chip) = chip.received(&command, &mut rng).unwrap();
    let (command, terminal) = terminal.received(&response, &mut rng).unwrap();
    let (response, chip) = chip.received(&command, &mut rng).unwrap();
    let (command, terminal) = terminal.received(&response, &mut rng).unwrap();
    let (response, chip) = chip.received(&command, &mut rng).unwrap();
    let (command, terminal) = terminal.received(&response).unwrap();
    let (response, session) = chip.received(&command).unwrap();
    (chip_key, terminal.received(&response).unwrap(), session)
}

fn public_key_info(key: &EcPrivateKey) -> lds::security_info::ChipAuthenticationPublicKeyInfo {
    lds::security_info::ChipAuthenticationPublicKeyInfo::ecdh(
        crypto::PublicKey::Ec(key.public_key()).to_spki_der(),
        None,
    )
}

#[test]
fn each_allowed_way_opens_a_session_and_each_other_is_refused() {
    let mut counts = [0; 3];
    for (seed, info) in ways().enumerate() {
        let Ok(offer) = PaceOffer::allowed(&info) else { continue };
        let (chip_key, mut established, mut chip) = run(&offer, seed as u64);
        let command = Command::select_file(0x011E);
        let protected = established.session.protect(&command).unwrap();
        assert_eq!(chip.unprotect_command(&protected), Ok(command), "{offer:?}");
        let proof =
            established.chip_authentication.map(|data| data.verify(&[public_key_info(&chip_key.unwrap())]));
        assert_eq!(proof, (offer.mapping == PaceMapping::ChipAuthentication).then_some(Ok(())), "{offer:?}");
        counts[offer.mapping as usize] += 1;
    }
    // 3 fields and 11 curves with 4 ciphers; without P-224; 11 curves with AES.
    assert_eq!(counts, [14 * 4, 13 * 4, 11 * 3]);
}

#[test]
fn what_doc_9303_does_not_allow_is_refused_with_a_code() {
    let refused = |agreement, mapping, cipher, parameters| {
        let error = PaceOffer::allowed(&PaceInfo::new(agreement, mapping, cipher, parameters)).unwrap_err();
        assert_eq!(error.code(), "pace.combination");
        error
    };
    let aes = SessionCipher::Aes128;
    let (ecdh, dh) = (KeyAgreement::Ecdh, KeyAgreement::Dh);
    let (generic, integrated, cam) =
        (PaceMapping::Generic, PaceMapping::Integrated, PaceMapping::ChipAuthentication);
    let combination = Error::PaceCombination;
    assert_eq!(refused(ecdh, integrated, aes, 10), combination("integrated mapping on P-224"));
    let triple_des = combination("Chip Authentication mapping with Triple-DES");
    assert_eq!(refused(ecdh, cam, SessionCipher::TripleDes, 13), triple_des);
    assert_eq!(refused(dh, cam, aes, 2), combination("Chip Authentication mapping in a prime field"));
    let other_kind = combination("domain parameters of the other kind");
    assert_eq!(refused(dh, generic, aes, 13), other_kind);
    assert_eq!(refused(ecdh, generic, aes, 0), other_kind);
    for reserved in [3, 7, 19, 255] {
        assert_eq!(refused(ecdh, generic, aes, reserved), combination("domain parameters"));
    }
    let version_1 = PaceInfo { version: 1, ..PaceInfo::new(ecdh, generic, aes, 13) };
    assert_eq!(PaceOffer::allowed(&version_1), Err(combination("version")));
}

#[test]
fn a_proof_holds_for_the_chip_s_own_key_only() {
    let info = PaceInfo::new(KeyAgreement::Ecdh, PaceMapping::ChipAuthentication, SessionCipher::Aes256, 12);
    let (chip_key, established, _) = run(&PaceOffer::from_info(&info).unwrap(), 7);
    let data = established.chip_authentication.unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(8);
    let own = public_key_info(&chip_key.unwrap());
    let other = public_key_info(&EcPrivateKey::generate(Curve::P256, &mut rng));
    let other_curve = public_key_info(&EcPrivateKey::generate(Curve::BrainpoolP256r1, &mut rng));
    let verify = |keys: &[_]| data.verify(keys);
    assert_eq!(verify(&[other.clone(), other_curve.clone(), own.clone()]), Ok(()));
    assert_eq!(verify(&[other]), Err(Error::PaceCam(PaceCamError::Data)));
    assert_eq!(verify(&[other_curve]), Err(Error::PaceCam(PaceCamError::PublicKey)));
    assert_eq!(verify(&[]), Err(Error::PaceCam(PaceCamError::PublicKeyMissing)));
    let mut broken = own;
    broken.spki_der[0] ^= 1;
    assert_eq!(verify(&[broken]), Err(Error::PaceCam(PaceCamError::PublicKey)));
}
