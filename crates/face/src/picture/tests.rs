use super::*;

/// A JPEG 2000 file of 300 x 400 in colour, made by OpenJPEG.
const JP2: &[u8] = include_bytes!("../../../test-passports/assets/portrait.jp2");

fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let image = image::RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, (x ^ y) as u8]));
    let mut out = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, 80).encode_image(&image).unwrap();
    out
}

fn size(bytes: &[u8]) -> Result<(usize, usize), ImageError> {
    Picture::decode(bytes).map(|picture| (picture.width(), picture.height()))
}

fn codestream() -> &'static [u8] {
    let at = JP2.windows(4).position(|four| four == [0xFF, 0x4F, 0xFF, 0x51]).unwrap();
    &JP2[at..]
}

fn marker(bytes: &[u8], marker: u8) -> usize {
    bytes.windows(2).position(|pair| pair == [0xFF, marker]).unwrap()
}

#[test]
fn each_kind_decodes_whatever_its_name() {
    assert_eq!(size(&jpeg(90, 120)), Ok((90, 120)));
    assert_eq!(size(JP2), Ok((300, 400)));
    assert_eq!(size(codestream()), Ok((300, 400)));
    assert_eq!(Picture::decode(JP2), Picture::decode(codestream()));
}

#[test]
fn the_pixels_are_those_of_the_picture() {
    let picture = Picture::decode(&jpeg(90, 120)).unwrap();
    let pixel = |x: usize, y: usize| &picture.rgb()[(y * 90 + x) * 3..][..3];
    for (x, y) in [(10, 10), (80, 100), (40, 60)] {
        let wanted = [x as u8, y as u8, (x ^ y) as u8];
        let near = pixel(x, y).iter().zip(wanted).all(|(a, b)| a.abs_diff(b) < 40);
        assert!(near, "{:?} is not {wanted:?}", pixel(x, y));
    }
}

#[test]
fn grey_becomes_three_equal_components() {
    let image = image::GrayImage::from_fn(64, 64, |x, y| image::Luma([(x * 2 + y) as u8]));
    let mut bytes = Vec::new();
    image::codecs::jpeg::JpegEncoder::new(&mut bytes).encode_image(&image).unwrap();
    let picture = Picture::decode(&bytes).unwrap();
    assert!(picture.rgb().chunks(3).all(|p| p[0] == p[1] && p[1] == p[2]));
}

#[test]
fn what_is_no_portrait_is_refused_by_its_header() {
    assert_eq!(size(b"\x89PNG\r\n\x1a\n........"), Err(ImageError::Format));
    assert_eq!(size(b""), Err(ImageError::Format));
    assert_eq!(size(&jpeg(8, 200)), Err(ImageError::Malformed), "eight pixels wide");
    assert_eq!(size(&vec![0xFF; MAX_BYTES + 1]), Err(ImageError::TooLarge));
    let mut huge = jpeg(90, 120);
    let frame = marker(&huge, 0xC0);
    huge[frame + 5..frame + 9].copy_from_slice(&[0xEA, 0x60, 0xEA, 0x60]);
    assert_eq!(size(&huge), Err(ImageError::TooLarge), "60000 x 60000");
    let mut huge = codestream().to_vec();
    huge[8..16].copy_from_slice(&[0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60]);
    assert_eq!(size(&huge), Err(ImageError::TooLarge), "60000 x 60000");
}

#[test]
fn a_cut_image_is_malformed() {
    for image in [jpeg(90, 120), JP2.to_vec(), codestream().to_vec()] {
        for part in [20, 50, 90] {
            let cut = &image[..image.len() * part / 100];
            assert_eq!(size(cut), Err(ImageError::Malformed), "{part} of 100 of {} bytes", image.len());
        }
    }
}

#[test]
fn a_codestream_made_to_cost_time_is_too_large() {
    let honest = codestream();
    let cod = marker(honest, 0x52);
    let with = |at: usize, bytes: &[u8]| {
        let mut changed = honest.to_vec();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        changed
    };
    assert_eq!(size(&with(cod + 6, &[0xFF, 0xFF])), Err(ImageError::TooLarge), "65,535 layers");
    assert_eq!(size(&with(cod + 9, &[32])), Err(ImageError::TooLarge), "32 decompositions");
    assert_eq!(size(&with(cod + 10, &[0])), Err(ImageError::TooLarge), "code blocks four pixels wide");
    let mut precincts = honest.to_vec();
    let levels = usize::from(honest[cod + 9]);
    precincts[cod + 4] |= 1;
    precincts[cod + 3] += u8::try_from(levels + 1).unwrap();
    precincts.splice(cod + 14..cod + 14, vec![0x11; levels + 1]);
    assert_eq!(size(&precincts), Err(ImageError::TooLarge), "precincts of two pixels");
    let qcd = marker(honest, 0x5C);
    let mut planes = honest.to_vec();
    planes[qcd + 4] |= 0xE0;
    let step = if honest[qcd + 4] & 0x1F == 0 { 1 } else { 2 };
    let end = qcd + 2 + usize::from(honest[qcd + 3]);
    for at in (qcd + 5..end).step_by(step) {
        planes[at] |= 0xF8;
    }
    // 360,000 samples of 37 planes are within the budget, and no code block has so many passes: still decoded.
    let size_of_planes = size(&planes);
    assert!(size_of_planes.is_ok() || size_of_planes == Err(ImageError::Malformed), "{size_of_planes:?}");
    let large = [1200_u32.to_be_bytes(), 1600_u32.to_be_bytes()].concat();
    planes[8..16].copy_from_slice(&large);
    planes[24..32].copy_from_slice(&large);
    assert_eq!(size(&planes), Err(ImageError::TooLarge), "37 bit planes of 5.8 million samples");
}

#[test]
fn a_tile_part_that_overrides_the_main_header_is_refused() {
    let honest = codestream();
    let sod = marker(honest, 0x93);
    let cod = marker(honest, 0x52);
    let segment = honest[cod..cod + 2 + usize::from(honest[cod + 3])].to_vec();
    let mut overriding = honest.to_vec();
    overriding.splice(sod..sod, segment);
    assert_eq!(size(&overriding), Err(ImageError::Format));
}

#[test]
fn a_jp2_file_with_a_palette_or_other_colours_is_refused() {
    let colr = JP2.windows(4).position(|four| four == b"colr").unwrap();
    assert_eq!(JP2[colr + 4], 1, "an enumerated colour space");
    let mut lab = JP2.to_vec();
    lab[colr + 10] = 14;
    assert_eq!(size(&lab), Err(ImageError::Format));
    let mut palette = JP2.to_vec();
    palette[colr..colr + 4].copy_from_slice(b"pclr");
    assert_eq!(size(&palette), Err(ImageError::Format));
}

#[test]
fn a_jpeg_of_a_thousand_scans_is_too_large() {
    let mut bytes = jpeg(90, 120);
    let scan = [0xFF, 0xDA, 0, 8, 1, 1, 0, 1, 5, 0];
    let end = bytes.len() - 2;
    bytes.splice(end..end, scan.repeat(1000));
    assert_eq!(size(&bytes), Err(ImageError::TooLarge));
}

#[test]
fn a_picture_is_made_of_three_bytes_a_pixel() {
    assert!(Picture::from_rgb(2, 2, vec![0; 12]).is_some());
    assert!(Picture::from_rgb(2, 2, vec![0; 11]).is_none());
    assert!(Picture::from_rgb(0, 2, vec![]).is_none());
    assert!(Picture::from_rgb(usize::MAX, 2, vec![]).is_none());
    assert_eq!(format!("{:?}", Picture::from_rgb(2, 2, vec![7; 12]).unwrap()), "Picture(2x2, ..)");
}
