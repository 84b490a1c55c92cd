//! A drawn portrait: a face of ellipses, like no person.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};
use lds::Dg2;
use lds::dg2::{FaceImage, ImageFormat};

/// Width in pixels.
pub const WIDTH: u16 = 300;
/// Height in pixels.
pub const HEIGHT: u16 = 400;
/// The portrait with tint 90 as JPEG 2000 in a JP2 file. Nothing here encodes JPEG 2000: Pillow 13 made it once from
/// [`jpeg`], `save(.., "JPEG2000", quality_mode="rates", quality_layers=[80], irreversible=True)`.
pub const JPEG2000: &[u8] = include_bytes!("../assets/portrait.jp2");

struct Ellipse {
    centre: (f32, f32),
    radii: (f32, f32),
    colour: [u8; 3],
}

impl Ellipse {
    fn contains(&self, x: f32, y: f32) -> bool {
        ((x - self.centre.0) / self.radii.0).powi(2) + ((y - self.centre.1) / self.radii.1).powi(2) <= 1.0
    }
}

/// Portraits drawn already in this process: drawing takes most of the time of a specimen.
static DRAWN: Mutex<BTreeMap<u8, Vec<u8>>> = Mutex::new(BTreeMap::new());

/// The portrait as JPEG; `tint` (0 to 255) tells persons apart.
#[must_use]
pub fn jpeg(tint: u8) -> Vec<u8> {
    let mut drawn = DRAWN.lock().unwrap_or_else(PoisonError::into_inner);
    drawn.entry(tint).or_insert_with(|| draw(tint)).clone()
}

fn draw(tint: u8) -> Vec<u8> {
    let mut image = RgbImage::from_pixel(WIDTH.into(), HEIGHT.into(), Rgb([225, 228, 232]));
    let shapes = shapes(tint);
    for (x, y, pixel) in image.enumerate_pixels_mut() {
        #[allow(clippy::cast_precision_loss, reason = "pixel positions are small")]
        let (x, y) = (x as f32, y as f32);
        if let Some(shape) = shapes.iter().rev().find(|shape| shape.contains(x, y)) {
            *pixel = Rgb(shape.colour);
        }
    }
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, 60).encode_image(&image).expect("an image of this size encodes");
    out
}

/// EF.DG2 with that portrait.
#[must_use]
pub fn dg2(tint: u8) -> Dg2 {
    let face =
        FaceImage { format: ImageFormat::Jpeg, image: jpeg(tint).into(), width: WIDTH, height: HEIGHT };
    Dg2 { faces: vec![face] }
}

/// EF.DG2 with an image of one's own; `None`: its header is not one of JPEG or JPEG 2000.
#[must_use]
pub fn dg2_of(image: &[u8]) -> Option<Dg2> {
    let header = lds::image::ImageHeader::read(image)?;
    let (width, height) = (header.width.try_into().ok()?, header.height.try_into().ok()?);
    let face = FaceImage { format: ImageFormat::sniff(image)?, image: image.to_vec().into(), width, height };
    Some(Dg2 { faces: vec![face] })
}

/// Later shapes cover earlier ones.
fn shapes(tint: u8) -> Vec<Ellipse> {
    let skin = [200_u8.saturating_add(tint / 8), 165, 140_u8.saturating_sub(tint / 4)];
    let hair = [40, 30, 20_u8.saturating_add(tint / 2)];
    let ellipse = |x, y, rx, ry, colour| Ellipse { centre: (x, y), radii: (rx, ry), colour };
    vec![
        ellipse(150.0, 420.0, 140.0, 90.0, [60, 70, tint]),
        ellipse(150.0, 175.0, 102.0, 130.0, hair),
        ellipse(150.0, 330.0, 40.0, 50.0, skin),
        ellipse(150.0, 200.0, 88.0, 118.0, skin),
        ellipse(112.0, 180.0, 17.0, 9.0, [250, 250, 250]),
        ellipse(188.0, 180.0, 17.0, 9.0, [250, 250, 250]),
        ellipse(112.0, 180.0, 7.0, 8.0, [50, 60, 70]),
        ellipse(188.0, 180.0, 7.0, 8.0, [50, 60, 70]),
        ellipse(112.0, 158.0, 22.0, 4.0, hair),
        ellipse(188.0, 158.0, 22.0, 4.0, hair),
        ellipse(150.0, 222.0, 10.0, 20.0, [185, 145, 125]),
        ellipse(150.0, 268.0, 30.0, 7.0, [170, 85, 85]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_portrait_decodes_at_its_size_and_tints_differ() {
        let image = image::load_from_memory(&jpeg(90)).unwrap();
        assert_eq!((image.width(), image.height()), (WIDTH.into(), HEIGHT.into()));
        assert_ne!(jpeg(90), jpeg(200));
        let header = lds::image::ImageHeader::read(JPEG2000).unwrap();
        assert_eq!((header.width, header.height), (WIDTH.into(), HEIGHT.into()));
        assert_eq!(dg2_of(&jpeg(90)), Some(dg2(90)));
        assert_eq!(dg2_of(JPEG2000).unwrap().faces[0].format, ImageFormat::Jpeg2000);
        assert_eq!(dg2_of(b"no image"), None);
    }
}
