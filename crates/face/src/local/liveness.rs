//! Whether the frames of a capture show what was asked, by one head that is not flat and not still.

use protocol::capture::CaptureStep;

use super::detector::{self, Face};
use super::embedder::{self, Aligned, Template};
use super::geometry::{Point, length, minus};
use super::mesh::{self, Measures};
use super::models::Models;
use super::still::Pattern;
use super::{decode_frame, quality};
use crate::{ChallengeError, ChallengeEvidence, Error, QualityError};

/// The least degrees of a turned head, and the most of one that is asked for something else.
const TURN: f32 = 15.0;
/// Closed eyes have at most this part of the opening in the centre frames.
const CLOSED_EYES: f32 = 0.6;
/// By how much the corners of a smiling mouth rise, in distances between the eyes, and its width grows.
const SMILE_LIFT: f32 = 0.035;
const SMILE_WIDTH: f32 = 1.05;
/// The most that its lips part, by what its width grows: a mouth that opens wide lifts its corners over its middle, too.
const SMILE_OPENING: f32 = 1.0;
/// By how much an open mouth is wider open than in the centre frames, and the most that it may be open there.
const OPEN_MOUTH: f32 = 0.15;
const NEUTRAL_MOUTH: f32 = 0.12;
/// The least mean difference in brightness between the aligned faces of two frames, 0 to 255.
const MIN_CHANGE: f32 = 0.8;
/// What the best fit of two frames of different steps must leave at least, as a part of the contrast.
const MIN_LIFE: f32 = 0.035;
/// How far the nose of a turned head must leave the place where it would be, were the face flat, in distances between
/// the eyes.
const MIN_DEPTH: f32 = 0.05;

/// A frame after the networks saw it.
struct Seen {
    step: CaptureStep,
    face: Face,
    measures: Measures,
    aligned: Aligned,
    pattern: Pattern,
}

/// Judges the frames:
/// 1. each is a JPEG with one whole face; the centre frame, the first of the capture, is frontal, sharp and lit;
/// 2. no two are the same still picture;
/// 3. the centre frames are neutral, and each step is shown by one of its frames at least;
/// 4. a head that turned is not flat;
/// 5. every frame shows the person of the centre frame.
///
/// The template of the centre frame, which is fixed before anything is scored: no best of several.
pub(super) fn judge(
    models: &Models,
    same_capture: f64,
    evidence: &ChallengeEvidence,
) -> Result<Template, Error> {
    let frames = see_all(models, evidence)?;
    let (centre, others) = frames.split_first().ok_or(ChallengeError::Missing)?;
    check_change(&frames)?;
    check_steps(&frames, evidence)?;
    check_depth(&frames)?;
    let template = embedder::embed(models, &centre.aligned)?;
    for other in others {
        let other = embedder::embed(models, &other.aligned)?;
        if template.cosine(&other) < same_capture {
            return Err(ChallengeError::OtherPerson.into());
        }
    }
    Ok(template)
}

fn see_all(models: &Models, evidence: &ChallengeEvidence) -> Result<Vec<Seen>, Error> {
    let mut seen: Vec<Seen> = Vec::new();
    for step in evidence.steps() {
        for frame in &step.frames {
            seen.push(see(models, step.step, frame, seen.is_empty())?);
        }
    }
    Ok(seen)
}

fn see(models: &Models, step: CaptureStep, frame: &[u8], is_centre_frame: bool) -> Result<Seen, Error> {
    let picture = decode_frame(frame)?;
    let face = quality::only_face(&detector::faces(models, &picture)?)?;
    let measures = mesh::measure(models, &picture, &face)?;
    let aligned = embedder::align(&picture, &face)?;
    if is_centre_frame {
        quality::check_frontal(&picture, &face, &measures, &aligned)?;
    } else {
        quality::check_moving(&picture, &face)?;
    }
    let pattern = Pattern::new(&picture, &face)?;
    Ok(Seen { step, face, measures, aligned, pattern })
}

/// Frames of different steps are of a face that moved: what no move of the whole picture undoes. Within a step a person
/// may hold still, and a copy gains nothing there, since one frame is enough: only the same picture again is refused.
/// Measured on drawn faces and on one real film (docs/face.md).
fn check_change(frames: &[Seen]) -> Result<(), ChallengeError> {
    let faces: Vec<Vec<f32>> = frames.iter().map(|frame| quality::brightness(&frame.aligned)).collect();
    for (i, (frame, face)) in frames.iter().zip(&faces).enumerate() {
        for (earlier, before) in frames[..i].iter().zip(&faces) {
            let difference: f32 = face.iter().zip(before).map(|(a, b)| (a - b).abs()).sum();
            let same = difference / (face.len() as f32) < MIN_CHANGE;
            let other_step = frame.step != earlier.step;
            if same || other_step && frame.pattern.difference(&earlier.pattern) < MIN_LIFE {
                return Err(ChallengeError::Frozen);
            }
        }
    }
    Ok(())
}

fn check_steps(frames: &[Seen], evidence: &ChallengeEvidence) -> Result<(), Error> {
    let centre = |frame: &&Seen| frame.step == CaptureStep::Centre;
    let median = |measure: fn(&Measures) -> f32| {
        let mut values: Vec<f32> =
            frames.iter().filter(centre).map(|frame| measure(&frame.measures)).collect();
        values.sort_by(f32::total_cmp);
        values[values.len() / 2]
    };
    let own = Measures {
        yaw: median(|m| m.yaw),
        pitch: median(|m| m.pitch),
        eye_opening: median(|m| m.eye_opening),
        corner_lift: median(|m| m.corner_lift),
        mouth_width: median(|m| m.mouth_width),
        mouth_opening: median(|m| m.mouth_opening),
    };
    for frame in frames.iter().filter(centre) {
        if frame.measures.yaw.abs() > quality::MAX_YAW {
            return Err(QualityError::NotFrontal.into());
        }
        let only_centre = |step| !shows(step, &own, &frame.measures);
        let neutral = frame.measures.mouth_opening <= NEUTRAL_MOUTH;
        if !neutral || !evidence.steps().iter().skip(1).all(|step| only_centre(step.step)) {
            return Err(ChallengeError::NotNeutral.into());
        }
    }
    // A challenge may ask a step twice; the frames of each are told apart by their place.
    let mut rest = frames;
    for step in evidence.steps() {
        let (own_frames, later) = rest.split_at(step.frames.len());
        rest = later;
        let shown = step.step == CaptureStep::Centre
            || own_frames.iter().any(|frame| shows(step.step, &own, &frame.measures));
        if !shown {
            return Err(ChallengeError::NotShown(step.step).into());
        }
    }
    Ok(())
}

/// Whether a frame shows a step, measured against the centre frames.
fn shows(step: CaptureStep, own: &Measures, frame: &Measures) -> bool {
    let turned = frame.yaw - own.yaw;
    let facing = turned.abs() < TURN;
    match step {
        CaptureStep::Centre => facing,
        CaptureStep::TurnLeft => turned >= TURN,
        CaptureStep::TurnRight => turned <= -TURN,
        CaptureStep::CloseEyes => facing && frame.eye_opening <= CLOSED_EYES * own.eye_opening,
        CaptureStep::Smile => {
            let wider = frame.mouth_width - own.mouth_width;
            facing
                && frame.corner_lift - own.corner_lift >= SMILE_LIFT
                && frame.mouth_width >= SMILE_WIDTH * own.mouth_width
                && frame.mouth_opening - own.mouth_opening <= SMILE_OPENING * wider
        }
        CaptureStep::OpenMouth => facing && frame.mouth_opening - own.mouth_opening >= OPEN_MOUTH,
    }
}

/// A picture of a face that is turned in front of the camera changes as a plane does: its nose stays where eyes and
/// corners of the mouth put it. A head's nose stands out and leaves that place.
fn check_depth(frames: &[Seen]) -> Result<(), ChallengeError> {
    let Some(centre) = frames.first() else { return Ok(()) };
    let turned = |frame: &&Seen| matches!(frame.step, CaptureStep::TurnLeft | CaptureStep::TurnRight);
    for frame in frames.iter().filter(turned) {
        if (frame.measures.yaw - centre.measures.yaw).abs() < TURN {
            continue;
        }
        let depth = depth(&centre.face.points, &frame.face.points);
        if depth.is_nan() || depth < MIN_DEPTH {
            return Err(ChallengeError::Flat);
        }
    }
    Ok(())
}

/// How far the nose of `turned` lies from where the affine map that brings eyes and mouth of `centre` nearest to its
/// own would bring the centre's nose.
fn depth(centre: &[Point; 5], turned: &[Point; 5]) -> f32 {
    let plane = |points: &[Point; 5]| [points[0], points[1], points[3], points[4]];
    let (from, to) = (plane(centre), plane(turned));
    let mean = |points: &[Point; 4]| {
        let sum = points.iter().fold((0.0, 0.0), |s, p| (s.0 + p.0, s.1 + p.1));
        (sum.0 / 4.0, sum.1 / 4.0)
    };
    let (from_mean, to_mean) = (mean(&from), mean(&to));
    // Normal equations of the linear part: sums of products of centred points.
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    let (mut xu, mut yu, mut xv, mut yv) = (0.0, 0.0, 0.0, 0.0);
    for (p, q) in from.iter().zip(&to) {
        let ((x, y), (u, v)) = (minus(*p, from_mean), minus(*q, to_mean));
        (xx, xy, yy) = (xx + x * x, xy + x * y, yy + y * y);
        (xu, yu, xv, yv) = (xu + x * u, yu + y * u, xv + x * v, yv + y * v);
    }
    let determinant = xx * yy - xy * xy;
    let nose = minus(centre[2], from_mean);
    let solve = |xt: f32, yt: f32| {
        let (a, b) = ((xt * yy - yt * xy) / determinant, (yt * xx - xt * xy) / determinant);
        a * nose.0 + b * nose.1
    };
    let expected = (to_mean.0 + solve(xu, yu), to_mean.1 + solve(xv, yv));
    length(minus(turned[2], expected)) / length(minus(centre[1], centre[0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRONTAL: [Point; 5] = [(38.0, 52.0), (74.0, 52.0), (56.0, 72.0), (42.0, 92.0), (70.0, 92.0)];

    #[test]
    fn a_plane_has_no_depth_however_it_is_turned_and_a_head_has() {
        let tilted = FRONTAL.map(|(x, y)| (0.7 * x - 0.2 * y + 9.0, 0.1 * x + 1.1 * y - 4.0));
        assert!(depth(&FRONTAL, &tilted) < 1e-4);
        let mut turned = FRONTAL.map(|(x, y)| (0.9 * x, y));
        turned[2].0 += 6.0;
        assert!((depth(&FRONTAL, &turned) - 6.0 / 36.0).abs() < 1e-4);
        assert!(depth(&[(1.0, 1.0); 5], &turned).is_nan(), "which counts as flat");
    }

    #[test]
    fn steps_are_measured_against_the_own_centre() {
        use CaptureStep::*;
        let own = Measures {
            yaw: 4.0,
            pitch: 0.0,
            eye_opening: 0.3,
            corner_lift: 0.01,
            mouth_width: 0.8,
            mouth_opening: 0.01,
        };
        let all = [TurnLeft, TurnRight, Smile, CloseEyes, OpenMouth];
        let shown = |frame: Measures| all.into_iter().filter(|s| shows(*s, &own, &frame)).collect::<Vec<_>>();
        assert_eq!(shown(own), []);
        assert_eq!(shown(Measures { yaw: 19.5, ..own }), [TurnLeft]);
        assert_eq!(shown(Measures { yaw: 18.5, ..own }), [], "14.5 degrees from the centre");
        assert_eq!(shown(Measures { yaw: -11.5, ..own }), [TurnRight]);
        assert_eq!(shown(Measures { eye_opening: 0.17, ..own }), [CloseEyes]);
        assert_eq!(shown(Measures { eye_opening: 0.19, ..own }), []);
        assert_eq!(shown(Measures { corner_lift: 0.05, mouth_width: 0.86, ..own }), [Smile]);
        assert_eq!(shown(Measures { corner_lift: 0.05, ..own }), [], "a lift without width");
        assert_eq!(shown(Measures { mouth_width: 0.9, ..own }), [], "a width without lift");
        let smile = Measures { corner_lift: 0.05, mouth_width: 0.9, ..own };
        assert_eq!(shown(Measures { mouth_opening: 0.10, ..smile }), [Smile], "teeth show");
        assert_eq!(
            shown(Measures { mouth_opening: 0.12, ..smile }),
            [],
            "lips part more than the mouth widens"
        );
        assert_eq!(shown(Measures { mouth_opening: 0.30, ..smile }), [OpenMouth], "and not a smile");
        assert_eq!(shown(Measures { mouth_opening: 0.17, ..own }), [OpenMouth]);
        assert_eq!(shown(Measures { eye_opening: 0.1, yaw: 30.0, ..own }), [TurnLeft], "turned away");
    }
}
