//! Texts read as an MRZ (Doc 9303-3 section 4, Parts 4 to 6).

use lds::mrz::check_digit;

use super::draft::Draft;
use super::manifest::{Evidence, Importance};

const PASSPORT: [&str; 2] =
    ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"];
const CARD: [&str; 3] =
    ["I<UTOD23145890<7349<<<<<<<<<<<", "3407127M9507122UTO<<<<<<<<<<<2", "STEVENSON<<PETER<JOHN<<<<<<<<<"];

fn case(id: &'static str, description: &'static str, lines: &[&str]) -> Draft {
    Draft::bare(id, description, Evidence::Mrz { text: lines.join("\n") })
}

pub(super) fn cases() -> Vec<Draft> {
    let mut cases = accepted();
    cases.extend(refused());
    cases.extend(cards());
    cases
}

/// Doc 9303-5 and 9303-6: each check digit of the two card sizes, alone wrong. The composite one is made to fit.
fn cards() -> Vec<Draft> {
    let td2 = |number: char, birth: char, expiry: char, composite: Option<char>| {
        let line = format!("D23145890{number}UTO740812{birth}F120415{expiry}<<<<<<<");
        let digit = composite.unwrap_or_else(|| {
            check_digit(&[&line[..10], &line[13..20], &line[21..28], &line[28..35]].concat())
        });
        ["I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<".to_owned(), format!("{line}{digit}")]
    };
    let td1 = |number: char, birth: char, expiry: char, composite: Option<char>| {
        let upper = format!("I<UTOD23145890{number}<<<<<<<<<<<<<<<");
        let middle = format!("740812{birth}F120415{expiry}UTO<<<<<<<<<<<");
        let digit = composite.unwrap_or_else(|| {
            check_digit(&[&upper[5..], &middle[..7], &middle[8..15], &middle[18..29]].concat())
        });
        [upper, format!("{middle}{digit}"), "ERIKSSON<<ANNA<MARIA<<<<<<<<<<".to_owned()]
    };
    let number = "lds.check-digit(document number)";
    let (birth, expiry) = ("lds.check-digit(date of birth)", "lds.check-digit(date of expiry)");
    let whole = "lds.check-digit(whole MRZ)";
    let text = |lines: &[String]| Evidence::Mrz { text: lines.join("\n") };
    let of_td2 = "ICAO Doc 9303-6 4.2.2";
    let right = |id, description, lines: &[String]| Draft::bare(id, description, text(lines));
    let wrong = |id, description, code, twin, lines: &[String]| {
        right(id, description, lines).refused(code, twin).importance(Importance::High)
    };
    let mut cases = vec![
        right("mrz::td2", "A document number of nine characters in TD2", &td2('7', '2', '9', None)),
        wrong(
            "mrz::td2-check-digit-number",
            "The check digit of the document number is wrong",
            number,
            "mrz::td2",
            &td2('8', '2', '9', None),
        ),
        wrong(
            "mrz::td2-check-digit-birth",
            "The check digit of the date of birth is wrong",
            birth,
            "mrz::td2",
            &td2('7', '3', '9', None),
        ),
        wrong(
            "mrz::td2-check-digit-expiry",
            "The check digit of the date of expiry is wrong",
            expiry,
            "mrz::td2",
            &td2('7', '2', '0', None),
        ),
        wrong(
            "mrz::td2-check-digit-composite",
            "The composite check digit is wrong",
            whole,
            "mrz::td2",
            &td2('7', '2', '9', Some('0')),
        ),
    ];
    cases = cases.into_iter().map(|case| case.reference(of_td2)).collect();
    let more = [
        wrong(
            "mrz::td1-check-digit-number",
            "The check digit of the document number is wrong",
            number,
            "mrz::td1",
            &td1('8', '2', '9', None),
        ),
        wrong(
            "mrz::td1-check-digit-birth",
            "The check digit of the date of birth is wrong",
            birth,
            "mrz::td1",
            &td1('7', '3', '9', None),
        ),
        wrong(
            "mrz::td1-check-digit-expiry",
            "The check digit of the date of expiry is wrong",
            expiry,
            "mrz::td1",
            &td1('7', '2', '0', None),
        ),
        wrong(
            "mrz::td1-check-digit-composite",
            "The composite check digit is wrong",
            whole,
            "mrz::td1",
            &td1('7', '2', '9', Some('0')),
        ),
    ];
    cases.extend(more.map(|case| case.reference("ICAO Doc 9303-5 4.2.2")));
    cases
}

fn accepted() -> Vec<Draft> {
    vec![
        case("mrz::td3", "The passport of Doc 9303-4", &PASSPORT).importance(Importance::High),
        case(
            "mrz::td3-document-code-pp",
            "The same with the document code PP of the 2026 amendment",
            &["PPUTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", PASSPORT[1]],
        ),
        case("mrz::td1-long-number", "A document number of twelve characters in TD1", &CARD)
            .reference("ICAO Doc 9303-5 4.2.2"),
        case(
            "mrz::td2-long-number",
            "A document number of twelve characters in TD2",
            &["I<UTOSTEVENSON<<PETER<JOHN<<<<<<<<<<", "D23145890<UTO3407127M95071227349<<<8"],
        )
        .reference("ICAO Doc 9303-6 4.2.2"),
        case(
            "mrz::td1",
            "A document number of nine characters in TD1",
            &[
                "I<UTOD231458907<<<<<<<<<<<<<<<",
                "7408122F1204159UTO<<<<<<<<<<<6",
                "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
            ],
        ),
        case(
            "mrz::td3-no-optional-data",
            "Optional data are empty and their check digit is a filler",
            &[PASSPORT[0], "L898902C36UTO7408122F1204159<<<<<<<<<<<<<<<8"],
        ),
        case(
            "mrz::birth-day-unknown",
            "The day of birth is unknown",
            &[PASSPORT[0], "L898902C36UTO7408<<7F1204159ZE184226B<<<<<10"],
        )
        .reference("ICAO Doc 9303-3 4.8"),
        case(
            "mrz::birth-date-unknown",
            "The date of birth is unknown",
            &[PASSPORT[0], "L898902C36UTO<<<<<<0F1204159ZE184226B<<<<<10"],
        )
        .reference("ICAO Doc 9303-3 4.8"),
        case(
            "mrz::name-fills-its-field",
            "The name may be cut: its field is filled to the end",
            &["P<UTONILAVADHANANANDA<<ARNPOL<PETCH<CHARONGU", PASSPORT[1]],
        )
        .reference("ICAO Doc 9303-4 4.2.3"),
        case(
            "mrz::no-given-names",
            "There is a primary identifier only",
            &["P<UTOARKFREITH<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<", PASSPORT[1]],
        )
        .reference("ICAO Doc 9303-4 4.2.3"),
    ]
}

fn refused() -> Vec<Draft> {
    let td3 = |id, description, code, line: &str| {
        case(id, description, &[PASSPORT[0], line]).refused(code, "mrz::td3").importance(Importance::High)
    };
    vec![
        td3(
            "mrz::check-digit-number",
            "The check digit of the document number is wrong; the composite one is right",
            "lds.check-digit(document number)",
            "L898902C37UTO7408122F1204159ZE184226B<<<<<17",
        ),
        td3(
            "mrz::check-digit-birth",
            "The check digit of the date of birth is wrong; the composite one is right",
            "lds.check-digit(date of birth)",
            "L898902C36UTO7408123F1204159ZE184226B<<<<<13",
        ),
        td3(
            "mrz::check-digit-expiry",
            "The check digit of the date of expiry is wrong; the composite one is right",
            "lds.check-digit(date of expiry)",
            "L898902C36UTO7408122F1204150ZE184226B<<<<<11",
        ),
        td3(
            "mrz::check-digit-optional-data",
            "The check digit of the optional data is wrong; the composite one is right",
            "lds.check-digit(optional data)",
            "L898902C36UTO7408122F1204159ZE184226B<<<<<21",
        ),
        td3(
            "mrz::check-digit-composite",
            "The composite check digit is wrong",
            "lds.check-digit(whole MRZ)",
            "L898902C36UTO7408122F1204159ZE184226B<<<<<11",
        ),
        td3(
            "mrz::lower-case",
            "A letter is in lower case",
            "lds.malformed(EF.DG1: MRZ character)",
            "l898902C36UTO7408122F1204159ZE184226B<<<<<10",
        ),
        td3(
            "mrz::short",
            "A character is missing",
            "lds.malformed(EF.DG1: MRZ: its length is of no format)",
            "L898902C36UTO7408122F1204159ZE184226B<<<<<1",
        ),
        td3(
            "mrz::month-13",
            "The month of birth is 13, with check digits that compute",
            "lds.malformed(EF.DG1: date of birth: no day of the calendar)",
            "L898902C36UTO7413128F1204159ZE184226B<<<<<10",
        ),
        td3(
            "mrz::sex",
            "The sex is X, which is `<` in an MRZ",
            "lds.malformed(EF.DG1: sex)",
            "L898902C36UTO7408122X1204159ZE184226B<<<<<10",
        ),
        case(
            "mrz::check-digit-long-number",
            "The check digit of a long document number is wrong; the composite one is right",
            &["I<UTOD23145890<7348<<<<<<<<<<<", "3407127M9507122UTO<<<<<<<<<<<9", CARD[2]],
        )
        .refused("lds.check-digit(document number)", "mrz::td1-long-number")
        .reference("ICAO Doc 9303-5 4.2.2")
        .importance(Importance::High),
    ]
}
