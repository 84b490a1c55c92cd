//! The terminal and the server's proof against `scripts/python_chip.py`, which shares no code with them.

use crypto::{Curve, SessionCipher};
use emrtd::{Error, MrzKey, StatusWord, Terminal};
use lds::FileId;
use rand_core::Rng as _;
use serde_json::{Value, json};
use test_passports::{ActiveAuthentication, PrivateKey, Specimen};

use crate::dialogue::read_and_prove;
use crate::scripted::{ScriptedChip, python};
use crate::specimens::{Offers, ca, mrz_key, passport, rng};

fn start(passport: &Specimen) -> ScriptedChip {
    ScriptedChip::start(python("python_chip.py", "import cryptography"), &config_of(passport))
}

fn cipher(cipher: SessionCipher) -> &'static str {
    match cipher {
        SessionCipher::TripleDes => "3DES",
        SessionCipher::Aes128 => "AES-128",
        SessionCipher::Aes192 => "AES-192",
        SessionCipher::Aes256 => "AES-256",
    }
}

fn config_of(passport: &Specimen) -> Value {
    let files =
        passport.files.iter().map(|(file, content)| (format!("{:04x}", file.fid()), hex::encode(content)));
    let ca = passport.ca_keys.iter().map(|key| {
        let (curve, scalar) = (key.key.curve().name(), hex::encode(key.key.scalar_bytes()));
        json!({ "key_id": key.key_id, "cipher": cipher(key.cipher), "curve": curve, "scalar": scalar })
    });
    let aa = passport.aa_key.as_ref().map(|signer| {
        let der = match &signer.key {
            PrivateKey::Rsa(key) => key.to_pkcs8_der(),
            PrivateKey::Ec { key, .. } => key.to_pkcs8_der(),
            PrivateKey::Dsa(_) => unreachable!("no chip signs with DSA"),
        };
        json!({ "key": hex::encode(&*der), "hash": signer.hash.name().to_lowercase().replace('-', "") })
    });
    let pace = passport.pace.map(|(c, curve)| json!({ "cipher": cipher(c), "curve": curve.name() }));
    json!({
        "files": files.map(|(fid, content)| (fid, json!(content))).collect::<serde_json::Map<_, _>>(),
        "mrz_information": passport.mrz.access_key_information(),
        "ca": ca.collect::<Vec<_>>(),
        "aa": aa,
        "pace": pace,
        "bac": passport.pace.is_none(),
        "short_ids": passport.pace.is_some(),
    })
}

/// Reads and proves a document in the Python chip, with another chip of the same document each time.
fn dialogue(offers: Offers) {
    let passport = passport(offers);
    let chip = start(&passport);
    for seed in 0..3 {
        read_and_prove(&passport, chip.channel(), seed);
    }
    let mut terminal = Terminal::new(chip.channel());
    let protocol = if passport.pace.is_some() { "PACE" } else { "BAC" };
    let other = MrzKey::new("X1", "800101", "300101").unwrap();
    let denied = Error::AccessDenied { protocol, sw: StatusWord::AUTHENTICATION_FAILED };
    assert_eq!(terminal.open(&other, &mut rng(9)), Err(denied));
    assert!(terminal.open(mrz_key(&passport), &mut rng(9)).is_ok());
}

/// Its offsets beyond 32 kB are data objects, and DO'85' protects them.
#[test]
fn a_long_file_is_read_with_the_odd_instruction() {
    for pace in [None, Some((SessionCipher::Aes256, Curve::P256))] {
        let mut passport = passport(Offers { pace, chip_authentication: None, active_authentication: None });
        let mut content = vec![0; 40_000];
        rng(7).fill_bytes(&mut content);
        let file = lds::tlv::encode(0x75, &content);
        passport.files.insert(FileId::Dg(2), file.clone());
        let chip = start(&passport);
        let mut terminal = Terminal::new(chip.channel());
        terminal.open(mrz_key(&passport), &mut rng(9)).unwrap();
        assert!(terminal.read_file(FileId::Dg(2), |_, _| {}).unwrap() == file);
    }
}

#[test]
fn bac_then_the_key_of_a_french_passport_and_rsa() {
    dialogue(Offers {
        pace: None,
        chip_authentication: ca(Curve::P256, None, None),
        active_authentication: Some(ActiveAuthentication::Rsa1024),
    });
}

#[test]
fn bac_then_aes_128_and_a_long_rsa_key() {
    dialogue(Offers {
        pace: None,
        chip_authentication: ca(Curve::P256, Some(SessionCipher::Aes128), Some(1)),
        active_authentication: Some(ActiveAuthentication::Rsa2048),
    });
}

#[test]
fn pace_on_brainpool_then_aes_256_and_ecdsa() {
    dialogue(Offers {
        pace: Some((SessionCipher::Aes128, Curve::BrainpoolP256r1)),
        chip_authentication: ca(Curve::BrainpoolP256r1, Some(SessionCipher::Aes256), Some(300)),
        active_authentication: Some(ActiveAuthentication::Ec(Curve::BrainpoolP256r1)),
    });
}

#[test]
fn pace_on_p_256_with_aes_256_then_triple_des_and_ecdsa() {
    dialogue(Offers {
        pace: Some((SessionCipher::Aes256, Curve::P256)),
        chip_authentication: ca(Curve::P256, Some(SessionCipher::TripleDes), Some(2)),
        active_authentication: Some(ActiveAuthentication::Ec(Curve::P256)),
    });
}

#[test]
fn pace_with_triple_des_and_aes_192() {
    dialogue(Offers {
        pace: Some((SessionCipher::TripleDes, Curve::BrainpoolP256r1)),
        chip_authentication: ca(Curve::BrainpoolP256r1, Some(SessionCipher::Aes192), None),
        active_authentication: None,
    });
}
