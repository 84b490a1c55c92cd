use crypto::{Curve, SessionCipher};
use lds::CardAccess;
use lds::security_info::{KeyAgreement, PaceInfo, SecurityInfo};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use super::*;
use crate::MrzKey;

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn info() -> PaceInfo {
    PaceInfo::ecdh_generic(SessionCipher::Aes128, Curve::BrainpoolP256r1.parameter_id())
}

fn password() -> Password {
    MrzKey::new("L898902C", "690806", "940623").unwrap().into()
}

fn ok() -> Response {
    Response::ok(Vec::new())
}

/// Runs PACE with the chip's answer number `at` (0: nonce, 1: mapping key, 2: key, 3: token) changed, which also
/// sees the command.
fn dialogue(at: usize, change: impl Fn(&Command, &mut Response)) -> Result<Established, Error> {
    let offer = PaceOffer::from_info(&info()).unwrap();
    let (mut terminal_rng, mut chip_rng) = (rng(1), rng(2));
    let changed = |number: usize, command: &Command, mut response: Response| {
        if number == at {
            change(command, &mut response);
        }
        response
    };
    let (_, terminal) = begin(&offer, &password());
    let chip = chip::begin(offer, &password());
    let (command, terminal) = terminal.received(&ok())?;
    let (response, chip) = chip.received(&command, &mut chip_rng).unwrap();
    let (command, terminal) = terminal.received(&changed(0, &command, response), &mut terminal_rng)?;
    let (response, chip) = chip.received(&command, &mut chip_rng).unwrap();
    let (command, terminal) = terminal.received(&changed(1, &command, response), &mut terminal_rng)?;
    let (response, chip) = chip.received(&command, &mut chip_rng).unwrap();
    let (command, terminal) = terminal.received(&changed(2, &command, response))?;
    let response = match chip.received(&command) {
        Ok((response, _)) => response,
        Err(sw) => Response::status(sw),
    };
    terminal.received(&changed(3, &command, response))
}

fn error(at: usize, change: impl Fn(&Command, &mut Response)) -> Error {
    dialogue(at, change).unwrap_err()
}

fn flip_last(_: &Command, response: &mut Response) {
    *response.data.last_mut().unwrap() ^= 1;
}

#[test]
fn a_changed_answer_is_refused_at_its_step() {
    assert!(dialogue(9, |_, _| ()).is_ok());
    let off_curve = |step| Error::Crypto { step, error: crypto::Error::InvalidPoint };
    assert_eq!(error(1, flip_last), off_curve(Step::PaceMapping));
    assert_eq!(error(2, flip_last), off_curve(Step::PaceKeyAgreement));
    assert_eq!(error(3, flip_last), Error::WrongAuthentication { step: Step::PaceToken });
    // Another nonce maps to another generator: the chip sees it in the token.
    let denied = Error::AccessDenied { protocol: "PACE", sw: StatusWord::AUTHENTICATION_FAILED };
    assert_eq!(error(0, flip_last), denied);
}

/// Doc 9303-11, 4.4.1, step 3d; otherwise the chip's token would be our own.
#[test]
fn our_own_key_come_back_is_refused() {
    let reflect = |tag: u8| {
        move |command: &Command, response: &mut Response| {
            response.data = command.data.clone();
            response.data[2] = tag;
        }
    };
    assert_eq!(error(1, reflect(0x82)), Error::ReflectedKey { step: Step::PaceMapping });
    assert_eq!(error(2, reflect(0x84)), Error::ReflectedKey { step: Step::PaceKeyAgreement });
    let reflected_token = error(3, reflect(0x86));
    assert_eq!(reflected_token, Error::WrongAuthentication { step: Step::PaceToken });
}

#[test]
fn answers_of_another_shape_are_malformed() {
    let steps = [Step::PaceNonce, Step::PaceMapping, Step::PaceKeyAgreement, Step::PaceToken];
    for (at, step) in steps.into_iter().enumerate() {
        let malformed = Error::MalformedAnswer { step };
        assert_eq!(error(at, |_, response| response.data.clear()), malformed);
        assert_eq!(error(at, |_, response| response.data[2] = 0x8F), malformed);
        let more = |_: &Command, response: &mut Response| {
            response.data.extend([0x8A, 0]);
            response.data[1] += 2;
        };
        assert_eq!(error(at, more), malformed);
    }
}

#[test]
fn a_nonce_of_broken_or_too_many_blocks_is_refused() {
    let nonce = |length: usize| {
        error(0, move |_, response| response.data = encode(Some((ENCRYPTED_NONCE, &vec![7; length]))))
    };
    let refused = Error::Crypto { step: Step::PaceNonce, error: crypto::Error::Ciphertext };
    assert_eq!(nonce(15), refused);
    assert_eq!(nonce(80), refused);
    assert!(matches!(nonce(32), Error::AccessDenied { .. }));
}

#[test]
fn offers_that_are_not_supported_are_passed_over() {
    let choose = |changes: &[fn(&mut PaceInfo)]| {
        let changed = |change: &fn(&mut PaceInfo)| {
            let mut info = info();
            change(&mut info);
            SecurityInfo::Pace(info)
        };
        PaceOffer::choose(&CardAccess { security_infos: changes.iter().map(changed).collect() })
    };
    let in_a_field: fn(&mut PaceInfo) = |info| info.agreement = KeyAgreement::Dh;
    let others: [fn(&mut PaceInfo); 5] = [
        |info| {
            (info.mapping, info.parameter_id) = (PaceMapping::Integrated, Some(10));
        },
        |info| info.agreement = KeyAgreement::Dh,
        |info| info.version = 1,
        |info| info.parameter_id = None,
        |info| info.parameter_id = Some(300),
    ];
    for other in others {
        assert_eq!(choose(&[other]), None);
    }
    let chosen = choose(&[in_a_field, |_| ()]).unwrap();
    // Both say brainpoolP256r1: nothing is ambiguous.
    assert_eq!((chosen.group, chosen.parameter_reference), (PaceGroup::Ec(Curve::BrainpoolP256r1), None));
}
