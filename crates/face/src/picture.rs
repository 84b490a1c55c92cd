//! Pictures: from bytes that a stranger sends to pixels, under bounds.
//!
//! Nothing is decoded before its header was read and found small enough, and nothing is believed but the bytes
//! themselves: kind and size are told from them ([`lds::image`]).

mod jpeg2000;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use lds::image::{ImageHeader, ImageKind};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::ImageError;

/// The longest image file that is decoded, in bytes. A portrait in a chip has 12 to 100 kB.
pub const MAX_BYTES: usize = 512 * 1024;
/// The most pixels that are decoded: 1200 x 1600 and 1920 x 1080 fit.
pub const MAX_PIXELS: u64 = 2_100_000;
/// The least side, in pixels: below it there is no face to compare.
const MIN_SIDE: u32 = 16;
/// The most scans of a JPEG. Progressive files have 10 or so; each costs a pass over the picture.
const MAX_SCANS: usize = 24;

/// A decoded picture: 8-bit RGB, rows from the top.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

impl Picture {
    /// Decodes a JPEG, a JP2 or a bare JPEG 2000 codestream, of one (grey) or three components of 8 bits.
    ///
    /// # Errors
    /// [`ImageError::TooLarge`]: more than [`MAX_BYTES`] or [`MAX_PIXELS`], or made to cost time.
    /// [`ImageError::Format`]: another kind of image. [`ImageError::Malformed`]: cut off or contradicting itself.
    pub fn decode(bytes: &[u8]) -> Result<Self, ImageError> {
        if bytes.len() > MAX_BYTES {
            return Err(ImageError::TooLarge);
        }
        let kind = ImageKind::sniff(bytes).ok_or(ImageError::Format)?;
        let header = ImageHeader::read(bytes).ok_or(ImageError::Malformed)?;
        if u64::from(header.width) * u64::from(header.height) > MAX_PIXELS || !header.within_bounds() {
            return Err(ImageError::TooLarge);
        }
        if header.width < MIN_SIDE || header.height < MIN_SIDE {
            return Err(ImageError::Malformed);
        }
        // The decoders are others' code: should one of them panic on some input after all, that input is malformed.
        let decoded = catch_unwind(AssertUnwindSafe(|| match kind {
            ImageKind::Jpeg => jpeg(bytes, &header),
            ImageKind::Jp2 | ImageKind::Codestream => jpeg2000::decode(bytes, &header),
        }));
        decoded.unwrap_or(Err(ImageError::Malformed))
    }

    /// A picture of these pixels. `None`: `rgb` has not three bytes for each pixel, or the picture is too large.
    #[must_use]
    pub fn from_rgb(width: usize, height: usize, rgb: Vec<u8>) -> Option<Self> {
        let pixels = width.checked_mul(height)?;
        let fits = u64::try_from(pixels).ok()? <= MAX_PIXELS && pixels > 0 && pixels * 3 == rgb.len();
        fits.then_some(Self { width, height, rgb })
    }

    /// Width in pixels.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// The pixels: red, green, blue of each.
    #[must_use]
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }
}

/// Without the face.
impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({}x{}, ..)", self.width, self.height)
    }
}

fn jpeg(bytes: &[u8], header: &ImageHeader) -> Result<Picture, ImageError> {
    // Start-of-scan markers are counted wherever they stand: a scan that a decoder would find is among them.
    if bytes.windows(2).filter(|pair| pair == &[0xFF, 0xDA]).count() > MAX_SCANS {
        return Err(ImageError::TooLarge);
    }
    if !matches!(header.components, 1 | 3) {
        return Err(ImageError::Format);
    }
    let (width, height) = (header.width as usize, header.height as usize);
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(width)
        .set_max_height(height)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let rgb = decoder.decode().map_err(|_| ImageError::Malformed)?;
    if decoder.dimensions() != Some((width, height)) {
        return Err(ImageError::Malformed);
    }
    Picture::from_rgb(width, height, rgb).ok_or(ImageError::Malformed)
}

#[cfg(test)]
mod tests;
