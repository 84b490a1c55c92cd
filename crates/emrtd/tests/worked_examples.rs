//! The worked examples of Doc 9303-11, appendices D, G and I, byte for byte, on both sides.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::convert::Infallible;

use crypto::{Curve, EcPrivateKey, Scalar, SessionCipher};
use emrtd::chip_authentication::ChipPublicKey;
use emrtd::pace::{self, Established, PaceCamError, PaceGroup, PaceOffer, chip::PaceRequest};
use emrtd::{Command, Error, MrzKey, Password, Response, SecureMessaging, bac};
use lds::security_info::SecurityInfo;
use lds::{CardAccess, Mrz};
use rand_core::{TryCryptoRng, TryRng};
use serde_json::Value;

const BAC: &str = include_str!("vectors/doc9303-11-bac-sm.json");
const PACE: &str = include_str!("vectors/doc9303-11-pace-gm-ecdh.json");
const PACE_DH: &str = include_str!("vectors/doc9303-11-pace-gm-dh.json");
const PACE_CAM: &str = include_str!("vectors/doc9303-11-pace-cam-ecdh.json");

/// Gives the random numbers of the example, then nothing.
struct Script(Vec<u8>);

impl Script {
    fn new<'a>(values: impl IntoIterator<Item = &'a Value>) -> Self {
        Self(values.into_iter().flat_map(bytes).collect())
    }
}

impl TryRng for Script {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        out.copy_from_slice(&self.0.drain(..out.len()).collect::<Vec<_>>());
        Ok(())
    }
}

impl TryCryptoRng for Script {}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().expect("a string")).expect("hex digits")
}

fn command(value: &Value) -> Command {
    Command::parse(&bytes(value)).expect("a command")
}

/// The document of appendix D.
fn example_key() -> MrzKey {
    MrzKey::new("L898902C<", "690806", "940623").unwrap()
}

/// The session of appendix D.4, opened by its mutual authentication; both sides.
fn example_sessions() -> (SecureMessaging, SecureMessaging) {
    let example = &json(BAC)["mutual_authentication"];
    let mut chip_rng = Script::new([&example["RND_IC"], &example["K_IC"]]);
    let mut terminal_rng = Script::new([&example["RND_IFD"], &example["K_IFD"]]);
    let sealed =
        |side: &str| [bytes(&example[format!("E_{side}")]), bytes(&example[format!("M_{side}")])].concat();

    let (get_challenge, terminal) = bac::begin(&example_key());
    assert_eq!(hex::encode(get_challenge.encode().unwrap()), "0084000008");
    let (response, chip) = bac::chip::challenge(&example_key(), &mut chip_rng);
    assert_eq!(response, Response::ok(bytes(&example["RND_IC"])));
    let (authenticate, terminal) = terminal.received(&response, &mut terminal_rng).unwrap();
    let expected = format!("0082000028{}28", hex::encode(sealed("IFD")));
    assert_eq!(hex::encode(authenticate.encode().unwrap()), expected);
    let (response, chip) = chip.received(&authenticate, &mut chip_rng).unwrap();
    assert_eq!(response, Response::ok(sealed("IC")));
    (terminal.received(&response).unwrap(), chip)
}

#[test]
fn mrz_information_is_that_of_appendix_d() {
    for case in json(BAC)["mrz_information"].as_array().unwrap() {
        let lines: Vec<&str> =
            case["mrz"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        let field = |name: &str| case[name].as_str().unwrap();
        let from_fields = MrzKey::new(field("document_number"), field("birth"), field("expiry")).unwrap();
        // The composite check digits of two of the printed examples do not compute: only the key is compared.
        if let Ok(mrz) = Mrz::parse(&lines.concat()) {
            assert_eq!(mrz.access_key_information(), field("mrz_information"));
            assert!(MrzKey::from(&mrz) == from_fields);
        }
    }
}

/// Appendix D.3, and D.4: the three exchanges with EF.COM, on both sides.
#[test]
fn basic_access_control_and_secure_messaging_are_those_of_appendix_d() {
    let (mut terminal, mut chip) = example_sessions();
    for exchange in json(BAC)["secure_messaging"].as_array().unwrap() {
        let plain = command(&exchange["plain"]);
        let protected = terminal.protect(&plain).unwrap();
        assert_eq!(protected.encode().unwrap(), bytes(&exchange["protected"]));
        assert_eq!(chip.unprotect_command(&protected), Ok(plain));
        let plain = Response::ok(bytes(&exchange["response_data"]));
        let protected = chip.protect_response(&plain).unwrap();
        assert_eq!(protected.encode(), bytes(&exchange["response"]));
        assert_eq!(terminal.unprotect(&protected), Ok(plain));
    }
}

/// The session keys and counter that appendix D.3 prints make the same session.
#[test]
fn session_keys_and_counter_are_those_of_appendix_d() {
    let example = &json(BAC)["mutual_authentication"];
    let cipher = SessionCipher::TripleDes;
    let key = |name: &str| cipher.key(&bytes(&example[name])).unwrap();
    let ssc = u128::from_str_radix(example["SSC"].as_str().unwrap(), 16).unwrap();
    let mut session = SecureMessaging::new(key("KS_enc"), key("KS_mac"), ssc).unwrap();
    let exchange = &json(BAC)["secure_messaging"][0];
    let protected = session.protect(&command(&exchange["plain"])).unwrap();
    assert_eq!(protected.encode().unwrap(), bytes(&exchange["protected"]));
}

/// PACE as an example prints it: every command and response, both sides with the printed private keys. A chip of the
/// example may say more with its token than ours does: `beside` its token.
fn pace_is_as_printed(
    example: &Value,
    key: MrzKey,
    chip_key: Option<EcPrivateKey>,
    beside: &str,
) -> Established {
    let info = lds::tlv::encode(lds::tlv::tag::SET, &bytes(&example["PACEInfo"]));
    let card_access = CardAccess::parse(&info).unwrap();
    assert!(matches!(card_access.security_infos.as_slice(), [SecurityInfo::Pace(_)]));
    let offer = PaceOffer::choose(&card_access).unwrap();
    let group = PaceGroup::from_parameter_id(example["parameterId"].as_u64().unwrap()).unwrap();
    assert_eq!((offer.cipher, offer.group), (SessionCipher::Aes128, group));
    let password = Password::from(key);

    let keys = |side: &str| [&example["map"][format!("{side}_sk")], &example["ka"][format!("{side}_sk")]];
    let mut terminal_rng = Script::new(keys("terminal"));
    let mut chip_rng = Script::new([&example["nonce_s"]].into_iter().chain(keys("chip")));
    let mut apdus = example["apdus"].as_array().unwrap().iter().map(|message| bytes(&message["apdu"]));
    let mut check = |command: &Command, response: &Response| {
        assert_eq!(Some(command.encode().unwrap()), apdus.next());
        assert_eq!(Some(response.encode()), apdus.next());
    };

    let (command, terminal) = pace::begin(&offer, &password);
    let request = PaceRequest::parse(&command).unwrap();
    assert_eq!(request, PaceRequest { oid: offer.oid, password: 1, parameters: None });
    let (response, chip) = (Response::ok(Vec::new()), pace::chip::begin(offer, &password));
    let chip = match chip_key {
        Some(key) => chip.with_chip_key(key),
        None => chip,
    };
    check(&command, &response);
    let (command, terminal) = terminal.received(&response).unwrap();
    let (response, chip) = chip.received(&command, &mut chip_rng).unwrap();
    check(&command, &response);
    let (command, terminal) = terminal.received(&response, &mut terminal_rng).unwrap();
    let (response, chip) = chip.received(&command, &mut chip_rng).unwrap();
    check(&command, &response);
    let (command, terminal) = terminal.received(&response, &mut terminal_rng).unwrap();
    let (response, chip) = chip.received(&command, &mut chip_rng).unwrap();
    check(&command, &response);
    let (command, terminal) = terminal.received(&response).unwrap();
    let (mut response, chip_session) = chip.received(&command).unwrap();
    response.data.extend(hex::decode(beside).unwrap());
    response.data[1] += u8::try_from(beside.len() / 2).unwrap();
    check(&command, &response);
    let established = terminal.received(&response).unwrap();

    let key = |name: &str| SessionCipher::Aes128.key(&bytes(&example[name])).unwrap();
    let mut printed = SecureMessaging::new(key("KS_enc"), key("KS_mac"), 0).unwrap();
    let protected = printed.protect(&Command::select_file(0x011E)).unwrap();
    assert!({ chip_session }.unprotect_command(&protected).is_ok());
    established
}

/// The printed session keys are those of a session.
fn assert_session(mut session: SecureMessaging, example: &Value) {
    let key = |name: &str| SessionCipher::Aes128.key(&bytes(&example[name])).unwrap();
    let mut printed = SecureMessaging::new(key("KS_enc"), key("KS_mac"), 0).unwrap();
    let select = Command::select_file(0x011E);
    assert_eq!(session.protect(&select).unwrap(), printed.protect(&select).unwrap());
}

fn key_of_appendix_g() -> MrzKey {
    MrzKey::new("T22000129", "640812", "101031").unwrap()
}

#[test]
fn pace_is_that_of_appendix_g_1() {
    let example = json(PACE);
    let established = pace_is_as_printed(&example, key_of_appendix_g(), None, "");
    assert!(established.chip_authentication.is_none());
    assert_session(established.session, &example);
}

/// In a prime field; the chip names a certification authority for Terminal Authentication.
#[test]
fn pace_is_that_of_appendix_g_2() {
    let mut example = json(PACE_DH);
    // Printed without its status word.
    let last = example["apdus"][9]["apdu"].as_str().unwrap().to_owned() + "9000";
    example["apdus"][9]["apdu"] = last.into();
    let authority = "870f444554455354435643413030303033";
    let established = pace_is_as_printed(&example, key_of_appendix_g(), None, authority);
    assert_session(established.session, &example);
}

/// With Chip Authentication mapping. The chip's static private key is not printed; it follows from the printed numbers.
#[test]
fn pace_is_that_of_appendix_i_1() {
    let mut example = json(PACE_CAM);
    let curve = Curve::BrainpoolP256r1;
    // Printed above the order, where no random number of ours stands.
    let ephemeral = Scalar::from_bytes_reduced(curve, &bytes(&example["ka"]["chip_sk"])).unwrap();
    example["ka"]["chip_sk"] = hex::encode(ephemeral.as_bytes()).into();
    let scalar = |value: &Value| Scalar::from_bytes(curve, &bytes(value)).unwrap();
    let number = scalar(&example["chip_auth_data"]);
    let chip_key = scalar(&example["map"]["chip_sk"]).divided_by(&number).unwrap();
    let chip_key = EcPrivateKey::from_scalar(curve, chip_key.as_bytes()).unwrap();
    let info = lds::tlv::encode(lds::tlv::tag::SET, &bytes(&example["ChipAuthenticationPublicKeyInfo"]));
    let infos = CardAccess::parse(&info).unwrap().security_infos;
    let [SecurityInfo::ChipAuthenticationPublicKey(info)] = infos.as_slice() else { panic!("{infos:?}") };
    assert_eq!(ChipPublicKey::from_info(info), Some(ChipPublicKey::Ec(chip_key.public_key())));

    let key = MrzKey::new("C11T002JM", "960812", "231031").unwrap();
    let established = pace_is_as_printed(&example, key, Some(chip_key), "");
    let proof = established.chip_authentication.unwrap();
    assert_eq!(proof.verify(std::slice::from_ref(info)), Ok(()));
    assert_eq!(proof.verify(&[]), Err(Error::PaceCam(PaceCamError::PublicKeyMissing)));
    assert_session(established.session, &example);
}
