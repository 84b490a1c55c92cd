//! The files that the fuzzer begins with: good ones, and each hostile one that a parser must bear.

use lds::dg2::{FaceImage, ImageFormat};
use lds::dg11::FullDate;
use lds::master_list::CscaMasterList;
use lds::security_info::{ChipAuthenticationInfo, PaceInfo, SecurityInfo};
use lds::tlv::{encode, encode_all, encode_oid, encode_unsigned, tag};
use lds::{Dg2, Dg11, Dg14, Dg15};

use crate::{Seed, Target};

const SHA256: &str = "2.16.840.1.101.3.4.2.1";

pub fn seeds() -> Vec<Seed> {
    [good(), lengths(), hostile_objects(), hostile_images(), hostile_lists()].into_iter().flatten().collect()
}

fn seed(target: Target, name: &'static str, bytes: Vec<u8>, refused_with: Option<&'static str>) -> Seed {
    Seed { target, name, bytes, refused_with }
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    encode_all(tag::SEQUENCE, parts)
}

/// SignedData with `attributes` signed and `certificates` beside it.
fn signed(content_type: &str, content: &[u8], attributes: &[u8], certificates: &[u8]) -> Vec<u8> {
    let signer = sequence(&[
        encode_unsigned(1),
        sequence(&[sequence(&[]), encode_unsigned(7)]),
        sequence(&[encode_oid(SHA256)]),
        encode(0xA0, attributes),
        sequence(&[encode_oid("1.2.840.10045.4.3.2")]),
        encode(tag::OCTET_STRING, &[9; 8]),
    ]);
    let content = encode(0xA0, &encode(tag::OCTET_STRING, content));
    let signed_data = sequence(&[
        encode_unsigned(3),
        encode(tag::SET, &sequence(&[encode_oid(SHA256)])),
        sequence(&[encode_oid(content_type), content]),
        encode(0xA0, certificates),
        encode(tag::SET, &signer),
    ]);
    sequence(&[encode_oid("1.2.840.113549.1.7.2"), encode(0xA0, &signed_data)])
}

fn attribute(oid: &str, value: &[u8]) -> Vec<u8> {
    sequence(&[encode_oid(oid), encode(tag::SET, value)])
}

fn digest_attribute() -> Vec<u8> {
    attribute("1.2.840.113549.1.9.4", &encode(tag::OCTET_STRING, &[7; 32]))
}

/// An LDS security object over these numbers.
fn security_object(numbers: impl Iterator<Item = u64>) -> Vec<u8> {
    let pair = |n| sequence(&[encode_unsigned(n), encode(tag::OCTET_STRING, &[1; 32])]);
    let pairs: Vec<Vec<u8>> = numbers.map(pair).collect();
    sequence(&[encode_unsigned(0), sequence(&[encode_oid(SHA256)]), sequence(&pairs)])
}

fn sod(content: &[u8], attributes: &[u8], certificates: &[u8]) -> Vec<u8> {
    encode(0x77, &signed("2.23.136.1.1.1", content, attributes, certificates))
}

fn good_sod() -> Vec<u8> {
    sod(&security_object(1..=16), &digest_attribute(), &sequence(&[]))
}

/// EF.SOD in BER: every SEQUENCE on the way to the content, and the content in pieces.
fn ber_sod() -> Vec<u8> {
    let indefinite = |tag: u8, content: &[u8]| [&[tag, 0x80], content, &[0, 0]].concat();
    let content = security_object(1..=2);
    let pieces: Vec<u8> = content.chunks(16).flat_map(|piece| encode(tag::OCTET_STRING, piece)).collect();
    let good = sod(&content, &digest_attribute(), &sequence(&[]));
    let octets = encode(tag::OCTET_STRING, &content);
    let at = good.windows(octets.len()).position(|w| w == octets).expect("the content");
    let encapsulated = [encode_oid("2.23.136.1.1.1"), indefinite(0xA0, &indefinite(0x24, &pieces))].concat();
    let head = [encode_unsigned(3), encode(tag::SET, &sequence(&[encode_oid(SHA256)]))].concat();
    let tail = good.get(at + octets.len()..).unwrap_or_default();
    let signed_data = [head, indefinite(0x30, &encapsulated), tail.to_vec()].concat();
    let content_info =
        [encode_oid("1.2.840.113549.1.7.2"), indefinite(0xA0, &indefinite(0x30, &signed_data))].concat();
    encode(0x77, &indefinite(0x30, &content_info))
}

fn jpeg(width: u16, height: u16) -> Vec<u8> {
    let (w, h) = (width.to_be_bytes(), height.to_be_bytes());
    [&[0xFF, 0xD8, 0xFF, 0xC0, 0, 11, 8][..], &h, &w, &[1, 1, 0x11, 0, 0xFF, 0xDA, 0, 2]].concat()
}

fn codestream(side: u32, tile: u32) -> Vec<u8> {
    let numbers = [side, side, 0, 0, tile, tile, 0, 0];
    let mut image = vec![0xFF, 0x4F, 0xFF, 0x51, 0, 41, 0, 0];
    image.extend(numbers.iter().flat_map(|n| n.to_be_bytes()));
    image.extend([0, 3]);
    image
}

fn jp2(announced: u32, codestream: &[u8]) -> Vec<u8> {
    let boxed = |name: &[u8], content: &[u8]| {
        let length = u32::try_from(content.len() + 8).expect("a small box").to_be_bytes();
        [&length[..], name, content].concat()
    };
    let ihdr = [announced.to_be_bytes(), announced.to_be_bytes(), [0, 3, 7, 7]].concat();
    [
        boxed(b"jP  ", &[0x0D, 0x0A, 0x87, 0x0A]),
        boxed(b"ftyp", b"jp2 \0\0\0\0jp2 "),
        boxed(b"jp2h", &boxed(b"ihdr", &ihdr)),
        boxed(b"jp2c", codestream),
    ]
    .concat()
}

fn dg2(images: &[Vec<u8>]) -> Vec<u8> {
    let face = |image: &Vec<u8>| FaceImage {
        format: ImageFormat::sniff(image).unwrap_or(ImageFormat::Jpeg),
        image: image.clone().into(),
        width: 413,
        height: 531,
    };
    Dg2 { faces: images.iter().map(face).collect() }.encode()
}

/// EF.DG2 with a block of ISO/IEC 39794-5.
fn dg2_39794(image: &[u8]) -> Vec<u8> {
    let size = encode_all(0xA7, &[vec![0x80, 2, 1, 0x9D], vec![0x81, 2, 2, 0x13]]);
    let information = encode_all(0xA1, &[encode(0xA0, &[0x80, 1, 2]), size]);
    let two_dimensional = encode_all(0xA0, &[encode(0x80, image), information]);
    let representation = sequence(&[vec![0x80, 1, 1], encode(0xA1, &encode(0xA0, &two_dimensional))]);
    let version = encode(0xA0, &[0x80, 1, 3, 0x81, 2, 7, 0xE3]);
    let block = encode_all(0x65, &[version, encode(0xA1, &representation)]);
    let header = encode_all(0xA1, &[vec![0x81, 1, 2], vec![0x87, 2, 1, 1], vec![0x88, 2, 0, 0x2A]]);
    let template = encode_all(0x7F60, &[header, encode(0x7F2E, &encode(0xA1, &block))]);
    encode(0x75, &encode_all(0x7F61, &[encode_unsigned(1), template]))
}

const TD3: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10";
const TD2: &str = "I<UTOSTEVENSON<<PETER<JOHN<<<<<<<<<<D23145890<UTO3407127M95071227349<<<8";
const TD1: &str =
    "I<UTOD23145890<7349<<<<<<<<<<<3407127M9507122UTO<<<<<<<<<<<2STEVENSON<<PETER<JOHN<<<<<<<<<";

fn dg11() -> Dg11 {
    Dg11 {
        full_name: Some("ÉRIKSSON<<ANNA<MARIA".into()),
        other_names: vec!["ERICSSON<<ANNA".into(), "ANNE".into()],
        personal_number: Some("ZE184226B".into()),
        full_date_of_birth: FullDate::parse(b"19740812"),
        place_of_birth: vec!["SAINT-ÉTIENNE".into(), "42".into()],
        proof_of_citizenship: Some(jpeg(10, 10)),
        ..Dg11::default()
    }
}

fn dg14() -> Dg14 {
    Dg14::new(vec![
        SecurityInfo::ChipAuthentication(ChipAuthenticationInfo::ecdh(
            crypto::SessionCipher::Aes128,
            Some(7),
        )),
        SecurityInfo::Pace(PaceInfo::ecdh_generic(crypto::SessionCipher::Aes256, 13)),
    ])
}

fn master_list(certificates: Vec<Vec<u8>>) -> Vec<u8> {
    signed("2.23.136.1.1.2", &CscaMasterList { certificates }.encode(), &digest_attribute(), &sequence(&[]))
}

fn good() -> Vec<Seed> {
    let elements = [encode(0x30, &encode(0x7F60, &encode(0x5F1F, b"x"))), encode(4, &[0; 200])].concat();
    let ldif = "version: 1\n\n# PKD\ndn: cn=1\\+2,o=dsc,\n c=UT\nuserCertificate;binary:: MAMC\n AQE=\nsn: 01\n\n\
        dn:: Y249w6k=\r\nchangetype: add\r\npkdMasterListContent::MAA=\r\n";
    let dg11_bcd = encode_all(0x6B, &[vec![0x5C, 2, 0x5F, 0x2B], vec![0x5F, 0x2B, 4, 0x19, 0x74, 8, 0x12]]);
    vec![
        seed(Target::Tlv, "elements", elements, None),
        seed(Target::Sod, "version-0", good_sod(), None),
        seed(Target::Sod, "ber", ber_sod(), None),
        seed(Target::Dg1, "td3", lds::dg1::encode_text(TD3), None),
        seed(Target::Dg1, "td2-long-number", lds::dg1::encode_text(TD2), None),
        seed(Target::Dg1, "td1-long-number", lds::dg1::encode_text(TD1), None),
        seed(Target::Dg2, "jpeg", dg2(&[jpeg(413, 531)]), None),
        seed(Target::Dg2, "jp2", dg2(&[jp2(413, &codestream(413, 1024))]), None),
        seed(Target::Dg2, "two-faces", dg2(&[jpeg(413, 531), codestream(413, 1024)]), None),
        seed(Target::Dg2, "iso-39794-5", dg2_39794(&jpeg(413, 531)), None),
        seed(Target::Dg11, "many-fields", dg11().encode(), None),
        seed(Target::Dg11, "date-in-bcd", dg11_bcd, None),
        seed(Target::Dg14, "chip-authentication-and-pace", dg14().encode(), None),
        seed(Target::Dg15, "key", Dg15 { spki_der: sequence(&[]) }.encode(), None),
        seed(Target::MasterList, "two-certificates", master_list(vec![sequence(&[]); 2]), None),
        seed(Target::Ldif, "two-entries", ldif.into(), None),
    ]
}

/// Lengths that are wrong, missing or huge, and nesting without end.
fn lengths() -> Vec<Seed> {
    let nested = (0..3000).fold(Vec::new(), |inner, _| encode(0x30, &inner));
    let endless = [0x30, 0x80].repeat(3000);
    let nested_dg14 = encode(0x6E, &encode(0x31, &nested));
    vec![
        seed(Target::Tlv, "nested-3000", nested.clone(), Some("lds.too-deep(EF.TEST)")),
        seed(Target::Tlv, "indefinite-length", endless.clone(), Some("lds.indefinite-length(EF.TEST)")),
        seed(
            Target::Tlv,
            "length-of-4-gib",
            vec![0x30, 0x84, 255, 255, 255, 255],
            Some("lds.truncated(EF.TEST)"),
        ),
        seed(Target::Tlv, "length-of-5-bytes", vec![0x30, 0x85, 1, 0, 0, 0, 0], Some("lds.length(EF.TEST)")),
        seed(Target::Tlv, "tag-of-4-bytes", vec![0x7F, 0x81, 0x81, 1, 0], Some("lds.tag(EF.TEST)")),
        seed(
            Target::Sod,
            "indefinite-3000",
            [&[0x77, 0x82, 0x17, 0x70][..], &endless].concat(),
            Some("lds.too-deep(EF.SOD)"),
        ),
        seed(Target::Sod, "nested-3000", encode(0x77, &nested), Some("lds.unexpected-tag(EF.SOD)")),
        seed(
            Target::Dg1,
            "length-of-4-gib",
            vec![0x61, 0x84, 255, 255, 255, 255],
            Some("lds.truncated(EF.DG1)"),
        ),
        seed(
            Target::Dg2,
            "indefinite-length",
            [&[0x75, 0x80][..], &endless].concat(),
            Some("lds.indefinite-length(EF.DG2)"),
        ),
        seed(Target::Dg14, "nested-3000", nested_dg14, Some("lds.missing(EF.DG14)")),
        seed(
            Target::Dg15,
            "indefinite-length",
            vec![0x6F, 4, 0x30, 0x80, 0, 0],
            Some("lds.indefinite-length(EF.DG15)"),
        ),
        seed(Target::MasterList, "indefinite-3000", endless, Some("lds.too-deep(master list)")),
        seed(Target::MasterList, "nested-3000", nested, Some("lds.unexpected-tag(master list)")),
    ]
}

/// Signed objects with too much in them.
fn hostile_objects() -> Vec<Seed> {
    let malformed = Some("lds.malformed(EF.SOD)");
    let numbers = sod(&security_object(1..3000), &digest_attribute(), &[]);
    let twice = sod(&security_object([1, 2, 1].into_iter()), &digest_attribute(), &[]);
    let many: Vec<u8> =
        (0..3000).flat_map(|n| attribute(&format!("1.2.3.{n}"), &encode_unsigned(n))).collect();
    let attributes = sod(&security_object(1..=2), &many, &[]);
    let certificates = sod(&security_object(1..=2), &digest_attribute(), &[0x30, 0].repeat(3000));
    let privileged = |inner: Vec<u8>| encode(0x31, &sequence(&[encode_oid("0.4.0.127.0.7.2.2.8"), inner]));
    let infos = (0..30).fold(encode(0x31, &[]), |inner, _| privileged(inner));
    let same = vec![dg14().security_infos[0].clone(); 3000];
    let names: Vec<u8> = encode(0x5F0F, b"A").repeat(3000);
    let names = encode_all(0x6B, &[vec![0x5C, 0], encode(0xA0, &names)]);
    let fields: Vec<u8> =
        (0..3000_u32).flat_map(|n| encode(0x5F_8000 + ((n / 128) << 8) + n % 128, &[])).collect();
    let fields = encode_all(0x6B, &[vec![0x5C, 0], fields]);
    vec![
        seed(Target::Sod, "thousands-of-hashes", numbers, malformed),
        seed(Target::Sod, "a-hash-twice", twice, malformed),
        seed(Target::Sod, "thousands-of-attributes", attributes, malformed),
        seed(Target::Sod, "thousands-of-certificates", certificates, malformed),
        seed(
            Target::Dg14,
            "privileged-terminals-nested",
            encode(0x6E, &infos),
            Some("lds.too-deep(EF.DG14)"),
        ),
        seed(Target::Dg14, "thousands-of-infos", Dg14::new(same).encode(), Some("lds.malformed(EF.DG14)")),
        seed(Target::Dg11, "thousands-of-names", names, Some("lds.malformed(EF.DG11)")),
        seed(Target::Dg11, "thousands-of-fields", fields, Some("lds.malformed(EF.DG11)")),
        seed(
            Target::Dg1,
            "line-breaks",
            lds::dg1::encode_text(&TD3.replace("<L8989", "\nL8989")),
            Some("lds.malformed(EF.DG1)"),
        ),
    ]
}

fn hostile_images() -> Vec<Seed> {
    let malformed = Some("lds.malformed(EF.DG2)");
    let mut faces = dg2(&[jpeg(413, 531)]);
    let record = faces.windows(4).position(|w| w == b"FAC\0").expect("the record");
    faces.splice(record + 12..record + 14, [0xFF, 0xFF]);
    let mut points = dg2(&[jpeg(413, 531)]);
    points.splice(record + 18..record + 20, [0xFF, 0xFF]);
    vec![
        seed(Target::Dg2, "jpeg-65535x65535", dg2(&[jpeg(65535, 65535)]), malformed),
        seed(Target::Dg2, "jpeg-2000-983040x983040", dg2(&[codestream(983_040, 983_040)]), malformed),
        seed(Target::Dg2, "jp2-983040x983040", dg2(&[jp2(413, &codestream(983_040, 983_040))]), malformed),
        seed(
            Target::Dg2,
            "jp2-header-box-983040x983040",
            dg2(&[jp2(983_040, &codestream(413, 413))]),
            malformed,
        ),
        seed(Target::Dg2, "jpeg-2000-a-tile-a-pixel", dg2(&[codestream(413, 1)]), malformed),
        seed(Target::Dg2, "iso-39794-5-65535x65535", dg2_39794(&jpeg(65535, 65535)), malformed),
        seed(Target::Dg2, "65535-faces", faces, malformed),
        seed(Target::Dg2, "65535-feature-points", points, malformed),
        seed(Target::Dg2, "255-templates", dg2(&vec![jpeg(413, 531); 255]), malformed),
    ]
}

fn hostile_lists() -> Vec<Seed> {
    let malformed = Some("lds.malformed(LDIF)");
    let values = format!("dn: cn=1\n{}", "a: b\n".repeat(2000));
    let folds = format!("dn: cn=1\nuserCertificate:: {}\n", "\n M".repeat(3000));
    vec![
        seed(
            Target::MasterList,
            "thousands-of-certificates",
            master_list(vec![sequence(&[]); 10_001]),
            Some("lds.malformed(master list)"),
        ),
        seed(Target::Ldif, "thousands-of-values", values.into(), malformed),
        seed(Target::Ldif, "thousands-of-folds", folds.into(), None),
        seed(Target::Ldif, "url", "dn: cn=1\nuserCertificate:< file:///etc/passwd\n".into(), malformed),
        seed(Target::Ldif, "no-name", "sn: 1\n".into(), malformed),
    ]
}
