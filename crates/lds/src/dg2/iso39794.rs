//! The face image data block of ISO/IEC 39794-5, as the profile for eMRTDs has it (Doc 9303-10 4.5.6).
//!
//! ```text
//! 7F2E { A1 { FaceImageDataBlock } }
//! FaceImageDataBlock  ::= [APPLICATION 5] SEQUENCE { versionBlock [0], representationBlocks [1], .. }
//! RepresentationBlocks ::= SEQUENCE OF RepresentationBlock
//! RepresentationBlock ::= SEQUENCE { representationId [0] INTEGER, imageRepresentation [1] ImageRepresentation, .. }
//! ImageRepresentation ::= CHOICE { base [0] CHOICE { imageRepresentation2DBlock [0] }, extensionBlock [1] }
//! ImageRepresentation2DBlock ::= SEQUENCE { representationData2D [0] OCTET STRING,
//!                                           imageInformation2DBlock [1] ImageInformation2DBlock, .. }
//! ImageInformation2DBlock ::= SEQUENCE { imageDataFormat [0], .., imageSizeBlock [7] ImageSizeBlock OPTIONAL, .. }
//! ImageSizeBlock      ::= SEQUENCE { width [0] INTEGER (0..65535), height [1] INTEGER (0..65535) }
//! ```
//!
//! Tags are implicit, but around a CHOICE. The sequences may be extended: what has another tag is passed over.

use super::Faces;
use crate::error::Result;
use crate::tlv::{Element, tag};

/// Reads the faces of the biometric data template 7F2E.
pub(super) fn read(template: &Element<'_>, faces: &mut Faces<'_>) -> Result<()> {
    let mut fields = template.children()?;
    let standardised = fields.expect(0xA1)?;
    fields.finish()?;
    let mut fields = standardised.children()?;
    let block = fields.expect(0x65)?;
    fields.finish()?;
    let mut representations = required(&block, 0xA1, "face image data block")?.children()?;
    while !representations.is_empty() {
        let representation = representations.expect(tag::SEQUENCE)?;
        let choice = required(&representation, 0xA1, "representation block")?;
        let base = required(&choice, 0xA0, "image representation: not the base one")?;
        let image = required(&base, 0xA0, "image representation: not two-dimensional")?;
        let data = required(&image, 0x80, "image representation")?;
        let (width, height) = size(&required(&image, 0xA1, "image information")?)?;
        faces.push(&data, data.value, width, height)?;
    }
    Ok(())
}

/// Width and height of the image size block; 0 and 0 without one.
fn size(information: &Element<'_>) -> Result<(u16, u16)> {
    let Some(block) = child(information, 0xA7)? else { return Ok((0, 0)) };
    let side = |tag| {
        let side = required(&block, tag, "image size block")?;
        u16::try_from(side.unsigned()?).map_err(|_| side.malformed("image size block"))
    };
    Ok((side(0x80)?, side(0x81)?))
}

fn required<'a>(parent: &Element<'a>, tag: u32, what: &'static str) -> Result<Element<'a>> {
    child(parent, tag)?.ok_or_else(|| parent.malformed(what))
}

/// The first element with this tag.
fn child<'a>(parent: &Element<'a>, tag: u32) -> Result<Option<Element<'a>>> {
    let mut fields = parent.children()?;
    while let Some(field) = fields.next_element()? {
        if field.tag == tag {
            return Ok(Some(field));
        }
    }
    Ok(None)
}
