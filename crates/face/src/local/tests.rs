use crypto::{Curve, EcPrivateKey, HashAlgorithm};
use protocol::Base64;
use protocol::DeviceProof;
use protocol::capture::{CaptureStep, FrameMark, StepStatement};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

use super::*;
use crate::{Capture, CaptureContext, CapturedStep, Challenge, ChallengeError, Movement, PortraitFinding};

const NOW: UnixTime = UnixTime(1_800_000_000);

/// A picture of the people who do not exist (faces/README.md).
pub(super) fn read(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/faces/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

pub(super) fn portrait_of(person: &str) -> Portrait {
    Portrait::from_image(&read(&format!("{person}/portrait.jp2"))).unwrap()
}

/// A capture in which a person does what is asked, two frames a step; `change` has the frames before they are signed.
pub(super) fn capture_of(
    person: &str,
    change: impl FnOnce(&mut Vec<(CaptureStep, Vec<Vec<u8>>)>),
) -> ChallengeEvidence {
    capture(Movement::Head, person, change)
}

fn capture(
    movement: Movement,
    person: &str,
    change: impl FnOnce(&mut Vec<(CaptureStep, Vec<Vec<u8>>)>),
) -> ChallengeEvidence {
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let challenge = Challenge::draw(movement, NOW, &mut rng);
    let key = EcPrivateKey::generate(Curve::P256, &mut rng);
    let device_key = key.public_key().into();
    let mut frames: Vec<(CaptureStep, Vec<Vec<u8>>)> = Vec::new();
    for step in challenge.steps() {
        let again = frames.iter().filter(|(s, _)| s == step).count();
        let names = (1..=2).map(|n| read(&format!("{person}/{}-{}.jpg", step.as_str(), 2 * again + n)));
        frames.push((*step, names.collect()));
    }
    change(&mut frames);
    let context = CaptureContext { issuer: "i", enrolment_id: "e", device_key: &device_key };
    let mut capture = Capture::begin(&challenge, context);
    let mut previous = Base64(Vec::new());
    for (i, (step, frames)) in frames.into_iter().enumerate() {
        let mark = |(n, frame): (usize, &Vec<u8>)| FrameMark {
            at_ms: 2000 * i as i64 + 500 * n as i64,
            sha256: crypto::sha256(frame).into(),
        };
        let statement = StepStatement {
            issuer: "i".into(),
            enrolment_id: "e".into(),
            capture_nonce: challenge.nonce().into(),
            index: i as u8,
            step,
            previous,
            frames: frames.iter().enumerate().map(mark).collect(),
        };
        previous = Base64(statement.digest().to_vec());
        let signature = key.sign(HashAlgorithm::Sha256, &statement.signing_bytes());
        let proof = DeviceProof::Ecdsa(Base64(signature.to_plain(Curve::P256)));
        capture.add(CapturedStep { statement, proof, frames, received_at: NOW }).unwrap();
    }
    capture.finish().unwrap()
}

/// The portrait of the BSI reference data set, which is not committed: `Datagroup2.bin` in the folder of
/// `SCEAU_SHARED`. And the values that another pipeline gave for it and three other specimens (expected.json there).
fn specimen() -> Option<(Portrait, serde_json::Value)> {
    let Ok(shared) = std::env::var("SCEAU_SHARED") else {
        println!("skipped: SCEAU_SHARED is not set");
        return None;
    };
    let read = |name: &str| std::fs::read(std::path::Path::new(&shared).join(name)).unwrap();
    let (dg2, findings) =
        lds::Dg2::parse_with_findings(&read("bsi-reference-dataset/Datagroup2.bin").into()).unwrap();
    let portrait = Portrait::decode(&dg2, &findings).unwrap();
    Some((portrait, serde_json::from_slice(&read("face-models/expected.json")).unwrap()))
}

fn engine() -> LocalEngine {
    LocalEngine::new(LocalEngineConfig::default()).unwrap()
}

#[test]
fn the_specimen_portrait_gives_the_cosines_of_another_pipeline() {
    let Some((portrait, expected)) = specimen() else { return };
    let images = &expected["dg2_images"];
    assert_eq!(hex::encode(portrait.image_sha256()), images["bsi2008"]["jp2_sha256"].as_str().unwrap());
    let ours = engine().portrait_template(&portrait).unwrap();
    let theirs = |name: &str| {
        let values = images[name]["embedding_l2"].as_array().unwrap();
        Template::from_values(&values.iter().map(|v| v.as_f64().unwrap() as f32).collect::<Vec<_>>())
    };
    let own = ours.cosine(&theirs("bsi2008"));
    println!("with its own value: {own:.4}");
    assert!(own > 0.99, "{own}");
    for other in ["icao_silver", "persosim", "loes2006"] {
        let wanted = expected["cosines"].as_object().unwrap().iter();
        let wanted = wanted.filter(|(pair, _)| pair.contains("bsi2008") && pair.contains(other));
        let wanted = wanted.map(|(_, value)| value.as_f64().unwrap()).next().unwrap();
        let cosine = ours.cosine(&theirs(other));
        println!("with {other}: {cosine:.4}, expected {wanted:.4}");
        assert!((cosine - wanted).abs() < 0.02, "{other}: {cosine}, expected {wanted}");
    }
}

#[test]
fn a_record_that_says_another_size_than_its_image_is_a_finding() {
    let Some((portrait, _)) = specimen() else { return };
    let size = PortraitFinding::Header(lds::dg2::Dg2Finding::ImageSize);
    assert!(portrait.findings().contains(&size), "337 x 449 over an image of 413 x 531");
    assert_eq!((portrait.picture().width(), portrait.picture().height()), (413, 531));
}

#[test]
fn thresholds_of_another_version_or_that_contradict_each_other_are_refused() {
    let problem = |change: fn(&mut LocalEngineConfig)| {
        let mut config = LocalEngineConfig::default();
        change(&mut config);
        LocalEngine::new(config).err().map(|error| error.to_string())
    };
    assert_eq!(problem(|_| {}), None);
    assert!(problem(|c| c.version = "0".into()).is_some());
    assert!(problem(|c| c.borderline = 0.46).is_some());
    assert!(problem(|c| c.accept = 1.1).is_some());
    assert!(problem(|c| c.same_capture = f64::NAN).is_some());
}

fn judge(portrait: &str, evidence: &ChallengeEvidence) -> Result<ChallengeMatch, Error> {
    engine().judge(&portrait_of(portrait), evidence)
}

/// The refusal of ada's capture after a change of its frames.
fn refusal(change: impl FnOnce(&mut Vec<(CaptureStep, Vec<Vec<u8>>)>)) -> Option<Error> {
    judge("ada", &capture_of("ada", change)).err()
}

fn frames_of(frames: &mut [(CaptureStep, Vec<Vec<u8>>)], step: CaptureStep) -> &mut Vec<Vec<u8>> {
    &mut frames.iter_mut().find(|(s, _)| *s == step).unwrap().1
}

type Pixels = image::RgbImage;

fn redraw(jpeg: &[u8], quality: u8, change: impl FnOnce(Pixels) -> Pixels) -> Vec<u8> {
    let image = change(image::load_from_memory(jpeg).unwrap().to_rgb8());
    let mut out = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, quality).encode_image(&image).unwrap();
    out
}

fn beside(one: &[u8], other: &[u8]) -> Vec<u8> {
    redraw(one, 90, |one| {
        let other = image::load_from_memory(other).unwrap().to_rgb8();
        let mut both = Pixels::new(one.width() + other.width(), one.height().max(other.height()));
        image::imageops::replace(&mut both, &one, 0, 0);
        image::imageops::replace(&mut both, &other, one.width().into(), 0);
        both
    })
}

#[test]
fn people_who_do_not_exist_are_faces_and_are_told_apart() {
    let engine = engine();
    let frame = |person: &str| Picture::decode(&read(&format!("{person}/centre-1.jpg"))).unwrap();
    for portrait in ["ada", "bruno"] {
        for probe in ["ada", "bruno"] {
            let similarity = engine.compare(&portrait_of(portrait), &frame(probe)).unwrap();
            println!("{portrait}, {probe}: {:.3}", similarity.value);
            let wanted = if portrait == probe { Band::Accept } else { Band::Refuse };
            assert_eq!(similarity.band, wanted, "{portrait}, {probe}");
        }
    }
}

#[test]
fn a_capture_that_does_what_is_asked_matches_and_says_what_an_engine_signs() {
    for person in ["ada", "bruno"] {
        let portrait = portrait_of(person);
        for movement in [Movement::Head, Movement::FaceOnly] {
            let evidence = capture(movement, person, |_| {});
            let matched = judge(person, &evidence).unwrap();
            let result = matched.to_result("e", [7; 32], NOW);
            assert_eq!(result.presentation, Verdict::Passed.into());
            assert_eq!(result.injection, Verdict::NotPerformed.into());
            assert_eq!((result.enrolment_id.as_str(), result.device_key_thumbprint), ("e", [7; 32]));
            assert_eq!(result.comparison, Comparison::Performed);
            assert_eq!(result.capture_nonce, evidence.nonce());
            assert_eq!(result.portrait_sha256, *portrait.image_sha256());
            assert_eq!(result.probe_sha256, *evidence.frames_sha256());
            assert!(
                result.similarity >= 0.45 && result.threshold == 0.45 && result.engine_version == VERSION
            );
            assert_eq!(format!("{matched:?}"), format!("ChallengeMatch({VERSION}, Similarity(Accept, ..))"));
        }
    }
}

#[test]
fn another_person_than_in_the_portrait_is_refused() {
    assert_eq!(judge("bruno", &capture_of("ada", |_| {})).err(), Some(Error::BelowThreshold));
}

#[test]
fn a_step_that_the_frames_do_not_show_is_refused() {
    use CaptureStep::{CloseEyes, Smile, TurnLeft, TurnRight};
    let not_shown = |step| Some(Error::Challenge(ChallengeError::NotShown(step)));
    let turned_the_other_way = refusal(|frames| {
        let left = std::mem::take(frames_of(frames, TurnLeft));
        let right = std::mem::replace(frames_of(frames, TurnRight), left);
        *frames_of(frames, TurnLeft) = right;
    });
    assert!(turned_the_other_way == not_shown(TurnLeft) || turned_the_other_way == not_shown(TurnRight));
    // Pictures that stand nowhere else in the capture.
    let instead = |step: CaptureStep, other: &str| {
        let picture = |n: usize| redraw(&read(&format!("ada/{other}-{n}.jpg")), 95, |image| image);
        let other = if other.starts_with("turn") { [1, 2] } else { [3, 4] }.map(picture);
        refusal(|frames| *frames_of(frames, step) = other.to_vec())
    };
    // Bruno's eyes: two pictures of ada's are so alike that they count as one still.
    let eyes = [3, 4].map(|n| read(&format!("bruno/close-eyes-{n}.jpg"))).to_vec();
    let evidence = capture_of("bruno", |frames| *frames_of(frames, Smile) = eyes);
    assert_eq!(judge("bruno", &evidence).err(), not_shown(Smile));
    assert_eq!(instead(CloseEyes, "open-mouth"), not_shown(CloseEyes));
    assert_eq!(
        instead(CaptureStep::Centre, "open-mouth"),
        Some(Error::Challenge(ChallengeError::NotNeutral))
    );
    assert_eq!(instead(CaptureStep::Centre, "turn-left").map(|e| e.code()), Some("face.not-frontal"));
}

#[test]
fn another_person_in_one_frame_is_refused() {
    let other = refusal(|frames| frames_of(frames, CaptureStep::Smile)[1] = read("bruno/smile-1.jpg"));
    assert_eq!(other, Some(Error::Challenge(ChallengeError::OtherPerson)));
}

#[test]
fn a_still_picture_that_comes_again_is_frozen_though_it_is_encoded_anew() {
    let still = read("ada/centre-1.jpg");
    for quality in [98, 95] {
        let again = redraw(&still, quality, |image| image);
        assert_ne!(again, still);
        let frozen = refusal(|frames| frames_of(frames, CaptureStep::Centre)[1] = again);
        assert_eq!(frozen, Some(Error::Challenge(ChallengeError::Frozen)), "{quality}");
    }
}

/// A picture whose points are brought elsewhere: zoomed, turned by degrees, moved by pixels.
fn moved(image: &Pixels, zoom: f32, degrees: f32, by: (f32, f32)) -> Pixels {
    let (width, height) = (image.width() as f32, image.height() as f32);
    let (sine, cosine) = (degrees.to_radians().sin() / zoom, degrees.to_radians().cos() / zoom);
    let get = |x: f32, y: f32, c: usize| {
        f32::from(image.get_pixel(x.clamp(0.0, width - 1.0) as u32, y.clamp(0.0, height - 1.0) as u32)[c])
    };
    Pixels::from_fn(image.width(), image.height(), |x, y| {
        let (u, v) = (x as f32 - width / 2.0 - by.0, y as f32 - height / 2.0 - by.1);
        let (p, q) = (cosine * u - sine * v + width / 2.0, sine * u + cosine * v + height / 2.0);
        let (left, top) = (p.floor(), q.floor());
        let (across, down) = (p - left, q - top);
        image::Rgb([0, 1, 2].map(|c| {
            let row = |y: f32| get(left, y, c) * (1.0 - across) + get(left + 1.0, y, c) * across;
            (row(top) * (1.0 - down) + row(top + 1.0) * down).round() as u8
        }))
    })
}

/// Ways to make another file of one still picture, each with a number.
type Copy = fn(&[u8], usize) -> Vec<u8>;
const COPIES: [(&str, Copy); 5] = [
    ("encoded anew", |still, n| redraw(still, 97 - 4 * n as u8, |image| image)),
    ("shifted", |still, n| redraw(still, 90, |i| moved(&i, 1.0, 0.0, (2.3 * n as f32, -1.4 * n as f32)))),
    ("turned", |still, n| redraw(still, 90, |i| moved(&i, 1.0, 0.8 * n as f32, (0.0, 0.0)))),
    ("zoomed", |still, n| redraw(still, 90, |i| moved(&i, 1.0 + 0.012 * n as f32, 0.0, (0.0, 0.0)))),
    ("all of it", |still, n| {
        let n = n as f32;
        redraw(still, 80, |i| moved(&i, 1.0 - 0.01 * n, -0.5 * n, (1.7 * n, n)))
    }),
];

#[test]
fn one_photograph_for_a_whole_challenge_is_frozen_however_it_is_moved() {
    for person in ["ada", "bruno"] {
        let still = read(&format!("{person}/centre-1.jpg"));
        for (way, copy) in COPIES {
            let evidence = capture_of(person, |frames| {
                let all = frames.iter_mut().flat_map(|(_, frames)| frames);
                all.enumerate().for_each(|(n, frame)| *frame = copy(&still, n + 1));
            });
            let refused = judge(person, &evidence).err();
            assert_eq!(refused, Some(Error::Challenge(ChallengeError::Frozen)), "{person}, {way}");
        }
    }
}

#[test]
fn one_frame_of_another_step_again_is_frozen_however_it_is_moved() {
    for person in ["ada", "bruno"] {
        let still = read(&format!("{person}/centre-1.jpg"));
        for (way, copy) in COPIES {
            for n in [2, 5] {
                let again = copy(&still, n);
                let evidence = capture_of(person, |frames| frames_of(frames, CaptureStep::Smile)[1] = again);
                let refused = judge(person, &evidence).err();
                assert_eq!(refused, Some(Error::Challenge(ChallengeError::Frozen)), "{person}, {way}, {n}");
            }
        }
    }
}

#[test]
fn a_mouth_that_is_wide_open_is_no_smile() {
    for person in ["ada", "bruno"] {
        let open = [3, 4].map(|n| read(&format!("{person}/open-mouth-{n}.jpg"))).to_vec();
        let evidence = capture_of(person, |frames| *frames_of(frames, CaptureStep::Smile) = open);
        let refused = judge(person, &evidence).err();
        assert_eq!(refused, Some(Error::Challenge(ChallengeError::NotShown(CaptureStep::Smile))), "{person}");
    }
}

#[test]
fn a_picture_turned_before_the_camera_is_refused() {
    // A print turned about its height is narrower, and its near side higher.
    let turned = |quality| {
        redraw(&read("ada/centre-1.jpg"), quality, |image| {
            let (width, height) = (image.width() as f32, image.height() as f32);
            Pixels::from_fn(image.width(), image.height(), |x, y| {
                let across = (x as f32 / width - 0.5) / 0.75;
                let depth = 1.0 + 0.25 * across;
                let (u, v) =
                    ((across * depth + 0.5) * width, ((y as f32 / height - 0.5) * depth + 0.5) * height);
                let inside = u >= 0.0 && v >= 0.0 && u < width && v < height;
                if inside { *image.get_pixel(u as u32, v as u32) } else { image::Rgb([60; 3]) }
            })
        })
    };
    let refused = refusal(|frames| {
        *frames_of(frames, CaptureStep::TurnLeft) = vec![turned(90)];
    });
    println!("{refused:?}");
    let codes = ["face.step-not-shown(turn-left)", "face.flat", "face.frozen"];
    assert!(refused.is_some_and(|error| codes.contains(&error.code())));
}

#[test]
fn every_reason_of_quality_is_told_apart() {
    let centre = read("ada/centre-1.jpg");
    let code = |jpeg: &[u8]| {
        engine().compare(&portrait_of("ada"), &Picture::decode(jpeg).unwrap()).err().map(|error| error.code())
    };
    let scale = |factor: f32| {
        move |mut image: Pixels| {
            image.iter_mut().for_each(|value| *value = (f32::from(*value) * factor).min(255.0) as u8);
            image
        }
    };
    assert_eq!(code(&centre), None);
    assert_eq!(
        code(&redraw(&centre, 90, |image| Pixels::new(image.width(), image.height()))),
        Some("face.no-face")
    );
    assert_eq!(code(&beside(&centre, &read("bruno/centre-1.jpg"))), Some("face.several-faces"));
    let small = |image: Pixels| {
        let small = image::imageops::thumbnail(&image, image.width() / 4, image.height() / 4);
        let mut around = Pixels::from_pixel(image.width(), image.height(), image::Rgb([200; 3]));
        image::imageops::replace(&mut around, &small, 180, 240);
        around
    };
    assert_eq!(code(&redraw(&centre, 90, small)), Some("face.too-small"));
    let cut = |mut image: Pixels| {
        let (width, height) = (image.width(), image.height());
        image::imageops::crop(&mut image, 0, 0, width, height * 13 / 20).to_image()
    };
    assert_eq!(code(&redraw(&centre, 90, cut)), Some("face.cut-off"));
    assert_eq!(code(&read("ada/turn-left-2.jpg")), Some("face.not-frontal"));
    assert_eq!(code(&redraw(&centre, 95, |image| image::imageops::blur(&image, 7.0))), Some("face.blurred"));
    assert_eq!(code(&redraw(&centre, 95, scale(0.3))), Some("face.too-dark"));
    assert_eq!(code(&redraw(&centre, 95, scale(6.0))), Some("face.too-bright"));
}

#[test]
fn two_faces_in_a_moving_frame_or_in_the_portrait_are_refused() {
    let both = beside(&read("ada/smile-1.jpg"), &read("bruno/smile-1.jpg"));
    let refused = refusal(|frames| frames_of(frames, CaptureStep::Smile)[0] = both);
    assert_eq!(refused.map(|error| error.code()), Some("face.several-faces"));
    let portrait = beside(&read("ada/portrait.jpg"), &read("bruno/portrait.jpg"));
    let refused = engine().judge(&Portrait::from_image(&portrait).unwrap(), &capture_of("ada", |_| {}));
    assert_eq!(refused.err(), Some(Error::PortraitFace));
}

#[test]
fn a_frame_is_a_jpeg() {
    let refused = refusal(|frames| frames_of(frames, CaptureStep::Smile)[0] = read("ada/portrait.jp2"));
    assert_eq!(refused, Some(Error::Image(ImageError::Format)));
    let refused = refusal(|frames| frames_of(frames, CaptureStep::Smile)[0].truncate(9000));
    assert_eq!(refused, Some(Error::Image(ImageError::Malformed)));
}
