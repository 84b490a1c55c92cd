//! LDS_H and ISO7816_B_10: the document signer's certificate.

use crypto::HashAlgorithm::Sha256;
use lds::{FileId, tlv};

use super::{Base, DEFAULT, at, draft, germany};
use crate::Signer;
use crate::asn1;
use crate::certificate::{CertificateBuilder, CertificatePart as Part, KEY_CERT_SIGN, Name, extension};
use crate::keys::{OID_MD5_WITH_RSA, PrivateKey, RsaKey};
use crate::security_object::SignerName;
use crate::vectors::draft::Draft;

/// Id and reference, description, code of the refusal, the part replaced.
type Row =
    ((&'static str, &'static str), &'static str, &'static str, Part, fn(&CertificateBuilder) -> Vec<u8>);

/// A part that is missing.
fn none(_: &CertificateBuilder) -> Vec<u8> {
    Vec::new()
}

#[rustfmt::skip]
const ROWS: [Row; 19] = [
    (h!("48"), "It is of version 2", "pa.dsc-version", Part::Version,
        |_| asn1::context(0, &[asn1::integer(1)])),
    (h!("49"), "It has no version", "pa.dsc-version", Part::Version, none),
    (h!("50"), "It has no serial number", "pa.dsc-malformed(serial-number)", Part::Serial, none),
    (h!("51"), "The algorithm inside is RSA PKCS#1 v1.5, the one outside RSASSA-PSS", "pa.dsc-algorithm-mismatch",
        Part::Signature, |_| Signer::new(PrivateKey::rsa(RsaKey::Csca3072), Sha256).algorithm_der()),
    (h!("52"), "It has no algorithm inside", "pa.dsc-malformed(signature)", Part::Signature, none),
    (h!("55"), "It has no issuer", "pa.dsc-malformed(issuer)", Part::Issuer, none),
    (h!("56"), "Its validity has years of four digits", "pa.dsc-validity-encoding", Part::Validity,
        |certificate| asn1::sequence(&[long(certificate.not_before), long(certificate.not_after)])),
    (h!("57"), "It has no validity", "pa.dsc-malformed(validity)", Part::Validity, none),
    (h!("58"), "Its key is one of RSA PKCS#1 v1.5 with MD5", "pa.unsupported-algorithm(unsupported algorithm 1.2.840.113549.1.1.4)",
        Part::PublicKey, md5_key),
    (h!("59"), "It has no public key", "pa.dsc-malformed(public-key)", Part::PublicKey, none),
    (h!("60"), "Its authority key identifier has no key identifier", "pa.dsc-aki", Part::AuthorityKeyIdentifier,
        |_| extension("2.5.29.35", false, &asn1::sequence::<Vec<u8>>(&[]))),
    (h!("61"), "It has no authority key identifier", "pa.dsc-aki-missing", Part::AuthorityKeyIdentifier, none),
    (h!("62"), "Its key usage is not critical", "pa.dsc-key-usage-not-critical", Part::KeyUsage,
        |certificate| extension("2.5.29.15", false, &asn1::named_bits(&certificate.key_usage))),
    (h!("63"), "Its key usage is without digitalSignature", "pa.dsc-key-usage", Part::KeyUsage,
        |_| extension("2.5.29.15", true, &asn1::named_bits(&[KEY_CERT_SIGN]))),
    (h!("64"), "It has no key usage", "pa.dsc-key-usage-missing", Part::KeyUsage, none),
    (h!("66"), "It has no algorithm outside", "pa.dsc-malformed(signature-algorithm)", Part::SignatureAlgorithm, none),
    (h!("67"), "Its signature is zero", "pa.dsc-signature", Part::SignatureValue,
        |_| asn1::bit_string(&[0; 384])),
    (h!("68"), "It has no signature", "pa.dsc-malformed(signature-value)", Part::SignatureValue, none),
    (h!("54"), "Its issuer is not the CSCA's subject", "pa.dsc-issuer-mismatch", Part::Issuer,
        |certificate| other_issuer(certificate).der()),
];

fn long(at: clock::UnixTime) -> Vec<u8> {
    let digits: String = at.to_string().chars().filter(char::is_ascii_digit).collect();
    tlv::encode(tlv::tag::GENERALIZED_TIME, format!("{digits}Z").as_bytes())
}

fn md5_key(certificate: &CertificateBuilder) -> Vec<u8> {
    // RSA: what stands behind `rsaEncryption, NULL` is the key.
    let usual = asn1::sequence(&[asn1::oid("1.2.840.113549.1.1.1"), asn1::null()]);
    let inner = tlv::read_one("SPKI", &certificate.spki_der, tlv::tag::SEQUENCE).expect("a key");
    let key = inner.value.strip_prefix(usual.as_slice()).expect("an RSA key");
    let algorithm = asn1::sequence(&[asn1::oid(OID_MD5_WITH_RSA), asn1::null()]);
    asn1::sequence(&[algorithm.as_slice(), key])
}

fn other_issuer(certificate: &CertificateBuilder) -> Name {
    Name { common_name: "CSCA of nobody".into(), ..certificate.issuer.clone() }
}

pub(super) fn cases(base: &Base) -> Vec<Draft> {
    let mut cases: Vec<Draft> = ROWS.iter().map(|row| case(base, row)).collect();
    let md5 = germany(Signer::md5(RsaKey::Csca3072), Signer::md5(RsaKey::Dsc));
    let ((id, reference), text) = (h!("65"), "Chain and EF.SOD are signed with RSA PKCS#1 v1.5 and MD5");
    let all_md5 = draft(base, id, reference, text)
        .file(FileId::Sod, &base.passport.security_object(&md5, 0, Sha256).sign(&md5.dsc.signer))
        .trust(|trust| trust.csca = vec![md5.csca.certificate.clone()])
        .refused("pa.unsupported-algorithm(unsupported algorithm 1.2.840.113549.1.1.4)", DEFAULT);
    cases.push(all_md5);
    let (id, reference) = ("pa::bsi-iso7816-b-10", "BSI TR-03105-5.1 ISO7816_B_10");
    let crl = |revoked: &[u64]| base.state.crl(at().plus(-86_400), revoked);
    let serial = base.state.dsc.template.serial;
    cases.push(
        draft(base, id, reference, "The CRL of the CSCA revokes the document signer")
            .trust(|trust| trust.crl.push(crl(&[serial])))
            .refused("pa.dsc-revoked", DEFAULT),
    );
    cases
}

/// The default under a changed certificate, which SignerInfo names as it is.
fn case(base: &Base, ((id, reference), description, code, part, der): &Row) -> Draft {
    let template = &base.state.dsc.template;
    let changed = template.clone().with(*part, &der(template));
    let mut object = base.object();
    object.certificates = vec![changed.sign(&base.state.csca.signer)];
    if id == &h!("54").0 {
        object.signer_name = SignerName::IssuerAndSerial(other_issuer(template).der(), template.serial);
    }
    draft(base, id, reference, description)
        .file(FileId::Sod, &object.sign(&base.state.dsc.signer))
        .refused(code, DEFAULT)
}
