//! The facial record of ISO/IEC 19794-5:2005 section 5: header, then for each face its information, feature points,
//! image information and image.

use super::{Dg2Finding, FaceImage, Faces, ImageFormat};
use crate::error::Result;
use crate::tlv::Element;

const FORMAT_IDENTIFIER: [u8; 4] = *b"FAC\0";
const VERSION: [u8; 4] = *b"010\0";
const HEADER_LEN: usize = 14;
const FACIAL_INFORMATION_LEN: usize = 20;
const FEATURE_POINT_LEN: usize = 8;
const IMAGE_INFORMATION_LEN: usize = 12;

/// Whether a block is a facial record, of whatever version.
pub(super) fn is_record(block: &[u8]) -> bool {
    block.starts_with(&FORMAT_IDENTIFIER)
}

/// Reads the faces of a facial record.
pub(super) fn read(block: &Element<'_>, faces: &mut Faces<'_>) -> Result<()> {
    let malformed = |what| block.malformed(what);
    let record = block.value;
    if !is_record(record) {
        return Err(malformed("facial record: format identifier"));
    }
    if record.get(4..8) != Some(&VERSION) {
        return Err(malformed("facial record: version"));
    }
    let length = number(record, 8, 4).ok_or_else(|| malformed("facial record: header"))?;
    faces.note(length != record.len(), Dg2Finding::RecordLength);
    let count = number(record, 12, 2).ok_or_else(|| malformed("facial record: header"))?;
    let mut rest = record.get(HEADER_LEN..).unwrap_or_default();
    for _ in 0..count {
        let length =
            number(rest, 0, 4).ok_or_else(|| malformed("facial record: facial information block"))?;
        let (face, tail) = rest
            .split_at_checked(length)
            .ok_or_else(|| malformed("facial record: facial record data length"))?;
        let information =
            Information::read(face).ok_or_else(|| malformed("facial record: image information"))?;
        information.look(face, faces);
        faces.push(block, information.image, information.width, information.height)?;
        rest = tail;
    }
    if rest.is_empty() { Ok(()) } else { Err(malformed("facial record: facial record data length")) }
}

/// One face of the record.
struct Information<'a> {
    image_type: usize,
    data_type: usize,
    width: u16,
    height: u16,
    image: &'a [u8],
}

impl<'a> Information<'a> {
    fn read(face: &'a [u8]) -> Option<Self> {
        let feature_points = number(face, 4, 2)?;
        let at = FACIAL_INFORMATION_LEN + feature_points * FEATURE_POINT_LEN;
        Some(Self {
            image_type: number(face, at, 1)?,
            data_type: number(face, at + 1, 1)?,
            width: u16::try_from(number(face, at + 2, 2)?).ok()?,
            height: u16::try_from(number(face, at + 4, 2)?).ok()?,
            image: face.get(at + IMAGE_INFORMATION_LEN..)?,
        })
    }

    /// Notes values out of their code lists (ISO/IEC 19794-5:2005 5.5 to 5.7).
    fn look(&self, face: &[u8], faces: &mut Faces<'_>) {
        let above = |at: usize, greatest: u8| face.get(at).is_some_and(|value| *value > greatest);
        // Unspecified, male, female; unknown is 255.
        let other = |at: usize, greatest: u8| above(at, greatest) && face.get(at) != Some(&0xFF);
        faces.note(other(6, 2), Dg2Finding::Gender);
        faces.note(other(7, 7), Dg2Finding::EyeColour);
        faces.note(other(8, 9), Dg2Finding::HairColour);
        // An angle is one more than half its degrees, clockwise; 0 is unspecified.
        for (at, finding) in [
            (14, Dg2Finding::PoseYaw),
            (15, Dg2Finding::PosePitch),
            (16, Dg2Finding::PoseRoll),
            (17, Dg2Finding::PoseUncertaintyYaw),
            (18, Dg2Finding::PoseUncertaintyPitch),
            (19, Dg2Finding::PoseUncertaintyRoll),
        ] {
            faces.note(above(at, 181), finding);
        }
        faces.note(self.image_type > 2, Dg2Finding::ImageType);
        let right = match ImageFormat::sniff(self.image) {
            Some(ImageFormat::Jpeg) => self.data_type == 0,
            _ => self.data_type == 1,
        };
        faces.note(!right, Dg2Finding::ImageDataType);
    }
}

/// The big-endian number in `len` bytes at `at`.
fn number(bytes: &[u8], at: usize, len: usize) -> Option<usize> {
    let digits = bytes.get(at..at.checked_add(len)?)?;
    Some(digits.iter().fold(0, |n, b| n << 8 | usize::from(*b)))
}

/// A facial record with one face, no feature points, unspecified attributes.
pub(super) fn record(face: &FaceImage) -> Vec<u8> {
    let face_len = FACIAL_INFORMATION_LEN + IMAGE_INFORMATION_LEN + face.image.len();
    let length = |len: usize| u32::try_from(len).expect("shorter than 4 GiB").to_be_bytes();
    let data_type = if face.format == ImageFormat::Jpeg { 0 } else { 1 };
    let mut out = [FORMAT_IDENTIFIER, VERSION].concat();
    out.extend(length(HEADER_LEN + face_len));
    out.extend([0, 1]);
    out.extend(length(face_len));
    out.extend([0; FACIAL_INFORMATION_LEN - 4]);
    // Full frontal image; then the data type, the size, and source and quality unspecified.
    out.extend([1, data_type]);
    out.extend(face.width.to_be_bytes());
    out.extend(face.height.to_be_bytes());
    out.extend([1, 0, 0, 0, 0, 0]);
    out.extend(&face.image);
    out
}
