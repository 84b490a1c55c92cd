//! EF.DG2 (Doc 9303-10 4.7.2): the portrait, in biometric data blocks of ISO/IEC 19794-5:2005 or ISO/IEC 39794-5.
//!
//! ```text
//! 75 { 7F61 { 02 <number>, 7F60 { A1 <header>, 5F2E <block of 19794-5> or 7F2E <block of 39794-5> } .. } }
//! ```

mod finding;
mod iso19794;
mod iso39794;

use bytes::Bytes;

use crate::FileId;
use crate::error::Result;
use crate::image::{ImageHeader, ImageKind};
use crate::tlv::{self, Element, tag};

pub use finding::Dg2Finding;

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
        ImageKind::sniff(image).map(|kind| match kind {
            ImageKind::Jpeg => Self::Jpeg,
            ImageKind::Jp2 | ImageKind::Codestream => Self::Jpeg2000,
        })
    }
}

/// One face.
#[derive(Clone, PartialEq, Eq)]
pub struct FaceImage {
    /// How `image` is coded.
    pub format: ImageFormat,
    /// The image file: a part of EF.DG2, shared with it and not copied.
    pub image: Bytes,
    /// Width in pixels as the record's header says, 0 if it says none. The image itself may differ and is not refused
    /// for it: the BSI reference data set says 337 x 449 over an image of 413 x 531. See [`FaceImage::header`].
    pub width: u16,
    /// Height in pixels as the record's header says, 0 if it says none.
    pub height: u16,
}

impl FaceImage {
    /// The size and kind that the image itself says. `None`: its header cannot be read.
    #[must_use]
    pub fn header(&self) -> Option<ImageHeader> {
        ImageHeader::read(&self.image)
    }
}

/// The portrait stays out of logs.
impl std::fmt::Debug for FaceImage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FaceImage({:?}, {}x{}, ..)", self.format, self.width, self.height)
    }
}

/// Doc 9303-10 Table 45 allows nine encodings; a record of ISO/IEC 19794-5 may hold several faces.
const MAX_FACES: usize = 16;

impl Dg2 {
    /// Reads EF.DG2.
    ///
    /// # Errors
    /// Not the structure above, another format of biometric data than the two, no face or more than 16, an image that
    /// is neither JPEG nor JPEG 2000, or one whose header announces a size that no one may decode
    /// ([`ImageHeader::within_bounds`]).
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        Self::parse_with_findings(&Bytes::copy_from_slice(bytes)).map(|(dg2, _)| dg2)
    }

    /// [`parse`](Self::parse) of a file that its images share, and where the headers leave the standard though the
    /// portrait can be read.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_with_findings(file: &Bytes) -> Result<(Self, Vec<Dg2Finding>)> {
        let outer = tlv::read_file(FileId::Dg(2), file)?;
        let mut fields = outer.children()?;
        let group = fields.expect(0x7F61)?;
        fields.finish()?;
        let mut templates = group.children()?;
        let count = templates.required(tag::INTEGER, "number of instances")?.unsigned()?;
        let mut faces = Faces { file, images: Vec::new(), findings: Vec::new() };
        let mut blocks = 0;
        while !templates.is_empty() {
            let mut template = templates.expect(0x7F60)?.children()?;
            let header = template.expect(0xA1)?;
            let block = match template.optional(0x5F2E)? {
                Some(block) => block,
                None => template.required(0x7F2E, "biometric data block")?,
            };
            template.finish()?;
            let is_19794 = iso19794::is_record(block.value);
            finding::biometric_header(&header, is_19794, &mut faces.findings)?;
            if is_19794 || block.tag == 0x5F2E {
                iso19794::read(&block, &mut faces)?;
            } else {
                iso39794::read(&block, &mut faces)?;
            }
            blocks += 1;
        }
        if faces.images.is_empty() {
            return Err(outer.malformed("biometric group: no face"));
        }
        faces.note(count != blocks, Dg2Finding::NumberOfInstances);
        Ok((Self { faces: faces.images }, faces.findings))
    }

    /// The file: one biometric information template for each face, blocks of ISO/IEC 19794-5.
    ///
    /// # Panics
    /// With more than 255 faces or an image of 4 GiB.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let count = u8::try_from(self.faces.len()).expect("at most 255 faces");
        let mut parts = vec![tlv::encode(tag::INTEGER, &[count])];
        for face in &self.faces {
            // Doc 9303-10 Table 44: header version, type facial features, creator and format owner ISO/IEC JTC1/SC37,
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
            parts.push(tlv::encode_all(0x7F60, &[header, tlv::encode(0x5F2E, &iso19794::record(face))]));
        }
        tlv::encode(0x75, &tlv::encode_all(0x7F61, &parts))
    }
}

/// The faces read so far, and what was noticed.
struct Faces<'a> {
    file: &'a Bytes,
    images: Vec<FaceImage>,
    findings: Vec<Dg2Finding>,
}

impl Faces<'_> {
    /// Notes a finding, once.
    fn note(&mut self, holds: bool, finding: Dg2Finding) {
        if holds && !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    /// Takes an image, a part of the file in `block`, whose header says `width` and `height`.
    fn push(&mut self, block: &Element<'_>, image: &[u8], width: u16, height: u16) -> Result<()> {
        if image.is_empty() {
            return Err(block.missing("facial record: image"));
        }
        let format = ImageFormat::sniff(image).ok_or_else(|| block.malformed("facial record: image"))?;
        if self.images.len() == MAX_FACES {
            return Err(block.malformed("biometric group: too many faces"));
        }
        match ImageHeader::read(image) {
            Some(header) if !header.within_bounds() => {
                return Err(block.malformed("image: too large to decode"));
            }
            Some(header) => {
                let said = (u32::from(width), u32::from(height));
                let differs = said != (0, 0) && said != (header.width, header.height);
                self.note(differs, Dg2Finding::ImageSize);
            }
            None => self.note(true, Dg2Finding::ImageHeader),
        }
        self.images.push(FaceImage { format, image: self.file.slice_ref(image), width, height });
        Ok(())
    }
}
