//! Round trips of values that are made up: what is written reads back as it was. The values are seeded, as the
//! alterations of [`crate::properties`] are.

use crypto::SessionCipher;
use lds::dg11::FullDate;
use lds::mrz::{Format, MrzDate, MrzFields, Sex};
use lds::security_info::{
    ActiveAuthenticationInfo, ChipAuthenticationInfo, ChipAuthenticationPublicKeyInfo, PaceInfo,
    SecurityInfo, TerminalAuthenticationInfo,
};
use lds::tlv::{Oid, Reader, encode, encode_all, encode_unsigned};
use lds::{Dg1, Dg11, Dg14, Mrz};

use crate::properties::Random;

const ROUNDS: u64 = 3000;

const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LETTERS_AND_DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const NATIONAL: &str = "AZÉÈÇÖßŁŞअ中 '-.0";

impl Random {
    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// `least` to `most` characters of an alphabet.
    fn text(&mut self, alphabet: &str, least: usize, most: usize) -> String {
        let alphabet: Vec<char> = alphabet.chars().collect();
        let length = least + self.below(most - least + 1);
        (0..length).map(|_| self.one_of(&alphabet)).collect()
    }

    fn texts(&mut self, most: usize) -> Vec<String> {
        (0..self.below(most + 1))
            .map(|_| self.text(NATIONAL, 1, 20).trim().to_owned())
            .filter(|t| !t.is_empty())
            .collect()
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(2) == 1).then(|| make(self))
    }

    /// One to three words.
    fn name(&mut self, most: usize) -> String {
        let words: Vec<String> = (0..=self.below(3)).map(|_| self.text(LETTERS, 1, most)).collect();
        words.join(" ")
    }

    fn mrz_date(&mut self) -> MrzDate {
        let date = format!("{:02}{:02}{:02}", self.below(100), 1 + self.below(12), 1 + self.below(28));
        let known = self.one_of(&[6, 6, 6, 4, 2, 0]);
        MrzDate::parse(&format!("{:<<6}", &date[..known])).unwrap()
    }

    fn mrz_fields(&mut self) -> MrzFields {
        let format = self.one_of(&[Format::Td1, Format::Td2, Format::Td3]);
        let long = if format == Format::Td1 { self.below(9) } else { self.below(3) };
        let number = if format == Format::Td3 { 9 } else { 9 + long };
        let optional = if number > 9 { 0 } else { 7 };
        let state = self.text(LETTERS, 3, 3);
        MrzFields {
            format,
            document_code: if format == Format::Td3 { "P" } else { self.one_of(&["I", "IR", "AC"]) }.into(),
            issuing_state: self.one_of(&["D", "UTO", state.as_str()]).into(),
            nationality: self.text(LETTERS, 3, 3),
            surname: self.name(12),
            given_names: if self.below(4) == 0 { String::new() } else { self.name(12) },
            document_number: self.text(LETTERS_AND_DIGITS, number, number),
            date_of_birth: self.mrz_date(),
            sex: self.one_of(&[Sex::Female, Sex::Male, Sex::Unspecified]),
            date_of_expiry: self.mrz_date(),
            optional_data: self.text(LETTERS_AND_DIGITS, 0, optional),
        }
    }

    fn security_info(&mut self) -> SecurityInfo {
        let ciphers =
            [SessionCipher::TripleDes, SessionCipher::Aes128, SessionCipher::Aes192, SessionCipher::Aes256];
        let (cipher, id) = (self.one_of(&ciphers), self.maybe(Self::next));
        match self.below(6) {
            0 => SecurityInfo::ChipAuthentication(ChipAuthenticationInfo::ecdh(cipher, id)),
            1 => {
                let spki = encode(0x30, self.text(LETTERS, 0, 300).as_bytes());
                SecurityInfo::ChipAuthenticationPublicKey(ChipAuthenticationPublicKeyInfo::ecdh(spki, id))
            }
            2 => SecurityInfo::Pace(PaceInfo::ecdh_generic(cipher, 8 + self.below(11) as u8)),
            3 => SecurityInfo::ActiveAuthentication(ActiveAuthenticationInfo {
                version: 1,
                signature_algorithm_oid: Oid::new("0.4.0.127.0.7.1.1.4.1").child(self.below(6) as u64),
            }),
            4 => SecurityInfo::TerminalAuthentication(TerminalAuthenticationInfo {
                version: 1 + self.next() % 2,
                ef_cvca_der: self.maybe(|random| encode(0x30, &[4, 1, random.below(256) as u8])),
            }),
            _ => {
                let oid = Oid::new("1.3").child(self.below(40) as u64).child(self.next() % (1 << 40));
                let raw = encode_all(0x30, &[oid.encode(), encode_unsigned(self.next())]);
                SecurityInfo::Unknown { oid, raw }
            }
        }
    }
}

/// Elements within elements, at most `depth` deep, and how deep each stands.
fn elements(random: &mut Random, depth: usize) -> Vec<u8> {
    if depth == 0 || random.below(3) == 0 {
        let tag = random.one_of(&[0x02, 0x04, 0x80, 0x9F21, 0x5F1F, 0x5F31, 0x5F_8102]);
        let length = random.one_of(&[0, 1, 127, 128, 255, 256, 70_000]);
        return encode(tag, &vec![random.below(256) as u8; length]);
    }
    let tag = random.one_of(&[0x30, 0x31, 0xA0, 0x7F60, 0x7F2E]);
    let parts: Vec<Vec<u8>> = (0..random.below(4)).map(|_| elements(random, depth - 1)).collect();
    encode_all(tag, &parts)
}

fn written_again(mut reader: Reader<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(element) = reader.next_element().unwrap() {
        let constructed = element.raw[0] & 0x20 != 0;
        let value =
            if constructed { written_again(element.children().unwrap()) } else { element.value.to_vec() };
        out.extend(encode(element.tag, &value));
    }
    out
}

#[test]
fn elements_taken_apart_and_put_together_are_the_same_bytes() {
    for round in 0..ROUNDS / 10 {
        let bytes = elements(&mut Random(round), 5);
        assert!(written_again(Reader::new("EF.TEST", &bytes)) == bytes, "{round}");
    }
}

#[test]
fn an_mrz_and_dg1_say_what_they_were_made_from() {
    for round in 0..ROUNDS {
        let fields = Random(round).mrz_fields();
        let mrz = fields.compose().unwrap_or_else(|e| panic!("{round}: {e}"));
        assert_eq!(Mrz::parse(&mrz.text()).as_ref(), Ok(&mrz), "{round}");
        let dg1 = Dg1 { mrz };
        assert_eq!(Dg1::parse(&dg1.encode()).as_ref(), Ok(&dg1), "{round}");
        let mrz = dg1.mrz;
        assert_eq!(mrz.format, fields.format, "{round}");
        assert_eq!(mrz.issuing_state, fields.issuing_state, "{round}");
        assert_eq!(mrz.nationality, fields.nationality, "{round}");
        assert_eq!(mrz.document_number, fields.document_number, "{round}");
        assert_eq!(mrz.date_of_birth, fields.date_of_birth, "{round}");
        assert_eq!((mrz.sex, mrz.date_of_expiry), (fields.sex, fields.date_of_expiry), "{round}");
        if fields.surname.len() + 2 + fields.given_names.len() < fields.format.name_len() {
            assert_eq!((mrz.surname, mrz.given_names), (fields.surname, fields.given_names), "{round}");
        }
    }
}

#[test]
fn dg11_says_what_it_was_made_from() {
    for round in 0..ROUNDS {
        let random = &mut Random(round);
        let text = |random: &mut Random| random.text("AÉŁ中09.", 1, 40);
        let full_date = |random: &mut Random| {
            let date = [1900 + random.below(130), 1 + random.below(12), 1 + random.below(28)];
            FullDate::parse(format!("{:04}{:02}{:02}", date[0], date[1], date[2]).as_bytes()).unwrap()
        };
        let dg11 = Dg11 {
            full_name: random.maybe(text),
            other_names: random.texts(5),
            personal_number: random.maybe(text),
            full_date_of_birth: random.maybe(full_date),
            place_of_birth: random.texts(4),
            address: random.texts(4),
            telephone: random.maybe(text),
            profession: random.maybe(text),
            title: random.maybe(text),
            personal_summary: random.maybe(text),
            proof_of_citizenship: random.maybe(|random| vec![random.below(256) as u8; random.below(40_000)]),
            other_document_numbers: random.texts(4),
            custody: random.maybe(text),
        };
        assert!(Dg11::parse(&dg11.encode()).unwrap() == dg11, "{round}: {:?}", dg11.other_names);
    }
}

#[test]
fn security_infos_say_what_they_were_made_from() {
    for round in 0..ROUNDS {
        let random = &mut Random(round);
        let mut infos: Vec<SecurityInfo> = (0..=random.below(8)).map(|_| random.security_info()).collect();
        let read = Dg14::parse(&Dg14::new(infos.clone()).encode()).unwrap();
        // A SET is sorted by its encoding.
        infos.sort_by_key(SecurityInfo::encode);
        assert_eq!(read.security_infos, infos, "{round}");
    }
}
