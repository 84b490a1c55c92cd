//! Every cheat of docs/protocols.md, section 3.6, by a malicious phone against a running server: what the phone is told, and
//! what the audit log says.

use crate::common::phone::{Phone, Reply, opened_chip};
use crate::common::{Bench, NOW};
use emrtd::chip_authentication;
use lds::{Dg14, FileId};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use test_passports::Specimen;

/// A phone that has uploaded a passport's files.
fn uploaded<'a>(bench: &'a Bench, seed: u64, passport: &Specimen) -> Phone<'a> {
    let mut phone = Phone::open(bench, seed);
    phone.upload_all(passport);
    phone
}

/// The phone sees the family only; the full code stands in the audit log, and nothing counts as proved.
fn refused(phone: &mut Phone<'_>, reply: &Reply, family: &str, full: &str) {
    assert_eq!(reply.refused(), (422, family));
    let audited = phone.bench.audited(&phone.enrolment_id, "enrolment.refused");
    assert_eq!(audited.last().map(String::as_str), Some(full));
    not_proved(phone);
}

fn not_proved(phone: &mut Phone<'_>) {
    let progress = phone.call("GET", "", b"");
    let missing = progress.body["missing"].as_array().unwrap().clone();
    assert!(missing.iter().any(|step| step == "chip"), "{missing:?}");
}

fn another_passport(bench: &Bench) -> Specimen {
    bench.builder().document_number("X11111111").build(&bench.utopia)
}

#[test]
fn the_honest_phone_is_believed() {
    let bench = Bench::start();
    let passport = bench.passport();
    let mut phone = uploaded(&bench, 1, &passport);
    phone.prove_chip(&passport);
    let checked = phone.call("POST", "/chip/verify", b"");
    assert_eq!(checked.status, 200, "{checked:?}");
    assert!(!checked.body["missing"].as_array().unwrap().iter().any(|step| step == "chip"));
}

#[test]
fn an_ephemeral_key_made_by_the_phone_proves_nothing() {
    let bench = Bench::start();
    let passport = bench.passport();
    let mut phone = uploaded(&bench, 1, &passport);
    let (attempt, _) = phone.ca_task();
    // The phone begins its own Chip Authentication; the chip answers rightly, under keys that the phone knows.
    let dg14 = Dg14::parse(passport.file(FileId::Dg(14))).unwrap();
    let (task, _) = chip_authentication::begin(
        &dg14,
        passport.file(FileId::Dg(1)).len(),
        &mut ChaCha20Rng::seed_from_u64(9),
    )
    .unwrap();
    let responses = opened_chip(&passport).run_chip_authentication(&task).unwrap();
    let reply = phone.ca_answer(&attempt, &responses);
    refused(&mut phone, &reply, "ca", "ca.mac");
}

#[test]
fn a_dg14_that_the_sod_does_not_hold_is_refused() {
    let bench = Bench::start();
    let passport = bench.passport();
    let mut phone = Phone::open(&bench, 1);
    assert_eq!(phone.upload(FileId::Sod, passport.file(FileId::Sod)).status, 200);
    let mut dg14 = passport.file(FileId::Dg(14)).to_vec();
    *dg14.last_mut().unwrap() ^= 1;
    let reply = phone.upload(FileId::Dg(14), &dg14);
    assert_eq!(reply.refused(), (422, "pa"));
    let audited = bench.audited(&phone.enrolment_id, "enrolment.refused");
    assert_eq!(audited, ["pa.hash-mismatch(DG14)"]);
}

#[test]
fn the_key_of_another_document_proves_nothing() {
    let bench = Bench::start();
    let (passport, other) = (bench.passport(), another_passport(&bench));
    let mut phone = uploaded(&bench, 1, &passport);
    // A chip with the files of the one and the private keys of the other.
    let forged = Specimen { ca_keys: other.ca_keys, ..passport.clone() };
    let (attempt, task) = phone.ca_task();
    let responses = opened_chip(&forged).run_chip_authentication(&task).unwrap();
    // The chip cannot read commands under keys that it does not share, and says so without protection.
    let reply = phone.ca_answer(&attempt, &responses);
    refused(&mut phone, &reply, "ca", "ca.plain-response");
}

#[test]
fn a_genuine_chip_with_the_files_of_another_proves_nothing() {
    let bench = Bench::start();
    let (passport, other) = (bench.passport(), another_passport(&bench));
    let mut phone = uploaded(&bench, 1, &passport);
    let (attempt, task) = phone.ca_task();
    let responses = opened_chip(&other).run_chip_authentication(&task).unwrap();
    let reply = phone.ca_answer(&attempt, &responses);
    refused(&mut phone, &reply, "ca", "ca.plain-response");
}

#[test]
fn two_documents_that_share_a_key_are_told_apart_by_dg1() {
    let bench = Bench::start();
    let passport = bench.passport();
    // A State that put one key into two chips; the second chip's EF.DG1 has the same length.
    let mut twin = another_passport(&bench);
    twin.ca_keys = passport.ca_keys.clone();
    let mut phone = uploaded(&bench, 1, &passport);
    let (attempt, task) = phone.ca_task();
    let responses = opened_chip(&twin).run_chip_authentication(&task).unwrap();
    let reply = phone.ca_answer(&attempt, &responses);
    refused(&mut phone, &reply, "ca", "ca.dg1-mismatch");
}

#[test]
fn the_answers_to_the_key_agreement_are_no_proof() {
    let bench = Bench::start();
    let passport = bench.passport();
    let mut phone = uploaded(&bench, 1, &passport);
    let (attempt, task) = phone.ca_task();
    // What a chip says to MSE:Set AT and GENERAL AUTHENTICATE, as the phone sees it after it removed its own protection.
    let answers: Vec<Vec<u8>> = task.proof_commands.iter().map(|_| vec![0x7C, 0x00, 0x90, 0x00]).collect();
    let reply = phone.ca_answer(&attempt, &answers);
    refused(&mut phone, &reply, "ca", "ca.data-object");
}

#[test]
fn a_flipped_bit_or_a_missing_end_of_the_answer_is_noticed() {
    let bench = Bench::start();
    let passport = bench.passport();
    type Change = fn(&mut Vec<Vec<u8>>);
    let change: [(&str, Change); 3] = [
        ("a flipped bit", |r| {
            let last = r.last_mut().unwrap();
            let at = last.len() / 2;
            last[at] ^= 1;
        }),
        ("cut", |r| {
            let last = r.last_mut().unwrap();
            last.truncate(last.len() - 3);
        }),
        ("one response less", |r| drop(r.pop())),
    ];
    for (seed, (name, change)) in (1..).zip(change) {
        let mut phone = uploaded(&bench, seed, &passport);
        let (attempt, task) = phone.ca_task();
        let mut responses = opened_chip(&passport).run_chip_authentication(&task).unwrap();
        change(&mut responses);
        let reply = phone.ca_answer(&attempt, &responses);
        assert_eq!(reply.refused().0, 422, "{name}: {reply:?}");
        not_proved(&mut phone);
    }
}

#[test]
fn plain_responses_are_refused() {
    let bench = Bench::start();
    let passport = bench.passport();
    let mut phone = uploaded(&bench, 1, &passport);
    let (attempt, task) = phone.ca_task();
    // EF.DG1 itself, which the phone knows, without protection.
    let dg1 = passport.file(FileId::Dg(1));
    let mut responses = vec![vec![0x90, 0x00]; task.proof_commands.len()];
    responses[1] = [dg1, &[0x90, 0x00]].concat();
    let reply = phone.ca_answer(&attempt, &responses);
    refused(&mut phone, &reply, "ca", "ca.plain-response");
}

#[test]
fn the_first_answer_closes_the_task_right_or_wrong() {
    let bench = Bench::start();
    let passport = bench.passport();
    let mut phone = uploaded(&bench, 1, &passport);
    let (attempt, task) = phone.ca_task();
    let right = opened_chip(&passport).run_chip_authentication(&task).unwrap();
    assert_eq!(phone.ca_answer(&attempt, &[vec![0x90, 0x00]]).status, 422);
    assert_eq!(phone.ca_answer(&attempt, &right).refused(), (409, "chip.closed"));
    not_proved(&mut phone);
    // Another task has another ephemeral key, and its right answer counts.
    let (second, task_two) = phone.ca_task();
    assert_ne!(task.ephemeral_public_key, task_two.ephemeral_public_key);
    let right = opened_chip(&passport).run_chip_authentication(&task_two).unwrap();
    assert_eq!(phone.ca_answer(&second, &right).status, 200);
    assert_eq!(phone.ca_answer(&second, &right).refused(), (409, "chip.closed"));
}

#[test]
fn the_task_of_another_enrolment_is_unknown() {
    let bench = Bench::start();
    let passport = bench.passport();
    let mut one = uploaded(&bench, 1, &passport);
    let mut two = uploaded(&bench, 2, &passport);
    let (attempt, task) = one.ca_task();
    let responses = opened_chip(&passport).run_chip_authentication(&task).unwrap();
    assert_eq!(two.ca_answer(&attempt, &responses).refused(), (404, "request.not-found"));
    not_proved(&mut two);
    assert_eq!(one.ca_answer(&attempt, &responses).status, 200, "it is still its owner's");
}

#[test]
fn an_expired_task_is_refused() {
    let bench = Bench::start();
    let passport = bench.passport();
    let mut phone = uploaded(&bench, 1, &passport);
    let (attempt, task) = phone.ca_task();
    let responses = opened_chip(&passport).run_chip_authentication(&task).unwrap();
    bench.clock.advance(120);
    assert_eq!(phone.ca_answer(&attempt, &responses).refused(), (410, "chip.expired"));
    not_proved(&mut phone);
}

#[test]
fn another_device_key_does_not_speak_for_the_enrolment() {
    let bench = Bench::start();
    let passport = bench.passport();
    let mut phone = uploaded(&bench, 1, &passport);
    let stranger = Phone::open(&bench, 2);
    let own = phone.device.clone();
    // Signed by the stranger's key, in the stranger's name; then in the owner's name.
    phone.device = stranger.device.clone();
    let mut request = phone.request("POST", "/chip/authentication", b"");
    assert_eq!(phone.send(&request).refused(), (401, "request.signature"));
    request.headers[0].1 = protocol::device_id(&own.public_key());
    assert_eq!(phone.send(&request).refused(), (401, "request.signature"));
    phone.device = own;
    assert_eq!(phone.call("POST", "/chip/authentication", b"").status, 200);
}

#[test]
fn a_signature_of_an_old_challenge_is_refused() {
    let bench = Bench::start();
    let passport = bench.passport();
    let mut phone = uploaded(&bench, 1, &passport);
    let old = phone.aa_challenge();
    let new = phone.aa_challenge();
    let signature = opened_chip(&passport).internal_authenticate(&old.challenge.0).unwrap();
    // The old challenge closed when the new one was made.
    assert_eq!(phone.aa_answer(&old.attempt, signature.clone()).refused(), (409, "chip.closed"));
    let reply = phone.aa_answer(&new.attempt, signature);
    refused(&mut phone, &reply, "aa", "aa.signature");
}

#[test]
fn a_withheld_dg11_dg14_or_dg15_keeps_the_enrolment_from_going_on() {
    let bench = Bench::start();
    let passport = bench.passport();
    for (seed, withheld) in [(1, FileId::Dg(14)), (2, FileId::Dg(15)), (3, FileId::Dg(11))] {
        let mut without = passport.clone();
        without.files.remove(&withheld);
        let mut phone = uploaded(&bench, seed, &without);
        for step in ["/chip/verify", "/face"] {
            let reply = phone.call("POST", step, b"");
            let missing = (409, "enrolment.step-missing(files)");
            assert_eq!(reply.refused(), missing, "{withheld} {step}");
        }
        not_proved(&mut phone);
    }
}

#[test]
fn answers_are_limited_and_lost_tags_are_not_counted() {
    let bench = Bench::start();
    let passport = bench.passport();
    let mut phone = uploaded(&bench, 1, &passport);
    for _ in 0..8 {
        phone.ca_task();
    }
    for _ in 0..5 {
        let (attempt, _) = phone.ca_task();
        assert_eq!(phone.ca_answer(&attempt, &[]).status, 422);
    }
    let reply = phone.call("POST", "/chip/authentication", b"");
    assert_eq!(reply.refused(), (429, "enrolment.attempts"));
}

#[test]
fn a_state_that_is_not_trusted_is_told_at_the_first_file() {
    let bench = Bench::start();
    let stranger = test_passports::StateBuilder::new(NOW).named("XOM", "XO").build();
    let passport = bench.builder().issuing_state("XOM").nationality("XOM").build(&stranger);
    let mut phone = Phone::open(&bench, 1);
    let reply = phone.upload(FileId::Sod, passport.file(FileId::Sod));
    assert_eq!(reply.refused(), (422, "pa.csca-unknown"));
}

#[test]
fn a_chip_of_2017_without_info_is_proved_by_mse_set_kat() {
    let bench = Bench::start();
    let passport = bench.builder().french_chip_of_2017().build(&bench.utopia);
    let mut phone = uploaded(&bench, 1, &passport);
    let (attempt, task) = phone.ca_task();
    assert_eq!(task.protocol, chip_authentication::TaskProtocol::Kat);
    let responses = opened_chip(&passport).run_chip_authentication(&task).unwrap();
    assert_eq!(phone.ca_answer(&attempt, &responses).status, 200);
}

#[test]
fn rsa_chips_sign_too() {
    let bench = Bench::start();
    let offer = test_passports::ActiveAuthentication::Rsa2048;
    let passport = bench.builder().active_authentication(Some(offer)).build(&bench.utopia);
    let mut phone = uploaded(&bench, 1, &passport);
    phone.prove_chip(&passport);
}
