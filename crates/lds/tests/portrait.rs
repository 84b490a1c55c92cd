//! EF.DG2: both standards of the facial record, findings in its headers, images too large.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use lds::dg2::{Dg2Finding, FaceImage, ImageFormat};
use lds::tlv::{encode, encode_all, encode_unsigned};
use lds::{Dg2, Error};

/// A JPEG of nothing but headers.
fn jpeg(width: u16, height: u16) -> Vec<u8> {
    let (w, h) = (width.to_be_bytes(), height.to_be_bytes());
    [&[0xFF, 0xD8, 0xFF, 0xC0, 0, 11, 8][..], &h, &w, &[1, 1, 0x11, 0, 0xFF, 0xDA, 0, 2]].concat()
}

fn codestream(width: u32, height: u32) -> Vec<u8> {
    let numbers = [width, height, 0, 0, width, height, 0, 0];
    let mut image = vec![0xFF, 0x4F, 0xFF, 0x51, 0, 41, 0, 0];
    image.extend(numbers.iter().flat_map(|n| n.to_be_bytes()));
    image.extend([0, 3]);
    image
}

fn dg2_19794(image: Vec<u8>) -> Vec<u8> {
    let format = ImageFormat::sniff(&image).unwrap();
    Dg2 { faces: vec![FaceImage { format, image: image.into(), width: 413, height: 531 }] }.encode()
}

/// A representation block of ISO/IEC 39794-5; the image size block may be left out.
fn representation(image: &[u8], size: Option<(u64, u64)>) -> Vec<u8> {
    let number = |tag: u32, n: u64| {
        let mut integer = encode_unsigned(n);
        integer[0] = u8::try_from(tag).unwrap();
        integer
    };
    let mut information = vec![encode(0xA0, &[0x80, 1, 2])];
    information.extend(size.map(|(w, h)| encode_all(0xA7, &[number(0x80, w), number(0x81, h)])));
    // What later editions may add: tag [30].
    information.push(encode(0x9E, &[1]));
    let two_dimensional = encode_all(0xA0, &[encode(0x80, image), encode_all(0xA1, &information)]);
    let choice = encode(0xA1, &encode(0xA0, &two_dimensional));
    let capture_date = encode(0xA2, &number(0x80, 2026));
    encode_all(0x30, &[number(0x80, 1), choice, capture_date])
}

fn dg2_39794(representations: &[Vec<u8>]) -> Vec<u8> {
    let version = encode(0xA0, &[0x80, 1, 3, 0x81, 2, 7, 0xE3]);
    let block = encode_all(0x65, &[version, encode_all(0xA1, representations)]);
    let header = encode_all(0xA1, &[vec![0x81, 1, 2], vec![0x87, 2, 1, 1], vec![0x88, 2, 0, 0x2A]]);
    let template = encode_all(0x7F60, &[header, encode(0x7F2E, &encode(0xA1, &block))]);
    encode(0x75, &encode_all(0x7F61, &[encode_unsigned(1), template]))
}

fn malformed(bytes: &[u8]) -> &'static str {
    match Dg2::parse(bytes) {
        Err(Error::Malformed { file: "EF.DG2", what, .. }) => what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_face_of_iso_39794_5_is_read() {
    let bytes = dg2_39794(&[representation(&jpeg(413, 531), Some((413, 531)))]);
    let (dg2, findings) = Dg2::parse_with_findings(&bytes.into()).unwrap();
    let [face] = dg2.faces.as_slice() else { panic!() };
    assert_eq!((face.format, face.width, face.height), (ImageFormat::Jpeg, 413, 531));
    assert_eq!(face.image, jpeg(413, 531));
    assert_eq!(findings, []);

    let bytes = dg2_39794(&[representation(&codestream(413, 531), None), representation(&jpeg(1, 1), None)]);
    let (dg2, findings) = Dg2::parse_with_findings(&bytes.into()).unwrap();
    let sizes: Vec<_> = dg2.faces.iter().map(|face| (face.format, face.width)).collect();
    assert_eq!(sizes, [(ImageFormat::Jpeg2000, 0), (ImageFormat::Jpeg, 0)]);
    assert_eq!(findings, []);
}

#[test]
fn a_block_of_iso_39794_5_without_its_image_is_refused() {
    let good = representation(&jpeg(413, 531), Some((413, 531)));
    assert_eq!(malformed(&dg2_39794(&[])), "biometric group: no face");
    assert_eq!(malformed(&dg2_39794(&[representation(b"GIF89a", None)])), "facial record: image");
    // base [0] becomes extensionBlock [1]; the octets [0] become [5].
    let choice = good.windows(2).position(|w| w[0] == 0xA1).unwrap() + 2;
    let mut extended = good.clone();
    extended[choice] = 0xA1;
    assert_eq!(malformed(&dg2_39794(&[extended])), "image representation: not the base one");
    let octets = good.windows(4).position(|w| w == [0xFF, 0xD8, 0xFF, 0xC0]).unwrap() - 2;
    let mut without = good;
    without[octets] = 0x85;
    assert_eq!(malformed(&dg2_39794(&[without])), "image representation");
}

#[test]
fn several_templates_and_several_faces_of_one_record_are_read() {
    let faces = |n| {
        let image = jpeg(413, 531).into();
        vec![FaceImage { format: ImageFormat::Jpeg, image, width: 413, height: 531 }; n]
    };
    for n in [1, 2, 9, 16] {
        assert_eq!(Dg2::parse(&Dg2 { faces: faces(n) }.encode()).unwrap().faces, faces(n));
    }
    assert_eq!(malformed(&Dg2 { faces: faces(17) }.encode()), "biometric group: too many faces");
}

#[test]
fn an_image_that_no_one_may_decode_is_refused() {
    for image in [jpeg(65535, 65535), codestream(983_040, 983_040)] {
        assert_eq!(malformed(&dg2_19794(image.clone())), "image: too large to decode");
        assert_eq!(malformed(&dg2_39794(&[representation(&image, None)])), "image: too large to decode");
    }
}

#[test]
fn headers_that_leave_the_standard_are_findings() {
    // Positions in the file: header 81 .. 88 before the block 5F2E, then the record.
    let good = dg2_19794(jpeg(413, 531));
    let header = good.windows(5).position(|w| w == [0x80, 2, 1, 1, 0x81]).unwrap();
    let record = good.windows(4).position(|w| w == b"FAC\0").unwrap();
    let count = good.windows(3).position(|w| w == [2, 1, 1]).unwrap() + 2;
    assert_eq!(Dg2::parse_with_findings(&good.clone().into()).unwrap().1, []);
    let face = record + 14;
    for (at, value, finding) in [
        (count, 2, Dg2Finding::NumberOfInstances),
        (header + 6, 8, Dg2Finding::BiometricType),
        (header + 13, 9, Dg2Finding::FormatOwner),
        (header + 10, 0x86, Dg2Finding::FormatOwnerMissing),
        (header + 17, 7, Dg2Finding::FormatType),
        (header + 14, 0x86, Dg2Finding::FormatTypeMissing),
        (record + 11, 0, Dg2Finding::RecordLength),
        (face + 6, 3, Dg2Finding::Gender),
        (face + 7, 8, Dg2Finding::EyeColour),
        (face + 8, 10, Dg2Finding::HairColour),
        (face + 14, 182, Dg2Finding::PoseYaw),
        (face + 15, 182, Dg2Finding::PosePitch),
        (face + 16, 255, Dg2Finding::PoseRoll),
        (face + 17, 182, Dg2Finding::PoseUncertaintyYaw),
        (face + 18, 182, Dg2Finding::PoseUncertaintyPitch),
        (face + 19, 182, Dg2Finding::PoseUncertaintyRoll),
        (face + 20, 3, Dg2Finding::ImageType),
        (face + 21, 1, Dg2Finding::ImageDataType),
        (face + 23, 7, Dg2Finding::ImageSize),
        (face + 33, 0xD9, Dg2Finding::ImageHeader),
    ] {
        let mut bytes = good.clone();
        bytes[at] = value;
        if finding == Dg2Finding::ImageHeader {
            // The frame header is cut off by an end of image.
            bytes.splice(at..=at, [0xD8, 0xFF]);
            bytes.truncate(good.len());
            bytes[at + 2] = 0xD9;
        }
        let (dg2, findings) =
            Dg2::parse_with_findings(&bytes.into()).unwrap_or_else(|e| panic!("{finding}: {e}"));
        assert_eq!((dg2.faces.len(), findings), (1, vec![finding]));
    }
}

#[test]
fn a_facial_record_of_another_format_or_version_is_refused() {
    let good = dg2_19794(jpeg(413, 531));
    let record = good.windows(4).position(|w| w == b"FAC\0").unwrap();
    for (at, what) in [(record, "facial record: format identifier"), (record + 5, "facial record: version")] {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        assert_eq!(malformed(&bytes), what);
    }
    // Feature points that are announced and not there: the image is looked for too far on.
    let mut bytes = good;
    bytes[record + 14 + 5] = 2;
    assert_eq!(malformed(&bytes), "facial record: image");
}
