//! PACE-CAM judged from a transcript: that of Doc 9303-11, appendix I.1, with one thing wrong at a time.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use crypto::pad::pad_method2;
use crypto::{Curve, EcPrivateKey, PublicKey, SessionCipher};
use emrtd::pace::{CamTranscript, PaceCamError, PaceOffer};
use emrtd::{Error, Step};
use lds::CardAccess;
use lds::security_info::{
    ChipAuthenticationPublicKeyInfo, KeyAgreement, PaceInfo, PaceMapping, SecurityInfo,
};
use lds::tlv;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use serde_json::Value;

const EXAMPLE: &str = include_str!("vectors/doc9303-11-pace-cam-ecdh.json");
const AES: SessionCipher = SessionCipher::Aes128;

/// The run of the example.
struct Run {
    offer: PaceOffer,
    password_key: Vec<u8>,
    mapping_private_key: Vec<u8>,
    ephemeral_private_key: Vec<u8>,
    responses: Vec<Vec<u8>>,
    card_security: Vec<ChipAuthenticationPublicKeyInfo>,
    dg14: Vec<ChipAuthenticationPublicKeyInfo>,
}

fn example() -> Value {
    serde_json::from_str(EXAMPLE).expect("JSON")
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().expect("a string")).expect("hex digits")
}

impl Run {
    fn printed() -> Self {
        let example = example();
        let info = tlv::encode(tlv::tag::SET, &bytes(&example["ChipAuthenticationPublicKeyInfo"]));
        let infos = CardAccess::parse(&info).unwrap().security_infos;
        let [SecurityInfo::ChipAuthenticationPublicKey(key)] = infos.as_slice() else { panic!("{infos:?}") };
        let info = PaceInfo::new(KeyAgreement::Ecdh, PaceMapping::ChipAuthentication, AES, 13);
        Self {
            offer: PaceOffer::allowed(&info).unwrap(),
            password_key: bytes(&example["K_pi"]),
            mapping_private_key: bytes(&example["map"]["terminal_sk"]),
            ephemeral_private_key: bytes(&example["ka"]["terminal_sk"]),
            responses: [3_usize, 5, 7, 9].map(|number| bytes(&example["apdus"][number]["apdu"])).to_vec(),
            card_security: vec![key.clone()],
            dg14: vec![key.clone()],
        }
    }

    /// The chip's last answer: its token, and another object.
    fn says(&mut self, tag: u32, value: &[u8]) {
        let token = tlv::encode(0x86, &bytes(&example()["T_ic"]));
        self.responses[3] =
            [tlv::encode_all(0x7C, &[token, tlv::encode(tag, value)]), vec![0x90, 0]].concat();
    }

    /// The chip says this number, padded and encrypted as it should be.
    fn proves_with(&mut self, number: &[u8]) {
        self.says(0x8A, &encrypted(&pad_method2(number, 16)));
    }

    fn judge(&self) -> Result<(), Error> {
        let transcript = CamTranscript {
            offer: &self.offer,
            password_key: &self.password_key,
            mapping_private_key: &self.mapping_private_key,
            ephemeral_private_key: &self.ephemeral_private_key,
            responses: &self.responses,
        };
        transcript.chip_authentication_data()?.verify_bound(&self.card_security, &self.dg14)
    }
}

fn encrypted(data: &[u8]) -> Vec<u8> {
    let enc = AES.key(&bytes(&example()["KS_enc"])).unwrap();
    enc.encrypt_cbc(&enc.encrypt_block(&[0xFF; 16]).unwrap(), data).unwrap()
}

fn changed(change: impl FnOnce(&mut Run)) -> Result<(), Error> {
    let mut run = Run::printed();
    change(&mut run);
    run.judge()
}

fn number() -> Vec<u8> {
    bytes(&example()["chip_auth_data"])
}

fn other_key(curve: Curve) -> ChipAuthenticationPublicKeyInfo {
    let key = EcPrivateKey::generate(curve, &mut ChaCha20Rng::seed_from_u64(1));
    ChipAuthenticationPublicKeyInfo::ecdh(PublicKey::Ec(key.public_key()).to_spki_der(), None)
}

#[test]
fn the_printed_run_proves_the_chip() {
    assert_eq!(changed(|_| ()), Ok(()));
    assert_eq!(changed(|run| run.proves_with(&number())), Ok(()));
    let more = |run: &mut Run| run.card_security.insert(0, other_key(Curve::BrainpoolP256r1));
    assert_eq!(changed(more), Ok(()));
}

#[test]
fn data_that_are_not_under_8a_are_missing() {
    let data = bytes(&example()["chip_auth_data_encrypted"]);
    let missing = Err(Error::PaceCam(PaceCamError::DataMissing));
    assert_eq!(changed(|run| run.says(0x8B, &data)), missing);
    assert_eq!(changed(|run| run.says(0x8A, &[])), missing);
    let token_alone = |run: &mut Run| {
        let token = tlv::encode(0x86, &bytes(&example()["T_ic"]));
        run.responses[3] = [tlv::encode(0x7C, &token), vec![0x90, 0]].concat();
    };
    assert_eq!(changed(token_alone), missing);
    let wrong_token = |run: &mut Run| {
        run.says(0x8B, &data);
        run.responses[3][4] ^= 1;
    };
    assert_eq!(changed(wrong_token), Err(Error::WrongAuthentication { step: Step::PaceToken }));
}

#[test]
fn data_that_are_no_number_are_malformed() {
    let malformed = Err(Error::PaceCam(PaceCamError::DataEncoding));
    let order = Curve::BrainpoolP256r1.order();
    for wrong in [&number()[1..], &[&[0], &number()[..]].concat(), &[0; 32], &order, &[]] {
        assert_eq!(changed(|run| run.proves_with(wrong)), malformed, "{wrong:02x?}");
    }
    // As a number of ASN.1; without padding; not whole blocks; not encrypted.
    assert_eq!(changed(|run| run.proves_with(&tlv::encode(0x02, &number()))), malformed);
    assert_eq!(changed(|run| run.says(0x8A, &encrypted(&[&number()[..31], &[1]].concat()))), malformed);
    assert_eq!(changed(|run| run.says(0x8A, &encrypted(&number())[..31])), malformed);
    assert_eq!(changed(|run| run.says(0x8A, &pad_method2(&number(), 16))), malformed);
}

#[test]
fn another_number_is_wrong() {
    let mut other = number();
    other[31] ^= 1;
    let wrong = Err(Error::PaceCam(PaceCamError::Data));
    assert_eq!(changed(|run| run.proves_with(&other)), wrong);
}

#[test]
fn a_key_of_one_file_alone_proves_nothing() {
    let curve = Curve::BrainpoolP256r1;
    let wrong = Err(Error::PaceCam(PaceCamError::PublicKey));
    assert_eq!(changed(|run| run.card_security = vec![other_key(curve)]), wrong);
    assert_eq!(changed(|run| run.card_security = vec![other_key(Curve::P256)]), wrong);
    assert_eq!(changed(|run| run.dg14 = vec![other_key(curve)]), wrong);
    assert_eq!(changed(|run| run.dg14.clear()), wrong);
    let neither = |run: &mut Run| {
        run.card_security = vec![other_key(curve)];
        run.dg14 = vec![other_key(curve)];
    };
    assert_eq!(changed(neither), Err(Error::PaceCam(PaceCamError::Data)));
    assert_eq!(changed(|run| run.card_security.clear()), Err(Error::PaceCam(PaceCamError::PublicKeyMissing)));
}

#[test]
fn a_run_of_other_keys_or_answers_is_refused() {
    let wrong_token = Err(Error::WrongAuthentication { step: Step::PaceToken });
    assert_eq!(changed(|run| run.password_key[0] ^= 1), wrong_token);
    assert_eq!(changed(|run| run.mapping_private_key[31] ^= 1), wrong_token);
    assert_eq!(changed(|run| run.ephemeral_private_key[31] ^= 1), wrong_token);
    assert_eq!(changed(|run| run.responses[3][4] ^= 1), wrong_token);
    let malformed = Err(Error::MalformedAnswer { step: Step::PaceTranscript });
    assert_eq!(changed(|run| run.responses.truncate(3)), malformed);
    let generic = PaceInfo::new(KeyAgreement::Ecdh, PaceMapping::Generic, AES, 13);
    assert!(changed(|run| run.offer = PaceOffer::allowed(&generic).unwrap()).is_err());
}
