//! Whether a person can be compared in a picture, and if not, what they can do about it.

use super::detector::Face;
use super::embedder::{Aligned, SIDE};
use super::geometry::{length, minus};
use super::mesh::Measures;
use crate::{Picture, QualityError};

/// The least score of the face.
const MIN_SCORE: f32 = 0.8;
/// A second face counts from this part of the first one's width: smaller ones hang on the wall behind.
const SECOND_FACE: f32 = 0.35;
/// The least distance between the eyes, in pixels, of the frame that is compared with the portrait, and of others.
const MIN_EYE_DISTANCE: f32 = 60.0;
const MIN_EYE_DISTANCE_MOVING: f32 = 40.0;
/// The most degrees that a frontal head is turned or tilted. The landmarks' own pitch of a frontal face varies more.
pub(super) const MAX_YAW: f32 = 10.0;
const MAX_PITCH: f32 = 25.0;
const MAX_ROLL: f32 = 20.0;
/// The mean brightness of the face, 0 to 255. The lower bound leaves room for dark skin in good light.
const BRIGHTNESS: std::ops::RangeInclusive<f32> = 35.0..=220.0;
/// The part of the face that may be burnt out (above 250).
const MAX_BURNT: f32 = 0.25;
/// The least variance of the Laplacian of the aligned face, divided by its variance of brightness, so that it says how
/// fine the structure is and not how strong the contrast.
const MIN_SHARPNESS: f32 = 0.02;

/// The one face of a picture: the largest, if no other is near its size.
pub(super) fn only_face(faces: &[Face]) -> Result<Face, QualityError> {
    let (first, others) = faces.split_first().ok_or(QualityError::NoFace)?;
    if others.iter().any(|face| face.width >= SECOND_FACE * first.width) {
        return Err(QualityError::SeveralFaces);
    }
    Ok(*first)
}

/// A face that moves: large enough and whole.
pub(super) fn check_moving(picture: &Picture, face: &Face) -> Result<(), QualityError> {
    check_size(picture, face, MIN_EYE_DISTANCE_MOVING)
}

/// The face that is compared with the portrait: also certain, frontal, sharp and lit.
pub(super) fn check_frontal(
    picture: &Picture,
    face: &Face,
    measures: &Measures,
    aligned: &Aligned,
) -> Result<(), QualityError> {
    check_size(picture, face, MIN_EYE_DISTANCE)?;
    if face.score < MIN_SCORE {
        return Err(QualityError::NoFace);
    }
    let eyes = minus(face.points[1], face.points[0]);
    let roll = eyes.1.atan2(eyes.0).to_degrees();
    if measures.yaw.abs() > MAX_YAW || measures.pitch.abs() > MAX_PITCH || roll.abs() > MAX_ROLL {
        return Err(QualityError::NotFrontal);
    }
    check_light_and_sharpness(aligned)
}

fn check_size(picture: &Picture, face: &Face, min_eye_distance: f32) -> Result<(), QualityError> {
    if length(minus(face.points[1], face.points[0])) < min_eye_distance {
        return Err(QualityError::TooSmall);
    }
    let (right, bottom) = (picture.width() as f32, picture.height() as f32);
    // The box may reach over the edge by a little: hair and ears do not count.
    let slack = 0.1 * face.width;
    let inside = face.left > -slack
        && face.top > -slack
        && face.left + face.width < right + slack
        && face.top + face.height < bottom + slack;
    if inside { Ok(()) } else { Err(QualityError::CutOff) }
}

fn check_light_and_sharpness(aligned: &Aligned) -> Result<(), QualityError> {
    let grey = brightness(aligned);
    let count = grey.len() as f32;
    let mean = grey.iter().sum::<f32>() / count;
    if mean < *BRIGHTNESS.start() {
        return Err(QualityError::TooDark);
    }
    let burnt = grey.iter().filter(|v| **v > 250.0).count() as f32 / count;
    if mean > *BRIGHTNESS.end() || burnt > MAX_BURNT {
        return Err(QualityError::TooBright);
    }
    if sharpness(&grey) < MIN_SHARPNESS { Err(QualityError::Blurred) } else { Ok(()) }
}

/// The middle of an aligned face as brightness (ITU-R BT.601): eyes, nose and mouth, without what is beside them.
pub(super) fn brightness(aligned: &Aligned) -> Vec<f32> {
    let pixels = INNER.flat_map(|y| INNER.map(move |x| (y * SIDE + x) * 3));
    pixels.map(|i| brightness_of(&aligned.0[i..i + 3])).collect()
}

/// The brightness of one pixel (ITU-R BT.601).
pub(super) fn brightness_of(rgb: &[f32]) -> f32 {
    0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]
}

const INNER: std::ops::Range<usize> = 16..96;
const INNER_SIDE: usize = 80;

fn sharpness(grey: &[f32]) -> f32 {
    let variance = |values: &[f32]| {
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / values.len() as f32
    };
    let inner = (1..INNER_SIDE - 1).flat_map(|y| (1..INNER_SIDE - 1).map(move |x| y * INNER_SIDE + x));
    let laplacian: Vec<f32> = inner
        .map(|i| grey[i - 1] + grey[i + 1] + grey[i - INNER_SIDE] + grey[i + INNER_SIDE] - 4.0 * grey[i])
        .collect();
    variance(&laplacian) / variance(grey).max(1.0)
}
