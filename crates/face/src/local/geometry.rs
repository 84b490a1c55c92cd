//! Points, similarity transforms, and pictures sampled through them.

use crate::Picture;

/// A point, or a vector, in pixels: x to the right, y down.
pub(super) type Point = (f32, f32);

pub(super) fn minus(a: Point, b: Point) -> Point {
    (a.0 - b.0, a.1 - b.1)
}

pub(super) fn middle(a: Point, b: Point) -> Point {
    (f32::midpoint(a.0, b.0), f32::midpoint(a.1, b.1))
}

pub(super) fn length(v: Point) -> f32 {
    v.0.hypot(v.1)
}

/// `(x, y) -> (a x - b y + dx, b x + a y + dy)`: turned, scaled and moved, not mirrored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Similarity {
    a: f32,
    b: f32,
    dx: f32,
    dy: f32,
}

impl Similarity {
    /// The one that brings `from` nearest to `to`, by least squares (Umeyama 1991, in two dimensions). `None`: all
    /// points of `from` are one.
    pub(super) fn fit(from: &[Point], to: &[Point]) -> Option<Self> {
        let mean = |points: &[Point]| {
            let n = points.len() as f32;
            let sum = points.iter().fold((0.0, 0.0), |s, p| (s.0 + p.0, s.1 + p.1));
            (sum.0 / n, sum.1 / n)
        };
        let (centre_from, centre_to) = (mean(from), mean(to));
        let (mut dot, mut cross, mut square) = (0.0, 0.0, 0.0);
        for (p, q) in from.iter().zip(to) {
            let (p, q) = (minus(*p, centre_from), minus(*q, centre_to));
            dot += p.0 * q.0 + p.1 * q.1;
            cross += p.0 * q.1 - p.1 * q.0;
            square += p.0 * p.0 + p.1 * p.1;
        }
        if !square.is_normal() {
            return None;
        }
        let (a, b) = (dot / square, cross / square);
        let dx = centre_to.0 - a * centre_from.0 + b * centre_from.1;
        let dy = centre_to.1 - b * centre_from.0 - a * centre_from.1;
        Some(Self { a, b, dx, dy })
    }

    pub(super) fn apply(&self, p: Point) -> Point {
        (self.a * p.0 - self.b * p.1 + self.dx, self.b * p.0 + self.a * p.1 + self.dy)
    }
}

/// A square crop: `side` by `side` pixels, sampled bilinearly where `to_picture` says; black outside the picture. Three
/// planes' worth of values, interleaved RGB.
pub(super) fn crop(picture: &Picture, side: usize, to_picture: &Similarity) -> Vec<f32> {
    let mut out = Vec::with_capacity(side * side * 3);
    for y in 0..side {
        for x in 0..side {
            out.extend(bilinear(picture, to_picture.apply((x as f32, y as f32))));
        }
    }
    out
}

fn bilinear(picture: &Picture, at: Point) -> [f32; 3] {
    let (width, height) = (picture.width() as i64, picture.height() as i64);
    let (x, y) = (at.0.floor(), at.1.floor());
    let (fx, fy) = (at.0 - x, at.1 - y);
    let mut sum = [0.0; 3];
    for (dx, dy, weight) in
        [(0, 0, (1.0 - fx) * (1.0 - fy)), (1, 0, fx * (1.0 - fy)), (0, 1, (1.0 - fx) * fy), (1, 1, fx * fy)]
    {
        // A float out of range becomes the nearest integer, which lies outside.
        let (px, py) = ((x as i64).saturating_add(dx), (y as i64).saturating_add(dy));
        if (0..width).contains(&px) && (0..height).contains(&py) {
            let start = (py * width + px) as usize * 3;
            for (sum, value) in sum.iter_mut().zip(&picture.rgb()[start..start + 3]) {
                *sum += weight * f32::from(*value);
            }
        }
    }
    sum
}

/// The picture at another size, interleaved RGB: each new pixel is the mean of what it covers when it shrinks, and
/// bilinear between pixel centres when it grows (`INTER_AREA` and `INTER_LINEAR` of OpenCV).
pub(super) fn resize(picture: &Picture, width: usize, height: usize) -> Vec<f32> {
    let columns = weights(picture.width(), width);
    let rows = weights(picture.height(), height);
    let mut across = vec![0.0; width * picture.height() * 3];
    for (line, out) in picture.rgb().chunks(picture.width() * 3).zip(across.chunks_mut(width * 3)) {
        for ((first, weights), out) in columns.iter().zip(out.chunks_mut(3)) {
            for (i, weight) in weights.iter().enumerate() {
                for (out, value) in out.iter_mut().zip(&line[(first + i) * 3..]) {
                    *out += weight * f32::from(*value);
                }
            }
        }
    }
    let mut down = vec![0.0; width * height * 3];
    for ((first, weights), out) in rows.iter().zip(down.chunks_mut(width * 3)) {
        for (i, weight) in weights.iter().enumerate() {
            let line = &across[(first + i) * width * 3..(first + i + 1) * width * 3];
            for (out, value) in out.iter_mut().zip(line) {
                *out += weight * value;
            }
        }
    }
    down
}

/// For each new pixel of a line, the first old one that it takes from, and the weight of each.
fn weights(old: usize, new: usize) -> Vec<(usize, Vec<f32>)> {
    let scale = old as f32 / new as f32;
    let last = old - 1;
    let shrink = |i: usize| {
        let (from, to) = (i as f32 * scale, ((i + 1) as f32 * scale).min(old as f32));
        let first = (from as usize).min(last);
        let end = (to.ceil() as usize).clamp(first + 1, old);
        let covered = |j: usize| (to.min((j + 1) as f32) - from.max(j as f32)).max(0.0);
        let mut parts: Vec<f32> = (first..end).map(covered).collect();
        let sum: f32 = parts.iter().sum();
        parts.iter_mut().for_each(|part| *part /= sum.max(f32::MIN_POSITIVE));
        (first, parts)
    };
    let grow = |i: usize| {
        let at = ((i as f32 + 0.5) * scale - 0.5).clamp(0.0, last as f32);
        let first = (at as usize).min(last);
        let part = at - first as f32;
        if first == last { (first, vec![1.0]) } else { (first, vec![1.0 - part, part]) }
    };
    (0..new).map(|i| if scale > 1.0 { shrink(i) } else { grow(i) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_similarity_is_found_from_points_that_it_moved() {
        let from = [(0.0, 0.0), (10.0, 0.0), (3.0, 7.0)];
        let moved = from.map(|p: Point| (2.0 * p.0 - p.1 + 5.0, p.0 + 2.0 * p.1 - 1.0));
        let fitted = Similarity::fit(&from, &moved).unwrap();
        for (p, q) in from.iter().zip(moved) {
            assert!(length(minus(fitted.apply(*p), q)) < 1e-4);
        }
        assert!(Similarity::fit(&[(1.0, 1.0); 3], &from).is_none());
    }

    #[test]
    fn resizing_keeps_a_flat_picture_flat_and_halves_by_means() {
        let flat = Picture::from_rgb(37, 23, vec![90; 37 * 23 * 3]).unwrap();
        for (width, height) in [(640, 398), (10, 7), (37, 23)] {
            assert!(resize(&flat, width, height).iter().all(|v| (v - 90.0).abs() < 1e-3));
        }
        let row: Vec<u8> = [0, 100, 200, 40].iter().flat_map(|v| [*v; 3]).collect();
        let picture = Picture::from_rgb(4, 1, row).unwrap();
        assert_eq!(resize(&picture, 2, 1), [50.0, 50.0, 50.0, 120.0, 120.0, 120.0]);
        let grown: Vec<f32> = resize(&picture, 8, 1).into_iter().step_by(3).collect();
        assert_eq!(grown[..4], [0.0, 25.0, 75.0, 125.0], "as cv2.resize does");
    }

    #[test]
    fn a_crop_is_black_outside() {
        let picture = Picture::from_rgb(2, 2, vec![200; 12]).unwrap();
        let away = Similarity { a: 1.0, b: 0.0, dx: -1.0, dy: f32::MAX };
        assert!(crop(&picture, 3, &away).iter().all(|v| *v == 0.0));
        let inside = Similarity { a: 1.0, b: 0.0, dx: 0.0, dy: 0.0 };
        assert_eq!(crop(&picture, 2, &inside), [200.0; 12]);
    }
}
