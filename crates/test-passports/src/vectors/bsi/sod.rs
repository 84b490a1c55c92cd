//! LDS_H: EF.SOD, SignedData and the LDS security object.

use crypto::HashAlgorithm::Sha256;
use lds::sod::LdsVersionInfo;
use lds::tlv::{self, Reader};
use lds::{Com, FileId};

use super::{Base, DEFAULT, draft};
use crate::asn1;
use crate::keys::OID_MD5;
use crate::security_object::{SecurityObjectBuilder, SodPart};
use crate::vectors::draft::{Draft, flipped};

/// Of id, reference, description and the code of the refusal.
type Name = ((&'static str, &'static str), &'static str, &'static str);

/// `hashAlgorithm` with MD5.
pub(super) fn md5() -> Vec<u8> {
    asn1::sequence(&[asn1::oid(OID_MD5), asn1::null()])
}

impl Base {
    /// What the default's EF.SOD is made from.
    pub(super) fn object(&self) -> SecurityObjectBuilder {
        self.passport.security_object(&self.state, 0, Sha256)
    }

    /// The default with this EF.SOD, refused.
    pub(super) fn refused(&self, name: Name, object: &SecurityObjectBuilder) -> Draft {
        self.refused_file(name, &object.sign(&self.state.dsc.signer))
    }

    pub(super) fn refused_file(&self, ((id, reference), description, code): Name, sod: &[u8]) -> Draft {
        draft(self, id, reference, description).file(FileId::Sod, sod).refused(code, DEFAULT)
    }
}

pub(super) fn cases(base: &Base) -> Vec<Draft> {
    let mut cases = files(base);
    cases.extend(signed_data(base));
    cases.extend(security_object(base));
    cases.extend(versions(base));
    cases.extend(hashes(base));
    cases.extend(beside_com(base));
    cases
}

fn files(base: &Base) -> Vec<Draft> {
    let sod = base.passport.file(FileId::Sod);
    // 77 82 and two bytes of length.
    let length = usize::from(sod[2]) << 8 | usize::from(sod[3]);
    let with = |length: usize| [&sod[..2], &length.to_be_bytes()[6..], &sod[4..]].concat();
    let tag = [&[0x78], &sod[1..]].concat();
    let case = |name, sod: &[u8]| base.refused_file(name, sod);
    vec![
        case((h!("17"), "EF.SOD begins with tag 78", "lds.unexpected-tag(EF.SOD)"), &tag),
        case(
            (h!("18"), "The length of EF.SOD is one too small", "lds.trailing-bytes(EF.SOD)"),
            &with(length - 1),
        ),
        case((h!("19"), "The length of EF.SOD is one too big", "lds.truncated(EF.SOD)"), &with(length + 1)),
    ]
}

fn signed_data(base: &Base) -> Vec<Draft> {
    let case = |name, part, der: &[u8]| base.refused(name, &base.object().with(part, der));
    let mut other = base.object();
    other.econtent_type = "2.23.136.1.1.2".into();
    other.content_type_attribute = Some(other.econtent_type.clone());
    vec![
        case(
            (h!("20"), "SignedData is of version 5", "pa.signed-data-version"),
            SodPart::SignedDataVersion,
            &asn1::integer(5),
        ),
        case(
            (h!("21"), "SignedData has no version", "lds.missing(EF.SOD: version of SignedData)"),
            SodPart::SignedDataVersion,
            &[],
        ),
        case(
            (h!("22"), "SignedData announces MD5 as its digest algorithm", "pa.digest-algorithm"),
            SodPart::DigestAlgorithms,
            &asn1::set(&[md5()]),
        ),
        case(
            (h!("23"), "SignedData has no digest algorithms", "lds.missing(EF.SOD: digest algorithms)"),
            SodPart::DigestAlgorithms,
            &[],
        ),
        base.refused((h!("24"), "The content type is that of a master list", "pa.content-type"), &other),
        case(
            (h!("25"), "The content has no content type", "lds.missing(EF.SOD: content type)"),
            SodPart::ContentType,
            &[],
        ),
    ]
}

/// The parts of the default's LDS security object: version, hash algorithm, hashes.
fn parts(base: &Base) -> Vec<Vec<u8>> {
    children(&base.object().content.encode())
}

/// What stands in a SEQUENCE.
fn children(sequence: &[u8]) -> Vec<Vec<u8>> {
    let mut reader = tlv::read_one("SEQUENCE", sequence, tlv::tag::SEQUENCE)
        .and_then(|sequence| sequence.children())
        .expect("a SEQUENCE");
    std::iter::from_fn(|| Reader::next_element(&mut reader).expect("an element"))
        .map(|element| element.raw.to_vec())
        .collect()
}

fn security_object(base: &Base) -> Vec<Draft> {
    let case = |name, change: fn(&mut Vec<Vec<u8>>)| {
        let mut parts = parts(base);
        change(&mut parts);
        base.refused(name, &base.object().with(SodPart::Content, &asn1::sequence(&parts)))
    };
    vec![
        case(
            (
                h!("39"),
                "The security object is of version 2",
                "lds.malformed(EF.SOD: version of the LDS security object)",
            ),
            |parts| parts[0] = asn1::integer(2),
        ),
        case(
            (
                h!("40"),
                "The security object has no version",
                "lds.missing(EF.SOD: version of the LDS security object)",
            ),
            |parts| drop(parts.remove(0)),
        ),
        case((h!("41"), "The security object names MD5", "lds.unsupported-algorithm(EF.SOD)"), |parts| {
            parts[1] = md5()
        }),
        case(
            (h!("42"), "The security object names no hash", "lds.missing(EF.SOD: hash algorithm)"),
            |parts| drop(parts.remove(1)),
        ),
        case((h!("46"), "DG1 has the number FF", "lds.malformed(EF.SOD: data group number)"), |parts| {
            parts[2] = renumbered(&parts[2], 0, &tlv::encode(tlv::tag::INTEGER, &[0xFF]))
        }),
        case((h!("47"), "DG2 has no number", "lds.missing(EF.SOD: data group number)"), |parts| {
            parts[2] = renumbered(&parts[2], 1, &[])
        }),
    ]
}

/// The hashes with the number of the one at `place` replaced.
fn renumbered(hashes: &[u8], place: usize, number: &[u8]) -> Vec<u8> {
    let mut hashes = children(hashes);
    let pair = children(&hashes[place]);
    hashes[place] = asn1::sequence(&[number, &pair[1]]);
    asn1::sequence(&hashes)
}

/// LDS 1.7 has version 0, LDS 1.8 version 1 and the LDS version.
fn versions(base: &Base) -> Vec<Draft> {
    let new = base.passport.security_object(&base.state, 1, Sha256);
    let info = LdsVersionInfo { lds_version: "0108".into(), unicode_version: "040000".into() };
    let mut wrong = base.object();
    wrong.content.lds_version = Some(info);
    let mut without = new.clone();
    without.content.lds_version = None;
    let com = Com::parse(base.passport.file(FileId::Com)).expect("EF.COM of the default");
    let com = Com { lds_version: "0108".into(), ..com };
    let ((id, reference), text) = (h!("86"), "The security object is of version 1, with the LDS version 1.8");
    let valid = draft(base, id, reference, text)
        .file(FileId::Sod, &new.sign(&base.state.dsc.signer))
        .file(FileId::Com, &com.encode());
    let wrong = base.refused(
        (
            h!("87"),
            "The security object has the LDS version 1.8 and is of version 0",
            "lds.malformed(EF.SOD: version of the LDS security object)",
        ),
        &wrong,
    );
    let without = base.refused(
        (h!("88"), "The security object is of version 1 without the LDS version", "pa.lds-object-version"),
        &without,
    );
    vec![valid, wrong.file(FileId::Com, &com.encode()).twin(id), without]
}

fn hashes(base: &Base) -> Vec<Draft> {
    let mut wrong = base.object();
    wrong.content.hashes.insert(2, Sha256.digest(b"another portrait"));
    let mut without_dg1 = base.object();
    without_dg1.content.hashes.remove(&1);
    let dg2 = base.passport.file(FileId::Dg(2));
    vec![
        base.refused((h!("43"), "The hash of DG2 is wrong", "pa.hash-mismatch(DG2)"), &wrong),
        base.refused((h!("44"), "EF.SOD has no hash of DG1", "pa.not-in-sod(DG1)"), &without_dg1),
        base.refused(
            (
                h!("69"),
                "The last byte of DG2 is changed and its hash is wrong: the hash is told, not the portrait",
                "pa.hash-mismatch(DG2)",
            ),
            &wrong,
        )
        .file(FileId::Dg(2), &flipped(dg2, dg2.len() - 1)),
    ]
}

/// EF.COM lists DG1 and DG2 in all of them.
fn beside_com(base: &Base) -> Vec<Draft> {
    let mut with_dg10 = base.object();
    with_dg10.content.hashes.insert(10, Sha256.digest(b"DG10"));
    let mut with_dg3 = base.object();
    with_dg3.content.hashes.insert(3, vec![0xFF; 32]);
    let mut without_dg2 = base.object();
    without_dg2.content.hashes.remove(&2);
    let mut other = with_dg3.clone();
    other.content.hashes.remove(&2);
    vec![
        base.refused((h!("45"), "EF.SOD has a hash of DG10 too", "lds.com-sod-mismatch"), &with_dg10),
        base.refused((h!("90"), "EF.SOD has a hash of DG3 too", "lds.com-sod-mismatch"), &with_dg3),
        base.refused((h!("91"), "EF.SOD has no hash of DG2", "pa.not-in-sod(DG2)"), &without_dg2),
        base.refused((h!("92"), "EF.SOD has a hash of DG3 instead of DG2", "pa.not-in-sod(DG2)"), &other),
    ]
}
