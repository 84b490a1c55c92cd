//! LDS_I: EF.DG15.

use lds::FileId;

use super::{Base, chip_authentication, draft, with_length};
use crate::ActiveAuthentication;
use crate::vectors::draft::Draft;

/// The default with Chip and Active Authentication.
const EACAA: &str = "pa::bsi-default-eacaa";

pub(super) fn cases() -> Vec<Draft> {
    let base = Base::with(|passport| {
        let passport = passport.chip_authentication(Some(chip_authentication()));
        passport.active_authentication(Some(ActiveAuthentication::Rsa1024))
    });
    let file = base.passport.file(FileId::Dg(15));
    let case = |id, reference, description, code, file: &[u8]| {
        let case = draft(&base, id, reference, description).file(FileId::Dg(15), file);
        case.file(FileId::Sod, &base.sod_over(FileId::Dg(15), file)).refused(code, EACAA)
    };
    vec![
        draft(
            &base,
            EACAA,
            "BSI TR-03105-5.1 CFG.DFLT.EACAA",
            "The default document with both proofs of the chip",
        ),
        case(
            "pa::bsi-lds-i-01",
            "BSI TR-03105-5.1 LDS_I_01",
            "DG15 begins with tag 70",
            "lds.unexpected-tag(EF.DG15)",
            &[&[0x70], &file[1..]].concat(),
        ),
        case(
            "pa::bsi-lds-i-02",
            "BSI TR-03105-5.1 LDS_I_02",
            "The length of DG15 is one too small",
            "lds.trailing-bytes(EF.DG15)",
            &with_length(file, -1),
        ),
        case(
            "pa::bsi-lds-i-03",
            "BSI TR-03105-5.1 LDS_I_03",
            "The length of DG15 is one too big",
            "lds.truncated(EF.DG15)",
            &with_length(file, 1),
        ),
    ]
}
