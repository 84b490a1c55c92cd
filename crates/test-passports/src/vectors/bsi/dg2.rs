//! LDS_C: EF.DG2.

use lds::dg2::{FaceImage, ImageFormat};
use lds::tlv::{self, tag};
use lds::{Dg2, FileId};

use super::{Base, DEFAULT, draft, with_length};
use crate::portrait::{self, HEIGHT, JPEG2000, WIDTH};
use crate::vectors::draft::Draft;

/// Id and reference of a case.
macro_rules! c {
    ($number:literal) => {
        (concat!("pa::bsi-lds-c-", $number), concat!("BSI TR-03105-5.1 LDS_C_", $number))
    };
}

type Name = (&'static str, &'static str);

/// Where fields stand in a facial record of one face (ISO/IEC 19794-5:2005 5.4 to 5.8).
const VERSION: usize = 4;
const RECORD_LENGTH: usize = 8;
const FACE_LENGTH: usize = 14;
const FEATURE_POINTS: usize = 18;
const FIRST_POINT: usize = 34;
const IMAGE_DATA_TYPE: usize = 35;
const IMAGE: usize = 46;

/// The pupils of the drawn face: points 12.1 and 12.2 of MPEG-4, then x, y and two reserved bytes.
const PUPILS: [[u8; 8]; 2] = [[1, 0xC1, 0, 112, 0, 180, 0, 0], [1, 0xC2, 0, 188, 0, 180, 0, 0]];

/// What EF.DG2 is made from.
#[derive(Clone)]
struct Parts {
    /// The number of instances, an element.
    instances: Vec<u8>,
    /// The biometric header template.
    header: Vec<(u32, Vec<u8>)>,
    record: Vec<u8>,
}

impl Parts {
    fn of(format: ImageFormat, image: &[u8]) -> Self {
        let face = FaceImage { format, image: image.to_vec().into(), width: WIDTH, height: HEIGHT };
        let file = Dg2 { faces: vec![face] }.encode();
        let record = file.windows(4).position(|window| window == b"FAC\0").expect("a facial record");
        let header =
            [(0x80, vec![1, 1]), (0x81, vec![2]), (0x82, vec![0]), (0x87, vec![1, 1]), (0x88, vec![0, 8])];
        Self {
            instances: tlv::encode(tag::INTEGER, &[1]),
            header: header.to_vec(),
            record: file[record..].to_vec(),
        }
    }

    /// The file.
    fn file(&self) -> Vec<u8> {
        let header: Vec<Vec<u8>> = self.header.iter().map(|(tag, value)| tlv::encode(*tag, value)).collect();
        let template = [tlv::encode_all(0xA1, &header), tlv::encode(0x5F2E, &self.record)];
        let group = [self.instances.clone(), tlv::encode_all(0x7F60, &template)];
        tlv::encode(0x75, &tlv::encode_all(0x7F61, &group))
    }

    fn without_instances(mut self) -> Self {
        self.instances.clear();
        self
    }

    fn header(mut self, tag: u32, value: &[u8]) -> Self {
        let field = self.header.iter_mut().find(|field| field.0 == tag).expect("a field of the header");
        field.1 = value.to_vec();
        self
    }

    fn without_header(mut self, tag: u32) -> Self {
        self.header.retain(|field| field.0 != tag);
        self
    }

    fn record(mut self, at: usize, bytes: &[u8]) -> Self {
        self.record[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    fn count(mut self, at: usize, more: u32) -> Self {
        let length = self.record[at..at + 4].try_into().map(u32::from_be_bytes).expect("four bytes");
        self.record[at..at + 4].copy_from_slice(&length.wrapping_add(more).to_be_bytes());
        self
    }

    /// With two feature points. The facial record data length does not count them.
    fn with_points(self) -> Self {
        let mut parts = self.record(FEATURE_POINTS, &[0, 2]).count(RECORD_LENGTH, 16);
        parts.record.splice(FIRST_POINT..FIRST_POINT, PUPILS.concat());
        parts
    }

    fn without_image(mut self) -> Self {
        let image = u32::try_from(self.record.len() - IMAGE).expect("a small image");
        self.record.truncate(IMAGE);
        self.count(RECORD_LENGTH, image.wrapping_neg()).count(FACE_LENGTH, image.wrapping_neg())
    }
}

pub(super) fn cases(base: &Base) -> Vec<Draft> {
    let jpeg = Parts::of(ImageFormat::Jpeg, &portrait::jpeg(90));
    let jp2 = Parts::of(ImageFormat::Jpeg2000, JPEG2000);
    let file = jpeg.file();
    let good = |(id, reference): Name, description, file: &[u8]| {
        let case = draft(base, id, reference, description);
        case.file(FileId::Dg(2), file).file(FileId::Sod, &base.sod_over(FileId::Dg(2), file))
    };
    let bad = |name, description, code, file: &[u8]| good(name, description, file).refused(code, DEFAULT);
    let changed = |name, description, code, parts: Parts| bad(name, description, code, &parts.file());
    vec![
        good(c!("01"), "The portrait is JPEG 2000", &jp2.file()),
        good(c!("02"), "The portrait is JPEG", &file),
        good(c!("03"), "JPEG 2000 and two feature points", &jp2.with_points().count(FACE_LENGTH, 16).file()),
        bad(
            c!("04"),
            "DG2 begins with tag 76",
            "lds.unexpected-tag(EF.DG2)",
            &[&[0x76], &file[1..]].concat(),
        ),
        bad(
            c!("05"),
            "The length of DG2 is one too small",
            "lds.trailing-bytes(EF.DG2)",
            &with_length(&file, -1),
        ),
        bad(c!("06"), "The length of DG2 is one too big", "lds.truncated(EF.DG2)", &with_length(&file, 1)),
        changed(
            c!("07"),
            "The number of instances is missing",
            "lds.missing(EF.DG2: number of instances)",
            jpeg.clone().without_instances(),
        ),
        changed(
            c!("08"),
            "The format owner is not ISO/IEC JTC1/SC37",
            "lds.dg2.format-owner",
            jpeg.clone().header(0x87, &[2, 1]),
        ),
        changed(
            c!("09"),
            "The format owner is missing",
            "lds.dg2.format-owner-missing",
            jpeg.clone().without_header(0x87),
        ),
        changed(
            c!("10"),
            "The format type is that of a finger image",
            "lds.dg2.format-type",
            jpeg.clone().header(0x88, &[0, 7]),
        ),
        changed(
            c!("11"),
            "The format type is missing",
            "lds.dg2.format-type-missing",
            jpeg.clone().without_header(0x88),
        ),
        changed(
            c!("14"),
            "The facial record's format identifier is not FAC",
            "lds.malformed(EF.DG2: facial record: format identifier)",
            jpeg.clone().record(0, b"FIR\0"),
        ),
        changed(
            c!("15"),
            "The facial record's version is 090",
            "lds.malformed(EF.DG2: facial record: version)",
            jpeg.clone().record(VERSION, b"090\0"),
        ),
        changed(
            c!("16"),
            "The facial record data length does not count two feature points",
            "lds.malformed(EF.DG2: facial record: facial record data length)",
            jpeg.clone().with_points(),
        ),
        changed(
            c!("27"),
            "The image data type is none of the code list",
            "lds.dg2.facial-record.image-data-type",
            jpeg.clone().record(IMAGE_DATA_TYPE, &[2]),
        ),
        changed(
            c!("28"),
            "The facial record has no image",
            "lds.missing(EF.DG2: facial record: image)",
            jpeg.without_image(),
        ),
    ]
}
