//! What can be wrong with EF.SOD and the data groups.

use crypto::{Curve, HashAlgorithm};
use lds::{FileId, tlv};

use super::super::draft::{Draft, at, flipped, utopia};
use super::super::manifest::Importance;
use crate::security_object::{SecurityObjectBuilder, SignerName};
use crate::{ActiveAuthentication, PrivateKey, Signer, SpecimenBuilder};

const DOC_SOD: &str = "ICAO Doc 9303-10 4.6.2";

pub(super) fn cases() -> Vec<Draft> {
    let mut cases = data_groups();
    cases.extend(signed_attributes());
    cases.extend(encodings());
    cases
}

fn data_groups() -> Vec<Draft> {
    let state = utopia();
    let specimen = SpecimenBuilder::new(at()).build(&state);
    let other = SpecimenBuilder::new(at())
        .names("STEVENSON", "PETER")
        .birth_date(1980, 1, 31)
        .document_number("D23145890")
        .place_of_birth(&["ELSEWHERE"])
        .portrait_tint(200)
        .build(&state);
    let passport = Draft::new("pa::passport", "", &specimen);
    let replaced = |id, description, code, n| {
        passport
            .negative(id, description, code)
            .file(FileId::Dg(n), other.file(FileId::Dg(n)))
            .importance(Importance::Critical)
    };
    let both =
        SpecimenBuilder::new(at()).active_authentication(Some(ActiveAuthentication::Rsa2048)).build(&state);
    let mut uncovered = both.clone();
    let mut security_object = uncovered.security_object(&state, 1, HashAlgorithm::Sha256);
    security_object.content.hashes.remove(&15);
    uncovered.sign_with(&security_object, &state.dsc.signer);
    let whole = Draft::new("pa::active-and-chip-authentication", "DG14 and DG15 are there", &both);
    vec![
        replaced("pa::dg1-of-another", "DG1 of another document", "pa.hash-mismatch(DG1)", 1),
        replaced("pa::dg2-of-another", "DG2 of another document", "pa.hash-mismatch(DG2)", 2),
        replaced("pa::dg11-of-another", "DG11 of another document", "pa.hash-mismatch(DG11)", 11),
        replaced("pa::dg14-of-another", "DG14 of another document", "pa.hash-mismatch(DG14)", 14),
        passport
            .negative("pa::dg2-flipped", "One bit of the portrait is flipped", "pa.hash-mismatch(DG2)")
            .file(FileId::Dg(2), &flipped(specimen.file(FileId::Dg(2)), 2000)),
        passport
            .negative("pa::dg1-withheld", "DG1 is not sent", "pa.data-group-missing(DG1)")
            .without(FileId::Dg(1)),
        passport
            .negative("pa::dg2-withheld", "DG2 is not sent", "pa.data-group-missing(DG2)")
            .without(FileId::Dg(2)),
        passport
            .negative(
                "pa::dg14-withheld",
                "DG14 is not sent, so that no chip proof be due",
                "pa.data-group-missing(DG14)",
            )
            .without(FileId::Dg(14))
            .importance(Importance::Critical),
        whole.clone(),
        whole
            .negative(
                "pa::dg15-withheld",
                "DG15 is not sent, so that no chip proof be due",
                "pa.data-group-missing(DG15)",
            )
            .without(FileId::Dg(15))
            .importance(Importance::Critical),
        whole
            .negative(
                "pa::dg15-not-covered",
                "EF.SOD holds no hash of the DG15 that is sent",
                "pa.not-in-sod(DG15)",
            )
            .file(FileId::Sod, uncovered.file(FileId::Sod))
            .importance(Importance::Critical)
            .flags(&["bsi-reference-dataset"]),
    ]
}

/// Changes what EF.SOD is made from.
type Change = fn(&mut SecurityObjectBuilder);

fn signed_attributes() -> Vec<Draft> {
    let state = utopia();
    let specimen = SpecimenBuilder::new(at()).build(&state);
    let passport = Draft::new("pa::passport", "", &specimen);
    let changed = |change: Change, signer: &Signer| {
        let mut security_object = specimen.security_object(&state, 1, HashAlgorithm::Sha256);
        change(&mut security_object);
        security_object.sign(signer)
    };
    let stranger = Signer::new(PrivateKey::ec_explicit(Curve::P256, "stranger"), HashAlgorithm::Sha256);
    let sod = specimen.file(FileId::Sod);
    let case = |id, description, code, change: Change| {
        passport
            .negative(id, description, code)
            .file(FileId::Sod, &changed(change, &state.dsc.signer))
            .reference(DOC_SOD)
    };
    vec![
        passport
            .negative("pa::sod-signature-flipped", "One bit of the signature is flipped", "pa.sod-signature")
            .file(FileId::Sod, &flipped(sod, sod.len() - 1))
            .importance(Importance::Critical),
        passport
            .negative(
                "pa::sod-of-a-stranger",
                "EF.SOD is signed with another key than the certificate's",
                "pa.sod-signature",
            )
            .file(FileId::Sod, &changed(|_| {}, &stranger))
            .importance(Importance::Critical),
        case(
            "pa::message-digest",
            "The signed messageDigest is not the digest of the LDS security object",
            "pa.message-digest",
            |s| s.message_digest = Some(vec![0x5A; 32]),
        )
        .importance(Importance::Critical),
        case(
            "pa::content-type-attribute-differs",
            "The signed contentType is not the eContentType",
            "pa.content-type",
            |s| s.content_type_attribute = Some("1.2.840.113549.1.7.1".into()),
        ),
        case(
            "pa::content-type-attribute-missing",
            "The signed attributes have no contentType",
            "pa.content-type",
            |s| s.content_type_attribute = None,
        ),
        case(
            "pa::econtent-type-unknown",
            "eContentType is that of a master list, in the signed attribute too",
            "pa.content-type",
            |s| {
                s.econtent_type = "2.23.136.1.1.2".into();
                s.content_type_attribute = Some("2.23.136.1.1.2".into());
            },
        ),
        case(
            "pa::no-certificate",
            "EF.SOD holds no certificate, and neither does the trust store",
            "pa.dsc-missing",
            |s| {
                s.certificates.clear();
            },
        ),
        case(
            "pa::signer-names-another-certificate",
            "SignerInfo names a key identifier that no certificate has",
            "pa.dsc-missing",
            |s| s.signer_name = SignerName::SubjectKeyIdentifier(vec![0x5A; 20]),
        ),
    ]
}

fn encodings() -> Vec<Draft> {
    let state = utopia();
    let specimen = SpecimenBuilder::new(at()).build(&state);
    let sod = specimen.file(FileId::Sod);
    let passport = Draft::new("pa::passport", "", &specimen);
    let case = |id, description, code, bytes: &[u8]| {
        passport
            .negative(id, description, code)
            .file(FileId::Sod, bytes)
            .reference(DOC_SOD)
            .flags(&["encoding"])
    };
    let content_info = tlv::read_one("EF.SOD", sod, 0x77).expect("our own file").value;
    let inner = tlv::read_one("EF.SOD", content_info, 0x30).expect("our own file").value;
    let indefinite = tlv::encode_all(0x77, &[&[0x30, 0x80][..], inner, &[0, 0]]);
    let endless = tlv::encode_all(0x77, &[&[0x30, 0x80][..], inner]);
    vec![
        case("pa::sod-truncated", "EF.SOD is cut", "lds.truncated(EF.SOD)", &sod[..sod.len() / 2]),
        case(
            "pa::sod-trailing-byte",
            "A byte follows EF.SOD",
            "lds.trailing-bytes(EF.SOD)",
            &[sod, &[0]].concat(),
        ),
        case("pa::sod-empty", "EF.SOD is empty", "lds.unexpected-tag(EF.SOD)", &[]),
        case(
            "pa::sod-without-tag",
            "EF.SOD has not its outer tag",
            "lds.unexpected-tag(EF.SOD)",
            content_info,
        ),
        case(
            "pa::sod-indefinite-length-cut",
            "EF.SOD is BER with an indefinite length that has no end",
            "lds.truncated(EF.SOD)",
            &endless,
        ),
        Draft::new("pa::sod-indefinite-length", "EF.SOD is BER with an indefinite length", &specimen)
            .file(FileId::Sod, &indefinite)
            .reference(DOC_SOD)
            .flags(&["encoding", "quirk"])
            .importance(Importance::Low),
    ]
}
