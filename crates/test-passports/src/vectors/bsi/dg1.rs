//! LDS_B: EF.DG1.

use lds::{FileId, dg1, tlv};

use super::{Base, DEFAULT, draft};
use crate::vectors::draft::Draft;
use crate::vectors::manifest::Evidence;

/// The default, with its page.
const PAGE: &str = "pa::bsi-default-page";

/// Id, reference, description, code of the refusal, lines of the MRZ.
type Row = (&'static str, &'static str, &'static str, Option<&'static str>, [&'static str; 2]);

const MRZ: [Row; 22] = [
    (
        "pa::bsi-lds-b-01",
        "BSI TR-03105-5.1 LDS_B_01",
        "MRZ with characters in the optional-data field and a matching check digit",
        None,
        ["P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<", "C11T002JM4D<<9608122F23103141234567890<<<<78"],
    ),
    (
        "pa::bsi-lds-b-02",
        "BSI TR-03105-5.1 LDS_B_02",
        "MRZ whose name field shows a shortened secondary identifier",
        None,
        ["P<D<<MUSTERMANN<<E<<<<<<<<<<<<<<<<<<<<<<<<<<", "C11T002JM4D<<9608122F2310314<<<<<<<<<<<<<<<4"],
    ),
    (
        "pa::bsi-lds-b-03",
        "BSI TR-03105-5.1 LDS_B_03",
        "MRZ without a secondary identifier (primary name only)",
        None,
        ["P<D<<MUSTERMANN<<<<<<<<<<<<<<<<<<<<<<<<<<<<<", "C11T002JM4D<<9608122F2310314<<<<<<<<<<<<<<<4"],
    ),
    (
        "pa::bsi-lds-b-04",
        "BSI TR-03105-5.1 LDS_B_04",
        "Optional data empty and its check digit written as 0 rather than filler",
        None,
        ["P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<", "C11T002JM4D<<9608122F2310314<<<<<<<<<<<<<<04"],
    ),
    (
        "pa::bsi-lds-b-08",
        "BSI TR-03105-5.1 LDS_B_08",
        "Document code that no travel document has",
        Some("lds.dg1.document-code"),
        ["X<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<", "C11T002JM4D<<9608122F2310314<<<<<<<<<<<<<<<4"],
    ),
    (
        "pa::bsi-lds-b-09",
        "BSI TR-03105-5.1 LDS_B_09",
        "Issuing state field breaks the syntax of state codes",
        Some("lds.malformed(EF.DG1: issuing State)"),
        ["P<1<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<", "C11T002JM4D<<9608122F2310314<<<<<<<<<<<<<<<4"],
    ),
    (
        "pa::bsi-lds-b-10",
        "BSI TR-03105-5.1 LDS_B_10",
        "Name field empty",
        Some("lds.malformed(EF.DG1: name)"),
        ["P<D<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<", "C11T002JM4D<<9608122F2310314<<<<<<<<<<<<<<<4"],
    ),
    (
        "pa::bsi-lds-b-13",
        "BSI TR-03105-5.1 LDS_B_13",
        "Check digit of the document number wrong",
        Some("lds.check-digit(document number)"),
        ["P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<", "C11T002JM5D<<9608122F2310314<<<<<<<<<<<<<<<1"],
    ),
    (
        "pa::bsi-lds-b-14",
        "BSI TR-03105-5.1 LDS_B_14",
        "Nationality field breaks the syntax of state codes",
        Some("lds.malformed(EF.DG1: nationality)"),
        ["P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<", "C11T002JM41<<9608122F2310314<<<<<<<<<<<<<<<4"],
    ),
    (
        "pa::bsi-lds-b-15",
        "BSI TR-03105-5.1 LDS_B_15",
        "Date of birth contains characters that are neither digits nor fillers",
        Some("lds.malformed(EF.DG1: date of birth: characters)"),
        ["P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<", "C11T002JM4D<<96X8125F2310314<<<<<<<<<<<<<<<4"],
    ),
    (
        "pa::bsi-lds-b-16",
        "BSI TR-03105-5.1 LDS_B_16",
        "Date of birth is well formed but not a calendar date",
        Some("lds.malformed(EF.DG1: date of birth: no day of the calendar)"),
        ["P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<", "C11T002JM4D<<9613324F2310314<<<<<<<<<<<<<<<4"],
    ),
    (
        "pa::bsi-lds-b-17",
        "BSI TR-03105-5.1 LDS_B_17",
        "Check digit of the date of birth wrong",
        Some("lds.check-digit(date of birth)"),
        ["P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<", "C11T002JM4D<<9608123F2310314<<<<<<<<<<<<<<<7"],
    ),
    (
        "pa::bsi-lds-b-18",
        "BSI TR-03105-5.1 LDS_B_18",
        "Sex field holds a character outside F, M and filler",
        Some("lds.malformed(EF.DG1: sex)"),
        ["P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<", "C11T002JM4D<<9608122Y2310314<<<<<<<<<<<<<<<4"],
    ),
    (
        "pa::bsi-lds-b-19",
        "BSI TR-03105-5.1 LDS_B_19",
        "Date of expiry contains characters that are not digits",
        Some("lds.malformed(EF.DG1: date of expiry: characters)"),
        ["P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<", "C11T002JM4D<<9608122F23X0316<<<<<<<<<<<<<<<2"],
    ),
    (
        "pa::bsi-lds-b-20",
        "BSI TR-03105-5.1 LDS_B_20",
        "Date of expiry is well formed but not a calendar date",
        Some("lds.malformed(EF.DG1: date of expiry: no day of the calendar)"),
        ["P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<", "C11T002JM4D<<9608122F2313326<<<<<<<<<<<<<<<2"],
    ),
    (
        "pa::bsi-lds-b-21",
        "BSI TR-03105-5.1 LDS_B_21",
        "Check digit of the date of expiry wrong",
        Some("lds.check-digit(date of expiry)"),
        ["P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<", "C11T002JM4D<<9608122F2310315<<<<<<<<<<<<<<<5"],
    ),
    (
        "pa::bsi-lds-b-22",
        "BSI TR-03105-5.1 LDS_B_22",
        "Check digit of the optional data wrong",
        Some("lds.check-digit(optional data)"),
        ["P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<", "C11T002JM4D<<9608122F23103141234567890<<<<89"],
    ),
    (
        "pa::bsi-lds-b-23",
        "BSI TR-03105-5.1 LDS_B_23",
        "Composite check digit wrong",
        Some("lds.check-digit(whole MRZ)"),
        ["P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<", "C11T002JM4D<<9608122F2310314<<<<<<<<<<<<<<<5"],
    ),
    (
        "pa::bsi-lds-b-25",
        "BSI TR-03105-5.1 LDS_B_25",
        "Date of birth with the day unknown (fillers), check digit computed accordingly",
        None,
        ["P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<", "C11T002JM4D<<9608<<7F2310314<<<<<<<<<<<<<<<4"],
    ),
    (
        "pa::bsi-lds-b-26",
        "BSI TR-03105-5.1 LDS_B_26",
        "Date of birth with the month unknown (fillers), check digit computed accordingly",
        None,
        ["P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<", "C11T002JM4D<<96<<126F2310314<<<<<<<<<<<<<<<2"],
    ),
    (
        "pa::bsi-lds-b-27",
        "BSI TR-03105-5.1 LDS_B_27",
        "Date of birth with the year unknown (fillers), check digit computed accordingly",
        None,
        ["P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<", "C11T002JM4D<<<<08121F2310314<<<<<<<<<<<<<<<8"],
    ),
    (
        "pa::bsi-lds-b-28",
        "BSI TR-03105-5.1 LDS_B_28",
        "Date of birth with the complete date unknown (fillers), check digit computed accordingly",
        None,
        ["P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<", "C11T002JM4D<<<<<<<<0F2310314<<<<<<<<<<<<<<<6"],
    ),
];

pub(super) fn cases(base: &Base) -> Vec<Draft> {
    let case = |id, reference, description, code: Option<&'static str>, file: &[u8]| {
        let case = draft(base, id, reference, description);
        let case = case.file(FileId::Dg(1), file).file(FileId::Sod, &base.sod_over(FileId::Dg(1), file));
        match code {
            Some(code) => case.refused(code, DEFAULT),
            None => case,
        }
    };
    let text = |row: &Row| case(row.0, row.1, row.2, row.3, &dg1::encode_text(&row.4.concat()));
    let mut cases: Vec<Draft> = MRZ.iter().map(text).collect();
    let file = base.passport.file(FileId::Dg(1));
    let length = |length: u8| [&[0x61, length], &file[2..]].concat();
    cases.extend([
        case(
            "pa::bsi-lds-b-05",
            "BSI TR-03105-5.1 LDS_B_05",
            "DG1 begins with tag 62",
            Some("lds.unexpected-tag(EF.DG1)"),
            &[&[0x62], &file[1..]].concat(),
        ),
        case(
            "pa::bsi-lds-b-06",
            "BSI TR-03105-5.1 LDS_B_06",
            "The length of DG1 is one too small",
            Some("lds.trailing-bytes(EF.DG1)"),
            &length(file[1] - 1),
        ),
        case(
            "pa::bsi-lds-b-07",
            "BSI TR-03105-5.1 LDS_B_07",
            "The length of DG1 is one too big",
            Some("lds.truncated(EF.DG1)"),
            &length(file[1] + 1),
        ),
        case(
            "pa::bsi-lds-b-24",
            "BSI TR-03105-5.1 LDS_B_24",
            "DG1 has no MRZ",
            Some("lds.missing(EF.DG1: MRZ)"),
            &tlv::encode(0x61, &[]),
        ),
    ]);
    cases.extend(page(base));
    cases
}

/// The cases that compare EF.DG1 with the page, whose MRZ is the default's.
fn page(base: &Base) -> [Draft; 3] {
    let text = base.passport.mrz.lines().join("\n");
    let read = |case: Draft| case.evidence(Evidence::OpticalMrz { text: text.clone() });
    let case = |id, reference, description, code, lines: [&str; 2]| {
        let file = dg1::encode_text(&lines.concat());
        let case = draft(base, id, reference, description).file(FileId::Dg(1), &file);
        read(case.file(FileId::Sod, &base.sod_over(FileId::Dg(1), &file)).refused(code, PAGE))
    };
    [
        read(draft(
            base,
            PAGE,
            "BSI TR-03105-5.1 CFG.DFLT.BAC",
            "The page of the default document was read too",
        )),
        case(
            "pa::bsi-lds-b-11",
            "BSI TR-03105-5.1 LDS_B_11",
            "The name is not that of the page",
            "lds.mrz-mismatch(name)",
            ["P<D<<MUSTERFRAU<<ERIKA<<<<<<<<<<<<<<<<<<<<<<", "C11T002JM4D<<9608122F2310314<<<<<<<<<<<<<<<4"],
        ),
        case(
            "pa::bsi-lds-b-12",
            "BSI TR-03105-5.1 LDS_B_12",
            "The document number is not that of the page",
            "lds.mrz-mismatch(document-number)",
            ["P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<", "C11T002JX5D<<9608122F2310314<<<<<<<<<<<<<<<2"],
        ),
    ]
}
