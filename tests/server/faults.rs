//! Answers of a chip that are wrong in one thing, against a running server. Where a cheat has no key, the tester lends it the
//! chip's: the MAC is then right, so that nothing but the one thing can refuse.

use std::collections::BTreeSet;

use crypto::{EcPublicKey, pad};
use emrtd::chip_authentication::ChipAuthenticationTask;
use lds::{FileId, tlv};
use test_passports::vectors::chip_session::Session;

use crate::common::Bench;
use crate::common::held::{Held, first_ec_key};
use crate::common::phone::{Phone, Reply, opened};

/// A phone with the files of the bench's passport, of which its chip is due to prove itself.
fn uploaded<'a>(bench: &'a Bench, seed: u64, held: &Held) -> Phone<'a> {
    let mut phone = Phone::open(bench, seed);
    phone.upload_all(&held.specimen);
    phone
}

/// The chip's side of the session that the task begins.
fn session(held: &Held, task: &ChipAuthenticationTask) -> Session {
    let (key, cipher) = first_ec_key(held);
    let theirs = EcPublicKey::from_sec1(key.curve(), &task.ephemeral_public_key).unwrap();
    Session::of_secret(cipher, &key.ecdh(&theirs).unwrap())
}

fn missing_chip(phone: &mut Phone<'_>) -> bool {
    let steps = phone.call("GET", "", b"").body["missing"].as_array().unwrap().clone();
    steps.iter().any(|step| step == "chip")
}

/// What a chip answers, and what the server says of it: the phone hears the family, the audit log the code.
fn judged(
    held: &Held,
    seed: u64,
    bench: &Bench,
    answer: impl FnOnce(&mut Session, &[u8]) -> Vec<Vec<u8>>,
) -> String {
    let mut phone = uploaded(bench, seed, held);
    let (attempt, task) = phone.ca_task();
    assert_eq!(task.proof_commands.len(), 2, "SELECT and one READ BINARY");
    let responses = answer(&mut session(held, &task), held.specimen.file(FileId::Dg(1)));
    let reply: Reply = phone.ca_answer(&attempt, &responses);
    let code = match reply.status {
        200 => "right".to_owned(),
        422 => bench.audited(&phone.enrolment_id, "enrolment.refused").last().unwrap().clone(),
        _ => reply.refused().1.to_owned(),
    };
    if code != "right" {
        assert!(missing_chip(&mut phone), "{code}");
        assert!(["ca", "nfc", "request.too-large"].contains(&reply.refused().1), "{reply:?}");
    }
    code
}

type Answer = fn(&mut Session, &[u8]) -> Vec<Vec<u8>>;

/// The objects of a right answer to READ BINARY, for a counter that stands at it.
fn objects(session: &Session, dg1: &[u8]) -> [Vec<u8>; 2] {
    let block = 16;
    [session.cryptogram(&pad::pad_method2(dg1, block)), tlv::encode(0x99, &[0x90, 0x00])]
}

const OK: [u8; 2] = [0x90, 0x00];

#[test]
fn a_right_mac_does_not_help_what_is_wrong_otherwise() {
    let bench = Bench::start();
    let held = Held::from(bench.builder().active_authentication(None).build(&bench.utopia));
    let cases: [(&str, &str, Answer); 19] = [
        ("nothing is wrong", "right", |s, dg1| vec![s.respond(b""), s.respond(dg1)]),
        ("the counter does not go on", "ca.mac", |s, dg1| {
            let first = s.respond(b"");
            vec![first, s.protect(dg1, OK)]
        }),
        ("the counter goes on too far", "ca.mac", |s, dg1| {
            let first = s.respond(b"");
            s.counter += 2;
            vec![first, s.respond(dg1)]
        }),
        ("the counter begins with the command of the key agreement", "ca.mac", |s, dg1| {
            s.counter = 2;
            vec![s.respond(b""), s.respond(dg1)]
        }),
        ("the answers change places", "ca.mac", |s, dg1| {
            let mut answers = vec![s.respond(b""), s.respond(dg1)];
            answers.reverse();
            answers
        }),
        ("the first answer twice", "ca.mac", |s, _| {
            let first = s.respond(b"");
            vec![first.clone(), first]
        }),
        ("no MAC", "ca.mac-missing", |s, dg1| {
            let first = s.respond(b"");
            s.counter += 2;
            vec![first, [objects(s, dg1).concat(), OK.to_vec()].concat()]
        }),
        ("no status inside", "ca.status-missing", |s, dg1| {
            let first = s.respond(b"");
            s.counter += 2;
            let [cryptogram, _] = objects(s, dg1);
            vec![first, s.seal(cryptogram, OK)]
        }),
        ("6282 inside and 9000 outside", "ca.status-mismatch", |s, dg1| {
            let first = s.respond(b"");
            s.counter += 2;
            let mut second = s.protect(dg1, [0x62, 0x82]);
            let end = second.len() - 2;
            second[end..].copy_from_slice(&OK);
            vec![first, second]
        }),
        ("6282 inside and outside", "ca.status", |s, dg1| {
            let first = s.respond(b"");
            s.counter += 2;
            vec![first, s.protect(dg1, [0x62, 0x82])]
        }),
        ("an error to SELECT, protected", "ca.status", |s, dg1| {
            s.counter += 2;
            let first = s.protect(b"", [0x6A, 0x82]);
            vec![first, s.respond(dg1)]
        }),
        ("an object that no response has", "ca.data-object", |s, dg1| {
            let first = s.respond(b"");
            s.counter += 2;
            let [cryptogram, status] = objects(s, dg1);
            vec![first, s.seal([cryptogram, tlv::encode(0x85, &[0]), status].concat(), OK)]
        }),
        ("a second cryptogram", "ca.data-object", |s, dg1| {
            let first = s.respond(b"");
            s.counter += 2;
            let [cryptogram, status] = objects(s, dg1);
            vec![first, s.seal([cryptogram.clone(), cryptogram, status].concat(), OK)]
        }),
        ("the status before the cryptogram", "ca.data-object", |s, dg1| {
            let first = s.respond(b"");
            s.counter += 2;
            let [cryptogram, status] = objects(s, dg1);
            vec![first, s.seal([status, cryptogram].concat(), OK)]
        }),
        ("no padding", "ca.padding", |s, dg1| {
            let first = s.respond(b"");
            s.counter += 2;
            let mut whole = dg1.to_vec();
            whole.resize(dg1.len().next_multiple_of(16), 0);
            vec![first, s.seal([s.cryptogram(&whole), tlv::encode(0x99, &OK)].concat(), OK)]
        }),
        ("one byte less", "ca.length", |s, dg1| vec![s.respond(b""), s.respond(&dg1[..dg1.len() - 1])]),
        ("one byte more", "ca.length", |s, dg1| vec![s.respond(b""), s.respond(&[dg1, &[0]].concat())]),
        ("data in the answer to SELECT", "ca.length", |s, dg1| vec![s.respond(b"x"), s.respond(dg1)]),
        ("another byte of EF.DG1", "ca.dg1-mismatch", |s, dg1| {
            let mut other = dg1.to_vec();
            *other.last_mut().unwrap() ^= 1;
            vec![s.respond(b""), s.respond(&other)]
        }),
    ];
    for (seed, (name, code, answer)) in (1..).zip(cases) {
        assert_eq!(judged(&held, seed, &bench, answer), code, "{name}");
    }
}

#[test]
fn what_is_no_list_of_answers_is_refused() {
    let bench = Bench::start();
    let held = Held::from(bench.builder().active_authentication(None).build(&bench.utopia));
    let cases: [(&str, &str, Answer); 8] = [
        ("no answer", "ca.count", |_, _| Vec::new()),
        ("one answer", "ca.count", |s, _| vec![s.respond(b"")]),
        ("three answers", "ca.count", |s, dg1| vec![s.respond(b""), s.respond(dg1), s.respond(dg1)]),
        ("an empty answer", "nfc.malformed-apdu", |s, _| vec![s.respond(b""), Vec::new()]),
        ("bytes behind the MAC", "ca.data-object", |s, dg1| {
            let (first, mut second) = (s.respond(b""), s.respond(dg1));
            let end = second.len() - 2;
            second.splice(end..end, [0x99, 0x02, 0x90, 0x00]);
            vec![first, second]
        }),
        ("a MAC of four bytes", "ca.mac", |s, dg1| {
            let (first, mut second) = (s.respond(b""), s.respond(dg1));
            let mac = second.len() - 2 - 8;
            second[mac - 1] = 4;
            second.drain(mac + 4..mac + 8);
            vec![first, second]
        }),
        ("an answer that no chip can give", "request.too-large", |s, _| vec![s.respond(b""), vec![0; 1025]]),
        ("more answers than any file has", "request.too-large", |_, _| vec![vec![0x90, 0x00]; 17]),
    ];
    for (seed, (name, code, answer)) in (1..).zip(cases) {
        assert_eq!(judged(&held, seed, &bench, answer), code, "{name}");
    }
}

#[test]
fn every_bit_of_the_answer_counts() {
    let bench = Bench::start();
    let held = Held::from(bench.builder().active_authentication(None).build(&bench.utopia));
    // One attempt for each of some bits spread over both answers; all bits are flipped where it is quick (emrtd's tests).
    let mut phone = uploaded(&bench, 1, &held);
    for bit in [3, 77, 401, 900, 1040] {
        let (attempt, task) = phone.ca_task();
        let mut session = session(&held, &task);
        let mut answers = [session.respond(b""), session.respond(held.specimen.file(FileId::Dg(1)))];
        let first = 8 * answers[0].len();
        let (answer, bit) = if bit < first { (0, bit) } else { (1, bit - first) };
        answers[answer][bit / 8] ^= 1 << (bit % 8);
        assert_eq!(
            phone.ca_answer(&attempt, &answers).refused(),
            (422, "ca"),
            "bit {bit} of answer {answer}"
        );
    }
    assert!(missing_chip(&mut phone));
}

#[test]
fn answers_do_not_serve_another_task_or_device() {
    let bench = Bench::start();
    let held = Held::from(bench.builder().active_authentication(None).build(&bench.utopia));
    let (mut one, mut two) = (uploaded(&bench, 1, &held), uploaded(&bench, 2, &held));
    let (first, task) = one.ca_task();
    let right = opened(&held).run_chip_authentication(&task).unwrap();
    // Another device's own task is answered with what the chip said to the first's.
    let (theirs, _) = two.ca_task();
    assert_eq!(two.ca_answer(&theirs, &right).refused(), (422, "ca"));
    assert_eq!(bench.audited(&two.enrolment_id, "enrolment.refused"), ["ca.mac"]);
    // The same device's next task closes the first, and is not answered by it.
    let (second, _) = one.ca_task();
    assert_eq!(one.ca_answer(&first, &right).refused(), (409, "chip.closed"));
    assert_eq!(one.ca_answer(&second, &right).refused(), (422, "ca"));
    assert!(missing_chip(&mut one) && missing_chip(&mut two));
    // The kinds of attempts are two: a signature does not close a task.
    let (third, task) = one.ca_task();
    assert_eq!(one.aa_answer(&third, vec![0; 64]).refused(), (404, "request.not-found"));
    let right = opened(&held).run_chip_authentication(&task).unwrap();
    assert_eq!(one.ca_answer(&third, &right).status, 200);
}

#[test]
fn of_answers_sent_at_once_one_is_judged() {
    let bench = Bench::start();
    let held = Held::from(bench.builder().active_authentication(None).build(&bench.utopia));
    let mut phone = uploaded(&bench, 1, &held);
    let (attempt, task) = phone.ca_task();
    let right = opened(&held).run_chip_authentication(&task).unwrap();
    let body =
        protocol::enrolment::ChipResponses { responses: right.into_iter().map(protocol::Base64).collect() };
    let body = serde_json::to_vec(&body).unwrap();
    let path = format!("/chip/authentication/{attempt}");
    let requests: Vec<_> = (0..8).map(|_| phone.request("POST", &path, &body)).collect();
    let replies: Vec<Reply> = std::thread::scope(|scope| {
        let sent: Vec<_> = requests.iter().map(|request| scope.spawn(|| phone.send(request))).collect();
        sent.into_iter().map(|reply| reply.join().unwrap()).collect()
    });
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1, "{replies:?}");
    let others: BTreeSet<&str> =
        replies.iter().filter(|reply| reply.status != 200).map(|reply| reply.refused().1).collect();
    let expected = ["chip.closed", "request.sequence", "server.unavailable"];
    assert!(others.iter().all(|code| expected.contains(code)), "{others:?}");
    assert!(!missing_chip(&mut phone));
}

#[test]
fn nothing_is_taken_after_the_seal() {
    let bench = Bench::start();
    let passport = bench.passport();
    let (mut phone, _) = Phone::enrol(&bench, 1, &passport);
    // Numbers go on where the enrolment's ended.
    phone.sequence = 1000;
    for (method, step) in [
        ("PUT", "/chip/files/EF.DG1"),
        ("PUT", "/chip/files/EF.CardSecurity"),
        ("POST", "/chip/authentication"),
        ("POST", "/chip/active-authentication"),
        ("POST", "/chip/verify"),
        ("POST", "/face"),
    ] {
        let reply = phone.call(method, step, passport.file(FileId::Dg(1)));
        assert_eq!(reply.refused(), (409, "enrolment.closed"), "{step}");
    }
}

#[test]
fn a_file_is_not_exchanged_after_it_was_judged() {
    let bench = Bench::start();
    let (passport, other) =
        (bench.passport(), bench.builder().document_number("X11111111").build(&bench.utopia));
    let mut phone = uploaded(&bench, 1, &passport.clone().into());
    phone.prove_chip(&passport);
    for file in [FileId::Sod, FileId::Dg(1), FileId::Dg(14), FileId::Dg(15), FileId::Dg(2)] {
        let bytes = other.file(file).to_vec();
        let reply = phone.call("PUT", &format!("/chip/files/{file}"), &bytes);
        let same = bytes == passport.file(file);
        assert_eq!(reply.refused() == (422, "nfc.different-document"), !same, "{file}");
        assert_eq!(reply.status == 200, same, "{file}");
    }
}
