//! LDS_A: EF.COM.

use lds::{Com, FileId, tlv};

use super::{Base, draft};
use crate::vectors::draft::Draft;

pub(super) fn cases(base: &Base) -> Vec<Draft> {
    let file = base.passport.file(FileId::Com);
    let com = Com::parse(file).expect("EF.COM of the default");
    let mut without_dg1 = com.clone();
    without_dg1.data_groups.retain(|number| *number != 1);
    let of_1_8 = Com { lds_version: "0108".into(), ..com.clone() };
    let fields = [tlv::encode(0x5F01, b"0107"), tlv::encode(0x5F36, b"040000")];
    let tag = [&[0x61], &file[1..]].concat();
    let length = |length: u8| [&[0x60, length], &file[2..]].concat();
    let inner = file[1];
    let case = |id, reference, description, code, bytes: &[u8]| {
        let case = draft(base, id, reference, description).file(FileId::Com, bytes);
        match code {
            Some(code) => case.refused(code, super::DEFAULT),
            None => case,
        }
    };
    vec![
        case(
            "pa::bsi-lds-a-01",
            "BSI TR-03105-5.1 LDS_A_01",
            "EF.COM begins with tag 61",
            Some("lds.unexpected-tag(EF.COM)"),
            &tag,
        ),
        case(
            "pa::bsi-lds-a-02",
            "BSI TR-03105-5.1 LDS_A_02",
            "The length of EF.COM is one too small",
            Some("lds.trailing-bytes(EF.COM)"),
            &length(inner - 1),
        ),
        case(
            "pa::bsi-lds-a-03",
            "BSI TR-03105-5.1 LDS_A_03",
            "The length of EF.COM is one too big",
            Some("lds.truncated(EF.COM)"),
            &length(inner + 1),
        ),
        case(
            "pa::bsi-lds-a-08",
            "BSI TR-03105-5.1 LDS_A_08",
            "The tag list of EF.COM has no DG1",
            Some("lds.com-sod-mismatch"),
            &without_dg1.encode(),
        ),
        case(
            "pa::bsi-lds-a-09",
            "BSI TR-03105-5.1 LDS_A_09",
            "EF.COM has no tag list",
            Some("lds.missing(EF.COM: tag list)"),
            &tlv::encode_all(0x60, &fields),
        ),
        case(
            "pa::bsi-lds-a-10",
            "BSI TR-03105-5.1 LDS_A_10",
            "EF.COM says LDS version 1.8",
            None,
            &of_1_8.encode(),
        ),
    ]
}
