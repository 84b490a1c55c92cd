//! LDS_H: SignerInfo.

use super::Base;
use super::sod::md5;
use crate::Signer;
use crate::asn1;
use crate::certificate::key_identifier;
use crate::keys::RsaKey;
use crate::security_object::{SignerName, SodPart};
use crate::vectors::draft::{Draft, flipped};

pub(super) fn cases(base: &Base) -> Vec<Draft> {
    let mut cases = names(base);
    cases.extend(parts(base));
    cases
}

/// Version, and how the signer is named.
fn names(base: &Base) -> Vec<Draft> {
    let template = &base.state.dsc.template;
    let by_key = |bytes: &[u8]| SignerName::SubjectKeyIdentifier(bytes.to_vec());
    let key = key_identifier(&template.spki_der);
    let named = |name| {
        let mut object = base.object();
        object.signer_name = name;
        object
    };
    let version = |version: u64| (SodPart::SignerVersion, asn1::integer(version));
    let with = |object: crate::security_object::SecurityObjectBuilder, (part, der): (SodPart, Vec<u8>)| {
        object.with(part, &der)
    };
    vec![
        base.refused(
            (h!("26"), "SignerInfo is of version 2", "pa.signer-version"),
            &with(base.object(), version(2)),
        ),
        base.refused(
            (h!("27"), "SignerInfo has no version", "lds.missing(EF.SOD: version of SignerInfo)"),
            &base.object().with(SodPart::SignerVersion, &[]),
        ),
        base.refused(
            (h!("28"), "SignerInfo names another serial number", "pa.dsc-missing"),
            &named(SignerName::IssuerAndSerial(template.issuer.der(), template.serial + 1)),
        ),
        base.refused(
            (h!("29"), "SignerInfo names another key identifier", "pa.dsc-missing"),
            &named(by_key(&flipped(&key, 0))),
        ),
        base.refused(
            (h!("84"), "SignerInfo is of version 3 and names issuer and serial number", "pa.signer-version"),
            &with(base.object(), version(3)),
        ),
        base.refused(
            (h!("85"), "SignerInfo is of version 1 and names a key identifier", "pa.signer-version"),
            &with(named(by_key(&key)), version(1)),
        ),
    ]
}

fn parts(base: &Base) -> Vec<Draft> {
    let case = |name, part, der: &[u8]| base.refused(name, &base.object().with(part, der));
    let mut digest = base.object();
    digest.message_digest = Some(vec![0; 32]);
    let wrong = base.state.dsc.signer.sign(b"something else");
    let md5_signed = base.object().sign(&Signer::md5(RsaKey::Dsc));
    vec![
        case(
            (h!("30"), "The digest algorithm of SignerInfo is MD5", "lds.unsupported-algorithm(EF.SOD)"),
            SodPart::DigestAlgorithm,
            &md5(),
        ),
        case(
            (
                h!("31"),
                "SignerInfo has no digest algorithm",
                "lds.missing(EF.SOD: digest algorithm of SignerInfo)",
            ),
            SodPart::DigestAlgorithm,
            &[],
        ),
        base.refused((h!("32"), "The message digest is wrong", "pa.message-digest"), &digest),
        case((h!("33"), "There is no message digest", "pa.message-digest"), SodPart::MessageDigest, &[]),
        base.refused_file(
            (
                h!("36"),
                "EF.SOD is signed with RSA PKCS#1 v1.5 and MD5",
                "pa.unsupported-algorithm(unsupported algorithm 1.2.840.113549.1.1.4)",
            ),
            &md5_signed,
        ),
        case(
            (h!("37"), "The signature is one of something else", "pa.sod-signature"),
            SodPart::Signature,
            &asn1::octet_string(&wrong),
        ),
        case(
            (h!("38"), "SignerInfo has no signature", "lds.missing(EF.SOD: signature)"),
            SodPart::Signature,
            &[],
        ),
    ]
}
