//! The 468 landmarks of MediaPipe: where the head points, and what eyes and mouth do.

use rten_tensor::NdTensor;

use super::detector::Face;
use super::geometry::{Point, Similarity, crop, length, middle, minus};
use super::models::Models;
use crate::{Error, Picture};

/// The side of the network's input.
const SIDE: usize = 192;
/// The side of the crop, in sides of the detector's box.
const MARGIN: f32 = 1.6;

/// Corners, then upper and lower lid twice, of the eye at the picture's left and the one at its right.
const EYES: [[usize; 6]; 2] = [[33, 160, 158, 133, 153, 144], [362, 385, 387, 263, 373, 380]];
const MOUTH_CORNERS: (usize, usize) = (61, 291);
/// The inner edges of the lips, in the middle.
const LIPS: (usize, usize) = (13, 14);
const CHEEKS: (usize, usize) = (234, 454);
const FOREHEAD: usize = 10;
const CHIN: usize = 152;

/// What the landmarks say. Lengths are in distances between the eyes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Measures {
    /// Degrees that the head is turned, to the person's left positive.
    pub(super) yaw: f32,
    /// Degrees that the head is tilted, up positive.
    pub(super) pitch: f32,
    /// Height by width of the wider eye.
    pub(super) eye_opening: f32,
    /// How far the mouth's corners lie above its middle.
    pub(super) corner_lift: f32,
    /// From corner to corner.
    pub(super) mouth_width: f32,
    /// Between the lips.
    pub(super) mouth_opening: f32,
}

/// Measures a face.
pub(super) fn measure(models: &Models, picture: &Picture, face: &Face) -> Result<Measures, Error> {
    let centre = (face.left + face.width / 2.0, face.top + face.height / 2.0);
    let half = MARGIN * face.width.max(face.height) / 2.0;
    let eyes = minus(face.points[1], face.points[0]);
    let along = (eyes.0 * half / length(eyes), eyes.1 * half / length(eyes));
    let middle_of_crop = SIDE as f32 / 2.0;
    // The crop's row runs along the eyes.
    let to_picture = Similarity::fit(
        &[(middle_of_crop, middle_of_crop), (2.0 * middle_of_crop, middle_of_crop)],
        &[centre, (centre.0 + along.0, centre.1 + along.1)],
    )
    .ok_or(Error::Engine("a box without size"))?;
    let pixels = crop(picture, SIDE, &to_picture).into_iter().map(|v| v / 255.0).collect::<Vec<f32>>();
    let points = models.landmarks(&NdTensor::from_data([1, SIDE, SIDE, 3], pixels))?;
    Ok(Landmarks(points).measures())
}

/// 468 points of x, y, z.
struct Landmarks(Vec<f32>);

impl Landmarks {
    fn at(&self, index: usize) -> [f32; 3] {
        [self.0[3 * index], self.0[3 * index + 1], self.0[3 * index + 2]]
    }

    fn flat(&self, index: usize) -> Point {
        (self.0[3 * index], self.0[3 * index + 1])
    }

    fn distance(&self, a: usize, b: usize) -> f32 {
        length(minus(self.flat(a), self.flat(b)))
    }

    fn measures(&self) -> Measures {
        let eye = |[a, _, _, b, _, _]: [usize; 6]| middle(self.flat(a), self.flat(b));
        let unit = length(minus(eye(EYES[0]), eye(EYES[1]))).max(1.0);
        let opening = |[corner, up1, up2, other, low2, low1]: [usize; 6]| {
            let lids = self.distance(up1, low1) + self.distance(up2, low2);
            lids / (2.0 * self.distance(corner, other)).max(1.0)
        };
        let lips = middle(self.flat(LIPS.0), self.flat(LIPS.1));
        let corners = middle(self.flat(MOUTH_CORNERS.0), self.flat(MOUTH_CORNERS.1));
        let [forward_x, forward_y, forward_z] = self.forward();
        Measures {
            yaw: forward_x.atan2(forward_z).to_degrees(),
            pitch: (-forward_y).atan2(forward_z).to_degrees(),
            eye_opening: opening(EYES[0]).max(opening(EYES[1])),
            corner_lift: (lips.1 - corners.1) / unit,
            mouth_width: self.distance(MOUTH_CORNERS.0, MOUTH_CORNERS.1) / unit,
            mouth_opening: self.distance(LIPS.0, LIPS.1) / unit,
        }
    }

    /// Where the face looks: x to the picture's right, y down, z towards the camera. Perpendicular to the lines from
    /// cheek to cheek and from forehead to chin; the network's z grows away from the camera.
    fn forward(&self) -> [f32; 3] {
        let between = |a: usize, b: usize| {
            let (a, b) = (self.at(a), self.at(b));
            [b[0] - a[0], b[1] - a[1], b[2] - a[2]]
        };
        let (x, y) = (between(CHEEKS.0, CHEEKS.1), between(FOREHEAD, CHIN));
        let away = [x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0]];
        [-away[0], -away[1], away[2]]
    }
}
