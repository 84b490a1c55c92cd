//! YuNet: the faces of a picture, each with a box and five points.

use rten_tensor::NdTensor;

use super::geometry::{Point, resize};
use super::models::Models;
use crate::{Error, Picture};

/// The side of the network's input. The longer side of every picture is brought to it, small ones too: where the five
/// points lie depends on the scale, and so does the embedding.
const SIDE: usize = 640;
const STRIDES: [usize; 3] = [8, 16, 32];
/// The least score of a candidate.
const MIN_SCORE: f32 = 0.5;
/// Boxes that overlap more than this are the same face.
const MAX_OVERLAP: f32 = 0.3;
/// Candidates looked at, the best first: the crowd in front of no camera.
const MAX_CANDIDATES: usize = 400;

/// A face in a picture, in its pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Face {
    pub(super) score: f32,
    pub(super) left: f32,
    pub(super) top: f32,
    pub(super) width: f32,
    pub(super) height: f32,
    /// The eye at the picture's left, the one at its right, nose tip, mouth corners at left and right.
    pub(super) points: [Point; 5],
}

impl Face {
    fn overlap(&self, other: &Self) -> f32 {
        let across = (self.left + self.width).min(other.left + other.width) - self.left.max(other.left);
        let down = (self.top + self.height).min(other.top + other.height) - self.top.max(other.top);
        let common = across.max(0.0) * down.max(0.0);
        common / (self.width * self.height + other.width * other.height - common)
    }
}

/// The faces of a picture, the largest first.
pub(super) fn faces(models: &Models, picture: &Picture) -> Result<Vec<Face>, Error> {
    let longer = picture.width().max(picture.height());
    let scale = SIDE as f32 / longer as f32;
    let fit = |side: usize| ((side as f32 * scale).round() as usize).clamp(1, SIDE);
    let (width, height) = (fit(picture.width()), fit(picture.height()));
    let pixels = resize(picture, width, height);
    // Blue, green, red planes; top left; zero elsewhere.
    let mut input = vec![0.0; 3 * SIDE * SIDE];
    for (y, line) in pixels.chunks(width * 3).enumerate() {
        for (x, rgb) in line.chunks(3).enumerate() {
            for (plane, value) in rgb.iter().rev().enumerate() {
                input[plane * SIDE * SIDE + y * SIDE + x] = *value;
            }
        }
    }
    let outputs = models.detect(&NdTensor::from_data([1, 3, SIDE, SIDE], input))?;
    let mut candidates = candidates(&outputs)?;
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    candidates.truncate(MAX_CANDIDATES);
    let mut faces: Vec<Face> = Vec::new();
    for face in candidates {
        if faces.iter().all(|kept| kept.overlap(&face) <= MAX_OVERLAP) {
            faces.push(face);
        }
    }
    let back = (picture.width() as f32 / width as f32, picture.height() as f32 / height as f32);
    faces.iter_mut().for_each(|face| scale_face(face, back));
    faces.sort_by(|a, b| (b.width * b.height).total_cmp(&(a.width * a.height)));
    Ok(faces)
}

fn scale_face(face: &mut Face, (across, down): (f32, f32)) {
    face.left *= across;
    face.width *= across;
    face.top *= down;
    face.height *= down;
    for point in &mut face.points {
        *point = (point.0 * across, point.1 * down);
    }
}

/// Every cell of the three grids whose score is high enough.
fn candidates(outputs: &[Vec<f32>]) -> Result<Vec<Face>, Error> {
    let malformed = || Error::Engine("the detector answered in another form");
    let mut found = Vec::new();
    for (i, stride) in STRIDES.into_iter().enumerate() {
        let cells = SIDE / stride;
        let of = |kind: usize, values: usize| {
            let output = outputs.get(kind * 3 + i).ok_or_else(malformed)?;
            if output.len() == cells * cells * values { Ok(output) } else { Err(malformed()) }
        };
        let (class, object, boxes, points) = (of(0, 1)?, of(1, 1)?, of(2, 4)?, of(3, 10)?);
        let s = stride as f32;
        for cell in 0..cells * cells {
            let score = (class[cell].clamp(0.0, 1.0) * object[cell].clamp(0.0, 1.0)).sqrt();
            if score.is_nan() || score < MIN_SCORE {
                continue;
            }
            let (column, row) = ((cell % cells) as f32, (cell / cells) as f32);
            let (b, k) = (&boxes[cell * 4..cell * 4 + 4], &points[cell * 10..cell * 10 + 10]);
            let (width, height) = (b[2].exp() * s, b[3].exp() * s);
            let point = |n: usize| ((k[2 * n] + column) * s, (k[2 * n + 1] + row) * s);
            let face = Face {
                score,
                left: (column + b[0]) * s - width / 2.0,
                top: (row + b[1]) * s - height / 2.0,
                width,
                height,
                points: [point(0), point(1), point(2), point(3), point(4)],
            };
            if width.is_finite() && height.is_finite() {
                found.push(face);
            }
        }
    }
    Ok(found)
}
