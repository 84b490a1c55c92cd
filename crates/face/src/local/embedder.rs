//! SFace: an aligned face to a template, and the similarity of two.

use std::fmt;

use rten_tensor::NdTensor;

use super::detector::Face;
use super::geometry::{Point, Similarity, crop};
use super::models::Models;
use crate::{Error, Picture};

/// The side of an aligned face.
pub(super) const SIDE: usize = 112;
/// Where the five points of a face are brought to (the template of ArcFace and SFace).
const TEMPLATE: [Point; 5] =
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)];

/// A face brought to the template: interleaved RGB of 0 to 255.
pub(super) struct Aligned(pub(super) Vec<f32>);

/// Brings a face to the template.
pub(super) fn align(picture: &Picture, face: &Face) -> Result<Aligned, Error> {
    Ok(Aligned(crop(picture, SIDE, &to_picture(face, SIDE)?)))
}

/// From the template, drawn on a square of `side` points, back to the picture.
pub(super) fn to_picture(face: &Face, side: usize) -> Result<Similarity, Error> {
    let scale = side as f32 / SIDE as f32;
    let template = TEMPLATE.map(|(x, y)| (x * scale, y * scale));
    // Fitted forwards, as the networks' authors did, then inverted by fitting its own images.
    let forwards = Similarity::fit(&face.points, &template);
    let forwards = forwards.ok_or(Error::Engine("five points that are one"))?;
    let images = face.points.map(|point| forwards.apply(point));
    let backwards = Similarity::fit(&images, &face.points);
    backwards.ok_or(Error::Engine("five points that are one"))
}

/// A biometric template: 128 numbers of length 1. It is compared and dropped, never stored or printed.
pub(super) struct Template([f32; 128]);

impl Template {
    /// Makes one of the network's output.
    fn new(output: &[f32]) -> Result<Self, Error> {
        let norm = output.iter().map(|v| v * v).sum::<f32>().sqrt();
        let mut template: [f32; 128] =
            output.try_into().map_err(|_| Error::Engine("the embedder answered in another form"))?;
        if !norm.is_normal() {
            return Err(Error::Engine("the embedder answered no direction"));
        }
        template.iter_mut().for_each(|v| *v /= norm);
        Ok(Self(template))
    }

    /// The cosine of the angle between two templates, -1 to 1.
    pub(super) fn cosine(&self, other: &Self) -> f64 {
        let dot: f32 = self.0.iter().zip(&other.0).map(|(a, b)| a * b).sum();
        f64::from(dot).clamp(-1.0, 1.0)
    }

    #[cfg(test)]
    pub(super) fn from_values(values: &[f32]) -> Self {
        Self::new(values).unwrap()
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Template(..)")
    }
}

/// The template of an aligned face.
pub(super) fn embed(models: &Models, face: &Aligned) -> Result<Template, Error> {
    Template::new(&models.embed(&planes(&face.0))?)
}

/// Interleaved to planes.
fn planes(rgb: &[f32]) -> NdTensor<f32, 4> {
    let planes = (0..3).flat_map(|plane| rgb.iter().skip(plane).step_by(3).copied()).collect::<Vec<f32>>();
    NdTensor::from_data([1, 3, SIDE, SIDE], planes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The network alone, on a made pattern: values that ONNX Runtime gave (models/expected.json).
    #[test]
    fn the_network_gives_the_values_of_another_runtime() {
        let pattern: Vec<f32> = (0..SIDE * SIDE)
            .flat_map(|i| {
                let (x, y) = (i % SIDE, i / SIDE);
                [(2 * x) % 256, (2 * y) % 256, (x + y) % 256].map(|v| v as f32)
            })
            .collect();
        let output = Models::new(1).embed(&planes(&pattern)).unwrap();
        let expected: serde_json::Value =
            serde_json::from_str(include_str!("../../models/expected.json")).unwrap();
        let expected = expected["synthetic_embedding_raw"].as_array().unwrap();
        assert_eq!(expected.len(), output.len());
        for (value, expected) in output.iter().zip(expected) {
            assert!((f64::from(*value) - expected.as_f64().unwrap()).abs() < 1e-3);
        }
    }

    #[test]
    fn a_template_is_not_printed() {
        assert_eq!(format!("{:?}", Template::from_values(&[0.5; 128])), "Template(..)");
        assert!(Template::new(&[0.0; 128]).is_err());
        assert!(Template::new(&[1.0; 127]).is_err());
        assert!(Template::new(&[f32::NAN; 128]).is_err());
    }
}
