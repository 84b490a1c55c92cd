//! JPEG 2000, with what a hostile file can make a decoder do bounded before it runs.
//!
//! A few bytes of a codestream can announce a million precincts, 65,535 layers, or 32 bit planes of a picture that
//! has none: so its marker segments (ISO/IEC 15444-1 Annex A) are read first, and what no portrait has is refused.
//! Of a JP2 file (Annex I) only the codestream is decoded: palettes and colour profiles are not applied.

use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};
use lds::image::{ImageHeader, ImageKind};

use super::Picture;
use crate::ImageError;

/// The most quality layers; encoders of portraits write 1 to 20.
const MAX_LAYERS: u16 = 32;
/// The most decompositions.
const MAX_LEVELS: u8 = 10;
/// The least side of a code block and of a precinct, as exponent of two.
const MIN_CODE_BLOCK: u8 = 4;
const MIN_PRECINCT: u8 = 5;
/// The most tiles.
const MAX_TILES: u64 = 64;
/// The most samples times bit planes: each is a step of the arithmetic decoder, some 10 ns. A portrait of 413 x 531 in
/// colour has 0.66 million samples of 10 to 14 planes.
const MAX_STEPS: u64 = 36_000_000;
/// The enumerated colour spaces sRGB and greyscale (I.5.3.3).
const COLOUR_SPACES: [u32; 2] = [16, 17];

pub(super) fn decode(bytes: &[u8], header: &ImageHeader) -> Result<Picture, ImageError> {
    let codestream = match header.kind {
        ImageKind::Jp2 => codestream_of(bytes)?,
        _ => bytes,
    };
    // The image header box of a JP2 file may say more than the codestream, which is what is decoded.
    let header = ImageHeader::read(codestream).ok_or(ImageError::Malformed)?;
    survey(codestream, &header)?;
    let settings = DecodeSettings { resolve_palette_indices: false, strict: true, target_resolution: None };
    let image = Image::new(codestream, &settings).map_err(|_| ImageError::Malformed)?;
    if (image.width(), image.height()) != (header.width, header.height) {
        return Err(ImageError::Malformed);
    }
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(|_| ImageError::Malformed)?;
    let samples = decoded.data_u8();
    let rgb = match header.components {
        1 => samples.iter().flat_map(|grey| [*grey; 3]).collect(),
        _ => samples,
    };
    Picture::from_rgb(header.width as usize, header.height as usize, rgb).ok_or(ImageError::Malformed)
}

/// The one codestream of a JP2 file, if its colours are those of a portrait.
fn codestream_of(jp2: &[u8]) -> Result<&[u8], ImageError> {
    let mut codestream = None;
    for (name, content) in boxes(jp2)? {
        match &name {
            b"jp2h" => check_header_box(content)?,
            b"jp2c" if codestream.is_some() => return Err(ImageError::Malformed),
            b"jp2c" => codestream = Some(content),
            _ => {}
        }
    }
    codestream.ok_or(ImageError::Malformed)
}

/// No palette, and a colour specification of sRGB, greyscale or a profile of them (method 2).
fn check_header_box(content: &[u8]) -> Result<(), ImageError> {
    for (name, content) in boxes(content)? {
        match &name {
            b"pclr" | b"cmap" => return Err(ImageError::Format),
            b"colr" if content.first() == Some(&1) => {
                let space = be(content, 3, 4)?;
                if !COLOUR_SPACES.contains(&space) {
                    return Err(ImageError::Format);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

type NamedBox<'a> = ([u8; 4], &'a [u8]);

/// The boxes at one level. A length of 0 reaches to the end; lengths of eight bytes are for files of 4 GiB.
fn boxes(mut rest: &[u8]) -> Result<Vec<NamedBox<'_>>, ImageError> {
    let mut found = Vec::new();
    while !rest.is_empty() {
        let length = be(rest, 0, 4)? as usize;
        let name = rest.get(4..8).and_then(|name| name.try_into().ok()).ok_or(ImageError::Malformed)?;
        let (start, end) = match length {
            0 => (8, rest.len()),
            1 if be(rest, 8, 4)? == 0 => (16, be(rest, 12, 4)? as usize),
            1 => return Err(ImageError::Malformed),
            _ => (8, length),
        };
        found.push((name, rest.get(start..end).ok_or(ImageError::Malformed)?));
        rest = rest.get(end..).ok_or(ImageError::Malformed)?;
    }
    Ok(found)
}

/// Reads the marker segments of the main header and of each tile-part.
fn survey(codestream: &[u8], header: &ImageHeader) -> Result<(), ImageError> {
    if !matches!(header.components, 1 | 3) {
        return Err(ImageError::Format);
    }
    if header.tiles > MAX_TILES {
        return Err(ImageError::TooLarge);
    }
    for component in 0..usize::from(header.components) {
        // Ssiz: unsigned, 8 bits; XRsiz and YRsiz: not subsampled (A.5.1).
        if codestream.get(42 + 3 * component..45 + 3 * component) != Some(&[7, 1, 1]) {
            return Err(ImageError::Format);
        }
    }
    let mut planes = 0;
    let mut at = 2;
    loop {
        let marker = be(codestream, at, 2)?;
        let length = match marker {
            // EOC, SOT: the header ends.
            0xFFD9 | 0xFF90 => break,
            0xFF30..=0xFF3F => 0,
            _ => be(codestream, at + 2, 2)? as usize,
        };
        let segment = codestream.get(at + 2..at + 2 + length).ok_or(ImageError::Malformed)?;
        match marker {
            // COD: Scod, then progression order, layers, component transform. COC: component, Scoc.
            0xFF52 => {
                if be(segment, 4, 2)? > u32::from(MAX_LAYERS) {
                    return Err(ImageError::TooLarge);
                }
                coding_style(segment.get(7..), segment.get(2))?;
            }
            0xFF53 => coding_style(segment.get(4..), segment.get(3))?,
            0xFF5C => planes = planes.max(bit_planes(segment.get(2..))?),
            0xFF5D => planes = planes.max(bit_planes(segment.get(3..))?),
            // SIZ, COM, CRG, TLM, PLM, and markers without a segment.
            0xFF51 | 0xFF64 | 0xFF63 | 0xFF55 | 0xFF57 | 0xFF30..=0xFF3F => {}
            // RGN, POC, PPM and what is not of Part 1.
            _ => return Err(ImageError::Format),
        }
        at += 2 + length;
    }
    let samples = u64::from(header.width) * u64::from(header.height) * u64::from(header.components);
    if samples * planes > MAX_STEPS {
        return Err(ImageError::TooLarge);
    }
    tile_parts(codestream, at)
}

/// The header of a tile-part may override the main one; no portrait does, so nothing of it is left to bound.
fn tile_parts(codestream: &[u8], mut at: usize) -> Result<(), ImageError> {
    while at < codestream.len() && be(codestream, at, 2)? == 0xFF90 {
        let length = be(codestream, at + 6, 4)? as usize;
        let mut inner = at + 12;
        loop {
            match be(codestream, inner, 2)? {
                // SOD: the data begin.
                0xFF93 => break,
                // COM, PLT.
                0xFF64 | 0xFF58 => inner += 2 + (be(codestream, inner + 2, 2)? as usize).max(2),
                _ => return Err(ImageError::Format),
            }
        }
        match length {
            0 => return Ok(()),
            1..14 => return Err(ImageError::Malformed),
            _ => at = at.checked_add(length).ok_or(ImageError::Malformed)?,
        }
    }
    Ok(())
}

/// SPcod or SPcoc (A.6.1): levels, code block width and height, style, transform, then precincts if the style says so.
fn coding_style(parameters: Option<&[u8]>, style: Option<&u8>) -> Result<(), ImageError> {
    let (Some([levels, width, height, _, _, precincts @ ..]), Some(style)) = (parameters, style) else {
        return Err(ImageError::Malformed);
    };
    let block = |exponent: u8| (MIN_CODE_BLOCK..=10).contains(&exponent.saturating_add(2));
    let precinct = |sizes: &u8| sizes & 0xF >= MIN_PRECINCT && sizes >> 4 >= MIN_PRECINCT;
    let small = *levels > MAX_LEVELS || !block(*width) || !block(*height) || width + height > 8;
    if small || (style & 1 == 1 && !precincts.iter().all(precinct)) {
        return Err(ImageError::TooLarge);
    }
    Ok(())
}

/// The most bit planes that the quantization of a component lets a sub-band have: guard bits and exponent, less one
/// (Equation E-2). `segment` begins with Sqcd or, one byte late for a component, Sqcc.
fn bit_planes(segment: Option<&[u8]>) -> Result<u64, ImageError> {
    let (style, steps) = segment.and_then(<[u8]>::split_first).ok_or(ImageError::Malformed)?;
    let exponent = match style & 0x1F {
        0 => steps.iter().map(|step| step >> 3).max(),
        1 | 2 => steps.chunks_exact(2).map(|step| step[0] >> 3).max(),
        _ => None,
    };
    let exponent = exponent.ok_or(ImageError::Malformed)?;
    Ok(u64::from((style >> 5) + exponent).saturating_sub(1))
}

/// The big-endian number in `len` bytes, at most four, at `at`.
fn be(bytes: &[u8], at: usize, len: usize) -> Result<u32, ImageError> {
    let end = at.checked_add(len).ok_or(ImageError::Malformed)?;
    let digits = bytes.get(at..end).ok_or(ImageError::Malformed)?;
    Ok(digits.iter().fold(0, |n, b| n << 8 | u32::from(*b)))
}
