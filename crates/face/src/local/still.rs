//! Whether two frames are one still picture: moved, turned, scaled, slanted, lit or encoded otherwise, but the same.
//!
//! One face is brought over the other by the affine map and the change of brightness that fit best (inverse compositional
//! image alignment: Baker and Matthews, "Lucas-Kanade 20 Years On", 2004). Of a still picture that leaves little: what its
//! encoding changed is fine, and means over squares drop it. A living face leaves more: it is not flat, and moves within
//! itself.

use super::detector::Face;
use super::embedder;
use super::geometry::crop;
use super::quality::brightness_of;
use crate::{Error, Picture};

/// The side of the squares' grid over the aligned face, and of each square in points taken from the picture.
const GRID: usize = embedder::SIDE / 2;
const FINE: usize = 6;
/// How often the grid is blurred: much to find the map from afar, and so much that what lies between two points can be
/// told from them.
const BLURS: [usize; 2] = [12, 3];
/// The part that is compared: eyes, nose and mouth.
const INNER: std::ops::Range<usize> = 8..48;
/// The most steps at each blur.
const STEPS: usize = 20;
/// A step that gains less is the last, and so is one that had to be made so short.
const MIN_GAIN: f32 = 5e-5;
const MAX_DAMPING: f64 = 1e4;
/// Six of the map, two of brightness.
const PARAMETERS: usize = 8;

/// A face, ready to be compared with others.
pub(super) struct Pattern {
    levels: [Level; BLURS.len()],
}

/// A face at one blur.
struct Level {
    grey: Vec<f32>,
    /// The change of brightness by each parameter, at each inner point, and the sums of their products.
    slopes: Vec<[f32; PARAMETERS]>,
    products: [[f64; PARAMETERS]; PARAMETERS],
    contrast: f32,
}

/// How a face is brought over another: from the other's points to its own, about the middle, and its brightness.
#[derive(Clone, Copy)]
struct Fit {
    map: [f32; 6],
    gain: f32,
    offset: f32,
}

/// As the five points have it.
const START: Fit = Fit { map: [1.0, 0.0, 0.0, 0.0, 1.0, 0.0], gain: 1.0, offset: 0.0 };

impl Pattern {
    /// Prepares a face.
    pub(super) fn new(picture: &Picture, face: &Face) -> Result<Self, Error> {
        let points = crop(picture, GRID * FINE, &embedder::to_picture(face, GRID * FINE)?);
        let mut grey = vec![0.0; GRID * GRID];
        for (i, rgb) in points.chunks(3).enumerate() {
            let (x, y) = (i % (GRID * FINE) / FINE, i / (GRID * FINE) / FINE);
            grey[y * GRID + x] += brightness_of(rgb) / (FINE * FINE) as f32;
        }
        Ok(Self { levels: BLURS.map(|times| Level::new(grey.clone(), times)) })
    }

    /// What the best fit of `other` leaves, as a part of this face's contrast: 0 for the same picture.
    pub(super) fn difference(&self, other: &Self) -> f32 {
        let [far, near] = &self.levels;
        let [other_far, other_near] = &other.levels;
        let (_, found) = far.improve(other_far, START);
        near.improve(other_near, found).0.min(near.improve(other_near, START).0)
    }
}

impl Level {
    fn new(mut grey: Vec<f32>, blurs: usize) -> Self {
        (0..blurs).for_each(|_| blur(&mut grey));
        let at = |x: usize, y: usize| grey[y * GRID + x];
        let slopes: Vec<[f32; PARAMETERS]> = inner()
            .map(|(x, y)| {
                let (across, down) =
                    ((at(x + 1, y) - at(x - 1, y)) / 2.0, (at(x, y + 1) - at(x, y - 1)) / 2.0);
                let (u, v) = centred(x, y);
                [across * u, across * v, across, down * u, down * v, down, at(x, y), 1.0]
            })
            .collect();
        let mut products = [[0.0; PARAMETERS]; PARAMETERS];
        for slope in &slopes {
            for (line, one) in products.iter_mut().zip(slope) {
                line.iter_mut()
                    .zip(slope)
                    .for_each(|(sum, other)| *sum += f64::from(*one) * f64::from(*other));
            }
        }
        let count = slopes.len() as f32;
        let mean = inner().map(|(x, y)| at(x, y)).sum::<f32>() / count;
        let variance = inner().map(|(x, y)| (at(x, y) - mean).powi(2)).sum::<f32>() / count;
        Self { slopes, products, contrast: variance.sqrt().max(1.0), grey }
    }

    /// The best fit of `other` on the way from `fit`, and what it leaves (Levenberg and Marquardt's damping).
    fn improve(&self, other: &Self, fit: Fit) -> (f32, Fit) {
        let (mut left, mut sums) = self.errors(other, &fit);
        let (mut best, mut damping) = (fit, 1e-3);
        for _ in 0..STEPS {
            let mut products = self.products;
            (0..PARAMETERS).for_each(|i| products[i][i] *= 1.0 + damping);
            let Some(step) = solve(products, sums) else { break };
            let next = best.without(&step.map(|value| value as f32));
            let (next_left, next_sums) = self.errors(other, &next);
            let gain = left - next_left;
            if gain > 0.0 {
                (left, sums, best, damping) = (next_left, next_sums, next, damping / 5.0);
            } else {
                damping *= 10.0;
            }
            if (0.0..MIN_GAIN).contains(&gain) || damping > MAX_DAMPING {
                break;
            }
        }
        (left, best)
    }

    /// What a fit leaves, and the sums of its errors by the slopes.
    fn errors(&self, other: &Self, fit: &Fit) -> (f32, [f64; PARAMETERS]) {
        let (mut squares, mut sums) = (0.0, [0.0; PARAMETERS]);
        for ((x, y), slope) in inner().zip(&self.slopes) {
            let error = fit.gain * other.sample(fit, centred(x, y)) + fit.offset - self.grey[y * GRID + x];
            squares += error * error;
            sums.iter_mut().zip(slope).for_each(|(sum, value)| *sum += error * value);
        }
        ((squares / self.slopes.len() as f32).sqrt() / self.contrast, sums.map(f64::from))
    }

    /// Its brightness where the fit puts a point, between four of its own; the edge goes on outside.
    fn sample(&self, Fit { map, .. }: &Fit, (u, v): (f32, f32)) -> f32 {
        let (half, last) = (GRID as f32 / 2.0, (GRID - 1) as f32);
        let x = (map[0] * u + map[1] * v + map[2] + half).clamp(0.0, last);
        let y = (map[3] * u + map[4] * v + map[5] + half).clamp(0.0, last);
        let (left, top) = ((x as usize).min(GRID - 2), (y as usize).min(GRID - 2));
        let (across, down) = (x - left as f32, y - top as f32);
        let row = |y: usize| {
            let at = y * GRID + left;
            self.grey[at] * (1.0 - across) + self.grey[at + 1] * across
        };
        row(top) * (1.0 - down) + row(top + 1) * down
    }
}

impl Fit {
    /// The fit after the inverse of a step.
    fn without(self, step: &[f32; PARAMETERS]) -> Self {
        let (a, b, c, d) = (1.0 + step[0], step[1], step[3], 1.0 + step[4]);
        let determinant = a * d - b * c;
        let (a, b, c, d) = (d / determinant, -b / determinant, -c / determinant, a / determinant);
        let (right, down) = (-(a * step[2] + b * step[5]), -(c * step[2] + d * step[5]));
        let m = self.map;
        let row = |p: f32, q: f32, shift: f32| [p * a + q * c, p * b + q * d, p * right + q * down + shift];
        let ([a, b, right], [c, d, down]) = (row(m[0], m[1], m[2]), row(m[3], m[4], m[5]));
        let gain = 1.0 + step[6];
        Self {
            map: [a, b, right, c, d, down],
            gain: self.gain / gain,
            offset: (self.offset - step[7]) / gain,
        }
    }
}

/// A quarter, a half, a quarter, across and down; the rim stays as it is.
fn blur(grey: &mut [f32]) {
    for step in [1, GRID] {
        let before = grey.to_vec();
        for (x, y) in (1..GRID - 1).flat_map(|y| (1..GRID - 1).map(move |x| (x, y))) {
            let i = y * GRID + x;
            grey[i] = (before[i - step] + 2.0 * before[i] + before[i + step]) / 4.0;
        }
    }
}

fn inner() -> impl Iterator<Item = (usize, usize)> {
    INNER.flat_map(|y| INNER.map(move |x| (x, y)))
}

fn centred(x: usize, y: usize) -> (f32, f32) {
    let half = GRID as f32 / 2.0;
    (x as f32 - half, y as f32 - half)
}

/// Gauss's elimination with pivots. `None`: a face without structure.
fn solve(
    mut matrix: [[f64; PARAMETERS]; PARAMETERS],
    mut right: [f64; PARAMETERS],
) -> Option<[f64; PARAMETERS]> {
    for i in 0..PARAMETERS {
        let pivot = (i..PARAMETERS).max_by(|a, b| matrix[*a][i].abs().total_cmp(&matrix[*b][i].abs()))?;
        matrix.swap(i, pivot);
        right.swap(i, pivot);
        if matrix[i][i].abs() < 1e-9 {
            return None;
        }
        for j in i + 1..PARAMETERS {
            let factor = matrix[j][i] / matrix[i][i];
            let line = matrix[i];
            matrix[j].iter_mut().zip(line).for_each(|(value, above)| *value -= factor * above);
            right[j] -= factor * right[i];
        }
    }
    for i in (0..PARAMETERS).rev() {
        let known: f64 = (i + 1..PARAMETERS).map(|j| matrix[i][j] * right[j]).sum();
        right[i] = (right[i] - known) / matrix[i][i];
    }
    Some(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(picture: impl Fn(f32, f32) -> f32) -> Level {
        let grey = (0..GRID * GRID).map(|i| picture((i % GRID) as f32, (i / GRID) as f32)).collect();
        Level::new(grey, BLURS[1])
    }

    #[test]
    fn a_pattern_is_found_again_under_an_affine_map_and_other_light_and_another_is_not() {
        let waves = |x: f32, y: f32| 120.0 + 40.0 * (x / 5.0).sin() * (y / 6.0).cos() + x;
        let one = level(waves);
        let moved = level(|x, y| 0.8 * waves(1.03 * x + 0.02 * y - 1.5, 0.98 * y - 0.03 * x + 1.0) + 12.0);
        let other = level(|x, y| 120.0 + 40.0 * (x / 4.0).cos() * (y / 9.0).sin());
        assert!(one.improve(&moved, START).0 < 0.01);
        assert!(one.improve(&other, START).0 > 0.2);
    }

    #[test]
    fn a_face_without_structure_has_no_fit() {
        let flat = level(|_, _| 90.0);
        assert!(flat.improve(&flat, START).0 < 1e-3, "it is the same picture");
        assert!(solve([[0.0; PARAMETERS]; PARAMETERS], [1.0; PARAMETERS]).is_none());
    }
}
