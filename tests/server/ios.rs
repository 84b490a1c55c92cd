//! A phone of iOS: its device key is one of App Attest, which signs assertions.

use attestation::demo_root::AppAttestProfile;
use protocol::enrolment::{Progress, Sealed};
use protocol::login::LoginChallenge;

use crate::common::browser::Browser;
use crate::common::phone::{PIN, Phone, Platform, Reply};
use crate::common::{APPLE_APP_ID, Bench};

/// A phone whose attestation says what a test wants, and the server's answer.
fn attested(bench: &Bench, change: impl FnOnce(&mut AppAttestProfile)) -> (Phone<'_>, Reply) {
    let (mut phone, challenge) = Phone::asking(bench, 1, Platform::Ios);
    let profile = |client_data: &[u8]| {
        let mut profile = AppAttestProfile::new(client_data, APPLE_APP_ID, bench.now());
        change(&mut profile);
        profile
    };
    let attestation = phone.app_attest(profile, &challenge);
    let reply = phone.json("POST", "/device", &attestation);
    (phone, reply)
}

#[test]
fn an_iphone_enrols_and_approves_a_login() {
    let bench = Bench::start();
    let (mut phone, reply) = attested(&bench, |_| {});
    phone.nonce = reply.ok::<Progress>().nonce;
    phone.consent();
    phone.verify_email();
    phone.finish(&bench.passport());
    let sealed: Sealed = phone.seal().ok();
    assert_eq!((sealed.state.as_str(), sealed.level.as_str()), ("active", "eidas2"));

    phone.sequence = 0;
    let browser = Browser::new(&bench);
    let page = browser.login_page("eidas2");
    let challenge: LoginChallenge = phone.claim(&page.attribute("data-qr-handle").unwrap()).ok();
    assert_eq!(phone.approve(&challenge, PIN).status, 200);

    // From now on its key signs nothing but assertions.
    let page = browser.login_page("eidas2");
    let handle = page.attribute("data-qr-handle").unwrap();
    phone.platform = Platform::Android;
    assert_eq!(phone.claim(&handle).refused(), (401, "request.signature"));
    phone.platform = Platform::Ios;
    assert_eq!(phone.claim(&handle).status, 200);
}

#[test]
fn an_android_phone_does_not_sign_as_an_iphone() {
    let bench = Bench::start();
    let mut phone = Phone::open(&bench, 1);
    phone.platform = Platform::Ios;
    assert_eq!(phone.call("GET", "", b"").refused(), (401, "request.signature"));
    phone.platform = Platform::Android;
    assert_eq!(phone.call("GET", "", b"").status, 200);
}

#[test]
fn what_app_attest_must_say_is_compared() {
    let bench = Bench::start();
    let refused = |change: fn(&mut AppAttestProfile)| {
        let (phone, reply) = attested(&bench, change);
        assert_eq!(reply.refused().1, "device", "the phone is told the family");
        bench.audited(&phone.enrolment_id, "enrolment.refused").join(" ")
    };
    assert_eq!(refused(|profile| profile.client_data.push(0)), "device.attestation-challenge");
    assert_eq!(refused(|profile| profile.app_id.push('x')), "device.attestation-application");
    assert_eq!(refused(|profile| profile.counter = 1), "device.attestation-counter");
    assert_eq!(refused(|profile| profile.aaguid = [0; 16]), "device.attestation-development");
    assert_eq!(refused(|profile| profile.credential_id = Some([0; 32])), "device.attestation-credential");
    assert_eq!(
        refused(|profile| profile.not_before = profile.not_before.plus(-4 * 86_400)),
        "device.attestation-validity"
    );
    assert_eq!(attested(&bench, |_| {}).1.status, 200);
}

#[test]
fn a_server_without_an_app_for_ios_says_so() {
    let ids = format!("apple_app_ids = [\"{APPLE_APP_ID}\"]\n");
    let bench = Bench::with(|config| config.replace(&ids, ""));
    assert_eq!(attested(&bench, |_| {}).1.refused().1, "device.platform");
}

#[test]
fn the_pin_hardening_key_is_the_one_that_the_app_had_attested() {
    let bench = Bench::start();
    let (mut phone, challenge) = Phone::asking(&bench, 1, Platform::Ios);
    let (other, _) = Phone::asking(&bench, 2, Platform::Ios);
    let profile = |data: &[u8]| AppAttestProfile::new(data, APPLE_APP_ID, bench.now());
    let mut attestation = phone.app_attest(profile, &challenge);
    if let protocol::enrolment::DeviceAttestation::Ios { pin_hardening_key, .. } = &mut attestation {
        *pin_hardening_key = protocol::Base64(other.hardening.public_key().to_sec1());
    }
    let reply = phone.json("POST", "/device", &attestation);
    assert_eq!(reply.refused().1, "device");
    let audited = bench.audited(&phone.enrolment_id, "enrolment.refused");
    assert_eq!(audited, ["device.attestation-challenge"]);
}
