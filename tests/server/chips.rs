//! Every kind of chip that a phone may be held to, read by the core of a phone app and judged by a running server.

use crypto::{Curve, SessionCipher};
use emrtd::chip_authentication::{KeyDirectory, TaskProtocol};
use lds::security_info::{ChipAuthenticationInfo, ChipAuthenticationPublicKeyInfo, SecurityInfo};
use lds::{Dg14, FileId};
use test_passports::{ActiveAuthentication, StateBuilder, asn1};

use crate::common::held::{App, Held, dh_key, ec_key, infos};
use crate::common::phone::{Phone, opened};
use crate::common::{Bench, NOW};

const CA: &str = "Chip Authentication";
const AA: &str = "Active Authentication";

/// Reads the chip as an app does; how it opened and what it proved, once the server misses nothing of the chip.
fn read(bench: &Bench, seed: u64, held: &Held) -> (Vec<String>, Vec<String>) {
    let app = App::open(bench, seed);
    let checks = app.read(held).unwrap();
    assert!(!checks.missing.iter().any(|step| step == "files" || step == "chip"), "{checks:?}");
    (app.channels(), app.proofs())
}

/// Uploads what the server asks for, as a phone that a test moves does.
fn uploaded<'a>(bench: &'a Bench, seed: u64, held: &Held) -> Phone<'a> {
    let mut phone = Phone::open(bench, seed);
    phone.upload_all(&held.specimen);
    phone
}

#[test]
fn chip_authentication_in_every_group_and_with_every_cipher() {
    use SessionCipher::{Aes128, Aes192, Aes256, TripleDes};
    let bench = Bench::start();
    let curves = [Curve::P256, Curve::BrainpoolP256r1, Curve::P384, Curve::BrainpoolP512r1, Curve::P521];
    let ciphers = [TripleDes, Aes128, Aes192, Aes256];
    let ec =
        curves.into_iter().zip(ciphers.into_iter().cycle()).map(|(c, cipher)| ec_key(c, cipher, None, "EC"));
    let dh = (0..3).zip([TripleDes, Aes128, Aes256]).map(|(group, cipher)| dh_key(group, cipher, None, "DH"));
    for (seed, key) in (1..).zip(ec.chain(dh)) {
        let held = Held::bare(&bench).with_keys(&bench.utopia, std::slice::from_ref(&key));
        assert_eq!(read(&bench, seed, &held), (vec!["PACE".to_owned()], vec![CA.to_owned()]), "{seed}");
        // Triple-DES is commanded by MSE:Set KAT, AES by MSE:Set AT and GENERAL AUTHENTICATE.
        let (_, task) = uploaded(&bench, 100 + seed, &held).ca_task();
        assert_eq!(task.protocol == TaskProtocol::Kat, key.cipher == TripleDes, "{seed}");
    }
}

#[test]
fn a_chip_of_2017_without_info_and_a_chip_without_pace() {
    let bench = Bench::start();
    let french = bench.builder().french_chip_of_2017().build(&bench.utopia).into();
    assert_eq!(read(&bench, 1, &french), (vec!["PACE".into()], vec![CA.into()]));
    let bac_only = bench.builder().pace(None).build(&bench.utopia).into();
    assert_eq!(read(&bench, 2, &bac_only), (vec!["BAC".into()], vec![AA.into(), CA.into()]));
}

#[test]
fn of_several_keys_the_strongest_that_is_known_is_asked_for_by_its_number() {
    let bench = Bench::start();
    let keys = [
        ec_key(Curve::P256, SessionCipher::TripleDes, Some(1), "one"),
        ec_key(Curve::BrainpoolP256r1, SessionCipher::Aes256, Some(0x0102), "two"),
        dh_key(2, SessionCipher::Aes128, Some(3), "three"),
    ];
    let mut all: Vec<SecurityInfo> = keys.iter().flat_map(infos).collect();
    // A key that nobody can use, under the strongest cipher.
    let unknown = ChipAuthenticationPublicKeyInfo::ecdh(vec![0x30, 0x00], Some(4));
    all.push(SecurityInfo::ChipAuthenticationPublicKey(unknown));
    all.push(SecurityInfo::ChipAuthentication(ChipAuthenticationInfo::ecdh(SessionCipher::Aes256, Some(4))));
    let held = Held::bare(&bench).with_dg14(&bench.utopia, &all, &keys);
    assert_eq!(read(&bench, 1, &held).1, [CA]);
    let (_, task) = uploaded(&bench, 2, &held).ca_task();
    assert_eq!(task.key_reference, Some(vec![0x01, 0x02]));
    assert!(matches!(task.protocol, TaskProtocol::AtGa { oid } if oid.ends_with(".3.2.4")));
}

#[test]
fn a_key_in_the_master_file_proves_the_chip_by_the_dg1_of_the_application() {
    let bench = Bench::start();
    let key = ec_key(Curve::BrainpoolP256r1, SessionCipher::Aes128, None, "MF");
    let held = Held::bare(&bench).with_master_file(&bench.utopia, std::slice::from_ref(&key));
    assert_eq!(read(&bench, 1, &held).1, [CA]);
    let mut phone = uploaded(&bench, 2, &held);
    let card_security = held.specimen.file(FileId::CardSecurity).to_vec();
    assert_eq!(phone.upload(FileId::CardSecurity, &card_security).status, 200);
    let (_, task) = phone.ca_task();
    assert_eq!(task.directory, KeyDirectory::MasterFile);
    // SELECT of the application comes before the three commands that read EF.DG1.
    assert_eq!(task.proof_commands.len(), 3);
    // Without EF.CardSecurity the document offers no proof of its chip, and is refused.
    let mut phone = uploaded(&bench, 3, &held);
    assert_eq!(phone.call("POST", "/chip/authentication", b"").body, serde_json::Value::Null);
    assert_eq!(phone.call("POST", "/chip/verify", b"").refused(), (422, "chip"));
    assert_eq!(bench.audited(&phone.enrolment_id, "enrolment.refused"), ["chip.not-offered"]);
}

#[test]
fn a_card_security_that_the_state_did_not_sign_announces_nothing() {
    let bench = Bench::start();
    let stranger = StateBuilder::new(NOW).named("XOM", "XO").build();
    let key = ec_key(Curve::P256, SessionCipher::Aes128, None, "MF");
    let genuine = Held::bare(&bench).with_master_file(&bench.utopia, std::slice::from_ref(&key));
    let foreign = Held::bare(&bench).with_master_file(&stranger, std::slice::from_ref(&key));
    let mut flipped = genuine.specimen.file(FileId::CardSecurity).to_vec();
    *flipped.last_mut().unwrap() ^= 1;
    let foreign = foreign.specimen.file(FileId::CardSecurity).to_vec();
    for (seed, file) in [(1, foreign), (2, flipped)] {
        let mut phone = uploaded(&bench, seed, &genuine);
        assert_eq!(phone.upload(FileId::CardSecurity, &file).status, 200);
        assert_eq!(phone.call("POST", "/chip/authentication", b"").body, serde_json::Value::Null);
        assert_eq!(phone.call("POST", "/chip/verify", b"").refused(), (422, "chip"));
        assert_eq!(bench.audited(&phone.enrolment_id, "enrolment.refused"), ["chip.not-offered"]);
    }
}

#[test]
fn the_card_security_of_another_chip_of_the_state_does_not_lend_its_proof() {
    let bench = Bench::start();
    let key = |name: &str| [ec_key(Curve::P256, SessionCipher::Aes128, None, name)];
    let victim = Held::bare(&bench).with_master_file(&bench.utopia, &key("victim"));
    let builder = bench.builder().document_number("X11111111").active_authentication(None);
    let own = Held::from(builder.chip_authentication(None).build(&bench.utopia));
    let own = own.with_master_file(&bench.utopia, &key("own"));
    // The victim's files, and the attacker's own genuine chip with its EF.CardSecurity.
    let mut phone = uploaded(&bench, 1, &victim);
    let file = own.specimen.file(FileId::CardSecurity).to_vec();
    assert_eq!(phone.upload(FileId::CardSecurity, &file).status, 200);
    let (attempt, task) = phone.ca_task();
    let responses = opened(&own).run_chip_authentication(&task).unwrap();
    assert_eq!(phone.ca_answer(&attempt, &responses).refused(), (422, "ca"));
    assert_eq!(bench.audited(&phone.enrolment_id, "enrolment.refused"), ["ca.dg1-mismatch"]);
}

#[test]
fn what_dg14_announces_is_not_replaced_by_the_master_file() {
    let bench = Bench::start();
    let keys = |name: &str| [ec_key(Curve::P256, SessionCipher::Aes128, None, name)];
    let held = Held::bare(&bench).with_keys(&bench.utopia, &keys("DG14"));
    let held = held.with_master_file(&bench.utopia, &keys("MF"));
    let mut phone = uploaded(&bench, 1, &held);
    let file = held.specimen.file(FileId::CardSecurity).to_vec();
    assert_eq!(phone.upload(FileId::CardSecurity, &file).status, 200);
    assert_eq!(phone.ca_task().1.directory, KeyDirectory::Application);
}

#[test]
fn a_chip_opened_by_the_chip_authentication_mapping_is_proved_by_chip_authentication() {
    let bench = Bench::start();
    let key = ec_key(Curve::BrainpoolP256r1, SessionCipher::Aes128, None, "CAM");
    let held = Held::bare(&bench).with_mapping_key(&bench.utopia, &key);
    assert_eq!(read(&bench, 1, &held), (vec!["PACE".into()], vec![CA.into()]));
    // That it was opened so is no proof: the server did not make the terminal's keys.
    let mut phone = uploaded(&bench, 2, &held);
    assert_eq!(phone.call("POST", "/chip/verify", b"").refused(), (422, "chip"));
    assert_eq!(bench.audited(&phone.enrolment_id, "enrolment.refused"), ["chip.proof-missing(ca)"]);
}

#[test]
fn chips_that_sign_a_challenge_only() {
    let bench = Bench::start();
    let offers =
        [ActiveAuthentication::Rsa1024, ActiveAuthentication::Rsa2048, ActiveAuthentication::Ec(Curve::P384)];
    for (seed, offer) in (1..).zip(offers) {
        let builder = bench.builder().chip_authentication(None).active_authentication(Some(offer));
        let held = builder.build(&bench.utopia).into();
        assert_eq!(read(&bench, seed, &held).1, [AA], "{offer:?}");
    }
}

#[test]
fn every_protocol_that_is_announced_is_due_unless_policy_says_that_one_suffices() {
    let announced_and_unknown = |bench: &Bench| {
        let held = Held::from(bench.passport());
        let unknown = ChipAuthenticationPublicKeyInfo::ecdh(vec![0x30, 0x00], None);
        held.with_dg14(&bench.utopia, &[SecurityInfo::ChipAuthenticationPublicKey(unknown)], &[])
    };
    let strict = Bench::start();
    let error = App::open(&strict, 1).read(&announced_and_unknown(&strict)).unwrap_err();
    assert_eq!(error.code(), "ca");
    let lenient = Bench::with(|config| config + "[verification]\none_chip_proof_suffices = true\n");
    assert_eq!(read(&lenient, 1, &announced_and_unknown(&lenient)).1, [AA]);

    // Both are announced; the chip signed the challenge, and nothing came of the task.
    for (bench, missing) in [(&strict, true), (&lenient, false)] {
        let passport = bench.passport();
        let mut phone = Phone::open(bench, 2);
        phone.upload_all(&passport);
        let challenge = phone.aa_challenge();
        let signature = opened(&passport.into()).internal_authenticate(&challenge.challenge.0).unwrap();
        assert_eq!(phone.aa_answer(&challenge.attempt, signature).status, 200);
        let steps = phone.call("GET", "", b"").body["missing"].as_array().unwrap().clone();
        assert_eq!(steps.iter().any(|step| step == "chip"), missing);
        let verified = phone.call("POST", "/chip/verify", b"").status;
        assert_eq!(verified, if missing { 422 } else { 200 });
    }
}

/// Keys that a State signed and that are no keys, or too weak ones.
#[test]
fn keys_outside_their_group_are_refused_and_nothing_else_happens() {
    let bench = Bench::start();
    let spki = |held: &Held| {
        Dg14::parse(held.specimen.file(FileId::Dg(14))).unwrap().public_keys[0].spki_der.clone()
    };
    let ec = spki(
        &Held::bare(&bench)
            .with_keys(&bench.utopia, &[ec_key(Curve::P256, SessionCipher::Aes128, None, "k")]),
    );
    let dh =
        spki(&Held::bare(&bench).with_keys(&bench.utopia, &[dh_key(1, SessionCipher::Aes128, None, "k")]));
    let changed = |der: &[u8], change: &dyn Fn(&mut Vec<u8>)| {
        let mut der = der.to_vec();
        change(&mut der);
        der
    };
    let last = |der: &mut Vec<u8>| *der.last_mut().unwrap() ^= 1;
    let zeros = |der: &mut Vec<u8>| {
        let from = der.len() - 64;
        der[from..].fill(0);
    };
    // The same parameters with another public number.
    let number = |y: &[u8]| {
        let mut fields = lds::tlv::Reader::new("key", &dh).expect(0x30).unwrap().children().unwrap();
        let algorithm = fields.expect(0x30).unwrap().raw.to_vec();
        let y = lds::tlv::encode(0x02, &[&[0], y].concat());
        asn1::sequence(&[algorithm, asn1::bit_string(&y)])
    };
    let mut minus_one = crypto::DhGroup::from_parameter_id(1).unwrap().modulus();
    *minus_one.last_mut().unwrap() ^= 1;
    let (order_two, outside) = (number(&minus_one), number(&[0x80]));
    type Info = fn(Vec<u8>, Option<u64>) -> ChipAuthenticationPublicKeyInfo;
    let cases: [(&str, Vec<u8>, Info); 7] = [
        ("not on the curve", changed(&ec, &last), ChipAuthenticationPublicKeyInfo::ecdh),
        ("the point 0, 0", changed(&ec, &zeros), ChipAuthenticationPublicKeyInfo::ecdh),
        ("outside the subgroup", outside, ChipAuthenticationPublicKeyInfo::dh),
        ("of order two", order_two, ChipAuthenticationPublicKeyInfo::dh),
        ("a number of another kind", changed(&dh, &last), ChipAuthenticationPublicKeyInfo::dh),
        ("a curve's key under the name of DH", ec.clone(), ChipAuthenticationPublicKeyInfo::dh),
        ("nothing", vec![0x30, 0x00], ChipAuthenticationPublicKeyInfo::ecdh),
    ];
    for (seed, (name, spki, info)) in (1..).zip(cases) {
        let info = SecurityInfo::ChipAuthenticationPublicKey(info(spki, None));
        let held = Held::bare(&bench).with_dg14(&bench.utopia, &[info], &[]);
        let mut phone = uploaded(&bench, seed, &held);
        assert_eq!(phone.call("POST", "/chip/authentication", b"").refused(), (422, "ca"), "{name}");
        assert_eq!(bench.audited(&phone.enrolment_id, "enrolment.refused"), ["ca.unsupported"], "{name}");
    }
}

#[test]
fn a_key_that_policy_finds_too_weak_is_refused() {
    let bench =
        Bench::with(|config| config + "[verification]\nmin_chip_dh_bits = 2048\nmin_chip_ec_bits = 250\n");
    let weak = [
        (dh_key(0, SessionCipher::Aes128, None, "weak"), "pa.weak-key(MODP-1024-160)"),
        (ec_key(Curve::P192, SessionCipher::Aes128, None, "weak"), "pa.weak-key(P-192)"),
    ];
    for (seed, (key, code)) in (1..).zip(weak) {
        let held = Held::bare(&bench).with_keys(&bench.utopia, &[key]);
        let mut phone = uploaded(&bench, seed, &held);
        assert_eq!(phone.call("POST", "/chip/authentication", b"").refused(), (422, "pa"));
        assert_eq!(bench.audited(&phone.enrolment_id, "enrolment.refused"), [code]);
    }
    let strong = dh_key(2, SessionCipher::Aes128, None, "strong");
    assert_eq!(read(&bench, 9, &Held::bare(&bench).with_keys(&bench.utopia, &[strong])).1, [CA]);
}
