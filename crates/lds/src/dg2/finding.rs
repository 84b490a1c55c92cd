//! Where the headers of EF.DG2 leave the standard though the portrait can be read: a policy decides what that means.

use std::fmt;

use crate::error::Result;
use crate::tlv::Element;

/// One such place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dg2Finding {
    /// The number of instances is not that of the templates.
    NumberOfInstances,
    /// The biometric header names another format owner than ISO/IEC JTC1/SC37 (0101).
    FormatOwner,
    /// The biometric header names no format owner.
    FormatOwnerMissing,
    /// The biometric header names another format type than the block has (0008 or 002A).
    FormatType,
    /// The biometric header names no format type.
    FormatTypeMissing,
    /// The biometric header names another biometric type than facial features (2).
    BiometricType,
    /// The facial record's length is not that of the block.
    RecordLength,
    /// Gender out of its code list.
    Gender,
    /// Eye colour out of its code list.
    EyeColour,
    /// Hair colour out of its code list.
    HairColour,
    /// Pose angle: yaw above 181.
    PoseYaw,
    /// Pose angle: pitch above 181.
    PosePitch,
    /// Pose angle: roll above 181.
    PoseRoll,
    /// Uncertainty of the yaw above 181.
    PoseUncertaintyYaw,
    /// Uncertainty of the pitch above 181.
    PoseUncertaintyPitch,
    /// Uncertainty of the roll above 181.
    PoseUncertaintyRoll,
    /// Face image type out of its code list.
    ImageType,
    /// Image data type out of its code list, or another than the image has.
    ImageDataType,
    /// The record's header says another size than the image has.
    ImageSize,
    /// The image's own header cannot be read.
    ImageHeader,
}

impl Dg2Finding {
    /// A stable name, such as `format-owner`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NumberOfInstances => "number-of-instances",
            Self::FormatOwner => "format-owner",
            Self::FormatOwnerMissing => "format-owner-missing",
            Self::FormatType => "format-type",
            Self::FormatTypeMissing => "format-type-missing",
            Self::BiometricType => "biometric-type",
            Self::RecordLength => "facial-record.length",
            Self::Gender => "facial-record.gender",
            Self::EyeColour => "facial-record.eye-colour",
            Self::HairColour => "facial-record.hair-colour",
            Self::PoseYaw => "facial-record.pose-yaw",
            Self::PosePitch => "facial-record.pose-pitch",
            Self::PoseRoll => "facial-record.pose-roll",
            Self::PoseUncertaintyYaw => "facial-record.pose-uncertainty-yaw",
            Self::PoseUncertaintyPitch => "facial-record.pose-uncertainty-pitch",
            Self::PoseUncertaintyRoll => "facial-record.pose-uncertainty-roll",
            Self::ImageType => "facial-record.image-type",
            Self::ImageDataType => "facial-record.image-data-type",
            Self::ImageSize => "facial-record.image-size",
            Self::ImageHeader => "image-header",
        }
    }
}

impl fmt::Display for Dg2Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

const JTC1_SC37: u64 = 0x0101;
/// `face-image-data` of ISO/IEC 19794-5:2005.
const FORMAT_19794: u64 = 0x0008;
/// `g3-binary-face-image` of ISO/IEC 39794-5.
const FORMAT_39794: u64 = 0x002A;
/// Facial features (Doc 9303-10 Table 44, ISO/IEC 7816-11 Table C.2).
const FACIAL_FEATURES: u64 = 2;

/// Looks at the biometric header template A1.
pub(super) fn biometric_header(
    header: &Element<'_>,
    is_19794: bool,
    findings: &mut Vec<Dg2Finding>,
) -> Result<()> {
    let (mut owner, mut format) = (None, None);
    let mut fields = header.children()?;
    while let Some(field) = fields.next_element()? {
        let value = field.value.iter().try_fold(0_u64, |n, b| Some(n.checked_mul(256)? | u64::from(*b)));
        match field.tag {
            0x81 if value != Some(FACIAL_FEATURES) => findings.push(Dg2Finding::BiometricType),
            0x87 => owner = Some(value),
            0x88 => format = Some(value),
            _ => {}
        }
    }
    match owner {
        None => findings.push(Dg2Finding::FormatOwnerMissing),
        Some(owner) if owner != Some(JTC1_SC37) => findings.push(Dg2Finding::FormatOwner),
        Some(_) => {}
    }
    match format {
        None => findings.push(Dg2Finding::FormatTypeMissing),
        Some(Some(FORMAT_19794)) if is_19794 => {}
        Some(Some(FORMAT_39794)) if !is_19794 => {}
        Some(_) => findings.push(Dg2Finding::FormatType),
    }
    Ok(())
}
