//! Images as they stand in data groups: their kind told by their bytes, their size read from their header.
//!
//! Nothing is decoded here. Who decodes first asks [`ImageHeader::within_bounds`]: a header of a few bytes can
//! announce an image of terabytes.

/// How an image is coded, told from its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ImageKind {
    /// JPEG (ISO/IEC 10918-1).
    Jpeg,
    /// JPEG 2000 in a JP2 file (ISO/IEC 15444-1 Annex I).
    Jp2,
    /// A bare JPEG 2000 codestream (ISO/IEC 15444-1 Annex A).
    Codestream,
}

/// What an image's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageHeader {
    /// How it is coded.
    pub kind: ImageKind,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Colour components: 1 or 3, seldom 4.
    pub components: u16,
    /// The tiles that the image is cut into; 1 for JPEG.
    pub tiles: u64,
}

/// The longest side of an image that is decoded, in pixels.
pub const MAX_SIDE: u32 = 8192;
/// The most pixels of an image that is decoded: 36 MB as RGB.
pub const MAX_PIXELS: u64 = 12_000_000;
const MAX_COMPONENTS: u16 = 4;
const MAX_TILES: u64 = 4096;

const JP2_SIGNATURE_BOX: [u8; 12] = [0, 0, 0, 12, b'j', b'P', b' ', b' ', 0x0D, 0x0A, 0x87, 0x0A];
/// SOC and SIZ, the first two markers of a codestream.
const CODESTREAM_START: [u8; 4] = [0xFF, 0x4F, 0xFF, 0x51];

impl ImageKind {
    /// Tells the kind from an image's first bytes.
    #[must_use]
    pub fn sniff(image: &[u8]) -> Option<Self> {
        if image.starts_with(&[0xFF, 0xD8, 0xFF]) {
            Some(Self::Jpeg)
        } else if image.starts_with(&JP2_SIGNATURE_BOX) {
            Some(Self::Jp2)
        } else if image.starts_with(&CODESTREAM_START) {
            Some(Self::Codestream)
        } else {
            None
        }
    }
}

impl ImageHeader {
    /// Reads the header of a JPEG, JP2 or codestream. `None`: another kind, or its header is cut, contradicts itself
    /// or says a size of nothing.
    #[must_use]
    pub fn read(image: &[u8]) -> Option<Self> {
        let header = match ImageKind::sniff(image)? {
            ImageKind::Jpeg => jpeg(image)?,
            ImageKind::Jp2 => jp2(image)?,
            ImageKind::Codestream => codestream(image)?,
        };
        (header.width > 0 && header.height > 0 && header.components > 0).then_some(header)
    }

    /// Whether the image is of a size that may be decoded: sides up to [`MAX_SIDE`], up to [`MAX_PIXELS`] pixels, at
    /// most four components and 4096 tiles.
    #[must_use]
    pub fn within_bounds(&self) -> bool {
        self.width <= MAX_SIDE
            && self.height <= MAX_SIDE
            && u64::from(self.width) * u64::from(self.height) <= MAX_PIXELS
            && self.components <= MAX_COMPONENTS
            && self.tiles <= MAX_TILES
    }
}

/// The frame header (SOF0 to SOF15) among the segments before the scan. A second one is a contradiction.
fn jpeg(image: &[u8]) -> Option<ImageHeader> {
    let mut at = 2;
    let mut header = None;
    loop {
        if *image.get(at)? != 0xFF {
            return None;
        }
        let marker = *image.get(at + 1)?;
        at += match marker {
            // Fill bytes.
            0xFF => 1,
            // TEM and RSTn stand alone.
            0x01 | 0xD0..=0xD7 => 2,
            // Start of scan, end of image.
            0xD9 | 0xDA => return header,
            _ => {
                let is_frame = (0xC0..=0xCF).contains(&marker) && !matches!(marker, 0xC4 | 0xC8 | 0xCC);
                if is_frame {
                    let frame = ImageHeader {
                        kind: ImageKind::Jpeg,
                        height: number(image, at + 5, 2)?,
                        width: number(image, at + 7, 2)?,
                        components: u16::from(*image.get(at + 9)?),
                        tiles: 1,
                    };
                    if header.replace(frame).is_some() {
                        return None;
                    }
                }
                let length = usize::try_from(number(image, at + 2, 2)?).ok()?;
                2 + if length >= 2 { length } else { return None }
            }
        };
    }
}

/// The boxes of a JP2 file: the codestream counts, and what the image header box says must not be less.
fn jp2(image: &[u8]) -> Option<ImageHeader> {
    let mut boxes = Boxes { rest: image };
    let mut announced = None;
    while let Some((name, content)) = boxes.next_box() {
        match &name {
            b"jp2h" => {
                let (name, ihdr) = Boxes { rest: content }.next_box()?;
                if &name != b"ihdr" {
                    return None;
                }
                announced = Some((number(ihdr, 0, 4)?, number(ihdr, 4, 4)?));
            }
            b"jp2c" => {
                let (height, width) = announced?;
                let header = codestream(content)?;
                return Some(ImageHeader {
                    kind: ImageKind::Jp2,
                    width: header.width.max(width),
                    height: header.height.max(height),
                    ..header
                });
            }
            _ => {}
        }
    }
    None
}

struct Boxes<'a> {
    rest: &'a [u8],
}

impl<'a> Boxes<'a> {
    /// The type and content of the next box. The last box may say that it reaches to the end, by a length of 0.
    fn next_box(&mut self) -> Option<([u8; 4], &'a [u8])> {
        let length = usize::try_from(number(self.rest, 0, 4)?).ok()?;
        let name: [u8; 4] = self.rest.get(4..8)?.try_into().ok()?;
        let (header, length) = match length {
            0 => (8, self.rest.len()),
            1 if number(self.rest, 8, 4)? == 0 => (16, usize::try_from(number(self.rest, 12, 4)?).ok()?),
            _ => (8, length),
        };
        // A codestream whose box reaches past the end still has its header.
        let end = if &name == b"jp2c" { length.min(self.rest.len()) } else { length };
        let content = self.rest.get(header..end)?;
        self.rest = self.rest.get(end..)?;
        Some((name, content))
    }
}

/// The SIZ segment (ISO/IEC 15444-1 A.5.1).
fn codestream(image: &[u8]) -> Option<ImageHeader> {
    if !image.starts_with(&CODESTREAM_START) {
        return None;
    }
    let field = |index: usize| number(image, 8 + 4 * index, 4);
    let (x, y, x_offset, y_offset) = (field(0)?, field(1)?, field(2)?, field(3)?);
    let (tile_x, tile_y, tile_x_offset, tile_y_offset) = (field(4)?, field(5)?, field(6)?, field(7)?);
    if tile_x == 0 || tile_y == 0 {
        return None;
    }
    let columns = x.checked_sub(tile_x_offset)?.div_ceil(tile_x);
    let rows = y.checked_sub(tile_y_offset)?.div_ceil(tile_y);
    Some(ImageHeader {
        kind: ImageKind::Codestream,
        width: x.checked_sub(x_offset)?,
        height: y.checked_sub(y_offset)?,
        components: u16::try_from(number(image, 40, 2)?).ok()?,
        tiles: u64::from(columns) * u64::from(rows),
    })
}

/// The big-endian number in `len` bytes, at most four, at `at`.
fn number(bytes: &[u8], at: usize, len: usize) -> Option<u32> {
    let digits = bytes.get(at..at.checked_add(len)?)?;
    Some(digits.iter().fold(0, |n, b| n << 8 | u32::from(*b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jpeg_of(width: u16, height: u16) -> Vec<u8> {
        let mut image = vec![0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 1, 0xFF, 0xFF, 0xC0, 0, 11, 8];
        image.extend(height.to_be_bytes());
        image.extend(width.to_be_bytes());
        image.extend([1, 1, 0x11, 0, 0xFF, 0xDA, 0, 2]);
        image
    }

    fn codestream_of(width: u32, height: u32, tile: u32, components: u16) -> Vec<u8> {
        let mut image = CODESTREAM_START.to_vec();
        image.extend([0, 41, 0, 0]);
        for n in [width + 7, height + 9, 7, 9, tile, tile, 0, 0] {
            image.extend(n.to_be_bytes());
        }
        image.extend(components.to_be_bytes());
        image
    }

    fn jp2_of(announced: u32, codestream: &[u8]) -> Vec<u8> {
        let boxed = |name: &[u8; 4], content: &[u8]| {
            let length = u32::try_from(content.len() + 8).unwrap().to_be_bytes();
            [&length[..], name, content].concat()
        };
        let ihdr = [announced.to_be_bytes(), announced.to_be_bytes(), [0, 3, 7, 7]].concat();
        [
            JP2_SIGNATURE_BOX.to_vec(),
            boxed(b"ftyp", b"jp2 \0\0\0\0jp2 "),
            boxed(b"jp2h", &boxed(b"ihdr", &ihdr)),
            boxed(b"jp2c", codestream),
        ]
        .concat()
    }

    fn size(image: &[u8]) -> Option<(ImageKind, u32, u32, bool)> {
        let header = ImageHeader::read(image)?;
        Some((header.kind, header.width, header.height, header.within_bounds()))
    }

    #[test]
    fn the_size_is_read_from_the_header_of_each_kind() {
        assert_eq!(size(&jpeg_of(413, 531)), Some((ImageKind::Jpeg, 413, 531, true)));
        let codestream = codestream_of(413, 531, 1024, 3);
        assert_eq!(size(&codestream), Some((ImageKind::Codestream, 413, 531, true)));
        assert_eq!(size(&jp2_of(1, &codestream)), Some((ImageKind::Jp2, 413, 531, true)));
    }

    #[test]
    fn an_image_too_large_to_decode_is_told_by_its_header() {
        assert_eq!(size(&jpeg_of(65535, 65535)), Some((ImageKind::Jpeg, 65535, 65535, false)));
        assert_eq!(size(&jpeg_of(8192, 1465)).map(|s| s.3), Some(false), "more than twelve million pixels");
        assert_eq!(size(&jpeg_of(8192, 1464)).map(|s| s.3), Some(true));
        let huge = codestream_of(983_040, 983_040, 983_040, 3);
        assert_eq!(size(&huge), Some((ImageKind::Codestream, 983_040, 983_040, false)));
        assert_eq!(size(&jp2_of(413, &huge)).map(|s| s.3), Some(false), "the codestream says it");
        let small = codestream_of(413, 531, 1024, 3);
        assert_eq!(size(&jp2_of(983_040, &small)).map(|s| s.3), Some(false), "the image header box says it");
        assert_eq!(size(&codestream_of(400, 400, 1, 3)).map(|s| s.3), Some(false), "a tile for each pixel");
        assert_eq!(size(&codestream_of(400, 400, 400, 5)).map(|s| s.3), Some(false), "five components");
    }

    #[test]
    fn a_header_that_is_cut_or_contradicts_itself_is_none() {
        let images = [jpeg_of(413, 531), codestream_of(413, 531, 1024, 3)];
        for image in &images {
            assert!((0..image.len() - 4).all(|end| ImageHeader::read(&image[..end]).is_none()));
        }
        let mut twice = jpeg_of(413, 531);
        let frame = twice[9..22].to_vec();
        twice.splice(9..9, frame);
        assert_eq!(ImageHeader::read(&twice), None, "two frame headers");
        assert_eq!(ImageHeader::read(&jpeg_of(0, 531)), None);
        assert_eq!(ImageHeader::read(&codestream_of(413, 531, 0, 3)), None, "tiles of nothing");
        assert_eq!(ImageHeader::read(b"\x89PNG\r\n\x1a\n"), None);
    }
}
