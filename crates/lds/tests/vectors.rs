//! The worked examples of ICAO Doc 9303 parts 3 to 6, 10 and 11, with the numbers as they are printed.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use lds::mrz::{Format, MrzDate, MrzField, MrzFields, Sex, check_digit};
use lds::{Com, Dg1, Dg11, Error, Mrz};

/// Lines, document number, wrong check digits, source. Errata: the composite check digits of the examples with number
/// L898902C< and of the Dutch card do not compute as printed.
const DOCUMENTS: &[(&[&str], &str, &[MrzField], &str)] = &[
    (
        &["PPUTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"],
        "L898902C3",
        &[],
        "Doc 9303-3 (document code PP since the 2026 amendment)",
    ),
    (
        &["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"],
        "L898902C3",
        &[],
        "Doc 9303-4, earlier printing (document code P<)",
    ),
    (
        &["PPUTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F3404159ZE184226B<<<<<16"],
        "L898902C3",
        &[],
        "Doc 9303-4 Appendix",
    ),
    (
        &[
            "I<UTOD231458907<<<<<<<<<<<<<<<",
            "7408122F1204159UTO<<<<<<<<<<<6",
            "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
        ],
        "D23145890",
        &[],
        "Doc 9303-5",
    ),
    (
        &[
            "I<UTOD23145890<7349<<<<<<<<<<<",
            "3407127M9507122UTO<<<<<<<<<<<2",
            "STEVENSON<<PETER<JOHN<<<<<<<<<",
        ],
        "D23145890734",
        &[],
        "Doc 9303-11 D.2 (long document number)",
    ),
    (
        &[
            "I<UTOL898902C<3<<<<<<<<<<<<<<<",
            "6908061F9406236UTO<<<<<<<<<<<1",
            "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
        ],
        "L898902C",
        &[MrzField::Composite],
        "Doc 9303-11 D.2",
    ),
    (
        &[
            "I<NLDXI85935F86999999990<<<<<<",
            "7208148F1108268NLD<<<<<<<<<<<4",
            "VAN<DER<STEEN<<MARIANNE<LOUISE",
        ],
        "XI85935F8",
        &[MrzField::Composite],
        "Doc 9303-10 A.2.1",
    ),
    (
        &["I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6"],
        "D23145890",
        &[],
        "Doc 9303-6",
    ),
    (
        &["I<UTOSTEVENSON<<PETER<JOHN<<<<<<<<<<", "D23145890<UTO3407127M95071227349<<<8"],
        "D23145890734",
        &[],
        "Doc 9303-11 D.2 (long document number)",
    ),
    (
        &["I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "L898902C<3UTO6908061F9406236<<<<<<<8"],
        "L898902C",
        &[MrzField::Composite],
        "Doc 9303-11 D.2",
    ),
];

#[test]
fn documents_of_the_standard_are_read() {
    for (lines, number, wrong, source) in DOCUMENTS {
        let (mrz, found) = Mrz::parse_with_findings(&lines.join("\n")).expect(source);
        assert_eq!(mrz.document_number, *number, "{source}");
        assert_eq!(found, *wrong, "{source}");
        assert_eq!(mrz.lines(), *lines, "{source}");
        let names = (mrz.surname.as_str(), mrz.given_names.as_str());
        let known =
            [("ERIKSSON", "ANNA MARIA"), ("STEVENSON", "PETER JOHN"), ("VAN DER STEEN", "MARIANNE LOUISE")];
        assert!(known.contains(&names), "{source}: {names:?}");
        assert_eq!(Mrz::parse(&lines.concat()).is_ok(), wrong.is_empty(), "{source}");
    }
}

#[test]
fn documents_of_the_standard_are_composed_from_their_fields() {
    for (lines, _, wrong, source) in DOCUMENTS.iter().filter(|d| d.2.is_empty()) {
        let mrz = Mrz::parse(&lines.concat()).expect(source);
        let fields = MrzFields {
            format: mrz.format,
            document_code: mrz.document_code.clone(),
            issuing_state: mrz.issuing_state.clone(),
            nationality: mrz.nationality.clone(),
            surname: mrz.surname.clone(),
            given_names: mrz.given_names.clone(),
            document_number: mrz.document_number.clone(),
            date_of_birth: mrz.date_of_birth,
            sex: mrz.sex,
            date_of_expiry: mrz.date_of_expiry,
            optional_data: mrz.optional_data.clone(),
        };
        assert_eq!(fields.compose().as_ref(), Ok(&mrz), "{source} {wrong:?}");
    }
}

#[test]
fn fields_of_the_specimen_passport_are_read() {
    let mrz = Mrz::parse(&DOCUMENTS[0].0.concat()).unwrap();
    assert_eq!(
        (mrz.format, mrz.document_code.as_str(), mrz.issuing_state.as_str()),
        (Format::Td3, "PP", "UTO")
    );
    assert_eq!((mrz.nationality.as_str(), mrz.sex), ("UTO", Sex::Female));
    assert_eq!(mrz.optional_data, "ZE184226B");
    assert_eq!(mrz.date_of_birth, MrzDate::new(74, 8, 12).unwrap());
    assert_eq!(mrz.date_of_expiry.as_expiry(), Some((2012, 4, 15)));
    assert!(!mrz.name_truncated);
    assert_eq!(format!("{mrz:?}"), "Mrz(Td3, ..)");
}

/// Doc 9303-11 Appendix D.2: document, date of birth and date of expiry with their check digits.
#[test]
fn mrz_information_of_the_standard_is_composed() {
    let cases: [(&[&str], &str); 4] = [
        (
            &["I<UTOSTEVENSON<<PETER<JOHN<<<<<<<<<<", "D23145890<UTO3407127M95071227349<<<8"],
            "D23145890734934071279507122",
        ),
        (
            &["I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "L898902C<3UTO6908061F9406236<<<<<<<8"],
            "L898902C<369080619406236",
        ),
        (
            &[
                "I<UTOD23145890<7349<<<<<<<<<<<",
                "3407127M9507122UTO<<<<<<<<<<<2",
                "STEVENSON<<PETER<JOHN<<<<<<<<<",
            ],
            "D23145890734934071279507122",
        ),
        (
            &[
                "I<UTOL898902C<3<<<<<<<<<<<<<<<",
                "6908061F9406236UTO<<<<<<<<<<<1",
                "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
            ],
            "L898902C<369080619406236",
        ),
    ];
    for (lines, information) in cases {
        let (mrz, _) = Mrz::parse_with_findings(&lines.concat()).unwrap();
        assert_eq!(mrz.access_key_information(), information);
    }
}

#[test]
fn changed_documents_of_the_standard_are_refused() {
    let cases: [(&str, &[MrzField]); 3] = [
        (
            "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C37UTO7408122F1204159ZE184226B<<<<<10",
            &[MrzField::DocumentNumber, MrzField::Composite],
        ),
        (
            "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408123F1204159ZE184226B<<<<<10",
            &[MrzField::DateOfBirth, MrzField::Composite],
        ),
        (
            "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<11",
            &[MrzField::Composite],
        ),
    ];
    for (text, wrong) in cases {
        assert_eq!(Mrz::parse_with_findings(text).unwrap().1, wrong);
        assert!(matches!(Mrz::parse(text), Err(Error::WrongCheckDigit { field, .. }) if field == wrong[0]));
    }
}

/// Name field, primary identifier, secondary identifier, cut or to be assumed so (Doc 9303-4 and -5 4.2.3).
const NAMES: &[(&str, &str, &str, bool)] = &[
    ("ERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "ERIKSSON", "ANNA MARIA", false),
    ("HENG<<DEBORAH<MING<LO<<<<<<<<<<<<<<<<<<", "HENG", "DEBORAH MING LO", false),
    ("SMITH<JONES<<SUSIE<MARGARET<<<<<<<<<<<<", "SMITH JONES", "SUSIE MARGARET", false),
    ("OCONNOR<<ENYA<SIOBHAN<<<<<<<<<<<<<<<<<<", "OCONNOR", "ENYA SIOBHAN", false),
    ("VAN<DER<MUELLEN<<MARTIN<<<<<<<<<<<<<<<<", "VAN DER MUELLEN", "MARTIN", false),
    ("AL<BASRI<<HUDA<MUHAMMAD<JAWAD<<<<<<<<<<", "AL BASRI", "HUDA MUHAMMAD JAWAD", false),
    ("VILARCHAO<FERNANDEZ<<JOSE<RAMON<<<<<<<<", "VILARCHAO FERNANDEZ", "JOSE RAMON", false),
    ("ARKFREITH<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<", "ARKFREITH", "", false),
    ("SATRIYA<SUDARPA<<<<<<<<<<<<<<<<<<<<<<<<", "SATRIYA SUDARPA", "", false),
    ("NILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<K", "NILAVADHANANANDA", "CHAYAPA DEJTHAMRONG K", true),
    ("NILAVADHANANANDA<<ARNPOL<PETCH<CHARONGU", "NILAVADHANANANDA", "ARNPOL PETCH CHARONGU", true),
    ("BENNELONG<WOOLOOMOOLOO<WARRANDYTE<W<<DI", "BENNELONG WOOLOOMOOLOO WARRANDYTE W", "DI", true),
    ("BENNELONG<WOOLOOM<WARRAND<WARNAM<<DINGO", "BENNELONG WOOLOOM WARRAND WARNAM", "DINGO", true),
    ("BENNEL<WOOLOO<WARRAN<WARNAM<<DINGO<POTO", "BENNEL WOOLOO WARRAN WARNAM", "DINGO POTO", true),
    ("PAPANDROPOULOUS<<JONATHON<WARREN<TREVOR", "PAPANDROPOULOUS", "JONATHON WARREN TREVOR", true),
    ("NILAVADHANANANDA<<CHAYAPA<DE<K", "NILAVADHANANANDA", "CHAYAPA DE K", true),
    ("BENNE<WOOLO<WARRA<WARNA<<DIN<P", "BENNE WOOLO WARRA WARNA", "DIN P", true),
    ("PAPANDROPOULOUS<<JONATHON<ALEC", "PAPANDROPOULOUS", "JONATHON ALEC", true),
    ("VILARCHAO<FERNANDEZ<<JOSE<RAMO", "VILARCHAO FERNANDEZ", "JOSE RAMO", true),
    ("SATRIYA<SUDARPA<<<<<<<<<<<<<<<", "SATRIYA SUDARPA", "", false),
];

#[test]
fn names_of_the_standard_are_read() {
    for (field, primary, secondary, truncated) in NAMES {
        let text = match field.len() {
            30 => format!("I<UTOD231458907<<<<<<<<<<<<<<<7408122F1204159UTO<<<<<<<<<<<6{field}"),
            _ => format!("P<UTO{field}L898902C36UTO7408122F1204159ZE184226B<<<<<10"),
        };
        let mrz = Mrz::parse(&text).expect(field);
        let read = (mrz.surname.as_str(), mrz.given_names.as_str(), mrz.name_truncated);
        assert_eq!(read, (*primary, *secondary, *truncated));
    }
}

/// Names of the standard that its rules write in one way only, or that are cut where the field ends.
const WRITTEN: &[(Format, &str, &str, &str)] = &[
    (Format::Td3, "ERIKSSON", "ANNA MARIA", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"),
    (Format::Td3, "HENG", "DEBORAH MING LO", "HENG<<DEBORAH<MING<LO<<<<<<<<<<<<<<<<<<"),
    (Format::Td3, "SMITH-JONES", "SUSIE MARGARET", "SMITH<JONES<<SUSIE<MARGARET<<<<<<<<<<<<"),
    (Format::Td3, "O'CONNOR", "ENYA SIOBHAN", "OCONNOR<<ENYA<SIOBHAN<<<<<<<<<<<<<<<<<<"),
    (Format::Td3, "VAN DER MUELLEN", "MARTIN", "VAN<DER<MUELLEN<<MARTIN<<<<<<<<<<<<<<<<"),
    (Format::Td3, "AL-BASRI", "HUDA MUHAMMAD JAWAD", "AL<BASRI<<HUDA<MUHAMMAD<JAWAD<<<<<<<<<<"),
    (Format::Td3, "VILARCHAO FERNANDEZ", "JOSE RAMON", "VILARCHAO<FERNANDEZ<<JOSE<RAMON<<<<<<<<"),
    (Format::Td3, "ARKFREITH", "", "ARKFREITH<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<"),
    (Format::Td3, "SATRIYA SUDARPA", "", "SATRIYA<SUDARPA<<<<<<<<<<<<<<<<<<<<<<<<"),
    (
        Format::Td3,
        "NILAVADHANANANDA",
        "CHAYAPA DEJTHAMRONG KRASUANG",
        "NILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<K",
    ),
    (Format::Td3, "NILAVADHANANANDA", "ARNPOL PETCH CHARONGUANG", "NILAVADHANANANDA<<ARNPOL<PETCH<CHARONGU"),
    (Format::Td3, "PAPANDROPOULOUS", "JONATHON WARREN TREVOR", "PAPANDROPOULOUS<<JONATHON<WARREN<TREVOR"),
    (Format::Td1, "PAPANDROPOULOUS", "JONATHON ALEC", "PAPANDROPOULOUS<<JONATHON<ALEC"),
    (Format::Td1, "VILARCHAO FERNANDEZ", "JOSE RAMON", "VILARCHAO<FERNANDEZ<<JOSE<RAMO"),
    (Format::Td1, "SATRIYA SUDARPA", "", "SATRIYA<SUDARPA<<<<<<<<<<<<<<<"),
];

fn named(format: Format, surname: &str, given_names: &str) -> MrzFields {
    MrzFields {
        format,
        document_code: "P".into(),
        issuing_state: "UTO".into(),
        nationality: "UTO".into(),
        surname: surname.into(),
        given_names: given_names.into(),
        document_number: "L898902C3".into(),
        date_of_birth: MrzDate::new(74, 8, 12).unwrap(),
        sex: Sex::Female,
        date_of_expiry: MrzDate::new(34, 4, 15).unwrap(),
        optional_data: String::new(),
    }
}

#[test]
fn names_of_the_standard_are_written() {
    for (format, surname, given_names, field) in WRITTEN {
        let mrz = named(*format, surname, given_names).compose().unwrap();
        assert!(mrz.text().contains(field), "{field}");
    }
}

/// Doc 9303-4 4.2.3: the last character of a name that was cut is a letter.
#[test]
fn a_name_is_never_cut_before_a_filler() {
    for (surname, given_names, field) in [
        ("ABCDEFGHIJKLMNOPQRST", "JOHNATH PAUL", "ABCDEFGHIJKLMNOPQRST<<JOHNAT<P"),
        ("ABCDEFGHIJKLMNOPQRST", "A B C D E F", "ABCDEFGHIJKLMNOPQRS<<A<B<C<D<E"),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZ DE", "JO", "ABCDEFGHIJKLMNOPQRSTUVWXY<D<<J"),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZABC DE", "", "ABCDEFGHIJKLMNOPQRSTUVWXYZAB<D"),
    ] {
        let mrz = named(Format::Td1, surname, given_names).compose().unwrap();
        assert!(mrz.text().contains(field), "{field}");
        assert!(mrz.name_truncated, "{field}");
    }
}

/// Doc 9303-10 Appendix A.
#[test]
fn ef_com_of_the_standard_is_read_and_written() {
    for (hex, lds, unicode) in [
        ("60165F0104303130375F36063034303030305C046175766C", "0107", "040000"),
        ("60165F0104313539395F36063034303030305C046175766C", "1599", "040000"),
    ] {
        let bytes = hex::decode(hex).unwrap();
        let com = Com::parse(&bytes).unwrap();
        assert_eq!((com.lds_version.as_str(), com.unicode_version.as_str()), (lds, unicode));
        assert_eq!(com.data_groups, [1, 2, 4, 12]);
        assert_eq!(com.encode(), bytes);
    }
}

/// Doc 9303-10 A.2.1, whose composite check digit is printed wrong: as printed it is refused with the place of that
/// digit; with the digit that computes it is read.
#[test]
fn dg1_of_the_standard_is_read_but_for_its_erratum() {
    let printed =
        "I<NLDXI85935F86999999990<<<<<<7208148F1108268NLD<<<<<<<<<<<4VAN<DER<STEEN<<MARIANNE<LOUISE";
    let file = lds::dg1::encode_text(printed);
    assert_eq!(file[..5], [0x61, 0x5D, 0x5F, 0x1F, 0x5A]);
    assert_eq!(
        Dg1::parse(&file),
        Err(Error::WrongCheckDigit { file: "EF.DG1", offset: 5 + 59, field: MrzField::Composite })
    );
    let right = lds::dg1::encode_text(&printed.replace("<4VAN", "<8VAN"));
    let mrz = Dg1::parse(&right).unwrap().mrz;
    assert_eq!((mrz.document_number.as_str(), mrz.optional_data.as_str()), ("XI85935F8", "999999990"));
    assert!(mrz.name_truncated);
}

/// The example of Doc 9303-10 4.7.11 with the lengths that its texts have: those printed do not fit.
#[test]
fn dg11_of_the_standard_is_read() {
    let mut fields = vec![0x5C, 0x0A, 0x5F, 0x0E, 0x5F, 0x11, 0x5F, 0x42, 0x5F, 0x12, 0x5F, 0x13];
    for (tag, text) in [
        (0x5F0E, "SMITH<<JOHN<J"),
        (0x5F11, "ANYTOWN<MN"),
        (0x5F42, "123 MAPLE RD<ANYTOWN<MN"),
        (0x5F12, "16125551212"),
        (0x5F13, "TRAVEL<AGENT"),
    ] {
        fields.extend(lds::tlv::encode(tag, text.as_bytes()));
    }
    let file = lds::tlv::encode(0x6B, &fields);
    let dg11 = Dg11::parse(&file).unwrap();
    assert_eq!(dg11.name_parts(), Some(("SMITH".into(), "JOHN J".into())));
    assert_eq!(dg11.place_of_birth, ["ANYTOWN", "MN"]);
    assert_eq!(dg11.address, ["123 MAPLE RD", "ANYTOWN", "MN"]);
    assert_eq!(dg11.telephone.as_deref(), Some("16125551212"));
    assert_eq!(dg11.profession.as_deref(), Some("TRAVEL<AGENT"));
    assert_eq!(dg11.full_date_of_birth, None);
}

/// TD1 and TD2 around a document number and the optional data after it, all check digits right.
fn td1(number: &str, optional: &str) -> String {
    let upper = format!("{number}{optional}");
    let composite = check_digit(&format!("{upper}74081223404159<<<<<<<<<<<"));
    format!("I<UTO{upper}7408122F3404159UTO<<<<<<<<<<<{composite}ERIKSSON<<ANNA<MARIA<<<<<<<<<<")
}

fn td2(number: &str, optional: &str) -> String {
    let composite = check_digit(&format!("{number}74081223404159{optional}"));
    format!("I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<{number}UTO7408122F3404159{optional}{composite}")
}

#[test]
fn a_long_document_number_goes_on_in_the_optional_data() {
    let check = |tail: &str| check_digit(&format!("D23145890{tail}"));
    for tail in ["7", "734", "73456", "73456789ABCDE"] {
        let rest = format!("{tail}{}", check(tail));
        let mrz = Mrz::parse(&td1("D23145890<", &format!("{rest:<<15}"))).unwrap();
        assert_eq!(mrz.document_number, format!("D23145890{tail}"), "TD1");
        assert_eq!(mrz.optional_data, "", "TD1");
        if rest.len() <= 7 {
            let mrz = Mrz::parse(&td2("D23145890<", &format!("{rest:<<7}"))).unwrap();
            assert_eq!(mrz.document_number, format!("D23145890{tail}"), "TD2");
        }
    }
    let behind = Mrz::parse(&td1("D23145890<", &format!("7{}<XY<Z<<<<<<<<", check("7")))).unwrap();
    assert_eq!((behind.document_number.as_str(), behind.optional_data.as_str()), ("D231458907", "XY<Z"));
    let wrong = td1("D23145890<", "71<<<<<<<<<<<<<");
    assert_ne!(check("7"), '1');
    assert!(matches!(
        Mrz::parse(&wrong),
        Err(Error::WrongCheckDigit { field: MrzField::DocumentNumber, offset: 16, .. })
    ));
    let short = td1("D2314<<<<<", "7349<<<<<<<<<<<");
    assert!(
        matches!(Mrz::parse(&short), Err(Error::WrongCheckDigit { field: MrzField::DocumentNumber, .. })),
        "a number that does not fill its field does not go on"
    );
}

#[test]
fn codes_of_states_and_documents_are_letters() {
    let good = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10";
    assert!(Mrz::parse(good).is_ok());
    for (at, text, what) in [
        (0, "1", "document code"),
        (0, "<", "document code"),
        (2, "<", "issuing State"),
        (3, "1", "issuing State"),
        (3, "<", "issuing State"),
        (54, "U<O", "nationality"),
        (54, "<<<", "nationality"),
    ] {
        let mut wrong = good.to_owned();
        wrong.replace_range(at..at + text.len(), text);
        let error = Mrz::parse(&wrong).unwrap_err();
        assert!(matches!(error, Error::Malformed { what: w, .. } if w == what), "{at} {text}: {error}");
    }
    let germany = good.replace("UTO", "D<<");
    assert_eq!(Mrz::parse(&germany).unwrap().issuing_state, "D");
}

#[test]
fn dg1_has_no_line_breaks() {
    let text = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10";
    let (upper, lower) = text.split_at(44);
    let broken = format!("{upper}\n{lower}");
    assert!(Mrz::parse(&broken).is_ok());
    let error = Dg1::parse(&lds::dg1::encode_text(&broken)).unwrap_err();
    assert!(matches!(error, Error::Malformed { what: "MRZ: line breaks", .. }), "{error}");
}
