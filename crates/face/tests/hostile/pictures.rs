//! Pictures made to break a decoder, for the test and for the example that prints what they cost.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const JP2: &[u8] = include_bytes!("../../../test-passports/assets/portrait.jp2");
/// Mutations of each honest picture.
pub const MUTATIONS: usize = 400;

/// Pictures each wrong in one thing.
pub fn named() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let (large, format, malformed) = ("face.image-too-large", "face.image-format", "face.image-malformed");
    let jpeg = jpeg(120, 160, 80);
    let codestream = codestream();
    let sized = |side: u32| {
        let mut bytes = codestream.clone();
        for field in [8, 12] {
            bytes[field..field + 4].copy_from_slice(&side.to_be_bytes());
        }
        bytes
    };
    let mut jp2_of_60000 = JP2.to_vec();
    let at = find(JP2, b"ihdr") + 4;
    jp2_of_60000[at..at + 4].copy_from_slice(&60_000_u32.to_be_bytes());
    let mut wide = jpeg.clone();
    let frame = find(&wide, &[0xFF, 0xC0]);
    wide[frame + 5..frame + 9].copy_from_slice(&[0xEA, 0x60, 0xEA, 0x60]);
    let hidden = [&jpeg[..2], &[0xFF, 0xFE, 0x12, 2], JP2].concat();
    let free_boxes = [JP2[..12].to_vec(), [0, 0, 0, 8, b'f', b'r', b'e', b'e'].repeat(60_000)].concat();
    vec![
        ("a codestream of 60000 x 60000", sized(60_000), large),
        ("a codestream of 2^32 - 1", sized(u32::MAX), large),
        ("a JP2 header of 60000 rows", jp2_of_60000, large),
        ("a JPEG of 60000 x 60000", wide, large),
        ("a PNG before a JPEG", [b"\x89PNG\r\n\x1a\n", &jpeg[..]].concat(), format),
        ("a JP2 in the comment of a JPEG without more", hidden, malformed),
        ("a JP2 signature before a JPEG", [&JP2[..12], &jpeg].concat(), malformed),
        ("HTML", b"<!DOCTYPE html><script>".to_vec(), format),
        ("a JPEG's first bytes", vec![0xFF, 0xD8, 0xFF], malformed),
        ("a codestream's first bytes", vec![0xFF, 0x4F, 0xFF, 0x51], malformed),
        ("half a megabyte of fill bytes", vec![0xFF; face::MAX_BYTES], format),
        ("a JPEG of start markers", [0xFF, 0xD8].repeat(face::MAX_BYTES / 2), malformed),
        ("empty boxes", free_boxes, malformed),
    ]
}

/// Honest pictures with bytes flipped, numbers in headers made large, and parts cut out, doubled or moved.
pub fn mutated() -> Vec<(String, Vec<u8>)> {
    let mut rng = ChaCha20Rng::seed_from_u64(2026);
    let honest = [
        ("jp2", JP2.to_vec(), MUTATIONS),
        ("codestream", codestream(), MUTATIONS),
        ("jpeg", jpeg(120, 160, 80), MUTATIONS),
        ("large jpeg", jpeg(1200, 1600, 20), MUTATIONS / 20),
    ];
    let mut out = Vec::new();
    for (name, bytes, mutations) in honest {
        for n in 0..mutations {
            out.push((format!("{name} {n}"), mutate(&bytes, &mut rng)));
        }
    }
    out
}

fn mutate(honest: &[u8], rng: &mut ChaCha20Rng) -> Vec<u8> {
    let mut below = |n: usize| (rng.next_u64() % n.max(1) as u64) as usize;
    let mut bytes = honest.to_vec();
    // Two places of three lie in the first bytes, where the headers are.
    let places: Vec<usize> = (0..8)
        .map(|_| if below(3) > 0 { below(200.min(honest.len())) } else { below(honest.len()) })
        .collect();
    let (from, to) = (places[0].min(places[1]), places[0].max(places[1]));
    match below(7) {
        0 | 1 => places[..=below(7)].iter().for_each(|place| bytes[*place] ^= 1 << below(8)),
        2 => bytes[places[0]] = [0, 1, 0x7F, 0x80, 0xFE, 0xFF][below(6)],
        3 => bytes.truncate(places[0]),
        4 => bytes[from..honest.len().min(from + 4)].fill(0xFF),
        5 => drop(bytes.splice(places[2]..places[2], honest[from..to].to_vec())),
        _ => drop(bytes.drain(from..to)),
    }
    bytes
}

fn codestream() -> Vec<u8> {
    JP2[find(JP2, &[0xFF, 0x4F, 0xFF, 0x51])..].to_vec()
}

fn jpeg(width: u32, height: u32, quality: u8) -> Vec<u8> {
    let image = image::RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, (x * y) as u8]));
    let mut out = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, quality)
        .encode_image(&image)
        .expect("a picture that encodes");
    out
}

fn find(bytes: &[u8], what: &[u8]) -> usize {
    bytes.windows(what.len()).position(|window| window == what).expect("bytes of the picture")
}
