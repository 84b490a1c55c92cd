//! Enrolments against a running server: order, repeats, evidence of two enrolments joined, races.

use crate::common::Bench;
use crate::common::phone::{EMAIL, Phone, send};
use face::{EngineResult, ReviewSignal, Verdict};
use lds::FileId;
use lds::mrz::Format;
use protocol::Base64;
use protocol::enrolment::{Contact, ContactCode, FaceDecision, Sealed};
use protocol::seal::SealTranscript;

#[test]
fn an_enrolment_makes_an_active_identity_of_level_eidas2() {
    let bench = Bench::start();
    let (phone, sealed) = Phone::enrol(&bench, 1, &bench.passport());
    assert_eq!((sealed.state.as_str(), sealed.level.as_str()), ("active", "eidas2"));
    assert_eq!(sealed.device_id, phone.device_id());
    assert!(!sealed.replaced && sealed.recovery_code.len() >= 20);
}

#[test]
fn a_residence_permit_enrols_too() {
    let bench = Bench::start();
    let permit = bench.builder().document(Format::Td1, "IR").build(&bench.utopia);
    let (_, sealed) = Phone::enrol(&bench, 1, &permit);
    assert_eq!(sealed.level, "eidas2");
}

#[test]
fn a_document_of_a_kind_that_is_not_accepted_is_refused() {
    let bench = Bench::start();
    let card = bench.builder().document(Format::Td1, "ID").build(&bench.utopia);
    let mut phone = Phone::open(&bench, 1);
    assert_eq!(phone.upload(FileId::Sod, card.file(FileId::Sod)).status, 200);
    let reply = phone.upload(FileId::Dg(1), card.file(FileId::Dg(1)));
    assert_eq!(reply.refused(), (422, "enrolment.document-type"));
}

#[test]
fn nobody_below_the_minimum_age_is_enrolled() {
    let bench = Bench::start();
    for (seed, born, status) in [(1, (2008, 6, 1), 200), (2, (2008, 6, 2), 422)] {
        let passport = bench.builder().birth_date(born.0, born.1, born.2).build(&bench.utopia);
        let mut phone = Phone::open(&bench, seed);
        phone.verify_email();
        phone.upload_all(&passport);
        assert_eq!(phone.declare().status, status, "{born:?} on 1 June 2026");
    }
}

#[test]
fn an_expired_document_is_refused() {
    let bench = Bench::start();
    let passport = bench.builder().expiry_date(2026, 5, 31).build(&bench.utopia);
    let mut phone = Phone::open(&bench, 1);
    phone.upload_all(&passport);
    phone.prove_chip(&passport);
    assert_eq!(phone.call("POST", "/chip/verify", b"").refused(), (422, "pa.document-expired"));
}

#[test]
fn a_repeat_of_the_same_bytes_gets_the_same_answer_and_other_bytes_none() {
    let bench = Bench::start();
    let passport = bench.passport();
    let mut phone = Phone::open(&bench, 1);
    phone.upload_all(&passport);
    let request = phone.request("POST", "/chip/active-authentication", b"");
    let first = phone.send(&request);
    assert_eq!((first.status, phone.send(&request)), (200, first.clone()));
    // The next request in the place of the first, then behind it.
    phone.sequence -= 1;
    assert_eq!(phone.call("POST", "/chip/authentication", b"").refused(), (409, "request.idempotency"));
    phone.sequence -= 1;
    let mut late = phone.request("POST", "/chip/authentication", b"");
    late.headers.retain(|(name, _)| *name != "idempotency-key");
    assert_eq!(phone.send(&late).refused(), (400, "request.malformed"));
}

#[test]
fn the_answer_to_the_seal_can_be_asked_for_again() {
    let bench = Bench::start();
    let mut phone = Phone::up_to_the_seal(&bench, 1, &bench.passport());
    let seal = serde_json::to_vec(&phone.sealed_by_both_keys(&phone.transcript)).unwrap();
    let request = phone.request("POST", "/seal", &seal);
    let first: Sealed = phone.send(&request).ok();
    let again: Sealed = phone.send(&request).ok();
    assert_eq!((first.recovery_code, first.replaced), (again.recovery_code, again.replaced));
    assert_eq!(phone.call("GET", "", b"").refused(), (409, "enrolment.closed"));
    assert_eq!(phone.seal().refused(), (409, "enrolment.closed"));
}

#[test]
fn a_wrong_secret_and_an_unknown_enrolment_look_the_same() {
    let bench = Bench::start();
    let mut phone = Phone::open(&bench, 1);
    let mut request = phone.request("GET", "", b"");
    let bearer = request.headers.iter_mut().find(|(name, _)| *name == "authorization").unwrap();
    bearer.1 = format!("Bearer {}", Base64(vec![7; 32]));
    let wrong = phone.send(&request);
    phone.enrolment_id = "0".repeat(32);
    assert_eq!(wrong.refused(), (404, "request.not-found"));
    assert_eq!(phone.call("GET", "", b""), wrong);
}

#[test]
fn a_cancelled_enrolment_holds_nothing_and_an_expired_one_is_over() {
    let bench = Bench::start();
    let mut phone = Phone::open(&bench, 1);
    assert_eq!(phone.call("DELETE", "", b"").status, 204);
    assert_eq!(phone.call("GET", "", b"").refused(), (409, "enrolment.closed"));
    let mut phone = Phone::open(&bench, 2);
    bench.clock.advance(3600);
    assert_eq!(phone.call("GET", "", b"").refused(), (410, "enrolment.expired"));
}

#[test]
fn a_wrong_mail_code_counts_and_the_right_one_is_for_the_newest_address() {
    let bench = Bench::start();
    let mut phone = Phone::open(&bench, 1);
    let contact = |email: &str| Contact { email: email.into() };
    assert_eq!(phone.json("PUT", "/contact", &contact("no address")).refused(), (422, "contact.email"));
    assert_eq!(phone.json("PUT", "/contact", &contact("first@example.org")).status, 200);
    let first = bench.mailed_code("first@example.org");
    assert_eq!(phone.json("PUT", "/contact", &contact(EMAIL)).status, 200);
    let code = |code: &str| ContactCode { code: code.to_owned() };
    let right = bench.mailed_code(EMAIL);
    assert_ne!(first, right);
    for wrong in [&first, "000000", "", "12"] {
        let reply = phone.json("POST", "/contact/verify", &code(wrong));
        assert_eq!(reply.refused(), (422, "contact.code"), "{wrong}");
    }
    assert_eq!(phone.json("POST", "/contact/verify", &code(&right)).status, 200);
    assert_eq!(phone.json("POST", "/contact/verify", &code(&right)).refused(), (422, "contact.expired"));
}

/// 24 hours for the code, while the enrolment holds nothing of the chip; then its hour begins.
#[test]
fn a_mail_code_counts_for_a_day_and_then_the_hour_of_the_enrolment_begins() {
    let bench = Bench::start();
    let contact = Contact { email: EMAIL.into() };
    let verify = |phone: &mut Phone<'_>| {
        let code = ContactCode { code: bench.mailed_code(EMAIL) };
        phone.json("POST", "/contact/verify", &code)
    };
    let mut phone = Phone::open(&bench, 1);
    assert_eq!(phone.json("PUT", "/contact", &contact).status, 200);
    bench.clock.advance(24 * 3600 - 1);
    assert_eq!(verify(&mut phone).status, 200);
    bench.clock.advance(3599);
    assert_eq!(phone.call("GET", "", b"").status, 200);
    bench.clock.advance(1);
    assert_eq!(phone.call("GET", "", b"").refused(), (410, "enrolment.expired"));

    // A day later code and enrolment are over.
    let mut late = Phone::open(&bench, 2);
    assert_eq!(late.json("PUT", "/contact", &contact).status, 200);
    bench.clock.advance(24 * 3600);
    assert_eq!(verify(&mut late).refused(), (410, "enrolment.expired"));

    // Five wrong tries use the code up; the next mail brings another.
    let mut guessed = Phone::open(&bench, 3);
    assert_eq!(guessed.json("PUT", "/contact", &contact).status, 200);
    for _ in 0..5 {
        let wrong = guessed.json("POST", "/contact/verify", &ContactCode { code: "x".into() });
        assert_eq!(wrong.refused(), (422, "contact.code"));
    }
    assert_eq!(verify(&mut guessed).refused(), (422, "contact.expired"));
    assert_eq!(guessed.json("PUT", "/contact", &contact).status, 200);
    assert_eq!(verify(&mut guessed).status, 200);

    // What is read of the chip never waits for a day.
    let mut reading = Phone::open(&bench, 4);
    assert_eq!(reading.json("PUT", "/contact", &contact).status, 200);
    let passport = bench.passport();
    assert_eq!(reading.upload(FileId::Sod, passport.file(FileId::Sod)).status, 200);
    bench.clock.advance(3600);
    assert_eq!(reading.call("GET", "", b"").refused(), (410, "enrolment.expired"));
}

#[test]
fn a_face_result_counts_once_and_only_as_it_was_asked_for() {
    let bench = Bench::start();
    let passport = bench.passport();
    let open = |seed| {
        let mut phone = Phone::open(&bench, seed);
        phone.upload_all(&passport);
        phone.prove_chip(&passport);
        phone
    };
    type Change = fn(&mut face::EngineResult);
    let change: [(&str, Change); 8] = [
        ("face.nonce", |r| r.capture_nonce.push('x')),
        ("face.portrait-mismatch", |r| r.portrait_sha256[0] ^= 1),
        ("face.enrolment", |r| r.enrolment_id.push('x')),
        ("face.device", |r| r.device_key_thumbprint[0] ^= 1),
        ("face.engine-version", |r| r.engine_version.push('x')),
        ("face.expired", |r| r.expires_at = r.captured_at),
        ("face.liveness", |r| r.presentation.verdict = Verdict::Failed),
        ("face.below-threshold", |r| r.similarity = 0.1),
    ];
    for (seed, (code, change)) in (1..).zip(change) {
        let mut phone = open(seed);
        let session = phone.face_session();
        let honest = phone.engine_result(&session);
        let mut result = honest.clone();
        change(&mut result);
        let told = if code == "face.expired" { code } else { "face" };
        assert_eq!(phone.submit_face(&result).refused(), (422, told), "{code}");
        let audited = bench.audited(&phone.enrolment_id, "enrolment.refused");
        assert_eq!(audited, if told == code { vec![] } else { vec![code] });
        // The session is over, also for the honest result.
        assert_eq!(phone.submit_face(&honest).refused(), (422, "face.expired"));
    }
    let mut phone = open(9);
    let session = phone.face_session();
    let result = phone.engine_result(&session);
    let _: FaceDecision = phone.submit_face(&result).ok();
    assert_eq!(phone.submit_face(&result).status, 422);
    assert_eq!(phone.call("POST", "/face", b"").status, 409, "the holder is decided");
}

#[test]
fn no_result_of_an_engine_counts_twice_even_for_another_capture() {
    let bench = Bench::start();
    let passport = bench.passport();
    let mut two = [1, 2].map(|seed| {
        let mut phone = Phone::open(&bench, seed);
        phone.upload_all(&passport);
        phone.prove_chip(&passport);
        let session = phone.face_session();
        let result = phone.engine_result(&session);
        (phone, result)
    });
    let (first, result) = &mut two[0];
    assert_eq!(first.submit_face_named("the same name", result).status, 200);
    let (second, result) = &mut two[1];
    assert_eq!(second.submit_face_named("the same name", result).refused(), (422, "face"));
    assert_eq!(bench.audited(&second.enrolment_id, "enrolment.refused"), ["face.replayed"]);
}

#[test]
fn what_an_engine_wants_reviewed_waits_for_a_person() {
    let bench = Bench::start();
    let passport = bench.passport();
    let mut phone = Phone::open(&bench, 1);
    phone.verify_email();
    phone.upload_all(&passport);
    phone.prove_chip(&passport);
    assert_eq!(phone.declare().status, 200);
    let session = phone.face_session();
    let doubtful = EngineResult { review: vec![ReviewSignal::Morph], ..phone.engine_result(&session) };
    let decision: FaceDecision = phone.submit_face(&doubtful).ok();
    phone.transcript.holder_decision = decision.decision_id;
    phone.register_pin();
    let sealed: Sealed = phone.seal().ok();
    assert_eq!(sealed.state, "review_pending");
    phone.sequence = 0;
    let reply = phone.login_call("GET", "/v1/logins", &());
    assert_eq!(reply.refused(), (403, "identity-state.review-pending"));
}

#[test]
fn the_portrait_is_gone_after_the_decision() {
    let bench = Bench::start();
    let passport = bench.passport();
    let mut phone = Phone::up_to_the_seal(&bench, 1, &passport);
    let progress = phone.call("GET", "", b"");
    assert!(progress.body["files"].get("EF.DG1").is_some());
    assert!(progress.body["files"].get("EF.DG2").is_none());
    let reply = phone.upload(FileId::Dg(2), passport.file(FileId::Dg(2)));
    assert_eq!(reply.refused(), (409, "enrolment.closed"));
}

#[test]
fn each_part_of_the_transcript_taken_from_another_enrolment_is_refused() {
    let bench = Bench::start();
    let one = Phone::up_to_the_seal(&bench, 1, &bench.passport());
    let other_passport = bench.builder().document_number("X11111111").portrait_tint(9).build(&bench.utopia);
    let mut two = Phone::up_to_the_seal(&bench, 2, &other_passport);
    let honest = two.transcript.clone();
    type Take = fn(&mut SealTranscript, &SealTranscript);
    let take: [(&str, Take); 8] = [
        ("enrolment", |t, other| t.enrolment_id.clone_from(&other.enrolment_id)),
        ("files", |t, other| t.files.clone_from(&other.files)),
        ("portrait", |t, other| t.portrait_digest.clone_from(&other.portrait_digest)),
        ("CA attempt", |t, other| t.chip_authentication.clone_from(&other.chip_authentication)),
        ("AA challenge", |t, other| {
            t.active_authentication_challenge.clone_from(&other.active_authentication_challenge);
        }),
        ("decision", |t, other| t.holder_decision.clone_from(&other.holder_decision)),
        ("device key", |t, other| t.device_key.clone_from(&other.device_key)),
        ("PIN key", |t, other| t.pin_key.clone_from(&other.pin_key)),
    ];
    for (name, take) in take {
        let mut mixed = honest.clone();
        take(&mut mixed, &one.transcript);
        assert_ne!(mixed, honest, "{name}");
        let seal = two.sealed_by_both_keys(&mixed);
        assert_eq!(two.json("POST", "/seal", &seal).refused(), (422, "enrolment.seal"), "{name}");
    }
    // Signatures of the other phone over the honest transcript.
    let foreign = one.sealed_by_both_keys(&honest);
    assert_eq!(two.json("POST", "/seal", &foreign).refused(), (422, "enrolment.seal"));
    assert_eq!(two.seal().status, 200);
}

#[test]
fn requests_of_one_enrolment_do_not_work_in_another() {
    let bench = Bench::start();
    let mut one = Phone::open(&bench, 1);
    let mut two = Phone::open(&bench, 2);
    // One's signed request, sent with the other's name and secret.
    let mut request = one.request("GET", "", b"");
    let target = two.request("GET", "", b"");
    request.path.clone_from(&target.path);
    let bearer = target.headers.iter().find(|(name, _)| *name == "authorization").unwrap().clone();
    request.headers.retain(|(name, _)| *name != "authorization");
    request.headers.push(bearer);
    assert_eq!(two.send(&request).refused(), (401, "request.signature"));
}

#[test]
fn steps_out_of_order_say_what_is_missing() {
    let bench = Bench::start();
    let passport = bench.passport();
    let mut phone = Phone::begin(&bench, 1);
    let missing = |step: &str| format!("enrolment.step-missing({step})");
    // Nothing of a person is kept before she agreed.
    let reply = phone.upload(FileId::Sod, passport.file(FileId::Sod));
    assert_eq!(reply.refused(), (409, missing("consents").as_str()));
    let reply = phone.json("PUT", "/contact", &Contact { email: EMAIL.into() });
    assert_eq!(reply.refused(), (409, missing("consents").as_str()));
    phone.consent();
    let reply = phone.upload(FileId::Dg(1), passport.file(FileId::Dg(1)));
    assert_eq!(reply.refused(), (409, missing("files").as_str()));
    assert_eq!(phone.declare().refused(), (409, missing("contact").as_str()));
    assert_eq!(phone.call("POST", "/face", b"").refused(), (409, missing("files").as_str()));
    let seal = phone.sealed_by_both_keys(&phone.transcript);
    assert_eq!(phone.json("POST", "/seal", &seal).refused(), (409, missing("contact").as_str()));
}

#[test]
fn a_new_address_must_be_verified_again() {
    let bench = Bench::start();
    let mut phone = Phone::open(&bench, 1);
    phone.verify_email();
    phone.upload_all(&bench.passport());
    assert_eq!(phone.declare().status, 200);
    assert_eq!(phone.json("PUT", "/contact", &Contact { email: "other@example.org".into() }).status, 200);
    assert_eq!(phone.declare().refused(), (409, "enrolment.step-missing(contact)"));
}

#[test]
fn a_phone_that_is_refused_is_audited_and_judged_a_few_times_only() {
    let bench = Bench::start();
    let opened: protocol::enrolment::Opened =
        send("POST", &format!("{}/v1/enrolments", bench.url), &[], b"").ok();
    let mut phone = Phone::begin(&bench, 1);
    // Keys that are attested over another enrolment's challenge.
    let attestation = phone.attestation(b"another challenge");
    phone.enrolment_id.clone_from(&opened.enrolment_id);
    phone.bearer = opened.secret.to_string();
    phone.nonce = opened.challenge.to_string();
    for _ in 0..5 {
        assert_eq!(phone.json("POST", "/device", &attestation).refused(), (422, "device"));
    }
    assert_eq!(phone.json("POST", "/device", &attestation).refused(), (429, "enrolment.attempts"));
    let audited = bench.audited(&opened.enrolment_id, "enrolment.refused");
    assert_eq!(audited, ["device.attestation-challenge"; 5]);
}

#[test]
fn numbers_and_names_that_no_phone_sends_are_refused() {
    let bench = Bench::start();
    let mut phone = Phone::open(&bench, 1);
    phone.sequence = u64::MAX - 1;
    assert_eq!(phone.call("GET", "", b"").refused(), (401, "request.signature"));
    phone.sequence = 10;
    phone.enrolment_id = "%00".to_owned();
    assert_eq!(phone.call("GET", "", b"").refused(), (404, "request.not-found"));
}

#[test]
fn a_renewed_enrolment_keeps_the_subject_and_revokes_the_old_phone() {
    let bench = Bench::start();
    let passport = bench.passport();
    let (mut old, _) = Phone::enrol(&bench, 1, &passport);
    let mut phone = Phone::open(&bench, 2);
    phone.verify_email_of("thief@example.net");
    phone.finish(&passport);
    let sealed: Sealed = phone.seal().ok();
    assert!(sealed.replaced);
    bench.runtime.block_on(sceau::outbox::deliver(bench.state())).unwrap();
    let mails = crate::common::mails(&bench.folder.path().join("mail"));
    let told = |to: &str| mails.iter().any(|m| m.contains(to) && m.contains("A new phone can now approve"));
    assert!(told(EMAIL) && told("thief@example.net"), "both addresses are told");
    let reply = old.login_call("GET", "/v1/logins", &());
    assert_eq!(reply.refused(), (403, "device-state.unknown"));
}

#[test]
fn a_phone_under_another_root_or_of_another_app_is_not_taken() {
    let bench = Bench::start();
    let other = Bench::with(|config| config.replace("org.example.sceau", "org.example.other"));
    let url = format!("{}/v1/enrolments", other.url);
    let opened: protocol::enrolment::Opened = send("POST", &url, &[], b"").ok();
    let mut phone = Phone::open(&bench, 1);
    let attestation = serde_json::to_vec(&phone.attestation(&opened.challenge.0)).unwrap();
    phone.enrolment_id = opened.enrolment_id;
    phone.bearer = opened.secret.to_string();
    phone.nonce = opened.challenge.to_string();
    let request = phone.request("POST", "/device", &attestation);
    let reply = send("POST", &format!("{}{}", other.url, request.path), &request.headers, &request.body);
    assert_eq!(reply.refused(), (422, "device"));
}

#[test]
fn places_are_found_and_the_api_is_described() {
    let bench = Bench::start();
    let places = send("GET", &format!("{}/v1/places?name=saint-etienne&departement=42", bench.url), &[], b"");
    assert_eq!(places.body["places"][0]["code"], "42218");
    let countries = send("GET", &format!("{}/v1/places?name=portugal", bench.url), &[], b"");
    assert!(countries.body["places"].as_array().unwrap().iter().any(|p| p["code"] == "99139"));
    let nameless = send("GET", &format!("{}/v1/places", bench.url), &[], b"");
    assert_eq!(nameless.refused(), (400, "request.malformed"));
    let posted = send("POST", &format!("{}/v1/config", bench.url), &[], b"");
    assert_eq!(posted.refused(), (405, "request.method"));
    let description = send("GET", &format!("{}/openapi.json", bench.url), &[], b"");
    assert!(description.body["paths"]["/v1/enrolments/{id}/seal"]["post"].is_object());
}
