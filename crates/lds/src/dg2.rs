//! EF.DG2 (Doc 9303-10 4.7.2): the portrait, in a biometric data block of ISO/IEC 19794-5:2005.
//!
//! ```text
//! 75 { 7F61 { 02 <number>, 7F60 { A1 <header>, 5F2E or 7F2E <biometric data block> } .. } }
//! ```

use crate::FileId;
use crate::error::Result;
use crate::tlv::{self, Element, tag};

/// EF.DG2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dg2 {
    /// The faces, at least one. The first is the portrait of the data page.
    pub faces: Vec<FaceImage>,
}

/// How the image is coded, told from its first bytes and not from the record's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ImageFormat {
    /// JPEG.
    Jpeg,
    /// JPEG 2000, as JP2 file or bare codestream.
    Jpeg2000,
}

impl ImageFormat {
    /// Tells the format from an image's first bytes.
    #[must_use]
    pub fn sniff(image: &[u8]) -> Option<Self> {
        const JP2_SIGNATURE_BOX: [u8; 12] = [0, 0, 0, 12, b'j', b'P', b' ', b' ', 0x0D, 0x0A, 0x87, 0x0A];
        const JPEG_2000_CODESTREAM: [u8; 4] = [0xFF, 0x4F, 0xFF, 0x51];
        if image.starts_with(&[0xFF, 0xD8, 0xFF]) {
            Some(Self::Jpeg)
        } else if image.starts_with(&JP2_SIGNATURE_BOX) || image.starts_with(&JPEG_2000_CODESTREAM) {
            Some(Self::Jpeg2000)
        } else {
            None
        }
    }
}

/// One face.
#[derive(Clone, PartialEq, Eq)]
pub struct FaceImage {
    /// How `image` is coded.
    pub format: ImageFormat,
    /// The image file.
    pub image: Vec<u8>,
    /// Width in pixels as the record's header says. The image itself may differ and is not refused for it: the BSI
    /// reference data set says 337 x 449 over an image of 413 x 531.
    pub width: u16,
    /// Height in pixels as the record's header says.
    pub height: u16,
}

/// The portrait stays out of logs.
impl std::fmt::Debug for FaceImage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FaceImage({:?}, {}x{}, ..)", self.format, self.width, self.height)
    }
}

const HEADER: [u8; 8] = *b"FAC\x00010\x00";
const HEADER_LEN: usize = 14;
const FACIAL_INFORMATION_LEN: usize = 20;
const FEATURE_POINT_LEN: usize = 8;
const IMAGE_INFORMATION_LEN: usize = 12;

impl Dg2 {
    /// Reads EF.DG2.
    ///
    /// # Errors
    /// Not the structure above, another format of biometric data than ISO/IEC 19794-5:2005, no face, or an image that
    /// is neither JPEG nor JPEG 2000.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let file = FileId::Dg(2).name();
        let outer = tlv::read_one(file, bytes, 0x75)?;
        let mut fields = outer.children()?;
        let group = fields.expect(0x7F61)?;
        fields.finish()?;
        let mut templates = group.children()?;
        templates.expect(tag::INTEGER)?;
        let mut faces = Vec::new();
        while !templates.is_empty() {
            let mut template = templates.expect(0x7F60)?.children()?;
            template.expect(0xA1)?;
            let block = match template.optional(0x5F2E)? {
                Some(block) => block,
                None => template.expect(0x7F2E)?,
            };
            template.finish()?;
            read_faces(&block, &mut faces)?;
        }
        if faces.is_empty() {
            return Err(outer.malformed("biometric group: no face"));
        }
        Ok(Self { faces })
    }

    /// The file: one biometric information template for each face.
    ///
    /// # Panics
    /// With more than 255 faces or an image of 4 GiB.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let count = u8::try_from(self.faces.len()).expect("at most 255 faces");
        let mut parts = vec![tlv::encode(tag::INTEGER, &[count])];
        for face in &self.faces {
            // Doc 9303-10 Table 49: header version, type facial features, creator and format owner ISO/IEC JTC1/SC37,
            // format type face image data.
            let header = tlv::encode_all(
                0xA1,
                &[
                    tlv::encode(0x80, &[1, 1]),
                    tlv::encode(0x81, &[2]),
                    tlv::encode(0x82, &[0]),
                    tlv::encode(0x87, &[1, 1]),
                    tlv::encode(0x88, &[0, 8]),
                ],
            );
            parts.push(tlv::encode_all(0x7F60, &[header, tlv::encode(0x5F2E, &record(face))]));
        }
        tlv::encode(0x75, &tlv::encode_all(0x7F61, &parts))
    }
}

/// Reads the faces of a facial record (ISO/IEC 19794-5:2005 section 5).
fn read_faces(block: &Element<'_>, faces: &mut Vec<FaceImage>) -> Result<()> {
    let malformed = |what| block.malformed(what);
    let record = block.value;
    if !record.starts_with(&HEADER) {
        return Err(malformed("biometric data block: not ISO/IEC 19794-5"));
    }
    let count = number(record, 12, 2).ok_or_else(|| malformed("facial record header"))?;
    let mut rest = record.get(HEADER_LEN..).unwrap_or_default();
    for _ in 0..count {
        let length = number(rest, 0, 4).ok_or_else(|| malformed("facial information block"))?;
        let (face, tail) = rest.split_at_checked(length).ok_or_else(|| malformed("facial record length"))?;
        faces.push(read_face(face).ok_or_else(|| malformed("facial record"))?);
        rest = tail;
    }
    if rest.is_empty() { Ok(()) } else { Err(malformed("facial record: bytes after its last face")) }
}

/// Facial information, feature points, image information, image.
fn read_face(face: &[u8]) -> Option<FaceImage> {
    let feature_points = number(face, 4, 2)?;
    let information = FACIAL_INFORMATION_LEN + feature_points * FEATURE_POINT_LEN;
    let width = u16::try_from(number(face, information + 2, 2)?).ok()?;
    let height = u16::try_from(number(face, information + 4, 2)?).ok()?;
    let image = face.get(information + IMAGE_INFORMATION_LEN..)?;
    Some(FaceImage { format: ImageFormat::sniff(image)?, image: image.to_vec(), width, height })
}

/// The big-endian number in `len` bytes at `at`.
fn number(bytes: &[u8], at: usize, len: usize) -> Option<usize> {
    let digits = bytes.get(at..at.checked_add(len)?)?;
    Some(digits.iter().fold(0, |n, b| n << 8 | usize::from(*b)))
}

/// A facial record with one face, no feature points, unspecified attributes.
fn record(face: &FaceImage) -> Vec<u8> {
    let face_len = FACIAL_INFORMATION_LEN + IMAGE_INFORMATION_LEN + face.image.len();
    let length = |len: usize| u32::try_from(len).expect("shorter than 4 GiB").to_be_bytes();
    let data_type = if face.format == ImageFormat::Jpeg { 0 } else { 1 };
    let mut out = HEADER.to_vec();
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
