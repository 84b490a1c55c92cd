//! The portrait of EF.DG2 as pixels.

use std::fmt;

use crypto::sha256;
use lds::Dg2;
use lds::dg2::Dg2Finding;

use crate::{ImageError, Picture};

/// Something of EF.DG2 that a reader should know and that refuses nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PortraitFinding {
    /// Its headers leave the standard, or say something else than the image does. The reference data set of the BSI
    /// says 337 x 449 over an image of 413 x 531.
    Header(Dg2Finding),
    /// It holds this many faces besides the portrait, which is the first; they are not compared.
    FurtherFaces(usize),
}

impl fmt::Display for PortraitFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(finding) => finding.fmt(f),
            Self::FurtherFaces(count) => write!(f, "further-faces({count})"),
        }
    }
}

/// The portrait of EF.DG2, decoded. That it is the holder's is for the caller to know, who authenticated EF.DG2.
#[derive(Clone, PartialEq, Eq)]
pub struct Portrait {
    picture: Picture,
    image_sha256: [u8; 32],
    findings: Vec<PortraitFinding>,
}

impl Portrait {
    /// Decodes the first face of EF.DG2, the one of the data page. A file whose first face cannot be decoded is not
    /// searched for another: results are bound to the digest of this one.
    ///
    /// # Errors
    /// As [`Picture::decode`].
    pub fn decode(dg2: &Dg2, findings: &[Dg2Finding]) -> Result<Self, ImageError> {
        let face = dg2.faces.first().ok_or(ImageError::Malformed)?;
        let mut all: Vec<_> = findings.iter().copied().map(PortraitFinding::Header).collect();
        if dg2.faces.len() > 1 {
            all.push(PortraitFinding::FurtherFaces(dg2.faces.len() - 1));
        }
        Ok(Self { findings: all, ..Self::from_image(&face.image)? })
    }

    /// Decodes the image that was taken out of EF.DG2 before.
    ///
    /// # Errors
    /// As [`Picture::decode`].
    pub fn from_image(image: &[u8]) -> Result<Self, ImageError> {
        Ok(Self { picture: Picture::decode(image)?, image_sha256: sha256(image), findings: Vec::new() })
    }

    /// The pixels.
    #[must_use]
    pub fn picture(&self) -> &Picture {
        &self.picture
    }

    /// SHA-256 of the image bytes as they stand in EF.DG2.
    #[must_use]
    pub fn image_sha256(&self) -> &[u8; 32] {
        &self.image_sha256
    }

    /// What a report tells of the file.
    #[must_use]
    pub fn findings(&self) -> &[PortraitFinding] {
        &self.findings
    }
}

/// Without the face.
impl fmt::Debug for Portrait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Portrait({:?}, {:?})", self.picture, self.findings)
    }
}
